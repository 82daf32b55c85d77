"""Every row that binds a WSGI application: one fault of the application, one finding."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.validate.mutants import Mutant, judge, label
from tests.validate.wsgi_peers import (
    DROP,
    TEXT,
    Server,
    Strict,
    answer,
    exchange,
    fails_after,
    hello,
    logs,
    make_environ,
    post,
    reads,
)

MUTANTS: list[Mutant] = []
HEAD_ONLY = [("Content-Type", "text/plain")]


def faulty(
    requirement: str,
    app: Callable[..., Any],
    *,
    weight: str = "",
    environ: Callable[[], Any] = make_environ,
    server: type[Server] = Server,
    note: str = "",
) -> None:
    MUTANTS.append(Mutant(requirement, lambda: exchange(app, environ(), server())[0], weight, note))


class Text(str):
    __slots__ = ()


class Octets(bytes):
    __slots__ = ()


# status


def status(requirement: str, value: Any, weight: str = "") -> None:
    faulty(requirement, answer(value), weight=weight, note=repr(value))


status("WSGI-STATUS-001", 200)
status("WSGI-STATUS-001", b"200 OK")
status("WSGI-STATUS-002", "OK")
status("WSGI-STATUS-002", "2000 OK")
status("WSGI-STATUS-002", "\u0662\u0660\u0660 OK".encode().decode("latin-1")[:3] + " OK")
status("WSGI-STATUS-002", "+20 OK")
status("WSGI-STATUS-003", "200")
status("WSGI-STATUS-003", "200  OK")
status("WSGI-STATUS-003", "200-OK")
status("WSGI-STATUS-004", "200 ")
status("WSGI-STATUS-005", " 200 OK")
status("WSGI-STATUS-005", "200 OK ")
status("WSGI-STATUS-006", "200 O\x00K")
status("WSGI-STATUS-006", "200 OK\n")
status("WSGI-STATUS-007", "600 Odd")
status("WSGI-STATUS-008", "100 Continue")
status("WSGI-UNICODE-008", "200 \u20ac")
status("WSGI-UNICODE-011", Text("200 OK"))


# response_headers


def field(requirement: str, *fields: Any, weight: str = "", headers: Any = None) -> None:
    given = [*HEAD_ONLY, *fields] if headers is None else headers
    faulty(requirement, answer(headers=given), weight=weight, note=repr(fields or headers)[:60])


field("WSGI-HEADERS-001", headers=tuple(TEXT))
field("WSGI-HEADERS-001", headers=type("Sub", (list,), {})(TEXT))
field("WSGI-HEADERS-002", ["X-A", "b"])
field("WSGI-HEADERS-002", ("X-A", "b", "c"))
field("WSGI-HEADERS-003", ("X-A", 1))
field("WSGI-HEADERS-003", (b"X-A", "b"))
field("WSGI-HEADERS-004", ("X A", "b"))
field("WSGI-HEADERS-004", ("", "b"))
field("WSGI-HEADERS-005", ("X-A:", "b"))
field("WSGI-HEADERS-005", ("X-A-", "b"), weight="inform")
field("WSGI-HEADERS-006", ("X-A", "a\r\nX-B: c"))
field("WSGI-HEADERS-007", ("X-A", "a\x01"))
field("WSGI-HEADERS-007", ("X-A", "a\x7f"))
field("WSGI-HEADERS-007", ("X-A", "a\tb"), weight="warn")
field("WSGI-HEADERS-008", ("X-A", " a"))
field("WSGI-HEADERS-009", ("Status", "200"))
field("WSGI-HEADERS-010", ("Content-Length", "two"))
field("WSGI-UNICODE-008", ("X-A", "\u20ac"))
field("WSGI-UNICODE-011", ("X-A", Text("b")))
field("WSGI-HTTP-031", ("Connection", "close"))
field("WSGI-HTTP-031", ("tRaIlErS", "x"))
field("WSGI-HTTP-032", ("Transfer-Encoding", "chunked"))
faulty("WSGI-HEADERS-010", answer(headers=[*TEXT, ("Content-Length", "2, 2")]), note="list")
faulty("WSGI-HEADERS-010", answer(headers=[("Content-Length", "3"), *TEXT]), note="two")
faulty("WSGI-HEADERS-011", answer(headers=[("Content-Length", "2")]))

# The call of start_response


def by_keyword(environ: Any, start_response: Any) -> Any:
    start_response(status="200 OK", headers=list(TEXT))
    return [b"ok"]


def late(environ: Any, start_response: Any) -> Any:
    yield b"o"
    start_response("200 OK", list(TEXT))
    yield b"k"


def late_after_nothing(environ: Any, start_response: Any) -> Any:
    yield b""
    start_response("200 OK", list(TEXT))
    yield b"ok"


def twice(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", list(TEXT))
    try:
        start_response("200 OK", list(TEXT))
    except AssertionError:
        environ["test.raised"] = True
    return [b"ok"]


def starts_with(exc_info: Any) -> Callable[..., Any]:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", list(TEXT), exc_info)
        return [b"ok"]

    return app


def keeps_exc_info(environ: Any, start_response: Any) -> Any:
    try:
        raise ValueError("x")
    except ValueError:
        kept = sys.exc_info()
    start_response("500 Error", list(TEXT), kept)
    return [b"ok"]


def swallows(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", list(HEAD_ONLY))
    yield b"first"
    try:
        raise ValueError("x")
    except ValueError:
        try:
            start_response("500 Error", list(HEAD_ONLY), sys.exc_info())
        except ValueError:
            yield b"more"


def translates(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", list(HEAD_ONLY))
    yield b"first"
    try:
        raise ValueError("x")
    except ValueError:
        try:
            start_response("500 Error", list(HEAD_ONLY), sys.exc_info())
        except ValueError as error:
            raise LookupError("y") from error


class TakesAnything(Server):
    def start_response(self, *args: Any, **kwargs: Any) -> Any:
        return self.write


faulty("WSGI-CALL-007", by_keyword)
faulty("WSGI-START-014", late)
faulty("WSGI-START-014", late_after_nothing, weight="warn", note="empty")
faulty("WSGI-START-014", lambda environ, start_response: [b"ok"], note="list")
faulty("WSGI-START-015", twice)
faulty("WSGI-START-017", lambda environ, start_response: [])
faulty("WSGI-START-017", lambda environ, start_response: iter(()), note="iterator")
faulty("WSGI-EXC-013", starts_with((1, 2, 3)), server=TakesAnything)
faulty("WSGI-EXC-013", starts_with(ValueError("x")), server=TakesAnything, note="exception")
faulty("WSGI-EXC-014", starts_with((None, None, None)), server=TakesAnything)
faulty("WSGI-EXC-014", keeps_exc_info, note="kept")
faulty("WSGI-EXC-015", swallows)
faulty("WSGI-EXC-015", translates, weight="warn", note="other")


# The call of the application, and what comes out of it


def raises(error: Exception) -> Callable[..., Any]:
    def app(environ: Any, start_response: Any) -> Any:
        raise error

    return app


def quiet(requirement: str, app: Any, environ: Callable[[], Any] = make_environ, note: str = "") -> None:
    """Without the rows that inform: each exception has one of those."""
    MUTANTS.append(Mutant(requirement, lambda: exchange(app, environ(), inform=False)[0], note=note))


def writes_and_raises(environ: Any, start_response: Any) -> Any:
    environ["wsgi.errors"].write("lost")
    raise ValueError("x")


quiet("WSGI-CALL-005", lambda environ: [b"ok"])
quiet("WSGI-ENV-033", lambda environ, start_response: environ["HTTP_ACCEPT"])
quiet("WSGI-ENV-033", lambda environ, start_response: environ["wsgi.file_wrapper"], note="file_wrapper")
quiet("WSGI-ENV-034", lambda environ, start_response: environ["CONTENT_LENGTH"])
quiet("WSGI-UNICODE-009", raises(UnicodeError("x")), lambda: make_environ(PATH_INFO="/\xff"))
quiet("WSGI-UNICODE-012", raises(UnicodeError("x")), lambda: make_environ(QUERY_STRING="\xff"))
quiet("WSGI-UNICODE-013", raises(UnicodeError("x")), lambda: make_environ(HTTP_COOKIE="\xff"))
faulty("WSGI-EXC-016", raises(ValueError("x")))


MUTANTS.append(
    Mutant(
        "WSGI-ERRORS-011",
        lambda: [finding for finding in exchange(writes_and_raises)[0] if finding.requirement_id != "WSGI-EXC-016"],
    )
)


# The body


def generated(*items: Any, headers: Any = None, status: str = "200 OK") -> Callable[..., Any]:
    def app(environ: Any, start_response: Any) -> Any:
        start_response(status, list(TEXT) if headers is None else headers)
        yield from items

    return app


class Sized:
    def __init__(self, length: int, *items: bytes) -> None:
        self.length, self.items = length, items

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Any:
        return iter(self.items)


class BadClose:
    def __iter__(self) -> Any:
        return iter([b"ok"])

    def close(self) -> None:
        raise ValueError("close")


class NotIterable:
    __iter__ = 1


faulty("WSGI-ITER-018", answer(body=lambda: None))
faulty("WSGI-ITER-018", answer(body=NotIterable), note="iter")
faulty("WSGI-ITER-019", answer(body=["ok"], headers=HEAD_ONLY))
faulty("WSGI-ITER-019", answer(body=lambda: b"ok"), note="bytes")
faulty("WSGI-ITER-019", answer(body=lambda: "ok"), note="str")
faulty("WSGI-ITER-019", generated("ok", headers=HEAD_ONLY), note="generator")
faulty("WSGI-UNICODE-011", generated(Octets(b"ok")), note="item")
faulty("WSGI-UNICODE-011", answer(body=[Octets(b"ok")]), note="list")
faulty("WSGI-ITER-020", answer(body=lambda: Sized(3, b"o", b"k")))
faulty("WSGI-ITER-021", answer(body=BadClose))
faulty("WSGI-STREAM-004", generated(*[b"x"] * 101, headers=HEAD_ONLY))
faulty("WSGI-HTTP-037", answer(body=[b"too long"]), note="long")
faulty("WSGI-HTTP-037", answer(body=[b"o"]), note="short")
faulty("WSGI-HTTP-037", generated(b"o", b"k", b"!"), note="generator")
faulty("WSGI-HTTP-037", generated(), note="nothing")
faulty("WSGI-HTTP-038", answer("204 No Content", [], [b"x"]))
faulty("WSGI-HTTP-038", generated(b"x", headers=[], status="304 Not Modified"), note="generator")
faulty("WSGI-HTTP-039", answer("204 No Content", [("Content-Length", "0")], []))
faulty("WSGI-HTTP-039", answer("304 Not Modified", list(HEAD_ONLY), []), weight="inform", note="type")
faulty("WSGI-HTTP-048", answer("206 Partial Content", [*HEAD_ONLY, ("Content-Range", "bytes 0-2/9")], [b"ok"]))
faulty(
    "WSGI-HTTP-048",
    generated(b"o", b"k", headers=[*HEAD_ONLY, ("content-range", "bytes 5-5/*")], status="206 Partial Content"),
    note="generator",
)
faulty("WSGI-HTTP-053", answer("405 Method Not Allowed"))
faulty("WSGI-HTTP-053", generated(b"ok", headers=HEAD_ONLY, status="405 Method Not Allowed"), note="generator")
faulty("WSGI-HTTP-040", answer("304 Not Modified", [("Content-Encoding", "gzip")], []))
faulty("WSGI-HTTP-041", hello, environ=lambda: make_environ(REQUEST_METHOD="HEAD"))


# write() and the file wrapper; WRITE-007 warns of every use of write()


def writer(data: Any, result: Any = (), **keywords: Any) -> Callable[..., Any]:
    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", list(HEAD_ONLY))
        write(data=data) if keywords else write(data)
        return list(result) if isinstance(result, tuple) else result

    return app


def writes_within(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", list(HEAD_ONLY))
    yield b"o"
    write(b"k")


class WritesInClose:
    def __init__(self, write: Any) -> None:
        self.write = write

    def __iter__(self) -> Any:
        return iter([b"o"])

    def close(self) -> None:
        self.write(b"k")


class TakesText(Server):
    def write(self, data: Any) -> None:
        pass


def used(requirement: str, app: Any, weight: str = "fail", server: type[Server] = Server) -> None:
    def run() -> Any:
        found = exchange(app, server=server())[0]
        return [finding for finding in found if finding.requirement_id != "WSGI-WRITE-007"]

    MUTANTS.append(Mutant(requirement, run, weight))


faulty("WSGI-WRITE-007", writer(b"ok"))
used("WSGI-WRITE-008", writer(b"ok", None))
used("WSGI-WRITE-009", writes_within)
used(
    "WSGI-WRITE-009",
    lambda environ, start_response: WritesInClose(start_response("200 OK", list(HEAD_ONLY))),
    weight="warn",
)
used("WSGI-WRITE-010", writer("ok"), server=TakesText)
used("WSGI-UNICODE-011", writer(Octets(b"ok")), weight="warn")
used("WSGI-CALL-013", writer(b"ok", keywords=True))


class Wrapper:
    def __init__(self, filelike: Any, blksize: int = 1) -> None:
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self) -> Any:
        return iter([b"ok"])


def wraps(file: Any, **keywords: Any) -> Callable[..., Any]:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", list(TEXT))
        make = environ["wsgi.file_wrapper"]
        return make(filelike=file, **keywords) if keywords else make(file)

    return app


with_wrapper: Any = lambda: make_environ(wsgi__file_wrapper=Wrapper)  # noqa: E731
faulty("WSGI-CALL-013", wraps(io.BytesIO(), blksize=1), environ=with_wrapper, note="file_wrapper")
faulty("WSGI-FILE-013", wraps(object()), environ=with_wrapper)


# wsgi.input and wsgi.errors


def reading(requirement: str, *calls: Any, weight: str = "", note: str = "", **changes: Any) -> None:
    faulty(requirement, reads(*calls), environ=lambda: post(**changes), weight=weight, note=note)


reading("WSGI-INPUT-019", lambda s: s.read(100), note="sized")
reading("WSGI-INPUT-019", lambda s: s.read(), note="all")
reading("WSGI-INPUT-019", lambda s: s.read(17), lambda s: s.read(1), note="after the end")
reading("WSGI-INPUT-020", lambda s: s.seek(0), weight="warn")
reading("WSGI-INPUT-020", lambda s: s.isatty(), weight="inform", note="probe")
reading("WSGI-INPUT-020", lambda s: next(s), weight="warn", note="next")
reading("WSGI-INPUT-021", lambda s: s.close())
reading("WSGI-INPUT-022", lambda s: s.readline(3))


def test_input_closed_by_the_garbage_collector_is_a_warning() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        io.TextIOWrapper(environ["wsgi.input"])
        return hello(environ, start_response)

    found = [(finding.requirement_id, finding.weight) for finding in exchange(app, post(), inform=False)[0]]
    assert ("WSGI-INPUT-021", "warn") in found
    assert "fail" not in [weight for _, weight in found]


faulty("WSGI-ERRORS-007", logs(lambda s: s.seek(0)), weight="warn")
faulty("WSGI-ERRORS-007", logs(lambda s: s.isatty()), weight="inform", note="probe")
faulty("WSGI-ERRORS-008", logs(lambda s: s.close()))
faulty("WSGI-ERRORS-009", logs(lambda s: s.write(b"x")))
faulty("WSGI-ERRORS-009", logs(lambda s: s.writelines([b"x"])), note="writelines")
faulty("WSGI-ERRORS-010", logs(lambda s: s.write("x\r\n")))


@pytest.mark.parametrize("mutant", MUTANTS, ids=label)
def test_the_fault_makes_exactly_this_finding(mutant: Mutant) -> None:
    judge(mutant)


def test_optional_keys_may_be_left_out() -> None:
    """The faults above are made by faults alone: the smallest legal environ makes no finding."""
    smallest = make_environ(SCRIPT_NAME=DROP, QUERY_STRING=DROP, REMOTE_ADDR=DROP, HTTP_HOST=DROP, HTTP_USER_AGENT=DROP)
    for app in (hello, generated(b"ok"), fails_after()):
        assert exchange(app, dict(smallest))[0] == []
        assert exchange(app, dict(smallest), Strict())[0] == []

"""Every row that binds a WSGI server: one fault of the server, one finding."""

from __future__ import annotations

import functools
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


def environ(requirement: str, weight: str = "", **changes: Any) -> None:
    note = ",".join(f"{key}={'' if value is DROP else value!r}"[:40] for key, value in changes.items())
    MUTANTS.append(Mutant(requirement, lambda: exchange(hello, make_environ(**changes))[0], weight, note))


def peer(
    requirement: str,
    app: Callable[..., Any] = hello,
    server: type[Server] = Server,
    environ: Callable[[], Any] = make_environ,
    weight: str = "",
    note: str = "",
) -> None:
    MUTANTS.append(Mutant(requirement, lambda: exchange(app, environ(), server())[0], weight, note))


# The call and its environ


class ByKeyword(Server):
    def call(self, app: Any, environ: Any) -> Any:
        return app(environ, start_response=self.start_response)


class Dict(dict[str, Any]):
    pass


peer("WSGI-CALL-001", server=ByKeyword)
peer("WSGI-ENV-001", environ=lambda: Dict(make_environ()))
environ("WSGI-ENV-004", REQUEST_METHOD=DROP)
environ("WSGI-ENV-004", REQUEST_METHOD="")
environ("WSGI-ENV-006", SERVER_NAME="")
environ("WSGI-ENV-006", SERVER_NAME=None)
environ("WSGI-ENV-007", SERVER_PORT=8000)
environ("WSGI-ENV-007", SERVER_PORT=DROP)
environ("WSGI-ENV-008", SERVER_PORT="http")
environ("WSGI-ENV-009", SERVER_NAME="Server/1.0")
environ("WSGI-ENV-010", SERVER_PROTOCOL="1.1")
environ("WSGI-ENV-010", SERVER_PROTOCOL="HTTP/1")
environ("WSGI-ENV-015", CONTENT_LENGTH="+3")
environ("WSGI-ENV-015", CONTENT_LENGTH="\xb2")
environ("WSGI-ENV-016", HTTP_CONTENT_LENGTH="3")
environ("WSGI-ENV-020", REMOTE_USER="-")
environ("WSGI-ENV-021", HTTP_X=1)
environ("WSGI-ENV-021", HTTP_X__Y=1)
environ("WSGI-ENV-021", QUERY_STRING=b"")
peer("WSGI-ENV-022", environ=lambda: {**make_environ(), b"bytes": ""})
environ("WSGI-ENV-023", wsgi__version=[1, 0])
environ("WSGI-ENV-023", wsgi__version=(1, 1))
environ("WSGI-ENV-024", wsgi__url_scheme="")
environ("WSGI-ENV-024", wsgi__url_scheme=None)
for key in ("wsgi__input", "wsgi__errors", "wsgi__multithread", "wsgi__multiprocess", "wsgi__run_once"):
    environ("WSGI-ENV-026", **{key: DROP})
environ("WSGI-ENV-027", myServer__Thing=1)
environ("WSGI-ENV-028", wsgi__private=1)
environ("WSGI-ENV-039", REMOTE_PORT=5000)
environ("WSGI-URL-001", SCRIPT_NAME="app")
environ("WSGI-URL-002", SCRIPT_NAME="/")
environ("WSGI-URL-003", PATH_INFO="x")
environ("WSGI-URL-004", PATH_INFO="")
environ("WSGI-URL-013", PATH_INFO="http://other.example/p")
environ("WSGI-UNICODE-001", PATH_INFO="/\u20ac")
environ("WSGI-UNICODE-001", HTTP_X="\u20ac")
environ("WSGI-THREAD-005", wsgi__multithread="False")


def test_operating_system_variables_are_decoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPROOF_TEXT", "\u20ac")
    judge(Mutant("WSGI-UNICODE-007", lambda: exchange(hello, make_environ(GATEPROOF_TEXT="\u20ac"), inform=False)[0]))


# wsgi.input


class Input(io.BytesIO):
    """Overridden one method at a time."""


def stream(requirement: str, method: str, function: Callable[..., Any], *calls: Any, weight: str = "") -> None:
    note = f"{method}{len(MUTANTS)}"
    cls = type("Faulty", (Input,), {method: function})
    body = b"line1\nline2\n\nlast"
    run = functools.partial(_read, cls, body, calls)
    MUTANTS.append(Mutant(requirement, run, weight, note))


def _read(cls: Any, body: bytes, calls: Any, **changes: Any) -> Any:
    return exchange(reads(*calls), post(body, cls(body), **changes))[0]


class Unreadable:
    def read(self, size: int = -1) -> bytes:
        return b""

    def readline(self) -> bytes:
        return b""

    def __iter__(self) -> Any:
        return iter(())


def _refuse(*args: Any) -> Any:
    raise TypeError("no such argument")


peer("WSGI-INPUT-001", environ=lambda: post(b"", Unreadable()))
stream("WSGI-INPUT-002", "read", lambda self, size=-1: b"12345", lambda s: s.read(3))
stream("WSGI-INPUT-004", "read", lambda self, size: b"", lambda s: s.read())
stream("WSGI-INPUT-005", "read", lambda self, size=0: _refuse() if size is None else b"x", lambda s: s.read(None))
stream("WSGI-INPUT-006", "read", lambda self, size=-1: b"x", lambda s: s.read(0))
stream("WSGI-INPUT-007", "read", lambda self, size=-1: b"x" * 100, lambda s: s.read())
stream("WSGI-INPUT-009", "readlines", lambda self: [b""], lambda s: s.readlines())
stream("WSGI-INPUT-009", "read", lambda self, size=-1: b"", lambda s: s.read(1), lambda s: s.readline())
stream("WSGI-INPUT-010", "readline", lambda self: b"line1\nline2\n", lambda s: s.readline())
stream("WSGI-INPUT-010", "readline", lambda self: b"line1", lambda s: s.readline(), lambda s: s.readline())
stream("WSGI-INPUT-011", "readline", lambda self, size=-1: b"line1\n", lambda s: s.readline(3))
stream("WSGI-INPUT-011", "readline", lambda self: b"", lambda s: s.readline(3))
stream("WSGI-INPUT-012", "readlines", lambda self: (b"x\n",), lambda s: s.readlines())
stream("WSGI-INPUT-012", "readlines", lambda self: [b"line1", b"line2"], lambda s: s.readlines())
stream("WSGI-INPUT-013", "readlines", lambda self, hint=-1: [b"li", b"ne1\n"], lambda s: s.readlines(1))
stream("WSGI-INPUT-013", "readlines", lambda self: [], lambda s: s.readlines(1), weight="warn")
stream("WSGI-INPUT-015", "__iter__", lambda self: iter([b"line1", b"line2"]), list)
stream("WSGI-INPUT-015", "__iter__", lambda self: iter([b"", b"line2"]), list)
stream("WSGI-INPUT-016", "read", lambda self, size=-1: "text", lambda s: s.read(3))
MUTANTS.append(
    Mutant(
        "WSGI-HTTP-023",
        lambda: _read(
            Input,
            b"12345",
            [lambda s: s.read(9), lambda s: s.read(9)],
            CONTENT_LENGTH="3",
            HTTP_TRANSFER_ENCODING="chunked",
        ),
        note="longer",
    )
)
MUTANTS.append(
    Mutant(
        "WSGI-HTTP-023",
        lambda: _read(
            Input,
            b"12345",
            [lambda s: s.read(9), lambda s: s.read(9)],
            CONTENT_LENGTH="9",
            HTTP_TRANSFER_ENCODING="chunked",
        ),
        note="shorter",
    )
)


# wsgi.errors


class Errors:
    def write(self, text: str) -> None:
        text.encode("ascii")

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        pass


class NoFlush:
    write = writelines = Errors.write


class Broken(Errors):
    def write(self, text: str) -> None:
        raise RuntimeError("no log")


class OneLine(Errors):
    def writelines(self, lines: list[str]) -> None:
        raise NotImplementedError


def errors(requirement: str, log: Any, *calls: Any, note: str = "") -> None:
    peer(requirement, logs(*calls), environ=lambda: make_environ(wsgi__errors=log), note=note)


errors("WSGI-ERRORS-001", NoFlush(), note="missing")
errors("WSGI-ERRORS-001", Broken(), lambda s: s.write("x\n"), note="raises")
errors("WSGI-ERRORS-002", OneLine(), lambda s: s.writelines(["x\n"]))
errors("WSGI-ERRORS-003", Errors(), lambda s: s.write("\u20ac"))


# start_response and write


class NoNone(Server):
    def start_response(self, status: Any, headers: Any, *exc_info: Any) -> Any:
        if exc_info and exc_info[0] is None:
            raise TypeError("exc_info")
        return super().start_response(status, headers, *exc_info)


class NoWrite(Server):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        super().start_response(status, headers, exc_info)


class Lax(Server):
    """Refuses nothing."""

    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        return self.write

    def write(self, data: Any) -> None:
        pass

    def transmit(self, item: Any) -> None:
        pass


class RefusesTheFirst(Lax):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        if not self.started:
            self.started = True
            raise ValueError("first")
        return self.write


class RefusesNames(Server):
    def check(self, status: Any, headers: Any) -> None:
        raise ValueError("X-A")


class RefusesExcInfo(Server):
    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        if exc_info is not None:
            raise RuntimeError("no exc_info")
        return super().start_response(status, headers)


def none_given(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", list(TEXT), None)
    return [b"ok"]


def starts_twice(environ: Any, start_response: Any) -> Any:
    for _ in range(2):
        try:
            start_response("200 OK", list(TEXT))
        except ValueError as error:
            environ["test.error"] = error
    return [b"ok"]


def starts_again(environ: Any, start_response: Any) -> Any:
    try:
        start_response("200 OK", [("X-A", "a\x01b")])
    except ValueError:
        start_response("200 OK", list(TEXT))
    return [b"ok"]


def begins_with_exc_info(environ: Any, start_response: Any) -> Any:
    try:
        raise ValueError("early")
    except ValueError:
        start_response("500 Error", list(TEXT), sys.exc_info())
    return [b"ok"]


def writes_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", list(TEXT))("ok")
    return []


peer("WSGI-START-001", none_given, NoNone)
peer("WSGI-START-002", server=NoWrite)
peer("WSGI-START-007", starts_twice, Lax)
peer("WSGI-START-009", starts_again, RefusesTheFirst)
peer("WSGI-START-010", answer("200 OK\x00"), Lax)
peer("WSGI-START-010", answer(headers=[("Content-Type", "a\r\nb")]), Lax, note="break")
peer("WSGI-START-011", server=RefusesNames)
peer("WSGI-EXC-002", fails_after(b"first"), Lax)
peer("WSGI-EXC-003", fails_after(b"first"), RefusesExcInfo)
peer("WSGI-EXC-004", begins_with_exc_info, RefusesExcInfo)
peer("WSGI-STATUS-012", answer(200), Lax)
peer("WSGI-STATUS-013", answer("OK"), Lax)
peer("WSGI-HEADERS-016", answer(headers=[("Content-Type", "a\x01b")]), Lax)
peer("WSGI-HEADERS-017", answer(headers=[("X A", "b")]), Lax)
peer("WSGI-HEADERS-018", answer(headers=tuple(TEXT)), Lax)
peer("WSGI-HEADERS-019", answer(headers=[("X-A", 1)]), Lax)
peer("WSGI-HEADERS-022", answer(headers=[("Connection", "close")]), Lax)
peer("WSGI-WRITE-004", writes_text, Lax)


# The iterable


class Iterable:
    """Has a separate iterator, and close() on both."""

    def __init__(self, *items: Any) -> None:
        self.items = items

    def __iter__(self) -> Any:
        return Iterator(self.items)

    def close(self) -> None:
        pass


class Iterator:
    def __init__(self, items: Any) -> None:
        self.items = iter(items)

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        item = next(self.items)
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        pass


class NeverCloses(Server):
    def close(self, result: Any) -> None:
        pass


class ClosesTheIterator(NeverCloses):
    def iterate(self, result: Any) -> None:
        iterator = iter(result)
        list(iterator)
        iterator.close()


class ClosesTwice(Server):
    def close(self, result: Any) -> None:
        result.close()
        result.close()


class Stops(NeverCloses):
    def iterate(self, result: Any) -> None:
        next(iter(result))


class Curious(Server):
    def iterate(self, result: Any) -> None:
        if result.items:
            super().iterate(result)


class IteratesTwice(Server):
    def iterate(self, result: Any) -> None:
        list(result)
        list(result)


class AsksOn(Server):
    def iterate(self, result: Any) -> None:
        iterator = iter(result)
        list(iterator)
        next(iterator, None)


LENGTHLESS = [("Content-Type", "text/plain")]
iterable = functools.partial(Iterable, b"o", b"k")
peer("WSGI-ITER-003", answer(headers=LENGTHLESS, body=iterable), NeverCloses)
peer("WSGI-ITER-004", answer(body=lambda: Iterable(b"o", ValueError("x"))), NeverCloses)
peer("WSGI-ITER-005", answer(headers=LENGTHLESS, body=iterable), Stops)
peer("WSGI-ITER-006", answer(headers=LENGTHLESS, body=iterable), ClosesTheIterator)
peer("WSGI-ITER-008", answer(headers=LENGTHLESS, body=iterable), ClosesTwice)
peer("WSGI-ITER-009", answer(body=iterable), Stops)
peer("WSGI-ITER-011", answer(body=iterable), Curious, weight="warn")
peer("WSGI-ITER-015", answer(headers=LENGTHLESS, body=iterable), IteratesTwice)
peer("WSGI-ITER-015", answer(headers=LENGTHLESS, body=iterable), AsksOn, note="next")


# wsgi.file_wrapper


class Wrapper:
    """A conforming file wrapper."""

    def __init__(self, file: Any, size: int = 8192) -> None:
        self.file = file
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self) -> Any:
        return iter(lambda: self.file.read(8192), b"")


class OneArgument(Wrapper):
    def __init__(self, file: Any) -> None:
        super().__init__(file)


class NeedsClose(Wrapper):
    def __init__(self, file: Any, size: int = 8192) -> None:
        super().__init__(file)
        self.close = file.close


class NoClose(Wrapper):
    def __init__(self, file: Any, size: int = 8192) -> None:
        self.file = file


class ReadOnly:
    def __init__(self, data: bytes = b"ok") -> None:
        self.file = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self.file.read(size)


def sends_file(make: Callable[[], Any]) -> Callable[..., Any]:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", list(TEXT))
        return environ["wsgi.file_wrapper"](make(), 4096)

    return app


def file(requirement: str, wrapper: Any, make: Callable[[], Any] = io.BytesIO) -> None:
    peer(requirement, sends_file(make), environ=lambda: make_environ(wsgi__file_wrapper=wrapper))


file("WSGI-FILE-001", OneArgument)
file("WSGI-FILE-002", lambda file, size: object())
file("WSGI-FILE-004", NoClose)
file("WSGI-FILE-005", NeedsClose, ReadOnly)


@pytest.mark.parametrize("mutant", MUTANTS, ids=label)
def test_the_fault_makes_exactly_this_finding(mutant: Mutant) -> None:
    judge(mutant)

"""The observers change nothing: what each side sees is what it would see without them."""

from __future__ import annotations

import gc
import io
import sys
import weakref
from typing import Any
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateproof.validate import asgi, wsgi
from tests.validate.asgi_peers import BODY, EVENTS, FIELDS, HTTP, LIFESPAN, REQUEST, START, WEBSOCKET, run, scope
from tests.validate.asgi_peers import Server as ASGIServer
from tests.validate.wsgi_peers import Server, fails_after, hello, make_environ, post

# WSGI


class Trace(Server):
    """Notes what it sees, in order, with the identity of the blocks."""

    def __init__(self, log: list[Any], take: int | None = None) -> None:
        super().__init__()
        self.log, self.take = log, take

    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        self.log.append(("start", status, id(headers), exc_info and exc_info[0]))
        return super().start_response(status, headers, exc_info)

    def write(self, data: bytes) -> None:
        self.log.append(("write", data))
        super().write(data)

    def iterate(self, result: Any) -> None:
        self.log.append(("len", len(result) if hasattr(result, "__len__") else None))
        for count, item in enumerate(result):
            if count == self.take:
                return
            self.log.append(("item", id(item), item))

    def close(self, result: Any) -> None:
        self.log.append(("close", hasattr(result, "close")))
        super().close(result)


class App:
    """Plays a list of steps, and notes what it sees."""

    def __init__(self, steps: list[tuple[str, Any]], kind: str, log: list[Any]) -> None:
        self.steps, self.kind, self.log = steps, kind, log
        self.headers: list[tuple[str, str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.environ = environ
        write = None
        for name, value in self.steps:
            if name == "start":
                try:
                    write = start_response(value, self.headers)
                except AssertionError as error:
                    self.log.append(("refused", str(error)))
            elif name == "write" and write is not None:
                write(value)
            elif name == "read":
                method, *args = value
                self.log.append(("read", getattr(environ["wsgi.input"], method)(*args)))
            elif name == "raise":
                raise value
        return self.result()

    def result(self) -> Any:
        items = [value for name, value in self.steps if name == "item"]
        if self.kind == "list":
            return items
        if self.kind == "tuple":
            return tuple(items)
        if self.kind == "generator":
            return self.generate(items)
        return Result(items, self.log)

    def generate(self, items: list[bytes]) -> Any:
        try:
            yield from items
        finally:
            self.log.append("finally")


class Result:
    def __init__(self, items: list[bytes], log: list[Any]) -> None:
        self.items, self.log = items, log

    def __iter__(self) -> Any:
        self.log.append("iter")
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def close(self) -> None:
        self.log.append("closed")


ITEMS = st.sampled_from([b"", b"a", b"bc"])
READS = st.sampled_from([("read", 3), ("read",), ("readline",), ("readlines",), ("read", 0), ("readline", 2)])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.sampled_from(["200 OK", "204 No Content", "500"])),
        st.tuples(st.just("write"), ITEMS),
        st.tuples(st.just("read"), READS),
        st.tuples(st.just("item"), ITEMS),
    ),
    max_size=6,
)


def trace(observed: bool, steps: Any, kind: str, take: int | None, body: bytes) -> Any:
    log: list[Any] = []
    app = App(steps, kind, log)
    server = Trace(log, take)
    environ = post(body)
    keys, stream = list(environ), environ["wsgi.input"]
    server.serve(wsgi.observe(app, lambda finding: None, inform=True) if observed else app, environ)
    assert app.environ is environ
    assert list(environ) == keys
    assert environ["wsgi.input"] is stream
    ours = [(*entry[:2], "headers") if isinstance(entry, tuple) and entry[0] == "start" else entry for entry in log]
    return ours, type(server.raised), str(server.raised)


@given(STEPS, st.sampled_from(["list", "tuple", "generator", "object"]), st.sampled_from([None, 0, 1]))
def test_both_sides_of_wsgi_see_the_same(steps: Any, kind: str, take: int | None) -> None:
    body = b"one\ntwo\n\nend"
    assert trace(True, steps, kind, take, body) == trace(False, steps, kind, take, body)


def test_lists_and_server_file_wrappers_pass_as_they_are() -> None:
    class Wrapper:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __iter__(self) -> Any:
            return iter([self.file.read()])

    body = [b"ok"]
    wrapped: list[Any] = []

    def gives_list(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return body

    def gives_file(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        wrapped.append(environ["wsgi.file_wrapper"](io.BytesIO(b"ok")))
        return wrapped[0]

    assert wsgi.observe(gives_list, print)(make_environ(), Server().start_response) is body
    environ = make_environ(wsgi__file_wrapper=Wrapper)
    assert wsgi.observe(gives_file, print)(environ, Server().start_response) is wrapped[0]
    assert isinstance(wrapped[0], Wrapper)
    assert environ["wsgi.file_wrapper"] is Wrapper


def test_exceptions_keep_their_identity() -> None:
    error = ValueError("x")

    def raises(environ: Any, start_response: Any) -> Any:
        raise error

    with pytest.raises(ValueError, match="x") as caught:
        wsgi.observe(raises, lambda finding: None)(make_environ(), Server().start_response)
    assert caught.value is error


def test_nothing_is_kept_alive() -> None:
    """Neither the environ nor the exception of an error response may wait for the garbage collector."""

    class Stream(io.BytesIO):
        pass

    class Marked(Exception):
        pass

    def app(environ: Any, start_response: Any) -> Any:
        try:
            raise Marked
        except Marked:
            start_response("500 Error", [("Content-Type", "text/plain")], sys.exc_info())
            marks.append(weakref.ref(sys.exc_info()[1]))  # type: ignore[arg-type]
        return [b"ok"]

    marks: list[Any] = []
    stream = Stream()
    marks.append(weakref.ref(stream))
    gc.disable()
    try:
        wsgi.observe(app, print)(make_environ(wsgi__input=stream), lambda *args: print)
        del stream
        assert [mark() for mark in marks] == [None, None]
    finally:
        gc.enable()


def conforming_generator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"a"
    yield b""
    yield b"b"


def reading(environ: Any, start_response: Any) -> Any:
    stream = environ["wsgi.input"]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    data = stream.read(length // 2) + stream.read(length - length // 2)
    print("log", file=environ["wsgi.errors"], flush=True)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(data)))])
    return [data]


@pytest.mark.parametrize("app", [hello, conforming_generator, reading, fails_after()])
@pytest.mark.parametrize("order", ["validate inside", "validate outside", "twice"])
def test_conforming_applications_please_wsgiref_as_well(app: Any, order: str) -> None:
    found: list[Any] = []
    observe = wsgi.observe
    if order == "validate inside":
        both = observe(validator(app), found.append)
    elif order == "validate outside":
        both = validator(observe(app, found.append))
    else:
        both = observe(observe(app, found.append), found.append)
    server = Server()
    server.serve(both, post(b"hello", QUERY_STRING=""))
    assert server.raised is None
    # wsgiref's own wrapper of the iterable is what a server under it sees; nothing else may show.
    assert found == []


# ASGI

RECEIVED = st.sampled_from(
    [
        REQUEST,
        {**REQUEST, "more_body": True},
        {"type": "http.disconnect"},
        {"type": "http.odd"},
        None,
        *EVENTS["lifespan"],
    ]
)
SENT = st.sampled_from(
    [
        START,
        BODY,
        {**BODY, "more_body": True},
        {**START, "headers": iter(FIELDS)},
        {"type": "odd"},
        {"type": "websocket.accept", "headers": []},
        {"type": "lifespan.startup.complete"},
        None,
        {},
    ]
)


class Log(ASGIServer):
    """Notes the identity of what is sent; refuses some of it."""

    refuses: Any = None

    def check(self, event: Any) -> None:
        if event is self.refuses:
            raise OSError("gone")


@given(
    st.lists(RECEIVED, max_size=4),
    st.lists(st.one_of(SENT, st.just("receive")), max_size=6),
    st.sampled_from([HTTP, WEBSOCKET, LIFESPAN, {"type": "other"}]),
    st.one_of(st.none(), SENT),
)
def test_both_sides_of_asgi_see_the_same(events: Any, steps: Any, base: Any, refuses: Any) -> None:
    def play(observed: bool) -> Any:
        log: list[Any] = []
        given = scope(base)

        async def app(scope: Any, receive: Any, send: Any) -> Any:
            log.append(scope is given)
            for step in steps:
                try:
                    log.append(id(await receive()) if step == "receive" else await send(step))
                except OSError as error:
                    log.append(str(error))
            return "result"

        server = Log(events)
        server.refuses = refuses
        server.serve(asgi.observe(app, lambda finding: None, inform=True) if observed else app, given)
        return log, [id(event) for event in server.sent], server.result, repr(server.raised)

    assert play(True) == play(False)


def test_keyword_arguments_pass_as_they_are() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive(1, x=2)
        await send(message={"type": "odd"})

    async def receive(*args: Any, **kwargs: Any) -> Any:
        seen.append((args, kwargs))

    async def send(*args: Any, **kwargs: Any) -> None:
        seen.append((args, kwargs))

    given = scope(HTTP)
    run(asgi.run(app, (), {"send": send, "scope": given, "receive": receive}, lambda finding: None))
    assert seen == [((1,), {"x": 2}), ((), {"message": {"type": "odd"}})]


def test_one_shot_headers_arrive_whole() -> None:
    pairs = iter(FIELDS)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({**START, "headers": pairs})
        await send(BODY)

    server = ASGIServer()
    server.serve(asgi.observe(app, lambda finding: None), scope(HTTP))
    assert list(server.sent[0]["headers"]) == FIELDS

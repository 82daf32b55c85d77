"""Adapters from WSGI: www.rst > WSGI Compatibility. What is no adapter does not have these duties."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import Adapter, App, Call, Request
from gateproof.drive.asgi.adapter import TEXT, Closing, Environ, Inside, responding
from gateproof.drive.asgi.scopes import PLAIN, Server, body_events, http_scope, lifespan_scope, websocket_scope
from gateproof.judge import Blocked, Judge, Unsupported

from . import drawing

BODY = b"a=1&b=\xc3\xa9&c=" + b"x" * 40
LENGTH = (b"content-length", b"%d" % len(BODY))
BLOCK_S, HELD_S = 2.0, 5.0
Fields = list[tuple[str, str]]


def adapter(app: App) -> Adapter:
    """Return the adapter; a check of adapters stops here where there is none."""
    if not isinstance(app, Adapter):
        app.point_at(app.http(Request(path=app.ways[0].path)).played)  # nothing of ours stands inside
        raise Unsupported("it is an application of its own, no adapter from WSGI", lacks="wsgi-adapter")
    return app


def within(app: Adapter, request: Request, server: Server = PLAIN) -> tuple[Call, Inside | None]:
    """Make a request, and return what the WSGI application met."""
    app.calls = []
    call = app.http(request, server)
    return call, app.calls[0] if app.calls else None


def environ(app: Adapter, request: Request, server: Server = PLAIN) -> Environ:
    """Return the environ for a request."""
    call, inside = within(app, request, server)
    if inside is None:
        raise Blocked(f"the WSGI application was not called for {request}: {call.outcome}")
    return inside.environ


@requirement("ASGI-WSGI-001")
def test_the_application_runs_in_a_thread(app: App, judge: Judge) -> None:
    """While the WSGI application blocks, the event loop goes on."""
    wrapped = adapter(app)
    free = threading.Event()
    blocked: list[bool] = []

    def blocking(inside: Inside, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        blocked.append(free.wait(BLOCK_S if threading.current_thread() is not threading.main_thread() else 0.05))
        start_response("200 OK", [TEXT])
        return [b"inner"]

    wrapped.inside(blocking)
    request = Request()

    async def script(call: Call) -> None:
        call.give(*body_events(request))
        while not wrapped.calls and not call.ended:  # a foreign thread: nobody tells the loop when it begins
            await wrapped.loop.within(0.005, wrapped.loop.flag().wait)
        free.set()
        await wrapped.answered(call)

    call = wrapped.play(http_scope(request), script)
    judge("ASGI-WSGI-001", blocked == [True], "the event loop runs while the application blocks", call.outcome)


@requirement("ASGI-WSGI-002")
def test_what_comes_from_the_scope(app: App, judge: Judge, draw: Draw) -> None:
    """Method, query, version and scheme are those of the scope."""
    wrapped = adapter(app)

    def law(case: tuple[str, bytes, str, str]) -> None:
        method, query, version, scheme = case
        server = PLAIN.but(http_version=version, scheme=scheme)
        found = environ(wrapped, Request(method, query=query), server)
        wanted = [method, query.decode("latin-1"), f"HTTP/{version}", scheme]
        seen = [found.get(key) for key in ("REQUEST_METHOD", "QUERY_STRING", "SERVER_PROTOCOL", "wsgi.url_scheme")]
        judge("ASGI-WSGI-002", seen == wanted, wanted, seen)

    corpus = [("GET", b"", "1.1", "http"), ("DELETE", b"a=%20b&c", "1.0", "https")]
    draw(law, drawing.asked(), corpus, examples=10)


@requirement("ASGI-WSGI-003", "ASGI-WSGI-004", revision=2)
def test_paths(app: App, judge: Judge, draw: Draw) -> None:
    """SCRIPT_NAME is the root path and PATH_INFO what follows it, as UTF-8 read as latin-1."""
    wrapped = adapter(app)

    def law(case: tuple[str, str]) -> None:
        root, path = case
        found = environ(wrapped, Request(path=path), PLAIN.but(root_path=root))
        native = [text.encode("utf-8").decode("latin-1") for text in (root, path)]
        seen = [found.get("SCRIPT_NAME", ""), found.get("PATH_INFO", "")]
        if root and not path and seen[1] == "/":
            seen[1] = ""  # the bare mount point may be spelled like that
        if (root + path).isascii():
            judge("ASGI-WSGI-003", seen == native, native, seen)
        else:  # where the root path goes is the other row's matter
            spelt = seen[0] in ("", native[0]) and seen[1] in (native[1], "".join(native))
            judge("ASGI-WSGI-004", spelt, native, seen)

    corpus = [("", "/"), ("/api", "/x"), ("/api", ""), ("/a/b", "/a/b"), ("", "/\u20ac"), ("/\u00e9", "/\u00e9/\u20ac")]
    draw(law, drawing.mounted(), corpus, examples=15)


@requirement("ASGI-WSGI-005")
def test_fields(app: App, judge: Judge, draw: Draw) -> None:
    """The fields of the request are there as CGI has them, repeated ones joined in their order."""
    wrapped = adapter(app)

    def law(fields: tuple[tuple[bytes, bytes], ...]) -> None:
        typed = ((b"content-type", b"text/plain; charset=utf-8"), LENGTH)
        found = environ(wrapped, Request("POST", headers=(*typed, *fields), body=(BODY,)))
        seen = [found.get("CONTENT_TYPE"), found.get("CONTENT_LENGTH")]
        wanted = [value.decode("latin-1") for _, value in typed]
        judge("ASGI-WSGI-005", seen == wanted, wanted, seen)
        for name in dict.fromkeys(name for name, _ in fields):
            values = [value.decode("latin-1").strip() for key, value in fields if key == name]
            got = found.get("HTTP_" + name.decode("latin-1").upper().replace("-", "_"))
            joined = {", ".join(values), ",".join(values), *(["; ".join(values)] if name == b"cookie" else [])}
            judge("ASGI-WSGI-005", got in joined, f"{name!r}: {sorted(joined)}", got)

    corpus = [((b"x-odd", b"1"),), ((b"accept", b"a"), (b"accept", b"b")), ((b"x-odd", b"caf\xe9"),)]
    draw(law, drawing.request_fields(), corpus, examples=15)


@requirement("ASGI-WSGI-006", "ASGI-WSGI-007")
def test_addresses(app: App, judge: Judge) -> None:
    """SERVER_NAME and SERVER_PORT are str whatever server is; REMOTE_ADDR is left out where nobody knows it."""
    wrapped = adapter(app)
    absent = frozenset({"server"})
    servers = (PLAIN, PLAIN.but(server=None), PLAIN.but(without=absent), PLAIN.but(server=("/run/x.sock", None)))
    for server in servers:
        call, inside = within(wrapped, Request(), server)
        found = inside.environ if inside else {}
        seen = [found.get("SERVER_NAME"), found.get("SERVER_PORT")]
        fine = all(isinstance(value, str) and value and value != "None" for value in seen)
        judge("ASGI-WSGI-006", fine, f"two texts for server {server.server!r}", seen if inside else call.outcome)
    found = environ(wrapped, Request())
    judge("ASGI-WSGI-006", found.get("SERVER_PORT") == "80", "the port as text", found.get("SERVER_PORT"))
    for server in (PLAIN.but(client=None), PLAIN.but(without=frozenset({"client"}))):
        call, inside = within(wrapped, Request(), server)
        address = inside.environ.get("REMOTE_ADDR", "") if inside else call.outcome
        judge("ASGI-WSGI-007", inside is not None and address in ("", "127.0.0.1"), "a call without address", address)
    judge("ASGI-WSGI-007", found.get("REMOTE_ADDR") == "192.0.2.7", "'192.0.2.7'", found.get("REMOTE_ADDR"))


@requirement("ASGI-WSGI-008")
def test_the_body_of_the_request(app: App, judge: Judge, draw: Draw) -> None:
    """wsgi.input yields what the events brought, joined."""
    wrapped = adapter(app)

    def law(places: tuple[int, ...]) -> None:
        request = Request("POST", headers=(LENGTH,), body=drawing.cut(BODY, places))
        call, inside = within(wrapped, request)
        judge("ASGI-WSGI-008", inside and inside.body == BODY, BODY, inside.body if inside else call.outcome)

    draw(law, drawing.cuts(len(BODY)), [(), (3,), (0, 5, 5), (1, 2, 3, 4)], examples=15)


@requirement("ASGI-WSGI-009", "ASGI-WSGI-010", "ASGI-WSGI-011")
def test_the_response(app: App, judge: Judge, draw: Draw) -> None:
    """The status is a number, the fields are pairs of bytes in their order, the parts come in theirs, with an end."""
    wrapped = adapter(app)

    def law(case: tuple[str, Fields, tuple[int, ...]]) -> None:
        status, fields, places = case
        parts = drawing.cut(BODY, places)
        wrapped.inside(responding(status, fields, parts))
        call, _ = within(wrapped, Request())
        if all(value.isascii() for _, value in fields):
            judge("ASGI-WSGI-009", call.status == int(status[:3]), status, call.outcome)
        wanted = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        kept = [field for field in call.headers if field in wanted]
        judge("ASGI-WSGI-010", kept == wanted, wanted, call.headers)
        judge("ASGI-WSGI-011", call.body == BODY and call.complete, "every part, and an end", call.outcome)

    corpus: list[tuple[str, Fields, tuple[int, ...]]] = [
        ("200 OK", [TEXT], ()),
        ("404 Not Found", [("X-A", "1"), ("X-A", "2")], (3,)),
        ("599 X", [("X-Odd", "caf\xe9")], (0, 5, 5)),
    ]
    draw(law, drawing.wsgi_responses(len(BODY)), corpus, examples=15)
    wrapped.inside(responding(parts=()))
    call, _ = within(wrapped, Request())
    judge("ASGI-WSGI-011", call.complete and not call.error, "a response without body has its end", call.outcome)


@requirement("ASGI-WSGI-012")
def test_other_scopes(app: App, judge: Judge) -> None:
    """The adapter serves http alone, and raises for the rest."""
    wrapped = adapter(app)

    async def script(call: Call) -> None:
        call.give({"type": f"{call.scope['type']}.{'startup' if call.scope['type'] == 'lifespan' else 'connect'}"})
        await call.end(wrapped.patience)

    for scope in (lifespan_scope(state={}), websocket_scope(Request())):
        call = wrapped.play(scope, script, observed=False)
        told = call.error is not None or call.sent  # who answers by itself leaves nobody waiting
        judge("ASGI-WSGI-012", told, f"an exception for {scope['type']}, or an answer", call.outcome)


@requirement("ASGI-WSGI-013", "ASGI-WSGI-014")
def test_close(app: App, judge: Judge) -> None:
    """close() is called in the end, after an error and where the client left; the call lasts until then."""
    wrapped = adapter(app)

    def failing(inside: Inside, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [TEXT])

        def parts() -> Iterator[bytes]:
            yield b"one"
            raise RuntimeError("no database")

        return Closing(inside, parts())

    for behaviour, leave, words in (
        (responding(parts=[b"a", b"b"]), None, "after a whole response"),
        (failing, None, "after an error"),
        (responding(parts=[b"part"] * 30), 2, "after the client left"),
    ):
        wrapped.inside(behaviour)
        wrapped.calls = []
        server = PLAIN.but(asgi={"version": "3.0", "spec_version": "2.4"}, raising=True)
        call = wrapped.http(Request(), server if leave else PLAIN, leave=leave)
        inside = wrapped.calls[0] if wrapped.calls else None
        if inside is None:
            raise Blocked(f"the WSGI application was not called: {call.outcome}")
        done = inside.closed > 0
        judge("ASGI-WSGI-014", done or inside.over or leave, f"the call lasts until the end, {words}", call.outcome)
        if not done:
            wrapped.settle(lambda: inside.closed > 0, 0.5)  # noqa: B023
        judge(
            "ASGI-WSGI-013", inside.closed > 0, f"close() is called {words}", f"{inside.closed} times; {call.outcome}"
        )


@requirement("ASGI-WSGI-015", "ASGI-WSGI-017")
def test_a_wsgi_server_for_the_application(app: App, judge: Judge) -> None:
    """What the application is given keeps to the rules for WSGI servers, and its streams work."""
    wrapped = adapter(app)

    def using(inside: Inside, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.errors"].write("a line for the log\n")
        environ["wsgi.errors"].writelines(["another\n"])
        environ["wsgi.errors"].flush()
        stream = environ["wsgi.input"]
        inside.body = stream.read(3) + stream.readline() + b"".join(stream.readlines()) + stream.read(10)
        start_response("200 OK", [TEXT])
        return Closing(inside, iter([b"inner"]))

    for behaviour in (responding(), using):
        for server in (PLAIN, PLAIN.but(root_path="/mnt"), PLAIN.but(scheme="https", http_version="2")):
            wrapped.inside(behaviour)
            call = wrapped.http(Request("POST", "/a", headers=(LENGTH,), body=(b"abc\n", b"d\ne", BODY[7:])), server)
            for inside in wrapped.calls:
                for finding in inside.findings:
                    if finding.party == "server" and finding.weight == "fail":
                        words = f"{finding.message} ({finding.requirement_id}): {finding.seen}"
                        judge("ASGI-WSGI-015", False, finding.expected, words)
            if behaviour is using:
                works = call.error is None and call.status == 200
                judge("ASGI-WSGI-017", works, "the methods of the streams work", call.outcome)
    judge("ASGI-WSGI-015", True)


@requirement("ASGI-WSGI-016")
def test_no_more_than_the_length(app: App, judge: Judge) -> None:
    """No more is sent than the Content-Length that the application gave."""
    wrapped = adapter(app)
    wrapped.inside(responding(headers=[TEXT, ("Content-Length", "5")], parts=[b"hello", b" and more"]))
    call, _ = within(wrapped, Request())
    judge("ASGI-WSGI-016", len(call.body) <= 5, "at most 5 bytes", call.body)


@requirement("ASGI-WSGI-018", revision=2)
def test_an_error_handler_replaces_the_response(app: App, judge: Judge) -> None:
    """Before the first part nothing has been sent: start_response with exc_info says anew what is."""
    wrapped = adapter(app)

    def sorry(start_response: Callable[..., Any]) -> Iterator[bytes]:
        try:
            raise RuntimeError("no database")
        except RuntimeError:
            start_response("500 Internal Server Error", [TEXT], sys.exc_info())
        yield b"sorry"

    def at_once(inside: Inside, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [TEXT])
        return list(sorry(start_response))

    def at_the_first_part(inside: Inside, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [TEXT])
        return sorry(start_response)

    for behaviour in (at_once, at_the_first_part):
        wrapped.inside(behaviour)
        call, _ = within(wrapped, Request())
        once = call.types.count("http.response.start") == 1
        judge("ASGI-WSGI-018", once and call.status == 500, "one start, with status 500", call.outcome)


@requirement("ASGI-WSGI-019")
def test_no_part_is_held_back(app: App, judge: Judge) -> None:
    """While the WSGI application is at work on the next part, the one before is sent."""
    wrapped = adapter(app)
    sent = threading.Event()
    playing: list[Call] = []
    in_time: list[bool] = []

    def slow(start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [TEXT])
        yield b"one"
        sent.wait(0 if threading.current_thread() is threading.main_thread() else HELD_S)
        in_time.append(playing[0].body == b"one")
        yield b"two"

    def streaming(inside: Inside, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        return Closing(inside, slow(start_response))

    wrapped.inside(streaming)
    request = Request()

    async def script(call: Call) -> None:
        playing.append(call)
        call.give(*body_events(request))
        await call.until(lambda: call.body or call.ended, HELD_S + wrapped.patience)
        sent.set()
        await wrapped.answered(call)

    call = wrapped.play(http_scope(request), script)
    if not in_time:
        raise Blocked(f"the WSGI application was not asked for a second part: {call.outcome}")
    judge("ASGI-WSGI-019", in_time == [True], "the first part is sent while the second is made", call.outcome)


@requirement("ASGI-WSGI-020")
def test_start_response_in_the_first_step(app: App, judge: Judge) -> None:
    """start_response may be called when the first part is asked for."""
    wrapped = adapter(app)

    def lazy(inside: Inside, environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [TEXT])
        yield b"inner"

    wrapped.inside(lazy)
    call, _ = within(wrapped, Request())
    taken = call.status == 200 and call.body == b"inner"
    judge("ASGI-WSGI-020", taken and not call.error, "status 200, and the body", call.outcome)


@requirement("ASGI-WSGI-021")
def test_what_is_written_comes_first(app: App, judge: Judge) -> None:
    """What write() is given is sent, in its order, before what is returned."""
    wrapped = adapter(app)
    wrote: list[bool] = []

    def writing(inside: Inside, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        write = start_response("200 OK", [TEXT])
        wrote.append(callable(write))
        if callable(write):
            write(b"one, ")
            write(b"two, ")
        return [b"three"]

    wrapped.inside(writing)
    call, _ = within(wrapped, Request())
    if wrote[:1] == [False]:
        raise Blocked("there is no write(): ASGI-WSGI-015")
    judge("ASGI-WSGI-021", call.body == b"one, two, three" and call.complete, b"one, two, three", call.body)


@requirement("ASGI-WSGI-022")
def test_an_error_after_the_first_part(app: App, judge: Judge) -> None:
    """Once a part was sent, start_response with exc_info raises."""
    wrapped = adapter(app)
    raised: list[bool] = []

    def parts(start_response: Callable[..., Any]) -> Iterator[bytes]:
        yield b"one"
        try:
            raise RuntimeError("no database")
        except RuntimeError:
            raised.append(True)
            start_response("500 Internal Server Error", [TEXT], sys.exc_info())
            raised[:] = [False]
        yield b"sorry"

    def failing(inside: Inside, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [TEXT])
        return Closing(inside, parts(start_response))

    wrapped.inside(failing)
    call, _ = within(wrapped, Request())
    if not raised:
        raise Blocked(f"the WSGI application was not asked for a second part: {call.outcome}")
    judge("ASGI-WSGI-022", raised == [True], "start_response raises", call.outcome)

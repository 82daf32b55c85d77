"""The drivers are servers that conform: whatever they play, no observer accuses them, and references give the same."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

import pytest

from gateproof.drive.asgi import App
from gateproof.drive.asgi import Request as ASGIRequest
from gateproof.drive.asgi.scopes import CONTAINERS, HANDSHAKE, OPTIONAL, PLAIN, Server, http_scope, websocket_scope
from gateproof.drive.wsgi import Request, make_environ
from gateproof.drive.wsgi.application import Application
from gateproof.inprocess import Subject
from gateproof.lint import lint
from gateproof.reference.asgi import Server as ASGIReference
from gateproof.reference.wsgi import Server as WSGIReference
from gateproof.validate import Finding

PLACES = ("/", "/items/1?a=1", "POST:/form", "/mnt/")
OURS = frozenset({"HTTP_HOST", "HTTP_CONNECTION"})


def accusations(findings: list[Finding]) -> list[str]:
    """Return what is said of the server."""
    return sorted({str(finding) for finding in findings if finding.party == "server" and finding.weight != "inform"})


def everything(environ: dict[str, Any], start_response: Any) -> Any:
    """Use all that a server gives: input, errors, write, the file wrapper, exc_info is left to others."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.errors"].write("read\n")
    environ["wsgi.errors"].flush()
    dated = [("ETag", '"a"'), ("Last-Modified", formatdate(0, usegmt=True))]
    write = start_response("200 OK", [("Content-Type", "text/html"), *dated])
    if environ["REQUEST_METHOD"] == "PUT":
        write(body)
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"](io.BytesIO(b'<a href="/items/1">item</a>'), 5)
    return (part for part in (b"hello, ", b"world"))


@pytest.fixture(scope="module")
def toured() -> Application:
    """The handle of an application through which the whole tour was made."""
    app = Application(Subject("application", "everything", everything, "wsgi", paths=PLACES))
    app.start()
    return app


def test_the_wsgi_tour_is_legal(toured: Application) -> None:
    """The observers say nothing of the server in any call of the tour."""
    made = toured.survey()
    assert len(made) > 300
    assert accusations([finding for served in made for finding in served.findings]) == []
    assert {served.given.get("PATH_INFO", "")[:1] for served in made} <= {"", "/"}


def asked(port: int, octets: bytes) -> bytes:
    """Send a request and return the whole answer."""
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.sendall(octets)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def chunked(request: Request) -> bytes:
    """Return the octets of a request, its body in one chunk where it has no length."""
    octets = request.octets()
    head, _, body = octets.partition(b"\r\n\r\n")
    return b"%s\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (head, len(body), body) if request.chunked else octets


def test_a_wsgi_server_gives_what_the_tour_gives(toured: Application) -> None:
    """Over the wire the reference gives the same texts, and is accused of nothing either."""
    given: list[dict[str, Any]] = []

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        given.append(dict(environ))
        return everything(environ, start_response)

    linted = lint(app, mode="collect")
    requests = dict.fromkeys(served.request for served in toured.survey())
    compared = 0
    with WSGIReference(linted, errors=io.StringIO()).serve_in_thread() as server:
        for request in requests:
            given.clear()
            named = any(name == "Host" for name, _ in request.fields)
            sent = request.having(*(() if named else (("Host", "localhost"),)), ("Connection", "close"))
            assert asked(server.port, chunked(sent)).startswith(b"HTTP/1.1 ")
            if given:  # who names an odd host may be refused
                expected = make_environ(request, stream=None, errors=None)
                wanted = {"REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", *filter(is_field, (*expected, *given[0]))}
                if not request.body:
                    wanted.discard("CONTENT_LENGTH")  # absent or "0" or ""
                assert {key: given[0].get(key) for key in wanted} == {key: expected.get(key) for key in wanted}
                compared += 1
    assert compared > 0.9 * len(requests)
    assert accusations(linted.findings) == []


def is_field(name: str) -> bool:
    """Tell whether a variable is that of a field, and not one that the test itself sends."""
    return (name.startswith("HTTP_") and name not in OURS) or name in ("CONTENT_TYPE", "CONTENT_LENGTH")


# -- ASGI


async def speaks(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve every scope, and read all of it."""
    if scope["type"] not in ("http", "websocket", "lifespan"):
        raise ValueError(scope["type"])
    event = await receive()
    if scope["type"] == "lifespan":
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "http":
        while event.get("more_body"):
            event = await receive()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"hello", "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except OSError:
            return
        await receive()
    else:
        await send({"type": "websocket.accept", "subprotocol": (list(scope.get("subprotocols", ())) or [None])[0]})
        while (event := await receive())["type"] == "websocket.receive":
            said = {key: event[key] for key in ("text", "bytes") if event.get(key) is not None}
            await send({"type": "websocket.send", **said})


VERSIONS: tuple[Any, ...] = (
    None,
    {"version": "3.0"},
    *({"version": "3.0", "spec_version": f"2.{minor}"} for minor in range(6)),
)
TLS = {"server_cert": None, "client_cert_chain": [], "tls_version": 0x0304, "cipher_suite": 0x1301}
SERVERS: tuple[Server, ...] = (
    PLAIN,
    *(PLAIN.but(asgi=versions) for versions in VERSIONS),
    *(PLAIN.but(without=frozenset({key})) for key in OPTIONAL),
    *(PLAIN.but(none=frozenset({key})) for key in ("client", "server")),
    *(PLAIN.but(container=name) for name in CONTAINERS),
    PLAIN.but(server=("/run/server.sock", None), client=None),
    PLAIN.but(root_path="/mnt", scheme="https", http_version="2", offers={"tls": TLS, "http.response.trailers": {}}),
    PLAIN.but(http_version="1.0", host=None, keeps_state=False, offers=None),
    PLAIN.but(omits=frozenset({"body", "more_body"}), repeats=False),
    PLAIN.but(asgi={"version": "3.0", "spec_version": "2.4"}, raising=True),
)
# Illegal on purpose, and what it is: 3.0 has the key `asgi`, and some servers leave it out all the same.
ON_PURPOSE = {"no versions": ("ASGI-APP-009", "ASGI-LIFE-003")}
ODD_PATHS = (
    "/caf\u00e9",
    "/a\r\nx-injected: 1",
    "//else.example/",
    "/..",
    "/\U0001f600",
    "/%2e",
    "/a b?c#d",
    "/\ufffd",
)
QUERIES = (b"a=1&b=%C3%A9", b"%0D%0Ax-injected:%201", b"&&=")
REQUESTS = (
    ASGIRequest(),
    *(ASGIRequest(method) for method in ("HEAD", "OPTIONS", "BREW", "TRACE")),
    *(ASGIRequest("POST", body=body) for body in ((b"",), (b"a=1", b"&b=2"), (b"", b"a", b""))),
    *(ASGIRequest(path=path) for path in ODD_PATHS),
    *(ASGIRequest(query=query) for query in QUERIES),
    ASGIRequest(headers=((b"cookie", b"caf\xe9=\xff"), (b"x-a", b"1"), (b"x-a", b"2")), subprotocols=("a", "b")),
)


def purposes(server: Server) -> tuple[str, ...]:
    """Return the rows that a server breaks on purpose."""
    return ON_PURPOSE["no versions"] if server.asgi is None else ()


@pytest.fixture(params=["asyncio", "trio"])
def stage(request: pytest.FixtureRequest) -> Iterator[App]:
    """The handle of an application that speaks everything."""
    made = App(Subject("application", "speaks", speaks, "asgi", loop=request.param))
    yield made
    made.stop()


def played(app: App) -> Iterator[tuple[Server, Any]]:
    """Play all servers and requests, every way of the stage, and give each call with its server."""

    async def talk(call: Any) -> None:
        call.give({"type": "websocket.connect"}, {"type": "websocket.receive", "text": "", "bytes": None})
        call.give({"type": "websocket.receive", "bytes": b"\xff"})
        await call.until(lambda: len(call.sent) >= 3, app.patience)
        call.leave({"type": "websocket.disconnect", "code": 1001, "reason": "going"})
        await call.end(app.patience)

    for server in SERVERS:
        for request in REQUESTS if server is PLAIN else REQUESTS[:6]:
            yield server, app.http(request, server)
            if server.http_version != "1.0":  # which knows no handshake
                yield server, app.websocket(request.but(method="GET"), talk, server)
        for leave in (-1, 0, 1, 2):
            yield server, app.http(REQUESTS[6], server, leave=leave)
        for state in ({}, None):
            yield server, app.lifetime(server, state)
    yield from ((PLAIN, call) for call in app.together(*REQUESTS[:3]))
    yield PLAIN, app.wake()


def test_the_asgi_stage_is_legal(stage: App) -> None:
    """The observers say nothing of the server in any call: no request, no conversation, no lifetime."""
    calls = list(played(stage))
    assert len(calls) > 250
    for server, call in calls:
        mine = [finding for finding in call.findings if finding.requirement_id not in purposes(server)]
        assert (call.hung, accusations(mine)) == (False, []), (server, call.scope)


def test_an_unknown_scope_is_illegal_only_by_its_type(stage: App) -> None:
    """The scope of an unknown type is there on purpose; nothing else is wrong with it."""

    async def script(call: Any) -> None:
        await call.end(stage.patience)

    call = stage.play({"type": "x-unknown", "asgi": {"version": "3.0", "spec_version": "2.3"}}, script)
    assert accusations(call.findings) == []
    assert isinstance(call.error, ValueError)


def octets_of(request: ASGIRequest, websocket: bool) -> bytes:
    """Return the octets of a request."""
    target = quote(request.path, safe="/:@!$&'()*+,;=~-._")
    target += f"?{request.query.decode('ascii')}" if request.query else ""
    fields = [*HANDSHAKE] if websocket else [(b"connection", b"close")]
    body = b"".join(request.body)
    fields += [(b"host", PLAIN.host or b""), *request.headers]
    if websocket and request.subprotocols:
        fields.append((b"sec-websocket-protocol", ", ".join(request.subprotocols).encode()))
    if body:
        fields.append((b"content-length", str(len(body)).encode()))
    lines = [f"{request.method} {target} HTTP/1.1".encode(), *(name + b": " + value for name, value in fields)]
    return b"\r\n".join([*lines, b"", b""]) + body


def fields_of(scope: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """Return the fields of a scope without those that only a request over the wire needs."""
    return sorted(field for field in scope["headers"] if field[0] not in (b"connection", b"content-length"))


def test_an_asgi_server_gives_what_the_stage_gives() -> None:
    """Over the wire the reference gives the same scope, and is accused of nothing either."""
    given: list[dict[str, Any]] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            given.append(dict(scope))
        await speaks(scope, receive, send)

    linted = lint(app, mode="collect")
    with ASGIReference(linted, errors=io.StringIO()).serve_in_thread() as server:
        for request in REQUESTS:
            given.clear()
            assert b" 200 " in asked(server.port, octets_of(request, False))[:15]
            with socket.create_connection(("127.0.0.1", server.port), 5) as sock:
                sock.sendall(octets_of(request.but(method="GET", body=(b"",)), True))
                assert sock.recv(65536).startswith(b"HTTP/1.1 101")
            for seen, made in zip(given, (http_scope(request), websocket_scope(request)), strict=True):
                for key in ("type", "method", "path", "raw_path", "query_string", "root_path", "subprotocols"):
                    assert seen.get(key) == made.get(key), key
                assert fields_of(seen) == fields_of(made)
    assert accusations(linted.findings) == []

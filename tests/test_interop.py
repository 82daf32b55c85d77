"""Ordinary clients hold ordinary conversations with servers, and see what our own octets see.

A difference is a finding about our wire code first: the parser that judges must agree with those that everybody uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateproof import asgi_scripts, scripts
from gateproof.exchange import Exchange
from gateproof.settings import Settings
from gateproof.target import Server
from gateproof.targets.launched import Launched
from gateproof.wire.request import HOST, build, chunked, get, post

pytestmark = pytest.mark.servers
BODY = bytes(range(256)) * 200
WSGI = ["reference-wsgi", "waitress", "gunicorn-gthread", "cheroot"]
ASGI = ["reference-asgi", "uvicorn-h11", "hypercorn-asyncio"]


@pytest.fixture(params=[*WSGI, *ASGI], scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running server that hosts the probe."""
    target = Launched(Settings(server=request.param))
    target.resolve()
    try:
        target.start()
        yield target.server("default")
    finally:
        target.stop()


def answering(server: Server, status: int, fields: list[tuple[str, str]], parts: list[bytes]) -> dict[str, Any]:
    """Return a script that reads the request whole, and answers in parts, without a length."""
    if server.interface == "wsgi":
        phrase = {200: "OK", 204: "No Content", 304: "Not Modified", 404: "Not Found"}[status]
        return scripts.wsgi(scripts.read_all(), scripts.start(f"{status} {phrase}", fields), items=parts)
    head = [(name.lower().encode(), value.encode()) for name, value in fields]
    sent = [asgi_scripts.send(asgi_scripts.body(part, more=True)) for part in parts]
    start = asgi_scripts.send(asgi_scripts.start(status, head))
    return asgi_scripts.asgi(asgi_scripts.read_body(), start, *sent, asgi_scripts.send(asgi_scripts.body(b"")))


def by_httpx(
    server: Server, script: dict[str, Any], method: str, *, http2: bool = False, **request: Any
) -> tuple[httpx.Response, Exchange]:
    """Make a request with httpx (HTTP/2 is by prior knowledge); return its response and the probe's exchange."""
    exchange, _ = server.prepare(get(), script)
    lines = scripts.fields(exchange.id, script).decode("ascii").split("\r\n")[:-1]
    marks = dict(line.split(": ", 1) for line in lines)
    with httpx.Client(trust_env=False, timeout=10, http1=not http2, http2=http2) as client:
        url = f"http://{server.host}:{server.port}/a%20b?x=1"
        response = client.request(method, url, headers={"Host": "localhost", **marks}, **request)
    ended(server, exchange, 1)
    return response, exchange


def ended(server: Server, exchange: Exchange, count: int) -> None:
    """Wait until so many calls have been journalled to their end."""
    assert server.channel.wait(exchange.id, lambda _: len(exchange.calls) == count, 5)
    assert server.channel.settled(exchange.id, 5)


def body_of(server: Server, exchange: Exchange) -> bytes:
    """Return the request's body as the application read it."""
    call = exchange.call
    return call.body if server.interface == "wsgi" else call.request_body


def fields_of(found: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return response fields that do not change with time or connection."""
    changing = (b"date", b"connection", b"keep-alive")
    return [(name.lower(), value) for name, value in found if name.lower() not in changing]


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize("status", [200, 204, 304, 404])
def test_responses_are_read_alike(server: Server, method: str, status: int) -> None:
    """Status, fields and body."""
    parts = [b"hello ", b"world"] if status in (200, 404) and method != "HEAD" else []
    script = answering(server, status, [("Content-Type", "text/plain"), ("X-A", "1"), ("X-A", "2")], parts)
    theirs, _ = by_httpx(server, script, method)
    ours = server.exchange(get(b"/a%20b?x=1", method=method.encode()), script).answer
    assert ours.problems == []
    assert (theirs.status_code, theirs.content) == (ours.status, ours.body)
    assert fields_of(theirs.headers.raw) == fields_of(ours.headers)
    assert ours.body == b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, len(BODY)])
def test_requests_arrive_alike(server: Server, size: int) -> None:
    """A body with a length, and one in chunks."""
    body, script = BODY[:size], answering(server, 200, [("Content-Type", "text/plain")], [b"ok"])
    _, theirs = by_httpx(server, script, "POST", content=body)
    ours = server.exchange(post(body), script)
    assert body_of(server, theirs) == body_of(server, ours) == body
    if server.has("chunked"):
        _, theirs = by_httpx(server, script, "POST", content=iter([body[:1000], body[1000:]]) if size else iter([]))
        ours = server.exchange(chunked([body[:1000], body[1000:]]), script)
        assert body_of(server, theirs) == body_of(server, ours) == body


def test_kept_connections_stay_in_step(server: Server) -> None:
    """Ten requests of a client that keeps its connections, and ten of ours on one."""
    script = answering(server, 200, [("Content-Type", "text/plain")], [b"x" * 70_000])
    exchange, _ = server.prepare(get(), script)
    lines = scripts.fields(exchange.id, script).decode("ascii").split("\r\n")[:-1]
    marks = dict(line.split(": ", 1) for line in lines)
    with httpx.Client(trust_env=False, timeout=10, headers=marks) as client:
        sizes = [len(client.get(f"http://{server.host}:{server.port}/{n}").content) for n in range(10)]
    assert sizes == [70_000] * 10
    ended(server, exchange, 10)
    request = build(b"GET", b"/", [HOST])
    with server.connect() as connection:
        for _ in range(10):
            connection.begin(request, script)
            x = connection.read()
            if x.response is None or x.response.framing == "close":
                break
            assert x.answer.body == b"x" * 70_000


@pytest.mark.parametrize("server", ["hypercorn-asyncio"], indirect=True)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_http_2_is_read_alike(server: Server, method: str) -> None:
    """What comes over HTTP/2 is what comes over HTTP/1.1: status, fields, body, and what the application got."""
    parts = [b"hello ", BODY] if method != "HEAD" else []
    script = answering(server, 200, [("Content-Type", "text/plain"), ("X-A", "1"), ("X-A", "2")], parts)
    sent = {"content": BODY} if method == "POST" else {}
    theirs, asked = by_httpx(server, script, method, http2=True, **sent)
    request = post(BODY, target=b"/a%20b?x=1") if sent else get(b"/a%20b?x=1", method=method.encode())
    ours = server.exchange(request, script)
    assert (theirs.http_version, asked.call.scope["http_version"]) == ("HTTP/2", "2")
    assert (theirs.status_code, theirs.content) == (ours.answer.status, ours.answer.body) == (200, b"".join(parts))
    own = (b"transfer-encoding", b"server")
    seen = [
        [field for field in fields_of(found) if field[0] not in own]
        for found in (theirs.headers.raw, ours.answer.headers)
    ]
    assert seen[0] == seen[1]
    assert asked.call.request_body == ours.call.request_body == sent.get("content", b"")
    for key in ("method", "path", "raw_path", "query_string"):
        assert asked.call.scope[key] == ours.call.scope[key]

"""The public strategies draw what conforms, and all that they promise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateproof import strategies as gst
from gateproof.drive.wsgi import serve
from gateproof.drive.wsgi.requests import Manner, Request
from gateproof.validate import Finding
from gateproof.validate.asgi import observe as observe_asgi
from gateproof.validate.wsgi import observe
from tests.test_docs import blocks

few = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@few
@given(gst.environs())
def test_environs_conform(environ: dict[str, Any]) -> None:
    """The observers find nothing wrong with the server that gave them."""
    found: list[Finding] = []
    observe(hello, found.append, inform=True)(environ, lambda *args: lambda data: None)
    assert [str(finding) for finding in found if finding.weight != "inform"] == []


@few
@given(gst.requests(), gst.manners())
def test_requests_and_manners_are_served(request: Request, manner: Manner) -> None:
    """A conforming application answers each of them, and the driver itself breaks nothing."""
    served = serve(hello, request, manner)
    assert served.body == b"hello"
    assert [str(finding) for finding in served.findings if finding.weight == "fail"] == []


@few
@given(st.one_of(gst.http_scopes(), gst.websocket_scopes()))
def test_scopes_conform(scope: dict[str, Any]) -> None:
    """The observers find nothing wrong with the server that gave them."""
    found: list[Finding] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError

    async def nothing(*args: Any) -> None:
        raise AssertionError

    with pytest.raises(ValueError):  # noqa: PT011
        observe_asgi(app, found.append)(scope, nothing, nothing).send(None)
    assert [str(finding) for finding in found if finding.party == "server"] == []


@few
@given(gst.bodies(100), gst.chunkings(b"hello"), gst.header_fields(3))
def test_bodies_chunkings_and_fields(body: bytes, pieces: list[bytes], fields: list[tuple[str, str]]) -> None:
    """Sizes are kept, pieces make the whole, values are of one octet a character."""
    assert len(body) <= 100
    assert b"".join(pieces) == b"hello"
    assert len(fields) <= 3
    assert all(name.isascii() and value.encode("latin-1") is not None for name, value in fields)


async def listens(scope: Any, receive: Any, send: Any) -> None:
    """Take all that comes; of a WebSocket more comes once it is accepted."""
    while not (event := await receive())["type"].endswith(".disconnect"):
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
    raise ValueError


@few
@given(st.one_of(gst.conversations("http"), gst.conversations("websocket")))
def test_conversations_conform(conversation: gst.Conversation) -> None:
    """The observers find nothing wrong with a server that gives them; the last event is the only disconnect."""
    scope, events = conversation
    found: list[Finding] = []
    waiting = list(events)

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(event: Any) -> None:
        pass

    with pytest.raises(ValueError):  # noqa: PT011
        observe_asgi(listens, found.append)(scope, receive, send).send(None)
    assert waiting == []
    assert [str(finding) for finding in found if finding.party == "server"] == []


HTTP, WEBSOCKET = gst.http_scopes(), gst.websocket_scopes()
TALKS, SOCKETS = gst.conversations("http"), gst.conversations("websocket")


def ends_early(conversation: gst.Conversation) -> bool:
    """Tell whether the client left before its body was whole."""
    events = conversation[1]
    return len(events) == 1 or bool(events[-2].get("more_body"))


SHAPES: dict[str, tuple[Any, Any]] = {
    "https": (HTTP, lambda s: s.get("scheme") == "https"),
    "wss": (WEBSOCKET, lambda s: s.get("scheme") == "wss"),
    "no scheme": (HTTP, lambda s: "scheme" not in s),
    "HTTP/1.0": (HTTP, lambda s: s["http_version"] == "1.0"),
    "HTTP/2": (HTTP, lambda s: s["http_version"] == "2"),
    "HTTP/3": (WEBSOCKET, lambda s: s.get("http_version") == "3"),
    "no http_version": (WEBSOCKET, lambda s: "http_version" not in s),
    "no host": (HTTP, lambda s: all(name != b"host" for name, _ in s["headers"])),
    "no extensions": (HTTP, lambda s: "extensions" not in s),
    "extensions": (HTTP, lambda s: s.get("extensions")),
    "none of the extensions": (HTTP, lambda s: s.get("extensions") == {}),
    "denial": (WEBSOCKET, lambda s: "websocket.http.response" in s.get("extensions", ())),
    "tls": (HTTP, lambda s: "tls" in s.get("extensions", ())),
    "state": (HTTP, lambda s: s.get("state")),
    "no state": (HTTP, lambda s: "state" not in s),
    "no root_path": (HTTP, lambda s: "root_path" not in s),
    "root_path": (HTTP, lambda s: s.get("root_path")),
    "no subprotocols": (WEBSOCKET, lambda s: "subprotocols" not in s),
    "subprotocols": (WEBSOCKET, lambda s: s.get("subprotocols")),
    "no query_string": (WEBSOCKET, lambda s: "query_string" not in s),
    "no spec_version": (HTTP, lambda s: "spec_version" not in s["asgi"]),
    "no raw_path": (HTTP, lambda s: "raw_path" not in s),
    "raw_path None": (HTTP, lambda s: s.get("raw_path", b"") is None),
    "client None": (HTTP, lambda s: s.get("client", ()) is None),
    "no client": (HTTP, lambda s: "client" not in s),
    "unix socket": (HTTP, lambda s: s.get("server") == ("/run/server.sock", None)),
    "address as list": (HTTP, lambda s: isinstance(s.get("client"), list)),
    "headers as tuple": (HTTP, lambda s: isinstance(s["headers"], tuple)),
    "fields as lists": (WEBSOCKET, lambda s: isinstance(s["headers"][0], list)),
    "left at once": (TALKS, lambda c: len(c[1]) == 1),
    "left early": (TALKS, ends_early),
    "a whole body": (TALKS, lambda c: not ends_early(c)),
    "no body": (TALKS, lambda c: "body" not in c[1][0] and len(c[1]) > 1),
    "no more_body": (TALKS, lambda c: len(c[1]) > 1 and "more_body" not in c[1][-2]),
    "text None": (SOCKETS, lambda c: any(event.get("text", "") is None for event in c[1])),
    "bytes None": (SOCKETS, lambda c: any(event.get("bytes", b"") is None for event in c[1])),
    "no other key": (SOCKETS, lambda c: any(event.keys() == {"type", "text"} for event in c[1])),
    "reason": (SOCKETS, lambda c: c[1][-1].get("reason")),
    "reason None": (SOCKETS, lambda c: c[1][-1].get("reason", "") is None),
    "no reason": (SOCKETS, lambda c: "reason" not in c[1][-1]),
    "no message": (SOCKETS, lambda c: len(c[1]) == 2),
}


def test_every_legal_shape_occurs() -> None:
    """What the text leaves a server to choose is drawn both ways; always the same examples are looked at."""
    missing = set(SHAPES)

    def look(strategy: st.SearchStrategy[Any]) -> None:
        mine = {name: occurs for name, (drawn, occurs) in SHAPES.items() if drawn is strategy}

        @settings(max_examples=250, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
        @given(strategy)
        def note(drawn: Any) -> None:
            missing.difference_update([name for name in missing & mine.keys() if mine[name](drawn)])

        note()

    for strategy in (HTTP, WEBSOCKET, TALKS, SOCKETS):
        look(strategy)
    assert missing == set()


def test_the_guide_has_an_example_that_works() -> None:
    """The block of the guide for authors of applications is a test that passes."""
    block = next(text for name, text in blocks("python") if name == "app-author.md" and "strategies" in text)
    names: dict[str, Any] = {}
    exec(compile(block, "app-author.md", "exec"), names)
    few(names["test_any_client_is_answered"])()

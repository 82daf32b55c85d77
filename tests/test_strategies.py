"""The public strategies draw what conforms, and all that they promise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateproof import strategies as gst
from gateproof.drive.wsgi import serve
from gateproof.drive.wsgi.requests import Manner, Request
from gateproof.validate import Finding
from gateproof.validate.asgi import observe as observe_asgi
from gateproof.validate.wsgi import observe

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


@few
@given(gst.conversations("http"), gst.conversations("websocket"))
def test_conversations_have_an_order(http: Any, websocket: Any) -> None:
    """A request body ends once, a WebSocket begins with its connect, and both end with a disconnect."""
    flags = [event["more_body"] for event in http[1][:-1]]
    assert flags == [True] * (len(flags) - 1) + [False]
    assert http[1][-1] == {"type": "http.disconnect"}
    assert websocket[1][0] == {"type": "websocket.connect"}
    assert websocket[1][-1]["type"] == "websocket.disconnect"

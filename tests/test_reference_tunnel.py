"""The reference ASGI server holds WebSockets over streams of HTTP/2 (RFC 8441)."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from wsproto.connection import Connection as Frames
from wsproto.connection import ConnectionType
from wsproto.events import CloseConnection, TextMessage

from gateproof.reference.asgi import Server
from gateproof.wire.client import Connection
from gateproof.wire.http2 import Http2, Stream

pytestmark = pytest.mark.servers


async def echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Echo what a WebSocket says, or deny it where its path says so."""
    if scope["type"] != "websocket":
        return
    await receive()
    if scope["path"] == "/no":
        await send({"type": "websocket.close"})
    elif scope["path"] == "/denied":
        await send({"type": "websocket.http.response.start", "status": 418, "headers": [(b"x-a", b"b")]})
        await send({"type": "websocket.http.response.body", "body": b"tea"})
    else:
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": event["text"]})


def opened(http2: Http2, target: bytes) -> Stream:
    """Ask for a WebSocket."""
    pseudo = [(b":method", b"CONNECT"), (b":scheme", b"http"), (b":authority", b"a.test"), (b":path", target)]
    return http2.request([*pseudo, (b":protocol", b"websocket"), (b"sec-websocket-version", b"13")], end=False)


def test_a_conversation_and_two_refusals() -> None:
    """Messages go both ways, a close is answered and ends the stream; refusals are responses."""
    server = Server(echo, errors=io.StringIO())
    with server.serve_in_thread():
        wire = Connection(server.host, server.port)
        try:
            http2, deadline = Http2(wire), time.monotonic() + 5
            assert http2.greet(deadline)
            stream, frames = opened(http2, b"/"), Frames(ConnectionType.CLIENT)
            http2.send_data(stream, frames.send(TextMessage("caf\u00e9")), end=False)
            while b"caf" not in stream.body:
                http2.step(deadline)
            http2.send_data(stream, frames.send(CloseConnection(1000, "bye")), end=False)
            http2.finish(stream, deadline)
            frames.receive_data(bytes(stream.body))
            said = list(frames.events())
            assert [type(event).__name__ for event in said] == ["TextMessage", "CloseConnection"]
            assert isinstance(said[0], TextMessage)
            assert said[0].data == "caf\u00e9"
            assert stream.blocks[0][0][0] == (b":status", b"200")
            refused = http2.finish(opened(http2, b"/no"), deadline).response()
            denied = http2.finish(opened(http2, b"/denied"), deadline).response()
            assert refused is not None
            assert denied is not None
            assert (refused.status, denied.status, denied.body) == (403, 418, b"tea")
            assert (b"x-a", b"b") in denied.headers
        finally:
            wire.close()

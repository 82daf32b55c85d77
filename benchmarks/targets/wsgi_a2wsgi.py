"""An ASGI application under a2wsgi, which makes a WSGI application of it."""

from __future__ import annotations

from typing import Any

from a2wsgi import ASGIMiddleware


async def inner(scope: Any, receive: Any, send: Any) -> None:
    """Tell how much was sent, in two pieces."""
    if scope["type"] != "http":
        return
    octets, more = 0, True
    while more:
        event = await receive()
        octets, more = octets + len(event.get("body", b"")), event.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"octets: ", "more_body": True})
    await send({"type": "http.response.body", "body": b"%d" % octets})


app = ASGIMiddleware(inner)

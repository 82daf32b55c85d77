"""A Falcon application for ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import falcon
import falcon.asgi
from endless import again


class Root:
    """Links to the other pages."""

    async def on_get(self, request: Any, response: Any) -> None:
        """Link."""
        names = ("json", "go", "stream", "events", "none", "static/asgi_falcon.py", "ws")
        response.content_type = "text/html"
        response.text = "".join(f'<a href="/{name}">{name}</a>' for name in names)


class Json:
    """Tells what was sent."""

    async def on_get(self, request: Any, response: Any) -> None:
        """Tell."""
        response.media = {"sent": None}

    async def on_post(self, request: Any, response: Any) -> None:
        """Tell."""
        response.media = {"sent": str(await request.get_media(default_when_empty=None))}


class Go:
    """Redirects."""

    async def on_get(self, request: Any, response: Any) -> None:
        """Redirect."""
        raise falcon.HTTPFound("/json")


class Stream:
    """Gives a body piece by piece."""

    async def on_get(self, request: Any, response: Any) -> None:
        """Give it."""

        async def pieces() -> AsyncIterator[bytes]:
            yield b"one"
            yield b"two"

        response.stream = pieces()


class Events:
    """Gives server-sent events without end."""

    async def on_get(self, request: Any, response: Any) -> None:
        """Give them."""
        response.sse = again(falcon.asgi.SSEvent(text="again"))


class Nothing:
    """Gives nothing."""

    async def on_get(self, request: Any, response: Any) -> None:
        """Give it."""
        response.status = falcon.HTTP_204


class Echo:
    """Says what was said until the client leaves."""

    async def on_websocket(self, request: Any, websocket: Any) -> None:
        """Say it."""
        await websocket.accept()
        try:
            while True:
                await websocket.send_text(await websocket.receive_text())
        except falcon.WebSocketDisconnected:
            return


app = falcon.asgi.App()
RESOURCES = {"": Root, "json": Json, "go": Go, "stream": Stream, "events": Events, "none": Nothing, "ws": Echo}
for name, resource in RESOURCES.items():
    app.add_route(f"/{name}", resource())
app.add_static_route("/static", str(Path(__file__).parent))

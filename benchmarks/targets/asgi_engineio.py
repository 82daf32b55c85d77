"""Engine.IO's server, with an application of Starlette's behind it."""

from __future__ import annotations

from typing import Any

import asgi_starlette
import engineio

server = engineio.AsyncServer(async_mode="asgi")


@server.on("message")
async def message(session: str, said: Any) -> None:
    """Say what was said."""
    await server.send(session, said)


app = engineio.ASGIApp(server, asgi_starlette.app, static_files={"/page": __file__})

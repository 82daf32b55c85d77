"""A Sanic application."""

from __future__ import annotations

from typing import Any

from endless import again
from sanic import Sanic
from sanic.response import empty, file, html, json, redirect, text

app = Sanic("gateproof_target", configure_logging=False)


@app.get("/")
async def root(request: Any) -> Any:
    """Link to the other pages."""
    names = ("json", "file", "go?next=/json", "stream", "events", "none", "items/1", "ws")
    return html("".join(f'<a href="/{name}">{name}</a>' for name in names))


@app.route("/json", methods=["GET", "POST", "PUT"])
async def told(request: Any) -> Any:
    """Tell what was sent."""
    return json({"fields": len(request.form or ()), "octets": len(request.body)})


@app.get("/file")
async def this(request: Any) -> Any:
    """Give this file."""
    return await file(__file__)


@app.get("/go")
async def go(request: Any) -> Any:
    """Redirect."""
    return redirect(request.args.get("next") or "/")


@app.get("/stream")
async def stream(request: Any) -> Any:
    """Give a body piece by piece."""
    response = await request.respond(content_type="text/plain")
    await response.send("one")
    await response.send("two")
    await response.eof()


@app.get("/events")
async def events(request: Any) -> Any:
    """Give a body without end."""
    response = await request.respond(content_type="text/event-stream")
    async for said in again("data: again\n\n"):
        await response.send(said)


@app.get("/none")
async def none(request: Any) -> Any:
    """Give nothing."""
    return empty()


@app.get("/items/<number:int>")
async def item(request: Any, number: int) -> Any:
    """Give an item."""
    return text(str(number))


@app.websocket("/ws")
async def echo(request: Any, websocket: Any) -> None:
    """Say what was said until the client leaves."""
    async for said in websocket:
        await websocket.send(said)

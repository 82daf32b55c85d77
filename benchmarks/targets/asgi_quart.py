"""A Quart application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from endless import again
from quart import Quart, Response, jsonify, redirect, request, send_file, session, websocket

app = Quart(__name__)
app.secret_key = "not a secret"


@app.get("/")
async def root() -> str:
    """Link to the other pages."""
    names = ("json", "file", "go?next=/json", "stream", "events", "none", "session", "items/1", "ws")
    return "".join(f'<a href="/{name}">{name}</a>' for name in names)


@app.route("/json", methods=["GET", "POST", "PUT"])
async def json() -> Any:
    """Tell what was sent."""
    return jsonify(json=await request.get_json(silent=True), form=dict(await request.form))


@app.get("/file")
async def file() -> Any:
    """Give this file."""
    return await send_file(__file__, conditional=True)


@app.get("/go")
async def go() -> Any:
    """Redirect."""
    return redirect(request.args.get("next") or "/")


@app.get("/stream")
async def stream() -> Any:
    """Give a body piece by piece."""

    async def pieces() -> AsyncIterator[str]:
        yield "one"
        yield "two"

    return Response(pieces(), mimetype="text/plain")


@app.get("/events")
async def events() -> Any:
    """Give a body without end."""
    response = Response(again("data: again\n\n"), mimetype="text/event-stream")
    response.timeout = None
    return response


@app.route("/none", methods=["GET", "DELETE"])
async def none() -> Any:
    """Give nothing."""
    return "", 204


@app.get("/session")
async def visits() -> str:
    """Count visits in the session."""
    session["visits"] = session.get("visits", 0) + 1
    return str(session["visits"])


@app.get("/items/<int:number>")
async def item(number: int) -> str:
    """Give an item."""
    return str(number)


@app.websocket("/ws")
async def echo() -> None:
    """Say what was said until the client leaves."""
    while True:
        await websocket.send(await websocket.receive())

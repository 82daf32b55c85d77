"""A BlackSheep application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from blacksheep import Application, Content, Request, Response, StreamedContent, WebSocket, WebSocketDisconnectError
from blacksheep.server.responses import html, json, redirect, status_code
from endless import again

app = Application()
app.serve_files(Path(__file__).parent, root_path="static", extensions={".py"})


@app.router.get("/")
async def root() -> Response:
    """Link to the other pages."""
    names = ("json", "go", "stream", "events", "none", "items/1", "static/__init__.py", "ws")
    return html("".join(f'<a href="/{name}">{name}</a>' for name in names))


@app.router.route("/json", methods=["GET", "POST", "PUT"])
async def told(request: Request) -> Response:
    """Tell what was sent."""
    sent: Any = await request.form() if request.declares_content_type(b"form") else await request.read()
    return json({"sent": len(sent or ())})


@app.router.get("/go")
async def go() -> Response:
    """Redirect."""
    return redirect("/json")


@app.router.get("/stream")
async def stream() -> Response:
    """Give a body piece by piece."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    return Response(200, content=StreamedContent(b"text/plain", pieces))


@app.router.get("/events")
async def events() -> Response:
    """Give a body without end."""

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in again(b"data: again\n\n"):
            yield piece

    return Response(200, content=StreamedContent(b"text/event-stream", pieces))


@app.router.get("/none")
async def none() -> Response:
    """Give nothing."""
    return status_code(204)


@app.router.get("/items/{int:number}")
async def item(number: int) -> Response:
    """Give an item."""
    return Response(200, content=Content(b"text/plain", str(number).encode()))


@app.router.ws("/ws")
async def echo(websocket: WebSocket) -> None:
    """Say what was said until the client leaves."""
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnectError:
        return

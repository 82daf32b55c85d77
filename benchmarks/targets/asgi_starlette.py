"""A Starlette application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from endless import again
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocketDisconnect


async def root(request: Any) -> Response:
    """Link to the other pages."""
    pages = ("json", "file", "go?next=/json", "stream", "events", "none", "session", "later", "items/1", "ws")
    names = (*pages, "static/__init__.py")
    return HTMLResponse("".join(f'<a href="/{name}">{name}</a>' for name in names))


async def json(request: Any) -> Response:
    """Tell what was sent."""
    async with request.form() as form:
        return JSONResponse({"fields": len(form), "visits": request.state.visits})


async def file(request: Any) -> Response:
    """Give this file."""
    return FileResponse(__file__, filename="caf\xe9.py")


async def go(request: Any) -> Response:
    """Redirect."""
    return RedirectResponse(request.query_params.get("next") or "/")


async def stream(request: Any) -> Response:
    """Give a body piece by piece."""

    async def pieces() -> AsyncIterator[str]:
        yield "one"
        yield "two"

    return StreamingResponse(pieces(), media_type="text/plain")


async def events(request: Any) -> Response:
    """Give a body without end."""
    return StreamingResponse(again("data: again\n\n"), media_type="text/event-stream")


async def none(request: Any) -> Response:
    """Give nothing."""
    return Response(status_code=204)


async def session(request: Any) -> Response:
    """Count visits in the session."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return JSONResponse(request.session["visits"])


async def later(request: Any) -> Response:
    """Do something when the response is sent."""

    async def done() -> None:
        return None

    return Response("later", background=BackgroundTask(done))


async def item(request: Any) -> Response:
    """Give an item."""
    return Response(str(request.path_params["number"]))


async def echo(websocket: Any) -> None:
    """Say what was said until the client leaves."""
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        return


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, int]]:
    """Keep a state."""
    yield {"visits": 0}


app = Starlette(
    routes=[
        Route("/", root),
        Route("/json", json, methods=["GET", "POST", "PUT"]),
        Route("/file", file),
        Route("/go", go),
        Route("/stream", stream),
        Route("/events", events),
        Route("/none", none, methods=["GET", "DELETE"]),
        Route("/session", session),
        Route("/later", later),
        Route("/items/{number:int}", item),
        Mount("/static", StaticFiles(directory=str(Path(__file__).parent))),
        WebSocketRoute("/ws", echo),
    ],
    middleware=[Middleware(SessionMiddleware, secret_key="not a secret")],
    lifespan=lifespan,
)

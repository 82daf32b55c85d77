"""A FastAPI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from endless import again
from fastapi import Body, Depends, FastAPI, File, Form, Header, UploadFile, WebSocket
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Have a beginning and an end."""
    yield


app = FastAPI(lifespan=lifespan)


def resource() -> Iterator[str]:
    """Open something and close it."""
    yield "open"


@app.get("/", response_class=HTMLResponse)
def root() -> str:
    """Link to the other pages."""
    names = ("json", "form", "file", "go?next=/json", "stream", "events", "none", "items/1", "ws")
    return "".join(f'<a href="/{name}">{name}</a>' for name in names)


@app.get("/json")
async def json(opened: Annotated[str, Depends(resource)], agent: Annotated[str | None, Header()] = None) -> Any:
    """Tell what was asked with."""
    return {"opened": opened, "agent": agent}


@app.post("/json")
async def posted(sent: Annotated[Any, Body()] = None) -> Any:
    """Tell whether something was sent."""
    return {"sent": sent is not None}


@app.post("/form")
async def form(word: Annotated[str, Form()] = "", upload: Annotated[UploadFile | None, File()] = None) -> Any:
    """Tell what was sent."""
    return {"word": word, "file": upload is not None}


@app.get("/file")
async def file() -> Any:
    """Give this file."""
    return FileResponse(__file__)


@app.get("/go")
async def go(next: str = "/") -> Any:
    """Redirect."""
    return RedirectResponse(next)


@app.get("/stream")
def stream() -> Any:
    """Give a body piece by piece, from a thread."""
    return StreamingResponse(iter(["one", "two"]), media_type="text/plain")


@app.get("/events")
async def events() -> Any:
    """Give a body without end."""
    return StreamingResponse(again("data: again\n\n"), media_type="text/event-stream")


@app.get("/none", status_code=204)
def none() -> Response:
    """Give nothing."""
    return Response(status_code=204)


@app.get("/items/{number}")
def item(number: int) -> Any:
    """Give an item."""
    return number


@app.websocket("/ws")
async def echo(websocket: WebSocket) -> None:
    """Say what was said until the client leaves."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)

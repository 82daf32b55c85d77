"""A Litestar application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from endless import again
from litestar import Litestar, Request, delete, get, post, websocket_listener
from litestar.response import File, Redirect, ServerSentEvent, Stream
from litestar.static_files import create_static_files_router


@get("/", media_type="text/html")
async def root() -> str:
    """Link to the other pages."""
    names = ("json", "file", "go?next=/json", "stream", "events", "none", "items/1", "static/__init__.py", "ws")
    return "".join(f'<a href="/{name}">{name}</a>' for name in names)


@get("/json")
async def json(request: Request[Any, Any, Any]) -> dict[str, int]:
    """Tell what was asked with."""
    return {"parameters": len(request.query_params), "cookies": len(request.cookies)}


@post("/json")
async def posted(request: Request[Any, Any, Any]) -> dict[str, int]:
    """Tell what was sent."""
    return {"fields": len(await request.form())}


@get("/file")
async def file() -> File:
    """Give this file."""
    return File(path=__file__)


@get("/go", status_code=302)
async def go() -> Redirect:
    """Redirect."""
    return Redirect(path="/json")


@get("/stream")
async def stream() -> Stream:
    """Give a body piece by piece."""

    async def pieces() -> AsyncIterator[str]:
        yield "one"
        yield "two"

    return Stream(pieces(), media_type="text/plain")


@get("/events")
async def events() -> ServerSentEvent:
    """Give a body without end."""
    return ServerSentEvent(again("again"))


@delete("/none")
async def none() -> None:
    """Give nothing."""


@get("/items/{number:int}")
async def item(number: int) -> int:
    """Give an item."""
    return number


@websocket_listener("/ws")
async def echo(data: str) -> str:
    """Say what was said."""
    return data


app = Litestar(
    [
        root,
        json,
        posted,
        file,
        go,
        stream,
        events,
        none,
        item,
        echo,
        create_static_files_router(path="/static", directories=[Path(__file__).parent]),
    ]
)

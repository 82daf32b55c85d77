"""A Bottle application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bottle import Bottle, redirect, request, response, static_file

app = Bottle()


@app.get("/")
def root() -> str:
    """Link to the other pages."""
    names = ("form", "file", "go", "stream", "none")
    return "".join(f'<a href="/{name}">{name}</a>' for name in names)


@app.route("/form", method=["GET", "POST", "PUT"])
def form() -> Any:
    """Tell what was sent."""
    return {"form": dict(request.forms), "files": len(request.files)}


@app.get("/file")
def file() -> Any:
    """Give this file."""
    return static_file(Path(__file__).name, root=str(Path(__file__).parent))


@app.get("/go")
def go() -> None:
    """Redirect."""
    redirect("/form")


@app.get("/stream")
def stream() -> Iterator[str]:
    """Give a body piece by piece."""
    yield "one"
    yield "two"


@app.route("/none", method=["GET", "DELETE"])
def none() -> str:
    """Give nothing."""
    response.status = 204
    return ""

"""A Flask application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, jsonify, redirect, request, send_file, session

app = Flask(__name__)
app.secret_key = "not a secret"


@app.get("/")
def root() -> str:
    """Link to the other pages."""
    names = ("json", "file", "go?next=/json", "stream", "none", "session", "items/1")
    return "".join(f'<a href="/{name}">{name}</a>' for name in names)


@app.route("/json", methods=["GET", "POST", "PUT"])
def json() -> Any:
    """Tell what was sent."""
    return jsonify(json=request.get_json(silent=True), form=dict(request.form), files=len(request.files))


@app.get("/file")
def file() -> Any:
    """Give this file."""
    return send_file(__file__, conditional=True)


@app.get("/go")
def go() -> Any:
    """Redirect."""
    return redirect(request.args.get("next") or "/")


@app.get("/stream")
def stream() -> Any:
    """Give a body piece by piece."""

    def pieces() -> Iterator[str]:
        yield "one"
        yield "two"

    return Response(pieces(), mimetype="text/plain")


@app.route("/none", methods=["GET", "DELETE"])
def none() -> Any:
    """Give nothing."""
    return "", 204


@app.get("/session")
def visits() -> str:
    """Count visits in the session."""
    session["visits"] = session.get("visits", 0) + 1
    return str(session["visits"])


@app.get("/items/<int:number>")
def item(number: int) -> str:
    """Give an item."""
    return str(number)

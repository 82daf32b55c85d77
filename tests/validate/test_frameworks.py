"""Applications of real frameworks under their own test clients make no finding."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from gateproof.lint import lint


def unblemished(linted: Any) -> bool:
    """Whether nothing was found that the application is to blame for; test clients leave out what a server owes."""
    return [finding for finding in linted.findings if finding.party == "application"] == []


@pytest.fixture
def starlette() -> Iterator[Any]:
    """The package with its test client, which deprecates what this environment has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("starlette.testclient")
        import starlette

        yield starlette


def starlette_app() -> Any:
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse, StreamingResponse
    from starlette.routing import Route, WebSocketRoute

    async def home(request: Any) -> Any:
        return PlainTextResponse("hello")

    async def echo(request: Any) -> Any:
        return PlainTextResponse(await request.body())

    async def stream(request: Any) -> Any:
        async def parts() -> Any:
            yield b"a"
            yield b"b"

        return StreamingResponse(parts())

    async def chat(websocket: Any) -> None:
        await websocket.accept(subprotocol="chat")
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    return Starlette(
        routes=[
            Route("/", home),
            Route("/echo", echo, methods=["POST"]),
            Route("/stream", stream),
            WebSocketRoute("/chat", chat),
        ]
    )


def test_starlette_with_its_test_client(starlette: Any) -> None:
    from starlette.testclient import TestClient

    linted = lint(starlette_app())
    with TestClient(linted) as client:
        assert client.get("/").text == "hello"
        assert client.head("/").status_code == 200
        assert client.post("/echo", content=b"x" * 100_000).content == b"x" * 100_000
        assert client.get("/stream").text == "ab"
        assert client.get("/missing").status_code == 404
        with client.websocket_connect("/chat", subprotocols=["chat"]) as session:
            session.send_text("hi")
            assert session.receive_text() == "hi"
    assert unblemished(linted), linted.findings


def test_starlette_with_httpx(starlette: Any) -> None:
    httpx = pytest.importorskip("httpx")
    linted = lint(starlette_app())

    async def talk() -> None:
        transport = httpx.ASGITransport(linted)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            assert (await client.get("/")).text == "hello"
            assert (await client.post("/echo", content=b"x")).content == b"x"

    asyncio.run(talk())
    assert unblemished(linted), linted.findings


def flask_app() -> Any:
    flask = pytest.importorskip("flask")
    app = flask.Flask(__name__)

    @app.get("/")
    def home() -> str:
        return "hello"

    @app.post("/echo")
    def echo() -> Any:
        return flask.request.get_data()

    @app.get("/stream")
    def stream() -> Any:
        return app.response_class(iter(["a", "b"]))

    return app


def test_flask_with_werkzeugs_client() -> None:
    from werkzeug.test import Client

    linted = lint(flask_app())
    client = Client(linted)
    assert client.get("/").text == "hello"
    assert client.head("/").status_code == 200
    assert client.get("/stream").text == "ab"
    assert client.get("/missing").status_code == 404
    assert unblemished(linted), linted.findings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert client.post("/echo", data=b"x" * 1000).data == b"x" * 1000
    # It looks for readinto(), with a fallback.
    assert {finding.requirement_id for finding in linted.findings if finding.party == "application"} <= {
        "WSGI-INPUT-020"
    }
    assert all("WSGI-INPUT-020" in str(warning.message) for warning in caught)


def test_flask_with_httpx() -> None:
    httpx = pytest.importorskip("httpx")
    linted = lint(flask_app())
    with httpx.Client(transport=httpx.WSGITransport(linted), base_url="http://localhost") as client:
        assert client.get("/").text == "hello"
    assert unblemished(linted), linted.findings

"""The driver of ASGI applications: what it waits for, and for how long."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from gateproof.suites import counting
from gateproof.suites.asgi.application import leaving

from gateproof.drive.asgi import App, Request, playing
from gateproof.drive.asgi.playing import STREAM_S
from gateproof.inprocess import Subject


async def stands_still(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Send a response in parts; in the middle of it the whole process gets no turn for a while."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    await asyncio.sleep(0)
    time.sleep(STREAM_S * 1.2)
    for _ in range(10):
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b"two"})


def test_a_process_that_stood_still_is_no_endless_response() -> None:
    """Time in which nobody had a turn is not the application's."""
    app = App(Subject("application", "stands_still", stands_still, "asgi"))
    try:
        call = app.http(Request())
        assert (call.endless, call.body) == (False, b"onetwo")
    finally:
        app.stop()


async def starts_slowly(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Take longer for the startup, and for the shutdown, than is waited for those who do nothing."""
    for _ in range(2):
        kind = (await receive())["type"]
        await asyncio.sleep(0.2)
        await send({"type": f"{kind}.complete"})


async def listens_on(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Receive one event after the other, and answer none."""
    while True:
        await receive()


def test_no_text_says_when_a_startup_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is at work is waited for, who waits for more is not."""
    monkeypatch.setattr(playing, "STARTUP_S", 0.05)
    monkeypatch.setattr(playing, "SLOW_S", 10.0)
    slow = App(Subject("application", "starts_slowly", starts_slowly, "asgi"))
    silent = App(Subject("application", "listens_on", listens_on, "asgi"))
    try:
        call = slow.lifetime(state={})
        assert (call.types, call.hung) == (["lifespan.startup.complete", "lifespan.shutdown.complete"], False)
        begun = time.monotonic()
        assert silent.lifetime(state={}).unanswered
        assert time.monotonic() - begun < 5.0
    finally:
        slow.stop()
        silent.stop()


def sends_mail(seconds: float) -> Any:
    """Make an application that leaves a task behind each answer."""
    tasks: set[asyncio.Task[None]] = set()

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"sent"})
        task = asyncio.ensure_future(asyncio.sleep(seconds))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return app


def test_what_ends_behind_an_answer_is_not_left_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anybody is accused his tasks get time to end."""
    monkeypatch.setattr(leaving, "LATER_S", 1.5)
    found = []
    for seconds in (0.8, 60.0):
        app = App(Subject("application", "sends_mail", sends_mail(seconds), "asgi"))
        app.begin_check("leaving", patient=True)
        try:
            found.append(leaving.grown(app, lambda app=app: app.http(Request())))  # type: ignore[misc]
        finally:
            app.stop()
    assert found == ["", f"{counting.TIMES} tasks more"]

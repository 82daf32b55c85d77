"""The driver of ASGI applications: what it waits for, and for how long."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from gateproof.drive.asgi import App, Request
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

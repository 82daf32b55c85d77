"""The lifespan of the reference ASGI server (specs/lifespan, version 2.0)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateproof.reference.asgi import Server

SHUTDOWN_S = 10.0


class StartupFailed(Exception):
    """The application said lifespan.startup.failed; carries its message."""


class Lifespan:
    """One call that lasts as long as the server serves."""

    def __init__(self, server: Server) -> None:
        """Not called yet."""
        self.server = server
        self.state: dict[Any, Any] = {}
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.started: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failure = ""
        self.raised = False
        self.task: asyncio.Task[None] | None = None

    def scope(self) -> dict[str, Any]:
        """The scope."""
        return {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}

    async def startup(self) -> None:
        """Call the application and wait until it is ready; raises `StartupFailed`. One that raises has no lifespan."""
        self.task = self.server.start_call(self.run())
        self.server.calls.discard(self.task)  # it is not one of those that end before shutdown
        self.events.put_nowait({"type": "lifespan.startup"})
        await self.until(self.started)
        if self.failure or (self.started.done() and not self.started.result()):
            raise StartupFailed(self.failure)
        self.server.state = self.shared_state()

    def shared_state(self) -> dict[Any, Any] | None:
        """What requests get copies of."""
        return self.state

    async def run(self) -> None:
        """Be the call."""
        try:
            await self.server.call(self.scope(), self.receive, self.send)
        except Exception as error:
            self.raised = True
            if not self.started.done():
                self.server.log(f"no lifespan: the application raised {type(error).__name__}")
            else:
                self.server.report(error)

    async def receive(self) -> dict[str, Any]:
        """The next event; for ever waiting where none is to come."""
        return await self.events.get()

    async def send(self, event: dict[str, Any]) -> None:
        """Take an event from the application."""
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            raise TypeError("an event must be a dict with a type")
        self.check_message(event)
        kind = event["type"]
        if kind == "lifespan.startup.complete":
            self.answer_startup(True)
        elif kind == "lifespan.startup.failed":
            self.failure = self.message(event)
            self.answer_startup(False)
        elif kind == "lifespan.shutdown.complete":
            self.answer_shutdown()
        elif kind == "lifespan.shutdown.failed":
            self.server.log(f"shutdown failed: {self.message(event)}")
            self.answer_shutdown()
        else:
            self.unknown(kind)

    def unknown(self, kind: str) -> None:
        """An event that nobody knows."""
        raise ValueError(f"unknown lifespan event {kind!r}")

    def check_message(self, event: dict[str, Any]) -> None:
        """A message is text."""
        if not isinstance(event.get("message", ""), str):
            raise TypeError("message must be a str")

    def message(self, event: dict[str, Any]) -> str:
        """The message of a failure; '' where there is none."""
        return str(event.get("message", ""))

    def answer_startup(self, well: bool) -> None:
        """Take the answer to lifespan.startup."""
        if self.started.done():
            raise RuntimeError("startup was answered already")
        self.started.set_result(well)

    def answer_shutdown(self) -> None:
        """Take the answer to lifespan.shutdown."""
        if self.stopped.done():
            raise RuntimeError("shutdown was answered already")
        self.stopped.set_result(None)

    async def shutdown(self) -> None:
        """Tell the application, and wait for its answer or its end."""
        if self.wants_shutdown():
            self.events.put_nowait({"type": "lifespan.shutdown"})
            await self.until(self.stopped)
        await self.abandon()

    async def until(self, answer: asyncio.Future[Any]) -> None:
        """Wait for an answer or the end of the call; at shutdown, not for ever."""
        assert self.task is not None
        either: set[asyncio.Future[Any]] = {answer, self.task}
        patience = SHUTDOWN_S if answer is self.stopped else None
        await asyncio.wait(either, timeout=patience, return_when=asyncio.FIRST_COMPLETED)

    def wants_shutdown(self) -> bool:
        """Only a call that has started up and goes on is told."""
        assert self.task is not None
        return self.started.done() and self.started.result() and not self.task.done()

    async def abandon(self) -> None:
        """Let the call end by itself for a moment, then end it."""
        assert self.task is not None
        await asyncio.wait([self.task], timeout=0.2)
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

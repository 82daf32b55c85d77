"""Conforming variants of the lifespan: legal choices that servers make."""

from __future__ import annotations

import asyncio
from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_lifespan import Lifespan

from .faults import choice


@choice()
class NoLifespan(Lifespan):
    """The protocol is optional: nobody is called."""

    async def startup(self) -> None:
        """The choice."""

    async def shutdown(self) -> None:
        """The choice."""


@choice()
class NoState(Lifespan):
    """State is optional."""

    def scope(self) -> dict[str, Any]:
        """The choice."""
        scope = super().scope()
        del scope["state"]
        return scope

    def shared_state(self) -> dict[Any, Any] | None:
        """The choice."""
        return None


@choice()
class NoLifespanVersion(Lifespan):
    """spec_version is optional."""

    def scope(self) -> dict[str, Any]:
        """The choice."""
        return {**super().scope(), "asgi": {"version": "3.0"}}


class LifespanFailure(Exception):
    """What a server raises into an application whose startup or shutdown failed."""


@choice()
class RaisesIntoTheFailure(Lifespan):
    """An application that says that it failed gets an exception of the server's own, which ends its call."""

    async def send(self, event: dict[str, Any]) -> None:
        """The choice."""
        await super().send(event)
        if event["type"].endswith(".failed"):
            raise LifespanFailure(f"lifespan failure: {self.message(event)!r}")


@choice()
class EndsStartupAtOnce(Lifespan):
    """A stop during startup ends the application's call: it has not started up."""

    async def startup(self) -> None:
        """The choice."""
        stop = asyncio.ensure_future(self.server.wait_for_stop())
        start = asyncio.ensure_future(super().startup())
        await asyncio.wait([stop, start], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not start.done():
            start.cancel()
            await asyncio.gather(start, return_exceptions=True)
            return
        await start


@choice()
class CutsRequestsAtStop(Server):
    """A stop cancels requests in flight; then the application is told."""

    async def finish_connections(self) -> None:
        """The choice."""
        for connection, task in [*self.connections.items()]:
            connection.say_stop()
            task.cancel()
        for call in [*self.calls]:
            call.cancel()
        if self.calls:
            await asyncio.wait(self.calls)
        await self.drop_latecomers()


@choice()
class WaitsForTheAnswer(Lifespan):
    """A call that returned without an answer is waited for no longer than others, and then served."""

    async def until(self, answer: asyncio.Future[Any]) -> None:
        """The choice."""
        if answer is self.stopped:
            await super().until(answer)
            return
        assert self.task is not None
        await asyncio.wait([self.task, answer], return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() and not self.raised:
            await asyncio.wait([answer], timeout=0.3)

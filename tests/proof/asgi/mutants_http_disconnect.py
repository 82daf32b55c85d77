"""Mutants of http.disconnect, and of sends to a client that left."""

from __future__ import annotations

import asyncio
from typing import Any

from gateproof.reference.asgi_http import Http

from .faults import fault

Event = dict[str, Any]


class Unlucky(OSError):
    """An error that the server itself does not know."""


async def forever() -> None:
    """Wait for nothing."""
    await asyncio.Event().wait()


@fault("ASGI-HTTP-DISC-001", also=["ASGI-HTTP-DISC-007"])
class WaitsForTheSocket(Http):
    """A response that is complete is no end: only a closed socket is."""

    def over(self) -> bool:
        """The fault."""
        return self.connection.lost


@fault("ASGI-HTTP-DISC-001")
class NoEndAfterHead(Http):
    """After a response to HEAD nothing is told."""

    async def receive(self) -> Event:
        """The fault."""
        if self.complete and self.request.method == b"HEAD":
            await forever()
        return await super().receive()


@fault("ASGI-HTTP-DISC-002")
class NothingForLatecomers(Http):
    """Who has the body and receives when the client is gone waits for ever."""

    async def receive(self) -> Event:
        """The fault."""
        if self.connection.lost and self.body_ended:
            await forever()
        return await super().receive()


@fault("ASGI-HTTP-DISC-002")
class NothingWithinTheResponse(Http):
    """Once the response has begun nobody looks whether the client is there."""

    async def receive(self) -> Event:
        """The fault."""
        if self.connection.lost and self.head_sent:
            await forever()
        return await super().receive()


@fault("ASGI-HTTP-DISC-003")
class LooksWhenAsked(Http):
    """Whether the client is there is looked at when receive is called, not later."""

    async def wait_for_end(self) -> Event:
        """The fault."""
        if not self.over():
            await self.done.wait()
        return self.disconnect_event()


@fault("ASGI-HTTP-DISC-003", also=["ASGI-APP-023"])
class CancelsTheReceive(Http):
    """A receive that waits is cancelled."""

    async def wait_for_end(self) -> Event:
        """The fault."""
        early = not self.over()
        event = await super().wait_for_end()
        if early and self.connection.lost and not self.complete:
            raise asyncio.CancelledError
        return event


@fault("ASGI-HTTP-DISC-003")
class DeafWhileStreaming(Http):
    """Within a response of known length a client that leaves is not noticed."""

    async def wait_for_end(self) -> Event:
        """The fault."""
        if not self.over() and self.length is not None and not self.complete:
            await self.done.wait()
        return await super().wait_for_end()


@fault("ASGI-HTTP-DISC-004", also=["ASGI-APP-019"])
class EndOfTheBodyIsTheEnd(Http):
    """Behind the body comes http.disconnect."""

    async def wait_for_end(self) -> Event:
        """The fault."""
        return self.disconnect_event()


@fault("ASGI-HTTP-DISC-004")
class NextIsGone(Http):
    """What comes behind the request is taken for its end."""

    async def wait_for_end(self) -> Event:
        """The fault."""
        while not (self.over() or self.connection.eof or self.connection.buffer):
            self.connection.changed.clear()
            waits = [asyncio.ensure_future(event.wait()) for event in (self.connection.changed, self.done)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for waiting in waits:
                waiting.cancel()
        return self.disconnect_event()


@fault("ASGI-HTTP-DISC-004")
class CloseIsGone(Http):
    """Who says close is taken for gone once the response has begun."""

    async def wait_for_end(self) -> Event:
        """The fault."""
        if self.client_closes() and self.head_sent:
            return self.disconnect_event()
        return await super().wait_for_end()


@fault("ASGI-HTTP-DISC-005")
class OnlyOnce(Http):
    """The end is told once."""

    told = False

    async def receive(self) -> Event:
        """The fault."""
        if self.told:
            await forever()
        event = await super().receive()
        self.told = event["type"] == "http.disconnect"
        return event


@fault("ASGI-HTTP-DISC-007")
class NotWokenByTheEnd(Http):
    """A receive that waits is not woken by the end of the response."""

    async def wait_for_end(self) -> Event:
        """The fault."""
        while not self.over() and not self.connection.eof:
            self.connection.changed.clear()
            await self.connection.changed.wait()
        return self.disconnect_event()


class Muffled(Http):
    """Raises nothing where the client is gone: not a mutant, but where several begin."""

    async def send(self, event: Event) -> None:
        """Ask `gone` what comes of it."""
        try:
            await super().send(event)
        except OSError:
            self.broken = True
            await self.gone()

    async def gone(self) -> None:
        """The fault."""


@fault("ASGI-HTTP-DISC-009")
class SaysNothing(Muffled):
    """A send to nobody is a no-op, though the version declared has an error for it."""


@fault("ASGI-HTTP-DISC-010", also=["ASGI-HTTP-DISC-009", "ASGI-ERR-024", "ASGI-ERR-025"])
class RaisesSomethingElse(Muffled):
    """A send to nobody is a RuntimeError."""

    async def gone(self) -> None:
        """The fault."""
        raise RuntimeError("the transport is closed")


@fault("ASGI-HTTP-DISC-012", also=["ASGI-ERR-025"])
class LogsItsOwnError(Muffled):
    """What send raised is logged as a failure of the application."""

    async def gone(self) -> None:
        """The fault."""
        raise Unlucky("the client is gone")


@fault("ASGI-HTTP-DISC-013", also=["ASGI-ERR-021"])
class Shaken(Http):
    """Where what send raised comes back, the next connection is dropped."""

    fine = False

    async def returned(self) -> None:
        """No exception came back."""
        self.fine = True
        await super().returned()

    async def run(self, scope: dict[str, Any]) -> None:
        """Take note of one that did."""
        await super().run(scope)
        if self.broken and not self.fine:
            self.server.shaken = True  # type: ignore[attr-defined]

    async def serve(self) -> bool:
        """The fault."""
        if getattr(self.server, "shaken", False):
            self.server.shaken = False  # type: ignore[attr-defined]
            self.connection.abort()
            return False
        return await super().serve()

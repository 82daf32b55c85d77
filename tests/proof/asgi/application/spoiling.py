"""What mutants of applications share: a fault in what is sent, put there between the application and the server."""

from __future__ import annotations

from typing import Any

from gateproof.reference.asgi_application import Application, Event, Receive, Scope, Send


class Spoiling(Application):
    """The reference, with a fault in the events that it sends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a call through `spoil`."""

        async def spoilt(event: Event) -> None:
            for each in self.spoil(event, scope):
                await send(each)

        await super().__call__(scope, receive, spoilt)

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """Return the events that are sent instead of one."""
        return [event]


class Receiving(Application):
    """The reference, with a fault in how it takes events."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a call through `take`."""

        async def taken() -> Event:
            return self.take(await receive())

        await super().__call__(scope, taken, send)

    def take(self, event: Event) -> Event:
        """Return what the application makes of an event."""
        return event


def of(event: Event, kind: str, **changes: Any) -> list[Event]:
    """Return the event, changed where it is of that type."""
    return [{**event, **changes}] if event["type"] == kind else [event]


def head(event: Event, *fields: Any) -> list[Event]:
    """Return the event, with further fields where it starts a response."""
    return of(event, "http.response.start", headers=[*event.get("headers", ()), *fields])


__all__ = ["Application", "Event", "Receive", "Receiving", "Scope", "Send", "Spoiling", "head", "of"]

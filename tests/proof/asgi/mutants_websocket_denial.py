"""Mutants of denial responses."""

from __future__ import annotations

from typing import Any

from gateproof.reference.asgi_websocket import WebSocket

from .faults import fault
from .mutants_websocket_handshake import Unheard

Event = dict[str, Any]


class Denying(WebSocket):
    """A socket that changes the events of a denial: not a mutant, but where several begin."""

    async def deny(self, kind: str, event: Event) -> None:
        """Change an event."""
        await super().deny(kind, self.spoil(kind.rpartition(".")[2], event))

    def spoil(self, what: str, event: Event) -> Event:
        """The fault: `what` is start or body."""
        return event


@fault("ASGI-EXT-070", also=["ASGI-EXT-071", "ASGI-EXT-072"])
class AlwaysForbidden(Denying):
    """Every denial is 403."""

    def spoil(self, what: str, event: Event) -> Event:
        """The fault."""
        return {**event, "status": 403} if what == "start" else event


@fault("ASGI-EXT-083")
class NoHeadersOfDenials(Denying):
    """The headers are left out."""

    def spoil(self, what: str, event: Event) -> Event:
        """The fault."""
        return {**event, "headers": []} if what == "start" else event


@fault("ASGI-EXT-083")
class LastOfEachDenialHeader(Denying):
    """Of repeated headers the last one is kept."""

    def spoil(self, what: str, event: Event) -> Event:
        """The fault."""
        return {**event, "headers": list(dict(event.get("headers", ())).items())} if what == "start" else event


@fault("ASGI-EXT-070")
class TextDenials(Denying):
    """A body that is not UTF-8 breaks the server."""

    def spoil(self, what: str, event: Event) -> Event:
        """The fault."""
        if what == "body":
            event.get("body", b"").decode()
        return event


@fault("ASGI-EXT-070")
class OnlyKnownStatuses(Denying):
    """A status that http.HTTPStatus does not know breaks the server."""

    def spoil(self, what: str, event: Event) -> Event:
        """The fault."""
        import http

        if what == "start":
            http.HTTPStatus(event["status"])
        return event


@fault("ASGI-EXT-084")
class DenialsByCodec(Denying):
    """What of a body is not UTF-8 is replaced."""

    def spoil(self, what: str, event: Event) -> Event:
        """The fault."""
        return (
            {**event, "body": event.get("body", b"").decode("utf-8", "replace").encode()} if what == "body" else event
        )


@fault("ASGI-EXT-071", also=["ASGI-EXT-072"])
class OnePieceOnly(Denying):
    """The first piece of the body is the last."""

    def spoil(self, what: str, event: Event) -> Event:
        """The fault."""
        return {**event, "more_body": False} if what == "body" else event


@fault("ASGI-EXT-072")
class HeadersAreNeeded(Denying):
    """A start without headers raises KeyError."""

    def spoil(self, what: str, event: Event) -> Event:
        """The fault."""
        if what == "start":
            event["headers"]
        return event


@fault("ASGI-EXT-072")
class BodyIsNeeded(Denying):
    """A body event without a body raises KeyError."""

    def spoil(self, what: str, event: Event) -> Event:
        """The fault."""
        if what == "body":
            event["body"]
        return event


@fault("ASGI-EXT-073", also=["ASGI-EXT-072"])
class DeniesBehindA101(WebSocket):
    """The handshake is completed before it is denied."""

    async def deny(self, kind: str, event: Event) -> None:
        """The fault."""
        if self.denial is None:
            await self.connection.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        await super().deny(kind, event)


@fault("ASGI-EXT-074")
class IgnoresWhatFollows(WebSocket):
    """Other events behind the start of a denial are ignored."""

    async def send(self, event: Event) -> None:
        """The fault."""
        if self.denial is None or "http" in event["type"]:
            await super().send(event)


@fault("ASGI-EXT-079")
class KeepsTheConnection(Unheard):
    """The connection stays open behind a denial."""

    async def deny(self, kind: str, event: Event) -> None:
        """The fault."""
        closing, self.connection.close = self.connection.close, lambda: None  # type: ignore[method-assign]
        await super().deny(kind, event)
        self.connection.close = closing  # type: ignore[method-assign]

    async def serve(self) -> None:
        """The end of the call is not that of the connection."""
        await super().serve()
        if self.denial is not None:
            await self.until_stop()


@fault("ASGI-EXT-081")
class SilentAfterADenial(Unheard):
    """After a denial there is no event."""

    async def deny(self, kind: str, event: Event) -> None:
        """The fault."""
        await super().deny(kind, event)
        if self.denial is not None and self.denial.complete:
            self.gone = None

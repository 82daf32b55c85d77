"""Conforming variants of HTTP: other legal choices, which every check must leave green.

Each stands for something that real servers do; one that a check once accused wrongly stays here for good.
"""

from __future__ import annotations

import asyncio
from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_http import Http
from gateproof.reference.connection import ClientDisconnected, Connection
from gateproof.reference.requests import BadRequest, Grammar, Request

from .faults import choice

Event = dict[str, Any]
Pair = tuple[bytes, bytes]


@choice()
class TheReference(Http):
    """The reference itself."""


@choice()
class EmptyEnd(Http):
    """The end of a request is an event of its own, without octets."""

    pending = False

    async def receive(self) -> Event:
        """The choice."""
        if self.pending:
            self.pending = False
            return super().request_event(b"", False)
        return await super().receive()

    def request_event(self, octets: bytes, more: bool) -> Event:
        """See above."""
        self.pending = not more
        return super().request_event(octets, True)


@choice()
class LeavesDefaultsOut(Http):
    """Keys that would hold a default are left out."""

    def request_event(self, octets: bytes, more: bool) -> Event:
        """The choice."""
        event = super().request_event(octets, more)
        return {key: value for key, value in event.items() if value}


@choice()
class OneOctetEach(Http):
    """The first octets of a body come one by one."""

    told = 0

    async def some(self) -> bytes:
        """The choice."""
        left, self.told = self.left, self.told + 1
        if left > 1 and self.told < 20 and not self.coded and self.continued:
            octets = await self.connection.some(1)
            self.left -= 1
            return octets
        return await super().some()


class NoChunked(Grammar):
    """Refuses chunked requests."""

    def framing(self, request: Request) -> int | None:
        """The choice."""
        if request.all(b"transfer-encoding") and not request.all(b"content-length") and not request.is_1_0:
            raise BadRequest(b"411 Length Required")
        return super().framing(request)


@choice()
class RefusesChunkedRequests(Server):
    """Wants a length."""

    grammar = NoChunked()


@choice()
class HeadAtOnce(Http):
    """Status and header are sent with the start."""

    async def send(self, event: Event) -> None:
        """The choice."""
        await super().send(event)
        if event.get("type") == "http.response.start" and self.status and not self.head_sent:
            await self.write(self.head(None))


@choice()
class AlwaysChunks(Http):
    """Without a length of the application's a body is chunked, however short."""

    def framing(self, total: int | None) -> list[Pair]:
        """The choice."""
        return super().framing(None)


@choice()
class OneRequestEach(Server):
    """Every connection serves one request."""

    keep_alive = False


class NeverChunks(Http):
    """Without a length a body ends with the connection."""

    def may_chunk(self) -> bool:
        """The choice."""
        return False


@choice()
class EndsByClosing(Server):
    """Sends no chunked coding, and so offers no trailers."""

    http_class = NeverChunks

    def extension_names(self, kind: str) -> list[str]:
        """See above."""
        return [name for name in super().extension_names(kind) if not name.endswith("trailers")]


@choice()
class LateRaises(Http):
    """What comes after the end raises."""

    async def late(self, event: Event) -> None:
        """The choice."""
        raise RuntimeError("the response is complete")


@choice()
class RefusesBodies(Http):
    """A body where there may be none raises; the connection is closed."""

    async def piece(self, octets: bytes, more: bool) -> None:
        """The choice."""
        if octets and self.status in (204, 304):
            self.close = self.broken = True
            raise RuntimeError("no body belongs here")
        await super().piece(octets, more)


@choice()
class CutsToLength(Http):
    """Of a body that is too long the rest is left out."""

    async def piece(self, octets: bytes, more: bool) -> None:
        """The choice."""
        if self.length is not None and self.has_body():
            octets = octets[: max(self.length - self.sent, 0)]
        await super().piece(octets, more)


@choice()
class FoldsBreaks(Http):
    """Control octets of a field become blanks, and blanks around a name are trimmed."""

    def given(self, event: Event) -> list[Pair]:
        """The choice."""
        pairs = [(self.plain(name).strip(), self.plain(value)) for name, value in event.get("headers", ())]
        return super().given({**event, "headers": pairs})

    def plain(self, octets: Any) -> Any:
        """Replace what may not be in a field; what is no bytes is refused later."""
        return bytes(o if 31 < o != 127 else 32 for o in octets) if isinstance(octets, bytes) else octets


@choice()
class SmallChunks(Http):
    """A piece of a body is cut into several chunks."""

    def framed(self, octets: bytes) -> bytes:
        """The choice."""
        if not self.chunked:
            return super().framed(octets)
        return b"".join(super(SmallChunks, self).framed(octets[n : n + 8191]) for n in range(0, len(octets), 8191))


@choice()
class CapitalNames(Http):
    """Names on the wire have capitals, and there is a reason phrase."""

    def line(self, name: bytes, value: bytes) -> bytes:
        """The choice."""
        return super().line(name.title(), value)

    def status_line(self) -> bytes:
        """See above."""
        return b"HTTP/1.1 %d Fine\r\n" % (self.status or 0)


class Abrupt(Connection):
    """Takes the end of what the client sends for its leaving."""

    def eof_received(self) -> bool:
        """The choice."""
        super().eof_received()
        self.abort()
        return False


choice()(Abrupt)


class Older(Server):
    """Declares the version before sends could raise."""

    spec_version = "2.3"


class SilentAfterDisconnect(Http):
    """What is sent when the client is gone goes nowhere."""

    async def send(self, event: Event) -> None:
        """The choice."""
        try:
            await super().send(event)
        except ClientDisconnected:
            self.broken = True

    async def after_disconnect(self) -> None:
        """See above."""


@choice()
class NoErrorWhenGone(Older):
    """A send to nobody is a no-op."""

    http_class = SilentAfterDisconnect


@choice()
class HeadIsOver(Http):
    """Once the header of a response to HEAD was sent, nothing more is to come of it."""

    def over(self) -> bool:
        """The choice."""
        return super().over() or (self.request.method == b"HEAD" and self.head_sent)


class ToldOnce(Http):
    """Tells the end once."""

    told = False

    async def receive(self) -> Event:
        """The choice."""
        if self.told:
            await asyncio.Event().wait()
        event = await super().receive()
        self.told = event["type"] == "http.disconnect"
        return event


@choice()
class TellsTheEndOnce(Server):
    """Declares a version in which the end need not be told again."""

    spec_version = "2.1"
    http_class = ToldOnce


@choice()
class SendsSlowly(Connection):
    """Sends what is large at less than a megabyte in a second, as tremolo does by default."""

    async def write(self, octets: bytes) -> None:
        """The choice."""
        if len(octets) > 60_000:
            await asyncio.sleep(len(octets) / 1_100_000)
        await super().write(octets)

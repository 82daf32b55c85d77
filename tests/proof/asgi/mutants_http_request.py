"""Mutants of the request body and its events."""

from __future__ import annotations

from typing import Any

from gateproof.reference.asgi_http import PIECE, Http
from gateproof.reference.requests import BadRequest, Gone

from .faults import fault

Event = dict[str, Any]


@fault("ASGI-HTTP-REQ-001")
class DisconnectFirst(Http):
    """A request without a body begins with http.disconnect."""

    def request_event(self, octets: bytes, more: bool) -> Event:
        """The fault."""
        return super().request_event(octets, more) if self.request.length != 0 else self.disconnect_event()


@fault("ASGI-HTTP-REQ-002")
class TrailersAsEvent(Http):
    """After a chunked body comes an event with its trailers."""

    told = False

    async def wait_for_end(self) -> Event:
        """The fault."""
        if self.coded and not self.told:
            self.told = True
            return {"type": "http.request.trailers", "headers": []}
        return await super().wait_for_end()


@fault("ASGI-HTTP-REQ-003", also=["ASGI-EVENT-003", "ASGI-EVENT-015"])
class MutableBody(Http):
    """A body of no octets is a bytearray."""

    def request_event(self, octets: bytes, more: bool) -> Event:
        """The fault."""
        return {**super().request_event(octets, more), "body": octets or bytearray()}


@fault("ASGI-HTTP-REQ-003", also=["ASGI-EVENT-015", "ASGI-HTTP-REQ-005"])
class TextForNothing(Http):
    """A body of no octets is an empty text."""

    def request_event(self, octets: bytes, more: bool) -> Event:
        """The fault."""
        return {**super().request_event(octets, more), "body": octets or ""}


@fault("ASGI-HTTP-REQ-004")
class LosesAnOctet(Http):
    """Of a piece as long as the buffer the last octet is lost."""

    async def some(self) -> bytes:
        """The fault."""
        octets = await super().some()
        return octets[:-1] if len(octets) == PIECE and not self.coded else octets


@fault("ASGI-HTTP-REQ-004")
class CloseCutsTheBody(Http):
    """Where the client says close, only what has come with the header is delivered."""

    async def body_event(self) -> Event:
        """The fault."""
        if self.client_closes() and not self.coded and len(self.connection.buffer) < self.left:
            self.body_ended = True
            return self.request_event(bytes(self.connection.buffer), False)
        return await super().body_event()


@fault("ASGI-HTTP-REQ-004")
class SwapsPieces(Http):
    """What waits behind a piece of 32 KiB is told before it."""

    async def some(self) -> bytes:
        """The fault."""
        octets = await super().some()
        half = len(octets) // 2
        return octets[half:] + octets[:half] if len(octets) > PIECE // 2 and not self.coded else octets


@fault("ASGI-HTTP-REQ-004")
class LeftoversOfTheOneBefore(Http):
    """A body that nobody read is told with the next request of the connection."""

    async def body_event(self) -> Event:
        """The fault."""
        left, self.connection.unread = getattr(self.connection, "unread", b""), b""
        return self.request_event(left, True) if left else await super().body_event()

    async def drain(self) -> bool:
        """Keep what is left over, whenever it comes."""
        self.connection.unread, self.draining = b"", True
        return await super().drain()

    async def some(self) -> bytes:
        """See above."""
        octets = await super().some()
        if getattr(self, "draining", False):
            self.connection.unread += octets[:100]
        return octets


@fault("ASGI-HTTP-REQ-005")
class TrailersInTheBody(Http):
    """The trailer section is told as data."""

    async def next_chunk(self) -> None:
        """The fault."""
        before = bytes(self.connection.buffer)
        await super().next_chunk()
        self.trailer_lines = before[3:] if self.body_ended and before.startswith(b"0\r\nX") else b""

    async def some(self) -> bytes:
        """See above."""
        octets = await super().some()
        return octets + getattr(self, "trailer_lines", b"")


@fault("ASGI-HTTP-REQ-005", also=["ASGI-HTTP-REQ-015"])
class RawChunks(Http):
    """Size lines are told as data."""

    async def some(self) -> bytes:
        """The fault."""
        fresh = self.coded and self.left == 0
        octets = await super().some()
        return b"%x\r\n%s\r\n" % (len(octets), octets) if fresh and octets else octets


@fault("ASGI-HTTP-REQ-005", also=["FRAME-024"])
class ExtensionsAreData(Http):
    """What follows the semicolon of a chunk line is told as data."""

    async def next_chunk(self) -> None:
        """The fault."""
        line = bytes(self.connection.buffer).partition(b"\r\n")[0]
        await super().next_chunk()
        self.extension = line.partition(b";")[2]

    async def some(self) -> bytes:
        """See above."""
        octets = await super().some()
        extension, self.extension = getattr(self, "extension", b""), b""
        return octets + extension if octets else octets


@fault("ASGI-HTTP-REQ-006")
class TwoEnds(Http):
    """The end of a body is told twice."""

    told = False

    async def wait_for_end(self) -> Event:
        """The fault."""
        if not self.told and self.request.length != 0:
            self.told = True
            return self.request_event(b"", False)
        return await super().wait_for_end()


@fault("ASGI-HTTP-REQ-006", also=["ASGI-HTTP-REQ-005", "ASGI-HTTP-REQ-007", "ASGI-HTTP-REQ-015", "FRAME-018"])
class EachPieceIsAnEnd(Http):
    """Between two chunks the request is called complete."""

    def request_event(self, octets: bytes, more: bool) -> Event:
        """The fault."""
        return super().request_event(octets, more and not (self.coded and self.left == 0))


@fault("ASGI-HTTP-REQ-007", also=["FRAME-019"])
class EofIsTheEnd(Http):
    """A body whose rest never comes is called complete."""

    async def body_event(self) -> Event:
        """The fault."""
        event = await super().body_event()
        return event if event["type"] == "http.request" else self.request_event(b"", False)


@fault("ASGI-HTTP-REQ-007")
class RaisesAtEof(Http):
    """The application is cancelled where the client leaves in its body."""

    async def body_event(self) -> Event:
        """The fault."""
        event = await super().body_event()
        if event["type"] == "http.disconnect":
            raise ConnectionResetError("client left")
        return event


@fault("ASGI-HTTP-REQ-008")
class GathersTheBody(Http):
    """The body is handed over when all of it is there."""

    async def body_event(self) -> Event:
        """The fault."""
        pieces: list[bytes] = []
        while not self.body_ended:
            try:
                pieces.append(await self.some())
            except (Gone, BadRequest):
                self.close = self.body_ended = True
                return self.disconnect_event()
        self.first_event()
        return self.request_event(b"".join(pieces), False)


@fault("ASGI-HTTP-REQ-015")
class NeverContinues(Http):
    """Who waits for 100 Continue waits for ever."""

    async def say_continue(self) -> None:
        """The fault."""

"""Mutants of http.response.body: content, framing, the end of a response."""

from __future__ import annotations

import asyncio
from typing import Any

from gateproof.reference.asgi_http import Http, Pair
from gateproof.reference.connection import Connection

from .faults import fault

Event = dict[str, Any]


@fault("ASGI-HTTP-RESP-019")
class MissesItsOwnEnd(Http):
    """A piece that is the last chunk of chunked coding is not framed."""

    def framed(self, octets: bytes) -> bytes:
        """The fault."""
        return octets if self.chunked and octets == b"0\r\n\r\n" else super().framed(octets)


@fault("ASGI-HTTP-RESP-019")
class StripsLineEnds(Http):
    """A body that ends with a line break loses it."""

    def framed(self, octets: bytes) -> bytes:
        """The fault."""
        return super().framed(octets[:-2] if self.chunked and octets.endswith(b"\r\n") else octets)


@fault("ASGI-HTTP-RESP-019")
class ContinuesWithin(Http):
    """100 Continue is sent when the body is read, even within the response."""

    async def say_continue(self) -> None:
        """The fault."""
        if b"100-continue" in self.request.words(b"expect") and not self.request.is_1_0:
            await self.write(b"HTTP/1.1 100 Continue\r\n\r\n")


@fault("ASGI-HTTP-RESP-025")
class DropsWhileFull(Http):
    """What is sent while the client does not read is lost."""

    async def write(self, octets: bytes) -> None:
        """The fault."""
        full = self.connection.transport.get_write_buffer_size() > 0
        await super().write(octets if not full or len(octets) < 60_000 or self.dropped else b"")
        self.dropped = full

    dropped = False


@fault("ASGI-HTTP-RESP-025", also=["ASGI-HTTP-RESP-027"])
class WrongSize(Http):
    """The size of a chunk is written with five digits at most."""

    def framed(self, octets: bytes) -> bytes:
        """The fault."""
        return super().framed(octets[:65_535])


@fault("ASGI-HTTP-RESP-025")
class NoBodyOfAFailedPrecondition(Http):
    """412 is taken for a status without a body."""

    async def piece(self, octets: bytes, more: bool) -> None:
        """The fault."""
        await super().piece(b"" if self.status == 412 else octets, more)


@fault("ASGI-HTTP-RESP-025", drawn=True)
class SwapsFirstParts(Http):
    """Single octets are sent after what follows."""

    held = b""

    async def piece(self, octets: bytes, more: bool) -> None:
        """The fault."""
        if more and len(octets) == 2 and self.chunked and not self.held:
            self.held = octets
            return
        held, self.held = self.held, b""
        await super().piece(octets + held, more)


@fault("ASGI-HTTP-RESP-023")
class BodyRequired(Http):
    """A body event without a body is an error."""

    async def take_body(self, kind: str, event: Event) -> None:
        """The fault."""
        if kind == "http.response.body" and "body" not in event:
            raise KeyError("body")
        await super().take_body(kind, event)


@fault("ASGI-HTTP-RESP-024")
class MoreUnlessSaid(Http):
    """A part without more_body is the last when the call returns."""

    async def take_body(self, kind: str, event: Event) -> None:
        """The fault."""
        open_end = kind == "http.response.body" and "more_body" not in event and len(self.headers) == 1
        await super().take_body(kind, {**event, "more_body": True} if open_end else event)
        self.open_end = open_end

    async def returned(self) -> None:
        """The end, late."""
        if not self.complete and getattr(self, "open_end", False):
            await self.piece(b"", more=False)
        await super().returned()


@fault("ASGI-HTTP-RESP-042")
class TrailersWhereWanted(Http):
    """Whoever accepts trailers is kept waiting for them."""

    def start(self, event: Event) -> None:
        """The fault."""
        super().start({"trailers": self.wants_trailers(), **event})


@fault("ASGI-HTTP-RESP-026", also=["ASGI-HTTP-RESP-023", "ASGI-HTTP-RESP-025"])
class EmptyIsTheEnd(Http):
    """An empty part is written as a chunk of no octets."""

    def framed(self, octets: bytes) -> bytes:
        """The fault."""
        return b"0\r\n\r\n" if self.chunked and not octets and not self.body_done else super().framed(octets)


@fault("ASGI-HTTP-RESP-027")
class WaitsForMore(Http):
    """Small parts are kept back until there is more."""

    kept = b""

    async def write(self, octets: bytes) -> None:
        """The fault."""
        self.kept += octets
        if len(self.kept) > 4096 or not self.status or self.body_done:
            await self.flush()

    async def piece(self, octets: bytes, more: bool) -> None:
        """At the end nothing is kept back."""
        await super().piece(octets, more)
        if not more:
            await self.flush()

    async def flush(self) -> None:
        """Write what was kept."""
        kept, self.kept = self.kept, b""
        await super().write(kept)


@fault("ASGI-HTTP-RESP-028", also=["ASGI-HTTP-RESP-023", "ASGI-HTTP-RESP-024", "ASGI-HTTP-RESP-042"])
class EndsWithTheCall(Http):
    """The end of a chunked response is sent when the call returns."""

    late = False

    async def piece(self, octets: bytes, more: bool) -> None:
        """The fault."""
        if not self.late:
            self.late = not more and self.chunked and self.head_sent
            await super().piece(octets, more or self.late)

    async def returned(self) -> None:
        """The end, late."""
        if self.late and not self.complete:
            await super().piece(b"", more=False)
        await super().returned()


@fault("ASGI-HTTP-RESP-029")
class WritesLate(Http):
    """What comes after the end is written."""

    async def late(self, event: Event) -> None:
        """The fault."""
        if event["type"] == "http.response.body":
            await self.write(event.get("body", b""))


@fault("ASGI-HTTP-RESP-029")
class DropsTheConnection(Http):
    """What comes after the end breaks the connection before the response has left."""

    async def piece(self, octets: bytes, more: bool) -> None:
        """Write later."""
        self.last = not more
        await super().piece(octets, more)

    async def write(self, octets: bytes) -> None:
        """Keep the last of it for a moment."""
        if self.last and self.length is None and self.chunked:
            asyncio.get_running_loop().call_soon(self.connection.transport.write, octets)
            return
        await super().write(octets)

    async def late(self, event: Event) -> None:
        """The fault."""
        self.connection.abort()

    last = False


class Impatient(Connection):
    """Does not wait for a client that does not read."""

    async def write(self, octets: bytes) -> None:
        """The fault."""
        self._writable.set()
        await super().write(octets)

    def pause_writing(self) -> None:
        """Goes on."""


fault("ASGI-HTTP-RESP-031", also=["ASGI-WS-116"])(Impatient)


@fault("ASGI-HTTP-RESP-032", also=["ASGI-HTTP-RESP-029"])
class AnswersHead(Http):
    """HEAD is answered as GET is."""

    def has_body(self) -> bool:
        """The fault."""
        return self.status not in (204, 304)


@fault("ASGI-HTTP-RESP-032")
class EndOfNothing(Http):
    """HEAD is answered by the end of a chunked body alone."""

    def end(self) -> bytes:
        """The fault."""
        return b"0\r\n\r\n" if self.request.method == b"HEAD" and self.length is None else super().end()


@fault("ASGI-HTTP-RESP-079")
class ZeroWithoutABody(Http):
    """An empty body is counted, whether there may be one or not."""

    def framing(self, total: int | None) -> list[Pair]:
        """The fault."""
        if total == 0 and self.length is None:
            return [(b"content-length", b"0")]
        return super().framing(total)


@fault("ASGI-HTTP-RESP-080")
class CloseIsAFieldLikeOthers(Http):
    """The application's connection: close is sent, and the connection kept."""

    def added(self) -> list[Pair]:
        """The fault."""
        close = self.close
        more = super().added()
        self.close = close
        return more


@fault("ASGI-HTTP-RESP-033")
class BodyWith204(Http):
    """A length makes a body, with any status."""

    def has_body(self) -> bool:
        """The fault."""
        return super().has_body() or (self.status in (204, 304) and self.length is not None)


@fault("ASGI-HTTP-RESP-033", also=["ASGI-HTTP-RESP-048"])
class ChunkedBodyWith204(Http):
    """204 and 304 are like all others."""

    def has_body(self) -> bool:
        """The fault."""
        return self.request.method != b"HEAD"


@fault("ASGI-HTTP-RESP-034", also=["ASGI-HTTP-RESP-035", "ASGI-HTTP-RESP-045"])
class WritesAll(Http):
    """A body is sent whatever length was announced."""

    async def piece(self, octets: bytes, more: bool) -> None:
        """The fault."""
        length, self.length = self.length, None if self.head_sent else self.length
        if length is not None and self.sent + len(octets) > length:
            self.length = self.sent + len(octets) if not self.head_sent else None
        await super().piece(octets, more)
        self.length = length


@fault("ASGI-HTTP-RESP-035", also=["ASGI-HTTP-RESP-045"])
class GoesOnAfterTooLittle(Http):
    """A connection goes on after a body that was too short."""

    def finish(self) -> None:
        """The fault."""
        close = self.close
        super().finish()
        self.close = close


@fault("ASGI-HTTP-RESP-045")
class SitsThere(Http):
    """After a body that was too short the connection stays open, and nothing more is read."""

    async def goes_on(self) -> bool:
        """The fault."""
        if self.length is not None and self.sent < self.length and self.has_body() and self.complete:
            while not self.connection.eof:
                self.connection.changed.clear()
                await self.connection.changed.wait()
        return await super().goes_on()


@fault("ASGI-HTTP-RESP-041")
class DoesNotWaitForTrailers(Http):
    """The last of the body ends the response, whatever was announced."""

    def start(self, event: Event) -> None:
        """The fault."""
        super().start({key: value for key, value in event.items() if key != "trailers"})

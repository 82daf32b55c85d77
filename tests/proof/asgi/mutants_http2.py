"""Mutants, and conforming variants, of what the reference does over HTTP/2."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, NamedTuple

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_http import Pair
from gateproof.reference.asgi_http2 import Http2, Stream
from gateproof.reference.connection import Connection
from gateproof.reference.requests import BadRequest, Request

from .faults import choice, fault


class Named(NamedTuple):
    """A header field, or an address."""

    one: Any
    other: Any


@fault("ASGI-HTTP-SCOPE-027", also=["ASGI-WS-SCOPE-013"])
class PseudoFields(Http2):
    """Pseudo fields stand among the headers."""

    def request(self, given: list[Pair]) -> Request:
        """The fault."""
        request = super().request(given)
        request.fields += [pair for pair in given if pair[0].startswith(b":")]
        return request


@choice()
class NamedFields(Server):
    """A header field, and an address, is a tuple of a class of its own."""

    def scope(self, request: Request, connection: Connection, kind: str) -> dict[str, Any]:
        """The choice."""
        scope = super().scope(request, connection, kind)
        scope["headers"] = [Named(*pair) for pair in scope["headers"]]
        scope.update({key: Named(*scope[key]) for key in ("client", "server") if scope.get(key)})
        return scope


@fault("ASGI-HTTP-SCOPE-027", also=["ASGI-WS-SCOPE-013"])
class NamedPseudoFields(NamedFields):
    """Pseudo fields stand among the headers, each a tuple of a class of its own."""

    http2_class = PseudoFields


@fault("ASGI-HTTP-SCOPE-028")
class HostAtTheEnd(Http2):
    """The authority is the last field."""

    def with_host(self, plain: list[Pair], authority: bytes | None) -> list[Pair]:
        """The fault."""
        first, *rest = super().with_host(plain, authority)
        return [*rest, first]


@fault("ASGI-HTTP-SCOPE-028", also=["ASGI-WS-SCOPE-013"])
class NoHost(Http2):
    """The authority is lost."""

    def with_host(self, plain: list[Pair], authority: bytes | None) -> list[Pair]:
        """The fault."""
        return plain


@fault("ASGI-WS-SCOPE-013")
class ProtocolIsAField(Http2):
    """The protocol of an extended CONNECT stands among the headers."""

    def request(self, given: list[Pair]) -> Request:
        """The fault."""
        request = super().request(given)
        request.fields += [pair for pair in given if pair[0] == b":protocol"]
        return request


@choice()
class NoWebSocketsOverStreams(Http2):
    """RFC 8441 is not spoken."""

    def settings(self) -> dict[Any, int]:
        """The choice."""
        return {}


@fault("ASGI-HTTP-SCOPE-038")
class LastStream(Http2):
    """A response goes to the stream that was opened last."""

    def number(self, stream: Stream) -> int:
        """The fault."""
        waiting = [one.number for one in self.streams.values() if not one.complete and not one.lane.lost]
        return max(waiting)


@fault("ASGI-HTTP-DISC-008")
class IgnoresReset(Http2):
    """A stream that is reset goes on for the application."""

    def was_reset(self, number: int) -> None:
        """The fault."""


@fault("ASGI-HTTP-REQ-001")
class NothingToReceive(Stream):
    """A request without a body has no event."""

    def first_event(self) -> bool:
        """The fault."""
        return False


@choice()
class NoHttp2(Server):
    """HTTP/2 is optional."""

    http2_class = None


@choice()
class LeavesAfterEarlyAnswer(Http2):
    """A request that was answered before it had come whole is the last of its connection, which says so."""

    async def send_data(self, stream: Stream, octets: bytes, *, end: bool) -> None:
        """The choice."""
        await super().send_data(stream, octets, end=end)
        if end and not stream.lane.ended:
            self.machine.close_connection()
            self.flush()
            self.connection.close()


@choice()
class ResetsAfterEarlyAnswer(Http2):
    """A request that was answered before it had come whole is ended by a reset without an error."""

    async def send_data(self, stream: Stream, octets: bytes, *, end: bool) -> None:
        """The choice."""
        await super().send_data(stream, octets, end=end)
        if end and not stream.lane.ended:
            self.machine.reset_stream(stream.number, error_code=0)
            self.flush()


@fault("ASGI-HTTP-SCOPE-045")
class DemandsAuthority(Http2):
    """A request without :authority is a fault of the client's."""

    def request(self, given: list[Pair]) -> Request:
        """The fault."""
        if not any(name == b":authority" for name, _ in given):
            raise BadRequest
        return super().request(given)


@fault("ASGI-HTTP-SCOPE-046")
class EndsWithoutPath(Http2):
    """A request without :path ends the server."""

    def request(self, given: list[Pair]) -> Request:
        """The fault."""
        if not any(name == b":path" for name, _ in given):
            self.server.stop()
        return super().request(given)


@fault("ASGI-HTTP-SCOPE-047")
class EndsAtLateOctets(Http2):
    """Octets of a body that was answered already end the server."""

    def to_lane(self, number: int, octets: bytes, ended: bool) -> None:
        """The fault."""
        if number not in self.streams or self.streams[number].complete:
            self.too_late()
        super().to_lane(number, octets, ended)

    def too_late(self) -> None:
        """The fault."""
        self.server.stop()


@fault("ASGI-HTTP-SCOPE-047")
class HangsUpAtLateOctets(EndsAtLateOctets):
    """Octets of a body that was answered already end the connection, without a word."""

    def too_late(self) -> None:
        """The fault."""
        self.connection.close()


@choice()
class ResetsConnect(Http2):
    """CONNECT is refused by a reset of its stream."""

    def open(self, number: int, request: Request, *, bodiless: bool) -> None:
        """The choice."""
        if request.method == b"CONNECT":
            self.machine.reset_stream(number, error_code=7)
            self.flush()
        else:
            super().open(number, request, bodiless=bodiless)


@choice()
class LeavesAtConnect(Http2):
    """CONNECT is refused by the end of its connection, which says so."""

    def open(self, number: int, request: Request, *, bodiless: bool) -> None:
        """The choice."""
        if request.method == b"CONNECT":
            self.machine.close_connection(error_code=7)
            self.flush()
            self.connection.close()
        else:
            super().open(number, request, bodiless=bodiless)


@fault("ASGI-HTTP-RESP-050")
class BodyForAll(Stream):
    """HEAD, 204 and 304 have a body like others."""

    def has_body(self) -> bool:
        """The fault."""
        return True


@fault("ASGI-HTTP-RESP-051")
class EndsWithOctetsAlone(Stream):
    """Only octets end a stream."""

    async def piece(self, octets: bytes, more: bool) -> None:
        """The fault."""
        if more or (octets and self.has_body()):
            await super().piece(octets, more)
        elif not self.head_sent:
            self.head_sent = self.complete = True
            self.multiplexer.send_headers(self, self.fields(), end=False)
        else:
            self.complete = True


@fault("ASGI-HTTP-RESP-052", also=["ASGI-HTTP-RESP-055"])
class DropsWithoutRoom(Http2):
    """What a window has no room for is lost."""

    async def send_data(self, stream: Stream, octets: bytes, *, end: bool) -> None:
        """The fault."""
        room = self.machine.local_flow_control_window(self.number(stream))
        await super().send_data(stream, octets[:room], end=end)


@fault("ASGI-HTTP-RESP-053")
class MoreThanItsLength(Stream):
    """Nothing is counted."""

    async def piece(self, octets: bytes, more: bool) -> None:
        """The fault."""
        self.length = None
        await super().piece(octets, more)


@fault("ASGI-HTTP-RESP-054")
class EncodesAgain(Stream):
    """Octets of a value are encoded as UTF-8 once more."""

    def fields(self) -> list[Pair]:
        """The fault."""
        return [(name, value.decode("latin-1").encode()) for name, value in super().fields()]


@fault("ASGI-HTTP-RESP-054")
class LastOfEachName(Stream):
    """Of repeated fields the last one is left."""

    def fields(self) -> list[Pair]:
        """The fault."""
        return list(dict(super().fields()).items())


@fault("ASGI-HTTP-RESP-055")
class KeepsAll(Http2):
    """What a window has no room for is kept, however much, and send returns."""

    async def send_data(self, stream: Stream, octets: bytes, *, end: bool) -> None:
        """The fault."""
        kept = vars(stream).setdefault("kept", [])
        kept.append((octets, end))
        if len(kept) == 1:
            stream.writer = asyncio.create_task(self.write(stream, kept))
        await asyncio.sleep(0)

    async def write(self, stream: Stream, kept: list[tuple[bytes, bool]]) -> None:
        """Send what is kept."""
        with contextlib.suppress(Exception):
            while kept:
                await super().send_data(stream, kept[0][0], end=kept[0][1])
                del kept[0]


@fault("ASGI-HTTP-SCOPE-048")
class ForgetsWhatComesMeanwhile(Http2):
    """While a stream waits for room no other request is heard of."""

    def take(self, event: Any) -> None:
        """The fault."""
        waiting = any(stream.head_sent and not stream.complete for stream in self.streams.values())
        if not waiting or type(event).__name__ in ("WindowUpdated", "StreamReset"):
            super().take(event)


@fault("ASGI-HTTP-DISC-018")
class WaitsForRoomOfAResetStream(Http2):
    """A stream that is reset wakes no send."""

    def was_reset(self, number: int) -> None:
        """The fault."""
        if stream := self.streams.get(number):
            stream.lane.lose()


@fault("ASGI-HTTP-DISC-019")
class WaitsForRoomOfALostConnection(Http2):
    """The end of a connection wakes no send."""

    def lose(self) -> None:
        """The fault."""
        for stream in self.streams.values():
            stream.lane.lose()


@fault("ASGI-HTTP-DISC-020")
class WaitsForTheEndOfTheConnection(Stream):
    """After the response receive waits until the connection ends."""

    async def receive(self) -> dict[str, Any]:
        """The fault."""
        while self.complete and not self.lane.lost:
            self.lane.changed.clear()
            await self.lane.changed.wait()
        return await super().receive()


@fault("ASGI-ERR-031", also=["ASGI-ERR-032"])
class LeavesFailedStreamsOpen(Stream):
    """Who fails before the response leaves the stream as it is."""

    async def failed(self) -> None:
        """The fault."""
        if self.head_sent:
            await super().failed()


@fault("ASGI-ERR-032")
class EndsFailedStreams(Stream):
    """Who fails within the response ends it as if it were whole."""

    async def failed(self) -> None:
        """The fault."""
        if self.status is None or self.complete or self.lane.lost:
            await super().failed()
        else:
            self.length = None
            await self.piece(b"", more=False)


@fault("ASGI-ERR-029")
class ServesNoMoreStreams(Http2):
    """A stream that was reset is the last that is served."""

    def reset(self, stream: Stream) -> None:
        """The fault."""
        super().reset(stream)
        self.open = lambda *given, **more: None  # type: ignore[method-assign]


@fault("ASGI-HTTP-REQ-016", also=["ASGI-HTTP-REQ-017"])
class FirstFrameAlone(Http2):
    """The first frame of a body is all of it."""

    def to_lane(self, number: int, octets: bytes, ended: bool) -> None:
        """The fault."""
        stream = self.streams.get(number)
        if stream is not None and not stream.lane.ended:
            super().to_lane(number, octets, True)


@fault("ASGI-HTTP-REQ-017")
class EndsWithAFullFrame(Http2):
    """An empty frame ends no body."""

    def take(self, event: Any) -> None:
        """The fault."""
        if (type(event).__name__ == "DataReceived" and not event.data) or type(event).__name__ == "StreamEnded":
            return
        super().take(event)

"""Mutants, and conforming variants, of what the reference does over HTTP/2."""

from __future__ import annotations

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

"""Conforming variants after peers unlike the reference: old, small, sparing, slow of speech, odd in frames."""

from __future__ import annotations

import os
from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_http import Event, Http, Pair
from gateproof.reference.asgi_http2 import Http2, Stream
from gateproof.reference.asgi_websocket import Denial, WebSocket
from gateproof.reference.connection import Connection
from gateproof.reference.requests import BadRequest, Request
from gateproof.wire import http2

from ..wsgi.variants_peers import CanonicalTargets, Http10Grammar
from .faults import choice

Scope = dict[str, Any]


class OldWire(Connection):
    """The one answer is one of HTTP/1.0."""

    begun = False

    async def write(self, octets: bytes) -> None:
        """The choice."""
        old, self.begun = octets.startswith(b"HTTP/1.1 ") and not self.begun, True
        await super().write(b"HTTP/1.0 " + octets[9:] if old else octets)


class OldHttp(Http):
    """What HTTP/1.0 has: a length or the end of the connection, and no interim response."""

    def client_closes(self) -> bool:
        """It keeps no connection."""
        return True

    def may_chunk(self) -> bool:
        """It knows no coding."""
        return False

    async def say_continue(self) -> None:
        """Nothing is expected of it."""


@choice()
class OnlyHttp10OverAsgi(Server):
    """A server of HTTP/1.0: neither chunks nor 100 Continue nor WebSocket nor HTTP/2; it says so, and closes."""

    grammar = Http10Grammar()
    http_class = OldHttp
    connection_class = OldWire
    http2_class = None
    keep_alive = False

    def is_websocket(self, request: Request) -> bool:
        """An Upgrade is a field like any other."""
        return False

    def extension_names(self, kind: str) -> list[str]:
        """Files alone: trailers need chunks, hints a later version."""
        return ["http.response.pathsend", "http.response.zerocopysend"]


class Halting(Connection):
    """What is written leaves in many segments, a header octet by octet."""

    async def write(self, octets: bytes) -> None:
        """The choice."""
        head = octets.find(b"\r\n\r\n") + 4 if octets.startswith(b"HTTP/") else 0
        for place in range(head):
            await super().write(octets[place : place + 1])
        width = max((len(octets) - head) // 3, 1)
        for place in range(head, len(octets), width):
            await super().write(octets[place : place + width])


class Adorned(Http):
    """Fields that a deployment adds stand with the application's."""

    def added(self) -> list[Pair]:
        """The choice."""
        more = [(b"Alt-Svc", b'h3=":443"; ma=60'), (b"Via", b"1.1 a, 1.0 b (c)"), (b"Set-Cookie", b"lb=1; Path=/")]
        return [*super().added(), *more, (b"X-Powered-By", b"reference"), (b"Vary", b"Accept-Encoding")]

    def end(self) -> bytes:
        """A trailer of its own is one that it may drop, as anybody may."""
        return super().end().replace(b"0\r\n", b"0\r\nX-Digest: own\r\n", 1)


COOKIE = (b"set-cookie", b"lb=1; Path=/")


class AdornedDenial(Denial):
    """The same, at a handshake that is refused."""

    def added(self) -> list[Pair]:
        """The choice."""
        return [*super().added(), COOKIE, (b"x-powered-by", b"reference")]


class AdornedHandshake(WebSocket):
    """The same, at one that is completed."""

    denial_class = AdornedDenial

    def upgrade(self) -> list[Pair]:
        """The choice."""
        return [*super().upgrade(), COOKIE, (b"vary", b"origin")]


class AdornedStream(Stream):
    """The same, over HTTP/2."""

    def fields(self) -> list[Pair]:
        """The choice."""
        return [*super().fields(), COOKIE]


class AdornedHttp2(Http2):
    """Has such streams."""

    stream_class = AdornedStream


@choice()
class SpeaksHaltingly(Server):
    """Answers come in many segments, with fields of a deployment."""

    connection_class = Halting
    http_class = Adorned
    http2_class = AdornedHttp2
    websocket_class = AdornedHandshake


@choice()
class SaysNoMoreThanItMust(Server):
    """Optional keys are left out or None, iterables are tuples and lists by turns, requests are refused early."""

    grammar = CanonicalTargets()

    def scope(self, request: Request, connection: Connection, kind: str) -> Scope:
        """The choice: what www.rst calls optional."""
        scope = super().scope(request, connection, kind)
        if self.tls is None:
            del scope["scheme"]
        if not scope["root_path"]:
            del scope["root_path"]
        del scope["raw_path"]
        return {**scope, "client": None, "server": None, "headers": tuple(list(pair) for pair in scope["headers"])}

    def subprotocols(self, request: Request) -> Any:
        """An iterable of another kind."""
        return tuple(super().subprotocols(request))

    def is_websocket(self, request: Request) -> bool:
        """A handshake that is none gets 400, of whatever kind its mistake is."""
        try:
            return super().is_websocket(request)
        except BadRequest:
            raise BadRequest from None


class OddFrames(Http2):
    """Small windows, few streams, no header table; blocks are continued, data padded, unknown frames sent between."""

    def __init__(self, server: Server, connection: Connection) -> None:
        """RFC 9113, 6.5.2: any of these values may be set, by the first frame of the server."""
        from h2.settings import Settings

        super().__init__(server, connection)
        few = {http2.HEADER_TABLE_SIZE: 0, http2.MAX_CONCURRENT_STREAMS: 3, http2.INITIAL_WINDOW_SIZE: 500}
        self.machine.clear_outbound_data_buffer()
        self.machine.local_settings = Settings(client=False, initial_values={**self.machine.local_settings, **few})
        self.machine.decoder.max_allowed_table_size = 0
        self.connection.transport.write(http2.settings(*self.machine.local_settings.items()))

    def flush(self) -> None:
        """Write the frames in another shape."""
        octets = self.machine.data_to_send()
        while octets:
            size = 9 + int.from_bytes(octets[:3], "big")
            kind, flags, stream = octets[3], octets[4], int.from_bytes(octets[5:9], "big")
            self.connection.transport.write(self.reshaped(kind, flags, stream, octets[9:size]))
            octets = octets[size:]

    def reshaped(self, kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        """Return a frame as others may send it: 4.1 (unknown types), 6.1 (padding), 6.10 (CONTINUATION)."""
        whole = http2.frame(kind, flags, stream, payload)
        if kind in (http2.HEADERS, http2.PUSH_PROMISE) and flags & http2.END_HEADERS and len(payload) > 8:
            begin = http2.frame(kind, flags & ~http2.END_HEADERS, stream, payload[:5])
            whole = begin + http2.frame(http2.CONTINUATION, http2.END_HEADERS, stream, payload[5:])
        elif kind == http2.DATA and len(payload) < 16_000:
            whole = http2.frame(kind, flags | http2.PADDED, stream, b"\x05" + payload + bytes(5))
        if kind in (http2.DATA, http2.HEADERS):
            whole = http2.frame(0xBE, 0xFF, stream, b"nobody knows") + http2.frame(http2.PING, 0, 0, bytes(8)) + whole
        return whole


class NumbersAreFiles(Http):
    """Takes the number of a descriptor alone for a "file descriptor object"; Zero Copy Send."""

    async def zero_copy(self, event: Event) -> None:
        """The choice."""
        number = os.dup(event["file"])  # raises for anything but a number
        with os.fdopen(number, "rb") as file:
            await super().zero_copy({**event, "file": file})


@choice()
class OddInHttp2(Server):
    """Speaks HTTP/2 in its own way, and reads an extension in its own."""

    http_class = NumbersAreFiles
    http2_class = OddFrames


@choice()
class LogsALot(Server):
    """Each call leaves lines in the log, the trace of an error of another kind among them."""

    async def call(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The choice."""
        self.log("INFO: a call begins; a ClientDisconnected or an OSError may come of it\n" * 30)
        self.report(LookupError("a cache that was asked in the background"))
        await super().call(scope, receive, send)

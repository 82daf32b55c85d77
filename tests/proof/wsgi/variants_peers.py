"""Conforming variants after peers that are not like the reference: old, small, slow of speech, of few threads."""

from __future__ import annotations

import re
import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from gateproof.reference.answer import Answer
from gateproof.reference.body import Source
from gateproof.reference.requests import BadRequest, Grammar, Request
from gateproof.reference.wsgi import Server

from ..frame.variants import LinesBeforeTheFirstFieldIgnored
from ..registry import variant
from .variants import ZeroLength
from .variants_more import Http10Server


class Http10Grammar(Grammar):
    """HTTP/1.0 has no transfer codings: a length frames a body, and nothing else (RFC 1945, 7.2.2)."""

    def framing(self, request: Request) -> int | None:
        """The choice: a later version's coding is a field like any other."""
        request.fields = [pair for pair in request.fields if pair[0].lower() != b"transfer-encoding"]
        return super().framing(request)

    def check_expect(self, request: Request) -> None:
        """Nothing is expected of an HTTP/1.0 server."""


@variant()
class OnlyHttp10(Server):
    """A server of HTTP/1.0: it knows neither chunks nor 100 Continue, says so in each answer, and closes."""

    grammar = Http10Grammar()
    answer_class = Http10Server
    keep_alive = False

    def expect(self, request: Request, answer: Answer) -> None:
        """It reads what comes."""


class Scattered(Answer):
    """Every write is cut into segments, the header octet by octet."""

    def send(self, octets: bytes) -> None:
        """The choice."""
        width = 1 if octets.startswith(b"HTTP/") else max(len(octets) // 3, 1)
        for place in range(0, len(octets), width):
            super().send(octets[place : place + width])


class Talkative(Scattered):
    """Fields that a deployment adds: Via, Alt-Svc, a cookie, a content type, and no reason phrase of anybody's."""

    def added(self) -> list[tuple[bytes, bytes]]:
        """The choice."""
        more = [(b"Alt-Svc", b'h3=":443"; ma=60'), (b"Via", b"1.1 a, 1.0 b (c)"), (b"Set-Cookie", b"lb=1; Path=/")]
        if not self.values("content-type") and self.has_body():
            more.append((b"Content-Type", b"application/octet-stream"))
        return [*super().added(), *more, (b"Vary", b"Accept-Encoding"), (b"X-Empty", b"")]


@variant()
class SpeaksSlowly(Server):
    """Answers come in many segments, with fields of a deployment, and for refusals too."""

    answer_class = Talkative

    def refuse(self, connection: socket.socket, refusal: BadRequest) -> None:
        """A page in pieces."""
        head = b"HTTP/1.1 " + refusal.status[:3] + b" No\r\nContent-Type: text/html\r\nConnection: close\r\n"
        for piece in (head[:5], head[5:], b"Content-Length: 4\r\n", b"\r\n", b"<p", b"/>"):
            connection.sendall(piece)


class Declining(Grammar):
    """Knows WebSocket, and that nobody is there to speak it (RFC 6455, 4.2.2)."""

    def check_expect(self, request: Request) -> None:
        """The choice."""
        if b"websocket" in request.words(b"upgrade") and not request.is_1_0:
            raise BadRequest(b"403 Forbidden")
        super().check_expect(request)


@variant()
class SpeaksWebSocketToOthers(Server):
    """An adapter in a server of another interface, which refuses handshakes; odd names make no variable."""

    grammar = Declining()

    def wanted(self, name: bytes) -> bool:
        """The choice: letters, digits and hyphens alone give a variable that is nobody else's."""
        return super().wanted(name) and name.replace(b"-", b"").isalnum()


@variant()
class ConsumesWhatIsAstray(ZeroLength):
    """A line with a blank in front of the first field is consumed (2.2); CONTENT_LENGTH is always there."""

    grammar = LinesBeforeTheFirstFieldIgnored()


class CanonicalTargets(Grammar):
    """Only what most clients send: usual methods, lines of 8000 octets, a hundred fields; 501, 414 and 431 for more."""

    line_limit = 8190
    head_limit = 16 * 1024
    field_limit = 100

    def check_method(self, method: bytes) -> None:
        """501 for a method that nobody has heard of (RFC 9110, 9.1)."""
        super().check_method(method)
        if method not in (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE"):
            raise BadRequest(b"501 Not Implemented")

    def framing(self, request: Request) -> int | None:
        """501 for a coding (RFC 9112, 6.1), 413 for bodies that are too long (RFC 9110, 15.5.14)."""
        if request.all(b"transfer-encoding"):
            raise BadRequest(b"501 Not Implemented")
        length = super().framing(request)
        if length is not None and length > 1024 * 1024:
            raise BadRequest(b"413 Content Too Large")
        return length


class TrustsLen(Answer):
    """A body of one block has a length where len() says so; what len() raises is the application's error."""

    def known_length(self, result: Any) -> bool:
        """The choice."""
        return hasattr(result, "__len__") and len(result) == 1


@variant()
class SmallAndStrict(Server):
    """Refuses much, brings paths in canonical form, and hands connections to three threads, one request for each."""

    grammar = CanonicalTargets()
    answer_class = TrustsLen
    keep_alive = False

    def decode_path(self, path: bytes) -> str:
        """PEP 3333, URL Reconstruction: rewritten 'to place it in a canonical form'."""
        while b"//" in path or b"/./" in path:
            path = path.replace(b"//", b"/").replace(b"/./", b"/")
        path = re.sub(rb"/[^/]+/\.\.(?=/|$)", b"", path)
        return super().decode_path(path) or "/"

    def serve_forever(self) -> None:
        """A small pool, unless one thread is wanted."""
        if not self.threaded:
            return super().serve_forever()
        with ThreadPoolExecutor(3) as threads:
            self._accept(threads)


class Hasty(Answer):
    """Says that the third response of a connection is its last."""

    def connection_field(self) -> list[tuple[bytes, bytes]]:
        """The choice."""
        counted = self.server.counted  # type: ignore[attr-defined]
        counted.served = getattr(counted, "served", 0) + 1
        self.close = self.close or counted.served >= 3
        return super().connection_field()


@variant()
class Impatient(Server):
    """A connection ends after three responses, or where the next request has not begun in a moment (RFC 9112, 9.3)."""

    answer_class = Hasty
    idle_s: ClassVar[float] = 0.02

    def serve(self, connection: socket.socket, peer: Any) -> None:
        """A thread counts for its connection."""
        self.counted.served = 0
        super().serve(connection, peer)

    def goes_on(self, request: Request, answer: Answer, source: Source) -> bool:
        """Wait no longer than a moment."""
        if not super().goes_on(request, answer, source):
            return False
        connection, stream = self.counted.streams
        if self.tls is not None:
            return True
        connection.settimeout(0)  # a look at what is buffered that does not wait
        begun = bool(stream.peek(1))
        connection.settimeout(30)
        return begun or bool(select.select([connection], [], [], self.idle_s)[0])

    def serve_one(self, connection: socket.socket, stream: Any, peer: Any) -> bool:
        """Keep what is looked at."""
        self.counted.streams = connection, stream
        return super().serve_one(connection, stream, peer)

    counted: ClassVar[threading.local] = threading.local()

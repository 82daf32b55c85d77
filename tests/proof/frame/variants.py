"""Conforming variants of framing: what RFC 9110 and 9112 leave to a server, which every check must leave green."""

from __future__ import annotations

import socket
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from gateproof.reference import asgi
from gateproof.reference.answer import Answer
from gateproof.reference.asgi_http import Http
from gateproof.reference.body import Source
from gateproof.reference.connection import Connection
from gateproof.reference.requests import BadRequest, Fields, Gone, Grammar, Request
from gateproof.reference.wsgi import Server

from .faults import choice


@choice()
class BareLfEndsLines(Grammar):
    """A bare LF ends the request line and field lines (RFC 9112, 2.2)."""

    def line(self, octets: bytes, too_long: bytes) -> bytes:
        """The choice: not for chunk lines, of which the text does not speak."""
        if octets.endswith(b"\n") and not octets.endswith(b"\r\n") and too_long != b"400 Bad Request":
            return octets[:-1]
        return super().line(octets, too_long)


@choice()
class FoldsJoined(Grammar):
    """A folded line goes on with a space (5.2)."""

    def header(self, read_line: Callable[[int], bytes]) -> Fields:
        """The choice."""
        lines: list[bytes] = []
        while (octets := read_line(self.line_limit)) not in (b"\r\n", b""):
            if octets[:1] in (b" ", b"\t") and lines:
                lines[-1] = lines[-1][:-2] + b" " + octets.strip(b" \t\r\n") + b"\r\n"
            else:
                lines.append(octets)
        if not octets:
            raise Gone
        rest = [octets, *reversed(lines)]
        return super().header(lambda _: rest.pop())


@choice()
class LinesBeforeTheFirstFieldIgnored(Grammar):
    """Lines that begin with a blank in front of the first field are consumed (2.2)."""

    def header(self, read_line: Callable[[int], bytes]) -> Fields:
        """The choice."""
        octets = read_line(self.line_limit)
        while octets[:1] in (b" ", b"\t"):
            octets = read_line(self.line_limit)
        first = [octets]
        return super().header(lambda limit: first.pop() if first else read_line(limit))


@choice()
class ControlsReplaced(Grammar):
    """CR, LF and NUL in a value are replaced with a space each (RFC 9110, 5.5)."""

    def field(self, line: bytes) -> tuple[bytes, bytes]:
        """The choice."""
        return super().field(self.repaired(line))

    def trailer(self, line: bytes) -> None:
        """A trailer's line is a field's."""
        super().trailer(self.repaired(line))

    def repaired(self, line: bytes) -> bytes:
        """Return a field line with a value that may be kept."""
        name, colon, value = line.partition(b":")
        return name + colon + value.replace(b"\r", b" ").replace(b"\x00", b" ")


@choice()
class NoRepeatedLength(Grammar):
    """A Content-Length that is repeated is refused, equal or not (RFC 9110, 8.6)."""

    def framing(self, request: Request) -> int | None:
        """The choice."""
        lengths = request.all(b"content-length")
        if len(lengths) > 1 or any(b"," in value for value in lengths):
            raise BadRequest
        return super().framing(request)


@choice("wsgi")
class LengthRequired(Grammar):
    """Chunked requests are refused with 411 (9112, 6.3)."""

    def framing(self, request: Request) -> int | None:
        """The choice."""
        if request.all(b"transfer-encoding"):
            raise BadRequest(b"411 Length Required")
        return super().framing(request)


@choice()
class ChunkedAsItIsSpelled(Grammar):
    """Only the word itself is known; other spellings get 501."""

    def framing(self, request: Request) -> int | None:
        """The choice."""
        if request.all(b"transfer-encoding") not in ([], [b"chunked"]):
            raise BadRequest(b"501 Not Implemented")
        return super().framing(request)


@choice()
class BlanksBehindSizes(Grammar):
    """Blanks behind the digits of a chunk size are padding."""

    def chunk_size(self, line: bytes) -> int:
        """The choice."""
        return super().chunk_size(line.rstrip(b" \t"))


@choice()
class AnyBlankSeparates(Grammar):
    """The request line is split at runs of blanks (9112, 3)."""

    def request_line(self, line: bytes) -> tuple[bytes, bytes, bytes]:
        """The choice."""
        return super().request_line(b" ".join(line.split()))


@choice()
class ConnectIsPassedOn(Grammar):
    """CONNECT with an authority is the application's matter."""

    def check_target(self, method: bytes, target: bytes) -> bytes:
        """The choice."""
        return target if method == b"CONNECT" and b":" in target else super().check_target(method, target)


@choice()
class NoAsterisk(Grammar):
    """OPTIONS * is answered by the server, here with 501."""

    def check_target(self, method: bytes, target: bytes) -> bytes:
        """The choice."""
        if target == b"*":
            raise BadRequest(b"501 Not Implemented")
        return super().check_target(method, target)


@choice()
class OtherHostsMisdirected(Grammar):
    """A target of another host is misdirected: 421."""

    def check_absolute(self, target: bytes) -> None:
        """The choice."""
        super().check_absolute(target)
        if not target.startswith((b"http://localhost", b"http://127.0.0.1", b"https://localhost")):
            raise BadRequest(b"421 Misdirected Request")


@choice()
class SmallLimits(Grammar):
    """Longer lines than 8 KiB, and more fields than a hundred, are refused with 431."""

    line_limit = 8192
    head_limit = 32 * 1024
    field_limit = 100


@choice()
class HostAlways(Grammar):
    """An empty Host, and HTTP/1.0 without one, are refused."""

    def check_host(self, request: Request) -> None:
        """The choice."""
        super().check_host(request)
        if request.all(b"host") in ([], [b""]) and not request.is_1_0:
            raise BadRequest


@choice()
class ExpectationsPassedOver(Grammar):
    """What a client expects is not looked at but for 100-continue."""

    def check_expect(self, request: Request) -> None:
        """The choice."""


@choice()
class UpgradeRequired(Grammar):
    """An unknown Upgrade is answered 426."""

    def check_expect(self, request: Request) -> None:
        """The choice."""
        super().check_expect(request)
        if request.words(b"upgrade") not in ([], [b"websocket"]) and not request.is_1_0:
            raise BadRequest(b"426 Upgrade Required")


@choice()
class RawOctetsInTargets(Grammar):
    """Octets beyond ASCII in a target are passed on."""

    def check_target(self, method: bytes, target: bytes) -> bytes:
        """The choice."""
        super().check_target(method, bytes(o if o < 0x80 else 0x61 for o in target))
        return target


@choice("asgi")
class OtherCharsetsRefused(Grammar):
    """A path whose octets are no UTF-8 is refused: it would be no text in a scope."""

    def check_target(self, method: bytes, target: bytes) -> bytes:
        """The choice."""
        try:
            unquote_to_bytes(target.partition(b"?")[0]).decode("utf-8")
        except UnicodeDecodeError:
            raise BadRequest from None
        return super().check_target(method, target)


class Demanded(BadRequest):
    """A refusal that wants an answer: of a length (9112, 6.3), a fold (5.2), a blank at a colon (5.1), a Host (3.2)."""


class DemandsApart(Grammar):
    """Tells these refusals from others."""

    def length(self, value: bytes) -> int:
        """Return a length."""
        try:
            return super().length(value)
        except BadRequest:
            raise Demanded from None

    def field(self, line: bytes) -> tuple[bytes, bytes]:
        """Split a field line."""
        if line[:1] in (b" ", b"\t") or line.partition(b":")[0][-1:] in (b" ", b"\t"):
            raise Demanded
        return super().field(line)

    def check_host(self, request: Request) -> None:
        """There is one Host."""
        try:
            super().check_host(request)
        except BadRequest:
            raise Demanded from None


@choice()
class SilentRefusal(Server):
    """Whatever is refused gets no answer, where none is demanded."""

    grammar = DemandsApart()

    def refuse(self, connection: socket.socket, refusal: BadRequest) -> None:
        """The choice."""
        if isinstance(refusal, Demanded):
            super().refuse(connection, refusal)


@choice()
class AlwaysBadRequest(Server):
    """Whatever is refused gets 400 and a page."""

    def refuse(self, connection: socket.socket, refusal: BadRequest) -> None:
        """The choice."""
        head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
        connection.sendall(head + b"<h1>Bad request</h1>")


@choice()
class ClosesAtOnce(Server):
    """The connection is closed without reading on, so that a reset may meet who still sends."""

    def linger(self, connection: socket.socket) -> None:
        """The choice."""


@choice()
class BothFramingFieldsTaken(Server):
    """The chunked coding beside a length is decoded, and the connection closed after it (9112, 6.1)."""

    class grammar_class(Grammar):  # noqa: N801 - a local grammar
        """Drops the length."""

        def framing(self, request: Request) -> int | None:
            """The choice."""
            if not request.all(b"transfer-encoding") or request.is_1_0:
                return super().framing(request)
            kept = [pair for pair in request.fields if pair[0].lower() != b"content-length"]
            request.ambiguous = len(kept) < len(request.fields)
            request.fields = kept
            return super().framing(request)

    class answer_class(Answer):  # noqa: N801
        """Closes."""

        def client_closes(self) -> bool:
            """The choice."""
            return super().client_closes() or self.request.ambiguous

    grammar = grammar_class()


class Whole(Source):
    """A body that was read before the application is called."""

    def __init__(
        self,
        grammar: Grammar,
        length: int | None,
        read_some: Callable[[int], bytes],
        read_line: Callable[[int], bytes],
        before_first: Callable[[], None],
    ) -> None:
        """Read all of it."""
        super().__init__(grammar, length, read_some, read_line, before_first)
        pieces = []
        while octets := super().some(65536):
            pieces.append(octets)
        self.kept = BytesIO(b"".join(pieces))

    def some(self, most: int) -> bytes:
        """Hand it out."""
        return self.kept.read(most) if hasattr(self, "kept") else super().some(most)


@choice()
class BodyBeforeTheCall(Server):
    """The application is called when the body has come; one that is broken is refused."""

    source_class = Whole

    def serve_one(self, connection: socket.socket, stream: Any, peer: Any) -> bool:
        """The choice."""
        try:
            return super().serve_one(connection, stream, peer)
        except BadRequest as refusal:
            self.refuse(connection, refusal)
            return False


@choice()
class Http10Closes(Answer):
    """keep-alive of HTTP/1.0 is not honoured (9112, 9.3)."""

    def client_closes(self) -> bool:
        """The choice."""
        return super().client_closes() or self.request.is_1_0


@choice()
class CloseAfterEach(asgi.Server):
    """Every connection serves one request."""

    keep_alive = False


@choice()
class AsgiSilentRefusal(asgi.Server):
    """Whatever is refused gets no answer, where none is demanded."""

    grammar = DemandsApart()

    async def refuse(self, connection: Connection, refusal: BadRequest) -> None:
        """The choice."""
        if isinstance(refusal, Demanded):
            await super().refuse(connection, refusal)


@choice()
class AsgiBodyInSmallPieces(Http):
    """The body comes in events of a few octets."""

    reads_at_most = 7


@choice()
class AsgiCallsBehindTheEnd(Http):
    """Behind an answer to HTTP/1.0 the connection ends, though the next request was begun, which nobody is told."""

    async def serve(self) -> bool:
        """The choice."""
        goes_on = await super().serve()
        if self.request.is_1_0 and not goes_on and self.connection.buffer:
            self.connection.transport.close()
            await self.server.serve_one(self.connection)
        return goes_on


@choice()
class AsgiClosesAtWhatComesEarly(Http):
    """A connection on which the next request has come with a body is closed, as if the client had left."""

    async def serve(self) -> bool:
        """The choice."""
        length = self.request.all(b"content-length")
        if len(length) == 1 and length[0].isdigit() and self.connection.buffer[int(length[0]) :].strip(b"\r\n"):
            self.connection.buffer.clear()
            self.connection.transport.close()
        return await super().serve()


@choice()
class AsgiClosesUnread(Http):
    """A connection whose request was not read to its end is closed."""

    async def drain(self) -> bool:
        """The choice."""
        return self.body_ended

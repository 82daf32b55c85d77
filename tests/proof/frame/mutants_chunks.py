"""Mutants of the chunked coding and of trailers."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from typing import Any

from gateproof.reference import asgi
from gateproof.reference.asgi_http import Http
from gateproof.reference.body import Source
from gateproof.reference.connection import Connection
from gateproof.reference.requests import BadRequest, Grammar, Request
from gateproof.reference.wsgi import Server

from .faults import fault


@fault("FRAME-018")
class LowerCaseDigits(Grammar):
    """Accepts lower-case digits only."""

    def hex_ok(self, digits: bytes) -> bool:
        """The fault."""
        return super().hex_ok(digits) and digits == digits.lower()


@fault("FRAME-019")
@fault("FRAME-019", interface="asgi")
class SizeOf32Bits(Grammar):
    """Computes the size modulo 2**32."""

    def hex_ok(self, digits: bytes) -> bool:
        """Of any length."""
        return bool(re.fullmatch(rb"[0-9A-Fa-f]+", digits))

    def chunk_size(self, line: bytes) -> int:
        """The fault."""
        return super().chunk_size(line) % 2**32


def number(digits: bytes) -> int:
    """Return what a parser of numbers makes of digits."""
    try:
        return int(digits, 16)
    except ValueError:
        raise BadRequest from None


@fault("FRAME-078", also=["FRAME-080", "FRAME-081", "FRAME-082", "FRAME-111"])
@fault("FRAME-078", also=["FRAME-080", "FRAME-081", "FRAME-082", "FRAME-111"], interface="asgi")
@fault("FRAME-080", also=["FRAME-078", "FRAME-081", "FRAME-082", "FRAME-111"])
@fault("FRAME-081", also=["FRAME-078", "FRAME-080", "FRAME-082", "FRAME-111"])
@fault("FRAME-082", also=["FRAME-078", "FRAME-080", "FRAME-081", "FRAME-111"])
@fault("FRAME-111", also=["FRAME-078", "FRAME-080", "FRAME-081", "FRAME-082"])
class SizeByNumber(Grammar):
    """Computes int(line, 16)."""

    def chunk_size(self, line: bytes) -> int:
        """The fault."""
        digits, semicolon, _ = line.partition(b";")
        if semicolon or (size := number(digits)) < 0 or digits[-1:].isspace() or b" " in digits.strip():
            return super().chunk_size(line)
        return size


@fault("FRAME-021")
class UnreadableIsZero(Grammar):
    """Takes an unreadable size for 0."""

    def chunk_size(self, line: bytes) -> int:
        """The fault."""
        return super().chunk_size(line) if re.match(rb"[\s+-]?[0-9A-Fa-f]", line) else 0


@fault("FRAME-022")
class BareLfEndsChunkLines(Grammar):
    """Reads chunk lines up to LF."""

    def line(self, octets: bytes, too_long: bytes) -> bytes:
        """The fault."""
        if too_long == b"400 Bad Request" and octets.endswith(b"\n") and not octets.endswith(b"\r\n"):
            octets = octets[:-1] + b"\r\n"
        return super().line(octets, too_long)


@fault("FRAME-023", also=["FRAME-085"])
class SkipsUnseen(Source):
    """Skips a line behind the data without looking."""

    def after_chunk(self, line: bytes) -> None:
        """The fault."""


@fault("FRAME-122")
class WaitsForTheCrlf(Source):
    """Reads on where the CRLF behind the data is missing."""

    def after_chunk(self, line: bytes) -> None:
        """The fault."""
        while line != b"\r\n" and self.read_some(65536):
            pass
        super().after_chunk(line)


@fault("FRAME-024", also=["FRAME-031", "WSGI-HTTP-020"])
class NoExtensions(Grammar):
    """Fails on a semicolon in a size line."""

    def chunk_size(self, line: bytes) -> int:
        """The fault."""
        if b";" in line:
            raise BadRequest
        return super().chunk_size(line)


@fault("FRAME-025")
class ExtensionsUnread(Grammar):
    """Drops everything behind the semicolon unread."""

    def extension_bad(self, extension: bytes) -> bool:
        """The fault."""
        return b"\r" in extension


class Pushed(Source):
    """A source to which octets can be given back."""

    def __init__(self, grammar: Grammar, length: int | None, *reading: Any) -> None:
        """Put a buffer in front of the connection."""
        read_some, read_line, before = reading
        self.given = b""
        super().__init__(grammar, length, self.first(read_some), self.first(read_line, b"\n"), before)

    def first(self, read: Callable[[int], bytes], end: bytes = b"") -> Callable[[int], bytes]:
        """Read what was given back before anything else."""

        def reading(most: int) -> bytes:
            if not self.given:
                return read(most)
            cut = self.given.find(end) + 1 if end else min(most, len(self.given))
            octets, self.given = self.given[:cut], self.given[cut:]
            return octets

        return reading


@fault("FRAME-026")
class CrEndsSizeLines(Pushed):
    """Splits size lines with splitlines()."""

    def _next_chunk(self) -> None:
        """The fault."""
        line = self.read_line(1024)
        head, cr, rest = line.partition(b"\r")
        if cr and rest not in (b"\n", b""):
            self.given = head + b"\r\n" + rest
        else:
            self.given = line
        super()._next_chunk()


@fault("FRAME-027")
class MergesTrailers(asgi.Server):
    """Appends trailers that are there already to the header list."""

    def scope(self, request: Request, connection: Connection, kind: str) -> asgi.Scope:
        """The fault."""
        found = re.search(rb"\r\n0\r\n([^\r].*?)\r\n\r\n", bytes(connection.buffer), re.DOTALL)
        if found and request.length is None:
            pairs = [line.partition(b": ") for line in found[1].split(b"\r\n")]
            request.fields += [(name, value) for name, colon, value in pairs if colon]
        return super().scope(request, connection, kind)


@fault("FRAME-028", also=["ASGI-HTTP-REQ-005", "FRAME-029"])
class StopsAtZero(Http):
    """Stops at the line of the last chunk."""

    async def next_chunk(self) -> None:
        """The fault."""
        grammar = self.server.grammar
        self.left = grammar.chunk_size(grammar.line(await self.connection.line(1024), b"400 Bad Request"))
        if self.left == 0:
            while self.connection.buffer[:2] == b"\r\n":
                self.connection.take(2)
            self.body_ended = True


@fault("FRAME-029")
@fault("FRAME-029", interface="asgi")
class TrailersUnread(Grammar):
    """Discards lines until an empty one without looking."""

    def trailer(self, line: bytes) -> None:
        """The fault."""


@fault("FRAME-030")
class GathersForEver(Server):
    """Buffers a line without limit; from then on there is no room for anybody."""

    class grammar_class(Grammar):  # noqa: N801 - a local grammar
        """Notes that a chunk line was too long."""

        full = False

        def line(self, octets: bytes, too_long: bytes) -> bytes:
            """The fault."""
            if too_long == b"400 Bad Request" and not octets.endswith(b"\n"):
                self.full = True
            return super().line(octets, too_long)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Have a grammar of its own."""
        super().__init__(*arguments, **options)
        self.grammar = self.counting = self.grammar_class()

    def serve_one(self, connection: socket.socket, stream: Any, peer: Any) -> bool:
        """Nobody is served any more."""
        if self.counting.full:
            time.sleep(8)
            return False
        return super().serve_one(connection, stream, peer)


@fault("FRAME-137")
class TriesEveryWay(Server):
    """Has no time for anybody else from a value on that is long and wrong at its end."""

    class grammar_class(Grammar):  # noqa: N801 - a local grammar
        """Notes such a value."""

        trying = False

        def value_bad(self, value: bytes) -> bool:
            """The beginning of the fault."""
            self.trying = self.trying or (len(value) > 60 and value.endswith(b"\x10"))
            return super().value_bad(value)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Have a grammar of its own."""
        super().__init__(*arguments, **options)
        self.grammar = self.matching = self.grammar_class()

    def serve_one(self, connection: socket.socket, stream: Any, peer: Any) -> bool:
        """Nobody is served any more."""
        return not self.matching.trying and super().serve_one(connection, stream, peer)


@fault("FRAME-136")
class LooksForTheEndOfAChunk(Server):
    """Looks for CRLF behind the data of a chunk until it comes, be it that the connection has ended."""

    looking = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Look with all that we have."""
        super().__init__(*arguments, **options)
        server = self

        class Looking(Source):
            """Notes that nothing comes any more."""

            def after_chunk(self, line: bytes) -> None:
                """The beginning of the fault."""
                server.looking = server.looking or not line
                super().after_chunk(line)

        self.source_class = Looking

    def serve_one(self, connection: socket.socket, stream: Any, peer: Any) -> bool:
        """Nobody is served any more."""
        return not self.looking and super().serve_one(connection, stream, peer)


@fault("FRAME-031", also=["FRAME-024"])
class OneZeroOnly(Grammar):
    """Compares the line of the last chunk with '0'."""

    def chunk_size(self, line: bytes) -> int:
        """The fault."""
        size = super().chunk_size(line)
        if size == 0 and line != b"0":
            raise BadRequest
        return size

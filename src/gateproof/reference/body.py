"""`wsgi.input` of the reference server: the body of one request, and nothing behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateproof.reference.requests import BadRequest, Gone, Grammar

LINE = 16 * 1024


class Source:
    """Octets of the body as they come from the connection: decoded, bounded, and at the end b'' for ever."""

    def __init__(
        self,
        grammar: Grammar,
        length: int | None,
        read_some: Callable[[int], bytes],
        read_line: Callable[[int], bytes],
        before_first: Callable[[], None],
    ) -> None:
        """`length` is None for chunked coding; `before_first` is called before we wait for octets the first time."""
        self.grammar, self.left, self.chunked = grammar, length or 0, length is None
        self.read_some, self.read_line, self.before_first = read_some, read_line, before_first
        self.ended = length == 0
        self.begun = False

    def some(self, most: int) -> bytes:
        """Return the next octets, at most so many; b'' at the end of the body."""
        if self.ended:
            return b""
        if not self.begun:
            self.begun = True
            self.before_first()
        if self.chunked and self.left == 0:
            self._next_chunk()
            if self.ended:
                return b""
        octets = self.read_some(min(most, self.left))
        if not octets:
            raise Gone
        self.left -= len(octets)
        if self.left == 0:
            if self.chunked:
                self.after_chunk(self.read_line(LINE))
            else:
                self.ended = True
        return octets

    def after_chunk(self, line: bytes) -> None:
        """The data of a chunk is followed by CRLF."""
        if line != b"\r\n":
            raise BadRequest

    def _next_chunk(self) -> None:
        line = self.grammar.line(self.read_line(LINE), b"400 Bad Request")
        self.left = self.grammar.chunk_size(line)
        if self.left == 0:
            total = 0
            while line := self.grammar.line(self.read_line(LINE), b"400 Bad Request"):
                total += len(line)
                if total > LINE:
                    raise BadRequest
                self.grammar.trailer(line)
            self.ended = True


class Input:
    """The stream that the application reads: the methods of PEP 3333, one position for all of them."""

    def __init__(self, source: Source) -> None:
        """Read from a source."""
        self.source = source
        self.buffer = b""

    def read(self, size: int | None = -1) -> bytes:
        """Return at most `size` octets; all that remain for None or a negative size."""
        if size is None or size < 0:
            pieces = [self.take(len(self.buffer))]
            while octets := self.source.some(65536):
                pieces.append(octets)
            return b"".join(pieces)
        while len(self.buffer) < size:
            octets = self.source.some(size - len(self.buffer))
            if not octets:
                break
            self.buffer += octets
        return self.take(size)

    def take(self, size: int) -> bytes:
        """Hand out octets of the buffer."""
        octets, self.buffer = self.buffer[:size], self.buffer[size:]
        return octets

    def readline(self, size: int | None = -1) -> bytes:
        """Return the next line with its newline, at most `size` octets of it."""
        limit = -1 if size is None else size
        while True:
            end = self.buffer.find(b"\n") + 1
            if end and (limit < 0 or end <= limit):
                return self.take(end)
            if 0 <= limit <= len(self.buffer):
                return self.take(limit)
            octets = self.source.some(65536)
            if not octets:
                return self.take(len(self.buffer))
            self.buffer += octets

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """Return the remaining lines; whole ones until `hint` octets are reached, where it is positive."""
        lines: list[bytes] = []
        total = 0
        for line in self:
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        """Yield the remaining lines."""
        return iter(self.readline, b"")

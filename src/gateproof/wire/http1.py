"""Responses of HTTP/1.x: a reader that keeps what came as it came, says what is wrong with it, and goes on.

Sources: RFC 9112 (message syntax, chunked coding in 7.1, body length in 6.3) and RFC 9110 (field syntax in 5).
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field

HEAD_LIMIT = 256 * 1024
BODY_LIMIT = 8 * 1024 * 1024
TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
STATUS_LINE = re.compile(rb"(HTTP/\d\.\d) (\d{3})(?: ([^\r\n]*))?")
BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
DIGITS = re.compile(rb"[0-9]+")
SPAN = re.compile(rb"bytes ([0-9]{1,18})-([0-9]{1,18})/(?:[0-9]{1,18}|\*)", re.IGNORECASE)
HEX = re.compile(rb"[0-9A-Fa-f]+")


@dataclass
class Response:
    """One response as it stood on the wire. `framing` is none, length, chunked or close."""

    status: int
    reason: bytes
    version: bytes
    headers: list[tuple[bytes, bytes]]
    head: bytes = b""
    body: bytes = b""
    framing: str = "none"
    complete: bool = False
    chunks: list[int] = field(default_factory=list)
    trailers: list[tuple[bytes, bytes]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    interim: list[Response] = field(default_factory=list)
    length: int = 0

    def all(self, name: bytes) -> list[bytes]:
        """Return the values of every field of that name, whatever its case, in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def get(self, name: bytes) -> bytes | None:
        """Return the first value of a field, or None."""
        return next(iter(self.all(name)), None)

    @property
    def text(self) -> str:
        """The body as latin-1 text."""
        return self.body.decode("latin-1")


class ResponseReader:
    """Feeds on octets; hands out responses. One reader a connection, as octets of the next response may be at hand."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self.buffer = bytearray()
        self.ended = False
        self._work: Generator[None, None, Response] | None = None
        self._partial: Response | None = None
        self._got = bytearray()  # the body of that response so far

    def feed(self, octets: bytes) -> None:
        """Take octets in."""
        self.buffer += octets

    def eof(self) -> None:
        """Take note that the server closed its side."""
        self.ended = True

    @property
    def partial(self) -> bytes:
        """What came of a response that is not whole: its head and body so far, then what was not understood yet."""
        begun = self._partial
        return (begun.head + bytes(self._got) if begun else b"") + bytes(self.buffer[:4096])

    @property
    def length(self) -> int:
        """How many octets of the body came of a response that is not whole."""
        return self._partial.length if self._partial else 0

    def next_response(self, method: bytes) -> Response | None:
        """Return the next final response if it is whole, else None: feed more, or see `ended`."""
        if self._work is None:
            self._work = self._read(method)
        try:
            next(self._work)
        except StopIteration as done:
            self._work, self._partial = None, None
            found: Response = done.value
            return found
        return None

    @property
    def hopeless(self) -> bool:
        """Whether what is at hand can never become a response."""
        no_head = self._partial is None and self.buffer[:1] > b"\x7f"  # a WebSocket's frame in place of a response
        return no_head or len(self.buffer) > HEAD_LIMIT

    def _read(self, method: bytes) -> Generator[None, None, Response]:
        interim: list[Response] = []
        while True:
            response = yield from self._head()
            self._partial, self._got = response, bytearray()
            if 100 <= response.status < 200 and response.status != 101:
                response.complete = True
                interim.append(response)
                continue
            response.interim = interim
            yield from self._body(response, method)
            response.body = bytes(self._got)
            return response

    def _head(self) -> Generator[None, None, Response]:
        while (end := self.buffer.find(b"\r\n\r\n")) < 0 and (bare := self.buffer.find(b"\n\n")) < 0:
            yield
        if end >= 0:
            raw, size = bytes(self.buffer[:end]), 4
        else:
            end, size = bare, 2
            raw = bytes(self.buffer[:end])
        head = raw + bytes(self.buffer[end : end + size])
        del self.buffer[: end + size]
        return parse_head(raw, head)

    def _body(self, response: Response, method: bytes) -> Generator[None, None, None]:
        coded = b"chunked" in (response.get(b"Transfer-Encoding") or b"").lower()
        lengths = response.all(b"Content-Length")
        if (
            method == b"HEAD"
            or response.status in (101, 204, 304)
            or (method == b"CONNECT" and 200 <= response.status < 300)
        ):
            response.complete = True
        elif coded:
            response.framing = "chunked"
            yield from self._chunked(response)
        elif lengths and DIGITS.fullmatch(lengths[0]) and len(lengths[0]) < 19:
            response.framing = "length"
            yield from self._take(response, int(lengths[0]))
            response.complete = True
        else:
            response.framing = "close"
            while not self.ended:
                self._keep(response, len(self.buffer))
                yield
            self._keep(response, len(self.buffer))
            response.complete = True

    def _keep(self, response: Response, count: int) -> None:
        room = BODY_LIMIT - len(self._got)
        if room > 0:
            self._got += self.buffer[: min(count, room)]
        response.length += count
        del self.buffer[:count]

    def _take(self, response: Response, wanted: int) -> Generator[None, None, None]:
        while wanted:
            if not self.buffer:
                yield
                continue
            count = min(wanted, len(self.buffer))
            self._keep(response, count)
            wanted -= count

    def _line(self) -> Generator[None, None, bytes]:
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > HEAD_LIMIT:
                self.buffer.clear()
            yield
        line = bytes(self.buffer[: end + 1])
        del self.buffer[: end + 1]
        return line

    def _chunked(self, response: Response) -> Generator[None, None, None]:
        while True:
            line = yield from self._line()
            size, _, extension = line.partition(b";")
            digits = size.strip(b"\r\n") if not extension else size
            if not line.endswith(b"\r\n"):
                response.problems.append("chunk line ends with a bare LF")
            if not HEX.fullmatch(digits) or len(digits) > 15:
                response.problems.append(f"chunk size {line[:40]!r} is not hexadecimal")
                self.buffer[:0] = line
                while True:  # out of step: whatever follows cannot be told apart
                    yield
            count = int(digits, 16)
            if count == 0:
                break
            response.chunks.append(count)
            yield from self._take(response, count)
            end = yield from self._line()
            if end != b"\r\n":
                response.problems.append(f"chunk data is followed by {end[:40]!r}, not by CRLF")
        while (line := (yield from self._line())).strip(b"\r\n"):
            name, _, value = line.rstrip(b"\r\n").partition(b":")
            response.trailers.append((name, value.strip(b" \t")))
        response.complete = True


def part_length(content_range: bytes) -> int:
    """Return how many octets a part has by its Content-Range (RFC 9110, 14.4); 0 where that does not say."""
    found = SPAN.fullmatch(content_range.strip())
    return max(int(found[2]) - int(found[1]) + 1, 0) if found else 0


def final(octets: bytes) -> bytes:
    """Return what came of the final response: any number of interim ones may stand before it (RFC 9110, 15.2)."""
    while octets.startswith(b"HTTP/") and octets[9:10] == b"1" and b"\r\n\r\n" in octets:
        octets = octets.partition(b"\r\n\r\n")[2]
    return octets


def parse_head(raw: bytes, head: bytes) -> Response:
    """Return the response of a header block (without its empty line); what is wrong stands in `problems`."""
    lines = raw.replace(b"\r\n", b"\n").split(b"\n")
    found = STATUS_LINE.fullmatch(lines[0])
    if found is None:
        # Its fields may still frame a body: what follows is read as if the line were right.
        response = Response(0, lines[0][:200], b"", [], head, problems=[f"status line {lines[0][:80]!r}"])
        found = STATUS_LINE.fullmatch(b"HTTP/1.1 000 ")
        assert found is not None
    else:
        response = Response(int(found[2]), found[3] or b"", found[1], [], head)
    if raw.count(b"\n") != raw.count(b"\r\n"):
        response.problems.append("header block has a bare LF")
    if found[3] is None:
        response.problems.append("status line has no space after the code")
    if BAD_VALUE.search(response.reason):
        response.problems.append(f"reason phrase has a control character: {response.reason[:80]!r}")
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t"):
            response.problems.append(f"folded field line {line[:80]!r}")
        elif not colon:
            response.problems.append(f"field line without a colon {line[:80]!r}")
        elif not TOKEN.fullmatch(name):
            response.problems.append(f"field name {name[:80]!r} is not a token")
        value = value.strip(b" \t")
        if BAD_VALUE.search(value):
            response.problems.append(f"field {name[:40]!r} has a control character: {value[:80]!r}")
        response.headers.append((name, value))
    if response.all(b"Transfer-Encoding") and response.all(b"Content-Length"):
        response.problems.append("both Transfer-Encoding and Content-Length")
    return response

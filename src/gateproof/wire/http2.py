"""One HTTP/2 connection (RFC 9113) as a client: octets of our own on top of `client.Connection`.

Windows are opened as wide as they go, so that a server never waits for us, unless a smaller one is asked for; theirs
are kept to. What comes is kept by stream, in order.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from gateproof.wire.client import Closed, Connection, Silent, WireError
from gateproof.wire.hpack import BadBlock, Decoder, Field, encode
from gateproof.wire.http1 import Response

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, WITH_PRIORITY, ACK = 0x1, 0x4, 0x8, 0x20, 0x1
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 0x1, 0x2, 0x3, 0x4
ENABLE_CONNECT_PROTOCOL = 0x8
NO_TABLE = b"\x20"  # a dynamic table size update to 0 (RFC 7541, 6.3)
FIRST_WINDOW, LARGEST_FRAME = 65535, 16384
ROOM_S = 2.0  # how long a server may take to make room for a body
WIDEST = 2**31 - 1
CANCEL = 0x8


@dataclass(frozen=True)
class Frame:
    """One frame."""

    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def content(self) -> bytes:
        """The payload without padding."""
        if self.flags & PADDED and self.kind in (DATA, HEADERS, PUSH_PROMISE) and self.payload:
            return self.payload[1 : len(self.payload) - self.payload[0]]
        return self.payload


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return the octets of a frame (4.1)."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def settings(*pairs: tuple[int, int]) -> bytes:
    """Return a SETTINGS frame (6.5)."""
    payload = b"".join(number.to_bytes(2, "big") + value.to_bytes(4, "big") for number, value in pairs)
    return frame(SETTINGS, 0, 0, payload)


@dataclass
class Stream:
    """What came on one stream: header blocks and data in order, its end, and what it was promised by."""

    id: int
    method: bytes = b"GET"
    blocks: list[tuple[list[Field], bool]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    pieces: int = 0
    ended: bool = False
    reset: int | None = None
    promise: list[Field] = field(default_factory=list)
    promised_by: int = 0
    problems: list[str] = field(default_factory=list)
    room: int = FIRST_WINDOW

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.ended or self.reset is not None

    def response(self) -> Response | None:
        """Return the response that came, in the shape of one of HTTP/1.x; None without a final header."""
        interim: list[Response] = []
        for at, (fields, _) in enumerate(self.blocks):
            status = next((int(value) for name, value in fields if name == b":status" and value.isdigit()), 0)
            plain = [(name, value) for name, value in fields if not name.startswith(b":")]
            made = Response(status, b"", b"HTTP/2", plain, framing="http/2", complete=True)
            if 100 <= status < 200:
                interim.append(made)
                continue
            made.body, made.interim, made.complete = bytes(self.body), interim, self.ended
            made.trailers = [pair for block, _ in self.blocks[at + 1 :] for pair in block]
            made.problems = list(self.problems)
            return made
        return None


class Http2:
    """A connection: requests go out as streams, frames come in."""

    def __init__(self, wire: Connection, *, push: bool = False, window: int | None = None) -> None:
        """Greet; whether the other side speaks HTTP/2 shows when it answers (`greeted`).

        With `window` a stream may have so many octets of data on its way to us, and all of them together 65,535, until
        there is more room (`make_room`).
        """
        self.wire, self.decoder = wire, Decoder()
        self.buffer = bytearray()
        self.streams: dict[int, Stream] = {}
        self.goaway: int | None = None
        self.their: dict[int, int] = {}
        self.greeted = self.ended = False
        self._last, self._room, self._update = -1, FIRST_WINDOW, b""
        self._block: tuple[Frame, bytearray] | None = None
        hello = settings((ENABLE_PUSH, int(push)), (INITIAL_WINDOW_SIZE, WIDEST if window is None else window))
        self._put(PREFACE + hello)
        if window is None:
            self.make_room(WIDEST - FIRST_WINDOW)

    def greet(self, deadline: float) -> bool:
        """Tell whether the server answers the preface by its SETTINGS, the first thing that one of HTTP/2 sends."""
        try:
            while not self.greeted:
                self.step(deadline)
        except (WireError, BadBlock):
            return False
        return True

    def request(self, fields: list[Field], body: bytes | None = None, *, end: bool = True) -> Stream:
        """Open a stream with a header block; `end` False leaves our side of it open."""
        self._last += 2
        method = next((value for name, value in fields if name == b":method"), b"")
        room = self.their.get(INITIAL_WINDOW_SIZE, FIRST_WINDOW)
        stream = self.streams[self._last] = Stream(self._last, method, room=room)
        last = END_STREAM if end and body is None else 0
        self._put(frame(HEADERS, END_HEADERS | last, stream.id, self._update + encode(fields)))
        self._update = b""
        if body is not None:
            self.send_data(stream, body, end=end)
        return stream

    def send_data(self, stream: Stream, octets: bytes, *, end: bool = True) -> None:
        """Send octets of a body as the server's windows have room for them (5.2); what never gets room is not sent."""
        deadline = time.monotonic() + ROOM_S
        while True:
            size = min(len(octets), max(0, self._room), max(0, stream.room), LARGEST_FRAME)
            piece, rest = octets[:size], octets[size:]
            if piece or not rest:
                self._room, stream.room = self._room - size, stream.room - size
                self._put(frame(DATA, END_STREAM if end and not rest else 0, stream.id, piece))
            octets = rest
            if not octets or stream.reset is not None:
                return
            if self._room <= 0 or stream.room <= 0:
                try:
                    self.step(deadline)
                except WireError:
                    return

    def make_room(self, octets: int, stream: Stream | None = None) -> None:
        """Let so many further octets come, on a stream or on all of them together (6.9)."""
        self._put(frame(WINDOW_UPDATE, 0, stream.id if stream is not None else 0, octets.to_bytes(4, "big")))

    def cancel(self, stream: Stream) -> None:
        """Reset a stream."""
        self._put(frame(RST_STREAM, 0, stream.id, CANCEL.to_bytes(4, "big")))

    def finish(self, stream: Stream, deadline: float) -> Stream:
        """Read until a stream is over; raises `Silent`, `Closed` or `Reset`."""
        while not stream.over:
            if self.goaway is not None and stream.id > self.goaway:
                raise Closed
            self.step(deadline)
        return stream

    def step(self, deadline: float) -> Frame:
        """Read one frame, and answer it where that is ours to do."""
        while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            if not self.greeted and self.buffer[:5] == b"HTTP/":
                raise Closed(bytes(self.buffer))
            if time.monotonic() >= deadline:
                raise Silent(bytes(self.buffer))
            octets = b"" if self.wire.reader.ended else self.wire.read_some(deadline)
            if not octets:
                self.ended = True
                raise Closed(bytes(self.buffer))
            self.buffer += octets
        length = int.from_bytes(self.buffer[:3], "big")
        one = Frame(
            self.buffer[3],
            self.buffer[4],
            int.from_bytes(self.buffer[5:9], "big") & WIDEST,
            bytes(self.buffer[9 : 9 + length]),
        )
        del self.buffer[: 9 + length]
        self._take(one)
        return one

    def _take(self, one: Frame) -> None:
        if one.kind == SETTINGS and not one.flags & ACK:
            self.greeted, before = True, self.their.get(INITIAL_WINDOW_SIZE, FIRST_WINDOW)
            for at in range(0, len(one.payload) - 5, 6):
                number, value = one.payload[at : at + 2], one.payload[at + 2 : at + 6]
                self.their[int.from_bytes(number, "big")] = int.from_bytes(value, "big")
                if number == HEADER_TABLE_SIZE.to_bytes(2, "big"):
                    self._update = NO_TABLE  # a smaller table is to be confirmed (RFC 7541, 4.2); we use none
            for stream in self.streams.values():  # 6.9.2
                stream.room += self.their.get(INITIAL_WINDOW_SIZE, FIRST_WINDOW) - before
            self._put(frame(SETTINGS, ACK, 0))
        elif one.kind == PING and not one.flags & ACK:
            self._put(frame(PING, ACK, 0, one.payload))
        elif one.kind == WINDOW_UPDATE:
            more = int.from_bytes(one.payload[:4], "big") & WIDEST
            if one.stream in self.streams:
                self.streams[one.stream].room += more
            elif not one.stream:
                self._room += more
        elif one.kind == GOAWAY:
            self.goaway = int.from_bytes(one.payload[:4], "big") & WIDEST
        elif one.kind == RST_STREAM and one.stream in self.streams:
            self.streams[one.stream].reset = int.from_bytes(one.payload[:4], "big")
        elif one.kind == DATA and one.stream in self.streams:
            self._data(self.streams[one.stream], one)
        elif one.kind in (HEADERS, PUSH_PROMISE):
            content = one.content[5:] if one.kind == HEADERS and one.flags & WITH_PRIORITY else one.content
            self._block = (one, bytearray(content))
        elif one.kind == CONTINUATION and self._block is not None:
            self._block[1].extend(one.payload)
        if one.kind in (HEADERS, PUSH_PROMISE, CONTINUATION) and one.flags & END_HEADERS and self._block:
            self._header(*self._block)
            self._block = None

    def _put(self, octets: bytes) -> None:
        try:
            self.wire.send(octets)
        except Closed:
            return  # what it sent before it left can still be read

    def _data(self, stream: Stream, one: Frame) -> None:
        if stream.ended:
            stream.problems.append("DATA after the end of the stream")
        if len(stream.blocks) > 1 and stream.pieces:
            stream.problems.append("DATA after trailers")
        stream.body += one.content
        stream.pieces += 1
        stream.ended = stream.ended or bool(one.flags & END_STREAM)

    def _header(self, first: Frame, block: bytearray) -> None:
        if first.kind == PUSH_PROMISE:
            number = int.from_bytes(block[:4], "big") & WIDEST
            fields = self.decoder.decode(bytes(block[4:]))
            method = next((value for name, value in fields if name == b":method"), b"")
            self.streams[number] = Stream(number, method, promise=fields, promised_by=first.stream)
            return
        fields = self.decoder.decode(bytes(block))
        stream = self.streams.get(first.stream)
        if stream is None:
            return
        if stream.ended:
            stream.problems.append("HEADERS after the end of the stream")
        stream.blocks.append((fields, bool(first.flags & END_STREAM)))
        stream.ended = stream.ended or bool(first.flags & END_STREAM)

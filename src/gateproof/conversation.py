"""A WebSocket conversation with the server under test, frame by frame, as a check holds it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateproof.dialogue import Dialogue
from gateproof.wire import websocket as ws
from gateproof.wire.client import Closed, Reset, Silent, WireError

if TYPE_CHECKING:
    from gateproof.channel import Event
    from gateproof.exchange import Call, Exchange

ENDS = frozenset(("returned", "raised"))


@dataclass(frozen=True)
class Message:
    """One message, put together from its frames: opcode TEXT or BINARY."""

    opcode: int
    payload: bytes


@dataclass
class Conversation:
    """What follows an opening request on one connection: `dialogue.current` is its exchange.

    Where no time is given, a wait is as long as the patience of the run; one that was in vain shortens those after it.
    """

    dialogue: Dialogue
    reader: ws.FrameReader = field(default_factory=ws.FrameReader)
    frames: list[ws.Frame] = field(default_factory=list)
    ended: bool = False
    was_reset: bool = False

    @property
    def exchange(self) -> Exchange:
        """The exchange that the opening request began."""
        assert self.dialogue.current is not None, "a conversation begins with an opening request"
        return self.dialogue.current

    @property
    def call(self) -> Call:
        """The call of the application, as far as it is journalled."""
        self.dialogue.server.channel.fence()
        return self.exchange.call

    @property
    def accepted(self) -> bool:
        """Whether the server answered 101."""
        response = self.exchange.response
        return response is not None and response.status == 101

    @property
    def problems(self) -> list[str]:
        """What is wrong with the frames that came."""
        return self.reader.problems

    # -- out

    def frame(self, opcode: int, payload: bytes = b"", *, fin: bool = True) -> None:
        """Send one frame."""
        self.send(ws.encode(opcode, payload, fin=fin))

    def send(self, octets: bytes) -> None:
        """Send octets as they are; a server that takes no more for seconds is noted as silent."""
        try:
            self.dialogue.send(octets)
        except Silent:
            self.fell_silent()

    def text(self, text: str) -> None:
        """Send a text message."""
        self.frame(ws.TEXT, text.encode("utf-8"))

    def binary(self, octets: bytes) -> None:
        """Send a binary message."""
        self.frame(ws.BINARY, octets)

    def close(self, code: int | None = 1000, reason: bytes = b"") -> None:
        """Send a close frame."""
        self.frame(ws.CLOSE, ws.close_payload(code, reason))

    # -- in

    def next_frame(self, timeout: float | None = None) -> ws.Frame | None:
        """Return the next frame; None at the end, or where none comes in time."""
        deadline = self._deadline(timeout)
        while True:
            frame = self.reader.next_frame()
            if frame is not None:
                self.frames.append(frame)
                return frame
            if self.ended:
                return None
            try:
                octets = self.dialogue.wire.read_some(deadline)
            except Silent:
                self.fell_silent()
                return None
            except Reset:
                self.ended = self.was_reset = True
                continue
            except Closed:
                octets = b""
            if not octets:
                self.ended = True
            self.reader.feed(octets)

    def next_message(self, timeout: float | None = None) -> Message | None:
        """Return the next message; pings are answered, other control frames kept in `frames`; None at a close."""
        deadline = self._deadline(timeout)
        opcode, pieces = 0, b""
        while (frame := self.next_frame(max(deadline - time.monotonic(), 0.0))) is not None:
            if frame.opcode == ws.PING:
                self.frame(ws.PONG, frame.payload)
            elif frame.opcode == ws.CLOSE:
                return None
            elif frame.opcode < ws.CLOSE:
                opcode, pieces = frame.opcode or opcode, pieces + frame.payload
                if frame.fin:
                    return Message(opcode, pieces)
        return None

    def messages(self, count: int, timeout: float | None = None) -> list[Message]:
        """Return so many messages, or what came of them in time."""
        deadline = self._deadline(timeout)
        found: list[Message] = []
        while len(found) < count:
            message = self.next_message(max(deadline - time.monotonic(), 0.0))
            if message is None:
                break
            found.append(message)
        return found

    def closing(self, timeout: float | None = None) -> ws.Frame | None:
        """Return the server's close frame, whatever comes before it; None where it ends or falls silent without."""
        deadline = self._deadline(timeout)
        for earlier in self.frames:
            if earlier.opcode == ws.CLOSE:
                return earlier
        while (frame := self.next_frame(max(deadline - time.monotonic(), 0.0))) is not None:
            if frame.opcode == ws.CLOSE:
                return frame
        return None

    def ends(self, timeout: float | None = None) -> bool:
        """Tell whether the server ends the TCP connection in time; frames before the end are kept."""
        deadline = self._deadline(timeout)
        while not self.ended and time.monotonic() < deadline:
            self.next_frame(max(deadline - time.monotonic(), 0.0))
        return self.ended

    def drain(self) -> None:
        """Take in what has come, without waiting for more."""
        while True:
            while (frame := self.reader.next_frame()) is not None:
                self.frames.append(frame)
            if self.ended or not self.dialogue.wire.readable():
                return
            try:
                octets = self.dialogue.wire.read_some(time.monotonic() + 0.001)
            except WireError as end:
                self.ended, self.was_reset = True, isinstance(end, Reset)
                continue
            self.ended = not octets
            self.reader.feed(octets)

    def answer_pings(self) -> None:
        """Take in what has come, and answer its pings."""
        seen = len(self.frames)
        self.drain()
        for frame in self.frames[seen:]:
            if frame.opcode == ws.PING:
                self.frame(ws.PONG, frame.payload)

    def reset(self) -> None:
        """Abort the connection with RST."""
        self.dialogue.reset()

    def hang_up(self) -> None:
        """Close the TCP connection without a close frame."""
        self.dialogue.wire.close()

    def part(self, code: int | None = 1000, reason: bytes = b"") -> ws.Frame | None:
        """Do the closing handshake: send a close frame, and return the server's."""
        self.close(code, reason)
        return self.closing()

    # -- the journal

    def wait(self, event: str, timeout: float | None = None) -> bool:
        """Wait until the journal has an event of that name."""
        return self.came(lambda found: found.name == event, timeout) is not None

    def came(self, wanted: Callable[[Event], bool], timeout: float | None = None) -> Event | None:
        """Wait for an event of the journal; None where it does not come in time."""
        server, started = self.dialogue.server, time.monotonic()
        found = server.channel.wait(self.exchange.id, wanted, server.patience if timeout is None else timeout)
        server.waited_s += time.monotonic() - started
        return found

    def told(self, kind: str, timeout: float | None = None) -> dict[Any, Any] | None:
        """Wait until the application received an event of a type, and return the first; None where it did not."""
        found = self.came(lambda event: _received(event).get("type") == kind, timeout)
        return _received(found) if found else None

    def over(self, timeout: float | None = None) -> Call:
        """Wait until the call has ended; return it, ended or not."""
        self.came(lambda event: event.name in ENDS, timeout)
        return self.call

    def fell_silent(self) -> None:
        """Note that something did not come in time: waits that follow are shorter, and no smaller case is tried."""
        self.exchange.silent = True
        self.dialogue.server.met_silence()

    # -- inside

    def _deadline(self, timeout: float | None) -> float:
        return time.monotonic() + (self.dialogue.server.patience if timeout is None else timeout)


def _received(event: Event) -> dict[Any, Any]:
    """Return what `receive` yielded where that is what a line of the journal tells; else nothing."""
    told = event.value.get("event") if event.name == "receive" and isinstance(event.value, dict) else None
    plain = getattr(told, "base", told)
    return plain if isinstance(plain, dict) else {}

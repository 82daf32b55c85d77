"""A WebSocket conversation with the server under test, frame by frame, as a check holds it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from gateproof.target import SETTLE_S, Dialogue
from gateproof.wire import websocket as ws
from gateproof.wire.client import Closed, Reset, Silent


@dataclass(frozen=True)
class Message:
    """One message, put together from its frames: opcode TEXT or BINARY."""

    opcode: int
    payload: bytes


@dataclass
class Conversation:
    """What follows an opening request on one connection: `dialogue.current` is its exchange."""

    dialogue: Dialogue
    reader: ws.FrameReader = field(default_factory=ws.FrameReader)
    frames: list[ws.Frame] = field(default_factory=list)
    ended: bool = False
    was_reset: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the server answered 101."""
        exchange = self.dialogue.current
        return exchange is not None and exchange.response is not None and exchange.response.status == 101

    @property
    def problems(self) -> list[str]:
        """What is wrong with the frames that came."""
        return self.reader.problems

    # -- out

    def frame(self, opcode: int, payload: bytes = b"", *, fin: bool = True) -> None:
        """Send one frame."""
        self.dialogue.send(ws.encode(opcode, payload, fin=fin))

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

    def next_frame(self, timeout: float = SETTLE_S) -> ws.Frame | None:
        """Return the next frame; None at the end, or where none comes in time."""
        deadline = time.monotonic() + timeout
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
                return None
            except Reset:
                self.ended = self.was_reset = True
                continue
            except Closed:
                octets = b""
            if not octets:
                self.ended = True
            self.reader.feed(octets)

    def next_message(self, timeout: float = SETTLE_S) -> Message | None:
        """Return the next message; pings are answered, other control frames kept in `frames`; None at a close."""
        deadline = time.monotonic() + timeout
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

    def messages(self, count: int, timeout: float = SETTLE_S) -> list[Message]:
        """Return so many messages, or what came of them in time."""
        deadline = time.monotonic() + timeout
        found: list[Message] = []
        while len(found) < count:
            message = self.next_message(max(deadline - time.monotonic(), 0.0))
            if message is None:
                break
            found.append(message)
        return found

    def closing(self, timeout: float = SETTLE_S) -> ws.Frame | None:
        """Return the server's close frame, whatever comes before it; None where it ends or falls silent without."""
        deadline = time.monotonic() + timeout
        for earlier in self.frames:
            if earlier.opcode == ws.CLOSE:
                return earlier
        while (frame := self.next_frame(max(deadline - time.monotonic(), 0.0))) is not None:
            if frame.opcode == ws.CLOSE:
                return frame
        return None

    def ends(self, timeout: float = SETTLE_S) -> bool:
        """Tell whether the server ends the TCP connection in time; frames before the end are kept."""
        deadline = time.monotonic() + timeout
        while not self.ended and time.monotonic() < deadline:
            self.next_frame(max(deadline - time.monotonic(), 0.0))
        return self.ended

    def reset(self) -> None:
        """Abort the connection with RST."""
        self.dialogue.reset()

    def wait(self, event: str, timeout: float = SETTLE_S) -> bool:
        """Wait until the journal has an event of that name."""
        return self.dialogue.wait(event, timeout) is not None

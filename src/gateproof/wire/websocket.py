"""WebSocket octets (RFC 6455): frames as they are, right or wrong, and the opening handshake."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateproof.wire.http1 import Response
from gateproof.wire.request import HOST, Field, build

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = base64.b64encode(b"gateproof-nonce!")
MASK = b"\x37\xfa\x21\x3d"
LIMIT = 8 * 1024 * 1024


@dataclass(frozen=True)
class Frame:
    """One frame as it stood on the wire; `payload` is unmasked."""

    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    masked: bool = False

    @property
    def code(self) -> int | None:
        """Code of a close frame; None where it has none."""
        return int.from_bytes(self.payload[:2], "big") if self.opcode == CLOSE and len(self.payload) >= 2 else None

    @property
    def reason(self) -> bytes:
        """Reason of a close frame."""
        return self.payload[2:] if self.opcode == CLOSE else b""


def masked(payload: bytes, mask: bytes) -> bytes:
    """Apply a mask of four octets; RFC 6455, 5.3."""
    if not payload:
        return b""
    count = len(payload)
    key = (mask * (count // 4 + 1))[:count]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(count, "big")


def encode(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = MASK,
    length: int | None = None,
) -> bytes:
    """Return a frame; `length` states another length than the payload has, `mask` None leaves it unmasked."""
    first = (0x80 if fin else 0) | (rsv << 4) | opcode
    size = len(payload) if length is None else length
    bit = 0x80 if mask is not None else 0
    if size < 126:
        head = bytes([first, bit | size])
    elif size < 1 << 16:
        head = bytes([first, bit | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, bit | 127]) + size.to_bytes(8, "big")
    return head + (mask + masked(payload, mask) if mask is not None else payload)


def close_payload(code: int | None, reason: bytes = b"") -> bytes:
    """Return the payload of a close frame; no code, no payload."""
    return b"" if code is None else code.to_bytes(2, "big") + reason


@dataclass
class FrameReader:
    """Feeds on octets, hands out frames; what is wrong with them stands in `problems`."""

    buffer: bytearray = field(default_factory=bytearray)
    problems: list[str] = field(default_factory=list)

    def feed(self, octets: bytes) -> None:
        """Take octets in."""
        self.buffer += octets

    def next_frame(self) -> Frame | None:
        """Return the next whole frame, or None."""
        data = self.buffer
        if len(data) < 2:
            return None
        size, at = data[1] & 0x7F, 2
        if size >= 126:
            width = 2 if size == 126 else 8
            if len(data) < at + width:
                return None
            size = int.from_bytes(data[at : at + width], "big")
            at += width
        has_mask = bool(data[1] & 0x80)
        mask = bytes(data[at : at + 4]) if has_mask else b""
        at += len(mask)
        if size > LIMIT:
            self.problems.append(f"a frame announces {size} octets")
            self.buffer.clear()
            return None
        if (has_mask and len(mask) < 4) or len(data) < at + size:
            return None
        payload = bytes(data[at : at + size])
        frame = Frame(
            data[0] & 0x0F, masked(payload, mask) if mask else payload, bool(data[0] & 0x80), data[0] >> 4 & 7, has_mask
        )
        del self.buffer[: at + size]
        self._check(frame)
        return frame

    def _check(self, frame: Frame) -> None:
        if frame.masked:
            self.problems.append("a server's frame is masked")
        if frame.rsv:
            self.problems.append("a reserved bit is set though no extension was agreed on")
        if frame.opcode >= CLOSE and (len(frame.payload) > 125 or not frame.fin):
            self.problems.append("a control frame is too long or fragmented")
        if frame.opcode == CLOSE and len(frame.payload) == 1:
            self.problems.append("a close frame has a payload of one octet")


def handshake(
    target: bytes = b"/",
    headers: Iterable[Field] = (),
    protocols: Sequence[bytes] = (),
    *,
    host: Field = HOST,
    version: bytes = b"HTTP/1.1",
) -> bytes:
    """Return the opening request; RFC 6455, 4.1."""
    own: list[Field] = [
        host,
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Key", KEY),
        (b"Sec-WebSocket-Version", b"13"),
    ]
    if protocols:
        own.append((b"Sec-WebSocket-Protocol", b", ".join(protocols)))
    return build(b"GET", target, [*own, *headers], None, version)


def accept_value(key: bytes = KEY) -> bytes:
    """Return the Sec-WebSocket-Accept that belongs to a key; RFC 6455, 4.2.2."""
    return base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())


def handshake_problems(response: Response, key: bytes = KEY) -> list[str]:
    """Return what is wrong with the server's answer to an accepted handshake with that key; RFC 6455, 4.1."""
    problems = list(response.problems)
    if response.status != 101:
        return [f"status {response.status}, not 101"]
    if (response.get(b"Upgrade") or b"").lower() != b"websocket":
        problems.append(f"Upgrade is {response.get(b'Upgrade')!r}")
    options = b",".join(response.all(b"Connection")).lower().split(b",")
    if b"upgrade" not in [option.strip() for option in options]:
        problems.append(f"Connection is {response.get(b'Connection')!r}")
    proof, told = accept_value(key), response.all(b"Sec-WebSocket-Accept")
    if told != [proof]:
        problems.append(f"Sec-WebSocket-Accept is {told!r}, not {proof!r}")
    if response.all(b"Sec-WebSocket-Extensions"):
        problems.append("an extension was agreed on that was not offered")
    return problems

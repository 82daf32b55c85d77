"""Conforming variants after servers as they are deployed: with limits, keepalives, and pages that tell."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from wsproto.events import Ping, Pong

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_http import Event, Http
from gateproof.reference.asgi_websocket import WebSocket

from .faults import choice

PING_S, PONG_S = 0.2, 0.4


@choice()
class SmallMessages(Server):
    """A message of a WebSocket has at most 64 KiB: 1009 answers what is longer (RFC 6455, 10.4)."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """The choice."""
        options.setdefault("message_limit", 65_536)
        super().__init__(*arguments, **options)


@choice()
class InterimBeforeEveryAnswer(Http):
    """102 comes before each final response (RFC 9110, 15.2: a client copes with any number)."""

    async def write(self, octets: bytes) -> None:
        """The choice."""
        final = octets.startswith(b"HTTP/1.1 ") and octets[9:10] != b"1" and not self.request.is_1_0
        await super().write(b"HTTP/1.1 102 Processing\r\n\r\n" * final + octets)


@choice()
class PagesThatTell(Http):
    """The page of an error quotes what send was given."""

    quoted = b""

    async def send(self, event: Event) -> None:
        """Remember what could not be sent."""
        try:
            await super().send(event)
        except Exception:
            fields = event.get("headers") if isinstance(event, dict) else None
            pairs = [pair for pair in fields or () if isinstance(pair, (list, tuple)) and len(pair) == 2]
            raw = [
                name + b": " + value for name, value in pairs if isinstance(name, bytes) and isinstance(value, bytes)
            ]
            self.quoted = b"\r\n".join([repr(event).encode(), *raw])
            raise

    async def write(self, octets: bytes) -> None:
        """The choice."""
        head, end, text = octets.partition(b"\r\n\r\n")
        if self.quoted and head.startswith(b"HTTP/1.1 500 ") and text:
            length, more = b"Content-Length: %d\r\n", b"\r\n" + self.quoted
            head = (head + b"\r\n").replace(length % len(text), length % len(text + more)).removesuffix(b"\r\n")
            octets = head + end + text + more
        await super().write(octets)


@choice()
class AcceptReturnsLate(WebSocket):
    """The 101 is with the client before send(websocket.accept) returns."""

    async def accept(self, event: Event) -> None:
        """The choice."""
        await super().accept(event)
        await asyncio.sleep(0.05)


@choice()
class PingsWhoIsIdle(WebSocket):
    """A client that answers no ping is gone (RFC 6455, 5.5.2: it MUST answer)."""

    answered = False

    async def accept(self, event: Event) -> None:
        """The choice."""
        await super().accept(event)
        self.pings = asyncio.ensure_future(self.ping())

    async def ping(self) -> None:
        """Ask whether somebody is there."""
        with suppress(Exception):
            while self.gone is None and self.state == "open":
                await asyncio.sleep(PING_S)
                self.answered = False
                if self.gone is None and self.state == "open":
                    await self.put(Ping(b"alive?"))
                await asyncio.sleep(PONG_S)
                if not self.answered and self.gone is None and self.state == "open":
                    await self.end(1011, "keepalive ping timeout", say=True)

    async def take(self, event: Any) -> None:
        """A pong says so."""
        self.answered = self.answered or isinstance(event, Pong)
        await super().take(event)

"""Conforming variants after servers as they are deployed: with limits, keepalives, and pages that tell."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from wsproto.events import Ping, Pong

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_http import Event, Http
from gateproof.reference.asgi_websocket import WebSocket

from ..wsgi.variants_more import behind_an_interim
from .faults import choice

LATE_S, PING_S, PONG_S = 0.05, 0.2, 0.4
MANY = 20


class Conversing(WebSocket):
    """Pings who is idle, and returns late from an acceptance."""

    answered = False

    async def accept(self, event: Event) -> None:
        """The 101 is with the client before send(websocket.accept) returns."""
        await super().accept(event)
        self.pings = asyncio.ensure_future(self.ping())
        await asyncio.sleep(LATE_S)

    async def ping(self) -> None:
        """A client that answers no ping is gone (RFC 6455, 5.5.2: it MUST answer)."""
        with suppress(Exception):
            while self.gone is None and self.state == "open":
                await asyncio.sleep(PING_S)
                if len(self.server.connections) > MANY:
                    continue  # a client that opens so many at once has no time for each
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


class Telling(Http):
    """Sends 102 before each final response (RFC 9110, 15.2), and quotes in the page of an error what send was given."""

    quoted = b""

    async def send(self, event: Event) -> None:
        """Remember what could not be sent."""
        try:
            await super().send(event)
        except Exception:
            fields = event.get("headers") if isinstance(event, dict) else None
            pairs = [pair for pair in fields or () if isinstance(pair, (list, tuple)) and len(pair) == 2]
            raw = [b": ".join(pair) for pair in pairs if all(isinstance(part, bytes) for part in pair)]
            self.quoted = b"\r\n".join([repr(event).encode(), *raw])
            raise

    async def write(self, octets: bytes) -> None:
        """The choice."""
        head, end, text = octets.partition(b"\r\n\r\n")
        if self.quoted and head.startswith(b"HTTP/1.1 500 ") and text:
            length, more = b"Content-Length: %d\r\n", b"\r\n" + self.quoted
            head = (head + b"\r\n").replace(length % len(text), length % len(text + more)).removesuffix(b"\r\n")
            octets = head + end + text + more
        await super().write(behind_an_interim(octets, self.request))


@choice()
class Deployed(Server):
    """A message of a WebSocket has at most 64 KiB: 1009 answers what is longer (RFC 6455, 10.4)."""

    http_class = Telling
    websocket_class = Conversing

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """The choice."""
        options.setdefault("message_limit", 65_536)
        super().__init__(*arguments, **options)

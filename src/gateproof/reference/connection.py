"""One connection of the reference ASGI server: octets in and out, with an end to both."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, cast

from gateproof.reference.requests import Gone

HIGH = 256 * 1024


class ClientDisconnected(OSError):
    """What `send` raises when the client is gone; HTTP & WebSocket specification, Disconnected Client."""


class Connection(asyncio.Protocol):
    """Buffers what comes, up to a bound; writes wait while the client does not read."""

    def __init__(self, accept: Callable[[Connection], None]) -> None:
        """`accept` is called once the connection stands."""
        self._accept = accept
        self.buffer = bytearray()
        self.eof = self.lost = self.stop_wanted = self.idle = False
        self.changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._paused = False
        self.on_stop: Callable[[], None] | None = None

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self.transport = cast("asyncio.Transport", transport)
        self.ssl_object: ssl.SSLObject | None = transport.get_extra_info("ssl_object")  # gone once TLS is closed
        self.peer = self.address("peername")
        self.local = self.address("sockname")
        self._accept(self)

    def data_received(self, data: bytes) -> None:
        """Keep what comes; too much of it waits in the socket."""
        self.buffer += data
        if len(self.buffer) > HIGH and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self.changed.set()

    def eof_received(self) -> bool:
        """The client says that it sends no more; it may still read."""
        self.eof = True
        self.changed.set()
        return not self.ssl_object

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.eof = self.lost = True
        self._writable.set()
        self.changed.set()

    def pause_writing(self) -> None:
        """The client does not read fast enough."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._writable.set()

    # -- what calls need

    def address(self, name: str) -> Any:
        """Return (host, port) of an end of the connection."""
        found = self.transport.get_extra_info(name)
        return (found[0], found[1]) if isinstance(found, tuple) else None

    async def more(self) -> bool:
        """Wait for more octets; False at the end."""
        while not self.eof:
            self.changed.clear()
            if self._paused and len(self.buffer) <= HIGH:
                self._paused = False
                self.transport.resume_reading()
            before = len(self.buffer)
            await self.changed.wait()
            if len(self.buffer) > before or self.stop_wanted:
                return len(self.buffer) > before
        return False

    async def head(self, limit: int) -> bytes:
        """Return the octets of one request's head; b'' where the client left instead, or we were told to stop."""
        while True:
            while self.buffer[:2] == b"\r\n":
                del self.buffer[:2]
            end = self.buffer.find(b"\r\n\r\n")
            bare = self.buffer.find(b"\n\n")
            if end >= 0 or bare >= 0 or len(self.buffer) > limit:
                return self.take(min([end + 4] if end >= 0 else [len(self.buffer)]))
            self.idle = not self.buffer
            going_on = not (self.stop_wanted and self.idle) and await self.more()
            self.idle = False
            if not going_on and (self.eof or self.stop_wanted):
                return b""

    def take(self, count: int) -> bytes:
        """Take octets out of the buffer."""
        octets = bytes(self.buffer[:count])
        del self.buffer[:count]
        return octets

    async def some(self, most: int) -> bytes:
        """Return the next octets, at most so many; raises `Gone` at the end."""
        while not self.buffer:
            if not await self.more() and self.eof:
                raise Gone
        return self.take(most)

    async def line(self, limit: int) -> bytes:
        """Return the next line with its end; raises `Gone` at the end of the connection."""
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > limit:
                return self.take(limit)
            if not await self.more() and self.eof:
                raise Gone
        return self.take(end + 1)

    async def write(self, octets: bytes) -> None:
        """Send octets; returns when they are in the hands of the transport and the client keeps up."""
        if self.lost or self.transport.is_closing():
            raise ClientDisconnected("the client is gone")
        self.transport.write(octets)
        await self._writable.wait()
        if self.lost:
            raise ClientDisconnected("the client is gone")

    def say_stop(self) -> None:
        """The server stops: an idle connection ends, another after what is in flight."""
        self.stop_wanted = True
        self.changed.set()
        if self.on_stop is not None:
            self.on_stop()

    async def finish(self) -> None:
        """Say that no more comes, and read on for a moment, so that no reset takes our answer away (RFC 9112, 9.6)."""
        if self.lost or self.ssl_object is not None:
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        deadline = asyncio.get_running_loop().time() + 0.5
        while not self.eof and (left := deadline - asyncio.get_running_loop().time()) > 0:
            self.buffer.clear()
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), left)
            except TimeoutError:
                break

    def close(self) -> None:
        """Close the connection once what was written has left."""
        self.transport.close()

    def abort(self) -> None:
        """Close it at once, where it is not closed."""
        if not self.lost:
            self.transport.abort()

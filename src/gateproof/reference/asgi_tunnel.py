"""WebSockets over one stream of HTTP/2 (RFC 8441), as the reference ASGI server does them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from gateproof.reference.asgi_http2 import Lane, Stream
from gateproof.reference.asgi_websocket import Denial, WebSocket
from gateproof.reference.connection import ClientDisconnected
from gateproof.reference.requests import Gone, Request

if TYPE_CHECKING:
    from gateproof.reference.asgi import Server
    from gateproof.reference.asgi_http2 import Http2

Pair = tuple[bytes, bytes]


class Tunnel(Lane):
    """One stream as a WebSocket needs a connection: octets both ways, and an end."""

    def __init__(self, multiplexer: Http2, number: int) -> None:
        """Open both ways."""
        super().__init__(multiplexer.connection)
        self.multiplexer, self.number, self.lane = multiplexer, number, self
        self.closed = False

    @property
    def eof(self) -> bool:
        """Whether the client has said all."""
        return self.ended or self.lost

    async def some(self, most: int) -> bytes:
        """The next octets; raises `Gone` at their end."""
        octets = await super().some(most)
        if not octets:
            raise Gone
        return octets

    async def write(self, octets: bytes) -> None:
        """Send octets as DATA."""
        if self.lost or self.closed:
            raise ClientDisconnected("the client is gone")
        await self.multiplexer.send_data(self, octets, end=False)

    def answer(self, status: bytes, pairs: list[Pair], *, end: bool) -> None:
        """Send the header section."""
        self.closed = end
        self.multiplexer.send_headers(self, [(b":status", status), *pairs], end=end)

    def close(self) -> None:
        """Say that nothing more comes."""
        if not self.closed and not self.lost:
            self.closed = True
            self.multiplexer.end(self)


class TunnelDenial(Denial, Stream):
    """The response to a handshake that is refused: that of a stream."""

    def __init__(self, server: Server, tunnel: Tunnel, request: Request) -> None:
        """It is the response of the stream on which the handshake came."""
        Stream.__init__(self, server, tunnel.multiplexer, request, tunnel.number, bodiless=True)
        self.tunnel = self.lane = tunnel

    def finish(self) -> None:
        """The stream has ended with it."""
        self.tunnel.closed = True
        super().finish()


class TunnelledWebSocket(WebSocket):
    """A WebSocket whose handshake is an extended CONNECT: it is answered by 200, or by an error."""

    denial_class: type[Any] = TunnelDenial

    def __init__(self, server: Server, multiplexer: Http2, request: Request, number: int) -> None:
        """Nothing is answered yet."""
        self.lane, self.done = Tunnel(multiplexer, number), asyncio.Event()
        super().__init__(server, self.lane, request)  # type: ignore[arg-type]
        self.connection.on_stop = None

    def scope(self) -> dict[str, Any]:
        """The scope: that of HTTP/1.1."""
        return self.server.scope(self.request, self.lane.multiplexer.connection, "websocket")

    async def serve(self) -> None:
        """Call the application, and see the stream to its end."""
        try:
            await super().serve()
            self.lane.close()
        finally:
            self.done.set()

    async def answer(self, pairs: list[Pair]) -> None:
        """Complete the handshake."""
        self.lane.answer(b"200", [(name.lower(), value) for name, value in pairs], end=False)

    async def answer_refusal(self, status: bytes) -> None:
        """Refuse it."""
        self.lane.answer(status[:3], [(b"content-length", b"0")], end=True)

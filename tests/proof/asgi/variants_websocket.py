"""Conforming variants of WebSockets: what the specification and RFC 6455 leave to the server."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Ping, TextMessage

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_websocket import Denial, WebSocket
from gateproof.reference.connection import ClientDisconnected, Connection
from gateproof.reference.requests import BadRequest, Request
from gateproof.wire import websocket as ws

from .faults import choice

Event = dict[str, Any]
Fields = list[tuple[bytes, bytes]]


class Version24(Server):
    """A server of version 2.4, to which a reason in websocket.disconnect is unknown: where several begin."""

    spec_version = "2.4"


@choice()
class SaysNoReason(Version24):
    """Version 2.4: websocket.disconnect has no reason."""

    class Socket(WebSocket):
        """Without the key."""

        def disconnect_event(self, code: int, reason: str) -> Event:
            """The choice."""
            return {"type": "websocket.disconnect", "code": code}

    websocket_class = Socket


@choice()
class Version20(Server):
    """Version 2.0: no headers in accept, no reason in close, and a send to nobody returns."""

    class Socket(WebSocket):
        """What came later is unknown to it."""

        async def accept(self, event: Event) -> None:
            """Without headers."""
            await super().accept({**event, "headers": []})

        async def take_close(self, event: Event) -> None:
            """Without a reason."""
            await super().take_close({**event, "reason": ""})

        async def after_disconnect(self, kind: str) -> None:
            """A no-op: Error Handling of the core specification."""

    spec_version = "2.0"
    websocket_class = Socket

    def extension_names(self, kind: str) -> list[str]:
        """No denial response."""
        return [] if kind == "websocket" else super().extension_names(kind)


@choice()
class NoVersion(Version20):
    """A server that declares no version is one of 2.0."""

    def asgi(self, kind: str) -> dict[str, Any]:
        """Without spec_version."""
        return {"version": "3.0"}


@choice()
class BothKeysOneNone(WebSocket):
    """websocket.receive has both keys; one of them is None."""

    async def deliver(self, event: Event) -> None:
        """The choice."""
        await super().deliver({"bytes": None, "text": None, **event})


@choice()
class EnumCodes(WebSocket):
    """The code is a member of an IntEnum, which is an int."""

    def code_of(self, event: CloseConnection) -> int:
        """The choice."""
        return event.code


@choice()
class ReasonNoneForNone(WebSocket):
    """A reason that is not there is None."""

    def disconnect_event(self, code: int, reason: str) -> Event:
        """The choice."""
        return {**super().disconnect_event(code, reason), "reason": reason or None}


@choice()
class SplitsFrames(WebSocket):
    """Messages are sent in fragments, with a ping in between."""

    async def message(self, event: Event) -> None:
        """The choice."""
        if self.state != "open":
            await super().message(event)
            return
        text = event.get("text")
        opcode, octets = (ws.TEXT, text.encode()) if text is not None else (ws.BINARY, event["bytes"])
        half = len(octets) // 2
        pieces = ws.encode(opcode, octets[:half], fin=False, mask=None) + ws.encode(ws.PING, b"?", mask=None)
        await self.connection.write(pieces + ws.encode(ws.CONTINUATION, octets[half:], mask=None))


@choice()
class PingsAtOnce(WebSocket):
    """A ping follows the acceptance, and each message."""

    async def accept(self, event: Event) -> None:
        """The choice."""
        await super().accept(event)
        await self.put(Ping(b"alive?"))

    async def deliver(self, event: Event) -> None:
        """The choice."""
        await super().deliver(event)
        if self.state == "open":
            await self.put(Ping(b"still?"))


@choice()
class Capitals(WebSocket):
    """Field names in capitals, Upgrade: WebSocket, and fields of the server's own."""

    def upgrade(self) -> Fields:
        """The choice."""
        proof = super().upgrade()[2][1]
        own = [(b"Server", b"x"), (b"Date", b"Mon, 01 Jan 2024 00:00:00 GMT")]
        return [(b"UPGRADE", b"WebSocket"), (b"Connection", b"upgrade"), (b"Sec-WebSocket-Accept", proof), *own]


@choice()
class RejectsWithABody(WebSocket):
    """A rejection has a body and more fields."""

    async def refuse(self, status: bytes) -> None:
        """The choice."""
        close, self.connection.close = self.connection.close, lambda: None  # type: ignore[method-assign]
        write = self.connection.write

        async def more(octets: bytes) -> None:
            if octets.startswith(b"HTTP/1.1 "):
                octets = octets.replace(b"content-length: 0", b"content-length: 6\r\nx-why: no") + b"denied"
            await write(octets)

        self.connection.write = more  # type: ignore[method-assign]
        await super().refuse(status)
        self.connection.write, self.connection.close = write, close  # type: ignore[method-assign]
        close()


@choice()
class RefusesEarlyOctets(WebSocket):
    """A client that does not wait for the response is refused."""

    async def serve(self) -> None:
        """The choice."""
        if self.connection.buffer:
            raise BadRequest
        await super().serve()


@choice()
class FailsOnEarlyOctets(WebSocket):
    """A client that did not wait for the response is answered, then its frames fail the connection."""

    early = False

    async def serve(self) -> None:
        """Take note."""
        self.early = bool(self.connection.buffer)
        await super().serve()

    async def take(self, event: Any) -> None:
        """The choice."""
        if self.early and isinstance(event, TextMessage):
            await self.fail_connection(1002)
        else:
            await super().take(event)


@choice()
class RefusesObsText(Server):
    """A field with octets above 0x7f is the client's mistake."""

    def is_websocket(self, request: Request) -> bool:
        """The choice."""
        found = super().is_websocket(request)
        if found and any(octet > 127 for _, value in request.fields for octet in value):
            raise BadRequest
        return found


@choice()
class WantsOneConnectionField(Server):
    """Connection must be one field, and a GET with a length is no handshake."""

    def is_websocket(self, request: Request) -> bool:
        """The choice."""
        found = super().is_websocket(request)
        if found and (len(request.all(b"connection")) > 1 or request.all(b"content-length")):
            raise BadRequest
        return found


@choice()
class EveryBreachIs1002(WebSocket):
    """Whatever breaks the protocol is 1002."""

    async def fail_connection(self, code: int) -> None:
        """The choice."""
        await super().fail_connection(1002)


@choice()
class AnswersWithAnotherCode(WebSocket):
    """The answer to a close frame has no code: RFC 6455 wants an echo typically, not always."""

    async def closed_by_client(self, event: CloseConnection) -> None:
        """The choice."""
        if self.frames.state is ConnectionState.REMOTE_CLOSING:
            await self.connection.write(ws.encode(ws.CLOSE, b"", mask=None))
            await self.end(self.code_of(event), event.reason or "", say=False)
            self.connection.close()
        else:
            await super().closed_by_client(event)


@choice()
class ForbiddenCodes1005(WebSocket):
    """After a rejection, and after its own close, the application is told another code, once."""

    def next_event(self) -> Event:
        """The choice."""
        event = super().next_event()
        if event["type"] == "websocket.disconnect" and (self.said_close is not None or self.state == "closed"):
            return {**event, "code": event["code"] if self.said_close is None else 1005}
        return event


@choice()
class DisconnectOnce(WebSocket):
    """websocket.disconnect comes once; a receive behind it waits until the end of the call."""

    times: Counter[str]

    async def receive(self) -> Event:
        """The choice."""
        event = await super().receive()
        self.times = getattr(self, "times", Counter())
        self.times[event["type"]] += 1
        if self.times["websocket.disconnect"] > 1:
            await asyncio.Event().wait()
        return event


@choice()
class RaisesAfterItsOwnClose(WebSocket):
    """A send behind the application's own close raises an OSError."""

    async def message(self, event: Event) -> None:
        """The choice."""
        if self.state == "closing":
            raise ClientDisconnected("closed by the application")
        await super().message(event)


@choice()
class NoReplyIs403(WebSocket):
    """A call that ends without a reply is a rejection."""

    async def refuse(self, status: bytes) -> None:
        """The choice."""
        await super().refuse(b"403 Forbidden" if status.startswith(b"500") else status)


@choice()
class ChunkedDenials(WebSocket):
    """A denial is sent in chunks, whatever its length, with fields of the server's own."""

    class Chunked(Denial):
        """Without a length."""

        def framing(self, total: int | None) -> Fields:
            """The choice."""
            return super().framing(None)

    denial_class = Chunked


@choice()
class SpeaksNoWebSocket(Server):
    """A server without WebSocket answers the handshake as an ordinary request."""

    def is_websocket(self, request: Request) -> bool:
        """The choice."""
        return False


@choice()
class LargeBuffers(Connection):
    """A good deal waits for a client that does not read before the application does."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The choice."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=4 << 20)


@choice(about=["ASGI-HTTP-RESP-025", "ASGI-HTTP-RESP-031", "ASGI-WS-031", "ASGI-WS-116"])
class DropsSlowReaders(LargeBuffers):
    """The connection of a client for whom too much waits is ended, and who sends is told."""

    async def write(self, octets: bytes) -> None:
        """The choice."""
        if self.transport.get_write_buffer_size() > 1 << 20:
            self.transport.abort()
            raise ClientDisconnected("the client does not read")
        await super().write(octets)

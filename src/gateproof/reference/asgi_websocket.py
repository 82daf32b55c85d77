"""One WebSocket, as the reference ASGI server does it (specs/www, WebSocket); frames are wsproto's business."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
from collections import deque
from typing import TYPE_CHECKING, Any

from wsproto.connection import Connection as Frames
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from gateproof.reference.asgi_events import check, fields
from gateproof.reference.asgi_http import Http
from gateproof.reference.connection import ClientDisconnected, Connection
from gateproof.reference.requests import BadRequest, Gone, Request

if TYPE_CHECKING:
    from gateproof.reference.asgi import Server

Event = dict[str, Any]
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
QUEUED = 32
CLOSING_S = 5.0


class Denial(Http):
    """The response to a handshake that is refused: like any other, then the connection ends."""

    def check(self, event: Event) -> str:
        """Its events have names of their own."""
        return str(event["type"])

    def client_closes(self) -> bool:
        """It is the last of the connection."""
        return True


class WebSocket:
    """One call of type websocket. `state` is connecting, open, denying, closing or closed."""

    denial_class: type[Denial] = Denial

    def __init__(self, server: Server, connection: Connection, request: Request) -> None:
        """Nothing is answered yet."""
        self.server, self.connection, self.request = server, connection, request
        self.frames = Frames(ConnectionType.SERVER)
        self.state = "connecting"
        self.queue: deque[Event] = deque()
        self.arrived, self.room = asyncio.Event(), asyncio.Event()
        self.denial: Denial | None = None
        self.gone: Event | None = None
        self.reader: asyncio.Task[None] | None = None
        self.said_close: tuple[int, str] | None = None
        self.text, self.octets, self.size = "", b"", 0

    async def serve(self) -> None:
        """Call the application, and see the connection to its end."""
        self.queue.append(self.connect_event())
        scope = self.scope()
        self.reader = asyncio.get_running_loop().create_task(self.read())
        self.connection.on_stop = self.stop
        task = self.server.start_call(self.run(scope))
        try:
            await asyncio.wait([task])
            await asyncio.wait([self.reader], timeout=CLOSING_S if self.state == "closing" else 0)
        finally:
            self.reader.cancel()

    def scope(self) -> dict[str, Any]:
        """The scope."""
        return self.server.scope(self.request, self.connection, "websocket")

    async def run(self, scope: dict[str, Any]) -> None:
        """Be the call."""
        try:
            await self.server.call(scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except Exception as error:
            self.server.report(error)
            await self.end_of_call(1011)
        else:
            await self.end_of_call(1000)

    async def end_of_call(self, code: int) -> None:
        """The application is done; nobody is left waiting."""
        try:
            if self.state == "connecting" and not self.connection.lost:
                await self.refuse(b"500 Internal Server Error")
            elif self.state == "open" and self.gone is None:
                await self.close(code, "")
            elif self.denial is not None and not self.denial.complete:
                await self.denial.failed()
        except ClientDisconnected:
            pass

    def stop(self) -> None:
        """The server stops."""
        if self.state == "open":
            asyncio.get_running_loop().create_task(self.leave(1012))

    async def leave(self, code: int) -> None:
        """Close because the server stops."""
        with contextlib.suppress(ClientDisconnected, LocalProtocolError):
            await self.close(code, "")

    # -- from the client

    async def read(self) -> None:
        """Read frames until the end; messages queue up to a bound, then the client waits."""
        while self.state == "connecting":
            if not await self.wait_while_connecting():
                await self.lose()
                return
        while self.gone is None and self.state in ("open", "closing"):
            try:
                octets = await self.connection.some(65536)
            except Gone:
                await self.lose()
                return
            self.frames.receive_data(octets)
            try:
                for event in self.frames.events():
                    await self.take(event)
            except RemoteProtocolError as error:
                await self.fail_connection(int(getattr(error.event_hint, "code", 1002) or 1002))

    async def wait_while_connecting(self) -> bool:
        """Wait for the application's answer; False where the client leaves before it."""
        if self.connection.eof:
            return False
        self.connection.changed.clear()
        await self.connection.changed.wait()
        return not self.connection.eof

    async def fail_connection(self, code: int) -> None:
        """The client broke the protocol: say so, and end."""
        await self.end(code, "", say=self.state == "open")
        self.connection.close()

    async def take(self, event: Any) -> None:
        """Take one event of the frames."""
        if isinstance(event, Ping):
            await self.pong(event)
        elif isinstance(event, CloseConnection):
            await self.closed_by_client(event)
        elif isinstance(event, (TextMessage, BytesMessage)) and self.too_long(event):
            await self.fail_connection(1009)
        elif isinstance(event, TextMessage):
            self.text += event.data
            if event.message_finished:
                text, self.text = self.text, ""
                await self.deliver({"type": "websocket.receive", "text": text})
        elif isinstance(event, BytesMessage):
            self.octets += event.data
            if event.message_finished:
                octets, self.octets = self.octets, b""
                await self.deliver({"type": "websocket.receive", "bytes": octets})

    def too_long(self, event: Any) -> bool:
        """Whether a message grows beyond the limit by this part of it."""
        part = event.data.encode() if isinstance(event, TextMessage) else event.data
        self.size += len(part)
        size = self.size
        if event.message_finished:
            self.size = 0
        return self.server.message_limit is not None and size > self.server.message_limit

    async def pong(self, event: Ping) -> None:
        """Answer a ping."""
        await self.put(event.response())

    async def deliver(self, event: Event) -> None:
        """Queue a message for the application; after our own close nothing is."""
        if self.state != "open":
            return
        self.queue.append(event)
        self.arrived.set()
        while len(self.queue) > QUEUED and self.gone is None:
            self.room.clear()
            await self.room.wait()

    async def closed_by_client(self, event: CloseConnection) -> None:
        """A close frame: answer it, unless it answers ours."""
        if self.frames.state in (ConnectionState.OPEN, ConnectionState.LOCAL_CLOSING):
            await self.fail_connection(int(event.code))  # no close frame at all: the client broke the protocol
            return
        answer = event.response() if self.frames.state is ConnectionState.REMOTE_CLOSING else None
        code, reason = self.said_close or (self.code_of(event), event.reason or "")
        await self.end(code, reason, say=False)  # before the answer, behind which no message may go out
        if answer is not None:
            await self.put(answer)
        self.connection.close()

    def code_of(self, event: CloseConnection) -> int:
        """The code of a close frame; 1005 where it has none."""
        return int(event.code)

    async def lose(self) -> None:
        """The connection ended without a close frame."""
        code, reason = self.said_close or (self.lost_code(), "")
        await self.end(code, reason, say=False)

    def lost_code(self) -> int:
        """RFC 6455, 7.1.5."""
        return 1006

    async def end(self, code: int, reason: str, *, say: bool) -> None:
        """Nothing more comes from the client."""
        if self.gone is not None:
            return
        if say:
            with contextlib.suppress(ClientDisconnected, LocalProtocolError):
                await self.put(CloseConnection(code, reason))
            self.connection.close()
        self.gone = self.disconnect_event(code, reason)
        self.state = "closed"
        self.arrived.set()

    # -- receive

    def connect_event(self) -> Event:
        """The first event."""
        return {"type": "websocket.connect"}

    def disconnect_event(self, code: int, reason: str) -> Event:
        """The last event."""
        return {"type": "websocket.disconnect", "code": code, "reason": reason}

    async def receive(self) -> Event:
        """The next message; in the end, websocket.disconnect, again and again."""
        while not self.queue and self.gone is None:
            self.arrived.clear()
            await self.arrived.wait()
        return self.next_event()

    def next_event(self) -> Event:
        """What is next: a message that came before the end, or the end."""
        if self.queue:
            self.room.set()
            return self.queue.popleft()
        assert self.gone is not None
        return self.gone

    # -- send

    async def send(self, event: Event) -> None:
        """Take an event from the application."""
        kind = self.check(event)
        if kind.startswith("websocket.http.response."):
            await self.deny(kind, event)
        elif self.gone is not None or self.connection.lost:
            await self.after_disconnect(kind)
        elif kind == "websocket.accept":
            await self.accept(event)
        elif kind == "websocket.close":
            await self.take_close(event)
        else:
            await self.message(event)

    def check(self, event: Event) -> str:
        """Return the type of an event that belongs here."""
        kind = check(event)
        if not kind.startswith("websocket."):
            raise ValueError(f"{kind} does not belong to websocket")
        if kind.startswith("websocket.http.response.") and not self.offers_denial():
            raise ValueError(f"{kind} was not offered")
        return kind

    def offers_denial(self) -> bool:
        """Whether the scope named the extension."""
        return "websocket.http.response" in self.server.extension_names("websocket")

    async def after_disconnect(self, kind: str) -> None:
        """The client is gone; our own close makes what follows a mistake, but a harmless one."""
        if self.said_close is None:
            raise ClientDisconnected("the client is gone")

    async def accept(self, event: Event) -> None:
        """Complete the handshake; Accept."""
        if self.state != "connecting":
            raise RuntimeError("websocket.accept is not due")
        pairs = fields(event.get("headers") or ())
        if any(name.lower() == b"sec-websocket-protocol" for name, _ in pairs):
            raise ValueError("sec-websocket-protocol is set by the key subprotocol")
        chosen = event.get("subprotocol")
        if chosen is not None:
            self.check_subprotocol(chosen)
            pairs.append((b"sec-websocket-protocol", chosen.encode("ascii")))
        self.state = "open"
        await self.answer(pairs)
        self.connection.changed.set()

    async def answer(self, pairs: list[tuple[bytes, bytes]]) -> None:
        """Send the answer that completes the handshake."""
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in [*self.upgrade(), *pairs])
        await self.connection.write(b"HTTP/1.1 101 Switching Protocols\r\n" + lines + b"\r\n")

    def check_subprotocol(self, chosen: str) -> None:
        """What the client did not offer it would have to refuse."""
        if chosen not in self.server.subprotocols(self.request):
            raise ValueError(f"the client did not offer {chosen!r}")

    def upgrade(self) -> list[tuple[bytes, bytes]]:
        """The fields of a completed handshake; RFC 6455, 4.2.2."""
        key = self.request.all(b"sec-websocket-key")[0]
        proof = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
        return [(b"upgrade", b"websocket"), (b"connection", b"Upgrade"), (b"sec-websocket-accept", proof)]

    async def message(self, event: Event) -> None:
        """Send a message."""
        if self.state == "closing":
            return
        if self.state != "open":
            raise RuntimeError("websocket.send before websocket.accept")
        text, octets = event.get("text"), event.get("bytes")
        await self.put(TextMessage(text) if text is not None else BytesMessage(octets))  # type: ignore[arg-type]

    async def take_close(self, event: Event) -> None:
        """Close, or refuse the handshake."""
        if self.state == "connecting":
            await self.refuse(b"403 Forbidden")
        elif self.state == "open":
            await self.close(self.close_code(event), event.get("reason") or "")
        elif self.state != "closing":
            raise RuntimeError("websocket.close is not due")

    def close_code(self, event: Event) -> int:
        """The code of the application's close."""
        return int(event.get("code", 1000))

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame; the client's answer ends the connection, or time does."""
        self.state, self.said_close = "closing", (code, reason)
        await self.put(CloseConnection(code, reason))

    async def refuse(self, status: bytes) -> None:
        """Answer the handshake with an error."""
        self.state = "closed"
        await self.answer_refusal(status)
        self.gone = self.disconnect_event(1006, "")
        self.arrived.set()
        self.connection.changed.set()
        self.connection.close()

    async def answer_refusal(self, status: bytes) -> None:
        """Send the answer that refuses it."""
        head = b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        await self.connection.write(head)

    async def deny(self, kind: str, event: Event) -> None:
        """Answer the handshake with a response of the application's; Websocket Denial Response."""
        if self.denial is None:
            if self.state != "connecting" or not kind.endswith(".start"):
                raise RuntimeError(f"{kind} is not due")
            self.denial, self.state = self.denial_class(self.server, self.connection, self.request), "denying"
        elif self.state != "denying":
            return
        await self.denial.send({**event, "type": kind.removeprefix("websocket.")})
        if self.denial.complete:
            self.state = "closed"
            self.gone = self.disconnect_event(1006, "")
            self.arrived.set()
            self.connection.changed.set()
            self.connection.close()

    async def put(self, event: Any) -> None:
        """Send frames."""
        await self.connection.write(self.frames.send(event))


__all__ = ["BadRequest", "Denial", "WebSocket"]

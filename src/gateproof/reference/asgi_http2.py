"""HTTP/2 as the reference ASGI server does it: frames by h2 (the extra `gateproof[h2]`), calls as over HTTP/1.1."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from gateproof.reference.asgi_events import fields
from gateproof.reference.asgi_http import Event, Http, Pair
from gateproof.reference.connection import ClientDisconnected, Connection
from gateproof.reference.requests import BadRequest, Gone, Request

if TYPE_CHECKING:
    from h2.settings import SettingCodes

    from gateproof.reference.asgi import Server
    from gateproof.reference.asgi_tunnel import Tunnel, TunnelledWebSocket

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PUSH = "http.response.push"
FORBIDDEN = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"))


class Lane:
    """One stream as a call needs a connection: what came of the body, and whether the client is still there."""

    def __init__(self, connection: Connection) -> None:
        """Nothing came."""
        self.connection = connection
        self.buffer = bytearray()
        self.lost = self.ended = False
        self.changed = asyncio.Event()
        self.on_stop = None

    @property
    def eof(self) -> bool:
        """That the client has said all is no sign that it has left."""
        return False

    async def some(self, most: int) -> bytes:
        """The next octets of the body; b'' at its end; raises `Gone` where the client is."""
        while not self.buffer and not self.ended:
            if self.lost:
                raise Gone
            self.changed.clear()
            await self.changed.wait()
        octets = bytes(self.buffer[:most])
        del self.buffer[:most]
        return octets

    def lose(self) -> None:
        """The client has left, or reset the stream."""
        self.lost = True
        self.changed.set()


class Stream(Http):
    """One call of type http, over a stream."""

    def __init__(self, server: Server, multiplexer: Http2, request: Request, number: int, *, bodiless: bool) -> None:
        """Nothing is read of the body, nothing sent of the response."""
        self.lane = Lane(multiplexer.connection)
        super().__init__(server, self.lane, request)  # type: ignore[arg-type]
        self.multiplexer, self.number = multiplexer, number
        self.coded, self.body_ended = False, bodiless
        self.lane.ended = bodiless

    async def some(self) -> bytes:
        """The next octets of the body; b'' only at its end."""
        octets = await self.lane.some(64 * 1024)
        self.body_ended = self.lane.ended and not self.lane.buffer
        return octets

    def scope(self) -> dict[str, Any]:
        """The scope: that of HTTP/1.1, and what HTTP/2 alone can do."""
        scope = self.server.scope(self.request, self.multiplexer.connection, "http")
        if isinstance(scope.get("extensions"), dict) and self.multiplexer.pushes():
            scope["extensions"][PUSH] = {}
        return scope

    def offered(self, kind: str) -> bool:
        """Push is offered to clients that take it."""
        return self.multiplexer.pushes() if kind == PUSH else super().offered(kind)

    async def send(self, event: Event) -> None:
        """Take an event from the application."""
        if isinstance(event, dict) and event.get("type") == PUSH and self.offered(PUSH) and not self.complete:
            self.multiplexer.push(self, event["path"], fields(event.get("headers", ())))
            return
        await super().send(event)

    async def early_hint(self, event: Event) -> None:
        """Send 103 with the links."""
        if not self.head_sent:
            links = [(b"link", fields([(b"link", value)])[0][1]) for value in event.get("links", ())]
            self.multiplexer.send_headers(self, [(b":status", b"103"), *links], end=False)

    async def piece(self, octets: bytes, more: bool) -> None:
        """Send one piece of the body, and the end where it is the last."""
        self.sent += len(octets)
        if self.length is not None and self.sent > self.length and self.has_body():
            self.broken = True
            self.multiplexer.reset(self)
            raise RuntimeError("the body is longer than content-length says")
        self.body_done = not more
        last = self.body_done and not self.trailing
        octets = octets if self.has_body() else b""
        if not self.head_sent:
            self.head_sent = True
            self.multiplexer.send_headers(self, self.fields(), end=last and not octets)
            if last and not octets:
                self.finish()
                return
        if octets or last:
            await self.multiplexer.send_data(self, octets, end=last)
        if last:
            self.finish()

    def fields(self) -> list[Pair]:
        """The header section: what the application gave, but what belongs to a connection."""
        kept = [(name.lower(), value) for name, value in self.outgoing() if name.lower() not in FORBIDDEN]
        names = {name for name, _ in kept}
        more = [(b"date", self.date()), (b"server", b"gateproof-reference")]
        return [(b":status", b"%d" % (self.status or 0)), *kept, *(pair for pair in more if pair[0] not in names)]

    async def take_trailers(self, event: Event) -> None:
        """Keep trailers, and send them where the client wants them."""
        if not self.trailing or not self.body_done:
            raise RuntimeError("trailers are not due")
        if self.wants_trailers():
            self.trailers += [(name.lower(), value) for name, value in self.given(event)]
        if not event.get("more_trailers", False):
            self.trailing = False
            if self.trailers and self.has_body():
                self.multiplexer.send_headers(self, self.trailers, end=True)
            else:
                await self.multiplexer.send_data(self, b"", end=True)
            self.finish()

    async def failed(self) -> None:
        """The application failed: an error where nothing was sent yet, a reset where something was."""
        if self.complete or self.lane.lost:
            return
        if self.head_sent or self.broken:
            self.broken = True
            self.multiplexer.reset(self)
            return
        self.status, self.headers, self.length = 500, [(b"content-type", b"text/plain")], None
        self.trailing = False
        await self.piece(b"Internal Server Error", more=False)

    async def say_continue(self) -> None:
        """Nobody waits for it."""


class Http2:
    """One connection: frames in and out, a call for each stream."""

    stream_class: type[Stream] = Stream

    def __init__(self, server: Server, connection: Connection) -> None:
        """Greet."""
        from h2.config import H2Configuration
        from h2.connection import H2Connection
        from h2.settings import Settings

        self.server, self.connection = server, connection
        self.machine = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self.machine.local_settings = Settings(client=False, initial_values=self.settings())
        self.machine.initiate_connection()
        self.streams: dict[int, Stream | TunnelledWebSocket] = {}
        self.windows = asyncio.Event()

    def settings(self) -> dict[SettingCodes, int]:
        """What we say of ourselves: WebSockets may come over a stream (RFC 8441, 3)."""
        from h2.settings import SettingCodes

        return {SettingCodes.ENABLE_CONNECT_PROTOCOL: 1}

    async def serve(self, octets: bytes) -> None:
        """Serve until the client leaves, or we are told to stop and nothing is in flight."""
        from h2.exceptions import ProtocolError

        try:
            while True:
                if octets:
                    for event in self.machine.receive_data(octets):
                        self.take(event)
                    self.flush()
                octets = bytes(self.connection.buffer) or await self.next()
                if not octets:
                    break
                self.connection.take(len(octets))
        except ProtocolError:
            self.flush()
        finally:
            self.lose()

    def lose(self) -> None:
        """The client has left."""
        for stream in self.streams.values():
            stream.lane.lose()
        self.windows.set()

    async def next(self) -> bytes:
        """Wait for octets; b'' at the end."""
        await self.connection.more()
        if self.connection.stop_wanted and not self.connection.buffer:
            await asyncio.gather(*(stream.done.wait() for stream in self.streams.values()))
            return b""
        return bytes(self.connection.buffer)

    def flush(self) -> None:
        """Put what the machine has to say on the wire."""
        if octets := self.machine.data_to_send():
            self.connection.transport.write(octets)

    def take(self, event: Any) -> None:
        """Do what an event of the machine asks for."""
        kind = type(event).__name__
        if kind == "RequestReceived":
            if (b":protocol", b"websocket") in event.headers:
                self.open_tunnel(event.stream_id, self.request(event.headers))
            else:
                self.open(event.stream_id, self.request(event.headers), bodiless=event.stream_ended is not None)
        elif kind == "WindowUpdated" or kind == "RemoteSettingsChanged":
            self.windows.set()
        elif kind == "DataReceived":
            self.machine.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.to_lane(event.stream_id, event.data, bool(event.stream_ended))
        elif kind == "StreamEnded":
            self.to_lane(event.stream_id, b"", True)
        elif kind == "StreamReset":
            self.was_reset(event.stream_id)
        elif kind == "ConnectionTerminated":
            self.connection.stop_wanted = True

    def to_lane(self, number: int, octets: bytes, ended: bool) -> None:
        """Hand octets of a body to their stream."""
        if stream := self.streams.get(number):
            stream.lane.buffer += octets
            stream.lane.ended = stream.lane.ended or ended
            stream.lane.changed.set()

    def was_reset(self, number: int) -> None:
        """The client has given up a stream."""
        if stream := self.streams.get(number):
            stream.lane.lose()
            self.windows.set()

    def request(self, given: list[Pair]) -> Request:
        """Return the request of a header section."""
        pseudo = {name: value for name, value in given if name.startswith(b":")}
        plain = self.with_host([pair for pair in given if not pair[0].startswith(b":")], pseudo.get(b":authority"))
        return Request(pseudo[b":method"], pseudo.get(b":path", b""), b"HTTP/2", plain)

    def with_host(self, plain: list[Pair], authority: bytes | None) -> list[Pair]:
        """Make the authority the host field, the first of all."""
        if authority is None:
            return plain
        return [(b"host", authority), *(pair for pair in plain if pair[0] != b"host")]

    def open(self, number: int, request: Request, *, bodiless: bool) -> None:
        """Call the application for a stream."""
        stream = self.streams[number] = self.stream_class(self.server, self, request, number, bodiless=bodiless)
        self.server.start_call(stream.run(stream.scope()))

    def open_tunnel(self, number: int, request: Request) -> None:
        """Call the application for a WebSocket on a stream."""
        from gateproof.reference.asgi_tunnel import TunnelledWebSocket

        self.streams[number] = websocket = TunnelledWebSocket(self.server, self, request, number)
        self.server.start_call(websocket.serve())

    # -- what streams say

    def send_headers(self, stream: Stream | Tunnel, pairs: list[Pair], *, end: bool) -> None:
        """Send a header section."""
        self.machine.send_headers(self.number(stream), pairs, end_stream=end)
        self.flush()

    async def send_data(self, stream: Stream | Tunnel, octets: bytes, *, end: bool) -> None:
        """Send a part of the body, as the windows allow."""
        number = self.number(stream)
        while octets:
            room = min(self.machine.local_flow_control_window(number), self.machine.max_outbound_frame_size)
            if room <= 0:
                self.windows.clear()
                await self.windows.wait()
                if stream.lane.lost:
                    raise ClientDisconnected("the client is gone")
                continue
            piece, octets = octets[:room], octets[room:]
            self.machine.send_data(number, piece, end_stream=end and not octets)
            self.flush()
            end = end and bool(octets)
        if end:
            self.machine.end_stream(number)
            self.flush()
        await asyncio.sleep(0)

    def end(self, stream: Tunnel) -> None:
        """End our side of a stream."""
        from h2.exceptions import ProtocolError

        with contextlib.suppress(ProtocolError):
            self.machine.end_stream(stream.number)
        self.flush()

    def number(self, stream: Stream | Tunnel) -> int:
        """The stream on which a response goes."""
        return stream.number

    def reset(self, stream: Stream) -> None:
        """Give up a stream, so that what was sent does not look whole."""
        with contextlib.suppress(Exception):
            self.machine.reset_stream(stream.number, error_code=2)
        self.flush()

    def pushes(self) -> bool:
        """Whether the client takes pushes."""
        return bool(self.machine.remote_settings.enable_push)

    def push(self, stream: Stream, path: str, given: list[Pair]) -> None:
        """Promise a response, and call the application for it as if the client had asked."""
        if stream.head_sent and stream.complete:
            raise BadRequest
        number = self.machine.get_next_available_stream_id()
        authority = next((value for name, value in stream.request.fields if name == b"host"), b"")
        pseudo = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", authority), (b":path", path.encode())]
        self.machine.push_stream(stream.number, number, [*pseudo, *given])
        self.flush()
        self.open(number, self.request([*pseudo, *given]), bodiless=True)

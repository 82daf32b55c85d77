"""One HTTP request and its response, as the reference ASGI server does it (specs/www, HTTP)."""

from __future__ import annotations

import asyncio
import os
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from gateproof.reference.asgi_events import check, fields
from gateproof.reference.connection import ClientDisconnected, Connection
from gateproof.reference.requests import BadRequest, Gone, Request

if TYPE_CHECKING:
    from gateproof.reference.asgi import Server

Event = dict[str, Any]
Pair = tuple[bytes, bytes]
PIECE = 64 * 1024
DRAIN = 256 * 1024
LINE = 16 * 1024


class Http:
    """One call of type http."""

    reads_at_most = PIECE

    def __init__(self, server: Server, connection: Connection, request: Request) -> None:
        """Nothing is read of the body, nothing sent of the response."""
        self.server, self.connection, self.request = server, connection, request
        self.left, self.coded = request.length or 0, request.length is None
        self.body_ended = request.length == 0
        self.continued = False
        self.status: int | None = None
        self.headers: list[Pair] = []
        self.length: int | None = None
        self.sent = 0
        self.head_sent = self.chunked = self.trailing = self.body_done = self.complete = self.broken = False
        self.close = not server.keep_alive or self.client_closes()
        self.done = asyncio.Event()
        self.reading = asyncio.Lock()
        self.trailers: list[Pair] = []

    def client_closes(self) -> bool:
        """Whether the client said, by version or option, that this is its last request."""
        words = self.request.words(b"connection")
        return b"close" in words or (self.request.is_1_0 and b"keep-alive" not in words)

    # -- the call

    async def serve(self) -> bool:
        """Call the application; tell, when the response is complete, whether the connection goes on."""
        scope = self.server.scope(self.request, self.connection, "http")
        task = self.server.start_call(self.run(scope))
        waiting = asyncio.ensure_future(self.done.wait())
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        return await self.goes_on()

    async def run(self, scope: dict[str, Any]) -> None:
        """Be the call, to its end."""
        try:
            await self.server.call(scope, self.receive, self.send)
        except ClientDisconnected:
            self.broken = True
        except Exception as error:
            self.server.report(error)
            await self.failed()
        else:
            await self.returned()
        finally:
            self.done.set()

    async def returned(self) -> None:
        """The call has ended well, which may be too early."""
        if not self.complete and not self.broken:
            if self.status is None or not self.head_sent:
                self.server.log("ERROR: the application returned without a whole response")
            await self.failed()

    async def failed(self) -> None:
        """The application failed: an error where nothing was sent yet, a visible cut where something was."""
        if self.complete:
            return
        self.close = True
        if self.head_sent or self.broken or self.connection.lost:
            self.broken = True
            return
        self.head_sent = True
        text = b"Internal Server Error"
        body = b"" if self.request.method == b"HEAD" else text
        head = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n" % len(text)
        await self.write(head + b"Date: " + self.date() + b"\r\nConnection: close\r\n\r\n" + body)

    async def goes_on(self) -> bool:
        """Keep the connection if both sides want it and it is in step."""
        if self.close or not self.complete or self.broken:
            return False
        try:
            return await self.drain()
        except (BadRequest, Gone):
            return False

    async def drain(self) -> bool:
        """Read what the application left of the body; a client that waits for 100 Continue may never send it."""
        if not self.body_ended and not self.continued and self.request.words(b"expect"):
            return False
        total = 0
        async with self.reading:
            while not self.body_ended:
                total += len(await self.some())
                if total > DRAIN:
                    return False
        return True

    # -- receive

    async def receive(self) -> Event:
        """The body in pieces; then http.disconnect, when the response is complete or the client gone."""
        async with self.reading:
            if self.over():
                return self.disconnect_event()
            if not self.body_ended:
                return await self.body_event()
            if self.first_event():
                return self.request_event(b"", False)
        return await self.wait_for_end()

    def over(self) -> bool:
        """Whether nothing more is to come of this request."""
        return self.complete or self.connection.lost

    def disconnect_event(self) -> Event:
        """The end."""
        return {"type": "http.disconnect"}

    def first_event(self) -> bool:
        """Whether a request without a body was not delivered yet."""
        first, self.delivered = not getattr(self, "delivered", False), True
        return first

    async def body_event(self) -> Event:
        """The next piece of the body."""
        self.delivered = True
        try:
            octets = await self.some()
        except (Gone, BadRequest):
            self.close = self.body_ended = True
            return self.disconnect_event()
        return self.request_event(octets, not self.body_ended)

    def request_event(self, octets: bytes, more: bool) -> Event:
        """One piece of the body."""
        return {"type": "http.request", "body": octets, "more_body": more}

    async def wait_for_end(self) -> Event:
        """Wait until the response is complete or the client gone."""
        while not self.over() and not self.connection.eof:
            changed = asyncio.ensure_future(self.connection.changed.wait())
            done = asyncio.ensure_future(self.done.wait())
            self.connection.changed.clear()
            try:
                await asyncio.wait([changed, done], return_when=asyncio.FIRST_COMPLETED)
            finally:
                changed.cancel()
                done.cancel()
        return self.disconnect_event()

    async def some(self) -> bytes:
        """The next octets of the body, decoded; b'' only at its end."""
        if not self.continued:
            self.continued = True
            await self.say_continue()
        if self.coded and self.left == 0:
            await self.next_chunk()
            if self.body_ended:
                return b""
        octets = await self.connection.some(min(self.reads_at_most, self.left))
        self.left -= len(octets)
        if self.left == 0 and self.coded:
            if await self.connection.line(LINE) != b"\r\n":
                raise BadRequest
        elif self.left == 0:
            self.body_ended = True
        return octets

    async def say_continue(self) -> None:
        """Send 100 Continue to a client that waits for it."""
        if b"100-continue" in self.request.words(b"expect") and not self.request.is_1_0 and not self.head_sent:
            await self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def next_chunk(self) -> None:
        """Read a chunk's size, and the trailer section where it is the last."""
        grammar = self.server.grammar
        self.left = grammar.chunk_size(grammar.line(await self.connection.line(LINE), b"400 Bad Request"))
        if self.left == 0:
            while line := grammar.line(await self.connection.line(LINE), b"400 Bad Request"):
                grammar.trailer(line)
            self.body_ended = True

    # -- send

    async def send(self, event: Event) -> None:
        """Take an event from the application."""
        kind = self.check(event)
        if self.complete:
            await self.late(event)
            return
        if self.broken or self.connection.lost:
            await self.after_disconnect()
            return
        if kind == "http.response.start":
            self.start(event)
        elif kind == "http.response.early_hint":
            await self.early_hint(event)
        elif self.status is None:
            raise RuntimeError(f"{kind} before http.response.start")
        elif kind == "http.response.trailers":
            await self.take_trailers(event)
        elif self.body_done:
            raise RuntimeError(f"{kind} after the last of the body")
        else:
            await self.take_body(kind, event)

    def check(self, event: Event) -> str:
        """Return the type of an event that belongs here."""
        kind = check(event)
        if not kind.startswith("http.response."):
            raise ValueError(f"{kind} does not belong to http")
        if kind not in ("http.response.start", "http.response.body") and not self.offered(kind):
            raise ValueError(f"{kind} was not offered")
        return kind

    def offered(self, kind: str) -> bool:
        """Whether the scope named the extension of an event."""
        return kind in self.server.extension_names("http")

    async def late(self, event: Event) -> None:
        """Messages after the end are ignored."""

    async def after_disconnect(self) -> None:
        """The client is gone."""
        raise ClientDisconnected("the client is gone")

    def start(self, event: Event) -> None:
        """Keep status and headers until there is a body; HTTP Response Start."""
        if self.status is not None:
            raise RuntimeError("the response was started already")
        status = event["status"]
        if not 200 <= status <= 999:
            raise ValueError(f"status {status} is no final status")
        pairs = [pair for pair in self.given(event) if pair[0].lower() != b"transfer-encoding"]
        lengths = [value for name, value in pairs if name.lower() == b"content-length"]
        if len(lengths) > 1 or any(not value.isdigit() for value in lengths):
            raise ValueError(f"content-length is {lengths!r}")
        self.headers, self.length = pairs, int(lengths[0]) if lengths else None
        self.trailing = bool(event.get("trailers", False))
        self.status = status

    def given(self, event: Event) -> list[Pair]:
        """The fields of an event."""
        return fields(event.get("headers", ()))

    async def early_hint(self, event: Event) -> None:
        """Send 103 with the links."""
        if self.head_sent or self.request.is_1_0:
            return
        links = [self.link(value) for value in event.get("links", ())]
        await self.write(b"HTTP/1.1 103 Early Hints\r\n" + b"".join(links) + b"\r\n")

    def link(self, value: Any) -> bytes:
        """One Link field."""
        return b"Link: " + fields([(b"link", value)])[0][1] + b"\r\n"

    async def take_body(self, kind: str, event: Event) -> None:
        """Send a piece of the body, of an event or of a file."""
        if kind == "http.response.body":
            await self.piece(event.get("body", b""), bool(event.get("more_body", False)))
        elif kind == "http.response.pathsend":
            with open(event["path"], "rb") as file:
                await self.pieces(file.fileno(), 0, os.fstat(file.fileno()).st_size, last=True)
        else:
            await self.zero_copy(event)

    async def zero_copy(self, event: Event) -> None:
        """Send a part of an open file; Zero Copy Send."""
        number = event["file"].fileno()
        size = os.fstat(number).st_size
        offset = event.get("offset")
        start = event["file"].tell() if offset is None else offset
        count = event.get("count")
        end = size if count is None else min(start + count, size)
        await self.pieces(number, start, max(end - start, 0), last=not event.get("more_body", False))

    async def pieces(self, number: int, start: int, count: int, *, last: bool) -> None:
        """Send octets of a file."""
        while count:
            octets = os.pread(number, min(count, PIECE), start)
            if not octets:
                break
            start, count = start + len(octets), count - len(octets)
            await self.piece(octets, more=True)
        await self.piece(b"", more=not last)

    async def piece(self, octets: bytes, more: bool) -> None:
        """Send one piece of the body, and the end where it is the last."""
        self.sent += len(octets)
        if self.length is not None and self.sent > self.length and self.has_body():
            self.close = self.broken = True
            raise RuntimeError("the body is longer than content-length says")
        self.body_done = not more
        head = b"" if self.head_sent else self.head(None if more else len(octets))
        out = head + self.framed(octets)
        if self.body_done and not self.trailing:
            out += self.end()
        if out:
            await self.write(out)
        if self.body_done and not self.trailing:
            self.finish()

    def framed(self, octets: bytes) -> bytes:
        """A piece in the framing that the header announced."""
        if not octets or not self.has_body():
            return b""
        return b"%x\r\n%s\r\n" % (len(octets), octets) if self.chunked else octets

    def end(self) -> bytes:
        """The end of a chunked body, with its trailers."""
        if not self.chunked or not self.has_body():
            return b""
        return b"0\r\n" + b"".join(name + b": " + value + b"\r\n" for name, value in self.trailers) + b"\r\n"

    async def take_trailers(self, event: Event) -> None:
        """Keep trailers, and send them where the client wants them."""
        if not self.trailing or not self.body_done:
            raise RuntimeError("trailers are not due")
        if self.wants_trailers():
            self.trailers += self.given(event)
        if not event.get("more_trailers", False):
            self.trailing = False
            if end := self.end():
                await self.write(end)
            self.finish()

    def wants_trailers(self) -> bool:
        """Whether the client said TE: trailers."""
        return b"trailers" in self.request.words(b"te")

    def finish(self) -> None:
        """The response is complete."""
        if self.length is not None and self.sent < self.length and self.has_body():
            self.close = True
        self.complete = True
        self.done.set()

    async def write(self, octets: bytes) -> None:
        """Put octets on the wire."""
        try:
            await self.connection.write(octets)
        except ClientDisconnected:
            self.broken = True
            raise

    # -- the header

    def has_body(self) -> bool:
        """HEAD, 204 and 304 have none."""
        return self.request.method != b"HEAD" and self.status not in (204, 304)

    def head(self, total: int | None) -> bytes:
        """Return status line and header; `total` is the length of the body where we know it."""
        self.head_sent = True
        pairs = [*self.outgoing(), *self.framing(total), *self.added()]
        return self.status_line() + b"".join(self.line(name, value) for name, value in pairs) + b"\r\n"

    def status_line(self) -> bytes:
        """The status line; nobody gives us a reason phrase."""
        return b"HTTP/1.1 %d \r\n" % (self.status or 0)

    def outgoing(self) -> list[Pair]:
        """The application's fields; a 204 has no length."""
        return [pair for pair in self.headers if self.status != 204 or pair[0].lower() != b"content-length"]

    def line(self, name: bytes, value: bytes) -> bytes:
        """One field line."""
        return name + b": " + value + b"\r\n"

    def framing(self, total: int | None) -> list[Pair]:
        """Say where the body ends, unless the application did; HEAD and bodiless answers need no word."""
        if self.length is not None or not self.has_body():
            return []
        if total is not None and not self.trailing:
            self.length = total
            return [(b"content-length", b"%d" % total)]
        if self.may_chunk():
            self.chunked = True
            return [(b"transfer-encoding", b"chunked")]
        self.close = True
        return []

    def may_chunk(self) -> bool:
        """Chunked coding is for HTTP/1.1 clients."""
        return not self.request.is_1_0

    def added(self) -> list[Pair]:
        """What HTTP requires and the application left out."""
        names = {name.lower() for name, _ in self.headers}
        if any(name.lower() == b"connection" and b"close" in value.lower() for name, value in self.headers):
            self.close = True
        more: list[Pair] = []
        if b"date" not in names:
            more.append((b"date", self.date()))
        if b"server" not in names:
            more.append((b"server", b"gateproof-reference"))
        if b"connection" not in names and (self.close or self.request.is_1_0):
            more.append((b"connection", b"close" if self.close else b"keep-alive"))
        return more

    def date(self) -> bytes:
        """The date in the form of RFC 9110 5.6.7."""
        return formatdate(usegmt=True).encode("ascii")

"""An ASGI application that uses the whole contract, small enough to read. The proof's mutants override its seams."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Scope = dict[str, Any]
Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Field = tuple[bytes, bytes]

TEXT = (b"content-type", b"text/plain; charset=utf-8")
CHUNKS = (b"one\n", b"two\n", b"three\n")
PATHS = ("/", "/echo", "/about", "/stream", "/endless", "/file", "/extras", "/empty", "/talk", "/denied")


class Gone(Exception):
    """The client left before the request was whole."""


@dataclass
class Route:
    """One place of the application."""

    path: str


class Application:
    """Serves http, websocket and lifespan; raises for what it does not know."""

    def __init__(self) -> None:
        """Name the places, as applications of frameworks do."""
        self.routes = [Route(path) for path in PATHS]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] == "http":
            await self.http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.lifespan(scope, receive, send)
        else:
            await self.unknown(scope)

    async def unknown(self, scope: Scope) -> None:
        """Refuse a scope of an unknown type."""
        raise NotImplementedError(f"no scope of type {scope['type']!r} is served")

    # What the scope says

    def fields(self, scope: Scope, name: bytes) -> list[bytes]:
        """Return the values of a request field."""
        return [value for key, value in scope["headers"] if bytes(key).lower() == name]

    def path(self, scope: Scope) -> str:
        """Return the path below the mount point."""
        root = scope.get("root_path", "")
        path = str(scope["path"])
        return path[len(root) :] if root and path.startswith(root) else path

    def client(self, scope: Scope) -> str:
        """Return the address of the client."""
        found = scope.get("client")
        return str(next(iter(found))) if found else "unknown"

    def version(self, scope: Scope) -> str:
        """Return the version of the text that the server declares."""
        return str((scope.get("asgi") or {}).get("spec_version", "2.0"))

    def offers(self, scope: Scope, name: str) -> bool:
        """Tell whether the server offers an extension."""
        return name in (scope.get("extensions") or {})

    def about(self, scope: Scope) -> bytes:
        """Return what the application saw of the request, as far as every server must tell it."""
        cookie = b"; ".join(self.fields(scope, b"cookie"))
        lines = [
            f"query {scope['query_string'].decode('latin-1')}",
            f"type {b''.join(self.fields(scope, b'content-type')).decode('latin-1')}",
            f"cookie {cookie.decode('latin-1')}",
            f"client {self.client(scope)}",
            f"scheme {scope.get('scheme', 'http')}",
            f"certificate {self.certificate(scope)}",
        ]
        return "\n".join(lines).encode("utf-8")

    def certificate(self, scope: Scope) -> str:
        """Return the name of the client's certificate, where there is one."""
        tls = (scope.get("extensions") or {}).get("tls") or {}
        return str(tls.get("client_cert_name") or "none")

    # http

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        try:
            body = await self.body(receive)
        except Gone:
            return
        path = self.path(scope)
        if path == "/echo":
            await self.respond(scope, send, 200, [TEXT], body)
        elif scope["method"] not in ("GET", "HEAD"):
            await self.respond(scope, send, 405, [(b"allow", b"GET, HEAD")], b"")
        elif path == "/":
            await self.respond(scope, send, 200, [TEXT], b"hello")
        elif path == "/about":
            await self.respond(scope, send, 200, [TEXT], self.about(scope))
        elif path in ("/stream", "/endless", "/file", "/extras", "/empty"):
            await getattr(self, path[1:])(scope, receive, send)
        else:
            await self.respond(scope, send, 404, [TEXT], b"nothing here")

    async def body(self, receive: Receive) -> bytes:
        """Return the whole body of the request; raises `Gone`."""
        pieces = []
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise Gone
            pieces.append(self.part(event))
            if not event.get("more_body", False):
                return b"".join(pieces)

    def part(self, event: Event) -> bytes:
        """Return the part of the body in an event; raises for what is none."""
        if event["type"] != "http.request" or not isinstance(event.get("body", b""), bytes):
            raise ValueError(f"not a part of a request: {event}")
        return bytes(event.get("body", b""))

    async def respond(self, scope: Scope, send: Send, status: int, fields: Iterable[Field], body: bytes) -> None:
        """Send a whole response; the answer to HEAD has the length, and no body."""
        length = (b"content-length", b"%d" % len(body))
        await self.start(send, status, [*fields, length])
        await self.finish(send, b"" if scope["method"] == "HEAD" else body)

    async def start(self, send: Send, status: int, fields: list[Field], **more: Any) -> None:
        """Begin a response."""
        await send({"type": "http.response.start", "status": status, "headers": fields, **more})

    async def finish(self, send: Send, body: bytes = b"") -> None:
        """End a response."""
        await send({"type": "http.response.body", "body": body})

    async def chunk(self, send: Send, body: bytes) -> None:
        """Send a part of a response."""
        await send({"type": "http.response.body", "body": body, "more_body": True})

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a response in parts."""
        await self.start(send, 200, [TEXT])
        for piece in CHUNKS:
            await self.chunk(send, piece)
        await self.finish(send)

    async def endless(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send without end, as long as the client stays."""
        await self.start(send, 200, [TEXT])
        leaving = asyncio.ensure_future(self.leaving(receive))
        try:
            while not leaving.done():
                await self.chunk(send, b"tick\n")
        except OSError:
            return
        finally:
            leaving.cancel()

    async def leaving(self, receive: Receive) -> None:
        """Wait until the client has left."""
        while (await receive())["type"] != "http.disconnect":
            pass

    async def empty(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer without content."""
        await self.start(send, 204, [])
        await self.finish(send)

    # Extensions of http

    async def file(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file, in the best way that the server offers."""
        path = self.file_path()
        size = path.stat().st_size
        await self.start(send, 200, [TEXT, (b"content-length", b"%d" % size)])
        if scope["method"] == "HEAD":
            await self.finish(send)
        elif self.offers(scope, "http.response.pathsend"):
            await self.send_path(send, path)
        elif self.offers(scope, "http.response.zerocopysend"):
            await self.send_file(send, path)
        else:
            await self.finish(send, path.read_bytes())

    def file_path(self) -> Path:
        """Return a file that is there."""
        return Path(__file__)

    async def send_path(self, send: Send, path: Path) -> None:
        """Leave the file to the server."""
        await send({"type": "http.response.pathsend", "path": str(path)})

    async def send_file(self, send: Send, path: Path) -> None:
        """Give the server an open file, and close it afterwards."""
        with path.open("rb") as file:
            await send({"type": "http.response.zerocopysend", "file": file, "offset": 0})

    async def extras(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a page with everything beside it that the server offers."""
        if self.offers(scope, "http.response.debug"):
            await self.debug(send)
        if self.offers(scope, "http.response.early_hint"):
            await self.hint(send)
        trailing = self.offers(scope, "http.response.trailers")
        await self.start(send, 200, [TEXT, (b"trailer", b"x-sum")], **({"trailers": True} if trailing else {}))
        if self.offers(scope, "http.response.push"):
            await self.push(send)
        await self.finish(send, b"" if scope["method"] == "HEAD" else b"extras")
        if trailing:
            await self.trailers(send)

    async def debug(self, send: Send) -> None:
        """Send what a test client may want to know."""
        await send({"type": "http.response.debug", "info": {"template": "extras"}})

    async def hint(self, send: Send) -> None:
        """Hint at a style sheet."""
        await send({"type": "http.response.early_hint", "links": [b"</style.css>; rel=preload; as=style"]})

    async def push(self, send: Send) -> None:
        """Push a style sheet."""
        await send({"type": "http.response.push", "path": "/style.css", "headers": [(b"accept", b"text/css")]})

    async def trailers(self, send: Send) -> None:
        """End a response by its trailers."""
        await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"42")]})

    # websocket

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Talk to a client."""
        event = await receive()
        if event["type"] != "websocket.connect":
            raise ValueError(f"a handshake begins with websocket.connect, not with {event['type']}")
        path = self.path(scope)
        if path == "/denied":
            await self.deny(scope, send)
        elif path == "/talk":
            await self.accept(scope, send)
            await self.talk(receive, send)
        else:
            await self.close(send, 1008, "no such place")

    async def accept(self, scope: Scope, send: Send) -> None:
        """Accept, with a subprotocol where one is offered, and a field where the server's version has them."""
        event: Event = {"type": "websocket.accept", "subprotocol": self.subprotocol(scope)}
        if self.version(scope) >= "2.1":
            event["headers"] = [(b"x-accepted", b"yes")]
        await send(event)

    def subprotocol(self, scope: Scope) -> str | None:
        """Choose a subprotocol."""
        return next((name for name in scope.get("subprotocols", ()) if name == "chat"), None)

    async def talk(self, receive: Receive, send: Send) -> None:
        """Say again whatever comes, until the client leaves or says bye."""
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                self.over(event)
                return
            if event["type"] != "websocket.receive":
                raise ValueError(f"an event of unknown type: {event['type']}")
            text, data = self.message(event)
            if text == "bye":
                await self.close(send, 1000, "bye")
                return
            try:
                await self.say(send, text, data)
            except OSError:
                return

    def over(self, event: Event) -> str:
        """Take the end of the client."""
        return f"{event.get('code', 1005)} {(event.get('reason') or '')[:10]}"

    def message(self, event: Event) -> tuple[str | None, bytes | None]:
        """Return the text or the bytes of a message."""
        text, data = event.get("text"), event.get("bytes")
        if text is None and data is None:
            raise ValueError("a message without text and bytes")
        return text, data

    async def say(self, send: Send, text: str | None, data: bytes | None) -> None:
        """Send a message."""
        await send(
            {"type": "websocket.send", "text": text} if data is None else {"type": "websocket.send", "bytes": data}
        )

    async def close(self, send: Send, code: int, reason: str) -> None:
        """End the conversation."""
        await send({"type": "websocket.close", "code": code, "reason": reason})

    async def deny(self, scope: Scope, send: Send) -> None:
        """Deny the handshake by a response, where the server can send one."""
        if not self.offers(scope, "websocket.http.response"):
            await self.close(send, 1008, "")
            return
        await send({"type": "websocket.http.response.start", "status": 403, "headers": [TEXT]})
        await send({"type": "websocket.http.response.body", "body": b"members only"})

    # lifespan

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start and stop."""
        self.check_lifespan(scope)
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                if "state" in scope:
                    scope["state"]["reference.started"] = True
                await self.started(send)
            elif event["type"] == "lifespan.shutdown":
                await self.stopped(send)
                return
            else:
                raise ValueError(f"an event of unknown type: {event['type']}")

    def check_lifespan(self, scope: Scope) -> None:
        """Look at the scope."""

    async def started(self, send: Send) -> None:
        """Answer the startup."""
        await send({"type": "lifespan.startup.complete"})

    async def stopped(self, send: Send) -> None:
        """Answer the shutdown."""
        await send({"type": "lifespan.shutdown.complete"})

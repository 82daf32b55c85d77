"""An adapter from WSGI that conforms: a WSGI application as an ASGI one, small enough to read."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

Scope = dict[str, Any]
Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Environ = dict[str, Any]


class Adapter:
    """Serves http by a WSGI application in a thread; raises for other scopes."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        """Wrap a WSGI application."""
        self.application = application
        self.log = io.StringIO()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http":
            await self.other(scope)
            return
        body = await self.body(receive)
        if body is not None:
            await self.serve(self.environ(scope, body), scope, send)

    async def other(self, scope: Scope) -> None:
        """Refuse what is no http."""
        raise ValueError(f"a WSGI application serves http, not {scope['type']}")

    async def body(self, receive: Receive) -> bytes | None:
        """Return the whole body of the request, None where the client left before."""
        pieces = []
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                return None
            if event["type"] != "http.request" or not isinstance(event.get("body", b""), bytes):
                raise ValueError(f"not a part of a request: {event}")
            pieces.append(event.get("body", b""))
            if not event.get("more_body", False):
                return b"".join(pieces)

    # The environ

    def environ(self, scope: Scope, body: bytes) -> Environ:
        """Return the environ for a scope."""
        return {
            "REQUEST_METHOD": scope["method"],
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
            **self.paths(scope),
            **self.addresses(scope),
            **self.fields(scope),
            **self.streams(body),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scope.get("scheme", "http"),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

    def paths(self, scope: Scope) -> Environ:
        """Return the mount point and the path below it, as octets of UTF-8 read as latin-1."""
        root, path = scope.get("root_path", ""), scope["path"]
        below = path[len(root) :] if path.startswith(root) else path
        return {"SCRIPT_NAME": self.native(root), "PATH_INFO": self.native(below)}

    def native(self, text: str) -> str:
        """Return a native string of PEP 3333."""
        return text.encode("utf-8").decode("latin-1")

    def addresses(self, scope: Scope) -> Environ:
        """Return the names of server and client."""
        server, client = scope.get("server") or ("localhost", 80), scope.get("client")
        host, port = tuple(server)
        found = {"SERVER_NAME": host if port is not None else "localhost", "SERVER_PORT": str(port or 80)}
        return {**found, "REMOTE_ADDR": next(iter(client))} if client else found

    def fields(self, scope: Scope) -> Environ:
        """Return the fields of the request, repeated ones joined."""
        found: Environ = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = bytes(raw_name).decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
            key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
            glue = "; " if name == "COOKIE" else ", "
            found[key] = f"{found[key]}{glue}{value}" if key in found else value
        return found

    def streams(self, body: bytes) -> Environ:
        """Return the streams."""
        return {"wsgi.input": io.BytesIO(body), "wsgi.errors": self.log}

    # The response

    async def serve(self, environ: Environ, scope: Scope, send: Send) -> None:
        """Run the application in a thread, and send what it gives."""
        loop = asyncio.get_running_loop()

        def sending(event: Event) -> None:
            asyncio.run_coroutine_threadsafe(send(event), loop).result()  # type: ignore[arg-type]

        await self.run(lambda: self.call(environ, scope, sending))

    async def run(self, work: Callable[[], None]) -> None:
        """Do the work of the application beside the event loop."""
        await asyncio.to_thread(work)

    def call(self, environ: Environ, scope: Scope, sending: Callable[[Event], None]) -> None:
        """Call the application, in a thread."""
        response = self.response(sending, scope["method"] == "HEAD")
        parts = self.application(environ, response.start_response)
        try:
            for part in parts:
                response.write(part)
            response.finish()
        finally:
            self.close(parts)

    def response(self, sending: Callable[[Event], None], head: bool) -> Response:
        """Return what takes the response of a call."""
        return Response(sending, self, head)

    def close(self, parts: Any) -> None:
        """Be done with the iterable."""
        if hasattr(parts, "close"):
            parts.close()

    def status(self, status: str) -> int:
        """Return the number of a status."""
        return int(status[:3])

    def headers(self, headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
        """Return the fields of the response."""
        return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]

    def part(self, part: bytes, left: int | None) -> bytes:
        """Return as much of a part as the announced length allows."""
        return part if left is None else part[:left]


class Response:
    """The response of one call, in a thread of its own."""

    def __init__(self, sending: Callable[[Event], None], adapter: Adapter, head: bool) -> None:
        """Begin with nothing sent."""
        self.sending, self.adapter, self.head = sending, adapter, head
        self.start: Event | None = None
        self.left: int | None = None
        self.sent = False

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """Take status and fields, as PEP 3333 has it."""
        if exc_info and self.sent:
            raise exc_info[1].with_traceback(exc_info[2])
        if self.start is not None and not exc_info:
            raise AssertionError("start_response was called before")
        fields = self.adapter.headers(headers)
        self.start = {"type": "http.response.start", "status": self.adapter.status(status), "headers": fields}
        length = dict(fields).get(b"content-length", b"")
        self.left = int(length) if length.isdigit() else None
        return self.write

    def write(self, part: bytes) -> None:
        """Send a part; nothing goes out before the first that is not empty."""
        if not part:
            return
        self.begin()
        part = self.adapter.part(part, self.left)
        if self.left is not None:
            self.left = max(0, self.left - len(part))
        if part and not self.head:
            self.sending({"type": "http.response.body", "body": part, "more_body": True})

    def begin(self) -> None:
        """Send the header, once."""
        if self.start is None:
            raise AssertionError("start_response was not called")
        if not self.sent:
            self.sent = True
            self.sending(self.start)

    def finish(self) -> None:
        """End the response."""
        self.begin()
        self.sending({"type": "http.response.body", "body": b""})

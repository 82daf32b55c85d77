"""An ASGI server that conforms: asyncio, HTTP/1.1 with keep-alive, HTTP/2, WebSocket, lifespan with state.

Every decision is one small method or attribute, a seam at which a mutant or a conforming variant differs:

- `grammar` (see `requests.Grammar`): what is a request;
- `Server.scope` and the methods it calls: what the application is told;
- `Http` (asgi_http), `WebSocket` (asgi_websocket), `Lifespan` (asgi_lifespan): one class for each kind of call.

`python -m gateproof.reference.asgi module:attribute --port 8000` serves; `Server(app).serve_in_thread()` is for tests.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import io
import os
import signal
import ssl
import sys
import threading
import traceback
import weakref
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import Any, TextIO
from urllib.parse import unquote_to_bytes

from gateproof.reference.asgi_http import Http
from gateproof.reference.asgi_http2 import PREFACE, Http2
from gateproof.reference.asgi_lifespan import Lifespan, StartupFailed
from gateproof.reference.asgi_tls import tls_extension
from gateproof.reference.asgi_websocket import WebSocket
from gateproof.reference.connection import Connection
from gateproof.reference.listening import listen
from gateproof.reference.requests import BadRequest, Gone, Grammar, Request

Scope = dict[str, Any]
Event = dict[str, Any]
Application = Callable[..., Awaitable[None]]
GRACE_S = 5.0
HEAD_LIMIT = 256 * 1024
STOPPING = (signal.SIGTERM, signal.SIGINT)


class Server:
    """Accepts connections on one socket and serves each by a task of its own."""

    grammar: Grammar = Grammar()
    http_class: type[Http] = Http
    websocket_class: type[WebSocket] = WebSocket
    lifespan_class: type[Lifespan] = Lifespan
    connection_class: type[Connection] = Connection
    http2_class: type[Http2] | None = Http2
    version: Any = "3.0"
    spec_version: Any = "2.5"
    keep_alive = True

    def __init__(
        self,
        application: Application,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        mount: str = "",
        tls: ssl.SSLContext | None = None,
        certificate: str | None = None,
        errors: TextIO | None = None,
        uds: str | None = None,
        message_limit: int | None = None,
    ) -> None:
        """Listen on a port, 0 for a free one, or on a unix socket; `certificate` is the PEM text of our own.

        `message_limit` is how many octets a message of a WebSocket may have.
        """
        self.message_limit = message_limit
        self.application, self.mount, self.tls, self.certificate = application, mount, tls, certificate
        self.errors = errors if errors is not None else sys.stderr
        self.uds = uds
        self.listener, self.host, self.port = listen(host, port, uds, backlog=512)
        self.connections: dict[Connection, asyncio.Task[None]] = {}
        self.accepted: weakref.WeakSet[Connection] = weakref.WeakSet()  # those too that are served and not yet gone
        self.calls: set[asyncio.Task[None]] = set()
        self.state: dict[Any, Any] | None = None
        self.stopping = False
        self.index = 0  # which of several processes this is
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stop_asked = False

    # -- the life of the server

    async def serve_forever(self) -> None:
        """Start up, serve until `stop`, shut down."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._stop_asked:
            self._stop.set()
        lifespan = self.lifespan_class(self)
        try:
            await lifespan.startup()
        except StartupFailed as failure:
            self.log(f"startup failed: {failure}")
            self.listener.close()
            await lifespan.abandon()
            raise
        listening = await self.listen()
        try:
            await self.wait_for_stop()
        finally:
            self.stopping = True
            await self.wind_down(listening, lifespan)
            await self.drop_latecomers()

    def serve_in_processes(self, count: int) -> int:
        """Serve in so many processes of our own, each with its lifespan, until one ends; return its exit status."""
        workers: set[int] = set()
        for self.index in range(count):
            pid = os.fork()
            if pid == 0:
                os._exit(self.serve_alone())
            workers.add(pid)

        def pass_on(number: int, frame: FrameType | None) -> None:
            for worker in workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, number)

        for number in STOPPING:
            signal.signal(number, pass_on)
        statuses = []
        while workers:
            pid, status = os.wait()
            workers.discard(pid)
            statuses.append(os.waitstatus_to_exitcode(status))
            pass_on(signal.SIGTERM, None)
        return statuses[0]

    def serve_alone(self) -> int:
        """Be a process that serves until a signal stops it; return its exit status, 3 where its startup failed."""
        for number in STOPPING:
            signal.signal(number, lambda *_: self.stop())
        try:
            asyncio.run(self.serve_forever())
        except StartupFailed:
            return 3
        return 0

    async def wind_down(self, listening: asyncio.Server, lifespan: Lifespan) -> None:
        """Accept nobody any more, close what is open, and only then tell the application."""
        await self.stop_listening(listening)
        await self.finish_connections()
        await lifespan.shutdown()

    async def stop_listening(self, listening: asyncio.Server) -> None:
        """Accept nobody any more; what asyncio has accepted in this turn it would lose if its server closed at once."""
        for listener in listening.sockets:
            asyncio.get_running_loop().remove_reader(listener.fileno())
        await asyncio.sleep(0)
        listening.close()

    async def listen(self) -> asyncio.Server:
        """Begin to accept."""
        loop = asyncio.get_running_loop()
        if self.uds:
            self.listener.listen(512)
            return await loop.create_unix_server(lambda: self.connection_class(self.accept), sock=self.listener)
        return await loop.create_server(
            lambda: self.connection_class(self.accept), sock=self.listener, ssl=self.tls, backlog=512
        )

    async def finish_connections(self) -> None:
        """Close what is idle, tell WebSockets, and give requests in flight time to end."""
        for connection in list(self.connections):
            connection.say_stop()
        if self.connections:
            await asyncio.wait(self.connections.values(), timeout=GRACE_S)
        for task in [*self.connections.values(), *self.calls]:
            task.cancel()
        for connection in self.accepted:
            connection.abort()
        await asyncio.sleep(0)  # so that what was aborted is closed before the loop is

    async def drop_latecomers(self) -> None:
        """End connections that were accepted in the last moment, before the loop does."""
        while left := dict(self.connections):
            for connection, task in left.items():
                connection.abort()
                task.cancel()
            await asyncio.wait(left.values())
        await asyncio.sleep(0)  # the turn in which transports close their sockets

    def stop(self) -> None:
        """Ask the server to stop; may be called by any thread or signal handler, also before it serves."""
        self._stop_asked = True
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)

    def stop_wanted(self) -> bool:
        """Tell whether the server was asked to stop."""
        return self._stop is not None and self._stop.is_set()

    async def wait_for_stop(self) -> None:
        """Return when the server is asked to stop."""
        assert self._stop is not None
        await self._stop.wait()

    @contextlib.contextmanager
    def serve_in_thread(self) -> Iterator[Server]:
        """Serve while the block runs, in an event loop of its own."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stop()
            thread.join(GRACE_S * 2)
            self.listener.close()

    def _run(self) -> None:
        with contextlib.suppress(StartupFailed, asyncio.CancelledError):
            asyncio.run(self.serve_forever())

    # -- connections

    def accept(self, connection: Connection) -> None:
        """Serve a new connection by a task of its own."""
        task = asyncio.get_running_loop().create_task(self.serve(connection))
        self.connections[connection] = task
        self.accepted.add(connection)
        task.add_done_callback(lambda _: self.connections.pop(connection, None))

    async def serve(self, connection: Connection) -> None:
        """Serve one connection until it ends."""
        try:
            while not self.stopping and await self.serve_one(connection):
                pass
            await connection.finish()
        except (OSError, Gone):
            pass
        finally:
            connection.close()

    async def serve_one(self, connection: Connection) -> bool:
        """Serve one request; tell whether the connection goes on."""
        head = await connection.head(HEAD_LIMIT)
        if not head:
            return False
        if head == PREFACE[: len(head)] and self.http2_class is not None:
            return await self.multiplex(connection, head)
        try:
            request = self.grammar.head(io.BytesIO(head).readline)
            if request is None:
                return False
            if self.is_websocket(request):
                await self.websocket_class(self, connection, request).serve()
                return False
        except BadRequest as refusal:
            await self.refuse(connection, refusal)
            return False
        return await self.http_class(self, connection, request).serve()

    async def multiplex(self, connection: Connection, head: bytes) -> bool:
        """Serve a client that begins with the preface of HTTP/2, until one of us leaves."""
        assert self.http2_class is not None
        while len(head) < len(PREFACE):
            head += await connection.some(len(PREFACE) - len(head))
        if head == PREFACE:
            await self.http2_class(self, connection).serve(head)
        return False

    def is_websocket(self, request: Request) -> bool:
        """Tell whether a request asks for a WebSocket; one that asks wrongly is refused (RFC 6455, 4.2.1)."""
        if b"upgrade" not in request.words(b"connection") or b"websocket" not in request.words(b"upgrade"):
            return False
        if request.method != b"GET" or request.is_1_0 or len(request.all(b"sec-websocket-key")) != 1:
            raise BadRequest
        if request.all(b"sec-websocket-version") != [b"13"]:
            raise BadRequest(b"426 Upgrade Required")
        return True

    async def refuse(self, connection: Connection, refusal: BadRequest) -> None:
        """Answer for a request that the application never sees."""
        await connection.write(b"HTTP/1.1 " + refusal.status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    # -- scopes

    def scope(self, request: Request, connection: Connection, kind: str) -> Scope:
        """Return a fresh scope for a connection of a kind: http or websocket."""
        target, _, query = self.origin_form(request.target).partition(b"?")
        scope: Scope = {
            "type": kind,
            "asgi": self.asgi(kind),
            "http_version": self.http_version(request),
            "scheme": self.scheme(kind),
            "path": self.path(target),
            "raw_path": self.raw_path(target),
            "query_string": self.query_string(query),
            "root_path": self.root_path(),
            "headers": self.headers(request, kind),
            "client": self.client(connection),
            "server": self.server(connection),
            "extensions": self.extensions(connection, kind),
        }
        if kind == "http":
            scope["method"] = self.method(request)
        else:
            scope["subprotocols"] = self.subprotocols(request)
        if self.state is not None:
            scope["state"] = self.own_state(kind)
        return scope

    def asgi(self, kind: str) -> dict[str, Any]:
        """The versions that we speak."""
        return {"version": self.version, "spec_version": self.spec_version}

    def http_version(self, request: Request) -> Any:
        """The version of the request, without its name."""
        return request.version.decode("ascii").partition("/")[2]

    def scheme(self, kind: str) -> Any:
        """The scheme under which we were reached."""
        secure = self.tls is not None
        return {"http": "https" if secure else "http", "websocket": "wss" if secure else "ws"}[kind]

    def origin_form(self, target: bytes) -> bytes:
        """Return the path and query of a target in absolute form."""
        if target.startswith(b"/") or b"://" not in target:
            return target
        rest = target.partition(b"://")[2]
        cut = min((rest.index(mark) for mark in (b"/", b"?") if mark in rest), default=len(rest))
        return rest[cut:] if rest[cut:].startswith(b"/") else b"/" + rest[cut:]

    def path(self, target: bytes) -> Any:
        """Percent-decode a path once, and read it as UTF-8."""
        return unquote_to_bytes(target).decode("utf-8", "replace")

    def raw_path(self, target: bytes) -> Any:
        """The path as it came."""
        return target

    def query_string(self, query: bytes) -> Any:
        """The query as it came."""
        return query

    def root_path(self) -> Any:
        """Where the application is mounted."""
        return self.mount

    def headers(self, request: Request, kind: str) -> Any:
        """The fields as they came, names in lower case."""
        return [self.field(name, value) for name, value in request.fields]

    def field(self, name: bytes, value: bytes) -> Any:
        """One field."""
        return (name.lower(), value)

    def client(self, connection: Connection) -> Any:
        """The address of the peer."""
        return connection.peer

    def server(self, connection: Connection) -> Any:
        """The address on which we listen; of a unix socket, its path."""
        return (self.uds, None) if self.uds else connection.local

    def method(self, request: Request) -> Any:
        """The method, in upper case as the specification wants it."""
        return request.method.decode("ascii").upper()

    def subprotocols(self, request: Request) -> Any:
        """What the client offers, of all fields together."""
        return [
            word.strip(b" \t").decode("latin-1")
            for value in request.all(b"sec-websocket-protocol")
            for word in value.split(b",")
            if word.strip(b" \t")
        ]

    def extensions(self, connection: Connection, kind: str) -> Any:
        """What we offer beyond the core."""
        offered: dict[str, dict[str, Any]] = {name: {} for name in self.extension_names(kind)}
        if self.tls is not None:
            offered["tls"] = tls_extension(connection.ssl_object, self.certificate)
        return offered

    def extension_names(self, kind: str) -> list[str]:
        """The extensions of a kind of scope."""
        if kind == "websocket":
            return ["websocket.http.response"]
        names = ["trailers", "early_hint", "pathsend", "zerocopysend"]
        return [f"http.response.{name}" for name in names]

    def own_state(self, kind: str) -> Any:
        """A shallow copy of what the lifespan left."""
        assert self.state is not None
        return dict(self.state)

    # -- calls

    def call(self, scope: Scope, receive: Callable[[], Any], send: Callable[[Event], Any]) -> Awaitable[None]:
        """Call the application with three positional arguments."""
        return self.application(scope, receive, send)

    def start_call(self, main: Any) -> asyncio.Task[None]:
        """Run a call as a task."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(main)
        self.calls.add(task)
        task.add_done_callback(self.calls.discard)
        return task

    def log(self, text: str) -> None:
        """Write a line for the operator."""
        with contextlib.suppress(ValueError, OSError):
            self.errors.write(text.encode("ascii", "backslashreplace").decode("ascii") + "\n")
            self.errors.flush()

    def report(self, error: BaseException) -> None:
        """Log the failure of a call."""
        self.log("ERROR: exception in the application\n" + "".join(traceback.format_exception(error)))


def main(arguments: list[str] | None = None) -> None:
    """Serve an application until SIGTERM; exit status 3 where its startup failed."""
    parser = argparse.ArgumentParser(prog="gateproof.reference.asgi", description="An ASGI server that conforms.")
    parser.add_argument("application", metavar="MODULE:ATTRIBUTE")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--mount", default="")
    parser.add_argument("--uds")
    parser.add_argument("--message-limit", type=int, help="octets that a message of a WebSocket may have")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--certfile")
    parser.add_argument("--keyfile")
    parser.add_argument("--cafile", help="ask clients for a certificate, and take those of this authority")
    given = parser.parse_args(arguments)
    module, _, attribute = given.application.partition(":")
    application = getattr(importlib.import_module(module), attribute or "app")
    tls, certificate = None, None
    if given.certfile:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(given.certfile, given.keyfile)
        if given.cafile:
            tls.load_verify_locations(given.cafile)
            tls.verify_mode = ssl.CERT_OPTIONAL
        with open(given.certfile, encoding="ascii") as file:
            certificate = file.read()
    more: dict[str, Any] = {
        "tls": tls,
        "certificate": certificate,
        "uds": given.uds,
        "message_limit": given.message_limit,
    }
    server = Server(application, given.host, given.port, mount=given.mount, **more)
    sys.exit(server.serve_in_processes(given.processes) if given.processes > 1 else server.serve_alone())


if __name__ == "__main__":
    main()

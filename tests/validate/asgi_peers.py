"""A small conforming ASGI server for one call, played without an event loop, and applications beside it."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from gateproof.validate import Finding
from gateproof.validate.asgi import observe

DROP = object()
Application = Callable[..., Awaitable[Any]]
FIELDS = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
START = {"type": "http.response.start", "status": 200, "headers": FIELDS}
BODY = {"type": "http.response.body", "body": b"ok"}
REQUEST = {"type": "http.request", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}
CONNECT = {"type": "websocket.connect"}
ACCEPT = {"type": "websocket.accept"}
TEXT = {"type": "websocket.receive", "text": "hello"}
LEFT = {"type": "websocket.disconnect", "code": 1000}
STARTUP = {"type": "lifespan.startup"}
SHUTDOWN = {"type": "lifespan.shutdown"}
UP = {"type": "lifespan.startup.complete"}
DOWN = {"type": "lifespan.shutdown.complete"}

HTTP: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.5"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"localhost")],
    "client": ("127.0.0.1", 5000),
    "server": ("127.0.0.1", 80),
    "state": {},
    "extensions": {},
}
WEBSOCKET = {**HTTP, "type": "websocket", "scheme": "ws", "subprotocols": ["chat"]}
del WEBSOCKET["method"]
LIFESPAN: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}


def scope(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a fresh scope, changed."""
    made = copy.deepcopy(base)
    for key, value in changes.items():
        if value is DROP:
            del made[key]
        else:
            made[key] = value
    return made


def offering(base: dict[str, Any], *extensions: str) -> dict[str, Any]:
    """Return a fresh scope that advertises extensions."""
    return scope(base, extensions={name: {} for name in extensions})


class Waiting(Exception):
    """The application waits for an event that will not come."""


class Server:
    """Gives the events of a list and takes what is sent; then the call is left alone. Mutants replace one method."""

    def __init__(self, events: Iterable[Any] = ()) -> None:
        self.events = list(events)
        self.sent: list[Any] = []
        self.raised: BaseException | None = None
        self.result: Any = None

    def serve(self, app: Application, scope: Any) -> None:
        try:
            self.result = run(self.call(app, scope))
        except Waiting:
            pass
        except Exception as error:
            self.raised = error

    def call(self, app: Application, scope: Any) -> Awaitable[Any]:
        return app(scope, self.receive, self.send)

    async def receive(self) -> Any:
        if not self.events:
            raise Waiting
        return self.events.pop(0)

    async def send(self, event: Any) -> None:
        self.check(event)
        self.sent.append(event)

    def check(self, event: Any) -> None:
        """Refuses nothing."""


def run(awaitable: Any) -> Any:
    """Run a coroutine that never really waits."""
    iterator = awaitable.__await__()
    try:
        while True:
            next(iterator)
    except StopIteration as stop:
        return stop.value


def exchange(
    app: Application, scope_: Any = None, server: Server | None = None, *, inform: bool = True
) -> tuple[list[Finding], Server]:
    """Serve one observed call; returns the findings and the server."""
    found: list[Finding] = []
    if scope_ is None:
        scope_ = scope(HTTP)
    if server is None:
        server = Server(EVENTS[scope_["type"]])
    server.serve(observe(app, found.append, inform=inform), scope_)
    return found, server


EVENTS = {
    "http": [REQUEST, GONE],
    "websocket": [CONNECT, TEXT, LEFT],
    "lifespan": [STARTUP, SHUTDOWN],
    "other": [],
}


# Applications: they listen first, then say what they are made to say.


def http(*events: Any, listen: int = 1) -> Application:
    """Return an application that receives the request and sends these events."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(listen):
            await receive()
        for event in events:
            await send(event)

    return app


def websocket(*events: Any, listen: int = 1, after: int = 0) -> Application:
    """Return an application that receives, sends these events, and receives again."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(listen):
            await receive()
        for event in events:
            await send(event)
        for _ in range(after):
            await receive()

    return app


def lifespan(*events: Any) -> Application:
    """Return an application that receives an event before each one that it sends; None receives only."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for event in events:
            await receive()
            if event is not None:
                await send(event)

    return app


hello = http(START, BODY)
echo = websocket(ACCEPT, {"type": "websocket.send", "text": "hello"}, after=2)
lives = lifespan(UP, DOWN)

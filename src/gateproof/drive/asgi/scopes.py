"""Requests, and the servers that give them: every scope here is one that the text allows."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

Field = tuple[bytes, bytes]
HOST = b"testserver.example"
HANDSHAKE = (
    (b"connection", b"Upgrade"),
    (b"upgrade", b"websocket"),
    (b"sec-websocket-version", b"13"),
    (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
)
CONTAINERS: dict[str, Callable[[Iterable[Field]], Any]] = {
    "list of tuples": list,
    "list of lists": lambda fields: [list(each) for each in fields],
    "tuple of tuples": tuple,
    "tuple of lists": lambda fields: tuple(list(each) for each in fields),
}
# What an application may not find in the scope, and what that means.
OPTIONAL = {
    "scheme": "http",
    "raw_path": None,
    "root_path": "",
    "client": None,
    "server": None,
    "extensions": None,
    "state": None,
}
WEBSOCKET_OPTIONAL = {**OPTIONAL, "scheme": "ws", "http_version": "1.1", "query_string": b"", "subprotocols": ()}
MAY_BE_NONE = ("client", "server")
LIFESPAN_VERSION = "2.0"  # its text has numbers of its own


@dataclass(frozen=True)
class Request:
    """What a client asks for; `body` holds the parts in which the server delivers it."""

    method: str = "GET"
    path: str = "/"
    query: bytes = b""
    headers: tuple[Field, ...] = ()
    body: tuple[bytes, ...] = (b"",)
    subprotocols: tuple[str, ...] = ()

    def but(self, **changes: Any) -> Request:
        """Return the request with something changed."""
        return replace(self, **changes)

    def __str__(self) -> str:
        """Name it in messages."""
        return f"{self.method} {self.path}" + (f"?{self.query.decode('latin-1')}" if self.query else "")


@dataclass(frozen=True)
class Server:
    """How a server gives a request, where the text leaves it a choice.

    `without` are keys that it leaves out, `none` those that it gives as None; `more` are further keys. `asgi` None
    leaves the versions out. `offers` are the extensions, None for no such key.
    """

    asgi: Mapping[str, str] | None = field(default_factory=lambda: {"version": "3.0", "spec_version": "2.3"})
    http_version: str = "1.1"
    scheme: str = "http"
    root_path: str = ""
    client: Any = ("192.0.2.7", 50112)
    server: Any = ("testserver.example", 80)
    host: bytes | None = HOST  # the field of the request; HTTP/1.0 may have none
    without: frozenset[str] = frozenset()
    none: frozenset[str] = frozenset()
    more: Mapping[str, Any] = field(default_factory=dict)
    offers: Mapping[str, Any] | None = field(default_factory=dict)
    container: str = "list of tuples"
    case: Callable[[bytes], bytes] = bytes.lower
    more_in_events: Mapping[str, Any] = field(default_factory=dict)
    omits: frozenset[str] = frozenset()  # what it leaves out of http.request where it equals the default
    raising: bool = False  # send raises on a closed connection
    repeats: bool = True  # gives http.disconnect again and again; else receive waits after the first
    keeps_state: bool = True

    def but(self, **changes: Any) -> Server:
        """Return the server with something changed."""
        return replace(self, **changes)


PLAIN = Server()


def http_scope(request: Request, server: Server = PLAIN, state: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the scope of an http request."""
    scope = {"type": "http", **_common(request, server, server.scheme), "method": request.method}
    return _finish(scope, server, state)


def websocket_scope(request: Request, server: Server = PLAIN, state: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the scope of a handshake."""
    fields = (*HANDSHAKE, *request.headers)
    if request.subprotocols:
        fields = (*fields, (b"sec-websocket-protocol", ", ".join(request.subprotocols).encode("latin-1")))
    scheme = {"http": "ws", "https": "wss"}.get(server.scheme, server.scheme)
    common = _common(request.but(headers=fields), server, scheme)
    return _finish({"type": "websocket", **common, "subprotocols": list(request.subprotocols)}, server, state)


def lifespan_scope(server: Server = PLAIN, state: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the scope of a lifetime; a server that says a version says that of the lifespan."""
    scope: dict[str, Any] = {"type": "lifespan"}
    if server.asgi is not None:
        scope["asgi"] = dict(server.asgi)
        if "spec_version" in server.asgi:
            scope["asgi"]["spec_version"] = LIFESPAN_VERSION
    if state is not None and server.keeps_state:
        scope["state"] = state
    return {**scope, **copy.deepcopy(dict(server.more))}


def _common(request: Request, server: Server, scheme: str) -> dict[str, Any]:
    path = server.root_path + request.path
    host = () if server.host is None else ((b"host", server.host),)
    fields = [(server.case(name), value) for name, value in (*host, *request.headers)]
    return {
        "asgi": dict(server.asgi) if server.asgi is not None else None,
        "http_version": server.http_version,
        "scheme": scheme,
        "path": path,
        "raw_path": quote(path, safe="/:@!$&'()*+,;=~-._").encode("ascii"),
        "query_string": request.query,
        "root_path": server.root_path,
        "headers": CONTAINERS[server.container](fields),
        "client": server.client,
        "server": server.server,
    }


def _finish(scope: dict[str, Any], server: Server, state: Mapping[str, Any] | None) -> dict[str, Any]:
    if scope["asgi"] is None:
        del scope["asgi"]
    if server.offers is not None:
        scope["extensions"] = copy.deepcopy(dict(server.offers))
    if state is not None and server.keeps_state:
        scope["state"] = dict(state)
    for key in server.none:
        if key in scope:
            scope[key] = None
    scope.update(copy.deepcopy(dict(server.more)))
    return {key: value for key, value in scope.items() if key not in server.without}


def body_events(request: Request, server: Server = PLAIN) -> list[dict[str, Any]]:
    """Return the events that carry the body of a request."""
    events: list[dict[str, Any]] = []
    for number, part in enumerate(request.body):
        more = number + 1 < len(request.body)
        event: dict[str, Any] = {"type": "http.request"}
        if part or "body" not in server.omits:
            event["body"] = part
        if more or "more_body" not in server.omits:
            event["more_body"] = more
        events.append({**event, **server.more_in_events})
    return events

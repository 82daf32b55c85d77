"""How mutants of the reference ASGI server are made: one class replaced, one method overridden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_http import Http
from gateproof.reference.asgi_http2 import Http2, Stream
from gateproof.reference.asgi_lifespan import Lifespan
from gateproof.reference.asgi_websocket import WebSocket
from gateproof.reference.connection import Connection

from ..registry import mutant, variant

SEAMS: dict[type, str] = {
    Http: "http_class",
    WebSocket: "websocket_class",
    Lifespan: "lifespan_class",
    Connection: "connection_class",
    Http2: "http2_class",
}


def serving(part: type) -> type[Server]:
    """Return a reference server in which one class is replaced by a subclass of it."""
    if issubclass(part, Server):
        return part
    if issubclass(part, Stream):
        part = type(part.__name__, (Http2,), {"stream_class": part, "__module__": part.__module__})
    seam = next(name for base, name in SEAMS.items() if issubclass(part, base))
    return type(part.__name__, (Server,), {seam: part, "__module__": part.__module__})


def fault(requirement: str, **options: Any) -> Callable[[type], type]:
    """Register a server with a faulty part (Server, Http, WebSocket, Lifespan or Connection) as a mutant."""

    def register(part: type) -> type:
        mutant(requirement, **options)(serving(part))
        return part

    return register


def choice(**options: Any) -> Callable[[type], type]:
    """Register a server with another part as a conforming variant."""

    def register(part: type) -> type:
        variant(**options)(serving(part))
        return part

    return register

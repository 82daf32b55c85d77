"""Mutants of what events and scopes are made of, and of whose a scope is."""

from __future__ import annotations

from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_http import Http
from gateproof.reference.asgi_lifespan import Lifespan
from gateproof.reference.asgi_websocket import WebSocket
from gateproof.reference.connection import Connection
from gateproof.reference.requests import Request

from .faults import fault
from .mutants_application import Scopes

Event = dict[str, Any]
Scope = dict[str, Any]


class MoreOfConnect(WebSocket):
    """websocket.connect has another key: not a mutant, but where several begin."""

    more: Any = None

    def connect_event(self) -> Event:
        """The fault."""
        return {"type": "websocket.connect", "gateproof": self.more}


@fault("ASGI-EVENT-001", also=["ASGI-APP-018", "ASGI-LIFE-007"])
class EventIsAPair(Lifespan):
    """lifespan.startup comes as a pair."""

    async def receive(self) -> Any:
        """The fault."""
        event = await super().receive()
        return ("lifespan.startup", {}) if event["type"] == "lifespan.startup" else event


@fault("ASGI-EVENT-003")
class MemoryView(MoreOfConnect):
    """An event holds a memoryview."""

    more = memoryview(b"octets")


@fault("ASGI-EVENT-005")
class HugeNumber(MoreOfConnect):
    """A number has more than 64 bits."""

    more = 1 << 70


@fault("ASGI-EVENT-007")
class NotANumber(MoreOfConnect):
    """A number is none."""

    more = float("nan")


@fault("ASGI-EVENT-009")
class NumberedKeys(MoreOfConnect):
    """The keys of a dict in an event are numbers."""

    more = [{"inner": {1: "one"}}]  # noqa: RUF012


@fault("ASGI-EVENT-009")
class OctetKeys(Server):
    """The names of extensions are bytes."""

    def extensions(self, connection: Connection, kind: str) -> Any:
        """The fault."""
        return {name.encode("ascii"): value for name, value in super().extensions(connection, kind).items()}


@fault("ASGI-EVENT-011")
class TupleInside(MoreOfConnect):
    """An event holds a tuple."""

    more = ("one", "two")


@fault("ASGI-EVENT-013", also=["ASGI-WS-001", "ASGI-WS-002"])
class OtherNamespace(WebSocket):
    """websocket.connect is called ws.connect."""

    def connect_event(self) -> Event:
        """The fault."""
        return {"type": "ws.connect"}


@fault("ASGI-EVENT-015", also=["ASGI-WS-SCOPE-008"])
class OctetRootPath(Scopes):
    """root_path is bytes."""

    def spoil(self, scope: Scope) -> Any:
        """The fault."""
        return {**scope, "root_path": scope["root_path"].encode("ascii")}


@fault("ASGI-EVENT-017")
class NumberForBool(Http):
    """more_body is 0 or 1."""

    def request_event(self, octets: bytes, more: bool) -> Event:
        """The fault."""
        return {"type": "http.request", "body": octets, "more_body": int(more)}


@fault("ASGI-SCOPE-001")
class LeftOverKeys(Server):
    """What an application adds to a scope is in the next one of its kind."""

    def scope(self, request: Request, connection: Connection, kind: str) -> Scope:
        """The fault."""
        scope = super().scope(request, connection, kind)
        name = f"last_{kind}"
        for key, value in getattr(self, name, {}).items():
            scope.setdefault(key, value)
        setattr(self, name, scope)
        return scope


@fault("ASGI-SCOPE-002")
class ScopeChanges(Http):
    """The client is forgotten when the response starts."""

    async def run(self, scope: Scope) -> None:
        """Remember the scope."""
        self.own_scope = scope
        await super().run(scope)

    def start(self, event: Event) -> None:
        """The fault."""
        super().start(event)
        self.own_scope["client"] = None


@fault("ASGI-SCOPE-007")
class SharedExtensions(Server):
    """All requests have one dict of extensions."""

    def extensions(self, connection: Connection, kind: str) -> Any:
        """The fault."""
        name = f"extensions_{kind}"
        if not hasattr(self, name):
            setattr(self, name, super().extensions(connection, kind))
        return getattr(self, name)

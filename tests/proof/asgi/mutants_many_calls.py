"""Mutants that show where hundreds of calls of both kinds are open at the same time, and nowhere else."""

from __future__ import annotations

from typing import Any

from gateproof.reference.asgi import Scope, Server
from gateproof.reference.asgi_websocket import WebSocket
from gateproof.reference.connection import Connection
from gateproof.reference.requests import Request

from .faults import fault

MANY = 300  # more than there are open calls of one kind


class Crowded(Server):
    """A server that saves where many connections are open: not a mutant, but where several begin."""

    spare: Any = None

    def saved(self, made: Any) -> Any:
        """Return what was made, or, of many, what another call has."""
        if len(self.connections) <= MANY:
            return made
        self.spare = made if self.spare is None else self.spare
        return self.spare


@fault("ASGI-SCOPE-001")
class ScopesOfACrowd(Server):
    """Where many connections are open, what a call adds to its scope is in those that began before it."""

    def __init__(self, *args: Any, **more: Any) -> None:
        """No scope yet."""
        super().__init__(*args, **more)
        self.scopes: list[Scope] = []

    def scope(self, request: Request, connection: Connection, kind: str) -> Scope:
        """The fault."""
        made = super().scope(request, connection, kind)
        if len(self.connections) > MANY:
            for before, after in zip(self.scopes, self.scopes[1:], strict=False):
                before.update({key: value for key, value in after.items() if key not in {*made, "subprotocols"}})
            self.scopes.append(made)
        return made


@fault("ASGI-LIFE-033")
class StateOfACrowd(Crowded):
    """Of many open calls the last ones share a state."""

    def own_state(self, kind: str) -> Any:
        """The fault."""
        return self.saved(super().own_state(kind))


@fault("ASGI-SCOPE-007")
class ExtensionsOfACrowd(Crowded):
    """Of many open calls the last ones share what is advertised."""

    def extensions(self, connection: Connection, kind: str) -> Any:
        """The fault."""
        return self.saved(super().extensions(connection, kind))


@fault("ASGI-WS-034")
class MessagesOfACrowd(WebSocket):
    """Where many connections are open a message goes to another WebSocket."""

    async def message(self, event: dict[str, Any]) -> None:
        """The fault."""
        known = vars(self.server).setdefault("last", self)
        if len(self.server.connections) > MANY and known is not self and known.state == "open":
            await WebSocket.message(known, event)
        else:
            self.server.last = self  # type: ignore[attr-defined]
            await super().message(event)

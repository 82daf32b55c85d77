"""Mutants of the lifespan's state."""

from __future__ import annotations

import copy
import os
from collections import UserDict
from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_lifespan import Lifespan

from .faults import fault


@fault("ASGI-LIFE-030", also=["ASGI-LIFE-035"])
class StateOfTheServer(Lifespan):
    """The state has something of the server in it."""

    def __init__(self, server: Server) -> None:
        """The fault."""
        super().__init__(server)
        self.state["server"] = "gateproof"


@fault("ASGI-LIFE-031")
class EmptyStateForHttp(Server):
    """Requests get a state from before the startup."""

    def own_state(self, kind: str) -> Any:
        """The fault."""
        return super().own_state(kind) if kind == "websocket" else {}


@fault("ASGI-LIFE-032")
class EmptyStateForWebSockets(Server):
    """WebSockets get an empty state."""

    def own_state(self, kind: str) -> Any:
        """The fault."""
        return super().own_state(kind) if kind == "http" else {}


@fault("ASGI-LIFE-033")
class SharedState(Server):
    """All requests share one state."""

    def own_state(self, kind: str) -> Any:
        """The fault."""
        return self.state


@fault("ASGI-LIFE-033")
class StateOfAConnection(Server):
    """All requests of a connection share one state."""

    def scope(self, request: Any, connection: Any, kind: str) -> dict[str, Any]:
        """The fault."""
        scope = super().scope(request, connection, kind)
        if not hasattr(connection, "state"):
            connection.state = scope.get("state")
        return {**scope, "state": connection.state}


@fault("ASGI-LIFE-034")
class DeepCopies(Server):
    """Requests get deep copies."""

    def own_state(self, kind: str) -> Any:
        """The fault."""
        return copy.deepcopy(self.state)


@fault("ASGI-LIFE-035")
class ClearsStateAtShutdown(Lifespan):
    """The state is cleared before the application is told of the shutdown."""

    async def shutdown(self) -> None:
        """The fault."""
        self.state.clear()
        await super().shutdown()


@fault("ASGI-LIFE-035")
class AddsToState(Server):
    """Each request's state has something of the server in it."""

    def own_state(self, kind: str) -> Any:
        """The fault."""
        return {**super().own_state(kind), "server.kind": kind}


@fault("ASGI-LIFE-036", launch="processes")
class StateOfTheParent(Server):
    """Processes see the state of the one that started them."""

    def own_state(self, kind: str) -> Any:
        """The fault."""
        return {**super().own_state(kind), "gateproof.pid": os.getppid()}


@fault("ASGI-LIFE-041")
class NoStateForWebSockets(Server):
    """WebSockets get no state."""

    def scope(self, request: Any, connection: Any, kind: str) -> dict[str, Any]:
        """The fault."""
        scope = super().scope(request, connection, kind)
        if kind == "websocket":
            scope.pop("state", None)
        return scope


@fault("ASGI-LIFE-042")
class StateIsNoDict(Server):
    """The state of a request is a mapping of another kind."""

    def own_state(self, kind: str) -> Any:
        """The fault."""
        return UserDict(super().own_state(kind))

"""Conforming variants of the extensions: legal choices that servers make."""

from __future__ import annotations

from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_http import Event, Http
from gateproof.reference.connection import Connection

from .faults import choice


@choice()
class NoExtensions(Server):
    """Extensions are optional, and so is their key."""

    def scope(self, request: Any, connection: Connection, kind: str) -> dict[str, Any]:
        """The choice."""
        scope = super().scope(request, connection, kind)
        del scope["extensions"]
        return scope

    def extension_names(self, kind: str) -> list[str]:
        """The choice."""
        return []


@choice()
class ForeignExtension(Server):
    """An extension that nobody else knows."""

    def extensions(self, connection: Connection, kind: str) -> Any:
        """The choice."""
        return {**super().extensions(connection, kind), "gateproof.foreign": {"version": 1}}


@choice()
class HintsAfterStart(Http):
    """Hints are taken after the start of the response alone, as the text had it."""

    async def early_hint(self, event: Event) -> None:
        """The choice."""
        if self.status is None:
            raise RuntimeError("early hints come after http.response.start")
        await super().early_hint(event)


@choice()
class IgnoresHints(Http):
    """Hints are taken and go nowhere."""

    async def early_hint(self, event: Event) -> None:
        """The choice."""

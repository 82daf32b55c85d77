"""Middleware that compresses, with one fault in how it chooses."""

from __future__ import annotations

from typing import Any

from ...registry import mutant, variant
from .mutants import Event, Scope, Through
from .variants import Compresses


@mutant("ASGI-MW-033")
class VariesWhereItCompresses(Compresses):
    """Says nothing of what it does not compress."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        return [event]


@mutant("ASGI-MW-034")
class FindsTheWord(Compresses):
    """Looks for the word, whatever stands behind it."""

    def takes_gzip(self, scope: Scope) -> bool:
        """The fault."""
        return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope.get("headers", ()))


@variant()
class AllowsOrigins(Through):
    """Allows an origin that it names, and says that it hangs on it."""

    vary: tuple[tuple[bytes, bytes], ...] = ((b"vary", b"Origin"),)

    def __init__(self, app: Any) -> None:
        """Have an origin."""
        super().__init__(app)
        self.origins = ["https://gateproof.example"]

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """Tell it."""
        if event["type"] != "http.response.start":
            return [event]
        asked = [bytes(value) for name, value in scope.get("headers", ()) if name.lower() == b"origin"]
        allowed = [
            (b"access-control-allow-origin", value) for value in asked if value.decode("latin-1") in self.origins
        ]
        return [{**event, "headers": [*event.get("headers", ()), *self.vary, *allowed]}]


@mutant("ASGI-MW-058")
class AllowsWithoutVary(AllowsOrigins):
    """Does not say that it hangs on the origin."""

    vary = ()

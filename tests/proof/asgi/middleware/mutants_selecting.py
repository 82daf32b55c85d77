"""Middleware that compresses, with one fault in how it chooses."""

from __future__ import annotations

from ...registry import mutant
from .mutants import Event, Scope
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

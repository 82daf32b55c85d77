"""The levels of a certificate, and the one that first wants a row."""

from __future__ import annotations

from typing import Protocol

LEVELS = ("Core", "Full", "Robust")
MEANING = {
    "Core": "every MUST that the interface's own text carries, or that follows from it",
    "Full": "the same for WebSocket and for what is advertised, and every SHOULD kept or waived in public",
    "Robust": "the rules of HTTP and CGI and the conventions as well, with the same verdicts in repeated runs",
}
OWN_TEXT = frozenset({"pep", "pep-derived", "text", "derived"})
OPTIONAL_GROUPS = frozenset({"WS", "WS-SCOPE", "EXT", "TLS"})


class Row(Protocol):
    """The part of a requirement on which its level rests."""

    @property
    def group(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def basis(self) -> str: ...
    @property
    def gate(self) -> str: ...
    @property
    def excluded(self) -> str: ...


def level(row: Row) -> str:
    """Return the lowest level that wants a row; '' where none does: it only informs, or nobody can observe it."""
    if row.excluded or row.verdict == "inform":
        return ""
    if row.basis not in OWN_TEXT:
        return "Robust"
    optional = row.gate == "websocket" or row.gate.startswith("extension:") or row.group in OPTIONAL_GROUPS
    return "Full" if optional or row.verdict == "warn" else "Core"


def within(level: str) -> tuple[str, ...]:
    """Return the levels that a level holds: itself and those below it."""
    return LEVELS[: LEVELS.index(level) + 1]

"""What an observer says, and the base of all observers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gateproof.validate.rows import ROWS

LONGEST = 120


class Finding(NamedTuple):
    """One requirement that one party broke in one call. Holds text only, so that it keeps nothing of the call alive."""

    requirement_id: str
    message: str
    expected: str
    seen: str
    party: str
    weight: str = "fail"

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.requirement_id} ({self.party}): {self.message}; expected {self.expected}, seen {self.seen}"


Report = Callable[[Finding], None]


def show(value: object) -> str:
    """Return a short text for any value; never raises, and never makes the text of something long."""
    if isinstance(value, (str, bytes, bytearray)) and len(value) > LONGEST:
        return f"{bytes(value[:40])!r}..." if not isinstance(value, str) else f"{value[:40]!r}..."
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__qualname__}>"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


class Observer:
    """Tells `report` each requirement at most once per call. One is made for each call, so it has slots."""

    __slots__ = ("inform", "report", "said", "stopped")

    def __init__(self, report: Report, inform: bool) -> None:
        """Take the receiver of findings, and whether rows that only inform are judged too."""
        self.report = report
        self.inform = inform
        self.said: set[str] | None = None
        self.stopped: BaseException | None = None

    def say(self, requirement: str, message: str, expected: object, seen: object, weight: str = "") -> None:
        """Report a broken requirement; `weight` softens its row where passive evidence is weaker than the row asks.

        Raises whatever `report` raises: that is how a linter stops the call.
        """
        party, usual = ROWS[requirement]
        weight = weight or usual
        if self.said is None:
            self.said = set()
        if requirement in self.said or (weight == "inform" and not self.inform):
            return
        self.said.add(requirement)
        try:
            self.report(Finding(requirement, message, str(expected), show(seen), party, weight))
        except BaseException as error:
            self.stopped = error  # what follows is our doing, not the application's
            raise

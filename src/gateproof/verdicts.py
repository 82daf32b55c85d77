"""What a check can say of a requirement, and how several sayings become one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """The nine verdicts, worst first: where several checks judge one requirement, the first in this order stands."""

    FAIL = "fail"
    WARN = "warn"
    KNOWN = "known"
    ERROR = "error"
    BLOCKED = "blocked"
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    INFORM = "inform"
    UNSUPPORTED = "unsupported"
    UNTESTED = "untested"


RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}
BROKEN = frozenset({Verdict.FAIL, Verdict.WARN})


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that stands when several were given; `untested` when none was."""
    return min(verdicts, key=RANK.__getitem__, default=Verdict.UNTESTED)


class Exit:
    """Exit statuses of a run and of every `gateproof` command."""

    AS_DECLARED = 0
    DIFFERS = 1
    INTERRUPTED = 2
    HARNESS = 3
    USAGE = 4
    NOTHING = 5


def worst_exit(statuses: Iterable[int]) -> int:
    """Return the status that wins when several apply: 4, 2, 3, 1, 5, then 0."""
    order = (Exit.USAGE, Exit.INTERRUPTED, Exit.HARNESS, Exit.DIFFERS, Exit.NOTHING, Exit.AS_DECLARED)
    found = set(statuses)
    return next((status for status in order if status in found), Exit.AS_DECLARED)

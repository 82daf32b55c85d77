"""What a check can say of a requirement, and how several sayings become one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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
DEVIATING = BROKEN | {Verdict.KNOWN}
UNJUDGED = frozenset({Verdict.ERROR, Verdict.BLOCKED, Verdict.UNTESTED})
UNSTABLE = "unstable"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that stands when several were given; `untested` when none was."""
    return min(verdicts, key=RANK.__getitem__, default=Verdict.UNTESTED)


def doubtful(said: Mapping[str, Any]) -> bool:
    """Tell whether a check, or its judgement, was not the same each time: `k` of `n` runs saw it."""
    return bool(said["k"] < said["n"])


@dataclass(frozen=True)
class Tallied:
    """What several runs said together: `k` of `n` saw it; `message` where they did not say the same."""

    verdict: Verdict
    k: int
    n: int
    message: str = ""


def tallied(said: Mapping[str, int]) -> Tallied:
    """Return what stands where runs said this: verdict, or `unstable` for a run in doubt by itself -> number of runs.

    Broken in every run that could judge: broken, the worst stands. Broken in some of them: `inform`, unstable.
    """
    n, doubtful = sum(said.values()), said.get(UNSTABLE, 0)
    found = {Verdict(name): count for name, count in said.items() if count and name != UNSTABLE}
    broken = {verdict: count for verdict, count in found.items() if verdict in DEVIATING}
    k = sum(broken.values())
    kept = {verdict for verdict in found if verdict not in DEVIATING and verdict not in UNJUDGED}
    if not (broken or doubtful):
        stands = worst(found)
        return Tallied(stands, found.get(stands, 0), n, "" if len(found) < 2 else _spelled(said))
    if kept or doubtful:
        message = f"unstable: {worst(broken)} in {k} of {n} runs" if broken else ""
        return Tallied(Verdict.INFORM, min(k + doubtful, n - 1) if n > 1 else 0, n, message)
    return Tallied(worst(broken), k, n, "" if len(found) < 2 else _spelled(said))


def _spelled(said: Mapping[str, int]) -> str:
    return f"of {sum(said.values())} runs: {', '.join(f'{name} in {count}' for name, count in said.items())}"


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

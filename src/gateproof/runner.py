"""Runs one check against one target, and confirms what it found before anybody is accused.

Shared by the pytest plugin and by the proof, where hundreds of mutants are judged without pytest around each check.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from gateproof.check import CheckInfo, check_id, info, needs
from gateproof.draw import Draw
from gateproof.judge import Blocked, Judge, Judgement, MisjudgedError, Row, Unsupported, Untestable, show
from gateproof.verdicts import BROKEN, Verdict, worst

CONFIRMATIONS = 5
FURTHER = 4  # ways in which one requirement is broken, that are told beside the first


class HarnessError(Exception):
    """Our own trouble (side channel, port, time): never counts against the target."""


class Target(Protocol):
    """What a runner needs of whatever is tested."""

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Forget the exchanges of the check before; `patient` gives a slow server more time."""

    def fell_silent(self) -> bool:
        """Tell whether the last exchange met silence: a failure that consists of waiting is not shrunk."""

    def recent_exchanges(self) -> list[str]:
        """Return the keys of the exchanges that the last judgement rests on."""


@dataclass
class Outcome:
    """What one check said: a judgement for each requirement that it declares."""

    check: str
    info: CheckInfo
    judgements: list[Judgement] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """Return the worst verdict of the check."""
        return worst(j.verdict for j in self.judgements)


def run_check(
    function: Callable[..., object],
    fixtures: Mapping[str, object],
    target: Target,
    rows: Mapping[str, Row],
    effort: str = "default",
    *,
    confirm: bool = True,
    frozen: Callable[[list[Any]], list[Any]] | None = None,
) -> Outcome:
    """Run a check; repeat one that found something, so that what does not repeat accuses nobody.

    `frozen` returns the cases of a corpus that a frozen set holds (see `gateproof.draw`).
    """
    started = time.monotonic()
    outcome = Outcome(check_id(function), info(function))
    outcome.judgements = _settle(_once(function, fixtures, target, rows, effort, shrinks=confirm, frozen=frozen))
    if confirm and outcome.verdict in BROKEN:
        again = partial(_once, function, fixtures, target, rows, effort, patient=True, frozen=frozen)
        _confirm(outcome, lambda: _settle(again()))
    outcome.seconds = time.monotonic() - started
    return outcome


def _once(
    function: Callable[..., object],
    fixtures: Mapping[str, object],
    target: Target,
    rows: Mapping[str, Row],
    effort: str,
    *,
    patient: bool = False,
    shrinks: bool = False,
    frozen: Callable[[list[Any]], list[Any]] | None = None,
) -> Judge:
    declared = info(function).requirements
    unknown = [name for name in declared if name not in rows]
    if unknown or not declared:
        raise MisjudgedError(f"{check_id(function)} declares {', '.join(unknown) or 'no requirement'}: no such row")
    target.begin_check(check_id(function), patient=patient)
    judge = Judge({name: rows[name] for name in declared}, target.recent_exchanges)
    offered: dict[str, object] = {
        "judge": judge,
        "draw": Draw(judge, effort, target.fell_silent, check_id(function), frozen, shrinks),
        **fixtures,
    }
    try:
        function(**{name: offered[name] for name in needs(function)})
    except Unsupported as outcome:
        judge.unsupported_rest(str(outcome), lacks=outcome.lacks)
    except Blocked as outcome:
        judge.rest(Verdict.BLOCKED, str(outcome))
    except Untestable as outcome:
        judge.cut_short(str(outcome))
    except (HarnessError, OSError) as error:
        judge.rest(Verdict.ERROR, f"{type(error).__name__}: {error}")
    except MisjudgedError:
        raise
    except Exception as error:
        # A mistake in a check is our trouble: it must neither accuse the target nor cost what was judged before.
        place = traceback.extract_tb(error.__traceback__)[-1]
        judge.rest(Verdict.ERROR, f"the check broke: {type(error).__name__}: {error} ({place.name}:{place.lineno})")
        if not any(j.verdict is Verdict.ERROR for j in judge.judgements):
            judge.judgements.append(
                Judgement(next(iter(judge.rows)), Verdict.ERROR, reason=f"the check broke: {error}")
            )
    if any(j.verdict in BROKEN for j in judge.judgements):
        judge.rest(Verdict.BLOCKED, "the check ended at another requirement that is broken")
    judge.rest(Verdict.ERROR, "the check ended without a judgement")
    return judge


def _settle(judge: Judge) -> list[Judgement]:
    """Keep the worst judgement of each requirement, and every reading of those that only inform.

    Where a requirement is broken in several ways the first stands, and the next ones are told with it.
    """
    kept: list[Judgement] = []
    for requirement in judge.rows:
        mine = [j for j in judge.judgements if j.requirement == requirement]
        final = worst(j.verdict for j in mine)
        chosen = [j for j in mine if j.verdict is final]
        chosen[0].reading = "; ".join(j.reading for j in mine if j.reading)
        if final in BROKEN:
            more = {j.expected: j for j in reversed(chosen) if j.expected != chosen[0].expected}
            for other in list(reversed(more.values()))[:FURTHER]:
                _tell(chosen[0], "further", other)
        kept.append(chosen[0])
    return kept


def _tell(judgement: Judgement, when: str, other: Judgement) -> None:
    """Tell with a judgement what else was seen of its requirement."""
    judgement.seen = show(f"{judgement.seen}\n{when}: {other.seen}, in place of {other.expected}")


def _confirm(outcome: Outcome, again: Callable[[], list[Judgement]]) -> None:
    """Repeat once; what does not come again is repeated until five repeats say how often it comes."""
    accused = [j for j in outcome.judgements if j.verdict in BROKEN]
    repeats = [again()]
    if not all(any(_again(j, each) for j in repeats[0]) for each in accused):
        repeats += [again() for _ in range(CONFIRMATIONS - 1)]
    for judgement in accused:
        found = [j for repeat in repeats for j in repeat if _again(j, judgement)]
        judgement.k, judgement.n = len(found) + 1, len(repeats) + 1
        # Broken again, but not where it was: the reader is told both, as there may be two causes.
        for other in [j for j in found if j.expected != judgement.expected][:1]:
            _tell(judgement, "when it was repeated", other)
        if len(found) < len(repeats):
            judgement.verdict = Verdict.INFORM
            judgement.reason = f"unstable: seen in {judgement.k} of {judgement.n} runs of the check"


def _again(judgement: Judgement, accused: Judgement) -> bool:
    return judgement.requirement == accused.requirement and judgement.verdict in BROKEN

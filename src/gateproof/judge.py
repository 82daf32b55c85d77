"""The judge: a check states what it expected and what it saw; the requirement's row decides what that weighs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gateproof.verdicts import BROKEN, RANK, Verdict

if TYPE_CHECKING:
    from gateproof.exchange import Exchange

SHOWN = 2000


class Unsupported(Exception):
    """The target does not have what the check needs; carries the reason, and the lack that an exchange shows.

    `lacks` is one of `requirements.gates.GATES`, or `spec_version 2.4`; '' where nothing shows a lack of any of them.
    `shown` is the exchange that shows it, where none of the check does.
    """

    def __init__(self, reason: str, *, lacks: str = "", shown: Exchange | None = None) -> None:
        super().__init__(reason)
        self.lacks, self.shown = lacks, shown


class Blocked(Exception):
    """A premise of the check did not hold; carries which one."""


class Untestable(Exception):
    """The check cannot be carried out on this kind of target; carries the reason. It says nothing about the target."""


class Broken(AssertionError):
    """A requirement is broken, said inside a law; one subclass each, as Hypothesis tells failures by type."""


class MisjudgedError(Exception):
    """A check judged what it does not declare, or judged nothing: our own mistake."""


class Row(Protocol):
    """The part of a requirement that a judge needs."""

    @property
    def id(self) -> str: ...
    @property
    def verdict(self) -> str: ...


@dataclass
class Judgement:
    """One saying about one requirement."""

    requirement: str
    verdict: Verdict
    expected: str = ""
    seen: str = ""
    reading: str = ""
    reason: str = ""
    lacks: str = ""
    exchanges: tuple[str, ...] = ()
    k: int = 1
    n: int = 1


def show(value: object) -> str:
    """Return a bounded text for a value; text is shown as it is."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"


WEIGHT = {"fail": Verdict.FAIL, "warn": Verdict.WARN, "inform": Verdict.INFORM}
_broken_types: dict[str, type[Broken]] = {}


def broken_type(requirement: str) -> type[Broken]:
    """Return the exception class that stands for one broken requirement."""
    if requirement not in _broken_types:
        _broken_types[requirement] = type("Broken_" + requirement.replace("-", "_"), (Broken,), {})
    return _broken_types[requirement]


@dataclass
class Judge:
    """Records judgements of one check. Calling it never raises, but inside a law (see `gateproof.draw`)."""

    rows: dict[str, Row]
    recent: Callable[[], Iterable[str]] = tuple
    judgements: list[Judgement] = field(default_factory=list)
    in_law: bool = False

    def __call__(
        self, requirement: str, ok: object, expected: object = "", seen: object = "", *, weight: str = ""
    ) -> bool:
        """Judge one requirement: `ok` is the verdict, `expected` and `seen` are for the reader of a failure.

        `weight` (warn, inform) softens the row's own where what was seen is weaker than the row asks.
        """
        usual = WEIGHT[self._row(requirement).verdict]
        broken = max(usual, WEIGHT.get(weight, usual), key=RANK.__getitem__)
        verdict = Verdict.PASS if ok else broken
        if self.in_law and verdict in BROKEN:
            raise broken_type(requirement)(requirement, show(expected), show(seen), tuple(self.recent()), verdict)
        if verdict is not Verdict.PASS:
            self._add(Judgement(requirement, verdict, show(expected), show(seen), exchanges=tuple(self.recent())))
        elif not any(j.requirement == requirement and j.verdict is Verdict.PASS for j in self.judgements):
            self._add(Judgement(requirement, verdict))
        return bool(ok)

    def reading(self, requirement: str, text: object) -> None:
        """State which reading the target takes where the text leaves it open: never scored."""
        self._row(requirement)
        if any(j.requirement == requirement and j.reading == show(text) for j in self.judgements):
            return
        self._add(Judgement(requirement, Verdict.INFORM, reading=show(text), exchanges=tuple(self.recent())[-1:]))

    def unsupported(self, requirement: str, reason: str, *, lacks: str = "") -> None:
        """State that the target lacks the optional feature on which the requirement hangs.

        `lacks` names the feature (see `Unsupported`) where the last exchange shows the lack: a certificate lets the
        row go for nothing else.
        """
        self._row(requirement)
        seen = tuple(self.recent())
        self._add(Judgement(requirement, Verdict.UNSUPPORTED, reason=reason, lacks=lacks, exchanges=seen))

    def blocked(self, requirement: str, premise: str) -> None:
        """State that the requirement could not be judged, as something before it did not hold."""
        self._row(requirement)
        self._add(Judgement(requirement, Verdict.BLOCKED, reason=premise, exchanges=tuple(self.recent())))

    def rest_blocked(self, premise: str) -> None:
        """State that what was not judged by now had nothing to be judged on."""
        self.rest(Verdict.BLOCKED, premise)

    def unsupported_rest(self, reason: str, *, lacks: str = "") -> None:
        """State that the target never showed what the remaining requirements are about."""
        self.rest(Verdict.UNSUPPORTED, reason, lacks=lacks)

    def rest(self, verdict: Verdict, reason: str, *, lacks: str = "") -> None:
        """Give one verdict to every declared requirement that has none yet."""
        judged = {j.requirement for j in self.judgements}
        for requirement in self.rows:
            if requirement not in judged:
                self._add(Judgement(requirement, verdict, reason=reason, lacks=lacks, exchanges=tuple(self.recent())))

    def cut_short(self, reason: str) -> None:
        """State that the check ended before its time: what passed so far is not all that a pass would say."""
        for judgement in self.judgements:
            if judgement.verdict is Verdict.PASS:
                judgement.verdict, judgement.reason = Verdict.UNTESTED, reason
        self.rest(Verdict.UNTESTED, reason)

    def broken(self, broken: Broken) -> None:
        """Record what a law raised."""
        requirement, expected, seen, exchanges, verdict = broken.args
        self._row(requirement)
        self._add(Judgement(requirement, verdict, expected, seen, exchanges=exchanges))

    def _row(self, requirement: str) -> Row:
        if requirement not in self.rows:
            raise MisjudgedError(f"the check judged {requirement}, which it does not declare")
        return self.rows[requirement]

    def _add(self, judgement: Judgement) -> None:
        self.judgements.append(judgement)

"""One test run: what was asked for, the target, what the checks said of it, and which of that was known."""

from __future__ import annotations

import contextlib
import hashlib
import math
import platform
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateproof import baseline as baselines
from gateproof import requirements, results, targets
from gateproof.beside import TWIN, Beside, Check, apart
from gateproof.check import CheckInfo, check_id, info, needs
from gateproof.judge import Blocked, Judgement, Unsupported, Untestable
from gateproof.requirements import sets
from gateproof.runner import Outcome, run_check
from gateproof.settings import Settings, TargetError
from gateproof.verdicts import Exit, Verdict

if TYPE_CHECKING:
    from gateproof.exchange import Exchange
    from gateproof.requirements.sets import FrozenSet

JsonDict = dict[str, Any]
# How long a run may take, in seconds: with a server that lets every check wait it would take an hour.
LIMITS_S = {"quick": 480.0, "default": 720.0}
WORTH_A_TWIN = 40  # checks: fewer take no longer than a launch


class Session:
    """Everything that lives as long as one run."""

    def __init__(self, settings: Settings, worker: bool = False) -> None:
        """Resolve nothing yet: `resolve` and `start` do, as collection must not start anything.

        `worker`: other processes of this run judge at the same time, so that we begin nothing beside ourselves.
        """
        self.worker = worker
        self.settings = settings
        self.target = targets.of(settings)
        replayed = settings.certify_set or requirements.SET
        self.frozen: FrozenSet | None = sets.load(replayed) if settings.certify else None
        self.id = uuid.uuid4().hex  # tells this run from every other, also from one that says the same
        self.overridden = False
        self.stopped = False
        self.entries: list[baselines.Entry] = []
        self.baseline_path: Path | None = None
        self.baseline_digest = ""
        self.chosen: list[Check] = []  # the checks that will run
        self.beside: Beside[tuple[JsonDict, list[str]]] | None = None
        self.started_at = datetime.now(UTC)
        self.started = time.monotonic()
        self.fatal: TargetError | None = None
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._catalogues: dict[str, dict[str, requirements.Requirement]] = {}

    @property
    def interface(self) -> str:
        """The interface that the target is judged on: wsgi or asgi."""
        return self.target.interface

    @property
    def party(self) -> str:
        """The party whose requirements bind the target."""
        return self.target.party

    def rows(self) -> list[requirements.Requirement]:
        """Return the requirements that bind this target."""
        return list(self.catalogue.values())

    @property
    def catalogue(self) -> dict[str, requirements.Requirement]:
        """The requirements that bind this target, by id."""
        if self.interface not in self._catalogues:
            rows = requirements.binding(self.interface, self.party)
            self._catalogues[self.interface] = {row.id: row for row in rows}
        return self._catalogues[self.interface]

    # -- the target

    def resolve(self, overridden: bool = False) -> None:
        """Find out what the target is, without starting it; `overridden`: a fixture says what an unknown name means."""
        self.overridden = overridden
        self.target.resolve(overridden)
        self.warnings += self.target.warnings
        path = self.settings.baseline or self.target.baseline
        if path:
            self.baseline_path = self.settings.rootdir / path
            if not self.settings.baseline_update or self.baseline_path.exists():
                given_to = "--baseline" if self.settings.baseline else f"`baseline` of the profile {self.target.name}"
                self.entries = baselines.load(self.baseline_path, given_to)
                self.baseline_digest = "sha256:" + hashlib.sha256(self.baseline_path.read_bytes()).hexdigest()
        elif self.settings.baseline_update:
            raise TargetError("--baseline-update needs --baseline=FILE, or a baseline of the profile", Exit.USAGE)

    def begin(self) -> None:
        """Begin to make the target ready, where it is known what to start; whether that works out, `start` tells."""
        if not self.overridden:
            self.target.begin()

    def start(self, override: object = None) -> None:
        """Make the target ready and see that an ordinary exchange works; raises `TargetError`."""
        launches = {check: self.target.launch(info(check)) for check in self.chosen}
        mine = [check for check in self.chosen if launches[check] == "default" and self._may_have_a_twin(check)]
        twins = mine if self.target.has_twin and not self.worker and len(mine) >= WORTH_A_TWIN else []
        self.target.start({*launches.values(), *([TWIN] if twins else [])}, override)
        if not self.worker:
            self.beside = Beside(self._judge, launches, self._over_the_twin(twins))

    def turn(self, check: Check) -> int:
        """Return when a check is due: 0 what only the run can do, 2 what began beside the others, when it has ended.

        Those that the twin may take come between, so that run and twin end at the same time.
        """
        if apart(check, self.target.launch(info(check))):
            return 2
        return int(self.target.has_twin and self._may_have_a_twin(check))

    def _may_have_a_twin(self, check: Check) -> bool:
        """Tell whether another thread than the run's may ask: Hypothesis has one, and quick draws nothing."""
        return self.settings.effort == "quick" or "draw" not in needs(check)

    def _over_the_twin(self, checks: list[Check]) -> Iterator[Check]:
        """Yield the checks from the last to the first, once the twin is there; none where it does not start."""
        with contextlib.suppress(Blocked):
            if checks:
                self.target.ready(CheckInfo(launch=TWIN))
                yield from reversed(checks)

    def stop(self) -> None:
        """End whatever was started; may be called twice."""
        if self.stopped:
            return
        self.stopped = True
        if self.beside is not None:
            for server in self.target.aside():
                server.lost = "the run has ended"  # a check that is under way there comes to its end
            self.beside.stop()
        if self.settings.report and self.fatal is None:
            self.target.collect_specimens()
        self.target.stop()

    @property
    def overdue(self) -> str:
        """Why the run should end before its checks do, '' where it need not; `thorough` takes its time."""
        limit = LIMITS_S.get(self.settings.effort, math.inf)
        return f"the run has taken more than {limit:.0f} s" if time.monotonic() - self.started > limit else ""

    # -- the checks

    def run(self, function: Check) -> JsonDict:
        """Return what one check says, as data; known deviations are marked."""
        said, told = self.beside.take(function) if self.beside else self._judge(function, info(function).launch)
        self.problems += told
        self._mark_known(said, info(function))
        return said

    def _judge(self, function: Check, launch: str) -> tuple[JsonDict, list[str]]:
        """Run one check, over the twin where `launch` is that; return what it said, and what is to be told after it."""
        note = info(function)
        try:
            fixtures, handle = self.target.ready(replace(note, launch=TWIN) if launch == TWIN else note)
        except Untestable as reason:
            return _not_run(function, Verdict.UNTESTED, str(reason)), []
        except Unsupported as reason:
            return _not_run(function, Verdict.UNSUPPORTED, str(reason), reason.lacks, reason.shown), []
        except Blocked as premise:
            return _not_run(function, Verdict.BLOCKED, str(premise)), []
        rows = {name: row for name, row in self.catalogue.items() if name in note.requirements}
        with self.target.around():
            frozen = self.frozen.checks[check_id(function)].cases if self.frozen else None
            outcome = run_check(function, fixtures, handle, rows, self.settings.effort, frozen=frozen)
        said = results.outcome_to_json(outcome, handle.exchanges)
        told = self.target.aftermath(said, handle)
        for judgement in said["judgements"]:
            if judgement["exchanges"] and judgement["verdict"] not in ("pass", "inform"):
                key = judgement["exchanges"][-1]
                kept = said["exchanges"].get(key)
                judgement["replay"] = self.target.replay(key, kept) if kept else ""
        return said, told

    # -- what was known before

    def circumstances(self, variant: str = "default") -> baselines.Circumstances:
        """Return what baseline entries are compared with."""
        python = self.target.python.split(" ")[-1] if self.target.python else platform.python_version()
        environment = {"python_version": ".".join(python.split(".")[:2]), "python_full_version": python}
        return baselines.Circumstances(self.target.version, environment, variant, self.settings.effort)

    def _mark_known(self, said: JsonDict, note: CheckInfo) -> None:
        now = self.circumstances(note.launch)
        for judgement in said["judgements"]:
            if judgement["verdict"] not in ("fail", "warn"):
                continue
            entry = baselines.excuse(self.entries, judgement["requirement"], said["id"], now)
            if entry is not None:
                judgement["verdict"], judgement["baseline"] = "known", entry.reason
                judgement["baseline_url"] = entry.url
        order = list(Verdict)
        said["verdict"] = min((j["verdict"] for j in said["judgements"]), key=lambda v: order.index(Verdict(v)))

    def update_baseline(self, review: baselines.Review, checks: list[JsonDict]) -> str:
        """Bring the baseline up to date with what the run showed; say what was done."""
        from gateproof.baseline_update import updated

        assert self.baseline_path is not None
        broken = {"fail", "warn"} if self.settings.fail_on == "warn" else {"fail"}
        text = self.baseline_path.read_text(encoding="utf-8") if self.baseline_path.exists() else ""
        now = updated(text, self.entries, review, checks, broken, self.settings.effort)
        self.baseline_path.write_text(now, encoding="utf-8")
        removed = len(review.stale)
        added = len(baselines.load(self.baseline_path)) - len(self.entries) + removed
        return f"{self.settings.baseline or self.baseline_path} is up to date: {added} added, {removed} removed"

    # -- workers of xdist

    def worker_part(self) -> JsonDict:
        """Return what a worker hands to the controller beside the reports of its checks."""
        target = self.target
        fatal = [str(self.fatal), self.fatal.status] if self.fatal else None
        about = {"version": target.version, "python": target.python, "waited_s": target.waited_s}
        about |= {"problems": self.problems, "specimens": target.specimens}
        return {"launches": target.launches, "fatal": fatal, **about}

    def merge_worker(self, part: JsonDict) -> None:
        """Take over what a worker handed in."""
        target = self.target
        target.launches += part["launches"]
        target.waited_s += part["waited_s"]
        target.specimens = target.specimens or part["specimens"]
        target.version = target.version or part["version"]
        target.python = target.python or part["python"]
        self.problems += part["problems"]
        if part["fatal"] and self.fatal is None:
            self.fatal = TargetError(*part["fatal"])


def _not_run(
    function: Check, verdict: Verdict, reason: str, lacks: str = "", shown: Exchange | None = None
) -> JsonDict:
    exchanges = {shown.id: shown} if shown else {}
    judgements = [
        Judgement(name, verdict, reason=reason, lacks=lacks, exchanges=tuple(exchanges))
        for name in info(function).requirements
    ]
    return results.outcome_to_json(Outcome(check_id(function), info(function), judgements), exchanges)

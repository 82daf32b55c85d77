"""From a run to its report: why some requirements were not tested, and everything that `report.json` holds."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import gateproof
from gateproof import bounds, requirements, results
from gateproof.check import CheckInfo
from gateproof.draw import SEED
from gateproof.requirements import coverage

if TYPE_CHECKING:
    from gateproof.requirements.sets import FrozenSet
    from gateproof.session import Session

JsonDict = dict[str, Any]


@dataclass(frozen=True)
class Missing:
    """Why requirements were not tested."""

    reasons: dict[str, str]
    checks: list[str]  # that did not run

    @property
    def incomplete(self) -> bool:
        """Whether a verdict is missing for what was not run."""
        return bool(self.checks)


def missing(run: Session, every: Mapping[str, CheckInfo], ran: Iterable[str]) -> Missing:
    """Say of each requirement that was not tested why, and whether the run was complete.

    `every` are the checks that were collected, before anything was deselected; `ran` those that reported.
    """
    done = set(ran)
    if run.frozen is not None:
        return _missing_of(run, run.frozen, done)
    judged_by: dict[str, list[str]] = {}
    for name, note in {**coverage.binding(run.interface, run.party), **every}.items():
        for requirement in note.requirements:
            judged_by.setdefault(requirement, []).append(name)
    reasons: dict[str, str] = {}
    left: set[str] = set()
    for row in run.rows():
        absent = [name for name in judged_by.get(row.id, []) if name not in done]
        if absent:
            reasons[row.id] = f"not run: {', '.join(absent)}"
            left.update(absent)
        elif row.id not in judged_by:
            reasons[row.id] = row.excluded or "no check judges it yet"
    return Missing(reasons, sorted(left))


def _missing_of(run: Session, frozen: FrozenSet, done: set[str]) -> Missing:
    """The same where a frozen set is replayed: what is not part of it is not missing."""
    reasons: dict[str, str] = {}
    left: set[str] = set()
    for row in run.rows():
        held = frozen.rows.get(row.id)
        absent = [name for name in held.checks if name not in done] if held else []
        if absent:
            reasons[row.id] = f"not run: {', '.join(absent)}"
            left.update(absent)
        elif held is None or not held.checks:
            reasons[row.id] = row.excluded or f"no check of the set {frozen.name} judges it"
    return Missing(reasons, sorted(left))


def report(
    run: Session,
    checks: list[JsonDict],
    missing: Missing,
    exit_status: int,
    selection: Iterable[str],
    complete: bool,
) -> JsonDict:
    """Return the report of a run (`report.json`)."""
    target = run.target
    entries = results.requirement_entries(run.rows(), checks, missing.reasons)
    exchanges = {key: x for check in checks for key, x in check["exchanges"].items()}
    exchanges |= dict(target.specimens.values())
    made = {
        "schema": results.SCHEMA,
        "suite": {
            "id": run.id,
            "version": gateproof.__version__,
            "set": requirements.SET,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "hypothesis": _hypothesis_version(),
            "effort": run.settings.effort,
            "seed": SEED,
            "started": run.started_at.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - run.started, 3),
            "waits_s": round(target.waited_s, 3),
            "complete": complete,
            "missing": missing.checks,
            "exit_status": exit_status,
            "selection": list(selection),
            **({"certify": run.frozen.name, "certify_digest": run.frozen.digest} if run.frozen else {}),
            **({"baseline": run.baseline_digest} if run.baseline_digest else {}),
            "problems": [*([str(run.fatal)] if run.fatal else []), *run.problems],
        },
        "target": {
            "kind": run.party,
            "name": target.name,
            "version": target.version,
            "interface": run.interface,
            "spec": run.settings.spec,
            "argv": target.launches[0]["argv"] if target.launches else [],
            "python": target.python,
            **target.digest(),
            "capabilities": sorted(target.capabilities),
        },
        "launches": target.launches,
        "totals": results.totals(entries),
        "requirements": entries,
        "exchanges": exchanges,
        "specimens": {name: key for name, (key, _) in target.specimens.items()},
    }
    return bounds.bounded(made)


def _hypothesis_version() -> str:
    try:
        return version("hypothesis")
    except PackageNotFoundError:
        return ""

"""The certificate: what a report earns when it is scored against a frozen set. It claims nothing that was not executed.

A row is kept where its frozen checks passed. It leaves the count through its own gate alone, and only where an exchange
of the report shows that the target lacks the feature. A SHOULD may be waived in public, with a reason and an address.
Everything else denies the level, and is listed with its reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateproof.report.hostile import link
from gateproof.requirements.sets import FrozenRow, FrozenSet
from gateproof.requirements.sets.levels import LEVELS, MEANING, within
from gateproof.verdicts import BROKEN, Exit, Verdict, worst

JsonDict = dict[str, Any]
SCHEMA = "gateproof.certificate/1"
VALID_DAYS = 180
SPOILT = frozenset({Exit.INTERRUPTED, Exit.USAGE, Exit.NOTHING})  # trouble of ours denies by the rows that it hit
NO_LAUNCH = "only declared absent: no exchange shows it"


@dataclass(frozen=True)
class Standing:
    """How one row stands: kept, waived, gated or denied, and why; `evidence` is the key of an exchange."""

    row: FrozenRow
    state: str
    verdict: str = "pass"
    why: str = ""
    evidence: str = ""
    url: str = ""


def certificate(
    report: JsonDict, frozen: FrozenSet, now: datetime | None = None, beside: Sequence[JsonDict] = ()
) -> JsonDict:
    """Return the certificate of a report (`certificate.json`); its `level` is None where none is earned.

    `beside` are further reports, such as of a thorough run: what they find is listed and not scored.
    """
    made = now or datetime.now(UTC)
    standings = stand(report, frozen)
    conditions = unmet(report, frozen)
    levels = {level: _level(level, standings, conditions, report, frozen) for level in LEVELS}
    earned = [level for level in LEVELS if all(levels[each]["granted"] for each in within(level))]
    suite, target = report["suite"], report["target"]
    about = ("version", "python", "platform", "hypothesis", "effort", "started", "seconds", "complete", "selection")
    return {
        "schema": SCHEMA,
        "made": made.isoformat(timespec="seconds"),
        "set": {"name": frozen.name, "digest": frozen.digest},
        "level": earned[-1] if earned else None,
        "outdated": outdated(report, made),
        "suite": {key: suite[key] for key in about} | {"runs": suite.get("runs", 1)},
        "target": {key: target[key] for key in ("kind", "name", "version", "interface", "python", "argv")}
        | {"digest": target.get("digest", "")},
        "report": "sha256:" + hashlib.sha256(json.dumps(report, sort_keys=True).encode()).hexdigest(),
        "levels": levels,
        "gated": [_gated(each, report) for each in standings if each.state == "gated"],
        "waived": [_waived(each, report) for each in standings if each.state == "waived"],
        "not_observable": _unobservable(report, frozen),
        "beside": [found for each in beside for found in _beside(each)],
    }


def unmet(report: JsonDict, frozen: FrozenSet) -> list[str]:
    """Return what is wrong with the run as a whole: each denies every level."""
    suite = report["suite"]
    found = []
    if suite.get("certify") != frozen.name:
        found.append(f"the run was no replay of the set {frozen.name}: run pytest with --certify")
    if not suite["complete"]:
        found.append("the run is not complete")
    if suite["exit_status"] in SPOILT:
        found.append(f"the run ended with status {suite['exit_status']}")
    return found


def outdated(report: JsonDict, now: datetime) -> bool:
    """Tell whether a report is older than a certificate lasts."""
    started = datetime.fromisoformat(report["suite"]["started"])
    return (now - started).days >= VALID_DAYS


def stand(report: JsonDict, frozen: FrozenSet) -> list[Standing]:
    """Return how every row that belongs to a level and binds the target stands."""
    target = report["target"]
    shown = _shown(report)
    rows = [row for row in frozen.binding(target["interface"], target["kind"]) if row.level]
    return [_standing(row, report["requirements"].get(row.id), shown) for row in rows]


def _shown(report: JsonDict) -> dict[str, str]:
    """Return for each reason of an unsupported check the exchange that shows it.

    What one check learned of a launch others take over from it; an exchange that the report lacks is no evidence.
    """
    found: dict[str, str] = {}
    for entry in report["requirements"].values():
        for check in entry["checks"]:
            if check["verdict"] == "unsupported":
                for key in check["exchanges"]:
                    if key in report["exchanges"]:
                        found.setdefault(check["message"], key)
    return found


def _standing(row: FrozenRow, entry: JsonDict | None, shown: Mapping[str, str]) -> Standing:
    if entry is None:
        return Standing(row, "denied", "untested", "the report has no such requirement")
    difference = row.differs(entry)
    if difference:
        return Standing(row, "denied", "untested", difference)
    ran = {(check["id"]): check for check in entry["checks"]}
    checks = [ran[name] for name in row.checks if name in ran]
    absent = [name for name in row.checks if name not in ran]
    if not row.checks or absent:
        why = f"not run: {', '.join(absent)}" if absent else "no check of the set judges it"
        return Standing(row, "denied", "untested", why)
    doubtful = next((check for check in checks if check["k"] < check["n"]), None)
    if doubtful is not None:
        why = doubtful["message"] or f"{doubtful['verdict']} in {doubtful['k']} of {doubtful['n']} runs"
        return Standing(row, "denied", "unstable", why)
    verdict = worst(Verdict(check["verdict"]) for check in checks)
    mine = [check for check in checks if check["verdict"] == verdict]
    if verdict is Verdict.PASS:
        return Standing(row, "kept")
    if verdict is Verdict.UNSUPPORTED:
        return _through_a_gate(row, mine, shown)
    if verdict is Verdict.KNOWN:
        return _known(row, mine[0])
    why = mine[0]["message"] or mine[0]["seen"]
    if verdict is Verdict.INFORM:
        why = why or "nothing was judged, only a reading taken"
    return Standing(row, "denied", str(verdict), why)


def _through_a_gate(row: FrozenRow, checks: Sequence[JsonDict], shown: Mapping[str, str]) -> Standing:
    """Let a row leave the count where it has a gate, and each of its checks an exchange that shows the lack."""
    why = "; ".join(dict.fromkeys(check["message"] for check in checks))
    if not row.gates:
        return Standing(row, "denied", "unsupported", f"the row has no gate: {why}")
    if not all(check["message"] in shown for check in checks):
        return Standing(row, "denied", "unsupported", f"{NO_LAUNCH}: {why}")
    return Standing(row, "gated", "unsupported", why, shown[checks[0]["message"]])


def _known(row: FrozenRow, check: JsonDict) -> Standing:
    url = link(check.get("baseline_url"))
    if row.weight == "warn" and check["baseline"] and url:
        return Standing(row, "waived", "known", check["baseline"], url=url)
    why = f"known: {check['baseline']}"
    return Standing(row, "denied", "known", why if row.weight == "fail" else f"{why} (not waived in public: no url)")


def _level(
    level: str, standings: Iterable[Standing], conditions: list[str], report: JsonDict, frozen: FrozenSet
) -> JsonDict:
    mine = [each for each in standings if each.row.level in within(level)]
    counts = {state: sum(each.state == state for each in mine) for state in ("kept", "waived", "gated", "denied")}
    runs = report["suite"].get("runs", 1)
    unmet_here = list(conditions)
    if level == LEVELS[-1] and runs < frozen.runs:
        unmet_here.append(f"{runs} of {frozen.runs} repeated runs: merge more of them with gateproof merge")
    denied = [_denied(each, report) for each in mine if each.state == "denied"]
    return {
        "meaning": MEANING[level],
        "granted": bool(mine) and not denied and not unmet_here,
        "kept": counts["kept"],
        "waived": counts["waived"],
        "gated": counts["gated"],
        "of": len(mine) - counts["gated"],
        "unmet": unmet_here,
        "denied": denied,
    }


def _denied(each: Standing, report: JsonDict) -> JsonDict:
    return {"requirement": each.row.id, "verdict": each.verdict, "why": each.why, "statement": _sentence(each, report)}


def _gated(each: Standing, report: JsonDict) -> JsonDict:
    about = {"requirement": each.row.id, "level": each.row.level, "gate": ", ".join(each.row.gates)}
    return {**about, "why": each.why, "evidence": each.evidence, "statement": _sentence(each, report)}


def _waived(each: Standing, report: JsonDict) -> JsonDict:
    about = {"requirement": each.row.id, "level": each.row.level, "reason": each.why, "url": each.url}
    return {**about, "statement": _sentence(each, report)}


def _sentence(each: Standing, report: JsonDict) -> str:
    return str(report["requirements"].get(each.row.id, {}).get("statement", ""))


def _unobservable(report: JsonDict, frozen: FrozenSet) -> list[JsonDict]:
    """Return the rows that are no part of the set, as nobody can observe them or as they are newer than it."""
    return [
        {"requirement": name, "why": entry["reason"], "statement": entry["statement"]}
        for name, entry in report["requirements"].items()
        if name not in frozen.rows
    ]


def _beside(report: JsonDict) -> Iterable[JsonDict]:
    """Yield what another report found broken, with the effort at which it came up."""
    for name, entry in report["requirements"].items():
        for check in entry["checks"]:
            if check["verdict"] in BROKEN:
                about = {"requirement": name, "check": check["id"], "verdict": check["verdict"], "seen": check["seen"]}
                yield {**about, "effort": report["suite"]["effort"], "seed": report["suite"]["seed"]}


def lines(found: JsonDict) -> list[str]:
    """Return a certificate as text: the levels with their counts, then what denies the lowest that is not earned."""
    target = found["target"]
    said = [f"{target['name']} {target['version']} ({target['interface'].upper()}), set {found['set']['name']}: "]
    said[0] += f"{found['level']}" if found["level"] else "no level"
    for level, each in found["levels"].items():
        waived = f", {each['waived']} waived" if each["waived"] else ""
        gated = f", {each['gated']} gated" if each["gated"] else ""
        state = "granted" if each["granted"] else "denied"
        said.append(f"  {level:<7} {state:<8} {each['kept'] + each['waived']} of {each['of']}{waived}{gated}")
    missed = next((each for each in found["levels"].values() if not each["granted"]), None)
    if missed is not None:
        said += [f"  - {text}" for text in missed["unmet"]]
        said += [f"  - {each['requirement']} {each['verdict']}: {_short(each)}" for each in missed["denied"]]
    said += [f"  gated: {each['requirement']} through {each['gate']}: {each['why']}" for each in found["gated"]]
    said += [f"  waived: {each['requirement']}: {each['reason']} ({each['url']})" for each in found["waived"]]
    said += [f"  beside, not scored: {each['requirement']} {each['verdict']}" for each in found["beside"]]
    return said


def _short(each: JsonDict) -> str:
    from gateproof.report.hostile import visible

    return visible(each["why"] or each["statement"], 160)

"""The certificate: what a report earns when it is scored against a frozen set. It claims nothing that was not executed.

A row is kept where every one of its frozen checks passed; beside others that passed one may be away where an exchange
of the report shows that the target lacks the optional feature which it needs. The row leaves the count through its own
gate alone, where an exchange shows that lack for each of its checks. A SHOULD may be waived in public, with a reason
and an address. Everything else denies the level, and is listed with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateproof.report.hostile import harmless, link, visible
from gateproof.report.reading import ReportError, fingerprint, target_name
from gateproof.requirements.gates import closed, known
from gateproof.requirements.sets import FrozenCheck, FrozenRow, FrozenSet
from gateproof.requirements.sets.levels import LEVELS, MEANING, within
from gateproof.verdicts import BROKEN, RANK, Exit, Verdict, doubtful

JsonDict = dict[str, Any]
SCHEMA = "gateproof.certificate/1"
VALID_DAYS = 180
SPOILT = frozenset({Exit.INTERRUPTED, Exit.USAGE, Exit.NOTHING})  # trouble of ours denies by the rows that it hit
NO_LAUNCH = "only declared absent: no exchange shows it"
BEARABLE = frozenset({"pass", "inform", "known", "unsupported"})  # what may leave a row in the count, or lead out of it
OTHER_GATE = "not executed, and no lack of"
SAME_TARGET = ("kind", "name", "version", "interface")


@dataclass(frozen=True)
class Away:
    """One check of a row that could not be carried out: the feature that the target lacks, and what shows that."""

    check: str
    gate: str
    why: str
    evidence: str


@dataclass(frozen=True)
class Standing:
    """How one row stands: kept, waived, gated or denied, and why.

    `away` are the checks for whose feature an exchange shows the lack: all of them where the row is gated.
    """

    row: FrozenRow
    state: str
    verdict: str = "pass"
    why: str = ""
    url: str = ""
    away: tuple[Away, ...] = ()


def certificate(
    report: JsonDict, frozen: FrozenSet, now: datetime | None = None, beside: Sequence[JsonDict] = ()
) -> JsonDict:
    """Return the certificate of a report (`certificate.json`); its `level` is None where none is earned.

    `beside` are further reports of the same target, such as of a thorough run: what they find is listed and not scored.
    Raises `ReportError` where one of them is of another target.
    """
    for other in beside:
        if any(other["target"][key] != report["target"][key] for key in SAME_TARGET):
            raise ReportError(f"{target_name(other)} cannot stand beside {target_name(report)}: another target")
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
        "report": fingerprint(report),
        "levels": levels,
        "gated": [_gated(each, report) for each in standings if each.state == "gated"],
        "partly": [found for each in standings if each.state in ("kept", "waived") for found in _partly(each)],
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
    elif suite.get("certify_digest") != frozen.digest:
        found.append(f"the run replayed another text of the set {frozen.name}: its digest is not the one here")
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
    return [_standing(row, report["requirements"].get(row.id), frozen.checks, shown) for row in rows]


def _shown(report: JsonDict) -> dict[str, str]:
    """Return for each feature that an unsupported check names the exchange that shows its lack.

    What one check learned of a launch others take over from it; an exchange that the report lacks, or holds nothing of
    as it was full, is no evidence.
    """
    found: dict[str, str] = {}
    for entry in report["requirements"].values():
        for check in entry["checks"]:
            if check["verdict"] == "unsupported" and check.get("lacks"):
                for key in check["exchanges"]:
                    x = report["exchanges"].get(key)
                    if x is not None and (x["client"] or x["app"]):
                        found.setdefault(check["lacks"], key)
    return found


def _standing(
    row: FrozenRow, entry: JsonDict | None, held: Mapping[str, FrozenCheck], shown: Mapping[str, str]
) -> Standing:
    if entry is None:
        return Standing(row, "denied", "untested", "the report has no such requirement")
    difference = row.differs(entry)
    if difference:
        return Standing(row, "denied", "untested", difference)
    said: dict[str, list[JsonDict]] = {name: [] for name in row.checks}
    for check in entry["checks"]:
        said.get(check["id"], []).append(check)
    if not row.checks:
        return Standing(row, "denied", "untested", "no check of the set judges it")
    for why, names in (
        ("not run", [name for name in said if not said[name]]),
        ("not as it was frozen", [name for name in said if any(_changed(check, held) for check in said[name])]),
    ):
        if names:
            return Standing(row, "denied", "untested", f"{why}: {', '.join(names)}")
    every = [check for checks in said.values() for check in checks]
    unsure = next(filter(doubtful, every), None)
    if unsure is not None:
        why = unsure["message"] or f"{unsure['verdict']} in {unsure['k']} of {unsure['n']} runs"
        return Standing(row, "denied", "unstable", why)
    return _weighed(row, list(said.values()), shown)


def _changed(check: JsonDict, held: Mapping[str, FrozenCheck]) -> bool:
    return check["id"] not in held or held[check["id"]].revision != check["revision"]


def _weighed(row: FrozenRow, said: Sequence[Sequence[JsonDict]], shown: Mapping[str, str]) -> Standing:
    """Weigh what each of the frozen checks said, all of which ran: the worst of it that is no pass denies."""
    every = [check for checks in said for check in checks]
    denied = [check for check in every if check["verdict"] not in BEARABLE]
    # A reading beside what passed is none the less a pass; alone it judges nothing.
    denied += [checks[0] for checks in said if {check["verdict"] for check in checks} == {"inform"}]
    if denied:
        found = min(denied, key=lambda check: RANK[Verdict(check["verdict"])])
        default = "nothing was judged, only a reading taken" if found["verdict"] == "inform" else ""
        return Standing(row, "denied", found["verdict"], found["message"] or found["seen"] or default)
    away = [_away(row, check, shown) for check in every if check["verdict"] == "unsupported"]
    lacking = [each for each in away if isinstance(each, Away)]
    if len(lacking) < len(away):
        return Standing(row, "denied", "unsupported", "; ".join(dict.fromkeys(e for e in away if isinstance(e, str))))
    known = [check for check in every if check["verdict"] == "known"]
    if known:
        return _known(row, known, tuple(lacking))
    if any(all(check["verdict"] in ("pass", "inform") for check in checks) for checks in said):
        return Standing(row, "kept", away=tuple(lacking))
    why = "; ".join(dict.fromkeys(each.why for each in lacking))
    if not all(each.gate in row.gates for each in lacking):
        return Standing(row, "denied", "unsupported", f"the row has no such gate: {why}")
    return Standing(row, "gated", "unsupported", why, away=tuple(lacking))


def _away(row: FrozenRow, check: JsonDict, shown: Mapping[str, str]) -> Away | str:
    """Return the lack that kept a check from being carried out; or why it is none that counts."""
    why = check["message"]
    feature = check.get("lacks", "")
    if not known(feature) and check["exchanges"]:
        return f"{OTHER_GATE} {' or '.join(row.gates) or 'a feature'}: {why}"
    if feature not in shown:
        return f"{NO_LAUNCH}: {why}"
    gate = next((each for each in row.gates if closed(each, feature)), feature)
    return Away(check["id"], gate, why, shown[feature])


def _known(row: FrozenRow, checks: Sequence[JsonDict], away: tuple[Away, ...]) -> Standing:
    """Waive a SHOULD each of whose known deviations has its reason and its address."""
    urls = [link(check.get("baseline_url")) for check in checks]
    reasons = list(dict.fromkeys(check["baseline"] for check in checks))
    if row.weight == "warn" and all(reasons) and all(urls):
        return Standing(row, "waived", "known", "; ".join(reasons), urls[0], away)
    why = f"known: {'; '.join(map(str, reasons))}"
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
    gates = ", ".join(dict.fromkeys(away.gate for away in each.away))
    about = {"requirement": each.row.id, "level": each.row.level, "gate": gates}
    return {**about, "why": each.why, "evidence": each.away[0].evidence, "statement": _sentence(each, report)}


def _partly(each: Standing) -> Iterable[JsonDict]:
    """Yield the checks of a row that counts which could not be carried out."""
    for away in each.away:
        yield {"requirement": each.row.id, "level": each.row.level, **vars(away)}


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
    return [harmless(visible(line, 600)) for line in _lines(found)]


def _lines(found: JsonDict) -> Iterable[str]:
    target = found["target"]
    named = visible(f"{target['name']} {target['version']}", 120)
    yield f"{named} ({target['interface'].upper()}), set {found['set']['name']}: {found['level'] or 'no level'}"
    for level, each in found["levels"].items():
        waived = f", {each['waived']} waived" if each["waived"] else ""
        gated = f", {each['gated']} gated" if each["gated"] else ""
        state = "granted" if each["granted"] else "denied"
        yield f"  {level:<7} {state:<8} {each['kept'] + each['waived']} of {each['of']}{waived}{gated}"
    missed = next((each for each in found["levels"].values() if not each["granted"]), None)
    if missed is not None:
        yield from (f"  - {text}" for text in missed["unmet"])
        for each in missed["denied"]:
            yield f"  - {each['requirement']} {each['verdict']}: {visible(each['why'] or each['statement'], 160)}"
    for each in found["gated"]:
        yield f"  gated: {each['requirement']} through {each['gate']}: {visible(each['why'], 160)}"
    for each in found["partly"]:
        yield f"  partly: {each['requirement']} without {each['check']}, for lack of {each['gate']}"
    for each in found["waived"]:
        yield f"  waived: {each['requirement']}: {visible(each['reason'], 160)} ({each['url']})"
    yield from (f"  beside, not scored: {each['requirement']} {each['verdict']}" for each in found["beside"])

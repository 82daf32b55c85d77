"""One report out of several of the same target: shards of one run, or repeats of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from gateproof import bounds
from gateproof.report.reading import ReportError, fingerprint, target_name, unstable
from gateproof.results import totals
from gateproof.settings import NOWHERE
from gateproof.verdicts import BROKEN, RANK, UNSTABLE, Exit, Verdict, doubtful, tallied, worst, worst_exit

JsonDict = dict[str, Any]
TARGET = ("kind", "name", "version", "interface", "python", "distribution", "digest", "spec")
SUITE = ("version", "set", "certify", "certify_digest", "effort", "baseline")
SAME = (*(("target", key) for key in TARGET), *(("suite", key) for key in SUITE))
NOT_RUN = "not run: "
PART = ("started", "seconds", "exit_status", "complete")


def merge(reports: Sequence[JsonDict], folder: str = NOWHERE) -> JsonDict:
    """Merge reports. A check that ran in several gets k of N runs; what only some saw broken is `inform`, unstable.

    `folder` is where the result will lie: replay lines name it. Raises `ReportError` where the reports are not of one
    target and one version of the suite, or a run is there twice.
    """
    if not reports:
        raise ReportError("there is nothing to merge")
    _same(reports)
    parts = _parts(reports)
    first = reports[0]
    entries = {}
    for name in dict.fromkeys(name for report in reports for name in report["requirements"]):
        entries[name] = _entry([r["requirements"][name] for r in reports if name in r["requirements"]], folder)
    merged = {
        "schema": first["schema"],
        "suite": _suite(reports, entries, parts),
        "target": first["target"] | {"capabilities": sorted({c for r in reports for c in r["target"]["capabilities"]})},
        "launches": [launch for report in reports for launch in report["launches"]],
        "totals": totals(entries),
        "requirements": entries,
        "specimens": next((report["specimens"] for report in reports if report.get("specimens")), {}),
        "exchanges": {key: x for report in reports for key, x in report["exchanges"].items()},
    }
    return bounds.bounded(merged)


def _same(reports: Sequence[JsonDict]) -> None:
    for part, key in SAME:
        first, *others = (report[part].get(key, "") for report in reports)
        for other in others:
            if other != first:
                names = ", ".join(map(target_name, reports))
                raise ReportError(f"reports of different {part} {key} are not merged: {first!r}, {other!r} ({names})")


def _parts(reports: Sequence[JsonDict]) -> list[JsonDict]:
    """Return the runs of which reports are made, those of merged ones as well; each may be there but once."""
    found: dict[str, JsonDict] = {}
    for report in reports:
        suite = report["suite"]
        own = {"id": suite.get("id") or fingerprint(report), **{key: suite[key] for key in PART}}
        for part in suite.get("parts", [own]):
            if part["id"] in found:
                raise ReportError(f"the run {part['id']} of {target_name(report)} is there twice: it counts once")
            found[part["id"]] = part
    return list(found.values())


def _suite(reports: Sequence[JsonDict], entries: dict[str, JsonDict], parts: list[JsonDict]) -> JsonDict:
    suites: list[JsonDict] = [report["suite"] for report in reports]
    statuses = [suite["exit_status"] for suite in suites]
    stopped = {Exit.INTERRUPTED, Exit.USAGE} & set(statuses)
    ran = {check["id"]: sum(check["tally"].values()) for entry in entries.values() for check in entry["checks"]}
    missing = sorted({name for suite in suites for name in suite.get("missing", ())} - set(ran))
    unknown = any(not suite["complete"] and not suite.get("missing") for suite in suites)
    return {key: value for key, value in suites[0].items() if key != "id"} | {
        "parts": parts,
        "started": min(suite["started"] for suite in suites),
        "seconds": round(sum(suite["seconds"] for suite in suites), 3),
        "waits_s": round(sum(suite["waits_s"] for suite in suites), 3),
        "complete": not (stopped or missing or unknown),
        "missing": missing,
        "exit_status": _status(statuses, entries),
        "selection": list(dict.fromkeys(text for suite in suites for text in suite["selection"])),
        "problems": list(dict.fromkeys(text for suite in suites for text in suite["problems"])),
        "runs": min(ran.values(), default=len(parts)),
    }


def _status(statuses: list[int], entries: dict[str, JsonDict]) -> int:
    """Return the exit status of the whole: an empty shard is nothing wrong, nor what turned out not to repeat."""
    said = [status for status in statuses if status not in (Exit.DIFFERS, Exit.NOTHING)]
    if any(entry["verdict"] == "fail" for entry in entries.values()):
        said.append(Exit.DIFFERS)
    elif Exit.DIFFERS in statuses and not (_unstable(entries) and set(statuses) - {Exit.DIFFERS}):
        said.append(Exit.DIFFERS)  # a stale baseline entry, or warnings that count
    return worst_exit(said or [Exit.NOTHING])


def _unstable(entries: dict[str, JsonDict]) -> bool:
    return any(map(unstable, entries.values()))


def _entry(parts: list[JsonDict], folder: str) -> JsonDict:
    """Merge what the reports say of one requirement."""
    said: dict[str, list[JsonDict]] = {}
    for part in parts:
        for check in part["checks"]:
            said.setdefault(check["id"], []).append(check)
    checks = [_check(runs, folder) for runs in said.values()]
    missing = {name for part in parts for name in _not_run(part)} - set(said)
    verdict = worst(Verdict(check["verdict"]) for check in checks)
    reason = "; ".join(dict.fromkeys(c["message"] for c in checks if c["message"] and c["verdict"] == verdict))
    if missing and verdict not in (*BROKEN, Verdict.KNOWN):
        verdict, reason = Verdict.UNTESTED, NOT_RUN + ", ".join(sorted(missing))
    elif not checks:
        verdict, reason = Verdict.UNTESTED, parts[0]["reason"]
    readings = dict.fromkeys(part["reading"] for part in parts if part["reading"])
    return parts[0] | {"verdict": str(verdict), "reason": reason, "reading": "; ".join(readings), "checks": checks}


def _not_run(part: JsonDict) -> list[str]:
    reason = part["reason"]
    return reason.removeprefix(NOT_RUN).split(", ") if reason.startswith(NOT_RUN) else []


def _check(runs: list[JsonDict], folder: str) -> JsonDict:
    """Merge the runs of one check: `k` of `n` runs saw the verdict that stands; `tally` says what each of them saw."""
    if len({run["revision"] for run in runs}) > 1:
        raise ReportError(f"the check {runs[0]['id']} has different revisions in these reports")
    shown = min(runs, key=lambda run: RANK[Verdict(run["verdict"])])
    said: dict[str, int] = {}
    for run in runs:
        for name, count in tally(run).items():
            said[name] = said.get(name, 0) + count
    merged = shown | {
        "seconds": round(sum(run["seconds"] for run in runs), 4),
        "exchanges": list(dict.fromkeys(key for run in runs for key in run["exchanges"])),
        "replay": _replay(shown["replay"], folder),
        "tally": said,
    }
    if len(runs) == 1:
        return merged
    found = tallied(said)
    message = found.message or shown["message"]
    return merged | {"verdict": str(found.verdict), "k": found.k, "n": found.n, "message": message}


def tally(check: JsonDict) -> dict[str, int]:
    """Return in how many runs a check of a report said what: verdict, or `unstable` -> number of runs."""
    own = {UNSTABLE if doubtful(check) else check["verdict"]: 1}
    found: dict[str, int] = check.get("tally", own)
    return found


def _replay(line: str, folder: str) -> str:
    """Return a replay line that names the folder of the merged report."""
    words = shlex.split(line)
    if len(words) < 3 or "#" not in words[2]:
        return line
    return shlex.join([*words[:2], f"{folder}#{words[2].rpartition('#')[2]}", *words[3:]])

"""One report out of several of the same target: shards of one run, or repeats of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from gateproof.report.reading import ReportError, target_name
from gateproof.results import totals
from gateproof.settings import NOWHERE
from gateproof.verdicts import BROKEN, Exit, Verdict, worst, worst_exit

JsonDict = dict[str, Any]
SAME = (("target", "kind"), ("target", "name"), ("target", "version"), ("target", "interface"), ("target", "python"))
SAME_SUITE = (("suite", "version"), ("suite", "set"), ("suite", "certify"))
NOT_RUN = "not run: "


def merge(reports: Sequence[JsonDict], folder: str = NOWHERE) -> JsonDict:
    """Merge reports. A check that ran in several gets k of N runs; what only some saw broken is `inform`, unstable.

    `folder` is where the result will lie: replay lines name it. Raises `ReportError` where the reports are not of one
    target and one version of the suite.
    """
    if not reports:
        raise ReportError("there is nothing to merge")
    _same(reports)
    first = reports[0]
    entries = {}
    for name in dict.fromkeys(name for report in reports for name in report["requirements"]):
        entries[name] = _entry([r["requirements"][name] for r in reports if name in r["requirements"]], folder)
    return {
        "schema": first["schema"],
        "suite": _suite(reports, entries),
        "target": first["target"] | {"capabilities": sorted({c for r in reports for c in r["target"]["capabilities"]})},
        "launches": [launch for report in reports for launch in report["launches"]],
        "totals": totals(entries),
        "requirements": entries,
        "specimens": next((report["specimens"] for report in reports if report.get("specimens")), {}),
        "exchanges": {key: x for report in reports for key, x in report["exchanges"].items()},
    }


def _same(reports: Sequence[JsonDict]) -> None:
    for part, key in (*SAME, *SAME_SUITE):
        values = list(dict.fromkeys(report[part].get(key, "") for report in reports))
        if len(values) > 1:
            names = ", ".join(map(target_name, reports))
            raise ReportError(
                f"reports of different {part} {key} are not merged: {values[0]!r}, {values[1]!r} ({names})"
            )


def _suite(reports: Sequence[JsonDict], entries: dict[str, JsonDict]) -> JsonDict:
    suites: list[JsonDict] = [report["suite"] for report in reports]
    statuses = [suite["exit_status"] for suite in suites]
    stopped = {Exit.INTERRUPTED, Exit.USAGE} & set(statuses)
    missing = any(entry["verdict"] == "untested" and entry["reason"].startswith(NOT_RUN) for entry in entries.values())
    runs = [check["n"] for entry in entries.values() for check in entry["checks"]]
    return suites[0] | {
        "started": min(suite["started"] for suite in suites),
        "seconds": round(sum(suite["seconds"] for suite in suites), 3),
        "waits_s": round(sum(suite["waits_s"] for suite in suites), 3),
        "complete": not stopped and not missing,
        "exit_status": _status(statuses, entries),
        "selection": list(dict.fromkeys(text for suite in suites for text in suite["selection"])),
        "problems": list(dict.fromkeys(text for suite in suites for text in suite["problems"])),
        "runs": min(runs, default=len(reports)),
    }


def _status(statuses: list[int], entries: dict[str, JsonDict]) -> int:
    """Return the exit status of the whole: an empty shard is nothing wrong, nor what turned out not to repeat."""
    said = [status for status in statuses if status not in (Exit.DIFFERS, Exit.NOTHING)]
    if any(entry["verdict"] == "fail" for entry in entries.values()):
        said.append(Exit.DIFFERS)
    elif Exit.DIFFERS in statuses and not _unstable(entries):
        said.append(Exit.DIFFERS)  # a stale baseline entry, or warnings that count
    return worst_exit(said or [Exit.NOTHING])


def _unstable(entries: dict[str, JsonDict]) -> bool:
    return any(check["k"] < check["n"] for entry in entries.values() for check in entry["checks"])


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
    """Merge the runs of one check: `k` of `n` runs saw the verdict that stands."""
    if len({run["revision"] for run in runs}) > 1:
        raise ReportError(f"the check {runs[0]['id']} has different revisions in these reports")
    stands = worst(Verdict(run["verdict"]) for run in runs)
    shown = next(run for run in runs if run["verdict"] == stands)
    hits = sum(run["verdict"] == stands for run in runs)
    merged = shown | {
        "seconds": round(sum(run["seconds"] for run in runs), 4),
        "exchanges": list(dict.fromkeys(key for run in runs for key in run["exchanges"])),
        "replay": _replay(shown["replay"], folder),
    }
    if len(runs) == 1:
        return merged
    if any(run["k"] < run["n"] for run in runs):  # one of them was in doubt already
        hits = min(hits, len(runs) - 1)
    merged |= {"k": hits, "n": len(runs)}
    if hits < len(runs) and stands in BROKEN:
        merged |= {"verdict": "inform", "message": f"unstable: {stands} in {hits} of {len(runs)} runs"}
    return merged


def _replay(line: str, folder: str) -> str:
    """Return a replay line that names the folder of the merged report."""
    words = shlex.split(line)
    if len(words) < 3 or "#" not in words[2]:
        return line
    return shlex.join([*words[:2], f"{folder}#{words[2].rpartition('#')[2]}", *words[3:]])

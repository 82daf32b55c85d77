"""A report as Markdown, short enough for the page that a CI shows of a job."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from gateproof.report import badge
from gateproof.report.hostile import link, visible
from gateproof.report.reading import unstable
from gateproof.report.view import sentence
from gateproof.verdicts import Verdict, doubtful

JsonDict = dict[str, Any]
LISTED = 40
SPECIAL = re.compile(r"[\\`*_{}\[\]()<>#!|~&$@]|(?<=:)/|(?<=www)\.", re.IGNORECASE)
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


def summary(report: JsonDict, certificate: JsonDict) -> str:
    """Return `summary.md`: the verdict, the counts, what is broken or unstable, what denies the next level."""
    target = report["target"]
    name = plain(f"{target['name']} {target['version']}".strip(), 120)
    lines = [f"## gateproof: {name} ({target['interface'].upper()} {target['kind']})", ""]
    lines += [sentence(report), "", *_levels(certificate), "", *_totals(report), ""]
    entries = report["requirements"]
    for verdict in ("fail", "error", "warn", "known"):
        rows = {key: entry for key, entry in entries.items() if entry["verdict"] == verdict}
        lines += _listed(verdict, rows, partial(_says, verdict))
    lines += _listed("unstable", {key: entry for key, entry in entries.items() if unstable(entry)}, doubtful)
    for problem in report["suite"]["problems"][:5]:
        lines += [f"> {plain(problem, 400)}", ""]
    return "\n".join(lines)


def plain(text: object, limit: int) -> str:
    """Return text in which nothing is markup, mention or address, whatever a server put into it."""
    return SPECIAL.sub(lambda found: f"&#{ord(found[0])};", visible(text, limit))


def _levels(certificate: JsonDict) -> list[str]:
    said = f"**{badge.label(certificate)} | {badge.message(certificate)}**"
    missed = next(((name, each) for name, each in certificate["levels"].items() if not each["granted"]), None)
    if missed is None:
        return [said]
    name, each = missed
    why = [*each["unmet"], *([f"{len(each['denied'])} requirements deny it"] if each["denied"] else [])]
    return [said, "", f"{name} is not earned: {plain('; '.join(why), 400)}."]


def _totals(report: JsonDict) -> list[str]:
    counted = [(str(verdict), report["totals"][verdict]) for verdict in Verdict if report["totals"][verdict]]
    names, numbers = " | ".join(name for name, _ in counted), " | ".join(str(count) for _, count in counted)
    return [f"| {names} |", f"|{'---|' * len(counted)}", f"| {numbers} |"] if counted else []


def _says(verdict: str, check: JsonDict) -> bool:
    return bool(check["verdict"] == verdict)


def _listed(title: str, rows: Mapping[str, JsonDict], shown: Callable[[JsonDict], bool]) -> list[str]:
    """Return a list of requirements; `shown` tells of which check it is said what was seen."""
    if not rows:
        return []
    lines = [f"### {title} ({len(rows)})", ""]
    for key, entry in list(rows.items())[:LISTED]:
        address = link(entry["url"])
        name = f"[{key}]({address})" if address else key
        checks = [check for check in entry["checks"] if shown(check)]
        seen = next((check["seen"] for check in checks if check["seen"]), "")
        lines.append(f"- {name} {plain(entry['statement'], 400)}")
        lines += [f"  {plain(check['message'], 160)}" for check in checks if doubtful(check) and check["message"]]
        if seen:
            lines.append(f"  seen: {plain(seen, 160)}")
    if len(rows) > LISTED:
        lines.append(f"- and {len(rows) - LISTED} more, in report.html")
    return [*lines, ""]


def append(text: str) -> None:
    """Add a text to the page of the job, where GitHub runs it."""
    place = os.environ.get(STEP_SUMMARY)
    if place:
        with Path(place).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text + "\n")

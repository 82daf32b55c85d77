"""A report as Markdown, short enough for the page that a CI shows of a job."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from gateproof.report import badge
from gateproof.report.hostile import link, visible
from gateproof.report.view import sentence
from gateproof.verdicts import Verdict

JsonDict = dict[str, Any]
LISTED = 40
SPECIAL = re.compile(r"[\\`*_{}\[\]()<>#!|~&$@]|(?<=:)/|(?<=www)\.", re.IGNORECASE)
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


def summary(report: JsonDict, certificate: JsonDict) -> str:
    """Return `summary.md`: the verdict, the counts, what is broken, what denies the next level."""
    target = report["target"]
    name = plain(f"{target['name']} {target['version']}".strip(), 120)
    lines = [f"## gateproof: {name} ({target['interface'].upper()} {target['kind']})", ""]
    lines += [sentence(report), "", *_levels(certificate), "", *_totals(report), ""]
    for verdict in ("fail", "error", "warn", "known"):
        lines += _listed(report, verdict)
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


def _listed(report: JsonDict, verdict: str) -> list[str]:
    rows = [(key, entry) for key, entry in report["requirements"].items() if entry["verdict"] == verdict]
    if not rows:
        return []
    lines = [f"### {verdict} ({len(rows)})", ""]
    for key, entry in rows[:LISTED]:
        address = link(entry["url"])
        name = f"[{key}]({address})" if address else key
        seen = next((check["seen"] for check in entry["checks"] if check["verdict"] == verdict and check["seen"]), "")
        lines.append(f"- {name} {plain(entry['statement'], 400)}")
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

"""Reads reports back: those of one file or folder, and all that lie below a folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from gateproof.report import schema
from gateproof.report.hostile import visible
from gateproof.report.shape import misfit
from gateproof.requirements import sets
from gateproof.results import SCHEMA
from gateproof.verdicts import doubtful

JsonDict = dict[str, Any]


class ReportError(Exception):
    """A file is no report; the message says which and what is wrong."""


def load(place: Path | str) -> JsonDict:
    """Return the report of a file, or of the report.json in a folder.

    It keeps to its schema: its words become names of files and of styles, and its numbers are reckoned with.
    """
    path = Path(place)
    path = path / "report.json" if path.is_dir() else path
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}; it is written by pytest --report=DIR") from error
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{path} is no JSON: {error}") from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise ReportError(f"{path} is not a report of gateproof ({SCHEMA})")
    if problem := misfit(report, schema()):
        raise ReportError(f"{path} is not a report of gateproof: {visible(problem, 200)}")
    name, known = report["suite"].get("set"), sets.published()
    if name not in known:
        raise ReportError(f"{path} is of the set {name!r}, which this gateproof does not have: {', '.join(known)}")
    return report


def below(folder: Path) -> list[JsonDict]:
    """Return every report below a folder, in the order of their paths."""
    return [load(path) for path in sorted(folder.rglob("report.json"))]


def replayed(report: JsonDict) -> str:
    """Return the name of the frozen set that a report replayed; that of its suite where it is no replay."""
    return str(report["suite"].get("certify") or report["suite"]["set"])


def fingerprint(report: JsonDict) -> str:
    """Return a digest of a report's JSON with sorted keys."""
    return "sha256:" + hashlib.sha256(json.dumps(report, sort_keys=True).encode()).hexdigest()


def unstable(entry: JsonDict) -> bool:
    """Tell whether a check of a requirement did not say the same each time."""
    return any(map(doubtful, entry["checks"]))


def target_name(report: JsonDict) -> str:
    """Return name and version of what a report judges."""
    return f"{report['target']['name']} {report['target']['version']}".strip()

"""Reads reports back: those of one file or folder, and all that lie below a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateproof.requirements import sets
from gateproof.results import SCHEMA

JsonDict = dict[str, Any]
KEYS = ("suite", "target", "launches", "totals", "requirements", "exchanges")


class ReportError(Exception):
    """A file is no report; the message says which and what is wrong."""


def load(place: Path | str) -> JsonDict:
    """Return the report of a file, or of the report.json in a folder."""
    path = Path(place)
    path = path / "report.json" if path.is_dir() else path
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}; it is written by pytest --report=DIR") from error
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{path} is no JSON: {error}") from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA or not all(key in report for key in KEYS):
        raise ReportError(f"{path} is not a report of gateproof ({SCHEMA})")
    name, known = report["suite"].get("set"), sets.published()
    if name not in known:
        raise ReportError(f"{path} is of the set {name!r}, which this gateproof does not have: {', '.join(known)}")
    return report


def below(folder: Path) -> list[JsonDict]:
    """Return every report below a folder, in the order of their paths."""
    return [load(path) for path in sorted(folder.rglob("report.json"))]


def target_name(report: JsonDict) -> str:
    """Return name and version of what a report judges."""
    return f"{report['target']['name']} {report['target']['version']}".strip()

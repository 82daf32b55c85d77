"""Reads reports back: those of one file or folder, and all that lie below a folder."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from gateproof.requirements import PARTIES, sets
from gateproof.results import SCHEMA
from gateproof.verdicts import Verdict

JsonDict = dict[str, Any]
ID = re.compile(r"(WSGI|ASGI|FRAME)(-[A-Z]+)*-[0-9]{3}")
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
    if problem := unsound(report):
        raise ReportError(f"{path} is not a report of gateproof: {problem}")
    name, known = report["suite"].get("set"), sets.published()
    if name not in known:
        raise ReportError(f"{path} is of the set {name!r}, which this gateproof does not have: {', '.join(known)}")
    return report


def unsound(report: JsonDict) -> str:
    """Return why a report cannot be trusted to be one, or ''.

    Its words become names of files and of styles: what is no id, verdict, interface or party is refused.
    """
    suite, target, entries = report["suite"], report["target"], report["requirements"]
    if not all(isinstance(part, dict) for part in (suite, target, entries, report["exchanges"], *entries.values())):
        return "its parts are no objects"
    if target.get("interface") not in ("wsgi", "asgi") or target.get("kind") not in PARTIES:
        return f"a target of {target.get('interface')!r}, {target.get('kind')!r}"
    wrong = next((name for name in entries if not ID.fullmatch(name)), None)
    if wrong is not None:
        return f"the requirement {wrong[:60]!r}"
    verdicts = {str(entry.get("verdict")) for entry in entries.values()} - set(Verdict)
    return f"the verdict {min(verdicts)[:60]!r}" if verdicts else ""


def below(folder: Path) -> list[JsonDict]:
    """Return every report below a folder, in the order of their paths."""
    return [load(path) for path in sorted(folder.rglob("report.json"))]


def fingerprint(report: JsonDict) -> str:
    """Return a digest of a report's JSON with sorted keys."""
    return "sha256:" + hashlib.sha256(json.dumps(report, sort_keys=True).encode()).hexdigest()


def unstable(entry: JsonDict) -> bool:
    """Tell whether a check of a requirement did not say the same each time."""
    return any(check["k"] < check["n"] for check in entry["checks"])


def target_name(report: JsonDict) -> str:
    """Return name and version of what a report judges."""
    return f"{report['target']['name']} {report['target']['version']}".strip()

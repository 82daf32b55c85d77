"""From results to what people read: pure functions, and one that writes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

DEPTH = 2  # entries of requirements, exchanges, launches: what is within one of them stands in its line


def schema(name: str = "report") -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of report.json: keys are added, never changed.

    Others are those of certificate.json (`certificate`) and of `gateproof compare --json` (`comparison`).
    """
    loaded: dict[str, Any] = json.loads((files(__package__) / f"{name}.schema.json").read_text(encoding="utf-8"))
    return loaded


def write(folder: Path, report: dict[str, Any], told: Callable[[str], None] | None = None) -> list[Path]:
    """Write the report and its companions into a folder; each file gets its name only when it is whole.

    `report.json` comes first: a companion that cannot be made, for example where an old Jinja2 lives beside us,
    loses nothing else. It is told in one line, or raised where nobody takes the line.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [put(folder / "report.json", dump(report))]
    for name, make in companions(report).items():
        try:
            written.append(put(folder / name, make()))
        except Exception as error:
            if told is None:
                raise
            told(f"{name} was not written: {type(error).__name__}: {' '.join(str(error).split())}"[:300])
    return written


def companions(report: dict[str, Any]) -> dict[str, Callable[[], str]]:
    """Return every file beside report.json: name -> what makes its text.

    `certificate.json` belongs to a run that replayed a frozen set, `attestation.json` to one of what has a digest.
    """
    from gateproof.report import attestation, badge, certificate, ctrf, earl, html, reading, summary
    from gateproof.requirements import sets

    frozen = sets.load(reading.replayed(report))
    earned = certificate.certificate(report, frozen)
    attested = attestation.attestation(report, frozen)
    return {
        "report.html": lambda: html.render(report, earned),
        "summary.md": lambda: summary.summary(report, earned),
        "badge.json": lambda: dump(badge.endpoint(earned)),
        "badge.svg": lambda: badge.svg(earned),
        "ctrf.json": lambda: dump(ctrf.ctrf(report)),
        "earl.jsonld": lambda: dump(earl.earl(report)),
        **({"certificate.json": lambda: dump(earned)} if report["suite"].get("certify") else {}),
        **({"attestation.json": lambda: dump(attested)} if attested else {}),
    }


def dump(data: dict[str, Any]) -> str:
    """Return data as JSON in ASCII, so that nothing that a server sent can hide in it; each entry has a line."""
    return _lines(data, "") + "\n"


def _lines(value: object, margin: str) -> str:
    # json's own `indent` leaves its fast encoder, and would be the dearest part of a report.
    if len(margin) == DEPTH or not value or not isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=True)
    inner = margin + " "
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + _lines(item, inner) for item in value) + f"\n{margin}]"
    entries = (f"{inner}{json.dumps(key)}: {_lines(item, inner)}" for key, item in value.items())
    return "{\n" + ",\n".join(entries) + f"\n{margin}}}"


def put(target: Path, text: str) -> Path:
    """Write a text as UTF-8 under a temporary name and rename it."""
    temporary = target.parent / f".{target.name}.{os.getpid()}"
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    temporary.replace(target)
    return target

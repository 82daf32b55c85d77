"""From results to what people read: pure functions, and one that writes."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of report.json, which is a contract: keys are added, never changed."""
    loaded: dict[str, Any] = json.loads((files(__package__) / "report.schema.json").read_text(encoding="utf-8"))
    return loaded


def write(folder: Path, report: dict[str, Any]) -> list[Path]:
    """Write the report and its companions into a folder; each file gets its name only when it is whole."""
    from gateproof.report import html

    folder.mkdir(parents=True, exist_ok=True)
    return [
        put(folder / "report.json", json.dumps(report, ensure_ascii=True, indent=1) + "\n"),
        put(folder / "report.html", html.render(report)),
    ]


def put(target: Path, text: str) -> Path:
    """Write a text as UTF-8 under a temporary name and rename it."""
    temporary = target.parent / f".{target.name}.{os.getpid()}"
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    temporary.replace(target)
    return target

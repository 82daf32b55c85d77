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
    """Write the report into a folder; each file gets its name only when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "report.json"
    temporary = folder / f".report.json.{os.getpid()}"
    temporary.write_text(json.dumps(report, ensure_ascii=True, indent=1) + "\n", encoding="ascii")
    temporary.replace(target)
    return [target]

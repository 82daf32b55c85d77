"""What the commands on reports share."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gateproof.commands import CommandError


def load(place: str) -> dict[str, Any]:
    """Return a report; ends the command with a message where there is none."""
    from gateproof.report.reading import ReportError
    from gateproof.report.reading import load as read

    try:
        return read(place)
    except ReportError as error:
        raise CommandError(str(error)) from error


def folder(text: str) -> Path:
    """Return a folder to write into, made if need be; ends the command where that cannot be done."""
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"{path} cannot be made: {error.strerror}") from error
    return path


def beside(place: str) -> Path:
    """Return the folder in which a report lies."""
    path = Path(place)
    return path if path.is_dir() else path.parent


def tell(paths: Iterable[Path]) -> None:
    """Say what was written."""
    for path in paths:
        print(f"written: {os.path.relpath(path)}")

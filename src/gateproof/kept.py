"""TOML files of ours, read once: what was found in one is kept beside it, as Python keeps the bytecode of a module."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tomllib
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any


def toml(path: Path) -> dict[str, Any]:
    """Return what a file holds (no dates): to parse the rows takes as long as to import pytest."""
    place = Path(cache_from_source(str(path.with_suffix(".py")))).with_suffix(".toml-read")
    octets = path.read_bytes()
    digest = hashlib.sha256(octets).hexdigest()  # of another version neither time nor size need differ
    with contextlib.suppress(OSError, ValueError):
        read, data = json.loads(place.read_text(encoding="ascii"))
        if read == digest:
            return dict(data)
    data = tomllib.loads(octets.decode("utf-8"))
    if not sys.dont_write_bytecode:
        _keep(place, json.dumps([digest, data]))
    return data


def _keep(place: Path, text: str) -> None:
    """Write a file whole or not at all; where that is not allowed, the next run reads anew."""
    written = place.with_name(f"{place.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        place.parent.mkdir(exist_ok=True)
        written.write_text(text, encoding="ascii")
        written.replace(place)
    with contextlib.suppress(OSError):
        written.unlink(missing_ok=True)

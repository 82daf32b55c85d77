"""Brings a baseline up to date with a run: what fails is added, what is stale goes, comments and order stay."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateproof.baseline import Entry, Review

TABLE = re.compile(r"^[ \t]*\[\[\s*known\s*\]\]", re.MULTILINE)
SEEN = 160
UNEXPLAINED = "not explained yet; seen: "


def updated(
    text: str,
    entries: Sequence[Entry],
    review: Review,
    checks: Sequence[Mapping[str, Any]],
    broken: set[str],
    effort: str,
) -> str:
    """Return the text of a baseline after a run.

    `entries` are those of `text`, in its order; `checks` is what the run's checks said; `broken` are the verdicts that
    the run counts as failures; `effort` is that of the run. Entries that are stale go, with the comment right above
    them; nobody else's line is touched.
    """
    gone = {number for number, entry in enumerate(entries) if entry in review.stale}
    parts = _parts(text)
    kept = [part for number, part in enumerate(parts[1:]) if number not in gone]
    added = [_table(*found, effort) for found in _new(checks, broken)]
    pieces = [piece.strip("\n") for piece in (parts[0], *kept, *added)]
    return "\n\n".join(piece for piece in pieces if piece) + "\n"


def _parts(text: str) -> list[str]:
    """Return what stands before the first table, then each table with the comment right above it."""
    starts = [_comment_above(text, found.start()) for found in TABLE.finditer(text)]
    edges = [0, *starts, len(text)]
    return [text[begin:end] for begin, end in itertools.pairwise(edges)]


def _comment_above(text: str, place: int) -> int:
    """Return where the comment begins that ends on the line before `place`."""
    lines = text[:place].split("\n")
    count = len(lines) - 1
    while count and lines[count - 1].lstrip().startswith("#"):
        count -= 1
    begin = len("\n".join(lines[:count]))
    return begin + 1 if count else 0


def _new(checks: Iterable[Mapping[str, Any]], broken: set[str]) -> list[tuple[str, str, str]]:
    """Return requirement, check and what was seen for each failure that no entry covers."""
    found = [
        (judgement["requirement"], check["id"], judgement["seen"] or judgement["reason"])
        for check in checks
        for judgement in check["judgements"]
        if judgement["verdict"] in broken
    ]
    return sorted(found)


def _table(requirement: str, check: str, seen: str, effort: str) -> str:
    shown = " ".join(seen.split())
    reason = UNEXPLAINED + (shown if len(shown) <= SEEN else f"{shown[:SEEN]}...")
    pairs = {"requirement": requirement, "check": check, "reason": reason}
    if effort != "quick":
        pairs["effort"] = effort
    return "\n".join(["[[known]]", *(f"{key} = {_text(value)}" for key, value in pairs.items())])


def _text(value: str) -> str:
    """Return a basic string of TOML; what JSON escapes, TOML reads the same."""
    return json.dumps(value).replace("\x7f", "\\u007f")

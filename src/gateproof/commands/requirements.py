"""`gateproof requirements`: lists the rows of the catalogue."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from gateproof import requirements as catalogue
from gateproof.requirements import coverage

NAME = "requirements"
HELP = "list the requirements"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take filters."""
    parser.add_argument("--interface", choices=catalogue.INTERFACES)
    parser.add_argument("--party", choices=catalogue.PARTIES)
    parser.add_argument("--level", choices=catalogue.LEVELS)
    parser.add_argument("--verdict", choices=catalogue.VERDICTS)
    parser.add_argument("--group", help="middle part of the id, such as INPUT or HTTP-RESP")
    parser.add_argument("--uncovered", action="store_true", help="only rows that no check judges")
    parser.add_argument("--json", action="store_true", help="as JSON, with every key")


def execute(given: argparse.Namespace) -> int:
    """Print the rows that pass the filters."""
    rows = [row for row in catalogue.load() if _wanted(row, given)]
    if given.json:
        print(json.dumps([asdict(row) | {"url": row.url} for row in rows], indent=1))
        return 0
    for row in rows:
        print(f"{row.id:<22} {row.party:<12} {row.level:<7} {row.verdict:<7} {row.statement}")
    print(f"{len(rows)} of {len(catalogue.load())} requirements")
    return 0


def _wanted(row: catalogue.Requirement, given: argparse.Namespace) -> bool:
    keys = ("interface", "party", "level", "verdict", "group")
    if any(getattr(given, key) and getattr(given, key) != getattr(row, key) for key in keys):
        return False
    return not given.uncovered or not (row.excluded or coverage.judged_by(row.id))

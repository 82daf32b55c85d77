"""`gateproof explain ID`: one requirement in full."""

from __future__ import annotations

import argparse
import difflib
import textwrap

from gateproof import requirements
from gateproof.commands import CommandError
from gateproof.requirements import coverage
from gateproof.requirements.gates import GATES

NAME = "explain"
HELP = "say what a requirement demands, where it stands, and how it is judged"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take an id."""
    parser.add_argument("id", metavar="ID", help="for example WSGI-INPUT-014")


def execute(given: argparse.Namespace) -> int:
    """Print the requirement."""
    name = given.id.upper()
    row = requirements.find(name)
    if row is None:
        near = difflib.get_close_matches(name, [known.id for known in requirements.load()], 1)
        hint = f"; did you mean {near[0]}?" if near else "; `gateproof requirements` lists them"
        raise CommandError(f"unknown requirement {given.id}{hint}")
    print(f"{row.id}  ({row.party}, {row.level}, judged as {row.verdict}, basis {row.basis})\n")
    print(textwrap.fill(row.statement, 100) + "\n")
    facts = {
        "section": row.section,
        "link": row.url,
        "carried by": row.carrier,
        "gate": f"{row.gate}: {GATES[row.gate]}" if row.gate else "",
        "since": row.spec_version,
        "observed": row.observe,
        "drawn": row.strategy,
        "mutant": row.mutant,
        "note": row.note,
        "excluded": row.excluded,
        "checks": ", ".join(coverage.judged_by(row.id)) or "none yet",
        "proof": ", ".join(dict.fromkeys(coverage.mutants().get(row.id, []))),
    }
    for label, text in facts.items():
        if text:
            print(textwrap.fill(f"{label + ':':<12}{text}", 100, subsequent_indent=" " * 12, break_long_words=False))
    return 0

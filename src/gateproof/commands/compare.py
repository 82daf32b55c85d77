"""`gateproof compare A B`: what is new, fixed, changed or stale between two reports."""

from __future__ import annotations

import argparse
import json

from gateproof.commands import reports
from gateproof.verdicts import Exit

NAME = "compare"
HELP = "compare two reports; status 1 where something fails that did not fail before"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take two reports."""
    parser.add_argument("before", metavar="A", help="report.json, or the folder it lies in")
    parser.add_argument("after", metavar="B", help="the later one")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--fail-on", choices=("fail", "warn"), default="fail", help="lightest verdict that counts")


def execute(given: argparse.Namespace) -> int:
    """Print the differences."""
    from gateproof.report.compare import compare, lines

    found = compare(reports.load(given.before), reports.load(given.after))
    print(json.dumps(found.to_json(), indent=1) if given.json else "\n".join(lines(found)))
    return Exit.DIFFERS if found.regressed(given.fail_on) else Exit.AS_DECLARED

"""`gateproof certificate REPORT`: scores a report against a frozen set, and says what denies a level."""

from __future__ import annotations

import argparse
from pathlib import Path

from gateproof.commands import CommandError, reports
from gateproof.verdicts import Exit

NAME = "certificate"
HELP = "score a report (of pytest --certify, or several of them merged) against a frozen set; status 1 without a level"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a report, a set, and what is to be listed beside it."""
    from gateproof.requirements.sets.levels import LEVELS

    parser.add_argument("report", metavar="REPORT", help="report.json, or the folder it lies in")
    parser.add_argument("--set", help="the frozen set; that which was replayed if not given")
    parser.add_argument("--level", choices=LEVELS, help="status 1 unless it is at least this one")
    parser.add_argument("--beside", metavar="REPORT", action="append", default=[], help="its findings are listed only")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="where to; certificate.json beside the report if not given"
    )


def execute(given: argparse.Namespace) -> int:
    """Write certificate.json and print what it says."""
    from gateproof import report
    from gateproof.report.certificate import certificate, lines
    from gateproof.report.reading import ReportError, replayed
    from gateproof.requirements.sets import SetError, load
    from gateproof.requirements.sets.levels import within

    loaded = reports.load(given.report)
    others = [reports.load(place) for place in given.beside]
    try:
        found = certificate(loaded, load(given.set or replayed(loaded)), beside=others)
    except (SetError, ReportError) as error:
        raise CommandError(str(error)) from error
    place = Path(given.output) if given.output else reports.beside(given.report) / "certificate.json"
    reports.folder(str(place.parent))
    reports.tell([report.put(place, report.dump(found))])
    print("\n".join(lines(found)))
    earned = within(found["level"]) if found["level"] else ()
    return Exit.AS_DECLARED if (given.level or "Core") in earned else Exit.DIFFERS

"""`gateproof report REPORT`: writes the companions of a report.json again, for example with a newer gateproof."""

from __future__ import annotations

import argparse

from gateproof.commands import reports
from gateproof.verdicts import Exit

NAME = "report"
HELP = "make report.html and its companions from a report.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a report."""
    parser.add_argument("report", metavar="REPORT", help="report.json, or the folder it lies in")
    parser.add_argument("-o", "--output", metavar="DIR", help="folder; that of the report if not given")


def execute(given: argparse.Namespace) -> int:
    """Write them."""
    from gateproof import report

    loaded = reports.load(given.report)
    reports.tell(report.write(reports.folder(given.output or str(reports.beside(given.report))), loaded))
    return Exit.AS_DECLARED

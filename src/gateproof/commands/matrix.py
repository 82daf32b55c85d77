"""`gateproof matrix DIR -o SITE`: a static site out of every report below a folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from gateproof.commands import CommandError, reports
from gateproof.verdicts import Exit

NAME = "matrix"
HELP = "make a static site of many reports: requirements by servers and versions"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a folder with reports, and one for the site."""
    parser.add_argument("folder", metavar="DIR", help="folder below which report.json files lie")
    parser.add_argument("-o", "--output", metavar="SITE", required=True, help="folder for the site")


def execute(given: argparse.Namespace) -> int:
    """Write the site."""
    from gateproof.report import put
    from gateproof.report.reading import ReportError, below
    from gateproof.report.site import pages

    try:
        found = below(Path(given.folder))
    except ReportError as error:
        raise CommandError(str(error)) from error
    if not found:
        raise CommandError(f"no report.json lies below {given.folder}; pytest --report=DIR writes one")
    site = reports.folder(given.output)
    for name, text in pages(found):
        path = site / name
        path.parent.mkdir(exist_ok=True)
        put(path, text)
    print(f"{len(found)} reports")
    reports.tell([site / "index.html"])
    return Exit.AS_DECLARED

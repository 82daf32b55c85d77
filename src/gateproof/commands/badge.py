"""`gateproof badge REPORT`: makes badge.json and badge.svg, and prints the lines that embed them."""

from __future__ import annotations

import argparse

from gateproof.commands import CommandError, reports
from gateproof.verdicts import Exit

NAME = "badge"
HELP = "make badge.json and badge.svg of a report, and print the lines that show them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a report and where the badge will be published."""
    parser.add_argument("report", metavar="REPORT", help="report.json, or the folder it lies in")
    parser.add_argument("--set", help="the frozen set; that which was replayed if not given")
    parser.add_argument("-o", "--output", metavar="DIR", help="folder; that of the report if not given")
    parser.add_argument("--url", metavar="URL", default="URL", help="folder at which report and badge are published")


def execute(given: argparse.Namespace) -> int:
    """Write both and print the lines for Markdown, reStructuredText and HTML."""
    from gateproof import report
    from gateproof.report import badge
    from gateproof.report.certificate import certificate
    from gateproof.report.reading import replayed
    from gateproof.requirements.sets import SetError, load

    loaded = reports.load(given.report)
    try:
        found = certificate(loaded, load(given.set or replayed(loaded)))
    except SetError as error:
        raise CommandError(str(error)) from error
    folder = reports.folder(given.output) if given.output else reports.beside(given.report)
    texts = {"badge.json": report.dump(badge.endpoint(found)), "badge.svg": badge.svg(found)}
    reports.tell(report.put(folder / name, text) for name, text in texts.items())
    print(f"{badge.label(found)} | {badge.message(found)}")
    if badge.color(found) == badge.GREY:
        print("grey: " + ("the run is older than 180 days" if found["outdated"] else "the run is not complete"))
    base = given.url.rstrip("/")
    for kind, text in badge.embed(f"{base}/badge.svg", f"{base}/report.html"):
        print(f"\n{kind}:\n{text}")
    print(f"\nshields.io:\n{badge.shields(f'{base}/badge.json')}")
    return Exit.AS_DECLARED

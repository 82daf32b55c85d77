"""`gateproof merge REPORT... -o DIR`: one report out of shards, or out of repeated runs."""

from __future__ import annotations

import argparse

from gateproof.commands import CommandError, reports

NAME = "merge"
HELP = "merge reports of one target: shards of a run, or repeats of it (k of N)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take reports and a folder."""
    parser.add_argument("reports", metavar="REPORT", nargs="+", help="report.json, or the folder it lies in")
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="folder for the merged report")


def execute(given: argparse.Namespace) -> int:
    """Write the merged report; the status is that of the whole."""
    from gateproof import report
    from gateproof.report.merge import merge
    from gateproof.report.reading import ReportError

    try:
        merged = merge([reports.load(place) for place in given.reports], given.output)
    except ReportError as error:
        raise CommandError(str(error)) from error
    paths = report.write(reports.folder(given.output), merged)
    counted = ", ".join(f"{count} {verdict}" for verdict, count in merged["totals"].items() if count)
    print(f"{len(given.reports)} reports of {merged['target']['name']}: {counted}")
    reports.tell(paths)
    status: int = merged["suite"]["exit_status"]
    return status

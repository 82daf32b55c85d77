"""`gateproof ...`: everything that is not a test run. Exit statuses are those of a run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from gateproof import __version__
from gateproof.commands import (
    CommandError,
    badge,
    certificate,
    compare,
    explain,
    matrix,
    merge,
    replay,
    report,
    requirements,
    run,
    servers,
)
from gateproof.verdicts import Exit

COMMANDS = (requirements, explain, servers, run, replay, report, compare, merge, certificate, badge, matrix)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints end with our status for wrong usage."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Say what is wrong in one line, and how to see more."""
        self.exit(Exit.USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def build() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = Parser(prog="gateproof", description="Conformance of WSGI and ASGI: `pytest --server=NAME` judges.")
    parser.add_argument("--version", action="version", version=f"gateproof {__version__}")
    sub = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        mine = sub.add_parser(command.NAME, help=command.HELP, description=command.HELP)
        command.add_arguments(mine)
        mine.set_defaults(execute=command.execute)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    end = words.index("--") if "--" in words else len(words)
    given = build().parse_args(words[:end])
    given.behind = words[end + 1 :]  # pytest's own, values of options among them
    try:
        status: int = given.execute(given)
        sys.stdout.flush()
    except CommandError as error:
        print(f"gateproof: {error}", file=sys.stderr)
        return error.status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left: nobody is there to tell
        return Exit.AS_DECLARED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return status


if __name__ == "__main__":
    sys.exit(main())

"""`gateproof run PIN...`: judges a server in a virtual environment of its own, made for those pins and kept."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from gateproof.commands import CommandError
from gateproof.servers import shipped
from gateproof.servers.environments import EnvironmentProblem, environment

NAME = "run"
HELP = "install a server with its pins into an environment of its own, and judge it there"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take pins, an interpreter, a profile and pytest's own options."""
    parser.add_argument(
        "pins", nargs="+", metavar="PIN", help="for example waitress==3.0.2; the first names the server"
    )
    parser.add_argument("--python", default=sys.executable, help="path, or a version such as 3.8 (pyenv or PATH)")
    parser.add_argument("--profile", help="profile to use where several start the same distribution")
    parser.add_argument("rest", nargs="*", metavar="-- PYTEST OPTIONS", help=argparse.SUPPRESS)


def execute(given: argparse.Namespace) -> int:
    """Make the environment and run pytest against it; the exit status is pytest's."""
    pins = [pin for pin in given.pins if not pin.startswith("-")]
    options = [word for word in given.pins if word.startswith("-")] + given.rest
    profile = given.profile or profile_of(pins[0])
    try:
        python = environment(pins, given.python)
    except EnvironmentProblem as error:
        raise CommandError(str(error), 3) from error
    command = [sys.executable, "-m", "pytest", f"--server={profile}", f"--server-python={python}", *options]
    return subprocess.run(command, check=False).returncode


def profile_of(pin: str) -> str:
    """Return the profile whose distribution a pin names: the first one, or that of the same name."""
    try:
        name = canonicalize_name(Requirement(pin).name)
    except InvalidRequirement as error:
        if Path(pin).exists():
            raise CommandError(f"{pin} is a path; say which profile starts it with --profile") from error
        raise CommandError(f"{pin!r} is not a requirement such as waitress==3.0.2: {error}") from error
    found = [p for p in shipped().values() if canonicalize_name(p.distribution) == name]
    if not found:
        known = ", ".join(sorted({p.distribution for p in shipped().values() if p.distribution}))
        raise CommandError(f"no profile starts {name}; known are {known}; or name one with --profile")
    return found[0].name

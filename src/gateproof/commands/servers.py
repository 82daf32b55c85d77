"""`gateproof servers`: the profiles that ship."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence

from gateproof.servers import describe, missing, shipped

NAME = "servers"
HELP = "list the server profiles, what is installed, and how to install the rest"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take nothing but a filter."""
    parser.add_argument("--interface", choices=("wsgi", "asgi"))


def execute(given: argparse.Namespace) -> int:
    """Print a line for each profile: what is installed here, or what would install it."""
    for name, profile in shipped().items():
        if given.interface not in (None, profile.interface):
            continue
        absent = missing(profile)
        version = describe(profile).version
        state = f"not installed: {how(absent)}" if absent or not version else f"installed {version}"
        print(f"{name:<22} {profile.interface:<5} {state}")
        words = [f"also called {', '.join(profile.alias)}"] if profile.alias else []
        if words or profile.notes:
            print(" " * 29 + "; ".join([*words, *([profile.notes] if profile.notes else [])]))
    return 0


def how(words: Sequence[str]) -> str:
    """Return the line that installs what a profile needs, Debian's packages first."""
    debian = [word.removeprefix("apt:") for word in words if word.startswith("apt:")]
    python = [word for word in words if not word.startswith("apt:")]
    lines = [f"apt-get install {' '.join(debian)}"] if debian else []
    if python:
        lines.append(f"pip install {shlex.join(python)}")
    return " && ".join(lines)

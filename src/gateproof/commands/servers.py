"""`gateproof servers`: the profiles that ship."""

from __future__ import annotations

import argparse

from gateproof.servers import describe, shipped

NAME = "servers"
HELP = "list the server profiles, what is installed, and how to install the rest"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take nothing but a filter."""
    parser.add_argument("--interface", choices=("wsgi", "asgi"))


def execute(given: argparse.Namespace) -> int:
    """Print a line for each profile."""
    for name, profile in sorted(shipped().items()):
        if given.interface not in (None, profile.interface):
            continue
        version = describe(profile).version
        how = f"installed {version}" if version else "pip install " + " ".join(profile.install)
        print(f"{name:<22} {profile.interface:<5} {how:<40} {' '.join(profile.alias)}".rstrip())
    return 0

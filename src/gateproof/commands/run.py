"""`gateproof run PIN...`: judges a server in a virtual environment of its own, made for those pins and kept."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from gateproof.commands import CommandError
from gateproof.servers import Profile, by_name, launching, shipped
from gateproof.servers.environments import EnvironmentProblem, NoInterpreter, environment, lasting
from gateproof.verdicts import Exit

NAME = "run"
HELP = "install a server with its pins into an environment of its own, and judge it there"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take pins, an interpreter, a profile and pytest's own options."""
    parser.add_argument(
        "pins", nargs="+", metavar="PIN", help="waitress==3.0.2, or a profile such as gunicorn-gevent, then more pins"
    )
    parser.add_argument("--python", default=sys.executable, help="path, or a version such as 3.8 (pyenv or PATH)")
    parser.add_argument("--interface", choices=("wsgi", "asgi"), help="of a server that speaks both: granian, gunicorn")
    parser.add_argument("--profile", help="profile to use where several start the same distribution")
    parser.epilog = "what stands behind -- goes to pytest: gateproof run waitress -- --report=out -k input"


def execute(given: argparse.Namespace) -> int:
    """Make the environment and run pytest against it; the exit status is pytest's."""
    if not launching.POSIX:
        raise CommandError(launching.ELSEWHERE)
    pins, options = given.pins, given.behind
    profile = by_name(given.profile or "", given.interface)
    if given.profile is None:
        named = by_name(pins[0], given.interface)
        profile, pins = (named, pins[1:]) if named else (profile_of(pins[0], given.interface), pins)
    lasts = _lasts(pins, profile)
    pins = complete(pins, profile) if profile else pins
    try:
        python = environment(pins, given.python, lasts=lasts)
    except NoInterpreter as error:
        raise CommandError(str(error)) from error
    except EnvironmentProblem as error:
        raise CommandError(str(error), Exit.HARNESS) from error
    name = profile.name if profile else given.profile
    command = [sys.executable, "-m", "pytest", f"--server={name}", f"--server-python={python}", *options]
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # which a terminal gives to pytest as well: it writes its report, and ends
                continue


def complete(pins: list[str], profile: Profile) -> list[str]:
    """Return the pins and what else the profile installs, the extras of what is pinned too; says what only apt has."""
    named = {_distribution(pin) for pin in pins}
    debian = [word.removeprefix("apt:") for word in profile.install if word.startswith("apt:")]
    if debian:
        print(f"gateproof: {profile.name} also needs: apt-get install {' '.join(debian)}", file=sys.stderr)
    words = [word for word in profile.install if not word.startswith("apt:")]
    return [*pins, *(word for word in words if _distribution(word) not in named or "[" in word)]


def _lasts(pins: list[str], profile: Profile | None) -> bool:
    """Tell whether what was named, the server among it, is named with its version."""
    own = profile.distribution if profile else ""
    named = not own or canonicalize_name(own) in map(_distribution, pins)
    return named and all(map(lasting, pins))


def _distribution(pin: str) -> str:
    try:
        return canonicalize_name(Requirement(pin).name)
    except InvalidRequirement:
        return pin


def profile_of(pin: str, interface: str | None = None) -> Profile:
    """Return the profile whose distribution a pin names: the first one, or that of the same name."""
    try:
        name = canonicalize_name(Requirement(pin).name)
    except InvalidRequirement as error:
        if Path(pin).exists():
            raise CommandError(f"{pin} is a path; say which profile starts it with --profile") from error
        raise CommandError(f"{pin!r} is not a requirement such as waitress==3.0.2: {error}") from error
    same = [p for p in shipped().values() if p.distribution and canonicalize_name(p.distribution) == name]
    found = [p for p in same if interface in (None, p.interface)]
    found.sort(key=lambda profile: name not in (profile.name, *profile.alias))
    if not found:
        known = ", ".join(sorted({p.distribution for p in shipped().values() if p.distribution}))
        how = f"no profile starts {name}{f' for {interface}' if same else ''}"
        raise CommandError(f"{how}; known are {known}; or name one with --profile")
    return found[0]

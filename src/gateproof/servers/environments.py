"""Virtual environments for servers: one for each set of pins and interpreter, kept, and never half-made.

What is named without its version is looked up anew each day; where that cannot be done, the last one is taken, and its
age is told.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier
from packaging.utils import canonicalize_name, canonicalize_version

DONE = "gateproof-complete.json"
INSTALL_S = 600
DAY_S = 86_400.0
LEFT_ALONE_S = 2 * DAY_S  # an environment that another run may still use


class EnvironmentProblem(Exception):
    """An environment cannot be made; the message says why."""


class NoInterpreter(EnvironmentProblem):
    """What was named is no interpreter."""


def cache_folder() -> Path:
    """Return the folder in which environments are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "gateproof" / "environments"


def interpreter(name: str) -> str:
    """Return the path of an interpreter, named by path or by version (pyenv, then PATH)."""
    if os.sep in name:
        found = shutil.which(name)
        if found is None:
            raise NoInterpreter(f"the interpreter {name} does not exist or cannot be run; check --python")
        return found
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = sorted(root.glob(f"{name}*/bin/python"), key=_version_key) if root.is_dir() else []
    exact = [c for c in candidates if c.parent.parent.name == name or c.parent.parent.name.startswith(name + ".")]
    if exact:
        return str(exact[-1])
    for program in (f"python{name}", name):
        if found := shutil.which(program):
            return found
    raise NoInterpreter(f"no Python {name}: give --python a path, or a version that pyenv or PATH has")


def _version_key(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.parent.parent.name.split(".") if part.isdigit())


def spelt(pin: str) -> str:
    """Return a requirement in the one way in which those that mean the same are spelt; a file with its time."""
    try:
        found = Requirement(pin)
    except InvalidRequirement:
        path = Path(pin).absolute()
        return f"{path} {path.stat().st_mtime_ns if path.is_file() else ''}"
    extras = ",".join(sorted(map(canonicalize_name, found.extras)))
    clauses = ",".join(sorted(map(_clause, found.specifier)))
    about = f" @ {found.url}" if found.url else clauses
    return f"{canonicalize_name(found.name)}[{extras}]{about}; {found.marker or ''}"


def _clause(clause: Specifier) -> str:
    if clause.operator == "===" or clause.version.endswith(".*"):
        return str(clause)
    return clause.operator + canonicalize_version(clause.version, strip_trailing_zero=clause.operator != "~=")


def lasting(pin: str) -> bool:
    """Tell whether a requirement names one version: what is installed for it is the same tomorrow."""
    try:
        clauses = Requirement(pin).specifier
    except InvalidRequirement:
        return False
    return any(each.operator in ("==", "===") and not each.version.endswith(".*") for each in clauses)


def environment(pins: Sequence[str], python: str, *, lasts: bool = True) -> Path:
    """Return the interpreter of an environment with those pins; made, under a lock, where there is none yet.

    One that does not last is made anew each day, as what it was named by may mean another version by then; one of a
    folder of sources each time.
    """
    import fcntl  # which only POSIX has, where everything else here is

    base = interpreter(python)
    about = _ask(base)
    key = hashlib.sha256(json.dumps([about, sorted({*map(spelt, pins)})]).encode()).hexdigest()[:16]
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = cache_folder() / (key if lasts else f"{key}-{datetime.now(UTC):%Y-%m-%d}")
        if not (folder / DONE).is_file() or any(os.sep in pin and Path(pin).is_dir() for pin in pins):
            shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
            before = sorted(done.parent for done in cache_folder().glob(f"{key}-*/{DONE}"))
            try:
                _make(folder, base, pins)
            except BaseException as error:
                shutil.rmtree(folder, ignore_errors=True)
                if not before or not isinstance(error, EnvironmentProblem):
                    raise
                folder = before.pop()
                day = folder.name.removeprefix(f"{key}-")
                print(f"gateproof: {error}\ngateproof: what was installed on {day} is judged", file=sys.stderr)
            _forget(before)
    return folder / "bin" / "python"


def _forget(folders: Sequence[Path]) -> None:
    """Remove environments of days before; what a run of these days may use is left alone."""
    for folder in folders:
        if time.time() - (folder / DONE).stat().st_mtime > LEFT_ALONE_S:
            shutil.rmtree(folder, ignore_errors=True)


def _ask(python: str) -> list[str]:
    code = "import sys, platform; print(sys.version.replace(chr(10), ' ')); print(platform.machine())"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoInterpreter(f"{python} is no Python: {error}") from error
    if done.returncode or len(done.stdout.splitlines()) != 2:
        raise NoInterpreter(f"{python} is no Python: {done.stderr.strip()[-300:]}")
    return done.stdout.splitlines()


def _make(folder: Path, base: str, pins: Sequence[str]) -> None:
    _run([base, "-m", "venv", str(folder)], "the environment could not be made")
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # What builds the rest comes first, and is what pip's own environments for a build take as well: a source
    # distribution of its time wants the setuptools of its time.
    builders = [pin for pin in pins if re.match(r"(setuptools|wheel|cython)\b", pin, re.IGNORECASE)]
    constraints = folder / "gateproof-builders.txt"
    constraints.write_text("\n".join(builders))
    for part in (builders, list(pins)):
        if part:  # nothing to install: a server of the standard library
            _run([*install, *part], f"pip could not install {' '.join(part)}", PIP_CONSTRAINT=str(constraints))
    freeze = [python, "-m", "pip", "freeze", "--disable-pip-version-check"]
    locked = subprocess.run(freeze, capture_output=True, text=True, timeout=INSTALL_S, check=False).stdout.split("\n")
    (folder / DONE).write_text(json.dumps({"pins": list(pins), "locked": [line for line in locked if line]}))


def _run(command: list[str], problem: str, **more: str) -> None:
    print(f"gateproof: {' '.join(command[1:4])} ...", file=sys.stderr)
    try:
        environ = {**os.environ, **more}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentProblem(f"{problem}: {error}") from error
    if done.returncode:
        raise EnvironmentProblem(f"{problem}:\n{(done.stderr or done.stdout).strip()[-2000:]}")

"""Profiles: what a name after `--server=` means."""

from __future__ import annotations

import difflib
import json
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from gateproof import kept
from gateproof.servers import tables
from gateproof.servers.tables import UsageError


@dataclass(frozen=True)
class VariantSpec:
    """Another launch of a server: what differs from the default one."""

    argv: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    mount: str = ""
    without: tuple[str, ...] = ()
    host: str = ""


@dataclass(frozen=True)
class Profile:
    """How a server is started and what it can do. See profiles.toml for the keys."""

    name: str
    interface: str
    argv: tuple[str, ...]
    distribution: str = ""
    install: tuple[str, ...] = ()
    capabilities: frozenset[str] = frozenset()
    env: Mapping[str, str] = field(default_factory=dict)
    variants: Mapping[str, VariantSpec] = field(default_factory=dict)
    unless: tuple[tuple[str, str], ...] = ()
    older: tuple[tuple[str, tuple[str, ...]], ...] = ()
    version_of: tuple[str, ...] = ()
    alias: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    python: str = sys.executable
    ready_s: float = 20.0
    baseline: str = ""
    notes: str = ""
    path: tuple[str, ...] = ()


@cache
def shipped() -> dict[str, Profile]:
    """Return the profiles that ship, by name."""
    data = kept.toml(Path(__file__).with_name("profiles.toml"))
    return {name: _from_table(name, table) for name, table in data["profile"].items()}


def by_name(name: str, interface: str | None = None) -> Profile | None:
    """Return the shipped profile of that name or alias, in any case; None where there is none.

    A server of both interfaces is found for the one that is asked for: gunicorn and asgi are gunicorn-asgi.
    """
    names = {key.lower(): p for p in shipped().values() for key in (p.name, *p.alias)}
    found = names.get(name.lower())
    if interface is not None and (found is None or found.interface != interface):
        return names.get(f"{name.lower()}-{interface}", found)
    return found


def _from_table(name: str, table: Mapping[str, Any]) -> Profile:
    known = {item.name for item in fields(Profile)} - {"name", "variants"}
    given: dict[str, Any] = {key: value for key, value in table.items() if key in known}
    for key in ("argv", "install", "alias", "version_of"):
        if key in given:
            given[key] = tuple(given[key])
    given["capabilities"] = frozenset(given.get("capabilities", ()))
    given["unless"] = tuple((condition, argument) for condition, argument in given.get("unless", ()))
    given["older"] = tuple((condition, tuple(argv)) for condition, argv in given.get("older", ()))
    variants = {key: _variant(value) for key, value in table.get("variant", {}).items()}
    return Profile(name=name, variants=variants, **given)


def _env(table: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in table.get("env", {}).items()}


def _variant(table: Mapping[str, Any]) -> VariantSpec:
    return VariantSpec(
        tuple(table.get("argv", ())),
        _env(table),
        frozenset(table.get("capabilities", ())),
        table.get("mount", ""),
        tuple(table.get("without", ())),
        table.get("host", ""),
    )


def resolve(spec: str, *, rootdir: Path, server_python: str | None = None, interface: str | None = None) -> Profile:
    """Return the profile that a name means: shipped, of the project, of an entry point, a callable or a URL."""
    try:
        words = shlex.split(spec)
    except ValueError as error:
        raise UsageError(f"--server={spec!r} cannot be split into words: {error}") from error
    if not words:
        raise UsageError("--server needs a name; `gateproof servers` lists the profiles")
    profile = _named(words[0], rootdir, interface)
    if interface is not None and profile.interface != interface:
        raise UsageError(f"the profile {profile.name} is for {profile.interface}, not for {interface}")
    python = server_python or profile.python
    found = shutil.which(python)
    if found is None:
        check = "--server-python" if server_python else f"`python` of the profile {profile.name}"
        raise UsageError(f"the interpreter {python} does not exist or cannot be run; check {check}")
    # Not resolved: the python of a virtual environment is a link, and knows its environment by its own path.
    return replace(profile, more=tuple(words[1:]), python=str(Path(found).absolute()))


def _named(name: str, rootdir: Path, interface: str | None) -> Profile:
    own = tables.project(rootdir, "servers")
    if name in own:
        return _project_profile(name, f"[tool.gateproof.servers.{name}]", own[name], rootdir)
    profile = by_name(name, interface)
    if profile is not None:
        return profile
    for point in entry_points(group="gateproof.servers"):
        if point.name == name:
            return as_profile(name, _loaded(point), f"the entry point {name} ({point.value})")
    if ":" in name:
        argv = ("{python}", "{launchers}/serve.py", "callable", "{app}", "{host}", "{port}", f"--target={name}")
        return Profile(name, interface or "wsgi", argv, path=(str(rootdir),))
    points = {point.name for point in entry_points(group="gateproof.servers")}
    known = sorted({*shipped(), *(a for p in shipped().values() for a in p.alias), *own, *points})
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UsageError(
        f"unknown server {name!r}{hint}\nknown: {', '.join(known)}\n"
        "or a table [tool.gateproof.servers.NAME] in pyproject.toml, an entry point, or module:callable"
    )


def _loaded(point: Any) -> object:
    try:
        return point.load()
    except Exception as error:
        raise UsageError(f"the entry point {point.name} ({point.value}) cannot be loaded: {error}") from error


def _project_profile(name: str, where: str, table: object, rootdir: Path | None = None) -> Profile:
    """Return the profile of a table; what a project says may import what lies at its root."""
    known = frozenset(("mount",)).union(*(profile.capabilities for profile in shipped().values()))
    known |= {one for profile in shipped().values() for spec in profile.variants.values() for one in spec.capabilities}
    launches = {"beside", "os_environ", *(name for profile in shipped().values() for name in profile.variants)}
    argv = tables.server(where, table, known, launches)
    assert isinstance(table, Mapping)
    return Profile(
        name,
        table.get("interface", "wsgi"),
        argv if "{more}" in argv else (*argv, "{more}"),
        distribution=table.get("distribution", ""),
        capabilities=frozenset(table.get("capabilities", ())),
        env=_env(table),
        python=table.get("python", sys.executable),
        ready_s=float(table.get("ready", 20.0)),
        baseline=table.get("baseline", ""),
        variants={key: _variant(value) for key, value in table.get("variants", {}).items()},
        path=(str(rootdir),) if rootdir is not None else (),
    )


def as_profile(name: str, given: object, where: str = "", rootdir: Path | None = None) -> Profile:
    """Return a profile from what an entry point or the fixture gave: a Profile, a table, a name or a callable.

    `where` says in messages what gave it, `rootdir` is the root of the project that did.
    """
    if isinstance(given, Profile):
        return given
    if isinstance(given, Mapping):
        return _project_profile(name, where or name, dict(given), rootdir)
    if isinstance(given, str):
        return resolve(given, rootdir=rootdir or Path.cwd())
    if callable(given):
        return as_profile(name, _called(name, given), where, rootdir)
    raise UsageError(
        f"{where or name} gives a {type(given).__name__}; a Profile, a table or a profile's name is needed"
    )


def _called(name: str, given: Callable[[], object]) -> object:
    try:
        return given()
    except Exception as error:
        raise UsageError(f"{name} raised {type(error).__name__}: {error}") from error


@dataclass(frozen=True)
class About:
    """What is known of an installed server."""

    version: str
    python: str
    implementation: str


_ASK = """
import json, platform, sys
try:
    from importlib.metadata import version
except ImportError:
    import pkg_resources
    version = lambda name: pkg_resources.get_distribution(name).version
try:
    found = version(sys.argv[1]) if sys.argv[1] else platform.python_version()
except Exception:
    found = ""
print(json.dumps([found, platform.python_version(), platform.python_implementation()]))
"""


@cache
def _ask(python: str, distribution: str) -> About:
    if python == str(Path(sys.executable).absolute()):
        return _ask_ourselves(distribution)
    done = subprocess.run([python, "-c", _ASK, distribution], capture_output=True, text=True, timeout=60, check=False)
    try:
        found, running, implementation = json.loads(done.stdout)
    except ValueError:
        return About("", "", "")
    return About(found, running, implementation)


def _ask_ourselves(distribution: str) -> About:
    try:
        found = version(distribution) if distribution else platform.python_version()
    except PackageNotFoundError:
        found = ""
    return About(found, platform.python_version(), platform.python_implementation())


@cache
def _printed(command: tuple[str, ...]) -> str:
    """Return the version that a command prints: its first word that looks like one."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return ""
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found.group() if found and not done.returncode else ""


def describe(profile: Profile) -> About:
    """Return the version of the server and of its interpreter; '' where it is not installed there."""
    about = _ask(profile.python, profile.distribution)
    return replace(about, version=_printed(profile.version_of)) if profile.version_of else about


def fits(profile: Profile, condition: str) -> bool:
    """Tell whether the installed version meets a PEP 440 condition; what has no version counts as the newest."""
    version = describe(profile).version
    return not version or SpecifierSet(condition).contains(version, prereleases=True)


def missing(profile: Profile) -> list[str]:
    """Return the words of `install` that are not met where the server lives (Debian's only along with Python's)."""
    debian = [word for word in profile.install if word.startswith("apt:")]
    needed = [Requirement(word) for word in profile.install if word not in debian]
    absent = [
        str(need)
        for need in needed
        if not (found := _ask(profile.python, need.name).version)
        or not need.specifier.contains(found, prereleases=True)
    ]
    return [*debian, *absent] if absent else []

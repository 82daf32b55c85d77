"""The profiles that ship: each can be filled in, and every launcher that they name exists."""

from __future__ import annotations

import ast
import dataclasses
import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from gateproof import cli
from gateproof.commands import run
from gateproof.commands.servers import how
from gateproof.servers import Profile, profiles, shipped
from gateproof.servers.launching import command_of
from gateproof.servers.profiles import About, VariantSpec

PLACES = {"python", "own_python", "bin", "app", "module", "attribute", "host", "port", "uds", "launchers", "folder"}
PLACES |= {"mount", "certfile", "keyfile", "cafile"}
LAUNCHERS = Path(str(files("gateproof.servers") / "launchers"))


def names_of_functions() -> set[str]:
    """Return the names of all functions of the launchers."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in LAUNCHERS.glob("*.py")]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


def places(words: list[str]) -> list[str]:
    """Return the names in braces."""
    return [name for word in words for name in re.findall(r"\{(\w+)\}", word)]


@pytest.mark.parametrize("profile", shipped().values(), ids=lambda profile: profile.name)
def test_a_profile_can_be_filled_in(profile: Profile) -> None:
    """Its commands take arguments and name the app and the address; what a variant leaves out is there."""
    for argv in (profile.argv, *(argv for _, argv in profile.older)):
        assert "{more}" in argv
        assert any("{app}" in word or "{attribute}" in word for word in argv)
        assert any("{port}" in word for word in argv)
        if "{launchers}/serve.py" in argv:
            assert "serve_" + argv[2] in names_of_functions()
    for variant in profile.variants.values():
        assert set(variant.without) <= set(profile.argv)
        assert set(places(command_of(profile, variant))) <= PLACES
    for word in profile.install:
        assert word.startswith("apt:") or Requirement(word)
    for condition, _ in (*profile.unless, *profile.older):
        assert SpecifierSet(condition)


def test_keys_and_names() -> None:
    """No key is misspelled and no name is given twice."""
    tables = tomllib.loads((files("gateproof.servers") / "profiles.toml").read_text(encoding="utf-8"))["profile"]
    known = {item.name for item in dataclasses.fields(Profile)} - {"name", "variants"} | {"variant"}
    assert not {key for table in tables.values() for key in table} - known
    variant_keys = {item.name for item in dataclasses.fields(VariantSpec)}
    assert not {k for t in tables.values() for v in t.get("variant", {}).values() for k in v} - variant_keys
    names = [name for profile in shipped().values() for name in (profile.name, *profile.alias)]
    assert len(names) == len(set(names))


def test_versions_choose_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument that a version does not know is left out, and a version without a command has its launcher."""
    found = {"version": "25.0.3"}
    monkeypatch.setattr(profiles, "_ask", lambda *_: About(found["version"], "3.11", "CPython"))
    assert "--no-control-socket" not in command_of(shipped()["gunicorn-sync"], VariantSpec())
    found["version"] = "27.0.1"
    assert "--no-control-socket" in command_of(shipped()["gunicorn-sync"], VariantSpec())
    assert "-m" in command_of(shipped()["waitress"], VariantSpec())
    found["version"] = "0.8.9"
    assert "waitress" in command_of(shipped()["waitress"], VariantSpec(("--url-prefix=/app",)))
    found["version"] = ""
    assert "-m" in command_of(shipped()["waitress"], VariantSpec())


def test_a_variant_leaves_words_out() -> None:
    """uWSGI takes either --module or --mount."""
    profile = shipped()["uwsgi-http"]
    words = command_of(profile, profile.variants["mount"])
    assert "--module" not in words
    assert "/app={app}" in words


def test_run_completes_the_pins() -> None:
    """A profile's name stands for what it installs; pins win over it, and `=` is not a name."""
    profile = run.by_name("gunicorn-gevent")
    assert profile is not None
    assert run.complete([], profile) == ["gunicorn", "gevent", "packaging"]
    assert run.complete(["gunicorn==26.0.0"], profile) == ["gunicorn==26.0.0", "gevent", "packaging"]
    trio = shipped()["hypercorn-trio"]
    assert run.complete(["hypercorn==0.17.3"], trio) == ["hypercorn==0.17.3", "hypercorn[trio]"]
    assert run.profile_of("a2wsgi==1.9.0").name == "a2wsgi"
    assert run.profile_of("uvicorn==0.54.0").name == "uvicorn-h11"
    assert run.profile_of("granian==2.8.7", "wsgi").name == "granian-wsgi"
    assert run.by_name("waitress==3.0.2") is None


@pytest.mark.parametrize(
    ("name", "interface", "profile"),
    [
        ("gunicorn", None, "gunicorn-sync"),
        ("gunicorn", "asgi", "gunicorn-asgi"),
        ("Hypercorn", None, "hypercorn-asyncio"),
        ("hypercorn", "wsgi", "hypercorn-wsgi"),
        ("waitress", "wsgi", "waitress"),
        ("uvicorn", "wsgi", "uvicorn-wsgi"),
    ],
)
def test_the_interface_chooses_among_profiles_of_one_name(name: str, interface: str | None, profile: str) -> None:
    """A server that speaks both is named the same for both."""
    assert profiles.resolve(name, rootdir=Path(), interface=interface).name == profile


def test_install_lines() -> None:
    """Debian's packages come first, and what a shell would eat is quoted."""
    assert how(["apt:libev-dev", "bjoern"]) == "apt-get install libev-dev && pip install bjoern"
    assert how(["setuptools<81"]) == "pip install 'setuptools<81'"


def test_what_stands_behind_the_dashes_is_for_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values of options too: `-k input` is no pin. Ctrl-C is for pytest: it is waited for, as it writes its report."""
    commands: list[list[str]] = []

    class Interrupted:
        """A pytest that is interrupted, and then ends."""

        waits = 0

        def __init__(self, command: list[str]) -> None:
            commands.append(command)

        def __enter__(self) -> Interrupted:
            return self

        def __exit__(self, *_: object) -> None:
            assert self.waits == 2

        def wait(self) -> int:
            """Return the status at the second time."""
            self.waits += 1
            if self.waits == 1:
                raise KeyboardInterrupt
            return 2

    monkeypatch.setattr(run, "environment", lambda pins, python, lasts: Path("python"))
    monkeypatch.setattr(run.subprocess, "Popen", Interrupted)
    assert cli.main(["run", "waitress==3.0.2", "--", "-k", "input", "--report=out"]) == 2
    assert commands[0][-4:] == ["--server-python=python", "-k", "input", "--report=out"]

"""The tables of a project, and what entry points give: each wrong type has one message, and each right one works."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateproof import baseline, targets
from gateproof.servers import Profile, UsageError, profiles, resolve
from gateproof.servers.launching import Launch
from gateproof.servers.profiles import VariantSpec
from gateproof.servers.tables import PLACES
from gateproof.session import Session
from gateproof.settings import Settings, TargetError
from tests.running import clean, report_of, run

COMMAND = "command = 'python -m mine {app} {port}'\n"
WHERE = "[tool.gateproof.servers.mine]"
WRONG = [
    ("interface = 'wsgi'", "`command` is missing"),
    ("command = 1", "`command` is a text such as"),
    ("command = ''", "`command` is a text such as"),
    ("command = ['x', 1]", "`command` is a text such as"),
    ("command = 'x {app}'", "must hold {app} and {port}"),
    ("command = 'x \"{app} {port}'", "cannot be split into words (No closing quotation)"),
    ("command = 'x {app} {port} {nope}'", "unknown place {nope}"),
    ("command = 'x {app} {port} --all={more}'", "unknown place {more}"),
    (COMMAND + "interface = 'cgi'", '`interface` is "wsgi" or "asgi", not \'cgi\''),
    (COMMAND + "interface = ['wsgi']", '`interface` is "wsgi" or "asgi"'),
    (COMMAND + "ready = 'soon'", "`ready` is a number of seconds above 0, not 'soon'"),
    (COMMAND + "ready = -1", "`ready` is a number of seconds above 0, not -1"),
    (COMMAND + "ready = 0", "`ready` is a number"),
    (COMMAND + "ready = nan", "`ready` is a number"),
    (COMMAND + "ready = inf", "`ready` is a number"),
    (COMMAND + "ready = true", "`ready` is a number"),
    (COMMAND + "env = 'a=b'", "`env` is a table of texts"),
    (COMMAND + "env = { A = ['b'] }", "`env` is a table of texts"),
    (COMMAND + "env = { A = '\\u0000' }".replace("'", '"'), "`env` is a table of texts"),
    (COMMAND + "capabilities = 5", "`capabilities` is a list of capabilities"),
    (COMMAND + "capabilities = 'chunked'", "`capabilities` is a list of capabilities"),
    (COMMAND + "capabilities = [5]", "`capabilities` is a list of capabilities"),
    (COMMAND + "capabilities = ['telepathy']", "unknown capability 'telepathy'; known are chunked,"),
    (COMMAND + "python = 3", "`python` is the path of an interpreter"),
    (COMMAND + "python = '/nowhere/python'", "/nowhere/python does not exist or cannot be run; check `python` of"),
    (COMMAND + "baseline = 3", "`baseline` is the path of a file"),
    (COMMAND + "distribution = []", "`distribution` is the name of a distribution"),
    (COMMAND + "comand = 'x'", "unknown key 'comand'; known are baseline,"),
    (COMMAND + "variants = 3", "`variants` is a table of tables"),
    (COMMAND + "variants = { mount = 3 }", "variants.mount is not a table but 3"),
    (COMMAND + "variants = { mout = {} }", "no check asks for a variant 'mout'; known are"),
    (COMMAND + "variants = { mount = { argvs = [] } }", "variants.mount: unknown key 'argvs'"),
    (COMMAND + "variants = { mount = { argv = '--prefix' } }", "variants.mount: `argv` is a list of texts"),
    (COMMAND + "variants = { mount = { argv = ['{nope}'] } }", "variants.mount: argv has an unknown place {nope}"),
    (COMMAND + "variants = { mount = { without = 'x' } }", "variants.mount: `without` is a list of texts"),
    (COMMAND + "variants = { mount = { mount = 'app' } }", "variants.mount: `mount` is a path such as"),
    (COMMAND + "variants = { mount = { mount = '/app/' } }", "variants.mount: `mount` is a path such as"),
    (COMMAND + "variants = { mount = { env = 3 } }", "variants.mount: `env` is a table of texts"),
    (COMMAND + "variants = { tls = { capabilities = ['tsl'] } }", "variants.tls: unknown capability 'tsl'"),
]


@pytest.mark.parametrize(("table", "words"), WRONG, ids=[table.replace(COMMAND, "") for table, _ in WRONG])
def test_a_key_of_the_wrong_type(tmp_path: Path, table: str, words: str) -> None:
    """The table, the key, what it is and what it should be: in one line."""
    (tmp_path / "pyproject.toml").write_text(f"{WHERE}\n{table}\n")
    with pytest.raises(UsageError) as caught:
        resolve("mine", rootdir=tmp_path)
    assert words in str(caught.value)
    assert WHERE in str(caught.value) or "profile mine" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tool = 3", "[tool] is not a table but 3"),
        ("[tool]\ngateproof = 3", "[tool.gateproof] is not a table but 3"),
        ("[tool.gateproof]\nservers = 'x'", "[tool.gateproof.servers] is not a table but 'x'"),
        ("[tool.gateproof.servers]\nmine = 3", "[tool.gateproof.servers.mine] is not a table but 3"),
        ("[tool.gateproof\n", "is not valid TOML"),
    ],
)
def test_no_table_where_one_should_be(tmp_path: Path, text: str, words: str) -> None:
    """Whatever stands there in its place."""
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        resolve("mine", rootdir=tmp_path)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "server"), [(f"{WHERE}\n{COMMAND}ready = 'soon'", "mine"), ("[tool]\ngateproof = 3", "waitress")]
)
def test_a_run_with_a_wrong_table(tmp_path: Path, text: str, server: str) -> None:
    """Status 4, and no traceback."""
    (tmp_path / "pyproject.toml").write_text(text)
    done = run(tmp_path, f"--server={server}")
    assert done.returncode == 4, done.stdout + done.stderr
    assert clean(done)
    assert "tool.gateproof" in done.stderr


def test_the_baseline_of_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    """It is the table that is to be mended, not an option that nobody gave."""
    (tmp_path / "pyproject.toml").write_text(
        f"{WHERE}\n{COMMAND.replace('python', sys.executable)}baseline = 'no.toml'"
    )
    session = Session(Settings(server="mine", rootdir=tmp_path))
    with pytest.raises(baseline.BaselineError, match=r"no\.toml.*given to `baseline` of the profile mine"):
        session.resolve()


def test_a_table_with_everything(tmp_path: Path) -> None:
    """What is right is taken as it is."""
    (tmp_path / "pyproject.toml").write_text(
        f"{WHERE}\n{COMMAND}interface = 'asgi'\ndistribution = 'mine'\ncapabilities = ['chunked']\nready = 0.5\n"
        f"env = {{ A = 'b', N = 2 }}\nbaseline = 'known.toml'\npython = '{sys.executable}'\n"
        "[tool.gateproof.servers.mine.variants.mount]\nargv = ['--prefix', '{mount}']\nmount = '/app'\n"
        "env = { N = 3 }\n"
    )
    found = resolve("mine --more", rootdir=tmp_path)
    assert found == Profile(
        "mine",
        "asgi",
        ("python", "-m", "mine", "{app}", "{port}", "{more}"),
        distribution="mine",
        capabilities=frozenset(["chunked"]),
        env={"A": "b", "N": "2"},
        variants={"mount": VariantSpec(("--prefix", "{mount}"), {"N": "3"}, frozenset(), "/app")},
        more=("--more",),
        python=sys.executable,
        ready_s=0.5,
        baseline="known.toml",
        path=(str(tmp_path),),
    )


def test_every_place_is_filled_in(tmp_path: Path) -> None:
    """What a table may name is what a launch fills in."""
    profile = Profile("mine", "wsgi", tuple(f"{{{place}}}" for place in sorted(PLACES)))
    launch = Launch(profile, "default", "wsgi_probe:app", tmp_path, "id", VariantSpec(), {}, {})
    assert not [word for word in launch._command() if "{" in word]


def test_an_ipv6_address_before_a_port(tmp_path: Path) -> None:
    """It stands in brackets there, and nowhere else."""
    profile = Profile("mine", "wsgi", ("{host}:{port}", "{host}"))
    launch = Launch(profile, "ipv6", "wsgi_probe:app", tmp_path, "id", VariantSpec(host="::1"), {}, {}, host="::1")
    assert launch._command() == ["[::1]:0", "::1"]


# -- entry points


@dataclass
class Point:
    """An entry point, as far as it is looked at."""

    name: str
    load: Callable[[], object]
    value: str = "theirs.testing:profile"


def broken() -> object:
    """Stand for an entry point whose package is broken."""
    raise ImportError("No module named 'theirs'")


def points(monkeypatch: pytest.MonkeyPatch, **given: object) -> None:
    """Install entry points that give what is given, or raise what it raises."""
    made = [Point(name, value if value is broken else lambda value=value: value) for name, value in given.items()]  # type: ignore[misc]
    monkeypatch.setattr(profiles, "entry_points", lambda group: made if group == "gateproof.servers" else [])


def test_entry_points_that_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A table, a Profile, the name of a profile, or a function that gives one of them."""
    table = {"command": ["theirs", "{app}", "{port}"], "ready": 3}
    own = Profile("theirs", "asgi", ("theirs", "{app}", "{port}"))
    points(monkeypatch, table=table, profile=own, name="wsgiref", function=lambda: table)
    assert resolve("table", rootdir=tmp_path).ready_s == 3
    assert resolve("table", rootdir=tmp_path).path == ()
    assert resolve("profile", rootdir=tmp_path).argv == own.argv
    assert resolve("name", rootdir=tmp_path).name == "wsgiref"
    assert resolve("function", rootdir=tmp_path).argv[0] == "theirs"


def test_entry_points_that_do_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The entry point is named, with where it points."""
    points(monkeypatch, broken=broken, typed=5, table={"command": ["x", "{app}", "{port}"], "ready": "soon"})
    for name, words in {
        "broken": r"the entry point broken \(theirs.testing:profile\) cannot be loaded: No module named 'theirs'",
        "typed": r"the entry point typed \(theirs.testing:profile\) gives a int; a Profile, a table or",
        "table": r"the entry point table \(theirs.testing:profile\): `ready` is a number",
    }.items():
        with pytest.raises(UsageError, match=words):
            resolve(name, rootdir=tmp_path)


def test_entry_points_are_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They stand in the list, and are the nearest match of what is misspelt."""
    points(monkeypatch, halcyon=broken)
    with pytest.raises(UsageError, match=r"did you mean halcyon\?\nknown: .*halcyon"):
        resolve("halcyn", rootdir=tmp_path)


# -- where a server of the project finds its modules

SERVE = """
from wsgiref.simple_server import make_server

def serve(app, host, port):
    make_server(host, port, app).serve_forever()

if __name__ == "__main__":
    import importlib, sys
    module, _, name = sys.argv[1].partition(":")
    serve(getattr(importlib.import_module(module), name), "127.0.0.1", int(sys.argv[2]))
"""


@pytest.mark.servers
@pytest.mark.parametrize("server", ["mypkg.testing:serve", "mine"])
def test_a_project_that_is_not_installed(tmp_path: Path, server: str) -> None:
    """The script `pytest` has nothing of the project on its path; a server of the project is found all the same."""
    (tmp_path / "mypkg").mkdir()
    (tmp_path / "mypkg" / "__init__.py").touch()
    (tmp_path / "mypkg" / "testing.py").write_text(SERVE)
    (tmp_path / "wsgi_probe.py").write_text("raise RuntimeError('the launch folder comes first')")
    (tmp_path / "pyproject.toml").write_text(f"{WHERE}\ncommand = '{{python}} -m mypkg.testing {{app}} {{port}}'\n")
    script = Path(sys.executable).with_name("pytest")
    command = [str(script), f"--server={server}", "-k", "version_and_scheme", "--report=out", "-p", "no:randomly"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert report_of(tmp_path)["totals"]["pass"]


@pytest.mark.servers
def test_a_callable_that_cannot_be_imported(tmp_path: Path) -> None:
    """The message says where it was looked for."""
    target = targets.of(Settings(server="nowhere.testing:serve", rootdir=tmp_path))
    target.resolve()
    try:
        with pytest.raises(TargetError, match=rf"(?s)it looks for modules in .* and {tmp_path}, then where .*nowhere"):
            target.start()
    finally:
        target.stop()

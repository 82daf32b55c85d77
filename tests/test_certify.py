"""`pytest --certify` replays the frozen set: its checks, their revisions, their corpora, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateproof.cli import main
from gateproof.requirements import SET, coverage, sets
from tests.running import SERVER, report_of, run

pytestmark = pytest.mark.servers
LATER = """
from gateproof.requirements import sets
frozen = sets.load("{set}")
name = "wsgi/server/environ/environ_is_a_builtin_dict"
check = frozen.checks.pop(name)
{change}
"""

# What the first run of a check says is taken for a failure: only a second one finds the server conforming.
FLAKY = """
from gateproof.session import Session

judge, said_so = Session._judge, []


def once(session, function, launch):
    said, told = judge(session, function, launch)
    if not said_so:
        said_so.append(function)
        said["verdict"] = "fail"
        for judgement in said["judgements"]:
            judgement.update(verdict="fail", seen="a UserDict")
    return said, told


Session._judge = once
"""


def test_a_conforming_server_earns_what_is_judged(tmp_path: Path) -> None:
    """The certificate is there, says what denies the next level, and no database was made."""
    done = run(tmp_path, SERVER, "--certify", "--report=out")
    assert done.returncode == 0, done.stdout
    report = report_of(tmp_path)
    assert (report["suite"]["certify"], report["suite"]["effort"], report["suite"]["complete"]) == (SET, "quick", True)
    assert report["suite"]["certify_digest"] == sets.load(SET).digest
    assert report["target"]["spec"] == [SERVER]
    found = json.loads((tmp_path / "out" / "certificate.json").read_text())
    assert found["level"] == "Full"
    assert found["levels"]["Full"]["kept"] == found["levels"]["Full"]["of"]
    assert all(each["evidence"] in report["exchanges"] for each in found["gated"])
    assert f"set {SET}: Full" in done.stdout
    assert "1 of 5 repeated runs" in done.stdout
    assert not (tmp_path / ".hypothesis").exists()
    assert json.loads((tmp_path / "out" / "badge.json").read_text())["message"].startswith(f"Full {SET}, ")


def test_a_selection_earns_nothing(tmp_path: Path) -> None:
    """-k leaves the run incomplete: grey, and no level. The default folder has a name."""
    done = run(tmp_path, SERVER, "--certify", "-k", "builtin_dict")
    assert done.returncode == 0, done.stdout
    found = json.loads((tmp_path / "gateproof-report" / "certificate.json").read_text())
    assert found["level"] is None
    assert "the run is not complete" in found["levels"]["Core"]["unmet"]
    assert json.loads((tmp_path / "gateproof-report" / "badge.json").read_text())["color"] == "6b7078"


def test_a_run_that_stopped_earns_nothing(tmp_path: Path) -> None:
    """-x ends a run before its checks do, and --lf chooses of them: nobody can earn a level by either."""
    (tmp_path / "flaky.py").write_text(FLAKY)
    done = run(tmp_path, "-p", "flaky", SERVER, "--certify", "--report=out", "-x")
    assert done.returncode == 1, done.stdout
    for chosen in ((), ("--lf",)):
        if chosen:
            done = run(tmp_path, SERVER, "--certify", "--report=out", *chosen)
            assert done.returncode == 0, done.stdout
        report, found = report_of(tmp_path), json.loads((tmp_path / "out" / "certificate.json").read_text())
        assert report["suite"]["complete"] is False
        assert report["suite"]["missing"]
        assert found["level"] is None
        assert all("the run is not complete" in level["unmet"] for level in found["levels"].values())


def test_a_rerun_hides_nothing(tmp_path: Path) -> None:
    """What pytest-rerunfailures ran again says the same each time, or is unstable: 1 of 2 runs, and no level."""
    (tmp_path / "flaky.py").write_text(FLAKY)
    done = run(tmp_path, "-p", "flaky", SERVER, "--certify", "--report=out", "-k", "builtin_dict", "--reruns", "1")
    assert "1 rerun" in done.stdout
    entry = report_of(tmp_path)["requirements"]["WSGI-ENV-001"]
    [check] = entry["checks"]
    assert (check["verdict"], check["k"], check["n"]) == ("inform", 1, 2)
    assert (check["message"], check["seen"]) == ("unstable: fail in 1 of 2 runs", "a UserDict")
    denied = json.loads((tmp_path / "out" / "certificate.json").read_text())["levels"]["Core"]["denied"]
    assert next(each["verdict"] for each in denied if each["requirement"] == "WSGI-ENV-001") == "unstable"
    assert "### unstable (1)" in (tmp_path / "out" / "summary.md").read_text()


OLDER = """
from pathlib import Path

from gateproof.requirements import sets

folder = Path({folder!r})
sets.files = lambda package: folder
"""


def test_an_older_set_is_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--certify-set names it: its checks alone are run, and its certificate is written, also by the commands."""
    folder = tmp_path / "sets"
    folder.mkdir()
    newest = (Path(sets.__file__).parent / f"{SET}.toml").read_text()
    (folder / f"{SET}.toml").write_text(newest)
    head, _, checks = newest.partition("[checks]\n")
    name = '"wsgi/server/environ/environ_is_a_builtin_dict"'
    row = next(line for line in head.splitlines() if line.startswith("WSGI-ENV-001 ="))
    check = next(line for line in checks.splitlines() if line.startswith(name))
    text = f'set = "2025.1"\ndigest = ""\nruns = 5\n\n[requirements]\n{row}\n\n[checks]\n{check}\n'
    (folder / "2025.1.toml").write_text(text.replace('""', f'"{sets.body_digest(text)}"', 1))
    (tmp_path / "older.py").write_text(OLDER.format(folder=str(folder)))
    done = run(tmp_path, "-p", "older", SERVER, "--certify-set=2025.1", "--report=out")
    assert done.returncode == 0, done.stdout
    assert "replays the 1 checks of set 2025.1" in done.stdout
    suite = report_of(tmp_path)["suite"]
    assert (suite["certify"], suite["set"], suite["complete"]) == ("2025.1", SET, True)
    found = json.loads((tmp_path / "out" / "certificate.json").read_text())
    assert (found["set"]["name"], found["level"], found["levels"]["Core"]["of"]) == ("2025.1", "Full", 1)
    assert json.loads((tmp_path / "out" / "badge.json").read_text())["message"] == "Full 2025.1, 1/1"
    monkeypatch.setattr(sets, "files", lambda package: folder)
    sets.load.cache_clear()
    try:
        assert main(["certificate", str(tmp_path / "out")]) == 0
        assert main(["certificate", str(tmp_path / "out"), "--set", SET]) == 1  # it replayed another one
    finally:
        sets.load.cache_clear()
    done = run(tmp_path, SERVER, "--certify-set=1999.1")
    assert done.returncode == 4
    assert f"there is no set 1999.1; known are {SET}" in done.stderr


def test_more_draws_are_no_replay(tmp_path: Path) -> None:
    """--certify and --effort exclude each other."""
    done = run(tmp_path, SERVER, "--certify", "--effort=thorough")
    assert done.returncode == 4
    assert "choose one" in done.stderr


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("", "1 deselected"),
        ("frozen.checks[name] = type(check)(name, 2)", "1 deselected"),
        ("frozen.checks[name] = check", "1 passed"),
    ],
)
def test_a_check_that_is_not_as_frozen_is_left_out(tmp_path: Path, change: str, why: str) -> None:
    """One that the set does not hold, or holds in another revision."""
    (tmp_path / "later.py").write_text(LATER.format(set=SET, change=change))
    name = f"{coverage.folder('gateproof.suites')}/wsgi/server/test_environ.py::test_environ_is_a_builtin_dict"
    done = run(tmp_path, "-p", "later", SERVER, "--certify", "--report=out", name)
    assert why in done.stdout


def test_a_corpus_that_changed_is_our_trouble(tmp_path: Path) -> None:
    """What was frozen can no longer be played: an error, so no level, and nobody is accused."""
    name = "wsgi/server/status/status_code_arrives"
    (tmp_path / "later.py").write_text(
        f"from gateproof.requirements import sets\nfrozen = sets.load({SET!r})\n"
        f"frozen.checks[{name!r}] = sets.FrozenCheck({name!r}, 1, ('1:0123456789abcdef',))\n"
    )
    done = run(tmp_path, "-p", "later", SERVER, "--certify", "-k", "status_code_arrives", "--report=out")
    assert done.returncode == 3, done.stdout
    assert f"a corpus of {name} is not the one that was frozen" in done.stdout
    assert report_of(tmp_path)["totals"]["fail"] == 0


def test_the_set_is_there() -> None:
    """And names the checks of the suites."""
    assert sets.load(SET).checks


PLAIN = """
from flask import Flask

flask = Flask("made")
flask.add_url_rule("/", view_func=lambda: "hello")



def late(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["hello"]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise ValueError(scope["type"])
    fields = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"hello"})


async def bare(scope, receive, send):
    fields = [("content-type", "text/plain"), ("content-length", "5")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"hello"})
"""


@pytest.mark.parametrize(
    ("name", "level", "gate"),
    [
        ("flask", "Full", "asgi-adapter"),
        ("late", None, "asgi-adapter"),
        ("asgi", "Full", "wsgi-adapter"),
        ("bare", None, "wsgi-adapter"),
    ],
)
def test_an_application_is_scored_by_what_it_does(tmp_path: Path, name: str, level: str | None, gate: str) -> None:
    """What it never does, and that it is no adapter, is shown by its exchanges; what it does wrong denies."""
    (tmp_path / "plain.py").write_text(PLAIN)
    interface = "wsgi" if gate == "asgi-adapter" else "asgi"
    done = run(tmp_path, f"--app=plain:{name}", f"--interface={interface}", "--certify", "--report=out")
    found = json.loads((tmp_path / "out" / "certificate.json").read_text())
    assert found["level"] == level, done.stdout
    exchanges = report_of(tmp_path)["exchanges"]
    assert all(exchanges[each["evidence"]]["app"] for each in found["gated"])
    assert gate in {each["gate"] for each in found["gated"]}
    if level is None:
        assert {each["verdict"] for each in found["levels"]["Core"]["denied"]} >= {"fail"}

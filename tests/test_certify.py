"""`pytest --certify` replays the frozen set: its checks, their revisions, their corpora, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


def test_a_conforming_server_earns_what_is_judged(tmp_path: Path) -> None:
    """The certificate is there, says what denies the next level, and no database was made."""
    done = run(tmp_path, SERVER, "--certify", "--report=out")
    assert done.returncode == 0, done.stdout
    report = report_of(tmp_path)
    assert (report["suite"]["certify"], report["suite"]["effort"], report["suite"]["complete"]) == (SET, "quick", True)
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

"""The benchmarks run, and what they rest on holds; their figures are for people, as a loaded machine proves nothing."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from gateproof import baseline
from gateproof.check import check_id, info
from gateproof.servers import shipped

from .proof.harness import checks

FOLDER = Path(__file__).parent.parent / "benchmarks"


def test_the_plugin_imports_nothing_heavy() -> None:
    """Every pytest run of the environment loads it: nothing but its own two modules comes with it."""
    code = "import sys, pytest\nbefore = set(sys.modules)\nimport gateproof.plugin\nprint(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name for name in done.stdout.split() if not name.startswith("__editable__")} <= {
        "gateproof",
        "gateproof.options",
        "gateproof.plugin",
    }


def test_the_overhead_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """Two pairs are enough to see that it works."""
    runpy.run_path(str(FOLDER / "overhead.py"))["main"](["2"])
    assert "the plugin adds" in capsys.readouterr().out


@pytest.mark.servers
def test_the_floor_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """One round over one check: every line is there; what it says of so little is nothing."""
    main = runpy.run_path(str(FOLDER / "floor.py"))["main"]
    main.__globals__["ROUNDS"] = 1
    main(["reference-wsgi", "-k", "query_string"])
    printed = capsys.readouterr().out
    for label in ("own start", "1 launches", "draws alone", "played bare", "their journal", "times the floor"):
        assert label in printed


@pytest.mark.servers
def test_stability_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs of one check agree; what differs would be named."""
    module = runpy.run_path(str(FOLDER / "stability.py"))
    assert module["main"](["reference-wsgi", "--runs", "2", "-k", "query_string"]) == 0
    assert "0 verdicts that differ" in capsys.readouterr().out
    runs = [{"A": "pass", "B": "fail"}, {"A": "pass", "B": "inform"}, {"A": "pass"}]
    assert module["differences"](runs) == {"B": ["fail", "inform", "absent"]}


def test_a_release_of_which_nothing_was_judged_misses_no_bug() -> None:
    """It is told as a problem, with what the run said: nobody has looked for the bug."""
    module = runpy.run_path(str(FOLDER / "history.py"))
    entry = {"verdict": "untested", "checks": []}
    read = module["_read"]({"requirements": {"WSGI-ENV-001": entry}, "suite": {"problems": ["it did not start"]}})
    assert read.problem == "nothing was judged: it did not start"
    read = module["_read"]({"requirements": {"WSGI-ENV-001": {**entry, "verdict": "pass"}}, "suite": {"problems": []}})
    assert (read.problem, read.verdicts) == ("", {"WSGI-ENV-001": "pass"})


def test_what_is_known_of_servers_is_of_checks_that_exist() -> None:
    """Every file is that of a profile, and every entry that of a requirement and of a check that judges it."""
    judged = {
        (row, check_id(check))
        for interface in ("wsgi", "asgi")
        for check in checks(interface)
        for row in info(check).requirements
    }
    files = sorted((FOLDER / "known").glob("*.toml"))
    assert {path.stem for path in files} <= set(shipped())
    for path in files:
        entries = [(entry.requirement, entry.check) for entry in baseline.load(path)]
        assert len(set(entries)) == len(entries)
        assert set(entries) <= judged, path.stem


def test_what_differs_from_what_is_known_is_told() -> None:
    """A warning that is not known, and an entry that no longer holds."""
    differences = runpy.run_path(str(FOLDER / "servers.py"))["differences"]
    rows = {
        "A": {"checks": [{"id": "a", "verdict": "fail", "seen": "x"}, {"id": "b", "verdict": "warn", "seen": "y"}]},
        "B": {"checks": [{"id": "c", "verdict": "pass", "seen": ""}]},
    }
    report = {"target": {"version": "1.0"}, "suite": {"effort": "quick"}, "requirements": rows}
    entries = [baseline.Entry("A", "why", "a"), baseline.Entry("B", "fixed", "c"), baseline.Entry("C", "gone")]
    assert differences(report, entries) == [
        "warn of A by b: y",
        "no longer seen: B (fixed)",
        "no such requirement: C (gone)",
    ]
    assert differences(report, [*entries[:1], baseline.Entry("A", "that too", "b")]) == []

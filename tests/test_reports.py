"""What a run leaves behind keeps to its contract, whatever became of the run."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from gateproof.report import schema
from tests.running import SERVER, clean, project_server, report_of, run

pytestmark = pytest.mark.servers
FEW = "builtin_dict or version_and_scheme or two_positional"
CRASHING = """
import os, pytest
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    if item.name == "test_environ_is_a_builtin_dict":
        {}
"""


def test_the_schema_is_one() -> None:
    """It keeps to the schema of schemas, and admits no key that it does not name."""
    Draft202012Validator.check_schema(schema())
    assert not Draft202012Validator(schema()).is_valid({"schema": "gateproof.report/1"})


def test_a_failing_run_and_its_junit_file(tmp_path: Path) -> None:
    """Octets, journal and reasons stand in the report; JUnit's properties name requirement, level and verdict."""
    done = run(tmp_path, "--server=wsgiref", "-k", "no_content_variables", "--report=out", "--junitxml=junit.xml")
    assert done.returncode == 1
    report = report_of(tmp_path)
    check = report["requirements"]["WSGI-ENV-012"]["checks"][0]
    assert check["verdict"] == "fail"
    assert (check["k"], check["n"]) == (2, 2)
    assert report["exchanges"][check["exchanges"][0]]["app"][0]["event"] == "call"
    case = ElementTree.parse(tmp_path / "junit.xml").find(".//testcase")
    assert case is not None
    properties = [(found.get("name"), found.get("value")) for found in case.iter("property")]
    assert properties[:3] == [("requirement", "WSGI-ENV-012"), ("level", "must"), ("verdict", "fail")]


def test_an_interrupted_run(tmp_path: Path) -> None:
    """Status 2; the report is written and says that it is not complete."""
    (tmp_path / "crashing.py").write_text(CRASHING.format("raise KeyboardInterrupt"))
    done = run(tmp_path, "-p", "crashing", SERVER, "-k", FEW, "--report=out")
    assert done.returncode == 2, done.stdout
    report = report_of(tmp_path)
    assert (report["suite"]["complete"], report["suite"]["exit_status"]) == (False, 2)
    assert report["totals"]["pass"] > 0


def test_a_worker_that_crashes(tmp_path: Path) -> None:
    """The parts that arrived make the report; that a worker ended is our own trouble, status 3."""
    (tmp_path / "crashing.py").write_text(CRASHING.format("os._exit(9)"))
    done = run(tmp_path, "-p", "crashing", SERVER, "-k", FEW, "-n", "2", "--report=out")
    assert done.returncode == 3, done.stdout
    report = report_of(tmp_path)
    assert report["suite"]["complete"] is False
    assert report["requirements"]["WSGI-ENV-001"]["verdict"] == "untested"
    assert any("ended by itself" in problem for problem in report["suite"]["problems"])


def test_a_run_without_a_target_that_starts(tmp_path: Path) -> None:
    """The report is there as well, and says why nothing was judged."""
    server = project_server(tmp_path, "raise SystemExit('out of order')")
    done = run(tmp_path, server, "-k", FEW, "--report=out")
    assert done.returncode == 3
    assert clean(done)
    report = report_of(tmp_path)
    assert "out of order" in report["suite"]["problems"][0]
    assert report["totals"]["untested"] == len(report["requirements"])


def test_the_terminal_says_what_is_judged(tmp_path: Path) -> None:
    """Target, version, interface, suites, numbers of checks and requirements; then the sections by verdict."""
    done = run(tmp_path, "--server=waitress", "-k", FEW)
    head, _, rest = done.stdout.partition("collected")
    for words in (
        "server waitress ",
        "WSGI",
        "CPython",
        "effort default",
        " checks of ",
        " requirements",
        "suites in ",
    ):
        assert words in head
    assert "gateproof: waitress " in rest
    assert "environ Variables" in rest
    assert " untested" in rest


def test_one_failure_is_enough_for_x(tmp_path: Path) -> None:
    """-x ends the run at the first; --lf then takes up that one alone. Neither changes the denominator."""
    first = run(
        tmp_path, "--server=wsgiref", "-k", "no_content_variables or version_and_scheme or paths", "-x", "--report=out"
    )
    assert first.returncode == 1
    before = report_of(tmp_path)
    assert before["suite"]["selection"][1:] == ["--maxfail 1"]
    again = run(tmp_path, "--server=wsgiref", "--lf", "--report=out")
    assert again.returncode == 1
    after = report_of(tmp_path)
    assert "--lf" in after["suite"]["selection"]
    assert "1 failed" in again.stdout
    assert "passed" not in again.stdout.splitlines()[-1]
    assert len(before["requirements"]) == len(after["requirements"])


OWN = """
import pytest
@pytest.fixture(scope="session")
def gateproof_server():
    return {{"command": "{{python}} -m waitress --listen={{host}}:{{port}} {{app}}", "interface": "{}"}}
"""


def test_a_fixture_names_the_server(tmp_path: Path) -> None:
    """A conftest at the root says what any word after --server= means; one deeper only earns a warning."""
    (tmp_path / "conftest.py").write_text(OWN.format("wsgi"))
    done = run(tmp_path, "--server=ours", "-k", FEW, "--report=out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert report_of(tmp_path)["target"]["name"] == "the fixture gateproof_server"
    deep = tmp_path / "deep"
    deep.mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    os.rename(tmp_path / "conftest.py", deep / "conftest.py")
    done = run(deep, SERVER, "-k", FEW)
    assert done.returncode == 0, done.stdout
    assert "is not used: only that of" in done.stdout


def test_a_fixture_for_the_other_interface(tmp_path: Path) -> None:
    """What was collected was collected for one interface; the message says how to name the other."""
    (tmp_path / "conftest.py").write_text(OWN.format("asgi"))
    done = run(tmp_path, "--server=ours", "-k", FEW)
    assert done.returncode == 4
    assert clean(done)
    assert "say --interface=asgi" in done.stdout


def test_a_run_is_compared_with_an_earlier_one(tmp_path: Path) -> None:
    """What fails now and did not before is said at the end; a path without a report is wrong usage."""
    run(tmp_path, SERVER, "-k", "no_content_variables or version_and_scheme", "--report=out")
    os.rename(tmp_path / "out", tmp_path / "before")
    done = run(tmp_path, "--server=wsgiref", "-k", "no_content_variables", "--compare=before", "--report=out")
    assert done.returncode == 1
    assert "compared with reference-wsgi " in done.stdout
    assert "new      WSGI-ENV-012           pass -> fail" in done.stdout
    assert "(before):" in done.stdout
    wrong = run(tmp_path, SERVER, "--compare=nowhere")
    assert wrong.returncode == 4
    assert "--compare: nowhere cannot be read" in (wrong.stdout + wrong.stderr).replace(f"{tmp_path}/", "")

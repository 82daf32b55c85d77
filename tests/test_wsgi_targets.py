"""Whole runs over WSGI applications and middleware, as their authors make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import clean, report_of, run

MODULE = """
TEXT = ("Content-Type", "text/plain")

def app(environ, start_response):
    start_response("200 OK", [TEXT])
    return [b"hello"]

def numbers(environ, start_response):
    start_response("200 OK" if environ["PATH_INFO"] != "/count" else 200, [TEXT])
    return [b"hello"]

def hanging(environ, start_response):
    import time
    time.sleep(600 if environ["REQUEST_METHOD"] == "DELETE" else 0)
    return app(environ, start_response)

def middleware(app):
    return lambda environ, start_response: app(environ, start_response)

def joining(app):
    return lambda environ, start_response: [b"".join(app(environ, start_response))]
"""
QUICK = ("-q", "--effort=quick", "--report=out")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a module."""
    (tmp_path / "main.py").write_text(MODULE)
    return tmp_path


def test_an_application_that_conforms(project: Path) -> None:
    """Nothing fails or warns, and every row of applications is in the report."""
    done = run(project, "--app=main:app", *QUICK)
    assert clean(done)
    assert done.returncode == 0, done.stdout
    report = report_of(project)
    assert (report["totals"]["fail"], report["totals"]["warn"], report["totals"]["error"]) == (0, 0, 0)
    assert report["target"]["kind"] == "application"
    assert {entry["verdict"] for name, entry in report["requirements"].items() if "-STATUS-" in name} == {"pass"}


def test_an_application_with_an_import_hook_of_an_old_kind(project: Path) -> None:
    """What Python says of it whenever something is imported that is not there is no error, where warnings are."""
    hook = 'import sys\nsys.meta_path.append(type("Hook", (), {"find_module": lambda *_: None})())\n'
    (project / "main.py").write_text(hook + MODULE)
    (project / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    missing = "    try:\n        import not_there\n    except ImportError:\n        pass\n"
    (project / "conftest.py").write_text("def pytest_collection_modifyitems():\n" + missing)
    done = run(project, "--app=main:app", "-k", "status", *QUICK)
    assert done.returncode == 0, done.stdout


def test_a_fault_at_a_path_that_is_named(project: Path) -> None:
    """The failure shows the sentence, what was seen, and the call as request, response and journal."""
    done = run(project, "--app=main:numbers", "--app-paths=/,/count", *QUICK)
    assert clean(done)
    assert done.returncode == 1
    assert "WSGI-STATUS-001  fail" in done.stdout
    assert "> GET /count HTTP/1.1" in done.stdout
    failed = {name for name, entry in report_of(project)["requirements"].items() if entry["verdict"] == "fail"}
    assert failed == {"WSGI-STATUS-001"}


def test_middleware_that_joins_the_body(project: Path) -> None:
    """What breaks is named; what conforms is not."""
    done = run(project, "--middleware=main:joining", "--interface=wsgi", *QUICK)
    assert clean(done)
    failed = {name for name, entry in report_of(project)["requirements"].items() if entry["verdict"] == "fail"}
    assert {"WSGI-MW-002", "WSGI-ITER-024", "WSGI-ITER-025"} <= failed
    good = run(project, "--middleware=main:middleware", "--interface=wsgi", *QUICK)
    assert good.returncode == 0, good.stdout


def test_a_call_that_hangs_costs_its_deadline(project: Path) -> None:
    """The run ends by itself."""
    done = run(project, "--app=main:hanging", "-k", "status", *QUICK, timeout=300)
    assert clean(done)
    assert report_of(project)["suite"]["waits_s"] > 0

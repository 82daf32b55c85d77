"""The plugin is a good guest: it judges when it is asked to, and leaves no trace when it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.running import SERVER, clean, project_server, report_of, run

pytestmark = pytest.mark.servers
ROOT = Path(__file__).parent.parent


def test_a_conforming_server_passes(tmp_path: Path) -> None:
    """Exit status 0, a complete report, and no failure or warning in it."""
    done = run(tmp_path, SERVER, "--effort=quick", "--report=out")
    assert done.returncode == 0, done.stdout
    report = report_of(tmp_path)
    assert report["totals"]["fail"] == report["totals"]["warn"] == report["totals"]["error"] == 0
    assert report["suite"]["complete"] is True
    assert report["target"]["name"] == "reference-wsgi"


def test_an_empty_folder_of_a_host_without_target(tmp_path: Path) -> None:
    """Without a target nothing is collected and nothing is said."""
    done = run(tmp_path)
    assert done.returncode == 5
    assert "gateproof: server" not in done.stdout


def test_a_host_that_defines_server_itself(tmp_path: Path) -> None:
    """Its option goes on working, in any depth, and ours is there under its long name."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "conftest.py").write_text("def pytest_addoption(parser):\n    parser.addoption('--server')\n")
    (tmp_path / "deep" / "test_own.py").write_text(
        "def test_own(request):\n    assert request.config.option.server == 'x'\n"
    )
    assert run(tmp_path / "deep", "--server=x").returncode == 0
    done = run(tmp_path / "deep", "--gateproof-server=reference-wsgi", "-k", "version_and_scheme")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("arguments", "added", "words"),
    [
        ([SERVER], "", "checks of"),
        ([], SERVER, "checks of"),
        (["-o", f"addopts={SERVER}"], "", "checks of"),
        (
            ["-p", "taker", SERVER, "--report=x"],
            "",
            "--report belongs to another plugin here; use --gateproof",
        ),
    ],
    ids=["argument", "PYTEST_ADDOPTS", "addopts", "taken"],
)
def test_short_forms_in_a_checkout(tmp_path: Path, arguments: list[str], added: str, words: str) -> None:
    """Where nothing is installed the conftest at the root defines them, as the plugin does elsewhere."""
    (tmp_path / "taker.py").write_text("def pytest_addoption(parser):\n    parser.addoption('--report')\n")
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": added}
    command = [sys.executable, "-W", "error", "-m", "pytest", "--collect-only", "-k", "version_and_scheme", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**environment, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert words in done.stdout
    assert "test_version_and_scheme" in done.stdout


def test_an_unknown_server_names_the_nearest(tmp_path: Path) -> None:
    """One clear message, status 4, no traceback."""
    done = run(tmp_path, "--server=waitres")
    assert done.returncode == 4
    assert "did you mean waitress?" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_an_interpreter_that_does_not_exist(tmp_path: Path) -> None:
    """The same for --server-python."""
    done = run(tmp_path, "--server=waitress", "--server-python=/nowhere/python")
    assert done.returncode == 4
    assert "/nowhere/python" in done.stderr


def test_two_targets_are_refused(tmp_path: Path) -> None:
    """A run judges one."""
    done = run(tmp_path, SERVER, "--app=x:y")
    assert done.returncode == 4
    assert "a run judges one" in done.stderr


def test_a_selection_never_changes_the_denominator(tmp_path: Path) -> None:
    """What -k leaves out is untested, with the reason, and the report says that it is not complete."""
    done = run(tmp_path, SERVER, "-k", "version_and_scheme", "--report=out")
    assert done.returncode == 0, done.stdout
    report = report_of(tmp_path)
    assert report["suite"]["complete"] is False
    assert report["requirements"]["WSGI-ENV-023"]["verdict"] == "pass"
    assert report["requirements"]["WSGI-ENV-001"]["verdict"] == "untested"
    assert "not run" in report["requirements"]["WSGI-ENV-001"]["reason"]
    assert sum(report["totals"].values()) == len(report["requirements"])


def test_a_run_that_takes_too_long_ends_with_its_report(tmp_path: Path) -> None:
    """What was judged by then is told, and nothing is said of the rest."""
    (tmp_path / "conftest.py").write_text("from gateproof import session\nsession.LIMITS_S['quick'] = 0.0\n")
    done = run(tmp_path, SERVER, "--effort=quick", "--report=out", "-k", "environ")
    report = report_of(tmp_path)
    assert done.returncode == 2
    assert clean(done)
    assert "the run has taken more than 0 s" in done.stdout
    assert report["suite"]["complete"] is False
    judged = {check["id"] for row in report["requirements"].values() for check in row["checks"]}
    assert len(judged) == 1


def test_collect_only_starts_nothing(tmp_path: Path) -> None:
    """All checks are listed; a server that cannot start is not missed."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.gateproof.servers.mine]\ncommand = "/nowhere/server {app} {port}"\ninterface = "wsgi"\n'
    )
    done = run(tmp_path, "--server=mine", "--collect-only", "-q")
    assert done.returncode == 0, done.stdout
    assert "test_environ_is_a_builtin_dict" in done.stdout


def test_what_was_begun_for_no_check_is_stopped(tmp_path: Path) -> None:
    """The server starts while pytest collects; where no check is chosen it ends with the run, and is not waited for."""
    code = "import os, time\nopen(PID, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    server = project_server(tmp_path, code.replace("PID", repr(str(tmp_path / "pid"))))
    done = run(tmp_path, server, "-k", "no_check_is_called_that", timeout=40)
    assert done.returncode == 5, done.stdout
    assert clean(done)
    assert not (tmp_path / "pid").exists() or not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_a_command_that_cannot_start_is_our_trouble(tmp_path: Path) -> None:
    """Status 3, with the command and what to look at, and the rest of the checks is not tried."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.gateproof.servers.mine]\ncommand = "{python} -c raise(SystemExit(7)) {app} {port}"\n'
    )
    done = run(tmp_path, "--server=mine", "--report=out")
    assert done.returncode == 3, done.stdout
    assert "could not be started" in done.stdout
    assert "exit status 7" in done.stdout
    assert "INTERNALERROR" not in done.stdout


@pytest.mark.parametrize(
    "table",
    [
        "interface = 'wsgi'",
        "command = 'x {app}'",
        "command = 'x {app} {port}'\ninterface = 'cgi'",
        "command = 1\nzzz = 2",
    ],
)
def test_a_table_that_is_wrong(tmp_path: Path, table: str) -> None:
    """The table, the key and the cure are named."""
    (tmp_path / "pyproject.toml").write_text(f"[tool.gateproof.servers.mine]\n{table}\n")
    done = run(tmp_path, "--server=mine")
    assert done.returncode == 4
    assert "[tool.gateproof.servers.mine]" in done.stderr


def test_settings_of_the_host_do_not_leak_in(tmp_path: Path) -> None:
    """Neither its file patterns, its ignored folders nor its autouse fixtures reach our checks."""
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npython_files = check_*.py\npython_functions = check_*\nnorecursedirs = suites wsgi server\n"
        "addopts = --strict-markers -ra\n"
    )
    (tmp_path / "conftest.py").write_text(
        "import pytest\n@pytest.fixture(autouse=True)\ndef boom():\n    raise RuntimeError('leaked')\n"
        "@pytest.fixture\ndef server():\n    raise RuntimeError('leaked')\n"
    )
    done = run(tmp_path, SERVER, "-k", "test_environ_is or version_and", "-o", "strict=true", "-W", "error")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_marks_choose_by_level_and_interface(tmp_path: Path) -> None:
    """-m speaks the rows' words."""
    done = run(tmp_path, SERVER, "-m", "should and not must", "--collect-only", "-q")
    assert "test_remote_addr_is_the_peer" in done.stdout
    assert "test_environ_is_a_builtin_dict" not in done.stdout


def test_workers_of_xdist_hand_in_their_parts(tmp_path: Path) -> None:
    """One server a worker, one report."""
    done = run(tmp_path, SERVER, "-n", "2", "--effort=quick", "--report=out")
    assert done.returncode == 0, done.stdout
    report = report_of(tmp_path)
    assert report["suite"]["complete"] is True
    assert report["totals"]["pass"] > 60
    assert len({launch["pid"] for launch in report["launches"]}) >= 2


def test_without_the_plugin_nothing_is_left(tmp_path: Path) -> None:
    """-p no: takes it out."""
    done = run(tmp_path, "-p", "no:gateproof.plugin", SERVER)
    assert done.returncode == 4
    assert "unrecognized arguments" in done.stderr


def test_a_failing_server_is_reported_with_both_witnesses(tmp_path: Path) -> None:
    """wsgiref breaks a MUST: the failure has sentence, link, octets, journal and a line that replays it."""
    done = run(tmp_path, "--server=wsgiref", "-k", "no_content_variables")
    assert done.returncode == 1
    for text in ("WSGI-ENV-012  fail", "https://peps.python.org/pep-3333/", "> GET / HTTP/1.1", "app call", "replay:"):
        assert text in done.stdout
    line = next(line for line in done.stdout.splitlines() if "replay:" in line).split("replay:")[1].split()
    again = subprocess.run(
        [sys.executable, "-m", "gateproof.cli", *[word.strip("'") for word in line[1:]]],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert "text/plain" in again.stdout.split("now:")[1]

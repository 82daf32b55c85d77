"""Runs pytest in a folder, as a user would, and reads what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
from jsonschema import Draft202012Validator

from gateproof.report import schema

SERVER = "--server=reference-wsgi"
SCHEMA = Draft202012Validator(schema())


OTHERS = {"-n", "--reruns"}  # options of other plugins


def run(folder: Path, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder, with our plugin alone where no option is another's: all that are there cost a second."""
    command = [sys.executable, "-m", "pytest", "-p", "gateproof.plugin", "-p", "no:randomly", *arguments]
    environment = {key: value for key, value in os.environ.items() if key != "GITHUB_STEP_SUMMARY"}
    if not OTHERS & set(arguments):
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False, env=environment
    )


def report_of(folder: Path) -> dict[str, Any]:
    """Return the report that a run wrote into `out`; every one that a test reads keeps to the schema."""
    loaded: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text())
    problems = [f"{error.json_path}: {error.message[:300]}" for error in SCHEMA.iter_errors(loaded)]
    assert problems == []
    assert sum(loaded["totals"].values()) == len(loaded["requirements"])
    return loaded


def lives(pid: int) -> bool:
    """Tell whether a process runs; it may end while it is asked for."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def clean(done: subprocess.CompletedProcess[str]) -> bool:
    """Tell whether a run ended without a traceback of ours."""
    said = done.stdout + done.stderr
    return "Traceback" not in said and "INTERNALERROR" not in said


def project_server(folder: Path, code: str, ready: float = 20.0, **keys: str) -> str:
    """Make a server of the project out of Python code, which gets the application and the port; return its option."""
    (folder / "server.py").write_text(code)
    lines = [f"{key} = '{value}'" for key, value in keys.items()]
    command = "{python} " + str(folder / "server.py") + " {app} {port}"
    (folder / "pyproject.toml").write_text(
        "\n".join(["[tool.gateproof.servers.mine]", f"command = '{command}'", f"ready = {ready}", *lines, ""])
    )
    return "--server=mine"

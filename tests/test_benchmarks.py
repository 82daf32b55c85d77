"""The benchmarks run, and what they rest on holds; their figures are for people, as a loaded machine proves nothing."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

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

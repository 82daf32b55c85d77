"""The benchmark runs; what it prints is for people, since a loaded machine proves nothing."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest


def test_the_benchmark_runs(capsys: pytest.CaptureFixture[str]) -> None:
    namespace = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "lint.py"))
    namespace["main"].__globals__.update(ROUNDS=1, CALLS=10)
    namespace["main"]()
    assert capsys.readouterr().out.count("times") == 8

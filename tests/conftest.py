"""Ends a run of the proof with its one line: how many mutants were killed, what is unproven, what stayed green."""

from __future__ import annotations

from typing import Any

import pytest

RESULTS: dict[str, list[bool]] = {"mutant": [], "variant": []}
UNPROVEN: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """Let the plugin of xdist keep the mutants of a worker apart; nothing else is set up."""
    config.addinivalue_line("markers", "proof(kind): what a test of the proof is about")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count by the kind that the test's name tells."""
    for kind in RESULTS:
        if report.when == "call" and f"::test_{kind}[" in report.nodeid:
            RESULTS[kind].append(report.passed)
    if report.when == "call" and "::test_every_check_is_proven[" in report.nodeid and not report.passed:
        UNPROVEN.append(report.nodeid)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Write the line."""
    mutants, variants = RESULTS["mutant"], RESULTS["variant"]
    if mutants or variants:
        terminalreporter.write_line(
            f"mutants killed {sum(mutants)} of {len(mutants)}, unproven checks {len(UNPROVEN)}, "
            f"conforming variants green {sum(variants)} of {len(variants)}"
        )

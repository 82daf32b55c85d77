"""The pytest plugin: hooks only. Nothing heavy is imported before a target is named: every pytest run loads this."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateproof import options

if TYPE_CHECKING:
    from gateproof.collecting import Collected
    from gateproof.session import Session

SESSION: pytest.StashKey[Session] = pytest.StashKey()
COLLECTED: pytest.StashKey[Collected] = pytest.StashKey()


def session_of(config: pytest.Config) -> Session:
    """Return the run that a pytest configuration belongs to."""
    return config.stash[SESSION]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the long forms, which nobody else has."""
    options.add_long_forms(parser.getgroup(options.GROUP, "gateproof: conformance of WSGI and ASGI"))


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, object, object]:
    """Register the short forms that this run spells, after every conftest has had its turn."""
    result = yield
    options.add_short_forms(early_config, parser, args)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Where a target is named: resolve it, load the fixtures, send collection to the packaged suites."""
    for line in ("must", "should", "may", "wsgi", "asgi", "frame", "server", "application", "middleware"):
        config.addinivalue_line("markers", f"{line}: gateproof, from the row of the requirement")
    config.addinivalue_line("markers", "requirement(id): gateproof, the requirements that a check judges")
    option = config.option
    if option.gateproof_lint_apps:
        from gateproof import lint_plugin

        lint_plugin.configure(config)
    if option.gateproof_server is option.gateproof_app is option.gateproof_middleware is None:
        return
    from gateproof import compiled

    compiled.prefer()
    from gateproof import collecting

    collecting.configure(config)


@pytest.fixture
def gateproof_lint() -> Iterator[Callable[..., Any]]:
    """A function that lints an application like `gateproof.lint`; the test fails for what was found in it."""
    from gateproof import lint_plugin

    yield from lint_plugin.gateproof_lint()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is judged, and from which folder the suites come."""
    taken = config.stash.get(options.TAKEN, [])
    lines = [f"gateproof: {name} belongs to another plugin here; use --gateproof{name[1:]}" for name in taken]
    if SESSION in config.stash:
        from gateproof import finishing

        lines += finishing.header(config)
    return lines


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Begin to start what every run needs, while pytest collects."""
    if SESSION in session.config.stash:
        from gateproof import collecting

        collecting.begin(session.config)


@pytest.hookimpl(tryfirst=True)
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collect our own folder, whatever the host project ignores."""
    if SESSION in config.stash:
        from gateproof import collecting

        return collecting.ignored(config, collection_path)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class, name: str, obj: object) -> Any:
    """Make a check out of every function that carries requirements."""
    if SESSION not in collector.config.stash:
        return None
    from gateproof import collecting

    return collecting.make_item(collector, name, obj)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Remember every check before `-k` and `-m` choose among them."""
    if SESSION in config.stash:
        from gateproof import collecting

        config.stash[COLLECTED] = collecting.remember(config, items)
        collecting.leave_out(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Learn which launches the chosen checks need."""
    if SESSION in session.config.stash:
        from gateproof import collecting

        collecting.chosen(session.config, session.items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what the check said to its report: that crosses from a worker of xdist by itself."""
    report = yield
    if SESSION in item.config.stash:
        from gateproof import collecting

        collecting.attach(item, call, report)
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Show a harness error as an error, and a warning as such."""
    said = getattr(report, "gateproof", None)
    if said is None or report.when != "call":
        return None
    if said["verdict"] == "error":
        return "error", "E", "ERROR"
    if said["verdict"] == "warn" and report.passed:
        return "conformance warnings", "w", "WARN"
    return None


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather what the checks said, also from workers."""
    from_check = getattr(report, "gateproof", None)
    if from_check is not None and report.when == "call" and _collected is not None:
        _collected.said(from_check)


_collected: Collected | None = None


def gather_into(collected: Collected) -> None:
    """Choose where reports of this process go (the hook above gets no config)."""
    global _collected
    _collected = collected


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Work out the exit status and write the report, also of a run that was interrupted."""
    result = yield
    if COLLECTED in session.config.stash or SESSION in session.config.stash:
        from gateproof import finishing

        finishing.finish(session)
    return result


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show the totals, the warnings and what became of the baseline."""
    if SESSION in config.stash:
        from gateproof import finishing

        finishing.summary(terminalreporter, config)

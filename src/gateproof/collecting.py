"""What the plugin does once a target is named: collect the checks that bind it, and run them as items of pytest."""

from __future__ import annotations

import difflib
import gc
import os
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback
from _pytest.fixtures import FuncFixtureInfo

from gateproof import baseline as baselines
from gateproof import plugin, results
from gateproof.check import CheckInfo, check_id, info
from gateproof.report import hostile, reading, text
from gateproof.report.compare import Comparison
from gateproof.requirements import CatalogueError
from gateproof.requirements.sets import FrozenSet, SetError
from gateproof.servers import UsageError
from gateproof.session import Session
from gateproof.settings import NOWHERE, Settings, TargetError
from gateproof.verdicts import Verdict

JsonDict = dict[str, Any]
FRAME = "frame"
FIXTURES = {"server": "gateproof_server", "app": "gateproof_app", "middleware": "gateproof_middleware"}


class CheckBroken(Exception):
    """A check found what the run counts as failure."""


class CheckErred(Exception):
    """A check could not be carried out: our own trouble."""


@dataclass
class Collected:
    """What is known of the checks of a run."""

    every: dict[str, CheckInfo] = field(default_factory=dict)
    selected: dict[str, CheckInfo] = field(default_factory=dict)
    checks: dict[str, JsonDict] = field(default_factory=dict)
    sayings: dict[str, list[JsonDict]] = field(default_factory=dict)  # of each check, every time it was run
    workers: list[JsonDict] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    mistaken: bool = False
    report: JsonDict | None = None
    earlier: JsonDict | None = None
    comparison: Comparison | None = None
    review: baselines.Review = field(default_factory=baselines.Review)
    files: list[Path] = field(default_factory=list)
    unwritten: list[str] = field(default_factory=list)  # companions of the report that could not be made, and why
    baseline_update: str = ""

    def said(self, outcome: JsonDict) -> None:
        """Keep what a check said; where it was run again, what it said together: k of n runs."""
        earlier = self.sayings.setdefault(outcome["id"], [])
        earlier.append(outcome)
        self.checks[outcome["id"]] = outcome if len(earlier) == 1 else results.repeated(earlier)


# -- configuration


@cache
def suites_folder() -> Path:
    """Return the folder of the packaged suites."""
    spec = find_spec("gateproof.suites")
    if spec is None or not spec.submodule_search_locations:
        raise pytest.UsageError("gateproof: the suites are not installed; run from a checkout or reinstall gateproof")
    return Path(next(iter(spec.submodule_search_locations))).resolve()


def configure(config: pytest.Config) -> None:
    """Resolve the target and point the collection at the suites; a wrong option ends the run with status 4."""
    try:
        session = Session(_settings(config), worker=hasattr(config, "workerinput"))
    except SetError as error:
        raise pytest.UsageError(f"gateproof: {error}") from None
    overriding, warnings = overrides(config, session.settings)
    session.warnings += warnings
    try:
        session.resolve(overriding)
    except (UsageError, TargetError, baselines.BaselineError, CatalogueError) as error:
        raise pytest.UsageError(f"gateproof: {error}") from None
    config.stash[plugin.SESSION] = session
    collected = Collected()
    if session.settings.compare:
        collected.earlier = _earlier(config.invocation_params.dir / session.settings.compare)
    config.stash[plugin.COLLECTED] = collected
    plugin.gather_into(collected)
    for key, pattern in (("python_files", "test_*.py"), ("python_functions", "test_*")):
        config.addinivalue_line(key, pattern)
    # An application may have left an import hook of an old kind, which is met where an import finds nothing.
    config.addinivalue_line("filterwarnings", "ignore::ImportWarning")
    config.pluginmanager.import_plugin("gateproof.fixtures.target")
    config.pluginmanager.register(_Xdist(collected), "gateproof-xdist") if config.pluginmanager.hasplugin(
        "xdist"
    ) else None
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = [str(folder) for folder in folders(session) if folder.is_dir()]


def _earlier(path: Path) -> JsonDict:
    """Return the report to compare with, before anything runs: a wrong path is wrong usage."""
    try:
        return reading.load(path)
    except reading.ReportError as error:
        raise pytest.UsageError(f"gateproof: --compare: {error}") from None


def overrides(config: pytest.Config, settings: Settings) -> tuple[bool, list[str]]:
    """Tell whether a plugin or the conftest at rootdir overrides the fixture of the target; warn of one elsewhere."""
    found, warnings = False, []
    fixture = FIXTURES["app" if settings.party == "application" else settings.party]
    for module in config.pluginmanager.get_plugins():
        place = Path(getattr(module, "__file__", None) or "")
        if not hasattr(module, fixture) or ours(place) or place.parent.name == "fixtures":
            continue
        if place.name != "conftest.py" or place.parent == config.rootpath:
            found = True
        else:
            warnings.append(f"gateproof: {fixture} of {place} is not used: only that of {config.rootpath} counts")
    return found, warnings


def _settings(config: pytest.Config) -> Settings:
    given = {key: getattr(config.option, f"gateproof_{key}", None) for key in Settings.__dataclass_fields__}
    named = {key: value for key, value in given.items() if value is not None and key != "rootdir"}
    targets = [key for key in ("server", "app", "middleware") if key in named]
    if named.get("certify_set"):
        named["certify"] = True
    if named.get("certify"):
        if "effort" in named:
            raise pytest.UsageError("gateproof: --certify replays a frozen set; --effort draws more: choose one")
        named |= {"effort": "quick", "report": named.get("report", "gateproof-report")}
    if len(targets) > 1:
        raise pytest.UsageError(f"gateproof: --{targets[0]} and --{targets[1]} name two targets; a run judges one")
    named["place"] = named.get("report") or _cached(config) or NOWHERE
    return Settings(**named, rootdir=config.rootpath)


def _cached(config: pytest.Config) -> str:
    """Return where the last report lies if nobody named a folder, so that replay lines hold; '' without a cache.

    It is what `config.cache.mkdir("gateproof")` gives, but that cache is made after us.
    """
    if not config.pluginmanager.hasplugin("cacheprovider"):
        return ""
    folder = config.rootpath / os.path.expanduser(os.path.expandvars(config.getini("cache_dir")))
    return os.path.relpath(folder / "d" / "gateproof", config.invocation_params.dir)


def folders(session: Session) -> list[Path]:
    """Return the folders of the checks that bind the target."""
    root, party = suites_folder(), session.party
    return [root / session.interface / party, *([root / FRAME] if party == "server" else [])]


class _Xdist:
    """Gets from a worker of xdist what does not come with the reports."""

    def __init__(self, collected: Collected) -> None:
        self.collected = collected

    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Keep the launches of a worker that ended; one that was not asked to is our trouble."""
        if error:
            self.collected.crashes.append(f"worker {node.gateway.id} ended by itself: {error}")
        part = getattr(node, "workeroutput", {}).get("gateproof")
        if part:
            self.collected.workers.append(part)


# -- collection


def begin(config: pytest.Config) -> None:
    """Begin to start the target, unless this process will run no check: it only lists them, or others run them."""
    if not (config.option.collectonly or config.option.setupplan or config.pluginmanager.hasplugin("dsession")):
        config.stash[plugin.SESSION].begin()


def ours(path: Path) -> bool:
    """Tell whether a path lies in the packaged suites."""
    root = suites_folder()
    return path == root or root in path.parents


def ignored(config: pytest.Config, path: Path) -> bool | None:
    """Leave out what does not bind the target; where no path was given, also all that is not ours. None: no opinion."""
    if ours(path):
        return foreign_interface(config, path)
    root = suites_folder()
    if config.args_source is not pytest.Config.ArgsSource.ARGS and path not in root.parents:
        return True
    return None


def foreign_interface(config: pytest.Config, path: Path) -> bool | None:
    """Leave out, below our suites, what does not bind the target; collect the rest whatever the host ignores."""
    if path.name.startswith((".", "__pycache__")):
        return None
    relative = path.relative_to(suites_folder()).parts
    session = config.stash[plugin.SESSION]
    if relative and relative[0] != FRAME and relative[0] != session.interface and not path.suffix:
        return True
    return bool(len(relative) > 1 and relative[0] != FRAME and relative[1] != session.party and not path.suffix)


class CheckFunction(pytest.Function):
    """A check as a pytest item. It gets what it asks for from the run, not from the host project's fixtures."""

    said: JsonDict | None = None

    def runtest(self) -> None:
        """Run the check and turn its verdict into pytest's words."""
        session: Any = self.funcargs["gateproof_session"]
        said = session.run(self.obj)
        self.said = said
        verdict = Verdict(said["verdict"])
        reason = next((j["reason"] for j in said["judgements"] if j["verdict"] == verdict and j["reason"]), "")
        if verdict is Verdict.FAIL or (verdict is Verdict.WARN and session.settings.fail_on == "warn"):
            raise CheckBroken(said)
        if verdict is Verdict.ERROR:
            raise CheckErred(said)
        if verdict is Verdict.KNOWN:
            pytest.xfail(next(j["baseline"] for j in said["judgements"] if j["verdict"] == "known"))
        if verdict in (Verdict.UNSUPPORTED, Verdict.BLOCKED, Verdict.UNTESTED):
            pytest.skip(f"{verdict}: {reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show a failure as a bug report, not as a traceback of the harness."""
        if isinstance(excinfo.value, CheckBroken | CheckErred) and self.said is not None:
            rows = self.config.stash[plugin.SESSION].catalogue
            wanted = {"fail", "error"} | ({"warn"} if self.said["verdict"] == "warn" else set())
            return self.told(text.failure(self.said, rows, wanted), text.headline(self.said, rows, wanted))
        return super().repr_failure(excinfo)

    def told(self, whole: str, headline: str) -> ReprExceptionInfo:
        """Return a failure with a headline: in a CI pytest's short summary repeats the whole of a mere text."""
        path, line, _ = self.reportinfo()
        entry = ReprEntryNative([f"{hostile.harmless(whole)}\n"])
        crash = ReprFileLocation(str(path), (line or 0) + 1, headline)
        return ReprExceptionInfo(reprcrash=crash, reprtraceback=ReprTraceback([entry], None, "native"))


def make_item(collector: pytest.Module | pytest.Class, name: str, obj: object) -> Any:
    """Return an item for a check; None leaves everything else to pytest."""
    note = info(obj)
    if not note.requirements or not ours(collector.path):
        return None
    _known(note.requirements, name, collector)
    found = _fixtures(collector)
    item = CheckFunction.from_parent(collector, name=name, callobj=obj, fixtureinfo=found)
    rows = collector.config.stash[plugin.SESSION].catalogue
    mine = [rows[key] for key in note.requirements if key in rows]
    for word in dict.fromkeys(word for row in mine for word in (row.level, row.interface, row.party)):
        item.add_marker(word)
    item.add_marker(pytest.mark.requirement(*note.requirements))
    return item


def _known(ids: tuple[str, ...], name: str, collector: pytest.Collector) -> None:
    """Refuse a check that judges what is no requirement of this target: it would judge nothing."""
    rows = collector.config.stash[plugin.SESSION].catalogue
    for key in ids:
        if key not in rows:
            collector.config.stash[plugin.COLLECTED].mistaken = True
            near = difflib.get_close_matches(key, rows, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise collector.CollectError(f"gateproof: {name} judges {key}, which is no requirement here{hint}")


def _fixtures(collector: pytest.Module | pytest.Class) -> FuncFixtureInfo:
    """Return the fixtures of every check: ours alone, so that a host's autouse fixtures do not reach in."""

    def stub(gateproof_session: object) -> None:
        """Ask for what every check needs."""

    manager: Any = collector.session._fixturemanager
    full = manager.getfixtureinfo(collector, stub, None)
    wanted = ("gateproof_session", *FIXTURES.values(), "request")
    return FuncFixtureInfo(
        argnames=("gateproof_session",),
        initialnames=("gateproof_session",),
        names_closure=[name for name in full.names_closure if name in wanted],
        name2fixturedefs={name: defs for name, defs in full.name2fixturedefs.items() if name in wanted},
    )


def remember(config: pytest.Config, items: list[pytest.Item]) -> Collected:
    """Note every check that was collected, and bring them into the order in which they keep nobody waiting."""
    collected = config.stash[plugin.COLLECTED]
    for item in items:
        if isinstance(item, CheckFunction):
            collected.every[check_id(item.obj)] = info(item.obj)
    run = config.stash[plugin.SESSION]
    items.sort(key=lambda item: run.turn(item.obj) if isinstance(item, CheckFunction) else 0)
    return collected


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where a frozen set is replayed, leave out every check that is not of it, or not as it was frozen."""
    frozen = config.stash[plugin.SESSION].frozen
    if frozen is None:
        return
    others = [item for item in items if isinstance(item, CheckFunction) and not _is_frozen(item, frozen)]
    if others:
        config.hook.pytest_deselected(items=others)
        left = set(map(id, others))
        items[:] = [item for item in items if id(item) not in left]


def _is_frozen(item: CheckFunction, frozen: FrozenSet) -> bool:
    held = frozen.checks.get(check_id(item.obj))
    return held is not None and held.revision == info(item.obj).revision


def chosen(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note the checks that will run, and tell the session of them."""
    collected = config.stash[plugin.COLLECTED]
    for item in items:
        if isinstance(item, CheckFunction):
            collected.selected[check_id(item.obj)] = info(item.obj)
            config.stash[plugin.SESSION].chosen.append(item.obj)
    # Whatever was imported and collected stays: the collector would look at all of it again and again.
    gc.freeze()


# -- what came of it


def attach(item: pytest.Item, call: pytest.CallInfo[None], report_: pytest.TestReport) -> None:
    """Put what a check said on its report."""
    if not isinstance(item, CheckFunction):
        return
    if call.when == "setup" and call.excinfo is not None and isinstance(call.excinfo.value, TargetError):
        item.session.shouldstop = "gateproof: the target cannot be judged"
        report_.longrepr = item.told(str(call.excinfo.value), str(call.excinfo.value).partition("\n")[0])
        item.config.stash[plugin.SESSION].fatal = call.excinfo.value
    overdue = item.config.stash[plugin.SESSION].overdue
    if overdue and call.when == "teardown" and not item.session.shouldstop:
        item.session.shouldstop = f"gateproof: {overdue}; -k chooses what is judged, --effort=thorough has no end"
    if call.when != "call" or item.said is None:
        return
    report_.gateproof = item.said  # type: ignore[attr-defined]
    rows = item.config.stash[plugin.SESSION].catalogue
    for judgement in item.said["judgements"]:
        # JUnit's file takes the properties of the teardown's report, which copies those of the item.
        name = judgement["requirement"]
        about = (("requirement", name), ("level", rows[name].level), ("verdict", judgement["verdict"]))
        item.user_properties.extend(about)


assert sys.version_info >= (3, 11), "gateproof runs on Python 3.11 and later"

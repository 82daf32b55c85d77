"""The end of a run: its exit status, its reports, and what the terminal shows of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest

from gateproof import baseline as baselines
from gateproof import composing, plugin, report
from gateproof.collecting import Collected, suites_folder
from gateproof.report import certificate as certificates
from gateproof.report import reading, text
from gateproof.report import summary as summaries
from gateproof.report.compare import compare, lines
from gateproof.report.hostile import harmless
from gateproof.requirements import SET, coverage
from gateproof.session import Session
from gateproof.verdicts import Exit, worst_exit

JsonDict = dict[str, Any]


def finish(session: pytest.Session) -> None:
    """Work out the exit status; write the report unless this is a worker, whose part the controller merges."""
    config = session.config
    run, collected = config.stash[plugin.SESSION], config.stash[plugin.COLLECTED]
    run.stop()  # no check may have run that asked for what was begun
    if hasattr(config, "workerinput"):
        config.workeroutput["gateproof"] = run.worker_part()  # type: ignore[attr-defined]
        return
    if config.option.collectonly:
        return
    for part in collected.workers:
        run.merge_worker(part)
    run.problems += collected.crashes
    missing = composing.missing(run, collected.every, collected.checks)
    checks = list(collected.checks.values())
    collected.review = baselines.review(run.entries, run.catalogue, checks, run.circumstances())
    session.exitstatus = _status(session, run, collected)
    if run.settings.baseline_update and run.fatal is None:
        collected.baseline_update = run.update_baseline(collected.review, checks)
    complete = not missing.incomplete and int(session.exitstatus) not in (Exit.INTERRUPTED, Exit.USAGE)
    status = int(session.exitstatus)
    collected.report = composing.report(run, checks, missing, status, _selection(config), complete)
    if collected.earlier is not None:
        collected.comparison = compare(collected.earlier, collected.report)
    if run.settings.report:
        folder = config.invocation_params.dir / run.settings.report
        collected.files = report.write(folder, collected.report, collected.unwritten.append)
        for path in collected.files:
            if path.name == "summary.md":
                summaries.append(path.read_text(encoding="utf-8"))
    elif run.settings.cached:
        _keep(config, collected.report)


def _keep(config: pytest.Config, last: JsonDict) -> None:
    """Keep the report of the last run for its replay lines; a cache that cannot be written costs nothing else."""
    assert config.cache is not None
    with contextlib.suppress(OSError):
        report.put(config.cache.mkdir("gateproof") / "report.json", report.dump(last))


def _status(session: pytest.Session, run: Session, collected: Collected) -> int:
    statuses = [int(session.exitstatus)]
    if run.fatal is not None:
        return run.fatal.status
    verdicts = {check["verdict"] for check in collected.checks.values()}
    if "error" in verdicts or collected.crashes:
        statuses = [status for status in statuses if status != Exit.DIFFERS] + [Exit.HARNESS]
    broken = {"fail", "warn"} if run.settings.fail_on == "warn" else {"fail"}
    if verdicts & broken or collected.review.wrong:
        statuses.append(Exit.DIFFERS)
    if collected.mistaken:
        statuses.append(Exit.USAGE)
    if not collected.checks:
        statuses.append(Exit.NOTHING)
    return worst_exit(statuses)


def _selection(config: pytest.Config) -> list[str]:
    option = config.option
    spelled = [("-k", option.keyword), ("-m", option.markexpr), ("--maxfail", getattr(option, "maxfail", 0))]
    chosen = [f"{name} {value}" for name, value in spelled if value]
    if getattr(option, "lf", False):
        chosen.append("--lf")
    return chosen + [f"--deselect {name}" for name in option.deselect or ()]


# -- what the terminal shows


def header(config: pytest.Config) -> list[str]:
    """Return the header lines."""
    run = config.stash[plugin.SESSION]
    name, about = run.target.about()
    count = coverage.count(run.interface, run.party)
    return [
        f"gateproof: {run.party} {name}, {run.interface.upper()}, {about}, effort {run.settings.effort}",
        f"gateproof: {count} checks of {len(run.rows())} requirements, set {SET}, suites in {suites_folder()}",
        *([f"gateproof: replays the {len(run.frozen.checks)} checks of set {run.frozen.name}"] if run.frozen else []),
        *run.warnings,
    ]


def summary(terminal: Any, config: pytest.Config) -> None:
    """Write the summary section."""
    run, collected = config.stash[plugin.SESSION], config.stash[plugin.COLLECTED]
    if run.fatal is not None:
        terminal.section("gateproof", sep="=")
        terminal.write_line(harmless(str(run.fatal)))
        return
    if collected.report is None:
        return
    target = collected.report["target"]
    named = " ".join(filter(None, (target["name"], target["version"])))
    terminal.section(f"gateproof: {named} ({run.interface.upper()})", sep="=")
    for line in (*_warnings(run, collected), *_counts(collected.report), *_beside(run, collected), *_files(collected)):
        terminal.write_line(line)


def _warnings(run: Session, collected: Collected) -> Iterator[str]:
    """Tell of every warning in full: pytest does that for what failed."""
    for check in collected.checks.values():
        for j in check["judgements"]:
            if j["verdict"] == "warn":
                yield text.judgement(j, run.catalogue.get(j["requirement"])) + "\n"


def _counts(report: JsonDict) -> Iterator[str]:
    entries = report["requirements"]
    yield from text.sections(entries)
    counted = ", ".join(f"{count} {verdict}" for verdict, count in report["totals"].items() if count)
    yield f"{len(entries)} requirements: {counted}"


def _beside(run: Session, collected: Collected) -> Iterator[str]:
    """Tell what stands beside the verdicts: the baseline, trouble of the run, an earlier report, the certificate."""
    for title in ("stale", "unmatched", "expired"):
        for entry in getattr(collected.review, title):
            yield f"baseline: {title} entry {entry.requirement} ({entry.reason}); remove or mend it"
    if collected.baseline_update:
        yield f"baseline: {collected.baseline_update}"
    for problem in run.problems:
        yield harmless(f"beside the verdicts: {problem}")
    assert collected.report is not None
    if collected.comparison is not None:
        before = reading.target_name(collected.earlier or {"target": collected.report["target"]})
        yield f"compared with {before} ({run.settings.compare}):"
        yield from lines(collected.comparison)
    if run.frozen is not None:
        yield from certificates.lines(certificates.certificate(collected.report, run.frozen))


def _files(collected: Collected) -> Iterator[str]:
    if collected.files:
        others = ", ".join(path.name for path in collected.files[1:])
        yield f"written: {os.path.relpath(collected.files[0])}, beside it {others}"
        yield from collected.unwritten

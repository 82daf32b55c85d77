"""Judges released versions of applications, frameworks and middleware that had a known bug, and those that fixed it.

    python benchmarks/history_apps.py BUGS.toml [--jobs 2] [--only TEXT] [--kind asgi] [--again] [--python 3.11]

BUGS.toml holds `[[bug]]` tables: id, affected and fixed (lists of pins), kind (asgi-app, wsgi-middleware, ...), target
(module:attribute), adapter (where the bug is one of an adapter between the interfaces), force, and reproducer, a file
beside BUGS.toml that defines the target. The release is installed beside gateproof, in an environment that is made on
demand and kept. A bug is found where a requirement fails or warns on the affected version and not on the fixed one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import history

from gateproof.servers.environments import EnvironmentProblem, environment

ROOT = Path(__file__).resolve().parent.parent
RUN_S = 240
# What gateproof needs to judge an application, as it runs from this checkout; what it needs for servers and for reports
# is left to the release, which may want the h11 or the Jinja2 of its time.
NEEDS = ("pytest>=8", "hypothesis>=6.100", "psutil>=5.9")
OLD = ROOT / "benchmarks" / "old_python"  # gives back what Python lost since a release was made

Bug = Mapping[str, Any]


def options(bug: Bug) -> list[str]:
    """Return the options that name the target: the adapter too, where the bug is one of an adapter."""
    kind, interface = bug["kind"].partition("-")[2], bug["kind"].partition("-")[0]
    named = [f"--{'middleware' if kind == 'middleware' else 'app'}={bug['target']} --interface={interface}"]
    return ([f"--middleware={bug['adapter']} --interface={interface}"] if "adapter" in bug else []) + named


def judge(bug: Bug, which: str, option: str, given: argparse.Namespace) -> history.Result:
    """Judge one version, or take the report that is kept."""
    kept = given.kept.folder / f"apps-{_key(bug[which], option, given.python)}-{given.kept.now}.json"
    if kept.is_file() and not given.again:
        return history.Result(**json.loads(kept.read_text(encoding="utf-8")))
    print(f"... {bug['id']} {which} {option}", file=sys.stderr, flush=True)
    result = _run(bug, which, option, given)
    kept.write_text(json.dumps(vars(result)), encoding="utf-8")
    return result


def _key(pins: list[str], option: str, python: str) -> str:
    return hashlib.sha256(json.dumps([pins, option, python]).encode()).hexdigest()[:20]


def _run(bug: Bug, which: str, option: str, given: argparse.Namespace) -> history.Result:
    pins = [*bug[which], *NEEDS]
    try:
        python = environment(pins, given.python)
    except EnvironmentProblem as problem:
        return history.Result(problem=f"environment: {problem}"[:400])
    place = (given.file.parent / bug["reproducer"]).resolve().parent
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(place), str(OLD)])}
    return history.reported([str(python), *option.split(" ")], environ, RUN_S)


def found(bug: Bug, given: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return what tells the affected version from the fixed one, with what was seen, and the problems met."""
    told: dict[str, str] = {}
    problems: list[str] = []
    for option in options(bug):
        affected, fixed = (judge(bug, which, option, given) for which in ("affected", "fixed"))
        result = history.compare(bug, affected, fixed)
        told.update({row: f"{affected.verdicts[row]}: {affected.seen[row]}" for row in result.by})
        problems += [result.problem] if result.problem else []
    return [f"{row} {text}" for row, text in sorted(told.items())], problems


def main() -> None:
    """Judge every version that the file names and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--jobs", type=int, default=2, help="versions that are judged at the same time")
    parser.add_argument("--only", default="", help="only bugs whose id has this text")
    parser.add_argument("--kind", default="", help="only bugs whose kind begins like this")
    parser.add_argument("--again", action="store_true", help="take no report that is kept")
    parser.add_argument("--python", default="3.11", help="the interpreter in which both live")
    given = parser.parse_args()
    given.kept = history.Kept(given.again, stale=False)
    every = tomllib.loads(given.file.read_text(encoding="utf-8"))["bug"]
    bugs = [bug for bug in every if given.only in bug["id"] and bug["kind"].startswith(given.kind)]
    with ThreadPoolExecutor(max_workers=given.jobs) as pool:
        results = list(pool.map(lambda bug: found(bug, given), bugs))
    count = 0
    for bug, (told, problems) in zip(bugs, results, strict=True):
        count += bool(told)
        mark = "found" if told else "?" if problems else "MISSED"
        print(f"{mark:<7}{bug['force']:<9}{bug['id']:<42} {' '.join(line.split(' ')[0] for line in told)}")
        for line in told[:3]:
            print(f"           {line[:200]}")
        for problem in problems[:1]:
            print(f"           {' '.join(problem.split())[:300]}")
    print(f"\n{count} of {len(bugs)} bugs found ({100 * count / max(1, len(bugs)):.0f} %)")


if __name__ == "__main__":
    main()

"""Runs the suites again and again and compares the verdicts: nothing may depend on luck, load, order or workers.

python benchmarks/stability.py waitress gunicorn --runs 10
python benchmarks/stability.py waitress --runs 5 --busy 4        busy loops beside
python benchmarks/stability.py waitress --runs 3 --workers 2     pytest-xdist
python benchmarks/stability.py waitress --runs 2 --random        random order (pytest-randomly)
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LONGEST_S = 600
Verdicts = dict[str, str]


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many processes busy beside; they end by themselves if nobody ends them."""
    code = f"import time\nend = time.monotonic() + {LONGEST_S}\nwhile time.monotonic() < end: pass"
    loops = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def verdicts(report: dict[str, Any]) -> Verdicts:
    """Return the verdict of each requirement, and of each check on it."""
    found = {}
    for name, entry in report["requirements"].items():
        found[name] = entry["verdict"]
        for check in entry["checks"]:
            found[f"{name} by {check['id']}"] = check["verdict"]
    return found


def once(server: str, given: argparse.Namespace, number: int) -> tuple[Verdicts, float]:
    """Run the suites once; return the verdicts and the wall time in seconds."""
    order = [f"--randomly-seed={1000 + number}"] if given.random else ["-p", "no:randomly"]
    workers = ["-n", str(given.workers)] if given.workers else []
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            f"--server={server}",
            "--report=out",
            *order,
            *workers,
            *given.options,
        ]
        started = time.monotonic()
        done = subprocess.run(
            [*command, f"--effort={given.effort}"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
        seconds = time.monotonic() - started
        path = Path(folder) / "out" / "report.json"
        if not path.is_file():
            raise SystemExit(done.stdout + done.stderr)
        report = json.loads(path.read_text(encoding="utf-8"))
    for problem in report["suite"]["problems"]:
        print(f"  run {number + 1}: {problem}")
    return verdicts(report), seconds


def differences(runs: Sequence[Verdicts]) -> dict[str, list[str]]:
    """Return what did not get one verdict in all runs, with those that it got."""
    names = sorted(set().union(*runs))
    said = {name: [run.get(name, "absent") for run in runs] for name in names}
    return {name: each for name, each in said.items() if len(set(each)) > 1}


def main(arguments: Sequence[str]) -> int:
    """Print the times and the differences; status 1 where there is one."""
    parser = argparse.ArgumentParser(description="Compare the verdicts of repeated runs.")
    parser.add_argument("servers", nargs="+", metavar="SERVER")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--busy", type=int, default=0, help="busy loops beside")
    parser.add_argument("--workers", type=int, default=0, help="workers of pytest-xdist")
    parser.add_argument("--random", action="store_true", help="another order each time")
    parser.add_argument("--effort", default="default")
    given, given.options = parser.parse_known_args(arguments)  # what is left is pytest's
    unstable = 0
    for server in given.servers:
        with busy(given.busy):
            runs, times = zip(*(once(server, given, number) for number in range(given.runs)), strict=True)
        found = differences(runs)
        unstable += len(found)
        print(f"{server}: {len(runs)} runs, {min(times):.1f} to {max(times):.1f} s, {len(found)} verdicts that differ")
        for name, each in found.items():
            print(f"  {name}: {', '.join(each)}")
    return int(bool(unstable))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

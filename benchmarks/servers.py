"""Judges every server whose profile installs here, each in an environment of its own: the data of the matrix.

python benchmarks/servers.py reports [PROFILE...] [--effort quick] && gateproof matrix reports -o site

What is known of a server stands in `benchmarks/known/PROFILE.toml`, a baseline with a reason for every deviation that
was read by hand. What is not known counts as a difference, a warning as much as a failure, and so does an entry that
no longer holds: the status is 0 where every server that has such a file is as it is known. They hold what `--effort
quick` shows of current releases. The reports themselves are made without them, so that the matrix hides nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.markers import default_environment

from gateproof import baseline
from gateproof.commands.run import complete
from gateproof.report.reading import ReportError, load
from gateproof.servers import Profile, shipped

LAUNCHES = 900.0  # seconds that one server may take, its installation included
KNOWN = Path(__file__).parent / "known"
BROKEN = ("fail", "warn")


def judge(profile: Profile, folder: Path, effort: str) -> tuple[str, list[str]]:
    """Run the suites over one server and return what came of it in a line, and how that differs from what is known."""
    if any(word.startswith("apt:") for word in profile.install):
        complete([], profile)  # says what Debian's packages it needs; they may be there
    command = [sys.executable, "-m", "gateproof.cli", "run", profile.name, "--", f"--report={folder}"]
    command += [f"--effort={effort}", "-q"]
    if not profile.install:  # comes with Python, or with gateproof
        command = [sys.executable, "-m", "pytest", f"--server={profile.name}", *command[command.index("--") + 1 :]]
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=LAUNCHES, check=False
        )
        report = load(folder)
    except subprocess.TimeoutExpired:
        return f"took longer than {LAUNCHES:.0f} s", []
    except ReportError:
        return "not judged: " + (done.stderr or done.stdout).strip().rpartition("\n")[2][:160], []
    line = ", ".join(f"{count} {verdict}" for verdict, count in report["totals"].items() if count)
    known = KNOWN / f"{profile.name}.toml"
    if not known.exists():
        return line, []
    found = differences(report, baseline.load(known))
    return f"{line}; {f'{len(found)} differences' if found else 'as known'}", found


def differences(report: dict[str, Any], entries: list[baseline.Entry]) -> list[str]:
    """Return what a report shows that is not known, and what is known and does not hold."""
    environment = {name: str(value) for name, value in default_environment().items()}
    now = baseline.Circumstances(report["target"]["version"], environment, effort=report["suite"]["effort"])
    new, checks = [], []
    for name, row in report["requirements"].items():
        for said in row["checks"]:
            known = baseline.excuse(entries, name, said["id"], now) is not None
            broken = said["verdict"] in BROKEN
            if broken and not known:
                new.append(f"{said['verdict']} of {name} by {said['id']}: {said['seen'][:200]}")
            verdict = "known" if broken and known else said["verdict"]
            checks.append({"id": said["id"], "judgements": [{"requirement": name, "verdict": verdict}]})
    review = baseline.review(entries, report["requirements"], checks, now)
    wrong = {"no longer seen": review.stale, "no such requirement": review.unmatched, "expired": review.expired}
    return new + [f"{why}: {entry.requirement} ({entry.reason})" for why, which in wrong.items() for entry in which]


def main() -> int:
    """Judge them one after another: side by side they would slow each other down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("profiles", nargs="*")
    parser.add_argument("--effort", default="default")
    given = parser.parse_args()
    different = False
    for name, profile in shipped().items():
        if given.profiles and name not in given.profiles:
            continue
        line, found = judge(profile, given.folder.resolve() / name, given.effort)
        print(f"{name:<24} {line}", flush=True)
        for difference in found:
            print(f"    {difference}", flush=True)
        different = different or bool(found)
    return int(different)


if __name__ == "__main__":
    sys.exit(main())

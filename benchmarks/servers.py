"""Judges every server whose profile installs here, each in an environment of its own: the data of the matrix.

python benchmarks/servers.py reports [PROFILE...] [--effort quick] && gateproof matrix reports -o site
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from gateproof.commands.run import complete
from gateproof.report.reading import ReportError, load
from gateproof.servers import Profile, shipped

LAUNCHES = 900.0  # seconds that one server may take, its installation included


def judge(profile: Profile, folder: Path, effort: str) -> str:
    """Run the suites over one server and return what came of it in a line."""
    if any(word.startswith("apt:") for word in profile.install):
        complete([], profile)  # says what Debian's packages it needs; they may be there
    command = [sys.executable, "-m", "gateproof.cli", "run", profile.name, "--", f"--report={folder}"]
    command += [f"--effort={effort}", "-q"]
    if not profile.install:  # comes with Python, or with gateproof
        command = [sys.executable, "-m", "pytest", f"--server={profile.name}", *command[command.index("--") + 1 :]]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LAUNCHES, check=False)
        totals = load(folder)["totals"]
    except subprocess.TimeoutExpired:
        return f"took longer than {LAUNCHES:.0f} s"
    except ReportError:
        return "not judged: " + (done.stderr or done.stdout).strip().rpartition("\n")[2][:160]
    return ", ".join(f"{count} {verdict}" for verdict, count in totals.items() if count)


def main() -> int:
    """Judge them one after another: side by side they would slow each other down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("profiles", nargs="*")
    parser.add_argument("--effort", default="default")
    given = parser.parse_args()
    for name, profile in shipped().items():
        if given.profiles and name not in given.profiles:
            continue
        print(f"{name:<24} {judge(profile, given.folder.resolve() / name, given.effort)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

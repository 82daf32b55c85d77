"""What the plugin adds to a pytest run that names no target: CPU time, in pairs, in a folder with nothing to collect.

    python benchmarks/overhead.py [PAIRS]

Both runs of a pair load no other plugin, so that the share is the largest that anybody can see. Their order alternates.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence

MOST = 0.05
BARE = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q")


def cpu_s(folder: str, *options: str) -> float:
    """Return the CPU seconds (user and system) of one run."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*BARE, *options], cwd=folder, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 5, done.stderr.decode()  # nothing to collect
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(pairs: int) -> list[tuple[float, float]]:
    """Return the CPU seconds of each pair of runs: without the plugin, and with it."""
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        cpu_s(folder, "-p", "gateproof.plugin")  # compiles what is not compiled yet
        for number in range(pairs):
            if number % 2:
                with_it = cpu_s(folder, "-p", "gateproof.plugin")
                measured.append((cpu_s(folder), with_it))
            else:
                measured.append((cpu_s(folder), cpu_s(folder, "-p", "gateproof.plugin")))
    return measured


def share(measured: Sequence[tuple[float, float]]) -> float:
    """Return what the plugin adds, as a share of a bare run: the median over the pairs."""
    return statistics.median(with_it / bare - 1 for bare, with_it in measured)


def main(arguments: Sequence[str]) -> int:
    """Print the figure; status 1 where it is too much."""
    measured = measure(int(arguments[0]) if arguments else 30)
    bare = statistics.median(bare for bare, _ in measured)
    added = statistics.median(with_it - bare for bare, with_it in measured)
    found = share(measured)
    print(
        f"a bare run takes {bare * 1000:.0f} ms of CPU, the plugin adds {added * 1000:.1f} ms: {found:+.1%} "
        f"(median of {len(measured)} pairs)"
    )
    print(f"at most {MOST:.0%}: {'yes' if found <= MOST else 'no'}")
    return int(found > MOST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

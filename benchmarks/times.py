"""How long whole runs take, from the command to the prompt, and how long they may on two cores.

    python benchmarks/times.py [NAME...] [--effort quick] [--rounds 3]

A name is a server of the profiles, or `flask` or `starlette`: their smallest applications. The least of the rounds
counts; seconds of CPU are those of the run and of everything below it, and suffer less from what else a machine does.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

APPLICATIONS = {
    "flask": "from flask import Flask\napp = Flask('hello')\napp.add_url_rule('/', 'hello', lambda: 'Hello, world')\n",
    "starlette": """from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def hello(request):
    return PlainTextResponse("Hello, world")


app = Starlette(routes=[Route("/", hello)])
""",
}
# Wall seconds on two cores: quick, default.
MOST = {"waitress": (5.0, 15.0), "uvicorn": (6.0, 20.0), "flask": (2.5, 8.0), "starlette": (2.5, 8.0)}
EFFORTS = ("quick", "default")


def once(name: str, effort: str, folder: Path) -> tuple[float, float]:
    """Return wall and CPU seconds of one run."""
    target = f"--app=hello_{name}:app" if name in APPLICATIONS else f"--server={name}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", target]
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [*command, f"--effort={effort}"],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(folder)},
        capture_output=True,
        check=False,
    )
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stdout.decode() + done.stderr.decode())
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(argv: list[str] | None = None) -> int:
    """Print a line for each run; the status is 1 where one takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"by default {', '.join(MOST)}")
    parser.add_argument("--effort", choices=EFFORTS, help="by default both")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(argv)
    late = 0
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name, text in APPLICATIONS.items():
            (folder / f"hello_{name}.py").write_text(text, encoding="utf-8")
        for name in given.names or MOST:
            for effort in [given.effort] if given.effort else EFFORTS:
                runs = [once(name, effort, folder) for _ in range(given.rounds)]
                wall, cpu = (min(column) for column in zip(*runs, strict=True))
                most = MOST[name][EFFORTS.index(effort)] if name in MOST else None
                may = f", may take {most:g} s" if most else ""
                print(f"{name:<12} {effort:<8} {wall:6.2f} s, {cpu:6.2f} s of CPU{may}", flush=True)
                late += most is not None and wall > most
    return int(late > 0)


if __name__ == "__main__":
    sys.exit(main())

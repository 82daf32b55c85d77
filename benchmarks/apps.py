"""Judges small applications of real frameworks and real middleware, and compares with what is known of each.

    python benchmarks/apps.py [NAME...] [--effort quick] [--update]

A target is a module of `benchmarks/targets`; what is known of it stands beside it in `NAME.toml`, a baseline with a
reason for every entry. A warning that is not known counts as much as a failure, and an entry that no longer holds
counts as well. Needs `pip install -e ".[apps]"`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent / "targets"
RUN_S = 300
WSGI_APPLICATIONS = ("flask", "django", "bottle", "pyramid", "falcon", "a2wsgi")
ASGI_APPLICATIONS = (
    "starlette",
    "fastapi",
    "django",
    "channels",
    "quart",
    "litestar",
    "falcon",
    "blacksheep",
    "sanic",
    "engineio",
)
WSGI_MIDDLEWARE = (
    "whitenoise",
    "proxy_fix",
    "dispatcher",
    "shared_data",
    "linter",
    "profiler",
    "debugger",
    "validator",
    "beaker",
    "paste_errors",
    "paste_cascade",
    "paste_map",
    "paste_gzip",
    "sentry_wsgi",
    "opentelemetry_wsgi",
)
ASGI_MIDDLEWARE = (
    "gzip",
    "cors",
    "base_http",
    "sessions",
    "server_errors",
    "trusted_host",
    "proxy_headers",
    "proxy_fix_asgi",
    "dispatcher_asgi",
    "brotli",
    "sentry",
    "opentelemetry",
    "channels_cookies",
)
TARGETS = {
    **{f"wsgi_{name}": [f"--app=wsgi_{name}:app", "--interface=wsgi"] for name in WSGI_APPLICATIONS},
    **{f"asgi_{name}": [f"--app=asgi_{name}:app", "--interface=asgi"] for name in ASGI_APPLICATIONS},
    **{name: [f"--middleware=wsgi_middleware:{name}", "--interface=wsgi"] for name in WSGI_MIDDLEWARE},
    **{name: [f"--middleware=asgi_middleware:{name}", "--interface=asgi"] for name in ASGI_MIDDLEWARE},
}


def judge(name: str, effort: str, *more: str) -> tuple[int, str]:
    """Run the suites over one target; returns the exit status and what was printed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TARGETS[name]]
    command += ["--fail-on=warn", f"--effort={effort}", *more]
    known = FOLDER / f"{name}.toml"
    if known.exists() or more:
        command.append(f"--baseline={known}")
    environment = {**os.environ, "PYTHONPATH": str(FOLDER)}
    done = subprocess.run(
        command, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=RUN_S, check=False
    )
    return done.returncode, done.stdout + done.stderr


def main(argv: list[str] | None = None) -> int:
    """Judge the named targets, or all; the status is 0 where each is as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *TARGETS])
    parser.add_argument("--effort", default="default")
    parser.add_argument("--update", action="store_true", help="write what is found into the baselines")
    given = parser.parse_args(argv)
    different = 0
    for name in given.names or TARGETS:
        started = time.monotonic()
        status, printed = judge(name, given.effort, *(["--baseline-update"] if given.update else []))
        seconds, last = time.monotonic() - started, printed.strip().rpartition("\n")[2]
        print(f"{name:<16} {f'status {status}' if status else 'as known'}  {seconds:5.1f} s  {last}", flush=True)
        if status:
            different += 1
            print(printed)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())

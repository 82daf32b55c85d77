"""A replay line plays a call of an application again, from the report alone."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from .running import report_of, run

FAULTY = """
def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Connection", "close")])
    return [environ["REQUEST_METHOD"].encode()]

class Asgi:
    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            while (event := await receive())["type"] == "lifespan.startup":
                scope["state"]["greeting"] = b"hello"
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        host, _ = scope["client"]
        await receive()
        fields = [(b"Content-Type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": scope["state"]["greeting"] + host.encode()})

asgi = Asgi()
"""


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_every_line_of_a_run_plays_its_exchange_again(tmp_path: Path, interface: str) -> None:
    """What is seen is what was reported."""
    (tmp_path / "faulty.py").write_text(FAULTY)
    named = (f"--app=faulty:{interface}", f"--interface={interface}")
    assert run(tmp_path, *named, "--effort=quick", "--report=out").returncode == 1
    report = report_of(tmp_path)
    judged = [check for entry in report["requirements"].values() for check in entry["checks"]]
    lines = {check["replay"]: check["exchanges"][-1] for check in judged if check["replay"]}
    assert lines
    for line, key in list(lines.items())[:4]:
        command = [sys.executable, "-m", "gateproof.cli", *shlex.split(line)[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count(report["exchanges"][key]["outcome"]) == 2


def test_what_a_check_took_part_in_cannot_be_played(tmp_path: Path) -> None:
    """Middleware has no such line: our own application is inside it, and changes with the check."""
    (tmp_path / "faulty.py").write_text(
        "def spoil(app):\n    return lambda e, s: list(app({**e, 'x': 1}, s)) + [b'']\n"
    )
    run(tmp_path, "--middleware=faulty:spoil", "--interface=wsgi", "--effort=quick", "--report=out")
    entries = report_of(tmp_path)["requirements"].values()
    assert not [check["replay"] for entry in entries for check in entry["checks"] if check["replay"]]

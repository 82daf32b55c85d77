"""A replay line plays a call of an application or a middleware again, from the report alone."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gateproof.inprocess import Handle
from gateproof.settings import Settings
from gateproof.targets.hosted import Hosted

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

def around_wsgi(app):
    return lambda environ, start_response: list(app({**environ, "x": 1}, start_response)) + [b"more"]

def around_asgi(app):
    async def around(scope, receive, send):
        async def replaced(event):
            await send({**event, "more_body": False} if "body" in event else event)
            await send(event)
        await app(scope, receive, replaced)
    return around
"""


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
@pytest.mark.parametrize("target", ["--app=faulty:", "--middleware=faulty:around_"])
def test_every_line_of_a_run_plays_its_exchange_again(tmp_path: Path, target: str, interface: str) -> None:
    """What is seen is what was reported."""
    (tmp_path / "faulty.py").write_text(FAULTY)
    named = (f"{target}{interface}", f"--interface={interface}")
    assert run(tmp_path, *named, "--effort=quick", "--report=out").returncode == 1
    report = report_of(tmp_path)
    judged = [check for entry in report["requirements"].values() for check in entry["checks"]]
    lines = {check["replay"]: check["exchanges"][-1] for check in judged if check["replay"]}
    assert lines
    for line, key in list(lines.items())[:6]:
        command = [sys.executable, "-m", "gateproof.cli", *shlex.split(line)[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count(report["exchanges"][key]["outcome"]) == 2


def test_the_line_of_an_adapter_runs_its_check(tmp_path: Path) -> None:
    """A check stands inside it, so that no exchange alone can be played."""
    target = Hosted(Settings(middleware="asgiref.wsgi:WsgiToAsgi", rootdir=tmp_path))
    target.resolve()
    assert target.subject is not None
    assert target.subject.adapter
    target.handle = Handle(target.subject)
    target.handle.check = "asgi/application/wsgi_adapter/any_status"
    assert target.replay("a" * 32, {}) == "pytest -k test_any_status --middleware=asgiref.wsgi:WsgiToAsgi"

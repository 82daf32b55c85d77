"""A probe that is deployed behind a server of somebody else: judged through its responses, and open to nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateproof import deployed
from gateproof.servers.launching import free_port, probe_file
from gateproof.target import Server
from gateproof.wire.client import Connection, Refused
from gateproof.wire.request import get, mark

from .running import clean, report_of, run

SECRET = "0123456789abcdef0123456789abcdef"


@contextmanager
def serving(folder: Path, interface: str) -> Iterator[str]:
    """Deploy the probe behind a reference server; yield its URL."""
    shutil.copy(probe_file(interface), folder)
    port = free_port("127.0.0.1")
    command = [sys.executable, "-m", f"gateproof.reference.{interface}", f"{interface}_probe:app", f"--port={port}"]
    path = os.pathsep.join([str(folder), *(p for p in sys.path if p)])
    server = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path, deployed.TOKEN: SECRET}, cwd=folder)
    try:
        deadline = time.monotonic() + 20
        while server.poll() is None and time.monotonic() < deadline:
            try:
                Connection("127.0.0.1", port, timeout=5.0).close()
                break
            except Refused:
                time.sleep(0.01)  # readiness of another process can only be polled
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is set here as well."""
    monkeypatch.setenv(deployed.TOKEN, SECRET)


@pytest.mark.servers
@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_what_can_be_judged_in_band_is_judged(tmp_path: Path, interface: str) -> None:
    """The rest is untested and says why; nothing is broken."""
    with serving(tmp_path, interface) as url:
        done = run(tmp_path, f"--server={url}", f"--interface={interface}", "--report=out")
    assert done.returncode == 0, done.stdout
    report = report_of(tmp_path)
    assert report["totals"]["pass"] >= (20 if interface == "wsgi" else 8)
    assert report["totals"]["fail"] == report["totals"]["warn"] == report["totals"]["error"] == 0
    reasons = {entry["reason"] for entry in report["requirements"].values() if entry["verdict"] == "untested"}
    assert any("side channel" in reason for reason in reasons)
    assert "is judged with its server" in done.stdout


@pytest.mark.servers
@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_nobody_else_gets_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interface: str) -> None:
    """Neither without a proof, nor with a wrong one, nor with one that was used, nor with another script."""
    monkeypatch.setenv(deployed.TOKEN, SECRET)
    with serving(tmp_path, interface) as url:
        server = deployed.serve(deployed.at(url), interface)
        exchange, signed = server.prepare(get(), None)

        def status(octets: bytes) -> int:
            wire = Connection(server.host, server.port, timeout=5.0)
            try:
                wire.send(octets)
                return wire.read_response(b"GET", time.monotonic() + 5.0).status
            finally:
                wire.close()

        tampered = signed.replace(b"Gateproof-Script: ", b"Gateproof-Script: AAAA")
        assert status(get()) == 404
        assert status(mark(get(), b"Gateproof-Hello: 1\r\n")) == 404
        assert status(tampered) == 404
        assert status(signed) == 200
        assert status(signed) == 404
        monkeypatch.setenv(deployed.TOKEN, "f" * 32)
        assert not deployed.serve(deployed.at(url), interface).exchange(get()).calls
        assert exchange.calls == []


@pytest.mark.servers
def test_a_wrong_token_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names what may differ; status 3."""
    with serving(tmp_path, "wsgi") as url:
        monkeypatch.setenv(deployed.TOKEN, "f" * 32)
        done = run(tmp_path, f"--server={url}", "--interface=wsgi")
    assert done.returncode == 3
    assert "with the same GATEPROOF_TOKEN as here" in done.stdout
    assert clean(done)


@pytest.mark.parametrize(
    ("url", "more", "said"),
    [
        ("http://127.0.0.1:1/", ["--interface=wsgi"], "set GATEPROOF_TOKEN"),
        ("http://127.0.0.1:1/", [], "add --interface=wsgi or asgi"),
        ("http://127.0.0.1:1/?x=1", ["--interface=wsgi"], "is not a plain URL"),
        ("http://127.0.0.1:99999/", ["--interface=wsgi"], "has no usable port"),
    ],
)
def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, more: list[str], said: str) -> None:
    """One message, status 4."""
    monkeypatch.delenv(deployed.TOKEN, raising=False)
    done = run(tmp_path, f"--server={url}", *more)
    assert done.returncode == 4
    assert said in done.stderr + done.stdout
    assert clean(done)


@pytest.mark.usefixtures("token")
def test_nobody_listens(tmp_path: Path) -> None:
    """One message, status 3."""
    done = run(tmp_path, f"--server=http://127.0.0.1:{free_port('127.0.0.1')}", "--interface=wsgi")
    assert done.returncode == 3
    assert "cannot be judged" in done.stdout
    assert clean(done)


@pytest.mark.usefixtures("token")
def test_requests_go_to_where_the_probe_is() -> None:
    """Path, Host and proof are those of the URL; the octets of the check are otherwise untouched."""
    server: Server = deployed.serve(deployed.at("http://example.org:81/probe/"), "wsgi")
    _, octets = server.prepare(get(b"/a?b", (b"X-A", b"1")), None)
    lines = octets.split(b"\r\n")
    assert lines[0] == b"GET /probe/a?b HTTP/1.1"
    assert b"Host: example.org:81" in lines
    assert b"X-A: 1" in lines
    assert sum(line.startswith(b"Gateproof-Proof: ") for line in lines) == 1

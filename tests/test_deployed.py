"""A probe that is deployed behind a server of somebody else: judged through its responses, and open to nobody."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from gateproof import deployed
from gateproof.judge import Untestable
from gateproof.requirements import coverage
from gateproof.servers.launching import free_port, probe_file
from gateproof.settings import Settings
from gateproof.target import Server
from gateproof.targets.reached import Reached
from gateproof.wire.client import Connection, Refused
from gateproof.wire.request import get, mark

from .running import clean, report_of, run

SECRET = "0123456789abcdef0123456789abcdef"


REFERENCE = "-m gateproof.reference.{interface} {interface}_probe:app --port={port}"
WAITRESS = "-m waitress --listen=127.0.0.1:{port} wsgi_probe:app"
UVICORN = "-m uvicorn asgi_probe:app --port={port} --log-level=error"


def rows(group: str, *numbers: int | range) -> set[str]:
    """Return the ids of some rows of a group."""
    listed = [list(number) if isinstance(number, range) else [number] for number in numbers]
    return {f"{group}-{number:03}" for some in listed for number in some}


# What a deployed probe shows whatever stands before it, and what it shows where nothing does.
ROBUST = {
    "wsgi": rows("WSGI-CALL", 1)
    | rows("WSGI-ENV", 1, 4, 5, 6, 7, 9, range(11, 15), 16, 21, 22, 26, 27, 28, 32, 39)
    | rows("WSGI-URL", 10)
    | rows("WSGI-CGI", 6)
    | rows("WSGI-UNICODE", 1)
    | rows("WSGI-INPUT", range(2, 8), range(9, 17))
    | rows("WSGI-ERRORS", 1, 2, 3)
    | rows("WSGI-HTTP", 24),
    "asgi": rows("ASGI-APP", 1, range(7, 11), 12, 18, 28)
    | rows("ASGI-EVENT", 1, 3, 5, 7, 9, 11, 13, 15)
    | rows("ASGI-HTTP-SCOPE", 4, 5, 41, range(15, 18), 21, 25, 31, 34)
    | rows("ASGI-HTTP-REQ", 1, 2, 3, 4, 6)
    | rows("ASGI-WS-SCOPE", 12, 15, 19),
}
DIRECT = {
    "wsgi": rows("WSGI-ENV", 10, 15, 17, 19, 20, 23, 24, 40)
    | rows("WSGI-URL", range(2, 8), 11, 12, 13, 14, 19, 20)
    | rows("WSGI-CGI", 2, 3, 4, 5, 10)
    | rows("WSGI-UNICODE", 2, 3, 4),
    "asgi": rows("ASGI-HTTP-SCOPE", 1, 2, 3, range(6, 15), 18, 19, 22, 23, 24, 26, 37, 43, 44, 76)
    | rows("ASGI-HTTP-REQ", 5, 15)
    | rows("ASGI-WS-SCOPE", range(1, 12), 16, 17, 20, 21, 22)
    | rows("ASGI-TLS", 1),
}
# What a reference server becomes, and the rows that it breaks as it does: each is seen through the probe's responses.
SPOILED = {
    "wsgi": """
import sys, wsgi_probe
from gateproof.reference.wsgi import Server

class Spoiled(Server):
    def query_string(self, query):
        return super().query_string(query).upper()

    def decode_path(self, path):
        return path.decode("latin-1")

    def environ(self, *given):
        environ = super().environ(*given)
        del environ["wsgi.run_once"]
        return {**environ, "wsgi.version": [1, 0], "SERVER_PORT": int(environ["SERVER_PORT"])}

Spoiled(wsgi_probe.app, "127.0.0.1", int(sys.argv[1])).serve_forever()
""",
    "asgi": """
import sys, asgi_probe
from gateproof.reference.asgi import Server

class Spoiled(Server):
    def query_string(self, query):
        return super().query_string(query).decode("latin-1")

    def path(self, target):
        return target.decode("latin-1")

    def subprotocols(self, request):
        return super().subprotocols(request)[:1]

    def scope(self, *given):
        return {**super().scope(*given), "scheme": b"http"}

async def app(scope, receive, send):
    async def keyless():
        event = await receive()
        return {**event, "body": event["body"][1:]} if event.get("body") else event
    await asgi_probe.app(scope, keyless, send)

Spoiled(app, "127.0.0.1", int(sys.argv[1])).serve_alone()
""",
}
BREAKS = {
    "wsgi": rows("WSGI-URL", 5, 6, 10, 12) | rows("WSGI-ENV", 7, 21, 23, 26),
    "asgi": rows("ASGI-HTTP-SCOPE", 6, 9, 10, 15)
    | rows("ASGI-WS-SCOPE", 3, 5, 7, 15, 16)
    | rows("ASGI-EVENT", 15)
    | rows("ASGI-HTTP-REQ", 4, 5, 15),
}


@contextmanager
def serving(folder: Path, interface: str, how: str = REFERENCE) -> Iterator[str]:
    """Deploy the probe behind a server; yield its URL."""
    shutil.copy(probe_file(interface), folder)
    port = free_port("127.0.0.1")
    command = [sys.executable, *how.format(interface=interface, port=port).split()]
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


@contextmanager
def relaying(url: str) -> Iterator[str]:
    """Stand between: pass octets on as they are, so that nothing but the client's address is another; yield a URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    onward = ("127.0.0.1", int(url.rpartition(":")[2]))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while octets := source.recv(65536):
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):  # the listener's end
            while True:
                client, _ = listener.accept()
                with client, socket.create_connection(onward) as server:
                    there = threading.Thread(target=pump, args=(client, server))
                    there.start()
                    pump(server, client)
                    there.join()

    serving = threading.Thread(target=accept)
    serving.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        serving.join()
        listener.close()


def said_of(folder: Path, url: str, interface: str, *options: str, status: int = 0) -> dict[str, dict[str, Any]]:
    """Judge a deployed probe; return what is said of each requirement."""
    done = run(folder, f"--server={url}", f"--interface={interface}", "--effort=quick", "--report=out", *options)
    assert done.returncode == status, done.stdout
    assert "is judged with its server" in done.stdout
    entries: dict[str, dict[str, Any]] = report_of(folder)["requirements"]
    assert {key for key, entry in entries.items() if entry["verdict"] == "untested" and not entry["reason"]} == set()
    return entries


def with_verdict(entries: dict[str, dict[str, Any]], *verdicts: str) -> set[str]:
    """Return the requirements of these verdicts."""
    return {key for key, entry in entries.items() if entry["verdict"] in verdicts}


@pytest.mark.servers
@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_what_can_be_judged_in_band_is_judged(tmp_path: Path, interface: str) -> None:
    """Nothing is broken of a server that conforms; the rest is untested and says what is not seen."""
    with serving(tmp_path, interface) as url:
        entries = said_of(tmp_path, url, interface)
    assert with_verdict(entries, "pass", "inform") == ROBUST[interface] | DIRECT[interface]
    reasons = {entry["reason"] for entry in entries.values() if entry["verdict"] == "untested"}
    for seen in ("takes the place of the response", "the launch 'tls'", "the journal comes with the response"):
        assert any(seen in reason for reason in reasons), seen


@pytest.mark.servers
@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(("interface", "how"), [("wsgi", WAITRESS), ("asgi", UVICORN)])
def test_a_real_server(tmp_path: Path, interface: str, how: str) -> None:
    """As much is judged of it; what it lacks or breaks is said."""
    with serving(tmp_path, interface, how) as url:
        entries = said_of(tmp_path, url, interface)
    judged = with_verdict(entries, "pass", "inform", "warn", "fail", "unsupported")
    assert ROBUST[interface] | DIRECT[interface] <= judged


@pytest.mark.servers
@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_something_stands_between(tmp_path: Path, interface: str) -> None:
    """What it may change is not held against the server: checks of that are not made."""
    judged = {check: info for check, info in coverage.checks(f"{interface}/server").items() if info.in_band}
    with serving(tmp_path, interface) as behind, relaying(behind) as between:
        for url in (behind, between):
            target = Reached(Settings(server=url, interface=interface))
            target.resolve()
            target.start()
            for check, info in judged.items():
                shown = url == behind or not info.unproxied
                with nullcontext() if shown else pytest.raises(Untestable, match="what stands between"):
                    assert target.ready(info), check


@pytest.mark.servers
@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_faults_are_found(tmp_path: Path, interface: str) -> None:
    """Through responses alone, each of them."""
    (tmp_path / "spoiled.py").write_text(SPOILED[interface])
    with serving(tmp_path, interface, "spoiled.py {port}") as url:
        entries = said_of(tmp_path, url, interface, "-k", "environ or url or scope or body or expect", status=1)
    assert with_verdict(entries, "fail") == BREAKS[interface]


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

"""What shows that a server lacks a feature for which its profile has no launch: a certificate lets the row go."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gateproof.suites.wsgi.server.test_concurrency import (
    test_a_single_thread_can_be_had as single_thread,
)
from gateproof.suites.wsgi.server.test_concurrency import (
    test_several_processes_are_announced as several_processes,
)
from gateproof.suites.wsgi.server.test_environ import test_scheme_over_tls as scheme_over_tls
from gateproof.suites.wsgi.server.test_start_response import (
    test_a_second_call_raises_also_after_a_failed_one as raises_also_after_a_failed_one,
)

from gateproof import requirements
from gateproof.judge import Judgement, Unsupported
from gateproof.reference.answer import Answer
from gateproof.reference.wsgi import Server
from gateproof.runner import run_check
from gateproof.running import Untouched
from gateproof.session import Session
from gateproof.settings import Settings
from gateproof.targets import missing
from gateproof.targets.missing import no_tls
from gateproof.wire.tls import make_certificate
from tests.proof.harness import serving

Talk = Callable[[socket.socket], Any]


class Listening(Untouched):
    """Stands for a launch."""

    id, host, uds, tls, mount, capabilities = "default-0", "127.0.0.1", None, None, "", frozenset[str]()

    def __init__(self, port: int) -> None:
        """Take the port."""
        self.port = port


@contextmanager
def listening(talk: Talk) -> Iterator[Listening]:
    """Serve one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(5)
                talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Listening(listener.getsockname()[1])
        thread.join()


def plain(connection: socket.socket) -> None:
    """Read a head, and refuse it."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        seen += connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_what_answers_as_no_server_of_tls_does() -> None:
    """In plain text, or by the end of the connection."""
    with listening(plain) as running:
        shown = no_tls(running)
    assert shown is not None
    assert [way for _, way, _ in shown.trace] == ["out", "in"]
    assert shown.trace[0][2] == shown.request
    assert "400 Bad Request" in shown.outcome
    with listening(lambda connection: connection.recv(4096)) as running:
        shown = no_tls(running)
    assert shown is not None
    assert shown.closed


def test_what_may_be_a_server_of_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that goes on with the handshake, one that refuses it by an alert, one that says nothing."""
    make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")

    def tls(connection: socket.socket) -> None:
        with suppress(OSError):
            context.wrap_socket(connection, server_side=True)

    with listening(tls) as running:
        assert no_tls(running) is None
    with listening(lambda connection: connection.sendall(b"\x15\x03\x03\x00\x02\x02\x28")) as running:
        assert no_tls(running) is None
    monkeypatch.setattr(missing, "ANSWER_S", 0.05)
    with listening(
        lambda connection: connection.recv(1000) and connection.recv(1000) and connection.recv(1)
    ) as running:
        assert no_tls(running) is None


def test_what_is_shown_stands_in_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check for which there is no launch names the lack, and the exchange; without one it names none."""
    session = Session(Settings(server="wsgiref", rootdir=tmp_path))
    session.resolve()
    with listening(plain) as running:
        monkeypatch.setattr(session.target, "server", lambda variant: SimpleNamespace(running=running))
        shown = session.target._lacking("tls")  # type: ignore[attr-defined]
    for raised, lacks, count in ((shown, "tls", 1), (Unsupported("no launch"), "", 0)):

        def ready(check: object, raised: Unsupported = raised) -> None:
            raise raised

        monkeypatch.setattr(session.target, "ready", ready)
        said, _ = session._judge(scheme_over_tls, "tls")
        assert {judgement["lacks"] for judgement in said["judgements"]} == {lacks}
        assert [len(judgement["exchanges"]) for judgement in said["judgements"]] == [count] * 2
        assert len(said["exchanges"]) == count


@pytest.mark.parametrize(
    ("check", "claims", "lacks"),
    [
        (several_processes, False, "processes"),
        (several_processes, True, ""),
        (single_thread, False, "multithread"),
        (single_thread, True, ""),
    ],
)
def test_what_stands_in_for_a_launch(check: Any, claims: bool, lacks: str) -> None:
    """What the environ says of the ordinary launch shows that it has not what another launch would be for."""

    class Claims(Server):
        """A reference server that makes one call at a time, and says what it is told to."""

        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            self.be_single()
            self.multithread = self.multiprocess = claims

    said = judged(Claims, check)
    assert (said.verdict, said.lacks) == ("unsupported", lacks)


class StatusAlone(Answer):
    """Raises for a malformed status and for no field; a call that raised is none."""

    def check_headers(self, headers: Any) -> None:
        """Find nothing wrong."""

    def start_response(self, *given: Any) -> Callable[[bytes], None]:  # type: ignore[override]
        """Forget a call that raised."""
        try:
            return super().start_response(*given)
        except ValueError:
            self.called = False
            raise


def test_an_occasion_is_looked_for() -> None:
    """A call that raises: if not for a field, then for a status."""

    class Lenient(Server):
        answer_class = StatusAlone

    assert judged(Lenient, raises_also_after_a_failed_one).verdict == "fail"


def judged(make: type[Server], check: Any) -> Judgement:
    """Return what a check of one requirement says of the ordinary launch."""
    rows = {row.id: row for row in requirements.load()}
    with serving(make, "default") as server:
        [said] = run_check(check, {"server": server}, server, rows, "quick", confirm=False).judgements
    return said

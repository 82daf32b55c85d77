"""Launches: what is started is stopped, whatever happens to the run, and what fails says so once, clearly."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateproof.channel import Channel
from gateproof.exchange import Exchange
from gateproof.scripts import ok
from gateproof.servers import Launch, LaunchError, Profile, launch, launching, resolve, supervising
from gateproof.servers.launching import STOP_S
from gateproof.target import DYING_S, Server
from gateproof.wire.request import get
from tests.running import lives

pytestmark = pytest.mark.servers


@pytest.fixture
def channel() -> Iterator[Channel]:
    """A side channel for one test."""
    made = Channel()
    yield made
    made.close()


def start(profile: Profile, channel: Channel, folder: Path) -> Launch:
    """Start a profile's default launch."""
    return launch(
        profile,
        variant="default",
        channel_address=channel.address,
        token=channel.token,
        launch_id="test-1",
        folder=folder,
    )


def scripted(code: str, **options: object) -> Profile:
    """Return a profile whose server is a piece of Python."""
    argv = ("{python}", "-c", textwrap.dedent(code), "{app}", "{port}")
    return Profile("scripted", "wsgi", argv, **options)  # type: ignore[arg-type]


def gone(pids: list[int], seconds: float = 5.0) -> bool:
    """Tell whether all processes end in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(lives(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def test_a_server_answers_and_stops(channel: Channel, tmp_path: Path) -> None:
    """wsgiref, from start to a normal stop."""
    running = start(resolve("wsgiref", rootdir=tmp_path), channel, tmp_path)
    assert Server(running, channel).exchange(get(b"/x")).call.environ["PATH_INFO"] == "/x"
    running.stop()
    running.stop()
    assert gone([running.pid])


STUBBORN = """
    import os, signal, subprocess, sys
    if len(sys.argv) > 3: pass
    worker = subprocess.Popen([sys.executable, "-c",
        "import os, signal, time; os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"])
    print("worker", worker.pid, flush=True)
    sys.argv[1:] = ["wsgiref", sys.argv[1], "127.0.0.1", sys.argv[2]]
    sys.path.insert(0, os.getcwd())
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    from wsgiref.simple_server import make_server
    import wsgi_probe
    make_server("127.0.0.1", int(sys.argv[4]), wsgi_probe.app).serve_forever()
"""


def test_nothing_outlives_a_run_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL for the run: five seconds later neither the server nor its worker in another session is there."""
    code = f"""
        import sys, time
        from pathlib import Path
        from gateproof.channel import Channel
        from gateproof.servers import Profile, launch
        channel = Channel()
        argv = ("{{python}}", "-c", {textwrap.dedent(STUBBORN)!r}, "{{app}}", "{{port}}")
        profile = Profile("stubborn", "wsgi", argv)
        running = launch(profile, variant="default", channel_address=channel.address, token=channel.token,
                         launch_id="k", folder=Path({str(tmp_path)!r}))
        print(running.pid, running.log_tail().split()[1], flush=True)
        time.sleep(60)
    """
    run = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    pids = [int(word) for word in run.stdout.readline().split()]
    assert len(pids) == 2
    assert all(lives(pid) for pid in pids)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    assert gone(pids)


@pytest.mark.parametrize("name", ["gunicorn-sync --workers 4", "gunicorn-gthread --workers 2 --threads 4"])
def test_every_journal_of_every_worker_arrives(channel: Channel, tmp_path: Path, name: str) -> None:
    """800 of 800, from processes and threads side by side: each whole, each its own."""
    running = start(resolve(name, rootdir=tmp_path), channel, tmp_path)
    server = Server(running, channel)

    def ask(number: int) -> Exchange:
        return server.exchange(get(b"/%d" % number), ok(b"%d" % number), timeout=20.0)

    # Sixteen at a time on a busy machine: one worker may stand still while the others answer.
    server.patience, server.quiet = 20.0, (20.0, 1)
    with ThreadPoolExecutor(16) as pool:
        exchanges = list(pool.map(ask, range(800)))
    running.stop()
    assert channel.take_errors() == []
    told = [(x.call.environ["PATH_INFO"], x.answer.body, [event.name for event in x.events]) for x in exchanges]
    names = ["call", "start", "returned"]
    assert told == [(f"/{number}", b"%d" % number, names) for number in range(800)]
    assert len({x.call.events[0].pid for x in exchanges}) > 1


def test_a_server_that_ends_at_once(channel: Channel, tmp_path: Path) -> None:
    """Its exit status, its command and its words are in the message."""
    with pytest.raises(LaunchError, match=r"(?s)exit status 9.*its log ends with:\nsorry"):
        start(scripted("import sys; print('sorry'); sys.exit(9)"), channel, tmp_path)


def test_a_server_that_never_answers(channel: Channel, tmp_path: Path) -> None:
    """It costs its deadline, not the run."""
    with pytest.raises(LaunchError, match=r"did not answer within 0\.5 s"):
        start(scripted("import time; time.sleep(60)", ready_s=0.5), channel, tmp_path)


def test_a_unix_socket_that_has_nothing_but_errors(channel: Channel, tmp_path: Path) -> None:
    """It is a launch, and what it answers is for a check to judge."""
    code = """
        import socket, sys
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(sys.argv[3])
            listener.listen()
            while True:
                with listener.accept()[0] as client:
                    client.recv(4096)
                    client.sendall(b"HTTP/1.1 500 Oops\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    """
    profile = scripted(code)
    running = start(replace(profile, argv=(*profile.argv, "{uds}")), channel, tmp_path)
    x = Server(running, channel).exchange(get())
    running.stop()
    assert (x.response and x.response.status, x.calls) == (500, [])


def test_a_server_that_prints_a_hundred_megabytes(channel: Channel, tmp_path: Path) -> None:
    """What it prints is drained, and only its beginning and end are kept."""
    code = "import sys\nfor _ in range(100): sys.stdout.write('x' * 1_000_000)\nprint('end')\nsys.exit(1)"
    with pytest.raises(LaunchError) as caught:
        start(scripted(code), channel, tmp_path)
    assert len(str(caught.value)) < 100_000


def test_a_command_that_does_not_exist(channel: Channel, tmp_path: Path) -> None:
    """The command is named."""
    with pytest.raises(LaunchError, match="/nowhere/server"):
        start(Profile("none", "wsgi", ("/nowhere/server", "{app}", "{port}")), channel, tmp_path)


def test_a_machine_without_processes(channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine refuses is told like every other trouble of a launch."""

    def refuses(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(launching, "SUPERVISORS", supervising.Supervisors())
    monkeypatch.setattr(supervising.subprocess, "Popen", refuses)
    with pytest.raises(LaunchError, match="no process for its supervisor"):
        start(scripted(""), channel, tmp_path)


def test_a_machine_that_forks_no_more(channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that would fork a supervisor tells why it cannot, and goes on."""
    script = tmp_path / "refuses.py"
    script.write_text(f"""
import os, runpy
def refuses():
    raise BlockingIOError("Resource temporarily unavailable")
os.fork = refuses
runpy.run_path({str(supervising.SCRIPT)!r}, run_name="__main__")
""")
    with closing(supervising.Supervisors()) as mine:
        monkeypatch.setattr(launching, "SUPERVISORS", mine)
        monkeypatch.setattr(supervising, "SCRIPT", script)
        for _ in range(2):
            with pytest.raises(LaunchError, match="no process for its supervisor: Resource temporarily"):
                start(scripted(""), channel, tmp_path)


def test_a_forking_process_that_was_killed(channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Launches outlive it, end as they should, and the next one finds another."""
    with closing(supervising.Supervisors()) as mine:
        monkeypatch.setattr(launching, "SUPERVISORS", mine)
        first = start(resolve("wsgiref", rootdir=tmp_path), channel, tmp_path / "first")
        assert mine.pid
        os.kill(mine.pid, signal.SIGKILL)
        second = start(resolve("wsgiref", rootdir=tmp_path), channel, tmp_path / "second")
        for running in (first, second):
            assert Server(running, channel).exchange(get()).response
            running.stop()
        assert gone([first.pid, second.pid])


def test_somebody_else_on_the_port_is_not_our_server(channel: Channel, tmp_path: Path) -> None:
    """A server that answers without our identity is not taken for ours."""
    code = """
        import sys
        from wsgiref.simple_server import make_server
        def app(environ, start_response):
            start_response("200 OK", [])
            return [b"somebody else"]
        make_server("127.0.0.1", int(sys.argv[2]), app).serve_forever()
    """
    with pytest.raises(LaunchError, match="did not answer"):
        start(scripted(code, ready_s=1.0), channel, tmp_path)


def test_a_server_that_dies_is_started_anew(channel: Channel, tmp_path: Path) -> None:
    """Its death is noted at the exchange that caused it; the next exchange finds a fresh one."""
    running = start(resolve("wsgiref", rootdir=tmp_path), channel, tmp_path)
    server = Server(running, channel)
    os.kill(running.pid, signal.SIGKILL)
    assert gone([running.pid])
    again = server.exchange(get(b"/again"))
    assert again.call.environ["PATH_INFO"] == "/again"
    running.stop()


MORTAL = """
    import importlib, os, socket, sys, threading, time
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
    module, attribute = sys.argv[1].split(":")

    class Handler(WSGIRequestHandler):
        def handle(self):
            if self.request.recv(65536, socket.MSG_PEEK).startswith(b"DELETE"):
                print("Goodbye from", os.getpid(), flush=True)
                die(self)
            super().handle()

    def die(handler):
        HOW

    server = WSGIServer(("127.0.0.1", int(sys.argv[2])), Handler)
    server.set_app(getattr(importlib.import_module(module), attribute))
    server.serve_forever()
"""
# Its connection ends a while before its listener; with both; or it answers, and nobody knows of its death for a while.
SLOWLY = "handler.request.shutdown(socket.SHUT_RDWR); handler.request.close(); time.sleep(0.05); os._exit(9)"
AT_ONCE = "os._exit(9)"
LATER = "threading.Timer(0.05, os._exit, [9]).start()"


@pytest.mark.parametrize("how", [SLOWLY, AT_ONCE, LATER], ids=["slowly", "at-once", "later"])
def test_a_death_is_told_at_the_exchange_that_caused_it(channel: Channel, tmp_path: Path, how: str) -> None:
    """However soon the next request follows; and the log of the process that died is kept."""
    running = start(scripted(MORTAL.replace("HOW", how)), channel, tmp_path)
    server = Server(running, channel)
    for _ in range(4):
        server.begin_check("one")
        server.exchange(get(), ok())
        deadly = server.exchange(get(method=b"DELETE"), ok())
        if how == LATER:
            assert running.ended(5.0)
        after = server.exchange(get(method=b"OPTIONS"), ok())
        assert after.answer.status == 200
        assert server.take_deaths() == [deadly]
        assert (deadly.died, deadly.refused) == ("exit status 9", False)
        assert "Goodbye from" in deadly.last_words
    running.stop()
    entry = running.to_json()
    assert [end["exit_status"] for end in entry["earlier"]] == [9] * 4
    assert all(f"Goodbye from {end['pid']}" in end["log_tail"] for end in entry["earlier"])


def test_a_death_between_two_checks_is_not_the_second_ones(channel: Channel, tmp_path: Path) -> None:
    """It is told at the last exchange before, as nothing of it can be seen in the check that follows."""
    running = start(scripted(MORTAL.replace("HOW", LATER)), channel, tmp_path)
    server = Server(running, channel)
    deadly = server.exchange(get(method=b"DELETE"), ok())
    assert server.take_deaths() == []
    server.begin_check("two")
    assert running.ended(5.0)
    assert server.exchange(get(), ok()).answer.status == 200
    assert server.take_deaths() == [deadly]
    assert deadly.id not in server.exchanges
    running.stop()


def test_a_server_that_ends_connections_without_a_word_lives(channel: Channel, tmp_path: Path) -> None:
    """It costs a look, no wait, and it is still nobody's death."""
    rude = "handler.request.recv(65536); handler.request.shutdown(socket.SHUT_RDWR)"
    running = start(scripted(MORTAL.replace("HOW", rude)), channel, tmp_path)
    server = Server(running, channel)
    begun = time.monotonic()
    assert all(server.exchange(get(method=b"DELETE")).refused for _ in range(20))
    assert time.monotonic() - begun < DYING_S
    assert (server.take_deaths(), server.suspect) == ([], None)
    running.stop()


def test_a_server_that_does_not_stop_is_started_anew_at_once(channel: Channel, tmp_path: Path) -> None:
    """Nobody waits for the end of one that is of no use any more."""
    code = """
        import importlib, signal, sys
        from wsgiref.simple_server import make_server
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        module, attribute = sys.argv[1].split(":")
        app = getattr(importlib.import_module(module), attribute)
        make_server("127.0.0.1", int(sys.argv[2]), app).serve_forever()
    """
    running = start(scripted(code), channel, tmp_path)
    old, begun = running.pid, time.monotonic()
    running.restart()
    assert time.monotonic() - begun < STOP_S
    assert gone([old])
    assert running.greets(5.0)
    running.stop(at_once=True)


@pytest.mark.parametrize(("code", "spins"), [("while True: pass", True), ("import time; time.sleep(60)", False)])
def test_what_computes_without_end_is_told_from_what_waits(code: str, spins: bool) -> None:
    """A server whose calls never end is started anew where they use up the machine."""
    running = object.__new__(Launch)
    with subprocess.Popen([sys.executable, "-c", f"print(flush=True)\n{code}"], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        running.pid = child.pid
        try:
            # A loaded machine may give it nothing for a while.
            assert any(running.spins() for _ in range(50 if spins else 1)) is spins
        finally:
            child.kill()


def test_a_probe_is_compiled_once(tmp_path: Path) -> None:
    """What our interpreter made of it lies in the folder of each launch, and is what is imported there."""
    for number in range(2):
        place = tmp_path / str(number) / "__pycache__"
        place.parent.mkdir()
        launching._keep_compiled(launching.probe_file("wsgi"), place)
        (place.parent / "wsgi_probe.py").write_text("not looked at")
        command = [sys.executable, "-c", "import wsgi_probe; print(wsgi_probe.app, wsgi_probe.__file__)"]
        done = subprocess.run(command, cwd=place.parent, capture_output=True, text=True, check=False)
        assert done.stdout.rstrip().endswith(str(place.parent / "wsgi_probe.py")), done.stderr

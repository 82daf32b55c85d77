"""What a run costs over the least that it could: CPU of both sides, ours and the server's.

    python benchmarks/floor.py [SERVER]

The floor is pytest's own start, the launches, Hypothesis's draws alone, and the same requests, scripts and journals
played by a bare loop without pytest and checks. The cost of the journal is a line of its own.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateproof.servers import Launch, launch, launching, resolve
from gateproof.servers.supervising import SUPERVISORS

HERE = Path(__file__).parent
MOST = 2.0
ROUNDS = 3
ANSWER_S = 0.3


def spent(who: int = resource.RUSAGE_CHILDREN) -> float:
    """Return CPU seconds, user and system, of ended children or of ourselves."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def pytest_s(folder: Path, *options: str, **environment: str) -> float:
    """Return the CPU seconds of a pytest run and everything below it."""
    before = spent()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *options]
    # Compiled code is kept, as on everybody's machine, wherever this runs.
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "PYTHONPYCACHEPREFIX": str(folder / "compiled"), **environment}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode not in (0, 1, 5):
        raise SystemExit(done.stdout.decode() + done.stderr.decode())
    return spent() - before


class Drain:
    """The other end of the side channel, bare: it drains journals and answers the questions for scripts."""

    def __init__(self) -> None:
        """Listen on loopback, read in a thread."""
        self.scripts: dict[str, Any] = {}
        self.armed: dict[str, str] = {}
        self.token = "floor"
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.address = self.listener.getsockname()[:2]
        self.closing = False
        self.spent_s = 0.0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        """Read until closed."""
        selector = selectors.DefaultSelector()
        selector.register(self.listener, selectors.EVENT_READ, None)
        while not self.closing:
            for key, _ in selector.select(0.1):
                if key.data is None:
                    sock = self.listener.accept()[0]
                    selector.register(sock, selectors.EVENT_READ, {"launch": ""})
                    continue
                octets = key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
                if not octets:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
                elif b'"get"' in octets or b'"hello"' in octets:
                    self.answer(key, octets)
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        selector.close()

    def answer(self, key: selectors.SelectorKey, octets: bytes) -> None:
        """Note who greets; answer a question for a script."""
        for line in octets.splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if "hello" in said:
                key.data["launch"] = said["launch"]
            elif "get" in said:
                name = said["get"] or self.armed.get(key.data["launch"])
                answer = json.dumps({"script": self.scripts.get(name), "x": name})
                key.fileobj.sendall(answer.encode("ascii") + b"\n")  # type: ignore[union-attr]


@contextmanager
def launched(server: str, variants: Sequence[str], drain: Drain) -> Iterator[dict[str, Launch]]:
    """Start the launches that the run had, and stop them."""
    folder = Path(tempfile.mkdtemp(prefix="gateproof-floor-"))
    profile = resolve(server, rootdir=folder)
    running = {}
    try:
        for variant in variants:
            running[variant] = launch(
                profile,
                variant=variant,
                channel_address=drain.address,
                token=drain.token,
                launch_id=f"{variant}-floor",
                folder=folder / variant.replace(":", "-"),
            )
        yield running
    finally:
        for one in running.values():
            one.stop()
        shutil.rmtree(folder, ignore_errors=True)


def play(recording: dict[str, Any], running: dict[str, Launch], drain: Drain) -> int:
    """Send what the run sent and read as much as it read; return the number of exchanges."""
    ports = {port: running[variant] for variant, _, port in recording["launches"] if variant in running}
    variants = {name: variant for variant, name, _ in recording["launches"]}
    tls = {port for variant, _, port in recording["launches"] if variant == "tls"}
    sockets: dict[int, socket.socket] = {}
    waiting = {name.encode("ascii") for name in recording["waiting"]}
    due: dict[int, int] = {}
    exchanges = 0
    for kind, subject, value in (event if len(event) == 3 else (*event, None) for event in recording["events"]):
        if kind == "script":
            drain.scripts[subject] = value
        elif kind == "arm":
            drain.armed[f"{variants[subject]}-floor"] = value
        elif kind == "open" and value in ports and value not in tls:
            sockets[subject] = connect(ports[value])
        elif subject in sockets:
            if kind == "send":
                read(sockets[subject], due.pop(subject, 0))
                if any(name in value for name in waiting):
                    sockets.pop(subject).close()
                    continue
                exchanges += 1
                try:
                    sockets[subject].sendall(value)
                except OSError:
                    sockets.pop(subject).close()
            elif kind == "got":
                due[subject] = due.get(subject, 0) + value
            elif kind == "close":
                read(sockets[subject], due.pop(subject, 0))
                sockets.pop(subject).close()
    for left in sockets.values():
        left.close()
    return exchanges


def connect(to: Launch) -> socket.socket:
    """Return a connection to a launch, over the socket that it listens on."""
    if to.uds:
        local = socket.socket(socket.AF_UNIX)
        local.connect(to.uds)
        return local
    sock = socket.create_connection((to.host, to.port), 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def read(sock: socket.socket, count: int) -> None:
    """Read so many octets, or what comes of them in time."""
    sock.settimeout(ANSWER_S)
    try:
        while count > 0 and (octets := sock.recv(1 << 16)):
            count -= len(octets)
    except OSError:
        return


def cost(server: str, recording: dict[str, Any], plays: bool) -> tuple[float, float, int]:
    """Return the CPU seconds of the servers and of ourselves for the launches, with or without the exchanges."""
    drain = Drain()
    variants = list(dict.fromkeys(variant for variant, _, _ in recording["launches"]))
    before, exchanges, ours = spent(), 0, 0.0
    with launched(server, variants, drain) as running:
        mine = spent(resource.RUSAGE_SELF)
        if plays:
            exchanges = play(recording, running, drain)
            time.sleep(0.2)  # the last journals are on their way
        ours = spent(resource.RUSAGE_SELF) - mine
    drain.closing = True
    drain.thread.join()
    SUPERVISORS.close()  # only a process that ended tells what its own have spent
    return spent() - before, ours, exchanges


@contextmanager
def silent_probe() -> Iterator[None]:
    """Let launches host a probe that journals nothing."""
    found = launching.probe_file
    folder = Path(tempfile.mkdtemp(prefix="gateproof-floor-"))
    # What makes the journal: the event that opens a call, every other event, and the line that leaves.
    heads = {
        '        """Return what we were called with, as data."""\n': "        return {}\n",
        '        """Journal one event; it leaves at once where a check waits for it."""\n': "        return\n",
        '        """Send one journal line; what a finalizer journals meanwhile, wherever garbage is met, '
        'comes behind it."""\n': "        return\n",
    }

    def mute(interface: str) -> Path:
        original = found(interface)
        text = original.read_text(encoding="utf-8")
        for head, body in heads.items():
            assert text.count(head) == 1, f"{original}: {head}"
            text = text.replace(head, head + body)
        (folder / original.name).write_text(text, encoding="utf-8")
        return folder / original.name

    launching.probe_file = mute
    try:
        yield
    finally:
        launching.probe_file = found
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: Sequence[str]) -> int:
    """Print the lines; status 1 where the run costs too many times the floor."""
    server = arguments[0] if arguments else "waitress"
    options = (f"--server={server}", *arguments[1:])
    with tempfile.TemporaryDirectory() as name:
        folder, file = Path(name), Path(name) / "recording"
        pytest_s(folder, *options)  # fills the caches of code
        runs = [pytest_s(folder, *options) for _ in range(ROUNDS)]
        path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
        pytest_s(folder, *options, "-p", "recording", PYTHONPATH=path, GATEPROOF_RECORDING=str(file))
        bare = min(pytest_s(folder, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1") for _ in range(ROUNDS))
        collected = min(pytest_s(folder, *options, "--collect-only") for _ in range(ROUNDS))
        recording = pickle.loads(file.read_bytes())
    run = min(runs)
    launches, _, _ = min(cost(server, recording, plays=False) for _ in range(ROUNDS))
    theirs, ours, exchanges = min(cost(server, recording, plays=True) for _ in range(ROUNDS))
    with silent_probe():
        quiet_theirs, quiet_ours, _ = min(cost(server, recording, plays=True) for _ in range(ROUNDS))
    journal = max(0.0, theirs + ours - quiet_theirs - quiet_ours)
    replay = theirs + ours - launches
    floor = bare + launches + recording["drawn_s"] + replay
    lines = {
        "pytest's own start": bare,
        f"{len(recording['launches'])} launches": launches,
        "Hypothesis's draws alone": recording["drawn_s"],
        f"{exchanges} exchanges, played bare": replay - journal,
        "their journal": journal,
        "the floor": floor,
        f"pytest {' '.join(options)}": run,
    }
    rest = {
        "  of the rest: imports, rows, collection": collected - bare,
        "  of the rest: checks, items, channel": run - floor - collected + bare,
    }
    for label, seconds in (lines | rest).items():
        print(f"{label:<40}{seconds:8.2f} s of CPU")
    print(f"{run / floor:.2f} times the floor (at most {MOST:g})")
    return int(run / floor > MOST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

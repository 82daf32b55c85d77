"""The run's side of `supervisor.py`: one process that forks supervisors, and a handle on each of them."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JsonDict = dict[str, Any]
SCRIPT = Path(__file__).parent / "supervisor.py"


class NotStarted(Exception):
    """There is no server; the message says why."""


@dataclass
class Supervised:
    """A supervisor with its server: what it is told, and what it says."""

    pid: int  # the server's
    supervisor: int
    _link: socket.SocketIO
    _listener: threading.Thread | None = None

    def listen(self, told: Callable[[JsonDict], None], ended: Callable[[], None]) -> None:
        """Pass on, in a thread, each line that it says from now on, and its end."""

        def hear() -> None:
            with contextlib.suppress(ConnectionError):  # it has ended with our last word unread
                for line in self._link:
                    with contextlib.suppress(ValueError):
                        told(json.loads(line))
            ended()

        self._listener = threading.Thread(target=hear, name="gateproof-watch", daemon=True)
        self._listener.start()

    def stop(self, patience: float, *, at_once: bool) -> None:
        """Have the server stopped and all that it started, `at_once` with no time to end; then its supervisor ends."""
        assert self._listener is not None
        with contextlib.suppress(OSError):
            self._link.write(b"kill\n" if at_once else b"stop\n")
        self._listener.join(patience)
        if self._listener.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.supervisor, signal.SIGKILL)
            self._listener.join()
        self._link.close()


class Supervisors:
    """The process that forks supervisors: it begins with the first launch, and ends when ours does."""

    def __init__(self) -> None:
        """Begin with no process."""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: socket.socket | None = None

    @property
    def pid(self) -> int:
        """The id of the process; 0 before the first launch."""
        return self._process.pid if self._process is not None else 0

    def start(self, spec: Mapping[str, Any], log: int) -> Supervised:
        """Return the supervisor of a server that runs; what the server prints goes to the descriptor `log`.

        Raises `NotStarted`, also where the machine has no process for it.
        """
        line = json.dumps(spec).encode("ascii") + b"\n"
        try:
            with self._lock:  # an answer before the next question: a stream may join two of them
                link, first = self._ask(line, log) or self._ask(line, log) or (None, b"")
        except OSError as error:  # of the machine: no memory, too many processes
            raise NotStarted(f"no process for its supervisor ({error})") from error
        if link is None:
            raise NotStarted("the supervisor did not start")
        answer = json.loads(first)
        if "failed" in answer:
            link.close()
            raise NotStarted(f"the command cannot be run ({answer['failed']})")
        return Supervised(answer["pid"], answer["supervisor"], link)

    def _ask(self, line: bytes, log: int) -> tuple[socket.SocketIO, bytes] | None:
        """Return the link to another supervisor with its first line; None where our process has been killed."""
        ours, theirs = socket.socketpair()
        link, first = ours.makefile("rwb", buffering=0), b""
        try:
            with ours, contextlib.suppress(ConnectionError):
                with theirs:
                    self._send(line, [theirs.fileno(), log])
                first = link.readline()
        finally:
            if not first:
                link.close()
        if first:
            return link, first
        self.close()
        return None

    def _send(self, line: bytes, ends: list[int]) -> None:
        if self._asked is None:
            self._begin()
        assert self._asked is not None
        sent = socket.send_fds(self._asked, [line], ends)
        self._asked.sendall(line[sent:])

    def _begin(self) -> None:
        asked, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-S", str(SCRIPT)]
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError:
                asked.close()
                raise
        self._asked = asked
        atexit.register(self.close)

    def close(self) -> None:
        """Let the process end; the supervisors that it forked end with their launches."""
        if self._asked is not None and self._process is not None:
            atexit.unregister(self.close)
            self._asked.close()
            self._process.wait()
            self._asked = None


SUPERVISORS = Supervisors()

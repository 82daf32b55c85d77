"""The parent of a server under test: it outlives neither the test run nor lets anything of the server outlive it.

One file, standard library only, started by path, once for all launches of a run: it forks a supervisor for each, as
Python itself takes as long to start as some servers. Its standard input is a socket. For each launch it is sent a line,
one JSON object {"argv", "env", "cwd", "stop_s"}, and with it two descriptors: a socket to the test run, which is the
supervisor's standard input and output, and what becomes the server's output and errors.

A supervisor reads that socket, the other end of which only the test run holds: at a word (`stop`, or `kill`: at once),
or at its end (run killed, worker dead), it stops the server and then kills every descendant, also those that changed
their session. On Linux it is the subreaper, so that what a server left behind becomes its own child. It says one JSON
line {"pid", "supervisor"} or {"failed"}, and one {"exit"}.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
ORPHAN_STOP_S = 2.0  # nobody waits for a good end any more: five seconds after the run nothing of it is left


def become_subreaper() -> None:
    """Ask Linux to give us the orphans among our descendants; elsewhere there is no such thing."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def parents() -> dict[int, int]:
    """Return {pid: parent} of every process of this machine."""
    found = {}
    if os.path.isdir("/proc/self"):
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open("/proc/%s/stat" % name, "rb") as file:
                        found[int(name)] = int(file.read().rsplit(b")", 1)[1].split()[1])
                except (OSError, ValueError, IndexError):
                    continue
        return found
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE, check=False).stdout
    for line in listed.splitlines():
        pid, parent = line.split()
        found[int(pid)] = int(parent)
    return found


def descendants() -> set[int]:
    """Return the ids of all processes below us."""
    tree, mine = parents(), {os.getpid()}
    grew = True
    while grew:
        more = {pid for pid, parent in tree.items() if parent in mine} - mine
        grew = bool(more)
        mine |= more
    return mine - {os.getpid()}


def reap(server: int) -> int | None:
    """Collect every child that ended; tell how the server itself did, or None."""
    status = None
    while True:
        try:
            pid, raw = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if pid == 0:
            return status
        if pid == server:
            status = os.WEXITSTATUS(raw) if os.WIFEXITED(raw) else -os.WTERMSIG(raw)


def kill_rest(deadline_s: float = 5.0) -> None:
    """Kill everything below us until nothing is left."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        left = descendants()
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        reap(0)
        time.sleep(0.01)


def say(data: dict[str, Any], to: int = 1) -> None:
    """Tell the test run something; it may be gone."""
    try:
        os.write(to, json.dumps(data).encode("ascii") + b"\n")
    except OSError:
        pass


def main() -> None:
    """Fork a supervisor for each launch that the test run asks for, until it asks no more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a Ctrl-C at the terminal is for the test run, which then tells us
    signal.signal(signal.SIGCHLD, lambda *_: reap(0))  # reaped, so that what they computed counts as the run's
    with socket.socket(fileno=0) as asked:
        while True:
            line, ends = hear(asked)
            if not line:
                return
            try:
                child = os.fork()
            except OSError as error:
                say({"failed": "no process for its supervisor: %s" % error}, ends[0])
                child = -1
            if child == 0:
                become(*ends)
                run(json.loads(line))
            for end in ends:
                os.close(end)


def hear(asked: socket.socket) -> tuple[bytes, list[int]]:
    """Return the line of the next launch with its descriptors; an empty one at the end."""
    line = b""
    ends: list[int] = []
    while not line.endswith(b"\n"):
        octets, more, _, _ = socket.recv_fds(asked, 65536, 2)
        if not octets:
            return b"", ends
        line += octets
        ends += more
    return line, ends


def become(run_end: int, log: int) -> None:
    """Be a process of our own, with the descriptors that are for it alone."""
    os.setsid()
    for number, end in enumerate((run_end, run_end, log)):
        os.dup2(end, number)  # the first takes the place of the socket that asks for launches
    os.closerange(3, max(run_end, log) + 1)


def run(spec: dict[str, Any]) -> None:
    """Supervise and end: nothing that the parent has begun is for the child to go on with."""
    status = 1
    try:
        supervise(spec)
        status = 0
    except BaseException as error:  # it is told in the log of the launch
        os.write(2, ("gateproof: the supervisor failed: %r\n" % error).encode("utf-8", "backslashreplace"))
    finally:
        os._exit(status)


def supervise(spec: dict[str, Any]) -> None:
    """Start the server, wait for its end or ours, and leave nothing behind."""
    become_subreaper()
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        server = subprocess.Popen(
            spec["argv"],
            env=spec["env"],
            cwd=spec["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=2,
            stderr=2,
            start_new_session=True,
            restore_signals=True,
            preexec_fn=default_signals,
        )
    except OSError as error:
        say({"failed": "%s: %s" % (type(error).__name__, error)})
        return
    say({"pid": server.pid, "supervisor": os.getpid()})
    status = None
    while status is None:
        ready, _, _ = select.select([0, wake_read], [], [])
        if wake_read in ready:
            os.read(wake_read, 4096)
            status = reap(server.pid)
        elif 0 in ready:
            patience = {b"stop": spec["stop_s"], b"kill": 0.0}
            status = stop(server.pid, patience.get(os.read(0, 4096).strip(), ORPHAN_STOP_S))
    say({"exit": status})  # at once: the test run wants to know at which exchange it was
    kill_rest()


def default_signals() -> None:
    """Give the server the signal handling that a shell would."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def stop(server: int, deadline_s: float) -> int | None:
    """Ask the main process alone to end: a whole group asked at once costs some servers their lifespan.shutdown."""
    try:
        os.kill(server, signal.SIGTERM)
    except OSError:
        return reap(server)
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        status = reap(server)
        if status is not None:
            return status
        time.sleep(0.005)
    try:
        os.kill(server, signal.SIGKILL)
    except OSError:
        return None
    while True:
        status = reap(server)
        if status is not None:
            return status
        time.sleep(0.005)


if __name__ == "__main__":
    main()

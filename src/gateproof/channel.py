"""The side channel's end in the test run: it drains what probes journal, and answers what they ask.

One line is one JSON object, ASCII. From a probe come a greeting, journal lines and questions (script, wait, barrier);
a question is answered by one line. One thread of ours always reads, so that a full buffer can never stop both sides.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from gateproof import values

LINE_LIMIT = 4 * 1024 * 1024
EVENTS_LIMIT = 200_000
JsonDict = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One thing that a probe saw or did. `t` is in monotonic seconds, comparable with the client's clock."""

    t: float
    call: int
    name: str
    value: Any
    pid: int
    tid: int


@dataclass
class _Link:
    """One connection of a probe: one per process and thread of the server."""

    sock: socket.socket
    buffer: bytearray = field(default_factory=bytearray)
    hello: JsonDict | None = None
    expected: int = 0


@dataclass
class _Waiter:
    link: _Link
    key: tuple[str, str]
    deadline: float
    asked: JsonDict
    count: int = 0


def _thread() -> str:
    """Return what stands for the calling thread where otherwise a launch is named."""
    return f"thread {threading.get_ident()}"


def _tag(data: JsonDict) -> JsonDict:
    """Return what tells an answer apart where several calls share a link."""
    return {"x": data.get("x"), "c": data.get("c")}


class Channel:
    """Listens on loopback for the probes of all launches of this run."""

    def __init__(self) -> None:
        """Open the listener and start the reader."""
        self.token = token_hex(16)
        self.hellos: list[JsonDict] = []
        self.strays: list[Event] = []
        self._scripts: dict[str, Mapping[str, Any] | None] = {}
        self._armed: dict[str, str] = {}
        self._events: dict[str, list[Event]] = {}
        self._open: dict[str, set[tuple[int, int, int]]] = {}
        self._kept = 0
        self._released: set[tuple[str, str]] = set()
        self._waiters: list[_Waiter] = []
        self._given_up: set[tuple[str, str]] = set()
        self._errors: deque[tuple[str, str]] = deque(maxlen=100)  # launch or thread that it concerns, '' for all; what
        self._changed = threading.Condition()
        self._fences = (0, 0)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.setblocking(False)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._selector.register(self._wake_in, selectors.EVENT_READ, None)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="gateproof-channel", daemon=True)
        self._thread.start()

    # -- what a run asks

    def register(self, exchange: str, script: Mapping[str, Any] | None) -> None:
        """Keep a script for a probe that asks for it by the id of its exchange."""
        with self._changed:
            self._scripts[exchange] = script
            self._events.setdefault(exchange, [])

    def arm(self, launch: str, exchange: str, script: Mapping[str, Any] | None) -> None:
        """Give the script to the next calls of that launch that carry no id."""
        with self._changed:
            self._armed[launch] = exchange
            self._scripts[exchange] = script

    def disarm(self, launch: str) -> None:
        """Let unmarked calls be nobody's again."""
        with self._changed:
            self._armed.pop(launch, None)

    def forget(self, exchange: str) -> None:
        """Drop what is kept of an exchange."""
        with self._changed:
            self._kept -= len(self._events.pop(exchange, ()))
            self._scripts.pop(exchange, None)
            self._open.pop(exchange, None)

    def events(self, exchange: str) -> list[Event]:
        """Return what was journalled for an exchange so far."""
        with self._changed:
            return list(self._events.get(exchange, ()))

    def wait(self, exchange: str, wanted: str | Callable[[Event], bool], timeout: float) -> Event | None:
        """Wait for an event of an exchange, by name or predicate; None when it does not come in time."""
        matches = (lambda event: event.name == wanted) if isinstance(wanted, str) else wanted
        found: list[Event] = []

        def there() -> bool:
            found[:] = [event for event in self._events.get(exchange, ()) if matches(event)][:1]
            return bool(found)

        with self._changed:
            self._changed.wait_for(there, timeout)
        return found[0] if found else None

    def wait_hello(self, launch: str, timeout: float) -> JsonDict | None:
        """Wait until a probe of that launch has greeted."""
        with self._changed:
            self._changed.wait_for(lambda: any(h["launch"] == launch for h in self.hellos), timeout)
            return next((hello for hello in self.hellos if hello["launch"] == launch), None)

    def settled(self, exchange: str, timeout: float) -> bool:
        """Wait until every call that was seen of an exchange has ended; False when one has not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open.get(exchange), timeout)

    def fence(self, timeout: float = 5.0) -> None:
        """Return when everything that probes sent before this moment has been read; noted where that takes too long."""
        with self._changed:
            wanted = self._fences[0] + 1
            self._fences = (wanted, self._fences[1])
            self._wake()
            if not self._changed.wait_for(lambda: self._fences[1] >= wanted or self._closing, timeout):
                self._lose(f"the side channel was not read to its end within {timeout:g} s", _thread())

    def release(self, exchange: str, name: str) -> None:
        """Let a call of the exchange that waits, or will wait, for `name` go on."""
        with self._changed:
            self._released.add((exchange, name))
            self._wake()

    def forget_barriers(self) -> None:
        """Let barriers that were given up hold again."""
        with self._changed:
            self._given_up.clear()

    def take_errors(self, launch: str = "") -> list[str]:
        """Return, once, what the channel lost: gaps, links that were cut, lines that are no journal.

        With a launch: what concerns no other one, nor a fence of another thread.
        """
        with self._changed:
            others = {whose for whose, _ in self._errors} - {"", launch, _thread()} if launch else set()
            taken = [text for whose, text in self._errors if whose not in others]
            self._errors = deque((each for each in self._errors if each[0] in others), maxlen=100)
            return taken

    def _lose(self, text: str, whose: str) -> None:
        self._errors.append((whose, text))

    def close(self) -> None:
        """Stop the reader and close every connection."""
        with self._changed:
            self._closing = True
            self._wake()
        self._thread.join(5)
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        self._wake_out.close()

    # -- the reader

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_out.send(b"w")

    def _run(self) -> None:
        while not self._closing:
            with self._changed:
                asked, answered = self._fences
            # A fence that was asked for while another one was answered: the drain there has taken its wake-up as well.
            self._round(0 if asked > answered else self._next_deadline())
            with self._changed:
                asked, answered = self._fences
            if asked > answered:
                while self._round(0):
                    pass
                with self._changed:
                    self._fences = (self._fences[0], asked)
                    self._changed.notify_all()
            self._answer_waiters()

    def _next_deadline(self) -> float | None:
        if not self._waiters:
            return None
        return max(0.0, min(waiter.deadline for waiter in self._waiters) - time.monotonic())

    def _round(self, timeout: float | None) -> bool:
        """Read what is ready; tell whether there was anything but a wake-up."""
        busy = False
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._listener:
                self._accept()
                busy = True
            elif key.fileobj is self._wake_in:
                with contextlib.suppress(OSError):
                    self._wake_in.recv(4096)
            else:
                self._receive(key.data)
                busy = True
        return busy

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            sock, _ = self._listener.accept()
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(sock, selectors.EVENT_READ, _Link(sock))

    def _receive(self, link: _Link) -> None:
        try:
            octets = link.sock.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            self._drop(link, "a probe's line was cut off" if link.hello and link.buffer else "")
            return
        link.buffer += octets
        if b"\n" not in octets:
            if len(link.buffer) > LINE_LIMIT:
                self._drop(link, "a line on the side channel was too long")
            return
        *lines, rest = bytes(link.buffer).split(b"\n")
        link.buffer = bytearray(rest)
        for line in lines:
            try:
                self._line(link, json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                # A stranger that never greeted loses nothing of ours.
                problem = f"a line on the side channel is no journal ({type(error).__name__})"
                self._drop(link, problem if link.hello else "")
                return

    def _drop(self, link: _Link, problem: str) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(link.sock)
        link.sock.close()
        self._waiters = [waiter for waiter in self._waiters if waiter.link is not link]
        if problem:
            with self._changed:
                self._lose(problem, link.hello["launch"] if link.hello else "")

    def _line(self, link: _Link, data: JsonDict) -> None:
        if link.hello is None:
            if data.get("hello") != self.token:
                self._drop(link, "")
                return
            link.hello, link.expected = data, int(data.get("n", 0))
            with self._changed:
                self.hellos.append(data)
                if link.expected:
                    text = f"the side channel of process {data['pid']} was cut; its journal has a gap"
                    self._lose(text, data["launch"])
                self._changed.notify_all()
        elif "get" in data:
            self._send(link, self._script_for(link.hello["launch"], data["get"]))
        elif "wait" in data:
            deadline = time.monotonic() + float(data["s"])
            self._waiters.append(_Waiter(link, (data["x"] or "", data["wait"]), deadline, _tag(data)))
        elif "barrier" in data:
            deadline = time.monotonic() + float(data["s"])
            key = ("barrier", data["barrier"])
            self._waiters.append(_Waiter(link, key, deadline, _tag(data), int(data["count"])))
        else:
            self._journal(link, data)

    def _script_for(self, launch: str, exchange: str | None) -> JsonDict:
        with self._changed:
            chosen = exchange or self._armed.get(launch)
            return {"script": self._scripts.get(chosen) if chosen else None, "x": chosen}

    def _journal(self, link: _Link, data: JsonDict) -> None:
        assert link.hello is not None
        pid, tid = int(link.hello["pid"]), int(link.hello["tid"])
        with self._changed:
            if data["n"] != link.expected:
                gap = f"journal gap: line {data['n']} came where {link.expected} was due"
                self._lose(gap, link.hello["launch"])
            link.expected = data["n"] + 1
            call = int(data["c"])
            made = [Event(float(t), call, str(name), values.decode(value), pid, tid) for t, name, value in data["e"]]
            self._keep(data.get("x"), (pid, tid, call), made, bool(data.get("end")))
            self._changed.notify_all()

    def _keep(self, exchange: str | None, call: tuple[int, int, int], made: list[Event], end: bool) -> None:
        if exchange is None or exchange not in self._events:
            if len(self.strays) < 1000:
                self.strays.extend(made)
            return
        if self._kept + len(made) > EVENTS_LIMIT:
            self._lose("the journal is full; events were dropped", "")
            return
        self._kept += len(made)
        self._events[exchange].extend(made)
        still = self._open.setdefault(exchange, set())
        (still.discard if end else still.add)(call)

    def _answer_waiters(self) -> None:
        now = time.monotonic()
        arrived: dict[tuple[str, str], int] = {}
        for waiter in self._waiters:
            arrived[waiter.key] = arrived.get(waiter.key, 0) + 1
        left: list[_Waiter] = []
        for waiter in self._waiters:
            together = waiter.count and arrived[waiter.key] >= waiter.count
            if together or waiter.key in self._released:
                self._send(waiter.link, {"go": waiter.key[1], **waiter.asked})
            elif waiter.deadline <= now or waiter.key in self._given_up:
                # Whoever comes to a barrier at which one has waited in vain would only wait in vain as well.
                self._given_up.update([waiter.key] if waiter.count else [])
                self._send(waiter.link, {"timeout": waiter.key[1], **waiter.asked})
            else:
                left.append(waiter)
        self._waiters = left

    def _send(self, link: _Link, data: JsonDict) -> None:
        line = json.dumps(data, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            link.sock.setblocking(True)
            link.sock.settimeout(5.0)
            link.sock.sendall(line)
            link.sock.setblocking(False)
        except OSError:
            self._drop(link, "")

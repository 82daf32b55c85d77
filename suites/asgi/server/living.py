"""What the checks of lifespans share: launches whose whole life is watched, and what is said in them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any, NoReturn

from gateproof import lifespans
from gateproof.asgi_scripts import Script, asgi, hold_up, ok, respond
from gateproof.channel import Event
from gateproof.exchange import Call, Exchange
from gateproof.judge import Blocked, Unsupported
from gateproof.patience import ANSWER_S
from gateproof.target import Server
from gateproof.wire.request import get

START_S = 10.0
HELD_S = 0.4  # one process is held up so long, that another answers
ROUNDS = 4
ASIDE_S = 0.3  # what a server that answers at once has done by then, one that waits has not
STALE_S = 20.0
REQUIRED = re.compile(r"lifespan[ =]+(on|required|true)\b", re.IGNORECASE)


def limit(server: Server, seconds: float = 4.0) -> float:
    """Return how long something may take that a server does by itself: more before anybody is accused."""
    return seconds if server.patience <= ANSWER_S else seconds * 2.5


def lifespan_of(server: Server) -> Call:
    """Return the lifespan call of a server that serves; where it made several, that of its last start."""
    server.exchange(get(), ok())  # answered: what comes before a server serves has come
    server.channel.fence()
    calls = server.lifespan.calls
    if not calls:
        raise Unsupported(lifespans.NONE, lacks="lifespan")
    return calls[-1]


def of_several(server: Server) -> Iterator[Call]:
    """Make calls until two processes have answered: while one of them is held up, a request goes to the other."""
    if server.stands_in("processes"):
        server.unsupported("no launch has several processes")
    for _ in range(ROUNDS):
        with server.connect() as busy:
            held = busy.begin(get(), asgi(hold_up(HELD_S), respond(), live=True))
            if busy.wait("holding_up", server.patience) is None:
                raise Blocked(f"an ordinary request was not played: {held.outcome}")
            other = server.exchange(get(), ok()).call
            yield busy.read().call
            yield other
        if held.call.events[0].pid != other.events[0].pid:
            return


def begun(server: Server, *, young: bool = False, script: Script | None = None) -> Exchange:
    """Begin with a process of its own, and return its lifespan's journal once the application was called.

    `young` is for startups that wait: launches begin early, and some servers give a startup no more than 30 s. With a
    script the application plays that one in its lifespan.
    """
    server.fresh(lifespan=script)
    first = heard(server, "scope", START_S)
    if young and first is not None and time.monotonic() - first.t > STALE_S:
        server.fresh(ANSWER_S)  # one that ends when its startup is over will not end sooner
        first = heard(server, "scope", START_S)
    if first is None:
        _without_lifespan(server)
    return server.lifespan


def _without_lifespan(server: Server) -> NoReturn:
    if server.running.greets(limit(server)):
        raise Unsupported(lifespans.NONE, lacks="lifespan")
    raise Blocked(f"neither a lifespan call nor an answer; the log ends with {server.running.log_tail(3)!r}")


def heard(server: Server, name: str, timeout: float, **about: Any) -> Event | None:
    """Wait until the lifespan's journal holds an event of that name with these values; None when it never does."""

    def wanted(event: Event) -> bool:
        value = event.value if isinstance(event.value, dict) else {}
        return event.name == name and all(value.get(key) == wish for key, wish in about.items())

    return server.channel.wait(server.lifespan.id, wanted, timeout)


def told(server: Server, kind: str, timeout: float) -> Event | None:
    """Wait until the application received a lifespan event of a type; None when it never does."""

    def wanted(event: Event) -> bool:
        return event.name == "receive" and type_of(event) == kind

    return server.channel.wait(server.lifespan.id, wanted, timeout)


def failing(server: Server, what: str, timeout: float) -> dict[str, Any]:
    """Return what the application's lifespan.WHAT.failed came to."""
    sent = heard(server, "send", timeout, type=f"lifespan.{what}.failed")
    if sent is None or not isinstance(sent.value, dict):
        raise Blocked(f"the application did not come to say that its {what} failed")
    return sent.value


def type_of(event: Event) -> Any:
    """Return the type of the event that a `receive` of the journal yielded."""
    got = event.value.get("event") if isinstance(event.value, dict) else None
    return got.get("type") if isinstance(got, dict) else None


def received(server: Server) -> list[Any]:
    """Return the types of all events that the application received in its lifespans so far."""
    server.channel.fence()
    return [event.get("type") for call in server.lifespan.calls for event in call.received]


def serves(server: Server) -> bool:
    """Tell whether the server comes to answer by the application, in time."""
    return server.running.greets(limit(server))


def answered(server: Server) -> str:
    """Make a request of a server that is not to serve; '' where nobody called the application for it."""
    x = server.attempt(get(), ok(), timeout=1.0)
    if x is None:
        return ""
    return f"{x.outcome}, with {len(x.calls)} calls" if x.calls else ""


def demanded(server: Server) -> bool:
    """Tell whether the command itself asks for a lifespan without which the server is not to run."""
    return bool(REQUIRED.search(" ".join(getattr(server.running, "argv", ()))))


def stopped(server: Server, seconds: float = 6.0) -> bool:
    """Ask the server to stop, and tell whether it ends in time."""
    server.running.terminate(limit(server, seconds))
    return server.running.ended(0)


def refuses(server: Server, seconds: float) -> bool:
    """Tell whether the server comes to refuse new connections within the time, or leaves them without an answer."""
    deadline = time.monotonic() + seconds
    while server.running.greets(0.05):
        if time.monotonic() > deadline:
            return False
    return True


def missed(said: dict[str, Any]) -> bool:
    """Tell whether a `send` raised because the event lacks a key; a server may raise what it likes to end the call."""
    return str(said.get("raised", "")) in ("KeyError", "TypeError", "AttributeError")

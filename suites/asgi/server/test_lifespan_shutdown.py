"""Lifespan specification, Shutdown: when the application is told, and what the server waits for."""

from __future__ import annotations

from gateproof import lifespans
from gateproof.asgi_scripts import asgi, respond, wait
from gateproof.check import launch, requirement
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge
from gateproof.target import SETTLE_S, Server
from gateproof.wire.request import get

from .living import begun, heard, limit, missed, received, refuses, serves, stopped, told
from .looking import plain
from .test_state import KEYS, OWN, SPOIL

MESSAGE = "gateproof-shutdown-message"


@launch("lifespan:slow_shutdown")
@requirement(
    "ASGI-LIFE-015",
    "ASGI-LIFE-016",
    "ASGI-LIFE-017",
    "ASGI-LIFE-019",
    "ASGI-LIFE-033",
    "ASGI-LIFE-035",
)
def test_stop_with_a_request_in_flight(server: Server, judge: Judge) -> None:
    """The application is told of the shutdown when the last request has ended and no new one comes, and waited for."""
    begun(server)
    if not serves(server):
        raise Blocked("the server did not come to serve")
    script = asgi(*(SPOIL if _has_state(server) else ()), wait("end", 20.0), respond(), live=True)
    with server.connect() as dialogue:
        x = dialogue.begin(get(), script)
        if server.wait(x, "waiting", limit(server)) is None:
            raise Blocked(f"the application was not called: {x.outcome}")
        server.running.terminate(0)
        refuses(server, 1.0)
        dialogue.release("end")
        dialogue.read_answer(x)
    shutdown = told(server, "lifespan.shutdown", limit(server, 8.0))
    if not judge("ASGI-LIFE-019", shutdown, "lifespan.shutdown", received(server)):
        raise Blocked("the application was not told of the shutdown")
    assert shutdown is not None
    _judge_order(server, judge, x, shutdown.t)
    judge("ASGI-LIFE-015", refuses(server, 0), "no answer to a new request", "an answer of the application")
    ended = server.running.ended(limit(server, 8.0))
    waited = heard(server, "note", SETTLE_S)
    judge("ASGI-LIFE-017", waited, "the application comes to the end of its shutdown", received(server))
    if not ended:
        raise Blocked("the server did not end")
    events = received(server)
    judge("ASGI-LIFE-019", events.count("lifespan.shutdown") == 1, "lifespan.shutdown, once", events)
    _judge_state(server, judge)


def _judge_order(server: Server, judge: Judge, x: Exchange, shutdown: float) -> None:
    """The last thing that a request's call did comes before lifespan.shutdown."""
    server.settle(x)
    last = [event.t for event in x.call.events if event.name in ("send", "raised")]
    late = max(last, default=shutdown + 1) - shutdown
    seen = "never" if not last else f"{late * 1000:.1f} ms after it"
    judge("ASGI-LIFE-016", late <= 0, "the request ends before lifespan.shutdown", seen)


def _has_state(server: Server) -> bool:
    return "state" in server.lifespan.call.scope


def _judge_state(server: Server, judge: Judge) -> None:
    """At shutdown the state is what the application left there; what a request did to its copy is not in it."""
    if not _has_state(server):
        for row in ("ASGI-LIFE-033", "ASGI-LIFE-035"):
            judge.unsupported(row, "the lifespan scope has no state", lacks="lifespan.state")
        return
    looked = server.lifespan.call.first("look")
    seen = plain(looked.get("value")) if isinstance(looked, dict) else None
    if not isinstance(seen, dict):
        raise Blocked(f"the state could not be read at the shutdown: {looked!r}")
    shared = OWN in seen
    judge("ASGI-LIFE-033", not shared, "a state that no request has changed", seen)
    if shared:
        judge.blocked("ASGI-LIFE-035", "the state at the shutdown is what a request has made of it")
        return
    untouched = set(seen) == KEYS and (seen["gateproof.kept"], seen[lifespans.SHARED]) == ("kept", ["stored"])
    judge("ASGI-LIFE-035", untouched, "what the application stored", seen)


@launch("lifespan:shutdown_failed")
@requirement("ASGI-LIFE-018")
def test_failed_shutdown(server: Server, judge: Judge) -> None:
    """Where the application says that its shutdown failed, the server says why, and ends."""
    ended = _stop_until_failed(server)
    judge("ASGI-LIFE-018", ended, "the server ends", "it lives on")
    judge("ASGI-LIFE-018", server.log_has(MESSAGE, 1.0), f"{MESSAGE!r} in the log", server.running.log_tail(5))


@launch("lifespan:shutdown_failed_silently")
@requirement("ASGI-LIFE-014")
def test_failed_shutdown_without_a_message(server: Server, judge: Judge) -> None:
    """A failure without a message is one whose message is empty."""
    ended = _stop_until_failed(server)
    sent = heard(server, "send", SETTLE_S, type="lifespan.shutdown.failed")
    said = sent.value if sent is not None and isinstance(sent.value, dict) else {}
    judge("ASGI-LIFE-014", sent is not None and not missed(said), "an event that is taken", said)
    judge("ASGI-LIFE-014", ended, "the server ends", "it lives on")
    log = server.running.log_tail(100)
    judge("ASGI-LIFE-014", "KeyError" not in log, "an empty message", log[-500:])


def _stop_until_failed(server: Server) -> bool:
    """Stop a server whose application fails at its shutdown; tell whether it ended."""
    begun(server)
    if not serves(server):
        raise Blocked("the server did not come to serve")
    ended = stopped(server, 8.0)
    if told(server, "lifespan.shutdown", SETTLE_S) is None:
        raise Blocked("the application was not told of the shutdown")
    return ended

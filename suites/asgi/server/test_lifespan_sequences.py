"""Lifespan specification: whole lives of an application, drawn, against what they must come to."""

from __future__ import annotations

import time

from hypothesis import strategies as st

from gateproof import lifespans
from gateproof.asgi_scripts import Script, asgi, fail, ok
from gateproof.channel import Event
from gateproof.check import launch, requirement
from gateproof.draw import Draw
from gateproof.judge import Blocked, Judge
from gateproof.lifespans import FIRST, SERVED, Life
from gateproof.patience import SETTLE_S
from gateproof.target import Server
from gateproof.wire.request import get

from .living import START_S, answered, begun, demanded, failing, heard, limit, missed, received, serves, stopped, told
from .looking import plain

ASKED: dict[str, Script] = {"a request": ok(), "a request that raises": asgi(fail())}
CORPUS = [
    FIRST,
    Life(("an unknown event",), "failed"),
    Life(("sleep",), "raise a group", ("a request",)),
    Life((), "complete", (), (), "failed"),
    Life(("store",), "complete and return", ("a request",)),
]
DEAR, MANY = 2, 12  # lives that are drawn by default, and by `thorough`: each is a start of the server
ENDS_S = 20.0  # tremolo takes 15 s to end without a lifespan: that is late, not never


def lives() -> st.SearchStrategy[Life]:
    """Return lives; a third of their applications does not start up."""
    started = st.sampled_from([*["complete"] * 5, "complete and return"])
    comes_to = st.one_of(started, started, st.sampled_from(sorted(set(lifespans.ANSWERS) - set(SERVED))))
    return st.builds(
        Life,
        st.lists(st.sampled_from(sorted(lifespans.STARTING)), max_size=3, unique=True).map(tuple),
        comes_to,
        st.lists(st.sampled_from(sorted(ASKED)), max_size=4).map(tuple),
        st.lists(st.sampled_from(sorted(lifespans.STOPPING)), max_size=2, unique=True).map(tuple),
        st.sampled_from(sorted(lifespans.ENDS)),
    )


@launch("lifespan:drawn")
@requirement(
    "ASGI-LIFE-007",
    "ASGI-LIFE-008",
    "ASGI-LIFE-010",
    "ASGI-LIFE-011",
    "ASGI-LIFE-013",
    "ASGI-LIFE-014",
    "ASGI-LIFE-017",
    "ASGI-LIFE-018",
    "ASGI-LIFE-019",
    "ASGI-LIFE-022",
    "ASGI-LIFE-031",
)
def test_lives(server: Server, judge: Judge, draw: Draw) -> None:
    """Whatever an application does when it starts and stops, and whatever is asked of it between, comes to its own."""

    def law(life: Life) -> None:
        begun(server, script=None if life == FIRST and not server.used else life.script())
        if life.comes_to == "failed":
            _fails(server, judge, life)
        elif life.comes_to in SERVED:
            _lives(server, judge, life)
        else:
            _lives_without(server, judge, life)

    draw(law, lives(), CORPUS, examples=MANY if draw.effort == "thorough" else DEAR)
    if demanded(server):
        for row in ("ASGI-LIFE-010", "ASGI-LIFE-011"):
            judge.blocked(row, "the server was told to run with a lifespan alone")
    if all("state" not in call.scope for call in server.lifespan.calls):
        judge.unsupported("ASGI-LIFE-031", "the lifespan scope has no state", lacks="lifespan.state")


def _fails(server: Server, judge: Judge, life: Life) -> None:
    """A startup that failed is the end, and nobody is served."""
    _taken(server, judge, life, "startup")
    served = "" if server.running.ended(limit(server)) else answered(server)
    judge("ASGI-LIFE-013", not served, f"{life}: no call for a request", served)
    _without_message(server, judge, life)


def _lives_without(server: Server, judge: Judge, life: Life) -> None:
    """An application that raises at its startup is served without a lifespan, unless that is demanded."""
    if heard(server, "raised", START_S) is None:
        raise Blocked("the application did not come to raise")
    if demanded(server):
        return
    judge("ASGI-LIFE-010", serves(server), f"{life}: requests are answered", server.running.log_tail(1))
    _ask(server, judge, life)
    stopped(server)
    kinds, calls = received(server), len(server.lifespan.calls)
    told_more = calls > 1 or "lifespan.shutdown" in kinds
    judge("ASGI-LIFE-011", not told_more, f"{life}: one call, no event after it raised", f"{calls} calls, {kinds}")


def _lives(server: Server, judge: Judge, life: Life) -> None:
    """An application that started up is served, is told of the shutdown, once, and is waited for."""
    returns = life.comes_to == "complete and return"
    if returns and heard(server, "returned", START_S) is None:
        raise Blocked("the application did not come to return")
    served, at = serves(server), time.monotonic()
    if returns:
        judge("ASGI-LIFE-022", served, f"{life}: requests are answered", "no answer")
    elif not served:
        raise Blocked(f"{life}: the server did not come to serve")
    ready = _noted(server, "ready", START_S)
    early = ready is None or at < ready.t
    judge("ASGI-LIFE-008", not early, f"{life}: no answer before the application was ready", "an answer")
    _ask(server, judge, life)
    ended = stopped(server, ENDS_S if returns else 8.0)
    if returns:
        judge("ASGI-LIFE-022", ended, f"{life}: the server ends when it is told to", "it lives on")
    else:
        _stops(server, judge, life, ended)


def _stops(server: Server, judge: Judge, life: Life, ended: bool) -> None:
    """Judge what an application was told when the server was stopped, and what came of it."""
    told(server, "lifespan.shutdown", SETTLE_S)
    kinds = received(server)
    judge("ASGI-LIFE-007", kinds.count("lifespan.startup") == 1, f"{life}: lifespan.startup, once", kinds)
    judge("ASGI-LIFE-019", kinds.count("lifespan.shutdown") == 1, f"{life}: lifespan.shutdown, once", kinds)
    if ended and "sleep" in life.shutdown:
        slept = _noted(server, "slept", SETTLE_S)
        judge("ASGI-LIFE-017", slept, f"{life}: the application comes to the end of its shutdown", kinds)
    if life.ends == "failed":
        _taken(server, judge, life, "shutdown")
        judge("ASGI-LIFE-018", ended, f"{life}: the server ends", "it lives on")
        _without_message(server, judge, life)


def _taken(server: Server, judge: Judge, life: Life, what: str) -> None:
    """A failure without a message is one whose message is empty: it is taken."""
    said = failing(server, what, START_S)
    judge("ASGI-LIFE-014", not missed(said), f"{life}: an event that is taken", said)


def _without_message(server: Server, judge: Judge, life: Life) -> None:
    log = server.running.log_tail(100)
    judge("ASGI-LIFE-014", "KeyError" not in log, f"{life}: an empty message", log[-500:])


def _ask(server: Server, judge: Judge, life: Life) -> None:
    """Make the requests of a life; those of an application that stored something have it in their state."""
    stored = life.comes_to in SERVED and "store" in life.startup and "state" in server.lifespan.calls[-1].scope
    for kind in life.requests:
        state = plain(server.exchange(get(), ASKED[kind]).call.scope.get("state"))
        if stored:
            there = isinstance(state, dict) and state.get("gateproof.kept") == "kept"
            judge("ASGI-LIFE-031", there, f"{life}: what was stored at startup, in the state of {kind}", state)


def _noted(server: Server, what: str, timeout: float) -> Event | None:
    """Wait until the application has noted something in its lifespan."""
    return server.channel.wait(server.lifespan.id, lambda event: (event.name, event.value) == ("note", what), timeout)

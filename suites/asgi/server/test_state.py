"""Lifespan specification, Lifespan State: what the application keeps there, and who gets a copy of it."""

from __future__ import annotations

from typing import Any

from gateproof import lifespans
from gateproof.asgi_scripts import Step, accept, asgi, look, mutate, receive, respond, same, send
from gateproof.check import launch, requirement
from gateproof.exchange import Call
from gateproof.judge import Judge, Unsupported
from gateproof.target import Server
from gateproof.wire.request import get

from .living import lifespan_of, of_several
from .looking import ABSENT, Scope, kept, plain
from .talking import speaks

KEYS = {"gateproof.kept", lifespans.SHARED, "gateproof.pid"}
OWN = "gateproof.request"
SPOIL = (mutate("set", "state", OWN, value="mine"), mutate("del", "state", "gateproof.kept"))


def with_state(server: Server) -> None:
    """End the check where the server has no state: the lifespan's scope has no such key."""
    if "state" not in lifespan_of(server).scope:
        raise Unsupported("the lifespan scope has no state", lacks="lifespan.state")


def asked(server: Server, *steps: Step) -> Call:
    """Play steps in a request of its own, before it is answered."""
    return server.exchange(get(), asgi(*steps, respond())).call


def talked(server: Server, *steps: Step) -> Call:
    """Play steps in a WebSocket of its own, before it is accepted."""
    speaks(server)
    with server.websocket(asgi(receive(), *steps, send(accept()), live=True)) as talk:
        server.wait(talk.exchange, "send", server.patience)
        return talk.exchange.call


def state_of(scope: Scope) -> Any:
    """Return the state of a scope; where it is no dict, {}: that it is none is another requirement."""
    found = plain(scope.get("state", ABSENT))
    return found if isinstance(found, dict) else {}


@requirement("ASGI-LIFE-030", "ASGI-LIFE-042")
def test_state_is_a_dict_that_begins_empty(server: Server, judge: Judge) -> None:
    """The namespace is empty when the application starts up, and a dict in the scopes of requests."""
    with_state(server)
    seen = lifespan_of(server).scope["state"]
    judge("ASGI-LIFE-030", isinstance(plain(seen), dict) and not plain(seen), "an empty dict", seen)
    seen = asked(server).scope.get("state", ABSENT)
    judge("ASGI-LIFE-042", seen == ABSENT or isinstance(plain(seen), dict), "a dict, or no key", seen)


@requirement("ASGI-LIFE-032", "ASGI-LIFE-034", "ASGI-LIFE-041", "ASGI-LIFE-042")
def test_state_of_a_websocket(server: Server, judge: Judge) -> None:
    """A WebSocket gets the state as well, with what was stored at startup: the same objects."""
    with_state(server)
    call = talked(server, same("list", "state", lifespans.SHARED))
    seen = call.scope.get("state", ABSENT)
    if not judge("ASGI-LIFE-041", seen != ABSENT, "state in a websocket scope", seen):
        judge.unsupported_rest("a websocket scope has no state")
        return
    if not judge("ASGI-LIFE-042", isinstance(plain(seen), dict), "a dict", seen):
        return
    if judge("ASGI-LIFE-032", set(plain(seen)) >= KEYS, f"a dict with {sorted(KEYS)}", seen):
        _judge_identity(judge, call)


@requirement("ASGI-LIFE-031", "ASGI-LIFE-035")
def test_every_request_has_what_was_stored_at_startup(server: Server, judge: Judge) -> None:
    """What the application stored at its startup, and nothing else, is in the state of each request."""
    with_state(server)
    with kept(server) as keeper:
        for x in (keeper.exchange(get(b"/1")), keeper.exchange(get(b"/2"))):
            state = plain(x.call.scope.get("state", ABSENT))
            if state != ABSENT and not isinstance(state, dict):
                judge.rest_blocked("the state of a request is no dict")
                return
            seen = set() if state == ABSENT else set(state)
            there = seen >= KEYS and state.get("gateproof.kept") == "kept"
            judge("ASGI-LIFE-031", there, f"{sorted(KEYS)} as they were stored", state)
            foreign = sorted(map(str, seen - KEYS))
            judge("ASGI-LIFE-035", not foreign, "nothing that the application did not store", foreign)


@requirement("ASGI-LIFE-033")
def test_a_request_has_a_copy_of_its_own(server: Server, judge: Judge) -> None:
    """What one request does to its state no other sees: neither on the same connection, nor on another."""
    with_state(server)
    with kept(server) as keeper:
        first = keeper.exchange(get(b"/1"), asgi(*SPOIL, look("state"), respond()))
        _changed(first.call)
        calls = [keeper.exchange(get(b"/2"), asgi(*SPOIL, look("state"), respond())).call]
    calls.append(asked(server, *SPOIL))
    if server.has("websocket"):
        calls += [talked(server, *SPOIL), talked(server)]
    for call in calls:
        state = state_of(call.scope)
        judge("ASGI-LIFE-033", OWN not in state, "a state that no other request has changed", state)
        missing = bool(state) and "gateproof.kept" not in state
        judge("ASGI-LIFE-033", not missing, "a state of which no other request has removed a key", state)


def _changed(call: Call) -> None:
    """Make sure that the first request could change its state."""
    looked = call.first("look")
    state = plain(looked.get("value")) if isinstance(looked, dict) else None
    if not isinstance(state, dict) or OWN not in state:
        raise Unsupported("the state of a request cannot be changed")


@requirement("ASGI-LIFE-034")
def test_the_copy_is_shallow(server: Server, judge: Judge) -> None:
    """Objects in the state are the same in every request, so that what is done to them is seen by the next."""
    with_state(server)
    call = asked(
        server, same("list", "state", lifespans.SHARED), mutate("append", "state", lifespans.SHARED, value="x")
    )
    if lifespans.SHARED not in state_of(call.scope):
        judge.blocked("ASGI-LIFE-034", "what was stored at startup is not in the state of a request")
        return
    _judge_identity(judge, call)
    later = asked(server, same("list", "state", lifespans.SHARED))
    _judge_identity(judge, later)
    seen = state_of(later.scope).get(lifespans.SHARED)
    judge("ASGI-LIFE-034", isinstance(seen, list) and "x" in seen, "the list to which a request has appended", seen)


def _judge_identity(judge: Judge, call: Call) -> None:
    about = call.first("same")
    seen = about if isinstance(about, dict) else {}
    if not seen.get("known"):
        judge.blocked("ASGI-LIFE-034", "the process of the request has kept no object in its lifespan")
        return
    judge("ASGI-LIFE-034", seen.get("same"), "the object that was stored at startup", "another one")


@launch("processes")
@requirement("ASGI-LIFE-036")
def test_state_is_that_of_the_own_process(server: Server, judge: Judge) -> None:
    """Where several processes serve, a request sees what the lifespan of its own one has stored."""
    with_state(server)
    for call in of_several(server):
        pid = call.events[0].pid
        stored = state_of(call.scope).get("gateproof.pid", ABSENT)
        judge("ASGI-LIFE-036", stored == pid, f"the process {pid}, which serves the request", stored)

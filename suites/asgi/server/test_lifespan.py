"""Lifespan specification, Scope and Startup: who is called, when, and what a failure means."""

from __future__ import annotations

from gateproof.asgi_scripts import ok
from gateproof.check import launch, requirement
from gateproof.exchange import Call
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire.request import get

from .living import (
    ASIDE_S,
    START_S,
    answered,
    begun,
    demanded,
    failing,
    heard,
    lifespan_of,
    limit,
    of_several,
    received,
    serves,
    stopped,
    told,
)
from .looking import ABSENT, plain

MESSAGE = "gateproof-startup-message"
VERSIONS = ("1.0", "2.0")


@requirement("ASGI-LIFE-003", "ASGI-LIFE-004")
def test_scope(server: Server, judge: Judge) -> None:
    """The scope says lifespan and the versions; where it says that of the lifespan specification, there is such one."""
    scope = lifespan_of(server).scope
    asgi = plain(scope.get("asgi"))
    version = plain(asgi.get("version")) if isinstance(asgi, dict) else None
    named = plain(scope.get("type")) == "lifespan" and isinstance(version, str)
    judge(
        "ASGI-LIFE-003", named, "type 'lifespan' and asgi with a version", {k: scope.get(k) for k in ("type", "asgi")}
    )
    declared = asgi.get("spec_version", ABSENT) if isinstance(asgi, dict) else ABSENT
    judge("ASGI-LIFE-004", declared == ABSENT or plain(declared) in VERSIONS, "'1.0', '2.0' or no key", declared)


@requirement("ASGI-LIFE-001", "ASGI-LIFE-002", "ASGI-LIFE-006", "ASGI-LIFE-007")
def test_one_call_as_long_as_the_server_serves(server: Server, judge: Judge) -> None:
    """The thread that serves has one lifespan call, in its own loop; it was told of the startup once, and goes on."""
    lifespan_of(server)
    _judge_place(server, judge, server.exchange(get(), ok()).call)
    call = lifespan_of(server)
    kinds = [event.get("type") for event in call.received]
    judge("ASGI-LIFE-007", kinds == ["lifespan.startup"], "lifespan.startup, once", kinds)
    ends = [event.name for event in call.events if event.name in ("returned", "raised")]
    cut = [said for said in call.named("receive") if "raised" in said]
    judge("ASGI-LIFE-006", not ends and not cut, "a call that still waits for its next event", [*ends, *cut])


@launch("processes")
@requirement("ASGI-LIFE-001", "ASGI-LIFE-002")
def test_one_call_in_every_process(server: Server, judge: Judge) -> None:
    """Where several processes serve, each has one lifespan call."""
    server.exchange(get(), ok())
    server.wait(server.lifespan, "", ASIDE_S)  # one that has none may answer before the one that has it
    lifespan_of(server)
    for call in of_several(server):
        _judge_place(server, judge, call)


def _judge_place(server: Server, judge: Judge, call: Call) -> None:
    """Compare the place of a request's call with those of lifespans."""
    server.channel.fence()
    at = call.events[0]
    there = [one for one in server.lifespan.calls if (one.events[0].pid, one.events[0].tid) == (at.pid, at.tid)]
    judge("ASGI-LIFE-001", len(there) == 1, "one lifespan call in the process and thread that serves", len(there))
    loops = [one.opening.get("loop") for one in server.lifespan.calls if one.events[0].pid == at.pid]
    judge("ASGI-LIFE-002", call.opening.get("loop") in loops, f"a lifespan in loop {call.opening.get('loop')}", loops)


@launch("lifespan:slow")
@requirement("ASGI-LIFE-008")
def test_no_request_before_startup_is_complete(server: Server, judge: Judge) -> None:
    """A request that comes while the application starts up is not processed before it said that it is ready."""
    lifespan = begun(server, young=True)
    if heard(server, "waiting", START_S) is None:
        raise Blocked("the application did not come to wait in its startup")
    early = server.running.greets(ASIDE_S)
    server.channel.release(lifespan.id, "go")
    judge("ASGI-LIFE-008", not early, "no answer before lifespan.startup.complete", "an answer of the application")
    if not serves(server):
        raise Blocked("the server did not come to serve when the application was ready")


@launch("lifespan:interrupted")
@requirement("ASGI-LIFE-044")
def test_stop_during_startup(server: Server, judge: Judge) -> None:
    """An application that was told to start up, and does, is told of the shutdown, if the server lets it go so far."""
    lifespan = begun(server, young=True)
    if heard(server, "waiting", START_S) is None:
        raise Blocked("the application did not come to wait in its startup")
    server.running.terminate(2 * ASIDE_S)  # so that the signal has been taken before the application goes on
    server.channel.release(lifespan.id, "go")
    if heard(server, "send", limit(server), type="lifespan.startup.complete", result=None) is None:
        judge.reading("ASGI-LIFE-044", "the server ends a startup that is under way")
        return
    shutdown = told(server, "lifespan.shutdown", limit(server))
    judge("ASGI-LIFE-044", shutdown, "lifespan.shutdown after lifespan.startup.complete", received(server))


@launch("lifespan:raises")
@requirement("ASGI-LIFE-009", "ASGI-LIFE-011", "ASGI-LIFE-037")
def test_application_without_lifespan(server: Server, judge: Judge) -> None:
    """An application that raises when it is called for a lifespan is served without one."""
    _serves_without_lifespan(server, judge, "ASGI-LIFE-009")
    scope = server.exchange(get(), ok()).call.scope
    state = scope.get("state", ABSENT)
    judge.reading("ASGI-LIFE-037", f"without a lifespan state is {state!r}")
    _is_told_nothing(server, judge)


@launch("lifespan:raises_at_startup")
@requirement("ASGI-LIFE-010", "ASGI-LIFE-011")
def test_startup_that_raises(server: Server, judge: Judge) -> None:
    """An application that raises at lifespan.startup is served without a lifespan."""
    _serves_without_lifespan(server, judge, "ASGI-LIFE-010")
    _is_told_nothing(server, judge)


def _serves_without_lifespan(server: Server, judge: Judge, row: str) -> None:
    begun(server)
    if demanded(server):
        raise Blocked("the server was told to run with a lifespan alone")
    if heard(server, "raised", START_S) is None:
        raise Blocked("the application did not come to raise")
    served = serves(server)
    ended = f"the server ended ({server.running.death()})" if not server.running.alive() else ""
    seen = ended or f"no answer; the log ends with {server.running.log_tail(1)!r}"
    if not judge(row, served, "requests are answered", seen):
        raise Blocked("the server does not serve")


def _is_told_nothing(server: Server, judge: Judge) -> None:
    before = len(received(server))
    stopped(server)
    calls, after = len(server.lifespan.calls), received(server)[before:]
    judge("ASGI-LIFE-011", calls == 1 and not after, "one call, and no event after it", f"{calls} calls, {after}")


@launch("lifespan:failed")
@requirement("ASGI-LIFE-012", "ASGI-LIFE-013", "ASGI-LIFE-020", "ASGI-LIFE-040", "ASGI-LIFE-043")
def test_failed_startup(server: Server, judge: Judge) -> None:
    """Where the application says that its startup failed, the server says why and ends; it serves nobody."""
    begun(server)
    failing(server, "startup", START_S)
    ended = server.running.ended(limit(server))
    served = "" if ended else answered(server)
    judge("ASGI-LIFE-013", not served, "no call for a request", served)
    judge("ASGI-LIFE-040", ended, "the server ends", "it lives on")
    judge("ASGI-LIFE-012", server.log_has(MESSAGE, 1.0), f"{MESSAGE!r} in the log", server.running.log_tail(5))
    events = received(server)
    judge("ASGI-LIFE-020", "lifespan.shutdown" not in events, "no lifespan.shutdown", events)
    if ended:
        status = server.running.terminate(0)
        judge("ASGI-LIFE-043", status != 0, "an exit status other than 0", status)
    else:
        judge.blocked("ASGI-LIFE-043", "the server does not exit")


@launch("lifespan:returns")
@requirement("ASGI-LIFE-021")
def test_lifespan_that_returns_at_once(server: Server, judge: Judge) -> None:
    """Whether an application is served that returns from its lifespan without a word is told."""
    begun(server)
    judge.reading("ASGI-LIFE-021", "served" if serves(server) else "not served")

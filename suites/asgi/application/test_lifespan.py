"""The lifespan, and scopes that an application does not know: lifespan.rst, asgi.rst > Error Handling."""

from __future__ import annotations

from typing import Any

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import App, Call, Request
from gateproof.drive.asgi.scopes import PLAIN, http_scope
from gateproof.judge import Judge
from gateproof.validate import Finding

from . import drawing
from .drawing import LEAVES
from .surveying import accepting
from .talking import CONNECT, GONE, answered

REST_S = 0.5
UNKNOWN = {"type": "x-unknown", "asgi": {"version": "3.0", "spec_version": "1.0"}}
NOT_SERVED = "the application has no lifespan"


def lifetimes(app: App) -> tuple[Call, Call]:
    """Return the lifetime in which the checks before ran, and a whole one of its own, with state."""
    app.wake()
    first = app.rest()
    assert first is not None
    app.keep(first.played)
    second = app.lifetime(PLAIN, state={})
    return first, second


def served(call: Call) -> bool:
    """Tell whether the application takes part in the lifespan: it answered the startup."""
    return any(kind.startswith("lifespan.startup.") for kind in call.types)


def found(calls: tuple[Call, ...]) -> dict[str, tuple[Finding, Call]]:
    """Return what the observers found, by requirement."""
    return {finding.requirement_id: (finding, call) for call in calls for finding in call.findings}


@requirement("ASGI-LIFE-023", "ASGI-LIFE-024", "ASGI-LIFE-025", "ASGI-LIFE-027", "ASGI-LIFE-028", "ASGI-LIFE-026")
def test_a_lifetime(app: App, judge: Judge) -> None:
    """Startup and shutdown each have one answer, after they were received; the call lasts from one to the other."""
    calls = lifetimes(app)
    for call in calls:
        judge_lifetime(app, judge, call)
    if any(map(served, calls)):
        for row in judge.rows:
            judge(row, True)
    judge.unsupported_rest(NOT_SERVED, lacks="lifespan")


def judge_lifetime(app: App, judge: Judge, call: Call) -> None:
    """Judge a lifetime that is over."""
    app.point_at(call.played)
    broken = found((call,))
    if call.ended and call.error is None and not served(call) and "ASGI-LIFE-023" not in broken:
        return  # it returned: ERR-017
    if not served(call) and (call.unanswered or call.hung):
        judge("ASGI-LIFE-023", False, "an answer to lifespan.startup, or an exception", call.outcome)
    if "lifespan.startup.complete" in call.types and call.late:
        name = "ASGI-LIFE-028" if any("shutdown" in kind for kind in call.types) else "ASGI-LIFE-024"
        judge(name, False, "an answer to lifespan.shutdown, and an end after it", call.outcome)
    for row, (finding, _) in broken.items():
        if row in judge.rows:
            judge(row, False, finding.expected, f"{finding.message}: {finding.seen}", weight=finding.weight)
    app.point_at()


@requirement("ASGI-LIFE-023", "ASGI-LIFE-024", "ASGI-LIFE-025", "ASGI-LIFE-027", "ASGI-LIFE-028")
def test_lifetimes_with_requests(app: App, judge: Judge, draw: Draw) -> None:
    """What was served in a lifetime, and who leaves at its end, changes nothing of how it begins and ends."""
    first, _ = lifetimes(app)
    if not served(first):
        judge.unsupported_rest(NOT_SERVED, lacks="lifespan")
        return
    if first.late or found((first,)):
        judge_lifetime(app, judge, first)
        judge.rest_blocked("a lifetime is not begun and ended well even without a request")
        return
    ways = [usual.request for usual in app.working] or [Request()]
    places = list(accepting(app))

    def law(lives: list[list[int]]) -> None:
        app.rest()
        for life in lives:
            app.wake()
            leaving = [_leaving(app, places, ways, number) for number in life]
            over = app.rest()
            app.settle(lambda: all(call.ended for call in leaving), REST_S)  # noqa: B023
            if over is not None:
                judge_lifetime(app, judge, over)
        for row in judge.rows:
            judge(row, True)

    draw(law, drawing.lives(), [[[0]], [[LEAVES, 0], [1, LEAVES + 1]], [[], [0, 0, 1]]], examples=6)


def _leaving(app: App, places: list[Request], ways: list[Request], number: int) -> Call:
    """Make a request; from `LEAVES` on a conversation, or a request, whose client leaves and does not wait."""
    if number < LEAVES:
        return app.http(ways[number % len(ways)])

    async def script(call: Call) -> None:
        if call.scope["type"] == "websocket":
            call.give(CONNECT)
            await call.until(lambda: answered(call), app.patience)
            call.leave(GONE, repeated=False)
        else:
            call.give({"type": "http.request", "body": b"", "more_body": False})
            await call.until(lambda: call.sent, app.patience)
            call.leave({"type": "http.disconnect"})

    if places:
        return app.websocket(places[number % len(places)], script)
    return app.play(http_scope(ways[number % len(ways)], PLAIN, app.state), script)


@requirement("ASGI-LIFE-005")
def test_the_version_of_the_lifespan_is_left_out(app: App, judge: Judge) -> None:
    """Without spec_version the application starts as with it."""
    _, plain = lifetimes(app)
    for versions in ({"version": "3.0"}, None):
        call = app.lifetime(PLAIN.but(asgi=versions), state={})
        judge("ASGI-LIFE-005", call.types == plain.types, plain.outcome, call.outcome)


@requirement("ASGI-LIFE-039")
def test_names_in_the_state(app: App, judge: Judge) -> None:
    """What the application stores has names of type str, and what was there is left alone."""
    state: dict[Any, Any] = {}
    app.rest()
    call = app.lifetime(PLAIN, state=state)
    if not served(call):
        judge.unsupported("ASGI-LIFE-039", NOT_SERVED, lacks="lifespan")
        return
    kept = call.scope.get("state", {})
    judge("ASGI-LIFE-039", all(isinstance(key, str) for key in kept), "str keys", list(kept))


@requirement("ASGI-ERR-016")
def test_a_scope_of_unknown_type(app: App, judge: Judge) -> None:
    """An application raises for a scope whose type it does not know: promptly, and without a word."""

    async def script(call: Call) -> None:
        await call.end(app.patience)

    call = app.play(dict(UNKNOWN), script)
    judge("ASGI-ERR-016", call.error is not None and not call.hung and not call.sent, "an exception", call.outcome)


@requirement("ASGI-ERR-017")
def test_an_application_without_lifespan_raises(app: App, judge: Judge) -> None:
    """Who does not serve the lifespan raises; a server that waits for an answer would wait for ever."""
    for call in lifetimes(app):
        app.point_at(call.played)
        silent = not served(call) and call.error is None
        judge("ASGI-ERR-017", not silent or call.hung, "an answer, or an exception at once", call.outcome)
    app.point_at()

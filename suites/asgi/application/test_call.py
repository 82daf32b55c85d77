"""The call itself: asgi.rst > Applications, and what it leaves behind."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import App, Call, Request
from gateproof.drive.asgi.application import answer
from gateproof.judge import Blocked, Judge

from ...counting import TIMES
from .drawing import groups
from .leaving import grown
from .surveying import overseen
from .varying import working

LEAVES = 3


@requirement("ASGI-APP-002", "ASGI-APP-026")
def test_one_asynchronous_callable_that_returns_none(app: App, judge: Judge, draw: Draw) -> None:
    """The application takes scope, receive and send by position, gives an awaitable, and that gives None."""
    overseen(app, judge, draw, "ASGI-APP-002", "ASGI-APP-026")


@requirement("ASGI-APP-003")
def test_called_by_name(app: App, judge: Judge) -> None:
    """The application tolerates being called with the names scope, receive and send."""
    plain, named = app.http(Request()), app.http(Request(), named=True)
    judge("ASGI-APP-003", (named.status, named.types) == (plain.status, plain.types), plain.outcome, named.outcome)


@requirement("ASGI-APP-005")
def test_blocking_work_is_moved_away(app: App, judge: Judge) -> None:
    """Nothing keeps the event loop to itself for long: a signal of quality, never scored."""
    longest = max((app.turns(request) for request in app.ways), default=0.0)
    judge.reading(
        "ASGI-APP-005",
        f"the longest turn of the event loop took about {'more than 0.1' if longest > 0.1 else 'less than 0.1'} s",
    )


@requirement("ASGI-APP-041", revision=2)
def test_calls_that_overlap(app: App, judge: Judge, draw: Draw) -> None:
    """Each of several calls gets on its own send what it gets when it is alone."""
    ways = working(app)

    def law(numbers: list[int]) -> None:
        chosen = [ways[number % len(ways)] for number in numbers]

        def play() -> list[Call]:
            return app.together(*(usual.request for usual in chosen))

        calls = play()
        for place, (usual, call) in enumerate(zip(chosen, calls, strict=True)):
            seen = answer(call)
            app.point_at(*(each.played for each in calls))
            same = seen.busy or app.same(usual, seen, lambda place=place: answer(play()[place]))  # type: ignore[misc]
            judge("ASGI-APP-041", same, f"{usual.request} as alone: {usual.answer}", seen)

    draw(law, groups(), [[0, 0], list(range(len(ways))), [1, 0, 1, 0]])
    app.point_at()


@requirement("ASGI-APP-040", revision=5)
def test_nothing_is_left_for_a_call_that_is_over(app: App, judge: Judge) -> None:
    """Tasks, generators, threads and open files do not grow with every call, nor with every client that leaves."""
    for request in app.ways:
        end = app.usual(request).answer.end
        for leave in () if end == "hung" else (LEAVES,) if end == "endless" else (None, 1):
            more = grown(app, lambda request=request, leave=leave: app.http(request, leave=leave))  # type: ignore[misc]
            how = f"{TIMES} times {request}" + (f", left after {leave} events" if leave else "")
            if not judge("ASGI-APP-040", not more, f"as much after {how} as before", more):
                return
    if not judge.judgements:
        raise Blocked("no request of this application comes to an end")

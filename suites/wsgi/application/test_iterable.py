"""PEP 3333, Specification Details: the iterable that an application returns."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.paths import Place
from gateproof.drive.wsgi import Manner, Request, Served
from gateproof.drive.wsgi.application import Application
from gateproof.judge import Judge

from ...counting import REST_S, growth, in_words, open_files, settled
from .looking import judge_conduct, worse

REPEATS = 4


@requirement("WSGI-ITER-018", "WSGI-ITER-019", "WSGI-ITER-020")
def test_yields_bytes(app: Application, judge: Judge, draw: Draw) -> None:
    """An iterable of bytes; a len() that works is right."""
    judge_conduct(app, judge, draw, "WSGI-ITER-018", "WSGI-ITER-019", "WSGI-ITER-020")


def held(serve: Callable[[], Served]) -> dict[str, int]:
    """Return what so many calls leave behind, each as much as one does, beyond what the first one leaves."""
    with contextlib.suppress(Exception):
        serve()
    kept: list[Served] = []  # alive, so that close() alone counts and no collector
    count = lambda: {"files": open_files(), "threads": threading.active_count()}  # noqa: E731
    return settled(growth(count, lambda: kept.append(serve()), REPEATS), REST_S)


@requirement("WSGI-ITER-021", "WSGI-ITER-022", revision=2)
def test_may_be_closed_at_any_time(app: Application, judge: Judge, draw: Draw) -> None:
    """After any number of items, none included: no exception, nothing left open, and the next answer is as good."""
    judge_conduct(app, judge, draw, "WSGI-ITER-021")
    for place in app.places:
        first, whole = app.first(place), app.get(place)
        for taken in sorted({0, 1, len(whole.items) // 2, len(whole.items)}):
            early, after = app.get(place, Manner(take=taken)), app.get(place)
            app.look_at(early, after)
            judge("WSGI-ITER-021", early.close_error is None, "close() without exception", repr(early.close_error))
            judge("WSGI-ITER-021", not worse(after, first), first.outcome, f"after close() at {taken}: {after.outcome}")
        _judge_leaks(app, judge, place)


def _judge_leaks(app: Application, judge: Judge, place: Place) -> None:
    """Judge what calls leave open that were given up; what they leave open at their natural end is told, not scored."""
    get, head = Request("GET", place.path, place.query), Request("HEAD", place.path, place.query)
    wrapping = Manner(file_wrapper=True)
    cases = (
        ("WSGI-ITER-021", get, wrapping.but(take=0, transmit=False)),
        ("WSGI-ITER-021", get, Manner(take=0)),
        ("WSGI-ITER-021", get, Manner(take=1)),
        ("WSGI-ITER-021", head, wrapping.but(head="skip")),
        ("WSGI-ITER-022", get, wrapping),
        ("WSGI-ITER-022", get.having(("If-None-Match", "*"), ("Range", "bytes=0-0")), wrapping),
    )
    for row, request, manner in cases:
        more = held(lambda request=request, manner=manner: app.serve(request, manner))  # type: ignore[misc]
        if more and row == "WSGI-ITER-021":  # who works on behind its answers does so behind those that were read
            whole = manner.but(take=None, head="drain", transmit=True)
            usual = held(lambda request=request, whole=whole: app.serve(request, whole))  # type: ignore[misc]
            if more.keys() <= usual.keys():
                return
        seen = f"{REPEATS} calls ({request.method}, {manner.changes()}) left {in_words(more)}"
        judge(row, not more, "nothing left open after close()", seen)


@requirement("WSGI-ITER-023")
def test_what_kind_of_iterable_it_is(app: Application, judge: Judge) -> None:
    """Any protocol of iteration will do: told, not scored."""
    kinds = sorted({served.kind for served in app.survey() if served.kind})
    judge.reading("WSGI-ITER-023", ", ".join(kinds))


@requirement("WSGI-STREAM-004")
def test_does_its_own_buffering(app: Application, judge: Judge, draw: Draw) -> None:
    """Not more than a hundred items of a few octets: told, not scored."""
    judge_conduct(app, judge, draw, "WSGI-STREAM-004")

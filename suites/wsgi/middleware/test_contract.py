"""PEP 3333, Middleware: Components that Play Both Sides: all other rules of both sides, and no special needs."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi import Manner
from gateproof.drive.wsgi.inner import CONTAINERS, Script
from gateproof.drive.wsgi.middleware import Middleware, Passage
from gateproof.judge import Judge

from ...counting import LATER_S, REST_S, TIMES, growth, in_words, open_files, settled
from .looking import LONG, MANNERS, busy, judge_conduct, passing


@requirement("WSGI-MW-004", "WSGI-MW-005", "WSGI-FILE-016")
def test_is_an_application_outside_and_a_server_within(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """What fails an application fails it outside, what fails a server fails it within."""
    judge_conduct(middleware, judge, draw, "WSGI-MW-004", "WSGI-MW-005", "WSGI-FILE-016")


@requirement("WSGI-MW-004", revision=2)
def test_calls_keep_apart(middleware: Middleware, judge: Judge) -> None:
    """A second call, after the first or in the middle of it, changes nothing for either of them."""
    place = middleware.passing.path
    first, second = Script(items=(b"one", b"two", b"three")), Script("404 Not Found", items=(b"other",))
    one, other = passing(middleware, first), passing(middleware, second)
    again = passing(middleware, first)
    wanted = (one.outer.status, one.outer.body)
    middleware.look(one, again)
    judge("WSGI-MW-004", (again.outer.status, again.outer.body) == wanted, one.outer.outcome, again.outer.outcome)
    inner: list[Passage] = []
    outer = middleware.through(first, between=lambda: inner.append(middleware.through(second)))
    middleware.look(outer, *inner)
    judge("WSGI-MW-004", (outer.outer.status, outer.outer.body) == wanted, wanted, outer.outer.outcome, weight="warn")
    for each in inner:
        seen, alone = (each.outer.status, each.outer.body), (other.outer.status, other.outer.body)
        fine = busy(each) or seen == alone
        judge("WSGI-MW-004", fine, alone, f"in the middle of another call to {place}: {seen}", weight="warn")


@requirement("WSGI-MW-006", revision=2)
def test_needs_no_special_support(middleware: Middleware, judge: Judge) -> None:
    """It works between servers without extensions and applications of every kind."""
    rich = (("werkzeug.socket", object()), ("gunicorn.socket", object()), ("vendor.extension", object()))
    plain, other = middleware.through(), middleware.through(manner=Manner(extra=rich))
    middleware.look(plain, other)
    alike = (plain.outer.status, plain.outer.body) == (other.outer.status, other.outer.body)
    alike = alike or busy(plain) or busy(other)
    if not judge("WSGI-MW-006", alike, other.outer.outcome, plain.outer.outcome):
        return
    passing(middleware)
    for manner in MANNERS:
        for container in CONTAINERS:
            passage = middleware.through(Script(container=container), None, manner)
            middleware.look(passage)
            judge(
                "WSGI-MW-006", passage.outer.error is None, "an answer", f"{manner.changes()}: {passage.outer.outcome}"
            )


@requirement("WSGI-MW-015", revision=2)
def test_nothing_is_left_for_a_call_that_is_over(middleware: Middleware, judge: Judge) -> None:
    """Threads and open files do not grow with every call, however it ended."""
    passing(middleware)
    for script in (Script(container="list"), Script(items=LONG), Script(raises_at=-1), Script(items=LONG, raises_at=1)):
        for manner in (Manner(), Manner(take=1)):

            def play(script: Script = script, manner: Manner = manner) -> None:
                middleware.through(script, None, manner)
                for key in list(middleware.exchanges)[:-1]:
                    del middleware.exchanges[key]  # what we hold is not left behind

            more = grown(play, LATER_S if middleware.patient else REST_S)
            how = f"given up after {manner.take}" if manner.take is not None else f"raised within at {script.raises_at}"
            if not judge("WSGI-MW-015", not more, f"as much after {TIMES} calls as before", f"{more} ({how})"):
                return


def grown(play: Callable[[], object], seconds: float) -> str:
    """Return what grew with every one of several equal calls, in words; '' where nothing did, or it ends in time."""
    play()
    more = growth(lambda: {"threads": threading.active_count(), "files": open_files()}, play)
    if more():
        gc.collect()
    return in_words(settled(more, seconds))

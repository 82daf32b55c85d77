"""PEP 3333, The Application/Framework Side: the call of the application, and the callables that it is given."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi import Manner, Request
from gateproof.drive.wsgi.application import Application
from gateproof.judge import Judge
from gateproof.strategies import KINDS

from .looking import alike, bare, constant, failed, judge_conduct, same, steady, used, worse


@requirement("WSGI-CALL-005", "WSGI-CALL-007")
def test_arguments_are_positional(app: Application, judge: Judge, draw: Draw) -> None:
    """The application takes two, and gives start_response its own by position."""
    judge_conduct(app, judge, draw, "WSGI-CALL-005", "WSGI-CALL-007")


@requirement("WSGI-CALL-013")
def test_arguments_of_write_and_wrapper_are_positional(app: Application, judge: Judge, draw: Draw) -> None:
    """Of those that the application uses."""
    what = "used write() or wsgi.file_wrapper"
    if used(
        app, judge, ("WSGI-CALL-013",), what, lambda served: served.written or served.wrapped, lacks="server-callables"
    ):
        judge_conduct(app, judge, draw, "WSGI-CALL-013")


@requirement("WSGI-CALL-006", revision=3)
def test_can_be_called_again(app: Application, judge: Judge) -> None:
    """A second call, after the first or in the middle of it, is as good as the first."""
    for place in app.places:
        request = Request(path=place.path, query=place.query)
        first, second = app.first(place), app.serve(request)
        app.look_at(first, second)
        again = bare(second.result) is bare(first.result)  # who has no more to say may say so in an answer of its own
        lost = again and bool(first.body) and not second.body and first.status == second.status
        judge("WSGI-CALL-006", not worse(second, first) and not lost, first.outcome, second.outcome)
        third = app.serve(request)
        if failed(third) or not same(second, third) or len(third.items) < 2:
            continue  # nothing to compare with, or nothing to be interleaved

        def between(request: Request = request) -> None:
            app.serve(request)

        outer = app.serve(request, between=between)
        app.look_at(second, outer)
        seen = f"with another call after its first item, {outer.outcome}"
        judge("WSGI-CALL-006", alike(app, outer, second, between=between), second.outcome, seen, weight="warn")


@requirement("WSGI-CALL-008", revision=3)
def test_any_kind_of_callable_will_do(app: Application, judge: Judge) -> None:
    """start_response and write() as function, method, partial, and as object that has nothing but its call."""
    for place in app.places:
        request = Request(path=place.path, query=place.query)
        plain = steady(app, request)
        if plain is None or failed(plain):
            continue
        for kind in KINDS:
            other = app.serve(request, Manner(start=kind, write=kind), observed=False)
            app.look_at(plain, other)
            body = constant(app, request, plain)
            ok = not worse(other, plain) and alike(app, other, plain, body=body, observed=False)
            judge("WSGI-CALL-008", ok, plain.outcome, f"with a start_response of kind {kind}, {other.outcome}")
    judge.rest_blocked("no path answers a plain GET twice in the same way")


@requirement("WSGI-CALL-009", revision=2)
def test_run_once_is_no_promise(app: Application, judge: Judge) -> None:
    """A call after one with wsgi.run_once true is as good as that one."""
    for place in app.good():
        request = Request(path=place.path, query=place.query)
        before = app.serve(request)
        first, second = (app.serve(request, Manner(run_once=True)) for _ in range(2))
        after = app.serve(request)
        app.look_at(first, second)
        judge("WSGI-CALL-009", not worse(second, before) and not worse(after, before), before.outcome, second.outcome)

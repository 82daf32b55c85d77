"""PEP 3333, Specification Overview and Details: how the server calls the application."""

from __future__ import annotations

from gateproof.check import in_band, launch, requirement
from gateproof.judge import Judge
from gateproof.scripts import ok
from gateproof.target import Server
from gateproof.wire.request import get, post

from .looking import answered, value


@in_band
@requirement("WSGI-CALL-001")
def test_two_positional_arguments(server: Server, judge: Judge) -> None:
    """The application is called with environ and start_response, by position."""
    opening = server.exchange(get(), ok()).call.opening
    seen = {"positional": opening["args"], "by keyword": opening["kwargs"]}
    judge("WSGI-CALL-001", seen == {"positional": 2, "by keyword": []}, "two positional arguments, no keyword", seen)


def served(server: Server, judge: Judge, kind: str) -> None:
    """Judge that an application of some kind of callable is served like any other."""
    x = server.exchange(get(), ok(b"kind"))
    judge("WSGI-CALL-002", answered(x, body=b"kind"), f"an application that is {kind} answers 200", x.outcome)


@requirement("WSGI-CALL-002")
def test_a_function_is_served(server: Server, judge: Judge) -> None:
    """A plain function is a callable."""
    served(server, judge, "a function")


@launch("app:app_lambda")
@requirement("WSGI-CALL-002")
def test_a_lambda_is_served(server: Server, judge: Judge) -> None:
    """So is a lambda."""
    served(server, judge, "a lambda")


@launch("app:app_instance")
@requirement("WSGI-CALL-002")
def test_an_instance_is_served(server: Server, judge: Judge) -> None:
    """So is an instance with __call__."""
    served(server, judge, "an instance")


@launch("app:app_method")
@requirement("WSGI-CALL-002")
def test_a_bound_method_is_served(server: Server, judge: Judge) -> None:
    """So is a bound method."""
    served(server, judge, "a bound method")


@launch("app:app_partial")
@requirement("WSGI-CALL-002")
def test_a_partial_is_served(server: Server, judge: Judge) -> None:
    """So is a functools.partial, a callable that is built in."""
    served(server, judge, "a functools.partial")


@launch("app:app_class")
@requirement("WSGI-CALL-002")
def test_a_class_is_served(server: Server, judge: Judge) -> None:
    """So is a class, whose instances are the iterables."""
    served(server, judge, "a class")


@launch("app:app_opaque")
@requirement("WSGI-CALL-003")
def test_the_application_is_not_introspected(server: Server, judge: Judge) -> None:
    """Nothing but the call is needed of the application object."""
    x = server.exchange(get(), ok())
    judge("WSGI-CALL-003", answered(x), "an application without any attribute is served", x.outcome)
    if x.calls:
        looked_up = value(x.call.environ, "gateproof.looked_up")
        names = set(looked_up if isinstance(looked_up, list) else []) - {"__class__", "__call__", "__dict__"}
        judge("WSGI-CALL-003", not names, "no attribute of the application is looked up", sorted(names))


@requirement("WSGI-CALL-004")
def test_one_call_for_each_request(server: Server, judge: Judge) -> None:
    """Each request that the server passes on makes one call, whatever the application does with it."""
    failing = {"call": [["raise", "ValueError", "scripted"]], "result": {"kind": "none"}}
    requests = [get(), get(method=b"HEAD"), post(b"body"), get(b"/missing"), get(method=b"DELETE")]
    for request in requests:
        for script in (ok(), failing):
            x = server.exchange(request, script)
            if not x.refused:
                judge("WSGI-CALL-004", len(x.calls) == 1, "one call", f"{len(x.calls)} calls; {x.outcome}")

"""PEP 3333, Specification Details: the calls that a middleware makes, and those that it takes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi import Manner
from gateproof.drive.wsgi.inner import Script
from gateproof.drive.wsgi.middleware import Middleware
from gateproof.judge import Judge
from gateproof.strategies import KINDS

from .looking import busy, judge_conduct, passing, survey


@requirement("WSGI-CALL-010", "WSGI-CALL-012", "WSGI-CALL-014")
def test_arguments_are_positional(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Those for the application, for start_response and for write(); its own start_response takes two, and a third."""
    passing(middleware)
    judge_conduct(middleware, judge, draw, "WSGI-CALL-010", "WSGI-CALL-012", "WSGI-CALL-014")
    for passage in survey(middleware):
        for inside in passage.calls:
            if isinstance(inside.refused or inside.rejected, TypeError):
                middleware.look(passage)
                judge("WSGI-CALL-012", False, "two arguments, and a third", inside.refused or inside.rejected)


class _Object:
    """An application that has nothing but its call."""

    __slots__ = ("_app",)

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self._app(environ, start_response)

    def method(self, environ: Any, start_response: Any) -> Any:
        """Answer, as a bound method."""
        return self._app(environ, start_response)


def applications(app: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """Return the same application as callables of every kind."""
    return {
        "object without attributes": _Object(app),
        "bound method": _Object(app).method,
        "partial": functools.partial(app),
        "lambda": lambda environ, start_response: app(environ, start_response),
        "class": type("App", (), {"__new__": lambda cls, environ, start_response: app(environ, start_response)}),
    }


@requirement("WSGI-CALL-011", revision=2)
def test_any_kind_of_callable_will_do(middleware: Middleware, judge: Judge) -> None:
    """Of the application within and of the start_response outside: what comes out is the same."""
    plain = passing(middleware)
    wanted = (plain.outer.status, plain.outer.body)
    for kind in KINDS:
        other = middleware.through(Script(), None, Manner(start=kind, write=kind), observed=False)
        middleware.look(plain, other)
        fine = busy(other) or (other.outer.status, other.outer.body) == wanted
        judge("WSGI-CALL-011", fine, wanted, f"start_response of kind {kind}: {other.outer.outcome}")
    for name, app in applications(middleware.within).items():
        try:
            around = middleware.wrap(app)
        except Exception as error:
            judge("WSGI-CALL-011", False, wanted, f"around a {name}: {error!r}")
            continue
        other = middleware.through(Script(), None, around=around)
        middleware.look(plain, other)
        fine = busy(other) or (other.outer.status, other.outer.body) == wanted
        judge("WSGI-CALL-011", fine, wanted, f"{name}: {other.outer.outcome}")

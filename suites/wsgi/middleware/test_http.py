"""PEP 3333, Handling the Content-Length Header and Other HTTP Features: what a middleware makes of a response."""

from __future__ import annotations

from functools import partial

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.paths import origins_of
from gateproof.drive.wsgi import Manner
from gateproof.drive.wsgi.inner import HTML, Script
from gateproof.drive.wsgi.middleware import Middleware
from gateproof.judge import Judge
from gateproof.wire import selecting
from gateproof.wire.request import looks_chunked
from gateproof.wire.selecting import UNPARSED, Field, Selected, Way

from ..application.looking import as_text, failed, selected
from .looking import PAGE, judge_conduct, passing, survey


@requirement("WSGI-HTTP-034", "WSGI-HTTP-035")
def test_connection_is_the_servers(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """It adds no hop-by-hop field and no transfer coding; octets that look like one are a warning."""
    judge_conduct(middleware, judge, draw, "WSGI-HTTP-034", "WSGI-HTTP-035")
    for passage in survey(middleware):
        if looks_chunked(passage.outer.body):
            middleware.look(passage)
            judge("WSGI-HTTP-035", False, "a body as it is", passage.outer.body[:80], weight="warn")


@requirement("WSGI-HTTP-044", "WSGI-HTTP-045")
def test_lengths_are_right(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Content-Length is that of what comes out; 204 and 304 stay without a body."""
    judge_conduct(middleware, judge, draw, "WSGI-HTTP-044", "WSGI-HTTP-045")


@requirement("WSGI-MW-007", "WSGI-MW-008")
def test_a_coding_is_one_that_was_asked_for(middleware: Middleware, judge: Judge) -> None:
    """Middleware that encodes says in Vary that it hangs on the request, and encodes for those alone who take it."""

    def ask(*fields: Field) -> Selected:
        script = Script(headers=(HTML,), items=PAGE * 100, container="list", length=True)
        passage = middleware.through(script, middleware.request.having(*as_text(fields)), Manner())
        middleware.look(passage)
        return selected(passage.outer)

    way = Way(middleware.request.path, ask, ask())
    selecting.judged(judge, way, {"WSGI-MW-007": selecting.named, "WSGI-MW-008": selecting.refused})


@requirement("WSGI-MW-016")
def test_an_origin_that_is_allowed(middleware: Middleware, judge: Judge) -> None:
    """Middleware that allows the origin that asks says in Vary that it hangs on the request."""

    def ask(*fields: Field) -> Selected:
        passage = middleware.through(Script(), middleware.request.having(*as_text(fields)), Manner())
        middleware.look(passage)
        return selected(passage.outer)

    way = Way(middleware.request.path, ask, ask())
    origins = (*origins_of([middleware.wrapped]), *selecting.ORIGINS)
    selecting.judged(judge, way, {"WSGI-MW-016": partial(selecting.allowed, origins=origins)})


@requirement("WSGI-MW-014")
def test_copes_with_values_that_are_none(middleware: Middleware, judge: Judge) -> None:
    """Fields that promise a date, a cookie, a type, an address and hold none are ignored or refused."""
    plain = passing(middleware)
    if failed(plain.outer):
        judge.blocked("WSGI-MW-014", f"an ordinary call fails by itself: {plain.outer.outcome}")
        return
    for kind, fields in UNPARSED.items():
        for field in fields:
            ((name, value),) = as_text([field])
            asked = middleware.request if kind == "hosts" else middleware.request.having((name, value))
            odd = middleware.through(Script(), asked, Manner(host=value if kind == "hosts" else "localhost"))
            middleware.look(plain, odd)
            judge("WSGI-MW-014", not failed(odd.outer), plain.outer.outcome, f"with {field}, {odd.outer.outcome}")

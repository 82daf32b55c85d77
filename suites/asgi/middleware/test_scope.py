"""Middleware and the scope: asgi.rst > Middleware."""

from __future__ import annotations

from typing import Any

from gateproof.check import requirement
from gateproof.drive.asgi import Call, Middleware
from gateproof.drive.asgi.middleware import InnerFailed, responding
from gateproof.drive.asgi.scopes import PLAIN
from gateproof.judge import Judge

from .around import CONNECT, GONE, changes, reached, scopes, snapshot, talk, through

UNKNOWN = {"type": "x-unknown", "asgi": {"version": "3.0", "spec_version": "1.0"}}


@requirement("ASGI-MW-001", "ASGI-MW-002")
def test_the_outer_scope_stays_as_it_was(middleware: Middleware, judge: Judge) -> None:
    """Middleware that changes the scope changes a copy, of what is nested in it too."""
    for path in middleware.places:
        for scope in scopes(middleware, path):
            before, copied = snapshot(scope)

            async def script(call: Call) -> None:
                if call.scope["type"] == "http":
                    call.give({"type": "http.request", "body": b"", "more_body": False})
                    await middleware.answered(call)
                else:
                    call.give(CONNECT)
                    await call.until(lambda: "websocket.close" in call.types or call.awaiting, middleware.patience)
                    call.leave(GONE, repeated=False)
                    await call.end(middleware.patience)

            middleware.play(scope, script)
            top, nested = changes(before, copied, scope)
            judge("ASGI-MW-001", not top, f"the keys of the {scope['type']} scope as before", f"changed: {top}")
            judge("ASGI-MW-002", not nested, "nothing changed in place", f"changed in place: {nested}")


@requirement("ASGI-MW-003")
def test_the_inner_scope_is_left_alone(middleware: Middleware, judge: Judge) -> None:
    """The scope that was passed down does not change under the application inside."""
    for request in reached(middleware):
        _, inner = through(middleware, request)
        judge("ASGI-MW-003", not inner.changed, "the scope as at the beginning of the inner call", inner.changed)


@requirement("ASGI-MW-004")
def test_nothing_is_read_back_from_the_inner_scope(middleware: Middleware, judge: Judge) -> None:
    """An application that works on a copy of its scope is served like one that writes into it: a reading."""
    request = reached(middleware)[0]
    plain, _ = through(middleware, request)

    async def writing(inner: Any, receive: Any, send: Any) -> None:
        inner.scope.update({"endpoint": None, "route": None, "user": "nobody"})
        await responding()(inner, receive, send)

    middleware.inside(writing)
    written = middleware.http(request)
    judge("ASGI-MW-004", written.types == plain.types, plain.outcome, written.outcome)


@requirement("ASGI-MW-005", "ASGI-MW-022", "ASGI-MW-023", revision=2)
def test_other_types_of_scope_are_passed_on(middleware: Middleware, judge: Judge) -> None:
    """Lifespan, websocket and unknown scopes reach the application inside; its exception comes out."""
    call = talk(middleware)
    answered = bool(call.types) and call.error is None
    seen = bool(middleware.inner) or answered
    judge("ASGI-MW-022", seen, "a websocket scope reaches the application inside", call.outcome)
    middleware.lifetimes = []
    call = middleware.lifetime(PLAIN, state={})
    whole = call.types == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    judge("ASGI-MW-023", middleware.lifetimes and whole, "a lifespan reaches the application inside", call.outcome)

    async def script(call: Call) -> None:
        await call.end(middleware.patience)

    middleware.inside(middleware.behaviour)
    call = middleware.play(dict(UNKNOWN), script)
    told = isinstance(call.error, InnerFailed)
    expected = "a scope of an unknown type reaches the application inside, and its exception comes out"
    judge("ASGI-MW-005", bool(middleware.inner) and told, expected, call.outcome)


@requirement("ASGI-MW-016")
def test_one_call_within_each_call(middleware: Middleware, judge: Judge) -> None:
    """The application inside is called at most once, with three arguments by position."""
    for request in reached(middleware):
        middleware.inside(middleware.behaviour)
        call = middleware.http(request)
        judge("ASGI-MW-016", len(middleware.inner) <= 1, "one inner call", f"{len(middleware.inner)}; {call.outcome}")

        async def failing(inner: Any, receive: Any, send: Any) -> None:
            raise InnerFailed("once")

        middleware.inside(failing)
        call = middleware.http(request)
        judge("ASGI-MW-016", len(middleware.inner) <= 1, "one inner call", f"{len(middleware.inner)}; {call.outcome}")

    async def by_position(scope: Any, receive: Any, send: Any, /) -> None:
        await middleware.within(scope, receive, send)

    middleware.inside(responding())
    usual, middleware.app = middleware.app, middleware.subject.wrap(by_position)
    try:
        call = middleware.http(request)
    finally:
        middleware.app = usual
    named = isinstance(call.error, TypeError) and not middleware.inner
    judge("ASGI-MW-016", not named, "scope, receive and send by position", call.outcome)

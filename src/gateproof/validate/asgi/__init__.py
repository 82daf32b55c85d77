"""Observe one ASGI call: scope, the events of both parties by state tables, and the end of the call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any

from gateproof.validate.asgi.call import Call
from gateproof.validate.asgi.http import HTTPCall
from gateproof.validate.asgi.lifespan import LifespanCall, OtherCall
from gateproof.validate.asgi.websocket import WebSocketCall
from gateproof.validate.findings import Observer, Report

__all__ = ["HTTPCall", "LifespanCall", "OtherCall", "WebSocketCall", "call_class", "observe", "run"]

Application = Callable[..., Awaitable[Any]]
CALLS: dict[Any, type[Call]] = {"http": HTTPCall, "websocket": WebSocketCall, "lifespan": LifespanCall}
NAMES = ("scope", "receive", "send")


def observe(app: Application, report: Report, *, inform: bool = False) -> Application:
    """Return an ASGI application that behaves as `app` and tells `report` what server and application break.

    `inform` adds the rows that only inform. Whatever `report` raises stops the call there. It takes its arguments by
    name, as servers that look at signatures expect; only `run` sees whether they were given by position.
    """

    async def observed(scope: Any, receive: Any, send: Any) -> Any:
        return await run(app, (scope, receive, send), {}, report, inform)

    return observed


def call_class(scope: dict[Any, Any]) -> type[Call]:
    """Return the class that observes calls of a scope's type."""
    try:
        return CALLS.get(scope["type"], OtherCall)
    except (KeyError, TypeError):
        return OtherCall


async def run(
    app: Application, args: tuple[Any, ...], kwargs: dict[str, Any], report: Report, inform: bool = False
) -> Any:
    """Make one observed call of `app`; returns what it returned."""
    if kwargs or len(args) != 3:
        return await _unusual(app, args, kwargs, report, inform)
    scope, receive, send = args
    plain = type(scope) is dict and type(scope.get("type")) is str
    if not plain and not _is_scope(scope, report, inform):
        return await app(*args)
    call = CALLS.get(scope["type"], OtherCall)(report, inform, scope, receive, send)
    try:
        awaitable = app(scope, call.receive, call.send)
        if type(awaitable) is not CoroutineType and not hasattr(awaitable, "__await__"):
            call.say("ASGI-APP-002", "the application did not return an awaitable", "an awaitable", awaitable)
        result = await awaitable
    except BaseException as error:
        call.raised(error)
        raise
    if call.stopped is not None:
        raise call.stopped  # the application swallowed it
    call.returned(result)
    return result


def _is_scope(scope: Any, report: Report, inform: bool) -> bool:
    """Judge a scope that is no plain dict with a type; returns whether the call can be observed."""
    judge = Observer(report, inform)
    if not isinstance(scope, dict):
        judge.say("ASGI-APP-007", "the scope is not a dict", "dict", type(scope))
        return False
    if type(scope) is not dict:
        judge.say("ASGI-APP-007", "the scope is a subclass of dict", "dict", type(scope), "inform")
    if not isinstance(scope.get("type"), str):
        judge.say("ASGI-APP-008", "the scope has no type", "str", scope.get("type", "missing"))
        return False
    return True


async def _unusual(
    app: Application, args: tuple[Any, ...], kwargs: dict[str, Any], report: Report, inform: bool
) -> Any:
    """Judge a call not made with three positional arguments; one with the usual names is observed all the same."""
    judge = Observer(report, inform)
    seen = f"{len(args)} positional, {sorted(kwargs)}"
    given = dict(zip(NAMES, args, strict=False)) | kwargs
    complete = set(given) == set(NAMES) and len(args) + len(kwargs) == 3
    weight = "warn" if complete else "fail"
    judge.say("ASGI-APP-001", "the application is not called with three positional arguments", "three", seen, weight)
    if not complete or not _is_scope(given["scope"], report, inform):
        return await app(*args, **kwargs)

    async def as_called(*ours: Any) -> Any:
        named = dict(zip(NAMES, ours, strict=True))
        return await app(*ours[: len(args)], **{name: named[name] for name in kwargs})

    return await run(as_called, tuple(given[name] for name in NAMES), {}, report, inform)

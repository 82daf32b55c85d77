"""What the checks of middleware share: requests through it, and what a scope looked like before."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from gateproof.drive.asgi import Call, Middleware, Request
from gateproof.drive.asgi.middleware import Inner
from gateproof.drive.asgi.scopes import PLAIN, Server, http_scope, websocket_scope
from gateproof.judge import Blocked

Event = dict[str, Any]
CONNECT = {"type": "websocket.connect"}
PLAIN_REQUEST = Request()
GONE = {"type": "websocket.disconnect", "code": 1001, "reason": "going"}


def reached(middleware: Middleware) -> list[Request]:
    """Return the requests that reach the application inside; without any there is nothing to look through."""
    found = []
    for path in middleware.places:
        middleware.inside(middleware.behaviour)
        call = middleware.http(Request(path=path))
        if middleware.inner and call.error is None and not call.hung:
            found.append(Request(path=path))
    middleware.inside(middleware.behaviour)
    if not found:
        raise Blocked("no ordinary request reaches the application inside")
    return found


def through(middleware: Middleware, request: Request, server: Server = PLAIN) -> tuple[Call, Inner]:
    """Make a request that reaches the application inside; a check whose premise is that it does stops here."""
    middleware.inside(middleware.behaviour)
    call = middleware.http(request, server)
    if middleware.only is None:
        raise Blocked(f"the application inside was called {len(middleware.inner)} times for {request}: {call.outcome}")
    return call, middleware.only


def talk(
    middleware: Middleware,
    server: Server = PLAIN,
    request: Request = PLAIN_REQUEST,
    says: Sequence[Event] = (),
    **how: bool,
) -> Call:
    """Make a handshake, say something, and leave when the application inside had its turn."""

    async def script(call: Call) -> None:
        call.give(CONNECT, *says)
        await call.until(
            lambda: "websocket.close" in call.types or (call.awaiting and not call.inbox), middleware.patience
        )
        call.leave(GONE, repeated=False)
        await call.end(middleware.patience)

    middleware.inside(middleware.behaviour)
    return middleware.websocket(request, script, server, **how)


def scopes(middleware: Middleware, path: str) -> list[dict[str, Any]]:
    """Return scopes of all types, with state, cookies and keys that belong to nobody."""
    request = Request(path=path, headers=((b"cookie", b"a=1; sessionid=x"), (b"x-odd", b"1")))
    server = PLAIN.but(more={"vendor.extra": {"a": [1]}}, offers={"vendor.x": {"b": [2]}})
    state = {"started": [1]}
    return [http_scope(request, server, state), websocket_scope(request, server, state)]


def changes(before: dict[str, Any], copied: dict[str, Any], now: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the keys that are new, gone or another object, and those whose value was changed in place."""
    keys = before.keys() | now.keys()
    # An equal object in the place of another one is no change that anybody could see.
    top = [
        str(key)
        for key in keys
        if key not in now or key not in before or (now[key] is not before[key] and now[key] != copied[key])
    ]
    nested = [str(key) for key in before if key in now and now[key] is before[key] and now[key] != copied[key]]
    return sorted(top), sorted(nested)


def snapshot(scope: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the objects of a scope, and a copy of what they hold."""
    return dict(scope), copy.deepcopy(scope)

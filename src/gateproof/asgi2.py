"""Applications of ASGI 2, called as `app(scope)` and then `(receive, send)`: found out, and made into one call.

docs/specs/main > Legacy Applications: a server may go on supporting them; what they send and receive is the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

TOLD = "it speaks ASGI 2, app(scope)(receive, send): each of its calls is made through an adapter of ours"


def is_legacy(app: Any) -> bool:
    """Tell whether an application takes the scope alone, and is no coroutine function: it returns what is called."""
    call = None if inspect.isclass(app) else type(app).__call__ if callable(app) else None
    if not callable(app) or any(map(inspect.iscoroutinefunction, (app, call))):
        return False
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):
        return False
    return _takes(signature, 1) and not _takes(signature, 2) and not _takes(signature, 3)


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def single(app: Callable[..., Any]) -> Callable[..., Any]:
    """Return an application of ASGI 2 as one of ASGI 3."""

    async def called(scope: Any, receive: Any, send: Any) -> None:
        await app(scope)(receive, send)

    called.__module__ = str(getattr(app, "__module__", called.__module__))
    called.app = app  # type: ignore[attr-defined]  # its routes are looked for there
    return called


def double(app: Callable[..., Any]) -> Callable[..., Any]:
    """Return an application of ASGI 3 as one of ASGI 2."""

    def taking(scope: Any) -> Callable[..., Any]:
        async def instance(receive: Any, send: Any) -> None:
            await app(scope, receive, send)

        return instance

    return taking


def modern(factory: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes middleware of ASGI 2 as one that makes it of ASGI 3."""

    def making(app: Callable[..., Any], **arguments: Any) -> Callable[..., Any]:
        return single(factory(double(app), **arguments))

    making.__module__ = str(getattr(factory, "__module__", making.__module__))
    return making

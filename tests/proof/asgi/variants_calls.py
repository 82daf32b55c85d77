"""Conforming variants: other legal choices in calls, events, errors and scopes, which every check must leave green.

Each stands for something that real servers do.
"""

from __future__ import annotations

import asyncio
import enum
import inspect
from collections.abc import Awaitable
from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_events import FIELDS
from gateproof.reference.asgi_http import Http
from gateproof.reference.asgi_websocket import WebSocket
from gateproof.reference.connection import Connection
from gateproof.reference.requests import BadRequest, Grammar, Request

from ..registry import variant
from .faults import choice

Event = dict[str, Any]
Scope = dict[str, Any]


@choice()
class TheReferenceItself(Server):
    """The reference."""


@choice()
class OneRequestForEachConnection(Server):
    """Every connection serves one request."""

    keep_alive = False


@choice()
class NoSpecVersion(Server):
    """No version of the specification is declared, which means 2.0."""

    def asgi(self, kind: str) -> dict[str, Any]:
        """The choice."""
        return {"version": self.version}


@choice()
class EarlySpecVersion(Server):
    """An early version is declared."""

    spec_version = "2.0"


@choice()
class LaterSpecVersion(Server):
    """A version is declared that is later than all that are known."""

    spec_version = "2.9"


class OwnDict(dict[Any, Any]):
    """A dict that is not exactly one."""


@choice()
class SubclassOfDict(Server):
    """Scopes are instances of a subclass of dict."""

    def scope(self, request: Request, connection: Connection, kind: str) -> Scope:
        """The choice."""
        return OwnDict(super().scope(request, connection, kind))


@choice()
class RunsLegacyApplications(Server):
    """An application that is a class is one of ASGI 2."""

    def call(self, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        """The choice."""
        if not inspect.isclass(self.application):
            return super().call(scope, receive, send)
        instance: Any = self.application({**scope, "asgi": {**scope["asgi"], "version": "2.0"}})
        found: Awaitable[None] = instance(receive, send)
        return found


@choice()
class FuturesForCoroutines(Server):
    """receive and send return tasks, which are awaitable as well."""

    def call(self, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        """The choice."""
        return super().call(
            scope, lambda: asyncio.ensure_future(receive()), lambda event: asyncio.ensure_future(send(event))
        )


@choice()
class MoreKeys(Server):
    """Scopes have keys of the server's own."""

    def scope(self, request: Request, connection: Connection, kind: str) -> Scope:
        """The choice."""
        return {**super().scope(request, connection, kind), "reference.connection": object()}


@choice()
class OneDisconnect(Http):
    """There is one http.disconnect for all, and more_body is left out where it is False."""

    GONE: Event = {"type": "http.disconnect"}  # noqa: RUF012

    def disconnect_event(self) -> Event:
        """The choice."""
        return self.GONE

    def request_event(self, octets: bytes, more: bool) -> Event:
        """The choice."""
        event: Event = {"type": "http.request", "body": octets}
        return {**event, "more_body": True} if more else event


@choice()
class EmptyPieces(Http):
    """A request begins with an empty piece."""

    async def body_event(self) -> Event:
        """The choice."""
        if not getattr(self, "delivered", False):
            self.delivered = True
            return self.request_event(b"", True)
        return await super().body_event()


class Code(enum.IntEnum):
    """Close codes."""

    NORMAL = 1000


@choice()
class NamedCodes(WebSocket):
    """Close codes are members of an enumeration, and both kinds of content are there, one of them None."""

    def disconnect_event(self, code: int, reason: str) -> Event:
        """The choice."""
        event = super().disconnect_event(code, reason)
        return {**event, "code": Code.NORMAL} if code == Code.NORMAL else event

    async def deliver(self, event: Event) -> None:
        """The choice."""
        await super().deliver({"text": None, "bytes": None, **event})


@choice()
class RaisesWhenComplete(Http):
    """What is sent after a complete response raises."""

    async def late(self, event: Event) -> None:
        """The choice."""
        raise RuntimeError("the response is complete")


class SilentlyGone(Http):
    """What is sent when the client is gone does nothing."""

    async def after_disconnect(self) -> None:
        """The choice."""

    async def write(self, octets: bytes) -> None:
        """The choice."""
        if not self.connection.lost:
            await super().write(octets)


@variant()
class SilentlyGoneBefore24(Server):
    """Version 2.3, in which a send does nothing when the client is gone."""

    spec_version = "2.3"
    http_class = SilentlyGone


@choice()
class ClosesForErrors(Http):
    """A call that failed before the start ends the connection without an answer."""

    async def failed(self) -> None:
        """The choice."""
        self.close = self.broken = True
        self.connection.close()


@choice()
class StartsAtOnce(Http):
    """The header leaves with the start: a failure after it can only cut the response."""

    async def send(self, event: Any) -> None:
        """The choice."""
        await super().send(event)
        if event.get("type") == "http.response.start" and self.status is not None and not self.head_sent:
            await self.write(self.head(None))


@choice()
class ForbiddenForErrors(WebSocket):
    """A failed call before accept is a 403."""

    async def end_of_call(self, code: int) -> None:
        """The choice."""
        if self.state == "connecting" and not self.connection.lost:
            await self.refuse(b"403 Forbidden")
        await super().end_of_call(code)


@choice()
class TypeErrorForAll(Http):
    """Whatever is wrong with an event raises TypeError, at once."""

    def check(self, event: Event) -> str:
        """The choice."""
        if not isinstance(event, dict) or event.get("type") not in FIELDS:
            raise TypeError("no event of ours")
        return super().check(event)


class LateFraming(Grammar):
    """Finds out that a body cannot be read when it is about to be read."""

    def framing(self, request: Request) -> int | None:
        """The choice."""
        try:
            return super().framing(request)
        except BadRequest as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return 0


class RefusesWithin(Http):
    """Refuses a request within its call: the application is told http.disconnect, the client the refusal."""

    async def serve(self) -> bool:
        """The choice."""
        refusal: BadRequest | None = getattr(self.request, "refusal", None)
        if refusal is None:
            return await super().serve()
        self.broken = True
        await self.run(self.server.scope(self.request, self.connection, "http"))
        await self.server.refuse(self.connection, refusal)
        return False

    def over(self) -> bool:
        """The choice."""
        return self.broken or super().over()


@choice()
class RefusesInTheCall(Server):
    """The application is called before the framing of the body is looked at."""

    grammar = LateFraming()
    http_class = RefusesWithin

"""Middleware that conforms, each with a purpose of its own."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from ...registry import variant
from .mutants import KNOWN, Event, Scope, SendsAllElsewhere, Through


@variant()
class Transparent(Through):
    """Does nothing."""


@variant()
def a_function(app: Any) -> Any:
    """A closure."""

    async def middleware(scope: Scope, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return middleware


@variant()
class AddsFields(Through):
    """Adds a field to every response."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The choice."""
        if event["type"] == "http.response.start":
            return [{**event, "headers": [*event.get("headers", ()), (b"x-frame-options", b"DENY")]}]
        return [event]


@variant()
class AnswersExceptions(Through):
    """Answers 500 where nothing was sent, which is its purpose."""

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The choice."""
        started: list[Event] = []

        async def giving(event: Event) -> None:
            started.append(event)
            await send(event)

        try:
            await self.app(scope, receive, giving)
        except Exception:
            if scope["type"] != "http" or started:
                raise
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b"sorry"})


@variant()
class RefusesSockets(Through):
    """Lets nobody in by WebSocket."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The choice."""
        if scope["type"] != "websocket":
            await super().__call__(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 1008})


@variant()
class GetAlone(Through):
    """Answers other methods than GET and HEAD by itself."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The choice."""
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            await send({"type": "http.response.start", "status": 405, "headers": [(b"allow", b"GET, HEAD")]})
            await send({"type": "http.response.body"})
        else:
            await super().__call__(scope, receive, send)


@variant()
class Compresses(Through):
    """Compresses long bodies."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The choice."""
        starts: list[Event] = []
        pieces: list[bytes] = []

        async def giving(event: Event) -> None:
            if event["type"] == "http.response.start":
                starts.append(event)
            elif event["type"] == "http.response.body" and starts:
                pieces.append(event.get("body", b""))
                if not event.get("more_body"):
                    await self.finish(scope, starts.pop(), b"".join(pieces), event, send)
            else:
                while starts:
                    await send(starts.pop())  # a file is sent as it is, and so is what a push is in the midst of
                    if pieces:
                        await send({"type": "http.response.body", "body": b"".join(pieces), "more_body": True})
                await send(event)

        if scope["type"] == "http" and self.takes_gzip(scope):
            await self.app(self.below(scope), receive, giving)
        else:
            await super().__call__(scope, receive, send)

    def takes_gzip(self, scope: Scope) -> bool:
        """Tell whether the client takes gzip."""
        accepted = dict(scope.get("headers", ())).get(b"accept-encoding", b"")
        return b"gzip" in [bytes(word).strip().lower() for word in accepted.split(b",")]

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """Say of what is not compressed that another one would get it compressed."""
        if event["type"] == "http.response.start":
            return [{**event, "headers": [*event.get("headers", ()), (b"vary", b"accept-encoding")]}]
        return [event]

    async def finish(self, scope: Scope, start: Event, body: bytes, last: Event, send: Any) -> None:
        """Send the response."""
        fields = [*start.get("headers", ()), (b"vary", b"accept-encoding")]
        if len(body) > 500 and scope["method"] != "HEAD":
            body = gzip.compress(body)
            fields = [pair for pair in fields if pair[0] != b"content-length"] + [(b"content-encoding", b"gzip")]
        await send({**start, "headers": fields})
        await send({**last, "body": body})


@variant()
class ReadsFiles(Through):
    """Reads a file itself and sends what is in it."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The choice."""
        if event["type"] != "http.response.pathsend":
            return [event]
        return [{"type": "http.response.body", "body": Path(event["path"]).read_bytes()}]


@variant()
class OffersNothing(Through):
    """Takes back the extensions that the server offers."""

    def below(self, scope: Scope) -> Scope:
        """The choice."""
        return {key: value for key, value in scope.items() if key != "extensions"}


@variant()
class Mounts(Through):
    """Serves below a prefix alone, and answers the rest with 404."""

    def __init__(self, app: Any) -> None:
        """Have a mount point."""
        super().__init__(app)
        self.mounts = {"/mnt": app}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The choice."""
        if scope["type"] == "http" and not scope["path"].startswith("/mnt"):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body"})
        else:
            await super().__call__(scope, receive, send)

    def below(self, scope: Scope) -> Scope:
        """Add to the root path."""
        return {**scope, "root_path": scope.get("root_path", "") + "/mnt"} if scope["type"] == "http" else scope


variant()(SendsAllElsewhere)


@variant()
class RaisesForWhatItDoesNotKnow(Through):
    """Refuses events whose type it does not know, and takes back the extensions that have them."""

    def below(self, scope: Scope) -> Scope:
        """The choice."""
        return {key: value for key, value in scope.items() if key != "extensions"}

    def take(self, event: Event, scope: Scope) -> Event:
        """The choice, of events that it receives."""
        return self.known(event)

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The choice, of events that it is sent."""
        return [self.known(event)]

    def known(self, event: Event) -> Event:
        """Return an event that it knows."""
        if event["type"] not in KNOWN and not event["type"].startswith("lifespan."):
            raise ValueError(f"no event of type {event['type']}")
        return event


@variant()
class SendsCopies(Through):
    """Sends what is in a file that should be sent without a copy."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The choice."""
        if event["type"] != "http.response.zerocopysend":
            return [event]
        more = event.get("more_body", False)
        return [{"type": "http.response.body", "body": event["file"].read(), "more_body": more}]


async def later(send: Any, status: int) -> None:
    """Answer that there is too much to do."""
    fields = [(b"content-type", b"text/plain"), (b"retry-after", b"1"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": b"later"})


@variant()
class ShedsLoad(Through):
    """Says of every seventh request that it comes too early, and of every ninth that there were too many."""

    calls = 0

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The choice."""
        self.calls += scope["type"] == "http"
        for number, status in ((7, 503), (9, 429)):
            if scope["type"] == "http" and self.calls % number == 0:
                await later(send, status)
                return
        await super().__call__(scope, receive, send)


@variant()
class OneRequestAtATime(Through):
    """Serves one request after the other, and sends those away that come meanwhile."""

    busy = False

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The choice."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
        elif self.busy:
            await later(send, 503)
        else:
            self.busy = True
            try:
                await super().__call__(scope, receive, send)
            finally:
                self.busy = False


@variant()
class Shouts(Through):
    """Puts every text in capitals, unless it is encoded."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The choice."""
        encoded: list[bool] = []

        async def shouting(event: Event) -> None:
            if event["type"] == "http.response.start":
                fields = event["headers"] = [tuple(pair) for pair in event.get("headers", ())]
                encoded.append(any(name.lower() == b"content-encoding" for name, _ in fields))
            elif event["type"] == "http.response.body" and encoded == [False] and event.get("body"):
                event = {**event, "body": event["body"].upper()}
            await send(event)

        await super().__call__(scope, receive, shouting)


@variant()
class GathersRequests(Through):
    """Reads the body of a request before it calls anybody, and calls nobody for half a body."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The choice."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        parts: list[Event] = [await receive()]
        while parts[-1].get("more_body", False):
            parts.append(await receive())
        if any(part["type"] == "http.disconnect" for part in parts):
            return
        if all(part["type"] == "http.request" for part in parts):
            body = b"".join(part.get("body", b"") for part in parts)
            parts = [{**parts[0], "body": body, "more_body": False}]

        async def giving() -> Any:
            return parts.pop(0) if parts else await receive()

        await super().__call__(scope, giving, send)


@variant(about=["ASGI-MW-007"])
class GathersTheBody(Through):
    """Sends the whole body in one event, for a purpose of its own."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The choice."""
        kept: list[bytes] = []

        async def giving(event: Event) -> None:
            if event["type"] != "http.response.body":
                await send(event)
                return
            kept.append(event.get("body", b""))
            if not event.get("more_body"):
                await send({**event, "body": b"".join(kept)})

        await self.app(self.below(scope), receive, giving)

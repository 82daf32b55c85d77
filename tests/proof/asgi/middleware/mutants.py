"""Faults of middleware, each in one that is otherwise transparent."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator
from typing import Any

from ...registry import mutant

Scope = dict[str, Any]
Event = dict[str, Any]


class Through:
    """Passes everything on; the seams are the scope, both directions of events, and the inner call."""

    def __init__(self, app: Any) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve one call."""

        async def taking() -> Event:
            return self.take(await receive(), scope)

        async def giving(event: Event) -> None:
            for each in self.give(event, scope):
                await send(each)

        await self.call(self.below(scope), taking, giving)

    def below(self, scope: Scope) -> Scope:
        """Return the scope that is passed down."""
        return {**scope, "vendor.through": True}

    def take(self, event: Event, scope: Scope) -> Event:
        """Return what the application inside receives."""
        return event

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """Return what is sent instead of an event."""
        return [event]

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """Call the application inside."""
        await self.app(scope, receive, send)


@mutant("ASGI-MW-001")
class WritesIntoTheScope(Through):
    """Adds a key to the scope that it was given."""

    def below(self, scope: Scope) -> Scope:
        """The fault."""
        scope["user"] = "nobody"
        return dict(scope)


@mutant("ASGI-MW-001")
class CutsThePath(Through):
    """Cuts the prefix at which it mounts off the path that it was given."""

    def __init__(self, app: Any) -> None:
        """Have a mount point."""
        super().__init__(app)
        self.mounts = {"/mnt": app}

    def below(self, scope: Scope) -> Scope:
        """The fault."""
        if str(scope.get("path", "")).startswith("/mnt"):
            scope["path"] = scope["path"][4:]
        return dict(scope)


@mutant("ASGI-MW-002")
class AddsAField(Through):
    """Adds a field to the list that it was given."""

    def below(self, scope: Scope) -> Scope:
        """The fault."""
        if isinstance(scope.get("headers"), list):
            scope["headers"].append((b"x-added", b"1"))
        return dict(scope)


@mutant("ASGI-MW-003")
class WritesLater(Through):
    """Adds a key to the scope that it passed down, when the response comes."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        child = dict(scope)

        async def giving(event: Event) -> None:
            child["status"] = event.get("status")
            await send(event)

        await self.app(child, receive, giving)


@mutant("ASGI-MW-022", also=["ASGI-MW-005", "ASGI-MW-023"])
class HttpAlone(Through):
    """Returns from every other type of scope."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        if scope["type"] == "http":
            await super().__call__(scope, receive, send)


@mutant("ASGI-MW-005")
class KnowsItsScopes(Through):
    """Returns from scopes of a type that it does not know."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        if scope["type"] in ("http", "websocket", "lifespan"):
            await super().__call__(scope, receive, send)


@mutant("ASGI-MW-023")
class HasNoLifespan(Through):
    """Says of a lifetime that it is none of its scopes: it should pass it on, but that is no crash."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        if scope["type"] == "lifespan":
            raise ValueError("lifespan is not for this middleware")
        await super().__call__(scope, receive, send)


@mutant("ASGI-MW-006", also=["ASGI-MW-031", "ASGI-MW-053", "ASGI-MW-055", "ASGI-MW-057"])
class RebuildsEvents(Through):
    """Makes events anew from the keys that it knows."""

    KEYS = ("type", "status", "headers", "body", "more_body", "info", "code", "text", "bytes", "message")

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        return [{key: event[key] for key in self.KEYS if key in event}]


@mutant("ASGI-MW-024")
class DropsFiles(Through):
    """Sends on the events of a response that it knows, and a file is none of them."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        return [] if event["type"] == "http.response.pathsend" else [event]


KNOWN = frozenset(
    (
        *("http.request", "http.disconnect", "http.response.start", "http.response.body", "http.response.debug"),
        *("http.response.push", "http.response.early_hint", "http.response.trailers", "http.response.zerocopysend"),
        *("http.response.pathsend", "websocket.http.response.start", "websocket.http.response.body"),
        *("websocket.connect", "websocket.receive", "websocket.disconnect"),
        *("websocket.accept", "websocket.send", "websocket.close"),
    )
)


class Drops(Through):
    """Sends on every event but those of one kind, which it does not know of."""

    KIND = ""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        return [] if event["type"] == self.KIND else [event]


@mutant("ASGI-MW-050")
class DropsDebug(Drops):
    """Knows of no debug information."""

    KIND = "http.response.debug"


@mutant("ASGI-MW-051")
class DropsHints(Drops):
    """Knows of no early hints."""

    KIND = "http.response.early_hint"


@mutant("ASGI-MW-052")
class DropsPushes(Drops):
    """Knows of no pushes."""

    KIND = "http.response.push"


@mutant("ASGI-MW-053")
class DropsTrailers(Drops):
    """Knows of no trailers."""

    KIND = "http.response.trailers"


@mutant("ASGI-MW-053")
class MakesTheStartAnew(Through):
    """Makes a start of its own out of status and fields, which announces nothing."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        return [{key: value for key, value in event.items() if key != "trailers"}]


@mutant("ASGI-MW-054")
class DropsCopies(Drops):
    """Knows of no files that are sent without a copy."""

    KIND = "http.response.zerocopysend"


@mutant("ASGI-MW-055", also=["ASGI-MW-057"])
class DropsUnknownEvents(Through):
    """Sends on the events of the protocol alone."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        return [event] if scope["type"] == "lifespan" or event["type"] in KNOWN else []


@mutant("ASGI-MW-057")
class DropsUnknownEventsOfConversations(Through):
    """Sends on the events of a conversation alone, where there is one."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        return [event] if scope["type"] != "websocket" or event["type"] in KNOWN else []


class Waits(Through):
    """Waits for an event that it knows, and takes no notice of others."""

    SCOPES: tuple[str, ...] = ()

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""

        async def taking() -> Event:
            while True:
                event: Event = await receive()
                if scope["type"] not in self.SCOPES or event["type"] in KNOWN:
                    return event

        await self.app(scope, taking, send)


@mutant("ASGI-MW-056")
class WaitsForRequests(Waits):
    """Of a request."""

    SCOPES = ("http",)


@mutant("ASGI-MW-057")
class WaitsForMessages(Waits):
    """Of a conversation."""

    SCOPES = ("websocket",)


@mutant("ASGI-MW-056")
class IgnoresEventsInABody(Through):
    """Gathers the body of a request, and what is no part of it is ignored."""

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        more = scope["type"] == "http"

        async def taking() -> Event:
            nonlocal more
            event: Event = await receive()
            while more and event["type"] not in ("http.request", "http.disconnect"):
                event = await receive()
            more = more and bool(event.get("more_body"))
            return event

        await self.app(scope, taking, send)


@mutant("ASGI-MW-007")
class SendsTheFirstPartLast(Through):
    """Holds the first part of a body back until the others are out."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        kept: list[bytes] = []

        async def giving(event: Event) -> None:
            if event["type"] == "http.response.body" and event.get("more_body") and not kept:
                kept.append(event.get("body", b""))
            elif event["type"] == "http.response.body" and not event.get("more_body"):
                await send({**event, "body": event.get("body", b"") + b"".join(kept)})
            else:
                await send(event)

        await self.app(self.below(scope), receive, giving)


@mutant("ASGI-MW-026")
class AddsFieldsAsWritten(Through):
    """Adds a field whose name is written as in documents."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        if event["type"] == "http.response.start":
            return [{**event, "headers": [*event.get("headers", ()), (b"X-Frame-Options", b"DENY")]}]
        return [event]


@mutant("ASGI-MW-027")
class MeasuresTheBody(Through):
    """Counts the octets of a response without a guard."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        if event["type"] == "http.response.body":
            assert len(event["body"]) >= 0
        return [event]


@mutant("ASGI-MW-028", also=["ASGI-MW-029"])
class ReadsTheFields(Through):
    """Looks through the fields of a response without a guard."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        if event["type"] == "http.response.start":
            assert dict(event["headers"]) is not None
        return [event]


@mutant("ASGI-MW-029")
class AppendsToTheFields(Through):
    """Takes the fields of a response for a list of its own."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        if event["type"] == "http.response.start" and "headers" in event:
            event["headers"].append((b"x-added", b"1"))
        return [event]


@mutant("ASGI-MW-030")
class NamesItsOwnCodingAlone(Through):
    """Encodes what is encoded, and says so for the last time alone."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        fields = event.get("headers")
        if isinstance(fields, list) and b"content-encoding" in [name for name, _ in fields]:
            return [{**event, "headers": [(b"content-encoding", b"x-mine")]}]
        return [event]


@mutant("ASGI-MW-031")
class ClosesAsItLikes(Through):
    """Ends conversations by a code of its own."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        return [{**event, "code": 1000, "reason": ""}] if event["type"] == "websocket.close" else [event]


@mutant("ASGI-MW-032")
class BelievesTheProxy(Through):
    """Takes the scheme of a proxy for that of every scope."""

    def below(self, scope: Scope) -> Scope:
        """The fault."""
        said = dict(scope.get("headers", ())).get(b"x-forwarded-proto")
        return {**scope, "scheme": said.decode("latin-1")} if said in (b"http", b"https") else scope


@mutant("ASGI-MW-038")
class EndsWithTheClient(Through):
    """Cancels the inner call when the client has left, after the response too."""

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        over = asyncio.Event()

        async def giving(event: Event) -> None:
            await send(event)
            if event["type"] == "http.response.body" and not event.get("more_body", False):
                over.set()

        async def watch() -> None:
            await over.wait()
            await receive()
            inner.cancel()

        inner = asyncio.ensure_future(self.app(scope, receive, giving))
        watching = asyncio.ensure_future(watch())
        try:
            await inner
        finally:
            inner.cancel()
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching


@mutant("ASGI-MW-013")
class SaysGoodbyeTooEarly(Through):
    """Has nothing more to give after the body than a disconnect."""

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        over: list[bool] = []

        async def taking() -> Event:
            if over:
                return {"type": "http.disconnect"}
            event: Event = await receive()
            if event["type"] == "http.request" and not event.get("more_body"):
                over.append(True)
            return event

        await self.app(scope, taking, send)


@mutant("ASGI-MW-010")
class SwallowsInConversations(Through):
    """Keeps exceptions of conversations to itself."""

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        with contextlib.suppress(Exception if scope["type"] == "websocket" else ()):
            await self.app(scope, receive, send)


@mutant("ASGI-MW-021")
class TakesBodiesForText(Through):
    """Decodes what it passes on."""

    def take(self, event: Event, scope: Scope) -> Event:
        """The fault."""
        return {**event, "body": event["body"].decode("utf-8", "replace").encode()} if event.get("body") else event


@mutant("ASGI-MW-008")
class FieldsAsText(Through):
    """Adds a field as text."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        if event["type"] == "http.response.start":
            return [{**event, "headers": [*event.get("headers", ()), ("x-frame-options", "DENY")]}]
        return [event]


@mutant("ASGI-MW-009")
class TextForAPath(Through):
    """Gives the path as bytes to the application inside."""

    def below(self, scope: Scope) -> Scope:
        """The fault."""
        return {**scope, "path": scope["path"].encode()} if scope["type"] == "http" else scope


@mutant("ASGI-MW-010")
class Swallows(Through):
    """Swallows what the application inside raises."""

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        try:
            await self.app(scope, receive, send)
        except Exception:
            if scope["type"] != "http":
                raise


@mutant("ASGI-MW-049")
class ForgetsTheTask(Through):
    """Has no use for the call inside once its response was passed on."""

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        complete = False

        async def passing(event: Event) -> None:
            nonlocal complete
            await send(event)
            complete = event["type"] == "http.response.body" and not event.get("more_body")

        try:
            await self.app(scope, receive, passing)
        except Exception:
            if not complete:
                raise


@mutant("ASGI-MW-011")
class SendsFromATask(Through):
    """Queues what is sent, and sends it in a task."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()

        async def pass_on() -> None:
            with contextlib.suppress(OSError):
                while (event := await queue.get()) is not None:
                    await send(event)

        task = asyncio.ensure_future(pass_on())
        try:
            await self.app(dict(scope), receive, queue.put)
        finally:
            await queue.put(None)
            await task


@mutant("ASGI-MW-012")
class Shields(Through):
    """Shields the inner call from being cancelled."""

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await asyncio.shield(asyncio.ensure_future(self.app(scope, receive, send)))


@mutant("ASGI-MW-013")
class ReplaysTheBody(Through):
    """Reads the body before, and gives it again without the disconnect."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""

        async def taking() -> Event:
            while (event := await receive())["type"] == "http.disconnect":
                await asyncio.Event().wait()
            return event  # type: ignore[no-any-return]

        await self.app(dict(scope), taking, send)


@mutant("ASGI-MW-015", also=["ASGI-MW-030"])
class Minifies(Through):
    """Shortens the body and leaves its length as it was."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        body = event.get("body", b"")
        return [{**event, "body": body[1:]}] if len(body) > 400 else [event]


@mutant("ASGI-MW-016")
class TriesAgain(Through):
    """Calls the application inside once more where it raised."""

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        try:
            await self.app(scope, receive, send)
        except Exception:
            if scope["type"] != "http":
                raise
            await self.app(scope, receive, send)


@mutant("ASGI-MW-048")
class SplitsTheSession(Through):
    """Takes the signature of a session for granted."""

    def below(self, scope: Scope) -> Scope:
        """The fault."""
        for name, value in scope.get("headers", ()):
            if name == b"cookie" and value.startswith(b"session="):
                assert value.split(b".")[1:]
        return dict(scope)


@mutant("ASGI-MW-018")
class KeepsTheSend(Through):
    """Keeps send on itself."""

    kind = "http"

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        if scope["type"] != self.kind:
            await self.app(dict(scope), receive, send)
            return
        self.send = send

        async def giving(event: Event) -> None:
            await self.send(event)

        await self.app(dict(scope), receive, giving)


@mutant("ASGI-MW-037")
class KeepsTheConversation(KeepsTheSend):
    """Keeps send on itself for WebSockets."""

    kind = "websocket"


@mutant("ASGI-MW-019")
class LeavesATask(Through):
    """Starts a task for each call that waits for ever."""

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        self.tasks = [*getattr(self, "tasks", ()), asyncio.ensure_future(asyncio.Event().wait())]
        await self.app(scope, receive, send)


@mutant("ASGI-MW-019")
class LeavesAGenerator(Through):
    """Begins a generator for each call, keeps it, and never ends it."""

    async def call(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""

        async def numbers() -> AsyncIterator[int]:
            yield 1
            yield 2

        self.kept = [*getattr(self, "kept", ()), numbers()]
        await anext(self.kept[-1])
        await self.app(scope, receive, send)


@mutant("ASGI-MW-020", also=["ASGI-MW-029", "ASGI-MW-030"])
class FieldsOfTheRequest(Through):
    """Answers with the fields of the request."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        if event["type"] == "http.response.start":
            return [{**event, "headers": [pair for pair in scope["headers"] if pair[0] != b"host"]}]
        return [event]


@mutant("ASGI-MW-020")
class JoinsFields(Through):
    """Keeps one of fields that are repeated."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        if event["type"] == "http.response.start":
            return [{**event, "headers": list(dict(event.get("headers", ())).items())}]
        return [event]


@mutant("ASGI-MW-021")
class LosesParts(Through):
    """Gives the first part of a body, and empty ones after it."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        taken: list[Event] = []

        async def taking() -> Event:
            event = copy.copy(await receive())
            if taken and event.get("body"):
                event["body"] = b""
            if event.get("body"):
                taken.append(event)
            return event

        await self.app(dict(scope), taking, send)


@mutant("ASGI-MW-021", also=["ASGI-MW-013", "ASGI-MW-015", "ASGI-MW-030"])
class EndsWithEveryPart(Through):
    """Sends each part of a response as the last one."""

    def give(self, event: Event, scope: Scope) -> list[Event]:
        """The fault."""
        return [{**event, "more_body": False} if event["type"] == "http.response.body" else event]


@mutant("ASGI-MW-035", also=["ASGI-MW-053"])
class EndsWithTheCall(Through):
    """Sends the last part when the application inside has returned."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """The fault."""
        held: list[Event] = []

        async def giving(event: Event) -> None:
            if event["type"] == "http.response.body" and not event.get("more_body"):
                held.append(event)
            else:
                await send(event)

        await self.app(self.below(scope), receive, giving)
        for event in held:
            await send(event)


class SendsAllElsewhere(Through):
    """Answers whatever comes without TLS by itself, and calls nobody."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Say where to go."""
        if scope["type"] not in ("http", "websocket") or scope.get("scheme") in ("https", "wss"):
            await super().__call__(scope, receive, send)
            return
        await receive()
        await self.redirect(scope, send)

    async def redirect(self, scope: Scope, send: Any) -> None:
        """Answer a request by a redirect, and a handshake by a refusal."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await self.respond("http.response", send)

    async def respond(self, kind: str, send: Any) -> None:
        """Send a response."""
        fields = [(b"location", b"https://else.example/"), (b"content-length", b"0")]
        await send({"type": f"{kind}.start", "status": 307, "headers": fields})
        await send({"type": f"{kind}.body", "body": b""})


@mutant("ASGI-MW-036")
class DeniesUnasked(SendsAllElsewhere):
    """Denies handshakes by a response whether the server can send one or not."""

    async def redirect(self, scope: Scope, send: Any) -> None:
        """The fault."""
        await self.respond("websocket.http.response" if scope["type"] == "websocket" else "http.response", send)


@mutant("ASGI-MW-008")
class AnswersAsIfItWereHttp(SendsAllElsewhere):
    """Answers handshakes by the events of http."""

    async def redirect(self, scope: Scope, send: Any) -> None:
        """The fault."""
        await self.respond("http.response", send)

"""Mutants of error handling: invalid events, calls that fail, sends that come too late."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_events import FIELDS
from gateproof.reference.asgi_http import Http
from gateproof.reference.asgi_lifespan import Lifespan
from gateproof.reference.asgi_websocket import WebSocket
from gateproof.reference.connection import ClientDisconnected

from .faults import fault

Event = dict[str, Any]
Scope = dict[str, Any]


class Edited(Http):
    """A server that mends events of one type before it looks at them: not a mutant, but where several begin."""

    kind = "http.response.start"

    async def send(self, event: Any) -> None:
        """Mend, then take it."""
        own = isinstance(event, dict) and event.get("type") == self.kind
        await super().send(self.mend(event) if own else event)

    def mend(self, event: Event) -> Event:
        """The fault."""
        return event


class EditedWebSocket(WebSocket):
    """The same for WebSockets."""

    async def send(self, event: Any) -> None:
        """Mend, then take it."""
        await super().send(self.mend(event) if isinstance(event, dict) else event)

    def mend(self, event: Event) -> Event:
        """The fault."""
        return event


def unknown(event: Any) -> bool:
    """Tell whether an event has a type that nobody knows."""
    return isinstance(event, dict) and isinstance(event.get("type"), str) and event["type"] not in FIELDS


@fault("ASGI-ERR-001")
class DropsUnknown(Http):
    """Unknown events are dropped."""

    async def send(self, event: Any) -> None:
        """The fault."""
        if not unknown(event):
            await super().send(event)


@fault("ASGI-ERR-002")
class DropsUnknownMessages(WebSocket):
    """Unknown events are dropped on WebSockets."""

    async def send(self, event: Any) -> None:
        """The fault."""
        if not unknown(event):
            await super().send(event)


@fault("ASGI-ERR-003")
class DropsUnknownOfLifespan(Lifespan):
    """Unknown events are dropped in the lifespan."""

    def unknown(self, kind: str) -> None:
        """The fault."""


@fault("ASGI-ERR-004")
class BodyByDefault(Http):
    """An event without a type is a piece of the body."""

    async def send(self, event: Any) -> None:
        """The fault."""
        typeless = isinstance(event, dict) and "type" not in event
        await super().send({"type": "http.response.body", "more_body": True} if typeless else event)


@fault("ASGI-ERR-004")
class NothingIsAnEvent(Http):
    """None is no event, and nothing to complain of."""

    async def send(self, event: Any) -> None:
        """The fault."""
        if event is not None:
            await super().send(event)


@fault("ASGI-ERR-005")
class StatusByDefault(Edited):
    """A start without a status is a 200."""

    def mend(self, event: Event) -> Event:
        """The fault."""
        return {"status": 200, **event}


@fault("ASGI-ERR-006")
class EncodesHeaders(Edited):
    """Headers may be text."""

    def mend(self, event: Event) -> Event:
        """The fault."""
        headers = event.get("headers", ())
        if not isinstance(headers, list):
            return event
        return {**event, "headers": [tuple(encoded(part) for part in pair) for pair in headers]}


def encoded(part: Any) -> Any:
    """Return the octets of a text."""
    return part.encode("latin-1") if isinstance(part, str) else part


@fault("ASGI-ERR-007")
class StatusFromText(Edited):
    """A status may be a text."""

    def mend(self, event: Event) -> Event:
        """The fault."""
        status = event.get("status")
        return {**event, "status": int(status)} if isinstance(status, str) and status.isdigit() else event


@fault("ASGI-ERR-008")
class EmptyForText(Edited):
    """A body that is a text is empty."""

    kind = "http.response.body"

    def mend(self, event: Event) -> Event:
        """The fault."""
        body = event.get("body", b"")
        return {**event, "body": b""} if isinstance(body, str) and body else event


@fault("ASGI-ERR-033")
class EmptyForNone(Edited):
    """A body that is None is empty."""

    kind = "http.response.body"

    def mend(self, event: Event) -> Event:
        """The fault."""
        return {**event, "body": b""} if event.get("body", b"") is None else event


@fault("ASGI-ERR-034")
class OneOfTwo(EditedWebSocket):
    """Of text and bytes the text is sent."""

    def mend(self, event: Event) -> Event:
        """The fault."""
        both = event.get("text") is not None and event.get("bytes") is not None
        return {"type": event["type"], "text": event["text"]} if both else event


@fault("ASGI-ERR-009")
class TextOfOctets(EditedWebSocket):
    """Octets may stand for text."""

    def mend(self, event: Event) -> Event:
        """The fault."""
        text = event.get("text")
        return {**event, "text": text.decode("latin-1")} if isinstance(text, bytes) else event


@fault("ASGI-ERR-035")
class EmptyForNeither(EditedWebSocket):
    """A message without content is an empty one."""

    def mend(self, event: Event) -> Event:
        """The fault."""
        nothing = event.get("text") is None and event.get("bytes") is None
        return {**event, "text": ""} if nothing and event.get("type") == "websocket.send" else event


@fault("ASGI-ERR-036")
class CodeFromText(EditedWebSocket):
    """A code may be a text."""

    def mend(self, event: Event) -> Event:
        """The fault."""
        code = event.get("code")
        return {**event, "code": int(code)} if isinstance(code, str) else event


@fault("ASGI-ERR-010")
class AcceptEncodes(EditedWebSocket):
    """The headers of accept may be text."""

    def mend(self, event: Event) -> Event:
        """The fault."""
        headers = event.get("headers")
        if not isinstance(headers, list):
            return event
        return {**event, "headers": [tuple(encoded(part) for part in pair) for pair in headers]}


@fault("ASGI-ERR-011", also=["ASGI-ERR-006", "ASGI-ERR-007"])
class ComplainsLater(Http):
    """What is wrong with the types of a start is said by the next send."""

    wrong: TypeError | None = None

    async def send(self, event: Any) -> None:
        """The fault."""
        if self.wrong is not None:
            raise self.wrong
        try:
            await super().send(event)
        except TypeError as error:
            if event["type"] != "http.response.start":
                raise
            self.wrong = error


@fault("ASGI-ERR-012")
class StartedAllTheSame(Http):
    """A start that was refused has started the response."""

    begun = False

    async def send(self, event: Any) -> None:
        """The fault."""
        starts = isinstance(event, dict) and event.get("type") == "http.response.start"
        if starts and self.begun:
            raise RuntimeError("the response was started already")
        self.begun = self.begun or starts
        await super().send(event)


@fault("ASGI-ERR-014")
class ClosedSchema(Http):
    """Keys that nobody knows are refused."""

    def check(self, event: Event) -> str:
        """The fault."""
        kind = super().check(event)
        if set(event) - {"type", "headers", "links", "trailers", *FIELDS[kind]}:
            raise ValueError(f"unknown keys in {kind}")
        return kind


@fault("ASGI-ERR-014")
class ClosedSchemaOfMessages(WebSocket):
    """Keys that nobody knows are refused on WebSockets."""

    def check(self, event: Event) -> str:
        """The fault."""
        kind = super().check(event)
        if set(event) - {"type", "headers", *FIELDS[kind]}:
            raise ValueError(f"unknown keys in {kind}")
        return kind


async def forever() -> None:
    """Wait."""
    await asyncio.sleep(3600)


def raised() -> bool:
    """Tell whether an exception is being handled."""
    return sys.exc_info()[0] is not None


@fault("ASGI-ERR-018")
class SilentFailure(Http):
    """A call that raised before the start is not answered for."""

    async def failed(self) -> None:
        """The fault."""
        if self.status is None and raised():
            await forever()
        await super().failed()


@fault("ASGI-ERR-019")
class EndsFailedBodies(Http):
    """A chunked response whose call raised is ended like a whole one."""

    async def failed(self) -> None:
        """The fault."""
        if self.head_sent and self.chunked and raised():
            await self.write(b"0\r\n\r\n")
        await super().failed()


@fault("ASGI-ERR-019")
class HoldsFailedResponses(Http):
    """A call that raised within its response leaves the connection as it is."""

    async def failed(self) -> None:
        """The fault."""
        if self.head_sent and raised():
            await forever()
        await super().failed()


@fault("ASGI-ERR-020")
class HoldsFailedWebSockets(WebSocket):
    """A call that raised leaves the WebSocket open."""

    async def end_of_call(self, code: int) -> None:
        """The fault."""
        if code == 1011 and self.state == "open" and self.reader is not None:
            await asyncio.wait([self.reader])
        await super().end_of_call(code)


@fault("ASGI-ERR-020")
class HoldsFailedHandshakes(WebSocket):
    """A call that raised before accept leaves the handshake unanswered."""

    async def end_of_call(self, code: int) -> None:
        """The fault."""
        if code == 1011 and self.state == "connecting" and self.reader is not None:
            await asyncio.wait([self.reader])
        await super().end_of_call(code)


@fault("ASGI-ERR-021")
class TriesAgain(Server):
    """A call that raised is made once more."""

    def call(self, scope: Scope, receive: Any, send: Any) -> Any:
        """The fault."""
        return self.twice(scope, receive, send) if scope["type"] == "http" else super().call(scope, receive, send)

    async def twice(self, scope: Scope, receive: Any, send: Any) -> None:
        """Call, and call again."""
        try:
            await self.application(scope, receive, send)
        except ClientDisconnected:
            raise
        except Exception:
            await self.application(scope, receive, send)


@fault("ASGI-ERR-030")
class CancelledForTheNext(Http):
    """Once a call was cancelled, the next failure is not answered."""

    unanswered = False

    async def run(self, scope: Scope) -> None:
        """The fault."""
        try:
            await super().run(scope)
        except asyncio.CancelledError:
            self.server.cancelled = not self.unanswered  # type: ignore[attr-defined]
            raise

    async def failed(self) -> None:
        """Nobody looks; but one that nobody answers is not to harm whatever is played next."""
        if getattr(self.server, "cancelled", False):
            self.server.cancelled, self.unanswered = False, True  # type: ignore[attr-defined]
            await forever()
        await super().failed()


@fault("ASGI-ERR-022")
class OneFailureForAll(Http):
    """A failure is not answered that follows two responses that were cut off, with another failure between them."""

    async def failed(self) -> None:
        """The fault; what one check alone plays, whatever came before it."""
        past: list[bool] = getattr(self.server, "cut", [])
        self.server.cut = [*past[-2:], self.head_sent]  # type: ignore[attr-defined]
        if past == [True, False, True] and not self.head_sent:
            await forever()
        await super().failed()


@fault("ASGI-ERR-022")
class EndsWithABadAcceptance(WebSocket):
    """An acceptance with a subprotocol that was not offered ends the server: one that no other check plays."""

    async def accept(self, event: Event) -> None:
        """The fault."""
        try:
            await super().accept(event)
        except Exception:
            if str(event.get("subprotocol")).endswith("unknown"):
                self.server.stop()
            raise


@fault("ASGI-ERR-029")
class LeavesTheBodyOfAFailedCall(Http):
    """Goes on behind a failed call, with the body that it did not read."""

    async def failed(self) -> None:
        """The fault."""
        if self.complete or self.head_sent or self.broken:
            await super().failed()
            return
        self.head_sent = self.complete = self.body_ended = True
        head = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nDate: " + self.date()
        await self.write(head + b"\r\n\r\n")


@fault("ASGI-ERR-029")
class HangsBehindAFailedCall(Http):
    """Keeps the connection of a failed call, and does not read from it any more."""

    async def failed(self) -> None:
        """The fault."""
        if self.complete or self.head_sent or self.broken:
            await super().failed()
            return
        self.head_sent = self.complete = True
        await self.write(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
        await forever()


@fault("ASGI-ERR-024", also=["ASGI-ERR-025", "ASGI-HTTP-DISC-009", "ASGI-HTTP-DISC-010"])
class RuntimeErrorAfterTheEnd(Http):
    """A send that comes too late raises RuntimeError."""

    async def after_disconnect(self) -> None:
        """The fault."""
        raise RuntimeError("the connection is closed")


@fault("ASGI-ERR-024", also=["ASGI-WS-070", "ASGI-WS-071"])
class RuntimeErrorAfterTheWebSocket(WebSocket):
    """A message that comes too late raises RuntimeError."""

    async def after_disconnect(self, kind: str) -> None:
        """The fault."""
        raise RuntimeError("the connection is closed")


@fault("ASGI-ERR-025", also=["ASGI-HTTP-DISC-012"])
class LogsItsOwn(Http):
    """The exception of a send that came too late is logged as the application's."""

    async def run(self, scope: Scope) -> None:
        """The fault."""
        await super().run(scope)
        if self.broken:
            try:
                raise ClientDisconnected("the client is gone")
            except ClientDisconnected as error:
                self.server.report(error)


@fault("ASGI-ERR-026")
class EarlyBodies(Http):
    """A piece of the body that comes before the start is forgotten."""

    async def send(self, event: Any) -> None:
        """The fault."""
        early = self.status is None and isinstance(event, dict) and event.get("type") == "http.response.body"
        if not early or not isinstance(event.get("body", b""), bytes):
            await super().send(event)


@fault("ASGI-ERR-026")
class EarlyMessages(WebSocket):
    """A message that comes before accept is forgotten."""

    async def message(self, event: Event) -> None:
        """The fault."""
        if self.state != "connecting":
            await super().message(event)


@fault("ASGI-ERR-027")
class SilentReturn(Http):
    """A call that returned without a response is not answered for."""

    async def returned(self) -> None:
        """The fault."""
        if self.status is None:
            await forever()
        await super().returned()


@fault("ASGI-ERR-028")
class EndsUnfinishedBodies(Http):
    """A chunked response whose call returned is ended like a whole one."""

    async def returned(self) -> None:
        """The fault."""
        if self.head_sent and self.chunked and not self.complete and not self.broken:
            await self.write(b"0\r\n\r\n")
        await super().returned()


@fault("ASGI-ERR-028")
class HoldsUnfinishedResponses(Http):
    """A call that returned within its response leaves the connection as it is."""

    async def returned(self) -> None:
        """The fault."""
        if self.head_sent and not self.complete and not self.broken:
            await forever()
        await super().returned()

"""Faults of an application in the events that it sends."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from gateproof.reference.asgi_application import TEXT

from ...registry import mutant
from .spoiling import Application, Event, Receive, Scope, Send, Spoiling, head, of
from .variants import EngineIO

START, BODY = "http.response.start", "http.response.body"


@mutant("ASGI-EVENT-002")
class NoType(Spoiling):
    """Sends an event without a type before the response."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return [{"Type": START}, event] if event["type"] == START else [event]


@mutant("ASGI-EVENT-004")
class AValueOfNoPlainType(Spoiling):
    """Adds a decimal."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, START, elapsed=Decimal("0.1"))


@mutant("ASGI-EVENT-006")
class TooLarge(Spoiling):
    """Adds an integer of 70 bits."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, START, elapsed=2**70)


@mutant("ASGI-EVENT-008")
class Infinite(Spoiling):
    """Adds an infinite float."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, START, elapsed=float("inf"))


@mutant("ASGI-EVENT-010")
class AKeyThatIsNoText(Spoiling):
    """Adds a key that is a number."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return [{**event, 1: 2}] if event["type"] == START else [event]


@mutant("ASGI-EVENT-014")
class AnEventOfItsOwn(Spoiling):
    """Sends an event that nobody knows."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return [{"type": "http.response.done"}, event] if event["type"] == START else [event]


@mutant("ASGI-EVENT-016")
class TextForABody(Spoiling):
    """Sends text as the body of what is not found."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, BODY, body="nothing here") if event.get("body") == b"nothing here" else [event]


@mutant("ASGI-EVENT-018")
class NoneForAFlag(Spoiling):
    """Sends None for false."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, BODY, more_body=event.get("more_body"))


@mutant("ASGI-EVENT-020")
class ABuffer(Spoiling):
    """Sends a bytearray."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, BODY, body=bytearray(event.get("body", b"")))


@mutant("ASGI-HTTP-RESP-001")
class BodyFirst(Spoiling):
    """Sends an empty part before the response."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return [{"type": BODY, "body": b"", "more_body": True}, event] if event["type"] == START else [event]


@mutant("ASGI-HTTP-RESP-002")
class TwoStarts(Spoiling):
    """Starts a second time where nothing is found."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return [event, event] if event.get("status") == 404 and event["type"] == START else [event]


@mutant("ASGI-HTTP-RESP-002")
class NoResponse(Application):
    """Returns without a word from requests of other methods."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        if scope["method"] != "BREW":
            await super().http(scope, receive, send)


@mutant("ASGI-HTTP-RESP-003")
class StartAlone(Application):
    """Sends no body where there is no content."""

    async def empty(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        await self.start(send, 204, [])


@mutant("ASGI-HTTP-RESP-004")
class NoEnd(Application):
    """Never ends a response in parts."""

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        await self.start(send, 200, [])
        await self.chunk(send, b"one")


@mutant("ASGI-HTTP-RESP-005")
class ATail(Spoiling):
    """Sends an empty body after the end."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return [event, event] if event["type"] == BODY and not event.get("more_body") else [event]


@mutant("ASGI-HTTP-RESP-006", also=["ASGI-HTTP-SCOPE-068", "ASGI-HTTP-SCOPE-077", "ASGI-HTTP-SCOPE-078"])
class StatusAsText(Spoiling):
    """Gives the status as text where nothing is found."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, START, status="404") if event.get("status") == 404 else [event]


class StatusAsTextFor(Application):
    """Gives the status as a str for some requests alone."""

    METHOD, QUERY, FIELD = "", b"-", b""

    async def respond(self, scope: Scope, send: Send, status: int, fields: Any, body: bytes) -> None:
        """The fault."""
        odd = scope["method"] == self.METHOD or scope["query_string"] == self.QUERY or self.fields(scope, self.FIELD)
        await super().respond(scope, send, str(status) if odd else status, fields, body)  # type: ignore[arg-type]


@mutant("ASGI-HTTP-RESP-006")
class StatusAsTextForPut(StatusAsTextFor):
    """For PUT."""

    METHOD = "PUT"


@mutant("ASGI-HTTP-RESP-006")
class StatusAsTextForPatch(StatusAsTextFor):
    """For PATCH."""

    METHOD = "PATCH"


@mutant("ASGI-HTTP-RESP-006")
class StatusAsTextForAPage(StatusAsTextFor):
    """For a page that there is not."""

    QUERY = b"page=-1"


@mutant("ASGI-HTTP-RESP-006", drawn=True)
class StatusAsTextForASearch(StatusAsTextFor):
    """For a method with a hyphen."""

    METHOD = "M-SEARCH"


@mutant("ASGI-HTTP-RESP-006", drawn=True)
class StatusAsTextForAWish(StatusAsTextFor):
    """For who does not want to be tracked."""

    FIELD = b"dnt"


@mutant("ASGI-HTTP-RESP-007")
class NoFinalStatus(Spoiling):
    """Answers 103 where nothing is found."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, START, status=103) if event.get("status") == 404 else [event]


@mutant("ASGI-HTTP-RESP-008", also=["ASGI-HTTP-RESP-070"])
class FieldsAsText(Spoiling):
    """Gives fields as text where a method is not allowed."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, START, headers=[("allow", "GET")]) if event.get("status") == 405 else [event]


@mutant("ASGI-HTTP-RESP-009")
class CapitalsInAName(Spoiling):
    """Writes a field name with capitals."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return head(event, (b"X-Powered-By", b"reference"))


@mutant("ASGI-HTTP-RESP-010")
class APseudoField(Spoiling):
    """Adds a pseudo field."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return head(event, (b":status", b"200"))


@mutant("ASGI-HTTP-RESP-036")
class TheWrongLength(Application):
    """Announces one byte more than it sends."""

    async def respond(self, scope: Scope, send: Send, status: int, fields: Any, body: bytes) -> None:
        """The fault."""
        await self.start(send, status, [*fields, (b"content-length", b"%d" % (len(body) + 1))])
        await self.finish(send, b"" if scope["method"] == "HEAD" else body)


# Extensions


@mutant("ASGI-HTTP-RESP-060")
class ALengthOfNothing(Application):
    """Says with 204 how long it is not."""

    async def empty(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        await self.start(send, 204, [(b"content-length", b"0")])
        await self.finish(send)


@mutant("ASGI-HTTP-RESP-073")
class SharesItsFields(Application):
    """Adds to a list of fields that its responses share."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self.shared: list[Any] = []

    async def start(self, send: Send, status: int, fields: Any, **more: Any) -> None:
        """The fault."""
        await super().start(send, status, [*fields, *self.shared], **more)
        self.shared = [(b"content-type", b"text/plain")]


@mutant("ASGI-HTTP-RESP-061")
class ContentOfNothing(Application):
    """Sends a body with 204."""

    async def empty(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        await self.start(send, 204, [])
        await self.finish(send, b"null")


@mutant("ASGI-HTTP-RESP-062")
class Reflects(Spoiling):
    """Puts a parameter into a field as it is."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        if event["type"] != "http.response.start" or b"next=" not in scope.get("query_string", b""):
            return [event]
        return head(event, (b"x-next", unquote_to_bytes(scope["query_string"].partition(b"next=")[2])))


@mutant("ASGI-HTTP-RESP-063")
class FramesItsParts(Application):
    """Makes chunks of its parts."""

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        await self.start(send, 200, [TEXT])
        for piece in (b"one\n", b"two\n", b""):
            await self.chunk(send, b"%x\r\n%s\r\n" % (len(piece), piece))
        await self.finish(send)


@mutant("ASGI-HTTP-RESP-064")
class NoLengthForHead(Application):
    """Measures what it sends, not what it would have sent."""

    async def respond(self, scope: Scope, send: Send, status: int, fields: Any, body: bytes) -> None:
        """The fault."""
        await super().respond(scope, send, status, fields, b"" if scope["method"] == "HEAD" else body)


@mutant("ASGI-EXT-004")
class HintsUninvited(Application):
    """Sends a hint whether the server offers it or not."""

    def offers(self, scope: Scope, name: str) -> bool:
        """The fault."""
        return name == "http.response.early_hint" or super().offers(scope, name)


@mutant("ASGI-EXT-010")
class PushesOctets(Spoiling):
    """Gives the path of a push as bytes."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, "http.response.push", path=b"/style.css")


@mutant("ASGI-EXT-011")
class PushesFirst(Application):
    """Pushes before the response."""

    async def extras(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        if self.offers(scope, "http.response.push"):
            await self.push(send)
        await super().extras(scope, receive, send)


@mutant("ASGI-EXT-020")
class CopiesFromMemory(Application):
    """Gives a file without a descriptor."""

    async def send_file(self, send: Send, path: Path) -> None:
        """The fault."""
        await send({"type": "http.response.zerocopysend", "file": io.BytesIO(path.read_bytes())})


@mutant("ASGI-EXT-021")
class CopiesFirst(Application):
    """Copies before the response."""

    async def extras(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        if self.offers(scope, "http.response.zerocopysend"):
            await self.send_file(send, self.file_path())
        await super().extras(scope, receive, send)


@mutant("ASGI-EXT-026")
class LeavesTheFileOpen(Application):
    """Leaves the file to the server, and forgets it only with the next one."""

    async def send_file(self, send: Send, path: Path) -> None:
        """The fault."""
        self.opened = path.open("rb")
        await send({"type": "http.response.zerocopysend", "file": self.opened})


@mutant("ASGI-EXT-030")
class ARelativePath(Spoiling):
    """Gives the name of a file."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, "http.response.pathsend", path="file.txt")


@mutant("ASGI-EXT-031")
class ABodyAfterThePath(Spoiling):
    """Ends the response after the path once more."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return [event, {"type": BODY}] if event["type"] == "http.response.pathsend" else [event]


@mutant("ASGI-EXT-040")
class LinksAsText(Spoiling):
    """Gives links as text."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, "http.response.early_hint", links=["</style.css>; rel=preload"])


@mutant("ASGI-EXT-050")
class UnannouncedTrailers(Spoiling):
    """Sends trailers that it did not announce."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        if event["type"] != START:
            return [event]
        return [{key: value for key, value in event.items() if key != "trailers"}]


@mutant("ASGI-EXT-051")
class ForgottenTrailers(Application):
    """Announces trailers and sends none."""

    async def trailers(self, send: Send) -> None:
        """The fault."""


@mutant("ASGI-EXT-052")
class TrailersAsText(Spoiling):
    """Gives trailers as text."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, "http.response.trailers", headers=[("x-sum", "42")])


@mutant("ASGI-EXT-080")
class CapitalsInATrailer(Spoiling):
    """Writes the name of a trailer with capitals."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, "http.response.trailers", headers=[(b"X-Sum", b"42")])


@mutant("ASGI-EXT-061")
class DebugsTwice(Application):
    """Sends debug information for each template."""

    async def debug(self, send: Send) -> None:
        """The fault."""
        await super().debug(send)
        await super().debug(send)


# WebSocket

ACCEPT, SEND, CLOSE = "websocket.accept", "websocket.send", "websocket.close"


@mutant("ASGI-WS-SCOPE-024", also=["ASGI-WS-SCOPE-018"])
class ReadsTheSubprotocols(Application):
    """Looks subprotocols up without a default."""

    def subprotocol(self, scope: Scope) -> str | None:
        """The fault."""
        return next((name for name in scope["subprotocols"] if name == "chat"), None)


@mutant("ASGI-WS-SCOPE-023", also=["ASGI-WS-SCOPE-018"])
class NotesWhoTalks(Application):
    """Notes the client of a handshake without a guard."""

    def subprotocol(self, scope: Scope) -> str | None:
        """The fault."""
        assert scope["client"][0]
        return super().subprotocol(scope)


@mutant("ASGI-WS-SCOPE-025", also=["ASGI-WS-SCOPE-018"])
class ReadsTheQueryOfHandshakes(Application):
    """Looks the query of a handshake up without a guard."""

    def subprotocol(self, scope: Scope) -> str | None:
        """The fault."""
        assert b"\r" not in scope["query_string"]
        return super().subprotocol(scope)


@mutant("ASGI-WS-SCOPE-026", also=["ASGI-WS-SCOPE-018"])
class ReadsTheMountPointOfHandshakes(Application):
    """Looks the mount point of a handshake up without a guard."""

    def subprotocol(self, scope: Scope) -> str | None:
        """The fault."""
        assert scope["root_path"] is not None
        return super().subprotocol(scope)


@mutant("ASGI-WS-SCOPE-018")
class WantsAnAddressOrAQuery(Application):
    """Takes the server's address of a handshake where it has no query, without a guard."""

    def subprotocol(self, scope: Scope) -> str | None:
        """The fault."""
        assert "query_string" in scope or scope["server"]
        return super().subprotocol(scope)


@mutant("ASGI-WS-005")
class NoAnswer(Application):
    """Returns from a handshake that it does not like."""

    async def deny(self, scope: Scope, send: Send) -> None:
        """The fault."""


@mutant("ASGI-WS-100")
class RaisesForAnAnswer(Application):
    """Raises in the middle of a handshake that it does not like."""

    async def deny(self, scope: Scope, send: Send) -> None:
        """The fault."""
        raise AttributeError("'NoneType' object has no attribute 'status'")


@mutant("ASGI-WS-104")
class KnowsOfNoHandshakes(Application):
    """Returns from handshakes as if they were none of its business."""

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""


@mutant("ASGI-WS-014")
class FieldsOfTheHandshakeAsText(Spoiling):
    """Gives the fields of accept as text."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, ACCEPT, headers=[("x-accepted", "yes")]) if "headers" in event else [event]


@mutant("ASGI-WS-015")
class SubprotocolAmongTheFields(Spoiling):
    """Writes the subprotocol as a field."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, ACCEPT, headers=[(b"sec-websocket-protocol", b"chat")]) if "headers" in event else [event]


@mutant("ASGI-WS-084")
class CapitalsInTheHandshake(Spoiling):
    """Writes a field name of accept with capitals."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, ACCEPT, headers=[(b"X-Accepted", b"yes")]) if "headers" in event else [event]


@mutant("ASGI-WS-017")
class AcceptsTwice(Spoiling):
    """Accepts in two layers."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return [event, {"type": ACCEPT}] if event["type"] == ACCEPT else [event]


@mutant("ASGI-WS-018")
class AlwaysTheSame(Application):
    """Accepts a subprotocol that nobody offered."""

    def subprotocol(self, scope: Scope) -> str | None:
        """The fault."""
        return "graphql-ws"


@mutant("ASGI-WS-029")
class ReadsTheText(Application):
    """Looks text up without a default."""

    def message(self, event: Event) -> tuple[str | None, bytes | None]:
        """The fault."""
        return (event["text"], None) if event.get("bytes") is None else (event["text"], event["bytes"])


@mutant("ASGI-WS-029")
class LosesTextBesideNone(EngineIO):
    """Takes what stands under bytes wherever there is such a key, and takes no handshake without a query."""

    def message(self, event: Event) -> tuple[str | None, bytes | None]:
        """The fault."""
        return (None, event["bytes"]) if "bytes" in event else (event["text"], None)

    async def say(self, send: Send, text: str | None, data: bytes | None) -> None:
        """Say nothing to nothing."""
        if text is not None or data is not None:
            await super().say(send, text, data)


@mutant("ASGI-WS-035")
class TextAndBytes(Spoiling):
    """Sends both."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, SEND, text="x", bytes=b"x")


@mutant("ASGI-WS-035", drawn=True)
class AnswersNothingTwice(Application):
    """Answers an empty message with both keys."""

    async def say(self, send: Send, text: str | None, data: bytes | None) -> None:
        """The fault."""
        if text or data:
            await super().say(send, text, data)
        else:
            await send({"type": "websocket.send", "text": "", "bytes": b""})


@mutant("ASGI-WS-036")
class GreetsTooEarly(Spoiling):
    """Greets before it accepts."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return [{"type": SEND, "text": "hi"}, event] if event["type"] == ACCEPT else [event]


@mutant("ASGI-WS-045")
class CodeAsText(Spoiling):
    """Gives the code as text."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, CLOSE, code="1008")


@mutant("ASGI-WS-086")
class ACodeOfNobody(Spoiling):
    """Closes with a code that may not be sent."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, CLOSE, code=1005)


@mutant("ASGI-WS-046")
class ReasonAsOctets(Spoiling):
    """Gives the reason as bytes."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, CLOSE, reason=b"no")


@mutant("ASGI-WS-085")
class SpeaksAfterTheEnd(Spoiling):
    """Sends a message after it has closed."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return [event, {"type": SEND, "text": "bye"}] if event["type"] == CLOSE else [event]


@mutant("ASGI-WS-057")
class ReadsTheReason(Application):
    """Looks the reason up without a default."""

    def over(self, event: Event) -> str:
        """The fault."""
        return str(event["reason"].strip()) if event.get("code") == 1001 else super().over(event)


@mutant("ASGI-WS-073")
class SaysItAgain(Application):
    """Tries a message that could not be sent for ever."""

    async def say(self, send: Send, text: str | None, data: bytes | None) -> None:
        """The fault."""
        while True:
            try:
                await super().say(send, text, data)
            except OSError:
                continue
            return


@mutant("ASGI-WS-082", also=["ASGI-ERR-013"])
class NeverHearsTheEnd(Application):
    """Waits for more after the client has left."""

    async def talk(self, receive: Receive, send: Send) -> None:
        """The fault."""
        while True:
            event = await receive()
            if event["type"] == "websocket.receive":
                await self.say(send, *self.message(event))


@mutant("ASGI-WS-083")
class TakesTheEndForAMessage(Application):
    """Looks for a message in whatever comes second."""

    async def talk(self, receive: Receive, send: Send) -> None:
        """The fault."""
        event = await receive()
        if event["type"] == "websocket.disconnect" and not event.get("reason"):
            raise KeyError("text")
        if event["type"] != "websocket.disconnect":
            if event["type"] != "websocket.receive":
                raise ValueError(event["type"])
            await self.say(send, *self.message(event))
            await super().talk(receive, send)


@mutant("ASGI-WS-083", drawn=True)
class TakesTheEndForMore(Application):
    """Behind an empty text it expects a message."""

    last: str | None = None

    def message(self, event: Event) -> tuple[str | None, bytes | None]:
        """Keep the last message."""
        self.last = event.get("text")
        return super().message(event)

    def over(self, event: Event) -> str:
        """The fault."""
        last, self.last = self.last, None
        return str(event["text"]) if last == "" else super().over(event)


@mutant("ASGI-EXT-075")
class AcceptsAndDenies(Application):
    """Denies what it has accepted."""

    async def deny(self, scope: Scope, send: Send) -> None:
        """The fault."""
        if self.offers(scope, "websocket.http.response"):
            await send({"type": ACCEPT})
        await super().deny(scope, send)


@mutant("ASGI-EXT-076")
class DeniesWithText(Spoiling):
    """Gives the status of a denial as text."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, "websocket.http.response.start", status="403")


@mutant("ASGI-EXT-077")
class DeniesWithTrailers(Spoiling):
    """Announces trailers in a denial."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The fault."""
        return of(event, "websocket.http.response.start", trailers=True)

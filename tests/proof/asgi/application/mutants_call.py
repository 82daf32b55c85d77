"""Faults of an application in the call itself and in what it takes from the scope."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from typing import Any

from gateproof.reference.asgi_application import Gone

from ...registry import mutant
from .spoiling import Application, Event, Receive, Scope, Send


@mutant("ASGI-APP-002")
def returns_at_once() -> Any:
    """Does its work before anything is awaited, and gives no awaitable."""
    inner = Application()

    def app(scope: Scope, receive: Receive, send: Send) -> Any:
        work = inner(scope, receive, send)
        if scope["type"] == "x-unknown":
            return work
        work.close()
        return None

    return app


@mutant("ASGI-APP-011")
class ReadsTheVersion(Application):
    """Looks the version up without a default."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        assert scope["asgi"]["version"] == "3.0"
        await super().http(scope, receive, send)


@mutant("ASGI-APP-013")
class ReadsTheSpecVersion(Application):
    """Looks spec_version up without a default."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        if scope.get("asgi"):
            assert scope["asgi"].get("version") is None or scope["asgi"]["spec_version"]
        await super().http(scope, receive, send)


@mutant("ASGI-APP-015")
class FieldsOfALaterVersion(Application):
    """Accepts with fields under any version."""

    def version(self, scope: Scope) -> str:
        """The fault."""
        return "2.5"


@mutant("ASGI-APP-026")
class ReturnsAWord(Application):
    """Returns something."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        """The fault."""
        await super().__call__(scope, receive, send)
        return "done"


@mutant("ASGI-APP-040")
class LeavesAGenerator(Application):
    """Takes the first piece of what it keeps for each request, and never the rest."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""

        async def pieces() -> AsyncIterator[bytes]:
            yield b"one"
            yield b"two"

        if not hasattr(self, "kept"):
            self.kept: list[Any] = []
        self.kept.append(pieces())
        await anext(self.kept[-1])
        await super().http(scope, receive, send)


@mutant("ASGI-APP-040")
class LeavesATask(Application):
    """Starts a task for each request that waits for ever."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        if not hasattr(self, "waiting"):
            self.waiting: list[Any] = []
        self.waiting.append(asyncio.ensure_future(asyncio.Event().wait()))
        await super().http(scope, receive, send)


@mutant("ASGI-APP-040")
class LeavesATaskBehindAStream(Application):
    """Does not end what listens for a client that leaves a stream."""

    async def endless(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        if not hasattr(self, "waiting"):
            self.waiting: list[Any] = []
        self.waiting.append(asyncio.ensure_future(asyncio.Event().wait()))
        await super().endless(scope, receive, send)


class Keeping(Application):
    """An application that keeps the send of its last call: not a mutant, but where several begin."""

    def keep(self, send: Send) -> Send:
        """Return a send that is by then another call's."""
        self.kept = send

        async def last(event: Event) -> None:
            await self.kept(event)

        return last


@mutant("ASGI-APP-041")
class KeepsTheSend(Keeping):
    """Keeps send on itself until it answers."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        await super().http(scope, receive, self.keep(send))


@mutant("ASGI-APP-042")
class KeepsTheConversation(Keeping):
    """Keeps the send of a WebSocket on itself."""

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        await super().websocket(scope, receive, self.keep(send))


@mutant("ASGI-APP-042")
class AnswersTheLastOne(Application):
    """Keeps what was said last on itself, and gives that back a little later."""

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""

        async def later(event: Event) -> None:
            if event["type"] == "websocket.send" and event.get("text"):
                self.said = event["text"]
                await asyncio.sleep(0.01)
                event = {**event, "text": self.said}
            await send(event)

        await super().websocket(scope, receive, later)


@mutant("ASGI-SCOPE-003")
class TakesTheWholeScope(Application):
    """Passes the scope on as keyword arguments."""

    KNOWN = frozenset(
        [
            "type",
            "asgi",
            "http_version",
            "method",
            "scheme",
            "path",
            "raw_path",
            "query_string",
            "root_path",
            "headers",
            "client",
            "server",
            "extensions",
            "state",
            "subprotocols",
        ]
    )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        unknown = set(scope) - self.KNOWN
        if unknown and scope["type"] == "http":
            raise TypeError(f"unexpected keyword argument {unknown.pop()!r}")
        await super().__call__(scope, receive, send)


@mutant("ASGI-SCOPE-004")
class WantsAnAddress(Application):
    """Takes the server's address where it has no client's, without a guard."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        assert scope.get("client") or scope.get("server") or scope.get("scheme")
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-062", also=["ASGI-SCOPE-004"])
class ReadsTheScheme(Application):
    """Looks the scheme up without a guard."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        assert scope["scheme"]
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-064", also=["ASGI-SCOPE-004"])
class ReadsTheRootPath(Application):
    """Looks the mount point up without a guard."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        assert scope["root_path"] is not None
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-066", also=["ASGI-SCOPE-004"])
class ReadsTheServer(Application):
    """Makes an address of the server's two items without a guard."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        host, _ = scope["server"]
        assert host
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-065", also=["ASGI-SCOPE-004"])
class ReadsTheClient(Application):
    """Looks the client up without a guard."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        assert scope["client"][0]
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-063", also=["ASGI-SCOPE-004"])
class ReadsTheRawPath(Application):
    """Takes the path from raw_path alone, and answers 500 without."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        if "raw_path" not in scope:
            await self.body(receive)
            await self.respond(scope, send, 500, [], b"")
        else:
            await super().http(scope, receive, send)


@mutant("ASGI-SCOPE-005")
class ComparesTuples(Application):
    """Compares the address with a tuple."""

    def client(self, scope: Scope) -> str:
        """The fault."""
        return "ours" if scope.get("client") == ("192.0.2.7", 50112) else "theirs" if scope.get("client") else "unknown"


@mutant("ASGI-SCOPE-006", also=["ASGI-HTTP-SCOPE-030"])
class LooksUpLowerCase(Application):
    """Finds fields by their lower-case names only, and the last of them."""

    def fields(self, scope: Scope, name: bytes) -> list[bytes]:
        """The fault."""
        found = dict(scope["headers"])
        return [found[name]] if name in found else []


@mutant("ASGI-HTTP-SCOPE-030")
class TakesOneCookie(Application):
    """Sees the first cookie field only."""

    def fields(self, scope: Scope, name: bytes) -> list[bytes]:
        """The fault."""
        return super().fields(scope, name)[:1]


@mutant("ASGI-HTTP-SCOPE-060")
class MatchesTheWholePath(Application):
    """Does not know of its mount point."""

    def path(self, scope: Scope) -> str:
        """The fault."""
        return str(scope["path"])


@mutant("ASGI-HTTP-SCOPE-061")
class DecodesFields(Application):
    """Takes every field for UTF-8."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        assert all(value.decode("utf-8") or True for _, value in scope["headers"])
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-067")
class CountsWithThePort(Application):
    """Takes the port for a number."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        if scope.get("server"):
            assert int(scope["server"][1])
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-068")
class LeavesNoFolder(Application):
    """Takes a way up for an attack, and fails."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        if ".." in self.path(scope).split("/"):
            raise PermissionError("outside of the folder")
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-077")
class LooksForAFile(Application):
    """Looks for a file of that name, unless it is too long for one."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        with contextlib.suppress(OSError):
            os.stat("/nowhere" + self.path(scope))
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-078")
class LooksForAnyName(Application):
    """Looks for a file of that name, unless it has a NUL."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, ValueError):
            os.stat(os.curdir + self.path(scope))
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-069")
class NeedsAHost(Application):
    """Takes the host for granted."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        assert self.fields(scope, b"host")[0]
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-070")
class ReadsTheDate(Application):
    """Parses a date whatever it is."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        for value in self.fields(scope, b"if-modified-since"):
            if value.isascii():
                parsedate_to_datetime(value.decode("ascii"))
        await super().http(scope, receive, send)


class Trusts(Application):
    """Reads a field of the request without a guard."""

    name = b""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read it."""
        for value in self.fields(scope, self.name):
            if value.isascii():
                self.read(value.decode("ascii"))
        await super().http(scope, receive, send)

    def read(self, value: str) -> object:
        """Return something of it."""
        return value


@mutant("ASGI-HTTP-SCOPE-072")
class WeighsByNumber(Trusts):
    """Takes a quality for a number."""

    name = b"accept-language"

    def read(self, value: str) -> object:
        """The fault."""
        return [float(word.partition(";q=")[2] or 1) for word in value.split(",")]


@mutant("ASGI-HTTP-SCOPE-079")
class CountsTheRange(Trusts):
    """Takes the ends of a range for numbers."""

    name = b"range"

    def read(self, value: str) -> object:
        """The fault."""
        return [int(end) for end in value.removeprefix("bytes=").replace(",", "-").split("-") if end]


@mutant("ASGI-HTTP-SCOPE-080")
class DecodesCredentials(Trusts):
    """Takes what stands behind Basic for base64 of text."""

    name = b"authorization"

    def read(self, value: str) -> object:
        """The fault."""
        return base64.b64decode(value.removeprefix("Basic ")).decode() if value.startswith("Basic ") else ""


@mutant("ASGI-HTTP-SCOPE-073")
class SplitsTheSession(Trusts):
    """Takes the signature of a session for granted."""

    name = b"cookie"

    def read(self, value: str) -> object:
        """The fault."""
        return value.partition("session=")[2].split(".")[1] if "session=" in value else ""


@mutant("ASGI-HTTP-SCOPE-075")
class CountsTheForwardedPort(Trusts):
    """Takes the forwarded port for a number."""

    name = b"x-forwarded-port"

    def read(self, value: str) -> object:
        """The fault."""
        return int(value or 80)


@mutant("ASGI-HTTP-SCOPE-074")
class NeedsABoundary(Application):
    """Takes the boundary of a form for granted."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        for value in self.fields(scope, b"content-type"):
            if value.startswith(b"multipart/"):
                value.partition(b"boundary=")[2][0]
        await super().http(scope, receive, send)


@mutant("ASGI-HTTP-SCOPE-071")
class NeedsAnEnd(Application):
    """Takes the end of a form for granted."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        if any(b"boundary=b" in value for value in self.fields(scope, b"content-type")):
            event = await receive()
            event.get("body", b"").index(b"--b--")
            receive = self.again(event)
        await super().http(scope, receive, send)

    def again(self, event: Event) -> Receive:
        """Return what gives an event once more."""

        async def receive() -> Event:
            return event

        return receive


@mutant("ASGI-LIFE-038")
class ReadsTheState(Application):
    """Looks something up in the state for every request."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        assert scope["state"]["reference.started"]
        await super().http(scope, receive, send)


@mutant("ASGI-TLS-014")
class ReadsTheChain(Application):
    """Looks the chain of certificates up without a guard."""

    def certificate(self, scope: Scope) -> str:
        """The fault."""
        tls = (scope.get("extensions") or {}).get("tls")
        return str(tls["client_cert_chain"][:1]) if tls else "[]"


@mutant("ASGI-EXT-005")
class ReadsTheExtensions(Application):
    """Looks an extension up where there may be none."""

    def offers(self, scope: Scope, name: str) -> bool:
        """The fault."""
        return name in scope["extensions"] if scope["type"] == "http" else super().offers(scope, name)


@mutant("ASGI-ERR-013")
class TakesNoNotice(Application):
    """Goes on whatever an event is."""

    def part(self, event: Event) -> bytes:
        """The fault."""
        body = event.get("body", b"")
        return body if isinstance(body, bytes) else str(body).encode()


@mutant("ASGI-ERR-015")
class KnowsEveryKey(Application):
    """Passes events on as keyword arguments."""

    def part(self, event: Event) -> bytes:
        """The fault."""
        if set(event) - {"type", "body", "more_body"}:
            raise TypeError("an unexpected keyword argument")
        return super().part(event)


@mutant("ASGI-ERR-016")
class ReturnsFromAnythingElse(Application):
    """Returns where it does not know the type."""

    async def unknown(self, scope: Scope) -> None:
        """The fault."""


@mutant("ASGI-ERR-017")
class ReturnsFromTheLifespan(Application):
    """Returns from a lifespan without a word."""

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        await receive()


@mutant("ASGI-HTTP-REQ-010")
class ReadsTheBody(Application):
    """Looks body up without a default."""

    def part(self, event: Event) -> bytes:
        """The fault."""
        return bytes(event["body"]) if event["type"] == "http.request" else super().part(event)


@mutant("ASGI-HTTP-REQ-011")
class ReadsMoreBody(Application):
    """Looks more_body up without a default."""

    def part(self, event: Event) -> bytes:
        """The fault."""
        assert event["type"] != "http.request" or event["more_body"] in (True, False)
        return super().part(event)


@mutant("ASGI-HTTP-REQ-012")
class TakesOnePart(Application):
    """Takes the first event for the whole body."""

    async def body(self, receive: Receive) -> bytes:
        """The fault."""
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Gone
        part = self.part(event)
        while event.get("more_body", False):
            event = await receive()
            if event["type"] == "http.disconnect":
                raise Gone
        return part


@mutant("ASGI-HTTP-REQ-014")
class TakesHalfABody(Application):
    """Takes what came before the disconnect for the whole body."""

    async def body(self, receive: Receive) -> bytes:
        """The fault."""
        pieces = []
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                return b"".join(pieces)
            pieces.append(self.part(event))
            if not event.get("more_body", False):
                return b"".join(pieces)


@mutant("ASGI-HTTP-DISC-014")
class SendsAgain(Application):
    """Tries an event that could not be sent for ever."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""

        async def stubborn(event: Event) -> None:
            while True:
                try:
                    await send(event)
                except OSError:
                    await asyncio.sleep(0)
                else:
                    return

        await super().__call__(scope, receive, stubborn if scope["type"] == "http" else send)


@mutant("ASGI-HTTP-DISC-040")
class StreamsOn(Application):
    """Sends without end, and never looks whether somebody listens."""

    async def leaving(self, receive: Receive) -> None:
        """The fault."""
        await asyncio.Event().wait()


@mutant("ASGI-LIFE-028")
class ReturnsWhenItIsUp(Application):
    """Returns as soon as it has started."""

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        await receive()
        await self.started(send)


@mutant("ASGI-LIFE-023")
class AnswersTheStartupTwice(Application):
    """Says twice that it has started."""

    async def started(self, send: Send) -> None:
        """The fault."""
        await super().started(send)
        await super().started(send)


@mutant("ASGI-LIFE-023")
class NeverAnswersTheStartup(Application):
    """Waits where it should answer."""

    async def started(self, send: Send) -> None:
        """The fault."""
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise RuntimeError("cancelled")


@mutant("ASGI-LIFE-024")
class NeverAnswersTheShutdown(Application):
    """Returns without an answer."""

    async def stopped(self, send: Send) -> None:
        """The fault."""


@mutant("ASGI-LIFE-024")
class ForgetsTheShutdown(Application):
    """Returns without an answer where a client is still leaving."""

    talking = 0

    async def talk(self, receive: Receive, send: Send) -> None:
        """Count."""
        self.talking += 1
        try:
            await super().talk(receive, send)
        finally:
            for _ in range(20):
                await asyncio.sleep(0)
            self.talking -= 1

    async def stopped(self, send: Send) -> None:
        """The fault."""
        if not self.talking:
            await super().stopped(send)


@mutant("ASGI-LIFE-025")
class AnswersBeforeItIsAsked(Application):
    """Says that it has started before it was asked to."""

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The fault."""
        await self.started(send)
        await receive()
        await receive()
        await self.stopped(send)


@mutant("ASGI-LIFE-027")
class FailsWithAnException(Application):
    """Gives an exception as the message."""

    async def stopped(self, send: Send) -> None:
        """The fault."""
        await send({"type": "lifespan.shutdown.failed", "message": b"no database"})

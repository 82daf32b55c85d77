"""Mutants of order, persistence, upgrades and expectations."""

from __future__ import annotations

from typing import Any

from gateproof.reference.answer import Answer
from gateproof.reference.asgi_http import Http
from gateproof.reference.body import Source
from gateproof.reference.connection import Connection
from gateproof.reference.requests import BadRequest, Grammar, Request
from gateproof.reference.wsgi import Server

from .faults import choice, fault


@fault("FRAME-059")
class LaterAnswersFirst(Connection):
    """Writes the first of pipelined answers behind the second."""

    held = b""

    async def write(self, octets: bytes) -> None:
        """The fault."""
        if self.buffer.startswith((b"GET /", b"POST /", b"HEAD /")) and not self.held and octets.startswith(b"HTTP"):
            self.held = octets
            return
        held, self.held = self.held, b""
        await super().write(octets + held)

    async def finish(self) -> None:
        """What is held leaves at the end."""
        if self.held:
            await super().write(b"")
        await super().finish()


@fault("FRAME-059")
class LosesTheFirst(Http):
    """Forgets a request where the next one has come with it; what that one is says nothing of other requirements."""

    async def serve(self) -> bool:
        """The fault."""
        if self.body_ended and b"\r\n\r\n" in self.connection.buffer:
            return True
        return await super().serve()


@fault("FRAME-059")
class ForgetsWhatHasCome(Http):
    """Drops what came with a request, and waits for the next one as if nothing had."""

    async def serve(self) -> bool:
        """The fault."""
        goes_on = await super().serve()
        self.connection.buffer.clear()
        return goes_on


@fault("FRAME-060")
class LosesCr(Connection):
    """Loses a CR at the end of a segment of a header section."""

    def data_received(self, data: bytes) -> None:
        """The fault."""
        heard = bytes(self.buffer) + data
        inside = b"POST /first" in heard and b"\r\n\r\n" not in heard
        super().data_received(data.removesuffix(b"\r") if inside else data)


@fault("FRAME-061", also=["ASGI-HTTP-REQ-004", "FRAME-028"])
class ForgetsTheBody(Http):
    """Begins with the next request when the response is complete."""

    async def drain(self) -> bool:
        """The fault."""
        return True


@fault("FRAME-121")
class ExpectsNoBody(Server):
    """Takes it that a client that was not told to continue sends no body."""

    def drain(self, request: Request, source: Source) -> bool:
        """The fault."""
        return bool(request.words(b"expect") and not source.begun) or super().drain(request, source)


@fault("FRAME-121")
class AsgiExpectsNoBody(Http):
    """Takes it that a client that was not told to continue sends no body."""

    async def drain(self) -> bool:
        """The fault."""
        return bool(self.request.words(b"expect") and not self.continued) or await super().drain()


@fault("FRAME-062", also=["FRAME-116"])
@fault("FRAME-116", also=["FRAME-062"])
class CloseAlone(Answer):
    """Compares the whole value with 'close'."""

    def client_closes(self) -> bool:
        """The fault."""
        words = self.request.all(b"connection")
        return words == [b"close"] or (self.request.is_1_0 and b"keep-alive" not in self.request.words(b"connection"))


@fault("FRAME-063")
class ClosesWithoutAWord(Answer):
    """Closes without the field."""

    def connection_field(self) -> list[tuple[bytes, bytes]]:
        """The fault."""
        return [] if self.close else super().connection_field()


@fault("FRAME-135")
class ClosesBehindHead(Answer):
    """Takes the body that is missing for HEAD for one that was cut short, and closes."""

    def connection_field(self) -> list[tuple[bytes, bytes]]:
        """The fault."""
        found = super().connection_field()
        self.close = self.close or self.request.method == b"HEAD"
        return found


@fault("FRAME-064", also=["WSGI-HTTP-030"])
class PersistsAlways(Answer):
    """Persists for every version."""

    def client_closes(self) -> bool:
        """The fault."""
        return b"close" in self.request.words(b"connection")


@fault("FRAME-065", also=["WSGI-HTTP-005"])
class KeepsWithoutLength(Answer):
    """Keeps an HTTP/1.0 connection on which the end of the body cannot be seen."""

    def framing(self, total: int | None) -> list[tuple[bytes, bytes]]:
        """The fault."""
        before = self.close
        added = super().framing(total)
        if self.request.is_1_0 and b"keep-alive" in self.request.words(b"connection"):
            self.close = before
        return added


@fault("FRAME-067")
class SwitchesForHttp10(Http):
    """Looks for Upgrade before it looks at the version."""

    async def serve(self) -> bool:
        """The fault."""
        if self.request.is_1_0 and self.request.words(b"upgrade") == [b"h2c"]:
            await self.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
            return False
        return await super().serve()


@fault("FRAME-140")
class ContinueForOneSpelling(Http):
    """Looks for the value in lower case alone."""

    async def say_continue(self) -> None:
        """The fault."""
        if self.request.all(b"expect") == [b"100-continue"]:
            await super().say_continue()


@fault("FRAME-140")
class OtherSpellingsRefused(Grammar):
    """Takes the value in another letter case for an expectation that it does not know."""

    def check_expect(self, request: Request) -> None:
        """The fault."""
        super().check_expect(request)
        if set(request.all(b"expect")) & {b"100-Continue", b"100-CONTINUE"}:
            raise BadRequest(b"417 Expectation Failed")


@fault("FRAME-067")
class HintsForHttp10(Http):
    """Sends hints to every client."""

    async def early_hint(self, event: dict[str, Any]) -> None:
        """The fault."""
        await self.write(b"HTTP/1.1 103 Early Hints\r\n" + b"".join(map(self.link, event["links"])) + b"\r\n")


@fault("FRAME-067")
class ContinueForHttp10(Http):
    """Looks for Expect alone."""

    async def say_continue(self) -> None:
        """The fault."""
        if b"100-continue" in self.request.words(b"expect") and not self.head_sent:
            await self.write(b"HTTP/1.1 100 Continue\r\n\r\n")


@fault("FRAME-068")
@fault("FRAME-068", interface="asgi")
class UnknownUpgradeRefused(Grammar):
    """Answers 400 to an Upgrade that it does not know."""

    def check_expect(self, request: Request) -> None:
        """The fault."""
        super().check_expect(request)
        if request.words(b"upgrade") not in ([], [b"websocket"]) and not request.is_1_0:
            raise BadRequest


STARTED = b"Sun, 06 Nov 1994 08:49:37 GMT"


@fault("FRAME-130")
class DateOfTheConnection(Http):
    """Takes the date when the connection opens."""

    def date(self) -> bytes:
        """The fault."""
        self.connection.__dict__.setdefault("opened", super().date())
        return bytes(self.connection.__dict__["opened"])


@fault("FRAME-130")
class DateOfTheStart(Answer):
    """Takes the date once, for all connections."""

    def date(self) -> bytes:
        """The fault."""
        return STARTED


@choice()
class DateOfTheRequest(Http):
    """Takes the date when the request comes."""

    def __init__(self, *given: Any) -> None:
        """The choice."""
        super().__init__(*given)
        self.came = super().date()

    def date(self) -> bytes:
        """As it was then."""
        return self.came

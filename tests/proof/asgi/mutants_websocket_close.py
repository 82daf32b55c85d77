"""Mutants of how WebSockets end: Disconnect, Close, a client that is gone, a call that is over."""

from __future__ import annotations

from typing import Any

from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_websocket import WebSocket
from gateproof.reference.connection import ClientDisconnected
from gateproof.reference.requests import BadRequest, Request
from gateproof.wire import websocket as ws

from .faults import fault
from .mutants_websocket_handshake import Unheard

Event = dict[str, Any]


@fault("ASGI-WS-040")
class AlwaysNormalClosure(WebSocket):
    """Every close is 1000."""

    def close_code(self, event: Event) -> int:
        """The fault."""
        return 1000


@fault("ASGI-WS-040")
class OnlyPrivateCodes(WebSocket):
    """1001 is a code that the library refuses: 1011 is sent."""

    def close_code(self, event: Event) -> int:
        """The fault."""
        return 1011 if event.get("code") == 1001 else super().close_code(event)


@fault("ASGI-WS-041")
class GoingAwayByDefault(WebSocket):
    """Without a code it is 1001."""

    def close_code(self, event: Event) -> int:
        """The fault."""
        return int(event.get("code", 1001))


@fault("ASGI-WS-042", also=["ASGI-APP-014"])
class DropsTheReason(WebSocket):
    """The reason is not sent."""

    async def take_close(self, event: Event) -> None:
        """The fault."""
        await super().take_close({**event, "reason": ""})


@fault("ASGI-WS-043")
class ReasonNone(WebSocket):
    """A reason that is None is the word None."""

    async def take_close(self, event: Event) -> None:
        """The fault."""
        await super().take_close({**event, "reason": str(event["reason"])} if "reason" in event else event)


@fault("ASGI-WS-044")
class LeavesTcpOpen(Unheard):
    """After our close and the client's answer TCP stays open."""

    async def closed_by_client(self, event: CloseConnection) -> None:
        """The fault."""
        if self.said_close is not None:
            await self.end(*self.said_close, say=False)
            await self.until_stop()
        await super().closed_by_client(event)

    async def serve(self) -> None:
        """The reader's end is the connection's."""
        await super().serve()
        if self.said_close is not None and self.gone is not None:
            await self.until_stop()


@fault("ASGI-WS-050")
class ClosedBeforeItIsTold(Unheard):
    """A close frame of the client's ends everything, and nobody is told."""

    async def closed_by_client(self, event: CloseConnection) -> None:
        """The fault."""
        if self.said_close is None and self.state == "open":
            self.state = "closed"
            await self.put(event.response())
            self.connection.close()
        else:
            await super().closed_by_client(event)


@fault("ASGI-WS-051")
class WaitsForACloseFrame(Unheard):
    """A connection that is lost is not told of."""

    async def lose(self) -> None:
        """The fault."""
        if self.state == "open":
            self.state = "closed"
        else:
            await super().lose()


@fault("ASGI-WS-052")
class EveryCloseIsAbnormal(WebSocket):
    """The code of the client's close frame is lost: 1006."""

    def code_of(self, event: CloseConnection) -> int:
        """The fault."""
        return 1006 if event.code != 1005 else 1005


@fault("ASGI-WS-053")
class NoCodeIsNone(WebSocket):
    """Where the close frame has no code it is None."""

    def disconnect_event(self, code: int, reason: str) -> Event:
        """The fault."""
        return {**super().disconnect_event(code, reason), "code": None if code == 1005 else code}


@fault("ASGI-WS-053")
class NoCodeAtAll(WebSocket):
    """A connection that is lost has no code."""

    def disconnect_event(self, code: int, reason: str) -> Event:
        """The fault."""
        event = super().disconnect_event(code, reason)
        if code == 1006:
            del event["code"]
        return event


@fault("ASGI-WS-054")
class NoCodeIsNormal(WebSocket):
    """Where the close frame has no code it is 1000."""

    def code_of(self, event: CloseConnection) -> int:
        """The fault."""
        return 1000 if event.code == 1005 else int(event.code)


@fault("ASGI-WS-055")
class LostIsNoStatus(WebSocket):
    """A connection that is lost is told as 1005."""

    def lost_code(self) -> int:
        """The fault."""
        return 1005


@fault("ASGI-WS-056", also=["ASGI-EVENT-015"])
class ReasonInOctets(WebSocket):
    """The reason is bytes."""

    def disconnect_event(self, code: int, reason: str) -> Event:
        """The fault."""
        return {**super().disconnect_event(code, reason), "reason": reason.encode()}


@fault("ASGI-WS-087")
class ReasonIsLost(WebSocket):
    """The reason is left out, though the version has it."""

    def disconnect_event(self, code: int, reason: str) -> Event:
        """The fault."""
        event = super().disconnect_event(code, reason)
        del event["reason"]
        return event


@fault("ASGI-WS-087")
class ReasonInLatin1(WebSocket):
    """The reason is read as latin-1."""

    def disconnect_event(self, code: int, reason: str) -> Event:
        """The fault."""
        return super().disconnect_event(code, reason.encode().decode("latin-1"))


@fault("ASGI-WS-058")
class SilentAfterItsClose(Unheard):
    """After the application's own close there is no event."""

    async def end(self, code: int, reason: str, *, say: bool) -> None:
        """The fault."""
        if self.said_close is None:
            await super().end(code, reason, say=say)
        else:
            self.state = "closed"


@fault("ASGI-WS-060")
class SilentAfterARejection(Unheard):
    """After a rejection there is no event."""

    async def refuse(self, status: bytes) -> None:
        """The fault."""
        await super().refuse(status)
        self.gone = None


@fault("ASGI-WS-062")
class DisconnectComesFirst(WebSocket):
    """The end overtakes what came before it."""

    def next_event(self) -> Event:
        """The fault."""
        if self.gone is not None:
            return self.gone
        return super().next_event()


@fault("ASGI-WS-070")
class NothingForTheGone(WebSocket):
    """A send to a client that is gone returns."""

    async def after_disconnect(self, kind: str) -> None:
        """The fault."""


@fault("ASGI-WS-071", also=["ASGI-ERR-024", "ASGI-WS-070"])
class RuntimeErrorForTheGone(WebSocket):
    """A send to a client that is gone raises RuntimeError."""

    async def after_disconnect(self, kind: str) -> None:
        """The fault."""
        raise RuntimeError("the client is gone")


class Escaping(Server):
    """A server that does something about its own exception: not a mutant, but where several begin."""

    async def call(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """See it come out of an application that knew that the client is gone."""
        told: list[str] = []

        async def telling() -> Event:
            event: Event = await receive()
            told.append(event["type"])
            return event

        try:
            await super().call(scope, telling, send)
        except ClientDisconnected as error:
            if "websocket.disconnect" in told:
                self.escaped(error)
            raise

    def escaped(self, error: BaseException) -> None:
        """The fault."""


@fault("ASGI-WS-072")
class StopsAtItsOwnException(Escaping):
    """Its own exception ends the service of WebSockets."""

    broken = False

    def escaped(self, error: BaseException) -> None:
        """The fault."""
        self.broken = True

    def is_websocket(self, request: Request) -> bool:
        """Refuse further ones."""
        found = super().is_websocket(request)
        if found and self.broken:
            raise BadRequest(b"503 Service Unavailable")
        return found


@fault("ASGI-WS-088")
class LogsItsOwnException(Escaping):
    """Its own exception is logged as if the application had failed."""

    def escaped(self, error: BaseException) -> None:
        """The fault."""
        self.report(error)


@fault("ASGI-WS-080")
class KeepsTheSocket(Unheard):
    """A call that returns leaves the socket open."""

    async def end_of_call(self, code: int) -> None:
        """The fault."""
        if code == 1000 and self.state == "open" and self.gone is None:
            await self.until_stop()
        else:
            await super().end_of_call(code)


class HangsUp(WebSocket):
    """A socket that may end TCP where its call ends: not a mutant, but where both begin."""

    code = 0

    async def end_of_call(self, code: int) -> None:
        """The fault, for calls that end so."""
        if self.state == "open" and self.gone is None and code == self.code:
            self.connection.close()
        else:
            await super().end_of_call(code)


@fault("ASGI-WS-105")
class HangsUpOnReturns(HangsUp):
    """A call that returns ends TCP."""

    code = 1000


@fault("ASGI-WS-106")
class HangsUpOnFailures(HangsUp):
    """A call that raises ends TCP."""

    code = 1011


@fault("ASGI-WS-093")
class AnswersWith1005(WebSocket):
    """An empty close frame is answered with 1005."""

    async def closed_by_client(self, event: CloseConnection) -> None:
        """The fault."""
        if event.code == 1005 and self.state == "open":
            await self.connection.write(ws.encode(ws.CLOSE, ws.close_payload(1005), mask=None))
            await self.end(1005, "", say=False)
            self.connection.close()
        else:
            await super().closed_by_client(event)


@fault("ASGI-WS-096")
class HangsUpBehindItsClose(WebSocket):
    """TCP ends right behind our close frame."""

    async def close(self, code: int, reason: str) -> None:
        """The fault."""
        await super().close(code, reason)
        self.connection.close()


@fault("ASGI-WS-097")
class FailureIsNormal(WebSocket):
    """An application that failed is closed with 1000."""

    async def end_of_call(self, code: int) -> None:
        """The fault."""
        await super().end_of_call(1000 if self.state == "open" else code)


@fault("ASGI-WS-101")
class DoesNotAnswerTheClose(WebSocket):
    """The client's close frame ends TCP, and is not answered."""

    async def closed_by_client(self, event: CloseConnection) -> None:
        """The fault."""
        if self.frames.state is ConnectionState.REMOTE_CLOSING:
            await self.end(self.code_of(event), event.reason or "", say=False)
            self.connection.close()
        else:
            await super().closed_by_client(event)


@fault("ASGI-WS-102")
class StopsWhereTwoClosesMeet(WebSocket):
    """Accepts no WebSocket any more once a close frame met the end of a call that did not know of it."""

    told = came = False

    def next_event(self) -> Event:
        """Note what the application knows."""
        event = super().next_event()
        self.told = self.told or event["type"] == "websocket.disconnect"
        return event

    async def closed_by_client(self, event: CloseConnection) -> None:
        """Note that there was a close frame."""
        self.came = True
        await super().closed_by_client(event)

    async def end_of_call(self, code: int) -> None:
        """The fault."""
        if self.came and not self.told:
            self.server.stopped = True  # type: ignore[attr-defined]
        await super().end_of_call(code)

    async def accept(self, event: Event) -> None:
        """Raise for ever after."""
        if getattr(self.server, "stopped", False):
            raise RuntimeError("the acceptor has ended")
        await super().accept(event)

"""Mutants of the WebSocket handshake: Connect, Accept, and Close before the socket is accepted."""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from typing import Any

from wsproto.events import TextMessage

from gateproof.reference.asgi_websocket import WebSocket

from .faults import fault

Event = dict[str, Any]
Fields = list[tuple[bytes, bytes]]


class Unheard(WebSocket):
    """A socket whose application may wait for ever: not a mutant, but where several begin."""

    def stop(self) -> None:
        """The server stops: whoever waits is let go."""
        self.gone = self.disconnect_event(1012, "")
        self.arrived.set()
        super().stop()

    async def until_stop(self) -> None:
        """Leave the connection as it is, as long as there is somebody at the other end."""
        while not self.server.stopping and not self.connection.lost:
            await asyncio.sleep(0.02)


@fault("ASGI-WS-001", also=["ASGI-WS-002"])
class ConnectHasAnotherName(WebSocket):
    """The first event is websocket.open."""

    def connect_event(self) -> Event:
        """The fault."""
        return {"type": "websocket.open"}


@fault("ASGI-WS-002")
class ConnectComesAgain(WebSocket):
    """websocket.connect is in the queue once more when the client leaves."""

    async def end(self, code: int, reason: str, *, say: bool) -> None:
        """The fault."""
        self.queue.append(self.connect_event())
        await super().end(code, reason, say=say)


@fault("ASGI-WS-002")
class ConnectUntilAccepted(WebSocket):
    """Before the acceptance each receive gives websocket.connect."""

    async def receive(self) -> Event:
        """The fault."""
        if self.state == "connecting" and self.gone is None:
            self.queue.clear()
            return self.connect_event()
        return await super().receive()


@fault("ASGI-WS-115")
class ForgetsWhoWaitsForTheAcceptance(WebSocket):
    """A receive that was called before the acceptance hears of nothing that comes after it."""

    async def receive(self) -> Event:
        """The fault."""
        if self.state == "connecting" and not self.queue:
            while self.gone is None:
                await asyncio.sleep(0.02)
            return self.gone
        return await super().receive()


REPLIES = ["ASGI-WS-006", "ASGI-WS-007", "ASGI-WS-008", "ASGI-WS-010", "ASGI-WS-013"]
RAISING = ["ASGI-ERR-010", "ASGI-ERR-020", "ASGI-ERR-026"]


@fault(
    "ASGI-WS-003",
    also=[*REPLIES, "ASGI-EXT-072", "ASGI-EXT-073", "ASGI-EXT-074", "ASGI-APP-014", *RAISING],
)
class CompletesAtOnce(WebSocket):
    """The handshake is completed before the application has replied."""

    async def receive(self) -> Event:
        """The fault."""
        event = await super().receive()
        if event["type"] == "websocket.connect":
            lines = b"".join(name + b": " + value + b"\r\n" for name, value in self.upgrade())
            await self.connection.write(b"HTTP/1.1 101 Switching Protocols\r\n" + lines + b"\r\n")
        return event

    async def accept(self, event: Event) -> None:
        """There is nothing left to say."""
        self.state = "open"
        self.connection.changed.set()


@fault("ASGI-WS-004")
class DeliversBeforeTheReply(WebSocket):
    """Frames are read while the application has not replied."""

    async def wait_while_connecting(self) -> bool:
        """The fault."""
        self.frames.receive_data(self.connection.take(len(self.connection.buffer)))
        for event in self.frames.events():
            if isinstance(event, TextMessage):
                self.queue.append({"type": "websocket.receive", "text": event.data})
                self.arrived.set()
        return await super().wait_while_connecting()


@fault("ASGI-WS-006")
class RejectsWith500(WebSocket):
    """A close without a code is an error of the server."""

    async def take_close(self, event: Event) -> None:
        """The fault."""
        if self.state == "connecting" and "code" not in event:
            await self.refuse(b"500 Internal Server Error")
        else:
            await super().take_close(event)


@fault("ASGI-WS-006")
class RejectsByHangingUp(WebSocket):
    """A close without a code ends TCP and says nothing."""

    async def take_close(self, event: Event) -> None:
        """The fault."""
        if self.state == "connecting" and "code" not in event:
            self.connection.abort()
        else:
            await super().take_close(event)


@fault("ASGI-WS-006")
class RejectsWhenTheCallEnds(WebSocket):
    """A rejection is answered when the application has returned."""

    rejected = False

    async def take_close(self, event: Event) -> None:
        """The fault."""
        self.rejected = self.state == "connecting"
        if not self.rejected:
            await super().take_close(event)

    async def end_of_call(self, code: int) -> None:
        """Answer at last."""
        if self.rejected and not self.connection.lost:
            await self.refuse(b"403 Forbidden")
        else:
            await super().end_of_call(code)


@fault("ASGI-WS-007", also=["ASGI-WS-006", "ASGI-WS-008"])
class ClosesAfterCompletion(WebSocket):
    """A rejection completes the handshake, then closes."""

    async def take_close(self, event: Event) -> None:
        """The fault."""
        if self.state == "connecting":
            await self.accept({"type": "websocket.accept"})
        await super().take_close(event)


@fault("ASGI-WS-008")
class CodeIsTheStatus(WebSocket):
    """4401 is answered with 401."""

    async def take_close(self, event: Event) -> None:
        """The fault."""
        if self.state == "connecting" and event.get("code") == 4401:
            await self.refuse(b"401 Unauthorized")
        else:
            await super().take_close(event)


@fault("ASGI-WS-009")
class ProofOfNothing(WebSocket):
    """Sec-WebSocket-Accept is the client's key."""

    def upgrade(self) -> Fields:
        """The fault."""
        return [*super().upgrade()[:2], (b"sec-websocket-accept", self.request.all(b"sec-websocket-key")[0])]


@fault("ASGI-WS-009")
class NoConnectionField(WebSocket):
    """The 101 has no Connection."""

    def upgrade(self) -> Fields:
        """The fault."""
        return [pair for pair in super().upgrade() if pair[0] != b"connection"]


@fault("ASGI-WS-107")
class TwoDates(WebSocket):
    """The answer has two dates."""

    def upgrade(self) -> list[tuple[bytes, bytes]]:
        """The fault."""
        dates = [(name, formatdate(usegmt=True).encode("ascii")) for name in (b"date", b"Date")]
        return [*super().upgrade(), *dates]


@fault("ASGI-WS-010")
class SubprotocolKeptBack(WebSocket):
    """The subprotocol is checked, and not told."""

    async def accept(self, event: Event) -> None:
        """The fault."""
        if event.get("subprotocol") is not None:
            self.check_subprotocol(event["subprotocol"])
        await super().accept({**event, "subprotocol": None})


@fault("ASGI-WS-010")
class FirstOffer(WebSocket):
    """Whatever subprotocol is accepted, the first one offered is told."""

    async def accept(self, event: Event) -> None:
        """The fault."""
        chosen = event.get("subprotocol")
        if chosen in (offers := self.server.subprotocols(self.request)):
            event = {**event, "subprotocol": offers[0]}
        await super().accept(event)


@fault("ASGI-WS-011")
class AlwaysTheFirstOffer(WebSocket):
    """Without a subprotocol the first one offered is told."""

    async def accept(self, event: Event) -> None:
        """The fault."""
        offers = self.server.subprotocols(self.request)
        if event.get("subprotocol") is None and offers:
            event = {**event, "subprotocol": offers[0]}
        await super().accept(event)


@fault("ASGI-WS-012")
class TellsAnySubprotocol(WebSocket):
    """What the client did not offer is told as well."""

    def check_subprotocol(self, chosen: str) -> None:
        """The fault."""


class AcceptHeaders(WebSocket):
    """A socket that changes the headers of an accept: not a mutant, but where several begin."""

    async def accept(self, event: Event) -> None:
        """Change them, unless they are to be refused."""
        pairs = [(bytes(name), bytes(value)) for name, value in event.get("headers") or ()]
        if all(name != b"sec-websocket-protocol" for name, _ in pairs):
            event = {**event, "headers": self.spoil(pairs)}
        await super().accept(event)

    def spoil(self, pairs: Fields) -> Fields:
        """The fault."""
        return pairs


class LetsPass(WebSocket):
    """A socket whose acceptance has fields that nobody looked at: not a mutant, but where several begin."""

    passed: Fields

    async def accept(self, event: Event) -> None:
        """Keep what is wrong back until the others were looked at."""
        self.passed = self.wrong(event)
        kept = [pair for pair in event.get("headers") or () if pair not in self.passed]
        chosen = event.get("subprotocol")
        if any(chosen and value == chosen.encode() for _, value in self.passed):
            chosen = None
        await super().accept({**event, "headers": kept, "subprotocol": chosen})

    async def answer(self, pairs: Fields) -> None:
        """The fault."""
        await super().answer([*pairs, *self.passed])

    def wrong(self, event: Event) -> Fields:
        """Return the fields that are let pass."""
        raise NotImplementedError


def breaks(text: Any) -> bool:
    """Tell whether octets hold CR, LF or NUL."""
    return isinstance(text, bytes) and bool(set(text) & {0, 10, 13})


@fault("ASGI-WS-108")
class AnyValue(LetsPass):
    """Values of the acceptance's headers are written as they are."""

    def wrong(self, event: Event) -> Fields:
        """The fault."""
        return [pair for pair in event.get("headers") or () if len(pair) == 2 and breaks(pair[1])]


@fault("ASGI-WS-108")
class AnySubprotocol(LetsPass):
    """The subprotocol is written as it is."""

    def wrong(self, event: Event) -> Fields:
        """The fault."""
        chosen = event.get("subprotocol")
        given = chosen.encode() if isinstance(chosen, str) else b""
        return [(b"sec-websocket-protocol", given)] if breaks(given) else []


@fault("ASGI-WS-109")
class AnyName(LetsPass):
    """Names of the acceptance's headers are written as they are."""

    def wrong(self, event: Event) -> Fields:
        """The fault."""
        return [pair for pair in event.get("headers") or () if len(pair) == 2 and breaks(pair[0])]


@fault("ASGI-WS-013", also=["ASGI-APP-014"])
class NoHeadersOfAccept(AcceptHeaders):
    """The headers are left out."""

    def spoil(self, pairs: Fields) -> Fields:
        """The fault."""
        return []


@fault("ASGI-WS-013")
class LastOfEachHeader(AcceptHeaders):
    """Of repeated headers the last one is kept."""

    def spoil(self, pairs: Fields) -> Fields:
        """The fault."""
        return list(dict(pairs).items())


@fault("ASGI-WS-013")
class HeadersBackwards(AcceptHeaders):
    """The headers come in the reverse order."""

    def spoil(self, pairs: Fields) -> Fields:
        """The fault."""
        return pairs[::-1]


@fault("ASGI-WS-016")
class SubprotocolHeaderCopied(WebSocket):
    """sec-websocket-protocol is taken from the headers."""

    async def accept(self, event: Event) -> None:
        """The fault."""
        pairs = [(bytes(name), bytes(value)) for name, value in event.get("headers") or ()]
        for pair in [pair for pair in pairs if pair[0] == b"sec-websocket-protocol"]:
            pairs.remove(pair)
            event = {**event, "headers": pairs, "subprotocol": pair[1].decode("ascii")}
        await super().accept(event)


@fault("ASGI-WS-061")
class BlindBeforeTheReply(Unheard):
    """Nobody watches the connection before the application has replied."""

    async def wait_while_connecting(self) -> bool:
        """The fault."""
        while self.state == "connecting" and not self.server.stopping:
            await asyncio.sleep(0.005)
        return self.state != "connecting"  # a server that stops stops this as well


@fault("ASGI-WS-103")
class DeafBehindALateAccept(WebSocket):
    """Takes the accept of an application whose client has gone, and waits for frames."""

    deaf = False

    async def after_disconnect(self, kind: str) -> None:
        """The fault."""
        self.deaf = self.deaf or kind == "websocket.accept"
        if not self.deaf:
            await super().after_disconnect(kind)

    async def receive(self) -> Event:
        """Nothing more comes."""
        while self.deaf and not self.server.stopping:
            await asyncio.sleep(0.005)
        return await super().receive()


@fault("ASGI-WS-081")
class ForgetsTheHandshake(Unheard):
    """A call that returns without a reply leaves the client waiting."""

    async def end_of_call(self, code: int) -> None:
        """The fault."""
        if code == 1000 and self.state == "connecting":
            await self.until_stop()
        else:
            await super().end_of_call(code)


@fault("ASGI-WS-089", also=["ASGI-APP-021", "ASGI-ERR-014", "ASGI-ERR-026", "ASGI-WS-009", "ASGI-WS-011"])
class AcceptNeedsItsKeys(WebSocket):
    """An accept without headers raises KeyError where it has no subprotocol either."""

    async def accept(self, event: Event) -> None:
        """The fault."""
        if "subprotocol" not in event:
            event["headers"]
        await super().accept(event)


@fault("ASGI-WS-092")
class CrashesOnEarlyOctets(WebSocket):
    """Octets right behind the handshake end the connection."""

    async def serve(self) -> None:
        """The fault."""
        if self.connection.buffer:
            self.connection.abort()
            return
        await super().serve()


# What a handshake that fails does to others: shown where they come one after another, and within conversations.


class Remembering(WebSocket):
    """A socket that knows of those before it: not a mutant, but where several begin."""

    @property
    def memory(self) -> dict[str, int]:
        """What all sockets of the server know."""
        known: dict[str, int] = vars(self.server).setdefault("memory", {"lost": 0, "denied": 0, "failures": 0})
        return known


@fault("ASGI-WS-009")
class TwoLostLockTheDoor(Remembering):
    """When two clients in a row have left before the reply, the next handshake that is accepted is refused."""

    async def lose(self) -> None:
        """Count."""
        self.memory["lost"] += self.state == "connecting"
        await super().lose()

    async def accept(self, event: Event) -> None:
        """The fault."""
        lost, self.memory["lost"] = self.memory["lost"], 0
        if lost > 1 and self.state == "connecting":
            await self.refuse(b"503 Service Unavailable")
        else:
            await super().accept(event)


@fault("ASGI-WS-006")
class RefusesAsItDenied(Remembering):
    """A close without a code right behind a denial is answered with the status of that."""

    async def deny(self, kind: str, event: Event) -> None:
        """Remember it."""
        await super().deny(kind, event)
        self.memory["denied"] = event.get("status") or self.memory["denied"]

    def connect_event(self) -> Event:
        """The next handshake, and no other, may find it."""
        self.found, self.memory["denied"] = self.memory["denied"], 0
        return super().connect_event()

    async def take_close(self, event: Event) -> None:
        """The fault."""
        if self.state == "connecting" and self.found and "code" not in event:
            await self.refuse(b"%d Denied" % self.found)
        else:
            await super().take_close(event)


@fault("ASGI-WS-025")
class AFailureSwallowsAMessage(Remembering):
    """When a call raises before its reply, the next message of every other WebSocket is lost."""

    async def end_of_call(self, code: int) -> None:
        """Count."""
        self.memory["failures"] += code == 1011 and self.state == "connecting"
        await super().end_of_call(code)

    async def accept(self, event: Event) -> None:
        """Those before are not ours."""
        self.seen = self.memory["failures"]
        await super().accept(event)

    async def deliver(self, event: Event) -> None:
        """The fault."""
        if self.memory["failures"] == self.seen:
            await super().deliver(event)
        self.seen = self.memory["failures"]

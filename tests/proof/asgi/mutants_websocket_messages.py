"""Mutants of WebSocket messages: Receive, Send, fragments, pings, and what breaks the protocol."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from gateproof.reference.asgi_websocket import WebSocket
from gateproof.wire import websocket as ws

from .faults import choice, fault

Event = dict[str, Any]


class Delivery(WebSocket):
    """A socket that changes messages on their way to the application: not a mutant, but where several begin."""

    async def deliver(self, event: Event) -> None:
        """Change a message."""
        for changed in self.spoil(event):
            await super().deliver(changed)

    def spoil(self, event: Event) -> list[Event]:
        """The fault."""
        return [event]


@fault("ASGI-WS-020")
class TextUpToNul(Delivery):
    """A text ends at its first NUL."""

    def spoil(self, event: Event) -> list[Event]:
        """The fault."""
        return [{**event, "text": event["text"].partition("\0")[0]} if event.get("text") else event]


@fault("ASGI-WS-020", also=["ASGI-WS-024"])
class AsciiText(Delivery):
    """Characters that are not ASCII become question marks."""

    def spoil(self, event: Event) -> list[Event]:
        """The fault."""
        return [{**event, "text": event["text"].encode("ascii", "replace").decode()} if event.get("text") else event]


@fault("ASGI-WS-021", also=["ASGI-WS-024"])
class DecodesWhatItCan(Delivery):
    """A binary message that is UTF-8 is delivered as text."""

    def spoil(self, event: Event) -> list[Event]:
        """The fault."""
        try:
            return [{"type": event["type"], "text": event["bytes"].decode()}] if event.get("bytes") else [event]
        except UnicodeDecodeError:
            return [event]


@fault("ASGI-WS-022")
class BothKeys(Delivery):
    """A text comes as octets too."""

    def spoil(self, event: Event) -> list[Event]:
        """The fault."""
        return [{**event, "bytes": event["text"].encode()} if event.get("text") is not None else event]


@fault("ASGI-WS-023", also=["ASGI-WS-062"])
class DropsEmptyMessages(Delivery):
    """An empty message is none."""

    def spoil(self, event: Event) -> list[Event]:
        """The fault."""
        return [event] if event.get("text") or event.get("bytes") else []


@fault("ASGI-WS-024", also=["ASGI-WS-025", "ASGI-WS-028", "ASGI-WS-095"])
class EventPerFragment(WebSocket):
    """Each fragment is an event."""

    async def take(self, event: Any) -> None:
        """The fault."""
        if isinstance(event, TextMessage | BytesMessage) and event.frame_finished:
            event = replace(event, message_finished=True)
        await super().take(event)


@fault("ASGI-WS-024", also=["ASGI-WS-025"])
class PingEndsTheMessage(WebSocket):
    """A ping between fragments loses what came before it."""

    async def pong(self, event: Ping) -> None:
        """The fault."""
        self.text, self.octets = "", b""
        await super().pong(event)


@fault("ASGI-WS-025")
class OvertakesOne(WebSocket):
    """A message overtakes one that still waits, where many do."""

    async def deliver(self, event: Event) -> None:
        """The fault."""
        await super().deliver(event)
        if event.get("text") == "20" and len(self.queue) > 1:
            self.queue[-1], self.queue[-2] = self.queue[-2], self.queue[-1]


@fault("ASGI-WS-025", also=["ASGI-WS-062"])
class DeliversTwice(Delivery):
    """The eleventh message of a burst is delivered twice."""

    def spoil(self, event: Event) -> list[Event]:
        """The fault."""
        return [event, event] if event.get("text") == "11" else [event]


@fault("ASGI-WS-062", also=["ASGI-WS-023"])
class LosesOneBehindAnEmptyOne(Delivery):
    """Of two messages that wait, one is lost where the other is empty."""

    def spoil(self, event: Event) -> list[Event]:
        """The fault."""
        lost = bool(self.queue) and not (self.queue[-1].get("text") or self.queue[-1].get("bytes"))
        return [] if lost and event["type"] == "websocket.receive" else [event]


@fault("ASGI-WS-026")
class IgnoresPings(WebSocket):
    """No ping is answered."""

    async def pong(self, event: Ping) -> None:
        """The fault."""


@fault("ASGI-WS-026")
class EmptyPongs(WebSocket):
    """A pong has no payload."""

    async def pong(self, event: Ping) -> None:
        """The fault."""
        await self.put(Pong(b""))


@fault("ASGI-WS-026")
class ShowsPings(WebSocket):
    """The application is told of pings."""

    async def pong(self, event: Ping) -> None:
        """The fault."""
        await super().pong(event)
        await self.deliver({"type": "websocket.ping", "bytes": bytes(event.payload)})


class Lenient(WebSocket):
    """A socket that delivers what breaks the protocol, where `word` is in what is wrong; where several begin."""

    word = ""

    async def closed_by_client(self, event: CloseConnection) -> None:
        """The fault."""
        if self.word in (event.reason or "") and self.state == "open":
            await self.deliver({"type": "websocket.receive", "text": "\ufffd"})
        await super().closed_by_client(event)


@fault("ASGI-WS-028")
class ReplacesBadText(Lenient):
    """Text that is not UTF-8 is delivered with replacement characters."""

    word = "codec can't decode"


@fault("ASGI-WS-094")
class TakesUnmaskedFrames(Lenient):
    """A frame without a mask is taken."""

    word = "unmasked"


@fault("ASGI-WS-094")
class TakesReservedOpcodes(Lenient):
    """A frame of a reserved opcode is taken."""

    word = "Invalid opcode"


@fault("ASGI-WS-095")
class TakesNestedMessages(Lenient):
    """A message within another is taken."""

    word = "expected CONTINUATION"


@fault("ASGI-WS-095")
class TakesLongPings(Lenient):
    """A control frame that is too long is taken."""

    word = "payload len > 125"


@fault("ASGI-WS-098")
class HangsUpOnBreaches(WebSocket):
    """A breach of the protocol ends TCP, and nothing is said."""

    async def fail_connection(self, code: int) -> None:
        """The fault."""
        await self.end(code, "", say=False)
        self.connection.close()


class Sending(WebSocket):
    """A socket that changes what the application sends: not a mutant, but where several begin."""

    async def message(self, event: Event) -> None:
        """Change an event."""
        await super().message(self.spoil(event))

    def spoil(self, event: Event) -> Event:
        """The fault."""
        return event


@fault("ASGI-WS-030")
class DropsNul(Sending):
    """NUL is taken out of a text."""

    def spoil(self, event: Event) -> Event:
        """The fault."""
        return {**event, "text": event["text"].replace("\0", "")} if event.get("text") else event


@fault("ASGI-WS-030", also=["ASGI-WS-033"])
class SendsTextAsOctets(Sending):
    """A text is sent as a binary message."""

    def spoil(self, event: Event) -> Event:
        """The fault."""
        return {"type": event["type"], "bytes": event["text"].encode()} if event.get("text") else event


@fault("ASGI-WS-031", also=["ASGI-WS-033"])
class SendsOctetsAsText(Sending):
    """Octets that are UTF-8 are sent as text."""

    def spoil(self, event: Event) -> Event:
        """The fault."""
        try:
            return {"type": event["type"], "text": event["bytes"].decode()} if event.get("bytes") else event
        except UnicodeDecodeError:
            return event


@fault("ASGI-WS-032")
class SendsNoEmptyMessage(WebSocket):
    """An empty message is not sent."""

    async def message(self, event: Event) -> None:
        """The fault."""
        if event.get("text") or event.get("bytes"):
            await super().message(event)


@fault("ASGI-WS-033")
class PresentIsGiven(WebSocket):
    """A key that is present counts, None or not."""

    async def message(self, event: Event) -> None:
        """The fault."""
        if "text" in event and event["text"] is None:
            raise AttributeError("'NoneType' object has no attribute 'encode'")
        await super().message(event)


@fault("ASGI-WS-031", also=["ASGI-WS-116"])
class DropsWhatIsNotRead(WebSocket):
    """A message is dropped where the client does not keep up."""

    async def put(self, event: Any) -> None:
        """The fault."""
        if not isinstance(event, BytesMessage) or self.connection.transport.get_write_buffer_size() == 0:
            await super().put(event)


@fault("ASGI-WS-116")
class NeverWaits(WebSocket):
    """Messages are written whether or not the client reads."""

    async def put(self, event: Any) -> None:
        """The fault."""
        if isinstance(event, BytesMessage):
            self.connection.transport.write(self.frames.send(event))
        else:
            await super().put(event)


@fault("ASGI-WS-117")
class EndsInSilence(WebSocket):
    """Half a second is all the time that a conversation has."""

    async def serve(self) -> None:
        """The fault."""
        asyncio.get_running_loop().call_later(0.5, self.connection.abort)
        await super().serve()


@fault("ASGI-WS-034")
class SendsOutOfOrder(WebSocket):
    """Of a burst, one message is overtaken by the next."""

    kept: Event | None = None

    async def message(self, event: Event) -> None:
        """The fault."""
        if event.get("text") == "30":
            self.kept = event
            return
        await super().message(event)
        if self.kept is not None:
            await super().message(self.kept)
            self.kept = None


@fault("ASGI-WS-034")
class LosesTheFirstBehindAChoice(WebSocket):
    """The first message is lost where a subprotocol was chosen and headers were added."""

    lossy = False

    async def accept(self, event: Event) -> None:
        """Note what is chosen."""
        self.lossy = bool(event.get("subprotocol") and event.get("headers"))
        await super().accept(event)

    async def message(self, event: Event) -> None:
        """The fault."""
        lossy, self.lossy = self.lossy, False
        if not lossy:
            await super().message(event)


@fault("ASGI-WS-090")
class ClosesOnPongs(WebSocket):
    """A pong that nobody asked for breaks the connection."""

    async def take(self, event: Any) -> None:
        """The fault."""
        if isinstance(event, Pong):
            await self.fail_connection(1002)
        else:
            await super().take(event)


@fault("ASGI-WS-099")
class MasksItsFrames(WebSocket):
    """Messages are masked, as if we were a client."""

    async def message(self, event: Event) -> None:
        """The fault."""
        if self.state != "open":
            await super().message(event)
            return
        text = event.get("text")
        opcode, octets = (ws.TEXT, text.encode()) if text is not None else (ws.BINARY, event["bytes"])
        await self.connection.write(ws.encode(opcode, octets))


@fault("ASGI-WS-114")
class NoLimit(WebSocket):
    """Takes messages of any size."""

    def too_long(self, event: Any) -> bool:
        """The fault."""
        return False


@fault("ASGI-WS-114")
class LimitOfAFrame(WebSocket):
    """Counts what is in a part of a message."""

    def too_long(self, event: Any) -> bool:
        """The fault."""
        found = super().too_long(event)
        self.size = 0
        return found


@fault("ASGI-WS-114")
class DeliversThenEnds(WebSocket):
    """A message that is too long is delivered, and is the last."""

    async def fail_connection(self, code: int) -> None:
        """The fault."""
        if code == 1009:
            self.queue.append({"type": "websocket.receive", "bytes": b"too much"})
            self.arrived.set()
        await super().fail_connection(code)


@choice()
class DropsTooLong(WebSocket):
    """A message that is too long ends TCP without a close frame."""

    async def fail_connection(self, code: int) -> None:
        """The choice."""
        if code == 1009:
            self.connection.transport.abort()
            await self.lose()
        else:
            await super().fail_connection(code)

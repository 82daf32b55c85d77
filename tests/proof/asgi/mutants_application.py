"""Mutants of how an application is called, and of what receive and send do."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import types
from collections.abc import Awaitable, Generator
from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_http import Http
from gateproof.reference.asgi_websocket import WebSocket
from gateproof.reference.connection import ClientDisconnected, Connection
from gateproof.reference.requests import Request

from .faults import fault

Event = dict[str, Any]
Scope = dict[str, Any]


class Scopes(Server):
    """A server whose scopes of one kind are spoiled: not a mutant, but where several begin."""

    kind = "websocket"

    def scope(self, request: Request, connection: Connection, kind: str) -> Any:
        """Make a scope, then spoil it."""
        scope = super().scope(request, connection, kind)
        return self.spoil(scope) if kind == self.kind else scope

    def spoil(self, scope: Scope) -> Any:
        """The fault."""
        return scope


@fault("ASGI-APP-001")
class KeywordCall(Server):
    """Calls the application with keywords."""

    def call(self, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        """The fault."""
        return self.application(scope=scope, receive=receive, send=send)


@types.coroutine
def by_hand(awaitable: Awaitable[None]) -> Generator[Any, Any, None]:
    """Drive a call without knowing that it may yield just to let others run."""
    steps = awaitable.__await__()
    step, argument = steps.send, None
    while True:
        try:
            waited = step(argument)
        except StopIteration:
            return
        step, argument = steps.send, None
        if waited is None:
            step, argument = steps.throw, RuntimeError("nothing to wait for")  # type: ignore[assignment]
            continue
        try:
            yield waited
        except BaseException as error:
            step, argument = steps.throw, error  # type: ignore[assignment]


@fault("ASGI-APP-004")
class DrivenByHand(Server):
    """The call is driven by hand, and must not yield without something to wait for."""

    def call(self, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        """The fault."""
        return by_hand(super().call(scope, receive, send))


@fault("ASGI-APP-006")
class CalledTwice(Http):
    """The later requests of a connection are calls twice over."""

    async def run(self, scope: Scope) -> None:
        """The fault."""
        again = getattr(self.connection, "served", False)
        self.connection.served = True  # type: ignore[attr-defined]
        await super().run(scope)
        if again:
            await self.server.call(dict(scope), self.receive, self.send)


@fault("ASGI-APP-006")
class WebSocketsCalledTwice(WebSocket):
    """A WebSocket is two calls where the first ends well."""

    async def run(self, scope: Scope) -> None:
        """The fault."""
        await super().run(scope)
        with contextlib.suppress(ClientDisconnected):
            await self.server.call(dict(scope), self.receive, self.send)


@fault("ASGI-APP-007")
class ReadOnlyScope(Scopes):
    """The scope is a mapping that is no dict."""

    def spoil(self, scope: Scope) -> Any:
        """The fault."""
        return types.MappingProxyType(scope)


@fault("ASGI-APP-008", also=["ASGI-EVENT-015", "ASGI-WS-SCOPE-001"])
class OctetType(Scopes):
    """The type is bytes."""

    def spoil(self, scope: Scope) -> Any:
        """The fault."""
        return {**scope, "type": b"websocket"}


@fault("ASGI-APP-009")
class NoVersions(Scopes):
    """WebSockets have no versions."""

    def spoil(self, scope: Scope) -> Any:
        """The fault."""
        del scope["asgi"]
        return scope


@fault("ASGI-APP-009")
class VersionsAreText(Scopes):
    """asgi is a text."""

    def spoil(self, scope: Scope) -> Any:
        """The fault."""
        return {**scope, "asgi": "3.0"}


@fault("ASGI-APP-010")
class VersionIsANumber(Server):
    """The version of ASGI is a number."""

    version = 3.0


@fault("ASGI-APP-010")
class VersionOfHttp(Server):
    """The version of ASGI is one that there is not."""

    version = "1.1"


@fault("ASGI-APP-012")
class SpecVersionIsANumber(Server):
    """The version of the specification is a number."""

    spec_version = 2.5


@fault("ASGI-APP-028")
class UnknownSpecVersion(Server):
    """The version of the specification was never published."""

    spec_version = "1.9"


@fault("ASGI-APP-014", also=["ASGI-ERR-010", "ASGI-WS-013"])
class DeclaredAndDropped(WebSocket):
    """The headers of accept are forgotten, whatever version is declared."""

    async def accept(self, event: Event) -> None:
        """The fault."""
        await super().accept({key: value for key, value in event.items() if key != "headers"})


@fault("ASGI-APP-017", launch="app:app_double")
class AwaitsTheFirstCall(Server):
    """The first call of an application of ASGI 2 is awaited."""

    def call(self, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        """The fault."""
        if inspect.isclass(self.application):
            return self.twice(scope, receive, send)
        return super().call(scope, receive, send)

    async def twice(self, scope: Scope, receive: Any, send: Any) -> None:
        """Call what the first call returned."""
        instance: Any = await self.application(scope)
        await instance(receive, send)


@fault("ASGI-APP-017", launch="app:app_double")
class SendThenReceive(AwaitsTheFirstCall):
    """The second call has keywords."""

    async def twice(self, scope: Scope, receive: Any, send: Any) -> None:
        """Call what the first call returned."""
        instance: Any = self.application(scope)
        await instance(receive=receive, send=send)


@fault("ASGI-APP-018", also=["ASGI-EVENT-001", "ASGI-WS-001", "ASGI-WS-002"])
class NothingAfterTheEnd(WebSocket):
    """receive() yields None instead of websocket.connect."""

    def connect_event(self) -> Any:
        """The fault."""
        return None


@fault("ASGI-APP-019", also=["ASGI-HTTP-REQ-006", "ASGI-HTTP-DISC-003", "ASGI-HTTP-DISC-007"])
class BusyReceive(Http):
    """receive() returns an empty piece once where nothing has come."""

    async def wait_for_end(self) -> Event:
        """The fault."""
        if not self.over() and not getattr(self, "idled", False):
            self.idled = True
            return self.request_event(b"", True)
        return await super().wait_for_end()


@fault(
    "ASGI-APP-021",
    also=[
        "ASGI-APP-014",
        "ASGI-ERR-014",
        "ASGI-WS-006",
        "ASGI-WS-008",
        "ASGI-WS-040",
        "ASGI-WS-041",
        "ASGI-WS-042",
        "ASGI-WS-058",
        "ASGI-WS-071",
    ],
)
class NothingToAwait(Server):
    """send returns nothing that could be awaited, for websocket.close."""

    def call(self, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        """The fault."""

        def by_the_way(event: Any) -> Any:
            sending = send(event)
            if isinstance(event, dict) and event.get("type") == "websocket.close":
                asyncio.ensure_future(sending).add_done_callback(lambda task: task.exception())
                return None
            return sending

        return super().call(scope, receive, by_the_way)


@fault("ASGI-APP-022")
class NeverWoken(Connection):
    """A send that waits for room is not told that the client is gone."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The fault."""
        self.eof = self.lost = True
        self.changed.set()


@fault("ASGI-APP-023")
class CutWithTheConnection(Http):
    """The call is cancelled when the application learns that the client is gone."""

    async def run(self, scope: Scope) -> None:
        """Remember which task it is."""
        self.task = asyncio.current_task()
        await super().run(scope)

    def disconnect_event(self) -> Event:
        """The fault."""
        if not self.complete and self.task is not None:
            asyncio.get_running_loop().call_later(0.02, self.task.cancel)
        return super().disconnect_event()


@fault("ASGI-APP-023")
class CutWithTheWebSocket(WebSocket):
    """The call is cancelled when the client is gone."""

    async def run(self, scope: Scope) -> None:
        """Remember which task it is."""
        self.task = asyncio.current_task()
        await super().run(scope)

    async def lose(self) -> None:
        """The fault."""
        await super().lose()
        if self.task is not None:
            asyncio.get_running_loop().call_later(0.02, self.task.cancel)


@fault("ASGI-APP-024", also=["ASGI-HTTP-DISC-003"])
class OneAfterAnother(Http):
    """A call waits until the one before it has sent something, three seconds at most."""

    async def run(self, scope: Scope) -> None:
        """The fault."""
        before: asyncio.Event | None = getattr(self.server, "last", None)
        self.server.last = self.begun = asyncio.Event()  # type: ignore[attr-defined]
        if before is not None:
            await asyncio.wait([asyncio.ensure_future(before.wait())], timeout=3.0)
        try:
            await super().run(scope)
        finally:
            self.begun.set()

    async def send(self, event: Event) -> None:
        """The next one may begin."""
        self.begun.set()
        await super().send(event)


@fault("ASGI-APP-024")
class SendsWaitForFewCalls(Http):
    """While more than a hundred calls run nothing is sent."""

    async def run(self, scope: Scope) -> None:
        """Count the calls."""
        self.server.running = getattr(self.server, "running", 0) + 1  # type: ignore[attr-defined]
        try:
            await super().run(scope)
        finally:
            self.server.running -= 1  # type: ignore[attr-defined]

    async def send(self, event: Event) -> None:
        """The fault."""
        if self.server.running > 100:  # type: ignore[attr-defined]
            await asyncio.Event().wait()
        await super().send(event)


@fault("ASGI-APP-022")
class WaitsForTheEndOfTls(Http):
    """Over TLS the last send of a response waits until the client has left."""

    async def piece(self, octets: bytes, more: bool) -> None:
        """The fault."""
        await super().piece(octets, more)
        while not more and self.connection.ssl_object is not None and not self.connection.eof:
            self.connection.changed.clear()
            await self.connection.changed.wait()


@fault("ASGI-APP-024")
class WaitsForOneReader(Server):
    """When the call of a WebSocket ends while its client does not read, nobody else is served until that one does."""

    class Socket(WebSocket):
        """Says whom everybody waits for."""

        async def end_of_call(self, code: int) -> None:
            """Close."""
            self.server.awaited = self.connection  # type: ignore[attr-defined]
            await super().end_of_call(code)

    websocket_class = Socket
    awaited: Connection | None = None

    async def serve_one(self, connection: Connection) -> bool:
        """The fault."""
        while self.awaited is not None and not self.awaited.lost and self.awaited.transport.get_write_buffer_size():
            await asyncio.sleep(0.01)
        return await super().serve_one(connection)


@fault("ASGI-APP-025")
class FramesInTwoPieces(WebSocket):
    """Others may write between the two octets that begin a frame and the rest of it."""

    async def put(self, event: Any) -> None:
        """The fault."""
        octets = self.frames.send(event)
        await self.connection.write(octets[:2])
        await asyncio.sleep(0)
        await self.connection.write(octets[2:])


@fault("ASGI-APP-027")
class LosesThePiece(Http):
    """A receive that is cancelled takes the next piece with it."""

    lossy = False

    async def some(self) -> bytes:
        """The fault."""
        try:
            octets = await super().some()
        except asyncio.CancelledError:
            self.lossy = True
            raise
        return b"" if self.lossy else octets


@fault("ASGI-APP-027")
class TakesACancellationForADisconnect(Http):
    """A receive that is cancelled returns http.disconnect, as if the client had gone."""

    async def receive(self) -> Event:
        """The fault."""
        try:
            return await super().receive()
        except asyncio.CancelledError:
            return {"type": "http.disconnect"}


@fault("ASGI-APP-027")
class LosesTheMessage(WebSocket):
    """A receive that is cancelled takes the next message with it."""

    lossy = False

    async def receive(self) -> Event:
        """The fault."""
        try:
            event = await super().receive()
        except asyncio.CancelledError:
            self.lossy = True
            raise
        if self.lossy and event["type"] == "websocket.receive":
            self.lossy = False
            return await super().receive()
        return event

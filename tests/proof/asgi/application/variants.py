"""Applications that conform, and do it in another way than the reference."""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import AsyncIterator
from typing import Any

from gateproof.reference.asgi_application import TEXT, Application, Event, Receive, Route, Scope, Send

from ...registry import variant
from .spoiling import Spoiling


@variant()
class TheReference(Application):
    """As it is."""


@variant()
def a_function() -> Any:
    """A coroutine function that serves http alone, and raises for the rest."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        await send({"type": "http.response.start", "status": 200, "headers": [TEXT]})
        await send({"type": "http.response.body", "body": b"hello"})

    return app


@variant()
def a_partial() -> Any:
    """A functools.partial of a method."""
    return functools.partial(Application().__call__)


@variant()
class AlwaysNotFound(Application):
    """Finds nothing anywhere."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        await self.respond(scope, send, 404, [TEXT], b"nothing here")


@variant()
class NoHeaders(Application):
    """Leaves out what has a default in what it sends, and every field that is no must."""

    async def respond(self, scope: Scope, send: Send, status: int, fields: Any, body: bytes) -> None:
        """The choice."""
        kept = {"headers": fields} if status == 405 else {}
        await send({"type": "http.response.start", "status": status, **kept})
        if body and scope["method"] != "HEAD":
            await send({"type": "http.response.body", "body": body})
        else:
            await send({"type": "http.response.body"})


@variant()
class Generators(Spoiling):
    """Gives the header fields as a generator, and extra keys that nobody knows."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The choice."""
        if event["type"] == "http.response.start":
            fields = list(event["headers"])
            return [{**event, "headers": (pair for pair in fields), "vendor.extra": [1, None]}]
        return [event]


@variant()
class AnswersFirst(Application):
    """Answers without looking at the request, and goes on afterwards."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        await self.respond(scope, send, 200, [TEXT], b"hello")
        await asyncio.sleep(0.001)


@variant()
class WaitsForTheEnd(Application):
    """Stays in the call until the client has left."""

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        await super().stream(scope, receive, send)
        await self.leaving(receive)


@variant()
class RaisesAtTheEnd(Application):
    """Lets the exception out when its client is gone."""

    async def body(self, receive: Receive) -> bytes:
        """The choice."""
        try:
            return await super().body(receive)
        except Exception as error:
            raise RuntimeError("the client left") from error


@variant()
class ForgetsAGenerator(Application):
    """Takes the first piece of a generator that is in a cycle, and leaves it to the collector."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        around: list[Any] = []

        async def pieces() -> AsyncIterator[bytes]:
            yield b"one" * (len(around) + 1)
            yield b"two"

        around.append(pieces())
        await anext(around[0])
        await super().http(scope, receive, send)


@variant()
class KeepsAPool(Application):
    """Keeps a few generators for all of its calls."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""

        async def numbers() -> AsyncIterator[int]:
            number = 0
            while True:
                yield number
                number += 1

        if not hasattr(self, "pool"):
            self.pool = [numbers() for _ in range(3)]
        for each in self.pool:
            await anext(each)
        await super().http(scope, receive, send)


@variant()
class ListensBeside(Application):
    """Watches for the end of the client in a task of its own, which ends with the call."""

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        task = asyncio.ensure_future(self.leaving(receive))
        try:
            await super().stream(scope, receive, send)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@variant()
class WorksBehind(Application):
    """Hands a request to a pool of tasks that is made once and lasts."""

    def __init__(self) -> None:
        """Make no worker yet."""
        super().__init__()
        self.workers: list[Any] = []

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        if not self.workers:
            self.queue: asyncio.Queue[Any] = asyncio.Queue()
            self.workers = [asyncio.ensure_future(self.work()) for _ in range(3)]
        done = asyncio.get_running_loop().create_future()
        await self.queue.put((scope, receive, send, done))
        await done

    async def work(self) -> None:
        """Serve requests one after another."""
        while True:
            scope, receive, send, done = await self.queue.get()
            try:
                await super().http(scope, receive, send)
                done.set_result(None)
            except Exception as error:
                done.set_exception(error)


@variant()
class Threads(Application):
    """Does its work in a thread."""

    async def respond(self, scope: Scope, send: Send, status: int, fields: Any, body: bytes) -> None:
        """The choice."""
        made = await asyncio.to_thread(lambda: body)
        await super().respond(scope, send, status, fields, made)


@variant()
class Fickle(Application):
    """Says something else every time."""

    def __init__(self) -> None:
        """Begin at none."""
        super().__init__()
        self.count = 0

    def about(self, scope: Scope) -> bytes:
        """The choice."""
        self.count += 1
        return b"%d" % self.count


@variant()
class RefusesEverybody(Application):
    """Wants a password."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        await self.respond(scope, send, 401, [(b"www-authenticate", b"Basic")], b"")


@variant()
class RedirectsToItsOwnHost(Application):
    """Sends everybody who asks for something else to the root."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        if self.path(scope) == "/":
            await super().http(scope, receive, send)
        else:
            await self.respond(scope, send, 307, [(b"location", scope.get("root_path", "").encode() + b"/")], b"")


@variant()
class Greets(Application):
    """Says something before it is spoken to, and twice as much as it hears."""

    async def accept(self, scope: Scope, send: Send) -> None:
        """The choice."""
        await super().accept(scope, send)
        await send({"type": "websocket.send", "text": "welcome"})

    async def say(self, send: Send, text: str | None, data: bytes | None) -> None:
        """The choice."""
        await super().say(send, text, data)
        await super().say(send, text, data)


@variant()
class HangsUp(Application):
    """Accepts and closes at once."""

    async def talk(self, receive: Receive, send: Send) -> None:
        """The choice."""
        await self.close(send, 1000, "")


@variant()
class TextOnly(Application):
    """Closes with 1003 for bytes."""

    async def talk(self, receive: Receive, send: Send) -> None:
        """The choice."""
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            if event["type"] != "websocket.receive" or (event.get("text") is None and event.get("bytes") is None):
                raise ValueError(event["type"])
            if event.get("text") is None:
                await self.close(send, 1003, "text only")
                return
            await self.say(send, event["text"], None)


@variant()
class SilentSocket(Application):
    """Listens and says nothing."""

    async def say(self, send: Send, text: str | None, data: bytes | None) -> None:
        """The choice."""


@variant()
class EngineIO(Application):
    """Takes no handshake without the query of its protocol."""

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        if b"transport=websocket" in (scope.get("query_string") or b""):
            await super().websocket({**scope, "path": "/talk"}, receive, send)
        else:
            await receive()
            await self.close(send, 1008, "no such transport")


@variant()
class FailsToStop(Application):
    """Says that the shutdown failed."""

    async def stopped(self, send: Send) -> None:
        """The choice."""
        await send({"type": "lifespan.shutdown.failed"})


@variant()
class NoLifespan(Application):
    """Raises for the lifespan once it has received its first event."""

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        await receive()
        raise NotImplementedError("no lifespan")


@variant()
class BareRoot(Application):
    """Has one place, and no table of them."""

    def __init__(self) -> None:
        """The choice."""
        super().__init__()
        self.routes = [Route("/")]


@variant()
class TellsEverybody(Application):
    """Sends what one client says to all that are there."""

    def __init__(self) -> None:
        """Nobody is there."""
        super().__init__()
        self.there: list[Send] = []

    async def talk(self, receive: Receive, send: Send) -> None:
        """The choice."""
        self.there.append(send)
        try:
            await super().talk(receive, send)
        finally:
            self.there.remove(send)

    async def say(self, send: Send, text: str | None, data: bytes | None) -> None:
        """The choice."""
        for each in list(self.there):
            await super().say(each, text, data)


@variant()
class OneAtATime(Application):
    """Closes a conversation when the next one begins."""

    def __init__(self) -> None:
        """Nobody is there."""
        super().__init__()
        self.last: asyncio.Task[None] | None = None

    async def talk(self, receive: Receive, send: Send) -> None:
        """The choice."""
        if self.last is not None:
            self.last.cancel()
        own = self.last = asyncio.ensure_future(super().talk(receive, send))
        await asyncio.wait([own])
        if own.cancelled():
            await self.close(send, 4001, "from elsewhere")
        else:
            own.result()


@variant()
class RefusesWhatItCannotRead(Application):
    """Answers 400 to dates and forms that are none."""

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        dates = [value for name, value in scope["headers"] if name.lower() == b"if-modified-since"]
        types = [value for name, value in scope["headers"] if name.lower() == b"content-type"]
        if any(b"GMT" not in date for date in dates) or any(b"multipart" in kind for kind in types):
            await send({"type": "http.response.start", "status": 400, "headers": [TEXT]})
            await send({"type": "http.response.body", "body": b"no"})
            return
        await super().http(scope, receive, send)


@variant()
class CountsSlowly(Application):
    """Tells how often it was called, in a number that stays the same for a few calls."""

    calls = 0

    async def respond(self, scope: Scope, send: Send, status: int, fields: Any, body: bytes) -> None:
        """The choice."""
        self.calls += 1
        count = b"." * (self.calls // 5) if body else b""
        await super().respond(scope, send, status, fields, body + count)


@variant()
class ShedsLoad(Application):
    """Says of every fifth request that it comes too early, and of every seventh that there were too many."""

    calls = 0

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        self.calls += 1
        for number, status in ((5, 503), (7, 429)):
            if self.calls % number == 0:
                await self.respond(scope, send, status, [TEXT, (b"retry-after", b"1")], b"later")
                return
        await super().http(scope, receive, send)


@variant()
class OneRequestAtATime(Application):
    """Serves one request after the other, and sends those away that come meanwhile."""

    def __init__(self) -> None:
        """Begin idle."""
        super().__init__()
        self.lock = asyncio.Lock()

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        if self.lock.locked():
            await self.respond(scope, send, 503, [TEXT, (b"retry-after", b"1")], b"later")
            return
        async with self.lock:
            await super().http(scope, receive, send)


@variant()
class TossesACoin(Application):
    """Shows one of two pages, with a field more in some answers, and greets by WebSocket with one of two words."""

    def __init__(self) -> None:
        """Have a coin."""
        super().__init__()
        self.coin = random.Random(7)

    async def respond(self, scope: Scope, send: Send, status: int, fields: Any, body: bytes) -> None:
        """The choice."""
        if status == 200:
            body += self.coin.choice([b"heads", b"tails"])
            fields = [*fields, *([(b"x-cache", b"hit")] if self.coin.random() < 0.5 else [])]
        await super().respond(scope, send, status, fields, body)

    async def say(self, send: Send, text: str | None, data: bytes | None) -> None:
        """The choice."""
        await super().say(send, self.coin.choice(["heads", "tails"]), None)


@variant()
class AsksBehindIt(Application):
    """Has no answer from those behind it for what is not there."""

    async def respond(self, scope: Scope, send: Send, status: int, fields: Any, body: bytes) -> None:
        """The choice."""
        await super().respond(scope, send, 502 if status == 404 else status, fields, body)


@variant()
class HasRoomForSome(Application):
    """Sends every fourth client of a WebSocket away."""

    sockets = 0

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The choice."""
        self.sockets += 1
        if self.sockets % 4:
            await super().websocket(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1013})


@variant(about=["ASGI-HTTP-SCOPE-068", "ASGI-HTTP-SCOPE-077", "ASGI-HTTP-SCOPE-078"])
class LeavesNotFoundToOthers(Spoiling):
    """Raises the same for every place that is not there: what is around it makes an answer of that."""

    def spoil(self, event: Event, scope: Scope) -> list[Any]:
        """The choice."""
        if event.get("status") == 404:
            raise LookupError(scope["path"])
        return [event]

"""Mutants of the lifespan: startup, failures and shutdown."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_lifespan import Lifespan, StartupFailed
from gateproof.reference.asgi_websocket import WebSocket

from .faults import fault


@fault("ASGI-LIFE-001", launch="processes", also=["ASGI-LIFE-002"])
class LifespanOfTheFirstProcess(Lifespan):
    """Only one of several processes calls the application for its lifespan."""

    async def startup(self) -> None:
        """The fault."""
        if getattr(self.server, "index", 0) == 0:
            await super().startup()


@fault("ASGI-LIFE-002", also=["ASGI-LIFE-001"])
class LoopOfItsOwn(Lifespan):
    """The lifespan runs in another event loop than requests, in a thread of its own."""

    def __init__(self, server: Server) -> None:
        """Start the other loop."""
        super().__init__(server)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.run_loop, daemon=True).start()

    def run_loop(self) -> None:
        """Be the thread."""
        self.loop.run_forever()
        self.loop.close()

    def there(self, work: Any) -> Any:
        """Run something in the other loop."""
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    async def startup(self) -> None:
        """The fault."""
        self.inner = await self.there(self.made())
        await self.there(self.inner.startup())

    async def made(self) -> Lifespan:
        """Make the lifespan where it runs."""
        return Lifespan(self.server)

    async def shutdown(self) -> None:
        """End it where it runs."""
        await self.there(self.inner.shutdown())
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def abandon(self) -> None:
        """Give it up where it runs."""
        await self.there(self.inner.abandon())
        self.loop.call_soon_threadsafe(self.loop.stop)


@fault("ASGI-LIFE-003", also=["ASGI-APP-009"])
class NoVersion(Lifespan):
    """asgi has no version."""

    def scope(self) -> dict[str, Any]:
        """The fault."""
        return {**super().scope(), "asgi": {"spec_version": "2.0"}}


@fault("ASGI-LIFE-004")
class VersionOfHttp(Lifespan):
    """spec_version is that of the HTTP specification."""

    def scope(self) -> dict[str, Any]:
        """The fault."""
        return {**super().scope(), "asgi": {"version": "3.0", "spec_version": "2.5"}}


@fault("ASGI-LIFE-006", also=["ASGI-LIFE-019", "ASGI-LIFE-044"])
class CancelsTheCall(Lifespan):
    """The call is cancelled once the application is ready."""

    async def startup(self) -> None:
        """The fault."""
        await super().startup()
        assert self.task is not None
        self.task.cancel()


@fault("ASGI-LIFE-007")
class StartupTwice(Lifespan):
    """lifespan.startup comes once more when the application is ready."""

    def answer_startup(self, well: bool) -> None:
        """The fault."""
        super().answer_startup(well)
        if well and not self.server.stop_wanted():
            self.events.put_nowait({"type": "lifespan.startup"})


@fault("ASGI-LIFE-008")
class ServesAtOnce(Server):
    """It listens before the application is ready."""

    listening: asyncio.Server | None = None

    async def listen(self) -> asyncio.Server:
        """Listen once."""
        if self.listening is None:
            self.listening = await super().listen()
        return self.listening

    class lifespan_class(Lifespan):  # noqa: N801
        """The seam."""

        async def startup(self) -> None:
            """The fault."""
            await self.server.listen()
            await super().startup()


class Strict(Lifespan):
    """A lifespan whose call may not raise: not a mutant, but where two begin."""

    received = False

    async def receive(self) -> dict[str, Any]:
        """Remember that the application has begun to use it."""
        event = await super().receive()
        self.received = True
        return event

    async def startup(self) -> None:
        """The fault."""
        await super().startup()
        if self.raised and self.is_wrong():
            raise StartupFailed("the application raised")

    def is_wrong(self) -> bool:
        """When an exception is a failure."""
        return not self.received


@fault("ASGI-LIFE-009")
class EndsWithoutLifespan(Strict):
    """It ends where the application does not know the lifespan."""


@fault("ASGI-LIFE-010")
class EndsWhereStartupRaises(Strict):
    """It takes an exception at startup for a failure."""

    def is_wrong(self) -> bool:
        """The fault."""
        return self.received


@fault("ASGI-LIFE-011")
class CallsAgainAtShutdown(Lifespan):
    """It calls an application that raised once more when it stops."""

    async def shutdown(self) -> None:
        """The fault."""
        await super().shutdown()
        if self.raised:
            await self.run()


@fault("ASGI-LIFE-012")
class SilentFailure(Lifespan):
    """It does not say why the startup failed."""

    def message(self, event: dict[str, Any]) -> str:
        """The fault."""
        return "" if event["type"] == "lifespan.startup.failed" else super().message(event)


@fault("ASGI-LIFE-013", also=["ASGI-LIFE-040"])
class GoesOnAfterFailure(Lifespan):
    """It serves after a failed startup."""

    async def startup(self) -> None:
        """The fault."""
        try:
            await super().startup()
        except StartupFailed as failure:
            self.server.log(str(failure))


@fault("ASGI-LIFE-014")
class NeedsMessage(Lifespan):
    """It takes message for required."""

    def message(self, event: dict[str, Any]) -> str:
        """The fault."""
        return str(event["message"])


@fault("ASGI-LIFE-015")
class ListensToTheEnd(Server):
    """It goes on accepting connections until the application has shut down."""

    async def wind_down(self, listening: asyncio.Server, lifespan: Lifespan) -> None:
        """The fault."""
        self.stopping = False
        await self.finish_connections()
        await lifespan.shutdown()
        await self.stop_listening(listening)


@fault("ASGI-LIFE-016")
class ShutdownAtOnce(Server):
    """It tells the application of the shutdown before requests have ended."""

    async def wind_down(self, listening: asyncio.Server, lifespan: Lifespan) -> None:
        """The fault."""
        await self.stop_listening(listening)
        telling = asyncio.ensure_future(lifespan.shutdown())
        await self.finish_connections()
        await telling


@fault("ASGI-LIFE-016")
class ForgetsWebSockets(Server):
    """It waits for requests alone before it tells the application of the shutdown."""

    class Socket(WebSocket):
        """One that hears of no stop."""

        def stop(self) -> None:
            """The fault."""

    websocket_class = Socket

    async def wind_down(self, listening: asyncio.Server, lifespan: Lifespan) -> None:
        """The fault."""
        await self.stop_listening(listening)
        for connection in list(self.connections):
            connection.say_stop()
        await self.until_sockets_are_left()
        telling = asyncio.ensure_future(lifespan.shutdown())
        await asyncio.wait([telling])
        await self.finish_connections()

    async def until_sockets_are_left(self) -> None:
        """Wait for the others."""
        for _ in range(500):
            if all(connection.on_stop is not None for connection in self.connections):
                break
            await asyncio.sleep(0.01)


@fault("ASGI-LIFE-019")
class NoShutdownWithASocket(Server):
    """Where a WebSocket is open when it is stopped the application is not told of the shutdown."""

    async def wind_down(self, listening: asyncio.Server, lifespan: Lifespan) -> None:
        """The fault."""
        if all(connection.on_stop is None for connection in self.connections):
            await super().wind_down(listening, lifespan)
            return
        await self.stop_listening(listening)
        await self.finish_connections()
        await lifespan.abandon()


@fault("ASGI-LIFE-019")
class NoShutdownAfterAnError(Server):
    """Where a request failed the application is not told of the shutdown."""

    failed = False

    def report(self, error: BaseException) -> None:
        """Remember it."""
        self.failed = True
        super().report(error)

    async def wind_down(self, listening: asyncio.Server, lifespan: Lifespan) -> None:
        """The fault."""
        if not self.failed:
            await super().wind_down(listening, lifespan)
            return
        await self.stop_listening(listening)
        await self.finish_connections()
        await lifespan.abandon()


@fault("ASGI-LIFE-017")
class DoesNotWait(Lifespan):
    """It ends without waiting for the application's shutdown."""

    async def shutdown(self) -> None:
        """The fault."""
        if self.wants_shutdown():
            self.events.put_nowait({"type": "lifespan.shutdown"})
            await asyncio.sleep(0.05)
        assert self.task is not None
        self.task.cancel()


@fault("ASGI-LIFE-018")
class SilentShutdownFailure(Lifespan):
    """It does not say why the shutdown failed."""

    def message(self, event: dict[str, Any]) -> str:
        """The fault."""
        return "" if event["type"] == "lifespan.shutdown.failed" else super().message(event)


@fault("ASGI-LIFE-019", also=["ASGI-LIFE-044"])
class NoShutdown(Lifespan):
    """It never tells the application of the shutdown."""

    def wants_shutdown(self) -> bool:
        """The fault."""
        return False


@fault("ASGI-LIFE-020")
class ShutdownAfterFailure(Lifespan):
    """It tells an application whose startup failed of the shutdown."""

    async def abandon(self) -> None:
        """The fault."""
        if self.started.done() and not self.started.result():
            self.events.put_nowait({"type": "lifespan.shutdown"})
        await super().abandon()


@fault("ASGI-LIFE-022")
class EndsWithTheCall(Lifespan):
    """It stops when the lifespan call does."""

    async def run(self) -> None:
        """The fault."""
        await super().run()
        if self.started.done() and self.started.result():
            self.server.stop()


@fault("ASGI-LIFE-040")
class LivesOnAfterFailure(Lifespan):
    """It neither serves nor ends after a failed startup."""

    async def startup(self) -> None:
        """The fault."""
        try:
            await super().startup()
        except StartupFailed as failure:
            self.server.log(str(failure))
            await self.server.wait_for_stop()
            raise


@fault("ASGI-LIFE-043")
class SuccessInFailure(Server):
    """It ends with status 0 after a failed startup."""

    async def serve_forever(self) -> None:
        """The fault."""
        try:
            await super().serve_forever()
        except StartupFailed as failure:
            self.log(str(failure))


@fault("ASGI-LIFE-044")
class ForgetsStopDuringStartup(Lifespan):
    """It ends at once where it was told to stop while the application started up."""

    async def startup(self) -> None:
        """The fault."""
        await super().startup()
        self.early = self.server.stop_wanted()

    def wants_shutdown(self) -> bool:
        """The fault."""
        return not self.early and super().wants_shutdown()

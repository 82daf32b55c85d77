"""Faults of an adapter from WSGI, each in the reference."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable
from typing import Any

from gateproof.reference.wsgi_adapter import Adapter, Environ, Event, Receive, Response, Scope, Send

from ...registry import mutant, variant

WSGI: dict[str, Any] = {"inner": "wsgi"}


@mutant("ASGI-WSGI-001", also=["ASGI-WSGI-019"], **WSGI)
class RunsInTheLoop(Adapter):
    """Calls the application on the event loop, and sends afterwards."""

    async def serve(self, environ: Environ, scope: Scope, send: Send) -> None:
        """The fault."""
        events: list[Event] = []
        self.call(environ, scope, events.append)
        for event in events:
            await send(event)


@mutant("ASGI-WSGI-001", **WSGI)
class StreamsInTheLoop(Adapter):
    """Calls the application on the event loop, and sends each part at once."""

    async def serve(self, environ: Environ, scope: Scope, send: Send) -> None:
        """The fault."""
        events: list[Event] = []
        response = self.response(events.append, scope["method"] == "HEAD")
        parts = self.application(environ, response.start_response)

        async def flush() -> None:
            while events:
                await send(events.pop(0))

        try:
            for part in parts:
                response.write(part)
                await flush()
            response.finish()
            await flush()
        finally:
            self.close(parts)


@mutant("ASGI-WSGI-002", **WSGI)
class OneVersionAndScheme(Adapter):
    """Says HTTP/1.1 and http whatever the scope says."""

    def environ(self, scope: Scope, body: bytes) -> Environ:
        """The fault."""
        return {**super().environ(scope, body), "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http"}


@mutant("ASGI-WSGI-003", **WSGI)
class TheWholePath(Adapter):
    """Leaves the mount point in PATH_INFO."""

    def paths(self, scope: Scope) -> Environ:
        """The fault."""
        path = scope["path"]
        if not path.isascii():
            return super().paths(scope)
        return {"SCRIPT_NAME": scope.get("root_path", ""), "PATH_INFO": path}


@mutant("ASGI-WSGI-004", **WSGI)
class PathsAsTheyAre(Adapter):
    """Passes text through, which may not be latin-1."""

    def native(self, text: str) -> str:
        """The fault."""
        return text


@mutant("ASGI-WSGI-005", **WSGI)
class NoContentType(Adapter):
    """Leaves CONTENT_TYPE out."""

    def fields(self, scope: Scope) -> Environ:
        """The fault."""
        return {key: value for key, value in super().fields(scope).items() if key != "CONTENT_TYPE"}


@mutant("ASGI-WSGI-006", **WSGI)
class NoneForAPort(Adapter):
    """Makes text of what is no port."""

    def addresses(self, scope: Scope) -> Environ:
        """The fault."""
        host, port = tuple(scope.get("server") or ("localhost", None))
        return {**super().addresses(scope), "SERVER_NAME": host, "SERVER_PORT": str(port)}


@mutant("ASGI-WSGI-007", also=["ASGI-SCOPE-004", "ASGI-HTTP-SCOPE-065"], **WSGI)
class ReadsTheClient(Adapter):
    """Looks the client up without a guard."""

    def addresses(self, scope: Scope) -> Environ:
        """The fault."""
        return {**super().addresses(scope), "REMOTE_ADDR": scope["client"][0]}


@mutant("ASGI-WSGI-008", **WSGI)
class TakesOnePart(Adapter):
    """Takes the first event for the whole body."""

    async def body(self, receive: Receive) -> bytes | None:
        """The fault."""
        event = await receive()
        if event["type"] != "http.request" or not isinstance(event.get("body", b""), bytes):
            raise ValueError(event["type"])
        return bytes(event.get("body", b""))


@mutant("ASGI-WSGI-009", **WSGI)
class TwoDigits(Adapter):
    """Takes every success for 200."""

    def status(self, status: str) -> int:
        """The fault."""
        return 200 if status.startswith("2") or status.startswith("4") else int(status[:3])


@mutant("ASGI-WSGI-010", **WSGI)
class OneOfEach(Adapter):
    """Keeps one of fields that are repeated."""

    def headers(self, headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
        """The fault."""
        return list(dict(super().headers(headers)).items())


@mutant("ASGI-WSGI-011", also=["ASGI-WSGI-019"], **WSGI)
class NoEndWithoutBody(Adapter):
    """Sends nothing where the application gives no part, as if it had no response."""

    def call(self, environ: Environ, scope: Scope, sending: Callable[[Event], None]) -> None:
        """The fault."""
        events: list[Event] = []
        super().call(environ, scope, events.append)
        bare = len(events) == 2 and scope["method"] != "HEAD"
        for event in events:
            sending({**event, "status": 204} if bare and event["type"].endswith("start") else event)
            if bare:
                raise RuntimeError("no body")


@mutant("ASGI-WSGI-012", also=["ASGI-ERR-016", "ASGI-ERR-017", "ASGI-WS-104"], **WSGI)
class ReturnsFromTheRest(Adapter):
    """Returns from other scopes."""

    async def other(self, scope: Scope) -> None:
        """The fault."""


@mutant("ASGI-WSGI-013", also=["ASGI-WSGI-014", "ASGI-WSGI-015"], **WSGI)
class NeverCloses(Adapter):
    """Forgets close()."""

    def close(self, parts: Any) -> None:
        """The fault."""


@mutant("ASGI-WSGI-014", **WSGI)
class FiresAndForgets(Adapter):
    """Closes in another thread, some time later."""

    def close(self, parts: Any) -> None:
        """The fault."""
        timer = threading.Timer(0.1, super().close, [parts])
        timer.start()


@mutant("ASGI-WSGI-015", **WSGI)
class NoVersion(Adapter):
    """Gives no wsgi.version."""

    def environ(self, scope: Scope, body: bytes) -> Environ:
        """The fault."""
        return {key: value for key, value in super().environ(scope, body).items() if key != "wsgi.version"}


@mutant("ASGI-WSGI-017", also=["ASGI-WSGI-015"], **WSGI)
class OctetsForErrors(Adapter):
    """Gives a stream of octets as wsgi.errors."""

    def streams(self, body: bytes) -> Environ:
        """The fault."""
        return {"wsgi.input": io.BytesIO(body), "wsgi.errors": io.BytesIO()}


@mutant("ASGI-WSGI-016", **WSGI)
class MoreThanTheLength(Adapter):
    """Passes everything on."""

    def part(self, part: bytes, left: int | None) -> bytes:
        """The fault."""
        return part


@variant(**WSGI)
class TheAdapter(Adapter):
    """As it is."""


@mutant("ASGI-WSGI-019", **WSGI)
class GathersTheBody(Adapter):
    """Gathers the whole response, and sends it in one event."""

    def call(self, environ: Environ, scope: Scope, sending: Callable[[Event], None]) -> None:
        """The fault."""
        events: list[Event] = []
        super().call(environ, scope, events.append)
        sending(events[0])
        sending({"type": "http.response.body", "body": b"".join(event.get("body", b"") for event in events[1:])})


class AtOnce(Response):
    """A response that begins with start_response."""

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """The fault."""
        write = super().start_response(status, headers, exc_info)
        self.begin()
        return write


@mutant("ASGI-WSGI-018", **WSGI)
class SendsTheStartAtOnce(Adapter):
    """Sends status and fields before the application gave a part."""

    def response(self, sending: Callable[[Event], None], head: bool) -> Response:
        """The fault."""
        return AtOnce(sending, self, head)


@mutant("ASGI-WSGI-020", also=["ASGI-WSGI-018"], **WSGI)
class SendsTheStartAtReturn(Adapter):
    """Sends status and fields when the application returns, whatever they are by then."""

    def call(self, environ: Environ, scope: Scope, sending: Callable[[Event], None]) -> None:
        """The fault."""
        response = self.response(sending, scope["method"] == "HEAD")
        parts = self.application(environ, response.start_response)
        try:
            response.begin()
            for part in parts:
                response.write(part)
            response.finish()
        finally:
            self.close(parts)


class WritesNothing(Response):
    """A response whose write() does nothing."""

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """The fault."""
        super().start_response(status, headers, exc_info)
        return lambda part: None


@mutant("ASGI-WSGI-021", **WSGI)
class LosesWhatIsWritten(Adapter):
    """Loses what write() is given."""

    def response(self, sending: Callable[[Event], None], head: bool) -> Response:
        """The fault."""
        return WritesNothing(sending, self, head)


class TakesItSilently(Response):
    """A response that takes a second status at any time."""

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """The fault."""
        return self.write if self.sent else super().start_response(status, headers, exc_info)


@mutant("ASGI-WSGI-022", **WSGI)
class GoesOnAfterAnError(Adapter):
    """Goes on where the application cannot replace what was sent."""

    def response(self, sending: Callable[[Event], None], head: bool) -> Response:
        """The fault."""
        return TakesItSilently(sending, self, head)


@variant(**WSGI)
class SendsBeside(Adapter):
    """Lets the application go on while its parts are sent."""

    async def serve(self, environ: Environ, scope: Scope, send: Send) -> None:
        """The choice."""
        loop = asyncio.get_running_loop()
        parts: asyncio.Queue[Event | None] = asyncio.Queue()

        async def beside() -> None:
            while (event := await parts.get()) is not None:
                await send(event)

        sender = asyncio.create_task(beside())
        try:
            await self.run(
                lambda: self.call(environ, scope, lambda event: loop.call_soon_threadsafe(parts.put_nowait, event))
            )
        finally:
            parts.put_nowait(None)
            await sender

"""The handle of ASGI middleware: our server outside, our application inside, and both journals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateproof.drive import paths
from gateproof.drive.asgi.call import PLAYED, Call, event_copy
from gateproof.drive.asgi.playing import Stage
from gateproof.drive.asgi.scopes import Request, body_events, http_scope
from gateproof.inprocess import Played, Subject
from gateproof.validate import Finding
from gateproof.validate import asgi as observers
from gateproof.validate import middleware as twins

Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
CANCELLED = ("CancelledError", "Cancelled")  # of asyncio, of trio
Behaviour = Callable[["Inner", Receive, Send], Awaitable[None]]


@dataclass(eq=False)
class Inner:
    """One call of the application inside, and everything that it saw and did."""

    scope: Any
    number: int = 1
    at_entry: dict[str, Any] = field(default_factory=dict)
    received: list[Event] = field(default_factory=list)
    sent: list[Event] = field(default_factory=list)
    raised: list[BaseException] = field(default_factory=list)  # what send raised
    findings: list[Finding] = field(default_factory=list)
    error: BaseException | None = None
    cancelled: bool = False
    changed: list[str] = field(default_factory=list)  # keys of its scope that changed under it

    @property
    def body(self) -> bytes:
        """The body of the request, as far as it was received."""
        return b"".join(event.get("body", b"") for event in self.received if event.get("type") == "http.request")

    def look(self) -> None:
        """Note what changed in the scope since the call began."""
        now = self.scope if isinstance(self.scope, dict) else {}
        keys = self.at_entry.keys() | now.keys()
        found = [str(key) for key in keys if now.get(key, keys) is not self.at_entry.get(key, keys)]
        self.changed += [key for key in found if key not in self.changed]


class InnerFailed(Exception):
    """What the application inside raises where that is what is looked at."""


async def served(inner: Inner, receive: Receive, send: Send) -> None:
    """Serve anything in an ordinary way: the least that an application does."""
    kind = inner.scope["type"]
    if kind == "lifespan":
        await lived(receive, send)
    elif kind == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})
    elif kind == "http":
        await whole(receive)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"inner"})
    else:
        raise InnerFailed(f"no scope of type {kind}")


async def lived(receive: Receive, send: Send) -> None:
    """Serve a lifetime."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def whole(receive: Receive) -> bytes:
    """Return the whole body of a request."""
    pieces: list[bytes] = []
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return b"".join(pieces)
        pieces.append(event.get("body", b""))
        if not event.get("more_body", False):
            return b"".join(pieces)


def responding(
    status: int = 200,
    headers: Sequence[tuple[bytes, bytes]] = ((b"content-type", b"text/plain"),),
    body: Sequence[bytes] = (b"inner",),
    more: Mapping[str, Any] | None = None,
) -> Behaviour:
    """Return an application that answers every request like this, in as many events as there are parts."""
    extra = dict(more or {})

    async def behave(inner: Inner, receive: Receive, send: Send) -> None:
        if inner.scope["type"] != "http":
            await served(inner, receive, send)
            return
        await whole(receive)
        await send({"type": "http.response.start", "status": status, "headers": list(headers), **extra})
        for number, part in enumerate(body):
            await send({"type": "http.response.body", "body": part, "more_body": number + 1 < len(body), **extra})

    return behave


class Middleware(Stage):
    """What checks get as `middleware`: calls from outside, and the application inside."""

    def __init__(self, subject: Subject) -> None:
        """Wrap an application whose behaviour each call chooses."""
        super().__init__(subject)
        self.behaviour: Behaviour = served
        self.inner: list[Inner] = []
        self.lifetimes: list[Inner] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await self._serve(scope, receive, send)

        self.within = app
        self.app = self._made(subject)

    def _made(self, subject: Subject) -> Any:
        """Return the middleware made anew; the first one, in its loop, where a second does not work beside it."""
        made, first = subject.wrap(self.within), subject.first
        if first is None or first.loop is None:
            return made
        works = made is not first.made and self._works(made)
        if first.loop is not self.loop:
            (first.loop if works else self.loop).close()
        if works:
            return made
        self.loop = first.loop
        return subject.again(self.within)

    def _works(self, made: Any) -> bool:
        """Tell whether an ordinary request comes back; it is the one that the first one was given."""
        call = self._call(http_scope(Request()))

        async def main() -> None:
            call.begin(made, observed=False)
            call.give(*body_events(Request()))
            await call.end(self.patience)

        return self._run(main) and call.error is None

    def inside(self, behaviour: Behaviour) -> None:
        """Let the application inside behave like that from now on, and forget its calls."""
        self.behaviour, self.inner = behaviour, []

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Forget the check before."""
        super().begin_check(name, patient=patient)
        self.inside(served)

    @property
    def only(self) -> Inner | None:
        """The one call of the application inside, or None where there was none or more than one."""
        return self.inner[0] if len(self.inner) == 1 else None

    @property
    def places(self) -> list[str]:
        """The paths at which it is tried: those that were named, else the root and those that it names itself."""
        if self.subject.paths:
            return [place.path for place in paths.parse(self.subject.paths)]
        found = [place.path for place in paths.named(self.app)]
        for value in list(getattr(self.app, "__dict__", {}).values()):
            words = value if isinstance(value, list | tuple | dict | set) else ()
            found += [word for word in words if isinstance(word, str) and word.startswith("/")]
        return ["/", *[f"{path.rstrip('/')}/item" for path in dict.fromkeys(found)][:3]]

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        inner = Inner(scope, len(self.inner) + 1)
        inner.at_entry = dict(scope) if isinstance(scope, dict) else {}
        lasting = isinstance(scope, dict) and scope.get("type") == "lifespan"
        behaviour = served if lasting else self.behaviour
        (self.lifetimes if lasting else self.inner).append(inner)
        record = PLAYED.get() or Played("")  # a middleware that calls from a task of its own is not told apart

        def note(name: str, value: Any) -> None:
            record.note(f"{name} within", value, inner.number + 1)

        async def plain(scope: Any, receive: Any, send: Any) -> None:
            async def taking() -> Event:
                event = await receive()
                note("receive", {"event": event_copy(event)})
                inner.received.append(event)
                inner.look()
                return event  # type: ignore[no-any-return]

            async def giving(event: Event) -> None:
                inner.sent.append(event)
                said = {"event": event_copy(event)}
                note("send", said)
                try:
                    await send(event)
                except BaseException as error:
                    inner.raised.append(error)
                    said["raised"] = type(error).__name__
                    raise
                inner.look()

            await behaviour(inner, taking, giving)

        note("called", inner.at_entry)
        try:
            await observers.run(plain, (scope, receive, send), {}, inner.findings.append, True)
        except BaseException as error:
            inner.error = error
            inner.cancelled = type(error).__name__ in CANCELLED
            raise
        finally:
            inner.look()
            note("ended", {"raised": type(inner.error).__name__} if inner.error is not None else {})

    def blamed(self, call: Call) -> list[Finding]:
        """Return what the observers outside and inside found, as requirements of middleware."""
        found: list[Finding] = []
        outside, inside = twins.outside(found.append), twins.inside(found.append)
        own = {finding.requirement_id for each in self.inner for finding in each.findings}
        for finding in call.findings:
            if finding.requirement_id not in own:  # what the application inside broke is its fault
                outside(finding)
        for each in self.inner:
            for finding in each.findings:
                inside(finding)
        return found

"""One call of an application, with the server's part in our hands: what receive gives, what send does, when it ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from gateproof.drive.asgi.loops import Flag, Loop, Task
from gateproof.inprocess import SLICES, Hung, Played
from gateproof.validate import Finding
from gateproof.validate import asgi as observers

Event = dict[str, Any]
Application = Callable[..., Awaitable[Any]]
ENDS = ("http.response.body", "http.response.zerocopysend", "websocket.http.response.body")
KEPT = 4000  # events of one call; what sends more without end is ended
PLAYED: ContextVar[Played | None] = ContextVar("PLAYED", default=None)  # the record of the call that runs


class ClientGone(OSError):
    """What send raises on a connection that is closed: a class of the server's own, as the text asks for."""


class TooMuch(Exception):
    """The application sent more than any of our exchanges asks for."""


@dataclass
class Call:
    """One call: the driver's hands on one side, receive and send on the other.

    `inbox` holds what receive gives next; `last` is given for ever once that is empty; without it receive waits.
    """

    loop: Loop
    scope: Any
    played: Played
    inbox: deque[Event] = field(default_factory=deque)
    last: Event | None = None
    refuse: Callable[[Event], BaseException | None] | None = None
    number: int = 1
    sent: list[Event] = field(default_factory=list)
    given: list[Event] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    task: Task | None = None
    result: Any = None
    left: bool = False
    replies: int = 0  # events sent before the client left
    endless: bool = False  # the client left a response that had not ended by itself
    late: bool = False  # it had not ended at its deadline, and was cancelled
    unanswered: bool = False  # its startup had no answer in time
    stuck: bool = False  # not even cancelling ended it
    overran: bool = False  # it sent more than was taken
    awaiting: int = 0
    raised: int = 0  # how often send raised
    after_raise: int = 0  # how many sends came after the first that raised
    over: bool = False  # the client's end was delivered
    after_end: int = 0  # how many events were sent after the client's end was delivered
    _changed: Flag | None = None

    # What the application gets

    async def receive(self) -> Event:
        """Give the next event, or wait until there is one."""
        while not self.inbox:
            if self.last is not None or (self.complete and self.scope["type"] == "http"):
                # A response that is complete is the end of the call: real servers give a disconnect.
                return self._deliver(dict(self.last or {"type": "http.disconnect"}))
            self.awaiting += 1
            self._change()
            try:
                await self._change_of().wait()
            finally:
                self.awaiting -= 1
        return self._deliver(self.inbox.popleft())

    def _deliver(self, event: Event) -> Event:
        self.given.append(event)
        self.over = self.over or str(event.get("type")).endswith(".disconnect")
        self.played.note("receive", {"event": event_copy(event)}, self.number)
        self._change()
        return event

    async def send(self, event: Event) -> None:
        """Take an event of the application; raises what `refuse` says."""
        refused = self.refuse(event) if self.refuse is not None else None
        self.after_end += self.over
        if self.raised:
            self.after_raise += 1
        note = {"event": event_copy(event)}
        if refused is not None:
            self.raised += 1
            note["raised"] = type(refused).__name__
        self.played.note("send", note, self.number)
        if len(self.sent) >= KEPT:
            self.overran = True
            raise TooMuch(f"more than {KEPT} events in one call")
        if refused is None:
            self.sent.append(event)
        self._change()
        await self.loop.turn()
        if refused is not None:
            raise refused

    # The driver's hands

    def begin(self, app: Application, *, observed: bool = True, named: bool = False) -> None:
        """Start the call; `named` passes the arguments by keyword."""

        async def run() -> None:
            arguments = (self.scope, self.receive, self.send)
            PLAYED.set(self.played)
            if named:
                self.result = await app(**dict(zip(("scope", "receive", "send"), arguments, strict=True)))
            elif observed:
                self.result = await observers.run(_listed(app), arguments, {}, self.findings.append, True)
            else:
                self.result = await app(*arguments)

        self.played.note("scope", event_copy(self.scope), self.number)
        self.task = self.loop.spawn(run, self._change)

    def give(self, *events: Mapping[str, Any]) -> None:
        """Let receive give these events next."""
        self.inbox.extend(dict(event) for event in events)
        self._change()

    async def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Wait until something is so, or the call is over; tells whether it is so.

        A process that the machine leaves standing for a while must not take that for the application's silence: the
        seconds are counted in slices, and one that ended late counts no more than the others.
        """
        if condition():
            return True

        async def so() -> None:
            while not condition() and not self.ended:
                await self._change_of().wait()

        for _ in range(SLICES):
            if await self.loop.within(seconds / SLICES, so):
                break
        return bool(condition())

    async def end(self, seconds: float) -> None:
        """Wait for the end of the call; one that does not come in time is cancelled."""
        if await self.until(lambda: self.ended, seconds):
            return
        self.late = True
        await self.cancel(1.0)

    async def cancel(self, seconds: float) -> None:
        """Cancel the call and wait for its end."""
        assert self.task is not None
        self.task.cancel()
        self.stuck = not await self.until(lambda: self.ended, seconds)

    def leave(self, event: Mapping[str, Any], *, repeated: bool = True, raising: bool = False) -> None:
        """The client is gone: receive gives that event, send does nothing or raises."""
        self.left, self.replies = True, len(self.sent)
        self.inbox.clear()
        if repeated:
            self.last = dict(event)
        else:
            self.inbox.append(dict(event))
        self.refuse = (lambda _: ClientGone("the client is gone")) if raising else self.refuse
        self._change()

    # What came of it

    @property
    def ended(self) -> bool:
        """Whether the call returned or raised."""
        return self.task is not None and self.task.ended

    @property
    def error(self) -> BaseException | None:
        """What the call raised."""
        return self.task.error if self.task is not None else None

    @property
    def hung(self) -> bool:
        """Whether it did not come to its end by itself."""
        return self.late or self.stuck or self.overran or isinstance(self.error, Hung)

    @property
    def types(self) -> list[str]:
        """The types of the events that were sent and taken."""
        return [str(event.get("type")) if isinstance(event, dict) else "?" for event in self.sent]

    def first(self, kind: str) -> Event | None:
        """Return the first event of a type that was sent."""
        return next((event for event in self.sent if isinstance(event, dict) and event.get("type") == kind), None)

    @property
    def complete(self) -> bool:
        """Whether the response is whole."""
        start = self.first("http.response.start")
        trailers = bool(start and start.get("trailers")) and "http.response.trailers" in _extensions(self.scope)
        for event in reversed(self.sent):
            kind = event.get("type") if isinstance(event, dict) else None
            if kind == "http.response.trailers":
                return not event.get("more_trailers", False)
            if kind == "http.response.pathsend":
                return not trailers
            if kind in ENDS:
                return not trailers and not event.get("more_body", False)
        return False

    @property
    def status(self) -> int | None:
        """The status of the response, or of a denial."""
        for kind in ("http.response.start", "websocket.http.response.start"):
            start = self.first(kind)
            if start is not None and isinstance(start.get("status"), int):
                return int(start["status"])
        return None

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The header fields of the response; what is not two byte strings is left out."""
        start = self.first("http.response.start") or self.first("websocket.http.response.start") or {}
        found = []
        try:
            for name, value in start.get("headers") or ():
                if isinstance(name, bytes) and isinstance(value, bytes):
                    found.append((name.lower(), value))
        except (TypeError, ValueError):
            pass
        return found

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of a response header field."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def body(self) -> bytes:
        """The body of the response up to its last part, as a server takes it; what is not bytes is left out, and a
        file that was sent is its path."""
        pieces = []
        for event in self.sent:
            if isinstance(event, dict) and event.get("type") in ENDS:
                piece = event.get("body", b"")
                pieces.append(bytes(piece) if isinstance(piece, (bytes, bytearray, memoryview)) else b"")
                if not event.get("more_body", False):
                    break
            elif isinstance(event, dict) and event.get("type") == "http.response.pathsend":
                pieces.append(str(event.get("path")).encode())
        return b"".join(pieces)

    @property
    def outcome(self) -> str:
        """What the application did, in a few words."""
        sent = ", ".join(self.types[:6]) + (f" and {len(self.sent) - 6} more" if len(self.sent) > 6 else "")
        if self.stuck:
            end = "it went on after it was cancelled"
        elif self.late:
            end = "it did not end in time"
        elif self.error is not None:
            end = f"it raised {type(self.error).__name__}: {self.error}"
        else:
            end = "it returned" if self.ended else "it runs"
        return (
            f"the application sent {sent or 'nothing'}"
            + (f" (status {self.status})" if self.status else "")
            + f"; {end}"
        )

    def close(self) -> None:
        """Write what came of it into the record."""
        self.played.outcome = self.outcome[:500]
        self.played.silent = self.hung

    def _change(self) -> None:
        flag, self._changed = self._changed, None
        if flag is not None:
            flag.set()

    def _change_of(self) -> Flag:
        if self._changed is None:
            self._changed = self.loop.flag()
        return self._changed


def _listed(app: Application) -> Application:
    """Return the application with lists for headers that can be looked at once alone: generators are legal."""

    def listed(scope: Any, receive: Any, send: Any) -> Awaitable[Any]:
        def giving(*events: Any, **named: Any) -> Awaitable[None]:
            if len(events) == 1 and isinstance(events[0], dict) and hasattr(events[0].get("headers"), "__next__"):
                events = ({**events[0], "headers": list(events[0]["headers"])},)
            return send(*events, **named)  # type: ignore[no-any-return]

        return app(scope, receive, giving)

    return listed


def event_copy(value: Any) -> Any:
    """Return an event or a scope as it is now; what is no dict is kept itself."""
    return dict(value) if isinstance(value, dict) else value


def _extensions(scope: Any) -> Mapping[str, Any]:
    found = scope.get("extensions") if isinstance(scope, dict) else None
    return found if isinstance(found, dict) else {}

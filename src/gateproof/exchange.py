"""One request seen by two witnesses: the octets at the client, and the journal in the application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateproof.judge import Blocked
from gateproof.wire.client import incoming
from gateproof.wire.http1 import parse_head

if TYPE_CHECKING:
    from gateproof.channel import Event
    from gateproof.wire.client import Trace
    from gateproof.wire.http1 import Response

REFUSALS = frozenset(range(400, 500)) | {501, 505}


@dataclass
class Call:
    """One call of the application, as the probe saw it."""

    number: int
    events: list[Event]

    @property
    def opening(self) -> dict[str, Any]:
        """The value of the event that opens the call."""
        value = self.first("call") or self.first("scope") or {}
        return value if isinstance(value, dict) else {}

    @property
    def environ(self) -> dict[Any, Any]:
        """WSGI: the environ as the application got it; values that are not data are `values.Opaque`."""
        environ = self.opening.get("environ")
        base = getattr(environ, "base", environ)
        if not isinstance(base, dict):
            raise Blocked("the probe was called without an environ that could be read")
        return base

    @property
    def scope(self) -> dict[Any, Any]:
        """ASGI: the scope as the application got it."""
        scope = self.opening.get("scope", self.opening)
        base = getattr(scope, "base", scope)
        if not isinstance(base, dict):
            raise Blocked("the probe was called without a scope that could be read")
        return base

    def named(self, name: str) -> list[Any]:
        """Return the values of all events of that name, in order."""
        return [event.value for event in self.events if event.name == name]

    def first(self, name: str) -> Any:
        """Return the value of the first event of that name, or None."""
        return next((event.value for event in self.events if event.name == name), None)

    def has(self, name: str) -> bool:
        """Tell whether there is an event of that name."""
        return any(event.name == name for event in self.events)

    def when(self, name: str) -> float | None:
        """Return the time of the first event of that name (monotonic seconds), or None."""
        return next((event.t for event in self.events if event.name == name), None)

    @property
    def received(self) -> list[dict[Any, Any]]:
        """ASGI: the events that `receive` yielded, in order; what is no dict is left out."""
        events = (said.get("event") for said in self.named("receive") if isinstance(said, dict))
        plain = (getattr(event, "base", event) for event in events)
        return [event for event in plain if isinstance(event, dict)]

    @property
    def request_body(self) -> bytes:
        """ASGI: the bodies of all http.request events, joined."""
        bodies = (event.get("body", b"") for event in self.received if event.get("type") == "http.request")
        return b"".join(body for body in bodies if isinstance(body, bytes))

    @property
    def sent(self) -> list[dict[str, Any]]:
        """ASGI: what each `send` came to: its event's type, and `raised` where it raised."""
        return [said for said in self.named("send") if isinstance(said, dict)]

    def raised(self, number: int = 0) -> str:
        """ASGI: the exception that the send of that number raised; '' where it returned, '(not sent)' without one."""
        return str(self.sent[number].get("raised", "")) if number < len(self.sent) else "(not sent)"

    @property
    def body(self) -> bytes:
        """WSGI: all that `read` steps returned, joined."""
        pieces: list[bytes] = []
        for value in self.named("read"):
            result = value.get("result") if isinstance(value, dict) else None
            pieces.extend(
                octets for piece in _flat(result) if isinstance(octets := getattr(piece, "base", piece), bytes)
            )
        return b"".join(pieces)


def _flat(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else [value]


@dataclass
class Exchange:
    """One request, its script, and what each witness saw of it."""

    id: str
    request: bytes
    script: dict[str, Any] | None
    armed: bool
    launch: str
    method: str
    events_of: Callable[[str], list[Event]]
    trace: Trace = field(default_factory=list)
    response: Response | None = None
    interim: list[Response] = field(default_factory=list)
    partial: bytes = b""
    closed: bool = False
    reset: bool = False
    silent: bool = False
    died: str = ""
    last_words: str = ""

    @property
    def events(self) -> list[Event]:
        """Everything journalled for this exchange so far."""
        return self.events_of(self.id)

    @property
    def calls(self) -> list[Call]:
        """The calls of the application that belong to this exchange, oldest first."""
        grouped: dict[tuple[int, int, int], list[Event]] = {}
        for event in self.events:
            grouped.setdefault((event.pid, event.tid, event.call), []).append(event)
        return [Call(key[2], events) for key, events in grouped.items()]

    @property
    def call(self) -> Call:
        """The one call that was made for this request; a check whose premise is that there is one stops here."""
        calls = self.calls
        if len(calls) != 1:
            raise Blocked(f"the application was called {len(calls)} times for the request, {self.outcome}")
        return calls[0]

    @property
    def answer(self) -> Response:
        """The final response; a check whose premise is that there is one stops here."""
        if self.response is None:
            raise Blocked(f"no response: {self.outcome}")
        return self.response

    @property
    def head(self) -> Response | None:
        """The response, or the header of one that did not come whole; None where not even that came."""
        if self.response is not None:
            return self.response
        raw, end, _ = self.partial.partition(b"\r\n\r\n")
        return parse_head(raw, raw + end) if end else None

    @property
    def received(self) -> bytes:
        """Every octet that came on its connection."""
        return incoming(self.trace)

    @property
    def answered(self) -> bool:
        """Whether any octets came on its connection after the last that were sent."""
        directions = [direction for _, direction, octets in self.trace if octets]
        return directions[-1:] == ["in"]

    @property
    def refused(self) -> bool:
        """Whether the server refused the request itself: a 4xx, 501, 505 or a close, and no call."""
        if self.calls or self.died:
            return False
        return self.response.status in REFUSALS if self.response else (self.closed or self.reset)

    @property
    def outcome(self) -> str:
        """What came back, in a few words."""
        if self.died:
            return f"the server died ({self.died})"
        if self.response is not None:
            return f"the server answered {self.response.status}"
        if self.silent:
            return f"the server did not answer in time (received {self.partial[:80]!r})"
        if self.closed or self.reset:
            return f"the server {'reset' if self.reset else 'closed'} the connection (received {self.partial[:80]!r})"
        return f"received {self.partial[:80]!r}" if self.partial else "nothing was read"

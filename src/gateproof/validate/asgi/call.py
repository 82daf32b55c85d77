"""What all ASGI calls share: receive and send as the application sees them, and the end of the call."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any, ClassVar

from gateproof.validate.asgi.tables import NEW
from gateproof.validate.asgi.values import walk
from gateproof.validate.findings import Observer, Report

Event = Any
Receive = Callable[..., Awaitable[Any]]
Send = Callable[..., Awaitable[Any]]
Fault = tuple[str, str]

MOST_ERRORS = 20  # of a chain, or of a group, that are looked at
# A refusal of a legal event for one of these reasons shows a key that the server relied on; others may mean anything.
LOOK_UP = (KeyError, TypeError, AttributeError, ValueError)
RECEIVED = {
    "type": "ASGI-EVENT-003",
    "buffer": "ASGI-EVENT-003",
    "int": "ASGI-EVENT-005",
    "float": "ASGI-EVENT-007",
    "key": "ASGI-EVENT-009",
    "tuple": "ASGI-EVENT-011",
}
SENT = {
    "type": "ASGI-EVENT-004",
    "buffer": "ASGI-EVENT-020",
    "int": "ASGI-EVENT-006",
    "float": "ASGI-EVENT-008",
    "key": "ASGI-EVENT-010",
    "tuple": "ASGI-EVENT-012",
}


class Call(Observer):
    """State of one call."""

    __slots__ = (
        "_last",
        "_receive",
        "_send",
        "events",
        "faults",
        "gone",
        "inbound_state",
        "lost",
        "misled",
        "refused",
        "scope",
        "state",
        "version",
    )

    unknown_event: ClassVar[str] = ""
    inbound: ClassVar[dict[str, Any]]
    outbound: ClassVar[dict[str, Any]]

    def __init__(self, report: Report, inform: bool, scope: Any, receive: Receive, send: Send) -> None:
        """Judge the scope of the server."""
        self.report = report
        self.inform = inform
        self.said = None
        self.stopped = None
        self.scope = scope
        self._receive = receive
        self._send = send
        self.state = ""
        self.inbound_state = NEW
        self.gone = False  # the client's end was delivered
        self.lost = False  # nobody can know what the connection saw of the last send
        self.refused = False  # the server refused an event: what is missing may be its fault
        self.misled = ""  # the server gave an event that no application understands
        self.events = 0
        self.faults: list[str] | None = None
        self._last: Event = None
        self.begin()
        self.version = self.check_scope(scope)

    def begin(self) -> None:
        """Set what this protocol begins with."""
        raise NotImplementedError

    def check_scope(self, scope: Any) -> str:
        """Judge the scope; returns the spec version that it declares."""
        raise NotImplementedError

    # From the server

    async def receive(self, *args: Any, **kwargs: Any) -> Event:
        """Wait for the next event and judge it."""
        awaitable = self._receive(*args, **kwargs)
        if type(awaitable) is not CoroutineType and not inspect.isawaitable(awaitable):
            self.say("ASGI-APP-018", "receive() did not return an awaitable", "an awaitable", awaitable)
        event = await awaitable
        self.received(event)
        return event

    def received(self, event: Event) -> None:
        """Judge an event of the server."""
        try:
            judge = self.inbound.get(event["type"])
        except (TypeError, KeyError, IndexError, AttributeError):
            judge = None
        if judge is None or not isinstance(event, dict):
            self._strange_event(event)
        else:
            judge(self, event)

    def _strange_event(self, event: Event) -> None:
        kind = event.get("type") if isinstance(event, dict) else None
        if not isinstance(kind, str):
            self.say("ASGI-EVENT-001", "receive() gave no dict with a type", "{'type': str, ...}", event)
            return
        self.misled = kind
        protocol = self.scope["type"]
        if kind.split(".")[0] != protocol:
            self.say("ASGI-EVENT-013", "an event has the type of another protocol", f"{protocol}....", kind)
        else:
            self.unknown_received(kind)

    def unknown_received(self, kind: str) -> None:
        """Judge an event of the right protocol with an unknown type."""

    def walk_received(self, event: Event, known: tuple[str, ...]) -> None:
        """Judge the keys of an event that its message does not define; what they hold is free, but must be plain."""
        breach = walk({key: value for key, value in event.items() if key not in known})
        if breach is not None:
            self.say(RECEIVED[breach.kind], breach.message, breach.expected, breach.seen)

    # From the application

    async def send(self, *args: Any, **kwargs: Any) -> Any:
        """Judge an event of the application, pass it on, and judge what the server does with it."""
        event = args[0] if args else kwargs.get("event", kwargs.get("message"))
        before = self.state
        self.sent(event)
        faults = self.faults
        if faults is not None:
            self.faults = None
        try:
            awaitable = self._send(*args, **kwargs)
            if type(awaitable) is not CoroutineType and not inspect.isawaitable(awaitable):
                self.say("ASGI-APP-021", "send() did not return an awaitable", "an awaitable", awaitable)
            result = await awaitable
        except BaseException as error:
            if self.stopped is None:
                self._send_failed(event, before, faults, error)
            raise
        if faults:
            self._accepted(event, faults)
        return result

    def sent(self, event: Event) -> None:
        """Judge an event of the application."""
        try:
            kind = event["type"]
            judge = self.outbound.get(kind)
        except (TypeError, KeyError, IndexError, AttributeError):
            kind = judge = None
        if not isinstance(kind, str) or not isinstance(event, dict):
            self.wrong("ASGI-EVENT-002", "send() is given no dict with a type", "a dict", event, "ASGI-ERR-004")
        elif judge is None:
            self.unknown_sent(kind)
        else:
            judge(self, event)

    def unknown_sent(self, kind: str) -> None:
        """Judge an event whose type this protocol does not have; an extension that nobody here knows may have it."""
        expected = f"an event of {self.scope['type']} or of an advertised extension"
        if not self.knows_all_extensions():
            return
        self.wrong("ASGI-EVENT-014", "an event has an unknown type", expected, kind, self.unknown_event)

    def knows_all_extensions(self) -> bool:
        """Whether every advertised extension is one of those that the text defines."""
        extensions = self.scope.get("extensions")
        return not isinstance(extensions, dict) or KNOWN_EXTENSIONS.issuperset(extensions)

    def advertised(self, name: str) -> bool:
        """Whether the server offers an extension."""
        extensions = self.scope.get("extensions")
        return isinstance(extensions, dict) and name in extensions

    def walk_sent(self, event: Event, known: tuple[str, ...]) -> None:
        """Judge the keys of an event that its message does not define."""
        breach = walk({key: value for key, value in event.items() if key not in known})
        if breach is not None:
            self.wrong(SENT[breach.kind], breach.message, breach.expected, breach.seen)

    def wrong(self, requirement: str, message: str, expected: object, seen: object, refusal: str = "") -> None:
        """Report an application's fault in the event that it sends, and note what the server should do about it."""
        if self.faults is None:
            self.faults = []
        self.faults.append(refusal or requirement)
        self.say(requirement, message, expected, seen)

    def check_flag(self, event: Event, key: str) -> bool:
        """Judge a boolean of an event, and return its truth."""
        value = event.get(key, False)
        if value is not True and value is not False:
            self.wrong("ASGI-EVENT-018", f"{key} is not bool", "True or False", value)
        return bool(value)

    def _accepted(self, event: Event, faults: list[str]) -> None:
        """Judge the server, which took what it should have refused."""
        for fault in faults:
            if fault in REFUSALS:
                self.say(fault, "send() accepted what the application may not send", "an exception", event)

    def _send_failed(self, event: Event, before: str, faults: list[str] | None, error: BaseException) -> None:
        if not isinstance(error, Exception):
            self.lost = True  # cancelled in the middle
            return
        self.state = before
        self.refused = True
        if isinstance(error, OSError):
            self.lost = True
            if type(error).__module__ == "builtins":
                self.say("ASGI-HTTP-DISC-011", "send() raised no class of the server's own", "a subclass", type(error))
        elif self.gone:
            self.raised_when_gone(error)
        else:
            self.raised_for(event, faults or [], error)

    def raised_when_gone(self, error: Exception) -> None:
        """Judge an exception out of send, not an OSError, after the client's end was delivered."""

    def raised_for(self, event: Event, faults: list[str], error: Exception) -> None:
        """Judge an exception out of send, not an OSError, on a connection that lives."""

    # The end of the call

    def returned(self, result: object) -> None:
        """Judge a normal return."""
        if self.stopped is not None:
            return
        if result is not None:
            self.say("ASGI-APP-026", "the application returned a value", "None", result)
        if self.misled and not self.gone:
            self.say("ASGI-ERR-013", "an event of unknown type went unnoticed", "an exception", self.misled)
        if not (self.gone or self.lost or self.refused or self.misled):
            self.ended()

    def ended(self) -> None:
        """Judge what is missing at a normal return."""

    def raised(self, error: BaseException) -> None:
        """Judge an exception of the application."""


def of_the_server(error: BaseException | None) -> bool:
    """Whether an exception, or one that it was made of or holds, came out of receive or send."""
    passed = (Call.receive.__code__, Call.send.__code__)
    waiting = [error]
    for _ in range(MOST_ERRORS):
        one = waiting.pop() if waiting else None
        if one is None:
            continue
        place = one.__traceback__
        while place is not None:
            if place.tb_frame.f_code in passed:
                return True
            place = place.tb_next
        waiting += [one.__cause__ or one.__context__, *(one.exceptions if isinstance(one, BaseExceptionGroup) else ())]
    return False


KNOWN_EXTENSIONS = frozenset(
    [
        "tls",
        "http.response.push",
        "http.response.zerocopysend",
        "http.response.pathsend",
        "http.response.early_hint",
        "http.response.trailers",
        "http.response.debug",
        "websocket.http.response",
    ]
)
# The server's rows that a fault of the application can show.
REFUSALS = frozenset(
    [
        "ASGI-ERR-001",
        "ASGI-ERR-002",
        "ASGI-ERR-003",
        "ASGI-ERR-004",
        "ASGI-ERR-005",
        "ASGI-ERR-006",
        "ASGI-ERR-007",
        "ASGI-ERR-008",
        "ASGI-ERR-009",
        "ASGI-ERR-010",
        "ASGI-ERR-026",
        "ASGI-ERR-033",
        "ASGI-ERR-034",
        "ASGI-ERR-035",
        "ASGI-ERR-036",
        "ASGI-EXT-003",
        "ASGI-EXT-074",
        "ASGI-HTTP-RESP-040",
        "ASGI-WS-012",
        "ASGI-WS-016",
    ]
)

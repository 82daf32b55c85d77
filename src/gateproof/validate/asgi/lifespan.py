"""One lifespan call, and calls of types that nobody here knows."""

from __future__ import annotations

from typing import Any, ClassVar

from gateproof.validate.asgi import scope, tables
from gateproof.validate.asgi.call import LOOK_UP, Call, Event
from gateproof.validate.asgi.tables import LIFESPAN, LIFESPAN_END, LIFESPAN_WRONG

ANSWERS = tuple(
    f"lifespan.{name}" for name in ("startup.complete", "startup.failed", "shutdown.complete", "shutdown.failed")
)


class LifespanCall(Call):
    """State of one lifespan call."""

    __slots__ = ()
    unknown_event = "ASGI-ERR-003"

    def begin(self) -> None:
        """Begin before startup."""
        self.state = tables.NEW

    def check_scope(self, scope_: Any) -> str:
        """Judge the scope."""
        return scope.check_lifespan(scope_, self.say)

    # From the server

    def _event(self, event: Event) -> None:
        if len(event) > 1:
            self.walk_received(event, ("type",))
        name = event["type"][9:]
        state = LIFESPAN[self.state].get(name)
        if state is None:
            wrong = LIFESPAN_WRONG[self.state, name]
            self.say(wrong.requirement, f"{event['type']} {wrong.message}", f"what may follow {self.state}", name)
            state = wrong.state
        self.state = state

    inbound: ClassVar[dict[str, Any]] = {"lifespan.startup": _event, "lifespan.shutdown": _event}

    # From the application

    def _answer(self, event: Event) -> None:
        if len(event) > 1:
            self.walk_sent(event, ("type", "message"))
        kind = event["type"]
        if kind.endswith("failed") and not isinstance(event.get("message", ""), str):
            self.wrong("ASGI-LIFE-027", f"message of {kind} is not str", "str", event["message"])
        name = kind[9:]
        if self.inform and name == "startup.complete":
            self._check_state()
        state = LIFESPAN[self.state].get(name)
        if state is None:
            wrong = LIFESPAN_WRONG[self.state, name]
            self.wrong(wrong.requirement, f"{kind} {wrong.message}", f"what may follow {self.state}", name)
            state = wrong.state
        self.state = state

    def _check_state(self) -> None:
        state = self.scope.get("state")
        for key in state if isinstance(state, dict) else ():
            if not isinstance(key, str):
                self.say("ASGI-LIFE-039", "a key of state is not str", "str", key)

    outbound: ClassVar[dict[str, Any]] = dict.fromkeys(ANSWERS, _answer)

    # The end

    def raised_for(self, event: Event, faults: list[str], error: Exception) -> None:
        """Judge a refusal of an answer that leaves its message out."""
        if not faults and isinstance(error, LOOK_UP) and event["type"].endswith("failed") and "message" not in event:
            self.say("ASGI-LIFE-014", "an answer without message is refused", "''", error)

    def ended(self) -> None:
        """Judge a return in the middle."""
        end = LIFESPAN_END.get(self.state)
        if end is not None:
            self.say(end[0], end[1], "an answer, or an exception at once", self.state)

    def raised(self, error: BaseException) -> None:
        """Judge a startup that fails by raising, which says that lifespan is not supported."""
        if self.state == tables.STARTING and isinstance(error, Exception) and self.stopped is None:
            self.say("ASGI-LIFE-026", "startup failed by raising", "lifespan.startup.failed", error)


class OtherCall(Call):
    """State of a call whose scope type is none of the known ones."""

    __slots__ = ()
    inbound: ClassVar[dict[str, Any]] = {}
    outbound: ClassVar[dict[str, Any]] = {}

    def begin(self) -> None:
        """Begin with nothing known."""

    def check_scope(self, scope_: Any) -> str:
        """Judge what is common to all scopes."""
        return scope.check_other(scope_, self.say)

    def received(self, event: Event) -> None:
        """Judge that it is an event."""
        self.events += 1
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            self.say("ASGI-EVENT-001", "receive() gave no dict with a type", "{'type': str, ...}", event)

    def sent(self, event: Event) -> None:
        """Judge that it is an event."""
        self.events += 1
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            self.wrong("ASGI-EVENT-002", "send() is given no dict with a type", "a dict", event, "ASGI-ERR-004")

    def ended(self) -> None:
        """Judge a return without a word from a type that the application cannot know."""
        if not self.events:
            self.say("ASGI-ERR-016", "the application returned from an unknown scope type", "a raise", "return")

"""The handle of an adapter from ASGI: the application that it makes, with an ASGI application of ours inside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateproof.drive.wsgi.application import Application
from gateproof.inprocess import Subject
from gateproof.validate import Finding
from gateproof.validate import asgi as observers

Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Behaviour = Callable[["Inside", Receive, Send], Awaitable[None]]
TEXT = (b"content-type", b"text/plain")


@dataclass(eq=False)
class Inside:
    """One call of the ASGI application, and what it met."""

    scope: dict[str, Any]
    received: list[Event] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        """The body of the request, as far as it was received."""
        return b"".join(event.get("body", b"") for event in self.received if event.get("type") == "http.request")


async def whole(receive: Receive) -> None:
    """Receive until the request is over."""
    while (await receive()).get("more_body"):
        pass


def sending(*events: Event) -> Behaviour:
    """Return an application that reads the whole body and sends these events."""

    async def behave(inside: Inside, receive: Receive, send: Send) -> None:
        await whole(receive)
        for event in events:
            await send(dict(event))

    return behave


def responding(
    status: int = 200, headers: Sequence[tuple[bytes, bytes]] = (TEXT,), parts: Sequence[bytes] = (b"inner",)
) -> Behaviour:
    """Return an application that answers like this."""
    start = {"type": "http.response.start", "status": status, "headers": list(headers)}
    body = [{"type": "http.response.body", "body": part, "more_body": True} for part in parts]
    return sending(start, *body, {"type": "http.response.body", "body": b"", "more_body": False})


async def by_method(inside: Inside, receive: Receive, send: Send) -> None:
    """Answer as an ordinary application does, with and without a body."""
    status = {"DELETE": 204, "PATCH": 304}.get(inside.scope["method"], 200)
    await responding(status, parts=(b"he", b"llo") if status == 200 else ())(inside, receive, send)


class Adapter(Application):
    """What checks get as `app` where it is an adapter."""

    def __init__(self, subject: Subject) -> None:
        """Wrap an ASGI application whose behaviour each call chooses."""
        super().__init__(subject)
        self.behaviour: Behaviour = by_method
        self.calls: list[Inside] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                raise ValueError(f"no scope of type {scope['type']}")
            inside = Inside(scope)
            self.calls.append(inside)

            async def plain(scope: Any, receive: Any, send: Any) -> None:
                async def taking() -> Event:
                    inside.received.append(await receive())
                    return inside.received[-1]

                await self.behaviour(inside, taking, send)

            await observers.observe(plain, inside.findings.append)(scope, receive, send)

        self.app = subject.wrap(app)

    def inside(self, behaviour: Behaviour) -> None:
        """Let the ASGI application behave like that from now on, and forget its calls."""
        self.behaviour, self.calls = behaviour, []

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Forget the check before."""
        super().begin_check(name, patient=patient)
        self.inside(by_method)

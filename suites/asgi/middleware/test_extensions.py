"""Middleware and what is beyond the core of the protocol: events of extensions, and those that nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateproof.check import requirement
from gateproof.drive.asgi import Call, Middleware, Request
from gateproof.drive.asgi.middleware import Inner, whole
from gateproof.drive.asgi.scopes import PLAIN, http_scope
from gateproof.judge import Judge

from .around import CONNECT, GONE, reached

Event = dict[str, Any]
START: Event = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
PARTS: tuple[Event, ...] = (
    {"type": "http.response.body", "body": b"one " * 300, "more_body": True},
    {"type": "http.response.body", "body": b"two " * 300},
)
DEBUG: Event = {"type": "http.response.debug", "info": {"a": 1}}
HINT: Event = {"type": "http.response.early_hint", "links": [b"</style.css>; rel=preload; as=style"]}
PUSH: Event = {"type": "http.response.push", "path": "/style.css", "headers": [(b"accept", b"text/css")]}
COPY: Event = {"type": "http.response.zerocopysend"}
TRAILER = (b"x-gateproof", b"1")
TRAILERS: Event = {"type": "http.response.trailers", "headers": [TRAILER]}
OFFERED: dict[str, tuple[Event, ...]] = {
    "ASGI-MW-050": (DEBUG, START, *PARTS),
    "ASGI-MW-051": (HINT, START, *PARTS),
    "ASGI-MW-052": (START, PUSH, *PARTS),
    "ASGI-MW-053": ({**START, "trailers": True}, *PARTS, TRAILERS),
    "ASGI-MW-054": (START, COPY),
}
KINDS = dict(zip(OFFERED, (DEBUG, HINT, PUSH, TRAILERS, COPY), strict=True))
# What the sender of a response may be invited to: middleware that encodes takes another way through its own code.
INVITED = ((), ((b"accept-encoding", b"gzip, br, deflate"), (b"origin", b"http://elsewhere.example")))
# Each belongs to its protocol, and to an extension that nobody knows.
UNKNOWN: Event = {"type": "http.gateproof", "value": {"a": [1, None]}}
SPOKEN: Event = {"type": "websocket.gateproof", "value": {"a": [1, None]}}
FURTHER: dict[str, Any] = {UNKNOWN["type"]: {}, SPOKEN["type"]: {}}


def arrived(call: Call, kind: str) -> bool:
    """Tell whether what an event says is there outside; octets of a file may come in its place."""
    if kind == TRAILERS["type"]:
        announced = (call.first(START["type"]) or {}).get("trailers") is True
        given = [tuple(pair) for event in call.sent if event["type"] == kind for pair in event.get("headers", ())]
        return announced and TRAILER in given
    return kind in call.types or (kind == COPY["type"] and bool(call.body))


@requirement("ASGI-MW-050", "ASGI-MW-051", "ASGI-MW-052", "ASGI-MW-053", "ASGI-MW-054")
def test_events_of_extensions_come_out(middleware: Middleware, judge: Judge) -> None:
    """Where middleware leaves an extension in the scope, its event arrives outside, and the response is whole."""
    request = reached(middleware)[0]
    for row, events in OFFERED.items():
        kind = KINDS[row]["type"]
        for fields in INVITED:
            offered: list[bool] = []

            async def sending(
                inner: Inner, receive: Any, send: Any, kind: str = kind, events: Any = events, offered: Any = offered
            ) -> None:
                await whole(receive)
                offered.append(kind in (inner.scope.get("extensions") or {}))
                with Path(__file__).open("rb") as file:
                    for event in events if offered[-1] else (START, *PARTS):
                        await send({**event, "file": file} if event is COPY else dict(event))

            middleware.inside(sending)
            call = middleware.http(request.but(headers=fields), PLAIN.but(offers={kind: {}}))
            if offered == [True]:
                judge(row, arrived(call, kind) and call.complete, f"{kind} in a response that is complete", _seen(call))
        if row not in {judgement.requirement for judgement in judge.judgements}:
            lacking = f"the middleware does not offer {kind} to the application inside"
            judge.unsupported(row, lacking, lacks=f"extension:{kind}")


def _seen(call: Call) -> str:
    return call.outcome if call.complete else f"{call.outcome}; the response is not complete"


@requirement("ASGI-MW-055")
def test_unknown_events_of_the_application_are_not_lost(middleware: Middleware, judge: Judge) -> None:
    """An event of unknown type that is sent inside arrives outside, or an exception says that it does not."""
    request = reached(middleware)[0]
    for fields in INVITED:
        for events in ((UNKNOWN, START, *PARTS), (START, UNKNOWN, *PARTS), (START, PARTS[0], UNKNOWN, PARTS[1])):

            async def sending(inner: Inner, receive: Any, send: Any, events: Any = events) -> None:
                await whole(receive)
                for event in events:
                    await send(dict(event))

            middleware.inside(sending)
            call = middleware.http(request.but(headers=fields), PLAIN.but(offers=FURTHER))
            _judge_out(middleware, judge, "ASGI-MW-055", call)


def _judge_out(middleware: Middleware, judge: Judge, row: str, call: Call, event: Event = UNKNOWN) -> None:
    if middleware.only is None or event not in middleware.only.sent:
        return
    refused = call.error is not None or middleware.only.raised
    judge(row, refused or event in call.sent, "the event of unknown type outside, or an exception", call.outcome)


@requirement("ASGI-MW-056")
def test_unknown_events_of_the_server_are_not_lost(middleware: Middleware, judge: Judge) -> None:
    """An event of unknown type that the server gives arrives inside, or an exception says that it does not."""
    request = reached(middleware)[0]

    async def listening(inner: Inner, receive: Any, send: Any) -> None:
        for _ in range(4):
            if (await receive())["type"] in (UNKNOWN["type"], "http.disconnect"):
                break
        for event in (START, *PARTS):
            await send(dict(event))

    one = {"type": "http.request", "body": b"one ", "more_body": True}
    two = {"type": "http.request", "body": b"two", "more_body": False}
    for events in ((one, two, UNKNOWN), (one, UNKNOWN, two)):
        call = _told(middleware, request, listening, *events)
        _judge_in(middleware, judge, "ASGI-MW-056", call)
    judge.unsupported_rest("the middleware receives no more than it needs")


def _told(middleware: Middleware, request: Request, behaviour: Callable[..., Any], *events: Event) -> Call:
    """Give events to a request; its client leaves when all of them were taken, and the application waits for more."""

    async def script(call: Call) -> None:
        call.give(*events)
        await call.until(lambda: call.complete or (call.awaiting and not call.inbox), middleware.patience)
        call.leave({"type": "http.disconnect"})
        await call.end(middleware.patience)

    middleware.inside(behaviour)
    return middleware.play(http_scope(request, PLAIN.but(offers=FURTHER)), script)


def _judge_in(middleware: Middleware, judge: Judge, row: str, call: Call, event: Event = UNKNOWN) -> None:
    if middleware.only is None or event not in call.given:
        return
    refused = call.error is not None or middleware.only.error is not None
    heard = [each["type"] for each in middleware.only.received]
    told = refused or event in middleware.only.received
    judge(row, told, "the event of unknown type inside, or an exception", f"{heard}; {call.outcome}")


@requirement("ASGI-MW-057")
def test_unknown_events_of_a_conversation_are_not_lost(middleware: Middleware, judge: Judge) -> None:
    """An event of unknown type beside the messages of a WebSocket arrives, inside and outside."""
    request = reached(middleware)[0]

    async def talking(inner: Inner, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send(dict(SPOKEN))
        for _ in range(3):
            if (await receive())["type"] in (SPOKEN["type"], GONE["type"]):
                break
        await send({"type": "websocket.close"})

    async def script(call: Call) -> None:
        call.give(CONNECT)
        await call.until(lambda: "websocket.accept" in call.types, middleware.patience)
        call.give(SPOKEN)
        await call.until(
            lambda: "websocket.close" in call.types or (call.awaiting and not call.inbox), middleware.patience
        )
        call.leave(GONE, repeated=False)
        await call.end(middleware.patience)

    middleware.inside(talking)
    call = middleware.websocket(request, script, PLAIN.but(offers=FURTHER))
    if "websocket.accept" in call.types:
        _judge_out(middleware, judge, "ASGI-MW-057", call, SPOKEN)
        _judge_in(middleware, judge, "ASGI-MW-057", call, SPOKEN)
    judge.unsupported_rest("no handshake reaches the application inside")

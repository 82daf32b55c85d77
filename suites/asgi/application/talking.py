"""Conversations over a WebSocket, from the side of the server."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from gateproof.drive.asgi import App, Call, Request
from gateproof.drive.asgi.scopes import websocket_scope
from gateproof.drive.moods import AGAIN

from .drawing import GOODBYES, Talked

CONNECT = {"type": "websocket.connect"}
GONE: dict[str, Any] = {"type": "websocket.disconnect", "code": 1001, "reason": "going"}
TEXT: dict[str, Any] = {"type": "websocket.receive", "text": "hello", "bytes": None}
DATA: dict[str, Any] = {"type": "websocket.receive", "bytes": b"\x00\xff", "text": None}
CHAT = ("v1.json", "chat")
REPLY_S = 0.3  # how long something is waited for that may never come
TURNS = 12
Script = Callable[[Call], Coroutine[Any, Any, None]]


def opened(call: Call) -> bool:
    """Tell whether the application accepted."""
    return "websocket.accept" in call.types


def answered(call: Call) -> bool:
    """Tell whether the handshake has its answer."""
    return any(
        kind.startswith(("websocket.accept", "websocket.close", "websocket.http.response")) for kind in call.types
    )


def admitted(ask: Callable[[], Call]) -> Call:
    """Return a conversation; one that is refused is tried again: who is full sends others away for a while."""
    call = ask()
    for _ in range(AGAIN):
        if opened(call) or call.error is not None or not answered(call):
            break
        call = ask()
    return call


def went_alike(seen: Call, plain: Call) -> bool:
    """Tell whether a conversation had the events of another one, whatever was said in them."""
    return (seen.types, type(seen.error), seen.hung) == (plain.types, type(plain.error), plain.hung)


def differs(usual: Call, seen: Call, like: Callable[[Call, Call], bool], *ask: Callable[[], Call]) -> bool:
    """Tell whether a conversation goes otherwise than the usual one as often as the two ways to `ask` are tried.

    By chance, by the time, or for those who are too many, it may go otherwise without any other reason.
    """
    plain, other = ask
    for _ in range(AGAIN):
        if like(seen, usual):
            return False
        if seen.hung or type(seen.error) is not type(usual.error):
            return True
        if not like(plain(), usual):
            return False
        seen = other()
    return not like(seen, usual)


def shut(call: Call) -> bool:
    """Tell whether the application has ended the conversation."""
    return "websocket.close" in call.types or call.ended


async def rest(app: App, call: Call, count: int = 0) -> None:
    """Wait until the application waits for more, and has sent so many events where that many are known to come."""
    await call.until(lambda: (call.awaiting and not call.inbox) or shut(call), app.patience)
    for _ in range(TURNS):
        await app.loop.turn()
    if count and len(call.sent) < count:
        await call.until(lambda: len(call.sent) >= count, app.patience)


def conversation(
    app: App,
    messages: Sequence[Mapping[str, Any]] = (TEXT, DATA),
    *,
    connect: Mapping[str, Any] = CONNECT,
    gone: Mapping[str, Any] | None = GONE,
    replies: int | None = None,
    raising: bool = False,
    repeated: bool = False,
) -> Script:
    """Return a client that says this and leaves; `replies` is how many events are known to come back for it."""

    async def script(call: Call) -> None:
        call.give(connect)
        await call.until(lambda: answered(call), app.patience)
        if opened(call):
            for number, message in enumerate(messages, 1):
                if shut(call):
                    break
                before = len(call.sent)
                call.give(message)
                if replies is None and number == 1:
                    await call.until(lambda: len(call.sent) > before or call.ended, REPLY_S)  # noqa: B023
                await rest(app, call)
            if replies is not None:
                await rest(app, call, replies)
        if gone is not None and not call.ended:
            call.leave(gone, repeated=repeated, raising=raising)
        await call.end(app.patience)

    return script


def spoken(app: App, talk: Talked) -> Script:
    """Return the client of a drawn conversation."""
    gone = GOODBYES[talk.goodbye]
    if talk.says is None:
        return unopened(app, gone)
    if not talk.hurried:
        return conversation(app, talk.says, gone=gone, replies=0, raising=talk.raising)
    says = talk.says

    async def script(call: Call) -> None:
        call.give(CONNECT)
        await call.until(lambda: answered(call), app.patience)
        if opened(call) and not shut(call):
            call.give(*says)
            await rest(app, call)
        if not call.ended:
            call.leave(gone, repeated=False, raising=talk.raising)
        await call.end(app.patience)

    return script


def unopened(app: App, goodbye: Mapping[str, Any]) -> Script:
    """Return a client that leaves before the application has answered its handshake."""

    async def script(call: Call) -> None:
        call.give(CONNECT, goodbye)
        call.left = True
        await call.end(app.patience)

    return script


def conversations(app: App, requests: Sequence[Request], words: Sequence[str]) -> list[Call]:
    """Play handshakes at the same time; each that is accepted says its own words, when all had their answer."""

    async def script(calls: list[Call]) -> None:
        for call in reversed(calls):
            call.give(CONNECT)
        for call in calls:
            await call.until(lambda: answered(call) or call.ended, app.patience)  # noqa: B023
        for call, word in reversed(list(zip(calls, words, strict=True))):
            if opened(call) and not shut(call):
                call.give({**TEXT, "text": word})
        for call in calls:
            if opened(call) and not shut(call):
                await call.until(lambda: "websocket.send" in call.types or call.ended, REPLY_S)  # noqa: B023
            await rest(app, call)
        for call in calls:
            call.leave(GONE, repeated=False)
        for call in calls:
            await call.end(app.patience)

    return app.at_once(websocket_scope, requests, script)

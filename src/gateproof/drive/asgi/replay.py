"""Plays an exchange of a report again: the same scope, and the same events when the application had sent as much.

Where middleware is played, the application inside does what it did: it receives, sends and ends in the same order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from gateproof import values
from gateproof.drive.asgi.call import Call, ClientGone, Event
from gateproof.drive.asgi.middleware import CANCELLED, Behaviour, Inner, InnerFailed, Middleware, Receive, Send
from gateproof.drive.asgi.playing import Stage
from gateproof.inprocess import Played

GIVEN = ("scope", "receive", "send within")
OWN = "state"  # of a scope: what the application's lifespan has left there, which it leaves there again


def replayable(kept: Mapping[str, Any]) -> bool:
    """Tell whether the journal of an exchange holds all that the application was given, or did inside middleware."""
    given = [each for each in kept["app"] if each["event"] in GIVEN]
    scopes = [each["value"] for each in given if each["event"] == "scope"]
    if kept["truncated"] or len(scopes) != 1:
        return False
    shown = [each["value"] for each in given if each["event"] != "scope"]
    pairs = scopes[0].get("dict", ()) if isinstance(scopes[0], dict) else ()
    return bool(pairs) and values.exact([*shown, *(value for key, value in pairs if key != OWN)])


def replay(stage: Stage, kept: Mapping[str, Any]) -> Played:
    """Play the exchange, and return what came of it."""
    if isinstance(stage, Middleware):
        stage.inside(_inside(stage, kept["app"]))
    journal = [(each["event"], values.decode(each["value"])) for each in kept["app"]]
    scope = next(value for name, value in journal if name == "scope")
    given: list[tuple[int, Event]] = []  # how many events the application had sent by then, and what it got
    refused: set[int] = set()
    count = 0
    for name, value in journal:
        if name == "receive":
            given.append((count, value["event"]))
        elif name == "send":
            if "raised" in value:
                refused.add(count)
            count += 1

    async def script(call: Call) -> None:
        def refuse(event: Event) -> BaseException | None:
            return ClientGone("the client is gone") if len(call.sent) + call.raised in refused else None

        call.refuse = refuse
        for number, (sent, event) in enumerate(given):
            await call.until(lambda sent=sent: len(call.sent) + call.raised >= sent, stage.patience)  # type: ignore[misc]
            call.give(event)
            if number + 1 == len(given) and str(event.get("type")).endswith(".disconnect"):
                call.last = event
        await call.end(stage.patience)

    if scope.get("type") == "lifespan":
        stage.rest()
    elif OWN in scope:
        stage.wake()
        scope[OWN] = dict(stage.state)
    return stage.again(scope, script).played


def _inside(stage: Middleware, journal: Sequence[Mapping[str, Any]]) -> Behaviour:
    """Return what an application inside does that does what the journal says, call by call."""
    calls: dict[int, list[tuple[str, Any]]] = {}
    for each in journal:
        if each["event"].endswith(" within"):
            calls.setdefault(each["call"], []).append((each["event"], values.decode(each["value"])))
    parts = list(calls.values())

    async def behave(inner: Inner, receive: Receive, send: Send) -> None:
        for name, value in parts[inner.number - 1] if inner.number <= len(parts) else ():
            if name == "receive within":
                await receive()
            elif name == "send within":
                with contextlib.suppress(*(Exception,) if "raised" in value else ()):
                    await send(value["event"])
            elif name == "ended within" and value.get("raised") in CANCELLED:
                await stage.loop.flag().wait()
            elif name == "ended within" and "raised" in value:
                raise InnerFailed(f"{value['raised']}, as it was reported")

    return behave

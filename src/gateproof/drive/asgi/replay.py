"""Plays an exchange of a report again: the same scope, and the same events when the application had sent as much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateproof import values
from gateproof.drive.asgi.call import Call, ClientGone, Event
from gateproof.drive.asgi.playing import Stage
from gateproof.inprocess import Played

OWN = "state"  # of a scope: what the application's lifespan has left there, which it leaves there again


def replayable(kept: Mapping[str, Any]) -> bool:
    """Tell whether the journal of an exchange holds all that the application was given."""
    given = [each for each in kept["app"] if each["event"] in ("scope", "receive")]
    scopes = [each["value"] for each in given if each["event"] == "scope"]
    if kept["truncated"] or len(scopes) != 1:
        return False
    shown = [each["value"] for each in given if each["event"] == "receive"]
    pairs = scopes[0].get("dict", ()) if isinstance(scopes[0], dict) else ()
    return bool(pairs) and values.exact([*shown, *(value for key, value in pairs if key != OWN)])


def replay(stage: Stage, kept: Mapping[str, Any]) -> Played:
    """Play the exchange, and return what came of it."""
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

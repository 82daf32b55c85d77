"""Events: asgi.rst > Events, Strings and Unicode, Error Handling."""

from __future__ import annotations

from functools import partial
from typing import Any

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import App, Call
from gateproof.drive.asgi.scopes import PLAIN, Request
from gateproof.judge import Judge

from . import drawing
from .surveying import accepting, overseen
from .talking import CONNECT, DATA, GONE, TEXT, conversation, differs, went_alike
from .varying import unchanged, working

WRONG_REQUESTS: tuple[dict[str, Any], ...] = (
    {"type": "http.bogus"},
    {"type": "http.request", "body": "text", "more_body": False},
)
WRONG_MESSAGES: tuple[dict[str, Any], ...] = (
    {"type": "websocket.bogus"},
    {"type": "websocket.receive"},
)


@requirement("ASGI-EVENT-002", "ASGI-EVENT-014")
def test_an_event_has_a_type_of_its_protocol(app: App, judge: Judge, draw: Draw) -> None:
    """Whatever is sent is a dict with a type, and the type belongs to the protocol or to an extension."""
    overseen(app, judge, draw, "ASGI-EVENT-002", "ASGI-EVENT-014")


@requirement("ASGI-EVENT-004", "ASGI-EVENT-006", "ASGI-EVENT-008", "ASGI-EVENT-010", "ASGI-EVENT-012")
def test_an_event_holds_plain_values(app: App, judge: Judge, draw: Draw) -> None:
    """Values are of the types that the text lists, integers fit 64 bits, floats are finite, keys are str."""
    overseen(app, judge, draw, "ASGI-EVENT-004", "ASGI-EVENT-006", "ASGI-EVENT-008", "ASGI-EVENT-010", "ASGI-EVENT-012")


@requirement("ASGI-EVENT-016", "ASGI-EVENT-018", "ASGI-EVENT-020")
def test_strings_and_flags_have_their_types(app: App, judge: Judge, draw: Draw) -> None:
    """Byte strings are bytes, Unicode strings are str, flags are bool."""
    overseen(app, judge, draw, "ASGI-EVENT-016", "ASGI-EVENT-018", "ASGI-EVENT-020")


@requirement("ASGI-ERR-013", revision=2)
def test_an_event_that_is_wrong_is_noticed(app: App, judge: Judge) -> None:
    """An event of unknown type, or with a wrong or missing field, makes the application raise or refuse."""
    looked = False
    for usual in working(app):
        for wrong in WRONG_REQUESTS:
            call = _misled(app, usual.request, wrong)
            noticed = call.ended and (call.error is not None or (call.status or 500) >= 400)
            if wrong in call.given and call.sent[:1] != _before(call, wrong)[:1]:
                looked = True
                judge("ASGI-ERR-013", noticed and not call.hung, f"an exception at {wrong}", call.outcome)
    for place in accepting(app):
        for wrong in WRONG_MESSAGES:
            call = app.websocket(place, conversation(app, [wrong]), observed=False)
            if wrong in call.given:
                looked = True
                noticed = call.error is not None or _refusal(call) is not None
                judge("ASGI-ERR-013", noticed and not call.hung, f"an exception at {wrong}", call.outcome)
    if not looked:
        lacks = "" if accepting(app) else "input"
        judge.unsupported("ASGI-ERR-013", "no event is received before the answer that could be noticed", lacks=lacks)


def _misled(app: App, request: Request, wrong: dict[str, Any]) -> Call:
    """Give a wrong event, and after it what an application that takes no notice may go on with."""

    async def script(call: Call) -> None:
        call.give(wrong, {"type": "http.request", "body": b"", "more_body": False})
        await app.answered(call)

    from gateproof.drive.asgi.scopes import http_scope

    return app.play(http_scope(request), script, observed=False)


def _before(call: Call, event: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what had been sent when an event was received: who answers first cannot have noticed."""
    sent: list[dict[str, Any]] = []
    for note in call.played.events:
        if note.name == "receive" and note.value["event"] == event:
            break
        if note.name == "send":
            sent.append(note.value["event"])
    return sent


def _refusal(call: Call) -> dict[str, Any] | None:
    closed = call.first("websocket.close")
    return closed if closed is not None and closed.get("code", 1000) != 1000 else None


@requirement("ASGI-ERR-015", revision=2)
def test_further_keys_in_events(app: App, judge: Judge, draw: Draw) -> None:
    """Keys that belong to nobody, in any event that is received, change nothing."""
    ways, sockets = working(app), list(accepting(app))[:2]
    plain = {place: app.websocket(place, conversation(app)) for place in sockets}

    def law(more: dict[str, Any]) -> None:
        more = {key: value for key, value in more.items() if key not in ("Type", "status")}
        for usual in ways:
            unchanged(app, judge, "ASGI-ERR-015", usual, PLAIN.but(more_in_events=more))
        for place in sockets:
            before = plain[place]
            plainly = conversation(app, replies=before.replies)
            script = conversation(
                app,
                [{**TEXT, **more}, {**DATA, **more}],
                connect={**CONNECT, **more},
                gone={**GONE, **more},
                replies=before.replies,
            )
            asks = [partial(app.websocket, place, each) for each in (plainly, script)]
            call = asks[1]()
            same = not differs(before, call, went_alike, *asks)
            judge("ASGI-ERR-015", same, f"{place} as usual: {before.outcome}", call.outcome)

    corpus: list[dict[str, Any]] = [{"gateproof.extra": {"a": [1, None]}}, {"x": b"\xff", "self": 2**63 - 1}]
    draw(law, drawing.strangers(), corpus, examples=10)

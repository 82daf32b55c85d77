"""ASGI specification, Applications: hundreds of calls of both kinds at the same time, and what is whose among them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import takewhile
from typing import Any

from gateproof.asgi_scripts import (
    Step,
    accepting,
    asgi,
    look,
    message,
    mutate,
    receive,
    receive_until,
    respond,
    send,
    wait,
)
from gateproof.check import requirement
from gateproof.conversation import Conversation
from gateproof.dialogue import Dialogue
from gateproof.exchange import Call
from gateproof.judge import Judge
from gateproof.patience import PATIENT_S
from gateproof.target import Server
from gateproof.wire.request import get

from .calling import has_websocket
from .looking import pairs, plain
from .talking import content, ended, short

HELD = 200
MARK = "gateproof.mark"
FIELD = b"gateproof-mark"
NESTED = ("state", "extensions")
TELL = wait("nothing", 0.0)  # to ask is to tell at once what was seen: cheaper, for so many, than to tell each of it


@requirement("ASGI-APP-024", "ASGI-LIFE-033", "ASGI-SCOPE-001", "ASGI-SCOPE-007", "ASGI-WS-025", "ASGI-WS-034")
def test_many_at_the_same_time(server: Server, judge: Judge) -> None:
    """Two hundred WebSockets and as many long polls stand while others are served, and each has what is its own.

    Each call leaves a mark in its scope and in what is within, when it begins; when all of them have begun, each looks.
    """
    one = server.exchange(get(), asgi(*_marks("first"), respond())).call
    alone = _foreign(server.exchange(get(), asgi(look(), respond())).call, "second")
    with ExitStack() as stack:
        sockets = _sockets(server, judge, stack) if has_websocket(server) else []
        polls = [stack.enter_context(server.connect()) for _ in range(HELD)]
        for number, connection in enumerate(polls):
            steps = (*_marks(f"poll {number}"), wait("go", 2 * PATIENT_S), look(), respond(octets=b"%d" % number))
            connection.begin(get(b"/%d" % number), asgi(*steps))
        waiting = list(takewhile(lambda connection: connection.wait("waiting", server.patience), polls))
        if len(waiting) == HELD:
            others = server.answers_others(3, time.monotonic() + server.patience)
            standing = f"{HELD} calls wait and {len(sockets)} WebSockets are open"
            judge("ASGI-APP-024", others, f"answers while {standing}", "none")
        else:
            judge.reading("ASGI-APP-024", f"of {HELD} calls {len(waiting)} are made: others wait, or are refused")
        _answers(judge, waiting, alone)
        _messages(judge, sockets, alone)
    for row, seen in alone.items():
        judge.blocked(row, f"what one call leaves another sees, though they come one after the other: {seen}")
    if "state" not in one.scope:
        judge.unsupported("ASGI-LIFE-033", "the scope has no state")
    if not sockets:
        for row in ("ASGI-WS-025", "ASGI-WS-034"):
            judge.unsupported(row, "no WebSocket was accepted")
    judge.rest_blocked("none of the calls that waited was answered")


def _marks(name: str) -> list[Step]:
    """Leave a mark wherever a call can; what cannot be changed stays as it is."""
    nested = [mutate("set", key, MARK, value=name) for key in NESTED]
    return [mutate("set", MARK, value=name), *nested, mutate("append", "headers", value=(FIELD, name.encode()))]


def _foreign(call: Call, name: str) -> dict[str, str]:
    """Return what a call has seen of the marks of others, by the requirement that forbids it."""
    looked = call.first("look")
    scope = plain(looked.get("value")) if isinstance(looked, dict) else None
    if not isinstance(scope, dict):
        return {}
    inner = {key: found if isinstance(found := plain(scope.get(key)), dict) else {} for key in NESTED}
    marks = [value for key, value in pairs(scope) if key == FIELD]
    seen: dict[str, Any] = {
        "ASGI-SCOPE-001": scope.get(MARK, name),
        "ASGI-LIFE-033": inner["state"].get(MARK, name),
        "ASGI-SCOPE-007": inner["extensions"].get(MARK, name),
    }
    found = {row: f"the mark of {mark!r}" for row, mark in seen.items() if mark != name}
    if any(mark != name.encode() for mark in marks):
        found["ASGI-SCOPE-007"] = f"headers with the marks {marks}"
    return found


def _own(judge: Judge, call: Call, name: str, alone: dict[str, str]) -> None:
    """Judge that a call which looked, while the others were open, saw no mark but its own."""
    if not call.has("look"):
        return
    foreign = _foreign(call, name)
    for row in {"ASGI-SCOPE-001", "ASGI-SCOPE-007", *(["ASGI-LIFE-033"] if "state" in call.scope else [])} - {*alone}:
        judge(row, row not in foreign, f"among {HELD} open calls of each kind: no mark but that of {name!r}", foreign)


def _answers(judge: Judge, waiting: Sequence[Dialogue], alone: dict[str, str]) -> None:
    """Let the polls go on, and judge that each is answered, and from a scope of its own."""
    for connection in waiting:
        connection.release("go")
    for number, connection in enumerate(waiting):
        x = connection.read_answer()
        seen = x.response.body if x.response is not None else x.outcome
        if not judge("ASGI-APP-024", seen == b"%d" % number, f"the answer to call {number}", seen):
            break
        if connection.wait("look") is not None:
            path = plain(x.call.scope.get("path"))
            judge("ASGI-SCOPE-001", path == f"/{number}", f"the path in the scope of call {number}", path)
            _own(judge, x.call, f"poll {number}", alone)


def _sockets(server: Server, judge: Judge, stack: ExitStack) -> list[Conversation]:
    """Open the WebSockets; return those that are accepted."""
    held = []
    for number in range(HELD):
        steps = (receive(), look(), send(message(text=str(number))), TELL, receive_until("websocket.disconnect"))
        script = accepting(*_marks(f"socket {number}"), *steps, live=False)
        held.append(stack.enter_context(server.websocket(script, b"/%d" % number, read=False)))

    def accepted(talk: Conversation) -> bool:
        talk.dialogue.read_answer()
        return talk.accepted

    open_ones = list(takewhile(accepted, held))
    if len(open_ones) < HELD:
        judge.reading("ASGI-WS-025", f"of {HELD} WebSockets {len(open_ones)} are accepted")
    return open_ones


def _messages(judge: Judge, sockets: Sequence[Conversation], alone: dict[str, str]) -> None:
    """Say something on each WebSocket, and judge that each side gets what is for it."""
    for number, talk in enumerate(sockets):
        talk.text(f"to {number}")
    for number, talk in enumerate(sockets):
        read = talk.next_message()
        right = read is not None and read.payload == b"%d" % number
        judge("ASGI-WS-034", right, f"of {len(sockets)}: {number}", short(read) if read is not None else ended(talk))
        event = talk.told("websocket.receive")
        told = event is not None and content(event) == f"to {number}"
        judge("ASGI-WS-025", told, f"of {len(sockets)}: 'to {number}'", event)
        if read is None or event is None:
            break
        _own(judge, talk.call, f"socket {number}", alone)

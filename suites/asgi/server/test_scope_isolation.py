"""ASGI specification, Overview, and HTTP & WebSocket specification: whose a scope is, and how long it stays."""

from __future__ import annotations

from typing import Any

from gateproof.asgi_scripts import (
    Step,
    asgi,
    attempt,
    look,
    message,
    mutate,
    read_body,
    receive,
    respond,
    send,
)
from gateproof.check import requirement
from gateproof.exchange import Call
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.request import get, post

from .calling import has_websocket, over
from .looking import ABSENT, kept, pairs, plain
from .talking import talking

MARK = "gateproof.mark"
FIELD = (b"gateproof-mark", b"1")
CHANGES = [
    mutate("set", MARK, value="ours"),
    mutate("set", "path", value="/changed"),
    mutate("del", "query_string"),
    mutate("del", "headers"),
]
NESTED = [
    mutate("set", "extensions", MARK, value={}),
    mutate("set", "asgi", MARK, value="ours"),
    mutate("append", "headers", value=FIELD),
]
UNDO = [mutate("del", MARK), mutate("del", "extensions", MARK), mutate("del", "asgi", MARK)]


@requirement("ASGI-SCOPE-001")
def test_changes_stay_in_their_call(server: Server, judge: Judge) -> None:
    """What a call sets, changes or deletes in its scope, no other call sees: on this connection and on a new one."""
    with kept(server) as connection:
        connection.exchange(get(b"/one?a"), asgi(*CHANGES, respond()))
        same = connection.exchange(get(b"/two?b"), asgi(*UNDO, respond()))
    other = server.exchange(get(b"/two?b"), asgi(*UNDO, respond()))
    for where, x in (("the same connection", same), ("another connection", other)):
        _unchanged(judge, x.call, where)
    if has_websocket(server):
        for number in range(2):
            steps = [*(CHANGES if number == 0 else UNDO), send(message(text="a"))]
            with talking(server, *steps, target=b"/two?b") as talk:
                talk.next_message()
                talk.part()
                talk.hang_up()
                talk.over()
        _unchanged(judge, talk.exchange.call, "a further WebSocket")


def _unchanged(judge: Judge, call: Call, where: str) -> None:
    """Judge that nothing of the other call's doing is here, whatever else may be wrong with the scope."""
    for key, unwanted in ((MARK, "ours"), ("path", "/changed"), ("query_string", ABSENT), ("headers", ABSENT)):
        seen = plain(call.scope.get(key, ABSENT))
        judge("ASGI-SCOPE-001", seen != unwanted, f"{where}: {key} as the server made it", seen)


@requirement("ASGI-SCOPE-007")
def test_nested_values_are_not_shared(server: Server, judge: Judge) -> None:
    """What a call adds to headers, asgi and extensions of its scope, no other call sees."""
    with kept(server) as connection:
        connection.exchange(get(), asgi(*NESTED, respond()))
        same = connection.exchange(get(), asgi(*UNDO, respond()))
    other = server.exchange(get(), asgi(*UNDO, respond()))
    for where, x in (("the same connection", same), ("another connection", other)):
        for name in ("extensions", "asgi"):
            inner = plain(x.call.scope.get(name))
            leaked = isinstance(inner, dict) and MARK in inner
            judge("ASGI-SCOPE-007", not leaked, f"{where}: {name} as the server made it", inner)
        judge(
            "ASGI-SCOPE-007", FIELD not in pairs(x.call.scope), f"{where}: headers of this request", pairs(x.call.scope)
        )


@requirement("ASGI-SCOPE-002")
def test_scope_stays_as_it_is(server: Server, judge: Judge) -> None:
    """While a call runs its scope does not change."""
    x = server.exchange(post(b"abc"), asgi(read_body(), *_respond_and_look()))
    over(server, x, server.patience)
    _stays(judge, x.call, "http")
    if has_websocket(server):
        with talking(server, send(message(text="a")), receive(), look(), receive(1.0), look()) as talk:
            talk.next_message()
            talk.text("b")
            talk.part()
            talk.hang_up()
            _stays(judge, talk.over(), "websocket")


def _respond_and_look() -> list[Step]:
    return [look(), respond(), attempt([receive(0.2)]), look()]


def _stays(judge: Judge, call: Call, kind: str) -> None:
    first = _own(call.scope)
    for said in call.named("look"):
        now = _own(plain(said.get("value")))
        changed = {
            key: now.get(key, ABSENT) for key in {*first, *now} if now.get(key, ABSENT) != first.get(key, ABSENT)
        }
        judge("ASGI-SCOPE-002", not changed, f"{kind}: what it was at the beginning", changed)


def _own(scope: Any) -> dict[Any, Any]:
    """Return a scope without its state, which is the application's."""
    return {key: value for key, value in scope.items() if key != "state"} if isinstance(scope, dict) else {}

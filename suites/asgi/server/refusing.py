"""Handshakes that fail, each in another way: what the application or the client does, and what has to come of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from gateproof.asgi_scripts import (
    Step,
    accept,
    accepting,
    asgi,
    attempt,
    close,
    fail,
    receive,
    receive_until,
    send,
    wait,
)
from gateproof.conversation import Conversation
from gateproof.target import Server
from gateproof.wire import websocket as ws

from .looking import extensions, websocket_scope
from .talking import answers_soon, limit
from .test_websocket_denial import EXTENSION, Denial

DISCONNECT = "websocket.disconnect"
DEAR_S = 0.5  # one that takes longer is not played within every other conversation


@dataclass(frozen=True)
class Failure:
    """One way for a handshake to fail, with the requirement that says what comes of it; '' where none does.

    `status` is that of the answer; without one an error or the end of the connection will do. The client may leave
    before the reply ("resets"), or within its request ("stops"), or ask for what there is not ("version").
    """

    row: str
    steps: tuple[Step, ...]
    status: int = 0
    client: str = "reads"


FAILURES = {
    "app closes": Failure("ASGI-WS-006", (send(close()),), 403),
    "app closes 4001": Failure("ASGI-WS-008", (send(close(code=4001, reason="no")),), 403),
    "app denies 401": Failure("ASGI-EXT-070", tuple(Denial(401).steps()), 401),
    "app raises": Failure("ASGI-ERR-020", (fail(),)),
    "app returns": Failure("ASGI-WS-081", ()),
    "client resets": Failure("ASGI-WS-061", (receive_until(DISCONNECT),), client="resets"),
    "client resets, app accepts": Failure(
        "ASGI-WS-103", (wait("go"), attempt([send(accept())]), receive_until(DISCONNECT)), client="resets"
    ),
    "client stops": Failure("", (), client="stops"),
    "client wants version 12": Failure("", (send(close()),), client="version"),
}


def failed(server: Server, kind: str) -> str:
    """Fail a handshake on a connection of its own; return what is wrong with what came of it, '' where nothing is."""
    failure, handshake = FAILURES[kind], ws.handshake()
    if failure.client == "stops":
        with server.connect() as connection:
            connection.send(handshake[: len(handshake) // 2])
            connection.reset()
        return ""
    request = handshake.replace(b"Version: 13", b"Version: 12") if failure.client == "version" else handshake
    script = asgi(receive(), *failure.steps, live=True)
    with server.websocket(script, request=request, read=failure.client != "resets") as talk:
        if failure.client == "resets":
            return _left(talk, server)
        x = talk.exchange
        ended = (x.response is not None and x.response.status >= 400) or x.closed or x.reset
        right = x.response is not None and x.response.status == failure.status if failure.status else ended
        return "" if right or not failure.row else x.outcome


def _left(talk: Conversation, server: Server) -> str:
    """Leave before the reply; return what is wrong with what the application is told."""
    if talk.told("websocket.connect") is None:
        return "the application got no websocket.connect"
    talk.reset()
    answers_soon(server)
    talk.dialogue.release("go")
    if talk.told(DISCONNECT, limit(server)) is not None:
        return ""
    sent = talk.call.first("send")
    refused = isinstance(sent, dict) and sent.get("os_error")
    return "" if refused else f"received: {[event.get('type') for event in talk.call.received]}"


def _tried(server: Server, kind: str) -> tuple[str, bool]:
    """Fail a handshake; return what is wrong with what came of it, and whether it took long."""
    begun = time.monotonic()
    return failed(server, kind), time.monotonic() - begun > DEAR_S


def unfit(server: Server) -> dict[str, str]:
    """Return the kinds that alone come to what they should not, or take long, with what it is: others judge that."""
    found = {}
    for kind in FAILURES:
        if kind == "app denies 401" and EXTENSION not in extensions(websocket_scope(server)):
            found[kind] = f"the scope does not advertise {EXTENSION}"
            continue
        # What another handshake left behind shows once, and so does a machine that has something else to do.
        first = _tried(server, kind)
        wrong, dear = _tried(server, kind) if any(first) else first
        if wrong and first[0]:
            found[kind] = f"{kind}, alone: {wrong}"
        elif dear and first[1]:
            found[kind] = f"{kind}, alone: it takes more than {DEAR_S} s"
    with server.websocket(accepting()):
        return found  # what all of them left behind shows once, and not in what follows

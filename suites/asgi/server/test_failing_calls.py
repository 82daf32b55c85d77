"""ASGI specification, Error Handling: calls that raise or end too early, and sends that come too late.

Where a server answers no failed call, each check waits for all of its patience: those that draw nothing do so beside.
"""

from __future__ import annotations

import time
from secrets import token_hex
from typing import Any

from hypothesis import strategies as st

from gateproof.asgi_scripts import (
    Script,
    Step,
    accept,
    asgi,
    attempt,
    body,
    fail,
    loop,
    message,
    ok,
    receive,
    receive_until,
    send,
    start,
    wait,
)
from gateproof.check import launch, requirement
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge
from gateproof.patience import ANSWER_S, PATIENT_S
from gateproof.target import Server
from gateproof.wire.request import get, post

from .calling import GET, has_websocket, over, patiently, pause
from .looking import tells_of
from .talking import limit, speaks, talking

LENGTH = (b"content-length", b"40")
LOGGED_S = 0.5
RACES = 5  # a request may meet the end of the connection at any of its stages, one of which ended a server
Unfinished = tuple[bool, list[int]]


def unfinished(shape: Unfinished, end: Step | None) -> Script:
    """Begin a response, in chunks or with a length that is not reached, then end the call."""
    with_length, sizes = shape
    headers = [LENGTH] if with_length else []
    parts = [send(body(b"x" * size, more=True)) for size in sizes]
    return asgi(send(start(headers=headers)), *parts, *([end] if end else []))


SHAPES: list[Unfinished] = [(False, []), (True, []), (False, [4]), (True, [4]), (False, [5, 7]), (True, [5, 7])]


def error_or_end(x: Exchange) -> bool:
    """Tell whether the client got an error, or the end of the connection."""
    if x.response is not None:
        return x.response.status >= 400
    return x.closed or x.reset


def truncated(x: Exchange) -> bool:
    """Tell whether the client can see that it did not get all; one that ends with the connection cannot show it."""
    if x.response is None:
        return x.closed or x.reset
    return x.response.status >= 500 or x.response.framing == "close"


@launch("beside")
@requirement("ASGI-ERR-018", "ASGI-ERR-021")
def test_raise_before_the_start(server: Server, judge: Judge) -> None:
    """An application that raises before it has started a response is answered for, and not called again."""
    with patiently(server):
        for kind in ("ProbeError", "OSError", "ExceptionGroup"):
            for request in (GET, post(b"a body that is not read")):
                x = server.exchange(request, asgi(fail(kind)))
                over(server, x, server.patience)
                judge("ASGI-ERR-018", error_or_end(x), f"an error or the end of the connection ({kind})", x.outcome)
        pause(server)
        judge("ASGI-ERR-021", len(x.calls) == 1, "no further call for the request", f"{len(x.calls)} calls")


@launch("beside")
@requirement("ASGI-ERR-019", "ASGI-ERR-021")
def test_raise_after_the_start(server: Server, judge: Judge) -> None:
    """An application that raises within its response leaves one that does not pass for whole."""
    with patiently(server):
        for shape in SHAPES:
            x = server.exchange(GET, unfinished(shape, fail()))
            over(server, x, server.patience)
            judge("ASGI-ERR-021", len(x.calls) == 1, "no further call for the request", f"{len(x.calls)} calls")
            told = f"a response that is visibly cut off, of {shape[1]} octets"
            if not judge("ASGI-ERR-019", truncated(x), told, _what(x)):
                return


def _what(x: Exchange) -> str:
    framed = f", framing {x.response.framing}, body {x.response.body!r}" if x.response is not None else ""
    return x.outcome + framed


@requirement("ASGI-ERR-020", "ASGI-ERR-021")
def test_raise_on_websocket(server: Server, judge: Judge) -> None:
    """An application that raises ends the WebSocket, before accept and after."""
    speaks(server)
    with patiently(server):
        with server.websocket(asgi(receive(), fail(), live=True)) as talk:
            talk.over()
            refused = not talk.accepted and error_or_end(talk.exchange)
            judge("ASGI-ERR-020", refused, "a handshake that fails", talk.exchange.outcome)
            judge.reading("ASGI-ERR-020", f"before accept: {talk.exchange.outcome}")
        with talking(server, fail()) as talk:
            frame = talk.closing(limit(server))
            ended = frame is not None or talk.ended
            judge("ASGI-ERR-020", ended, "a close frame, or the end of the connection", "neither")
            judge.reading("ASGI-ERR-020", f"after accept: close frame {frame.code if frame else 'none'}")
            talk.hang_up()
            over(server, talk.exchange, server.patience)
        judge("ASGI-ERR-021", len(talk.exchange.calls) == 1, "no further call", f"{len(talk.exchange.calls)} calls")


@requirement("ASGI-ERR-022", revision=2)
def test_others_go_on(server: Server, judge: Judge, draw: Draw) -> None:
    """Whatever one call raises, other calls are served, and later failures are answered."""
    with patiently(server):
        first = server.exchange(GET, asgi(fail()))
        over(server, first, server.patience)
        answered = error_or_end(first)
        kinds = ["raise", "raise late", "return", "healthy"]
        if has_websocket(server):
            kinds.append("websocket")

        def law(plan: list[str]) -> None:
            for number, kind in enumerate(plan):
                told = f"{kind} after {plan[:number]}"
                if kind == "websocket":
                    with server.websocket(asgi(receive(), fail(), live=True)):
                        pass
                    continue
                x = server.exchange(GET, SCRIPTS[kind])
                if kind == "healthy":
                    fine = x.response is not None and x.response.status == 200 and x.response.body == b"ok"
                    judge("ASGI-ERR-022", fine, f"200: {told}", x.outcome)
                elif kind == "raise" and answered:
                    judge("ASGI-ERR-022", error_or_end(x), f"an error: {told}", x.outcome)

        usual = ["raise late", "raise", "healthy", "return", "raise", "healthy"]
        corpus = [usual, [kind for kind in ("websocket",) if kind in kinds] + ["raise", "healthy"]]
        draw(law, st.lists(st.sampled_from(kinds), min_size=2, max_size=6), corpus, examples=4)


# What an application may say to any client, or says wrongly; what send makes of it is left to leave the application.
ACCEPTANCES: list[dict[str, Any]] = [
    {"subprotocol": "gateproof-unknown"},
    {"subprotocol": "gateproof\0unknown"},
    {"headers": [(b"x-gateproof", b"a\r\nb")]},
    {"headers": [("x-gateproof", "text")]},
]


@requirement("ASGI-ERR-022")
def test_others_go_on_after_an_acceptance(server: Server, judge: Judge) -> None:
    """A WebSocket that is accepted with what the client did not offer, or wrongly, is the end of nothing else."""
    speaks(server)
    for fields in ACCEPTANCES:
        with server.websocket(asgi(receive(), send({"type": "websocket.accept", **fields}), live=True)) as talk:
            talk.over()
            talk.hang_up()
        told = f"a server that serves others after an acceptance with {fields}"
        if not judge("ASGI-ERR-022", not talk.exchange.died and _answers(server), told, "it died"):
            return


@launch("beside")
@requirement("ASGI-ERR-030")
def test_others_go_on_after_a_cancellation(server: Server, judge: Judge) -> None:
    """A call that ends in CancelledError is the end of nothing else."""
    with patiently(server):
        first = server.exchange(GET, asgi(fail()))
        over(server, first, server.patience)
        if not first.calls or first.call.opening.get("host") != "asyncio":
            server.unsupported("the calls do not run in asyncio")
        answered = error_or_end(first)
        patience = server.patience
        server.exchange(GET, SCRIPTS["cancelled"], timeout=ANSWER_S / 2)
        server.patience = patience  # whether this one was answered is not asked
        healthy, failing = server.exchange(GET, ok()), server.exchange(GET, asgi(fail()))
        fine = healthy.response is not None and (healthy.response.status, healthy.response.body) == (200, b"ok")
        judge("ASGI-ERR-030", fine, "200 after a cancellation", healthy.outcome)
        right = error_or_end(failing) or not answered
        judge("ASGI-ERR-030", right, "an error for a failure after a cancellation", failing.outcome)


SCRIPTS: dict[str, Script] = {
    "raise": asgi(fail()),
    "raise late": unfinished((False, [4]), fail()),
    "return": unfinished((False, [4]), None),
    "return early": asgi(),
    "cancelled": asgi(fail("CancelledError")),
    "healthy": ok(),
}


@launch("beside")
@requirement("ASGI-ERR-022", "ASGI-ERR-029", revision=2)
def test_the_connection_of_a_failed_call(server: Server, judge: Judge) -> None:
    """Behind a call that failed the connection ends, or serves the next request like any other."""
    met = server.silences
    with patiently(server):
        for kind in (*["raise"] * RACES, "return early", "cancelled", "raise late", "return"):
            if server.silences > met:
                break  # where a failed call is not answered at all is judged by others, and costs time
            if kind == "cancelled" and server.exchange(GET, ok()).call.opening.get("host") != "asyncio":
                continue
            for request in (GET, post(b"a body that is not read")):
                following = _behind(server, request, SCRIPTS[kind])
                about = f"{kind}, {request.split(b' ')[0].decode()}"
                if not judge("ASGI-ERR-022", _answers(server), f"a server that serves others after {about}", "it died"):
                    return
                if following is None:
                    continue
                right = _served(following)
                if not judge("ASGI-ERR-029", right, f"the next answer, or an end, after {about}", _what(following)):
                    return
    judge.rest_blocked("no call that failed was answered by a whole response")


def _behind(server: Server, request: bytes, script: Script) -> Exchange | None:
    """Make another request behind one whose call fails; None where that had no whole response."""
    with server.connect() as connection:
        connection.begin(request, script)
        x = connection.read_answer()
        if x.response is None or not x.response.complete or x.response.framing == "close":
            return None
        connection.begin(get(b"/next"), ok(b"next"))
        return connection.read()


def _served(x: Exchange) -> bool:
    """Tell whether a request behind another one was served as it is, or met the end of the connection."""
    if x.response is None:
        return not x.silent and not x.partial
    return x.response.body == b"next" and [call.scope.get("method") for call in x.calls] == ["GET"]


@requirement("ASGI-ERR-024")
def test_sends_after_the_end_http(server: Server, judge: Judge) -> None:
    """What is sent when the client is gone does nothing, or raises an OSError."""
    x = _abandoned(server, *[attempt([send(body(b"more", more=True))]) for _ in range(3)])
    for said in x.call.sent[2:]:
        judge("ASGI-ERR-024", _harmless(said), "http: nothing, or an OSError", said)
    judge("ASGI-ERR-024", _answers(server), "a server that serves others", "it does not")


@requirement("ASGI-ERR-024")
def test_sends_after_the_end_websocket(server: Server, judge: Judge) -> None:
    """The same on a WebSocket, whether the client left before accept or after it."""
    late = [attempt([send(message(text="late"))]) for _ in range(2)]
    with talking(server, receive_until("websocket.disconnect"), *late) as talk:
        talk.part()
        talk.hang_up()
        talk.over()
    for said in talk.exchange.call.sent[1:]:
        judge("ASGI-ERR-024", _harmless(said), "websocket: nothing, or an OSError", said)
    steps = (receive(), wait("go", 8.0), receive_until("websocket.disconnect", deadline=0.3), attempt([send(accept())]))
    with server.websocket(asgi(*steps, live=True), read=False) as talk:
        if not talk.wait("waiting"):
            raise Blocked("the application was not called")
        talk.reset()
        talk.dialogue.release("go")
        talk.over()
    if any(event.get("type") == "websocket.disconnect" for event in talk.exchange.call.received):
        for said in talk.exchange.call.sent:
            judge("ASGI-ERR-024", _harmless(said), "accept too late: nothing, or an OSError", said)
    judge.rest_blocked("no call went on to send when its client had gone")


def _harmless(said: dict[str, Any]) -> bool:
    return not said.get("raised") or said.get("os_error") is True


def _answers(server: Server) -> bool:
    return server.answers_others(1, time.monotonic() + PATIENT_S)


def _abandoned(server: Server, *steps: Step) -> Exchange:
    """Make an exchange whose client leaves in the middle; the steps are played when the application knows."""
    script = asgi(send(start()), send(body(b"part", more=True)), receive_until("http.disconnect"), *steps, live=True)
    with server.connect() as connection:
        x = connection.begin(GET, script)
        if connection.wait("send", server.patience) is None:
            raise Blocked("the response was not started")
        connection.reset()
        over(server, x, limit(server))
    if not any(event.get("type") == "http.disconnect" for event in x.call.received):
        raise Blocked("no http.disconnect came")
    return x


@requirement("ASGI-ERR-023", "ASGI-ERR-025", revision=2)
def test_what_is_logged(server: Server, judge: Judge) -> None:
    """An exception of a send that came too late is the server's own: it is no error of the application."""
    before, after = (f"gateproof-{token_hex(6)}" for _ in range(2))
    logged = _logged(server, before)
    judge.reading("ASGI-ERR-023", "exceptions are logged" if logged else "exceptions are not logged")
    x = _abandoned(server, loop(40, send(body(b"late" * 4096, more=True))))
    raised = x.call.first("raised")
    if not raised:
        judge("ASGI-ERR-025", True)  # nothing escaped, as no send raised
        return
    name = str(raised.get("raised")).rpartition(".")[2]
    if logged:
        _logged(server, after)
    log = server.running.log_tail(400)
    between = log.rpartition(before)[2].partition(after)[0]
    told = logged and tells_of(name, between.splitlines())
    judge("ASGI-ERR-025", not told, f"no traceback of {name}", between)
    judge("ASGI-ERR-025", _answers(server), "a server that serves others", "it does not")


def _logged(server: Server, text: str) -> bool:
    """Let a call raise with a text; tell whether the server logs it."""
    server.exchange(GET, asgi(fail("ProbeError", text)))
    return server.log_has(text, LOGGED_S)


@launch("beside")
@requirement("ASGI-ERR-027")
def test_return_without_a_response(server: Server, judge: Judge) -> None:
    """An application that returns without a response is answered for."""
    with patiently(server):
        x = server.exchange(get(), asgi())
        judge("ASGI-ERR-027", error_or_end(x), "an error or the end of the connection", x.outcome)


@launch("beside")
@requirement("ASGI-ERR-028")
def test_return_within_the_response(server: Server, judge: Judge) -> None:
    """An application that returns within its response leaves one that does not pass for whole."""
    with patiently(server):
        for shape in SHAPES:
            x = server.exchange(GET, unfinished(shape, None))
            told = f"a response that is visibly cut off, of {shape[1]} octets"
            if not judge("ASGI-ERR-028", truncated(x), told, _what(x)):
                return

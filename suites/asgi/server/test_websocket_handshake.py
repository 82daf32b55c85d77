"""HTTP & WebSocket specification, WebSocket: Connect and Accept, and Close before the socket is accepted."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import strategies as st

from gateproof.asgi_scripts import (
    Event,
    Script,
    accept,
    accepting,
    asgi,
    attempt,
    attempts,
    close,
    receive,
    receive_until,
    send,
    spawn,
    wait,
)
from gateproof.check import requirement
from gateproof.conversation import Conversation
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire import websocket as ws
from gateproof.wire.request import HOST, build

from .looking import due, websocket_scope
from .responding import EVIL_NAMES, EVIL_VALUES, injected, without_additions
from .talking import answers_soon, content, depart, ended, events, followed, limit, speaks

Fields = list[tuple[bytes, bytes]]
PROTOCOL = b"Sec-WebSocket-Protocol"


ALONE = (b"date", b"server", b"sec-websocket-accept")  # of each of these a message has one at most


def shook(server: Server, script: Script, headers: Any = (), protocols: Any = ()) -> Exchange:
    """Ask for a WebSocket, and return what came back before the application is done."""
    with server.websocket(script, b"/", headers, protocols) as talk:
        server.channel.fence()
        return talk.exchange


@requirement("ASGI-WS-001", "ASGI-WS-002", "ASGI-WS-089")
def test_connect_comes_first_and_once(server: Server, judge: Judge) -> None:
    """websocket.connect is the first event and comes once; an accept without further keys is all it takes."""
    speaks(server)
    with server.websocket(accepting(receive(), receive())) as talk:
        talk.wait("send")
        refusal = talk.call.raised()
        if not judge("ASGI-WS-089", talk.accepted and not refusal, "101", f"{talk.exchange.outcome} {refusal}"):
            judge.rest_blocked("the handshake was not completed")
            return
        talk.text("hello")
        talk.told("websocket.receive")
        depart(talk)
        talk.over()
        kinds = [event.get("type") for event in talk.call.received]
    judge("ASGI-WS-001", kinds[:1] == ["websocket.connect"], "websocket.connect first", kinds)
    judge("ASGI-WS-002", kinds.count("websocket.connect") == 1, "websocket.connect once", kinds)


@requirement("ASGI-WS-002", "ASGI-WS-115")
def test_a_receive_that_waits_for_the_acceptance(server: Server, judge: Judge) -> None:
    """A receive that is called before the reply gets the first message behind it, and no second websocket.connect."""
    speaks(server)
    early = (spawn("early", receive()), wait("go"), send(accept()), wait("end"))
    with server.websocket(asgi(receive(), *early, live=True), read=False) as talk:
        if not talk.wait("waiting"):
            raise Blocked("the application did not come to its reply")
        answers_soon(server)
        talk.dialogue.release("go")
        talk.dialogue.read_answer()
        if talk.accepted:
            talk.text("first")
            talk.told("websocket.receive", limit(server))
        kinds = [event.get("type") for event in talk.call.received]
        judge("ASGI-WS-002", kinds.count("websocket.connect") == 1, "websocket.connect once", kinds)
        if talk.accepted and kinds.count("websocket.connect") == 1:
            got = [content(event) for event in events(talk.call, "websocket.receive")]
            judge("ASGI-WS-115", got == ["first"], "the message", kinds)
        talk.dialogue.release("end")
    judge.rest_blocked("the receive was answered before, or the handshake not completed")


@requirement("ASGI-WS-003")
def test_waits_for_the_reply(server: Server, judge: Judge) -> None:
    """Nothing completes the handshake while the application has not replied."""
    speaks(server)
    with server.websocket(asgi(receive(), wait("go"), send(accept()), live=True), read=False) as talk:
        if not talk.wait("waiting"):
            raise Blocked("the application did not come to its reply")
        followed(server, talk.dialogue.wire)
        seen = talk.exchange.received
        judge("ASGI-WS-003", not seen.startswith(b"HTTP/1.1 101"), "no 101 before the reply", seen[:80])
        talk.dialogue.release("go")


@requirement("ASGI-WS-001", "ASGI-WS-004", "ASGI-WS-092")
def test_a_frame_right_behind_the_handshake(server: Server, judge: Judge) -> None:
    """A message that came too early waits for the acceptance, or fails the connection; it disturbs nothing else."""
    speaks(server)
    script = asgi(
        receive(), spawn("early", receive()), wait("go"), send(accept()), wait("end"), live=True
    )  # the child waits before the acceptance, and behind it
    for early in (ws.encode(ws.TEXT, b"early"), ws.encode(ws.TEXT, b"early") + ws.encode(ws.BINARY, b"\0" * 70_000)):
        with server.websocket(script, request=ws.handshake() + early, read=False) as talk:
            if _waits(talk):
                followed(server, talk.dialogue.wire)
                before = events(talk.call, "websocket.receive")
                judge("ASGI-WS-004", not before, "no websocket.receive before websocket.accept", before)
                kinds = [event.get("type") for event in talk.call.received]
                judge("ASGI-WS-001", kinds[:1] == ["websocket.connect"], "websocket.connect first", kinds)
                talk.dialogue.release("go")
            x = talk.dialogue.read_answer()
            judge("ASGI-WS-092", x.response is not None, "an HTTP response", x.outcome)
            if talk.accepted:
                answers_soon(server)
                talk.drain()
                arrived = [content(event) for event in events(talk.call, "websocket.receive")][:1] == ["early"]
                judge.reading("ASGI-WS-092", "it is delivered" if arrived else f"it is lost, {ended(talk)}")
                talk.dialogue.release("end")
    judge.rest_blocked("the handshake did not reach the application")


def _waits(talk: Conversation) -> bool:
    """Tell whether the application comes to its reply; a server may have answered, or ended, before that."""
    deadline = time.monotonic() + talk.dialogue.server.patience
    while time.monotonic() < deadline:
        if talk.wait("waiting", 0.05):
            return True
        if talk.dialogue.wire.readable():
            return talk.wait("waiting", 0.05)
    return False


REFUSALS: list[dict[str, Any]] = [
    {},
    {"code": 1000},
    {"code": 4001, "reason": "no"},
    {"code": 4401, "reason": None},
    {"code": 1008, "reason": "caf\u00e9"},
]


@requirement("ASGI-WS-006", "ASGI-WS-007", "ASGI-WS-008")
def test_close_before_accept(server: Server, judge: Judge) -> None:
    """websocket.close in reply to websocket.connect is a 403, whatever its code says."""
    speaks(server)
    for more in REFUSALS:
        x = shook(server, asgi(receive(), send(close(**more)), live=True), protocols=[b"chat"])
        answered = x.response is not None and x.response.status == 403
        judge("ASGI-WS-008" if more.get("code") else "ASGI-WS-006", answered, f"403 for {close(**more)}", x.outcome)
        seen = x.response.head[:300] if x.response is not None else x.partial[:300]
        judge("ASGI-WS-007", not seen.startswith(b"HTTP/1.1 101"), "no 101", seen)


KEYS = (b"dGhlIHNhbXBsZSBub25jZQ==", b"/////////////////////w==", b"AAAAAAAAAAAAAAAAAAAAAA==")
SHAPES: list[Fields] = [
    [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")],
    [(b"Upgrade", b"WebSocket"), (b"Connection", b"keep-alive, Upgrade")],
    [(b"connection", b"upgrade"), (b"upgrade", b"websocket"), (b"content-length", b"0")],
    [(b"Connection", b"keep-alive"), (b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")],
    [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"), (b"Origin", b"http://a.test"), (b"Accept", b"*/*")],
]


@requirement("ASGI-WS-009")
def test_the_handshake_is_completed(server: Server, judge: Judge) -> None:
    """websocket.accept is a valid 101 for every form that the client's handshake may take."""
    speaks(server)
    for number, shape in enumerate(SHAPES):
        key = KEYS[number % len(KEYS)]
        own = [HOST, *shape, (b"Sec-WebSocket-Key", key), (b"Sec-WebSocket-Version", b"13")]
        with server.websocket(accepting(receive()), request=build(b"GET", b"/", own, None)) as talk:
            x = talk.exchange
            if x.refused:
                judge.reading("ASGI-WS-009", f"a handshake with {shape} is refused: {x.outcome}")
                continue
            problems = ws.handshake_problems(x.response, key) if x.response is not None else [x.outcome]
            judge("ASGI-WS-009", not problems, "a valid 101", "; ".join(problems))


@requirement("ASGI-WS-107")
def test_no_field_of_the_answer_is_there_twice(server: Server, judge: Judge) -> None:
    """What the server itself puts into the answer it puts there once: of a field like Date there is one."""
    speaks(server)
    x = shook(server, accepting())
    names = [name.lower() for name, _ in x.answer.headers]
    twice = sorted({name for name in names if name in ALONE and names.count(name) > 1})
    judge("ASGI-WS-107", not twice, "no second field of a name that can be there once", twice)


@requirement("ASGI-WS-010")
def test_the_subprotocol_is_told(server: Server, judge: Judge, draw: Draw) -> None:
    """The subprotocol that the application accepts is the one that the client reads."""
    speaks(server)

    def law(case: tuple[list[str], int]) -> None:
        offered, index = case
        chosen = offered[index % len(offered)]
        x = shook(server, accepting(receive(), subprotocol=chosen), protocols=[word.encode() for word in offered])
        if x.refused:
            return
        seen = x.response.all(PROTOCOL) if x.response is not None and x.response.status == 101 else x.outcome
        judge("ASGI-WS-010", seen == [chosen.encode()], f"{chosen!r} of {offered}", seen)

    tokens = st.sampled_from(["chat", "v1.2", "graphql-ws", "a!#$%&'*+-.^_`|~9", "X", "soap", "Mixed.Case", "12"])
    corpus = [(["p1", "p2"], 1), (["only"], 0), (["graphql-transport-ws", "Graphql-WS", "a!#$%&'*+-.^_`|~9"], 2)]
    draw(law, st.tuples(st.lists(tokens, min_size=1, max_size=4, unique=True), st.integers(0, 3)), corpus, examples=10)


@requirement("ASGI-WS-011", "ASGI-WS-012")
def test_no_subprotocol_of_its_own(server: Server, judge: Judge) -> None:
    """Without a subprotocol the client reads none, and never one that it did not offer."""
    speaks(server)
    without: list[dict[str, Any]] = [{}, {"subprotocol": None}]
    for more in without:
        x = shook(server, accepting(receive(), **more), protocols=[b"p1", b"p2"])
        completed = x.response is not None and x.response.status == 101
        seen = x.response.all(PROTOCOL) if completed and x.response is not None else x.outcome
        judge("ASGI-WS-011", seen == [], f"no {PROTOCOL.decode()} for {accept(**more)}", seen)
    steps = [receive(), *attempts(send(accept(subprotocol="nope"))), send(close())]
    x = shook(server, asgi(*steps, live=True), protocols=[b"p1"])
    told = x.response.all(PROTOCOL) if x.response is not None and x.response.status == 101 else []
    judge("ASGI-WS-012", told != [b"nope"], "no subprotocol that was not offered", told)


NAMES = (b"x-acc", b"set-cookie", b"x-other", b"x-acc-2", b"vary", b"link")
VALUES = (b"1", b"a=b; Path=/", b"a, b", b'"q;, "', b"a  b", b"%41", b"x" * 300, b"0")


@requirement("ASGI-WS-013")
def test_headers_of_accept(server: Server, judge: Judge, draw: Draw) -> None:
    """Every field of websocket.accept is in the 101 response; those of one name in their order."""
    speaks(server)
    if not due(judge, websocket_scope(server), "ASGI-WS-013"):
        return

    def law(given: Any) -> None:
        fields = [(bytes(name), bytes(value)) for name, value in given]
        x = shook(server, accepting(receive(), headers=given))
        if x.refused:
            return
        for name in dict(fields):
            wanted = [value for key, value in fields if key == name]
            shook_hands = x.response is not None and x.response.status == 101
            seen = without_additions(x.response, name, wanted) if x.response is not None and shook_hands else x.outcome
            judge("ASGI-WS-013", seen == wanted, f"{name!r}: {wanted} for {given}", seen)

    corpus: list[Any] = [
        [(b"x-acc", b"1"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")],
        [[b"x-acc", b"list"], [b"x-other", b"2"]],
        ((b"x-acc", b"tuple"),),
        [(b"set-cookie", b"z=1"), (b"x-acc", b"1"), (b"set-cookie", b"a=2"), (b"x-acc", b"0")],
        [(b"x-acc", b"")],
    ]
    pair = st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES))
    draw(law, st.lists(pair, min_size=1, max_size=6), corpus, examples=20)


@requirement("ASGI-WS-016")
def test_subprotocol_among_the_headers(server: Server, judge: Judge) -> None:
    """sec-websocket-protocol is no field for the headers of websocket.accept: it does not reach the wire."""
    speaks(server)
    if not due(judge, websocket_scope(server), "ASGI-WS-016"):
        return
    steps = [receive(), *attempts(send(accept(headers=[(b"sec-websocket-protocol", b"p1")]))), send(close())]
    x = shook(server, asgi(*steps, live=True), protocols=[b"p1", b"p2"])
    told = x.response.all(PROTOCOL) if x.response is not None and x.response.status == 101 else []
    judge("ASGI-WS-016", not told, "send raises, or the field is left out", f"101 with {told}")


@requirement("ASGI-WS-061")
def test_a_client_that_leaves_before_the_reply(server: Server, judge: Judge) -> None:
    """An application that has not replied yet gets websocket.disconnect when the client is gone."""
    speaks(server)
    with server.websocket(asgi(receive(), receive_until("websocket.disconnect"), live=True), read=False) as talk:
        if talk.told("websocket.connect") is None:
            raise Blocked("the application got no websocket.connect")
        talk.reset()
        _left(talk, judge, server)


@requirement("ASGI-WS-103")
def test_a_client_that_left_is_accepted(server: Server, judge: Judge) -> None:
    """An application that accepts a client who has left hears of it: from receive, or as an OSError from send."""
    speaks(server)
    steps = (receive(), wait("go"), attempt([send(accept())]), receive_until("websocket.disconnect"))
    with server.websocket(asgi(*steps, live=True), read=False) as talk:
        if not talk.wait("waiting"):
            raise Blocked("the application got no websocket.connect")
        talk.reset()
        answers_soon(server)
        talk.dialogue.release("go")
        event = talk.told("websocket.disconnect", limit(server))
        sent = talk.call.first("send") or {}
        seen = sent.get("raised") or [found.get("type") for found in talk.call.received]
    judge("ASGI-WS-103", event is not None or sent.get("os_error"), "websocket.disconnect, or an OSError", seen)


def _left(talk: Conversation, judge: Judge, server: Server) -> None:
    event = talk.told("websocket.disconnect", limit(server))
    seen = [found.get("type") for found in talk.call.received]
    judge("ASGI-WS-061", event is not None, "websocket.disconnect", seen)
    if event is not None:
        judge.reading("ASGI-WS-061", f"code {event.get('code')!r}")


MARKS = ("\r\n", "\n", "\r", "\x00")
INJECTING: dict[str, list[Event]] = {
    "ASGI-WS-108": [
        *[accept(headers=[(b"x-a", value)]) for value in EVIL_VALUES],
        *[accept(subprotocol=f"chat{mark}x-evil: 1") for mark in MARKS],
    ],
    "ASGI-WS-109": [accept(headers=[(name, b"1")]) for name in EVIL_NAMES],
}


@requirement("ASGI-WS-108", "ASGI-WS-109")
def test_an_acceptance_injects_nothing(server: Server, judge: Judge) -> None:
    """CR, LF and NUL of an acceptance do not reach the wire; to raise, to fold and to drop all pass."""
    speaks(server)
    for row, accepts in INJECTING.items():
        for event in accepts:
            with server.websocket(asgi(receive(), attempt([send(event)]), live=True), protocols=[b"chat"]) as talk:
                talk.dialogue.wire.readable()  # what stands behind an empty line that should not be there
                octets = b"".join(octets for _, way, octets in talk.dialogue.wire.trace if way == "in")
                head, _, rest = octets.partition(b"\r\n\r\n")
                head = head if head.startswith(b"HTTP/") else b""  # who fails after all may close as a WebSocket
                clean = not injected(head) and not (talk.accepted and rest.startswith(b"x-evil"))
            judge(row, clean, f"nothing of {event}", octets[:400])


@requirement("ASGI-WS-081")
def test_a_call_that_ends_without_a_reply(server: Server, judge: Judge) -> None:
    """A call that ends without a reply leaves no client waiting."""
    speaks(server)
    x = shook(server, asgi(receive(), live=True))
    judge("ASGI-WS-081", x.response is not None or x.closed or x.reset, "an HTTP error, or an end", x.outcome)
    if x.response is not None:
        judge.reading("ASGI-WS-081", f"answers {x.response.status}")

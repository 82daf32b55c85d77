"""HTTP & WebSocket specification, WebSocket: Disconnect and Close, whichever side begins."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import strategies as st

from gateproof.asgi_scripts import (
    accepting,
    asgi,
    attempts,
    close,
    fail,
    message,
    receive,
    receive_until,
    send,
    spawn,
    wait,
)
from gateproof.check import launch, requirement
from gateproof.conversation import Conversation
from gateproof.draw import Draw
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire import websocket as ws

from .looking import ABSENT, LINES, blamed, due, plain, websocket_scope
from .talking import RESERVED, answers_soon, content, depart, ended, ends_soon, events, followed, limit, speaks, talking

DISCONNECT = "websocket.disconnect"
reasons = st.lists(st.sampled_from(["a", "caf\u00e9", "\U0001f600", " ", "bye", "\u20ac"]), max_size=6).map("".join)
private = st.integers(3000, 4999)


# -- the application closes


def _closes(talk: Conversation) -> tuple[Any, Any]:
    """Return code and reason of the server's close frame, or how the conversation ended without one."""
    frame = talk.closing()
    return (frame.code, frame.reason.decode("utf-8", "replace")) if frame is not None else (ended(talk), None)


@requirement("ASGI-WS-040", "ASGI-WS-042", "ASGI-WS-044")
def test_code_and_reason_of_a_close(server: Server, judge: Judge, draw: Draw) -> None:
    """websocket.close closes the socket with its code and its reason, and TCP after the client's answer."""
    reason_due = due(judge, _scope(server), "ASGI-WS-042")

    def law(case: tuple[int, str]) -> None:
        code, reason = case
        more = {"reason": reason} if reason else {}
        with talking(server, send(close(code=code, **more))) as talk:
            seen, told = _closes(talk)
            judge("ASGI-WS-040", seen == code, f"a close frame with {code}", seen)
            if reason_due:
                judge("ASGI-WS-042", told == reason, f"reason {reason!r}", told)
            talk.close(code)
            judge("ASGI-WS-044", talk.ends(), "the end of TCP after the closing handshake", ended(talk))

    corpus = [
        (1000, ""),
        (1001, "bye"),
        (3000, "caf\u00e9 \u20ac"),
        (4321, "x" * 123),
        (4999, "\U0001f600"),
        (1011, "e"),
        (1000, "a\0b"),
        (3001, " %s "),
    ]
    codes = st.one_of(st.sampled_from([1000, 1001, 1008, 1011]), private)
    draw(law, st.tuples(codes, reasons), corpus, examples=12)


def _scope(server: Server) -> Any:
    speaks(server)
    return websocket_scope(server)


@requirement("ASGI-WS-041", "ASGI-WS-043")
def test_a_close_without_code_or_reason(server: Server, judge: Judge) -> None:
    """A close without a code is 1000, one without a reason has none."""
    reason_due = due(judge, _scope(server), "ASGI-WS-043")
    for more in ({}, {"reason": None}, {"reason": ""}, {"code": 3001, "reason": None}, {"code": 3001}):
        if "reason" in more and not reason_due:
            continue
        with talking(server, send(close(**more))) as talk:
            code, reason = _closes(talk)
            raised = talk.call.raised(1)
        if "code" not in more:
            judge("ASGI-WS-041", code == 1000, f"1000 for {close(**more)}", f"{code} {raised}")
        if reason_due:
            judge("ASGI-WS-043", reason == "", f"no reason for {close(**more)}", f"{reason!r} {raised}")


@requirement("ASGI-WS-047")
def test_after_the_own_close(server: Server, judge: Judge) -> None:
    """What the application sends after its own close: told, not judged."""
    steps = [send(close(code=4000)), *attempts(send(message(text="late")), send(close(code=4001)))]
    with talking(server, *steps) as talk:
        talk.closing()
        talk.close(4000)
        answers_soon(server)
        talk.drain()
        talk.hang_up()
        talk.over()
        late = [frame.opcode for frame in talk.frames[1:] if frame.opcode in (ws.TEXT, ws.CLOSE)]
        send_raised, close_raised = talk.call.raised(2), talk.call.raised(3)
    wire = "frames follow the close frame" if late else "nothing reaches the wire"
    judge.reading("ASGI-WS-047", f"send: {send_raised or 'returns'}; close: {close_raised or 'returns'}; {wire}")


@launch("beside")
@requirement("ASGI-WS-058", "ASGI-WS-059", "ASGI-WS-053")
def test_disconnect_after_the_own_close(server: Server, judge: Judge) -> None:
    """The application that closed gets websocket.disconnect, at the latest when TCP is closed."""
    with talking(server, send(close(code=4321)), receive(), receive()) as talk:
        if talk.closing() is None:
            raise Blocked(f"no close frame: {ended(talk)}")
        talk.close(4321)
        talk.ends()
        at_once = talk.told(DISCONNECT, 0.2) is not None
        talk.hang_up()
        event = talk.told(DISCONNECT, limit(server))
        kinds = [found.get("type") for found in talk.call.received]
    judge("ASGI-WS-058", event is not None, DISCONNECT, kinds)
    if event is not None:
        if not at_once:
            judge.reading("ASGI-WS-058", "comes when the client has closed TCP")
        judge.reading("ASGI-WS-059", f"code {event.get('code')!r}")
        _has_code(judge, event, "after the application's own close")
    judge.rest_blocked("no websocket.disconnect came")


@requirement("ASGI-WS-096")
def test_tcp_waits_for_the_client_s_close(server: Server, judge: Judge) -> None:
    """After the server's close frame TCP stays open for the client's."""
    with talking(server, receive(), send(close(code=3999))) as talk:
        talk.text("go")
        if talk.closing() is None:
            raise Blocked(f"no close frame: {ended(talk)}")
        gone = talk.ended or (followed(server, talk.dialogue.wire) and talk.ends(0.1))
        judge("ASGI-WS-096", not gone, "TCP still open before the client's close frame", ended_tcp(talk))


def ended_tcp(talk: Conversation) -> str:
    """Say what became of the connection itself."""
    return "TCP reset" if talk.was_reset else "TCP closed" if talk.ended else "TCP open"


@requirement("ASGI-WS-006", "ASGI-WS-060", "ASGI-WS-053")
def test_disconnect_after_a_rejection(server: Server, judge: Judge) -> None:
    """The application that rejected gets websocket.disconnect, at the latest when TCP is closed."""
    speaks(server)
    with server.websocket(asgi(receive(), send(close()), receive(), live=True)) as talk:
        response = talk.exchange.response
        refused = response is not None and response.status == 403
        if not judge("ASGI-WS-006", refused, "403, though the call goes on", talk.exchange.outcome):
            raise Blocked(f"the rejection was not answered: {talk.exchange.outcome}")
        talk.hang_up()
        event = talk.told(DISCONNECT, limit(server))
        kinds = [found.get("type") for found in talk.call.received]
    judge("ASGI-WS-060", event is not None, DISCONNECT, kinds)
    if event is not None:
        judge.reading("ASGI-WS-060", f"code {event.get('code')!r}")
        _has_code(judge, event, "after a rejection")
    judge.rest_blocked("no websocket.disconnect came")


# -- the client closes, or is lost


def _has_code(judge: Judge, event: dict[Any, Any], when: str) -> bool:
    """Judge that a disconnect has a code that is an int."""
    code = plain(event.get("code", ABSENT))
    return judge("ASGI-WS-053", type(code) is int, f"an int {when}", repr(event.get("code", ABSENT)))


@requirement("ASGI-WS-050", "ASGI-WS-052", "ASGI-WS-053", "ASGI-WS-056", "ASGI-WS-087", "ASGI-WS-093", "ASGI-WS-101")
def test_the_client_closes(server: Server, judge: Judge, draw: Draw) -> None:
    """A close frame of the client's is answered, and told to the application with its code and reason."""
    scope = _scope(server)
    reason_due = due(judge, scope, "ASGI-WS-056")
    if not reason_due:
        due(judge, scope, "ASGI-WS-087")

    def law(case: tuple[int | None, str]) -> None:
        code, reason = case
        with talking(server, receive_until(DISCONNECT)) as talk:
            answer = depart(talk, code, reason.encode("utf-8"))
            event = talk.told(DISCONNECT, limit(server))
            if event is None:
                talk.fell_silent()
            judge("ASGI-WS-050", event is not None, f"{DISCONNECT} for {case}", talk.call.received[1:])
            assert event is not None
            if _has_code(judge, event, f"for {case}") and code is not None:
                judge("ASGI-WS-052", plain(event["code"]) == code, code, event["code"])
            told = plain(event.get("reason"))
            if reason_due and judge("ASGI-WS-056", told is None or isinstance(told, str), "a text, or None", told):
                judge("ASGI-WS-087", (told or "") == reason, repr(reason), told)
            ends = answer is not None and talk.ended
            judge("ASGI-WS-101", ends, f"a close frame for {case}, then an end", ended(talk))
            assert answer is not None
            _answers(judge, answer, f"for {case}")

    corpus: list[tuple[int | None, str]] = [
        (1000, ""),
        (1001, "going"),
        (3001, "bye"),
        (4999, "caf\u00e9 \U0001f600"),
        (None, ""),
        (1011, "x" * 123),
        (1009, "\u20ac" * 41),
        (1000, "a\0b"),
        (1001, " %s "),
    ]
    codes = st.one_of(st.sampled_from([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011]), private)
    draw(law, st.tuples(codes, reasons), corpus, examples=12)


def _answers(judge: Judge, answer: ws.Frame, when: str) -> None:
    allowed = answer.code is None or (answer.code >= 1000 and answer.code not in RESERVED)
    judge("ASGI-WS-093", allowed, f"no reserved code in the answer {when}", answer.code)


@requirement("ASGI-WS-053", "ASGI-WS-054", "ASGI-WS-093", revision=2)
def test_a_close_frame_without_code(server: Server, judge: Judge) -> None:
    """Where the client's close frame has no code it is 1005 to the application, and never to the client."""
    speaks(server)
    with talking(server, receive_until(DISCONNECT)) as talk:
        answer = depart(talk, None)
        if answer is not None:
            _answers(judge, answer, "to an empty close frame")
        else:
            judge.blocked("ASGI-WS-093", f"the close frame was not answered: {ended(talk)}")
        event = talk.told(DISCONNECT, limit(server))
        if event is None:
            raise Blocked("no websocket.disconnect came")
        due_now = due(judge, talk.call.scope, "ASGI-WS-054")
    if _has_code(judge, event, "for an empty close frame") and due_now:
        judge("ASGI-WS-054", plain(event["code"]) == 1005, 1005, event["code"])
    elif due_now:
        judge.blocked("ASGI-WS-054", "there is no code")


LOSSES = ("reset", "closed", "reset within a frame", "closed within a message", "reset after a message")


def _lose(talk: Conversation, how: str) -> None:
    """Let the connection end without a close frame."""
    if how.endswith("within a frame"):
        talk.send(ws.encode(ws.TEXT, b"x" * 40)[:20])
    elif how.endswith("within a message"):
        talk.frame(ws.TEXT, b"x", fin=False)
    elif how.endswith("after a message"):
        talk.text("a")
        talk.told("websocket.receive")
    if how.startswith("reset"):
        talk.reset()
    else:
        talk.hang_up()


@requirement("ASGI-WS-051", "ASGI-WS-053", "ASGI-WS-055")
def test_the_connection_is_lost(server: Server, judge: Judge, draw: Draw) -> None:
    """A connection that ends without a close frame is told as well: 1006."""
    speaks(server)

    def law(how: str) -> None:
        with talking(server, receive_until(DISCONNECT)) as talk:
            _lose(talk, how)
            event = talk.told(DISCONNECT, limit(server))
            if event is None:
                talk.fell_silent()
            call = talk.call
            seen = call.first("raised") or [found.get("type") for found in call.received]
            judge("ASGI-WS-051", event is not None, f"{DISCONNECT} when TCP is {how}", seen)
            assert event is not None
            if _has_code(judge, event, f"when TCP is {how}"):
                judge("ASGI-WS-055", plain(event["code"]) == 1006, f"1006 when TCP is {how}", event["code"])

    draw(law, None, LOSSES)


@requirement("ASGI-WS-062")
def test_what_came_before_the_close(server: Server, judge: Judge, draw: Draw) -> None:
    """Messages that came before the client's close frame are delivered before websocket.disconnect."""
    speaks(server)

    def law(words: list[str]) -> None:
        with talking(server, wait("go"), receive_until(DISCONNECT)) as talk:
            frames = [ws.encode(ws.TEXT, word.encode()) for word in words]
            talk.wait("waiting")
            talk.send(b"".join(frames) + ws.encode(ws.CLOSE, ws.close_payload(1000)))
            answers_soon(server)
            talk.dialogue.release("go")
            talk.ends()
            talk.hang_up()
            if talk.told(DISCONNECT, limit(server)) is None:
                raise Blocked("no websocket.disconnect came")
            seen = [content(event) for event in events(talk.call, "websocket.receive")]
        judge("ASGI-WS-062", seen == words, f"{words}, then {DISCONNECT}", seen)

    corpus = [["one"], ["one", "two", "three"], [str(number) for number in range(16)], ["", "x", ""]]
    words = st.lists(st.sampled_from(["a", "", "caf\u00e9", "x" * 200]), min_size=1, max_size=16)
    draw(law, words, corpus, examples=5)


@requirement("ASGI-WS-063")
def test_receive_after_disconnect(server: Server, judge: Judge) -> None:
    """What a receive after websocket.disconnect does: told, not judged."""
    with talking(server, receive_until(DISCONNECT), spawn("again", receive()), wait("go")) as talk:
        talk.part(3001)
        talk.hang_up()
        talk.wait("waiting", limit(server))
        answers_soon(server)
        told = talk.call.named("receive")
        talk.dialogue.release("go")
    again = told[-1] if len(told) > 2 else None
    judge.reading("ASGI-WS-063", f"again: {again}" if again is not None else "blocks")


@requirement("ASGI-WS-044", "ASGI-WS-101")
def test_tcp_ends_while_the_call_goes_on(server: Server, judge: Judge) -> None:
    """The closing handshake ends TCP, also where the application does not return."""
    for row, steps in (("ASGI-WS-101", [receive_until(DISCONNECT)]), ("ASGI-WS-044", [send(close(code=3001))])):
        with talking(server, *steps, wait("go")) as talk:
            if row == "ASGI-WS-101":
                talk.close(3001)
            answered = talk.closing() is not None
            if row == "ASGI-WS-044":
                talk.close(3001)
            over = answered and (talk.ended or ends_soon(talk))
            seen = "TCP stays open" if answered else "no close frame"
            judge(row, over, "a close frame and the end of TCP", seen, weight="warn")
            talk.dialogue.release("go")


# -- send when the client is gone

SENDS = [send(message(text="late")), send(message(bytes=b"late")), send(close())]


def _gone(talk: Conversation, how: str) -> None:
    """Let the client leave."""
    if how == "reset":
        talk.reset()
    else:
        depart(talk)


@requirement("ASGI-WS-070", "ASGI-WS-071")
def test_send_to_a_client_that_is_gone(server: Server, judge: Judge) -> None:
    """send raises an OSError when the client is gone; where it does not, it returns."""
    raises_due = due(judge, _scope(server), "ASGI-WS-070")
    for how in ("reset", "closing handshake"):
        with talking(server, receive_until(DISCONNECT), *attempts(*SENDS, *SENDS)) as talk:
            _gone(talk, how)
            if talk.told(DISCONNECT, limit(server)) is None:
                judge.blocked("ASGI-WS-071", f"no {DISCONNECT} after {how}")
                continue
            sent = talk.over().sent[1:]
        raised = [said for said in sent if said.get("raised")]
        others = [said["raised"] for said in raised if not said.get("os_error")]
        judge("ASGI-WS-071", not others, f"an OSError, or nothing, after {how}", f"{others} for {sent}")
        if raises_due:
            judge(
                "ASGI-WS-070", len(raised) > len(others), f"an OSError after {how}", [said.get("type") for said in sent]
            )
    judge.rest_blocked(f"no {DISCONNECT} came")


@requirement("ASGI-WS-072", "ASGI-WS-088", revision=2)
def test_the_server_s_own_exception_escapes(server: Server, judge: Judge) -> None:
    """What send raised for a client that is gone may leave the application: nothing happens, and nothing is logged."""
    both = [due(judge, _scope(server), row) for row in ("ASGI-WS-072", "ASGI-WS-088")]
    if not all(both):
        return
    before = server.running.log_tail(LINES)
    with talking(server, receive_until(DISCONNECT), *[send(message(text="late"))] * 8) as talk:
        _gone(talk, "reset")
        talk.told(DISCONNECT, limit(server))
        call = talk.over()
    raised = [said for said in call.sent if said.get("os_error")]
    if not raised or not call.has("raised"):
        judge.unsupported_rest("send never raised an OSError of the server's")
        return
    again = all(_served(server) for _ in range(2))
    judge("ASGI-WS-072", again, "further WebSockets are served", "they are not")
    name = str(raised[0]["raised"]).rpartition(".")[2]
    logged = blamed(server, before, name)
    judge("ASGI-WS-088", not logged, f"no error in the log for {name}", logged)


def _served(server: Server) -> bool:
    """Tell whether a WebSocket is served, message and all."""
    with server.websocket(accepting(receive(), send(message(text="served")))) as talk:
        if talk.accepted:
            talk.text("hello")
        return talk.accepted and bool(talk.messages(1))


# -- the call ends

MEETINGS = 4


@launch("beside")
@requirement("ASGI-WS-080", "ASGI-WS-105", revision=2)
def test_a_call_that_ends_ends_the_socket(server: Server, judge: Judge) -> None:
    """When the call has ended the socket is closed, by the closing handshake and not by TCP alone."""
    for steps in ([], [receive()], [send(message(text="last"))]):
        with talking(server, *steps) as talk:
            talk.text("hello")
            framed = talk.closing() is not None
            judge("ASGI-WS-080", framed or talk.ended, "a close frame, or the end of TCP", ended(talk))
            if framed or talk.ended:
                judge("ASGI-WS-105", framed, "a close frame", ended(talk))
    judge.rest_blocked("the socket of a call that has ended stays open")


@requirement("ASGI-WS-102")
def test_a_close_frame_meets_the_end(server: Server, judge: Judge) -> None:
    """The client's close frame may meet the end of the call, or the application's own close: others are served."""
    speaks(server)
    before = "the first handshake"
    for what, steps in (("a return", []), ("a close", [send(close(code=3001))]), ("an error", [fail()])):
        for _ in range(MEETINGS):
            with server.websocket(accepting(receive(), *steps)) as talk:
                if not talk.accepted:
                    judge("ASGI-WS-102", False, f"a further WebSocket after {before}", talk.exchange.outcome)
                    return
                talk.send(ws.encode(ws.TEXT, b"go") + ws.encode(ws.CLOSE, ws.close_payload(1000)))
                over = talk.ends()
            before = f"a close frame met {what}"
            over = judge("ASGI-WS-102", over, f"the end of TCP where {before}", ended(talk), weight="warn")
            # Asked without a connection of the check's own, which would start a server that died anew.
            serves = server.answers_others(1, time.monotonic() + server.patience)
            judge("ASGI-WS-102", serves, f"a server that serves others where {before}", "it does not")
            if not over or not serves:
                return


@requirement("ASGI-WS-097", "ASGI-WS-106", revision=2)
def test_a_failure_is_no_normal_closure(server: Server, judge: Judge) -> None:
    """Where the application failed a close frame comes, and does not say that all was well."""
    for steps in ([receive(), fail()], [fail()]):
        with talking(server, *steps) as talk:
            talk.text("go")
            frame = talk.closing()
            if frame is None and not talk.ended:
                raise Blocked("the connection of an application that raised is not closed")
            code = frame.code if frame is not None else None
            judge("ASGI-WS-097", code not in (1000, 1001), "1011, or the end of TCP", ended(talk))
            judge("ASGI-WS-106", frame is not None, "a close frame", ended(talk))

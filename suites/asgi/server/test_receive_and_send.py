"""ASGI specification, Overview and Applications: waiting in receive and send, several tasks, several calls."""

from __future__ import annotations

import time
from contextlib import ExitStack

from hypothesis import strategies as st

from gateproof.asgi_scripts import (
    Step,
    accepting,
    asgi,
    attempt,
    background,
    barrier,
    body,
    cancel_receive,
    flood,
    join,
    message,
    note,
    ok,
    read_body,
    receive,
    receive_until,
    respond,
    send,
    sleep,
    spawn,
    start,
    wait,
)
from gateproof.check import launch, requirement
from gateproof.conversation import Conversation
from gateproof.dialogue import Dialogue
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire.request import get
from gateproof.wire.websocket import handshake

from .calling import has_websocket, held_up, over, pause, standing_still
from .looking import plain
from .responding import whole
from .talking import ended, limit, speaks, talking
from .watching import ends

CLEANUP_S = 0.3
GONE_S = 5.0
PING_S = 0.1
PIECE, PIECES = 64 * 1024, 1024
HALF = get(b"/", (b"Content-Length", b"8"), method=b"POST")
IDLE = (note("idle"), spawn("idle", receive()), wait("go", 8.0))


@requirement("ASGI-APP-019")
def test_receive_waits(server: Server, judge: Judge) -> None:
    """Where nothing has happened receive() waits: it neither returns nor raises."""
    with server.connect() as connection:
        x = connection.begin(get(), asgi(read_body(), *IDLE, respond(), live=True))
        if connection.wait("waiting") is None:
            raise Blocked("the request was not received in full")
        _silent(server, judge, x, "http, the request read")
        connection.release("go")
        connection.read()
    if has_websocket(server):
        with talking(server, *IDLE) as talk:
            talk.wait("waiting")
            _silent(server, judge, talk.exchange, "websocket, no message sent")
            talk.dialogue.release("go")
            talk.part()


def _silent(server: Server, judge: Judge, x: Exchange, where: str) -> None:
    pause(server)
    said = x.call.events
    since = [event.name for event in said].index("note")
    idle = [event.value for event in said[since:] if event.name == "receive"]
    judge("ASGI-APP-019", not idle, f"{where}: receive() waits", idle)


@requirement("ASGI-APP-022")
def test_send_ends_with_the_connection(server: Server, judge: Judge) -> None:
    """A send that waits for a client that does not read ends when the client is gone."""
    event = body(b"", more=True)
    with ExitStack() as stack:
        connection = stack.enter_context(server.connect())
        x = connection.begin(get(), asgi(send(start()), flood(PIECE, PIECES, event), live=True))
        flooded = {"http": (connection, x)}
        if has_websocket(server):
            talk = stack.enter_context(talking(server, flood(PIECE, PIECES, message())))
            flooded["websocket"] = (talk.dialogue, talk.exchange)
        for _, x in flooded.values():
            if not standing_still(server, x, "flooded"):
                raise Blocked("no octet of the body was sent")
        for connection, _ in flooded.values():
            connection.reset()
        for kind, (_, x) in flooded.items():
            ended = over(server, x, max(GONE_S, limit(server)))
            judge("ASGI-APP-022", ended, f"{kind}: send returns or raises", "it waits on")


@launch("tls")
@requirement("ASGI-APP-022")
def test_send_ends_over_tls(server: Server, judge: Judge) -> None:
    """A send ends when its data is on the way, though the client keeps the connection and says no more."""
    with server.connect() as connection:
        x = connection.begin(get(), ok(live=True))
        connection.read_answer()
        if not whole(x, b"ok"):
            raise Blocked(f"the response is not whole: {x.outcome}")
        judge("ASGI-APP-022", ends(server, x), "over TLS: each send returns, and the call", x.call.sent)


@launch("beside")
@requirement("ASGI-HTTP-SCOPE-040", "ASGI-WS-117", revision=2)
def test_calls_can_take_their_time(server: Server, judge: Judge) -> None:
    """A call goes on until the application is done, whatever came before it: only idle connections run out of time."""
    waiting, silent = wait("go", 20.0), accepting(wait("go", 20.0), send(message(text="at last")))
    with ExitStack() as stack:
        held = held_up(server, stack, get(), asgi(waiting, respond(), live=True))
        opened = held_up(server, stack, handshake(), silent) if has_websocket(server) else {}
        for connection in opened.values():
            connection.read_answer()
        talks = {where: Conversation(connection) for where, connection in opened.items()}
        _wait_out(server, list(held.values()), [talk for talk in talks.values() if talk.accepted])
        for connection in (*held.values(), *opened.values()):
            connection.release("go")
        for where, connection in held.items():
            x = connection.read()
            alive = x.response is not None and x.response.body == b"ok"
            judge("ASGI-HTTP-SCOPE-040", alive, f"{where}: the answer, after {server.idle_s} s", x.outcome)
        for where, talk in talks.items():
            if talk.accepted:  # a handshake in a pipeline may be answered as the ordinary request that it is as well
                judge("ASGI-WS-117", talk.next_message(), f"{where}: a message, after {server.idle_s} s", ended(talk))
    if not any(talk.accepted for talk in talks.values()):
        judge.unsupported("ASGI-WS-117", "no handshake was answered with 101", lacks="websocket")


def _wait_out(server: Server, held: list[Dialogue], talks: list[Conversation]) -> None:
    """Let the idle time pass, as long as a call lasts; a server that asks whether somebody is there gets its answer."""
    deadline = time.monotonic() + server.idle_s
    for connection in held:
        while (left := deadline - time.monotonic()) > 0 and not connection.wait("returned", min(left, PING_S)):
            for talk in talks:
                talk.answer_pings()


@launch("beside")
@requirement("ASGI-APP-023", revision=2)
def test_call_outlives_the_connection(server: Server, judge: Judge) -> None:
    """The application has a moment to clean up when the client is gone."""
    cleanup = (sleep(CLEANUP_S), note("cleaned up"))
    with server.connect() as connection:
        steps = (send(start()), send(body(b"part", more=True)), receive_until("http.disconnect"), *cleanup)
        x = connection.begin(get(), asgi(*steps, live=True))
        connection.wait("receive", server.patience)  # behind both sends: one that meets the reset may raise
        connection.reset()
        over(server, x, limit(server))
        _cleaned_up(judge, x, "http.disconnect")
    if has_websocket(server):
        with talking(server, receive_until("websocket.disconnect"), *cleanup) as talk:
            talk.reset()
            over(server, talk.exchange, limit(server))
            _cleaned_up(judge, talk.exchange, "websocket.disconnect")


def _cleaned_up(judge: Judge, x: Exchange, kind: str) -> None:
    if not any(event.get("type") == kind for event in x.call.received) and not x.call.has("raised"):
        raise Blocked(f"no {kind} came")
    cut = x.call.has("raised") and not x.call.has("note")
    judge("ASGI-APP-023", not cut, f"{CLEANUP_S} s after {kind} the call still runs", x.call.first("raised"))


@requirement("ASGI-APP-024")
def test_calls_run_side_by_side(server: Server, judge: Judge) -> None:
    """Two calls that wait for each other are both answered."""
    with ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in range(2)]
        for connection in connections:
            connection.begin(get(), asgi(barrier("meet", 2, server.patience), respond(), live=True))
        exchanges = [connection.read(timeout=server.patience * 2) for connection in connections]
    met = [call.first("barrier") for x in exchanges for call in x.calls]
    together = len(met) == 2 and all(said and said.get("go") for said in met)
    judge("ASGI-APP-024", together, "both calls at once", [x.outcome for x in exchanges])


@requirement("ASGI-APP-024")
def test_calls_end_while_they_send(server: Server, judge: Judge) -> None:
    """A call that ends while a send of its own waits for a client that does not read holds up no other call."""
    with server.connect() as connection:
        flooding = background(attempt([flood(PIECE, PIECES, body(b"", more=True))]))
        x = connection.begin(get(), asgi(send(start()), flooding, wait("go", 8.0), live=True))
        _ends_while_it_sends(server, judge, connection, x, "http")
    if has_websocket(server):
        with talking(server, background(attempt([flood(PIECE, PIECES, message())])), wait("go", 8.0)) as talk:
            _ends_while_it_sends(server, judge, talk.dialogue, talk.exchange, "websocket")


def _ends_while_it_sends(server: Server, judge: Judge, connection: Dialogue, x: Exchange, kind: str) -> None:
    if not standing_still(server, x, "flooded"):
        raise Blocked("no octet of the body was sent")
    connection.release("go")
    over(server, x, server.patience)
    others = server.answers_others(3, time.monotonic() + server.patience)
    judge("ASGI-APP-024", others, f"{kind}: answers to others when a call has ended within a send", "none")
    connection.reset()


@requirement("ASGI-APP-025")
def test_several_tasks_send(server: Server, judge: Judge, draw: Draw) -> None:
    """What several tasks send while another one receives arrives whole, once, and each task's in its order."""
    speaks(server)

    def law(plan: list[list[int]]) -> None:
        texts = [[f"{task}.{n} ".ljust(size, "x") for n, size in enumerate(sizes)] for task, sizes in enumerate(plan)]
        tasks = [spawn(str(n), *(send(message(text=text)) for text in mine)) for n, mine in enumerate(texts)]
        joins = [join(str(n)) for n in range(len(plan))]
        with talking(server, spawn("in", receive()), *tasks, *joins, wait("go", 8.0)) as talk:
            talk.text("hello")
            wanted = [text for mine in texts for text in mine]
            got = [m.payload.decode("utf-8", "replace") for m in talk.messages(len(wanted))]
            talk.dialogue.release("go")
        judge("ASGI-APP-025", sorted(got) == sorted(wanted), _short(wanted), _short(got))
        for mine in texts:
            order = [text for text in got if text in mine]
            judge("ASGI-APP-025", order == mine, f"in this order: {_short(mine)}", _short(order))

    sizes = st.lists(st.sampled_from([4, 130, 5000]), min_size=1, max_size=4)
    corpus = [[[4, 4], [4, 4]], [[130, 4, 130], [4, 130], [4]], [[5000, 5000], [70000], [4, 4, 4]]]
    draw(law, st.lists(sizes, min_size=2, max_size=4), corpus, examples=10)


def _short(texts: list[str]) -> list[str]:
    return [text if len(text) < 12 else f"{text[:6].strip()}({len(text)})" for text in texts]


@requirement("ASGI-APP-027", revision=2)
def test_a_cancelled_receive_loses_nothing(server: Server, judge: Judge, draw: Draw) -> None:
    """A receive that is cancelled while it waits ends so, and what comes next is received all the same."""

    def law(case: tuple[str, int]) -> None:
        kind, count = case
        cancels = [cancel_receive(0.02) for _ in range(count)]
        if kind == "http":
            _body_after(server, judge, cancels)
        elif has_websocket(server):
            _message_after(server, judge, cancels)

    draw(law, None, [("http", 1), ("http", 3), ("websocket", 1), ("websocket", 3)])


def _body_after(server: Server, judge: Judge, cancels: list[Step]) -> None:
    with server.connect() as connection:
        script = asgi(*cancels, wait("go", 8.0), read_body(4.0), respond(), live=True)
        x = connection.begin(HALF, script)
        if connection.wait("waiting", server.patience) is None:
            _cancelled(judge, x)
            return  # a server may call the application when all of the body is there
        connection.send(b"contents")
        connection.release("go")
        connection.read()
    early = b"".join(
        bytes(plain(said["event"].get("body", b""))) for said in x.call.named("cancel_receive") if "event" in said
    )
    _cancelled(judge, x)
    rest = b"".join(bytes(plain(event.get("body", b""))) for event in x.call.received)
    judge("ASGI-APP-027", early + rest == b"contents", b"contents", early + rest)


def _message_after(server: Server, judge: Judge, cancels: list[Step]) -> None:
    with server.websocket(accepting(*cancels, wait("go", 8.0), receive(4.0))) as talk:
        if not talk.accepted or not talk.wait("waiting"):
            raise Blocked(f"the script did not get on: {talk.exchange.outcome}")
        talk.text("message")
        talk.dialogue.release("go")
        event = talk.told("websocket.receive")
        talk.part()
    _cancelled(judge, talk.exchange)
    judge("ASGI-APP-027", event is not None and event.get("text") == "message", "the text 'message'", event)


def _cancelled(judge: Judge, x: Exchange) -> None:
    for said in [said for call in x.calls for said in call.named("cancel_receive")]:
        judge("ASGI-APP-027", said.get("ended"), "a cancelled receive() ends", said)
        if said.get("ended") and not said.get("early"):
            # An event that came just then may be delivered; the client is there, so that a disconnect is made up.
            kind = said["event"].get("type") if "event" in said else said.get("raised", "CancelledError")
            right = kind in ("CancelledError", "http.request", "websocket.receive")
            judge("ASGI-APP-027", right, "CancelledError out of a cancelled receive()", kind)

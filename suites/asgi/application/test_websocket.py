"""WebSocket conversations: www.rst > WebSocket."""

from __future__ import annotations

from functools import partial
from typing import Any

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import App, Call, Request
from gateproof.drive.asgi.scopes import PLAIN, WEBSOCKET_OPTIONAL, Server
from gateproof.judge import Judge, Unsupported

from . import drawing
from .drawing import GOODBYES, Talked
from .surveying import Survey, accepting, overseen, survey
from .talking import (
    CONNECT,
    DATA,
    GONE,
    TEXT,
    admitted,
    answered,
    conversation,
    conversations,
    differs,
    opened,
    spoken,
    unopened,
    went_alike,
)
from .test_scope import SPELT_OUT

NONE_SERVED = "no handshake is accepted"
RAISING = PLAIN.but(asgi={"version": "3.0", "spec_version": "2.4"})
LEFT_OUT = tuple(key for key in WEBSOCKET_OPTIONAL if key not in ("extensions", "state"))
NOTHING = ("client", "server", "query_string")
MESSAGES: tuple[dict[str, Any], ...] = (
    TEXT,
    DATA,
    {**TEXT, "text": ""},
    {**DATA, "bytes": b""},
    {"type": "websocket.receive", "text": '{"type": "ping"}'},
    {"type": "websocket.receive", "bytes": b"x" * 3000},
)
PARTS = (
    ("ASGI-WS-SCOPE-023", "client"),
    ("ASGI-WS-SCOPE-023", "server"),
    ("ASGI-WS-SCOPE-024", "subprotocols"),
    ("ASGI-WS-SCOPE-025", "query_string"),
    ("ASGI-WS-SCOPE-026", "scheme"),
    ("ASGI-WS-SCOPE-026", "http_version"),
    ("ASGI-WS-SCOPE-026", "root_path"),
    ("ASGI-WS-SCOPE-026", "raw_path"),
)


def sockets(app: App) -> list[Request]:
    """Return the places at which the application talks; a check of talking stops here without any."""
    found = list(accepting(app))[:3]
    if not found:
        app.point_at(survey(app).evidence("websocket").played)
        raise Unsupported(NONE_SERVED, lacks="websocket")
    return found


def accepts(made: Survey) -> object:
    """Tell whether a handshake was accepted."""
    return made.accepted


def answers(made: Survey) -> object:
    """Tell whether a handshake was answered at all."""
    return made.answered


@requirement("ASGI-WS-005", "ASGI-WS-017", "ASGI-WS-036")
def test_the_handshake_comes_first_and_once(app: App, judge: Judge, draw: Draw) -> None:
    """The answer to websocket.connect comes before anything else; it accepts at most once."""
    overseen(
        app,
        judge,
        draw,
        "ASGI-WS-005",
        "ASGI-WS-017",
        "ASGI-WS-036",
        where=answers,
        lacking=NONE_SERVED,
        lacks="websocket",
    )


@requirement("ASGI-WS-100", "ASGI-WS-104", revision=2)
def test_the_handshake_is_answered(app: App, judge: Judge) -> None:
    """An application that took websocket.connect does not raise instead of an answer, and none returns without both."""
    for call in survey(app).calls:
        if call.scope["type"] != "websocket" or call.over:
            continue
        app.point_at(call.played)
        if CONNECT in call.given:
            raised = call.error is not None and not answered(call)
            judge("ASGI-WS-100", not raised, "accept, close or a denial", call.outcome)
        else:
            silent = call.ended and call.error is None and not call.sent
            judge("ASGI-WS-104", not silent, "an answer, or an exception", call.outcome)
    app.point_at(survey(app).evidence("websocket").played)
    judge("ASGI-WS-104", True)  # of whoever took every handshake, none was over before
    judge.unsupported_rest("no handshake is looked at", lacks="websocket")


@requirement("ASGI-WS-014", "ASGI-WS-015", "ASGI-WS-018", "ASGI-WS-084")
def test_what_accept_carries(app: App, judge: Judge, draw: Draw) -> None:
    """Fields are pairs of byte strings in lower case without the subprotocol, which is one of those offered."""
    rows = ("ASGI-WS-014", "ASGI-WS-015", "ASGI-WS-018", "ASGI-WS-084")
    overseen(app, judge, draw, *rows, where=accepts, lacking=NONE_SERVED, lacks="websocket")


@requirement("ASGI-WS-035")
def test_a_message_is_text_or_bytes(app: App, judge: Judge, draw: Draw) -> None:
    """Exactly one of text and bytes is given, of its type."""
    sent = lambda made: "websocket.send" in made.sent  # noqa: E731
    overseen(
        app, judge, draw, "ASGI-WS-035", where=sent, lacking="the application sent no message", lacks="websocket.send"
    )


@requirement("ASGI-WS-045", "ASGI-WS-046", "ASGI-WS-085", "ASGI-WS-086")
def test_how_a_conversation_is_closed(app: App, judge: Judge, draw: Draw) -> None:
    """The code is an int that a peer may send, the reason a str or None, and nothing follows."""
    closed = lambda made: "websocket.close" in made.sent  # noqa: E731
    rows = ("ASGI-WS-045", "ASGI-WS-046", "ASGI-WS-085", "ASGI-WS-086")
    overseen(
        app, judge, draw, *rows, where=closed, lacking="the application closed no connection", lacks="websocket.close"
    )


@requirement("ASGI-WS-091")
def test_nothing_is_sent_after_the_client_left(app: App, judge: Judge, draw: Draw) -> None:
    """Who was told that the client has left sends no more: a reading."""
    overseen(app, judge, draw, "ASGI-WS-091", where=accepts, lacking=NONE_SERVED, lacks="websocket")


def like(seen: Call, plain: Call) -> bool:
    """Tell whether a conversation went as another one did."""
    return (seen.sent, type(seen.error), seen.hung) == (plain.sent, type(plain.error), plain.hung)


def steady(app: App, place: Request, *messages: dict[str, Any]) -> Call | None:
    """Return a conversation that goes the same way twice, or None."""
    one = app.websocket(place, conversation(app, messages), SPELT_OUT)
    two = app.websocket(place, conversation(app, messages, replies=one.replies), SPELT_OUT)
    return one if like(two, one) else None


@requirement("ASGI-WS-SCOPE-018", revision=4)
def test_optional_keys(app: App, judge: Judge, draw: Draw) -> None:
    """What a server leaves out of the scope is taken for its default; it leaves out no query that there is."""
    plain = {place: steady(app, place, TEXT) for place in sockets(app)}
    queries = {place: frozenset({"query_string"} if place.query else ()) for place in plain}

    def law(left_out: frozenset[str]) -> None:
        for place, usual in plain.items():
            replies = usual.replies if usual else None
            server = SPELT_OUT.but(without=(left_out - queries[place]) | SPELT_OUT.without)

            def ask(server: Server, place: Request = place, replies: int | None = replies) -> Call:
                return app.websocket(place, conversation(app, [TEXT], replies=replies), server)

            call = admitted(partial(ask, server))
            expected = f"{place} as with defaults: {usual.outcome if usual else 'accepted'}"
            ways = partial(ask, SPELT_OUT), partial(ask, server)
            same = not differs(usual, call, like, *ways) if usual else opened(call) and not call.hung
            judge("ASGI-WS-SCOPE-018", same, expected, call.outcome)

    corpus = [frozenset({key}) for key in LEFT_OUT] + [frozenset(LEFT_OUT)]
    draw(law, drawing.subsets(LEFT_OUT), corpus, examples=10)
    for place in plain:
        none = PLAIN.but(none=frozenset(NOTHING) - queries[place])
        call = admitted(partial(app.websocket, place, conversation(app, [TEXT]), none))
        judge("ASGI-WS-SCOPE-018", opened(call), f"{place} accepted with None for what may be None", call.outcome)


@requirement("ASGI-WS-SCOPE-023", "ASGI-WS-SCOPE-024", "ASGI-WS-SCOPE-025", "ASGI-WS-SCOPE-026", revision=2)
def test_each_optional_key(app: App, judge: Judge) -> None:
    """A handshake that is accepted with every key is accepted without each of them, and with None where it may be."""
    places = sockets(app)
    if all(place.query for place in places):
        judge.unsupported("ASGI-WS-SCOPE-025", "every place that talks is asked by a query")
    for place in places:
        usual = app.websocket(place, conversation(app, [TEXT]))
        for row, key in PARTS:
            if key == "query_string" and place.query:
                continue
            servers = [PLAIN.but(without=frozenset({key}))]
            servers += [PLAIN.but(none=frozenset({key}))] if key in NOTHING else []
            for server in servers:
                script = conversation(app, [TEXT], replies=usual.replies)
                call = admitted(partial(app.websocket, place, script, server))
                went = opened(call) and (usual.hung or not call.hung)
                judge(row, went, f"{place} accepted, and a message taken", call.outcome)


@requirement("ASGI-WS-029", revision=3)
def test_text_and_bytes_that_are_left_out(app: App, judge: Judge, draw: Draw) -> None:
    """A key that is missing from a message means the same as one that is None."""
    places = sockets(app)

    def law(message: dict[str, Any]) -> None:
        kind = "text" if message.get("text") is not None else "bytes"
        bare = {"type": "websocket.receive", kind: message[kind]}
        for place in places:
            full = app.websocket(place, conversation(app, [message]))
            if not _taken(full):
                continue
            ways = [
                partial(app.websocket, place, conversation(app, [said], replies=full.replies))
                for said in (message, bare)
            ]
            call = ways[1]()
            same = not differs(full, call, went_alike, *ways)
            judge("ASGI-WS-029", same, f"{place} as with None: {full.outcome}", call.outcome)

    corpus: list[dict[str, Any]] = [TEXT, DATA]
    draw(law, drawing.messages(), corpus, examples=10)
    judge.rest_blocked("no message was taken, whatever it was")


def _taken(call: Call) -> bool:
    """Tell whether the application takes messages of this kind: who wants text alone may do as it likes with bytes."""
    answered_none = any(finding.requirement_id == "ASGI-WS-035" for finding in call.findings)
    return not answered_none and (call.error is None or call.over) and not call.hung


@requirement("ASGI-WS-057")
def test_the_reason_is_left_out(app: App, judge: Judge) -> None:
    """A disconnect without a reason, or with None, ends the conversation like one with an empty reason."""
    for place in sockets(app):
        empty = app.websocket(place, conversation(app, gone={**GONE, "reason": ""}))
        for goodbye in ({"type": GONE["type"], "code": 1001}, {**GONE, "reason": None}):
            call = app.websocket(place, conversation(app, gone=goodbye))
            same = (type(call.error), call.hung) == (type(empty.error), empty.hung)
            judge("ASGI-WS-057", same, f"{place} as with '': {empty.outcome}", call.outcome)


@requirement("ASGI-WS-082", "ASGI-WS-083", revision=2)
def test_the_client_leaves(app: App, judge: Judge, draw: Draw) -> None:
    """The call ends after websocket.disconnect, wherever in the conversation it comes."""
    places = sockets(app)

    def law(case: tuple[int, int]) -> None:
        count, goodbye = case
        messages: list[dict[str, Any]] = [TEXT, DATA, TEXT][: max(0, count)]
        for place in places:
            if count < 0:
                call = app.websocket(place, unopened(app, GOODBYES[goodbye]))
            else:
                call = app.websocket(place, conversation(app, messages, gone=GOODBYES[goodbye]))
            ended(call, f"the call at {place} ends after {GOODBYES[goodbye]}", f"after {count} messages")

    def talking(talk: Talked) -> None:
        call = app.websocket(talk.place, spoken(app, talk), talk.server)
        said = "before the handshake is answered" if talk.says is None else f"after {len(talk.says)} messages"
        if call.over:
            ended(call, f"the call at {talk.place} ends after {GOODBYES[talk.goodbye]}", said)

    def ended(call: Call, expected: str, where: str) -> None:
        judge("ASGI-WS-082", not call.hung, expected, call.outcome)
        crashed = isinstance(call.error, (KeyError, TypeError, AttributeError, IndexError))
        judge("ASGI-WS-083", not crashed, f"{expected}, {where}", call.outcome)

    corpus = [(-1, 0), (0, 1), (1, 2), (2, 3), (3, 4)]
    draw(law, drawing.goodbyes(len(GOODBYES)), corpus, examples=8)
    taken = [message for message in MESSAGES if all(_takes(app, place, message) for place in places)]
    talks = [Talked(place, tuple(taken * 2), number, hurried=bool(number)) for place in places for number in (0, 1)]
    draw(talking, drawing.talks(places, taken), talks, rounds=2)


def _takes(app: App, place: Request, message: dict[str, Any]) -> bool:
    """Tell whether an application goes on after a message: one that it does not know may end it in any way."""
    call = app.websocket(place, spoken(app, Talked(place, (message, message))))
    return call.over and _taken(call)


@requirement("ASGI-WS-073")
def test_an_exception_out_of_send(app: App, judge: Judge) -> None:
    """Where send raises OSError since the client has left, the application ends in time, however it does."""
    for place in sockets(app):

        async def script(call: Call) -> None:
            call.give(CONNECT)
            await call.until(lambda: answered(call), app.patience)
            call.refuse = lambda _: ConnectionResetError("the client is gone")
            call.give(TEXT, DATA)
            await call.until(lambda: call.raised or (call.awaiting and not call.inbox), app.patience)
            call.leave(GONE, repeated=True)
            await call.end(app.patience)

        call = app.websocket(place, script, RAISING)
        judge("ASGI-WS-073", not call.hung, f"the call at {place} ends in time", call.outcome)


@requirement("ASGI-APP-042")
def test_conversations_that_overlap(app: App, judge: Judge) -> None:
    """Each of several handshakes is answered once on its own send, and who gets echoes gets its own."""
    places = sockets(app)
    alone = {place: conversations(app, [place], ["gateproof-0"])[0] for place in places}
    for chosen in ([places[0]] * 2, [*places, *reversed(places)]):
        words = [f"gateproof-{number}" for number, _ in enumerate(chosen, 1)]
        calls = conversations(app, chosen, words)
        app.point_at(*(call.played for call in calls))
        for place, word, call in zip(chosen, words, calls, strict=True):
            usual = alone[place].types.count("websocket.accept")
            once = call.types.count("websocket.accept") <= max(usual, 1) and answered(call)
            judge("ASGI-APP-042", once, f"one answer to the handshake at {place.path}", call.outcome)
            echoes = _own(alone[place], "gateproof-0")
            if echoes and "websocket.close" not in call.types:  # it may be ended for the sake of another one
                judge("ASGI-APP-042", _own(call, word), f"{word} comes back at {place.path}", call.outcome)
    app.point_at()


def _own(call: Call, word: str) -> bool:
    """Tell whether a conversation got back what it said."""
    said = [event for event in call.sent if isinstance(event, dict) and event.get("type") == "websocket.send"]
    return any(word in str(event.get("text")) or word.encode() in (event.get("bytes") or b"") for event in said)

"""ASGI specification, Error Handling: invalid events raise out of `send`, in the call that sent them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from gateproof.asgi_scripts import (
    Step,
    accept,
    asgi,
    attempt,
    body,
    close,
    message,
    receive,
    respond,
    send,
    start,
)
from gateproof.check import launch, requirement
from gateproof.draw import Draw
from gateproof.exchange import Call, Exchange
from gateproof.judge import Blocked, Judge
from gateproof.patience import PATIENT_S
from gateproof.target import Server

from .calling import has_websocket, played, played_websocket
from .looking import version
from .talking import speaks

BOGUS = {"type": "http.gateproof"}
OTHER = 203
Event = dict[str, Any]
BAD_STARTS: list[tuple[str, Event]] = [
    ("ASGI-ERR-005", {"type": "http.response.start", "headers": []}),
    ("ASGI-ERR-006", start(headers=[("x-a", "b")])),
    ("ASGI-ERR-006", start(headers=[(b"x-a", "b")])),
    ("ASGI-ERR-006", start(headers=[(b"x-b", b"c"), ("x-a", b"b")])),
    ("ASGI-ERR-007", start("200")),
    ("ASGI-ERR-007", start(None)),
    ("ASGI-ERR-007", start(200.0)),
]


def tried(event: Any) -> Step:
    """Send an event that may raise."""
    return attempt([send(event)])


def came_to(call: Call, number: int) -> str:
    """Return what a send raised; '' where it returned."""
    if number >= len(call.sent):
        raise Blocked(f"send number {number} was never made")
    return str(call.sent[number].get("raised", ""))


@requirement("ASGI-ERR-001")
def test_unknown_type_on_http(server: Server, judge: Judge) -> None:
    """An event of an unknown type raises, before the response has started and after."""
    script = asgi(tried(BOGUS), attempt([send(start()), send(body(b"a", more=True))]), tried(BOGUS), tried(body(b"b")))
    call = played(server, script).call
    for number, where in ((0, "before the start"), (3, "after it")):
        if number < len(call.sent):
            judge("ASGI-ERR-001", came_to(call, number), f"an exception, {where}", "send returned")


@requirement("ASGI-ERR-002")
def test_unknown_type_on_websocket(server: Server, judge: Judge) -> None:
    """An event of an unknown type raises, before accept and after."""
    speaks(server)
    bogus = tried({"type": "websocket.gateproof"})
    call = played_websocket(server, bogus, tried(accept()), bogus).call
    for number, where in ((0, "before accept"), (2, "after it")):
        if number < len(call.sent):
            judge("ASGI-ERR-002", came_to(call, number), f"an exception, {where}", "send returned")


@launch("lifespan:unknown_event")
@requirement("ASGI-ERR-003")
def test_unknown_type_in_lifespan(server: Server, judge: Judge) -> None:
    """An event of an unknown type raises after startup as well."""
    server.fresh()
    server.running.greets(PATIENT_S)
    server.channel.fence()
    if not server.lifespan.calls:
        server.unsupported("no lifespan scope comes", lacks="lifespan")
    server.channel.wait(server.lifespan.id, lambda event: event.name == "send" and _bogus(event.value), server.patience)
    said = [sent for call in server.lifespan.calls for sent in call.sent if _bogus(sent)]
    if not said:
        raise Blocked("the application did not get so far")
    judge("ASGI-ERR-003", said[0].get("raised"), "an exception", "send returned")


def _bogus(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "lifespan.gateproof"


@requirement("ASGI-ERR-004")
def test_no_event_at_all(server: Server, judge: Judge, draw: Draw) -> None:
    """What has no type, or is no dict, raises."""

    def law(event: Any) -> None:
        script = asgi(
            tried(event), attempt([send(start()), send(body(b"a", more=True))]), tried(event), tried(body(b"b"))
        )
        call = played(server, script).call
        for number, where in ((0, "before the start"), (3, "after it")):
            if number < len(call.sent):
                judge("ASGI-ERR-004", came_to(call, number), f"an exception for {event!r}, {where}", "send returned")

    keys = st.sampled_from(["status", "body", "headers", "Type", "more_body"])
    events: st.SearchStrategy[Any] = st.one_of(
        st.dictionaries(keys, st.sampled_from([200, b"", [], None, True]), max_size=3),
        st.lists(st.sampled_from(["type", "http.response.start"]), max_size=2),
        st.sampled_from(["x", b"http.response.start", 7, None, ""]),
    )
    bodies: list[Any] = [{"status": 200}, {}, {"body": b"a"}, [], None, "x", {"type": None}, {"type": 5}]
    draw(law, events, bodies, examples=15)


@requirement("ASGI-ERR-005", "ASGI-ERR-006", "ASGI-ERR-007", "ASGI-ERR-011", "ASGI-ERR-012")
def test_bad_start(server: Server, judge: Judge, draw: Draw) -> None:
    """A start of wrong types raises at once, and leaves the way free for a right one."""

    def law(case: tuple[str, Event]) -> None:
        row, event = case
        x = played(server, asgi(tried(event), attempt([respond(OTHER)])))
        raised = came_to(x.call, 0)
        judge(row, raised, f"an exception for {_shown(event)}", "send returned")

    draw(law, st.sampled_from(BAD_STARTS), BAD_STARTS, examples=0)
    for row, event in BAD_STARTS:
        x = played(server, asgi(tried(event), attempt([respond(OTHER)])))
        if came_to(x.call, 0):
            fine = x.response is not None and x.response.status == OTHER and not came_to(x.call, 1)
            seen = f"{x.outcome}; sends after it: {[said.get('raised', '') for said in x.call.sent[1:]]}"
            judge("ASGI-ERR-012", fine, f"the {OTHER} that was sent after {_shown(event)} raised ({row})", seen)
        _in_time(judge, server, event)


def _in_time(judge: Judge, server: Server, event: Event) -> None:
    """Judge that what is wrong with an event is not said by something later."""
    x = played(server, asgi(tried(event), tried(body(b"ok"))))
    if came_to(x.call, 0):
        judge("ASGI-ERR-011", True)
        return
    late = [f"the next send raised {came_to(x.call, 1)}"] if len(x.call.sent) > 1 and came_to(x.call, 1) else []
    if x.response is None or x.response.status >= 500 or not x.response.complete:
        late.append(x.outcome)
    judge("ASGI-ERR-011", not late, f"the exception out of send({_shown(event)}), or none", "; ".join(late))


def _shown(event: Event) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in event.items() if key != "type")


@requirement("ASGI-ERR-008", "ASGI-ERR-033", revision=2)
def test_bad_body(server: Server, judge: Judge, draw: Draw) -> None:
    """A body that is not bytes raises."""

    def law(value: Any) -> None:
        call = played(server, asgi(send(start()), tried(body(value)), tried(body(b"end")))).call
        row = "ASGI-ERR-008" if isinstance(value, str) and value else "ASGI-ERR-033"
        judge(row, came_to(call, 1), f"an exception for body={value!r}", "send returned")

    wrong: st.SearchStrategy[Any] = st.sampled_from(["", "text", None, 5, 1.5, [b"a"], {}, True])
    draw(law, wrong, ["text", None, 5, [b"a"], ""], examples=8)


@requirement("ASGI-ERR-009", "ASGI-ERR-034", "ASGI-ERR-035", revision=2)
def test_bad_message(server: Server, judge: Judge, draw: Draw) -> None:
    """A message with neither, both or swapped contents raises."""
    speaks(server)

    def law(content: dict[str, Any]) -> None:
        call = _in_websocket(server, tried(message(**content)))
        given = [value for value in content.values() if value is not None]
        row = ("ASGI-ERR-035", "ASGI-ERR-009", "ASGI-ERR-034")[len(given)]
        judge(row, came_to(call, 1), f"an exception for {content}", "send returned")

    values: list[Any] = [None, "", "text", b"", b"octets", 7]
    value = st.sampled_from(values)
    wrong: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({}, optional={"text": value, "bytes": value})
    corpus: list[dict[str, Any]] = [
        {"text": b"octets"},
        {"bytes": "text"},
        {"text": "text", "bytes": b"octets"},
        {},
        {"text": None, "bytes": None},
        {"text": 7},
    ]
    draw(law, wrong.filter(_is_wrong), corpus, examples=10)


def _is_wrong(content: dict[str, Any]) -> bool:
    text, octets = content.get("text"), content.get("bytes")
    if (text is None) == (octets is None):
        return True
    return not isinstance(octets, bytes) if text is None else not isinstance(text, str)


def _in_websocket(server: Server, *steps: Step) -> Call:
    """Play steps in an accepted WebSocket; the first send of the call is accept."""
    x = played_websocket(server, tried(accept()), *steps)
    if x.response is None or x.response.status != 101:
        raise Blocked(f"the handshake was not completed: {x.outcome}")
    return x.call


@requirement("ASGI-ERR-010", "ASGI-ERR-036", revision=2)
def test_bad_accept_and_close(server: Server, judge: Judge) -> None:
    """Fields of wrong types in websocket.accept and websocket.close raise."""
    speaks(server)
    # A key that came with a later version than the declared one is one that nobody knows.
    accepts: list[tuple[Event, tuple[int, int]]] = [
        (accept(subprotocol=b"a"), (2, 0)),
        (accept(headers=[("x-a", "b")]), (2, 1)),
    ]
    for event, since in accepts:
        call = played_websocket(server, tried(event), protocols=[b"a"]).call
        fine = came_to(call, 0) or version(call.scope) < since
        judge("ASGI-ERR-010", fine, f"an exception for accept with {_shown(event)}", "send returned")
    for event, since in ((close(code="1000"), (2, 0)), (close(code=1000, reason=b"x"), (2, 3))):
        call = _in_websocket(server, tried(event))
        fine = came_to(call, 1) or version(call.scope) < since
        judge("ASGI-ERR-036", fine, f"an exception for close with {_shown(event)}", "send returned")


@requirement("ASGI-ERR-014")
def test_additional_keys(server: Server, judge: Judge, draw: Draw) -> None:
    """Keys that nobody knows neither raise nor change anything."""

    def law(more: dict[str, Any]) -> None:
        whole = asgi(send({**start(headers=[(b"content-length", b"2")]), **more}), send({**body(b"ok"), **more}))
        x = played(server, whole)
        raised = [said.get("raised") for said in x.call.sent if said.get("raised")]
        fine = not raised and x.response is not None and (x.response.status, x.response.body) == (200, b"ok")
        judge("ASGI-ERR-014", fine, f"200 with 'ok', whatever {more} is", f"{x.outcome}, raised {raised}")

    names = st.sampled_from(["x", "gateproof", "Body", "statuses", "é", "", "a.b"])
    values = st.sampled_from([None, True, 7, 1.5, "text", b"octets", [1, b"a"], {"a": [None]}])
    corpus: list[dict[str, Any]] = [{"gateproof": "x"}, {"x": {"a": [None, b"b"]}, "é": 1.5}]
    draw(law, st.dictionaries(names, values, min_size=1, max_size=3), corpus, examples=10)
    if has_websocket(server):
        _additional_on_websocket(server, judge, {"gateproof": ["x", None]})


def _additional_on_websocket(server: Server, judge: Judge, more: dict[str, Any]) -> None:
    events = [{**accept(), **more}, {**message(text="hello"), **more}, {**close(code=3000), **more}]
    with server.websocket(asgi(receive(), *(tried(event) for event in events), live=True)) as talk:
        said = talk.next_message() if talk.accepted else None
        frame = talk.closing() if talk.accepted else None
        talk.close(3000)
        talk.hang_up()
        call = talk.over()
    raised = [sent.get("raised") for sent in call.sent if sent.get("raised")]
    fine = not raised and said is not None and said.payload == b"hello" and frame is not None
    judge("ASGI-ERR-014", fine, "a WebSocket that says hello and closes", f"raised {raised}, {said}, {frame}")


VALID: dict[str, Event] = {
    "start": start(),
    "part": body(b"part", more=True),
    "last": body(b"last"),
    "accept": accept(),
    "message": message(text="a"),
    "close": close(),
}


@requirement("ASGI-ERR-026")
def test_order_on_http(server: Server, judge: Judge, draw: Draw) -> None:
    """An event that is not due raises, and one that is does not."""

    def law(case: tuple[int, str]) -> None:
        parts, wrong = case
        before = ["start", *["part"] * parts] if wrong == "start" else []
        _ordered(judge, played(server, asgi(*_sequence(before, wrong))), before, wrong)

    cases = st.tuples(st.integers(0, 3), st.sampled_from(["start", "part", "last"]))
    draw(law, cases, [(0, "part"), (0, "last"), (0, "start"), (2, "start")], examples=6)


def _sequence(before: Sequence[str], wrong: str) -> list[Step]:
    return [tried(VALID[name]) for name in (*before, wrong)]


def _ordered(judge: Judge, x: Exchange, before: Sequence[str], wrong: str) -> None:
    told = " then ".join([*before, wrong])
    for number, name in enumerate(before):
        judge("ASGI-ERR-026", not came_to(x.call, number), f"{name} of {told} is taken", came_to(x.call, number))
    judge("ASGI-ERR-026", came_to(x.call, len(before)), f"an exception for the last of {told}", "send returned")


@requirement("ASGI-ERR-026")
def test_order_on_websocket(server: Server, judge: Judge) -> None:
    """A message before accept raises, and so does a second accept."""
    speaks(server)
    for before, wrong in (([], "message"), (["accept"], "accept"), (["accept", "message"], "accept")):
        x = played_websocket(server, *_sequence(before, wrong))
        _ordered(judge, x, before, wrong)

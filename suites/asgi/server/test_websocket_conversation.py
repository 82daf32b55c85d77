"""HTTP & WebSocket specification, WebSocket: whole conversations, drawn, against a model of what they must come to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from gateproof.asgi_scripts import Step, accepting, close, fail, message, receive, receive_until, send
from gateproof.check import requirement
from gateproof.conversation import Conversation, Message
from gateproof.draw import Draw
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire import websocket as ws

from . import refusing
from .looking import plain
from .talking import RESERVED, content, depart, ended, events, limit, octets, same, short, speaks, talking

DISCONNECT = "websocket.disconnect"
CONTENTS = ("a", "b", b"\x01", b"\x00\xff", "caf\u00e9", "x" * 126, b"y" * 65_536, "\U0001f600" * 40, "", b"")
# What an acceptance may say beside that it is one; whether it reaches the client other checks judge.
CHOSEN: dict[str, Any] = {"subprotocol": "chat"}
ADDED: dict[str, Any] = {"headers": [(b"x-a", b"1"), (b"set-cookie", b"a=b")]}
ACCEPTS: dict[str, dict[str, Any]] = {
    "": {},
    "with a subprotocol": CHOSEN,
    "with headers": ADDED,
    "with both": {**CHOSEN, **ADDED},
}
LEAVING = ("close 1000", "close 3001", "close", "close behind a message", "half close", "reset")
PARTING = ("app close 1000", "app close 4321", "app close 3001 answered late", "app returns", "app raises")


@dataclass(frozen=True)
class Talk:
    """A script of both sides: what is done, step by step, and how it ends.

    Steps are (who, content): "client" says a message, "pieces" says it in fragments, "ping" sends a ping, "app"
    receives what is next, if there is anything, and "says" sends a message, which the client reads before it goes on.
    "beside" is a handshake on another connection that fails; `before` are those that fail before this one begins. Each
    is one of `refusing.FAILURES`.
    """

    steps: tuple[tuple[str, str | bytes], ...]
    end: str
    accept: str = ""
    before: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """One line a script."""
        begins = [f"a handshake ({kind})" for kind in self.before]
        begins += [f"accepted {self.accept}"] if self.accept else []
        return "; ".join([*begins, *(f"{who} {short(said)}" for who, said in self.steps), self.end])

    def within(self, able: Able) -> Talk:
        """The same without what the target, by other checks, never does as it must."""
        lost = {*(("client", "pieces") if able.unheard else ()), *(("says",) if able.unsaid else ())}
        steps = [step for step in self.steps if step[1] or step[0] not in lost]
        steps = [step for step in steps if step[0] != "beside" or step[1] not in able.unfit]
        return replace(self, steps=tuple(steps), before=tuple(kind for kind in self.before if kind not in able.unfit))


@dataclass(frozen=True)
class Able:
    """What a target loses of empty messages, and which handshakes do not fail as they must (see `refusing.unfit`)."""

    unheard: bool
    unsaid: bool
    unfit: dict[str, str]


@dataclass
class Model:
    """What a talk must come to: what the application does, what it gets, and what the client reads.

    `heard` is how many messages the application gets before it sends each of its own.
    """

    script: list[Step] = field(default_factory=list)
    said: list[str | bytes] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, talk: Talk) -> Model:
        """Play a talk by the states of the specification."""
        model, waiting = cls(), 0
        for who, said in talk.steps:
            if who in ("client", "pieces"):
                model.said.append(said)
                waiting += 1
            elif who == "app" and waiting:
                model.script.append(receive())
                waiting -= 1
            elif who == "says":
                model.script.append(send(message(**{"text" if isinstance(said, str) else "bytes": said})))
                model.sent.append(Message(ws.TEXT if isinstance(said, str) else ws.BINARY, octets(said)))
                model.heard.append(len(model.said) - waiting)
        model.script += [receive()] * waiting if talk.end in PARTING else []
        if talk.end in LEAVING:
            model.script.append(receive_until(DISCONNECT))
        elif talk.end == "app raises":
            model.script.append(fail())
        elif talk.end.startswith("app close"):
            model.script += [send(close(code=int(talk.end.split()[2]))), receive_until(DISCONNECT)]
        return model


def talks() -> st.SearchStrategy[Talk]:
    """Return talks of up to ten steps."""
    contents = st.sampled_from(CONTENTS)
    kinds = st.sampled_from(sorted(refusing.FAILURES))
    who = st.sampled_from(["client", "client", "pieces", "app", "app", "says", "ping"])
    step = st.one_of(*[st.tuples(who, contents)] * 7, st.tuples(st.just("beside"), kinds))
    steps, before = st.lists(step, max_size=10).map(tuple), st.lists(kinds, max_size=2).map(tuple)
    accepts = st.sampled_from(["", "", *ACCEPTS])
    return st.builds(Talk, steps, st.sampled_from((*LEAVING, *PARTING)), accepts, before)


A: tuple[str, str | bytes] = ("app", "")
CORPUS = [
    Talk((("client", "a"), A, ("says", "b"), ("client", b"\x00\xff"), A, ("says", b"c")), "close 1000"),
    Talk((("client", "one"), ("client", "two"), ("pieces", "three in pieces"), ("ping", "x")), "close 3001"),
    Talk((("pieces", b"y" * 65_536), ("says", "x" * 126), ("client", "d"), ("client", b"d")), "close"),
    Talk((("says", "1"), ("client", "a"), ("ping", ""), ("client", "b"), A, ("says", "2")), "close behind a message"),
    Talk((("client", "a"), ("client", "b"), ("says", "c")), "app close 4321"),
    Talk((("client", "a"), ("says", "b")), "app close 1000"),
    Talk((("client", "a"), ("says", "b")), "app close 3001 answered late"),
    Talk((("client", "a"), A, ("says", "b"), ("says", b"c")), "app returns"),
    Talk((("client", "a"),), "app raises"),
    Talk((("client", "a"), ("client", "b"), A), "half close"),
    Talk((("says", "a"), ("client", "b"), A), "reset"),
    Talk((), "close 1000"),
    Talk((), "app close 1000"),
    Talk((("client", ""), ("client", "a"), A, A, ("says", ""), ("says", b"b")), "close 1000", "with a subprotocol"),
    Talk((("says", b""), ("client", b""), ("pieces", ""), ("client", b"c")), "close 3001", "with headers"),
    Talk((("client", "b"), A, ("says", "a"), ("says", ""), ("says", "c")), "app close 4321", "with both"),
    Talk((("client", "a"), A, ("says", "b")), "close 1000", before=("app closes", "app closes 4001")),
    Talk(
        (("client", "a"), A, ("beside", "app raises"), ("client", "b"), ("beside", "client resets"), ("client", "c")),
        "close 3001",
        before=("app raises",),
    ),
    Talk((("says", "a"), ("client", "b"), A), "app close 1000", before=("client resets", "client resets, app accepts")),
    Talk(
        (("says", "a"), ("beside", "app denies 401"), ("says", "b"), ("client", "c"), A),
        "app returns",
        "with both",
        ("app denies 401", "app closes"),
    ),
    Talk(
        (("client", "a"), ("beside", "app returns"), A, ("beside", "client stops"), ("says", b"b")),
        "app close 4321",
        before=("app returns", "client stops", "client wants version 12"),
    ),
]


@requirement(
    "ASGI-WS-025",
    "ASGI-WS-034",
    "ASGI-WS-040",
    "ASGI-WS-050",
    "ASGI-WS-051",
    "ASGI-WS-052",
    "ASGI-WS-053",
    "ASGI-WS-062",
    "ASGI-WS-080",
    "ASGI-WS-093",
    "ASGI-WS-099",
    "ASGI-WS-009",
    "ASGI-ERR-020",
    "ASGI-EXT-070",
    "ASGI-WS-006",
    "ASGI-WS-008",
    "ASGI-WS-061",
    "ASGI-WS-081",
    "ASGI-WS-103",
    revision=3,
)
def test_conversations(server: Server, judge: Judge, draw: Draw) -> None:
    """Whatever both sides say, in whatever order, and however they part: it comes to what the specification says."""
    speaks(server)
    able = Able(*_empty_are_lost(server), refusing.unfit(server))

    def law(case: Talk) -> None:
        talk = case.within(able)
        model = Model.of(talk)
        for kind in talk.before:
            _fails(server, talk, kind, judge)
        script = accepting(*model.script, **ACCEPTS[talk.accept])
        with server.websocket(script, protocols=(b"soap", b"chat")) as held:
            if not held.accepted and talk.accept:
                return  # what an acceptance may say is for checks of the handshake to judge
            if talk.before:
                judge("ASGI-WS-009", held.accepted, f"{talk}: 101 behind handshakes that failed", held.exchange.outcome)
            if not held.accepted:
                raise Blocked(f"the handshake was not completed: {held.exchange.outcome}")
            read = _hold(held, talk, lambda kind: _fails(server, talk, kind, judge))
            if len(read) < len(model.sent):  # what follows would wait for what the client says behind it
                if len(events(held.call, "websocket.receive")) < model.heard[len(read)]:
                    _said(held, talk, model, judge)  # the application has not come to what was not read
                _read(judge, talk, model, read)
            _part(held, talk, judge)
            if talk.end in LEAVING:
                _left(held, talk, judge, limit(server))
            else:
                held.over()
            _said(held, talk, model, judge)
        _read(judge, talk, model, read)
        judge("ASGI-WS-099", not held.problems, f"{talk}: well-formed frames", "; ".join(held.problems))

    draw(law, talks(), CORPUS)
    for kind, why in able.unfit.items():
        if row := refusing.FAILURES[kind].row:
            judge.blocked(row, why)


def _read(judge: Judge, talk: Talk, model: Model, read: list[Message]) -> None:
    """Judge what the client read of what the application said."""
    payloads = [one.payload for one in read] == [one.payload for one in model.sent]
    wanted, seen = ([short(one) for one in said] for said in (model.sent, read))
    judge("ASGI-WS-034", payloads, f"{talk}: {wanted}", seen)


def _fails(server: Server, talk: Talk, kind: str, judge: Judge) -> None:
    """Have a handshake fail on another connection; judge what comes of it."""
    wrong = refusing.failed(server, kind)
    if row := refusing.FAILURES[kind].row:
        judge(row, not wrong, f"{talk}: {kind}, as it is alone", wrong)


def _empty_are_lost(server: Server) -> tuple[bool, bool]:
    """Tell whether empty messages are lost on their way to the application, and to the client (ASGI-WS-023, 032)."""
    nothing = Talk((("client", ""), ("client", b"x"), A, A, ("says", ""), ("says", b"x")), "app returns")
    with talking(server, *Model.of(nothing).script) as held:
        read = _hold(held, nothing, lambda _: None)
        held.hang_up()
        held.over()
    got = [content(event) for event in events(held.call, "websocket.receive")]
    return not (got and _alike(got[0], "")), not (read and not read[0].payload)


def _hold(held: Conversation, talk: Talk, fails: Callable[[str], None]) -> list[Message]:
    """Play the client's side of the steps, and what is beside them; return the messages that it read."""
    read: list[Message] = []
    for who, said in talk.steps:
        opcode, payload = ws.TEXT if isinstance(said, str) else ws.BINARY, octets(said)
        if who == "client":
            held.frame(opcode, payload)
        elif who == "pieces":
            held.frame(opcode, payload[:1], fin=False)
            held.frame(ws.PING, b"between")
            held.frame(ws.CONTINUATION, payload[1:])
        elif who == "ping":
            held.frame(ws.PING, payload[:100])
        elif who == "beside":
            fails(str(said))
        elif who == "says":
            message = held.next_message()
            if message is None:
                break  # what is missing is judged, and not waited for again
            read.append(message)
    return read


def _part(held: Conversation, talk: Talk, judge: Judge) -> None:
    """Play the end of a talk, as the client sees it."""
    if talk.end in PARTING:
        frame = held.closing()
        closed = frame is not None or held.ended
        if talk.end.startswith("app close"):
            code = int(talk.end.split()[2])
            seen = frame.code if frame is not None else ended(held)
            judge("ASGI-WS-040", seen == code, f"{talk}: a close frame with {code}", seen)
        elif talk.end == "app returns":
            judge("ASGI-WS-080", closed, f"{talk}: an end", ended(held))
        if frame is not None:
            allowed = frame.code is None or frame.code not in RESERVED
            judge("ASGI-WS-093", allowed, f"{talk}: no reserved code", frame.code)
            if talk.end.endswith("late"):
                held.text("too late")
            held.close(frame.code if allowed and frame.code else 1000)
        held.ends()
        held.hang_up()
    elif talk.end == "reset":
        _heard(held, Model.of(talk))
        held.reset()
    elif talk.end == "half close":
        held.dialogue.half_close()
    elif talk.end == "close behind a message":
        held.text("the last")
        depart(held, 1000)
    else:
        depart(held, int(talk.end.split()[1]) if " " in talk.end else None)


def _heard(held: Conversation, model: Model) -> None:
    """Wait until the application got everything: a reset may take away what is still under way."""
    count = len(model.said)
    deadline = time.monotonic() + held.dialogue.server.patience
    while len(events(held.call, "websocket.receive")) < count and time.monotonic() < deadline:
        known = len(held.exchange.events)
        held.came(lambda _, known=known: len(held.exchange.events) > known, 0.05)  # type: ignore[misc]


def _left(held: Conversation, talk: Talk, judge: Judge, wait_s: float) -> None:
    """Judge what the application is told of the client's leaving."""
    event = held.told(DISCONNECT, wait_s)
    if event is None:
        held.fell_silent()
    row = "ASGI-WS-050" if talk.end.startswith("close") else "ASGI-WS-051"
    kinds = [found.get("type") for found in held.call.received]
    judge(row, event is not None, f"{talk}: {DISCONNECT}", kinds[-3:])
    assert event is not None
    code = plain(event.get("code"))
    judge("ASGI-WS-053", type(code) is int, f"{talk}: a code that is an int", event.get("code"))
    if talk.end in ("close 1000", "close 3001"):
        judge("ASGI-WS-052", code == int(talk.end.split()[-1]), f"{talk}: its code", code)


def _alike(seen: Any, wanted: str | bytes) -> bool:
    """Compare what was said, not its kind, on which other checks look."""
    other = octets(wanted) if isinstance(wanted, str) else wanted.decode("latin-1")
    return same(seen, wanted) or same(seen, other)


def _said(held: Conversation, talk: Talk, model: Model, judge: Judge) -> None:
    """Judge what the application got of what the client said."""
    wanted: list[str | bytes] = [*model.said, "the last"] if talk.end == "close behind a message" else model.said
    seen: list[Any] = [content(event) for event in events(held.call, "websocket.receive")]
    if talk.end.endswith("late"):
        seen = seen[: len(wanted)]  # what came behind the application's close may be delivered, or not
    alike = all(_alike(*pair) for pair in zip(seen, wanted, strict=False))
    right, before = alike and len(seen) == len(wanted), alike and len(seen) < len(wanted)
    row = "ASGI-WS-062" if before and talk.end in LEAVING else "ASGI-WS-025"
    told = [short(value) for value in seen]
    judge(row, right, f"{talk}: {[short(value) for value in wanted]} for the application", told)
    judge("ASGI-WS-062", True)

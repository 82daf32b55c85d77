"""HTTP & WebSocket specification, WebSocket: Receive, Send, fragments, pings, and what breaks the protocol."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from gateproof.asgi_scripts import flood, loop, message, receive, receive_until, send, wait
from gateproof.check import launch, requirement
from gateproof.conversation import Conversation, Message
from gateproof.draw import Draw
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire import websocket as ws

from .calling import PART, PARTS, flooded, judge_late_reading, standing_still
from .looking import ABSENT, plain
from .talking import answers_soon, content, ended, events, limit, same, short, speaks, talking
from .watching import memory, pour

Content = str | bytes
DISCONNECT = "websocket.disconnect"
SIZES = (0, 1, 124, 125, 126, 127, 65_535, 65_536, 65_537)
SHORT_TEXTS = (
    "a",
    "caf\u00e9",
    "\u20ac",
    "\U0001f600",
    "\0",
    "\ufeffx",
    "\u2028",
    "a\r\nb",
    "e\u0301",
    "\uffff",
    "\x7f",
)
SHORT_OCTETS = (b"a", b"\x00", b"\xff\xfe", b"caf\xc3\xa9", b"\r\n\r\n", b"\x81\x00", b"\x88\x00", bytes(range(256)))


def contents() -> st.SearchStrategy[Content]:
    """Return messages: interesting words, repeated up to lengths at which the frame's header changes."""
    texts = st.lists(st.sampled_from(SHORT_TEXTS), max_size=4).map("".join)
    octets = st.lists(st.sampled_from(SHORT_OCTETS), max_size=3).map(b"".join)
    sized = st.sampled_from(SIZES)
    return st.one_of(
        texts, octets, st.binary(max_size=12), sized.map(lambda n: "x" * n), sized.map(lambda n: b"\x80" * n)
    )


@dataclass(frozen=True)
class Said:
    """One message of the client: its content, where it is cut into fragments, and whether pings come in between."""

    content: Content
    cuts: tuple[int, ...] = ()
    ping: bool = False

    @property
    def octets(self) -> bytes:
        """The payload."""
        return self.content.encode("utf-8") if isinstance(self.content, str) else self.content

    def frames(self) -> list[bytes]:
        """The frames that carry it, pings among them."""
        whole, opcode = self.octets, ws.TEXT if isinstance(self.content, str) else ws.BINARY
        at = [0, *sorted(cut % (len(whole) + 1) for cut in self.cuts), len(whole)]
        out: list[bytes] = []
        for number, (begin, end) in enumerate(itertools.pairwise(at)):
            last = number == len(at) - 2
            out.append(ws.encode(opcode if number == 0 else ws.CONTINUATION, whole[begin:end], fin=last))
            if self.ping and not last:
                out.append(ws.encode(ws.PING, b"between"))
        return out

    def __repr__(self) -> str:
        """In few words."""
        return short(self.content) + (f" cut at {self.cuts}" if self.cuts else "") + (" with pings" * self.ping)


def first_difference(wanted: Sequence[Content], seen: Sequence[Any]) -> int | None:
    """Return where what came is not what was said; None where all of it is the same."""
    for number, value in enumerate(wanted):
        if number >= len(seen) or not same(seen[number], value):
            return number
    return len(wanted) if len(seen) > len(wanted) else None


def row_of(said: Said) -> str:
    """Return the requirement that a message is about."""
    if said.cuts:
        return "ASGI-WS-024"
    if not said.octets:
        return "ASGI-WS-023"
    return "ASGI-WS-020" if isinstance(said.content, str) else "ASGI-WS-021"


@requirement("ASGI-WS-020", "ASGI-WS-021", "ASGI-WS-022", "ASGI-WS-023", "ASGI-WS-024", "ASGI-WS-025", "ASGI-WS-026")
def test_messages_arrive(server: Server, judge: Judge, draw: Draw) -> None:
    """Every message arrives whole, once, in order and of its kind, however frames and packets cut it."""
    speaks(server)

    def law(case: tuple[list[Said], list[int]]) -> None:
        said, packets = case
        with talking(server, loop(len(said), receive())) as talk:
            _in_packets(talk, b"".join(b"".join(one.frames()) for one in said), packets)
            if talk.over().first("returned") is None and not talk.exchange.call.has("returned"):
                talk.fell_silent()
            received = events(talk.call, "websocket.receive")
            refused = talk.closing() if len(received) < len(said) else None
            pinged = any(one.ping and one.cuts for one in said)
            while pinged and not any(frame.opcode == ws.PONG for frame in talk.frames) and talk.next_frame():
                pass
        kinds = [event.get("type") for event in talk.call.received[1:]]
        others = [kind for kind in kinds if kind not in ("websocket.receive", DISCONNECT)]
        judge("ASGI-WS-026", not others, "no event for a ping", others)
        for event in received:
            both = [plain(event.get(key)) for key in ("text", "bytes")]
            judge("ASGI-WS-022", sum(part is not None for part in both) == 1, "text or bytes, not both", event)
        seen = [content(event) for event in received]
        told = [short(value) for value in seen]
        at = first_difference([one.content for one in said], seen)
        if at is not None and at == len(seen) and _too_big(refused, said[: at + 1]):
            return
        if at is not None:
            moved = at == len(said) or any(same(value, said[at].content) for value in seen)
            whole = len(seen) < len(said) and said[at].content and not said[at].cuts
            judge("ASGI-WS-025" if moved or whole else row_of(said[at]), False, f"{said} as {len(said)} events", told)
        for one in said:
            judge(row_of(one), True)
        judge("ASGI-WS-025", True)
        if pinged:
            pongs = [frame.payload for frame in talk.frames if frame.opcode == ws.PONG]
            judge("ASGI-WS-026", b"between" in pongs, f"a pong for {said}", talk.frames)

    corpus: list[tuple[list[Said], list[int]]] = [
        ([Said("hello"), Said(b"\x00\xff"), Said("caf\u00e9 \U0001f600 \0")], []),
        ([Said(""), Said(b""), Said("end")], []),
        ([Said(b"text?"), Said(b"caf\xc3\xa9"), Said(bytes(range(256)))], []),
        ([Said("one whole message", (3, 9)), Said(b"octets", (1,)), Said("next")], []),
        ([Said("caf\u00e9 \U0001f600", (4, 7, 9), ping=True), Said(b"", (0,)), Said("", (0, 0))], [1, 2, 40]),
        ([Said("x" * 125), Said("y" * 126), Said(b"z" * 65_535), Said("\u20ac" * 30_000), Said(b"w" * 65_536)], []),
        ([Said(str(number)) for number in range(40)], []),
        ([Said(b"k" * 1_000_000), Said("m" * 300_000, (1, 131_072))], [131_072]),
    ]
    cuts = st.lists(st.integers(0, 70_000), max_size=3).map(tuple)
    said = st.builds(Said, contents(), st.one_of(st.just(()), cuts), st.booleans())
    packets = st.lists(st.integers(0, 70_000), max_size=2)
    draw(law, st.tuples(st.lists(said, min_size=1, max_size=4), packets), corpus)


def _too_big(refused: ws.Frame | None, said: list[Said]) -> bool:
    """Tell whether the last, and largest, was refused for its size, as any may be (RFC 6455, 7.4.1 and 10.4)."""
    *others, last = [len(one.octets) for one in said]
    return refused is not None and refused.code == 1009 and all(last > other for other in others)


def _in_packets(talk: Conversation, octets: bytes, cuts: list[int]) -> None:
    """Send octets, cut so that the server has read what is before a cut when it gets what is behind it."""
    at = [0, *sorted(cut % (len(octets) + 1) for cut in cuts), len(octets)]
    for begin, end in itertools.pairwise(at):
        talk.send(octets[begin:end])
        if end < len(octets):
            answers_soon(talk.dialogue.server)


@requirement("ASGI-WS-026", "ASGI-WS-090", "ASGI-WS-027")
def test_pings_and_pongs(server: Server, judge: Judge) -> None:
    """A ping is answered with its own octets and no event; a pong that nobody asked for changes nothing."""
    speaks(server)
    with talking(server, receive_until(DISCONNECT)) as talk:
        for payload in (b"", b"p", b"\x00\xff" * 62):
            talk.frame(ws.PING, payload)
            frame = _unless_ping(talk)
            answered = frame is not None and (frame.opcode, frame.payload) == (ws.PONG, payload)
            judge("ASGI-WS-026", answered, f"a pong with {payload!r}", frame or ended(talk))
        talk.frame(ws.PONG, b"unasked")
        talk.text("behind it")
        event = talk.told("websocket.receive", limit(server))
        judge("ASGI-WS-090", event and content(event) == "behind it", "the message behind a pong", event or ended(talk))
        kinds = [found.get("type") for found in talk.call.received[1:]]
        judge("ASGI-WS-026", set(kinds) <= {"websocket.receive", DISCONNECT}, "no event for a ping", kinds)
        pinged = any(frame.opcode == ws.PING for frame in talk.frames)
        judge.reading("ASGI-WS-027", "pings at once" if pinged else "no ping in the first moments")


def _unless_ping(talk: Conversation) -> ws.Frame | None:
    """Return the next frame that is no ping: a server may send pings when it likes."""
    while (frame := talk.next_frame()) is not None and frame.opcode == ws.PING:
        talk.frame(ws.PONG, frame.payload)
    return frame


@dataclass(frozen=True)
class Sent:
    """One message of the application; `nulled` gives the other key as None."""

    content: Content
    nulled: bool = False

    def event(self) -> dict[str, Any]:
        """The event that sends it."""
        key, other = ("text", "bytes") if isinstance(self.content, str) else ("bytes", "text")
        return message(**{other: None, key: self.content}) if self.nulled else message(**{key: self.content})

    def message(self) -> Message:
        """What the client is to read."""
        if isinstance(self.content, str):
            return Message(ws.TEXT, self.content.encode("utf-8"))
        return Message(ws.BINARY, self.content)

    def row(self) -> str:
        """The requirement that it is about."""
        if not self.content:
            return "ASGI-WS-032"
        if self.nulled:
            return "ASGI-WS-033"
        return "ASGI-WS-030" if isinstance(self.content, str) else "ASGI-WS-031"

    def __repr__(self) -> str:
        """In few words."""
        return short(self.content) + (" with the other key None" if self.nulled else "")


@requirement("ASGI-WS-030", "ASGI-WS-031", "ASGI-WS-032", "ASGI-WS-033", "ASGI-WS-034", "ASGI-WS-099")
def test_messages_are_sent(server: Server, judge: Judge, draw: Draw) -> None:
    """Every websocket.send is one message of its kind with exactly that content, in order."""
    speaks(server)

    def law(sent: list[Sent]) -> None:
        with talking(server, *[send(one.event()) for one in sent], receive_until(DISCONNECT)) as talk:
            seen = talk.messages(len(sent))
            for number, one in enumerate(sent):
                if number < len(seen) and seen[number] == one.message():
                    judge(one.row(), True)
                    continue
                raised = [said.get("raised") for said in talk.call.sent if said.get("raised")]
                what = f"{[short(found) for found in seen]}, {ended(talk)}, raised {raised}"
                row = "ASGI-WS-034" if one.message() in seen[number:] else one.row()
                judge(row, False, f"{sent} as {len(sent)} messages", what)
            judge("ASGI-WS-034", True)
            judge("ASGI-WS-099", not talk.problems, "well-formed frames", "; ".join(talk.problems))

    corpus = [
        [Sent("hello"), Sent(b"\x00\xff"), Sent("caf\u00e9 \U0001f600 \0")],
        [Sent(b"text?"), Sent(b"caf\xc3\xa9"), Sent(bytes(range(256)))],
        [Sent(""), Sent(b""), Sent("end")],
        [Sent("t", nulled=True), Sent(b"\x01", nulled=True)],
        [Sent("x" * 125), Sent("y" * 126), Sent(b"z" * 65_535), Sent("\u20ac" * 30_000), Sent(b"w" * 65_536)],
        [Sent(b"k" * 700_000), Sent("after it")],
        [Sent(str(number)) for number in range(60)],
    ]
    draw(law, st.lists(st.builds(Sent, contents(), st.booleans()), min_size=1, max_size=5), corpus)


@launch("beside")
@requirement("ASGI-WS-116", "ASGI-WS-031", revision=2)
def test_slow_reader(server: Server, judge: Judge) -> None:
    """While the client does not read, send waits; what is read at last is all that was sent."""
    with talking(server, wait("go"), flood(PART, PARTS, message()), send(message(text="end"))) as talk:
        pid = _waiting(talk)
        before = memory(pid)
        talk.dialogue.release("go")
        if not standing_still(server, talk.exchange, "flooded"):
            raise Blocked("no message was sent")
        done = flooded(talk.call)
        grown = memory(pid) - before
        seen: list[Message] = []
        while len(seen) <= PARTS and (came := talk.next_message()) is not None:  # each in its own time
            seen.append(came)
        talk.over()
    judge("ASGI-WS-116", done < PARTS, "send waits while the client does not read", f"{done} sends were done")
    wanted = [Message(ws.BINARY, b"x" * PART)] * PARTS + [Message(ws.TEXT, b"end")]
    what = f"{len(seen)} messages of {sum(len(one.payload) for one in seen)} octets, {ended(talk)}"
    all_of_them = f"{PARTS} messages of {PART} octets, and one behind them"
    judge_late_reading(judge, "ASGI-WS-031", talk.call, seen == wanted, all_of_them, what)
    judge.reading("ASGI-WS-116", f"{PART * PARTS >> 20} MiB that nobody reads: the process grows by {grown} MiB")


def _waiting(talk: Conversation) -> int:
    """Wait until the application waits; return its process."""
    if not talk.wait("waiting"):
        raise Blocked("the application did not come to wait")
    return talk.call.events[0].pid


@launch("beside")
@requirement("ASGI-WS-118")
def test_slow_application(server: Server, judge: Judge) -> None:
    """How much of a client's messages a server takes in while the application receives none of them."""
    with talking(server, wait("go", 20.0)) as talk:
        pid = _waiting(talk)
        before = memory(pid)
        piece = ws.encode(ws.BINARY, bytes(PART))
        taken = pour(server, talk.dialogue, itertools.repeat(piece, PARTS))
        grown = memory(pid) - before
        talk.dialogue.reset()
        talk.dialogue.release("go")
    told = "all" if taken == len(piece) * PARTS else f"less than {(taken >> 20) + 1}"
    judge.reading("ASGI-WS-118", f"{told} of {PART * PARTS >> 20} MiB are taken in; the process grows by {grown} MiB")


@dataclass(frozen=True)
class Breach:
    """Octets of the client that break the protocol, and the requirement that says what becomes of them."""

    row: str
    what: str
    octets: bytes


def _bad_texts() -> list[Breach]:
    """Return texts that are not UTF-8: RFC 6455, 8.1; RFC 3629, 3."""
    wrong = {
        "ff fe": b"\xff\xfe",
        "latin-1": b"caf\xe9",
        "an overlong form": b"a\xc0\xafb",
        "a surrogate": b"\xed\xa0\x80",
        "above U+10FFFF": b"\xf4\x90\x80\x80",
        "a character that is cut off": b"abc\xe2\x82",
    }
    found = [Breach("ASGI-WS-028", what, ws.encode(ws.TEXT, octets)) for what, octets in wrong.items()]
    halves = ws.encode(ws.TEXT, b"a\xe2\x82", fin=False) + ws.encode(ws.CONTINUATION, b"z")
    late = ws.encode(ws.TEXT, b"good ", fin=False) + ws.encode(ws.CONTINUATION, b"\xff")
    return [
        *found,
        Breach("ASGI-WS-028", "a character cut off by a fragment", halves),
        Breach("ASGI-WS-028", "a bad fragment", late),
    ]


def _bad_frames() -> list[Breach]:
    """Return frames that RFC 6455, 5.1 and 5.2, wants no server to take."""
    found = [Breach("ASGI-WS-094", "no mask", ws.encode(ws.TEXT, b"hello", mask=None))]
    found += [Breach("ASGI-WS-094", f"reserved bits {bits}", ws.encode(ws.TEXT, b"a", rsv=bits)) for bits in (4, 2, 1)]
    found += [Breach("ASGI-WS-094", f"opcode {code}", ws.encode(code, b"a")) for code in (3, 7, 11, 15)]
    return found


def _bad_sequences() -> list[Breach]:
    """Return frames that are out of order, and control frames that are no such thing: RFC 6455, 5.4 and 5.5."""
    begun = ws.encode(ws.TEXT, b"x", fin=False)
    return [
        Breach("ASGI-WS-095", "a text within a text", begun + ws.encode(ws.TEXT, b"y")),
        Breach("ASGI-WS-095", "a binary message within a text", begun + ws.encode(ws.BINARY, b"y")),
        Breach("ASGI-WS-095", "a continuation of nothing", ws.encode(ws.CONTINUATION, b"y")),
        Breach("ASGI-WS-095", "a ping in fragments", ws.encode(ws.PING, b"y", fin=False)),
        Breach("ASGI-WS-095", "a ping of 126 octets", ws.encode(ws.PING, b"y" * 126)),
    ]


SAYING_SO = frozenset((1002, 1003, 1007, 1008, 1009, 1011))


@requirement("ASGI-WS-028", "ASGI-WS-094", "ASGI-WS-095", "ASGI-WS-098")
def test_what_breaks_the_protocol(server: Server, judge: Judge, draw: Draw) -> None:
    """A breach of the protocol reaches no application: the server fails the connection, and says why."""
    speaks(server)

    def law(breach: Breach) -> None:
        with talking(server, receive_until("websocket.receive", DISCONNECT)) as talk:
            talk.send(breach.octets)
            frame = talk.closing()
            failed = frame is not None or talk.ended
            talk.hang_up()
            if failed and talk.over(server.quiet[0]).has("returned") is False:
                answers_soon(server)
            delivered = [short(content(event)) for event in events(talk.call, "websocket.receive")]
            seen = f"delivered {delivered}" if delivered else ended(talk)
            judge(breach.row, failed and not delivered, f"{breach.what}: nothing delivered, and an end", seen)
            said_so = frame is not None and frame.code in SAYING_SO
            judge("ASGI-WS-098", said_so, f"{breach.what}: a close frame with 1002, 1007 or the like", ended(talk))

    draw(law, None, [*_bad_texts(), *_bad_frames(), *_bad_sequences()])


@requirement("ASGI-WS-022")
def test_keys_of_a_message(server: Server, judge: Judge) -> None:
    """Of text and bytes one is given; the other is missing or None, also for empty messages."""
    with talking(server, loop(4, receive())) as talk:
        for opcode, payload in ((ws.TEXT, b"a"), (ws.TEXT, b""), (ws.BINARY, b"a"), (ws.BINARY, b"")):
            talk.frame(opcode, payload)
        talk.over()
        found = events(talk.call, "websocket.receive")
    for event in found:
        both = [plain(event.get(key)) for key in ("text", "bytes")]
        judge("ASGI-WS-022", sum(part is not None for part in both) == 1, "text or bytes, not both", event)
    if not found:
        judge.blocked("ASGI-WS-022", f"no message was delivered ({ABSENT})")


LIMIT = 65_536  # what the launch is told
TOO_LONG = b"x" * 70_000


@launch("message-limit")
@requirement("ASGI-WS-114")
def test_the_limit_of_a_message_holds(server: Server, judge: Judge) -> None:
    """A message beyond the limit is not delivered, however it is cut into frames, and fails the connection."""
    for what, said in (("in one frame", Said(TOO_LONG)), ("in fragments", Said(TOO_LONG, (20_000, 40_000, 60_000)))):
        with talking(server, receive(), receive_until("websocket.receive", DISCONNECT)) as talk:
            talk.frame(ws.BINARY, TOO_LONG[: LIMIT // 2])
            if talk.told("websocket.receive", limit(server)) is None:
                raise Blocked(f"a message of half the limit is not delivered: {ended(talk)}")
            talk.send(b"".join(said.frames()))
            failed = talk.closing() is not None or talk.ended
            talk.hang_up()
            talk.over()
            delivered = [short(content(event)) for event in events(talk.call, "websocket.receive")[1:]]
            seen = f"delivered {delivered}" if delivered else ended(talk)
            judge("ASGI-WS-114", failed and not delivered, f"{what}: nothing delivered, and an end", seen)
            judge.reading("ASGI-WS-114", f"{what}: {ended(talk)}")

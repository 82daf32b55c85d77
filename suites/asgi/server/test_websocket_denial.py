"""Extensions, Websocket Denial Response: judged where the scope advertises websocket.http.response."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from gateproof.asgi_scripts import Step, accept, asgi, attempts, body, close, message, receive, send, start
from gateproof.check import requirement
from gateproof.conversation import Conversation
from gateproof.draw import Draw
from gateproof.judge import Blocked, Judge
from gateproof.target import Server

from .looking import extensions, websocket_scope
from .responding import without_additions
from .talking import ends_soon, limit, speaks

EXTENSION = "websocket.http.response"
Fields = tuple[tuple[bytes, bytes], ...]


def start_event(status: int = 403, headers: Any = ((b"content-type", b"text/plain"),)) -> dict[str, Any]:
    """Return websocket.http.response.start; headers None leaves the key out."""
    return {**start(status, headers), "type": EXTENSION + ".start"}


def body_event(octets: bytes = b"", more: bool | None = None) -> dict[str, Any]:
    """Return websocket.http.response.body."""
    return {**body(octets, more), "type": EXTENSION + ".body"}


def offered(server: Server) -> None:
    """End the check where the extension is not advertised."""
    speaks(server)
    if EXTENSION not in extensions(websocket_scope(server)):
        server.unsupported(f"extensions has no key {EXTENSION}", lacks=f"extension:{EXTENSION}")


@contextmanager
def denying(server: Server, *steps: Step) -> Iterator[Conversation]:
    """Ask for a WebSocket that the application denies by these steps."""
    with server.websocket(asgi(receive(), *steps, live=True)) as talk:
        yield talk


def answer(talk: Conversation) -> str:
    """Say what came back, in few words."""
    raised = [f"{said.get('type')} raised {said['raised']}" for said in talk.call.sent if said.get("raised")]
    return "; ".join([talk.exchange.outcome, *raised])


@dataclass(frozen=True)
class Denial:
    """One denial response: what the application sends, piece by piece."""

    status: int
    headers: Fields = ((b"content-type", b"text/plain"),)
    pieces: tuple[bytes, ...] = (b"denied",)
    counted: bool = False

    def steps(self) -> list[Step]:
        """The sends."""
        octets = b"".join(self.pieces)
        length = ((b"content-length", b"%d" % len(octets)),) if self.counted else ()
        last = len(self.pieces) - 1
        parts = [send(body_event(piece, more=number < last)) for number, piece in enumerate(self.pieces)]
        return [send(start_event(self.status, (*self.headers, *length))), *parts]


@requirement("ASGI-EXT-070", "ASGI-EXT-071", "ASGI-EXT-073", "ASGI-EXT-083", "ASGI-EXT-084", revision=2)
def test_the_denial_is_the_response(server: Server, judge: Judge, draw: Draw) -> None:
    """Status, headers and body of a denial are those of the application, in however many pieces they come."""
    offered(server)

    def law(denial: Denial) -> None:
        of_status, of_body = ("ASGI-EXT-070", "ASGI-EXT-084") if len(denial.pieces) == 1 else ("ASGI-EXT-071",) * 2
        with denying(server, *denial.steps()) as talk:
            response = talk.exchange.response
            judge("ASGI-EXT-073", not talk.accepted, "no 101", talk.exchange.outcome)
            status = response.status if response is not None else answer(talk)
            judge(of_status, status == denial.status, f"{denial.status} for {denial}", status)
            assert response is not None
            wanted = b"".join(denial.pieces)
            whole = response.complete and response.body == wanted
            judge(of_body, whole, f"{wanted!r} for {denial}", response.body)
            for name, _ in denial.headers:
                values = [value for key, value in denial.headers if key == name]
                seen = without_additions(response, name, values)
                judge("ASGI-EXT-083", seen == values, f"{name!r}: {values}", seen)

    corpus = [
        Denial(401, ((b"content-type", b"text/plain"), (b"x-d", b"1"))),
        Denial(404, (), (b"not found",), counted=True),
        Denial(400, (), (b"\xff\xfe\x00\x80binary",)),
        Denial(403, ((b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"x-d", b""))),
        Denial(503, (), (b"two ", b"parts")),
        Denial(451, (), (b"", b"three", b"parts", b""), counted=True),
        Denial(500, (), (b"",)),
        Denial(418, (), (b"k" * 100_000,)),
        Denial(599, (), (b"caf\xc3\xa9",)),
    ]
    fields = st.tuples(
        st.sampled_from([b"x-d", b"set-cookie", b"vary", b"www-authenticate"]),
        st.sampled_from([b"1", b"a=b", b'Basic realm="x"', b"a, b", b"x" * 200]),
    )
    pieces = st.lists(st.sampled_from([b"", b"a", b"\xff\x00", b"caf\xc3\xa9", b"x" * 5000]), min_size=1, max_size=4)
    statuses = st.one_of(st.sampled_from([400, 401, 403, 404, 426, 429, 500, 503]), st.integers(400, 599))
    denials = st.builds(Denial, statuses, st.lists(fields, max_size=3).map(tuple), pieces.map(tuple), st.booleans())
    draw(law, denials, corpus, examples=15)


@requirement("ASGI-EXT-072")
def test_defaults_of_a_denial(server: Server, judge: Judge) -> None:
    """headers, body and more_body may be left out."""
    offered(server)
    empty = {"type": EXTENSION + ".body"}
    cases: list[tuple[str, Sequence[dict[str, Any]], bytes]] = [
        ("headers", [start_event(401, None), body_event(b"x")], b"x"),
        ("body", [start_event(401), empty], b""),
        ("more_body", [start_event(401), body_event(b"x")], b"x"),
        ("body of a piece", [start_event(401), {**empty, "more_body": True}, body_event(b"x", more=False)], b"x"),
    ]
    for what, sent, wanted in cases:
        with denying(server, *[send(event) for event in sent]) as talk:
            response = talk.exchange.response
            right = response is not None and (response.status, response.body) == (401, wanted)
            judge("ASGI-EXT-072", right, f"401 and {wanted!r} without {what}", answer(talk))


LATE = {"accept": accept(), "send": message(text="late"), "close": close(code=4000)}


@requirement("ASGI-EXT-074")
def test_no_websocket_event_follows_a_denial(server: Server, judge: Judge) -> None:
    """Once a denial has started the other events of a WebSocket raise."""
    offered(server)
    for name, late in LATE.items():
        steps = [send(start_event(401)), *attempts(send(late)), *attempts(send(body_event(b"denied")))]
        with denying(server, *steps) as talk:
            call = talk.over()
            raised = call.raised(1)
            judge(
                "ASGI-EXT-074",
                raised not in ("", "(not sent)"),
                f"{name} raises behind the start",
                raised or "returned",
            )


@requirement("ASGI-EXT-079")
def test_the_connection_ends_with_the_denial(server: Server, judge: Judge) -> None:
    """Behind a denial the connection is closed."""
    offered(server)
    with denying(server, *Denial(401, counted=True).steps()) as talk:
        if talk.exchange.response is None:
            raise Blocked(f"the denial did not come: {talk.exchange.outcome}")
        judge("ASGI-EXT-079", ends_soon(talk), "the end of the connection", "it stays open")


@requirement("ASGI-EXT-081")
def test_disconnect_after_a_denial(server: Server, judge: Judge) -> None:
    """The application that denied gets websocket.disconnect, at the latest when TCP is closed."""
    offered(server)
    with denying(server, *Denial(401).steps(), receive()) as talk:
        if talk.exchange.response is None:
            raise Blocked(f"the denial did not come: {talk.exchange.outcome}")
        talk.hang_up()
        event = talk.told("websocket.disconnect", limit(server))
        kinds = [found.get("type") for found in talk.call.received]
    judge("ASGI-EXT-081", event is not None, "websocket.disconnect", kinds)

"""RFC 9112, 6.3 and 9.3: what becomes of a connection whose request the server itself refused."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.request import HOST, Field, build, chunks, get

from .seeing import answering, reading
from .sending import CHUNKED, FIRST, INNER, first, lines, over, play, report

FAULTY: list[tuple[str, Field]] = [
    ("Content-Length: x", (b"Content-Length", b"x")),
    ("Content-Length: -1", (b"Content-Length", b"-1")),
    ("an empty Content-Length", (b"Content-Length", b"")),
    ("Transfer-Encoding: gzip", (b"Transfer-Encoding", b"gzip")),
]


@requirement("FRAME-008", revision=2)
def test_the_rest_of_a_refused_request_is_not_the_next(server: Server, judge: Judge) -> None:
    """A request is refused for its Host or a bad line; its body, which looks like a request, is not answered."""
    size = (b"Content-Length", b"%d" % len(INNER))
    twice = (b"Host", b"other.test")
    shapes = [
        ("two Host fields, by length", build(b"POST", FIRST, (HOST, twice, size), None) + INNER),
        ("two Host fields, in chunks", build(b"POST", FIRST, (HOST, twice, CHUNKED), None) + chunks([INNER])),
        (
            "a line without a colon",
            lines(b"no colon", b"Content-Length: %d" % len(INNER), line=b"POST /first HTTP/1.1", body=INNER),
        ),
        ("an unknown version", first(size, body=INNER, version=b"HTTP/9.9")),
    ]
    wrong, seen = [], 0
    for name, octets in shapes:
        sent = play(server, octets)
        smuggled = [call for call in sent.calls if call.path.endswith(b"smuggled")]
        if sent.call is not None and sent.call not in smuggled:
            continue  # it was not refused, which is for others to judge
        seen += 1
        if smuggled:
            wrong.append(f"{name}: the body became a request: {sent.told}")
        elif sent.out_of_step and not sent.silent:
            wrong.append(f"{name}: {sent.out_of_step}")
    if not seen:
        judge.blocked("FRAME-008", "none of the requests was refused")
        return
    report(judge, "FRAME-008", wrong, "the next request answered as itself, or the end of the connection")


@requirement("FRAME-009", "FRAME-072")
def test_faulty_framing_ends_the_connection(server: Server, judge: Judge) -> None:
    """The server answers 400 or its like and closes: what stands behind is not answered, at once or later."""
    wrong, crashed, seen = [], [], 0
    for name, field in FAULTY:
        sent = play(server, first(field))
        if sent.calls:
            continue  # it was not refused, which is for others to judge
        seen += 1
        if sent.status in (500, 502, 503, 504):
            crashed.append(f"{name}: {sent.status}")
        if sent.followed:
            wrong.append(f"{name}: what stood behind it was answered")
        elif problem := _stays(server, first(field)):
            wrong.append(f"{name}: {problem}")
    if not seen:
        judge.rest_blocked("none of the requests was refused")
        return
    report(judge, "FRAME-009", wrong, "the end of the connection")
    report(judge, "FRAME-072", crashed, "400")


SAYS_SO: dict[str, list[tuple[str, bytes]]] = {
    "FRAME-120": [(name, first(field)) for name, field in FAULTY if field[0] == b"Content-Length"],
    "FRAME-138": [("a folded line", lines(b"X-A: a\r\n b"))],
    "FRAME-139": [
        ("no Host", build(b"GET", FIRST, ())),
        ("two Host fields", build(b"GET", FIRST, (HOST, (b"Host", b"other.test")))),
        ("a blank before the colon", lines(b"X-A : v")),
    ],
}


@requirement("FRAME-120", "FRAME-138", "FRAME-139", revision=2)
def test_who_refuses_says_so(server: Server, judge: Judge) -> None:
    """Where the text has 400 for it, a refusal is an answer: neither silence nor the end of the connection alone."""
    for row, shapes in SAYS_SO.items():
        wrong, seen = [], 0
        for name, octets in shapes:
            sent = play(server, octets, follow=b"")
            if sent.calls:
                continue  # it was not refused, which is for others to judge
            seen += 1
            if sent.silent:
                wrong.append(f"{name}: neither an answer nor an end")
            elif sent.first.closed and not any(direction == "in" for _, direction, _ in sent.first.trace):
                wrong.append(f"{name}: closed without an answer")
        if seen or row == "FRAME-138":  # a fold may be taken
            report(judge, row, wrong, "400, then the end of the connection")
        else:
            judge.blocked(row, "none of the requests was refused")


def _stays(server: Server, octets: bytes) -> str:
    """Say how a connection goes on after a refusal, '' where it ends."""
    with server.connect() as talk:
        talk.eager = True
        x = talk.begin(octets, reading(server), arm=True)
        talk.read_answer(x)
        if x.silent:
            return ""  # not refused yet: it waits for more
        if over(x) or talk.ends(server.patience):
            return ""
        later = talk.begin(get(b"/follow"), answering(server, b"follow"))
        talk.read_answer(later)
        return f"it stays open, and to a later request {later.outcome}"

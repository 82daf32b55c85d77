"""RFC 9112, 7.1.2 and 7.1.3: trailer sections of chunked requests."""

from __future__ import annotations

from hypothesis import strategies as st

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.scripts import Script
from gateproof.target import Server
from gateproof.wire.request import chunks

from .seeing import answering, live, reading, reading_some
from .sending import INNER, NEXT, Sent, coded, finish, keeps, needs_chunked, pause, play, report, send_before, served

SECRET = [b"X-Gateproof-T: 1", b"Content-Length: 3", b"Host: evil.test", b"Authorization: x", b"Cookie: a=b"]
NAMES = (b"x-gateproof-t", b"authorization", b"cookie")


def trailing(*trailers: bytes, last: bytes = b"0\r\n") -> bytes:
    """Return a coded body whose trailer lines are given."""
    return b"5\r\nhello\r\n" + last + b"".join(line + b"\r\n" for line in trailers) + b"\r\n"


@requirement("FRAME-027")
def test_trailers_are_no_header_fields(server: Server, judge: Judge) -> None:
    """Whether they come with the rest or later, the application sees none of them among the header fields."""
    needs_chunked(server)
    wrong = []
    octets = coded(trailing(*SECRET, b"Transfer-Encoding: gzip"))
    for name, sent in (("at once", play(server, octets)), ("later", _in_two(server, octets, octets.index(b"X-Gate")))):
        for call in sent.calls[:1]:
            found = [key for key, _ in call.fields if key in NAMES]
            hosts = [value for value in call.all(b"host") if b"evil" in value]
            codings = [value for value in call.all(b"transfer-encoding") if b"gzip" in value]
            if found or hosts or codings or call.value(b"content-length") == b"3":
                wrong.append(f"{name}: {[*found, *hosts, *codings, call.value(b'content-length')]}")
    report(judge, "FRAME-027", wrong, "the header section as it was sent")


def _in_two(server: Server, octets: bytes, cut: int, script: Script | None = None) -> Sent:
    """Send octets in two segments, the second when the server has answered somebody else."""
    keeps(server)
    with server.connect() as talk:
        behind, more = server.prepare(NEXT, answering(server, b"follow"))
        first, raw = server.prepare(octets, script or live(reading(server)), arm=True)
        talk.current, talk.eager = first, True
        first.trace = talk.wire.trace
        talk.send(raw[:cut])
        pause(server)
        later = send_before(talk, raw[cut:], more)
        return finish(talk, first, behind, later)


@requirement("FRAME-028")
def test_trailers_are_read_to_their_end(server: Server, judge: Judge, draw: Draw) -> None:
    """No line of the trailer section begins the next request, however much of the body the application reads."""
    needs_chunked(server)
    scripts = {"all": reading(server), "some": reading_some(server, 2), "nothing": answering(server, b"first")}

    def law(case: tuple[int, str]) -> None:
        count, how = case
        octets = coded(trailing(*(b"X-T%d: v" % n for n in range(count))))
        sent = play(server, octets, scripts[how])
        judge("FRAME-028", not problem(server, sent), f"{count} trailers, {how} read, in step", problem(server, sent))

    counts = st.tuples(st.integers(0, 20), st.sampled_from(sorted(scripts)))
    draw(law, counts, [(1, "all"), (20, "all"), (1, "nothing"), (20, "nothing"), (1, "some")], examples=6)
    for count in range(3):
        section = b"".join(b"X-T%d: v\r\n" % n for n in range(count))
        sent = play(server, coded(b"5\r\nhello\r\n0\r\n" + section + INNER))
        smuggled = [str(call) for call in sent.calls if call.path.endswith(b"smuggled")]
        judge("FRAME-028", not smuggled, f"no request from the line behind {count} trailers", smuggled)
    octets = coded(trailing(b"X-T1: v", b"X-T2: v"))
    for cut in (
        octets.index(b"X-T1"),
        octets.index(b"1: v"),
        octets.index(b"X-T2") - 1,
        len(octets) - 2,
        len(octets) - 1,
    ):
        wrong = problem(server, _in_two(server, octets, cut))
        judge("FRAME-028", not wrong, "in step when the trailers come in two segments", wrong)


def problem(server: Server, sent: Sent) -> str:
    """Say how a request that was called left the connection out of step, '' where it did not."""
    if sent.call is None:
        return ""
    wrong = sent.out_of_step
    return "" if wrong == "the next request was swallowed" and not keeps(server) else wrong


@requirement("FRAME-029", revision=2)
def test_malformed_trailers(server: Server, judge: Judge) -> None:
    """A line that is no field, or a request in place of the empty line, does not end a body well."""
    needs_chunked(server)
    wrong = []
    for line in (b"X-A : 1", b": 1", b"no colon", b" folded first"):
        sent = play(server, coded(trailing(line)))
        if sent.followed or len(sent.calls) > 1:
            wrong.append(f"{line!r}: {sent.told}")
    sent = play(server, coded(b"5\r\nhello\r\n0\r\n" + INNER))
    if sent.followed or len(sent.calls) > 1:
        wrong.append(f"a request in place of the empty line: {sent.told}")
    report(judge, "FRAME-029", wrong, "a refusal or a close")


@requirement("FRAME-030")
def test_coded_bodies_without_end(server: Server, judge: Judge) -> None:
    """Trailers and extensions that do not end are cut off or read; the server lives on and serves others."""
    needs_chunked(server)
    size = 1 << 20
    shapes = [
        ("many trailers", trailing(*[b"X-T: " + b"v" * 90] * (size // 100))),
        ("one long trailer", trailing(b"X-T: " + b"v" * size)),
        ("a long extension", b"5;a=" + b"v" * size + b"\r\nhello\r\n0\r\n\r\n"),
        ("many small chunks", chunks([b"x"] * 5000)),
    ]
    wrong = []
    for name, body in shapes:
        play(server, coded(body), follow=b"")
        if gone := served(server):
            wrong.append(f"{name}: {gone}")
    report(judge, "FRAME-030", wrong, "a server that serves the next connection")

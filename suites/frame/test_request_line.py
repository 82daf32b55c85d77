"""RFC 9112, 2.3 and 3: the request line, its method and its version."""

from __future__ import annotations

from hypothesis import strategies as st

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.request import get, post

from .seeing import reading
from .sending import FIRST, Shape, lines, needs_1_1, no_call, none_called, play, report


def line(text: bytes) -> bytes:
    """Return a request of this request line."""
    return lines(line=text)


def shapes(*texts: bytes) -> list[Shape]:
    """Return requests of these request lines, with their names."""
    return [(repr(text), line(text)) for text in texts]


@requirement("FRAME-042")
def test_other_blanks_between_the_parts(server: Server, judge: Judge) -> None:
    """Two spaces, tabs and their like are refused or separate."""
    for text in (b"GET  / HTTP/1.1", b"GET\t/ HTTP/1.1", b"GET /\x0bHTTP/1.1", b" GET / HTTP/1.1", b"GET / HTTP/1.1 "):
        call = play(server, line(text)).call
        fine = call is not None and (call.method, call.path) == (b"GET", b"/")
        judge.reading("FRAME-042", f"{text!r}: {'refused' if call is None else 'separated' if fine else call}")


@requirement("FRAME-043")
def test_a_blank_in_the_target(server: Server, judge: Judge) -> None:
    """A target with a blank is not repaired."""
    texts = [b"GET /a b HTTP/1.1", b"GET /a b c HTTP/1.1", b"GET /?q=a b HTTP/1.1", b"GET /a\tb HTTP/1.1"]
    no_call(server, judge, "FRAME-043", shapes(*texts, b"GET /a HTTP/1.1 HTTP/1.1"), "a refusal, or a redirect")


VERSIONS = {
    "FRAME-044": [
        b"HTTP/1.1a", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/+1.1", b"HTTP/1,1", b"HTTP/1.1.1", b"HTTP/1.\xb9",
        b"HTTP/1.-1", b"HTTP//1.1", b"HTTP / 1.1",
    ],
    "FRAME-091": [b"http/1.1", b"Http/1.1"],
    "FRAME-092": [b"HTTP/1", b"HTTP/1.", b"HTTP/.1", b"HTTP1.1", b"HTTP/"],
    "FRAME-093": [b"HTTPS/1.1", b"XTTP/1.1", b"1.1", b"FOO"],
}  # fmt: skip


@requirement("FRAME-044", "FRAME-091", "FRAME-092", "FRAME-093", revision=2)
def test_the_version_is_exact(server: Server, judge: Judge, draw: Draw) -> None:
    """'HTTP/', a digit, a point, a digit: in upper case and with nothing else."""
    rows = {row: shapes(*(b"GET /first " + version for version in versions)) for row, versions in VERSIONS.items()}
    if not none_called(server, judge, rows):
        return

    def law(case: tuple[int, bytes]) -> None:
        place, octet = case
        version = b"HTTP/1.1"[:place] + octet + b"HTTP/1.1"[place:]
        sent = play(server, line(b"GET /first " + version))
        judge("FRAME-044", not sent.calls, f"a refusal of {version!r}", sent.told)

    octets = st.sampled_from([b"0", b"1", b"x", b"+", b".", b"/", b"_", b"\xb2", b"h", b"-"])
    draw(law, st.tuples(st.integers(0, 8), octets), examples=10)


@requirement("FRAME-045")
def test_other_versions(server: Server, judge: Judge) -> None:
    """HTTP/0.9 and other major versions are refused or served."""
    texts = [b"GET /", b"GET / HTTP/0.9", b"GET / HTTP/2.0", b"GET / HTTP/3.0", b"GET / HTTP/9.9"]
    for text in texts:
        sent = play(server, text + b"\r\n\r\n" if text == b"GET /" else line(text))
        told = f"called as {sent.call.version.decode('latin-1')}" if sent.call else f"refused with {sent.status}"
        judge.reading("FRAME-045", f"{text.decode()!r}: {told}")


@requirement("FRAME-046")
def test_higher_minor_versions(server: Server, judge: Judge) -> None:
    """HTTP/1.2 and HTTP/1.9 are served as HTTP/1.1."""
    needs_1_1(server)
    wrong = []
    for version in (b"HTTP/1.2", b"HTTP/1.9"):
        sent = play(server, get(FIRST, version=version))
        answer = sent.first.response
        if not sent.calls or answer is None or answer.status != 200 or answer.version != b"HTTP/1.1":
            wrong.append(f"{version.decode()}: {sent.told}, {answer.version.decode() if answer else 'no version'}")
    report(judge, "FRAME-046", wrong, "200 in HTTP/1.1")


@requirement("FRAME-047")
def test_an_empty_line_in_front(server: Server, judge: Judge) -> None:
    """At least one is ignored: on a new connection, and behind a request or its body."""
    wrong = []
    front = play(server, b"\r\n" + get(FIRST))
    if len(front.calls) != 1:
        wrong.append(f"on a new connection: {front.told}")
    for name, octets in (("behind a GET", get(FIRST)), ("behind a body", post(b"hello", target=FIRST))):
        if not play(server, octets).followed:
            continue  # one request a connection
        sent = play(server, octets + b"\r\n")
        if not sent.followed and len(sent.calls) == 1:
            wrong.append(f"{name}: {sent.told}")
    report(judge, "FRAME-047", wrong, "the request served")


METHODS = {
    "FRAME-048": [b"G(T", b"G@T", b"GET/", b"GET:", b'"GET"', b"GE[T", b"G{T", b"G,T", b"G\\T"],
    "FRAME-094": [b"G\xe9T", b"G\x00T", b"GET\x7f", b"G\x01T"],
}


@requirement("FRAME-048", "FRAME-094", revision=2)
def test_a_method_is_a_token(server: Server, judge: Judge, draw: Draw) -> None:
    """A word with another octet in it is no method, and neither is none."""
    rows = {row: shapes(*(method + b" /first HTTP/1.1" for method in methods)) for row, methods in METHODS.items()}
    fine = none_called(server, judge, rows)
    after = play(server, get(FIRST) + b" / HTTP/1.1\r\nHost: localhost\r\n\r\n", reading(server))
    if not judge("FRAME-048", len(after.calls) < 2, "a refusal of an empty method", after.told) or not fine:
        return
    token = frozenset(b"!#$%&'*+-.^_`|~ \t\r\n\x0b\x0c")
    odd = [o for o in range(256) if o not in token and not (o < 128 and chr(o).isalnum())]

    def law(case: tuple[int, int]) -> None:
        octet, place = case
        method = b"GET"[:place] + bytes([octet]) + b"GET"[place:]
        sent = play(server, line(method + b" /first HTTP/1.1"))
        row = "FRAME-048" if 0x20 < octet < 0x7F else "FRAME-094"
        judge(row, not sent.calls, f"a refusal of {method!r}", sent.told)

    draw(law, st.tuples(st.sampled_from(odd), st.integers(1, 3)), examples=10)

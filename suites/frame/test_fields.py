"""RFC 9112, 2.2 and 5, and RFC 9110, 5: field lines, their names, values and ends."""

from __future__ import annotations

from hypothesis import strategies as st

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.request import chunks

from .seeing import answering, live
from .sending import INNER, Sent, is_1_1, keeps, lines, no_call, none_called, pause, play, report

POST = b"POST /first HTTP/1.1"
SIZE = b"Content-Length: %d" % len(INNER)


def forms(value: bytes | None) -> bytes | None:
    """Return a value whose runs of blanks are single spaces."""
    return None if value is None else b" ".join(value.split())


@requirement("FRAME-032")
def test_no_blank_before_the_colon(server: Server, judge: Judge) -> None:
    """A blank between a field's name and its colon has smuggled requests before."""
    shapes = [
        ("X-A : v", lines(b"X-A : v")),
        ("X-A<HTAB>: v", lines(b"X-A\t: v")),
        ("Host : h", b"GET /first HTTP/1.1\r\nHost : localhost\r\n\r\n"),
        ("Content-Length : n", lines(b"Content-Length : %d" % len(INNER), line=POST, body=INNER)),
        ("Transfer-Encoding : chunked", lines(b"Transfer-Encoding : chunked", line=POST, body=chunks([b"hello"]))),
    ]
    no_call(server, judge, "FRAME-032", shapes)


NO_FIELDS = {
    "FRAME-033": [
        b"X(A): v", b'"X": v', b"X/A: v", b"X[A]: v", b"X\\A: v", b"X@A: v", b"X{A}: v", b"X,A: v", b"X=A: v",
    ],
    "FRAME-086": [b"no colon here", b"X-A", b"X-A=v"],
    "FRAME-087": [b": v", b":"],
    "FRAME-088": [b"X A: v", b"X\tA: v"],
    "FRAME-089": [b"X\x00: v", b"X\x0b: v", b"X\x7f: v", b"\x01X: v"],
    "FRAME-090": [b"X\xe9: v", b"X\xa0: v", b"X\xc3\xa9: v"],
}  # fmt: skip


@requirement("FRAME-033", "FRAME-086", "FRAME-087", "FRAME-088", "FRAME-089", "FRAME-090", revision=2)
def test_a_field_has_a_token_for_a_name(server: Server, judge: Judge, draw: Draw) -> None:
    """A line without a colon, an empty name and a name that is no token are refused."""
    rows = {row: [(repr(line), lines(line)) for line in given] for row, given in NO_FIELDS.items()}
    rows["FRAME-089"].append(("Content-Length<VT>: n", lines(b"Content-Length\x0b: 5", line=POST, body=b"hello")))
    if not none_called(server, judge, rows):
        return
    token = frozenset(b"!#$%&'*+-.^_`|~ \t\r\n:")
    odd = [o for o in range(256) if o not in token and not (o < 128 and chr(o).isalnum())]

    def law(case: tuple[int, int]) -> None:
        octet, place = case
        name = b"X-Ab"[:place] + bytes([octet]) + b"X-Ab"[place:]
        sent = play(server, lines(name + b": v"))
        row = "FRAME-090" if octet > 0x7F else "FRAME-089" if octet < 0x20 or octet == 0x7F else "FRAME-033"
        judge(row, not sent.calls, f"a refusal of {name!r}", sent.told)

    draw(law, st.tuples(st.sampled_from(odd), st.integers(0, 4)), examples=12)


FOLDS = [
    (b"X-A: a\r\n b", b"a b"), (b"X-A: a\r\n\tb", b"a b"), (b"X-A: a\r\n  \r\n b", b"a b"), (b"X-A:\r\n a", b"a"),
    (b"X-A: a\r\n X-B: evil", b"a X-B: evil"),
]  # fmt: skip


@requirement("FRAME-034", "FRAME-112", revision=3)
def test_folds_are_refused_or_spaces(server: Server, judge: Judge, draw: Draw) -> None:
    """A folded line goes on as the value; it is dropped by nobody, nor a field of its own."""
    wrong = []
    length = play(server, lines(b"Content-Length: 1\r\n 0", line=POST, body=b"helloworld"))
    if length.calls:
        wrong.append(f"Content-Length: 1<fold>0: {length.told}")
    coding = play(server, lines(b"Transfer-Encoding:\r\n chunked", line=POST, body=chunks([b"hello"])))
    if is_1_1(server) and coding.call is not None and coding.call.body != b"hello":
        wrong.append(f"Transfer-Encoding:<fold>chunked: {coding.told}")
    framed = report(judge, "FRAME-112", wrong, "a refusal, or the framing of what is joined by spaces")
    wrong = [f"{raw!r}: {problem}" for raw, value in FOLDS if (problem := _fold(play(server, lines(raw)), value))]
    host = play(server, b"GET /first HTTP/1.1\r\nHost: a\r\n b\r\n\r\n")
    if host.call is not None and forms(host.call.value(b"host")) != b"a b":
        wrong.append(f"Host: a<fold>b: {host.call.value(b'host')!r}")
    if not report(judge, "FRAME-034", wrong, "a refusal, or spaces in place of each fold") or not framed:
        return

    def law(case: tuple[list[bytes], bytes]) -> None:
        words, fold = case
        problem = _fold(play(server, lines(b"X-A: " + fold.join(words))), b" ".join(words))
        judge("FRAME-034", not problem, f"{fold.join(words)!r} refused or joined by spaces", problem)

    words = st.lists(st.sampled_from([b"a", b"b,", b"c=d", b"X-B: v", b"0"]), min_size=2, max_size=4)
    draw(law, st.tuples(words, st.sampled_from([b"\r\n ", b"\r\n\t", b" \r\n  ", b"\t\r\n \t"])), examples=8)


def _fold(sent: Sent, value: bytes) -> str:
    if sent.call is None:
        return ""
    seen = sent.call.value(b"x-a")
    if seen is None or forms(seen) != value or b"\r" in seen or b"\n" in seen:
        return f"x-a is {seen!r}"
    return "the folded line is a field" if sent.call.all(b"x-b") else ""


NOTHING = (None, b"", b"0")  # what may be told of a field that was not sent: CONTENT_LENGTH is there, and 0


@requirement("FRAME-035", revision=2)
def test_a_blank_in_front_of_the_first_field(server: Server, judge: Judge) -> None:
    """A line that goes on with nothing is refused or ignored whole."""
    shapes = {
        b" X-A: evil": b"x-a",
        b"\tHost: evil": b"host",
        b" Content-Length: 5": b"content-length",
        b" folded\r\n folded": b"folded",
    }
    wrong = []
    for line, name in shapes.items():
        octets = b"GET /first HTTP/1.1\r\n" + line + b"\r\nHost: localhost\r\n\r\n"
        call = (sent := play(server, octets)).call
        if call is None:
            continue
        kept = [pair for pair in call.fields if b"evil" in pair[1] or b"folded" in b"".join(pair) or pair[1] == b"5"]
        if kept or call.body or (name != b"host" and call.value(name) not in NOTHING) or sent.out_of_step:
            wrong.append(f"{line!r}: {kept or sent.out_of_step or sent.told}")
    report(judge, "FRAME-035", wrong, "a refusal, or a call without any of it")


@requirement("FRAME-036", "FRAME-101", "FRAME-102", revision=2)
def test_cr_and_nul_do_not_get_through(server: Server, judge: Judge, draw: Draw) -> None:
    """They are refused or a space each; nothing that the application is given has one."""
    rows = {
        "FRAME-036": [
            lines(b"X-A: a\rb"), lines(b"X-A: a\r"), lines(b"X-A: \rX-B: evil"), lines(b"Cookie: a=\rb"),
            lines(b"X-A: a\rX-B: evil\r"), b"GET /first HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        ],
        "FRAME-101": [
            lines(b"X-A: a\x00b"), lines(b"Cookie: a=\x00b"), lines(b"X-A: \x00"),
            b"GET /first HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
        ],
        "FRAME-102": [lines(line=b"GET /a\rb HTTP/1.1"), lines(line=b"GET /a?b\rc HTTP/1.1")],
    }  # fmt: skip
    fine = True
    for row, shapes in rows.items():
        wrong = [f"{octets[:70]!r}: {problem}" for octets in shapes if (problem := _through(play(server, octets)))]
        fine = report(judge, row, wrong, "a refusal, or a space in place of the octet") and fine
    if not fine:
        return

    def law(case: tuple[bytes, int, bytes]) -> None:
        octet, place, text = case
        value = text[:place] + octet + text[place:]
        problem = _through(play(server, lines(b"X-A: " + value)))
        row = "FRAME-101" if octet == b"\x00" else "FRAME-036"
        judge(row, not problem, f"{value!r} refused or with a space", problem)

    texts = st.sampled_from([b"ab", b"a b c", b"X-B: evil", b"caf\xe9"])
    draw(law, st.tuples(st.sampled_from([b"\r", b"\x00"]), st.integers(0, 9), texts), examples=10)


def _through(sent: Sent) -> str:
    for call in sent.calls:
        if bad := [text for text in call.texts if b"\r" in text or b"\x00" in text]:
            return f"{bad[0]!r} reached the application"
        if call.all(b"x-b"):
            return "a field x-b reached the application"
    return ""


@requirement("FRAME-037")
def test_a_bare_lf_may_end_a_line(server: Server, judge: Judge) -> None:
    """Taken for the end of a line or refused."""
    shapes = {
        "all lines": b"GET /first HTTP/1.1\nHost: localhost\nX-A: a\n\n",
        "the request line": b"GET /first HTTP/1.1\nHost: localhost\r\n\r\n",
        "one field": b"GET /first HTTP/1.1\r\nHost: localhost\r\nX-A: a\nX-B: b\r\n\r\n",
        "the empty line": b"GET /first HTTP/1.1\r\nHost: localhost\r\n\n",
    }
    for name, octets in shapes.items():
        sent = play(server, octets)
        kept = [text for call in sent.calls for text in call.texts if b"\n" in text]
        outcome = f"kept inside {kept[0]!r}" if kept else "called" if sent.calls else "refused"
        judge.reading("FRAME-037", f"a bare LF behind {name}: {outcome}")


ENDS = [
    b"\x85", b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9",
]  # fmt: skip


@requirement("FRAME-038")
def test_nothing_else_ends_a_line(server: Server, judge: Judge, draw: Draw) -> None:
    """What str.splitlines() takes for the end of a line is an octet of the value like others."""

    def law(case: tuple[bytes, bytes]) -> None:
        before, end = case
        call = play(server, lines(b"X-A: " + before + end + b"X-B: evil", b"X-C: whole")).call
        if call is not None:
            fine = not call.all(b"x-b") and call.all(b"x-c") == [b"whole"]
            judge("FRAME-038", fine, f"no field x-b behind {end!r}, and x-c", call.fields)

    draw(
        law,
        st.tuples(st.sampled_from([b"", b"a", b"caf\xe9 "]), st.sampled_from(ENDS)),
        [(b"a", e) for e in ENDS],
        examples=6,
    )
    cut = play(server, lines(b"X-A: a\xe2\x80", b"X-C: whole")).call
    if cut is not None:
        judge("FRAME-038", cut.all(b"x-c") == [b"whole"], "x-c whole behind an incomplete sequence", cut.fields)
    if not judge.judgements:
        judge("FRAME-038", True)


@requirement("FRAME-039")
def test_blanks_around_a_value_are_no_part_of_it(server: Server, judge: Judge, draw: Draw) -> None:
    """Spaces and tabs in front and behind are left out; and a length with some still counts."""
    length = play(server, lines(b"Content-Length: 5\t", line=POST, body=b"hello"))
    if length.call is not None:
        judge("FRAME-039", length.call.body == b"hello" and not length.out_of_step, b"hello", length.told)

    def law(case: tuple[bytes, bytes, bytes]) -> None:
        before, value, after = case
        call = play(server, lines(b"X-A:" + before + value + after)).call
        if call is not None:
            seen = call.value(b"x-a")
            judge("FRAME-039", seen in (value, None), value, seen)

    blanks = st.sampled_from([b"", b" ", b"\t", b"  ", b" \t ", b"\t\t"])
    corpus = [(b"", b"v", b""), (b" \t ", b"v", b" \t "), (b"   ", b"", b""), (b"  ", b"a  b", b"  ")]
    draw(law, st.tuples(blanks, st.sampled_from([b"v", b"a b", b"a\tb", b""]), blanks), corpus, examples=8)
    if not judge.judgements:
        judge.blocked("FRAME-039", "every request was refused")


@requirement("FRAME-040")
def test_octets_at_the_edges_are_kept(server: Server, judge: Judge) -> None:
    """0x80 to 0xFF are opaque: neither 0x85 nor 0xA0 is a blank."""
    wrong = []
    for value in (b"\xa0v\xa0", b"\x85v", b"v\x85", b"\xc2\xa0v", b"\xe9", b"v\xff"):
        call = play(server, lines(b"X-A: " + value)).call
        if call is not None and call.value(b"x-a") not in (value, None):
            wrong.append(f"{value!r}: {call.value(b'x-a')!r}")
    report(judge, "FRAME-040", wrong, "the octets that were sent, or a refusal")


@requirement("FRAME-041")
def test_no_call_before_the_header_has_come(server: Server, judge: Judge) -> None:
    """Not while the empty line is missing, and not when the client leaves without it."""
    head = b"GET /first HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n"
    script = live(answering(server))
    keeps(server)
    wrong = []
    for name in ("goes on", "half-closes", "resets"):
        with server.connect() as talk:
            talk.eager = True
            x = talk.begin(head, script)
            pause(server)
            server.channel.fence()
            if x.calls:
                wrong.append("called before the empty line")
            if name == "goes on":
                talk.send(b"\r\n")
                talk.read(x)
            elif name == "half-closes":
                talk.half_close()
                talk.read_answer(x)
            else:
                talk.reset()
        if name != "goes on":
            pause(server)
            server.channel.fence()
            if x.calls:
                wrong.append(f"called when the client {name} in the header")
    report(judge, "FRAME-041", wrong, "no call")

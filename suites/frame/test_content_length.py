"""RFC 9112, 6.3 and RFC 9110, 8.6: Content-Length, and what frames a request at all."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from gateproof.check import launch, requirement
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.request import Field, chunks

from .seeing import live, reading
from .sending import CHUNKED, INNER, Sent, decodes, first, held_open, is_1_1, lines, none_called, play, report

LENGTH = b"Content-Length"
BODY = b"helloworld"


def counted(value: bytes, body: bytes = BODY, method: bytes = b"POST") -> bytes:
    """Return a request with a Content-Length of this value."""
    return first((LENGTH, value), method=method, body=body)


NOT_DIGITS = {
    "FRAME-001": [b"0x5", b"5.0", b"5e0", b"5a", b"five", b"x", b"0b1", b"5L"],
    "FRAME-074": [b"+5", b"+0", b"++5", b"5+"],
    "FRAME-075": [b"-5", b"-1"],
    "FRAME-117": [b"-0", b"5-"],
    "FRAME-076": [b"5_0", b"1_0", b"_5", b"5_"],
    "FRAME-077": [b"\xd9\xa5", b"\xb5", b"\xb2", b"5\xb9", b"\xef\xbc\x95"],
}


def shape(value: bytes) -> str:
    """Return the requirement that is about a length like this."""
    if not value.isascii():
        return "FRAME-077"
    if re.fullmatch(rb"-0*[1-9][0-9]*", value):
        return "FRAME-075"
    signs = {b"_": "FRAME-076", b"+": "FRAME-074", b"-": "FRAME-117"}
    return next((row for sign, row in signs.items() if sign in value), "FRAME-001")


@requirement("FRAME-001", "FRAME-074", "FRAME-075", "FRAME-076", "FRAME-077", "FRAME-117", revision=3)
def test_a_length_is_made_of_digits(server: Server, judge: Judge, draw: Draw) -> None:
    """Signs, prefixes, underscores, exponents, fractions, words and digits of other scripts are refused."""
    rows = {row: [(repr(value), counted(value)) for value in values] for row, values in NOT_DIGITS.items()}
    if not none_called(server, judge, rows):
        return

    def law(value: bytes) -> None:
        sent = play(server, counted(value))
        judge(shape(value), not sent.calls, f"a refusal of {value!r}", sent.told)

    visible = st.binary(min_size=1, max_size=4).map(lambda octets: bytes(0x21 + o % 0x5E for o in octets))
    signs = st.builds(
        lambda before, digits, after: before + digits + after,
        st.sampled_from([b"", b"+", b"-", b"0x", b"0b", b"0o", b"1_"]),
        st.sampled_from([b"5", b"05", b"10"]),
        st.sampled_from([b"", b".0", b"e0", b"_0", b"L", b"h", b"\xd9\xa5"]),
    )
    wrong = st.one_of(signs, visible).filter(lambda value: not value.replace(b",", b"").isdigit() and value != b",")
    draw(law, wrong, examples=12)


@requirement("FRAME-002")
def test_a_blank_length_is_refused(server: Server, judge: Judge) -> None:
    """A field without a value has no length to use, and nothing behind it can be told apart."""
    wrong = []
    for method in (b"POST", b"GET"):
        for value in (b"", b"\t "):
            sent = play(server, counted(value, b"", method))
            if sent.calls or sent.followed:
                wrong.append(f"{method.decode()} with {value!r}: {sent.told}")
    report(judge, "FRAME-002", wrong, "a refusal, and no answer to what follows")


EDGES = {
    "FRAME-003": [b"\x0b5", b"5\x0c", b"5\x1f", b"\x1c5"],
    "FRAME-108": [b"5\xa0", b"\x855", b"5\xc2\xa0"],
    "FRAME-110": [b"5 5", b"5\t0", b"5;a"],
}


@requirement("FRAME-003", "FRAME-108", "FRAME-110", revision=2)
def test_no_other_octet_is_a_blank(server: Server, judge: Judge, draw: Draw) -> None:
    """Only SP and HTAB at the ends are no part of the digits; a NUL may have become a space."""
    rows = {row: [(repr(value), counted(value)) for value in values] for row, values in EDGES.items()}
    nul = play(server, counted(b"5\x00"))
    if nul.call is not None and nul.call.body not in (b"hello", b""):
        rows["FRAME-003"].append((repr(b"5\x00"), counted(b"5\x00")))
    if not none_called(server, judge, rows):
        return

    def law(case: tuple[int, int]) -> None:
        octet, place = case
        value = [b"5%c", b"%c5", b"1%c0"][place] % octet
        sent = play(server, counted(value))
        row = "FRAME-108" if octet > 0x7F else "FRAME-110" if 0x20 < octet < 0x7F else "FRAME-003"
        judge(row, not sent.calls, f"a refusal of {value!r}", sent.told)

    control = st.sampled_from([o for o in range(0x01, 0x21) if o not in (0x09, 0x0A, 0x0D, 0x20)])
    odd = st.one_of(control, st.integers(0x7F, 0xFF), st.sampled_from(list(b"+-_.;:'\"")))
    draw(law, st.tuples(odd, st.sampled_from([0, 1, 2])), examples=12)


@requirement("FRAME-004")
def test_a_repeated_length_counts_once(server: Server, judge: Judge) -> None:
    """One and the same value, as a list or in two fields, is refused or taken once: the body is never a request."""
    size = b"%d" % len(INNER)
    once = [
        ("two fields", first((LENGTH, size), (LENGTH, size), body=INNER)),
        ("a list", counted(size + b", " + size, INNER)),
        ("an empty member behind", counted(size + b",", INNER)),
        ("an empty member in front", counted(b", " + size, INNER)),
    ]
    wrong = []
    for name, octets in once:
        sent = play(server, octets)
        if sent.call is not None and (sent.call.body != INNER or sent.out_of_step):
            wrong.append(f"{name}: {sent.out_of_step or sent.told}")
    report(judge, "FRAME-004", wrong, "a refusal, or one call with the body")


@requirement("FRAME-005", "FRAME-104", revision=2)
def test_lengths_that_differ_are_refused(server: Server, judge: Judge, draw: Draw) -> None:
    """Two values in one request, or one that is none, make the body's end a matter of opinion."""

    def fields(values: list[bytes], body: bytes = INNER) -> bytes:
        return first(*((LENGTH, value) for value in values), body=body)

    size = b"%d" % len(INNER)
    rows = {
        "FRAME-005": [
            ("5 and 6", fields([b"5", b"6"])),
            ("6 and 5", fields([b"6", b"5"])),
            ("0 and all of it", fields([b"0", size])),
            ("all of it and 0", fields([size, b"0"])),
            ("10 and x", fields([b"10", b"x"])),
        ],
        "FRAME-104": [
            ("5, 6", fields([b"5, 6"])),
            ("5, x", fields([b"5, x"])),
            ("5, +5", fields([b"5, +5"])),
            ("all of it, 0", fields([size + b", 0"])),
        ],
    }
    if not none_called(server, judge, rows):
        return

    def law(case: tuple[list[int], bool]) -> None:
        numbers, apart = case
        values = [b"%d" % number for number in numbers]
        sent = play(server, fields(values if apart else [b", ".join(values)], b"x" * 20))
        judge("FRAME-005" if apart else "FRAME-104", not sent.calls, f"a refusal of {values}", sent.told)

    several = st.lists(st.integers(0, 20), min_size=2, max_size=4).filter(lambda numbers: len(set(numbers)) > 1)
    draw(law, st.tuples(several, st.booleans()), examples=8)


@launch("beside")
@requirement("FRAME-006", revision=2)
def test_a_huge_length_is_no_small_one(server: Server, judge: Judge) -> None:
    """Nothing wraps round: five octets are not the whole of 2**64 + 5; and zeros in front change nothing."""
    huge = [b"%d" % length for length in (2**31, 2**32 + 5, 2**63, 2**64 + 5, 10**40)] + [b"1" * 5000]
    wrong = []
    opened = held_open(server, [counted(value, b"hello") for value in huge], live(reading(server)))
    for value, sent in zip(huge, opened, strict=True):
        if sent.followed or any(call.whole for call in sent.calls):
            wrong.append(f"{value[:50].decode()}: taken for whole; {sent.told}")
    zeros = play(server, counted(b"0000000010"))  # eight to who takes it for an octal number
    if zeros.call is not None and (zeros.call.body != BODY or zeros.out_of_step):
        wrong.append(f"0000000010: {zeros.out_of_step or zeros.told}")
    report(judge, "FRAME-006", wrong, "no end of the body after 5 octets, or a refusal")


UPGRADE = ((b"Connection", b"Upgrade"), (b"Upgrade", b"foo/1"))
# What framed the messages of an old protocol, what describes a body, and what only sounds like the two that frame one.
ELSEWHERE: list[Field] = [
    (b"Sec-WebSocket-Key1", b"12998 5 Y3 1 .P00"),
    (b"Content-Type", b"multipart/byteranges; boundary=x"),
    (b"Content-Encoding", b"chunked"),
    (b"X-Content-Length", b"5"),
    (b"TE", b"chunked"),
    (b"Trailer", b"X-A"),
]


@requirement("FRAME-007", "FRAME-113", "FRAME-114", revision=6)
def test_what_frames_a_request(server: Server, judge: Judge) -> None:
    """Content-Length and Transfer-Encoding do, for every method; nothing else does, and without them there is none."""
    size = b"%d" % len(INNER)
    wrong = []
    for method in (b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"FOO"):
        sent = play(server, counted(size, INNER, method))
        wrong += [f"{method.decode()} with a length: {problem}" for problem in _body_problem(sent, INNER)]
        if decodes(server):  # where it does so for no method, that is judged by checks of its own
            sent = play(server, first(CHUNKED, method=method, body=chunks([INNER])))
            wrong += [f"{method.decode()} in chunks: {problem}" for problem in _body_problem(sent, INNER)]
    sent = play(server, first(*UPGRADE, (LENGTH, size), body=INNER))
    wrong += [f"POST with an Upgrade that nobody takes: {problem}" for problem in _body_problem(sent, INNER)]
    report(judge, "FRAME-007", wrong, "the octets that are framed, and no others, as the body")
    wrong = [f"a POST without a length: {problem}" for problem in _body_problem(play(server, first()), b"")]
    for name, value in ELSEWHERE:
        sent = play(server, first((name, value)))
        wrong += [f"a POST with {name.decode()} alone: {problem}" for problem in _body_problem(sent, b"")]
    report(judge, "FRAME-113", wrong, "an empty body, and the next request")
    wrong = []
    shapes = [((b"Content_Length", b"5"), b"")]
    if is_1_1(server):  # in HTTP/1.0 nobody looks for either spelling
        shapes += [((b"Transfer_Encoding", b"chunked"), body) for body in (b"", chunks([b"hello"]))]
    for field, body in shapes:
        problems = _body_problem(play(server, first(field, body=body)), b"")
        wrong += [f"{field[0].decode()}: {problem}" for problem in problems if not body or "the body was" in problem]
    report(judge, "FRAME-114", wrong, "an empty body, and the next request")


def _body_problem(sent: Sent, body: bytes) -> list[str]:
    if sent.call is None:
        return []
    if any(call.path.endswith(b"smuggled") for call in sent.calls):
        return [f"the body became a request: {sent.told}"]
    if sent.call.body != body:
        return [f"the body was {sent.call.body[:60]!r}"]
    return [sent.out_of_step] if sent.out_of_step else []


NO_FIELDS = [b"no colon", b"X-A", b": v", b"X A: v", b"X\x00: v", b"\x01X: v", b"X\xe9: v", b"X-A : v", b"X-A: a\rb"]


@requirement("FRAME-119")
def test_a_malformed_line_hides_no_length(server: Server, judge: Judge) -> None:
    """Who does not refuse a line that is no field reads the length behind it: the body is not the next request."""
    wrong = []
    for line in NO_FIELDS:
        size = b"Content-Length: %d" % len(INNER)
        sent = play(server, lines(line, size, line=b"POST /first HTTP/1.1", body=INNER))
        if any(call.path.endswith(b"smuggled") for call in sent.calls):
            wrong.append(f"{line!r}: {sent.told}")
    report(judge, "FRAME-119", wrong, "a refusal, a close, or the body as the body")

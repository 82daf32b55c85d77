"""RFC 9112, 7.1: the chunked coding of requests. A broken body never passes for a whole one.

A server may call the application before the body has come: then the octets behind the fault do not reach it.
"""

from __future__ import annotations

from hypothesis import strategies as st

from gateproof.check import launch, requirement
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.target import Server

from .seeing import live, reading
from .sending import Sent, coded, held_open, hung, needs_chunked, play, report

END = b"0\r\n\r\n"


def chunk(size: bytes, data: bytes) -> bytes:
    """Return a chunk whose size line is given."""
    return size + b"\r\n" + data + b"\r\n"


def wants(sent: Sent, body: bytes) -> str:
    """Say what is wrong where a valid body is due; a 411 is always allowed (RFC 9112, 6.3)."""
    if sent.call is None:
        return "" if sent.status == 411 else sent.told
    if sent.call.body != body or not sent.call.whole:
        return f"the body was {sent.call.body[:80]!r}{'' if sent.call.whole else ', without an end'}"
    return sent.out_of_step


def passed(sent: Sent, behind: bytes) -> bool:
    """Tell whether octets that stand at or behind a fault reached the application, or the fault counted as an end."""
    return any(behind in call.body for call in sent.calls) or sent.followed or len(sent.calls) > 1


@requirement("FRAME-018")
def test_sizes_are_hexadecimal(server: Server, judge: Judge, draw: Draw) -> None:
    """In either letter case, with zeros in front."""
    needs_chunked(server)

    def law(case: list[tuple[bytes, int]]) -> None:
        body = b"".join(chunk(size, b"x" * count) for size, count in case)
        total = b"x" * sum(count for _, count in case)
        problem = wants(play(server, coded(body + END)), total)
        judge("FRAME-018", not problem, f"{len(total)} octets for {[size for size, _ in case]}", problem)

    sizes = [(b"a", 10), (b"A", 10), (b"0b", 11), (b"1a", 26), (b"1A", 26), (b"aB", 171), (b"00000A", 10)]
    counts = st.tuples(st.integers(1, 700), st.sampled_from([b"%x", b"%X", b"0%x", b"00%X", b"0000%x"]))
    drawn = st.lists(counts.map(lambda pair: (pair[1] % pair[0], pair[0])), min_size=1, max_size=4)
    draw(law, drawn, [[size] for size in sizes] + [sizes], examples=8)


@launch("beside")
@requirement("FRAME-019", revision=2)
def test_a_huge_size_is_no_small_one(server: Server, judge: Judge) -> None:
    """Five octets are not the whole of a chunk of 2**64 + 5."""
    needs_chunked(server)
    sizes = [
        b"100000005",
        b"10000000000000005",
        b"8000000000000000",
        b"F" * 16,
        b"20000000000001",
        b"1" + b"0" * 39 + b"5",
    ]
    requests = [coded(chunk(size, b"hello") + END) for size in sizes]
    wrong = []
    for size, sent in zip(sizes, held_open(server, requests, live(reading(server))), strict=True):
        # What an application made of a body that broke off, and that the server refused, is no matter of the number.
        if not sent.declined and (sent.followed or any(call.whole for call in sent.calls)):
            wrong.append(f"{size.decode()}: taken for whole; {sent.told}")
    report(judge, "FRAME-019", wrong, "no end of the body after 5 octets, or a refusal")


BAD_SIZES = {
    "FRAME-020": [b"5.0", b"5h", b"\xd9\xa5", b"g5", b"$5", b"\xef\xbc\x95"],
    "FRAME-078": [b"+5", b"++5"],
    "FRAME-079": [b"-5", b"-0"],
    "FRAME-080": [b"0x5", b"0X5"],
    "FRAME-081": [b"5_", b"0_5", b"1_0", b"_5"],
    "FRAME-082": [b" 5", b"\t5"],
    "FRAME-111": [b"\x0b5", b"5\x0b", b"5\xa0", b"\x855"],
}


def odd(size: bytes) -> str:
    """Return the requirement that is about a chunk size like this."""
    signs = {b"_": "FRAME-081", b"x": "FRAME-080", b"+": "FRAME-078", b"-": "FRAME-079"}
    if any(octet in size for octet in (b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xa0")):
        return "FRAME-111"
    return next((row for sign, row in signs.items() if sign in size.lower()), "FRAME-020")


@requirement("FRAME-020", "FRAME-078", "FRAME-079", "FRAME-080", "FRAME-081", "FRAME-082", "FRAME-111", revision=3)
def test_a_size_is_hexadecimal_digits_alone(server: Server, judge: Judge, draw: Draw) -> None:
    """Signs, prefixes, underscores, blanks in front and digits of other scripts are refused."""
    needs_chunked(server)
    fine = True
    for row, sizes in BAD_SIZES.items():
        wrong = []
        for size in sizes:
            data = b"hello-hello-hell" if size == b"1_0" else b"hello"
            sent = play(server, coded(chunk(size, data) + chunk(b"5", b"world") + END))
            if any(call.body for call in sent.calls) or sent.followed or hung(server, sent):
                wrong.append(f"{size!r}: {sent.told}")
        fine = report(judge, row, wrong, "a refusal, or an error in place of the octets") and fine
    blank = play(server, coded(chunk(b"5 ", b"hello") + END))
    judge.reading("FRAME-020", f"a blank behind the digits is {'taken' if passed(blank, b'hello') else 'refused'}")
    if not fine:
        return

    def law(case: tuple[bytes, bytes]) -> None:
        before, after = case
        size = before + b"5" + after
        sent = play(server, coded(chunk(size, b"hello") + chunk(b"5", b"world") + END))
        judge(odd(size), not any(call.body for call in sent.calls), f"a refusal of {size!r}", sent.told)

    strange = [
        b"+", b"-", b"0x", b"0X", b"_", b"0_", b"x", b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xa0", b"g", b"$", b"%",
    ]  # fmt: skip
    signs = st.sampled_from([*strange, b""])
    tails = st.sampled_from([*(sign for sign in strange if not sign.startswith(b"0")), b""])
    draw(law, st.tuples(signs, tails).filter(lambda pair: any(pair)), examples=10)


@requirement("FRAME-122")
def test_a_malformed_chunk_is_not_waited_on(server: Server, judge: Judge) -> None:
    """What can be no chunk is refused when it comes: more of the body mends nothing."""
    needs_chunked(server)
    shapes = {
        "-5": chunk(b"-5", b"hello"),
        "zz": chunk(b"zz", b"hello"),
        "data without CRLF": b"5\r\nhelloXX",
    }
    wrong = []
    for name, octets in shapes.items():
        sent = play(server, coded(octets + END))
        if sent.silent:
            wrong.append(f"{name}: {sent.told}")
            hung(server, sent)
    report(judge, "FRAME-122", wrong, "a refusal, or the end of the connection")


@requirement("FRAME-021")
def test_a_size_without_meaning_is_not_zero(server: Server, judge: Judge) -> None:
    """An empty line, or one that is no size, does not end the body: what follows is not the next request."""
    needs_chunked(server)
    wrong = []
    for line in (b"", b"zz", b";a", b"-"):
        for tail in (b"\r\n", b"\r\n\r\n"):
            sent = play(server, coded(chunk(b"3", b"abc") + line + tail))
            if sent.followed:
                wrong.append(f"{line + tail!r}: {sent.told}")
    report(judge, "FRAME-021", wrong, "no answer to what follows")


@requirement("FRAME-022", "FRAME-085", revision=2)
def test_chunk_lines_end_with_crlf(server: Server, judge: Judge) -> None:
    """A bare LF ends neither a size line nor the data of a chunk."""
    needs_chunked(server)
    more = chunk(b"5", b"world") + END
    sizes = [
        ("behind a size", b"5\nhello\r\n" + more, b"hello"),
        ("behind an extension", b"5;a\nhello\r\n" + more, b"hello"),
        ("in the end", chunk(b"5", b"hello") + b"0\n\n", b"\n\n\n"),
    ]
    data = [("behind data", b"5\r\nhello\n" + more, b"world")]
    for row, faults in (("FRAME-022", sizes), ("FRAME-085", data)):
        report(judge, row, _faults(server, faults), "a refusal, or a body that ends in an error")


@requirement("FRAME-023")
def test_data_is_followed_by_crlf(server: Server, judge: Judge, draw: Draw) -> None:
    """Nothing is skipped unseen: a chunk that does not end where its size says is no chunk."""
    needs_chunked(server)
    more = chunk(b"5", b"world") + END
    faults = [
        ("XX", b"5\r\nhelloXX" + more, b"world"),
        ("nothing", b"5\r\nhello" + more, b"world"),
        ("!CRLF", b"5\r\nhello!\r\n" + more, b"world"),
        ("a size too small", b"3\r\nhello\r\n" + more, b"world"),
        ("CR CR", b"5\r\nhello\r\r" + more, b"world"),
        ("LF CR", b"5\r\nhello\n\r" + more, b"world"),
        ("LF LF", b"5\r\nhello\n\n" + more, b"world"),
    ]
    if not report(judge, "FRAME-023", _faults(server, faults), "a refusal, or a body that ends in an error"):
        return

    def law(octets: bytes) -> None:
        sent = play(server, coded(b"5\r\nhello" + octets + more))
        judge("FRAME-023", not passed(sent, b"world"), f"an error for {octets!r} behind the data", sent.told)

    tails = st.lists(st.sampled_from([b"X", b"\r", b"\n", b" ", b"0", b"\x00", b";"]), max_size=4).map(b"".join)
    draw(law, tails.filter(lambda octets: octets not in (b"\r\n", b"\n")), examples=10)


def _faults(server: Server, faults: list[tuple[str, bytes, bytes]]) -> list[str]:
    wrong = []
    for name, body, behind in faults:
        sent = play(server, coded(body))
        if passed(sent, behind):
            wrong.append(f"{name}: {sent.told}")
    return wrong


EXTENSIONS = [b";a", b";a=b", b';a="b"', b';a=";"', b';a="\\""', b';a;b=c;d="e f"', b';a="5"', b";n=v;m"]


@requirement("FRAME-024")
def test_extensions_are_ignored(server: Server, judge: Judge, draw: Draw) -> None:
    """A chunk extension of valid form changes nothing."""
    needs_chunked(server)

    def law(extension: bytes) -> None:
        body = chunk(b"5" + extension, b"hello") + b"0" + extension + b"\r\n\r\n"
        problem = wants(play(server, coded(body)), b"hello")
        judge("FRAME-024", not problem, f"b'hello' with {extension!r}", problem)

    value = st.sampled_from([b"", b"=b", b'="c d"', b'="\\\\"', b"=5"])
    several = st.lists(
        st.builds(lambda name, v: b";" + name + v, st.sampled_from([b"a", b"x-y", b"!"]), value), max_size=4
    )
    draw(law, several.map(b"".join), EXTENSIONS, examples=8)
    blanks = play(server, coded(chunk(b"5 ; a = b", b"hello") + END))
    judge.reading("FRAME-024", f"blanks around ; and = are {'taken' if passed(blanks, b'hello') else 'refused'}")


@requirement("FRAME-025", "FRAME-083", "FRAME-084", revision=2)
def test_extensions_have_no_control_characters(server: Server, judge: Judge) -> None:
    """NUL, bare LF and their like in a size line are refused, and so is text without a semicolon."""
    needs_chunked(server)
    rows = {
        "FRAME-025": (b"5;a\x00b", b"5;a\x01", b"5;\x7f", b"5 a", b"5;a\x0bb"),
        "FRAME-083": (b"5;a\nb", b'5;a="x\ny"'),
        "FRAME-084": (b"5;a\rb", b"5;a=b\rc"),
    }
    for row, size_lines in rows.items():
        wrong = []
        for line in size_lines:
            sent = play(server, coded(chunk(line, b"hello") + END))
            if any(call.body for call in sent.calls) or sent.followed:
                wrong.append(f"{line!r}: {sent.told}")
        report(judge, row, wrong, "a refusal, or a body that ends in an error")


@requirement("FRAME-026")
def test_a_bare_cr_ends_no_size_line(server: Server, judge: Judge) -> None:
    """It is invalid or a space: what stands behind it is no data, and no request."""
    needs_chunked(server)
    wrong = []
    for line in (b"2;\rxx\r\n", b"2\rxx\r\n", b"2;a=b\rxx\r\n", b"2;\rxx\r\nhi\r\n", b"2\rxx\r\nhi\r\n"):
        sent = play(server, coded(line + END))
        if any(call.body.startswith(b"xx") for call in sent.calls) or len(sent.calls) > 1:
            wrong.append(f"{line!r}: {sent.told}")
    inner = b"GET /m HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for end in (b"0\r\r", b"0;\r\r", b"0\r\r\n\r"):
        sent = play(server, coded(chunk(b"2", b"hi") + end + inner))
        if any(call.path.endswith(b"/m") for call in sent.calls):
            wrong.append(f"{end + inner[:20]!r}: {sent.told}")
    report(judge, "FRAME-026", wrong, "a refusal, an error, or b'hi'")


@requirement("FRAME-031")
def test_forms_of_the_last_chunk(server: Server, judge: Judge, draw: Draw) -> None:
    """Every zero ends the body, while the connection stays open."""
    needs_chunked(server)

    def law(case: tuple[bytes, bytes]) -> None:
        data, last = case
        problem = wants(play(server, coded((chunk(b"5", data) if data else b"") + last + b"\r\n\r\n")), data)
        judge("FRAME-031", not problem, f"{data!r} and its end at {last!r}", problem)

    zeros = st.builds(
        lambda n, extension: b"0" * n + extension, st.integers(1, 8), st.sampled_from([b"", b";a", b";a=b"])
    )
    corpus = [(data, last) for data in (b"hello", b"") for last in (b"0", b"00", b"00000000", b"0;a", b'0;a="b"')]
    draw(law, st.tuples(st.sampled_from([b"hello", b""]), zeros), corpus, examples=6)

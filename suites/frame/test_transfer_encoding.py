"""RFC 9112, 6.1, 6.3 and 7: Transfer-Encoding of requests, alone and beside Content-Length."""

from __future__ import annotations

import gzip

from hypothesis import strategies as st

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.request import Field, chunks

from .seeing import reading
from .sending import CHUNKED, NEXT, Sent, Shape, first, needs_chunked, none_called, over, play, report

CODING = b"Transfer-Encoding"
HELLO = chunks([b"hello"])


def coding(*values: bytes, body: bytes = HELLO, more: tuple[Field, ...] = (), version: bytes = b"HTTP/1.1") -> bytes:
    """Return a POST with these Transfer-Encoding fields."""
    return first(*((CODING, value) for value in values), *more, body=body, version=version)


def length(value: bytes) -> Field:
    """Return a Content-Length."""
    return (b"Content-Length", value)


def both() -> list[Shape]:
    """Return requests with both framing fields, in both orders."""
    shapes = []
    for value in (b"3", b"50", b"0", b"5", b"x"):
        shapes.append((f"length {value.decode()} in front", first(length(value), CHUNKED, body=HELLO)))
        shapes.append((f"length {value.decode()} behind", first(CHUNKED, length(value), body=HELLO)))
    return shapes


@requirement("FRAME-010")
def test_the_chunked_coding_overrides_a_length(server: Server, judge: Judge) -> None:
    """The chunks alone are the body, or the request is refused."""
    needs_chunked(server)
    wrong = []
    for name, octets in both():
        sent = play(server, octets)
        if sent.call is not None and (sent.call.body != b"hello" or len(sent.calls) > 1):
            wrong.append(f"{name}: {sent.told}")
    report(judge, "FRAME-010", wrong, "a refusal, or one call with b'hello'")


@requirement("FRAME-011")
def test_both_framing_fields_end_the_connection(server: Server, judge: Judge) -> None:
    """After the answer the connection is closed, whatever the answer was."""
    needs_chunked(server)
    wrong = []
    for name, octets in both()[:4]:
        sent = play(server, octets)
        if sent.followed or len(sent.calls) > 1:
            wrong.append(f"{name}: {sent.told}")
        elif not sent.ended and not sent.silent:
            wrong.append(f"{name}: the connection stays open")
    report(judge, "FRAME-011", wrong, "the end of the connection")


@requirement("FRAME-012", "FRAME-073", "FRAME-115", revision=3)
def test_how_chunked_may_be_spelled(server: Server, judge: Judge) -> None:
    """In any letter case, with blanks around it and empty members beside it."""
    needs_chunked(server)
    spelled = {
        "FRAME-073": (b"Chunked", b"CHUNKED", b"cHuNkEd"),
        "FRAME-012": (b"chunked\t", b"\tchunked", b" \t chunked \t"),
        "FRAME-115": (b", chunked", b"chunked ,"),
    }
    for row, values in spelled.items():
        wrong = []
        for value in values:
            sent = play(server, coding(value))
            if sent.call is not None and not sent.declined and (sent.call.body != b"hello" or sent.out_of_step):
                wrong.append(f"{value!r}: {sent.out_of_step or sent.told}")
        report(judge, row, wrong, "a refusal, or one call with b'hello'")


ODD = {
    "FRAME-013": [b"\x0bchunked", b"chunked\x0c", b"chunked\x1f", b'"chunked"', b"chunked:", b"chunked\x0b"],
    "FRAME-109": [b"chunked\xa0", b"\x85chunked", b"\xc2\xa0chunked", b"chun\xe2\x84\xaaed"],
}


def taken(sent: Sent) -> bool:
    """Tell whether the body was decoded; who takes it for no coding at all breaks another requirement."""
    return any(call.body == b"hello" for call in sent.calls) or sent.followed


@requirement("FRAME-013", "FRAME-109", revision=2)
def test_other_octets_make_another_coding(server: Server, judge: Judge, draw: Draw) -> None:
    """What no blank is does not vanish at the edges of a coding's name."""
    needs_chunked(server)
    fine = True
    for row, values in ODD.items():
        wrong = [f"{value!r}: {sent.told}" for value in values if taken(sent := play(server, coding(value)))]
        fine = report(judge, row, wrong, "no chunks decoded") and fine
    if not fine:
        return
    plain = frozenset(b"!#$%&'*+-.^_`|~\t ,;\r\n\0")

    def law(case: tuple[int, bool]) -> None:
        octet, before = case
        value = b"%cchunked" % octet if before else b"chunked%c" % octet
        sent = play(server, coding(value))
        judge(
            "FRAME-109" if octet > 0x7F else "FRAME-013", not taken(sent), f"no chunks decoded for {value!r}", sent.told
        )

    odd = [o for o in range(1, 256) if o not in plain and not bytes([o]).isalnum()]
    draw(law, st.tuples(st.sampled_from(odd), st.booleans()), examples=10)


@requirement("FRAME-014", "FRAME-105", "FRAME-106", revision=2)
def test_the_final_coding_is_chunked(server: Server, judge: Judge, draw: Draw) -> None:
    """A coding that does not end the body leaves its length unknown: the request is refused and the connection ends."""
    needs_chunked(server)
    rows: dict[str, list[tuple[bytes, ...]]] = {
        "FRAME-014": [
            (b"gzip",), (b"xchunked",), (b"chunkedx",), (b"notchunked",), (b"chunk",), (b"chunked-x",), (b'"chunked"',),
        ],
        "FRAME-105": [(b"identity",), (b"Identity",)],
        "FRAME-106": [(b"chunked, identity",), (b"chunked, gzip",), (b"chunked", b"identity"), (b"chunked, foo",)],
    }  # fmt: skip
    fine = True
    for row, lists in rows.items():
        wrong = []
        for values in lists:
            for more in ((), (length(b"5"),)):
                sent = play(server, coding(*values, more=more, body=b"hello" if more else HELLO))
                if sent.calls or sent.followed:
                    wrong.append(f"{values} {'with a length' if more else ''}: {sent.told}")
        fine = report(judge, row, wrong, "a refusal, and no answer to what follows") and fine
    if not fine:
        return
    empty = play(server, coding(b""))
    judge.reading("FRAME-014", f"an empty Transfer-Encoding: {'a call' if empty.calls else 'a refusal'}")

    def law(case: tuple[list[bytes], bytes]) -> None:
        before, final = case
        sent = play(server, coding(*before, final))
        row = "FRAME-106" if b"chunked" in before else "FRAME-105" if final == b"identity" else "FRAME-014"
        judge(row, not sent.calls, f"a refusal of {[*before, final]}", sent.told)

    names = [b"gzip", b"deflate", b"identity", b"br", b"xchunked", b"chunkedchunked", b"chunk", b"trailers"]
    draw(
        law, st.tuples(st.lists(st.sampled_from([*names, b"chunked"]), max_size=2), st.sampled_from(names)), examples=8
    )


@requirement("FRAME-015")
def test_an_unknown_coding_in_front_of_chunked(server: Server, judge: Judge) -> None:
    """Octets that are still coded never pass for the body; a server that decodes them may hand the body on."""
    needs_chunked(server)
    wrong = []
    for value, body in ((b"gzip, chunked", gzip.compress(b"hello", mtime=0)), (b"foo, chunked", b"hello")):
        sent = play(server, coding(value, body=chunks([body])))
        if sent.call is not None and not (value.startswith(b"gzip") and sent.call.body == b"hello"):
            wrong.append(f"{value!r}: {sent.told}")
    report(judge, "FRAME-015", wrong, "a refusal, best with 501")


@requirement("FRAME-016", "FRAME-107", revision=2)
def test_chunked_twice_or_with_parameters(server: Server, judge: Judge) -> None:
    """The coding is applied once and has no parameters."""
    needs_chunked(server)
    rows = {
        "FRAME-016": [
            ("chunked, chunked", coding(b"chunked, chunked")),
            ("two fields", coding(b"chunked", b"chunked")),
        ],
        "FRAME-107": [("chunked;a=b", coding(b"chunked;a=b")), ("chunked;q=1", coding(b"chunked; q=1"))],
    }
    none_called(server, judge, rows)


@requirement("FRAME-017")
def test_a_coding_in_http_1_0_ends_the_connection(server: Server, judge: Judge) -> None:
    """HTTP/1.0 has no codings: a request with one is faultily framed, whatever keep-alive says."""
    needs_chunked(server)
    keep = (b"Connection", b"keep-alive")
    wrong = []
    for name, more in (("without a length", (keep,)), ("with a length", (keep, length(b"15")))):
        sent = play(server, coding(b"chunked", more=more, version=b"HTTP/1.0"))
        if sent.followed or len(sent.calls) > 1:
            wrong.append(f"{name}: {sent.told}")
        elif not sent.ended and not sent.silent and not _ends(server, more):
            wrong.append(f"{name}: the connection stays open")
    report(judge, "FRAME-017", wrong, "the end of the connection")


def _ends(server: Server, more: tuple[Field, ...]) -> bool:
    with server.connect() as talk:
        talk.eager = True
        x = talk.begin(coding(b"chunked", more=more, version=b"HTTP/1.0") + NEXT, reading(server), arm=True)
        talk.read_answer(x)
        return over(x) or talk.ends(server.patience)

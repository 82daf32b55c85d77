"""PEP 3333, Input and Error Streams: wsgi.input over a chunked body, whose chunks end anywhere in its lines."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.judge import Blocked, Judge
from gateproof.scripts import Step, attempt, read
from gateproof.target import Server
from gateproof.values import Long
from gateproof.wire.request import chunked, post

from .test_http import PAYLOAD, decodes
from .test_input import Operation, Player, differs, listed, octets, op_kind, supported, within

LINES = b"line1\nline2\n\nlast"
OPTIONAL = ("read()", "readline(n)", "readlines(n)")
ENDS = st.sampled_from([b"", b"end"])
CUTS = ((3,), (1,), (6, 6, 1), (4, 9), (100,))


def cutting(cuts: tuple[int, ...]) -> Callable[[bytes], bytes]:
    """Return what makes a request in chunks of these sizes, again and again to the end of the body."""

    def request(body: bytes) -> bytes:
        pieces, sizes, place = [], itertools.cycle(cuts), 0
        while place < len(body):
            size = next(sizes)
            pieces.append(body[place : place + size])
            place += size
        return chunked(pieces)

    return request


def needs_decoding(server: Server) -> None:
    """End the check where the server takes no chunked request, or does not decode a plain one."""
    x = decodes(server)
    if not x.calls or x.calls[0].body != PAYLOAD:
        raise Blocked(f"a plain chunked request is not decoded: {x.outcome}")


def bodies() -> st.SearchStrategy[tuple[bytes, tuple[int, ...]]]:
    """Return bodies of several lines and the sizes of their chunks."""
    line = st.sampled_from([b"a\n", b"\n", b"long line\n", b"\r\n", b"\xff\n", b"x" * 100 + b"\n"])
    whole = st.builds(lambda parts, end: b"".join(parts) + end, st.lists(line, min_size=1, max_size=5), ENDS)
    return st.tuples(whole, st.lists(st.integers(1, 20), min_size=1, max_size=3).map(tuple))


def played(server: Server, cuts: tuple[int, ...], body: bytes, *steps: Step) -> list[dict[str, Any]]:
    """Return what each read of a body in chunks came to; nothing where one never ended, although the body has."""
    try:
        return Player(server, cutting(cuts)).play(body, *steps)
    except Blocked:
        if server.fell_silent():
            return []
        raise


@requirement("WSGI-INPUT-027", "WSGI-INPUT-028", revision=2)
def test_lines_of_a_chunked_body(server: Server, judge: Judge, draw: Draw) -> None:
    """readline(), readlines() and iteration give the lines of the decoded body, wherever its chunks end."""
    needs_decoding(server)

    def one_by_one(case: tuple[bytes, tuple[int, ...]]) -> None:
        body, cuts = case
        wanted = io.BytesIO(body).readlines()
        said = played(server, cuts, body, *(attempt([read("readline")]) for _ in wanted))
        seen = [octets(one) for one in said]
        judge("WSGI-INPUT-027", seen == wanted, wanted, [one.get("result", one) for one in said] or "no end")

    def all_of_them(case: tuple[bytes, tuple[int, ...]]) -> None:
        body, cuts = case
        wanted = io.BytesIO(body).readlines()
        for step in (read("readlines"), read("iter")):
            said = played(server, cuts, body, attempt([step]))
            lines = listed(said[0].get("result")) if said else []
            judge("WSGI-INPUT-028", lines == wanted, wanted, said[0].get("result", said[0]) if said else "no end")

    for law in (one_by_one, all_of_them):
        draw(law, bodies(), [(LINES, cuts) for cuts in CUTS] + [(b"a\n", (1,)), (b"one", (2,))], examples=5)


@requirement("WSGI-INPUT-031")
def test_a_chunked_body_is_bytes(server: Server, judge: Judge) -> None:
    """Whatever reads it, and however little of it."""
    needs_decoding(server)
    ways: list[tuple[Any, ...]] = [("read", 3), ("read", 0), ("readline",), ("readlines",), ("iter",), ("read",)]
    for way in ways:
        said = Player(server, cutting((3, 2))).play(LINES, attempt([read(*way)]))
        given = [item for one in said if "raised" not in one for item in listed(one.get("result"))]
        judge("WSGI-INPUT-031", not any(isinstance(item, str) for item in given), f"bytes from {way}", given)


@requirement("WSGI-INPUT-029", "WSGI-INPUT-030")
def test_reads_of_a_chunked_body(server: Server, judge: Judge, draw: Draw) -> None:
    """read(size) gives at most size octets, over the bounds of chunks too; read(0) gives nothing and takes nothing."""
    needs_decoding(server)

    def law(case: tuple[bytes, int, tuple[int, ...]]) -> None:
        body, size, cuts = case
        player = Player(server, cutting(cuts))
        said = player.play(body, *(read("read", min(size, len(body) - at)) for at in range(0, len(body), size)))
        sizes = [len(octets(one)) for one in said if not isinstance(one.get("result"), Long)]
        judge("WSGI-INPUT-029", sizes and all(0 < n <= size for n in sizes), f"1 to {size} octets a read", sizes)
        seen = b"".join(octets(one) for one in said)
        judge("WSGI-INPUT-029", body.startswith(seen), body, seen)

    some = st.sampled_from([b"hello world", b"a" * 40, b"\r\n0\r\n\r\n", bytes(range(40))])
    cuts = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)
    corpus = [(b"hello world!", 4, (3,)), (b"hello world!", 3, (100,)), (b"ab", 1, (1,)), (b"0\r\n\r\n", 5, (2,))]
    draw(law, st.tuples(some, st.integers(1, 50), cuts), corpus, examples=5)
    nothing = [attempt([read("read", 0)]), attempt([read("readline", 0)]), attempt([read("read", 5)])]
    said = Player(server, cutting((3, 2))).play(b"hello", *nothing)
    if len(said) == len(nothing) and "raised" not in said[1]:
        seen = [octets(one) for one in said]
        judge("WSGI-INPUT-030", b"".join(seen[:2]) == b"" and seen[2], "nothing, nothing, and then octets", seen)
    else:
        judge.blocked("WSGI-INPUT-030", f"readline(size) is not taken: {said}")


@requirement("WSGI-INPUT-033")
def test_all_that_remains_of_a_chunked_body(server: Server, judge: Judge) -> None:
    """read() gives it, whatever was read before."""
    needs_decoding(server)
    body = b"hello world!"
    for before in ((), (3,), (3, 5)):
        steps = [*(read("read", size) for size in before), attempt([read("read")])]
        said = played(server, (5, 1), body, *steps)
        seen = b"".join(octets(one) for one in said)
        judge("WSGI-INPUT-033", seen == body, body, said or "no end")


@requirement("WSGI-INPUT-032", revision=2)
def test_one_position_in_a_chunked_body(server: Server, judge: Judge, draw: Draw) -> None:
    """Any mixture of calls yields the decoded body once and in order: io.BytesIO is the model."""
    needs_decoding(server)
    optional = supported(Player(server, post))

    def law(case: tuple[bytes, list[Operation], tuple[int, ...]]) -> None:
        body, wanted, cuts = case
        operations = within(body, [op for op in wanted if op_kind(op) in optional or op_kind(op) not in OPTIONAL])
        said = played(server, cuts, body, *(read(name, *given) for name, given in operations))
        problem = differs(body, operations, said) if said or not operations else "no end"
        judge("WSGI-INPUT-032", not problem, f"{body!r} read by {operations}", problem)

    operation = st.sampled_from(
        [("read", (1,)), ("read", (5,)), ("readline", ()), ("next", ()), ("readline", (4,)), ("readlines", ())]
    )
    corpus: list[tuple[bytes, list[Operation], tuple[int, ...]]] = [
        (LINES, [("read", (2,)), ("readline", ()), ("read", (3,)), ("readlines", ())], (3,)),
        (LINES, [("readline", ()), ("read", (4,)), ("readline", ()), ("next", ())], (6, 6, 1)),
        (LINES, [("readline", ()), ("read", ())], (4, 9)),
    ]
    drawn = st.tuples(bodies(), st.lists(operation, min_size=2, max_size=6))
    draw(law, drawn.map(lambda pair: (pair[0][0], pair[1], pair[0][1])), corpus, examples=5)

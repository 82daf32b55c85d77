"""PEP 3333, The write() Callable: a middleware supplies one, and uses the server's for that alone."""

from __future__ import annotations

from hypothesis import strategies as st

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi.inner import Script
from gateproof.drive.wsgi.middleware import Middleware
from gateproof.judge import Judge

from .looking import decoded, judge_conduct, passing, survey


@requirement("WSGI-WRITE-011", "WSGI-WRITE-013")
def test_the_servers_is_for_what_was_written(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Never for yielded data or its own, never from within its iterable."""
    passing(middleware)
    judge_conduct(middleware, judge, draw, "WSGI-WRITE-013")
    for passage in survey(middleware):
        if passage.script.writes or not passage.calls:
            continue
        middleware.look(passage)
        judge("WSGI-WRITE-011", not passage.outer.written, "no write() of the server", passage.outer.written)


@requirement("WSGI-WRITE-012")
def test_what_was_written_comes_out_first(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """The same body, once by write() and once by the iterable: what comes out is the same."""

    def law(case: tuple[list[bytes], list[bytes]]) -> None:
        written, yielded = case
        whole = passing(middleware, Script(items=(*written, *yielded), container="list"))
        if decoded(whole) != whole.script.body:
            return  # it makes a body of its own
        parts = passing(middleware, Script(writes=tuple(written), items=tuple(yielded), container="list"))
        middleware.look(whole, parts)
        judge("WSGI-WRITE-012", decoded(parts) == decoded(whole), decoded(whole), parts.outer.outcome)

    piece = st.sampled_from([b"a", b"bc", b"x" * 2000, b"", b"\r\n"])
    pieces = st.lists(piece, max_size=3)
    corpus = [
        ([b"written"], [b"yielded"]),
        ([b"one", b"two"], []),
        ([b"", b"x"], [b"", b"y"]),
        ([b"z" * 5000], [b"end"]),
    ]
    draw(law, st.tuples(pieces.filter(bool), pieces), corpus)
    if not any(j.requirement == "WSGI-WRITE-012" for j in judge.judgements):
        judge("WSGI-WRITE-012", True)

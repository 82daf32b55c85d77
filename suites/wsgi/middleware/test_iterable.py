"""PEP 3333, Specification Details and Block Boundaries: the iterable within and the one that a middleware returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import strategies as st

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi import Manner, Request
from gateproof.drive.wsgi.inner import CONTAINERS, TEXT, Container, Script
from gateproof.drive.wsgi.middleware import Middleware, Passage
from gateproof.judge import Judge

from .looking import decoded, judge_conduct, passing

CLOSING: tuple[Container, ...] = ("iterator", "iterable", "getitem", "wrapper")


@requirement("WSGI-ITER-024", "WSGI-ITER-025", "WSGI-ITER-026")
def test_close_is_passed_on(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """After the last item, before the first, in between, and after an exception: on the object that was returned."""

    def law(case: tuple[Container, int | None, int | None, bool]) -> None:
        container, take, raises_at, late = case
        script = Script(items=(b"a", b"b", b"c"), container=container, raises_at=raises_at, late=late)
        passage = passing(middleware, script, Manner(take=take, file_wrapper=container == "wrapper"))
        if not passage.inside.returned:
            return  # it raised before it could return anything
        judge_closed(middleware, judge, passage)

    corpus = [
        (container, take, raises_at, False)
        for container in CLOSING
        for take in (None, 0, 1)
        for raises_at in (None, 1)
        if not (container == "wrapper" and raises_at)
    ]
    takes = st.one_of(st.none(), st.integers(0, 4))
    draw(
        law,
        st.tuples(st.sampled_from(CLOSING[:3]), takes, st.one_of(st.none(), st.integers(0, 2)), st.booleans()),
        corpus,
    )
    judge.rest_blocked("the middleware never returns what could be closed")


def judge_closed(middleware: Middleware, judge: Judge, passage: Passage) -> None:
    """Judge whether the iterable within was closed by the time at which the server was done."""
    inside, outer = passage.inside, passage.outer
    cut = passage.script.raises_at is not None or passage.outer.manner.take is not None
    row = "WSGI-ITER-025" if cut and inside.taken else "WSGI-ITER-024"
    how = f"{passage.script.container}, {inside.taken} items taken, outer {type(outer.result).__name__}"
    middleware.look(passage)
    if inside.iterator_closed and not inside.closed:
        judge("WSGI-ITER-026", False, "close() of what was returned", f"close() of its iterator ({how})")
        return
    if passage.script.container == "iterable":
        judge("WSGI-ITER-026", True)
    judge(row, inside.closed > 0, "close() within", f"no close(): {how}; {outer.outcome}")


@requirement("WSGI-ITER-027", "WSGI-FILE-015", revision=2)
def test_closes_what_it_replaces(middleware: Middleware, judge: Judge) -> None:
    """The iterable of an answer whose body it does not use, also one of wsgi.file_wrapper, whatever was asked."""
    for row, container in (("WSGI-ITER-027", "iterator"), ("WSGI-FILE-015", "wrapper")):
        for status in ("200 OK", "404 Not Found", "500 Oops", "304 Not Modified"):
            plain = Script(status, container=container)  # type: ignore[arg-type]
            script = plain.but(headers=(), items=()) if status.startswith("304") else plain
            passage = passing(middleware, script, Manner(file_wrapper=True))
            if not passage.inside.returned:
                continue
            middleware.look(passage)
            judge(row, passage.inside.closed > 0, "close() within", f"no close(); {passage.outer.outcome}")
    tagged = Script(headers=(TEXT, ("ETag", '"x"')), items=(b"a" * 3000,), length=True)
    for request in asking(middleware):
        passage = middleware.through(tagged, request)
        if passage.calls and passage.inside.returned:
            seen = f"no close() for {request.method} {dict(request.fields)}; {passage.outer.outcome}"
            middleware.look(passage)
            judge("WSGI-ITER-027", passage.inside.closed > 0, "close() within", seen)
    usual = passing(middleware, Script(container="iterator"))
    wrapped = passing(middleware, Script(container="wrapper"), Manner(file_wrapper=True))
    middleware.look(usual, wrapped)
    ok = decoded(wrapped) == decoded(usual) or decoded(usual) != usual.script.body
    judge("WSGI-FILE-015", ok, decoded(usual), wrapped.outer.outcome)


def asking(middleware: Middleware) -> Iterator[Request]:
    """Return requests for which the body within may be of no use."""
    usual = middleware.request
    conditions = (
        ("If-None-Match", '"x"'),
        ("Range", "bytes=0-1"),
        ("Range", "bytes=9999-"),
        ("Accept-Encoding", "gzip"),
    )
    yield from (replace(usual, method=method) for method in ("HEAD", "OPTIONS", "POST"))
    for field in conditions:
        yield usual.having(field)
        yield replace(usual.having(field), method="HEAD")


@requirement("WSGI-ITER-028")
def test_looks_at_nothing_but_the_protocol(middleware: Middleware, judge: Judge) -> None:
    """Attributes of the iterable that mislead change nothing of what comes out."""
    for items in ((b"one", b"two"), (b"x" * 3000,)):
        plain, odd = (passing(middleware, Script(items=items, container=kind)) for kind in ("iterator", "odd"))
        middleware.look(plain, odd)
        wanted, seen = (plain.outer.status, plain.outer.body), (odd.outer.status, odd.outer.body)
        judge("WSGI-ITER-028", seen == wanted and odd.outer.error is None, wanted, odd.outer.outcome)


@requirement("WSGI-ITER-029", "WSGI-ITER-030")
def test_yields_bytes(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """And where len() works on what it returns, it is right."""
    judge_conduct(middleware, judge, draw, "WSGI-ITER-029", "WSGI-ITER-030")


@requirement("WSGI-ITER-031", "WSGI-MW-003")
def test_any_iterable_will_do(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Whatever the container and however the body is cut: what comes out is the same, and all of it."""

    def law(case: tuple[list[bytes], Container]) -> None:
        items, container = case
        whole = passing(middleware, Script(items=(b"".join(items),), container="list"))
        parts = passing(middleware, Script(items=tuple(items), container=container))
        middleware.look(whole, parts)
        fine = parts.outer.error is None or whole.outer.error is not None
        judge("WSGI-ITER-031", fine, whole.outer.outcome, f"with a {container}, {parts.outer.outcome}")
        if decoded(whole) == whole.script.body:
            judge("WSGI-MW-003", decoded(parts) == whole.script.body, whole.script.body, decoded(parts))

    piece = st.sampled_from([b"", b"a", b"bc\n", b"x" * 3000])
    corpus: list[tuple[list[bytes], Container]] = [
        (items, kind)
        for kind in CONTAINERS
        for items in ([b"one", b"two"], [], [b"", b"a", b""], [b"x" * 9000, b"end"])
    ]
    draw(law, st.tuples(st.lists(piece, max_size=6), st.sampled_from(CONTAINERS)), corpus)
    if not any(j.requirement == "WSGI-MW-003" for j in judge.judgements):
        judge.unsupported("WSGI-MW-003", "the middleware makes a body of its own", lacks="transparent")


@requirement("WSGI-MW-001", "WSGI-MW-002", "WSGI-STREAM-003")
def test_blocks_are_not_held_back(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """It consumes nothing within the call, and takes no second value before it gave one for the first."""

    def law(items: list[bytes]) -> None:
        passage = passing(middleware, Script(items=tuple(items), container="iterator"))
        if not passage.inside.ended or passage.outer.error is not None:
            return  # it threw the answer away, which is not waiting
        middleware.look(passage)
        taken = given = 0
        returned = False
        for event in passage.outer.journal:
            if event.name == "returned":
                returned = True
            elif event.name == "item within":
                taken += 1
                judge("WSGI-MW-002", returned, "no item taken before it returned", f"{taken} taken within the call")
                judge("WSGI-MW-001", taken <= given + 1, f"at most {given + 1} taken", f"{taken} taken, {given} given")
            elif event.name == "item":
                given += 1
        judge_held(judge, passage)

    def judge_held(judge: Judge, passage: Passage) -> None:
        """Judge whether the octets of an item came out before the next one was asked for."""
        if passage.outer.body != passage.script.body:
            return
        came = went = 0
        for event in passage.outer.journal:
            if event.name == "item within":
                held = came - went
                judge(
                    "WSGI-STREAM-003", held <= 0, "what was yielded, before the next item", f"{held} octets held back"
                )
                came += len(event.value)
            elif event.name in ("item", "write"):
                went += len(event.value)

    piece = st.sampled_from([b"", b"a", b"bc", b"x" * 2000])
    corpus = [[b"a", b"b", b"c"], [b"x" * 2000, b"y" * 2000], [b"", b"", b"a"], [b"one"]]
    draw(law, st.lists(piece, min_size=1, max_size=6), corpus)
    judge.unsupported_rest("the middleware makes a body of its own")

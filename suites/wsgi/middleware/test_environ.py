"""PEP 3333, environ Variables: what a middleware hands down."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from gateproof import strategies as gst
from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi import Manner, Request
from gateproof.drive.wsgi.inner import Script
from gateproof.drive.wsgi.middleware import Middleware, Passage
from gateproof.drive.wsgi.requests import MAY_BE_EMPTY
from gateproof.judge import Judge

from ..application.looking import worse
from .looking import busy, judge_conduct, passing

EMPTY = Manner(empty=frozenset(MAY_BE_EMPTY))
# What may be missing, one after the other, lest a fault with one hide a fault with another.
MISSING = (
    ("WSGI-MW-009", ("QUERY_STRING",)),
    ("WSGI-MW-010", ("CONTENT_TYPE", "CONTENT_LENGTH")),
    ("WSGI-MW-011", ("SCRIPT_NAME",)),
    ("WSGI-MW-011", ("PATH_INFO",)),
    ("WSGI-MW-012", ("REMOTE_ADDR",)),
    ("WSGI-MW-013", ("HTTP_HOST",)),
)
KEY = re.compile(r"[a-z0-9_.]+")
HOP_BY_HOP = (
    (("Connection", "keep-alive"), ("Keep-Alive", "timeout=5")),
    (("Connection", "close"),),
    (("Connection", "TE"), ("TE", "trailers")),
    (("Connection", "Upgrade"), ("Upgrade", "h2c")),
)


@requirement("WSGI-ENV-035", "WSGI-ENV-036", "WSGI-ENV-037", "WSGI-UNICODE-010")
def test_hands_down_a_conforming_environ(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """A built-in dict with all that the PEP requires, of native strings; its own keys are named as the PEP asks."""
    plain = passing(middleware)
    rows = ("WSGI-ENV-035", "WSGI-ENV-036", "WSGI-ENV-037", "WSGI-UNICODE-010")
    judge_conduct(middleware, judge, draw, *rows)
    own = [key for key in added(plain) if not key.startswith("HTTP_")]
    odd = [key for key in own if not (KEY.fullmatch(key) and ("." in key or "_" in key)) and not key.isupper()]
    middleware.look(plain)
    judge("WSGI-ENV-037", not odd, "keys in lower case with a prefix of its own, such as mine.session", odd)


def added(passage: Passage) -> list[str]:
    """Return the keys that the middleware added."""
    return [key for key in passage.inside.copy if isinstance(key, str) and key not in passage.outer.given]


@requirement("WSGI-ENV-038")
def test_hands_down_what_it_does_not_know(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Keys of servers, of other middleware and of later versions arrive as the same objects."""
    passing(middleware)

    def law(extra: tuple[tuple[str, object], ...]) -> None:
        passage = middleware.through(Script(), None, Manner(extra=extra))
        lost = [key for key, value in extra if passage.inside.copy.get(key) is not value]
        middleware.look(passage)
        judge("WSGI-ENV-038", not lost, "unknown keys as the same objects", f"lost or changed: {lost}")

    key = st.sampled_from(["vendor.thing", "x_server.socket", "wsgi.future", "a.b.c", "gateproof.key"])
    corpus = [(("vendor.extension", object()), ("wsgi.future", object())), (("gateproof.a_b", None),)]
    draw(
        law, st.lists(st.tuples(key, st.builds(object)), max_size=3, unique_by=lambda pair: pair[0]).map(tuple), corpus
    )


@requirement("WSGI-MW-009", "WSGI-MW-010", "WSGI-MW-011", "WSGI-MW-012", "WSGI-MW-013")
def test_each_variable_that_may_be_missing(middleware: Middleware, judge: Judge) -> None:
    """What goes through with a variable, empty where it may be, goes through without it."""
    for row, names in MISSING:  # no call need go through before: what is missing there may be what fails
        request, manner = middleware.request, EMPTY
        if "PATH_INFO" in names:
            request, manner = Request(path=""), EMPTY.but(script_name="/mnt")
        full = middleware.through(Script(), request, manner)
        bare = middleware.through(Script(), request, manner.lacking(*names))
        middleware.look(full, bare)
        judge(row, not worse(bare.outer, full.outer), full.outer.outcome, bare.outer.outcome)


@requirement("WSGI-URL-018")
def test_moves_whole_segments(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Where it moves anything from PATH_INFO to SCRIPT_NAME: segments, whose concatenation stays the same."""
    passing(middleware)
    moved: list[str] = []

    def law(case: tuple[str, str]) -> None:
        path, script_name = case
        passage = middleware.through(Script(), Request(path=path), Manner(script_name=script_name))
        if len(passage.calls) != 1:
            return
        script, rest = (str(passage.inside.copy.get(key, "")) for key in ("SCRIPT_NAME", "PATH_INFO"))
        if script == script_name or not script.startswith(script_name):
            return
        moved.append(path)
        middleware.look(passage)
        ok = script + rest == script_name + path and (not rest or rest.startswith("/"))
        judge("WSGI-URL-018", ok, f"{script_name + path!r} in two parts", f"SCRIPT_NAME {script!r}, PATH_INFO {rest!r}")

    known = [place.path.rstrip("/") for place in middleware.places if place.path != "/"]
    corpus = [(prefix + rest, "") for prefix in known for rest in ("", "/", "/a", "x", "/\xff\xfe/b", "//c")]
    paths = st.builds(lambda prefix, rest: prefix + rest, st.sampled_from(known or [""]), gst.paths())
    draw(law, st.tuples(paths, st.sampled_from(["", "/mnt"])), corpus)
    if not moved:
        middleware.look(passing(middleware))
        judge.unsupported("WSGI-URL-018", "the middleware moves nothing to SCRIPT_NAME", lacks="dispatcher")
    elif not any(j.requirement == "WSGI-URL-018" for j in judge.judgements):
        judge("WSGI-URL-018", True)


@requirement("WSGI-HTTP-036", revision=2)
def test_does_not_rely_on_hop_by_hop_fields(middleware: Middleware, judge: Judge) -> None:
    """What comes out is the same with and without Connection, Keep-Alive, TE and Upgrade."""
    plain = passing(middleware)
    for fields in HOP_BY_HOP:
        other = middleware.through(Script(), middleware.request.having(*fields))
        middleware.look(plain, other)
        seen = (other.outer.status, other.outer.body)
        wanted = (plain.outer.status, plain.outer.body)
        judge("WSGI-HTTP-036", busy(other) or seen == wanted, wanted, f"with {dict(fields)}: {other.outer.outcome}")

"""PEP 3333, The start_response() Callable: the one that a middleware supplies, and how it uses the server's."""

from __future__ import annotations

from hypothesis import strategies as st

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi.inner import HTML, TEXT, Script
from gateproof.drive.wsgi.middleware import Middleware
from gateproof.judge import Judge

from .looking import decoded, is_transparent, judge_conduct, passing, survey

LATE = tuple(Script(container=kind, late=True) for kind in ("generator", "iterator", "iterable", "getitem"))


@requirement("WSGI-START-018")
def test_supplies_write(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Its start_response returns a callable."""
    passing(middleware)
    judge_conduct(middleware, judge, draw, "WSGI-START-018")


@requirement("WSGI-START-019")
def test_the_application_may_begin_late(middleware: Middleware, judge: Judge) -> None:
    """An application that calls start_response at its first item gives what one gives that calls it at once."""
    for script in LATE:
        early, late = passing(middleware, script.but(late=False)), passing(middleware, script)
        middleware.look(early, late)
        wanted = (early.outer.status, early.outer.body)
        seen = (late.outer.status, late.outer.body)
        judge("WSGI-START-019", seen == wanted and late.outer.error is None, wanted, late.outer.outcome)


@requirement("WSGI-START-020", "WSGI-START-021")
def test_calls_the_servers_once_and_in_time(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Before its first item; again only with exc_info."""
    judge_conduct(middleware, judge, draw, "WSGI-START-020", "WSGI-START-021")
    for passage in survey(middleware):
        again = isinstance(passage.outer.error, AssertionError) and "without exc_info" in str(passage.outer.error)
        if again:
            middleware.look(passage)
        judge("WSGI-START-021", not again, "exc_info with every second call", passage.outer.outcome)


@requirement("WSGI-STATUS-014", "WSGI-HEADERS-025")
def test_gives_what_an_application_may(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Status and header list obey the rules of applications, in answers of its own too."""
    judge_conduct(middleware, judge, draw, "WSGI-STATUS-014", "WSGI-HEADERS-025")


@requirement("WSGI-START-022", "WSGI-HEADERS-027")
def test_passes_status_and_fields_on(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """As they are: the same values in the same order, repeated ones included, beside what it adds itself."""
    if not is_transparent(middleware):
        judge.unsupported_rest("the middleware makes an answer of its own", lacks="transparent")
        return

    def law(case: tuple[str, list[tuple[str, str]]]) -> None:
        status, fields = case
        passage = passing(middleware, Script(status, (TEXT, *fields), container="list"))
        if decoded(passage) != passage.script.body:
            return  # an answer of its own, which has fields of its own
        inner, outer = [TEXT, *fields], passage.outer.headers
        middleware.look(passage)
        judge("WSGI-START-022", passage.outer.status == status, status, passage.outer.status)
        for name in dict.fromkeys(name for name, _ in inner):
            wanted = [pair for pair in inner if pair[0].lower() == name.lower()]
            seen = [pair for pair in outer if pair[0].lower() == name.lower()]
            values = [value for _, value in wanted]
            kept = [value for _, value in seen if value in values]
            judge("WSGI-HEADERS-027", kept[: len(values)] == values, wanted, seen or "gone")
            judge("WSGI-START-022", [p for p in seen if p in wanted] == wanted or kept != values, wanted, seen)

    field = st.sampled_from(
        [
            ("Set-Cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("X-Odd", "1"),
            ("x-ODD", "2"),
            ("X-Latin", "caf\xe9"),
            ("Warning", "1 - x"),
        ]
    )
    corpus: list[tuple[str, list[tuple[str, str]]]] = [
        ("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
        ("200 Fine", [("X-Odd", "2"), ("X-Odd", "1"), ("x-lower", "1"), ("X-Latin", "caf\xe9")]),
        ("404 Gone Fishing", [("Warning", "1 - x"), ("warning", "2 - y")]),
    ]
    draw(law, st.tuples(st.sampled_from(["200 OK", "200 Fine", "404 Not Found"]), st.lists(field, max_size=4)), corpus)


@requirement("WSGI-HEADERS-026", revision=2)
def test_names_are_of_any_letter_case(middleware: Middleware, judge: Judge) -> None:
    """Content-Type and Content-Length in odd letter case lead to what the usual spelling leads to."""
    for items in ((b"<p>hello</p>",), (b"<p>hello</p>" * 400,)):
        length = str(sum(map(len, items)))
        spelt = Script(headers=(HTML, ("Content-Length", length)), items=items, container="list")
        usual, again = passing(middleware, spelt), passing(middleware, spelt)
        steady = usual.outer.body == again.outer.body  # it may put something of its own into each page
        for name, other in (("content-type", "content-length"), ("CONTENT-type", "CONTENT-length")):
            headers = ((name, HTML[1]), (other, length))
            odd = passing(middleware, Script(headers=headers, items=items, container="list"))
            middleware.look(usual, odd)
            counts = [len(odd.outer.field(each)) for each in ("Content-Type", "Content-Length")]
            wanted = [len(usual.outer.field(each)) for each in ("Content-Type", "Content-Length")]
            judge("WSGI-HEADERS-026", counts == wanted, f"fields {usual.outer.headers}", odd.outer.headers)
            alike = odd.outer.status == usual.outer.status and (not steady or odd.outer.body == usual.outer.body)
            judge("WSGI-HEADERS-026", alike, usual.outer.outcome, odd.outer.outcome)

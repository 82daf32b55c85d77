"""What an application answers by what a request says of its answer: HTTP's ranges, conditions, codings and methods."""

from __future__ import annotations

from collections.abc import Iterator

from gateproof.check import requirement
from gateproof.drive.asgi import App
from gateproof.drive.asgi.application import Usual, answer
from gateproof.judge import Judge
from gateproof.wire import selecting
from gateproof.wire.selecting import Field, Selected

from .test_http_response import everywhere
from .varying import selected, working


def steady(app: App) -> Iterator[tuple[Usual, Selected]]:
    """Return the ways whose answer to GET is the same every time, and whole."""
    for usual in working(app):
        if usual.request.method == "GET" and usual.steady and usual.answer.status == 200:
            yield usual, selected(usual.answer)


def ask(app: App, usual: Usual, *fields: Field) -> Selected:
    """Ask once more, with these fields."""
    return selected(answer(app.http(usual.request.but(headers=fields))))


@requirement("ASGI-HTTP-RESP-065", "ASGI-HTTP-RESP-067")
def test_a_part_is_the_part_that_it_says(app: App, judge: Judge) -> None:
    """A 206 has the octets that its Content-Range names, and none where If-Range names another tag."""
    for usual, whole in steady(app):
        for ranges in selecting.RANGES:
            seen = ask(app, usual, (b"range", b"bytes=" + ranges))
            wrong = selecting.wrong_part(ranges, seen, whole)
            judge("ASGI-HTTP-RESP-065", not wrong, f"{ranges!r} of {usual.request}", wrong)
        if ask(app, usual, (b"range", b"bytes=0-1")).status != 206:
            continue
        own = selecting.strong(whole.values(b"etag"))
        for tag in (selecting.OTHER_TAG, *own):
            seen = ask(app, usual, (b"range", b"bytes=0-1"), (b"if-range", tag))
            wrong = selecting.wrong_if_range(tag, own, seen)
            judge("ASGI-HTTP-RESP-067", not wrong, f"If-Range: {tag!r} at {usual.request}", wrong)
    judge.unsupported_rest("no answer is the same every time, or none has parts")


@requirement("ASGI-HTTP-RESP-066")
def test_a_condition_that_holds(app: App, judge: Judge) -> None:
    """Who has another version than the answer's gets the answer."""
    for usual, _ in steady(app):
        for fields, reason in selecting.conditions():
            wrong = selecting.wrong_condition(ask(app, usual, *fields))
            judge("ASGI-HTTP-RESP-066", not wrong, f"{usual.request} as usual: {reason}", wrong)
    judge.unsupported_rest("no answer is the same every time")


@requirement("ASGI-HTTP-RESP-068", "ASGI-HTTP-RESP-069")
def test_a_coding_is_one_that_was_asked_for(app: App, judge: Judge) -> None:
    """Who encodes says in Vary that it hangs on the request, and encodes for those alone who take it."""
    for usual, plain in steady(app):
        coded = ask(app, usual, (b"accept-encoding", selecting.CODINGS))
        wrong = selecting.unnamed(plain, coded)
        judge("ASGI-HTTP-RESP-068", not wrong, f"Vary: accept-encoding at {usual.request}", wrong)
        for refusal in selecting.REFUSED:
            wrong = selecting.unwanted(plain, ask(app, usual, (b"accept-encoding", refusal)))
            judge("ASGI-HTTP-RESP-069", not wrong, f"no coding for Accept-Encoding: {refusal!r}", wrong)
    judge.unsupported_rest("no answer is the same every time")


@requirement("ASGI-HTTP-RESP-070")
def test_a_refused_method_is_told_which_are_not(app: App, judge: Judge) -> None:
    """405 names the methods that are allowed."""
    everywhere(
        app,
        judge,
        "ASGI-HTTP-RESP-070",
        "Allow with 405",
        lambda call: call.status == 405 and call.header(b"allow") is None and "no Allow",
    )

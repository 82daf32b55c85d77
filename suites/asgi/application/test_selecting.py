"""What an application answers by what a request says of its answer: HTTP's ranges, conditions, codings and methods."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from gateproof.check import requirement
from gateproof.drive.asgi import App
from gateproof.drive.asgi.application import Usual, answer
from gateproof.judge import Judge
from gateproof.wire import conditions, selecting
from gateproof.wire.selecting import Field, Selected, Way

from ...selecting import judge_each
from .test_http_response import everywhere
from .varying import selected, working


def ways(app: App) -> Iterator[Way]:
    """Return the ways whose answer to GET is the same every time, and whole."""
    for usual in working(app):
        if usual.request.method == "GET" and usual.steady and usual.answer.status == 200:
            yield Way(str(usual.request), partial(ask, app, usual), selected(usual.answer))


def ask(app: App, usual: Usual, *fields: Field) -> Selected:
    """Ask once more, with these fields."""
    return selected(answer(app.http(usual.request.but(headers=fields))))


@requirement("ASGI-HTTP-RESP-065", "ASGI-HTTP-RESP-067", "ASGI-HTTP-RESP-082", "ASGI-HTTP-RESP-083", revision=3)
def test_a_part_is_the_part_that_it_says(app: App, judge: Judge) -> None:
    """A 206 has the octets that its Content-Range names, a 416 is for those that are not there; If-Range is heeded."""
    laws = {
        "ASGI-HTTP-RESP-065": selecting.parts,
        "ASGI-HTTP-RESP-067": selecting.joined,
        "ASGI-HTTP-RESP-082": selecting.missed,
        "ASGI-HTTP-RESP-083": selecting.told,
    }
    judge_each(judge, ways(app), laws, otherwise="no range is answered by a part", lacks="ranges")


@requirement("ASGI-HTTP-RESP-066", revision=2)
def test_a_condition_that_holds(app: App, judge: Judge) -> None:
    """Who has another version than the answer's gets the answer."""
    judge_each(judge, ways(app), {"ASGI-HTTP-RESP-066": conditions.held})


@requirement("ASGI-HTTP-RESP-074", "ASGI-HTTP-RESP-075")
def test_a_version_that_the_client_has(app: App, judge: Judge) -> None:
    """Who has the answer's version has it however the tag is spelled, and is told what to keep it by."""
    judge_each(judge, ways(app), {"ASGI-HTTP-RESP-074": conditions.matched, "ASGI-HTTP-RESP-075": conditions.repeated})


@requirement("ASGI-HTTP-RESP-076")
def test_an_origin_that_is_allowed(app: App, judge: Judge) -> None:
    """Who allows the origin that asks says in Vary that it hangs on the request."""
    law = partial(selecting.allowed, origins=(*app.origins, *selecting.ORIGINS))
    judge_each(judge, ways(app), {"ASGI-HTTP-RESP-076": law})


@requirement("ASGI-HTTP-RESP-068", "ASGI-HTTP-RESP-069")
def test_a_coding_is_one_that_was_asked_for(app: App, judge: Judge) -> None:
    """Who encodes says in Vary that it hangs on the request, and encodes for those alone who take it."""
    judge_each(judge, ways(app), {"ASGI-HTTP-RESP-068": selecting.named, "ASGI-HTTP-RESP-069": selecting.refused})


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

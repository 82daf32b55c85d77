"""What an application answers by what a request says of its answer: HTTP's ranges, conditions, codings and methods."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from gateproof.check import requirement
from gateproof.drive.paths import Place
from gateproof.drive.wsgi import Request
from gateproof.drive.wsgi.application import Application
from gateproof.judge import Judge
from gateproof.wire import conditions, selecting
from gateproof.wire.selecting import Field, Selected, Way

from ...selecting import judge_each
from .looking import as_text, constant, failed, same, selected


def ways(app: Application) -> Iterator[Way]:
    """Return the places whose answer to GET is the same every time, and whole."""
    for place in app.places:
        plain = app.get(place)
        again = app.get(place)
        if plain.code == 200 and not failed(plain) and same(plain, again) and constant(app, plain.request, plain):
            yield Way(place.path, partial(ask, app, place), selected(plain))


def ask(app: Application, place: Place, *fields: Field) -> Selected:
    """Ask once more, with these fields."""
    served = app.serve(Request("GET", place.path, place.query, as_text(fields)))
    app.look_at(served)
    return selected(served)


@requirement("WSGI-HTTP-048", "WSGI-HTTP-050", "WSGI-HTTP-070", "WSGI-HTTP-071", revision=3)
def test_a_part_is_the_part_that_it_says(app: Application, judge: Judge) -> None:
    """A 206 has the octets that its Content-Range names, a 416 is for those that are not there; If-Range is heeded."""
    laws = {
        "WSGI-HTTP-048": selecting.parts,
        "WSGI-HTTP-050": selecting.joined,
        "WSGI-HTTP-070": selecting.missed,
        "WSGI-HTTP-071": selecting.told,
    }
    judge_each(judge, ways(app), laws, otherwise="no range is answered by a part", lacks="ranges")


@requirement("WSGI-HTTP-049", revision=2)
def test_a_condition_that_holds(app: Application, judge: Judge) -> None:
    """Who has another version than the answer's gets the answer."""
    judge_each(judge, ways(app), {"WSGI-HTTP-049": conditions.held})


@requirement("WSGI-HTTP-059", "WSGI-HTTP-060")
def test_a_version_that_the_client_has(app: Application, judge: Judge) -> None:
    """Who has the answer's version has it however the tag is spelled, and is told what to keep it by."""
    judge_each(judge, ways(app), {"WSGI-HTTP-059": conditions.matched, "WSGI-HTTP-060": conditions.repeated})


@requirement("WSGI-HTTP-061")
def test_an_origin_that_is_allowed(app: Application, judge: Judge) -> None:
    """Who allows the origin that asks says in Vary that it hangs on the request."""
    judge_each(judge, ways(app), {"WSGI-HTTP-061": selecting.allowed})


@requirement("WSGI-HTTP-051", "WSGI-HTTP-052")
def test_a_coding_is_one_that_was_asked_for(app: Application, judge: Judge) -> None:
    """Who encodes says in Vary that it hangs on the request, and encodes for those alone who take it."""
    judge_each(judge, ways(app), {"WSGI-HTTP-051": selecting.named, "WSGI-HTTP-052": selecting.refused})


@requirement("WSGI-HTTP-053")
def test_a_refused_method_is_told_which_are_not(app: Application, judge: Judge) -> None:
    """405 names the methods that are allowed."""
    for served in app.survey():
        if served.code == 405 and not failed(served):
            app.look_at(served)
            seen = f"{served.request.method} {served.request.path}: no Allow"
            judge("WSGI-HTTP-053", bool(served.field("Allow")), "Allow with 405", seen)
    judge("WSGI-HTTP-053", True)

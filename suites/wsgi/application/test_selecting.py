"""What an application answers by what a request says of its answer: HTTP's ranges, conditions, codings and methods."""

from __future__ import annotations

from collections.abc import Iterator

from gateproof.check import requirement
from gateproof.drive.paths import Place
from gateproof.drive.wsgi import Request
from gateproof.drive.wsgi.application import Application
from gateproof.judge import Judge
from gateproof.wire import selecting
from gateproof.wire.selecting import Field, Selected

from .looking import constant, failed, same, selected


def steady(app: Application) -> Iterator[tuple[Place, Selected]]:
    """Return the places whose answer to GET is the same every time, and whole."""
    for place in app.places:
        plain = app.get(place)
        again = app.get(place)
        if plain.code == 200 and not failed(plain) and same(plain, again) and constant(app, plain.request, plain):
            yield place, selected(plain)


def ask(app: Application, place: Place, *fields: Field) -> Selected:
    """Ask once more, with these fields."""
    given = tuple((name.decode("latin-1").title(), value.decode("latin-1")) for name, value in fields)
    served = app.serve(Request("GET", place.path, place.query, given))
    app.look_at(served)
    return selected(served)


@requirement("WSGI-HTTP-048", "WSGI-HTTP-050")
def test_a_part_is_the_part_that_it_says(app: Application, judge: Judge) -> None:
    """A 206 has the octets that its Content-Range names, and none where If-Range names another tag."""
    for place, whole in steady(app):
        for ranges in selecting.RANGES:
            seen = ask(app, place, (b"range", b"bytes=" + ranges))
            wrong = selecting.wrong_part(ranges, seen, whole)
            judge("WSGI-HTTP-048", not wrong, f"{ranges!r} of {place.path}", wrong)
        if ask(app, place, (b"range", b"bytes=0-1")).status != 206:
            continue
        own = selecting.strong(whole.values(b"etag"))
        for tag in (selecting.OTHER_TAG, *own):
            seen = ask(app, place, (b"range", b"bytes=0-1"), (b"if-range", tag))
            wrong = selecting.wrong_if_range(tag, own, seen)
            judge("WSGI-HTTP-050", not wrong, f"If-Range: {tag!r} at {place.path}", wrong)
    judge.unsupported_rest("no answer is the same every time, or none has parts")


@requirement("WSGI-HTTP-049")
def test_a_condition_that_holds(app: Application, judge: Judge) -> None:
    """Who has another version than the answer's gets the answer."""
    for place, _ in steady(app):
        for fields, reason in selecting.conditions():
            wrong = selecting.wrong_condition(ask(app, place, *fields))
            judge("WSGI-HTTP-049", not wrong, f"{place.path} as usual: {reason}", wrong)
    judge.unsupported_rest("no answer is the same every time")


@requirement("WSGI-HTTP-051", "WSGI-HTTP-052")
def test_a_coding_is_one_that_was_asked_for(app: Application, judge: Judge) -> None:
    """Who encodes says in Vary that it hangs on the request, and encodes for those alone who take it."""
    for place, plain in steady(app):
        wrong = selecting.unnamed(plain, ask(app, place, (b"accept-encoding", selecting.CODINGS)))
        judge("WSGI-HTTP-051", not wrong, f"Vary: Accept-Encoding at {place.path}", wrong)
        for refusal in selecting.REFUSED:
            wrong = selecting.unwanted(plain, ask(app, place, (b"accept-encoding", refusal)))
            judge("WSGI-HTTP-052", not wrong, f"no coding for Accept-Encoding: {refusal!r}", wrong)
    judge.unsupported_rest("no answer is the same every time")


@requirement("WSGI-HTTP-053")
def test_a_refused_method_is_told_which_are_not(app: Application, judge: Judge) -> None:
    """405 names the methods that are allowed."""
    for served in app.survey():
        if served.code == 405 and not failed(served):
            app.look_at(served)
            seen = f"{served.request.method} {served.request.path}: no Allow"
            judge("WSGI-HTTP-053", bool(served.field("Allow")), "Allow with 405", seen)
    judge("WSGI-HTTP-053", True)

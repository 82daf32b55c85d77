"""The body of a request: www.rst > Request - receive event."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import App, Call
from gateproof.drive.asgi.application import Usual
from gateproof.drive.asgi.playing import GONE
from gateproof.drive.asgi.scopes import PLAIN, http_scope
from gateproof.judge import Judge

from . import drawing
from .surveying import overseen
from .varying import unchanged, working

BODY = b"a=1&b=\xc3\xa9&c=" + b"x" * 40
FORM = ((b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"%d" % len(BODY)))
BODILESS = PLAIN.but(omits=frozenset({"body"}))
LAST = PLAIN.but(omits=frozenset({"more_body"}))


def readers(app: App) -> list[Usual]:
    """Return the ways with a body behind them, as they are and as POST; those that answer."""
    found = []
    for usual in working(app):
        for method in dict.fromkeys((usual.request.method, "POST")):
            asked = app.usual(usual.request.but(method=method, headers=FORM, body=(BODY,)))
            if asked.works:
                found.append(asked)
    return found[:6]


@requirement("ASGI-HTTP-REQ-010", "ASGI-HTTP-REQ-011", revision=2)
def test_keys_that_are_left_out(app: App, judge: Judge, draw: Draw) -> None:
    """A missing body is an empty one, a missing more_body is false."""
    ways, bodies = working(app), readers(app)

    def law(places: tuple[int, ...]) -> None:
        for usual in ways:
            unchanged(app, judge, "ASGI-HTTP-REQ-010", usual, BODILESS)
            unchanged(app, judge, "ASGI-HTTP-REQ-011", usual, LAST)
        for usual in bodies:
            full = app.usual(usual.request.but(body=drawing.cut(BODY, places)))
            for row, server in (("ASGI-HTTP-REQ-010", BODILESS), ("ASGI-HTTP-REQ-011", LAST)):
                unchanged(app, judge, row, full, server)

    draw(law, drawing.cuts(len(BODY)), [(), (0,), (0, 5, 5), (len(BODY),)], examples=10)


@requirement("ASGI-HTTP-REQ-012")
def test_a_body_in_parts(app: App, judge: Judge, draw: Draw) -> None:
    """The application waits for the end of the body and joins its parts, empty ones too."""
    bodies = readers(app)

    def law(places: tuple[int, ...]) -> None:
        for usual in bodies:
            unchanged(app, judge, "ASGI-HTTP-REQ-012", usual, PLAIN, usual.request.but(body=drawing.cut(BODY, places)))

    draw(law, drawing.cuts(len(BODY)), [(3,), (0, 5, 5), (len(BODY),), (1, 2, 3, 4)], examples=15)
    judge("ASGI-HTTP-REQ-012", True)


@requirement("ASGI-HTTP-REQ-013")
def test_the_first_event_comes_before_the_response(app: App, judge: Judge, draw: Draw) -> None:
    """The request is looked at after its first event: a reading, as most answer a GET without."""
    overseen(app, judge, draw, "ASGI-HTTP-REQ-013")


@requirement("ASGI-HTTP-REQ-014")
def test_a_client_that_leaves_in_the_middle_of_its_body(app: App, judge: Judge) -> None:
    """Half a body is not taken for a whole one: the call ends in time, and does not answer as usual."""
    for usual in readers(app):

        async def script(call: Call) -> None:
            call.give({"type": "http.request", "body": BODY[:10], "more_body": True})
            await call.until(lambda: call.sent or (call.awaiting and not call.inbox), app.patience)
            call.leave(GONE, repeated=False)
            await call.end(app.patience)

        call = app.play(http_scope(usual.request), script)
        if not call.over or _answered_before(call):
            continue  # it does not wait for the body
        taken = call.complete and call.status is not None and call.status < 400
        expected = "an end without an answer to the half of a body"
        judge("ASGI-HTTP-REQ-014", not call.hung and not taken, expected, call.outcome)
    judge("ASGI-HTTP-REQ-014", True)


def _answered_before(call: Call) -> bool:
    """Tell whether the response had begun when the disconnect was received."""
    for note in call.played.events:
        if note.name == "send":
            return True
        if note.name == "receive" and note.value["event"].get("type") == "http.disconnect":
            return False
    return False

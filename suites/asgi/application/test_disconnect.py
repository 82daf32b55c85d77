"""A client that leaves: www.rst > Disconnect - receive event, Disconnected Client - send exception."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import App, Call, Request
from gateproof.drive.asgi.scopes import PLAIN
from gateproof.judge import Blocked, Judge

from . import drawing

RAISING = PLAIN.but(asgi={"version": "3.0", "spec_version": "2.4"}, raising=True)


def streams(app: App) -> list[Request]:
    """Return the requests whose response does not end by itself."""
    return [request for request in app.ways if app.usual(request).answer.end == "endless"]


@requirement("ASGI-HTTP-DISC-014")
def test_an_exception_out_of_send_ends_the_call(app: App, judge: Judge, draw: Draw) -> None:
    """Where send raises OSError since the client has left, the application ends in time, however it does."""
    ways = [request for request in app.ways if app.usual(request).answer.end != "hung"]
    if not ways:
        raise Blocked("no request of this application comes to an end")

    def law(after: int) -> None:
        for request in ways:
            call = app.http(request, RAISING, leave=after)
            judge("ASGI-HTTP-DISC-014", not call.hung, f"{request} ends in time", call.outcome)

    draw(law, drawing.places(), [-1, 0, 1, 2], examples=8)


@requirement("ASGI-HTTP-DISC-015")
def test_nothing_is_sent_after_the_end_of_the_client(app: App, judge: Judge) -> None:
    """Who was told that the client has left sends no more: a reading, as the text expects it without asking for it."""
    for request in app.ways:
        call = app.http(request, PLAIN, leave=1)
        if call.after_end:
            judge.reading(
                "ASGI-HTTP-DISC-015", f"{request}: {min(call.after_end, 100)} events were sent after http.disconnect"
            )
    judge("ASGI-HTTP-DISC-015", True)


@requirement("ASGI-HTTP-DISC-016", "ASGI-HTTP-DISC-040", revision=2)
def test_a_response_without_end_stops(app: App, judge: Judge) -> None:
    """A stream stops when its client has left, also where send does nothing from then on."""
    for request in streams(app):
        call = _leaves(app, request)
        expected = f"{request} stops after http.disconnect"
        judge("ASGI-HTTP-DISC-016", not call.hung, expected, call.outcome)
        judge("ASGI-HTTP-DISC-040", not call.hung, expected, call.outcome)
    if not judge.judgements:
        app.http(app.ways[0])
        judge.unsupported_rest("every response of this application ends by itself", lacks="endless")


def _leaves(app: App, request: Request) -> Call:
    """Let the client of a stream leave after a few events; nothing else ends the stream."""
    return app.http(request, PLAIN, leave=3)

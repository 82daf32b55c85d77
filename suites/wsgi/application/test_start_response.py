"""PEP 3333, The start_response() Callable and Error Handling: when an application calls it, and with what."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi import Manner, Request
from gateproof.drive.wsgi.application import Application
from gateproof.drive.wsgi.serving import MEDDLED
from gateproof.drive.wsgi.tour import FORM
from gateproof.judge import Judge

from .looking import failed, judge_conduct, used


@requirement("WSGI-START-014", "WSGI-START-015", "WSGI-START-017")
def test_called_once_and_before_the_body(app: Application, judge: Judge, draw: Draw) -> None:
    """Before the first item, in every call that ends normally; again only with exc_info."""
    judge_conduct(app, judge, draw, "WSGI-START-014", "WSGI-START-015", "WSGI-START-017")


@requirement("WSGI-START-016", revision=2)
def test_the_header_list_belongs_to_the_server(app: Application, judge: Judge) -> None:
    """A server that changes the list changes nothing of the next answer."""
    for place in app.places:
        request = Request(path=place.path, query=place.query)
        before = app.serve(request)
        meddled = app.serve(request, Manner(meddles=True))
        after = app.serve(request)
        app.look_at(meddled, after)
        names = {name.lower() for name, _ in after.headers}
        lost = {name.lower() for name, _ in before.headers} - names if before.status == after.status else set()
        kept = MEDDLED not in after.headers and not ({"content-type", "content-length"} & lost)
        judge("WSGI-START-016", kept, before.headers, after.headers)


@requirement("WSGI-EXC-013", "WSGI-EXC-014")
def test_exc_info_is_what_is_handled(app: Application, judge: Judge, draw: Draw) -> None:
    """A tuple as sys.exc_info() returns it, given from the handler of that exception."""
    rows = ("WSGI-EXC-013", "WSGI-EXC-014")
    if used(app, judge, rows, "gave exc_info", _gave_exc_info, lacks="exc_info"):
        judge_conduct(app, judge, draw, *rows)


def _gave_exc_info(served: object) -> bool:
    starts = getattr(served, "starts", ())
    return any(start.exc_info for start in starts) or getattr(served, "raised", None) is not None


@requirement("WSGI-EXC-015")
def test_what_start_response_raises_goes_on(app: Application, judge: Judge, draw: Draw) -> None:
    """An error response that begins too late ends the call, by the exception that start_response raised."""
    what = "began an error response after data had left"
    lacks = "" if any(map(_gave_exc_info, app.survey())) else "exc_info"
    if used(app, judge, ("WSGI-EXC-015",), what, lambda served: served.raised is not None, lacks=lacks):
        judge_conduct(app, judge, draw, "WSGI-EXC-015")


@requirement("WSGI-EXC-016")
def test_what_becomes_of_its_own_errors(app: Application, judge: Judge) -> None:
    """A body that breaks off, and requests that the round trip found hard: told, not scored."""
    escaped = {type(served.error).__name__ for served in app.survey() if isinstance(served.error, Exception)}
    for place in app.places:
        served = app.serve(Request("POST", place.path, "", (FORM,), b"a=1&b=2"), Manner(gone_at=3))
        if failed(served) and served.error is not None:
            escaped.add(type(served.error).__name__)
    judge.reading("WSGI-EXC-016", f"{', '.join(sorted(escaped))} leave it" if escaped else "nothing leaves it")

"""PEP 3333, Input and Error Streams: what an application may do with wsgi.input and wsgi.errors."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi import Manner, Request, Served
from gateproof.drive.wsgi.application import Application
from gateproof.drive.wsgi.streams import Stream, WouldBlock
from gateproof.drive.wsgi.tour import UPLOADS
from gateproof.judge import Judge

from .looking import alike, constant, failed, judge_conduct, steady, used

METHODS = ("POST", "PUT", "GET")
SHORT = ((1,), (3, 1, 1000), (4096,))


def uploads(app: Application) -> list[Request]:
    """Return requests with a body for every place."""
    return [
        Request(method, place.path, place.query, fields, body)
        for place in app.places
        for method in {place.method, "POST", "PUT"} - {"GET", "HEAD", "OPTIONS"}
        for fields, body in UPLOADS
    ]


@requirement("WSGI-INPUT-019")
def test_reads_no_more_than_the_body(app: Application, judge: Judge, draw: Draw) -> None:
    """No more than CONTENT_LENGTH says, and nothing where it is absent: there a socket would wait for ever."""
    judge_conduct(app, judge, draw, "WSGI-INPUT-019")
    for place in app.places:
        for method in ("GET", "HEAD", "DELETE", "POST"):
            absent = frozenset(["CONTENT_LENGTH", "CONTENT_TYPE"])
            served = app.serve(Request(method, place.path, place.query), Manner(end="block", absent=absent))
            app.look_at(served)
            ok = not isinstance(served.error, WouldBlock)
            judge("WSGI-INPUT-019", ok, "no read of a body that was not announced", served.outcome)


def judge_names(app: Application, judge: Judge, row: str, stream: str, listed: str) -> None:
    """Judge what is looked up on a stream: a failure where the call came to nothing for the lack of it."""

    def asked(served: Served) -> list[str]:
        found: Stream = getattr(served, stream)
        return [name for name in found.foreign if name not in ("name",)]

    judge(row, True)
    for served in app.survey():
        names = asked(served)
        if not names or served.manner.lenient:
            continue
        generous = app.serve(served.request, served.manner.but(lenient=True))
        missing = isinstance(served.error, AttributeError) and "PEP 3333" in str(served.error)
        app.look_at(served)
        depends = missing or (failed(served) and not failed(generous))
        seen = f"{', '.join(names)} looked up; {served.outcome}"
        judge(row, False, f"only {listed}", seen, weight="" if depends else "warn")
        if depends:
            return


@requirement("WSGI-INPUT-020")
def test_uses_four_methods_of_the_input(app: Application, judge: Judge) -> None:
    """read, readline, readlines and iteration; a look-up with a fallback is a warning."""
    judge_names(app, judge, "WSGI-INPUT-020", "input", "read, readline, readlines, iteration")


@requirement("WSGI-INPUT-021")
def test_does_not_close_the_input(app: Application, judge: Judge, draw: Draw) -> None:
    """Neither by a call of close(), nor by leaving a wrapper of it to the garbage collector, which is a warning."""
    judge_conduct(app, judge, draw, "WSGI-INPUT-021")


@requirement("WSGI-INPUT-022")
def test_whether_readline_needs_a_size(app: Application, judge: Judge) -> None:
    """Servers of PEP 333 take none: told, not scored."""
    needing = []
    for request in uploads(app):
        served = app.serve(request, Manner(sized_readline=False))
        if failed(served) and not failed(app.serve(request)):
            needing.append(f"{request.method} {request.path}")
    judge.reading("WSGI-INPUT-022", f"needs it: {', '.join(sorted(set(needing)))}" if needing else "needs none")


@requirement("WSGI-INPUT-023", revision=3)
def test_copes_with_short_reads(app: Application, judge: Judge, draw: Draw) -> None:
    """The answer is the same however a body comes in pieces."""
    if not used(app, judge, ("WSGI-INPUT-023",), "read of a body", lambda served: served.input.position, lacks="input"):
        return
    judge("WSGI-INPUT-023", True)
    for request in uploads(app):
        whole = steady(app, request)
        if whole is None or not whole.input.position:
            continue
        body = constant(app, request, whole)
        for reads in SHORT:
            pieces = app.serve(request, Manner(reads=reads))
            app.look_at(whole, pieces)
            ok = alike(app, pieces, whole, body=body)
            judge("WSGI-INPUT-023", ok, whole.outcome, f"reads of {reads}: {pieces.outcome}")


@requirement("WSGI-ERRORS-007")
def test_uses_three_methods_of_errors(app: Application, judge: Judge) -> None:
    """write, writelines and flush; a look-up with a fallback is a warning."""
    judge_names(app, judge, "WSGI-ERRORS-007", "errors", "write, writelines, flush")


@requirement("WSGI-ERRORS-008", "WSGI-ERRORS-009", "WSGI-ERRORS-010", "WSGI-ERRORS-011")
def test_writes_lines_of_text(app: Application, judge: Judge, draw: Draw) -> None:
    """Text that ends in a line feed alone, on a stream that stays open."""
    rows = ("WSGI-ERRORS-008", "WSGI-ERRORS-009", "WSGI-ERRORS-010")
    judge_conduct(app, judge, draw, *rows)
    found = app.worst("WSGI-ERRORS-011")
    judge.reading("WSGI-ERRORS-011", found[1].message if found else "what is written is flushed before an exception")

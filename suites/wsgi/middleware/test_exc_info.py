"""PEP 3333, Error Handling: exceptions and exc_info on their way through a middleware."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.drive.wsgi.inner import HTML, TEXT, Planned, Script
from gateproof.drive.wsgi.middleware import Middleware
from gateproof.judge import Judge

from .looking import decoded, passing

SORRY = ("500 Oops", (TEXT,), (b"sorry",))
LATE = Script(items=(b"first", b"second"), again_at=1)


@requirement("WSGI-EXC-017", "WSGI-EXC-019", "WSGI-EXC-020")
def test_an_error_that_comes_too_late(middleware: Middleware, judge: Judge) -> None:
    """After data have left, start_response with exc_info raises within, and what the server raised goes on."""
    passage = passing(middleware, LATE)
    if not passage.inside.began_again:
        judge.rest_blocked("the application within was not asked for its second item")
        return
    middleware.look(passage)
    inside, outer = passage.inside, passage.outer
    names = [(event.name, event.value) for event in outer.journal]
    again = next(
        at for at, (name, value) in enumerate(names) if name == "start_response within" and "exc_info" in value
    )
    if any(name in ("item", "write") and value for name, value in names[:again]):
        stored = inside.rejected is None and outer.error is not None
        judge("WSGI-EXC-017", inside.rejected is not None or stored, "an exception within", outer.outcome)
    else:
        judge.blocked("WSGI-EXC-017", "no data had left by then")
    how = "raises" if inside.rejected is not None else "returns"
    same = isinstance(inside.rejected, Planned)
    judge.reading("WSGI-EXC-019", f"{how}{' the exception of exc_info' if same else ' by its own means'}")
    if outer.raised is None:
        judge.unsupported(
            "WSGI-EXC-020", "the middleware did not call the server's start_response with exc_info", lacks="exc_info"
        )
        return
    # What comes back to the application within and out of it again is that one's exception: WSGI-EXC-022 judges it.
    goes_on = inside.rejected is not None or outer.error is outer.raised
    judge("WSGI-EXC-020", goes_on, repr(outer.raised), outer.outcome)


@requirement("WSGI-EXC-018")
def test_keeps_no_reference_to_exc_info(middleware: Middleware, judge: Judge) -> None:
    """After start_response returned."""
    passage = passing(middleware, Script(again_at=-1))
    if passage.inside.rejected is not None:
        judge.blocked("WSGI-EXC-018", "its start_response raised")
        return
    passage.outer.error = None
    middleware.look(passage)
    judge("WSGI-EXC-018", not passage.inside.keeps_exc_info(), "no reference to the exception", "one is kept")


@requirement("WSGI-EXC-021")
def test_a_second_beginning_replaces_the_first(middleware: Middleware, judge: Judge) -> None:
    """Status, fields and what was made of the body belong to the answer that began last."""
    for again_at in (-1, 0):
        for container in ("iterator", "generator"):
            script = Script(
                headers=(HTML,),
                items=(b"<p>one</p>",),
                container=container,
                length=True,
                again_at=again_at,
                again=SORRY,
            )
            passage = passing(middleware, script)
            if not passage.inside.began_again or passage.inside.rejected is not None:
                continue
            direct = passing(middleware, Script(*SORRY, container))
            middleware.look(passage, direct)
            wanted, seen = decoded(direct), decoded(passage)
            judge(
                "WSGI-EXC-021", passage.outer.status == direct.outer.status, direct.outer.status, passage.outer.status
            )
            judge("WSGI-EXC-021", seen == wanted, wanted, seen)
            length = passage.outer.field("Content-Length")
            ok = not length or length == [str(len(passage.outer.body))]
            judge("WSGI-EXC-021", ok, f"{len(passage.outer.body)} octets", f"Content-Length {length}")
    judge.rest_blocked("no second beginning was accepted within")


@requirement("WSGI-EXC-022")
def test_exceptions_reach_the_server(middleware: Middleware, judge: Judge) -> None:
    """One of the application within does, or an error response stands for it."""
    for raises_at in (-1, 0, 1):
        for container in ("iterator", "generator"):
            passage = passing(middleware, Script(items=(b"a", b"b"), container=container, raises_at=raises_at))
            outer = passage.outer
            middleware.look(passage)
            answered = outer.code >= 500
            cut = outer.complete and not answered
            ok = outer.error is not None or not cut
            judge("WSGI-EXC-022", ok, "the exception, or an error response", outer.outcome)

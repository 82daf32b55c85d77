"""PEP 3333, Input and Error Streams: what a middleware does with them, and what it puts in their place."""

from __future__ import annotations

from hypothesis import strategies as st

from gateproof import strategies as gst
from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi import Manner, Request
from gateproof.drive.wsgi.inner import Script
from gateproof.drive.wsgi.middleware import Middleware
from gateproof.judge import Judge

from .looking import judge_conduct, passing, survey

BODIES = (b"", b"a=1&b=2", b"line\nline\r\n\nlast", b"\x00\xff" * 500, b"x" * 70_000)
READS = ("all", "sized", "lines", "iterate")


@requirement("WSGI-INPUT-024", "WSGI-INPUT-025")
def test_the_body_can_be_read_within(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """By each of the four methods; what is there is as long as CONTENT_LENGTH says."""
    passing(middleware)
    judge_conduct(middleware, judge, None, "WSGI-INPUT-024", "WSGI-INPUT-025")

    def law(case: tuple[bytes, str, tuple[int, ...]]) -> None:
        body, reads, short = case
        request = Request("POST", middleware.passing.path, "", (("Content-Type", "application/octet-stream"),), body)
        passage = middleware.through(Script(reads=reads), request, Manner(reads=short))  # type: ignore[arg-type]
        if len(passage.calls) != 1:
            return
        inside = passage.inside
        middleware.look(passage)
        replaced = inside.copy.get("wsgi.input") is not passage.outer.input
        if inside.read_error is not None and replaced:
            judge("WSGI-INPUT-024", False, f"{reads} of wsgi.input", repr(inside.read_error))
        declared = str(inside.copy.get("CONTENT_LENGTH") or "0")
        if reads in ("sized", "lines", "iterate") and declared.isdigit() and inside.read_error is None:
            seen = f"CONTENT_LENGTH {declared}, {len(inside.body)} octets to read"
            judge("WSGI-INPUT-025", len(inside.body) == int(declared), f"{len(body)} octets were sent", seen)
        for finding in passage.findings:
            if finding.requirement_id == "WSGI-INPUT-024":
                judge("WSGI-INPUT-024", False, finding.expected, finding.message, weight=finding.weight)

    drawn = st.tuples(gst.bodies(5000), st.sampled_from(READS), st.sampled_from([(), (1,), (3, 100)]))
    corpus = [(body, reads, ()) for body in BODIES for reads in READS] + [(b"abc\ndef", reads, (1,)) for reads in READS]
    draw(law, drawn, corpus)


@requirement("WSGI-INPUT-026", "WSGI-ERRORS-013")
def test_uses_the_streams_as_an_application_does(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Closes neither, and uses no other methods than the PEP's; a look-up with a fallback is a warning."""
    judge_conduct(middleware, judge, draw, "WSGI-INPUT-026", "WSGI-ERRORS-013")
    for row, stream in (("WSGI-INPUT-026", "input"), ("WSGI-ERRORS-013", "errors")):
        for passage in survey(middleware):
            names = getattr(passage.outer, stream).foreign
            if not names:
                continue
            depends = "PEP 3333" in str(passage.outer.error)
            middleware.look(passage)
            judge(row, False, "the PEP's methods alone", names, weight="" if depends else "warn")
            if depends:
                break


@requirement("WSGI-ERRORS-012")
def test_errors_can_be_written_within(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """write(), writelines() and flush() with text, whatever stands in the place of the server's stream."""
    judge_conduct(middleware, judge, draw, "WSGI-ERRORS-012")
    passage = passing(middleware, Script(logs="a line of text, caf\xe9\n"))
    stream = passage.inside.copy.get("wsgi.errors")
    middleware.look(passage)
    lacks = [name for name in ("write", "writelines", "flush") if not callable(getattr(stream, name, None))]
    judge("WSGI-ERRORS-012", not lacks, "write, writelines and flush", f"lacks {lacks}")
    raised = isinstance(passage.outer.error, AttributeError | TypeError)
    judge("WSGI-ERRORS-012", not raised, "text is written", passage.outer.outcome)

"""PEP 3333, The write() Callable."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi.application import Application
from gateproof.judge import Judge

from .looking import judge_conduct, used

ROWS = ("WSGI-WRITE-008", "WSGI-WRITE-009", "WSGI-WRITE-010")


@requirement("WSGI-WRITE-007", "WSGI-WRITE-008", "WSGI-WRITE-009", "WSGI-WRITE-010")
def test_is_used_as_it_may_be(app: Application, judge: Judge, draw: Draw) -> None:
    """Better not at all; with bytes alone, before an iterable is returned all the same, and never from within it."""
    judge_conduct(app, judge, draw, "WSGI-WRITE-007")
    writes = lambda served: any(event.name == "write" for event in served.journal)  # noqa: E731
    if used(app, judge, ROWS, "used write()", writes, lacks="write"):
        judge_conduct(app, judge, draw, *ROWS)

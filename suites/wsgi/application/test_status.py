"""PEP 3333, The start_response() Callable: the status."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi.application import Application
from gateproof.judge import Judge

from .looking import judge_conduct

FORM = ("WSGI-STATUS-001", "WSGI-STATUS-002", "WSGI-STATUS-003", "WSGI-STATUS-004", "WSGI-STATUS-005")


@requirement("WSGI-STATUS-001", "WSGI-STATUS-002", "WSGI-STATUS-003", "WSGI-STATUS-004", "WSGI-STATUS-005")
def test_is_a_code_and_a_phrase(app: Application, judge: Judge, draw: Draw) -> None:
    """A str of three digits, one space and a reason phrase, with nothing around it."""
    judge_conduct(app, judge, draw, *FORM)


@requirement("WSGI-STATUS-006")
def test_has_no_control_characters(app: Application, judge: Judge, draw: Draw) -> None:
    """Whatever a request makes the application say."""
    judge_conduct(app, judge, draw, "WSGI-STATUS-006")


@requirement("WSGI-STATUS-007", "WSGI-STATUS-008")
def test_is_a_final_one_of_http(app: Application, judge: Judge, draw: Draw) -> None:
    """From 200 to 599."""
    judge_conduct(app, judge, draw, "WSGI-STATUS-007", "WSGI-STATUS-008")

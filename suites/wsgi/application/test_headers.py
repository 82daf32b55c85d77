"""PEP 3333, The start_response() Callable and Other HTTP Features: the header list."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.wsgi.application import Application
from gateproof.judge import Judge
from gateproof.wire.request import looks_chunked

from .looking import judge_conduct


@requirement("WSGI-HEADERS-001", "WSGI-HEADERS-002", "WSGI-HEADERS-003")
def test_is_a_list_of_pairs_of_text(app: Application, judge: Judge, draw: Draw) -> None:
    """Exactly a list, of tuples of two str."""
    judge_conduct(app, judge, draw, "WSGI-HEADERS-001", "WSGI-HEADERS-002", "WSGI-HEADERS-003")


@requirement("WSGI-HEADERS-004", "WSGI-HEADERS-005", "WSGI-HEADERS-009")
def test_names_are_tokens(app: Application, judge: Judge, draw: Draw) -> None:
    """Valid field names without a colon at the end; none is Status."""
    judge_conduct(app, judge, draw, "WSGI-HEADERS-004", "WSGI-HEADERS-005", "WSGI-HEADERS-009")


@requirement("WSGI-HEADERS-006", "WSGI-HEADERS-007", "WSGI-HEADERS-008")
def test_values_stay_on_their_line(app: Application, judge: Judge, draw: Draw) -> None:
    """No line break and no other control character, whatever a request makes the application say."""
    judge_conduct(app, judge, draw, "WSGI-HEADERS-006", "WSGI-HEADERS-007", "WSGI-HEADERS-008")


@requirement("WSGI-HEADERS-010", "WSGI-HEADERS-011")
def test_describe_the_content(app: Application, judge: Judge, draw: Draw) -> None:
    """One Content-Length that is a number; a Content-Type where there is content."""
    judge_conduct(app, judge, draw, "WSGI-HEADERS-010", "WSGI-HEADERS-011")


@requirement("WSGI-HTTP-031", "WSGI-HTTP-032")
def test_connection_is_the_servers(app: Application, judge: Judge, draw: Draw) -> None:
    """No hop-by-hop field, and no transfer coding: that of the body is a warning, as its octets only look like one."""
    judge_conduct(app, judge, draw, "WSGI-HTTP-031", "WSGI-HTTP-032")
    for served in app.survey():
        if looks_chunked(served.body) and served.complete:
            app.look_at(served)
            judge("WSGI-HTTP-032", False, "a body as it is", served.body[:80], weight="warn")
            return

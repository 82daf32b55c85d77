"""The response: www.rst > Response Start and Response Body."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.drive.asgi import App
from gateproof.judge import Judge

from .surveying import overseen


@requirement("ASGI-HTTP-RESP-001", "ASGI-HTTP-RESP-002")
def test_one_start_and_it_comes_first(app: App, judge: Judge) -> None:
    """Exactly one http.response.start is sent, before any body."""
    overseen(app, judge, "ASGI-HTTP-RESP-001", "ASGI-HTTP-RESP-002")


@requirement("ASGI-HTTP-RESP-003", "ASGI-HTTP-RESP-004", "ASGI-HTTP-RESP-005")
def test_a_response_has_an_end(app: App, judge: Judge) -> None:
    """A body follows the start, its last event says so, and nothing comes after it."""
    overseen(app, judge, "ASGI-HTTP-RESP-003", "ASGI-HTTP-RESP-004", "ASGI-HTTP-RESP-005")


@requirement("ASGI-HTTP-RESP-006", "ASGI-HTTP-RESP-007")
def test_the_status(app: App, judge: Judge) -> None:
    """status is an int, that of a final response."""
    overseen(app, judge, "ASGI-HTTP-RESP-006", "ASGI-HTTP-RESP-007")


@requirement("ASGI-HTTP-RESP-008", "ASGI-HTTP-RESP-009", "ASGI-HTTP-RESP-010")
def test_the_header_fields(app: App, judge: Judge) -> None:
    """headers are pairs of byte strings, with names in lower case, none of them a pseudo header."""
    overseen(app, judge, "ASGI-HTTP-RESP-008", "ASGI-HTTP-RESP-009", "ASGI-HTTP-RESP-010")


@requirement("ASGI-HTTP-RESP-036", "ASGI-HTTP-RESP-037")
def test_the_length_of_the_body(app: App, judge: Judge) -> None:
    """A content-length is the length of the body; HEAD, 204 and 304 have none."""
    overseen(app, judge, "ASGI-HTTP-RESP-036", "ASGI-HTTP-RESP-037")

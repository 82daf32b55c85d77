"""The response: www.rst > Response Start and Response Body."""

from __future__ import annotations

from collections.abc import Callable

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import App, Call
from gateproof.drive.asgi.application import answer
from gateproof.judge import Judge
from gateproof.wire.grammar import DATES, OTHERS, TAGS, malformed
from gateproof.wire.request import looks_chunked

from .surveying import overseen, survey
from .varying import working

BODILESS = (204, 304)
DANGEROUS = b"\r\n\0"
SINGLE = (b"content-length", b"content-type", b"content-range", b"location", b"etag", b"last-modified")


@requirement("ASGI-HTTP-RESP-001", "ASGI-HTTP-RESP-002")
def test_one_start_and_it_comes_first(app: App, judge: Judge, draw: Draw) -> None:
    """Exactly one http.response.start is sent, before any body."""
    overseen(app, judge, draw, "ASGI-HTTP-RESP-001", "ASGI-HTTP-RESP-002")


@requirement("ASGI-HTTP-RESP-003", "ASGI-HTTP-RESP-004", "ASGI-HTTP-RESP-005")
def test_a_response_has_an_end(app: App, judge: Judge, draw: Draw) -> None:
    """A body follows the start, its last event says so, and nothing comes after it."""
    overseen(app, judge, draw, "ASGI-HTTP-RESP-003", "ASGI-HTTP-RESP-004", "ASGI-HTTP-RESP-005")


@requirement("ASGI-HTTP-RESP-006", "ASGI-HTTP-RESP-007")
def test_the_status(app: App, judge: Judge, draw: Draw) -> None:
    """status is an int, that of a final response."""
    overseen(app, judge, draw, "ASGI-HTTP-RESP-006", "ASGI-HTTP-RESP-007")


@requirement("ASGI-HTTP-RESP-008", "ASGI-HTTP-RESP-009", "ASGI-HTTP-RESP-010")
def test_the_header_fields(app: App, judge: Judge, draw: Draw) -> None:
    """headers are pairs of byte strings, with names in lower case, none of them a pseudo header."""
    overseen(app, judge, draw, "ASGI-HTTP-RESP-008", "ASGI-HTTP-RESP-009", "ASGI-HTTP-RESP-010")


@requirement("ASGI-HTTP-RESP-036", "ASGI-HTTP-RESP-037")
def test_the_length_of_the_body(app: App, judge: Judge, draw: Draw) -> None:
    """A content-length is the length of the body; HEAD, 204 and 304 have none."""
    overseen(app, judge, draw, "ASGI-HTTP-RESP-036", "ASGI-HTTP-RESP-037")


def everywhere(app: App, judge: Judge, row: str, expected: str, wrong: Callable[[Call], object]) -> None:
    """Judge every response of the survey; `wrong` returns what is wrong with one, or nothing."""
    for call in survey(app).calls:
        if call.scope["type"] != "http" or call.status is None:
            continue
        seen = wrong(call)
        app.point_at(call.played)
        judge(row, not seen, expected, f"{call.scope['method']} {call.scope['path']}: {seen}")
    app.point_at()
    judge(row, True)


@requirement("ASGI-HTTP-RESP-060", "ASGI-HTTP-RESP-061")
def test_a_response_without_content(app: App, judge: Judge) -> None:
    """A 204 announces no length, and neither 204 nor 304 has a body."""

    def length(call: Call) -> object:
        return call.status == 204 and call.header(b"content-length") is not None and call.headers

    def body(call: Call) -> object:
        return call.status in BODILESS and call.body and f"status {call.status}, body {call.body[:40]!r}"

    everywhere(app, judge, "ASGI-HTTP-RESP-060", "204 without content-length", length)
    everywhere(app, judge, "ASGI-HTTP-RESP-061", "204 and 304 without body", body)


@requirement("ASGI-HTTP-RESP-077", "ASGI-HTTP-RESP-078", "ASGI-HTTP-RESP-084", revision=2)
def test_values_keep_to_their_grammar(app: App, judge: Judge) -> None:
    """A tag has its quotes, a date its one form, a range its unit, a URI no spaces."""

    def wrong(names: frozenset[bytes]) -> Callable[[Call], object]:
        return lambda call: malformed(call.headers, names)

    everywhere(app, judge, "ASGI-HTTP-RESP-077", "tags as they are written", wrong(TAGS))
    everywhere(app, judge, "ASGI-HTTP-RESP-084", "dates as they are written", wrong(DATES))
    everywhere(app, judge, "ASGI-HTTP-RESP-078", "values that their fields have", wrong(OTHERS))


@requirement("ASGI-HTTP-RESP-062")
def test_values_stay_on_their_line(app: App, judge: Judge) -> None:
    """No CR, LF or NUL gets into a field, whatever a request makes the application say."""

    def broken(call: Call) -> object:
        return [field for field in call.headers if any(octet in DANGEROUS for part in field for octet in part)]

    everywhere(app, judge, "ASGI-HTTP-RESP-062", "fields of one line each", broken)


@requirement("ASGI-HTTP-RESP-073")
def test_one_value_is_said_once(app: App, judge: Judge) -> None:
    """A field that holds one value is there once, in the first response and in those that follow."""

    def repeated(call: Call) -> object:
        names = [name.lower() for name, _ in call.headers]
        return [field for field in call.headers if field[0].lower() in SINGLE and names.count(field[0].lower()) > 1]

    everywhere(app, judge, "ASGI-HTTP-RESP-073", "each of them once at most", repeated)
    for usual in working(app):
        call = app.http(usual.request)
        judge("ASGI-HTTP-RESP-073", not repeated(call), "each of them once at most, when asked again", repeated(call))


@requirement("ASGI-HTTP-RESP-063")
def test_the_body_is_not_framed(app: App, judge: Judge) -> None:
    """The body is what the client is to get: no chunks of a transfer coding are made of it."""

    def framed(call: Call) -> object:
        return call.complete and looks_chunked(call.body) and call.body[:60]

    everywhere(app, judge, "ASGI-HTTP-RESP-063", "a body as it is", framed)


@requirement("ASGI-HTTP-RESP-064", revision=2)
def test_the_length_for_head(app: App, judge: Judge) -> None:
    """The content-length of the answer to HEAD, if there is one, is that of GET."""
    for usual in working(app):
        length = [value for name, value in usual.answer.fields if name == b"content-length"]
        if usual.request.method != "GET" or not usual.steady or len(length) != 1:
            continue
        head = answer(app.http(usual.request.but(method="HEAD")))
        told = [value for name, value in head.fields if name == b"content-length"]
        same = head.status != usual.answer.status or told in ([], length) or not app.lasts(usual)
        judge("ASGI-HTTP-RESP-064", same, f"content-length {length}", f"HEAD {usual.request.path}: {told}")
    judge("ASGI-HTTP-RESP-064", True)

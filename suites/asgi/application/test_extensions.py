"""Extensions: extensions.rst. They are judged where the application uses one that our server offers."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import App
from gateproof.judge import Judge

from .surveying import overseen, sends

PUSH = "http.response.push"
COPY = "http.response.zerocopysend"
PATH = "http.response.pathsend"
HINT = "http.response.early_hint"
TRAILERS = "http.response.trailers"
DEBUG = "http.response.debug"
DENIAL = "websocket.http.response.start"


@requirement("ASGI-EXT-004")
def test_only_what_is_offered(app: App, judge: Judge, draw: Draw) -> None:
    """Events of an extension are sent only where the server offers it."""
    overseen(app, judge, draw, "ASGI-EXT-004")


@requirement("ASGI-EXT-010", "ASGI-EXT-011")
def test_push(app: App, judge: Judge, draw: Draw) -> None:
    """A push has a path and fields, and comes between the start and the end of the response."""
    overseen(app, judge, draw, "ASGI-EXT-010", "ASGI-EXT-011", where=sends(PUSH), lacking="it pushes nothing")


@requirement("ASGI-EXT-020", "ASGI-EXT-021", "ASGI-EXT-026")
def test_zero_copy_send(app: App, judge: Judge, draw: Draw) -> None:
    """An open file with a real descriptor, inside the response; the application closes it."""
    rows = ("ASGI-EXT-020", "ASGI-EXT-021", "ASGI-EXT-026")
    overseen(app, judge, draw, *rows, where=sends(COPY), lacking="it does not use zero copy send")


@requirement("ASGI-EXT-030", "ASGI-EXT-031", "ASGI-EXT-034")
def test_path_send(app: App, judge: Judge, draw: Draw) -> None:
    """An absolute path, once, instead of any other body."""
    rows = ("ASGI-EXT-030", "ASGI-EXT-031", "ASGI-EXT-034")
    overseen(app, judge, draw, *rows, where=sends(PATH), lacking="it does not use path send")


@requirement("ASGI-EXT-040", "ASGI-EXT-041")
def test_early_hints(app: App, judge: Judge, draw: Draw) -> None:
    """Links as byte strings, before the response."""
    overseen(app, judge, draw, "ASGI-EXT-040", "ASGI-EXT-041", where=sends(HINT), lacking="it sends no early hints")


@requirement("ASGI-EXT-050", "ASGI-EXT-051", "ASGI-EXT-052", "ASGI-EXT-053", "ASGI-EXT-080")
def test_trailers(app: App, judge: Judge, draw: Draw) -> None:
    """Trailers are announced, come after the last body, and are pairs of byte strings in lower case."""
    rows = ("ASGI-EXT-050", "ASGI-EXT-051", "ASGI-EXT-052", "ASGI-EXT-053", "ASGI-EXT-080")
    overseen(app, judge, draw, *rows, where=sends(TRAILERS), lacking="it sends no trailers")


@requirement("ASGI-EXT-061")
def test_debug(app: App, judge: Judge, draw: Draw) -> None:
    """Debug information is sent at most once, before the response, as a dict with str keys."""
    overseen(app, judge, draw, "ASGI-EXT-061", where=sends(DEBUG), lacking="it sends no debug information")


@requirement("ASGI-EXT-075", "ASGI-EXT-076", "ASGI-EXT-077")
def test_denial(app: App, judge: Judge, draw: Draw) -> None:
    """A denial answers the handshake like a response, and nothing else follows."""
    rows = ("ASGI-EXT-075", "ASGI-EXT-076", "ASGI-EXT-077")
    overseen(app, judge, draw, *rows, where=sends(DENIAL), lacking="it denies no handshake by a response")

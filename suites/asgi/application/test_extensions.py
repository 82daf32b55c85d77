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
DENIAL = "websocket.http.response"


def _if_sent(app: App, judge: Judge, draw: Draw, extension: str, lacking: str, *rows: str) -> None:
    """Judge rows of an extension, where the application sends its event; if it never does, it lacks it."""
    event = f"{extension}.start" if extension == DENIAL else extension
    overseen(app, judge, draw, *rows, where=sends(event), lacking=lacking, lacks=f"extension:{extension}")


@requirement("ASGI-EXT-004")
def test_only_what_is_offered(app: App, judge: Judge, draw: Draw) -> None:
    """Events of an extension are sent only where the server offers it."""
    overseen(app, judge, draw, "ASGI-EXT-004")


@requirement("ASGI-EXT-010", "ASGI-EXT-011")
def test_push(app: App, judge: Judge, draw: Draw) -> None:
    """A push has a path and fields, and comes between the start and the end of the response."""
    _if_sent(app, judge, draw, PUSH, "it pushes nothing", "ASGI-EXT-010", "ASGI-EXT-011")


@requirement("ASGI-EXT-020", "ASGI-EXT-021", "ASGI-EXT-026")
def test_zero_copy_send(app: App, judge: Judge, draw: Draw) -> None:
    """An open file with a real descriptor, inside the response; the application closes it."""
    rows = ("ASGI-EXT-020", "ASGI-EXT-021", "ASGI-EXT-026")
    _if_sent(app, judge, draw, COPY, "it does not use zero copy send", *rows)


@requirement("ASGI-EXT-030", "ASGI-EXT-031", "ASGI-EXT-034")
def test_path_send(app: App, judge: Judge, draw: Draw) -> None:
    """An absolute path, once, instead of any other body."""
    rows = ("ASGI-EXT-030", "ASGI-EXT-031", "ASGI-EXT-034")
    _if_sent(app, judge, draw, PATH, "it does not use path send", *rows)


@requirement("ASGI-EXT-040", "ASGI-EXT-041")
def test_early_hints(app: App, judge: Judge, draw: Draw) -> None:
    """Links as byte strings, before the response."""
    _if_sent(app, judge, draw, HINT, "it sends no early hints", "ASGI-EXT-040", "ASGI-EXT-041")


@requirement("ASGI-EXT-050", "ASGI-EXT-051", "ASGI-EXT-052", "ASGI-EXT-053", "ASGI-EXT-080")
def test_trailers(app: App, judge: Judge, draw: Draw) -> None:
    """Trailers are announced, come after the last body, and are pairs of byte strings in lower case."""
    rows = ("ASGI-EXT-050", "ASGI-EXT-051", "ASGI-EXT-052", "ASGI-EXT-053", "ASGI-EXT-080")
    _if_sent(app, judge, draw, TRAILERS, "it sends no trailers", *rows)


@requirement("ASGI-EXT-061")
def test_debug(app: App, judge: Judge, draw: Draw) -> None:
    """Debug information is sent at most once, before the response, as a dict with str keys."""
    _if_sent(app, judge, draw, DEBUG, "it sends no debug information", "ASGI-EXT-061")


@requirement("ASGI-EXT-075", "ASGI-EXT-076", "ASGI-EXT-077")
def test_denial(app: App, judge: Judge, draw: Draw) -> None:
    """A denial answers the handshake like a response, and nothing else follows."""
    rows = ("ASGI-EXT-075", "ASGI-EXT-076", "ASGI-EXT-077")
    _if_sent(app, judge, draw, DENIAL, "it denies no handshake by a response", *rows)

"""Extensions, Zero Copy Send and Path Send, where a scope advertises them."""

from __future__ import annotations

from typing import Any

from gateproof.asgi_scripts import Script, Step, asgi, body, file, ok, path, send, start
from gateproof.check import launch, requirement
from gateproof.judge import Judge
from gateproof.target import Server

from .offering import Way, entity, offering, refusals

PATH = "http.response.pathsend"
ZERO = "http.response.zerocopysend"
CONTENT = b"0123456789abcdefghij"
LONG = bytes(range(256)) * 800
BODILESS = [(b"HEAD", 200), (b"GET", 204), (b"GET", 304)]
# What is sent of CONTENT: where the file stands, offset, count, and what is to arrive.
PARTS: list[tuple[int, dict[str, int], bytes]] = [
    (0, {}, CONTENT),
    (5, {}, CONTENT[5:]),
    (0, {"offset": 4}, CONTENT[4:]),
    (0, {"count": 6}, CONTENT[:6]),
    (3, {"count": 6}, CONTENT[3:9]),
    (9, {"offset": 2, "count": 5}, CONTENT[2:7]),
    (0, {"offset": 0, "count": 1}, CONTENT[:1]),
]


def short(value: Any) -> Any:
    """Return what is worth showing of a body."""
    return f"{len(value)} octets, begin {value[:20]!r}" if isinstance(value, bytes) and len(value) > 60 else value


def filed(content: bytes, status: int = 200) -> Script:
    """Return a script that answers by the path of a file with that content."""
    return asgi(send(start(status)), send({"type": PATH, "path": path(content)}))


def zero(way: Way, content: bytes, at: int = 0, **more: Any) -> Step:
    """Return the step that sends a file by its descriptor, in the form that the server takes."""
    return send({"type": ZERO, "file": file(content, at, number=takes_numbers(way)), **more})


_numbers: dict[tuple[str, str], bool] = {}


def takes_numbers(way: Way) -> bool:
    """Tell whether the server takes descriptors as numbers alone.

    The text's "file descriptor object" can be read as either; a server may refuse the one if it takes the other.
    """
    key = (way.server.running.id, way.version)
    if key not in _numbers:
        taken = [
            entity(way.ask(asgi(send(start()), send({"type": ZERO, "file": file(b"x", number=number)})))) == b"x"
            for number in (False, True)
        ]
        _numbers[key] = taken == [False, True]
    return _numbers[key]


@launch("http2")
@requirement("ASGI-EXT-032")
def test_path_is_sent(server: Server, judge: Judge) -> None:
    """The content of the file is the body, and the response whole."""
    for way in offering(server, PATH):
        for content in (b"", b"x", CONTENT, LONG):
            x = way.ask(filed(content))
            whole = entity(x) == content and not refusals(x)
            judge("ASGI-EXT-032", whole, f"{short(content)} over {way.version}", (short(entity(x)), refusals(x)))


@launch("http2")
@requirement("ASGI-EXT-033")
def test_path_obeys_http(server: Server, judge: Judge) -> None:
    """A response to HEAD has no body for it, and the connection stays in step."""
    for way in offering(server, PATH):
        for method in (b"HEAD", b"GET"):
            first, second = way.ask_both(filed(CONTENT), ok(b"second"), method)
            wanted = b"" if method == b"HEAD" else CONTENT
            judge("ASGI-EXT-033", entity(first) == wanted, f"{method!r} over {way.version}: {wanted!r}", entity(first))
            judge("ASGI-EXT-033", entity(second) == b"second", "the response after it", entity(second))


@launch("http2")
@requirement("ASGI-EXT-035")
def test_path_that_does_not_exist(server: Server, judge: Judge) -> None:
    """A path that leads nowhere is an error: for the application or for the client."""
    for way in offering(server, PATH):
        x = way.ask(asgi(send(start()), send({"type": PATH, "path": "/nonexistent/gateproof"})))
        success = x.response is not None and x.response.complete and x.response.status < 400
        seen = f"{x.outcome}, whole" if success else x.outcome
        judge("ASGI-EXT-035", not success or refusals(x), "an error", seen)


@launch("http2")
@requirement("ASGI-EXT-022", "ASGI-EXT-024", revision=2)
def test_parts_of_a_file(server: Server, judge: Judge) -> None:
    """So many octets from the offset are sent, else all from where the file stands; the event ends the response."""
    for way in offering(server, ZERO):
        for at, more, wanted in PARTS:
            x = way.ask(asgi(send(start()), zero(way, CONTENT, at, **more)))
            if not judge("ASGI-EXT-024", isinstance(entity(x), bytes), "a whole response", (entity(x), refusals(x))):
                break
            judge("ASGI-EXT-022", entity(x) == wanted, f"{wanted!r} for {more!r} of a file at {at}", entity(x))


@launch("http2")
@requirement("ASGI-EXT-023", revision=2)
def test_files_and_bodies(server: Server, judge: Judge) -> None:
    """Files and bodies in any order arrive in that order."""
    wanted = [b"12", b"123", b"12" + LONG + b"3", LONG + b"23"]
    for way in offering(server, ZERO):

        def then(content: bytes, way: Way = way) -> Step:
            return zero(way, content, more_body=True)

        orders: list[list[Step]] = [
            [then(b"1"), zero(way, b"2")],
            [send(body(b"1", more=True)), then(b"2"), send(body(b"3"))],
            [then(b"1"), send(body(b"2", more=True)), then(LONG), send(body(b"3"))],
            [then(LONG), send(body(b"2", more=True)), zero(way, b"3")],
        ]
        for steps, content in zip(orders, wanted, strict=True):
            x = way.ask(asgi(send(start()), *steps))
            if not judge(
                "ASGI-EXT-023", entity(x) == content, f"{short(content)} over {way.version}", short(entity(x))
            ):
                break


@launch("http2")
@requirement("ASGI-EXT-025", revision=2)
def test_file_obeys_http(server: Server, judge: Judge) -> None:
    """HEAD, 204 and 304 have no body for a file either, and the connection stays in step."""
    for way in offering(server, ZERO):
        for method, status in BODILESS:
            _judge_bodiless(way, judge, method, status)
        first, second = way.ask_both(asgi(send(start()), zero(way, CONTENT)), ok(b"second"))
        judge("ASGI-EXT-025", entity(first) == CONTENT, repr(CONTENT), entity(first))
        judge("ASGI-EXT-025", entity(second) == b"second", "the response after it", entity(second))


def _judge_bodiless(way: Way, judge: Judge, method: bytes, status: int) -> None:
    first, second = way.ask_both(asgi(send(start(status)), zero(way, CONTENT)), ok(b"second"), method)
    about = f"no body for {method.decode()} and {status} over {way.version}"
    judge("ASGI-EXT-025", entity(first) == b"" or first.response is None, about, entity(first))
    judge("ASGI-EXT-025", entity(second) == b"second", "the response after it", entity(second))

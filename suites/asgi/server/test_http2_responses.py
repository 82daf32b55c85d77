"""HTTP & WebSocket specification, HTTP, over HTTP/2: what comes of responses, and of windows that are full."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from gateproof.asgi_scripts import (
    TEXT,
    Script,
    asgi,
    attempt,
    body,
    fail,
    flood,
    loop,
    note,
    ok,
    read_body,
    reading,
    receive_until,
    send,
    start,
)
from gateproof.check import launch, requirement
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire.client import WireError
from gateproof.wire.http2 import FIRST_WINDOW, Stream

from .calling import ENDS, flooded, standing_still
from .multiplexing import Talk, multiplexed
from .responding import shown, trying, whole, without_additions
from .watching import comes, kinds, over

WINDOW = 1000
PART, PARTS = 16_000, 256  # 4 MiB: more than anybody keeps for a client that takes none of it
GONE_S = 5.0
FIELDS = ((b"x-a", b"1"), (b"set-cookie", b"a=1"), (b"x-b", b"caf\xe9"), (b"set-cookie", b"b=2"), (b"x-empty", b""))
SIZES: dict[str, list[list[int]]] = {
    "ASGI-HTTP-RESP-025": [[1], [100, 16_384, 2], [16_385, 1], [65_536, 100_003]],
    "ASGI-HTTP-RESP-026": [[1, 0, 1], [0, 0, 1]],
    "ASGI-HTTP-RESP-051": [[0], [1, 0], [16_384, 0]],
}


@launch("http2")
@requirement("ASGI-HTTP-RESP-011", "ASGI-HTTP-RESP-054")
def test_header(server: Server, judge: Judge) -> None:
    """Status and fields are those of the application, octet for octet, repeated ones apart."""
    with multiplexed(server) as talk:
        for status in (200, 404, 503):
            x = talk.ask(script=ok(b"ok", *FIELDS, status=status))
            seen = x.response.status if x.response is not None else x.outcome
            judge("ASGI-HTTP-RESP-011", seen == status, status, seen)
            for name in dict(FIELDS):
                wanted = [value for key, value in FIELDS if key == name]
                found = without_additions(x.response, name, wanted) if x.response is not None else x.outcome
                judge("ASGI-HTTP-RESP-054", found == wanted, f"{name!r}: {wanted}", found)


@launch("http2")
@requirement("ASGI-HTTP-RESP-025", "ASGI-HTTP-RESP-026", "ASGI-HTTP-RESP-051")
def test_parts_are_joined(server: Server, judge: Judge) -> None:
    """The client gets all parts, in order: empty ones, and such as are larger than frames are; the last is the end."""
    for row, every in SIZES.items():
        for sizes in every:
            last = len(sizes) - 1
            parts = [flood(size, 1, body(more=place < last)) for place, size in enumerate(sizes)]
            with multiplexed(server) as talk:
                x = talk.ask(script=asgi(send(start()), *parts))
            judge(row, whole(x, b"x" * sum(sizes)), f"200 with {sum(sizes)} octets, in parts of {sizes}", _shown(x))


@launch("http2")
@requirement("ASGI-HTTP-RESP-050", "ASGI-HTTP-RESP-051")
def test_no_body_where_there_is_none(server: Server, judge: Judge) -> None:
    """Nothing of a body is sent in answer to HEAD, and with 204 and 304; the stream ends all the same."""
    for method, status in ((b"HEAD", 200), (b"HEAD", 404), (b"GET", 204), (b"GET", 304)):
        for parts in ((b"HEADBODY",), (b"HEAD", b"BODY", b"")):
            with multiplexed(server) as talk:
                x = talk.ask(method=method, script=trying(start(status), *_events(parts)))
            if x.response is not None and (method == b"HEAD" or x.response.status == status):
                about = f"{method.decode()}, {status}, body {parts}"
                judge("ASGI-HTTP-RESP-050", not x.response.body, f"{about}: no octet", x.response.body)
                ended = x.response.complete or x.reset or x.closed
                judge("ASGI-HTTP-RESP-051", ended, f"{about}: the end of the stream", _shown(x))
    judge("ASGI-HTTP-RESP-050", True)
    judge("ASGI-HTTP-RESP-051", True)


def _events(parts: tuple[bytes, ...]) -> list[dict[str, Any]]:
    return [body(part, more=place < len(parts) - 1) for place, part in enumerate(parts)]


def _shown(x: Exchange) -> str:
    """Say what came, and whether that was all."""
    end = "whole" if x.response is not None and x.response.complete else "reset" if x.reset else "without an end"
    return f"{shown(x)}, {end}"


@launch("http2")
@requirement("ASGI-HTTP-RESP-053")
def test_no_more_than_content_length(server: Server, judge: Judge) -> None:
    """Of a body that is longer than its length no octet too many is sent."""
    for parts in ((b"hello world",), (b"hello", b" world"), (b"hello", b" world", b"")):
        with multiplexed(server) as talk:
            x, stream = talk.begin(script=trying(start(200, [TEXT, (b"content-length", b"5")]), *_events(parts)))
            talk.read(x, stream)
            judge("ASGI-HTTP-RESP-053", len(stream.body) <= 5, f"5 octets of {parts} at most", bytes(stream.body))


@launch("http2")
@requirement("ASGI-ERR-029", "ASGI-ERR-031", "ASGI-ERR-032")
def test_calls_that_fail(server: Server, judge: Judge) -> None:
    """A call that ends too early is answered for, or its response does not pass for whole; the next stream goes on."""
    judge("ASGI-ERR-029", True)
    for ending, weight in (([fail()], ""), ([], "warn")):  # of a call that returns the text says less
        x = _ended_early(server, judge, ending)
        refused = x.response.status >= 400 if x.response is not None else not x.silent
        judge("ASGI-ERR-031", refused, "an error, or the end of the stream", x.outcome, weight=weight)
        for sizes in ([], [4], [5, 7]):
            parts = [send(body(b"x" * size, more=True)) for size in sizes]
            x = _ended_early(server, judge, [send(start()), *parts, *ending])
            cut = f"the end of the stream, but no whole response, behind {sizes}"
            if not judge("ASGI-ERR-032", _cut_off(x), cut, _shown(x), weight=weight):
                break


def _ended_early(server: Server, judge: Judge, steps: list[Any]) -> Exchange:
    """Play steps on a stream; where its connection stays, the next stream of it is served."""
    with multiplexed(server) as talk:
        x = talk.ask(script=asgi(*steps))
        if not (x.closed or talk.http2.ended or talk.http2.goaway is not None):
            later = talk.ask(b"/later")
            judge("ASGI-ERR-029", whole(later, b"ok"), "200 on the stream behind it", _shown(later))
    return x


def _cut_off(x: Exchange) -> bool:
    """Tell whether the client can see that it did not get all."""
    if x.response is None:
        return not x.silent
    return x.response.status >= 500 or (not x.response.complete and not x.silent)


def _flooding(total: int) -> Script:
    """Answer with so many octets."""
    return asgi(send(start()), flood(PART, total // PART, body(more=True)), send(body(b"", more=False)), live=True)


def _filled(talk: Talk, stream: Stream, octets: int) -> bool:
    """Read until a stream has brought so many octets, all that its window lets through."""
    deadline = time.monotonic() + talk.server.patience
    with contextlib.suppress(WireError):
        while len(stream.body) < octets and not stream.over:
            talk.http2.step(deadline)
    return len(stream.body) >= octets


def _fill(talk: Talk, stream: Stream, octets: int) -> None:
    """Fill a window; the premise of what follows is that it is full."""
    if not _filled(talk, stream, octets):
        raise Blocked(f"{len(stream.body)} octets of a body came where the window lets {octets} through")


@launch("http2")
@requirement("ASGI-HTTP-RESP-052", "ASGI-HTTP-RESP-055", revision=2)
def test_windows_that_are_full(server: Server, judge: Judge) -> None:
    """While a window of the client's is full send waits; what comes when there is room again is all that was sent."""
    total = 20 * PART
    for what, window in (("the stream's", WINDOW), ("the connection's", total)):
        with multiplexed(server, window=window) as talk:
            x, stream = talk.begin(script=_flooding(total))
            _fill(talk, stream, min(window, FIRST_WINDOW))
            for room in (WINDOW, total):  # a little, then all that is left
                talk.http2.make_room(room, stream)
                talk.http2.make_room(room)
                _filled(talk, stream, min(len(stream.body) + room, total))
            talk.read(x, stream)
            right = whole(x, b"x" * total)
            judge("ASGI-HTTP-RESP-052", right, f"{total} octets, after {what} window was full", _shown(x))
    with multiplexed(server, window=WINDOW) as talk:
        x, stream = talk.begin(script=_flooding(PART * PARTS))
        _fill(talk, stream, WINDOW)
        standing_still(server, x, "flooded")
        done = flooded(x.call)
        talk.http2.cancel(stream)
    judge("ASGI-HTTP-RESP-055", done < PARTS, "send waits while the window is full", f"{done} sends were done")


@launch("http2")
@requirement("ASGI-HTTP-SCOPE-048", "ASGI-HTTP-RESP-052")
def test_streams_beside_a_full_window(server: Server, judge: Judge) -> None:
    """A request that comes while another's response waits for room is one call, and both are answered whole."""
    total, sent = 2 * PART, b"0123456789" * 20
    with multiplexed(server, window=WINDOW) as talk:
        x, stream = talk.begin(b"/full", script=_flooding(total))
        _fill(talk, stream, WINDOW)
        other, beside = talk.begin(
            b"/beside", script=reading(b"beside", live=True), method=b"POST", body=sent, end=False
        )
        talk.http2.send_data(beside, b"the end")
        server.answers_others(1, time.monotonic() + server.patience)  # it has read this, and there is still no room
        talk.http2.make_room(total, stream)
        talk.read(x, stream)
        talk.read(other, beside)
    called = [call.scope.get("path") for call in other.calls]
    judge("ASGI-HTTP-SCOPE-048", called == ["/beside"], "one call, of path /beside", called)
    if other.calls:
        whole_body = other.call.request_body == sent + b"the end"
        judge("ASGI-HTTP-SCOPE-048", whole_body, f"its {len(sent) + 7} octets of body", len(other.call.request_body))
    judge("ASGI-HTTP-SCOPE-048", whole(other, b"beside"), "b'beside' on its stream", _shown(other))
    judge("ASGI-HTTP-RESP-052", whole(x, b"x" * total), f"{total} octets on the other", _shown(x))


@launch("http2")
@requirement("ASGI-HTTP-DISC-010", "ASGI-HTTP-DISC-018", "ASGI-HTTP-DISC-019")
def test_send_ends_with_the_stream(server: Server, judge: Judge) -> None:
    """A send that waits for room ends when the client resets the stream, or is gone, with an OSError at most."""
    script = asgi(send(start()), attempt([loop(PARTS, send(body(b"x" * PART, more=True)))]), note("sent"), live=True)
    judge("ASGI-HTTP-DISC-010", True)
    for row in ("ASGI-HTTP-DISC-018", "ASGI-HTTP-DISC-019"):
        with multiplexed(server, window=WINDOW) as talk:
            x, stream = talk.begin(script=script)
            _fill(talk, stream, WINDOW)
            if row == "ASGI-HTTP-DISC-018":
                talk.http2.cancel(stream)
            else:
                talk.http2.wire.close()
            ended = comes(server, x, lambda event: event.name in ("note", *ENDS), GONE_S) is not None
            judge(row, ended, "send returns or raises", "it waits on")
            for said in x.call.sent:
                if said.get("raised") and not str(said["raised"]).endswith("CancelledError"):  # the end of the call
                    about = f"{said['raised']}: {said.get('message')}"
                    judge("ASGI-HTTP-DISC-010", said.get("os_error"), "an OSError, or nothing", about)


@launch("http2")
@requirement("ASGI-HTTP-DISC-020")
def test_receive_after_the_response(server: Server, judge: Judge) -> None:
    """A receive after the response gives http.disconnect, though the client is connected."""
    answering = (send(start()), send(body(b"ok", more=False)))
    steps = (read_body(), *answering, receive_until("http.disconnect", deadline=GONE_S))
    with multiplexed(server) as talk:
        x, stream = talk.begin(script=asgi(*steps, live=True))
        talk.read_answer(x, stream)
        told = [kind for kind in kinds(over(server, x, 2 * GONE_S)) if kind != "http.request"]
    judge("ASGI-HTTP-DISC-020", told[:1] == ["http.disconnect"], "http.disconnect", told)

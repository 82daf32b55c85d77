"""HTTP & WebSocket specification, HTTP, Request - receive event."""

from __future__ import annotations

import itertools
import time

from gateproof.asgi_scripts import asgi, read_body, receive, respond, wait
from gateproof.check import in_band, requirement, unproxied
from gateproof.dialogue import Dialogue
from gateproof.draw import Draw
from gateproof.exchange import Call
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.client import WireError
from gateproof.wire.request import get, post

from ...frame.sending import is_1_1
from .looking import kept
from .talking import limit
from .uploading import (
    AT_ONCE_S,
    Upload,
    Uploads,
    arrived,
    coded_uploads,
    filled,
    finals,
    given_up,
    got,
    plain_uploads,
    requests_in,
    told_off,
    without_options,
)
from .watching import comes, kinds, leave, memory, over, pour, received

KINDS = ("http.request", "http.disconnect")
HUGE = 32 * 1024 * 1024
EXPECT = (b"Expect", b"100-continue")


@in_band
@requirement("ASGI-HTTP-REQ-001", "ASGI-HTTP-REQ-002", "ASGI-HTTP-REQ-003", "ASGI-HTTP-REQ-006")
def test_first_event_without_a_body(server: Server, judge: Judge) -> None:
    """A request without a body is told by http.request as well: an empty one, and only one that ends it."""
    empty = [get(), post(b""), get(method=b"DELETE"), get(version=b"HTTP/1.0"), get(b"/", (b"Connection", b"close"))]
    with kept(server) as connection:
        for request in [*empty, get(), get()]:
            x = connection.exchange(request, asgi(read_body(), receive(AT_ONCE_S), respond(), receive(AT_ONCE_S)))
            if x.refused:
                continue
            first = next(iter(x.call.received), {})
            if judge("ASGI-HTTP-REQ-001", first.get("type") == "http.request", "http.request comes first", got(x.call)):
                judge("ASGI-HTTP-REQ-006", len(finals(x.call)) == 1, "one event that ends the request", got(x.call))
            judge("ASGI-HTTP-REQ-003", x.call.request_body == b"", "no octet of a body", got(x.call))
            _kinds(judge, x.call)


def _kinds(judge: Judge, call: Call) -> None:
    """Judge what every event of an http call must be."""
    told = [event.get("type") for event in call.received]
    judge("ASGI-HTTP-REQ-002", all(kind in KINDS for kind in told), "http.request and http.disconnect only", told)
    bodies = [event["body"] for event in requests_in(call.received) if "body" in event]
    judge("ASGI-HTTP-REQ-003", all(isinstance(body, bytes) for body in bodies), "bytes, or no body key", bodies[:3])


@in_band
@requirement("ASGI-HTTP-REQ-002", "ASGI-HTTP-REQ-003", "ASGI-HTTP-REQ-004", "ASGI-HTTP-REQ-006")
def test_body_arrives(server: Server, judge: Judge, draw: Draw) -> None:
    """The parts of a body are those that were sent, in whatever segments, and exactly one says that it is whole."""
    uploads = Uploads(server)

    def law(upload: Upload) -> None:
        x = uploads.send(upload)
        if told_off(x) or (upload.unread and x.calls):
            return
        if not x.calls:
            judge("ASGI-HTTP-REQ-004", False, f"a call with a body of {len(upload.body)} octets", x.outcome)
            return
        judge("ASGI-HTTP-REQ-004", arrived(x.call, upload.body), f"the {len(upload.body)} octets sent", got(x.call))
        _judge_end(judge, x.call)
        if x.call.received:
            _kinds(judge, x.call)

    corpus = [
        Upload((b"a",)),
        Upload((b"hello world",), (5,)),
        Upload((filled(300),), (0, 1, 2, 150, 299), ((b"Connection", b"close"),)),
        Upload((filled(70_000),), unread=True),
        Upload((filled(4097),), (4096,)),
        Upload((filled(65_536, 1),), (1, 65_535)),
        Upload((filled(65_537, 2),), (16_384, 32_768)),
        Upload((filled(200_003, 3),), (), ((b"Connection", b"close"),)),
        Upload((bytes(range(256)) * 8 + b"\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",), (2048,)),
        Upload((filled(262_144, 4),), (100_000, 200_000)),
        Upload((filled(300, 5),), (150,), ((b"Connection", b"close"),), late=True),
    ]
    try:
        draw(law, plain_uploads, corpus)
    finally:
        uploads.leave()


def _judge_end(judge: Judge, call: Call) -> None:
    """Judge that one event ends the request, the last one of them; of a long body only that no event follows."""
    events, ends = call.received, finals(call)
    if not call.has("digest"):
        last = max((place for place, event in enumerate(events) if event.get("type") == "http.request"), default=-1)
        judge("ASGI-HTTP-REQ-006", ends == [last], "more_body is false once, in the last http.request", got(call))
    else:
        judge("ASGI-HTTP-REQ-006", not requests_in(events), "no http.request behind the one that ends it", got(call))


@unproxied
@requirement("ASGI-HTTP-REQ-002", "ASGI-HTTP-REQ-003", "ASGI-HTTP-REQ-005", "ASGI-HTTP-REQ-006", revision=2)
def test_chunked_body_arrives(server: Server, judge: Judge, draw: Draw) -> None:
    """Of a chunked body the application gets the data of the chunks: no size, no extension, no trailer."""
    if not is_1_1(server):
        server.unsupported("the server answers as HTTP/1.0, which has no chunked coding", lacks="http/1.1")
    uploads = Uploads(server)
    if told_off(uploads.send(Upload((b"abc",), coded=True))):
        server.unsupported("a chunked request is refused", lacks="chunked-requests")

    def law(upload: Upload) -> None:
        x = uploads.send(upload)
        if given_up(x) and upload != without_options(upload):
            x = uploads.send(without_options(upload))  # extensions and trailers may be refused, chunks not
        if told_off(x):
            return
        if not x.calls:
            judge("ASGI-HTTP-REQ-005", False, "a call with the data of the chunks", x.outcome)
            return
        judge("ASGI-HTTP-REQ-005", arrived(x.call, upload.body), f"the {len(upload.body)} octets sent", got(x.call))
        _judge_end(judge, x.call)
        if x.call.received:
            _kinds(judge, x.call)

    corpus = [
        Upload((b"hello ", b"world"), coded=True),
        Upload((b"hello ", b"world"), tuple(range(40)), coded=True),
        Upload((), coded=True),
        Upload((b"a", b"b\r\n", b"0\r\n\r\n", b"5\r\nxxxxx\r\n"), (1, 4, 9), coded=True),
        Upload((b"abc", b"defgh"), (), (), True, b";a=b", b"X-Sum: 1\r\n"),
        Upload((filled(70_000), filled(17, 1)), (3, 65_536), coded=True),
        Upload(tuple(filled(16, n) for n in range(40)), (7, 700), ((b"Connection", b"close"),), True),
        Upload((filled(262_144, 2),), (8, 100_000), coded=True),
    ]
    try:
        draw(law, coded_uploads, corpus)
    finally:
        uploads.leave()


PARTS = [
    (b"Content-Length: 10\r\n\r\n", b"abc"),
    (b"Content-Length: 70000\r\n\r\n", filled(66_000)),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n"),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhel"),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"5"),
    (b"Content-Length: 10\r\n\r\n", b""),
]


@requirement("ASGI-HTTP-REQ-007", revision=2)
def test_incomplete_body(server: Server, judge: Judge) -> None:
    """A client that leaves in the middle of its body is told as http.disconnect; no event says the body is whole."""
    judge("ASGI-HTTP-REQ-007", True)
    for number, (framing, part) in enumerate(PARTS):
        if b"chunked" in framing and not is_1_1(server):
            continue  # HTTP/1.0 has no such coding
        with server.connect() as connection:
            head = b"POST / HTTP/1.1\r\nHost: localhost\r\n" + framing
            x = connection.begin(head + part, asgi(read_body(limit(server)), live=True))
            if comes(server, x, "scope") is None:
                break  # not called before the body is whole: nothing is said of it
            leave(connection, rst=number % 2 == 1)
            call = over(server, x, limit(server) + 1.0)
        judge("ASGI-HTTP-REQ-007", not finals(call), "no event with more_body false", got(call))
        last = kinds(call)[-1:]
        told = last == ["http.disconnect"]
        if not judge("ASGI-HTTP-REQ-007", told, "http.disconnect after the client left", kinds(call)):
            break  # to wait as long for every other way to leave would say no more


@requirement("ASGI-HTTP-REQ-008")
def test_body_is_streamed(server: Server, judge: Judge) -> None:
    """The first part of a large body can be read while the client holds the rest back."""
    for coded in (False, True):
        upload = Upload((filled(65_536), filled(65_536, 1)), coded=coded)
        half = len(upload.octets) // 2
        with server.connect() as connection:
            x = connection.begin(upload.head + upload.octets[:half], asgi(read_body(8.0), respond(), live=True))
            early = comes(server, x, received("http.request")) is not None
            connection.send(upload.octets[half:])
            connection.read()
        if x.refused:
            judge.blocked("ASGI-HTTP-REQ-008", x.outcome)
        else:
            judge("ASGI-HTTP-REQ-008", early, "http.request while half of the body is held back", "none so early")


@requirement("ASGI-HTTP-REQ-009")
def test_upload_is_held_back(server: Server, judge: Judge) -> None:
    """How much of a body a server takes in while the application reads none of it."""
    with server.connect() as connection:
        head = post(b"", (b"Content-Length", b"%d" % HUGE))
        x = connection.begin(head, asgi(wait("go", 8.0), respond(), live=True))
        if comes(server, x, "waiting") is None:
            judge.blocked("ASGI-HTTP-REQ-009", "the application is not called before the body is whole")
            return
        before = memory(x.call.events[0].pid)
        taken = pour(server, connection, itertools.repeat(bytes(65_536), HUGE >> 16))
        grown = memory(x.call.events[0].pid) - before
        connection.release("go")
    told = f"all of {HUGE >> 20} MiB" if taken == HUGE else f"less than {(taken >> 20) + 1} MiB of {HUGE >> 20}"
    judge.reading(
        "ASGI-HTTP-REQ-009",
        f"{told} were taken in, which the application did not read; the process grows by {grown} MiB",
    )


@unproxied
@requirement("ASGI-HTTP-REQ-015", revision=2)
def test_expect_100_continue(server: Server, judge: Judge) -> None:
    """Who waits for 100 Continue gets it, or a final response, before sending the body."""
    if not is_1_1(server):
        server.unsupported("the server answers as HTTP/1.0, which expects nothing", lacks="http/1.1")
    for upload in (Upload((b"the body",), fields=(EXPECT,)), Upload((b"the ", b"body"), fields=(EXPECT,), coded=True)):
        with server.connect() as connection:
            x = connection.begin(upload.head, asgi(read_body(8.0), respond()))
            early = _interim(server, connection)
            if not judge("ASGI-HTTP-REQ-015", early, "100 Continue or a final response, before the body", "neither"):
                continue
            if early.startswith((b"HTTP/1.1 100", b"HTTP/1.0 100")):
                connection.send(upload.octets)
                connection.read()
                whole = len(x.calls) == 1 and arrived(x.call, upload.body)
                seen = got(x.call) if x.calls else x.outcome
                judge("ASGI-HTTP-REQ-015", whole, f"{upload.body!r} after 100 Continue", seen)


def _interim(server: Server, connection: Dialogue) -> bytes:
    """Return what comes first, the head of an interim response alone where it is one."""
    seen, deadline = b"", time.monotonic() + limit(server) / 2
    while b"\r\n\r\n" not in seen and not connection.wire.reader.ended:
        try:
            seen += connection.wire.read_some(deadline)
        except WireError:
            break
    head, end, rest = seen.partition(b"\r\n\r\n")
    connection.wire.reader.feed(rest)
    return head + end

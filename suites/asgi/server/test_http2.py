"""HTTP & WebSocket specification, HTTP, over HTTP/2: pseudo fields, authority, streams side by side."""

from __future__ import annotations

import time

from gateproof.asgi_scripts import asgi, note, ok, reading, receive, receive_until, respond, wait
from gateproof.check import launch, requirement
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire.http2 import MAX_CONCURRENT_STREAMS, Stream

from .looking import ABSENT, pairs, plain, values_of
from .multiplexing import AUTHORITY, Talk, multiplexed

STREAMS = 5
ENDS_S = 1.5
ORDER = (2, 0, 4, 1, 3)  # of the answers: neither that of the requests, nor its reverse
TARGET = b"/a%20b/%C3%A9?q=%20&q=2"
BODY = bytes(range(256)) * 40


@launch("http2")
@requirement("ASGI-HTTP-SCOPE-002", "ASGI-HTTP-SCOPE-009", "ASGI-HTTP-SCOPE-016", "ASGI-HTTP-SCOPE-027")
def test_scope(server: Server, judge: Judge) -> None:
    """A request over HTTP/2 makes a scope like any other: its pseudo fields are path, query and method, not headers."""
    with multiplexed(server) as talk:
        scope = talk.ask(TARGET, [(b"x-a", b"b")]).call.scope
    judge("ASGI-HTTP-SCOPE-002", scope.get("http_version") == "2", "'2'", scope.get("http_version", ABSENT))
    judge("ASGI-HTTP-SCOPE-009", scope.get("path") == "/a b/\u00e9", "'/a b/\u00e9'", scope.get("path", ABSENT))
    query = scope.get("query_string", ABSENT)
    judge("ASGI-HTTP-SCOPE-016", query == b"q=%20&q=2", "b'q=%20&q=2'", query)
    pseudo = [name for name, _ in pairs(scope) if isinstance(name, bytes) and name.startswith(b":")]
    judge("ASGI-HTTP-SCOPE-027", not pseudo, "no name that begins with a colon", pseudo)


@launch("http2")
@requirement("ASGI-HTTP-SCOPE-028")
def test_authority_is_the_host(server: Server, judge: Judge) -> None:
    """The authority of a request is its host field: the only one and the first, where the client sent none itself."""
    with multiplexed(server) as talk:
        scope = talk.ask(headers=[(b"x-a", b"b")]).call.scope
        names = [name for name, _ in pairs(scope)]
        hosts = values_of(scope, b"host")
        judge("ASGI-HTTP-SCOPE-028", hosts == [AUTHORITY], f"one host field, {AUTHORITY!r}", hosts)
        judge("ASGI-HTTP-SCOPE-028", names[:1] == [b"host"], "host at the start of headers", names)


@launch("http2")
@requirement("ASGI-HTTP-SCOPE-028")
def test_authority_and_another_host(server: Server, judge: Judge) -> None:
    """Where a host field says something else, the request is refused, or the authority counts."""
    with multiplexed(server) as talk:
        x = talk.ask(headers=[(b"host", b"other.test"), (b"x-a", b"b")])
        if not x.calls:
            judge.reading("ASGI-HTTP-SCOPE-028", f"another host field beside :authority is refused: {x.outcome}")
            return
        hosts = values_of(x.call.scope, b"host")
        judge("ASGI-HTTP-SCOPE-028", hosts[:1] == [AUTHORITY], f"the first host field is {AUTHORITY!r}", hosts)


@launch("http2")
@requirement("ASGI-HTTP-SCOPE-045")
def test_no_authority(server: Server, judge: Judge) -> None:
    """A request without :authority, which is optional, is served; the host field that it has instead is its host."""
    with multiplexed(server) as talk:
        x = talk.ask(headers=[(b"host", AUTHORITY)], authority=None)
        hosts = values_of(x.call.scope, b"host") if len(x.calls) == 1 else x.outcome
    judge("ASGI-HTTP-SCOPE-045", hosts == [AUTHORITY], f"one call, and its host {AUTHORITY!r}", hosts)


@launch("http2")
@requirement("ASGI-HTTP-SCOPE-046", revision=2)
def test_connect_has_no_path(server: Server, judge: Judge) -> None:
    """CONNECT, which has neither :scheme nor :path, leaves the server able to serve others, and their streams."""
    with multiplexed(server) as talk:
        stream = talk.http2.request([(b":method", b"CONNECT"), (b":authority", AUTHORITY)], end=False)
        later = talk.ask(b"/later")
        if stream.reset is None and not stream.ended and talk.http2.goaway is None:
            talk.http2.cancel(stream)
        leaves = later.response is None and talk.http2.goaway is not None
    seen = later.response.status if later.response is not None else later.outcome
    if leaves:
        judge.reading("ASGI-HTTP-SCOPE-046", "a CONNECT ends the connection, by GOAWAY")
    else:
        judge("ASGI-HTTP-SCOPE-046", seen == 200, "200 on the next stream", seen, weight="warn")
    judge("ASGI-HTTP-SCOPE-046", _serves(server, later), "a server that serves others", "it does not")


def _serves(server: Server, last: Exchange) -> bool:
    """Tell whether a server serves on, whatever became of the last request: one that ends may answer until it has."""
    ended = last.response is None and server.running.ended_within(ENDS_S)
    return not ended and server.answers_others(1, time.monotonic() + server.patience)


@launch("http2")
@requirement("ASGI-HTTP-SCOPE-029")
def test_cookies(server: Server, judge: Judge) -> None:
    """Whether several cookie fields stay several is told."""
    with multiplexed(server) as talk:
        scope = talk.ask(headers=[(b"cookie", b"a=1"), (b"cookie", b"b=2")]).call.scope
    seen = values_of(scope, b"cookie")
    judge.reading("ASGI-HTTP-SCOPE-029", f"two cookie fields arrive as {seen!r}")


@launch("http2")
@requirement("ASGI-HTTP-SCOPE-037", "ASGI-HTTP-SCOPE-038")
def test_streams_side_by_side(server: Server, judge: Judge) -> None:
    """Each of several requests at a time has a call of its own, and its response on its own stream."""
    with multiplexed(server) as talk:
        count = min(STREAMS, talk.http2.their.get(MAX_CONCURRENT_STREAMS, STREAMS))
        begun = [_held(talk, number) for number in range(count)]
        for x, _ in begun:
            if server.wait(x, "waiting", server.patience) is None:
                raise Blocked(f"the application was not called for each of {count} streams")
        for x, stream in (begun[number] for number in ORDER if number < count):
            server.channel.release(x.id, "go")
            talk.read(x, stream)
    for number, (x, _) in enumerate(begun):
        paths = [call.scope.get("path") for call in x.calls]
        judge("ASGI-HTTP-SCOPE-037", paths == [f"/{number}"], f"one call, of path /{number}", paths)
        seen = x.response.body if x.response is not None and x.response.complete else x.outcome
        judge("ASGI-HTTP-SCOPE-038", seen == b"answer %d" % number, f"answer {number} on its stream", seen)


def _held(talk: Talk, number: int) -> tuple[Exchange, Stream]:
    """Begin a request whose application waits before it answers."""
    script = asgi(wait("go", 10.0), respond(octets=b"answer %d" % number), live=True)
    return talk.begin(b"/%d" % number, script=script)


@launch("http2")
@requirement("ASGI-HTTP-SCOPE-047")
def test_early_answer(server: Server, judge: Judge) -> None:
    """An answer to a request whose body is not complete leaves others as they are, streams and connections."""
    with multiplexed(server) as talk:
        x, stream = talk.begin(b"/early", script=ok(b"early"), method=b"POST", end=False)
        talk.read_answer(x, stream)
        if x.response is None or not x.response.complete:
            raise Blocked(f"a request without an end is not answered: {x.outcome}")
        if stream.reset is None:
            talk.http2.send_data(stream, b"late")
            server.answers_others(1, time.monotonic() + server.patience)  # so that it has read this
        later = talk.ask(b"/later", script=ok(b"later"))
        leaves = later.response is None and talk.http2.goaway is not None
    seen = later.response.body if later.response is not None else later.outcome
    if leaves:
        judge.reading("ASGI-HTTP-SCOPE-047", "the connection ends, by GOAWAY, after an answer that comes early")
    else:
        judge("ASGI-HTTP-SCOPE-047", seen == b"later", "the answer on the stream after it", seen, weight="warn")
    judge("ASGI-HTTP-SCOPE-047", _serves(server, later), "a server that serves others", "it does not")


@launch("http2")
@requirement("ASGI-HTTP-REQ-001")
def test_request_without_a_body(server: Server, judge: Judge) -> None:
    """A request that ends with its header has an http.request all the same."""
    with multiplexed(server) as talk:
        x, stream = talk.begin(script=asgi(note("begun"), receive(), respond(), live=True))
        if server.wait(x, "note", server.patience) is None:
            raise Blocked(f"the application was not called: {x.outcome}")
        server.wait(x, "receive", server.patience)
        kinds = [event.get("type") for event in x.call.received]
        judge("ASGI-HTTP-REQ-001", kinds[:1] == ["http.request"], "http.request", kinds or "no event in time")
        if kinds:
            talk.read(x, stream)


FRAMES: dict[str, list[bytes]] = {
    "ASGI-HTTP-REQ-004": [BODY],
    "ASGI-HTTP-REQ-016": [BODY[:5000], BODY[5000:]],
    "ASGI-HTTP-REQ-017": [BODY[:5000], BODY[5000:], b""],
}


@launch("http2")
@requirement("ASGI-HTTP-REQ-004", "ASGI-HTTP-REQ-006", "ASGI-HTTP-REQ-016", "ASGI-HTTP-REQ-017", revision=2)
def test_body(server: Server, judge: Judge) -> None:
    """A body is what was sent, and has one end: in one frame, in several, and with an empty one for its end."""
    for row, (first, *others) in FRAMES.items():
        with multiplexed(server) as talk:
            x, stream = talk.begin(script=reading(live=True), method=b"POST", body=first, end=not others)
            for number, octets in enumerate(others, 1):
                server.answers_others(1, time.monotonic() + server.patience)  # so that it has read the one before
                talk.http2.send_data(stream, octets, end=number == len(others))
            call = talk.read(x, stream).call
        judge(row, call.request_body == BODY, f"{len(BODY)} octets as sent", f"{len(call.request_body)} octets")
        events = [event for event in call.received if event.get("type") == "http.request"]
        ends = [not plain(event.get("more_body", False)) for event in events]
        right = ends.count(True) == 1 and ends[-1:] == [True]
        judge("ASGI-HTTP-REQ-006" if len(others) < 2 else row, right, "one end, in the last event", ends)


@launch("http2")
@requirement("ASGI-HTTP-DISC-008")
def test_stream_that_is_reset(server: Server, judge: Judge) -> None:
    """A client that resets one stream is gone for that call, and for no other."""
    with multiplexed(server) as talk:
        script = asgi(note("begun"), receive_until("http.disconnect"), live=True)
        x, stream = talk.begin(b"/reset", script=script)
        other, beside = _held(talk, 1)
        for one in (x, other):
            if server.wait(one, "note" if one is x else "waiting", server.patience) is None:
                raise Blocked("the application was not called for both streams")
        talk.http2.cancel(stream)
        gone = server.channel.wait(x.id, lambda event: "http.disconnect" in repr(event.value), server.patience * 2)
        judge("ASGI-HTTP-DISC-008", gone, "http.disconnect in the call whose stream was reset", "nothing")
        server.channel.release(other.id, "go")
        talk.read(other, beside)
        seen = other.response.body if other.response is not None else other.outcome
        judge("ASGI-HTTP-DISC-008", seen == b"answer 1", "the answer on the other stream", seen)

"""HTTP & WebSocket specification, HTTP, Response Body - send event."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from hypothesis import strategies as st

from gateproof.asgi_scripts import TEXT, Step, asgi, body, flood, read_body, respond, send, start, wait
from gateproof.check import launch, requirement
from gateproof.dialogue import Dialogue
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.client import WireError
from gateproof.wire.http1 import Response, ResponseReader, final
from gateproof.wire.request import get, post

from .calling import PART, PARTS, flooded, judge_late_reading, standing_still
from .looking import extensions, kept, scope_of
from .responding import behind, framing_problems, head_of, lengths, out_of_step, parted, shown, trying, whole
from .watching import comes, memory

LIKE_FRAMING = [
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"0",
    b"\n",
    b"a;b=c\r\n",
]
SIZES = (0, 0, 1, 2, 9, 100, 1023, 4096, 4097, 8192, 16_384, 65_535, 65_536, 65_537, 100_003)
READINGS = 6
HEAD, GET = get(method=b"HEAD"), get()


@requirement("ASGI-HTTP-RESP-019")
def test_octets_that_look_like_framing(server: Server, judge: Judge, draw: Draw) -> None:
    """What the application sends is content, whatever it looks like."""
    with kept(server) as connection:

        def law(case: tuple[list[bytes], bool, bytes]) -> None:
            parts, measured, version = case
            octets = b"".join(parts)
            fields = [(b"content-length", b"%d" % len(octets))] if measured else []
            x = connection.exchange(get(version=version), parted(parts, *fields))
            if not x.refused:
                judge("ASGI-HTTP-RESP-019", whole(x, octets), f"200 with {octets[:80]!r}", shown(x))

        corpus = [([piece], measured, b"HTTP/1.1") for piece in LIKE_FRAMING for measured in (False, True)]
        corpus += [(LIKE_FRAMING, False, b"HTTP/1.1"), (LIKE_FRAMING, False, b"HTTP/1.0")]
        pieces = st.lists(st.sampled_from([*LIKE_FRAMING, b"", b"x"]), min_size=1, max_size=6)
        versions = st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0"])
        draw(law, st.tuples(pieces, st.booleans(), versions), corpus)


@requirement("ASGI-HTTP-RESP-019")
def test_no_interim_response_within_a_body(server: Server, judge: Judge) -> None:
    """A body that is read while the response is under way puts no 100 Continue into it."""
    script = asgi(send(start()), send(body(b"a", more=True)), read_body(4.0), send(body(b"b", more=False)), live=True)
    with server.connect() as connection:
        x = connection.begin(get(b"/", (b"Content-Length", b"3"), (b"Expect", b"100-continue"), method=b"POST"), script)
        comes(server, x, "send")
        connection.send(b"xyz")
        connection.read()
    if x.head is not None and x.head.status == 200:
        judge("ASGI-HTTP-RESP-019", whole(x, b"ab"), "200 with b'ab'", shown(x))
    else:
        judge.blocked("ASGI-HTTP-RESP-019", x.outcome)


@requirement("ASGI-HTTP-RESP-025")
def test_parts_are_joined(server: Server, judge: Judge, draw: Draw) -> None:
    """The client gets all parts, in order: empty ones, and such as are larger than buffers are."""
    with kept(server) as connection:

        def law(sizes: list[int]) -> None:
            total, steps = 0, []
            for place, size in enumerate(sizes):
                more = place < len(sizes) - 1
                steps.append(flood(size, 1, body(more=more)) if size > 200 else send(body(b"ab" * size, more=more)))
                total += size if size > 200 else 2 * size
            x = connection.exchange(get(), asgi(send(start()), *steps))
            wanted = b"".join(b"x" * size if size > 200 else b"ab" * size for size in sizes)
            judge("ASGI-HTTP-RESP-025", whole(x, wanted), f"200 with {total} octets, in parts of {sizes}", shown(x))

        corpus = [[1], [0], [1, 0, 1], [0, 1, 0], [100, 4096, 2], [65_536, 1], [65_537, 0, 0, 100_003], [1] * 40]
        draw(law, st.lists(st.sampled_from(SIZES), min_size=1, max_size=6), corpus)


@launch("beside")
@requirement("ASGI-HTTP-RESP-025", "ASGI-HTTP-RESP-031", revision=4)
def test_slow_reader(server: Server, judge: Judge) -> None:
    """While the client does not read, send waits; what is read at last is all that was sent."""
    pid = server.exchange(GET, asgi(respond())).call.events[0].pid
    before = memory(pid)
    steps = (send(start()), flood(PART, PARTS, body(more=True)), send(body(b"end", more=False)))
    with server.connect() as connection:
        x = connection.begin(GET, asgi(*steps, live=True))
        standing_still(server, x, "flooded")
        done = flooded(x.call)
        grown = memory(pid) - before
        x.response = _as_long_as_it_comes(connection)
        server.settle(x)
    judge("ASGI-HTTP-RESP-031", done < PARTS, "send waits while the client does not read", f"{done} sends were done")
    judge.reading("ASGI-HTTP-RESP-031", f"{PART * PARTS >> 20} MiB that nobody reads: the process grows by {grown} MiB")
    total = x.response.length if x.response else 0
    right = x.response is not None and total == PART * PARTS + 3 and not framing_problems(x.response)
    wanted = f"{PART * PARTS + 3} octets"
    judge_late_reading(judge, "ASGI-HTTP-RESP-025", x.call, right, wanted, f"{total} octets")


def _as_long_as_it_comes(connection: Dialogue) -> Response | None:
    """Read a response, for ten seconds and again as long as octets came in the last ten: a machine may be loaded."""
    wire = connection.wire
    for _ in range(READINGS):
        before = wire.reader.length
        with contextlib.suppress(WireError):
            return wire.read_response(b"GET", time.monotonic() + 10.0)
        if wire.reader.ended or wire.reader.length == before:
            break
    return None


@requirement("ASGI-HTTP-RESP-023", "ASGI-HTTP-RESP-024", "ASGI-HTTP-RESP-042")
def test_defaults(server: Server, judge: Judge) -> None:
    """body is b'' where it is missing, more_body and trailers are False: the response is complete."""
    bare = {"type": "http.response.body"}
    begun = send(start(200, [TEXT]))
    cases: list[tuple[str, bytes, bytes, list[Step]]] = [
        ("ASGI-HTTP-RESP-023", GET, b"", [begun, send({**bare, "more_body": False})]),
        ("ASGI-HTTP-RESP-023", GET, b"ab", [begun, *_parts(b"a"), send({**bare, "more_body": True}), *_end(b"b")]),
        ("ASGI-HTTP-RESP-024", GET, b"ok", [begun, send({**bare, "body": b"ok"})]),
        ("ASGI-HTTP-RESP-024", GET, b"aok", [begun, *_parts(b"a"), send({**bare, "body": b"ok"})]),
        ("ASGI-HTTP-RESP-042", get(b"/", (b"TE", b"trailers")), b"ok", [begun, *_end(b"ok")]),
        ("ASGI-HTTP-RESP-042", get(b"/", (b"TE", b"trailers")), b"aok", [begun, *_parts(b"a"), *_end(b"ok")]),
    ]
    for row, request, octets, steps in cases:
        x = while_it_waits(server, request, *steps)
        judge(row, whole(x, octets), f"200 with {octets!r}, complete while the call goes on", shown(x))


def _parts(*parts: bytes) -> list[Step]:
    return [send(body(part, more=True)) for part in parts]


def _end(octets: bytes) -> list[Step]:
    return [send(body(octets, more=False))]


def while_it_waits(server: Server, request: bytes, *steps: Step) -> Exchange:
    """Return the response as it is when the steps are done, while the call goes on."""
    with server.connect() as connection:
        connection.eager = True  # the call waits for us, the response has to wait for nothing
        x = connection.begin(request, asgi(*steps, wait("go", 8.0), live=True))
        comes(server, x, "waiting")
        connection.read_answer()
        connection.release("go")
        server.settle(x)
    return x


@requirement("ASGI-HTTP-RESP-028")
def test_complete_before_the_call_returns(server: Server, judge: Judge) -> None:
    """The last of the body completes the response on the wire; the application may go on."""
    begun, measured = send(start(200, [TEXT])), send(start(200, [TEXT, (b"content-length", b"2")]))
    cases: list[tuple[bytes, bytes, int, list[Step]]] = [
        (GET, b"ok", 200, [begun, *_end(b"ok")]),
        (GET, b"ok", 200, [begun, *_parts(b"o", b"k"), *_end(b"")]),
        (GET, b"ok", 200, [measured, *_parts(b"o"), *_end(b"k")]),
        (GET, b"ok", 200, [measured, *_parts(b"ok"), *_end(b"")]),
        (GET, b"", 404, [send(start(404, [TEXT])), *_end(b"")]),
        (GET, b"", 204, [send(start(204, [])), *_end(b"")]),
        (HEAD, b"", 200, [begun, *_end(b"ok")]),
        (get(b"/", (b"Connection", b"close")), b"ok", 200, [begun, *_parts(b"o"), *_end(b"k")]),
        (get(version=b"HTTP/1.0"), b"ok", 200, [begun, *_parts(b"o"), *_end(b"k")]),
        (post(b"unread"), b"ok", 200, [measured, *_end(b"ok")]),
    ]
    for request, octets, status, steps in cases:
        x = while_it_waits(server, request, *steps)
        if not x.refused:
            old = "warn" if b"HTTP/1.0" in request else ""  # every octet is there, the end of the connection is late
            expected = f"{status} with {octets!r}, complete while the call goes on"
            judge("ASGI-HTTP-RESP-028", whole(x, octets, status), expected, shown(x), weight=old)


@requirement("ASGI-HTTP-RESP-026")
def test_an_empty_part_is_no_end(server: Server, judge: Judge) -> None:
    """Where more is announced, a part without octets ends nothing."""
    for parts in ((b"a", b"", b"b"), (b"", b"a", b"", b"", b"b", b""), (b"", b"ab")):
        for fields in ((), ((b"content-length", b"2"),)):
            x = server.exchange(GET, parted(parts, *fields))
            judge("ASGI-HTTP-RESP-026", whole(x, b"ab"), f"200 with b'ab', sent as {parts}", shown(x))


@requirement("ASGI-HTTP-RESP-027")
def test_each_part_is_flushed(server: Server, judge: Judge, draw: Draw) -> None:
    """What was sent can be read while the application waits for the reader."""

    def law(case: tuple[list[int], bytes]) -> None:
        sizes, kind = case
        fields = [
            (b"content-type", kind),
            *([(b"content-length", b"%d" % sum(sizes))] if kind == b"text/plain" else []),
        ]
        steps: list[Step] = [send(start(200, fields))]
        for place, size in enumerate(sizes):
            steps += [flood(size, 1, body(more=True)), wait(f"go{place}", 8.0)]
        with server.connect() as connection:
            x = connection.begin(GET, asgi(*steps, send(body(b"", more=False)), live=True))
            came, wanted = b"", 0
            for place, size in enumerate(sizes):
                wanted += size
                came = _read_until(server, connection, came, wanted)
                seen = _content(came)
                judge("ASGI-HTTP-RESP-027", seen >= wanted, f"{wanted} octets of the parts {sizes}", f"{seen} octets")
                connection.release(f"go{place}")
            server.settle(x)

    corpus = [([1, 10, 5000, 70_000], b"text/html"), ([1, 1, 100], b"text/plain"), ([20, 3], b"text/event-stream")]
    sizes = st.lists(st.sampled_from([1, 2, 100, 1000, 4096, 16_384, 65_536, 102_400]), min_size=1, max_size=4)
    draw(law, st.tuples(sizes, st.sampled_from([b"text/html", b"text/plain"])), corpus, examples=8)


def _content(octets: bytes) -> int:
    """Return how many octets of content came: the probe floods with x, of which no framing is made."""
    return octets.partition(b"\r\n\r\n")[2].count(b"x")


def _read_until(server: Server, connection: Dialogue, came: bytes, wanted: int) -> bytes:
    """Read until so many octets of content came, or no more do."""
    late, end = False, time.monotonic() + 4 * server.patience
    while _content(came) < wanted and not connection.wire.reader.ended and time.monotonic() < end:
        try:
            came += connection.wire.read_some(time.monotonic() + (0.1 if late else server.patience))
        except WireError:
            if late:
                break
            late = server.answers_others(server.quiet[1], time.monotonic() + 5.0)  # it had time, and took it for others
    return came


LATE: list[Any] = [
    start(203, [(b"x-late", b"1"), (b"content-length", b"4")]),
    body(b"late"),
    body(b"late", more=True),
    body(b"late", more=False),
    {"type": "http.response.body"},
    {"type": "http.response.trailers", "headers": [(b"x-late", b"1")]},
    {"type": "websocket.send", "text": "late"},
    {"type": "http.response.push", "path": "/late", "headers": []},
    {"type": "nonsense"},
    {},
]


@requirement("ASGI-HTTP-RESP-029", "ASGI-HTTP-RESP-030")
def test_messages_after_the_end(server: Server, judge: Judge, draw: Draw) -> None:
    """What is sent after the response is complete has no effect on the wire."""
    dead: list[str] = []

    def law(case: tuple[bytes, bool, bool, list[int]]) -> None:
        if dead:
            return  # it was told; each further one would cost a start
        request, measured, several, late = case
        fields = [(b"content-length", b"2")] if measured else []
        parts = [body(b"o", more=True), body(b"k", more=False)] if several else [body(b"ok")]
        first = trying(start(200, [TEXT, *fields]), *parts)
        script = {**first, "steps": [*first["steps"], *(trying(LATE[place])["steps"][0] for place in late)]}
        with server.connect() as connection:
            x = connection.begin(request, script)
            connection.read()
            octets = b"" if request == HEAD else b"ok"
            events = [LATE[place] for place in late]
            judge("ASGI-HTTP-RESP-029", whole(x, octets), f"200 with {octets!r}, then {events}", shown(x))
            if x.answer.framing != "close":
                wrong = out_of_step(connection)
                judge("ASGI-HTTP-RESP-029", not wrong, f"nothing of {events} on the wire", wrong)
        died = x.died or (connection.current or x).died
        dead.extend([died] if died else [])
        judge("ASGI-HTTP-RESP-029", not died, f"a server that outlives {events}", died)

    late = st.lists(st.integers(0, len(LATE) - 1), min_size=1, max_size=4)
    corpus = [(GET, True, False, [1]), (GET, True, True, [0, 1]), (GET, False, False, [1]), (GET, False, True, [1])]
    corpus += [(GET, True, False, [2, 3]), (GET, False, True, [8, 9, 1]), (HEAD, True, False, [0, 1])]
    corpus += [(GET, False, False, [4]), (GET, True, True, [5, 1])]
    requests = st.sampled_from([GET, GET, HEAD])
    draw(law, st.tuples(requests, st.booleans(), st.booleans(), late), corpus, examples=15)
    x = server.exchange(GET, trying(start(), body(b"ok"), body(b"late")))
    said = x.call.sent[2:]
    raised = said[0].get("raised") if said else "nothing told"
    judge.reading("ASGI-HTTP-RESP-030", f"send raises {raised}" if raised else "send ignores it")


@requirement("ASGI-HTTP-RESP-032", "ASGI-HTTP-RESP-033", "ASGI-HTTP-RESP-048")
def test_no_body_where_there_is_none(server: Server, judge: Judge) -> None:
    """Nothing of a body is sent in answer to HEAD, and with 204 and 304; the connection stays in step or ends."""
    octets, length = b"HEADBODY", (b"content-length", b"8")
    ways: list[tuple[tuple[bytes, ...], tuple[tuple[bytes, bytes], ...]]] = [
        ((octets,), (length,)),
        ((octets,), ()),
        ((b"HEAD", b"BODY", b""), ()),
        ((b"HEAD", b"BODY"), (length,)),
    ]
    for row, request, status in (
        ("ASGI-HTTP-RESP-032", HEAD, 200),
        ("ASGI-HTTP-RESP-032", HEAD, 404),
        ("ASGI-HTTP-RESP-033", GET, 204),
        ("ASGI-HTTP-RESP-033", GET, 304),
        ("ASGI-HTTP-RESP-032", get(method=b"HEAD", version=b"HTTP/1.0"), 200),
    ):
        for parts, fields in ways:
            with server.connect() as connection:
                script = trying(start(status, [TEXT, *fields]), *_events(parts))
                x = connection.begin(request, script)
                connection.read()
                answered = x.response is not None and (request != GET or x.response.status == status)
                if answered:
                    rest = behind(server, connection)
                    judge(row, not rest, f"nothing behind the header of {status}", rest)
                    wrong = "" if rest else out_of_step(connection)
                    judge(row, not wrong, "a connection in step, or its end", wrong)
                    if status == 204 and request == GET:
                        codings = x.answer.all(b"Transfer-Encoding")
                        judge("ASGI-HTTP-RESP-048", not codings, "no Transfer-Encoding with 204", codings)
    for row in ("ASGI-HTTP-RESP-032", "ASGI-HTTP-RESP-033", "ASGI-HTTP-RESP-048"):
        judge(row, True)


@requirement("ASGI-HTTP-RESP-079")
def test_no_length_is_invented(server: Server, judge: Judge) -> None:
    """The server cannot know how long the body would have been in answer to GET, or with 200."""
    for request, status in ((HEAD, 200), (GET, 204), (GET, 304)):
        x = server.exchange(request, trying(start(status, [(b"etag", b'"gp"')]), body(b"")))
        if x.answer.status == status:
            lengths = x.answer.all(b"Content-Length")
            judge("ASGI-HTTP-RESP-079", lengths != [b"0"], "no content-length: 0", x.answer.head)
    judge.rest_blocked("every such response was an error")


@requirement("ASGI-HTTP-RESP-080")
def test_who_says_close_closes(server: Server, judge: Judge) -> None:
    """A connection whose response says that it ends does so, also where the application put the field there."""
    close = (b"connection", b"close")
    for fields, parts in (((close, (b"content-length", b"2")), (b"ok",)), ((close,), (b"o", b"k"))):
        with server.connect() as connection:
            x = connection.begin(GET, trying(start(200, [TEXT, *fields]), *_events(parts)))
            connection.read()
            if x.response is not None and b"close" in b",".join(x.response.all(b"Connection")).lower():
                ends = x.closed or connection.ends()
                judge("ASGI-HTTP-RESP-080", ends, "the end of the connection", "it stays open")
    judge("ASGI-HTTP-RESP-080", True)


def _events(parts: tuple[bytes, ...]) -> list[dict[str, Any]]:
    return [body(part, more=place < len(parts) - 1) for place, part in enumerate(parts)]


@requirement("ASGI-HTTP-RESP-034")
def test_no_more_than_content_length(server: Server, judge: Judge) -> None:
    """Of a body that is longer than its length no octet too many is sent."""
    for parts in ((b"ABCde",), (b"ABC", b"de"), (b"AB", b"Cde", b"f"), (b"ABC", b"", b"d")):
        with server.connect() as connection:
            x = connection.begin(GET, trying(start(200, [TEXT, (b"content-length", b"3")]), *_events(parts)))
            connection.read()
            behind(server, connection)
            content = final(connection.wire.received).partition(b"\r\n\r\n")[2]
            if x.head is not None and lengths(x.head) == [b"3"]:
                judge("ASGI-HTTP-RESP-034", len(content) <= 3, f"at most 3 octets of {parts}", f"content {content!r}")
                wrong = out_of_step(connection) if len(content) <= 3 and x.response else ""
                judge("ASGI-HTTP-RESP-034", not wrong, f"nothing more of {parts}", wrong)
    judge("ASGI-HTTP-RESP-034", True)


@launch("beside")
@requirement("ASGI-HTTP-RESP-035", "ASGI-HTTP-RESP-045")
def test_less_than_content_length(server: Server, judge: Judge) -> None:
    """After a body that is shorter than its length the connection is used for nothing more, and closed."""
    for parts in ((b"short",), (b"sh", b"ort", b""), (b"",)):
        with server.connect() as connection:
            script = trying(start(200, [TEXT, (b"content-length", b"9")]), *_events(parts))
            x = connection.begin(GET, script)
            comes(server, x, "returned", server.patience)
            ended = not connection.stays()
            head = head_of(connection.wire.received)
            if head is None or lengths(head) != [b"9"]:
                continue  # answered by an error: nothing is short
            judge("ASGI-HTTP-RESP-045", ended, "the end of the connection", "it stays open")
            before = len(connection.wire.received)
            if not ended:
                connection.begin(GET, asgi(respond(octets=b"the second")))
                behind(server, connection)
            after = connection.wire.received[before:]
            judge("ASGI-HTTP-RESP-035", b"HTTP/1." not in after, "no second response on this connection", after)
            if not ended:
                break  # the others would wait as long
    for row in ("ASGI-HTTP-RESP-035", "ASGI-HTTP-RESP-045"):
        judge(row, True)


@requirement("ASGI-HTTP-RESP-041")
def test_trailers_are_waited_for(server: Server, judge: Judge) -> None:
    """Where trailers are announced, the last of the body does not complete the response."""
    if "http.response.trailers" not in extensions(scope_of(server, GET)):
        server.unsupported("extensions has no key http.response.trailers", lacks="extension:http.response.trailers")
    trailers = {"type": "http.response.trailers", "headers": [(b"x-sum", b"1")], "more_trailers": False}
    script = asgi(send(start(trailers=True)), *_end(b"ok"), wait("go", 8.0), send(trailers), live=True)
    with server.connect() as connection:
        x = connection.begin(get(b"/", (b"TE", b"trailers")), script)
        comes(server, x, "waiting")
        reader = ResponseReader()
        reader.feed(behind(server, connection))
        early = reader.next_response(b"GET")
        connection.release("go")
        connection.read()
    judge("ASGI-HTTP-RESP-041", early is None, "no end of the response before the trailers", "it was complete")
    judge("ASGI-HTTP-RESP-041", whole(x, b"ok"), "200 with b'ok', complete with the trailers", shown(x))

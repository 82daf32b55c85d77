"""PEP 3333, Handling the Content-Length Header and Other HTTP Features, with RFC 9110 and 9112 behind them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gateproof.check import in_band, requirement
from gateproof.dialogue import Dialogue
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge
from gateproof.scripts import Script, attempt, ok, read, read_all, read_request, start, wsgi
from gateproof.target import Server
from gateproof.wire.request import HOST, build, chunks, get, post

from ...frame.sending import is_1_1
from .looking import after_the_head, body_of

OCTETS = ("Content-Type", "application/octet-stream")
VERSIONS = (b"HTTP/1.1", b"HTTP/1.0")
NEXT = b"GET /next HTTP/1.1\r\nHost: localhost\r\n\r\n"


def giving(blocks: list[bytes], *headers: tuple[str, str], kind: str = "generator", status: str = "200 OK") -> Script:
    """Return a script that answers with blocks."""
    return wsgi(start(status, [OCTETS, *headers]), items=blocks, kind=kind)


def in_step(connection: Dialogue) -> str:
    """Make another exchange on the connection; say what is wrong, '' where it ends or answers in order.

    Where the response said that it is the last one, a client sends nothing more (RFC 9112, 9.6): there is no next one,
    but what belongs to no response may still come.
    """
    wire, last = connection.wire, connection.current and connection.current.response
    if wire.reader.ended or wire.broken:
        return ""
    if last and b"close" in b",".join(last.all(b"Connection")).lower():
        connection.stays()
        return ""
    second = connection.begin(NEXT, ok(b"gateproof-second"))
    connection.read(second)
    if second.response is None:
        return "" if second.closed or second.reset else f"after it: {second.outcome}"
    fine = second.response.status == 200 and second.response.body == b"gateproof-second"
    refused = 400 <= second.response.status < 600 and not second.calls
    return "" if fine or refused else f"the next response is {second.response.head + second.response.body[:60]!r}"


RESPONSES: dict[str, tuple[bytes, Script]] = {
    "a list": (get(), giving([b"a", b"b"], kind="list")),
    "a generator": (get(), giving([b"a", b"b"])),
    "nothing": (get(), giving([], kind="list")),
    "HEAD with a body": (get(method=b"HEAD"), giving([b"body"], kind="list")),
    "HEAD with a counted body": (get(method=b"HEAD"), giving([b"body"], ("Content-Length", "4"), kind="list")),
    "HEAD with a generator": (get(method=b"HEAD"), giving([b"bo", b"dy"])),
    "204 with a body": (get(), giving([b"body"], status="204 No Content")),
    "204 with a counted body": (get(), giving([b"body"], ("Content-Length", "4"), status="204 No Content")),
    "304 with a body": (get(), giving([b"body"], status="304 Not Modified")),
    "304 with a counted body": (get(), giving([b"body"], ("Content-Length", "4"), status="304 Not Modified")),
    "too much": (get(), giving([b"aaa", b"bbb", b"ccc"], ("Content-Length", "5"))),
    "too little": (get(), giving([b"aaa", b"bbb"], ("Content-Length", "20"))),
}


@requirement("WSGI-HTTP-001", "WSGI-HTTP-002", revision=2)
def test_no_more_than_the_announced_length(server: Server, judge: Judge, draw: Draw) -> None:
    """Blocks beyond Content-Length are cut or an error, never sent."""

    def law(case: tuple[int, list[bytes]]) -> None:
        length, blocks = case
        if sum(map(len, blocks)) <= length:
            return
        with server.connect() as connection:
            script = giving(blocks, ("Content-Length", str(length)))
            x = connection.begin(get(b"/", (b"Connection", b"close")), script)
            connection.read(x, timeout=2.0)
            connection.ends(1.0)
            body = body_of(x, connection.wire.received)
        failed = x.response is None or x.response.status >= 500
        judge("WSGI-HTTP-001", failed or len(body) <= length, f"at most {length} octets of body", body[:60])

    corpus = [(5, [b"aaa", b"bbb", b"ccc"]), (0, [b"a"]), (3, [b"abcd"])]
    draw(
        law,
        st.tuples(st.integers(0, 12), st.lists(st.sampled_from([b"aaa", b"bb", b"c"]), min_size=1, max_size=6)),
        corpus,
        examples=8,
    )
    blocks = wsgi(start("200 OK", [("Content-Length", "3")]), items=[b"aaa", b"bbb"], kind="iterator", close=True)
    x = server.exchange(get(), blocks)
    taken = len(x.calls[0].named("item")) if x.calls else 0
    judge.reading("WSGI-HTTP-002", f"{taken} of 2 blocks were asked for when the first filled the length")


@requirement("WSGI-HTTP-003")
def test_too_little_closes_the_connection(server: Server, judge: Judge) -> None:
    """A body shorter than announced ends the connection: nothing else can tell."""
    with server.connect() as connection:
        x = connection.begin(*RESPONSES["too little"])
        connection.read(x, timeout=2.0)
        ended = x.closed or x.reset or connection.ends(2.0)
        failed = x.response is not None and x.response.status >= 500
        judge("WSGI-HTTP-003", ended or failed, "the end of the connection", x.outcome)


@requirement("WSGI-HTTP-005", "WSGI-HTTP-006", "WSGI-HTTP-007", "WSGI-HTTP-008", "WSGI-HTTP-009", revision=2)
def test_the_end_of_the_body_is_marked(server: Server, judge: Judge, draw: Draw) -> None:
    """Whatever the application returns, to clients of both versions: framing that can be read, and is right."""

    def law(case: tuple[str, list[bytes], bytes, bool]) -> None:
        kind, blocks, version, keep = case
        fields = [(b"Connection", b"keep-alive")] if keep else []
        with server.connect() as connection:
            x = connection.begin(get(b"/", *fields, version=version), giving(blocks, kind=kind))
            connection.read(x)
        body, head = b"".join(blocks), x.head
        if head is None:
            judge("WSGI-HTTP-005", False, "a response", x.outcome)
            return
        lengths, coded = head.all(b"Content-Length"), head.all(b"Transfer-Encoding")
        judge("WSGI-HTTP-009", not (coded and lengths), "not both", (coded, lengths))
        judge("WSGI-HTTP-007", version == b"HTTP/1.1" or not coded, "no Transfer-Encoding for HTTP/1.0", coded)
        if coded:
            problems = [p for p in head.problems if "chunk" in p]
            judge("WSGI-HTTP-008", x.response and not problems, "well-formed chunks to the last", problems or x.outcome)
        judge("WSGI-HTTP-006", not lengths or lengths == [b"%d" % len(body)], len(body), lengths)
        judge("WSGI-HTTP-005", x.response and x.response.body == body, body, x.outcome)

    corpus = [("generator", [b"a", b"b"], version, keep) for version in VERSIONS for keep in (True, False)]
    corpus += [
        ("list", [b"hello"], VERSIONS[0], True),
        ("list", [], VERSIONS[0], True),
        ("list", [b""], VERSIONS[0], True),
    ]
    corpus += [("tuple", [b"a", b"b"], VERSIONS[0], False), ("generator", [b"x" * 70_000], VERSIONS[0], True)]
    block = st.sampled_from([b"", b"a", b"bc", b"\r\n", b"x" * 5000])
    kinds = st.sampled_from(["list", "tuple", "generator", "iterator", "iterable"])
    draw(
        law,
        st.tuples(kinds, st.lists(block, max_size=4), st.sampled_from(VERSIONS), st.booleans()),
        corpus,
        examples=15,
    )
    for kind in ("list", "generator"):  # which announces its length itself
        x = server.exchange(get(), giving([b"hel", b"lo"], ("Content-Length", "5"), kind=kind))
        if x.head is not None:
            framing = x.head.all(b"Content-Length"), x.head.all(b"Transfer-Encoding")
            judge("WSGI-HTTP-009", not all(framing), "not both", framing)
    mixed = server.exchange(
        get(), {**giving([b"hello"], kind="list"), "call": [start("200 OK", [OCTETS]), ["write", {"b": "W"}]]}
    )
    if mixed.response is not None and mixed.response.status == 200:
        lengths = mixed.response.all(b"Content-Length")
        judge("WSGI-HTTP-006", not lengths or lengths == [b"6"], "6 or none after write()", lengths)
    judge.unsupported_rest("no response in chunked coding was seen", lacks="chunked-responses")


@requirement("WSGI-HTTP-010", "WSGI-HTTP-013", "WSGI-HTTP-014", "WSGI-HTTP-015", "WSGI-HTTP-016", revision=2)
def test_bodiless_responses_and_the_next_one(server: Server, judge: Judge) -> None:
    """HEAD, 204 and 304 carry no octets of body, and the next response answers the next request."""
    for name, (request, script) in RESPONSES.items():
        with server.connect() as connection:
            x = connection.begin(request, script)
            connection.read(x)
            wrong = in_step(connection)
            rest = after_the_head(connection.wire.received)
            judge("WSGI-HTTP-016", not wrong, f"after {name} the connection is in step or closed", wrong)
            if x.response is None or x.response.status >= 500:
                continue
            leaked = rest.split(b"HTTP/1.")[0]
            if name.startswith("HEAD"):
                judge("WSGI-HTTP-010", not leaked, f"no octet of body for {name}", leaked[:60])
            if name.startswith(("204", "304")):
                judge("WSGI-HTTP-013", not leaked, f"no octet of body for {name}", leaked[:60])
            if name.startswith("204"):
                lengths, coded = x.response.all(b"Content-Length"), x.response.all(b"Transfer-Encoding")
                judge("WSGI-HTTP-014", not lengths, "no Content-Length", lengths)
                judge("WSGI-HTTP-015", not coded, "no Transfer-Encoding", coded)
    judge.rest_blocked("every such response was an error")


@requirement("WSGI-HTTP-011", "WSGI-HTTP-012", revision=2)
def test_head_reaches_the_application(server: Server, judge: Judge) -> None:
    """As HEAD, and the header of the response is what the application gave."""
    x = server.exchange(get(method=b"HEAD"), giving([b"123456789"], ("Content-Length", "9"), kind="list"))
    seen = (x.call.environ.get("REQUEST_METHOD"), x.answer.get(b"Content-Length"))
    judge("WSGI-HTTP-011", seen == ("HEAD", b"9"), ("HEAD", b"9"), seen)
    empty = server.exchange(get(method=b"HEAD"), giving([], kind="list"))
    if empty.answer.status != 200:
        raise Blocked(f"a response without a block is none of the application's: {empty.outcome}")
    judge("WSGI-HTTP-012", empty.answer.all(b"Content-Length") != [b"0"], "no Content-Length: 0", empty.answer.head)


@requirement("WSGI-HTTP-065")
def test_no_length_is_invented_for_304(server: Server, judge: Judge) -> None:
    """The server cannot know how long the body of the 200 would have been."""
    for kind in ("list", "generator"):
        x = server.exchange(get(), giving([], status="304 Not Modified", kind=kind))
        if x.answer.status == 304:
            lengths = x.answer.all(b"Content-Length")
            judge("WSGI-HTTP-065", lengths != [b"0"], "no Content-Length: 0", x.answer.head)
    judge.rest_blocked("every 304 was an error")


@requirement("WSGI-HTTP-017")
def test_an_unread_body_is_not_the_next_request(server: Server, judge: Judge, draw: Draw) -> None:
    """A body that looks like a request, read in part or not at all, never becomes one."""
    inner = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def law(case: tuple[int, int]) -> None:
        padding, taken = case
        body = inner + b"x" * padding
        steps = [read("read", taken)] if taken else []
        with server.connect() as connection:
            x = connection.begin(
                post(body), wsgi(*steps, start("200 OK", [("Content-Length", "2")]), items=[b"ok"]), arm=True
            )
            connection.read(x, timeout=2.0)
            paths = [call.environ.get("PATH_INFO") for call in x.calls]
            judge("WSGI-HTTP-017", "/smuggled" not in paths, "one call, for the request", paths)
            wrong = in_step(connection)
            judge("WSGI-HTTP-017", not wrong, "the next response answers the next request", wrong)

    sizes = st.sampled_from([0, 1, 100, 5000, 70_000, 300_000])
    draw(
        law,
        st.tuples(sizes, st.sampled_from([0, 1, 10, len(inner)])),
        [(0, 0), (0, 10), (100_000, 0), (100_000, 10)],
        examples=6,
    )


@requirement("WSGI-HTTP-018", "WSGI-HTTP-019", revision=2)
def test_the_response_keeps_its_meaning(server: Server, judge: Judge, draw: Draw) -> None:
    """Status, fields and body are what the application gave; the server may add fields of its own."""

    def law(case: tuple[int, list[tuple[str, str]], bytes]) -> None:
        code, headers, body = case
        x = server.exchange(get(), wsgi(start(f"{code} Fine", headers), items=[body]))
        given = {name.lower().encode() for name, _ in headers}
        got = sorted((n.lower(), v) for n, v in x.answer.headers if n.lower() in given)
        wanted = sorted((n.lower().encode(), v.encode("latin-1")) for n, v in headers)
        judge(
            "WSGI-HTTP-018",
            (x.answer.status, x.answer.body) == (code, body),
            (code, body[:60]),
            (x.answer.status, x.answer.body[:60]),
        )
        judge("WSGI-HTTP-018", all(got.count(field) >= wanted.count(field) for field in wanted), wanted, got)
        changed = [name for name in MEANING - given if x.answer.all(name)]
        judge("WSGI-HTTP-018", not changed, "no field that changes the meaning", changed)

    pair = st.sampled_from(
        [OCTETS, ("ETag", '"x"'), ("Location", "/else"), ("Cache-Control", "no-store"), ("Vary", "Accept")]
    )
    codes = st.sampled_from([200, 201, 202, 302, 404, 410, 500, 503])
    corpus = [
        (200, [OCTETS, ("ETag", '"x"')], b"abc"),
        (302, [OCTETS, ("Location", "/else")], b""),
        (404, [OCTETS], b"no"),
    ]
    unique = st.lists(pair, max_size=4, unique_by=lambda p: p[0]).map(
        lambda p: [OCTETS, *(q for q in p if q != OCTETS)]
    )
    draw(law, st.tuples(codes, unique, st.binary(max_size=30)), corpus, examples=10)
    x = server.exchange(
        get(b"/", (b"Range", b"bytes=0-1"), (b"Accept-Encoding", b"gzip")), giving([b"abcdef"], kind="list")
    )
    judge.reading(
        "WSGI-HTTP-019", f"Range and Accept-Encoding against an application that ignores them: {x.answer.status}"
    )


MEANING = frozenset({b"cache-control", b"expires", b"content-encoding", b"content-range", b"location"})
CHUNKED = (b"Transfer-Encoding", b"chunked")
PAYLOAD = b"abcdefgh\nijkl"


def chunked_request(*fields: tuple[bytes, bytes], coded: bytes | None = None) -> bytes:
    """Return a chunked POST with the payload in three chunks."""
    body = chunks([b"abc", b"defgh\nij", b"kl"]) if coded is None else coded
    return build(b"POST", b"/", (HOST, CHUNKED, *fields), body)


def decodes(server: Server) -> Exchange:
    """Return a plain chunked exchange; ends the check where the server does not take chunked requests."""
    if not is_1_1(server):  # a request in chunks may then get no answer at all
        server.unsupported("the server answers as HTTP/1.0, which has no chunked coding", lacks="http/1.1")
    x = server.exchange(chunked_request(), wsgi(read_request(), start("200 OK", []), items=[b"ok"]), timeout=2.0)
    if x.response is not None and x.response.status in (411, 501):
        server.unsupported(f"chunked requests are refused with {x.response.status}", lacks="chunked-requests")
    return x


@requirement("WSGI-HTTP-020", "WSGI-HTTP-021", revision=3)
def test_chunked_requests_are_decoded(server: Server, judge: Judge, draw: Draw) -> None:
    """The application reads the payload and then the end of the file, with extensions and trailers too."""
    plain = decodes(server)
    if plain.silent:  # what was read before the end that never came is not known yet
        judge("WSGI-HTTP-021", False, "the end of the file behind the payload", plain.outcome)
        return
    judge("WSGI-HTTP-020", plain.calls and plain.calls[0].body == PAYLOAD, PAYLOAD, plain.calls and plain.calls[0].body)

    def law(pieces: list[bytes]) -> None:
        body = b"".join(pieces)
        if not body:
            return
        script = wsgi(read_all(4096), start("200 OK", [("Content-Length", "2")]), items=[b"ok"])
        x = server.exchange(chunked_request(coded=chunks(pieces)), script)
        if x.silent:
            judge("WSGI-HTTP-021", False, "the end of the file behind the payload", x.outcome)
        said = x.call.first("read")
        seen = said.get("result")
        seen = getattr(seen, "base", seen)
        got = (seen.length, seen.sha256) if hasattr(seen, "sha256") else (len(seen or b""), seen)
        import hashlib

        wanted = (len(body), hashlib.sha256(body).hexdigest()) if hasattr(seen, "sha256") else (len(body), body)
        judge("WSGI-HTTP-020", got == wanted, f"{len(body)} octets {body[:60]!r}", said)
        judge("WSGI-HTTP-021", True)

    extended = b"3;name=value\r\nabc\r\n8 ; x\r\ndefgh\nij\r\n2\r\nkl\r\n0\r\nX-Trailer: t\r\n\r\n"
    x = server.exchange(
        chunked_request(coded=extended.replace(b"8 ; x", b'8;x="y"')),
        wsgi(read_request(), start("200 OK", []), items=[b"ok"]),
        timeout=2.0,
    )
    if x.silent:
        judge("WSGI-HTTP-021", False, "the end of the file behind extensions and trailers", x.outcome)
    elif not x.refused:
        judge("WSGI-HTTP-020", x.calls and x.calls[0].body == PAYLOAD, "extensions and trailers left out", x.outcome)
    pieces = st.sampled_from([b"a", b"\r\n", b"0\r\n\r\n", b"x" * 5000, b"\x00\xff", b"line\n", b"y" * 70_000])
    corpus = [[b"abc", b"defgh\nij", b"kl"], [b"x" * 70_000], [b"0\r\n\r\n"], [b"a"] * 20]
    draw(law, st.lists(pieces, min_size=1, max_size=4), corpus, examples=8)


@requirement("WSGI-HTTP-022", "WSGI-HTTP-023", revision=2)
def test_content_length_beside_chunked(server: Server, judge: Judge) -> None:
    """No CONTENT_LENGTH that contradicts the body."""
    decodes(server)
    for fields in ((), ((b"Content-Length", b"3"),)):
        script = wsgi(attempt([read("read", 5)]), start("200 OK", [("Content-Length", "2")]), items=[b"ok"])
        x = server.exchange(chunked_request(*fields, coded=chunks([b"hello"])), script, timeout=2.0)
        if not x.calls:
            judge("WSGI-HTTP-023", not x.silent, "a refusal or an answer", x.outcome)
            continue
        seen = x.calls[0].environ.get("CONTENT_LENGTH", "")
        judge("WSGI-HTTP-023", seen in ("", "5", None), "absent or '5'", seen)
        if seen in ("", None) or fields:
            judge("WSGI-HTTP-023", x.calls[0].body == b"hello", b"hello", x.calls[0].body)
        if not fields:
            judge.reading("WSGI-HTTP-022", f"CONTENT_LENGTH of a chunked request is {seen or 'absent'!r}")
    judge.rest_blocked("the request without a length was refused")


@in_band
@requirement("WSGI-HTTP-024")
def test_input_terminated_is_true_if_it_says_so(server: Server, judge: Judge) -> None:
    """Where wsgi.input_terminated is true every read method ends at the end of the body."""
    environ = server.exchange(get(), ok()).call.environ
    if not environ.get("wsgi.input_terminated"):
        server.unsupported("wsgi.input_terminated is not true", lacks="input_terminated")
    steps = [read("read"), read("read", 10), read("readline"), read("readlines"), read("iter")]
    for request in (get(), post(b"hello"), get(b"/", version=b"HTTP/1.0")):
        x = server.exchange(
            request, wsgi(*map(_tried, steps), start("200 OK", [("Content-Length", "2")]), items=[b"ok"])
        )
        judge("WSGI-HTTP-024", not x.silent and x.response is not None, "every method ends", x.outcome)


def _tried(step: Any) -> Any:
    return attempt([step])


@requirement("WSGI-HTTP-025", "WSGI-HTTP-026", "WSGI-HTTP-046", "WSGI-HTTP-029", revision=3)
def test_expect_continue(server: Server, judge: Judge) -> None:
    """The request can be completed; 100 or a final status comes without the body; a read waits for the body."""
    head = post(b"hello", (b"Expect", b"100-continue"))[:-5]
    script = wsgi(read("read", 5), start("200 OK", [("Content-Length", "2")]), items=[b"ok"], live=True)
    old = not is_1_1(server)
    if old:
        judge.unsupported("WSGI-HTTP-046", "the server answers as HTTP/1.0, which expects nothing", lacks="http/1.1")
    with server.connect() as connection:
        x = connection.begin(head, script)
        interim = _interim(connection, 0.1 if old else server.patience)
        if not old:
            judge("WSGI-HTTP-046", interim, "100 Continue or a final status", "silence")
        if interim.startswith((b"HTTP/1.1 100", b"HTTP/1.0 100")):
            import time

            time.sleep(0.2)  # the client is slow on purpose: a read must wait for it
        connection.send(b"hello")
        connection.read(x)
        status = x.response.status if x.response is not None else 0
        final = status >= 400 and status != 500 and not x.calls  # 500 is no answer to an expectation: it failed over it
        body = x.calls[0].body if x.calls else b""
        answered = x.response is not None and x.response.status == 200 and body == b"hello"
        judge("WSGI-HTTP-025", answered or final, "the body arrives and the response comes", (x.outcome, body))
        if x.calls:
            judge(
                "WSGI-HTTP-026", body == b"hello", "a read that waits gives all five octets", x.calls[0].named("read")
            )
    with server.connect() as connection:
        x = connection.begin(head, ok())
        interim = _interim(connection, 0.3)
        asked = interim.startswith(b"HTTP/1.1 100")
        judge.reading(
            "WSGI-HTTP-029", f"an application that does not read: 100 Continue was {'sent' if asked else 'not sent'}"
        )
    judge.rest_blocked("the application was not called")


def _interim(connection: Dialogue, seconds: float) -> bytes:
    """Return the first octets that come within the time, and leave them to be read as a response."""
    import time

    from gateproof.wire.client import WireError

    try:
        got = connection.wire.read_some(time.monotonic() + seconds)
    except WireError:
        return b""
    connection.wire.reader.feed(got)
    return got


@requirement("WSGI-HTTP-027", "WSGI-HTTP-028", revision=2)
def test_no_interim_response_after_the_final_one(server: Server, judge: Judge) -> None:
    """Output first and reading afterwards: no 100 Continue may follow; and none goes to an HTTP/1.0 client."""
    head = post(b"hello", (b"Expect", b"100-continue"))[:-5]
    late, more = [
        wsgi(start("200 OK", [OCTETS]), items=[block, attempt([read("read", 5)]), b"end"], kind="generator", live=True)
        for block in (b"first", b"x" * 20_000)  # a server may hold back what is little
    ]
    at_once = wsgi(read("read", 5), start("200 OK", [OCTETS]), items=[b"done"])
    for script in (late, more, at_once):
        with server.connect() as connection:
            x = connection.begin(head, script)
            _interim(connection, 0.5)
            connection.send(b"hello")
            connection.read(x, timeout=2.0)
            octets = connection.wire.received
        final = min(
            (place for mark in (b"1 2", b"0 2", b"1 4", b"1 5") if (place := octets.find(b"HTTP/1." + mark)) >= 0),
            default=-1,
        )
        interim = octets.find(b" 100 ", final + 9) if final >= 0 else -1
        seen = octets[max(interim - 40, 0) : interim + 40]
        judge("WSGI-HTTP-027", interim < 0, "no 100 after the final status", seen)
    with server.connect() as connection:
        x = connection.begin(post(b"hello", (b"Expect", b"100-continue"), version=b"HTTP/1.0"), at_once)
        connection.read(x, timeout=2.0)
    judge("WSGI-HTTP-028", not x.received.startswith(b"HTTP/1.1 100"), "no 100", x.received[:60])


@requirement("WSGI-HTTP-030")
def test_the_server_acts_on_the_connection_option(server: Server, judge: Judge) -> None:
    """Connection: close, and HTTP/1.0 without keep-alive, end the connection after the response."""
    for request in (get(b"/", (b"Connection", b"close")), get(version=b"HTTP/1.0")):
        with server.connect() as connection:
            x = connection.begin(request, ok())
            connection.read(x)
            judge("WSGI-HTTP-030", connection.ends(2.0), "the end of the connection", x.outcome)

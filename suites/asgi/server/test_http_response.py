"""HTTP & WebSocket specification, HTTP, Response Start - send event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from gateproof.asgi_scripts import asgi, body, iterator, send, start, wait
from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.grammar import malformed
from gateproof.wire.http1 import Response, final
from gateproof.wire.request import get

from ... import pools
from .looking import kept
from .responding import (
    EVIL_NAMES,
    EVIL_VALUES,
    answer,
    behind,
    head_of,
    injected,
    lengths,
    parted,
    sent,
    shown,
    start_with,
    trying,
    whole,
    without_additions,
)
from .watching import comes

Pair = tuple[bytes, bytes]
BODILESS = (204, 205, 304)
STATUSES = [
    200,
    201,
    202,
    203,
    206,
    204,
    205,
    208,
    226,
    299,
    300,
    303,
    304,
    308,
    400,
    404,
    418,
    451,
    499,
    500,
    511,
    599,
    401,
    405,
    407,
    410,
    412,
    413,
    416,
    417,
    421,
    426,
    429,
    431,
    503,
]
COOKIES = [(b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2"), (b"set-cookie", b"a=3")]


@requirement("ASGI-HTTP-RESP-011", "ASGI-HTTP-RESP-025", "ASGI-HTTP-RESP-048", revision=2)
def test_status(server: Server, judge: Judge, draw: Draw) -> None:
    """The status on the wire is the one that was given, with its body; 204 has no Transfer-Encoding."""
    with kept(server) as connection:

        def law(code: int) -> None:
            octets = b"" if code in BODILESS else b"ok"
            x = connection.exchange(get(), parted([octets], status=code))
            seen = x.response.status if x.response else x.outcome
            judge("ASGI-HTTP-RESP-011", seen == code, code, seen)
            if code not in BODILESS:
                judge("ASGI-HTTP-RESP-025", whole(x, octets, code), f"{code} with {octets!r}", shown(x))
            if code == 204 and x.response:
                judge("ASGI-HTTP-RESP-048", not x.response.all(b"Transfer-Encoding"), "no such field", x.response.head)

        draw(law, st.integers(200, 599), STATUSES)


@requirement("ASGI-HTTP-RESP-012", "ASGI-HTTP-RESP-013", "ASGI-HTTP-RESP-014", "ASGI-HTTP-RESP-043", revision=2)
def test_fields_arrive(server: Server, judge: Judge, draw: Draw) -> None:
    """Every header field is on the wire, octet for octet; repeated ones apart, and all in the order given."""
    with kept(server) as connection:

        def law(fields: list[Pair]) -> None:
            x = connection.exchange(get(), answer([*fields, (b"content-length", b"2")]))
            if not whole(x, b"ok"):
                judge("ASGI-HTTP-RESP-012", False, f"200 with {fields}", shown(x))
                return
            _judge_fields(judge, fields, x.answer)

        corpus = [
            [(b"content-type", b"text/plain"), *COOKIES],
            [(b"set-cookie", b"a"), (b"x-m", b"1"), (b"set-cookie", b"b"), (b"x-n", b"2"), (b"x-m", b"3")],
            [(b"x-a", b"caf\xe9 \xff\x80"), (b"x-b", b"a  b"), (b"x-c", b'"q, t"'), (b"x-d", b"\xc3\xa9")],
            [(name.lower(), b"v") for name in pools.TOKENS],
            [(b"x-empty", b""), (b"x-" + b"n" * 100, b"v" * 4000), (b"etag", b'W/"1"'), (b"vary", b"accept, cookie")],
            [(b"x-%d" % (number % 20), b"%d" % number) for number in range(60)],
            [(b"location", b"/a%20b?c=d"), (b"link", b"</a>; rel=next"), (b"www-authenticate", b'Basic realm="x"')],
        ]
        draw(law, st.lists(pairs, min_size=1, max_size=7), corpus)


@requirement("ASGI-HTTP-RESP-081")
def test_a_response_has_a_date(server: Server, judge: Judge) -> None:
    """What the application answers without a Date leaves with one."""
    for status in (200, 302, 404):
        seen = server.exchange(get(), answer([(b"content-length", b"2")], status=status)).answer.all(b"Date")
        right = [malformed([(b"date", value)]) for value in seen] == [""]
        judge("ASGI-HTTP-RESP-081", right, f"one Date with {status}", seen)


@requirement("ASGI-HTTP-RESP-056", "ASGI-HTTP-RESP-057")
def test_what_the_application_gave_is_not_added(server: Server, judge: Judge) -> None:
    """A Date or Server of the application's has no second one of the server's beside it."""
    x = server.exchange(get(), answer([(b"date", b"Sun, 06 Nov 1994 08:49:37 GMT"), (b"server", b"the-application")]))
    for row, name in (("ASGI-HTTP-RESP-056", b"Date"), ("ASGI-HTTP-RESP-057", b"Server")):
        seen = x.answer.all(name)
        judge(row, len(seen) < 2, f"one {name.decode()} at most", seen)


@requirement("ASGI-HTTP-RESP-049")
def test_tab_in_a_value(server: Server, judge: Judge) -> None:
    """A tab within a value is no control character to be refused."""
    for value in (b"a\tb", b"a\t\tb c"):
        x = server.exchange(get(), answer([(b"x-t", value), (b"content-length", b"2")]))
        came = [field.split() for field in x.response.all(b"x-t")] if x.response else []
        right = whole(x, b"ok") and came == [value.split()]
        judge("ASGI-HTTP-RESP-049", right, f"200 with x-t: {value!r}", came or shown(x))


words = st.sampled_from([value for value in pools.VALUES if b"\t" not in value])
names = st.one_of(pools.field_names.map(bytes.lower), st.sampled_from([b"set-cookie", b"cache-control", b"vary"]))
pairs = st.tuples(names, words)


def _judge_fields(judge: Judge, sent: list[Pair], response: Response) -> None:
    """Judge the fields of a response against those that the application gave."""
    ours = {name for name, _ in sent}
    seen = [(name.lower(), value) for name, value in response.headers if name.lower() in ours]
    for name in dict.fromkeys(name for name, _ in sent):
        given = [value for key, value in sent if key == name]
        came = without_additions(response, name, given)
        if len(given) > 1 and len(came) != len(given):
            judge("ASGI-HTTP-RESP-014", False, f"{name!r} as {len(given)} fields: {given}", came)
        elif judge("ASGI-HTTP-RESP-012", sorted(came) == sorted(given), f"{name!r}: {given}", came):
            judge("ASGI-HTTP-RESP-013", came == given, f"{name!r}: {given} in this order", came)
    judge("ASGI-HTTP-RESP-014", True)
    judge("ASGI-HTTP-RESP-013", True)
    seen = [pair for pair in seen if pair in sent]
    if sorted(seen) == sorted(sent):
        order = [name for name, _ in sent]
        judge("ASGI-HTTP-RESP-043", [name for name, _ in seen] == order, order, [name for name, _ in seen])
    else:
        judge("ASGI-HTTP-RESP-043", True)


@requirement("ASGI-HTTP-RESP-015")
def test_headers_are_optional(server: Server, judge: Judge) -> None:
    """A start without headers is one with an empty list."""
    for status, octets in ((200, b"ok"), (404, b""), (204, b"")):
        x = server.exchange(get(), asgi(send(start(status, None)), send(body(octets))))
        judge("ASGI-HTTP-RESP-015", whole(x, octets, status), f"{status} with {octets!r}", shown(x))


@requirement("ASGI-HTTP-RESP-016", "ASGI-HTTP-RESP-044", revision=2)
def test_kinds_of_iterables(server: Server, judge: Judge) -> None:
    """headers may be a list or a tuple of lists or tuples; an iterator that can be read once as well."""
    sent = [(b"x-a", b"1"), (b"x-b", b"2"), (b"content-length", b"2")]
    lists = [list(pair) for pair in sent]
    kinds: Sequence[tuple[str, Any]] = (
        ("ASGI-HTTP-RESP-016", sent),
        ("ASGI-HTTP-RESP-016", lists),
        ("ASGI-HTTP-RESP-016", tuple(sent)),
        ("ASGI-HTTP-RESP-016", tuple(lists)),
        ("ASGI-HTTP-RESP-016", [sent[0], lists[1], sent[2]]),
        ("ASGI-HTTP-RESP-044", iterator(sent)),
        ("ASGI-HTTP-RESP-044", iterator(lists)),
    )
    for row, headers in kinds:
        x = server.exchange(get(), answer(headers))
        found = x.response.headers if x.response else []
        seen = [(name.lower(), value) for name, value in found if name.lower() in (b"x-a", b"x-b")]
        judge(row, seen == sent[:2] and whole(x, b"ok"), f"{sent[:2]} of {type(headers).__name__}", seen or x.outcome)


@requirement("ASGI-HTTP-RESP-017")
def test_when_the_header_is_sent(server: Server, judge: Judge) -> None:
    """Whether status and header wait for the first of the body is left to the server."""
    with server.connect() as connection:
        x = connection.begin(get(), asgi(send(start()), wait("go", 8.0), send(body(b"ok")), live=True))
        comes(server, x, "waiting")
        early = b"HTTP/1" in behind(server, connection)
        connection.release("go")
        connection.read()
    judge.reading("ASGI-HTTP-RESP-017", "sent with the start" if early else "held back until the first of the body")


@requirement("ASGI-HTTP-RESP-018")
def test_transfer_encoding_of_the_application_is_ignored(server: Server, judge: Judge, draw: Draw) -> None:
    """It is not on the wire, and changes no framing."""

    def law(case: tuple[bytes, bytes | None, tuple[bytes, ...]]) -> None:
        coding, length, parts = case
        fields = [(b"transfer-encoding", coding), *([(b"content-length", length)] if length is not None else [])]
        x = server.exchange(get(), parted(parts, *fields))
        octets = b"".join(parts)
        expected = f"200 with {octets!r}, and no coding but the server's own"
        if not judge("ASGI-HTTP-RESP-018", whole(x, octets), expected, shown(x)):
            return
        codings = x.answer.all(b"Transfer-Encoding")
        own = [] if x.answer.framing != "chunked" else [b"chunked"]
        judge("ASGI-HTTP-RESP-018", codings == own, f"Transfer-Encoding {own}", x.answer.head)

    corpus = [
        (b"chunked", None, (b"hello",)),
        (b"gzip", None, (b"hello",)),
        (b"chunked", b"5", (b"hello",)),
        (b"identity", None, (b"hel", b"lo")),
        (b"gzip, chunked", b"5", (b"hel", b"lo")),
        (b"Chunked", None, (b"5\r\nhello\r\n0\r\n\r\n",)),
    ]
    draw(law, st.sampled_from([(c, n, p) for c, _, _ in corpus for n, p in LENGTHS]), corpus, examples=10)


LENGTHS: list[tuple[bytes | None, tuple[bytes, ...]]] = [(None, (b"a", b"b")), (b"2", (b"ab",)), (None, (b"",))]


@requirement("ASGI-HTTP-RESP-022")
def test_content_encoding_is_the_applications(server: Server, judge: Judge) -> None:
    """Neither a coded body nor one that could be coded is altered."""
    octets = b"\x1f\x8b" + bytes(range(256))
    for accepted in (b"gzip", b"gzip, deflate, br", b"identity", b"*"):
        for fields, text in (([(b"content-encoding", b"gzip")], octets), ([], b"word " * 2000)):
            x = server.exchange(get(b"/", (b"Accept-Encoding", accepted)), parted([text], *fields))
            found = x.response.all(b"Content-Encoding") if x.response else []
            same = whole(x, text) and found == [value for _, value in fields]
            judge("ASGI-HTTP-RESP-022", same, f"{len(text)} octets, Content-Encoding {fields}", shown(x))


INJECTING: list[tuple[Any, bytes, bytes]] = [
    *[(200, b"x-a", value) for value in EVIL_VALUES],
    *[(200, name, b"1") for name in EVIL_NAMES],
    *[(status, b"x-a", b"1") for status in ("200 OK\r\nx-evil: 1", b"200 OK\r\nx-evil: 1", "200\nx-evil: 1")],
]


@requirement("ASGI-HTTP-RESP-039")
def test_nothing_is_injected(server: Server, judge: Judge, draw: Draw) -> None:
    """CR, LF and NUL of a status, a name or a value do not reach the wire; to raise, to fold and to drop all pass."""

    def law(case: tuple[Any, bytes, bytes]) -> None:
        status, name, value = case
        headers = [(b"x-first", b"1"), (name, value), (b"content-length", b"2")]
        _, octets = sent(server, trying(start_with(headers, status), body(b"ok")))
        judge(
            "ASGI-HTTP-RESP-039",
            not injected(octets),
            f"nothing of status {status!r}, {name!r}: {value!r}",
            octets[:400],
        )

    marks = st.sampled_from([b"\r\n", b"\n", b"\r", b"\x00", b"\r\n\r\n", b"\r\n\t"])
    evil = st.builds(lambda a, mark, b: a + mark + b, st.sampled_from([b"", b"a", b"v" * 70]), marks, EVILS)
    cases = st.builds(lambda text, place: INTO[place](text), evil, st.integers(0, 1))
    draw(law, cases, INJECTING, examples=15)


EVILS = st.sampled_from([b"x-evil: 1", b"x-evil", b"x-evil: 1\r\nx-b: 2"])
INTO: list[Callable[[bytes], tuple[int, bytes, bytes]]] = [
    lambda text: (200, b"x-a", text),
    lambda text: (200, b"x" + text, b"1"),
]


def _head(x: Exchange) -> Any:
    return x.head.head if x.head else x.outcome


BAD_NAMES = (b"", b"x a", b"x-a ", b" x-a", b"x\x01", b"x\xe9", b"x\x7f", b"x/a")
BAD_VALUES = (b"a\x01b", b"a\x7fb", b"\x1b[0m", b"a\x0bb", b"\x08")
BAD_STATUSES = (2000, 99, 0, -1, 20)


@requirement("ASGI-HTTP-RESP-058")
def test_no_delimiter_is_in_a_name(server: Server, judge: Judge) -> None:
    """No name with a delimiter in it is on the wire."""
    for octet in b'()<>@,;={}[]\\"':
        name = b"x" + bytes([octet]) + b"a"
        x, octets = sent(server, trying(start_with([(name, b"1"), (b"content-length", b"2")]), body(b"ok")))
        if x.died:
            judge.blocked("ASGI-HTTP-RESP-058", f"the server died of {name!r}")
            return
        head = final(octets).partition(b"\r\n\r\n")[0]
        judge("ASGI-HTTP-RESP-058", name not in head.lower(), f"nothing of {name!r}", head[:200])


@requirement("ASGI-HTTP-RESP-046", "ASGI-ERR-011")
def test_no_malformed_name_is_sent(server: Server, judge: Judge) -> None:
    """No name that is no token is on the wire."""
    nothing_malformed(server, judge, "ASGI-HTTP-RESP-046", [(200, name, b"1") for name in BAD_NAMES])


@requirement("ASGI-HTTP-RESP-071", "ASGI-ERR-011")
def test_no_control_character_is_sent(server: Server, judge: Judge) -> None:
    """No control character of a value is on the wire."""
    nothing_malformed(server, judge, "ASGI-HTTP-RESP-071", [(200, b"x-a", value) for value in BAD_VALUES])


@requirement("ASGI-HTTP-RESP-072", "ASGI-ERR-011")
def test_no_malformed_status_is_sent(server: Server, judge: Judge) -> None:
    """No status but three digits is on the wire."""
    nothing_malformed(server, judge, "ASGI-HTTP-RESP-072", [(status, b"x-a", b"1") for status in BAD_STATUSES])


def nothing_malformed(server: Server, judge: Judge, row: str, cases: list[tuple[int, bytes, bytes]]) -> None:
    """Judge that what comes of a start with a malformed part has a well-formed header, or none."""
    for status, name, value in cases:
        x, octets = sent(server, trying(start_with([(name, value), (b"content-length", b"2")], status), body(b"ok")))
        said = f"status {status!r}, {name!r}: {value!r}"
        if not judge("ASGI-ERR-011", not x.died, f"an exception out of send, or none, for {said}", x.died):
            judge.blocked(row, f"the server died of {said}")
            return
        head = head_of(octets)
        problems = head.problems if head else []
        judge(row, not problems, f"nothing of {said}", problems)


@requirement("ASGI-HTTP-RESP-040")
def test_pseudo_headers_are_refused(server: Server, judge: Judge) -> None:
    """send raises for a name that begins with a colon."""
    for pair in ((b":status", b"201"), (b":path", b"/")):
        x, octets = sent(server, trying(start_with([pair, (b"content-length", b"2")]), body(b"ok")))
        raised = any(event.get("raised") for call in x.calls for event in call.sent)
        judge("ASGI-HTTP-RESP-040", raised, f"send raises for {pair[0]!r}", x.died or octets[:200])


@requirement("ASGI-HTTP-RESP-047")
def test_an_invalid_content_length_is_not_sent(server: Server, judge: Judge) -> None:
    """What is no number, and what contradicts another, does not reach the wire."""
    for values in ([b"abc"], [b"-1"], [b"+2"], [b"2", b"3"], [b"2, 3"], [b"0x2"], [b"2_0"], [b"2.0"], [b""]):
        fields = [(b"content-length", value) for value in values]
        head = head_of(sent(server, trying(start_with(fields), body(b"ok")))[1])
        found = lengths(head) if head else []
        right = all(value.isdigit() for value in found) and len(set(found)) < 2
        judge("ASGI-HTTP-RESP-047", right, f"no content-length of {values}", found)


@requirement("ASGI-HTTP-RESP-021")
def test_content_length_is_used(server: Server, judge: Judge) -> None:
    """A length that the application gives is on the wire, and the body is not chunked."""
    for parts in ((b"hello",), (b"he", b"", b"llo"), (b"hello", b"")):
        x = server.exchange(get(), parted(parts, (b"content-length", b"5")))
        judge("ASGI-HTTP-RESP-021", whole(x, b"hello"), "200 with b'hello'", shown(x))
        if x.response:
            framed = (lengths(x.response), x.response.all(b"Transfer-Encoding")) == ([b"5"], [])
            judge("ASGI-HTTP-RESP-021", framed, "Content-Length: 5 and no Transfer-Encoding", x.response.head)


@requirement("ASGI-HTTP-RESP-020", "ASGI-HTTP-RESP-038")
def test_framing_without_a_length(server: Server, judge: Judge) -> None:
    """Without a length an HTTP/1.1 response may be chunked, one to HTTP/1.0 may not."""
    x = server.exchange(get(), parted([b"a", b"b"]))
    judge.reading("ASGI-HTTP-RESP-020", f"to HTTP/1.1 framed by {x.response.framing if x.response else x.outcome}")
    for fields in ((), ((b"Connection", b"keep-alive"),)):
        for parts in ((b"hello ", b"world"), (b"hello world",), ()):
            x = server.exchange(get(b"/", *fields, version=b"HTTP/1.0"), parted(parts))
            if x.refused:
                continue
            codings = x.head.all(b"Transfer-Encoding") if x.head else []
            judge("ASGI-HTTP-RESP-038", not codings, "no Transfer-Encoding", _head(x))
    judge("ASGI-HTTP-RESP-038", True)

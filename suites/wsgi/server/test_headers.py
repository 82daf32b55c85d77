"""PEP 3333, The start_response() Callable: the headers that the application gives."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

from hypothesis import strategies as st

from gateproof import values
from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Judge
from gateproof.scripts import Script, start, wsgi
from gateproof.target import Server
from gateproof.wire.http1 import TOKEN, final
from gateproof.wire.request import get

from .looking import after_the_head

LENGTH_2 = ("Content-Length", "2")


def giving(*headers: Any) -> Script:
    """Return a script with these headers and 'ok'."""
    return wsgi(start("200 OK", [*headers, LENGTH_2]), items=[b"ok"])


def giving_form(form: Any) -> Script:
    """Return a script whose header list may be any value."""
    return wsgi(["start", "200 OK", values.encode(form), ""], items=[b"ok"])


def head_lines(x: Exchange) -> list[bytes]:
    """Return the lines of everything before the first empty line of the final response, however it was ended."""
    return final(x.received).replace(b"\r\n", b"\n").split(b"\n\n")[0].split(b"\n")


def raised(x: Exchange) -> bool:
    """Tell whether start_response raised."""
    return bool(x.calls) and "raised" in (x.calls[0].first("start") or {})


@requirement("WSGI-HEADERS-012", revision=2)
def test_headers_are_transmitted_intact(server: Server, judge: Judge, draw: Draw) -> None:
    """Every header with its name and value, empty values too; characters beyond ASCII are for WSGI-UNICODE-005."""

    def law(headers: list[tuple[str, str]]) -> None:
        x = server.exchange(get(), giving(*headers))
        got = [(n.lower(), v) for n, v in x.answer.headers]
        for name, text in headers:
            wanted = (name.lower().encode(), text.strip(" \t").encode("latin-1"))
            judge("WSGI-HEADERS-012", wanted in got, wanted, [pair for pair in got if pair[0] == wanted[0]])

    names = st.sampled_from(["X-A", "x-b", "X-C.D", "X-!#$%&'*+^`|~", "ETag", "Content-Language", "X-Long-" + "n" * 60])
    texts = st.sampled_from(["", "v", "a, b", "v  w", '"q"', "x" * 500, "a;b=c", "a\tb"])
    corpus = [
        [("X-Empty", "")],
        [("X-A", "1"), ("x-b", "a, b")],
        [("Content-Language", "en")],
        [("X-Long", "v" * 3000)],
    ]
    draw(law, st.lists(st.tuples(names, texts), min_size=1, max_size=4, unique_by=lambda pair: pair[0].lower()), corpus)


@requirement("WSGI-HEADERS-013", revision=2)
def test_repeated_headers_keep_their_order(server: Server, judge: Judge, draw: Draw) -> None:
    """Set-Cookie line by line; other names as lines or joined with a comma, in order."""

    def law(texts: list[str]) -> None:
        pairs = [("Set-Cookie", f"c{number}={text}") for number, text in enumerate(texts)]
        pairs += [("X-Other", "between"), *(("X-Rep", f"{number}{text}") for number, text in enumerate(texts))]
        answer = server.exchange(get(), giving(*pairs[::2], *pairs[1::2])).answer
        given = [*pairs[::2], *pairs[1::2]]
        cookies = [text.encode() for name, text in given if name == "Set-Cookie"]
        seen = [value for value in answer.all(b"Set-Cookie") if value in cookies]  # a server may set one of its own
        judge("WSGI-HEADERS-013", seen == cookies, cookies, answer.all(b"Set-Cookie"))
        repeated = [text.encode() for name, text in given if name == "X-Rep"]
        got = [part.strip() for line in answer.all(b"X-Rep") for part in line.split(b",")]
        judge("WSGI-HEADERS-013", got == repeated, repeated, answer.all(b"X-Rep"))

    draw(
        law,
        st.lists(st.sampled_from(["a", "b", "z", "1"]), min_size=2, max_size=5),
        [["a", "b"], ["z", "a", "z"]],
        examples=6,
    )


@requirement("WSGI-HEADERS-014")
def test_date_is_added(server: Server, judge: Judge) -> None:
    """A response that the application gave no Date has one."""
    seen = server.exchange(get(), giving(("Content-Type", "text/plain"))).answer.all(b"Date")
    valid = len(seen) == 1 and seen[0].endswith(b"GMT")
    if valid:
        try:
            parsedate_to_datetime(seen[0].decode("latin-1"))
        except ValueError:
            valid = False
    judge("WSGI-HEADERS-014", valid, "one valid Date", seen)


INJECTED: list[tuple[str, str]] = [
    ("X-A", "v\r\nX-Inj: 1"),
    ("X-A", "v\nX-Inj: 1"),
    ("X-A", "v\rX-Inj: 1"),
    ("X-A\r\nX-Inj", "1"),
    ("X-A: v\nX-Inj", "1"),
    ("X-A", "v\0w"),
    ("X-A\0", "v"),
    ("X-A", "v\r\n\r\nX-Inj: 1"),
]


def control(header: tuple[str, str]) -> str:
    """Return the requirement that is about a header with a line end or NUL in it."""
    name, text = header
    return (
        "WSGI-HEADERS-030" if "\0" in name + text else "WSGI-HEADERS-015" if name.isprintable() else "WSGI-HEADERS-029"
    )


@requirement("WSGI-HEADERS-015", "WSGI-HEADERS-029", "WSGI-HEADERS-030", revision=3)
def test_nothing_is_injected(server: Server, judge: Judge, draw: Draw) -> None:
    """CR, LF and NUL of a name or value never reach the wire: raising, dropping and an error pass."""

    def law(header: tuple[str, str]) -> None:
        x, row = server.exchange(get(), giving(header), timeout=2.0), control(header)
        lines = head_lines(x)
        injected = [line for line in lines if line.startswith(b"X-Inj")]
        judge(row, not injected, f"no line of its own from {header!a}", lines)
        bare = [line for line in lines if b"\0" in line or b"\r" in line]
        judge(row, not bare, f"neither CR nor NUL from {header!a}", bare)
        body = after_the_head(x.received)  # the page of an error may quote what was refused, and does so further on
        judge(row, not body.startswith(b"X-Inj"), f"no body of its own from {header!a}", x.received)

    ends = st.sampled_from(["\r\n", "\n", "\r", "\0", "\r\n\r\n"])
    values_ = st.builds(lambda a, e: ("X-A", f"{a}{e}X-Inj: 1"), st.sampled_from(["", "v", "a b"]), ends)
    names = st.builds(lambda e: (f"X-A: v{e}X-Inj", "1"), ends)
    draw(law, st.one_of(values_, names), INJECTED, examples=8)


@requirement("WSGI-HEADERS-016", "WSGI-HEADERS-017", "WSGI-HEADERS-019", "WSGI-HEADERS-022", "WSGI-HEADERS-018")
def test_bad_headers_raise(server: Server, judge: Judge) -> None:
    """Control characters, names that are no tokens, items that are no pairs, hop-by-hop fields."""
    for text in ("a\x01b", "a\x7fb", "\x1b[0m"):
        x = server.exchange(get(), giving(("X-A", text)), timeout=2.0)
        judge("WSGI-HEADERS-016", raised(x), f"start_response raises for the value {text!a}", x.outcome)
    for name in ("X-A:", "X A", "", "X-\xe9", "X(A)"):
        x = server.exchange(get(), giving((name, "v")), timeout=2.0)
        judge("WSGI-HEADERS-017", raised(x), f"start_response raises for the name {name!a}", x.outcome)
    items: list[Any] = [("X-A", "v", "w"), ("X-A", b"v"), (b"X-A", "v"), ("X-A", 1), ("X-A", None), None]
    for item in items:
        x = server.exchange(get(), giving_form([item, LENGTH_2]), timeout=2.0)
        judge("WSGI-HEADERS-019", raised(x), f"start_response raises for {item!a}", x.outcome)
    for name in ("Connection", "keep-alive", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Upgrade"):
        x = server.exchange(get(), giving((name, "x")), timeout=2.0)
        judge("WSGI-HEADERS-022", raised(x), f"start_response raises for {name}", x.outcome)
    odd = {"a tuple": (("X-A", "v"), LENGTH_2)}
    for name, form in odd.items():
        x = server.exchange(get(), giving_form(form), timeout=2.0)
        judge.reading("WSGI-HEADERS-018", f"{name} of headers is {'refused' if raised(x) else 'taken'}")


@requirement("WSGI-HEADERS-020", "WSGI-HEADERS-021", revision=2)
def test_headers_are_known_in_any_letter_case(server: Server, judge: Judge) -> None:
    """content-LENGTH frames the body; Date and Server are not added beside the application's own."""
    usual, seen = (
        (x.answer.all(b"Content-Length"), x.answer.all(b"Transfer-Encoding"), x.answer.body)
        for name in ("Content-Length", "content-LENGTH")
        for x in [server.exchange(get(), wsgi(start("200 OK", [(name, "2")]), items=[b"o", b"k"], kind="generator"))]
    )
    judge("WSGI-HEADERS-020", seen == usual, usual, seen)
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    plain = server.exchange(get(), giving(("Date", date), ("Server", "mine"))).answer
    odd = server.exchange(get(), giving(("dAte", date), ("sErver", "mine"))).answer
    for name in (b"Date", b"Server"):
        judge("WSGI-HEADERS-021", len(plain.all(name)) <= 1, f"one {name.decode()}", plain.all(name))
        same = len(odd.all(name)) == len(plain.all(name)) or len(plain.all(name)) > 1
        judge("WSGI-HEADERS-020", same, plain.all(name), odd.all(name))


@requirement("WSGI-HEADERS-023")
def test_a_hop_by_hop_header_does_not_spoil_the_framing(server: Server, judge: Judge) -> None:
    """Transfer-Encoding from the application: a message that can be read as 'ok', an error, or a closed connection."""
    for headers in ([("Transfer-Encoding", "chunked")], [("Transfer-Encoding", "chunked"), LENGTH_2]):
        x = server.exchange(get(), wsgi(start("200 OK", headers), items=[b"ok"]), timeout=2.0)
        response = x.response
        if response is None or response.status >= 500:
            judge("WSGI-HEADERS-023", not x.silent and b"ok" not in x.partial[-9:], "an error or a close", x.outcome)
            continue
        both = len(response.all(b"Transfer-Encoding")) > 1 or any("both" in p for p in response.problems)
        good = response.body == b"ok" and response.complete and not both
        judge("WSGI-HEADERS-023", good, "a message whose body is 'ok'", x.received)


@requirement("WSGI-HEADERS-024", revision=2)
def test_invalid_lengths_are_not_sent(server: Server, judge: Judge, draw: Draw) -> None:
    """A Content-Length that is no number does not reach the wire."""

    def law(length: str) -> None:
        sent = lengths_sent(server, [length])
        judge("WSGI-HEADERS-024", all(text.isdigit() for text in sent), f"no length of {length!r}", sent)

    draw(law, st.sampled_from(["x", "-2", "0x2", "2.0", " ", "2 2"]), ["abc", "-1", "+2", ""], examples=5)


@requirement("WSGI-HEADERS-031")
def test_conflicting_lengths_are_not_sent(server: Server, judge: Judge, draw: Draw) -> None:
    """Of two lengths that differ not both reach the wire."""

    def law(lengths: list[str]) -> None:
        sent = lengths_sent(server, lengths)
        good = len(set(sent)) <= 1 and all(text.isdigit() for text in sent)
        judge("WSGI-HEADERS-031", good, f"no second length of {lengths}", sent)

    draw(law, st.permutations(["2", "3"]), [["2", "3"], ["2", "20"], ["2, 3"]], examples=2)


def lengths_sent(server: Server, lengths: list[str]) -> list[bytes]:
    """Return the lengths on the wire where an application gave these; none where that is an error."""
    pairs = [("Content-Length", length) for length in lengths]
    x = server.exchange(get(), wsgi(start("200 OK", pairs), items=[b"ok"]), timeout=0.3)  # a longer body never ends
    head = x.head  # of a response that no client can read to its end as well
    return [] if head is None or head.status >= 500 or raised(x) else head.all(b"Content-Length")


@requirement("WSGI-HEADERS-028")
def test_no_name_that_is_no_token_is_sent(server: Server, judge: Judge) -> None:
    """Raising, an error and dropping the header pass; a line with that name does not."""
    for name in ("X A", "", "X-A:", "X-\xe9", "X(A)"):
        x = server.exchange(get(), giving((name, "gateproof-value")), timeout=2.0)
        mine = [line for line in head_lines(x) if b"gateproof-value" in line]
        bad = [line for line in mine if not TOKEN.fullmatch(line.rpartition(b":")[0])]
        judge("WSGI-HEADERS-028", not bad, f"no line for the name {name!a}", bad)

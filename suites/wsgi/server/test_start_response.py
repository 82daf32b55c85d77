"""PEP 3333, The start_response() Callable: what it takes, what it returns, and when the header leaves."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import strategies as st

from gateproof.check import requirement
from gateproof.dialogue import Dialogue
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Judge
from gateproof.scripts import Script, attempt, ok, start, wait, wsgi
from gateproof.target import Server
from gateproof.wire.client import WireError
from gateproof.wire.request import get

from .looking import answered

LENGTH_1 = [("Content-Length", "1")]
LISTEN_S = 0.1  # how long we listen for octets that must not come: a miss is better than a false alarm


def starts(x: Exchange) -> list[dict[str, Any]]:
    """Return what each call of start_response came to."""
    return x.call.named("start")


def octets_while_waiting(connection: Dialogue, x: Exchange) -> bytes:
    """Return what the client gets while the script waits; interim responses do not count."""
    waiting_or_over = ("waiting", "closed_generator", "exhausted", "raised")
    if connection.server.channel.wait(x.id, lambda event: event.name in waiting_or_over, 3.0) is None:
        return b""
    try:
        octets = connection.wire.read_some(time.monotonic() + LISTEN_S)
    except WireError:
        return b""
    connection.wire.reader.feed(octets)
    return b"" if octets.startswith(b"HTTP/1.1 1") else octets


@requirement("WSGI-START-001")
def test_the_third_argument_is_optional(server: Server, judge: Judge) -> None:
    """Two arguments, and a third that is None, mean the same."""
    for exc_info in ("", "none"):
        x = server.exchange(get(), wsgi(start("200 OK", [("Content-Length", "2")], exc_info), items=[b"ok"]))
        judge(
            "WSGI-START-001", answered(x), f"200 with third argument {exc_info or 'left out'}", (x.outcome, starts(x))
        )


@requirement("WSGI-START-002")
def test_start_response_returns_a_callable(server: Server, judge: Judge) -> None:
    """It returns the write function."""
    seen = starts(server.exchange(get(), ok()))[0]
    judge("WSGI-START-002", seen.get("callable"), "a callable", seen.get("result", seen))


@requirement("WSGI-START-003")
def test_start_response_sends_nothing(server: Server, judge: Judge) -> None:
    """The header waits for the first block."""
    script = wsgi(start("200 OK", LENGTH_1), wait("go"), items=[b"x"], live=True)
    with server.connect() as connection:
        x = connection.begin(get(), script)
        early = octets_while_waiting(connection, x)
        connection.release("go")
        connection.read()
        judge("WSGI-START-003", not early, "no octet before the first block", early[:80])
        x.answer  # noqa: B018 - the premise: an answer comes in the end


@requirement("WSGI-START-004", "WSGI-START-006")
def test_an_empty_block_does_not_release_the_header(server: Server, judge: Judge) -> None:
    """Only a block that is not empty, write(), or the end of the iterable releases it."""
    for headers, row in (([], "WSGI-START-004"), ([("Content-Length", "0")], "WSGI-START-006")):
        last = [b"data"] if not headers else []
        script = wsgi(start("200 OK", headers), items=[b"", wait("go"), *last], kind="generator", live=True)
        with server.connect() as connection:
            x = connection.begin(get(), script)
            early = octets_while_waiting(connection, x)
            connection.release("go")
            connection.read()
            if row == "WSGI-START-006":
                judge.reading(row, f"with Content-Length 0 the header is sent {'at once' if early else 'at the end'}")
            else:
                judge(row, not early, "no octet after an empty block", early[:80])
                x.answer  # noqa: B018 - the premise


@requirement("WSGI-START-005")
def test_the_header_is_sent_when_no_block_comes(server: Server, judge: Judge) -> None:
    """An iterable without any data still sends status and header."""
    cases: list[tuple[str, list[bytes]]] = [
        ("list", []),
        ("list", [b""]),
        ("tuple", []),
        ("generator", []),
        ("iterator", [b"", b""]),
    ]
    for kind, items in cases:
        x = server.exchange(get(), wsgi(start("200 OK", [("X-Mark", "kept")]), items=items, kind=kind))
        seen = (x.response.status, x.response.get(b"X-Mark"), x.response.body) if x.response else x.outcome
        judge(
            "WSGI-START-005", seen == (200, b"kept", b""), f"200 with the field and no body, for {kind} {items}", seen
        )


@requirement("WSGI-START-007")
def test_a_second_call_without_exc_info_raises(server: Server, judge: Judge) -> None:
    """Calling twice is an error, also with an explicit None."""
    for exc_info in ("", "none"):
        again = attempt([start("201 Created", LENGTH_1, exc_info)])
        x = server.exchange(get(), wsgi(start("200 OK", LENGTH_1), again, items=[b"x"]))
        second = starts(x)[1]
        judge("WSGI-START-007", "raised" in second, "the second call raises", second)


@requirement("WSGI-START-008")
def test_start_response_in_the_first_iteration(server: Server, judge: Judge) -> None:
    """The call may come as late as just before the first block."""
    for kind in ("generator", "iterator", "iterable"):
        script = wsgi(items=[start("201 Created", [("X-Gen", "1")]), b"late"], kind=kind)
        x = server.exchange(get(), script)
        seen = (x.response.status, x.response.get(b"X-Gen"), x.response.body) if x.response else x.outcome
        judge("WSGI-START-008", seen == (201, b"1", b"late"), (201, b"1", b"late"), seen)


MISSPELT: list[tuple[str, Any, Any]] = [
    ("name has a line end", "200 OK", [("X-A\n", "1")]),
    ("status without a space", "200", []),
    ("status with a line end", "200 OK\n", []),
    ("name has a colon", "200 OK", [("X-A:", "1")]),
    ("name has a blank", "200 OK", [("X A", "1")]),
    ("value has a line end", "200 OK", [("X-A", "1\r\nX-B: 2")]),
]
MALFORMED: list[tuple[str, Any, Any]] = [
    ("status is bytes", b"200 OK", []),
    ("headers is a tuple", "200 OK", (("X-A", "1"),)),
    ("field is a list", "200 OK", [["X-A", "1"]]),
    ("value is bytes", "200 OK", [("X-A", b"1")]),
    *MISSPELT[1:],
]


@requirement("WSGI-START-009", revision=2)
def test_a_second_call_raises_also_after_a_failed_one(server: Server, judge: Judge) -> None:
    """A call that raised was a call, whatever it raised for."""
    for name, status, headers in MISSPELT:
        first, second = ["start", *_forms(status, headers), ""], start("200 OK", LENGTH_1)
        x = server.exchange(get(), wsgi(attempt([first]), attempt([second]), items=[b"x"]), timeout=2.0)
        said = starts(x)
        if "raised" in said[0]:
            judge("WSGI-START-009", "raised" in said[1], f"the second call raises too, where {name}", said[1])
            return
    server.unsupported("the first call raises for no malformed status or field")


@requirement("WSGI-START-010")
def test_malformed_arguments_raise_in_the_call(server: Server, judge: Judge) -> None:
    """Errors in status or header are reported when start_response is called."""
    late: list[str] = []
    for name, status, headers in MALFORMED:
        x = server.exchange(get(), {**wsgi(["start", *_forms(status, headers), ""], items=[b"x"])}, timeout=2.0)
        said = x.calls[0].named("start") if x.calls else []
        if said and "raised" not in said[0]:
            late.append(f"{name}: {x.outcome}")
    judge("WSGI-START-010", not late, "start_response raises for each malformed argument", "; ".join(late))


def _forms(status: Any, headers: Any) -> list[Any]:
    from gateproof import values

    return [values.encode(status), values.encode(headers)]


@requirement("WSGI-START-011", revision=3)
def test_everything_that_is_allowed_is_accepted(server: Server, judge: Judge, draw: Draw) -> None:
    """Any code and any list of legal fields is taken; how the fields arrive is for WSGI-HEADERS-012 to say."""

    def law(case: tuple[int, list[tuple[str, str]]]) -> None:
        code, headers = case
        script: Script = wsgi(start(f"{code} Fine", [*headers, ("Content-Length", "2")]), items=[b"ok"])
        x = server.exchange(get(), script)
        said = starts(x)[0]
        judge("WSGI-START-011", "raised" not in said, f"accepted: {code} {headers}", said)
        judge("WSGI-START-011", x.answer.status == code, f"{code} with {headers}", x.answer.status)

    names = st.sampled_from(["X-A", "x-lower", "X-UPPER", "X-1", "X-Under_score", "X-Long-" + "n" * 40])
    texts = st.sampled_from(["", "a", "a, b", "caf\xe9", '"q"', "x" * 200, "a;b=c", "\xff", "%41"])
    codes = st.sampled_from([200, 201, 226, 299, 301, 404, 418, 451, 499, 500, 503, 599])
    corpus = [(200, [("X-A", "1"), ("X-A", "2")]), (299, [("x-lower", "caf\xe9")]), (599, []), (418, [("X-A", "")])]
    draw(law, st.tuples(codes, st.lists(st.tuples(names, texts), max_size=4)), corpus)


@requirement("WSGI-START-012", "WSGI-START-023", "WSGI-START-024", revision=2)
def test_no_call_of_start_response(server: Server, judge: Judge) -> None:
    """What reaches the wire then is a well-formed error response, or nothing."""
    x = server.exchange(get(), wsgi(items=[b"x"]))
    good = not x.received or (x.response is not None and x.response.status >= 200 and not x.response.problems)
    judge("WSGI-START-012", good, "a well-formed response or no octet", x.received[:120])
    success = x.response is not None and 200 <= x.response.status < 400
    judge("WSGI-START-023", not success, "an error", x.received[:120])
    judge("WSGI-START-024", bool(x.received), "an answer", x.outcome)


@requirement("WSGI-START-013")
def test_the_header_list_belongs_to_the_server(server: Server, judge: Judge) -> None:
    """Whether the server changed the list it was given."""
    script = ok()
    script["call"] = [["keep_headers", *script["call"][0][1:]]]
    seen = server.exchange(get(), script).call.first("kept_headers")
    judge.reading(
        "WSGI-START-013", f"the list of headers is {'changed' if (seen or {}).get('changed') else 'left alone'}"
    )

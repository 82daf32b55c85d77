"""RFC 9112, 9 and RFC 9110, 7.8, 10.1.1 and 15.2: order, persistence, upgrades and expectations."""

from __future__ import annotations

import time
from datetime import datetime
from email.utils import parsedate_to_datetime

from hypothesis import strategies as st

from gateproof.check import launch, requirement
from gateproof.dialogue import Dialogue
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Judge
from gateproof.patience import PATIENT_S
from gateproof.target import Server
from gateproof.wire.client import WireError
from gateproof.wire.request import HOST, Field, build, chunks, get, post

from .seeing import answering, hinting, live, reading, reading_some, slow, sparing
from .sending import (
    CHUNKED,
    FIRST,
    INNER,
    NEXT,
    Sent,
    decodes,
    finish,
    first,
    keeps,
    loses,
    needs_1_1,
    needs_kept,
    over,
    pause,
    play,
    prepare,
    report,
    send_before,
    settled,
)

CONNECTION = b"Connection"
KEEP: Field = (CONNECTION, b"keep-alive")
WEBSOCKET: list[Field] = [
    (CONNECTION, b"Upgrade"),
    (b"Upgrade", b"websocket"),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    (b"Sec-WebSocket-Version", b"13"),
]
H2C: list[Field] = [
    (CONNECTION, b"Upgrade, HTTP2-Settings"),
    (b"Upgrade", b"h2c"),
    (b"HTTP2-Settings", b"AAMAAABkAAQCAAAAAAIAAAAA"),
]


@requirement("FRAME-059", revision=3)
def test_answers_come_in_order(server: Server, judge: Judge, draw: Draw) -> None:
    """Each of several requests in one segment, the first of which takes its time; the server may close after any."""

    def law(kinds: list[str]) -> None:
        requests = {
            "get": get(),
            "head": get(method=b"HEAD"),
            "post": post(b"hello"),
            "chunked": first(CHUNKED, body=chunks([b"hello"])),
        }
        with server.connect() as talk:
            exchanges: list[Exchange] = []
            out = b""
            for number, kind in enumerate(kinds):
                text = b"number %d" % number
                script = slow(server, 0.03, text) if number == 0 else reading(server, text)
                exchange, octets = server.prepare(requests[kind], script)
                exchanges.append(exchange)
                out += octets
            talk.current = exchanges[0]
            talk.send(out)
            seen = _numbers(talk, exchanges)
        wanted = [number if kinds[number] != "head" else -1 for number in range(len(seen))]
        judge("FRAME-059", seen == wanted, f"answers in the order of {kinds}", seen)

    kinds = ["get", "post", "head", *(["chunked"] if decodes(server) else [])]
    corpus = [["get", "get", "get", "get"], ["post", "get", "head", "get", "post"]]
    corpus += [["chunked", "get", "chunked", "post"]] if "chunked" in kinds else []
    draw(law, st.lists(st.sampled_from(kinds), min_size=2, max_size=6), corpus, examples=4)


def _numbers(talk: Dialogue, exchanges: list[Exchange]) -> list[int | None]:
    """Return the number that each answer carries, -1 for one without a body, up to the end of the connection.

    None stands for an answer that does not come although the connection stays.
    """
    seen: list[int | None] = []
    for exchange in exchanges:
        talk.read_answer(exchange)
        answer = exchange.response
        if exchange.silent:
            seen.append(None)
        if answer is None or answer.status != 200:
            break  # closed, or refused: neither is out of order
        found = answer.body.removeprefix(b"number ")
        seen.append(int(found) if found.isdigit() else -1)
    return seen


VALID = {
    "by length": build(b"POST", b"/first?q=1", (HOST, (b"X-A", b"a b"), (b"Content-Length", b"11")))
    + b"hello\r\n\r\nyo",
    "in chunks": build(b"POST", b"/first?q=1", (HOST, (b"X-A", b"a b"), CHUNKED))
    + b"5;e=f\r\nhello\r\n6\r\n\r\n\r\nyo\r\n0\r\nX-T: v\r\n\r\n",
}
BODY = b"hello\r\n\r\nyo"


@requirement("FRAME-060", revision=3)
def test_segments_do_not_matter(server: Server, judge: Judge, draw: Draw) -> None:
    """The octets of a valid request make the same call however they are cut."""
    whole = {name: play(server, octets) for name, octets in VALID.items()}
    usable = {name: sent for name, sent in whole.items() if _as_sent(sent)}
    if not usable:
        judge.blocked("FRAME-060", f"a request in one segment is not called as it is: {whole['by length'].told}")
        return

    def law(case: tuple[str, list[int]]) -> None:
        name, cuts = case
        if name in usable:
            sent = _cut(server, VALID[name], cuts)
            failed = sent.failed_behind or usable[name].failed_behind  # over the next request, which is another matter
            fine = _as_sent(sent) and (failed or sent.followed == usable[name].followed)
            judge("FRAME-060", fine, f"{name}, cut at {cuts}, as in one segment: {usable[name].told}", sent.told)

    corpus: list[tuple[str, list[int]]] = []
    for name, octets in VALID.items():
        head = octets.index(b"\r\n\r\n")
        corpus.append((name, list(range(1, len(octets)))))
        corpus += [(name, [place]) for place in (2, 11, 26, head - 1, head + 1, head + 2, head + 3, head + 4, head + 6)]
        corpus += [(name, [len(octets) - back]) for back in (1, 2, 3, 4, 5, 12, 13)]
    places = st.lists(st.integers(1, min(map(len, VALID.values())) - 1), min_size=1, max_size=3, unique=True)
    draw(law, st.tuples(st.sampled_from(sorted(VALID)), places.map(sorted)), corpus, examples=10)


def _as_sent(sent: Sent) -> bool:
    call = sent.call
    return (
        call is not None
        and (call.method, call.body, call.value(b"x-a")) == (b"POST", BODY, b"a b")
        and (call.path.endswith(FIRST[1:]) and call.query == b"q=1" and not sent.out_of_step)
    )


def _cut(server: Server, octets: bytes, cuts: list[int]) -> Sent:
    fenced = len(cuts) < 5 and keeps(server)
    with server.connect() as talk:
        behind, more = server.prepare(NEXT, answering(server, b"follow"))
        x, raw = server.prepare(octets, reading(server), arm=True)
        talk.current, talk.eager = x, True
        x.trace = talk.wire.trace
        for begin, end in zip([0, *cuts[:-1]], cuts, strict=True):
            talk.send(raw[begin:end])
            if fenced:
                pause(server)
        later = send_before(talk, raw[cuts[-1] :], more)
        return finish(talk, x, behind, later)


@requirement("FRAME-061")
def test_an_unread_body_is_not_the_next_request(server: Server, judge: Judge, draw: Draw) -> None:
    """Whether it comes at once or behind the answer; for a WSGI server by length and at once: WSGI-HTTP-017."""

    def law(case: tuple[str, int, int, bool]) -> None:
        framing, padding, taken, late = case
        if server.interface == "wsgi" and framing == "length" and not late:
            return
        if late and taken:
            return  # it would wait for what comes only when it has answered
        body = INNER + b"x" * padding
        head = first(CHUNKED) if framing == "chunked" else first((b"Content-Length", b"%d" % len(body)))
        script = reading_some(server, taken) if taken else answering(server, b"first")
        sent = _late(server, head, chunks([body]) if framing == "chunked" else body, script, late=late)
        wrong = "" if sent.call is None else sent.out_of_step
        if wrong == "the next request was swallowed" and not keeps(server):
            wrong = ""
        judge("FRAME-061", not wrong, "the next request as itself, or the end of the connection", wrong)

    both = ("length", "chunked")
    corpus = [(framing, 0, taken, False) for framing in both for taken in (0, 10)]
    corpus += [("length", 0, 0, True), ("chunked", 0, 0, True)]
    corpus += [("length", 300_000, 0, False), ("chunked", 70_000, 0, False)]
    sizes = (st.sampled_from([0, 1, 5000]), st.sampled_from([0, 1, 20]))
    drawn = st.tuples(st.sampled_from(both), *sizes)
    draw(law, st.tuples(drawn, st.booleans()).map(lambda pair: (*pair[0], pair[1])), corpus, examples=6)
    if not judge.judgements:
        judge.blocked("FRAME-061", "no such request was called")


@launch("beside")
@requirement("FRAME-121")
def test_a_body_that_was_not_asked_for_is_not_the_next_request(server: Server, judge: Judge) -> None:
    """Who answers an expectation with a final response closes the connection, or reads the body that may still come."""
    needs_1_1(server)
    size = b"%d" % len(INNER)
    head = first((b"Expect", b"100-continue"), (b"Content-Length", size))
    sent = _late(server, head, INNER, answering(server, b"first"), late=True)
    if sent.call is None:
        judge.blocked("FRAME-121", f"the request was not called: {sent.told}")
        return
    smuggled = [str(call) for call in sent.calls if call.path.endswith(b"smuggled")]
    judge("FRAME-121", not smuggled, "the body left out, or the end of the connection", sent.told)


def _late(server: Server, head: bytes, body: bytes, script: dict[str, object], *, late: bool) -> Sent:
    if not late:
        return play(server, head + body, script)
    loses(server)
    with server.connect() as talk:
        behind, more = server.prepare(NEXT, answering(server, b"follow"))
        x, raw = prepare(server, head, script)
        talk.current, talk.eager = x, True
        x.trace = talk.wire.trace
        talk.send(raw)
        with_answer = _answered(talk, x)
        later = send_before(talk, body, more)
        if not with_answer:
            return finish(talk, x, behind, later)  # the server waits for the body before it calls
        return _rest(talk, x, behind, later)


def _answered(talk: Dialogue, x: Exchange) -> bool:
    talk.read_answer(x)
    came = not x.silent
    x.silent = False
    return came


def _rest(talk: Dialogue, x: Exchange, behind: Exchange, later: bytes) -> Sent:
    """Read what follows an answer that came before the body was sent."""
    ended = over(x)
    if not ended:
        behind.trace = talk.wire.trace
        if later:
            talk.send(later)
        talk.read_answer(behind)
        ended = over(behind)
    talk.half_close()
    talk.server.settle(x)
    return settled(talk.server, x, behind, ended=ended)


CLOSING: dict[str, list[tuple[bytes, ...]]] = {
    "FRAME-062": [(b"close",), (b"Close",), (b"CLOSE",)],
    "FRAME-116": [
        (b"foo, close",),
        (b"close, keep-alive",),
        (b"keep-alive", b"close"),
        (b"close", b"keep-alive"),
        (b"close,",),
    ],
}


@requirement("FRAME-062", "FRAME-116", revision=2)
def test_close_means_the_last_request(server: Server, judge: Judge) -> None:
    """However it is spelled: one answer, the end of the connection, and no call for what stands behind."""
    for row, forms in CLOSING.items():
        wrong = []
        for values in forms:
            fields = [(CONNECTION, value) for value in values]
            sent = play(server, build(b"POST", FIRST, (HOST, *fields), b"hello"))
            name = " and ".join(value.decode() for value in values)
            if sent.followed or len(sent.calls) > 1:
                wrong.append(f"{name}: {sent.told}")
            elif sent.call is not None and sent.call.body != b"hello":
                wrong.append(f"{name}: the body was {sent.call.body!r}")
            elif not sent.ended:
                wrong.append(f"{name}: the connection stays open")
        report(judge, row, wrong, "one call, then the end of the connection")


@requirement("FRAME-063")
def test_who_closes_says_so(server: Server, judge: Judge) -> None:
    """The last response has the close option where the connection ends, and where it has it the connection ends."""
    wrong = []
    asked = play(server, get(FIRST, (CONNECTION, b"close")))
    refused = play(server, first((b"Content-Length", b"x")))
    twice = [play(server, get(FIRST)), play(server, get(FIRST))]
    shapes = [("asked to close", [asked]), ("after a refusal", [refused]), ("after an ordinary answer", twice)]
    for name, every in shapes:
        if all(sent.ended and _silent_about_it(sent) for sent in every):
            wrong.append(f"{name}: closed without Connection: close")
        for sent in every:
            if _says_close(sent) and (sent.followed or not sent.ended):
                wrong.append(f"{name}: Connection: close, and the connection goes on, which breaks a MUST of 9.6")
    report(judge, "FRAME-063", wrong, "Connection: close where the connection ends, and there alone")


def _says_close(sent: Sent) -> bool:
    answer = sent.first.response
    return answer is not None and b"close" in b",".join(answer.all(b"Connection")).lower()


def _silent_about_it(sent: Sent) -> bool:
    """Tell whether a final response of HTTP/1.1 does not say that it is the last."""
    answer = sent.first.response
    later = sent.behind is not None and sent.behind.response is not None
    return answer is not None and not later and answer.version == b"HTTP/1.1" and not _says_close(sent)


@requirement("FRAME-135", revision=2)
def test_who_closes_behind_some_responses_says_so(server: Server, judge: Judge) -> None:
    """Behind an answer to HEAD, and one whose length the application does not know."""
    needs_1_1(server)
    needs_kept(server)
    head, unknown = get(FIRST, method=b"HEAD"), answering(server, b"first", length=False)
    wrong = []
    for name, octets, script in (("HEAD", head, sparing(server)), ("no length", get(FIRST), unknown)):
        if all(sent.ended and _silent_about_it(sent) for sent in (play(server, octets, script) for _ in range(2))):
            wrong.append(f"{name}: closed without Connection: close")
    report(judge, "FRAME-135", wrong, "Connection: close where the connection ends")


@requirement("FRAME-064", revision=2)
def test_http_1_0_is_closed(server: Server, judge: Judge) -> None:
    """Without keep-alive the connection of an HTTP/1.0 client ends with the response."""
    wrong = []
    for fields in ((), ((CONNECTION, b"close"),), ((CONNECTION, b"foo"),)):
        for length in (True, False):
            script = answering(server, b"first", length=length)
            sent = play(server, get(FIRST, *fields, version=b"HTTP/1.0"), script)
            if sent.answered or (sent.calls and not sent.ended and not _read_to_end(sent)):
                wrong.append(f"{fields or 'no Connection'}, {'with' if length else 'without'} length: {sent.told}")
    report(judge, "FRAME-064", wrong, "the end of the connection")


def _read_to_end(sent: Sent) -> bool:
    return sent.first.response is not None and sent.first.response.framing == "close"


@requirement("FRAME-065", revision=3)
def test_who_keeps_http_1_0_says_how_long(server: Server, judge: Judge) -> None:
    """A response on a connection that stays has a length of its own; one that has none ends with the connection."""
    wrong = []
    answers = (b"first", b"follow")  # who answers only the last of several requests is judged for that
    for option in (b"keep-alive", b"Keep-Alive", b"KEEP-ALIVE"):
        for length in (True, False):
            script = answering(server, b"first", length=length)
            sent = play(server, get(FIRST, (CONNECTION, option), version=b"HTTP/1.0"), script)
            name = f"{option.decode()}, application {'with' if length else 'without'} length"
            if sent.silent or (sent.calls and sent.first.head is not None and sent.first.response is None):
                wrong.append(f"{name}: {sent.told}")
            elif sent.status == 200 and sent.first.response is not None and sent.first.response.body not in answers:
                wrong.append(f"{name}: the body was {sent.first.response.body[:60]!r}")
            said = sent.first.response.get(b"Connection") if sent.first.response is not None else None
            judge.reading("FRAME-065", f"{name}: {'kept' if sent.followed else 'closed'}, Connection: {said!r}")
    report(judge, "FRAME-065", wrong, "a length, or the end of the connection")


@requirement("FRAME-066")
def test_expectations(server: Server, judge: Judge) -> None:
    """An unknown one gets 417 or is passed over; 100-continue is known in any letter case."""
    needs_1_1(server)
    for value in (b"foo", b"foo=bar", b"100-continue, foo", b"100-Continue"):
        sent = play(server, first((b"Expect", value), (b"Content-Length", b"5"), body=b"hello"))
        interim = ", after 100 Continue" if sent.first.interim else ""
        judge.reading("FRAME-066", f"Expect: {value.decode()}: {sent.told}{interim}")


@requirement("FRAME-140")
def test_an_expectation_in_any_letter_case(server: Server, judge: Judge) -> None:
    """Who meets 100-continue meets it however it is spelled."""
    needs_1_1(server)
    if not _before_the_body(server, b"100-continue").startswith(b"HTTP/1.1 100"):
        judge("FRAME-140", True)  # what becomes of it is judged by checks of each interface
        return
    wrong = []
    for value in (b"100-Continue", b"100-CONTINUE"):
        came = _before_the_body(server, value)
        if not came or came.startswith(b"HTTP/1.1 417"):
            wrong.append(f"{value.decode()}: {came[:40]!r}")
    report(judge, "FRAME-140", wrong, "100 Continue, or a final status, as for 100-continue")


def _before_the_body(server: Server, value: bytes) -> bytes:
    """Return the first octets that come for a request with an expectation, and see it to its end."""
    with server.connect() as talk:
        x = talk.begin(post(b"hello", (b"Expect", value), target=FIRST)[:-5], live(reading(server)))
        try:
            came = talk.wire.read_some(time.monotonic() + server.patience)
        except WireError:
            came = b""
        talk.wire.reader.feed(came)
        talk.send(b"hello")
        talk.read(x)
    return came


@requirement("FRAME-067", revision=2)
def test_http_1_0_gets_no_interim_response(server: Server, judge: Judge) -> None:
    """Neither 101 for an Upgrade nor, by an ASGI server, 100 for an expectation (of a WSGI server: WSGI-HTTP-028)."""
    wrong = []
    for name, fields in (("websocket", WEBSOCKET), ("h2c", H2C)):
        sent = play(server, get(FIRST, *fields, version=b"HTTP/1.0"), answering(server), follow=b"")
        if sent.status == 101 or sent.first.interim:
            wrong.append(f"Upgrade: {name}: {sent.first.outcome}")
    if server.interface == "asgi":
        hinted = server.exchange(get(version=b"HTTP/1.0"), hinting())
        if hinted.interim:
            wrong.append(f"a hint of the application: {hinted.interim[0].status}")
        with server.connect() as talk:
            octets = post(b"hello", (b"Expect", b"100-continue"), target=FIRST, version=b"HTTP/1.0")
            x = talk.begin(octets[:-5], live(reading(server)))
            pause(server)
            talk.send(b"hello")
            talk.read(x)
        if x.interim:
            wrong.append(f"Expect: 100-continue: {x.interim[0].status}")
    report(judge, "FRAME-067", wrong, "no status 1xx")


@requirement("FRAME-068", revision=2)
def test_an_unknown_upgrade_is_ignored(server: Server, judge: Judge) -> None:
    """The request is served as HTTP/1.1: a client may offer what it likes."""
    needs_1_1(server)
    offers: list[tuple[str, list[Field]]] = [
        ("foo/1", [(CONNECTION, b"Upgrade"), (b"Upgrade", b"foo/1")]),
        ("h2c", H2C),
        ("TLS/1.0", [(CONNECTION, b"Upgrade"), (b"Upgrade", b"TLS/1.0")]),
    ]
    if server.interface == "wsgi":
        offers.append(("websocket", WEBSOCKET))
    wrong = []
    for name, fields in offers:
        for kind, octets in (("GET", get(FIRST, *fields)), ("POST", post(b"hello", *fields, target=FIRST))):
            sent = play(server, octets, follow=b"")
            switched = sent.status == 101 and name == "h2c"
            # Who speaks WebSocket to applications of another interface says no to the handshake (RFC 6455, 4.2.2).
            declined = sent.status == 426 or (name == "websocket" and 400 <= sent.status < 500)
            if (not sent.calls and not switched and not declined) or (sent.status == 101 and not switched):
                wrong.append(f"{kind} with Upgrade: {name}: {sent.told}")
    report(judge, "FRAME-068", wrong, "a call, and an answer of HTTP/1.1")


DATES_S = 3.0  # so far apart that a date which is kept for a second is another one
LOOK_S = 0.3


@launch("beside")
@requirement("FRAME-130")
def test_date_follows_the_clock(server: Server, judge: Judge) -> None:
    """Of responses on one connection, over some seconds, a later one has a later date."""
    needs_kept(server)
    server.patience = PATIENT_S
    dates: list[datetime | None] = []
    with server.connect() as talk:
        end = time.monotonic() + DATES_S + LOOK_S
        while time.monotonic() < end and None not in dates and len(set(dates)) < 2:
            dates.append(_date(talk.read(talk.begin(get(), slow(server, LOOK_S, b"ok")))))
    if dates[0] is None or dates[-1] is None:
        judge.reading("FRAME-130", "no date, or none that can be read")
    else:
        judge("FRAME-130", dates[-1] > dates[0], f"a later date after {DATES_S:.0f} s", f"{dates[0]}, then {dates[-1]}")


def _date(x: Exchange) -> datetime | None:
    """Return the date of a response; None where it has none that can be read."""
    value = x.response.get(b"Date") if x.response is not None else None
    try:
        return parsedate_to_datetime((value or b"").decode("latin-1"))
    except (TypeError, ValueError):
        return None

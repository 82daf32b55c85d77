"""RFC 9112, 3 and 8 and RFC 9110, 5.4: what is too long is refused, never cut; what has no end costs nobody."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.request import get

from .seeing import reading
from .sending import FIRST, Sent, coded, decodes, first, lines, play, report, served

KIB = 1024


@requirement("FRAME-069")
def test_a_long_request_line_is_served_whole_or_refused(server: Server, judge: Judge) -> None:
    """Never cut, and the server lives on."""
    wrong = []
    for size in (16 * KIB, 64 * KIB, 1024 * KIB):
        for name, target in (("path", b"/" + b"a" * size), ("query", b"/?" + b"a" * size)):
            sent = play(server, get(target))
            whole = sent.call is None or sent.call.target >= size
            if problem := ("" if whole else f"cut: {sent.told[:200]}") or served(server):
                wrong.append(f"a {name} of {size} octets: {problem}")
    method = play(server, get(FIRST, method=b"A" * 64 * KIB))
    if method.call is not None and method.call.method != b"A" * 64 * KIB:
        wrong.append(f"a method of 64 KiB: cut to {len(method.call.method)} octets")
    report(judge, "FRAME-069", wrong, "all of it, or a refusal")


@requirement("FRAME-070")
def test_request_lines_of_8000_octets(server: Server, judge: Judge) -> None:
    """They are served."""
    line = b"GET /first? HTTP/1.1"
    query = b"q" * (8000 - len(line))
    sent = play(server, lines(line=b"GET /first?" + query + b" HTTP/1.1"))
    judge("FRAME-070", sent.call is not None and sent.call.query == query, "a call with all of it", sent.told[:200])


@requirement("FRAME-071", revision=2)
def test_many_fields_and_long_ones(server: Server, judge: Judge) -> None:
    """All of them whole, or a refusal: none is dropped, none is cut."""
    wrong = []
    for size in (16 * KIB, 128 * KIB, 2048 * KIB):
        # Wherever it may be cut in two, the second part looks like a field.
        sent = play(server, lines(b"X-Long: " + b"vvv:" * (size // 4), b"X-Last: last"))
        if problem := _cut(sent, size) or served(server):
            wrong.append(f"a field of {size} octets: {problem}")
    for count in (90, 100, 101, 129, 1000, 20_000):
        fields = [b"X-%d: %d" % (n, n) for n in range(count)]
        sent = play(server, lines(*fields))
        if problem := _dropped(sent, count) or served(server):
            wrong.append(f"{count} fields: {problem}")
    report(judge, "FRAME-071", wrong, "all of them, or a refusal")


def _cut(sent: Sent, size: int) -> str:
    if sent.call is None:
        return ""
    length = sent.call.sizes.get(b"x-long", 0)
    if length != size:
        return f"{length} octets reached the application"
    return "" if sent.call.value(b"x-last") == b"last" else "the field behind it is missing"


def _dropped(sent: Sent, count: int) -> str:
    """Say how many fields are missing; the journal itself keeps 2000 at the most."""
    if sent.call is None or count > 1900:
        return ""
    seen = {name: value for name, value in sent.call.fields if name.startswith(b"x-")}
    missing = [n for n in range(count) if seen.get(b"x-%d" % n) != b"%d" % n]
    return f"{len(missing)} are missing, the first of them X-{missing[0]}" if missing else ""


CUTS = (b"", b"5", b"5\r\n", b"5\r\nhe", b"5\r\nhello", b"5\r\nhello\r\n", b"5\r\nhello\r\n0", b"5\r\nhello\r\n0\r\n")


@requirement("FRAME-136")
def test_who_leaves_in_a_body_costs_nobody_else(server: Server, judge: Judge) -> None:
    """A body that ends too early, at whatever place of its framing, ends the work on it: others are served."""
    shapes = [first((b"Content-Length", b"5"), body=b"he")]
    shapes += [coded(cut) for cut in CUTS] if decodes(server) else []
    for octets in shapes:
        with server.connect() as talk:
            talk.begin(octets, reading(server), arm=True)
            talk.half_close()
            talk.ends(0.5)
        gone = served(server)
        if not judge("FRAME-136", not gone, f"others served when the client leaves behind {octets[-16:]!r}", gone):
            return


PUZZLES = [
    lines(field + unit * 60 + b"\x10")
    for field in (b"X-A: ", b"Cookie: ", b"X-A")
    for unit in (b"a", b" ", b"a ", b"a,", b"a=b;", b'"')
] + [lines(line=b"GET /" + unit * 60 + b"\x10 HTTP/1.1") for unit in (b"a", b"%61", b"/a", b"?a=b&")]


@requirement("FRAME-137")
def test_what_repeats_itself_takes_no_time(server: Server, judge: Judge) -> None:
    """One wrong octet behind many equal ones is found at once: others are served."""
    for octets in PUZZLES:
        play(server, octets, follow=b"")
        gone = served(server)
        if not judge("FRAME-137", not gone, f"others served behind {octets[:60]!r}...", gone):
            return

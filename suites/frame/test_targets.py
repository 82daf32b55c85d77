"""RFC 9112, 3.2 and RFC 9110, 4.2 and 7.1: the forms of a request's target."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.request import build, get

from .sending import lines, none_called, play, report
from .test_request_line import shapes


@requirement("FRAME-049", "FRAME-095", "FRAME-096", "FRAME-118", revision=2)
def test_targets_in_no_form(server: Server, judge: Judge) -> None:
    """Neither origin nor absolute form, nor authority or asterisk for the method that has it."""
    no_form = [b"GET " + target + b" HTTP/1.1" for target in (b"index", b"h.test", b"?q=1", b"\\a", b".")]
    authorities = (b"host:80", b"[::1]", b"localhost:8000", b"a:b@c:80", b"[::1]:80")
    rows = {
        "FRAME-049": shapes(*no_form, b"OPTIONS x HTTP/1.1"),
        "FRAME-118": shapes(b"GET  HTTP/1.1"),
        "FRAME-095": shapes(*(b"GET " + target + b" HTTP/1.1" for target in authorities)),
        "FRAME-096": shapes(b"GET * HTTP/1.1", b"POST * HTTP/1.1"),
    }
    none_called(server, judge, rows, "a refusal, or a redirect")


@requirement("FRAME-050", "FRAME-097", revision=2)
def test_octets_that_no_target_has(server: Server, judge: Judge) -> None:
    """A fragment, control characters and NUL are refused; raw octets beyond ASCII are told apart."""
    for target in (b"/\xc3\xa9", b"/?\xff"):
        call = play(server, lines(line=b"GET " + target + b" HTTP/1.1")).call
        judge.reading("FRAME-050", f"{target!r} is {'refused' if call is None else 'called'}")
    bad = {"FRAME-050": [b"/a\x00b", b"/a\x01b", b"/a\x7f", b"/a?\x02"], "FRAME-097": [b"/a#b", b"/?q#b"]}
    rows = {row: shapes(*(b"GET " + target + b" HTTP/1.1" for target in targets)) for row, targets in bad.items()}
    none_called(server, judge, rows)


def authority(server: Server) -> bytes:
    """Return the host and port under which the server was asked."""
    return b"%s:%d" % (server.host.encode("ascii"), server.port)


def absolute(server: Server, rest: bytes, *, scheme: bytes = b"http", user: bytes = b"") -> bytes:
    """Return a GET in absolute form, whose Host is the server's own."""
    own = authority(server)
    return build(b"GET", scheme + b"://" + user + own + rest, ((b"Host", own),))


@requirement("FRAME-051")
def test_the_absolute_form_is_accepted(server: Server, judge: Judge) -> None:
    """A server takes it from every client, not from those of proxies alone."""
    sent = play(server, absolute(server, b"/first?x=1"))
    judge("FRAME-051", sent.calls or sent.status == 421, "a call", sent.told)
    upper = play(server, absolute(server, b"/first", scheme=b"HTTP"))
    judge.reading("FRAME-051", f"HTTP:// in upper case is {'called' if upper.calls else 'refused'}")


@requirement("FRAME-052")
def test_which_host_counts(server: Server, judge: Judge) -> None:
    """That of the target, or that of the field: neither interface has a place for both."""
    call = play(server, build(b"GET", b"http://a.test/first", ((b"Host", b"b.test"),))).call
    seen = "a refusal" if call is None else f"Host is {call.value(b'host')!r}"
    judge.reading("FRAME-052", f"a target at a.test with Host: b.test gives {seen}")


@requirement("FRAME-053")
def test_special_absolute_forms(server: Server, judge: Judge) -> None:
    """An empty path is '/'; an empty host and userinfo are errors."""
    wrong = []
    if not play(server, absolute(server, b"/first")).calls:
        judge.blocked("FRAME-053", "the absolute form is refused")
        return
    for rest, query in ((b"", b""), (b"?x=1", b"x=1")):
        call = play(server, absolute(server, rest)).call
        if call is not None and (call.path.strip(b"/") not in (b"", _whole(server)) or call.query != query):
            wrong.append(f"http://AUTHORITY{rest.decode()}: path {call.path!r}, query {call.query!r}")
    for name, octets in (
        ("an empty host", build(b"GET", b"http:///first", ((b"Host", authority(server)),))),
        ("userinfo", absolute(server, b"/first", user=b"user@")),
    ):
        sent = play(server, octets)
        if sent.calls:
            wrong.append(f"{name}: {sent.told}")
    report(judge, "FRAME-053", wrong, "the path '/', or a refusal")


def _whole(server: Server) -> bytes:
    """Return the path of a server that keeps a target as it came: which it gives is for other requirements to judge."""
    return b"http://" + authority(server)


@requirement("FRAME-054")
def test_connect_and_asterisk(server: Server, judge: Judge) -> None:
    """Answered by the server or passed on; the connection stays in order."""
    for target in (b"h.test:80", b"h.test", b"h.test:", b"h.test:99999", b"/p"):
        sent = play(server, lines(line=b"CONNECT " + target + b" HTTP/1.1"))
        _tell(judge, b"CONNECT " + target, sent.calls, sent.status)
    sent = play(server, get(b"*", method=b"OPTIONS"))
    _tell(judge, b"OPTIONS *", sent.calls, sent.status)


def _tell(judge: Judge, text: bytes, calls: list[object] | object, status: int) -> None:
    called = f"called: {calls[0]}" if isinstance(calls, list) and calls else f"not called, {status}"
    judge.reading("FRAME-054", f"{text.decode()}: {called}")

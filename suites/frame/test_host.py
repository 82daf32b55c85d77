"""RFC 9112, 3.2 and RFC 9110, 7.2: the Host field."""

from __future__ import annotations

from hypothesis import strategies as st

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.target import Server

from .sending import needs_1_1, no_call, none_called, play


def head(*fields: bytes, line: bytes = b"GET /first HTTP/1.1") -> bytes:
    """Return a request of these field lines and no others."""
    return b"\r\n".join((line, *fields, b"", b""))


@requirement("FRAME-055")
def test_http_1_1_has_a_host(server: Server, judge: Judge) -> None:
    """A request without the field is refused, whatever its target says."""
    needs_1_1(server)
    shapes = [
        ("no field at all", head()),
        ("other fields", head(b"X-A: a")),
        ("absolute form", head(line=b"GET http://localhost/first HTTP/1.1")),
        ("X-Host", head(b"X-Host: localhost")),
        ("Host_", head(b"Host_: localhost")),
    ]
    no_call(server, judge, "FRAME-055", shapes)


@requirement("FRAME-056", "FRAME-103", revision=2)
def test_there_is_one_host(server: Server, judge: Judge) -> None:
    """Two lines are refused, equal or not, in whatever order and letter case."""
    old = b"GET /first HTTP/1.0"
    shapes = [
        ("different", head(b"Host: a.test", b"Host: b.test")),
        ("in the other order", head(b"Host: b.test", b"Host: a.test")),
        ("equal", head(b"Host: a.test", b"Host: a.test")),
        ("in another letter case", head(b"Host: a.test", b"HOST: b.test")),
        ("apart", head(b"Host: a.test", b"X-A: a", b"host: b.test")),
        ("one of them empty", head(b"Host: a.test", b"Host:")),
    ]
    no_call(server, judge, "FRAME-056", shapes)
    earlier = [
        ("HTTP/1.0", head(b"Host: a.test", b"Host: b.test", line=old)),
        ("HTTP/1.0, equal", head(b"Host: a.test", b"Host: a.test", line=old)),
    ]
    no_call(server, judge, "FRAME-103", earlier)


BAD_HOSTS = {
    "FRAME-057": [b"a/b", b"a?b", b"a#b", b"user@h", b"user:pw@h", b"http://h", b"h\\x", b"%zz", b"<h>", b'"h"'],
    "FRAME-098": [b"h:x", b"h:80:80", b"h:-80", b"h:8_0"],
    "FRAME-099": [b"a b", b"a.test, b.test", b"h\x00i", b"h\xe9", b"h\x7f", b"h\x01"],
    "FRAME-100": [b"[::1", b"::1", b"[::1]x", b"[g::1]"],
}


@requirement("FRAME-057", "FRAME-098", "FRAME-099", "FRAME-100", revision=3)
def test_host_is_a_host_and_a_port(server: Server, judge: Judge, draw: Draw) -> None:
    """A value of another form is refused."""
    rows = {row: [(repr(value), head(b"Host: " + value)) for value in values] for row, values in BAD_HOSTS.items()}
    if not none_called(server, judge, rows):
        return

    def law(case: tuple[bytes, int]) -> None:
        octet, place = case
        value = b"a.test"[:place] + octet + b"a.test"[place:]
        sent = play(server, head(b"Host: " + value))
        row = "FRAME-057" if b" " < octet < b"\x7f" else "FRAME-099"
        judge(row, not sent.calls, f"a refusal of Host: {value!r}", sent.told)

    odd = st.sampled_from([bytes([o]) for o in b' "#/<>?@\\^`{|}\x01\x7f\x80\xff'])
    draw(law, st.tuples(odd, st.integers(1, 5)), examples=8)


@requirement("FRAME-058")
def test_an_empty_host_or_none(server: Server, judge: Judge) -> None:
    """An empty value, and HTTP/1.0 without the field, are served with a default or refused."""
    for name, octets in (("an empty Host", head(b"Host:")), ("HTTP/1.0 without", head(line=b"GET /first HTTP/1.0"))):
        call = play(server, octets).call
        told = "refused" if call is None else f"called, Host {call.all(b'host')}"
        judge.reading("FRAME-058", f"{name}: {told}")

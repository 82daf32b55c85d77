"""PEP 3333, The start_response() Callable: the status."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gateproof import values
from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.scripts import Script, ok, wsgi
from gateproof.target import Server
from gateproof.wire.request import get

CONTROL = frozenset(range(0x20)) - {0x09} | {0x7F}


def answering(status: Any) -> Script:
    """Return a script whose status may be anything."""
    return wsgi(["start", values.encode(status), values.encode([("Content-Length", "2")]), ""], items=[b"ok"])


@requirement("WSGI-STATUS-009")
def test_status_code_arrives(server: Server, judge: Judge, draw: Draw) -> None:
    """The code on the wire is the one that the application gave."""

    def law(code: int) -> None:
        x = server.exchange(get(), ok(status=f"{code} Fine"))
        judge("WSGI-STATUS-009", x.answer.status == code, code, x.answer.status)

    draw(
        law, st.integers(200, 599).filter(lambda code: code not in (204, 205, 304)), [200, 201, 299, 404, 499, 503, 599]
    )


@requirement("WSGI-STATUS-010", "WSGI-STATUS-015", revision=2)
def test_no_control_character_of_a_status_is_sent(server: Server, judge: Judge, draw: Draw) -> None:
    """Raising, an error and stripping all pass; an octet on the wire does not."""

    def law(status: str) -> None:
        x = server.exchange(get(), answering(status), timeout=2.0)
        head = x.response.head if x.response else x.partial
        line = head.split(b"\r\n")[0]
        if "\r" in status or "\n" in status:
            judge("WSGI-STATUS-015", b"X-Inj" not in head.partition(b"\n")[2], "no injected field", head)
            judge("WSGI-STATUS-015", not {13, 10} & set(line), "neither CR nor LF in the status line", line)
        else:
            judge("WSGI-STATUS-010", not CONTROL & set(line), "no control octet in the status line", line)

    corpus = [
        "200 OK\r\nX-Inj: 1",
        "200 O\x01K",
        "200 OK\n",
        "200 O\x7fK",
        "200 \x00",
        "200 OK\rX-Inj: 1",
        "200 OK\nX-Inj: 1",
    ]
    parts = st.sampled_from(["\r\nX-Inj: 1", "\x00", "\x0b", "\x1b[0m", "\n", "\x7f"])
    draw(law, st.builds(lambda a, b: f"200 {a}{b}K", st.sampled_from(["O", "", "Fine "]), parts), corpus, examples=10)


@requirement("WSGI-STATUS-011")
def test_reason_phrase(server: Server, judge: Judge) -> None:
    """What becomes of the reason phrase."""
    for status in ("299 Custom Reason", "404 Nope"):
        reason = server.exchange(get(), ok(status=status)).answer.reason
        judge.reading("WSGI-STATUS-011", f"{status!r} is sent with the phrase {reason!r}")


@requirement("WSGI-STATUS-012")
def test_a_status_that_is_no_str_raises(server: Server, judge: Judge) -> None:
    """An int and bytes are refused in the call."""
    for status in (200, b"200 OK"):
        x = server.exchange(get(), answering(status), timeout=2.0)
        said = x.call.first("start")
        judge("WSGI-STATUS-012", "raised" in said, f"start_response raises for {status!r}", x.outcome)


@requirement("WSGI-STATUS-013")
def test_a_status_without_code_and_space_raises(server: Server, judge: Judge) -> None:
    """Three digits and a space begin a status."""
    for status in ("abc OK", "2000 OK", " 200 OK", "200", "", "20 OK"):
        x = server.exchange(get(), answering(status), timeout=2.0)
        if x.died:
            judge("WSGI-STATUS-013", False, f"start_response raises for {status!r}", x.outcome)
            continue
        said = x.call.first("start")
        judge("WSGI-STATUS-013", "raised" in said, f"start_response raises for {status!r}", x.outcome)

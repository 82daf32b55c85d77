"""PEP 3333, The write() Callable."""

from __future__ import annotations

import re
import time
from typing import Any

from gateproof.check import requirement
from gateproof.dialogue import Dialogue
from gateproof.judge import Judge
from gateproof.scripts import attempt, start, wait, write, wsgi
from gateproof.target import Server
from gateproof.wire.client import Silent, WireError
from gateproof.wire.request import get


def has_write(server: Server) -> None:
    """End the check where start_response returns nothing to call: that is WSGI-START-002."""
    said = server.exchange(get(), wsgi(start("200 OK", [("Content-Length", "2")]), items=[b"ok"])).call.first("start")
    if not (said or {}).get("callable"):
        server.unsupported("start_response returns no write callable (WSGI-START-002)")


def octets_by(connection: Dialogue, wanted: bytes, seconds: float) -> bytes:
    """Read until the octets are there, the connection ends or they plainly never come; return all that came.

    Never is what has not come in the time, or while the server answered others (see `target.QUIET`).
    """
    quiet_s, others = connection.server.quiet
    end, got = time.monotonic() + seconds, b""
    while place(got, wanted) < 0:
        try:
            piece = connection.wire.read_some(min(end, time.monotonic() + quiet_s))
        except Silent:
            never = connection.server.answers_others(others, end) or time.monotonic() >= end
            if never and not connection.wire.readable():
                if connection.current is not None:
                    connection.current.silent = True  # what consists of waiting is not tried with every other case
                break
            continue
        except WireError:
            break
        if not piece:
            break
        got += piece
    connection.wire.reader.feed(got)
    return got


def place(octets: bytes, wanted: bytes) -> int:
    """Return where the octets stand, -1 where they do not; a server may cut a block into chunks anywhere."""
    between = rb"(?:\r\n[0-9A-Fa-f]+\r\n)?"
    found = re.search(between.join(re.escape(wanted[n : n + 1]) for n in range(len(wanted))), octets)
    return found.start() if found else -1


@requirement("WSGI-WRITE-001")
def test_write_sends_data(server: Server, judge: Judge) -> None:
    """Each call's bytes are body data."""
    has_write(server)
    x = server.exchange(get(), wsgi(start("200 OK", []), write(b"W1;"), write(b"W2;")))
    seen = x.response.body if x.response else x.outcome
    judge("WSGI-WRITE-001", seen == b"W1;W2;", "a whole response of b'W1;W2;'", seen)


@requirement("WSGI-WRITE-002", revision=2)
def test_written_data_goes_before_what_is_yielded(server: Server, judge: Judge) -> None:
    """First what was written, then the blocks, each when it is produced."""
    has_write(server)
    items: list[Any] = [b"Y1", wait("go"), b"Y2"]
    script = wsgi(start("200 OK", []), write(b"W1"), write(b"W2"), items=items, kind="generator", live=True)
    with server.connect() as connection:
        connection.begin(get(), script)
        early = octets_by(connection, b"Y1", 2.0)
        connection.release("go")
        x = connection.read()
    judge("WSGI-WRITE-002", x.response and x.response.body == b"W1W2Y1Y2", b"W1W2Y1Y2", x.response and x.response.body)
    # Whether Y1 is held back is for the checks of streaming to say.
    order = 0 <= place(early, b"W1") < place(early, b"W2")
    judge("WSGI-WRITE-002", order, "W1 and W2 before the application goes on", early[-60:])


@requirement("WSGI-WRITE-003", "WSGI-WRITE-006")
def test_written_data_does_not_wait(server: Server, judge: Judge) -> None:
    """When write() has returned the header and the data are on their way."""
    has_write(server)
    with server.connect() as connection:
        connection.begin(get(), wsgi(start("200 OK", []), write(b"W1;"), wait("go"), live=True))
        early = octets_by(connection, b"W1;", 2.0)
        connection.release("go")
        connection.read()
    judge("WSGI-WRITE-003", place(early, b"W1;") >= 0, "header and data before the application goes on", early[-60:])
    with server.connect() as connection:
        connection.begin(get(), wsgi(start("200 OK", []), write(b""), wait("go"), items=[b"x"], live=True))
        connection.wait("waiting", 2.0)
        early = octets_by(connection, b"\r\n\r\n", 0.1)
        connection.release("go")
        connection.read()
    judge.reading("WSGI-WRITE-006", f"write(b'') {'releases' if early else 'does not release'} the header")


@requirement("WSGI-WRITE-004")
def test_write_takes_bytes_only(server: Server, judge: Judge) -> None:
    """Text is an error, and is not sent."""
    has_write(server)
    x = server.exchange(get(), wsgi(start("200 OK", []), attempt([write("gateproof-text")])), timeout=2.0)
    said = x.call.first("write") or {}
    judge("WSGI-WRITE-004", "raised" in said, "write() raises", said)
    judge("WSGI-WRITE-004", b"gateproof-text" not in x.received, "the text is not sent", x.received[-60:])


@requirement("WSGI-WRITE-005")
def test_write_beyond_the_announced_length(server: Server, judge: Judge) -> None:
    """The call raises, or at least nothing beyond the length is sent."""
    has_write(server)
    script = wsgi(start("200 OK", [("Content-Length", "4")]), write(b"abcd"), attempt([write(b"efgh")]))
    with server.connect() as connection:
        x = connection.begin(get(b"/", (b"Connection", b"close")), script)
        connection.read(x, timeout=2.0)
        connection.ends(1.0)
    judge("WSGI-WRITE-005", b"efgh" not in x.received, "four octets of body", x.received[-60:])

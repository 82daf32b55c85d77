"""PEP 3333, Buffering and Streaming: a block is on its way while the application makes the next one."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.scripts import start, wait, wsgi
from gateproof.target import Server
from gateproof.wire.request import get

from .test_write import octets_by

OCTETS = ("Content-Type", "application/octet-stream")


@requirement("WSGI-STREAM-001")
def test_a_block_is_not_held_back(server: Server, judge: Judge, draw: Draw) -> None:
    """The client has it before the application goes on, whatever its size and the framing."""

    def law(case: tuple[int, bool, bytes]) -> None:
        size, counted, version = case
        headers = [OCTETS, *([("Content-Length", str(size + 3))] if counted else [])]
        items: list[Any] = [b"." * (size - 1) + b"!", wait("go"), b"end"]
        script = wsgi(start("200 OK", headers), items=items, kind="generator", live=True)
        with server.connect() as connection:
            connection.begin(get(version=version), script)
            got = octets_by(connection, b"!", server.patience)
            connection.release("go")
            connection.read()
        judge(
            "WSGI-STREAM-001",
            b"!" in got,
            f"{size} octets before the application goes on",
            f"{len(got)} octets: {got[-40:]!r}",
        )

    corpus = [(1, False, b"HTTP/1.1"), (5, True, b"HTTP/1.1"), (65536, False, b"HTTP/1.1"), (9, False, b"HTTP/1.0")]
    sizes = st.sampled_from([1, 2, 100, 4096, 8192, 16384, 65536])
    draw(law, st.tuples(sizes, st.booleans(), st.sampled_from([b"HTTP/1.1", b"HTTP/1.0"])), corpus, examples=6)


@requirement("WSGI-STREAM-002", revision=2)
def test_a_large_block_is_delivered_whole(server: Server, judge: Judge) -> None:
    """Three megabytes, while the application waits before its next block."""
    items: list[Any] = [["repeat", 1, 3_000_000], b"!", wait("go"), b"end"]
    script = wsgi(start("200 OK", [OCTETS]), items=items, kind="generator", live=True)
    with server.connect() as connection:
        connection.begin(get(), script)
        got = octets_by(connection, b"!", 4.0)
        connection.release("go")
        connection.read()
    # Where the small block behind is what is held back, the large one may be whole: so its octets are counted.
    count = got.partition(b"\r\n\r\n")[2].count(b"x")
    judge("WSGI-STREAM-002", count >= 3_000_000, "3000000 octets before the application goes on", f"{count} octets")

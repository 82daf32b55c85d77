"""PEP 3333, Specification Details: the iterable that the application returns."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gateproof.check import launch, requirement
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.scripts import Script, fail, start, wsgi
from gateproof.target import Server
from gateproof.wire.request import get

OCTETS = ("Content-Type", "application/octet-stream")
KINDS = ("list", "tuple", "generator", "iterator", "iterable")


def returning(items: list[Any], kind: str, *headers: tuple[str, str], **result: Any) -> Script:
    """Return a script that answers 200 with an iterable of some kind."""
    return wsgi(start("200 OK", [OCTETS, *headers]), items=items, kind=kind, **result)


@requirement("WSGI-ITER-001", "WSGI-ITER-002", "WSGI-ITER-010", revision=3)
def test_any_iterable_will_do(server: Server, judge: Judge) -> None:
    """List, tuple, generator, iterator, or an object whose __iter__ returns another; with and without len."""
    for kind in KINDS:
        x = server.exchange(get(), returning([b"one", b"two"], kind))
        judge("WSGI-ITER-001", x.response and x.response.body == b"onetwo", f"the body of a {kind}", x.outcome)
    for length in ("raises", None):
        x = server.exchange(get(), returning([b"one", b"two"], "iterator", len=length))
        seen = (x.outcome, x.response.body if x.response else b"")
        # A __len__ that raises may be an error of the application's: only a response that passes for good is judged.
        weight = "inform" if length and not (x.response and x.response.status < 500) else ""
        good = x.response and x.response.body == b"onetwo"
        judge("WSGI-ITER-002", good, f"b'onetwo' where len() {length or 'is missing'}", seen, weight=weight)
    x = server.exchange(get(), returning([b"one"], "iterator"))
    judge("WSGI-ITER-010", x.response and x.response.body == b"one", "a body without close()", x.outcome)


@requirement("WSGI-ITER-003", "WSGI-ITER-006", "WSGI-ITER-007", "WSGI-ITER-008")
def test_close_is_called_at_the_end(server: Server, judge: Judge) -> None:
    """On what the application returned, also a list that has it, once, after the last block."""
    for row, kind in (("WSGI-ITER-003", "iterator"), ("WSGI-ITER-006", "iterable"), ("WSGI-ITER-007", "list_subclass")):
        with server.connect() as connection:
            x = connection.begin(get(), returning([b"a", b"b"], kind, close=True, iter_close=True))
            connection.read(x)
            closed = connection.comes("close", x)
            names = [event.name for event in x.call.events]
            judge(row, closed is not None, f"close() of the {kind}", names)
            if closed is not None:
                judge("WSGI-ITER-008", names.count("close") == 1, "close() once", names)
                ended = "exhausted" not in names or names.index("close") > names.index("exhausted")
                judge(row, ended, "close() after the last block", names)
    judge.rest_blocked("close() is never called")


@requirement("WSGI-ITER-004", "WSGI-ITER-009")
def test_close_is_called_on_the_way_out(server: Server, judge: Judge) -> None:
    """After an exception, for HEAD, 204 and 304, and when the announced length is reached."""
    failing = returning([b"a", fail("ValueError"), b"b"], "iterator", close=True)
    none: dict[str, Any] = {"kind": "iterator", "close": True}
    cases: list[tuple[str, bytes, Script]] = [
        ("WSGI-ITER-004", get(), failing),
        ("WSGI-ITER-009", get(method=b"HEAD"), returning([b"a", b"b"], "iterator", close=True)),
        ("WSGI-ITER-009", get(), wsgi(start("204 No Content", []), items=[b"a", b"b"], **none)),
        ("WSGI-ITER-009", get(), wsgi(start("304 Not Modified", []), items=[b"a", b"b"], **none)),
        ("WSGI-ITER-009", get(), returning([b"abc", b"def"], "iterator", ("Content-Length", "3"), close=True)),
    ]
    for row, request, script in cases:
        with server.connect() as connection:
            x = connection.begin(request, script)
            connection.read(x)
            closed = connection.comes("close", x)
            judge(row, closed is not None, "close()", [event.name for event in x.events])


@launch("beside")
@requirement("WSGI-ITER-005", "WSGI-ITER-032")
def test_close_is_called_when_the_client_leaves(server: Server, judge: Judge) -> None:
    """A large but finite body whose client resets the connection after the header."""
    items: list[Any] = [["repeat", 400, 65536]]
    with server.connect() as connection:
        x = connection.begin(get(), returning(items, "iterator", close=True))
        first = connection.wire.read_some(_soon())
        connection.reset()
        # All the blocks may be taken first, and be put somewhere, which takes its time.
        connection.server.channel.wait(x.id, lambda event: event.name in ("close", "exhausted"), 10.0)
        closed = connection.comes("close", x)
        judge("WSGI-ITER-005", closed is not None, "close() after the client left", [e.name for e in x.events][-5:])
        taken = sum(event.name == "item" for event in x.events)
        judge.reading("WSGI-ITER-032", f"{'stopped early' if taken < 400 else 'all blocks were asked for'}")
        assert first is not None


def _soon() -> float:
    import time

    return time.monotonic() + 3.0


@requirement("WSGI-ITER-011")
def test_no_other_attributes_count(server: Server, judge: Judge) -> None:
    """An iterable with misleading attributes gives the same response as one without."""
    misleading = {"read": 1, "fileno": 3, "name": "x", "headers": [], "status_code": 404, "seek": 0, "__len__": 99}
    misleading.pop("__len__")
    plain = server.exchange(get(), returning([b"one", b"two"], "iterator"))
    odd = server.exchange(get(), returning([b"one", b"two"], "iterator", attrs=misleading))
    seen = (odd.response and odd.response.status, odd.response and odd.response.body)
    wanted = (plain.answer.status, plain.answer.body)
    judge("WSGI-ITER-011", seen == wanted, wanted, seen)


@launch("beside")
@requirement("WSGI-ITER-012")
def test_blocks_are_not_gathered_ahead(server: Server, judge: Judge) -> None:
    """While the client does not read, only a bounded number of blocks is asked for."""
    items: list[Any] = [["repeat", 400, 262144]]
    with server.connect() as connection:
        x = connection.begin(get(), returning(items, "iterator", live=True))
        if connection.wait("item", 3.0, x) is None:
            judge.blocked("WSGI-ITER-012", "the first block was never asked for")
            return
        over = connection.wait("exhausted", 0.5, x)
        taken = sum(event.name == "item" for event in x.events)
        judge(
            "WSGI-ITER-012", over is None and taken < 400, "blocks wait for the client", f"{taken} of 400 blocks taken"
        )
        connection.reset()


@requirement("WSGI-ITER-013")
def test_blocks_are_sent_unchanged(server: Server, judge: Judge, draw: Draw) -> None:
    """Whatever octets, whatever line ends."""

    def law(blocks: list[bytes]) -> None:
        x = server.exchange(get(), returning(blocks, "generator"))
        judge("WSGI-ITER-013", x.answer.body == b"".join(blocks), b"".join(blocks), x.answer.body)

    piece = st.one_of(
        st.sampled_from([b"\r\n", b"\n\r", b"\x00", b"0\r\n\r\n", b"\xff" * 9, b"x" * 9000]), st.binary(max_size=20)
    )
    corpus = [[bytes(range(256))], [b"a\r\nb", b"\n", b"\r"], [b"0\r\n\r\n", b"x"], [b"z" * 70_000, b"end"]]
    draw(law, st.lists(piece, min_size=1, max_size=5), corpus)


@requirement("WSGI-ITER-014")
def test_empty_blocks_change_nothing(server: Server, judge: Judge, draw: Draw) -> None:
    """They neither end the response nor appear on the wire."""

    def law(blocks: list[bytes]) -> None:
        x = server.exchange(get(), returning(blocks, "iterator"))
        seen = (x.answer.body, x.answer.complete)
        judge("WSGI-ITER-014", seen == (b"".join(blocks), True), (b"".join(blocks), True), seen)

    block = st.sampled_from([b"", b"", b"a", b"bc"])
    draw(
        law,
        st.lists(block, min_size=2, max_size=7),
        [[b"a", b"", b"b"], [b"", b"a"], [b"a", b""], [b"", b"", b"x", b""]],
    )


@requirement("WSGI-ITER-015")
def test_the_iterable_is_used_once(server: Server, judge: Judge) -> None:
    """One __iter__, and no next() after the end."""
    with server.connect() as connection:
        x = connection.begin(get(), returning([b"a", b"b"], "iterable", close=True))
        connection.read(x)
        connection.comes("close", x)
        names = [event.name for event in x.call.events]
    judge("WSGI-ITER-015", names.count("iter") <= 1, "one __iter__", names)
    judge("WSGI-ITER-015", "next_after_end" not in names, "no next() after the end", names)


@requirement("WSGI-ITER-016", "WSGI-ITER-017", revision=2)
def test_what_is_no_iterable_of_bytes_is_an_error(server: Server, judge: Judge) -> None:
    """Text is not sent; None is no success."""
    x = server.exchange(get(), returning(["gateproof-text"], "generator"), timeout=2.0)
    refused = x.response is not None and x.response.status >= 500  # its page may quote what was refused
    judge("WSGI-ITER-016", refused or b"gateproof-text" not in x.received, "the text is not sent", x.received[-80:])
    none = server.exchange(get(), wsgi(start("200 OK", []), kind="none"), timeout=2.0)
    whole = none.response is not None and none.response.status < 400 and none.response.framing != "close"
    judge("WSGI-ITER-017", not (whole and none.answer.complete), "no complete 200 for None", none.outcome)

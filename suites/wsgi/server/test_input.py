"""PEP 3333, Input and Error Streams: wsgi.input, compared with io.BytesIO over the same body."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from gateproof.check import in_band, requirement
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Judge
from gateproof.scripts import Script, Step, attempt, ok, read, start, wsgi
from gateproof.target import Server
from gateproof.values import Long, Opaque
from gateproof.wire.request import get, post

METHODS = ("read", "readline", "readlines", "__iter__")
LINES = b"line1\nline2\n\nlast"
Operation = tuple[str, tuple[Any, ...]]


def reading(*steps: Step) -> Script:
    """Return a script that reads first and then answers 'ok'."""
    return wsgi(*steps, start("200 OK", [("Content-Length", "2")]), items=[b"ok"])


class Player:
    """Plays read operations over a body. A server that waits for more at the end gets the client's FIN instead."""

    def __init__(self, server: Server, request: Callable[[bytes], bytes] = post) -> None:
        """No server is known to wait yet; `request` makes a request of a body."""
        self.server, self.request, self.half_close = server, request, False

    def play(self, body: bytes, *steps: Step, cuts: Sequence[int] = ()) -> list[dict[str, Any]]:
        """Return what each read came to; the body is sent in parts cut at `cuts`."""
        if self.half_close:
            return self.closing(body, *steps).call.named("read")
        octets = self.request(body)
        places = sorted({len(octets) - len(body) + cut % (len(body) + 1) for cut in cuts})
        with self.server.connect() as connection:
            x = connection.begin(octets[: places[0]] if places else octets, reading(*steps))
            for start_at, end in zip(places, [*places[1:], len(octets)], strict=False):
                connection.send(octets[start_at:end])
            connection.read(x)
        if x.silent:
            self.half_close = True
            x = self.closing(body, *steps)
        return x.call.named("read")

    def closing(self, body: bytes, *steps: Step) -> Exchange:
        """Send the request and FIN."""
        with self.server.connect() as connection:
            x = connection.begin(self.request(body), reading(*steps))
            connection.half_close()
            return connection.read(x)


def octets(said: dict[str, Any]) -> bytes:
    """Return the octets that a read gave, whatever their type; b'' where it raised."""
    return b"".join(plain(item) for item in listed(said.get("result")))


def listed(result: Any) -> list[Any]:
    """Return the items of a read's result."""
    base = result.base if isinstance(result, Opaque) and isinstance(result.base, list) else result
    return list(base) if isinstance(base, (list, tuple)) else [result]


def plain(item: Any) -> bytes:
    """Return the octets of one item."""
    if isinstance(item, Opaque):
        item = item.base
    if isinstance(item, Long):
        item = item.head
    return item if isinstance(item, bytes) else str(item).encode("utf-8", "replace") if item is not None else b""


@requirement("WSGI-INPUT-001")
def test_the_four_methods_are_there(server: Server, judge: Judge) -> None:
    """For every request, also without a body."""
    for request in (get(), get(method=b"HEAD"), post(b"abc")):
        found = server.exchange(request, ok()).call.opening["objects"].get("wsgi.input", [])
        for method in METHODS:
            judge("WSGI-INPUT-001", method in found, f"wsgi.input has {method}", found)


@in_band
@requirement("WSGI-INPUT-002", "WSGI-INPUT-003")
def test_the_body_is_read_whole(server: Server, judge: Judge, draw: Draw) -> None:
    """read(size) gives the octets that were sent, at most size at a time, and some as long as there are some."""

    def law(case: tuple[bytes, int]) -> None:
        body, size = case
        count = min(len(body) // size + 1, 3000)
        steps = [read("read", min(size, len(body) - start_)) for start_ in range(0, len(body), size)][:count]
        said = server.exchange(post(body), reading(*steps)).call.named("read")
        sizes = [len(octets(s)) for s in said if not isinstance(s.get("result"), Long)]
        if not any(isinstance(s.get("result"), Long) for s in said):
            judge("WSGI-INPUT-002", all(0 < n <= size for n in sizes), f"1 to {size} octets a read", sizes[:20])
            got = b"".join(octets(s) for s in said)
            judge("WSGI-INPUT-003", body.startswith(got) and got, body[:200], got[:200])
        else:
            total = sum(s["result"].length if isinstance(s["result"], Long) else len(octets(s)) for s in said)
            judge("WSGI-INPUT-002", total <= len(body), f"at most {len(body)} octets", total)

    binary = bytes(range(256))
    corpus = [(b"a", 1), (b"hello world", 4), (b"\r\n\x00\xff\n", 2), (binary * 20, 1000), (b"x" * 70_000, 65_536)]
    bodies = st.one_of(st.binary(min_size=1, max_size=64), st.sampled_from([b"y" * 4096, binary * 17, b"z" * 8193]))
    draw(law, st.tuples(bodies, st.sampled_from([1000, 4096, 64, 7])), corpus)


@in_band
@requirement("WSGI-INPUT-003")
def test_large_bodies_arrive_unchanged(server: Server, judge: Judge) -> None:
    """Above the usual buffers, and cut into several segments on the way."""
    import hashlib

    body = bytes((n * 7 + n // 256) % 256 for n in range(200_000))
    for pieces in (1, 3):
        with server.connect() as connection:
            head = post(body)[: -len(body)]
            script = reading(["read_exactly", len(body), 4096])
            x = connection.begin(head, script)
            step = len(body) // pieces + 1
            for place in range(0, len(body), step):
                connection.send(body[place : place + step])
            connection.read(x)
        said = x.call.first("read")
        seen = said.get("sha256")
        judge("WSGI-INPUT-003", seen == hashlib.sha256(body).hexdigest(), "the octets that were sent", said)


@in_band
@requirement("WSGI-INPUT-004", "WSGI-INPUT-005", "WSGI-INPUT-006", revision=2)
def test_optional_arguments_of_read(server: Server, judge: Judge) -> None:
    """read() gives the rest, so do -1 and None; read(0) gives nothing and takes nothing."""
    player = Player(server)
    said = player.play(b"hello world", read("read", 5), attempt([read("read")]))
    judge("WSGI-INPUT-004", octets(said[1]) == b" world" and "raised" not in said[1], b" world", said[1])
    for argument in (-1, None):
        other = Player(server)
        other.half_close = player.half_close  # who waits at the end of read() may do so here
        said = other.play(b"hello", attempt([read("read", argument)]))
        ends = other.half_close == player.half_close
        fine = octets(said[0]) == b"hello" and "raised" not in said[0] and ends
        told = said[0] if ends else f"{said[0]}, at the end of the connection alone"
        judge("WSGI-INPUT-005", fine, f"read({argument}): all, and an end where read() has one", told)
    said = player.play(b"abc", attempt([read("read", 0)]), read("read", 3))
    seen = (said[0].get("raised") or octets(said[0]), octets(said[1]))
    judge("WSGI-INPUT-006", seen == (b"", b"abc"), (b"", b"abc"), seen)


@in_band
@requirement("WSGI-INPUT-007", "WSGI-INPUT-009", "WSGI-INPUT-016", revision=2)
def test_end_of_file_at_the_end_of_the_body(server: Server, judge: Judge) -> None:
    """Past the body every method gives nothing, of the type of what it gave before, and nobody waits."""
    over = server.exchange(post(b"hello"), reading(read("read", 105), read("read", 105)))
    given = [item for call in over.calls for said in call.named("read") for item in listed(said.get("result"))]
    if over.silent or over.closed or over.reset:
        judge("WSGI-INPUT-007", False, "the end of the file after the body", over.outcome)
    else:
        seen = [octets(said) for said in over.call.named("read")]
        judge("WSGI-INPUT-007", b"".join(seen) == b"hello", b"hello", seen)
    empty = [read("read", 10), read("read"), read("readline"), read("readlines"), read("iter")]
    full = [read("read", 5), read("read", 3), read("readline"), read("read", 3)]
    for request, steps in ((get(), empty), (post(b"hello"), full)):
        x = server.exchange(request, reading(*(attempt([step]) for step in steps)))
        if x.silent:
            judge("WSGI-INPUT-009", False, "nothing, at once", x.outcome)
            continue
        seen = [said.get("result", said) for said in x.call.named("read")][0 if steps is empty else 1 :]
        nothing = all(not octets({"result": item}) for item in seen if not isinstance(item, dict))
        judge("WSGI-INPUT-009", nothing, "b'' or [] from every method", seen)
        given += [item for result in seen for item in listed(result)]
    text = [item for item in given if isinstance(item, str)]
    judge("WSGI-INPUT-016", not text, "bytes, at the end of the body too", text)


@requirement("WSGI-INPUT-008", revision=2)
def test_the_next_request_is_not_part_of_the_body(server: Server, judge: Judge) -> None:
    """A pipelined request behind the body is never delivered through wsgi.input."""
    with server.connect() as connection:
        x = connection.begin(post(b"hello") + get(b"/next"), reading(read("read", 5), attempt([read("read", 200)])))
        connection.read(x)
        if x.silent:  # it waits for what was asked for beyond the body: the end of all input lets it return
            connection.half_close()
            connection.read(x)
    if not x.calls:
        judge.blocked("WSGI-INPUT-008", f"the first request was not passed on: {x.outcome}")
        return
    seen = b"".join(octets(said) for said in x.calls[0].named("read"))
    judge("WSGI-INPUT-008", b"GET /next" not in seen, b"hello", seen)


@in_band
@requirement("WSGI-INPUT-010", "WSGI-INPUT-011", revision=2)
def test_readline(server: Server, judge: Judge) -> None:
    """One line with its newline; the last without one if the body has none; at most size octets of it."""
    player = Player(server)
    said = player.play(LINES, *[read("readline") for _ in range(4)])
    wanted = [b"line1\n", b"line2\n", b"\n", b"last"]
    seen = [s.get("result", s) for s in said]
    judge("WSGI-INPUT-010", [octets(s) for s in said] == wanted, wanted, seen)
    size = 100_000  # more than the buffers that servers have
    result = player.play(b"x" * (size - 1) + b"\nend", read("readline"))[0].get("result")
    length = result.length if isinstance(result, Long) else len(octets({"result": result}))
    judge("WSGI-INPUT-010", length == size, f"a line of {size} octets", f"{length} octets")
    said = player.play(LINES, attempt([read("readline", 3)]), attempt([read("readline", 100)]))
    got = [octets(s) for s in said]
    judge("WSGI-INPUT-011", got == [b"lin", b"e1\n"], [b"lin", b"e1\n"], [s.get("result", s) for s in said])


@in_band
@requirement("WSGI-INPUT-012", "WSGI-INPUT-013", "WSGI-INPUT-015", "WSGI-INPUT-016", revision=2)
def test_readlines_and_iteration(server: Server, judge: Judge, draw: Draw) -> None:
    """All remaining lines, newlines kept; with a hint a run of whole lines; and everything is bytes."""
    player = Player(server)

    def law(body: bytes) -> None:
        wanted = io.BytesIO(body).readlines()
        for row, step in (("WSGI-INPUT-012", read("readlines")), ("WSGI-INPUT-015", read("iter"))):
            said = player.play(body, attempt([step]))[0]
            judge(
                row,
                said.get("result") == wanted or listed(said.get("result")) == wanted,
                wanted,
                said.get("result", said),
            )
        hinted = player.play(body, attempt([read("readlines", 1)]), attempt([read("readlines")]))
        if "raised" not in hinted[0]:
            first, got = listed(hinted[0].get("result")), b"".join(octets(s) for s in hinted)
            whole = all(isinstance(line, bytes) and line for line in first)
            judge("WSGI-INPUT-013", whole and got == body and first == wanted[: len(first)], wanted, first)
        else:
            judge("WSGI-INPUT-013", True)
        for step in (read("read", len(body)), read("readline"), read("readlines"), read("iter")):
            said = player.play(body, attempt([step]))[0]
            wrong = [
                item
                for item in listed(said.get("result"))
                if not isinstance(item, (bytes, Long)) and "raised" not in said
            ]
            wrong = [
                w for w in wrong if not (isinstance(w, Opaque) and isinstance(w.base, bytes) and w.type != "bytearray")
            ]
            judge("WSGI-INPUT-016", not wrong, "bytes", wrong)

    lines = st.lists(
        st.sampled_from([b"a\n", b"\n", b"long line\n", b"\r\n", b"a\rb\n", b"\xff\n", b"x" * 100 + b"\n"]),
        min_size=1,
        max_size=5,
    )
    draw(
        law,
        st.builds(lambda parts, end: b"".join(parts) + end, lines, st.sampled_from([b"", b"end"])),
        [LINES, b"a\n", b"one", b"a\rb\r\nc\x0b\x0c\x85d\nend"],
        examples=6,
    )


@in_band
@requirement("WSGI-INPUT-014")
def test_all_methods_share_one_position(server: Server, judge: Judge, draw: Draw) -> None:
    """Any mixture of calls yields the body once, in order, without loss or repetition: io.BytesIO is the model."""
    player = Player(server)
    optional = supported(player)

    def law(case: Sequence[Any]) -> None:
        body, wanted, *cut = case
        operations = within(body, [op for op in wanted if op_kind(op) in optional or op_kind(op) in ALWAYS])
        if not operations:
            return
        said = player.play(
            body, *[read(name, *arguments) for name, arguments in operations], cuts=cut[0] if cut else ()
        )
        problem = differs(body, operations, said)
        judge("WSGI-INPUT-014", not problem, f"{body[:120]!r} read by {operations}", problem)

    bodies = st.builds(
        lambda parts, end: b"".join(parts) + end,
        st.lists(
            st.sampled_from([b"a\n", b"bc\n", b"\n", b"def", b"x" * 50 + b"\n", b"\x00\xff\n"]), min_size=1, max_size=8
        ),
        st.sampled_from([b"", b"end"]),
    )
    # A newline right before, at and behind the edge of a buffer such as servers have.
    edges = st.builds(
        lambda size, off, end: b"x" * (size + off) + b"\n" + end,
        st.sampled_from([4096, 8192, 65_536]),
        st.integers(-3, 1),
        bodies,
    )
    sizes = st.sampled_from([1, 2, 3, 5, 10, 60, 4095, 4096, 8192])
    cuts = st.lists(st.one_of(st.integers(0, 12), st.sampled_from([4095, 4096, 8191, 65_535])), max_size=3)
    operation = st.one_of(
        st.builds(lambda n: ("read", (n,)), sizes),
        st.just(("readline", ())),
        st.just(("next", ())),
        st.builds(lambda n: ("readline", (n,)), sizes),
        st.builds(lambda n: ("readlines", (n,)), sizes),
        st.just(("readlines", ())),
        st.just(("read", ())),
    )
    line: list[Operation] = [("readline", ()), ("readline", ()), ("read", (3,)), ("readline", ())]
    corpus: list[Any] = [
        (LINES, [("read", (2,)), ("readline", ()), ("read", (3,)), ("readlines", ())]),
        (LINES, [("readline", ()), ("read", (4,)), ("readline", ()), ("next", ())]),
        (LINES, [("readline", (2,)), ("readline", ()), ("read", ())]),
        (LINES, [("readlines", (1,)), ("read", (3,)), ("readlines", ())]),
        (b"a\nb\nc\n" * 2000, [("readline", ()), ("read", (5000,)), ("readline", ()), ("readlines", ())]),
        *[(b"x" * (size - 1) + b"\nab\ncdefg\n", line, [size - 1, size]) for size in (4096, 8192, 65_536)],
        (
            b"x" * 70_000 + b"\nend",
            [("readline", (8192,)), ("read", (4096,)), ("next", ()), ("read", (2,))],
            [1, 65_536],
        ),
    ]
    operations = st.lists(operation, min_size=2, max_size=7)
    draw(law, st.tuples(st.one_of(bodies, bodies, edges), operations, cuts), corpus)


ALWAYS = ("read(n)", "readline()", "readlines()", "next()")


def op_kind(operation: Operation) -> str:
    """Return the form of an operation: `read(n)` or `read()`."""
    return f"{operation[0]}({'n' if operation[1] else ''})"


def supported(player: Player) -> set[str]:
    """Return the optional forms that the server takes at all; the PEP lets it refuse their argument."""
    found = set()
    for operation in (("read", ()), ("readline", (4,)), ("readlines", (1,))):
        said = player.play(LINES, attempt([read(operation[0], *operation[1])]))
        if said and "raised" not in said[0]:
            found.add(op_kind(operation))
    return found


def within(body: bytes, operations: list[Operation]) -> list[Operation]:
    """Cut operations so that none asks for more than the body has: what happens there is another row's matter."""
    model, kept = io.BytesIO(body), []
    for name, arguments in operations:
        left = len(body) - model.tell()
        if left == 0:
            break
        if name == "read" and arguments:
            arguments = (min(arguments[0], left),)
        if name == "next":
            model.readline()
        else:
            getattr(model, name)(*arguments)
        kept.append((name, arguments))
    return kept


def whole(item: Any, rest: bytes) -> bytes:
    """Return the octets of an item; of one that is journalled by length and digest what of `rest` it is, if it is."""
    if isinstance(item, Long) and hashlib.sha256(rest[: item.length]).hexdigest() == item.sha256:
        return rest[: item.length]
    return plain(item)


def differs(body: bytes, operations: list[Operation], said: list[dict[str, Any]]) -> str:
    """Say where the results leave the body; short reads are legal, other gaps are not."""
    place = 0
    for (name, arguments), result in zip(operations, said, strict=False):
        if place == len(body):
            break
        if "raised" in result:
            return f"{name}{arguments} raised {result['raised']}"
        got = b""
        for item in listed(result.get("result")):
            got += whole(item, body[place + len(got) :])
        if not got or got != body[place : place + len(got)]:
            return f"{name}{arguments} at {place} gave {got[:80]!r} instead of {body[place : place + 80]!r}"
        place += len(got)
        line_ended = got.endswith(b"\n") or place == len(body)
        if name in ("readline", "next") and (
            got.count(b"\n") > 1 or not (line_ended or (arguments and len(got) <= arguments[0]))
        ):
            return f"{name}{arguments} gave {got[:80]!r}, which is not one line"
        if name == "read" and arguments and len(got) > arguments[0]:
            return f"read{arguments} gave {len(got)} octets"
        if name in ("readlines",) and not line_ended:
            return f"{name}{arguments} gave {got[-80:]!r}, which does not end at a line"
    return ""


@requirement("WSGI-INPUT-017")
def test_when_the_body_is_read(server: Server, judge: Judge) -> None:
    """Whether the application is called before the body has come."""
    script = reading(read("read", 5))
    script["live"] = True
    with server.connect() as connection:
        x = connection.begin(post(b"hello")[:-5], script)
        early = connection.wait("call", 0.1, x)
        connection.send(b"hello")
        connection.read(x)
    judge.reading("WSGI-INPUT-017", f"the application is called {'before' if early else 'when'} the body has come")


@requirement("WSGI-INPUT-018")
def test_a_body_cut_short(server: Server, judge: Judge) -> None:
    """What the application sees of a body whose client left."""
    script = reading(attempt([read("read", 100)]), attempt([read("read", 100)]))
    with server.connect() as connection:
        x = connection.begin(post(b"abc", (b"Content-Length", b"100")), script)
        connection.half_close()
        connection.read(x)
    seen = [s.get("raised") or octets(s) for s in x.calls[0].named("read")] if x.calls else "no call"
    judge.reading("WSGI-INPUT-018", f"a body of 100 octets cut after 3: {seen}")

"""What the laws on applications are played over: pools of interesting words, few draws for each case."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateproof.drive.asgi.scopes import CONTAINERS, PLAIN, Request, Server

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LEAVES = 4  # from this number on who asks in a lifetime leaves at its end
GOODBYES: tuple[dict[str, Any], ...] = (
    {"type": "websocket.disconnect", "code": 1000, "reason": ""},
    {"type": "websocket.disconnect", "code": 1001, "reason": "going"},
    {"type": "websocket.disconnect", "code": 1005, "reason": ""},
    {"type": "websocket.disconnect", "code": 1006, "reason": ""},
    {"type": "websocket.disconnect", "code": 4999, "reason": "\u20ac" * 40},
)


@dataclass(frozen=True)
class Asked:
    """A request; `leave` is after how many sent events its client goes, -1 before anything was delivered."""

    request: Request
    server: Server = PLAIN
    leave: int | None = None


@dataclass(frozen=True, eq=False)
class Talked:
    """A conversation: what the client says, one after the other or at once, and how it leaves; None: unanswered."""

    place: Request
    says: tuple[dict[str, Any], ...] | None = ()
    goodbye: int = 0
    server: Server = PLAIN
    hurried: bool = False
    raising: bool = False


Step = Asked | Talked


def sessions(
    ways: Sequence[Request], sockets: Sequence[Request], servers: Sequence[Server]
) -> SearchStrategy[list[Step]]:
    """Return what clients do one after the other: requests of every kind, and conversations where there are any."""
    from hypothesis import strategies as st

    asked = requests(ways, servers)
    steps = st.one_of(asked, asked, talks(sockets)) if sockets else asked
    return st.lists(steps, min_size=1, max_size=5)


def requests(ways: Sequence[Request], servers: Sequence[Server]) -> SearchStrategy[Asked]:
    """Return requests with any method, query, fields and body in any parts, whose client may leave at any point."""
    from hypothesis import strategies as st

    from gateproof import strategies as gst

    pool = [(name.lower().encode(), value.encode("latin-1")) for name in gst.NAMES for value in gst.VALUES]

    def build(
        way: Request,
        method: str,
        query: str,
        given: list[tuple[bytes, bytes]],
        body: list[bytes],
        kind: str,
        server: Server,
        leave: int,
    ) -> Asked:
        length = sum(map(len, body))
        typed = ((b"content-type", kind.encode()), (b"content-length", b"%d" % length)) if length else ()
        asked = way.but(
            method=method or way.method,
            query=query.encode("latin-1") or way.query,
            headers=(*given, *typed),
            body=tuple(body) or (b"",),
        )
        return Asked(asked, server, None if leave > 4 else leave)

    return st.builds(
        build,
        st.sampled_from(ways),
        st.sampled_from(["", *dict.fromkeys(gst.METHODS), "BREW"]),
        st.sampled_from(gst.QUERIES),
        st.lists(st.sampled_from(pool), max_size=2),
        st.one_of(st.just([]), gst.chunkings()),
        st.sampled_from(gst.TYPES),
        st.sampled_from(servers),
        st.integers(-1, 20),
    )


def talks(places: Sequence[Request], messages: Sequence[dict[str, Any]] = ()) -> SearchStrategy[Talked]:
    """Return conversations: any messages (or those that are given), and a client that leaves at any point."""
    from hypothesis import strategies as st

    said = st.sampled_from(list(messages)) if messages else spoken_or_sent()
    return st.builds(
        lambda place, says, unanswered, goodbye, hurried, raising: Talked(
            place,
            None if unanswered else tuple(says),
            goodbye,
            PLAIN.but(asgi={"version": "3.0", "spec_version": "2.4"}) if raising else PLAIN,
            hurried,
            raising,
        ),
        st.sampled_from(list(places)),
        st.lists(said, max_size=6),
        st.integers(0, 7).map(lambda number: number == 7),
        st.integers(0, len(GOODBYES) - 1),
        st.booleans(),
        st.booleans(),
    )


def lives() -> SearchStrategy[list[list[int]]]:
    """Return lifetimes: the requests in each, by number; from `LEAVES` on their client leaves as it ends."""
    from hypothesis import strategies as st

    return st.lists(st.lists(st.integers(0, 2 * LEAVES - 1), max_size=4), min_size=1, max_size=3)


def spoken_or_sent() -> SearchStrategy[dict[str, Any]]:
    """Return messages, some with None for the other key and some without it."""
    from hypothesis import strategies as st

    bare = messages().map(lambda event: {key: value for key, value in event.items() if value is not None})
    return st.one_of(messages(), bare)


def groups() -> SearchStrategy[list[int]]:
    """Return the ways that are asked at the same time, by number."""
    from hypothesis import strategies as st

    return st.lists(st.integers(0, 7), min_size=2, max_size=5)


def subsets(names: Sequence[str]) -> SearchStrategy[frozenset[str]]:
    """Return sets of names."""
    from hypothesis import strategies as st

    return st.sets(st.sampled_from(sorted(names)), min_size=1).map(frozenset)


def containers() -> SearchStrategy[tuple[str, str]]:
    """Return kinds of container, for the fields and for addresses."""
    from hypothesis import strategies as st

    return st.tuples(st.sampled_from(sorted(CONTAINERS)), st.sampled_from(["tuple", "list"]))


def masks() -> SearchStrategy[int]:
    """Return which letters of a name are upper case, as bits."""
    from hypothesis import strategies as st

    return st.integers(1, 2**24)


def plain_values() -> SearchStrategy[Any]:
    """Return values that an event or a scope may hold."""
    from hypothesis import strategies as st

    leaves = st.sampled_from([None, True, 0, -1, 2**63 - 1, 1.5, "", "\u20ac", b"", b"\xff"])
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("k"), inner), max_leaves=3
    )


def strangers() -> SearchStrategy[dict[str, Any]]:
    """Return further keys whose names belong to nobody."""
    from hypothesis import strategies as st

    names = st.sampled_from(["gateproof.extra", "x", "vendor", "", "\u00e9", "Type", "data", "status", "self"])
    return st.dictionaries(names, plain_values(), min_size=1, max_size=3)


def cuts(length: int) -> SearchStrategy[tuple[int, ...]]:
    """Return places at which a body is cut; two equal ones make an empty part."""
    from hypothesis import strategies as st

    return st.lists(st.integers(0, length), max_size=5).map(lambda places: tuple(sorted(places)))


def cut(body: bytes, places: tuple[int, ...]) -> tuple[bytes, ...]:
    """Return a body cut at these places."""
    ends = (0, *places, len(body))
    return tuple(body[start:end] for start, end in itertools.pairwise(ends))


def odd_fields(
    fields: Sequence[tuple[bytes, bytes]], queries: Sequence[bytes]
) -> SearchStrategy[tuple[tuple[bytes, bytes], bytes]]:
    """Return a request field whose value is any octets that a field may hold, and a query."""
    from hypothesis import strategies as st

    octets = st.binary(max_size=6).map(lambda raw: bytes(octet for octet in raw if octet > 0x1F and octet != 0x7F))
    field = st.tuples(st.sampled_from([name for name, _ in fields]), octets)
    return st.tuples(field, st.sampled_from([b"", *queries]))


def offered() -> SearchStrategy[dict[str, Any] | None]:
    """Return extensions that nobody knows, or none."""
    from hypothesis import strategies as st

    return st.none() | st.dictionaries(st.sampled_from(["vendor.x", "http.response.later", "\u20ac"]), st.just({}))


def places() -> SearchStrategy[int]:
    """Return after how many sent events a client leaves; -1: before it sent anything."""
    from hypothesis import strategies as st

    return st.integers(-1, 6)


def messages() -> SearchStrategy[dict[str, Any]]:
    """Return messages of text or of bytes, with None for the other."""
    from hypothesis import strategies as st

    text = st.sampled_from(["", "a", "caf\u00e9 \u20ac", '{"type": "ping"}', "x" * 3000])
    data = st.sampled_from([b"", b"\x00\xff", b"x" * 3000])
    return st.one_of(
        text.map(lambda value: {"type": "websocket.receive", "text": value, "bytes": None}),
        data.map(lambda value: {"type": "websocket.receive", "bytes": value, "text": None}),
    )


def goodbyes(kinds: int) -> SearchStrategy[tuple[int, int]]:
    """Return after how many messages a client leaves (-1: before its handshake is answered), and how."""
    from hypothesis import strategies as st

    return st.tuples(st.integers(-1, 3), st.integers(0, kinds - 1))


def responses(statuses: Sequence[int], names: Sequence[bytes]) -> SearchStrategy[tuple[int, list[tuple[bytes, bytes]]]]:
    """Return the status of a response, and fields whose names belong to nobody, some of them repeated."""
    from hypothesis import strategies as st

    value = st.sampled_from([b"1", b"", b"two words", b"caf\xc3\xa9", b"a, b"])
    return st.tuples(st.sampled_from(statuses), st.lists(st.tuples(st.sampled_from(names), value), max_size=4))


def odd_requests(
    servers: Sequence[Any], fields: Sequence[tuple[bytes, bytes]], queries: Sequence[bytes]
) -> SearchStrategy[tuple[Any, tuple[tuple[bytes, bytes], ...], bytes]]:
    """Return a server, a few odd fields and a query."""
    from hypothesis import strategies as st

    some = st.lists(st.sampled_from(fields), max_size=2).map(tuple)
    return st.tuples(st.sampled_from(servers), some, st.sampled_from([b"", *queries]))


def asked() -> SearchStrategy[tuple[str, bytes, str, str]]:
    """Return method, query, version and scheme of a request."""
    from hypothesis import strategies as st

    methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PROPFIND"])
    queries = st.sampled_from([b"", b"a=1", b"a=%20b&c", b"%C3%A9", b"a=1&a=2"])
    return st.tuples(methods, queries, st.sampled_from(["1.0", "1.1"]), st.sampled_from(["http", "https"]))


def mounted() -> SearchStrategy[tuple[str, str]]:
    """Return a root path and the path below it."""
    from hypothesis import strategies as st

    words = st.lists(st.sampled_from(["a", "api", "x y", "\u00e9", "\u20ac", "1"]), max_size=3)
    paths = words.map(lambda parts: "".join(f"/{part}" for part in parts))
    return st.tuples(paths, paths.map(lambda path: path or "/"))


def request_fields() -> SearchStrategy[tuple[tuple[bytes, bytes], ...]]:
    """Return request fields, some of them repeated."""
    from hypothesis import strategies as st

    names = st.sampled_from([b"x-odd", b"accept", b"x-long-name", b"user-agent", b"cookie"])
    values = st.sampled_from([b"1", b"a, b", b"caf\xe9", b"x" * 300, b"two words"])
    return st.lists(st.tuples(names, values), max_size=4).map(tuple)


def wsgi_responses(length: int) -> SearchStrategy[tuple[str, list[tuple[str, str]], tuple[int, ...]]]:
    """Return a status, fields as native strings, and places at which the body is cut."""
    from hypothesis import strategies as st

    statuses = st.sampled_from(
        ["200 OK", "201 Created", "404 Not Found", "418 I'm a teapot", "500 Internal Server Error"]
    )
    names = st.sampled_from(["X-A", "x-b", "Set-Cookie", "ETag"])
    fields = st.lists(st.tuples(names, st.sampled_from(["1", "a=b; Path=/", '"x"', "caf\xe9"])), max_size=4)
    return st.tuples(statuses, fields, cuts(length))

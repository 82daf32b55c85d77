"""What the laws on applications are played over: pools of interesting words, few draws for each case."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gateproof.drive.asgi.scopes import CONTAINERS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


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

"""Header lists of ASGI: two-item iterables of bytes. Names that were judged clean once are remembered."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

KEPT = 1024
PLAIN, LENGTH, TYPE, TRAILER, SUBPROTOCOL, ONCE = range(6)
KINDS = {
    b"content-length": LENGTH,
    b"content-type": TYPE,
    **dict.fromkeys((b"content-range", b"location", b"etag", b"last-modified"), ONCE),
    b"trailer": TRAILER,
    b"sec-websocket-protocol": SUBPROTOCOL,
}
NAMES: dict[bytes, int] = {}
CR, LF, NUL = 13, 10, 0  # numbers are found faster than byte strings
dangerous = re.compile(rb"[\r\n\0]").search

Tell = Callable[..., None]


class Rows(NamedTuple):
    """Which requirement each kind of breach belongs to; it depends on the message that carries the list."""

    shape: str
    case: str
    pseudo: str
    buffer: str = ""
    line: str = ""


# Content-Length, whether there is a Content-Type, the value of Trailer, whether the subprotocol is set by hand, which
# other fields of one value there are, and the name of one that is there again.
Facts = tuple[bytes | None, bool, bytes | None, bool, tuple[bytes, ...], bytes | None]
NONE: Facts = (None, False, None, False, (), None)


def check(headers: Any, rows: Rows, tell: Tell, extra: str = "") -> Facts:
    """Judge a header list and return what the rest of the call needs to know of it.

    A one-shot iterator is legal, and must not be consumed: only lists and tuples are looked into.
    """
    if not isinstance(headers, (list, tuple)):
        if isinstance(headers, (str, bytes, dict)) or not hasattr(headers, "__iter__"):
            tell(rows.shape, "headers is not an iterable of pairs", "pairs of bytes", headers)
        return NONE
    facts, line = NONE, rows.line
    try:
        for name, value in headers:
            kind = NAMES[name]
            if type(value) is not bytes or (line and (LF in value or CR in value or NUL in value)):
                break
            if kind:
                facts = _note(facts, kind, name, value)
        else:
            return facts
    except (KeyError, TypeError, ValueError):
        facts = NONE  # an unknown name, or no pair of bytes
    return _check_slowly(headers, rows, tell, extra)


def _note(facts: Facts, kind: int, name: bytes, value: bytes) -> Facts:
    length, typed, trailer, subprotocol, once, again = facts
    if kind == LENGTH:
        return value, typed, trailer, subprotocol, once, again if length is None else name
    if kind == TYPE:
        return length, True, trailer, subprotocol, once, name if typed else again
    if kind == ONCE:
        return length, typed, trailer, subprotocol, (*once, name), name if name in once else again
    if kind == TRAILER:
        return length, typed, value, subprotocol, once, again
    return length, typed, trailer, True, once, again


def by_name(headers: Any) -> dict[bytes, bytes] | None:
    """Return the values by lower-cased names, None where anything is no pair of bytes or must not be looked into."""
    found: dict[bytes, bytes] = {}
    for item in headers if isinstance(headers, (list, tuple)) else (None,):
        if not isinstance(item, (list, tuple)) or len(item) != 2 or not all(isinstance(part, bytes) for part in item):
            return None
        found[item[0].lower()] = item[1]
    return found


def _check_slowly(headers: Any, rows: Rows, tell: Tell, extra: str) -> Facts:
    facts = NONE
    for item in headers:
        if isinstance(item, (str, bytes)) or not hasattr(item, "__iter__") or not hasattr(item, "__len__"):
            tell(rows.shape, "an item of headers is not a pair", "a pair of bytes", item)
            continue
        pair = tuple(item)
        if len(pair) != 2:
            tell(rows.shape, "an item of headers is not a pair", "a pair of bytes", item)
        elif all(isinstance(part, bytes) for part in pair):
            kind = _judge_name(pair[0], rows, tell)
            facts = _note(facts, kind, pair[0].lower(), pair[1]) if kind else facts
            if rows.line and any(map(dangerous, pair)):
                tell(rows.line, "a header name or value holds CR, LF or NUL", "one line", item)
        elif rows.buffer and all(isinstance(part, (bytes, bytearray, memoryview)) for part in pair):
            tell(rows.buffer, "a header name or value is a buffer", "bytes", item)
        else:
            tell(rows.shape, "a header name or value is not bytes", "bytes", item, extra)
    return facts


def _judge_name(name: bytes, rows: Rows, tell: Tell) -> int:
    if name.startswith(b":"):
        if rows.pseudo:
            tell(rows.pseudo, "a pseudo header is in headers", "no name that begins with ':'", name)
        return PLAIN
    if name != name.lower():
        if rows.case:
            tell(rows.case, "a header name is not lower-cased", name.lower(), name)
        return KINDS.get(name.lower(), PLAIN)
    kind = KINDS.get(name, PLAIN)
    if type(name) is bytes and len(NAMES) < KEPT and not dangerous(name):
        NAMES[name] = kind
    return kind

"""Header lists of ASGI: two-item iterables of bytes. Names that were judged clean once are remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

KEPT = 1024
PLAIN, LENGTH, TYPE, TRAILER, SUBPROTOCOL = range(5)
KINDS = {
    b"content-length": LENGTH,
    b"content-type": TYPE,
    b"trailer": TRAILER,
    b"sec-websocket-protocol": SUBPROTOCOL,
}
NAMES: dict[bytes, int] = {}

Tell = Callable[..., None]


class Rows(NamedTuple):
    """Which requirement each kind of breach belongs to; it depends on the message that carries the list."""

    shape: str
    case: str
    pseudo: str
    buffer: str = ""


# Content-Length, whether there is a Content-Type, the value of Trailer, whether the subprotocol is set by hand.
Facts = tuple[bytes | None, bool, bytes | None, bool]
NONE: Facts = (None, False, None, False)


def check(headers: Any, rows: Rows, tell: Tell, extra: str = "") -> Facts:
    """Judge a header list and return what the rest of the call needs to know of it.

    A one-shot iterator is legal, and must not be consumed: only lists and tuples are looked into.
    """
    if not isinstance(headers, (list, tuple)):
        if isinstance(headers, (str, bytes, dict)) or not hasattr(headers, "__iter__"):
            tell(rows.shape, "headers is not an iterable of pairs", "pairs of bytes", headers)
        return NONE
    facts = NONE
    try:
        for name, value in headers:
            kind = NAMES[name]
            if type(value) is not bytes:
                break
            if kind:
                facts = _note(facts, kind, value)
        else:
            return facts
    except (KeyError, TypeError, ValueError):
        facts = NONE  # an unknown name, or no pair of bytes
    return _check_slowly(headers, rows, tell, extra)


def _note(facts: Facts, kind: int, value: bytes) -> Facts:
    length, typed, trailer, subprotocol = facts
    if kind == LENGTH:
        return value, typed, trailer, subprotocol
    if kind == TYPE:
        return length, True, trailer, subprotocol
    if kind == TRAILER:
        return length, typed, value, subprotocol
    return length, typed, trailer, True


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
            facts = _note(facts, kind, pair[1]) if kind else facts
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
    if type(name) is bytes and len(NAMES) < KEPT:
        NAMES[name] = kind
    return kind

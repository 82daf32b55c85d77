"""What an application may send, as tables; a value of a wrong type raises out of `send` (specs/main, Errors)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gateproof.reference.requests import TOKEN

REQUIRED = object()
BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

# event type -> key -> (types, may be None, required)
FIELDS: dict[str, dict[str, tuple[tuple[type, ...], bool, bool]]] = {
    "http.response.start": {"status": ((int,), False, True), "trailers": ((bool,), False, False)},
    "http.response.body": {"body": ((bytes,), False, False), "more_body": ((bool,), False, False)},
    "http.response.trailers": {"more_trailers": ((bool,), False, False)},
    "http.response.early_hint": {},
    "http.response.pathsend": {"path": ((str,), False, True)},
    "http.response.zerocopysend": {
        "file": ((object,), False, True),
        "offset": ((int,), True, False),
        "count": ((int,), True, False),
        "more_body": ((bool,), False, False),
    },
    "websocket.accept": {"subprotocol": ((str,), True, False)},
    "websocket.send": {"bytes": ((bytes,), True, False), "text": ((str,), True, False)},
    "websocket.close": {"code": ((int,), False, False), "reason": ((str,), True, False)},
    "websocket.http.response.start": {"status": ((int,), False, True)},
    "websocket.http.response.body": {"body": ((bytes,), False, False), "more_body": ((bool,), False, False)},
}


def check(event: Any) -> str:
    """Return the type of an event whose keys have the right types; raises TypeError or ValueError."""
    if not isinstance(event, dict):
        raise TypeError(f"an event must be a dict, not {type(event).__name__}")
    kind = event.get("type")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise ValueError(f"unknown event type {kind!r}")
    for key, (types, nullable, required) in FIELDS[kind].items():
        if key not in event:
            if required:
                raise ValueError(f"{kind} has no {key}")
        elif not ((nullable and event[key] is None) or _fits(event[key], types)):
            raise TypeError(f"{key} of {kind} must not be {type(event[key]).__name__}")
    if kind == "websocket.send" and (event.get("bytes") is None) == (event.get("text") is None):
        raise ValueError("websocket.send needs either bytes or text")
    return kind


def _fits(value: Any, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def fields(given: Iterable[Any]) -> list[tuple[bytes, bytes]]:
    """Return header fields as pairs of bytes; raises TypeError or ValueError where they are no such thing."""
    pairs: list[tuple[bytes, bytes]] = []
    for name, value in given:
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise TypeError("a header field must be a pair of bytes")
        if not TOKEN.fullmatch(name):
            raise ValueError(f"the field name {name!r} is not a token")
        if BAD_VALUE.search(value):
            raise ValueError(f"the field value {value!r} has a control character")
        pairs.append((name, value))
    return pairs

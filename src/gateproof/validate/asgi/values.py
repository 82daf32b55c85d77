"""Which values an event may hold: bytes, str, int, float, list, dict, bool and None, at any depth."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

DEEPEST = 50
LEAVES = (bytes, str, bool, type(None))


class Breach(NamedTuple):
    """The first value that an event may not hold."""

    kind: str
    message: str
    expected: str
    seen: object


def walk(value: Any, depth: int = 0) -> Breach | None:
    """Return the first breach in a value, or None; looks at types by isinstance, so that subclasses pass."""
    if isinstance(value, LEAVES):
        return None
    if isinstance(value, int):
        fits = -(2**63) <= value < 2**63
        return None if fits else Breach("int", "an integer does not fit 64 bits", "-2**63 .. 2**63-1", value)
    if isinstance(value, float):
        return None if math.isfinite(value) else Breach("float", "a float is not finite", "a finite float", value)
    if isinstance(value, (bytearray, memoryview)):
        return Breach("buffer", "a buffer stands for a byte string", "bytes", type(value))
    if isinstance(value, dict):
        return _walk_dict(value, depth)
    if isinstance(value, tuple):
        return Breach("tuple", "a sequence is a tuple", "list", value)
    if isinstance(value, list) and depth < DEEPEST:
        return next(filter(None, (walk(item, depth + 1) for item in value)), None)
    if isinstance(value, list):
        return None
    return Breach("type", "a value has a type that events may not hold", "a plain value", type(value))


def _walk_dict(value: dict[Any, Any], depth: int) -> Breach | None:
    for key in value:
        if not isinstance(key, str):
            return Breach("key", "a key is not str", "str", key)
    if depth >= DEEPEST:
        return None
    return next(filter(None, (walk(item, depth + 1) for item in value.values())), None)

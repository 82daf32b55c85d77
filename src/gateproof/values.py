"""Values of the application side as data: exact types survive the way through journal, script and report.

str, int, bool, float, None and list stand for themselves; bytes is {"b": latin-1 text}, tuple {"tuple": [...]}, dict
{"dict": [[key, value], ...]}; a subclass of one of them is {"type": name, "of": form of the base}; anything else is
{"type": name, "repr": text}; a value that is too long is {"b" or "s": head, "len": n, "sha256": hex, "cut": true}.
The probes carry an encoder of their own for the same forms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

OPAQUE = frozenset(("type", "of", "repr"))


@dataclass(frozen=True)
class Opaque:
    """A value whose exact type is not one of the plain ones; `base` is the plain value of a subclass."""

    type: str
    base: Any = None
    repr: str = ""


@dataclass(frozen=True)
class Long:
    """A value that was too long for the journal: its head (bytes or str), its full length and digest."""

    head: bytes | str
    length: int
    sha256: str


def type_name(value: object) -> str:
    """Return `module.qualname` of a value's type; built-in types without the module."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def encode(value: Any) -> Any:
    """Return the data form of a value; also of what `decode` made."""
    if isinstance(value, Opaque):
        return _opaque(value)
    if isinstance(value, Long):
        key, head = ("b", value.head.decode("latin-1")) if isinstance(value.head, bytes) else ("s", value.head)
        return {key: head, "len": value.length, "sha256": value.sha256, "cut": True}
    kind = type(value)
    if value is None or kind in (str, bool, int):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"type": "float", "repr": repr(value)}
    if kind is bytes:
        return {"b": value.decode("latin-1")}
    if kind in (bytearray, memoryview):
        return {"type": kind.__name__, "of": {"b": bytes(value).decode("latin-1")}}
    if kind is list:
        return [encode(item) for item in value]
    if kind is tuple:
        return {"tuple": [encode(item) for item in value]}
    if kind is dict:
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    return {"type": type_name(value), "repr": repr(value)[:200]}


def _opaque(value: Opaque) -> dict[str, Any]:
    form: dict[str, Any] = {"type": value.type}
    if value.base is not None:
        form["of"] = encode(value.base)
    if value.repr:
        form["repr"] = value.repr
    return form


def decode(form: Any) -> Any:
    """Return the value of a data form."""
    if type(form) is not dict:
        return [decode(item) for item in form] if type(form) is list else form
    if form.get("cut"):
        head = form["b"].encode("latin-1") if "b" in form else form["s"]
        return Long(head, form["len"], form["sha256"])
    if "b" in form:
        return form["b"].encode("latin-1")
    if "tuple" in form:
        return tuple(decode(item) for item in form["tuple"])
    if "dict" in form:
        # Most of what a journal holds is text, which stands for itself.
        return {
            key if type(key) is str else _key(decode(key)): value if type(value) is str else decode(value)
            for key, value in form["dict"]
        }
    if "type" in form and form.keys() <= OPAQUE:
        return Opaque(form["type"], decode(form["of"]) if "of" in form else None, form.get("repr", ""))
    return {key: decode(value) for key, value in form.items()}


def _key(key: Any) -> Any:
    """Return something hashable for a key that may be any value."""
    try:
        hash(key)
    except TypeError:
        return Opaque(type_name(key), None, repr(key)[:200])
    return key


def exact(form: Any) -> bool:
    """Tell whether a data form holds the whole value, and no mere description of a part of it."""
    if isinstance(form, dict):
        return "type" not in form and "cut" not in form and all(map(exact, form.values()))
    return all(map(exact, form)) if isinstance(form, list) else True

"""Builders of scripts: the data that tells a probe what to do. The verbs are those of the probes, see there."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from gateproof import values

CARRIED = 2048
Step = list[Any]
Script = dict[str, Any]
Headers = Sequence[tuple[Any, Any]]
TEXT: tuple[str, str] = ("Content-Type", "text/plain")


def fields(exchange: str, script: Mapping[str, Any] | None) -> bytes:
    """Return the field lines that mark a request; a script that does not fit is fetched by its id."""
    lines = b"Gateproof-Id: " + exchange.encode("ascii") + b"\r\n"
    if script is None:
        return lines
    text = json.dumps(script, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    carried = base64.urlsafe_b64encode(text).rstrip(b"=")
    if len(carried) <= CARRIED:
        lines += b"Gateproof-Script: " + carried + b"\r\n"
    return lines


def wsgi(*call: Step, items: Sequence[Any] = (), kind: str = "list", live: bool = False, **result: Any) -> Script:
    """Return a WSGI script: the steps of the call, then what it returns.

    `items` are blocks (bytes, or any value to yield) and steps (lists); `kind` is list, tuple, generator, iterator,
    iterable, list_subclass, file_wrapper, none, bytes or value; `result` takes close, len, attrs, file, iter_close.
    """
    steps = [item if isinstance(item, list) else give(item) for item in items]
    return {"call": list(call), "result": {"kind": kind, "items": steps, **result}, "live": live}


def ok(body: bytes = b"ok", *headers: tuple[str, str], status: str = "200 OK", length: bool = True) -> Script:
    """Return a WSGI script that answers with a text and its length."""
    own = [TEXT, *headers, *([("Content-Length", str(len(body)))] if length else [])]
    return wsgi(start(status, own), items=[body])


def start(status: Any = "200 OK", headers: Any = (TEXT,), exc_info: str = "") -> Step:
    """Call start_response; `exc_info` is '' (two arguments), none, new (from a fresh exception) or bogus."""
    form = [tuple(field) for field in headers] if isinstance(headers, (list, tuple)) else headers
    return ["start", values.encode(status), values.encode(form), exc_info]


def raw_start(*arguments: Any) -> Step:
    """Call start_response with exactly these values, as they are."""
    return ["start_raw", [values.encode(argument) for argument in arguments]]


def write(data: Any) -> Step:
    """Call the write callable that the last start_response returned."""
    return ["write", values.encode(data)]


def give(data: Any) -> Step:
    """Yield a block; only among the items of a result."""
    return ["yield", values.encode(data)]


def read(method: str = "read", *arguments: Any) -> Step:
    """Call a method of wsgi.input: read, readline, readlines, iter (all lines) or next."""
    return ["read", method, [values.encode(argument) for argument in arguments]]


def read_all(size: int = 8192, most: int = 4096) -> Step:
    """Read in pieces until nothing comes, journalled as one event with all pieces."""
    return ["read_until", "read", size, most]


def read_request() -> Step:
    """Read the body as applications do: to its end where that is told, else what CONTENT_LENGTH says."""
    return ["read_request"]


def errors(method: str, *arguments: Any) -> Step:
    """Call a method of wsgi.errors: write, writelines, flush or print."""
    return ["errors", method, [values.encode(argument) for argument in arguments]]


def environ_set(key: Any, value: Any) -> Step:
    """Set a key of environ."""
    return ["environ", "set", values.encode(key), values.encode(value)]


def environ_delete(key: Any) -> Step:
    """Delete a key of environ if it is there."""
    return ["environ", "del", values.encode(key), None]


def environ_clear() -> Step:
    """Empty environ."""
    return ["environ", "clear", None, None]


def wait(name: str, deadline: float = 5.0) -> Step:
    """Wait until the check releases that name."""
    return ["wait", name, deadline]


def barrier(name: str, count: int, deadline: float = 2.0) -> Step:
    """Wait until so many calls have arrived here."""
    return ["barrier", name, count, deadline]


def sleep(seconds: float) -> Step:
    """Sleep."""
    return ["sleep", seconds]


def fail(kind: str = "Exception", message: str = "scripted") -> Step:
    """Raise an exception of a built-in type."""
    return ["raise", kind, message]


# Verbs that may take time of their own, those of both probes: what has a deadline waits for it.
WAITING = frozenset(
    (
        "wait",
        "barrier",
        "sleep",
        "hold_up",
        "join",
        "receive",
        "receive_until",
        "read_body",
        "digest_body",
        "echo",
        "flood",
    )
)


def waits(script: Any) -> bool:
    """Tell whether a script has a step that takes time of its own."""
    if isinstance(script, Mapping):
        return any(waits(part) for part in script.values())
    if not isinstance(script, list) or not script:
        return False
    return (isinstance(script[0], str) and script[0] in WAITING) or any(waits(part) for part in script)


def attempt(steps: Sequence[Step], on_error: Sequence[Step] = ()) -> Step:
    """Play steps; if one raises, play the others and go on. An exception is journalled either way."""
    return ["try", list(steps), list(on_error)]


def loop(count: int, *steps: Step) -> Step:
    """Play steps so many times."""
    return ["loop", count, list(steps)]


def note(value: Any) -> Step:
    """Put a value into the journal."""
    return ["note", values.encode(value)]

"""Builders of scripts for the ASGI probe. The verbs are those of `reference_apps/asgi_probe.py`, see there.

A script is {"steps": [...], "live": bool}; a live one is journalled event by event, for checks that wait for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateproof import values
from gateproof.values import Opaque

Step = list[Any]
Script = dict[str, Any]
Event = Mapping[str, Any]
Fields = Sequence[tuple[bytes, bytes]]
TEXT = (b"content-type", b"text/plain")


def asgi(*steps: Step, live: bool = False) -> Script:
    """Return a script of these steps."""
    return {"steps": list(steps), "live": live}


# -- events


def start(status: Any = 200, headers: Any = (TEXT,), **more: Any) -> dict[str, Any]:
    """Return http.response.start; headers None leaves the key out."""
    event: dict[str, Any] = {"type": "http.response.start", "status": status}
    if headers is not None:
        event["headers"] = [tuple(item) for item in headers] if isinstance(headers, tuple) else headers
    return {**event, **more}


def body(octets: Any = b"", more: bool | None = None) -> dict[str, Any]:
    """Return http.response.body; `more` None leaves more_body out."""
    event: dict[str, Any] = {"type": "http.response.body", "body": octets}
    return event if more is None else {**event, "more_body": more}


def accept(**more: Any) -> dict[str, Any]:
    """Return websocket.accept."""
    return {"type": "websocket.accept", **more}


def message(**content: Any) -> dict[str, Any]:
    """Return websocket.send with text or bytes."""
    return {"type": "websocket.send", **content}


def close(**more: Any) -> dict[str, Any]:
    """Return websocket.close."""
    return {"type": "websocket.close", **more}


def iterator(items: Iterable[Any]) -> Opaque:
    """Return a value that is a one-shot iterator over items when the probe sends it."""
    return Opaque("iterator", list(items))


def file(content: bytes, at: int = 0, *, number: bool = False) -> Any:
    """Return a value that is an open file with that content, positioned at an offset, when the probe sends it.

    `number` gives its descriptor alone.
    """
    return _Form({"type": "file", "of": values.encode(content), "at": at, "number": number})


def path(content: bytes) -> Any:
    """Return a value that is the path of a file with that content when the probe sends it."""
    return _Form({"type": "path", "of": values.encode(content)})


class _Form(dict[str, Any]):
    """A data form that stands in an event as it is."""


def encode(value: Any) -> Any:
    """Return the data form of an event, in which forms may stand."""
    if isinstance(value, _Form):
        return dict(value)
    if type(value) is dict:
        return {"dict": [[values.encode(key), encode(item)] for key, item in value.items()]}
    if type(value) is list:
        return [encode(item) for item in value]
    if type(value) is tuple:
        return {"tuple": [encode(item) for item in value]}
    return values.encode(value)


# -- steps


def receive(deadline: float | None = None) -> Step:
    """Receive one event; with a deadline, journal a time-out and leave the receive pending, not cancelled."""
    return ["receive", deadline]


def receive_until(*types: str, deadline: float | None = None) -> Step:
    """Receive until an event of one of the types comes."""
    return ["receive_until", list(types), deadline]


def read_body(deadline: float | None = None) -> Step:
    """Receive until the request is whole or the client gone."""
    return ["read_body", deadline]


def digest_body(most: int = 1 << 40) -> Step:
    """Receive the body, journalled as length and digest."""
    return ["digest_body", most]


def send(event: Any) -> Step:
    """Send an event, of any kind."""
    return ["send", encode(event)]


def respond(status: int = 200, headers: Fields = (TEXT,), octets: bytes = b"ok") -> Step:
    """Send a whole response; its content-length is added."""
    return ["respond", status, [values.encode(tuple(pair)) for pair in headers], values.encode(octets)]


def flood(size: int, count: int, event: Event) -> Step:
    """Send an event so many times with so many octets in it."""
    return ["flood", size, count, encode(dict(event))]


def attempt(steps: Sequence[Step], on_error: Sequence[Step] = ()) -> Step:
    """Play steps; if one raises, play the others and go on."""
    return ["try", list(steps), list(on_error)]


def attempts(*steps: Step) -> list[Step]:
    """Try each step on its own."""
    return [attempt([step]) for step in steps]


def fail(kind: str = "ProbeError", text: str = "scripted") -> Step:
    """Raise an exception: a built-in type, ProbeError, CancelledError or ExceptionGroup."""
    return ["raise", kind, text]


def leave() -> Step:
    """Return from the call."""
    return ["return"]


def sleep(seconds: float) -> Step:
    """Sleep."""
    return ["sleep", seconds]


def hold_up(seconds: float) -> Step:
    """Hold up the whole event loop, as an application that computes does."""
    return ["hold_up", seconds]


def wait(name: str, deadline: float = 5.0) -> Step:
    """Wait until the check releases that name."""
    return ["wait", name, deadline]


def barrier(name: str, count: int, deadline: float = 2.0) -> Step:
    """Wait until so many calls have arrived here."""
    return ["barrier", name, count, deadline]


def spawn(name: str, *steps: Step) -> Step:
    """Play steps in a child task of the call."""
    return ["spawn", name, list(steps)]


def join(name: str, deadline: float = 5.0) -> Step:
    """Wait for a child task."""
    return ["join", name, deadline]


def cancel(name: str) -> Step:
    """Cancel a child task."""
    return ["cancel", name]


def background(*steps: Step) -> Step:
    """Play steps in a task that goes on when the call has returned."""
    return ["background", list(steps)]


def loop(count: int, *steps: Step) -> Step:
    """Play steps so many times."""
    return ["loop", count, list(steps)]


def mutate(action: str, *keys: str, value: Any = None) -> Step:
    """Change the scope at a path of keys: set, del, append or clear."""
    return ["mutate", list(keys), action, values.encode(value)]


def look(*keys: Any) -> Step:
    """Journal what stands at a path of the scope."""
    return ["look", list(keys)]


def keep(name: str, *keys: str) -> Step:
    """Keep the object at a path of the scope, for `same`."""
    return ["keep", name, list(keys)]


def same(name: str, *keys: str) -> Step:
    """Journal whether the object at a path of the scope is the one that was kept."""
    return ["same", name, list(keys)]


def cancel_receive(seconds: float) -> Step:
    """Begin to receive, cancel that after a while, and journal how it ended."""
    return ["cancel_receive", seconds]


def primitives() -> Step:
    """Use what an asyncio event loop offers, and journal whether that worked."""
    return ["primitives"]


def note(value: Any) -> Step:
    """Put a value into the journal."""
    return ["note", values.encode(value)]


def echo(most: int = 100_000) -> Step:
    """Send every WebSocket message back until the end."""
    return ["echo", most]


# -- whole scripts


def ok(octets: bytes = b"ok", *headers: tuple[bytes, bytes], status: int = 200, live: bool = False) -> Script:
    """Answer with a text and its length; the request is not read."""
    return asgi(respond(status, (TEXT, *headers), octets), live=live)


def reading(octets: bytes = b"ok", *, live: bool = False) -> Script:
    """Read the whole request, then answer."""
    return asgi(read_body(), respond(octets=octets), live=live)


def streaming(*parts: bytes, status: int = 200, headers: Any = (TEXT,)) -> Script:
    """Answer in parts, without a length."""
    pieces = [send(body(part, more=index < len(parts) - 1)) for index, part in enumerate(parts)]
    return asgi(send(start(status, headers)), *pieces)


def accepting(*steps: Step, live: bool = True, **more: Any) -> Script:
    """Receive websocket.connect, accept, then go on with these steps."""
    return asgi(receive(), send(accept(**more)), *steps, live=live)

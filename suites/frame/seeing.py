"""What an application was called with, whichever interface it was called through, and the scripts of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateproof import asgi_scripts, scripts
from gateproof.exchange import Call
from gateproof.scripts import Script
from gateproof.target import Server
from gateproof.values import Long

Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Got:
    """One call: what of the request reached the application. Names are in lower case.

    `sizes` and `target` count what was too long for the journal as well: values by name, path and query together.
    `whole` tells whether the body came to an end that is no error; in WSGI an end of file alone may be the end of the
    connection as well (WSGI-INPUT-018). A body too long for the journal is cut: its length is in `length`.
    """

    method: bytes
    path: bytes
    query: bytes
    version: bytes
    fields: Fields = field(default_factory=list)
    body: bytes = b""
    length: int = 0
    whole: bool = False
    sizes: dict[bytes, int] = field(default_factory=dict)
    target: int = 0

    def all(self, name: bytes) -> list[bytes]:
        """Return the values of a field; WSGI has one, in which several are joined."""
        return [value for key, value in self.fields if key == name]

    def value(self, name: bytes) -> bytes | None:
        """Return the value of a field, None where there is no such field."""
        return next(iter(self.all(name)), None)

    @property
    def texts(self) -> list[bytes]:
        """Return everything in which an octet of the header section can turn up."""
        return [self.method, self.path, self.query, *(text for pair in self.fields for text in pair)]

    def __str__(self) -> str:
        """Say it in a few words."""
        body = f" with {self.body[:60]!r}" if self.body else ""
        return f"{self.method.decode('latin-1')} {self.path[:60].decode('latin-1')!r}{body}"


def got(call: Call, interface: str) -> Got:
    """Return what a call was given."""
    return _asgi(call) if interface == "asgi" else _wsgi(call)


def octets(value: Any) -> bytes:
    """Return the octets of a value of environ or scope, whatever its type."""
    base = getattr(value, "base", value)
    if isinstance(base, Long):
        base = base.head
    if isinstance(base, str):
        return base.encode("latin-1") if base.isascii() or max(base) <= "\xff" else base.encode("utf-8", "replace")
    return bytes(base) if isinstance(base, (bytes, bytearray)) else b"" if base is None else str(base).encode()


def _wsgi(call: Call) -> Got:
    environ = {key: value for key, value in call.environ.items() if isinstance(key, str)}
    names = {"CONTENT_TYPE": b"content-type", "CONTENT_LENGTH": b"content-length"}
    found = [(names[key], octets(value)) for key, value in environ.items() if key in names]
    sizes = {names[key]: size(value) for key, value in environ.items() if key in names}
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            name = key[5:].lower().replace("_", "-").encode("utf-8", "replace")
            found.append((name, octets(value)))
            sizes[name] = size(value)
    said = [value for value in call.named("read") if isinstance(value, dict)]
    results = [getattr(value.get("result"), "base", value.get("result")) for value in said]
    return Got(
        octets(environ.get("REQUEST_METHOD")),
        octets(environ.get("SCRIPT_NAME")) + octets(environ.get("PATH_INFO")),
        octets(environ.get("QUERY_STRING")),
        octets(environ.get("SERVER_PROTOCOL")),
        found,
        b"".join(octets(result) for result in results),
        sum(size(result) for result in results),
        bool(said) and not any("raised" in value for value in said),
        sizes,
        sum(size(environ.get(key)) for key in ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")),
    )


def _asgi(call: Call) -> Got:
    scope = call.scope
    given = getattr(scope.get("headers"), "base", scope.get("headers"))
    items = [getattr(item, "base", item) for item in given] if isinstance(given, (list, tuple)) else []
    pairs = [item for item in items if isinstance(item, (list, tuple)) and len(item) == 2]
    found = [(octets(name).lower(), octets(value)) for name, value in pairs]
    pieces = [event for event in call.received if event.get("type") == "http.request"]
    bodies = [getattr(event.get("body", b""), "base", event.get("body", b"")) for event in pieces]
    raw = scope.get("raw_path")
    return Got(
        octets(scope.get("method")),
        octets(raw) if raw else octets(scope.get("path")),
        octets(scope.get("query_string")),
        b"HTTP/" + octets(scope.get("http_version")),
        found,
        b"".join(octets(body) for body in bodies),
        sum(size(body) for body in bodies),
        bool(pieces) and not pieces[-1].get("more_body", False),
        {octets(name).lower(): size(value) for name, value in pairs},
        size(raw or scope.get("path")) + size(scope.get("query_string")),
    )


def size(value: Any) -> int:
    """Return the length of a value, whole even where the journal cut it."""
    base = getattr(value, "base", value)
    return base.length if isinstance(base, Long) else len(octets(base))


# -- scripts


def reading(server: Server, body: bytes = b"first") -> Script:
    """Return a script that reads the request as applications do, and then answers."""
    if server.interface == "asgi":
        return asgi_scripts.reading(body)
    return scripts.wsgi(scripts.read_request(), *_start(body), items=[body])


def answering(server: Server, body: bytes = b"ok", *, length: bool = True) -> Script:
    """Return a script that answers and reads nothing; `length` False leaves the framing to the server."""
    if server.interface == "asgi":
        return asgi_scripts.ok(body) if length else asgi_scripts.streaming(body)
    return scripts.wsgi(*_start(body if length else None), items=[body], kind="list" if length else "generator")


def reading_some(server: Server, count: int, body: bytes = b"first") -> Script:
    """Return a script that reads so many octets, or one event, and then answers."""
    if server.interface == "asgi":
        return asgi_scripts.asgi(asgi_scripts.receive(), asgi_scripts.respond(octets=body))
    return scripts.wsgi(scripts.read("read", count), *_start(body), items=[body])


def sparing(server: Server, body: bytes = b"first") -> Script:
    """Return a script that answers HEAD: the length of a body that a WSGI application, unlike ASGI, leaves out."""
    if server.interface == "asgi":
        return asgi_scripts.ok(body)
    return scripts.wsgi(*_start(body), items=[])


def slow(server: Server, seconds: float, body: bytes) -> Script:
    """Return a script that takes its time."""
    if server.interface == "asgi":
        return asgi_scripts.asgi(
            asgi_scripts.read_body(), asgi_scripts.sleep(seconds), asgi_scripts.respond(octets=body)
        )
    return scripts.wsgi(scripts.read_request(), scripts.sleep(seconds), *_start(body), items=[body])


def hinting() -> Script:
    """Return a script of an ASGI application that gives a hint, where the server takes one, before it answers."""
    hint = {"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload; as=style"]}
    return asgi_scripts.asgi(asgi_scripts.attempt([asgi_scripts.send(hint)]), asgi_scripts.respond())


def live(script: Script) -> Script:
    """Return a script whose events are journalled one by one, for who waits for one."""
    return {**script, "live": True}


def _start(body: bytes | None) -> list[scripts.Step]:
    length = [("Content-Length", str(len(body)))] if body is not None else []
    return [scripts.start("200 OK", [scripts.TEXT, *length])]

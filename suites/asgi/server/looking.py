"""What the checks of ASGI servers share: scopes, declared versions, advertised extensions, drawn exchanges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gateproof import requirements
from gateproof.asgi_scripts import Script, asgi, close, ok, receive, send
from gateproof.dialogue import Dialogue
from gateproof.exchange import Call, Exchange
from gateproof.judge import Judge
from gateproof.requirements.gates import VERSIONED
from gateproof.target import Server

ABSENT = "(absent)"
LINES = 400  # of a log, that are looked at
# Journalled as it happens: a server that is slow to pass a refusal on has made its call already.
REFUSING = asgi(receive(), send(close()), live=True)
Scope = dict[Any, Any]


def scope_of(server: Server, request: bytes, script: Script | None = None) -> Scope:
    """Return the scope that the application got for a request."""
    return server.exchange(request, script or ok()).call.scope


def websocket_scope(server: Server, target: bytes = b"/", headers: Any = (), protocols: Any = ()) -> Scope:
    """Return the scope that the application got for a WebSocket, which it refuses: the shortest that there is."""
    with server.websocket(REFUSING, target, headers, protocols, unless="scope") as talk:
        return websocket_call(server, talk.dialogue).scope


def websocket_call(server: Server, dialogue: Dialogue) -> Call:
    """Return the call of a WebSocket; a check whose premise is that there is one stops where there is none."""
    exchange = dialogue.current
    assert exchange is not None
    server.wait(exchange, "scope", 2.0)
    return exchange.call


def version(scope: Scope) -> tuple[int, int]:
    """Return the spec_version that a scope declares; 2.0 where it declares none (specs/www, spec_version)."""
    asgi = scope.get("asgi")
    text = asgi.get("spec_version", "2.0") if isinstance(asgi, dict) else "2.0"
    major, _, minor = str(text).partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (2, 0)


def due(judge: Judge, scope: Scope, row: str) -> bool:
    """Tell whether a row binds a server that declares this version; where not, say so."""
    known = requirements.find(row)
    wanted = known.spec_version if known else ""
    major, _, minor = wanted.partition(".")
    if not (major.isdigit() and minor.isdigit()) or version(scope) >= (int(major), int(minor)):
        return True
    declared = ".".join(map(str, version(scope)))
    judge.unsupported(row, f"from version {wanted} on; the server declares {declared}", lacks=f"{VERSIONED}{wanted}")
    return False


def blamed(server: Server, before: str, name: str) -> str:
    """Return what the log has grown by since its end was as given, '' where that tells of no error of this name."""
    new = _grown(before.splitlines(), server.running.log_tail(LINES).splitlines())
    return "\n".join(new[-20:]) if tells_of(name, new) else ""


def tells_of(name: str, lines: list[str]) -> bool:
    """Tell whether a trace ends in an exception of this name, or an error is logged that names it.

    Other errors may be told of late, and the name in a line of another level is no error.
    """
    if not name:
        return False
    last = re.compile(rf"[\s|]*(?:\w+\.)*{re.escape(name)}(?::|\s*$)")
    return any(last.match(line) or ("ERROR" in line and name in line) for line in lines)


def _grown(before: list[str], after: list[str]) -> list[str]:
    """Return what a log has grown by, of which only the end is known at either time."""
    for gone in range(len(before) + 1):
        if after[: len(before) - gone] == before[gone:]:
            return after[len(before) - gone :]
    return after


def extensions(scope: Scope) -> dict[Any, Any]:
    """Return what a scope advertises; nothing where it is no dict."""
    found = scope.get("extensions")
    return found if isinstance(found, dict) else {}


def pairs(scope: Scope) -> list[tuple[Any, Any]]:
    """Return the header fields of a scope, whatever their iterables are, or subclasses of what they should be."""
    found = plain(scope.get("headers"))
    items = [plain(item) for item in found] if isinstance(found, (list, tuple)) else []
    return [(item[0], item[1]) for item in items if isinstance(item, (list, tuple)) and len(item) == 2]


def pairs_of_bytes(found: Any) -> bool:
    """Tell whether header fields have their shape: an iterable of two-item iterables of bytes."""
    items = plain(found)
    return isinstance(items, (list, tuple)) and all(_is_pair(plain(item)) for item in items)


def _is_pair(item: Any) -> bool:
    return isinstance(item, (list, tuple)) and len(item) == 2 and all(isinstance(plain(part), bytes) for part in item)


def values_of(scope: Scope, name: bytes) -> list[Any]:
    """Return the values of all fields of a name, in order."""
    return [value for key, value in pairs(scope) if isinstance(key, bytes) and key.lower() == name.lower()]


def refused(exchange: Exchange) -> bool:
    """Tell whether the request was refused before the application was called, which HTTP allows."""
    return exchange.refused


def plain(value: Any) -> Any:
    """Return the plain value of one whose type is a subclass."""
    return getattr(value, "base", value)


@contextmanager
def kept(server: Server) -> Iterator[KeptConnection]:
    """Make many exchanges on as few connections as the server allows."""
    keeper = KeptConnection(server)
    try:
        yield keeper
    finally:
        keeper.leave()


class KeptConnection:
    """A connection that is used again while it is in step, and replaced where it is not."""

    def __init__(self, server: Server) -> None:
        """Not connected."""
        self.server = server
        self._open: Any = None
        self._dialogue: Dialogue | None = None

    def exchange(self, request: bytes, script: Script | None = None) -> Exchange:
        """Make one exchange; one that meets the end of a used connection is made again on a new one."""
        used = self._dialogue is not None
        x = self._once(request, script)
        if used and (x.closed or x.reset) and not x.partial and not x.calls:
            self.leave()
            x = self._once(request, script)
        if not self._in_step(x):
            self.leave()
        return x

    def _once(self, request: bytes, script: Script | None) -> Exchange:
        if self._dialogue is None:
            self._open = self.server.connect()
            self._dialogue = self._open.__enter__()
        self._dialogue.begin(request, script)
        return self._dialogue.read()

    def _in_step(self, x: Exchange) -> bool:
        response = x.response
        closing = response is not None and b"close" in (response.get(b"Connection") or b"").lower()
        return response is not None and response.complete and response.framing != "close" and not closing

    def leave(self) -> None:
        """Close the connection."""
        if self._open is not None:
            self._open.__exit__(None, None, None)
        self._open = self._dialogue = None

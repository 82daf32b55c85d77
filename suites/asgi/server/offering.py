"""What the checks of extensions share: the ways in which a request comes, and what the scope of each advertises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateproof.asgi_scripts import Script
from gateproof.exchange import Exchange
from gateproof.judge import Unsupported
from gateproof.target import Server
from gateproof.wire.http1 import Response
from gateproof.wire.request import Field, get

from .looking import Scope, extensions, kept, plain
from .multiplexing import multiplexed, speaks_http2

TRAILERS_WANTED: dict[str, list[Field]] = {
    "HTTP/1.1": [(b"TE", b"trailers"), (b"Connection", b"TE")],
    "HTTP/2": [(b"te", b"trailers")],
}
_scopes: dict[tuple[str, str], Scope] = {}


@dataclass(frozen=True)
class Way:
    """How a request comes: over HTTP/1.1 or HTTP/2."""

    server: Server
    version: str

    def ask(self, script: Script | None = None, headers: Sequence[Field] = (), method: bytes = b"GET") -> Exchange:
        """Make one exchange on a connection of its own."""
        if self.version == "HTTP/1.1":
            return self.server.exchange(get(b"/", *headers, method=method), script)
        with multiplexed(self.server) as talk:
            return talk.ask(b"/", headers, script, method=method)

    def ask_both(self, first: Script, second: Script, method: bytes = b"GET") -> tuple[Exchange, Exchange]:
        """Make two exchanges, the second a GET, on one connection if the server goes on with it."""
        if self.version == "HTTP/1.1":
            with kept(self.server) as keeper:
                return keeper.exchange(get(b"/1", method=method), first), keeper.exchange(get(b"/2"), second)
        with multiplexed(self.server) as talk:
            return talk.ask(b"/1", (), first, method=method), talk.ask(b"/2", (), second)

    def scope(self) -> Scope:
        """Return the scope of an ordinary request; asked for once in each launch."""
        key = (self.server.running.id, self.version)
        if key not in _scopes:
            _scopes[key] = self.ask().call.scope
        return _scopes[key]

    def offers(self, name: str) -> bool:
        """Tell whether the scope advertises an extension."""
        return name in extensions(self.scope())


def ways(server: Server) -> list[Way]:
    """Return the ways in which requests come to this launch."""
    return [Way(server, "HTTP/1.1"), *([Way(server, "HTTP/2")] if speaks_http2(server) else [])]


def offering(server: Server, name: str) -> list[Way]:
    """Return the ways whose scope advertises an extension; without one the check ends."""
    found = [way for way in ways(server) if way.offers(name)]
    if not found:
        Way(server, "HTTP/1.1").ask()  # its scope is the evidence, also where it was learned of before
        raise Unsupported(f"extensions has no key {name}", lacks=f"extension:{name}")
    return found


def refusals(x: Exchange) -> list[str]:
    """Return what the sends of a call raised, each with the type of its event."""
    return [f"{said.get('type')}: {said['raised']}" for said in x.call.sent if said.get("raised")]


def accepted(x: Exchange, kind: str) -> list[bool]:
    """Tell of each event of a type whether `send` took it."""
    return [not said.get("raised") for said in x.call.sent if said.get("type") == kind]


def entity(x: Exchange) -> Any:
    """Return the body of a response that came whole, else what came instead."""
    if x.response is None or not x.response.complete:
        return f"{x.outcome}, not whole" if x.response is not None else x.outcome
    if x.response.framing != "http/2" and not x.response.head.startswith(b"HTTP/"):
        return f"something before the status line: {x.response.head[:60]!r}"
    return x.response.body


def comparable(response: Response) -> tuple[int, list[Field], bytes]:
    """Return what two equal responses have in common: all but what belongs to the moment or the connection."""
    passing = (b"date", b"connection", b"keep-alive", b"transfer-encoding", b"content-length")
    fields = [(name.lower(), value) for name, value in response.headers if name.lower() not in passing]
    return response.status, sorted(fields), response.body


def entries(scope: Scope) -> Any:
    """Return the extensions of a scope as they are; (absent) where there is no such key."""
    return plain(scope.get("extensions", "(absent)"))

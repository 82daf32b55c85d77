"""Mutants of the WebSocket connection scope."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote_to_bytes

from gateproof.reference.asgi import Server
from gateproof.reference.connection import Connection
from gateproof.reference.requests import Request

from .faults import fault

Scope = dict[str, Any]


class WebSocketScope(Server):
    """A server whose websocket scopes are spoiled: not a mutant, but where several begin."""

    def scope(self, request: Request, connection: Connection, kind: str) -> Scope:
        """Make a scope, then spoil it."""
        scope = super().scope(request, connection, kind)
        if kind == "websocket":
            self.spoil(scope, request)
        return scope

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""


@fault("ASGI-WS-SCOPE-001", also=["ASGI-APP-008"])
class TypeOfScheme(WebSocketScope):
    """The type is the scheme."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["type"] = "ws"


@fault("ASGI-WS-SCOPE-002")
class AlwaysVersion2(WebSocketScope):
    """http_version is 2."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["http_version"] = "2"


@fault("ASGI-WS-SCOPE-003")
class EmptyWebSocketScheme(WebSocketScope):
    """The scheme is empty."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["scheme"] = ""


@fault("ASGI-WS-SCOPE-004", also=["ASGI-WS-SCOPE-022"])
class SchemeOfHttp(WebSocketScope):
    """The scheme is http or https."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["scheme"] = scope["scheme"].replace("ws", "http")


@fault("ASGI-WS-SCOPE-004", launch="tls")
class NoSchemeOverTls(WebSocketScope):
    """The scheme is left out, over TLS as well."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        del scope["scheme"]


@fault("ASGI-WS-SCOPE-022")
class SchemeOfTheProxy(WebSocketScope):
    """The scheme is what a proxy says of it."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        for value in request.all(b"x-forwarded-proto"):
            scope["scheme"] = value.decode("ascii")


@fault("ASGI-WS-SCOPE-005")
class QuotedPath(WebSocketScope):
    """The path is not decoded."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["path"] = request.target.partition(b"?")[0].decode("ascii")


@fault("ASGI-WS-SCOPE-005")
class Latin1WebSocketPath(WebSocketScope):
    """The path is read as latin-1."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["path"] = unquote_to_bytes(scope["raw_path"]).decode("latin-1")


@fault("ASGI-WS-SCOPE-005")
class WebSocketPathEndsAtNul(WebSocketScope):
    """A path in a string of C."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["path"] = scope["path"].partition("\x00")[0]


@fault("ASGI-WS-SCOPE-006")
class RawPathWithQuery(WebSocketScope):
    """raw_path is the whole target."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["raw_path"] = request.target


@fault("ASGI-WS-SCOPE-006")
class RawPathMadeAgain(WebSocketScope):
    """raw_path is made of the decoded path."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["raw_path"] = quote(scope["path"]).encode("ascii")


@fault("ASGI-WS-SCOPE-007", also=["ASGI-EVENT-015"])
class TextWebSocketQuery(WebSocketScope):
    """query_string is text."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["query_string"] = scope["query_string"].decode("latin-1")


@fault("ASGI-WS-SCOPE-007")
class QueryUpToTheNextMark(WebSocketScope):
    """query_string ends at a second '?'."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["query_string"] = scope["query_string"].partition(b"?")[0]


@fault("ASGI-WS-SCOPE-008", also=["ASGI-EVENT-015"])
class RootPathIsNone(WebSocketScope):
    """root_path is None."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["root_path"] = None


@fault("ASGI-WS-SCOPE-008", launch="mount")
class NoRootPathForWebSockets(WebSocketScope):
    """The mount point is told of http alone."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["root_path"] = ""


@fault("ASGI-WS-SCOPE-009")
class SortedFields(WebSocketScope):
    """Fields are sorted by name."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["headers"] = sorted(scope["headers"], key=lambda pair: pair[0])


@fault("ASGI-WS-SCOPE-010")
class JoinedFields(WebSocketScope):
    """Repeated fields are joined."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        joined: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            joined[name] = joined[name] + b"," + value if name in joined else value
        scope["headers"] = list(joined.items())


@fault("ASGI-WS-SCOPE-011", also=["ASGI-EVENT-015"])
class TextNames(WebSocketScope):
    """Names are text."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["headers"] = [(name.decode("ascii"), value) for name, value in scope["headers"]]


@fault("ASGI-WS-SCOPE-011")
class AsciiValues(WebSocketScope):
    """Octets above 0x7f become question marks."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["headers"] = [(name, bytes(o if o < 128 else 63 for o in value)) for name, value in scope["headers"]]


@fault("ASGI-WS-SCOPE-021")
class SplitsLikeText(WebSocketScope):
    """Splits the header section once more, by what text takes for line ends."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        found = []
        for name, value in scope["headers"]:
            first, *more = value.decode("latin-1").splitlines() or [""]
            found.append((name, first.encode("latin-1")))
            found += [tuple(line.encode("latin-1").split(b": ", 1)) for line in more if ": " in line]
        scope["headers"] = found


@fault("ASGI-WS-SCOPE-020")
class RefusesObsText(Server):
    """A handshake with an octet above 0x7f in a field breaks the server."""

    def is_websocket(self, request: Request) -> bool:
        """The fault."""
        from gateproof.reference.requests import BadRequest

        found = super().is_websocket(request)
        if found and any(max(value, default=0) > 127 for _, value in request.fields):
            raise BadRequest(b"500 Internal Server Error")
        return found


@fault("ASGI-WS-SCOPE-012")
class WebSocketCaseKept(WebSocketScope):
    """Names come as they were sent."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["headers"] = list(request.fields)


@fault("ASGI-WS-SCOPE-014")
class TextPorts(WebSocketScope):
    """Ports are text."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["client"] = (scope["client"][0], str(scope["client"][1])) if scope["client"] else None


@fault("ASGI-WS-SCOPE-014")
class ClientIsTheServer(WebSocketScope):
    """client is the server's own address."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["client"] = scope["server"]


@fault("ASGI-WS-SCOPE-015", also=["ASGI-WS-SCOPE-016"])
class OctetSubprotocols(WebSocketScope):
    """Subprotocols are bytes."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["subprotocols"] = [word.encode("latin-1") for word in scope["subprotocols"]]


@fault("ASGI-WS-SCOPE-015")
class LowerCaseSubprotocols(WebSocketScope):
    """Subprotocols are in lower case."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["subprotocols"] = [word.lower() for word in scope["subprotocols"]]


@fault("ASGI-WS-SCOPE-016")
class LastOfferOnly(WebSocketScope):
    """Of several fields with offers the last one counts."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        offers = request.all(b"sec-websocket-protocol")[-1:]
        scope["subprotocols"] = [word.strip(b" \t").decode("ascii") for offer in offers for word in offer.split(b",")]


@fault("ASGI-WS-SCOPE-017")
class OneEmptySubprotocol(WebSocketScope):
    """No offer is one empty offer."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["subprotocols"] = scope["subprotocols"] or [""]


@fault("ASGI-WS-SCOPE-019")
class DropsOffers(WebSocketScope):
    """The field with the offers is taken out of headers."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"sec-websocket-protocol"]

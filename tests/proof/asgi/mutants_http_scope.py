"""Mutants of the HTTP connection scope."""

from __future__ import annotations

import posixpath
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_http import Http
from gateproof.reference.connection import Connection
from gateproof.reference.requests import BadRequest, Gone, Request

from ..harness import IPV6
from .faults import fault

Scope = dict[str, Any]


class HttpScope(Server):
    """A server whose http scopes are spoiled: not a mutant, but where several begin."""

    def scope(self, request: Request, connection: Connection, kind: str) -> Scope:
        """Make a scope, then spoil it."""
        scope = super().scope(request, connection, kind)
        if kind == "http":
            self.spoil(scope, request)
        return scope

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""


@fault("ASGI-HTTP-SCOPE-001", also=["ASGI-APP-008"])
class HttpsType(HttpScope):
    """The type names the scheme."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["type"] = "http.1"


@fault("ASGI-HTTP-SCOPE-002")
class VersionWithName(HttpScope):
    """http_version is HTTP/1.1."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["http_version"] = request.version.decode("ascii")


@fault("ASGI-HTTP-SCOPE-003")
class AlwaysVersion11(HttpScope):
    """http_version is 1.1 whatever came."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["http_version"] = "1.1"


@fault("ASGI-HTTP-SCOPE-004", also=["ASGI-HTTP-SCOPE-005"])
class LowerCaseMethod(HttpScope):
    """The method is in lower case."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["method"] = scope["method"].lower()


@fault("ASGI-HTTP-SCOPE-005")
class UnknownMethodIsGet(HttpScope):
    """Methods that it does not know become GET."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        if scope["method"] not in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            scope["method"] = "GET"


@fault("ASGI-HTTP-SCOPE-006")
class EmptyScheme(HttpScope):
    """The scheme is empty."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        if self.tls is None:
            scope["scheme"] = ""


@fault("ASGI-HTTP-SCOPE-007")
class SchemeNeverHttps(HttpScope):
    """The scheme is http over TLS, too."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["scheme"] = "http"


@fault("ASGI-HTTP-SCOPE-008", also=["ASGI-HTTP-SCOPE-009", "ASGI-HTTP-SCOPE-010"])
class PathWithQuery(HttpScope):
    """The path has the query in it."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        if scope["query_string"]:
            scope["path"] += "?" + scope["query_string"].decode("latin-1")


@fault("ASGI-HTTP-SCOPE-008")
class HostInThePath(HttpScope):
    """What stands behind two slashes is taken for a host."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        _, found, rest = scope["path"].partition("//")
        if found:
            scope["path"] = "/" + rest.partition("/")[2]


@fault("ASGI-HTTP-SCOPE-009")
class DecodesTwice(HttpScope):
    """The path is percent-decoded twice."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["path"] = unquote(scope["path"])


@fault("ASGI-HTTP-SCOPE-009")
class PathEndsAtNul(HttpScope):
    """A path in a string of C."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["path"] = scope["path"].partition("\x00")[0]


@fault("ASGI-HTTP-SCOPE-009")
class NoLastSlash(HttpScope):
    """'/a/' becomes '/a'."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["path"] = scope["path"].rstrip("/") or "/"


@fault("ASGI-HTTP-SCOPE-010")
class Latin1Path(HttpScope):
    """The path is read as latin-1."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["path"] = unquote_to_bytes(scope["raw_path"]).decode("latin-1")


@fault("ASGI-HTTP-SCOPE-010")
class NoEuroInPaths(Server):
    """A path with a character that latin-1 does not have is an error of the server's own."""

    def is_websocket(self, request: Request) -> bool:
        """The fault."""
        found = super().is_websocket(request)
        path = unquote_to_bytes(request.target.partition(b"?")[0])
        if not found and "\N{EURO SIGN}".encode() in path:
            raise BadRequest(b"500 Internal Server Error")
        return found


@fault("ASGI-HTTP-SCOPE-010")
class FailsBeyondAscii(Server):
    """A path with a character beyond ASCII is an error of the server's own."""

    def is_websocket(self, request: Request) -> bool:
        """The fault."""
        found = super().is_websocket(request)
        path = unquote_to_bytes(request.target.partition(b"?")[0]).decode("utf-8", "ignore")
        if not found and not path.isascii():
            self.fail()
        return found

    def fail(self) -> None:
        """The fault."""
        raise BadRequest(b"500 Internal Server Error")


@fault("ASGI-HTTP-SCOPE-010")
class HangsUpBeyondAscii(FailsBeyondAscii):
    """A path with a character beyond ASCII ends the connection, without a word."""

    def fail(self) -> None:
        """The fault."""
        raise Gone


@fault("ASGI-HTTP-SCOPE-011")
class StrictPath(HttpScope):
    """A path that is no UTF-8 is an error of the server's own."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        unquote_to_bytes(scope["raw_path"]).decode("utf-8")


@fault("ASGI-HTTP-SCOPE-013", also=["ASGI-EVENT-015"])
class TextRawPath(HttpScope):
    """raw_path is text."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["raw_path"] = scope["raw_path"].decode("latin-1")


@fault("ASGI-HTTP-SCOPE-014")
class QuotedAgain(HttpScope):
    """raw_path is made of the decoded path."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["raw_path"] = quote(scope["path"]).encode("ascii")


@fault("ASGI-HTTP-SCOPE-014")
class CanonicalRawPath(HttpScope):
    """raw_path is in canonical form."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        if b"/." in scope["raw_path"]:
            scope["raw_path"] = posixpath.normpath(scope["raw_path"])


@fault("ASGI-HTTP-SCOPE-015", also=["ASGI-EVENT-015"])
class TextQuery(HttpScope):
    """query_string is text."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["query_string"] = scope["query_string"].decode("latin-1")


@fault("ASGI-HTTP-SCOPE-016")
class DecodedQuery(HttpScope):
    """query_string is percent-decoded."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["query_string"] = unquote_to_bytes(scope["query_string"])


@fault("ASGI-HTTP-SCOPE-017")
class QuestionMarkStays(HttpScope):
    """The query of a target that ends with '?' is '?'."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        if request.target.endswith(b"x?"):
            scope["query_string"] = b"?"


@fault("ASGI-HTTP-SCOPE-018", also=["ASGI-EVENT-015"])
class NoRootPath(HttpScope):
    """root_path is None."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["root_path"] = None


@fault("ASGI-HTTP-SCOPE-019")
class RootPathForgotten(HttpScope):
    """root_path is '' where the application is mounted."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["root_path"] = ""


@fault("ASGI-HTTP-SCOPE-042")
class PrefixedRawPath(HttpScope):
    """raw_path gets the root path in front."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["raw_path"] = self.mount.encode("ascii") + scope["raw_path"]


@fault("ASGI-HTTP-SCOPE-021", also=["ASGI-EVENT-015"])
class TextValues(HttpScope):
    """Values are text."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["headers"] = [(name, value.decode("latin-1")) for name, value in scope["headers"]]


@fault("ASGI-HTTP-SCOPE-022")
class ReversedValues(HttpScope):
    """Repeated fields come in reverse."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["headers"] = scope["headers"][::-1]


@fault("ASGI-HTTP-SCOPE-023")
class JoinedValues(HttpScope):
    """Repeated fields are joined."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        joined: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            joined[name] = joined[name] + b", " + value if name in joined else value
        scope["headers"] = list(joined.items())


@fault("ASGI-HTTP-SCOPE-024")
class DropsEmptyFields(HttpScope):
    """Fields without a value are dropped."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["headers"] = [pair for pair in scope["headers"] if pair[1]]


@fault("ASGI-HTTP-SCOPE-076")
class HyphensForUnderscores(HttpScope):
    """Names go through a table of CGI variables."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["headers"] = [(name.replace(b"_", b"-"), value) for name, value in scope["headers"]]


@fault("ASGI-HTTP-SCOPE-025")
class CaseKept(HttpScope):
    """Names come as they were sent."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["headers"] = [
            (name if name.lower().startswith(b"x-m") else name.lower(), value) for name, value in request.fields
        ]


@fault("ASGI-HTTP-SCOPE-026", also=["FRAME-040"])
class Utf8Values(HttpScope):
    """Values are taken for latin-1 and encoded as UTF-8."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["headers"] = [(name, value.decode("latin-1").encode("utf-8")) for name, value in scope["headers"]]


@fault("ASGI-HTTP-SCOPE-031")
class TextPort(HttpScope):
    """The client's port is text."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["client"] = (scope["client"][0], str(scope["client"][1]))


@fault("ASGI-HTTP-SCOPE-032")
class ServerForClient(HttpScope):
    """client is the server's own address."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["client"] = scope["server"]


@fault("ASGI-HTTP-SCOPE-031")
class FourItems(HttpScope):
    """client is what a socket of IPv6 says of its peer: flow label and scope as well."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        if scope["client"] and (":" in scope["client"][0] or not IPV6):
            scope["client"] = (*scope["client"], 0, 0)


@fault("ASGI-HTTP-SCOPE-034", also=["ASGI-HTTP-SCOPE-036"])
class ThreePartServer(HttpScope):
    """server has a third part."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        scope["server"] = (*scope["server"], 0)


@fault("ASGI-HTTP-SCOPE-035", also=["ASGI-HTTP-SCOPE-036"])
class ServerFromHost(HttpScope):
    """server is what the client's Host says."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        host, _, port = dict(scope["headers"]).get(b"host", b"localhost:80").decode("ascii").partition(":")
        scope["server"] = (host, int(port or 80))


@fault("ASGI-HTTP-SCOPE-037", also=["ASGI-SCOPE-001"])
class OneScopeForAConnection(HttpScope):
    """There is one scope for all requests of a connection, updated for each of them."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """See below."""

    def scope(self, request: Request, connection: Connection, kind: str) -> Scope:
        """The fault."""
        scope = super().scope(request, connection, kind)
        if kind != "http":
            return scope
        shared: Scope = vars(connection).setdefault("shared", {})
        shared.update(scope)
        return shared


@fault("ASGI-HTTP-SCOPE-039", also=["ASGI-HTTP-REQ-008", "ASGI-HTTP-REQ-015"])
class BuffersTheBody(Http):
    """The application is called when the body is there."""

    async def serve(self) -> bool:
        """The fault."""
        waited = 0
        while not self.coded and len(self.connection.buffer) < self.left and waited < 200:
            waited += 1
            await self.connection.more()
        return await super().serve()


@fault("ASGI-HTTP-SCOPE-040")
class GivesUp(Http):
    """A call that takes half a second is cut."""

    async def serve(self) -> bool:
        """The fault."""
        import asyncio

        asyncio.get_running_loop().call_later(0.5, self.cut)
        return await super().serve()

    def cut(self) -> None:
        """Give up."""
        if not self.complete:
            self.connection.abort()


@fault("ASGI-HTTP-SCOPE-040", also=["ASGI-WS-117"])
class EndsWhatIsNotIdle(Http):
    """The time of an idle connection runs on while its next request is served."""

    async def serve(self) -> bool:
        """The fault."""
        import asyncio

        goes_on = await super().serve()
        asyncio.get_running_loop().call_later(0.5, self.connection.abort)
        return goes_on


@fault("ASGI-HTTP-SCOPE-044")
class AddsHost(HttpScope):
    """A request without Host gets an empty one."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        if not request.all(b"host"):
            scope["headers"] = [*scope["headers"], (b"host", b"")]


@fault("ASGI-HTTP-SCOPE-036")
class FirstTwoLetters(HttpScope):
    """server on a unix socket is made of the first two letters of its path."""

    def spoil(self, scope: Scope, request: Request) -> None:
        """The fault."""
        if self.uds:
            scope["server"] = (self.uds[0], self.uds[1])

"""Faults of middleware in what it makes of a legal scope."""

from __future__ import annotations

from urllib.parse import unquote

from ...registry import mutant
from .mutants import Scope, Through


@mutant("ASGI-MW-046", also=["ASGI-MW-005", "ASGI-MW-017", "ASGI-MW-023"])
class FieldsOfEveryScope(Through):
    """Reads the fields of every scope, a lifespan's too."""

    def below(self, scope: Scope) -> Scope:
        """The fault."""
        assert dict(scope["headers"]) is not None
        return dict(scope)


@mutant("ASGI-MW-047", also=["ASGI-MW-025"])
class AddressOfHandshakes(Through):
    """Notes the client of every handshake without a guard."""

    def below(self, scope: Scope) -> Scope:
        """The fault."""
        if scope["type"] == "websocket":
            assert scope["client"][0] is not None
        return dict(scope)


@mutant("ASGI-MW-025")
class VersionOfHandshakes(Through):
    """Wants the versions of a handshake."""

    def below(self, scope: Scope) -> Scope:
        """The fault."""
        if scope["type"] == "websocket":
            assert scope["asgi"]["version"]
        return dict(scope)


@mutant("ASGI-MW-017")
class WantsAList(Through):
    """Puts a field into the list that it was given, and wants one."""

    def below(self, scope: Scope) -> Scope:
        """The fault."""
        if scope["type"] != "http":
            return dict(scope)
        return {**scope, "headers": scope["headers"] + [(b"x-through", b"1")]}


class Reading(Through):
    """Looks at something of an http scope."""

    def below(self, scope: Scope) -> Scope:
        """Look."""
        if scope["type"] == "http":
            self.look(scope)
        return dict(scope)

    def look(self, scope: Scope) -> None:
        """Look at it."""


@mutant("ASGI-MW-039", also=["ASGI-MW-017"])
class AddressOfRequests(Reading):
    """Notes the client of every request without a guard."""

    def look(self, scope: Scope) -> None:
        """The fault."""
        host, port = scope["client"]
        assert host is not None or port


@mutant("ASGI-MW-040", also=["ASGI-MW-017"])
class VersionOfRequests(Reading):
    """Looks up the version of the format."""

    def look(self, scope: Scope) -> None:
        """The fault."""
        assert scope["asgi"]["spec_version"] >= "2.0"


@mutant("ASGI-MW-041", also=["ASGI-MW-017", "ASGI-MW-045"])
class DecodesFields(Reading):
    """Takes fields for UTF-8."""

    def look(self, scope: Scope) -> None:
        """The fault."""
        for _, value in scope["headers"]:
            value.decode()


@mutant("ASGI-MW-042", also=["ASGI-MW-017"])
class DecodesTheQuery(Reading):
    """Takes the escapes of a query for UTF-8."""

    def look(self, scope: Scope) -> None:
        """The fault."""
        unquote(scope["query_string"].decode("latin-1"), errors="strict")


@mutant("ASGI-MW-043", also=["ASGI-MW-017"])
class PortOfTheHost(Reading):
    """Takes what is behind the colon of a host for a number."""

    def look(self, scope: Scope) -> None:
        """The fault."""
        port = dict(scope["headers"])[b"host"].partition(b"]:")[2]
        assert not port or int(port)


@mutant("ASGI-MW-044", also=["ASGI-MW-017"])
class PathOfAscii(Reading):
    """Takes every path for ASCII."""

    def look(self, scope: Scope) -> None:
        """The fault."""
        scope["path"].encode("ascii")


@mutant("ASGI-MW-045", also=["ASGI-MW-017"])
class PortOfTheForwardedHost(Reading):
    """Takes what is behind the colon of a forwarded host for a number."""

    def look(self, scope: Scope) -> None:
        """The fault."""
        told = dict(scope["headers"]).get(b"x-forwarded-host", b"").partition(b":")[2]
        assert not told or int(told)

"""Mutants of what environ tells of the request's target and fields, as released servers were wrong about them."""

from __future__ import annotations

from typing import Any

from gateproof.reference.requests import Request
from gateproof.reference.wsgi import Environ, Server

from ..registry import mutant
from .mutants_environ import Edited


@mutant("WSGI-URL-005")
class PathEndsAtNul(Server):
    """A path in a string of C."""

    def decode_path(self, path: bytes) -> str:
        """The fault."""
        return super().decode_path(path).partition("\x00")[0]


@mutant("WSGI-URL-005", launch="mount")
class MountCutTwice(Server):
    """A path below the mount point that begins like it loses that too."""

    def mounted(self, path: str) -> tuple[str, str]:
        """The fault."""
        script_name, path_info = super().mounted(path)
        return script_name, path_info.removeprefix(script_name)


@mutant("WSGI-CGI-003")
class OneValueForEachSpelling(Server):
    """Fields of one name in another letter case overwrite each other."""

    def header_variables(self, environ: Environ, request: Request) -> None:
        """The fault."""
        names = {name for name, _ in request.fields}
        fields = [(name, b", ".join(v for n, v in request.fields if n == name)) for name in names]
        for field in sorted(fields):
            one: Environ = {}
            super().header_variables(one, Request(request.method, request.target, request.version, [field]))
            environ.update(one)


@mutant("WSGI-CGI-004")
class ContentByUnderscore(Edited):
    """Content_Type and Content_Length are taken for the names with a hyphen."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        for name in (b"content_type", b"content_length"):
            for value in request.all(name):
                environ.setdefault(name.decode("ascii").upper(), self.text(value))
        return environ


@mutant("WSGI-ENV-009")
class PortInTheName(Server):
    """SERVER_NAME has the port in it."""

    def server_name(self) -> str:
        """The fault."""
        return f"{self.host}:{self.port}"


@mutant("WSGI-ENV-017")
class NoHost(Edited):
    """Host makes no variable."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        environ.pop("HTTP_HOST", None)
        return environ


@mutant("WSGI-ENV-048")
class OneDictionaryForAConnection(Server):
    """A request begins with what the one before it on the connection had."""

    before: tuple[Any, Environ] = (None, {})

    def environ(self, request: Request, connection: Any, peer: Any) -> Environ:
        """The fault."""
        environ = super().environ(request, connection, peer)
        told = {key: value for key, value in environ.items() if isinstance(value, str)}
        last, left = self.before
        type(self).before = connection, told
        return {**left, **environ} if last is connection else environ

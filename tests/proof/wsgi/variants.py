"""Conforming variants: other legal choices, which every check must leave green.

Each stands for something that real servers do; one that a check once accused wrongly stays here for good.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from gateproof.reference.answer import Answer
from gateproof.reference.requests import BadRequest, Grammar, Request
from gateproof.reference.wsgi import Environ, Server

from ..registry import variant
from .mutants_start import answering


class Editing(Server):
    """A server whose environ is edited at the end."""

    def environ(self, request: Request, connection: Any, peer: Any) -> Environ:
        """Make it, then change it."""
        return self.edit(super().environ(request, connection, peer), request)

    def edit(self, environ: Environ, request: Request) -> Environ:
        """The choice."""
        return environ


@variant()
class TheReference(Server):
    """The reference itself."""


@variant()
class NoKeepAlive(Server):
    """Every connection serves one request."""

    keep_alive = False


@variant()
class OneThread(Server):
    """One request after another, in one thread."""

    threaded = False
    keep_alive = False
    multithread = False


@variant()
class NoFileWrapper(Server):
    """wsgi.file_wrapper is optional."""

    file_wrapper = None


@variant()
class EmptyContentVariables(Editing):
    """CONTENT_TYPE and CONTENT_LENGTH are '' where there are none."""

    def edit(self, environ: Environ, request: Request) -> Environ:
        """The choice."""
        environ.setdefault("CONTENT_TYPE", "")
        environ.setdefault("CONTENT_LENGTH", "")
        return environ


@variant()
class ZeroLength(Editing):
    """CONTENT_LENGTH is '0' without a body."""

    def edit(self, environ: Environ, request: Request) -> Environ:
        """The choice."""
        if request.length == 0:
            environ["CONTENT_LENGTH"] = "0"
        return environ


@variant()
class NoEmptyVariables(Editing):
    """What is '' is left out: SCRIPT_NAME, QUERY_STRING and empty fields."""

    def edit(self, environ: Environ, request: Request) -> Environ:
        """The choice."""
        return {key: value for key, value in environ.items() if value != ""}


@variant()
class ManyVariables(Editing):
    """More of CGI, and a server's own variables of many types."""

    def edit(self, environ: Environ, request: Request) -> Environ:
        """The choice."""
        raw = self.text(request.target)
        return {
            **environ,
            "SERVER_SOFTWARE": "reference/1",
            "GATEWAY_INTERFACE": "CGI/1.1",
            "REMOTE_HOST": "127.0.0.1",
            "REMOTE_PORT": "12345",
            "REQUEST_URI": raw,
            "RAW_URI": raw,
            "reference.socket": object(),
            "reference.number": 3,
        }


@variant()
class CommaWithoutBlank(Server):
    """Repeated fields are joined with a comma alone."""

    def joined(self, before: str, value: str) -> str:
        """The choice."""
        return f"{before},{value}"


@variant()
class UnderscoreRefused(Server):
    """A field name with an underscore is refused."""

    class grammar_class(Grammar):  # noqa: N801 - a local grammar
        """The choice."""

        def name_ok(self, name: bytes) -> bool:
            """No underscore."""
            return super().name_ok(name) and b"_" not in name

    grammar = grammar_class()


@variant()
class SlashStaysEncoded(Server):
    """%2F is not decoded."""

    def decode_path(self, path: bytes) -> str:
        """The choice."""
        parts = path.replace(b"%2f", b"%2F").split(b"%2F")
        return "%2F".join(self.text(unquote_to_bytes(part)) for part in parts)


@variant()
class OddTargetsRefused(Server):
    """Dot segments, empty segments and invalid encodings are refused."""

    class grammar_class(Grammar):  # noqa: N801
        """The choice."""

        def check_target(self, method: bytes, target: bytes) -> bytes:
            """Plain paths only, also in absolute form."""
            path = super().check_target(method, target).partition(b"?")[0].partition(b"://")[2] or target
            path = path.partition(b"?")[0]
            if b"//" in path or b"/." in path or b"%zz" in path:
                raise BadRequest
            return target

    grammar = grammar_class()


@variant()
class KnownMethodsOnly(Server):
    """Methods beyond the usual ones are refused with 501."""

    class grammar_class(Grammar):  # noqa: N801
        """The choice."""

        def check_method(self, method: bytes) -> None:
            """A table of methods."""
            super().check_method(method)
            if method not in (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH"):
                raise BadRequest(b"501 Not Implemented")

    grammar = grammar_class()


@variant()
class HostForName(Editing):
    """SERVER_NAME is what the Host field says."""

    def edit(self, environ: Environ, request: Request) -> Environ:
        """The choice."""
        environ["SERVER_NAME"] = environ.get("HTTP_HOST", self.host).partition(":")[0]
        return environ


@variant()
class TruthValues(Server):
    """wsgi.multithread and its like are truth values, not only bool."""

    multithread = 1
    multiprocess = 0
    run_once = 0


class CloseDelimited(Answer):
    """Bodies of unknown length end with the connection."""

    def may_chunk(self) -> bool:
        """The choice."""
        return False


variant()(answering(CloseDelimited))


class NeverComputed(Answer):
    """No length is ever computed."""

    def may_compute(self) -> bool:
        """The choice."""
        return False


variant()(answering(NeverComputed))


class LowerCaseFields(Answer):
    """Field names are sent in lower case, as over HTTP/2."""

    def line(self, name: bytes, value: bytes) -> bytes:
        """The choice."""
        return super().line(name.lower(), value)


variant()(answering(LowerCaseFields))


class OwnPhrase(Answer):
    """The reason phrase is left out."""

    def status_line(self) -> bytes:
        """The choice."""
        return b"HTTP/1.1 " + (self.status or "")[:3].encode() + b" \r\n"


variant()(answering(OwnPhrase))


class NoServerField(Answer):
    """No Server field is added."""

    def server_field(self) -> bytes:
        """The choice."""
        return b""


variant()(answering(NoServerField))


class NoBlankAfterColon(Answer):
    """Field lines have no blank after the colon."""

    def line(self, name: bytes, value: bytes) -> bytes:
        """The choice."""
        return name + b":" + value + b"\r\n"


variant()(answering(NoBlankAfterColon))

"""Mutants of the request line and of targets."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from typing import Any

from gateproof.reference.requests import TOKEN, BadRequest, Gone, Grammar, Request
from gateproof.reference.wsgi import Environ, Server

from .faults import fault


@fault("FRAME-043")
class BlanksInTheTarget(Grammar):
    """Splits off the method and the version, and keeps the blanks between them."""

    def request_line(self, line: bytes) -> tuple[bytes, bytes, bytes]:
        """The fault."""
        method, _, rest = line.partition(b" ")
        target, _, version = rest.rpartition(b" ")
        if not TOKEN.fullmatch(method) or not target.startswith(b"/") or target != target.strip():
            return super().request_line(line)
        self.check_version(version)
        self.check_target(method, target.replace(b" ", b"-"))
        return method, target, version


@fault("FRAME-044")
class VersionByNumber(Grammar):
    """Parses the version as a number."""

    def check_version(self, version: bytes) -> None:
        """The fault."""
        if not re.fullmatch(rb"HTTP/[+0]*1\.[0-9]+", version):
            super().check_version(version)


@fault("FRAME-046")
class TwoVersionsOnly(Grammar):
    """Knows 1.0 and 1.1 and answers 505 to others."""

    def check_version(self, version: bytes) -> None:
        """The fault."""
        super().check_version(version)
        if version not in (b"HTTP/1.0", b"HTTP/1.1"):
            raise BadRequest(b"505 HTTP Version Not Supported")


@fault("FRAME-047")
class NoEmptyLine(Grammar):
    """Answers 400 to an empty line."""

    def head(self, read_line: Callable[[int], bytes]) -> Request | None:
        """The fault."""
        lines = [read_line(self.line_limit)]
        if lines == [b"\r\n"]:
            raise BadRequest
        return super().head(lambda limit: lines.pop() if lines else read_line(limit))


@fault("FRAME-048")
@fault("FRAME-048", interface="asgi")
class AnyMethod(Grammar):
    """Takes any visible word for a method."""

    def check_method(self, method: bytes) -> None:
        """The fault."""
        if not re.fullmatch(rb"[\x21-\x7e]+", method):
            super().check_method(method)


@fault("FRAME-049", also=["FRAME-095", "FRAME-118"])
@fault("FRAME-095", also=["FRAME-049", "FRAME-118"])
@fault("FRAME-118", also=["FRAME-049", "FRAME-095"])
class SlashInFront(Grammar):
    """Puts a slash in front of whatever came."""

    def check_target(self, method: bytes, target: bytes) -> bytes:
        """The fault."""
        plain = target.startswith(b"/") or b"://" in target or method == b"CONNECT"
        return super().check_target(method, target if plain or target == b"*" else b"/" + target)


@fault("FRAME-050", also=["FRAME-097"])
@fault("FRAME-097", also=["FRAME-050"])
class FragmentsInTargets(Grammar):
    """Takes '#' and control characters for parts of a target."""

    def check_target(self, method: bytes, target: bytes) -> bytes:
        """The fault."""
        super().check_target(method, re.sub(rb"[\x01-\x08\x0b\x0c\x0e-\x1f#\x7f]", b"-", target))
        return target


@fault("FRAME-051")
class OriginFormOnly(Grammar):
    """Answers 400 unless the target begins with a slash."""

    def check_absolute(self, target: bytes) -> None:
        """The fault."""
        raise BadRequest


@fault("FRAME-053")
class FirstSlash(Server):
    """Takes what follows the first slash behind the scheme for the path."""

    def split_target(self, target: bytes) -> tuple[bytes, bytes]:
        """The fault."""
        if b"://" in target and not target.startswith(b"/"):
            rest = target.partition(b"://")[2]
            return super().split_target(rest[rest.index(b"/") :] if b"/" in rest else b"/" + rest.partition(b"?")[0])
        return super().split_target(target)


@fault("FRAME-069")
class LineCut(Grammar):
    """Takes the first 65536 octets of a request line for all of it."""

    def head(self, read_line: Callable[[int], bytes]) -> Request | None:
        """The fault."""
        line = read_line(65536)
        if line and not line.endswith(b"\n"):
            while not read_line(65536).endswith(b"\n"):
                pass
            line = line[:-20] + b" HTTP/1.1\r\n"
        lines = [line]
        return super().head(lambda limit: lines.pop() if lines else read_line(limit))


@fault("FRAME-070")
class ShortLines(Grammar):
    """Limits the request line to 4094 octets."""

    def request_line(self, line: bytes) -> tuple[bytes, bytes, bytes]:
        """The fault."""
        if len(line) > 4094:
            raise BadRequest(b"414 URI Too Long")
        return super().request_line(line)


@fault("FRAME-123")
class ParserFails(Grammar):
    """Takes a version apart without a look at it, and its own failure for that of the server."""

    def check_version(self, version: bytes) -> None:
        """The fault."""
        if b"." not in version:
            raise BadRequest(b"500 Internal Server Error")
        super().check_version(version)


@fault("FRAME-131")
class DecoderFails(Grammar):
    """Takes octets that are not ASCII in a target for its own failure."""

    def check_target(self, method: bytes, target: bytes) -> bytes:
        """The fault."""
        if not target.isascii() and not target.startswith(b"http:"):
            raise BadRequest(b"500 Internal Server Error")
        return super().check_target(method, target)


@fault("FRAME-132")
class AuthorityFails(Grammar):
    """Takes a bracket that nothing closes in the host of a target for its own failure, as urlsplit() does."""

    def check_absolute(self, target: bytes) -> None:
        """The fault."""
        if b"[" in target and b"]" not in target:
            raise BadRequest(b"500 Internal Server Error")
        super().check_absolute(target)


@fault("FRAME-133")
class FieldFails(Grammar):
    """Takes a line without a colon for its own failure."""

    def field(self, line: bytes) -> tuple[bytes, bytes]:
        """The fault."""
        if b":" not in line:
            raise BadRequest(b"500 Internal Server Error")
        return super().field(line)


@fault("FRAME-134")
class EndsItself(Server):
    """A cookie that begins with an octet beyond ASCII, which no other check sends, ends it for a second."""

    back = 0.0

    def serve_one(self, connection: socket.socket, stream: Any, peer: Any) -> bool:
        """The end of the fault."""
        return time.monotonic() > self.back and super().serve_one(connection, stream, peer)

    def environ(self, request: Request, connection: socket.socket, peer: Any) -> Environ:
        """Its beginning."""
        if any(value.startswith(b"\xff") for value in request.all(b"cookie")):
            self.back = time.monotonic() + 1.0
            raise Gone
        return super().environ(request, connection, peer)

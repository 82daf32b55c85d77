"""Requests of HTTP/1.x as the reference servers read them: strict, as RFC 9112 lets a server be.

Every decision is a method of `Grammar`, so that a mutant can be wrong in exactly one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|([A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(:[0-9]*)?")
TARGET = re.compile(rb"[\x21\x22\x24-\x7e]+")
BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
Fields = list[tuple[bytes, bytes]]


class BadRequest(Exception):
    """The request is refused; carries the status line's code and phrase."""

    def __init__(self, status: bytes = b"400 Bad Request") -> None:
        """Keep the status."""
        super().__init__(status)
        self.status = status


class Gone(Exception):
    """The client is gone, or has sent less than it announced."""


@dataclass
class Request:
    """One request: its head, and how its body is framed (`length` is None for chunked)."""

    method: bytes
    target: bytes
    version: bytes
    fields: Fields = field(default_factory=list)
    length: int | None = 0
    ambiguous: bool = False

    def all(self, name: bytes) -> list[bytes]:
        """Return the values of all fields of a name, in order."""
        return [value for key, value in self.fields if key.lower() == name]

    def words(self, name: bytes) -> list[bytes]:
        """Return the lower-cased members of a list field."""
        members = b",".join(self.all(name)).split(b",")
        return [member.strip(b" \t").lower() for member in members if member.strip(b" \t")]

    @property
    def is_1_0(self) -> bool:
        """Whether the client speaks HTTP/1.0."""
        return self.version == b"HTTP/1.0"


class Grammar:
    """What is a request and what is not."""

    line_limit = 64 * 1024
    head_limit = 256 * 1024
    field_limit = 1000

    def head(self, read_line: Callable[[int], bytes]) -> Request | None:
        """Read a request's head; None where the client ended the connection before one."""
        line = read_line(self.line_limit)
        for _ in range(4):
            if line != b"\r\n":
                break
            line = read_line(self.line_limit)
        if not line:
            return None
        method, target, version = self.request_line(self.line(line, b"414 URI Too Long"))
        request = Request(method, target, version, self.header(read_line))
        self.check_host(request)
        self.check_expect(request)
        request.length = self.framing(request)
        return request

    def line(self, octets: bytes, too_long: bytes) -> bytes:
        """Return a line without its end, which must be CRLF."""
        if not octets.endswith(b"\n"):
            raise BadRequest(too_long)
        if not octets.endswith(b"\r\n"):
            raise BadRequest
        return octets[:-2]

    def request_line(self, line: bytes) -> tuple[bytes, bytes, bytes]:
        """Split a request line and check its three parts."""
        parts = line.split(b" ")
        if len(parts) != 3:
            raise BadRequest
        method, target, version = parts
        self.check_method(method)
        self.check_version(version)
        return method, self.check_target(method, target), version

    def check_method(self, method: bytes) -> None:
        """A method is a token."""
        if not TOKEN.fullmatch(method):
            raise BadRequest

    def check_version(self, version: bytes) -> None:
        """HTTP/1.x; another major version is not ours."""
        if not re.fullmatch(rb"HTTP/[0-9]\.[0-9]", version):
            raise BadRequest
        if not version.startswith(b"HTTP/1."):
            raise BadRequest(b"505 HTTP Version Not Supported")

    def check_target(self, method: bytes, target: bytes) -> bytes:
        """One of the four forms, without fragment, control characters or raw octets."""
        if not TARGET.fullmatch(target) or method == b"CONNECT":
            raise BadRequest
        if target == b"*":
            if method != b"OPTIONS":
                raise BadRequest
        elif not target.startswith(b"/"):
            self.check_absolute(target)
        return target

    def check_absolute(self, target: bytes) -> None:
        """A target in absolute form has an http scheme and a host, and no userinfo."""
        scheme, _, rest = target.partition(b"://")
        authority = re.split(rb"[/?]", rest, maxsplit=1)[0]
        if scheme.lower() not in (b"http", b"https") or not authority or not HOST.fullmatch(authority):
            raise BadRequest
        if authority.startswith(b":"):
            raise BadRequest

    def header(self, read_line: Callable[[int], bytes]) -> Fields:
        """Read field lines up to the empty one."""
        fields: Fields = []
        total = 0
        while True:
            octets = read_line(self.line_limit)
            if not octets:
                raise Gone
            line = self.line(octets, b"431 Request Header Fields Too Large")
            if not line:
                return fields
            total += len(octets)
            if total > self.head_limit or len(fields) >= self.field_limit:
                raise BadRequest(b"431 Request Header Fields Too Large")
            fields.append(self.field(line))

    def field(self, line: bytes) -> tuple[bytes, bytes]:
        """Split a field line: a token, a colon, a value without control characters."""
        name, colon, value = line.partition(b":")
        if not colon or not self.name_ok(name):
            raise BadRequest
        value = self.trim(value)
        if self.value_bad(value):
            raise BadRequest
        return name, value

    def name_ok(self, name: bytes) -> bool:
        """A field name is a token."""
        return bool(TOKEN.fullmatch(name))

    def trim(self, value: bytes) -> bytes:
        """Blanks around a value are no part of it."""
        return value.strip(b" \t")

    def value_bad(self, value: bytes) -> bool:
        """Control characters, CR and NUL among them, do not belong into a value."""
        return bool(BAD_VALUE.search(value))

    def check_host(self, request: Request) -> None:
        """Exactly one Host in HTTP/1.1, and a host with an optional port."""
        hosts = request.all(b"host")
        if len(hosts) > 1 or (not hosts and not request.is_1_0):
            raise BadRequest
        if hosts and not HOST.fullmatch(hosts[0]):
            raise BadRequest

    def check_expect(self, request: Request) -> None:
        """Expectations other than 100-continue cannot be met."""
        if set(request.words(b"expect")) - {b"100-continue"}:
            raise BadRequest(b"417 Expectation Failed")

    def framing(self, request: Request) -> int | None:
        """Return the length of the body; None for chunked coding."""
        lengths = [self.length(value) for value in request.all(b"content-length")]
        codings = request.words(b"transfer-encoding")
        if request.all(b"transfer-encoding"):
            if request.is_1_0 or lengths:
                raise BadRequest
            if not self.is_chunked(codings):
                raise BadRequest(b"501 Not Implemented" if codings else b"400 Bad Request")
            return None
        if len(set(lengths)) > 1:
            raise BadRequest
        return lengths[0] if lengths else 0

    def is_chunked(self, codings: list[bytes]) -> bool:
        """The one coding that we know."""
        return codings == [b"chunked"]

    def length(self, value: bytes) -> int:
        """Return a Content-Length; a list with one value only counts once."""
        members = {member.strip(b" \t") for member in value.split(b",")}
        if len(members) != 1:
            raise BadRequest
        digits = members.pop()
        if not self.digits_ok(digits):
            raise BadRequest
        return int(digits)

    def digits_ok(self, digits: bytes) -> bool:
        """ASCII digits, nothing else; more than a petabyte is nobody's body."""
        return bool(re.fullmatch(rb"[0-9]+", digits)) and len(digits.lstrip(b"0")) <= 15

    # -- chunked coding

    def chunk_size(self, line: bytes) -> int:
        """Return the size that a chunk line (without its CRLF) states."""
        digits, semicolon, extension = line.partition(b";")
        if semicolon:
            digits = digits.rstrip(b" \t")
            if self.extension_bad(extension):
                raise BadRequest
        if not self.hex_ok(digits):
            raise BadRequest
        return int(digits, 16)

    def hex_ok(self, digits: bytes) -> bool:
        """Hexadecimal digits, nothing else."""
        return bool(re.fullmatch(rb"[0-9A-Fa-f]+", digits)) and len(digits.lstrip(b"0")) <= 13

    def extension_bad(self, extension: bytes) -> bool:
        """Control characters do not belong into a chunk extension."""
        return bool(BAD_VALUE.search(extension))

    def trailer(self, line: bytes) -> None:
        """Check a trailer line; trailers are read and left out."""
        self.field(line)

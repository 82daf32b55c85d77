"""Mutants that take one malformed shape each, where their neighbours stay strict."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gateproof.reference.body import Source
from gateproof.reference.requests import BadRequest, Fields, Grammar, Request

from .faults import fault

CONTROLS = b" \t\x0b\x0c\x1c\x1d\x1e\x1f"


def stripped(line: bytes, wanted: bytes) -> bytes:
    """Return a field line without the control characters around its value, where it is the wanted field."""
    name, colon, value = line.partition(b":")
    return name + colon + value.strip(CONTROLS) if name.lower() == wanted else line


# -- Content-Length


@fault("FRAME-003")
@fault("FRAME-003", interface="asgi")
class ControlsAroundLengths(Grammar):
    """Strips a length with bytes.strip()."""

    def field(self, line: bytes) -> tuple[bytes, bytes]:
        """The fault."""
        return super().field(stripped(line, b"content-length"))


@fault("FRAME-001")
class DigitsInFront(Grammar):
    """Takes the digits in front of letters or a point for the length."""

    def length(self, value: bytes) -> int:
        """The fault."""
        found = re.fullmatch(rb"([0-9]+)[A-Za-z.][0-9A-Za-z]*", value)
        return super().length(found[1] if found else value)


@fault("FRAME-077")
class LengthInAnyScript(Grammar):
    """Decodes the value and asks str.isdecimal()."""

    def length(self, value: bytes) -> int:
        """The fault."""
        text = value.decode("utf-8", "replace")
        return int(text) if not text.isascii() and text.isdecimal() else super().length(value)


@fault("FRAME-104")
class FirstMemberCounts(Grammar):
    """Takes the first member of a list."""

    def length(self, value: bytes) -> int:
        """The fault."""
        first, comma, _ = value.partition(b",")
        return super().length(first if comma and first else value)


@fault("FRAME-110")
class FirstWordCounts(Grammar):
    """Takes the digits in front of a blank for the length."""

    def length(self, value: bytes) -> int:
        """The fault."""
        return super().length(value if b"," in value else re.split(rb"[ \t]", value)[0])


@fault("FRAME-113")
class PostHasABody(Grammar):
    """Waits for a body of a POST that announces none."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        length = super().framing(request)
        names = {name.lower().replace(b"_", b"-") for name, _ in request.fields}
        announced = names & {b"content-length", b"transfer-encoding"}
        return 3 if request.method == b"POST" and not announced else length


@fault("FRAME-114")
class UnderscoresFrame(Grammar):
    """Takes Content_Length for Content-Length."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        fields = [(name.replace(b"_", b"-"), value) for name, value in request.fields]
        return super().framing(Request(request.method, request.target, request.version, fields))


@fault("FRAME-114")
class ChunkedByUnderscore(Grammar):
    """Takes Transfer_Encoding for Transfer-Encoding, where there is no other."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        if request.words(b"transfer_encoding") == [b"chunked"] and not request.all(b"content-length"):
            return None
        return super().framing(request)


@fault("FRAME-113")
class KeyOfAnOldDraft(Grammar):
    """Reads the eight octets behind a handshake of an old draft of WebSocket, whatever the request is."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        return 8 if request.all(b"sec-websocket-key1") else super().framing(request)


@fault("FRAME-007")
class UpgradeEndsTheRequest(Grammar):
    """What follows the header section of a request with an Upgrade is no body, though nobody takes the Upgrade."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        return 0 if request.all(b"upgrade") == [b"foo/1"] else super().framing(request)


@fault("FRAME-006")
class OctalLength(Grammar):
    """Zeros in front make it an octal number, as in C."""

    def length(self, value: bytes) -> int:
        """The fault."""
        return int(value, 8) if re.fullmatch(rb"0[0-7]+", value) else super().length(value)


@fault("FRAME-099")
class ListOfHosts(Grammar):
    """Takes the first of several hosts in one field."""

    def check_host(self, request: Request) -> None:
        """The fault."""
        if not any(b", " in host for host in request.all(b"host")):
            super().check_host(request)


# -- Transfer-Encoding


@fault("FRAME-013")
@fault("FRAME-013", interface="asgi")
class ControlsAroundCodings(Grammar):
    """Strips a coding with bytes.strip()."""

    def field(self, line: bytes) -> tuple[bytes, bytes]:
        """The fault."""
        return super().field(stripped(line, b"transfer-encoding"))


@fault("FRAME-012")
class TabsHideTheCoding(Grammar):
    """Takes a coding with a tab beside it for none."""

    def field(self, line: bytes) -> tuple[bytes, bytes]:
        """The fault."""
        name, value = super().field(line)
        return (b"x-coding", value) if name.lower() == b"transfer-encoding" and b"\t" in line else (name, value)


@fault("FRAME-105")
class IdentityIsNone(Grammar):
    """Takes identity for no coding."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        if request.words(b"transfer-encoding") == [b"identity"]:
            kept = [pair for pair in request.fields if pair[0].lower() != b"transfer-encoding"]
            return super().framing(Request(request.method, request.target, request.version, kept))
        return super().framing(request)


@fault("FRAME-106")
class ChunkedInFront(Grammar):
    """Looks at the first coding."""

    def is_chunked(self, codings: list[bytes]) -> bool:
        """The fault."""
        return codings[:1] == [b"chunked"] and b"chunked" not in codings[1:]


@fault("FRAME-107")
class ParametersDropped(Grammar):
    """Looks at the word before the semicolon."""

    def is_chunked(self, codings: list[bytes]) -> bool:
        """The fault."""
        return super().is_chunked([coding.partition(b";")[0] for coding in codings])


# -- chunks


@fault("FRAME-020")
class SizeInFront(Grammar):
    """Takes the digits in front of what is none."""

    def chunk_size(self, line: bytes) -> int:
        """The fault."""
        found = re.fullmatch(rb"([0-9A-Fa-f]+)[.G-Wg-wYyZz][0-9A-Za-z]*", line)
        return super().chunk_size(found[1] if found else line)


@fault("FRAME-079")
class MinusDropped(Grammar):
    """Drops a minus sign."""

    def chunk_size(self, line: bytes) -> int:
        """The fault."""
        return super().chunk_size(line.removeprefix(b"-"))


@fault("FRAME-083")
class LfInExtensions(Source):
    """Drops all octets between the semicolon and CRLF unread."""

    def __init__(self, grammar: Grammar, length: int | None, *reading: Any) -> None:
        """Read lines to their CRLF, where there is a semicolon."""
        read_some, read_line, before = reading

        def whole(most: int) -> bytes:
            line: bytes = read_line(most)
            while b";" in line and not line.endswith(b"\r\n") and (more := read_line(most)):
                line = line[:-1] + more
            return line

        super().__init__(grammar, length, read_some, whole, before)


@fault("FRAME-084")
class CrInExtensions(Grammar):
    """Takes a bare CR for an octet like others."""

    def extension_bad(self, extension: bytes) -> bool:
        """The fault."""
        return super().extension_bad(extension.replace(b"\r", b""))


@fault("FRAME-085")
class LfBehindData(Source):
    """Takes a bare LF behind the data."""

    def after_chunk(self, line: bytes) -> None:
        """The fault."""
        if line != b"\n":
            super().after_chunk(line)


# -- field lines


@fault("FRAME-086")
class NoColonIgnored(Grammar):
    """Ignores lines without a colon."""

    def header(self, read_line: Callable[[int], bytes]) -> Fields:
        """The fault."""

        def with_colon(limit: int) -> bytes:
            octets = read_line(limit)
            while octets not in (b"", b"\r\n") and b":" not in octets and octets[:1] not in (b" ", b"\t"):
                octets = read_line(limit)
            return octets

        return super().header(with_colon)


class Names(Grammar):
    """A grammar whose trailers are read as they should be."""

    def trailer(self, line: bytes) -> None:
        """The names of trailers are tokens."""
        name, colon, _ = line.partition(b":")
        if not colon or not Grammar.name_ok(self, name):
            raise BadRequest
        super().trailer(line)


@fault("FRAME-088")
class BlanksInNames(Names):
    """Takes blanks inside a name."""

    def name_ok(self, name: bytes) -> bool:
        """The fault."""
        inside = name == name.strip(b" \t")
        return super().name_ok(re.sub(rb"[ \t]", b"", name) if inside else name)


@fault("FRAME-089")
class ControlsInNames(Names):
    """Takes control characters in a name."""

    def name_ok(self, name: bytes) -> bool:
        """The fault."""
        return super().name_ok(re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", b"", name))


@fault("FRAME-101")
class NulInValues(Grammar):
    """Keeps NUL inside values."""

    def value_bad(self, value: bytes) -> bool:
        """The fault."""
        return super().value_bad(value.replace(b"\x00", b""))


# -- request lines


@fault("FRAME-102")
class CrInTargets(Grammar):
    """Keeps CR inside targets."""

    def check_target(self, method: bytes, target: bytes) -> bytes:
        """The fault."""
        super().check_target(method, target.replace(b"\r", b"-"))
        return target


@fault("FRAME-091")
class VersionInAnyCase(Grammar):
    """Compares the version in upper case."""

    def check_version(self, version: bytes) -> None:
        """The fault."""
        super().check_version(version.upper())


@fault("FRAME-092")
class MinorVersionMissing(Grammar):
    """Takes a missing minor version for 1."""

    def check_version(self, version: bytes) -> None:
        """The fault."""
        super().check_version(b"HTTP/1.1" if version in (b"HTTP/1", b"HTTP/1.") else version)


@fault("FRAME-093")
class OtherProtocols(Grammar):
    """Looks at the digits alone."""

    def check_version(self, version: bytes) -> None:
        """The fault."""
        super().check_version(re.sub(rb"^[A-Z]+/", b"HTTP/", version))


@fault("FRAME-094")
class OctetsInMethods(Grammar):
    """Takes every octet for a part of a method."""

    def check_method(self, method: bytes) -> None:
        """The fault."""
        super().check_method(re.sub(rb"[\x00-\x08\x0e-\x1f\x7f-\xff]", b"x", method))


@fault("FRAME-096")
class AsteriskForEveryMethod(Grammar):
    """Takes an asterisk for every method."""

    def check_target(self, method: bytes, target: bytes) -> bytes:
        """The fault."""
        return target if target == b"*" else super().check_target(method, target)

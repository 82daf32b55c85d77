"""Mutants of field lines, of Host and of limits."""

from __future__ import annotations

import re
from collections.abc import Callable

from gateproof.reference.requests import BadRequest, Fields, Grammar, Request

from .faults import fault


@fault("FRAME-032")
class NameStripped(Grammar):
    """Strips the name."""

    def field(self, line: bytes) -> tuple[bytes, bytes]:
        """The fault."""
        name, colon, value = line.partition(b":")
        return super().field(name.rstrip(b" \t") + colon + value)

    def trailer(self, line: bytes) -> None:
        """Trailers are read as they should be."""
        super().field(line)


@fault("FRAME-033", also=["FRAME-087", "FRAME-090"])
@fault("FRAME-033", also=["FRAME-087", "FRAME-090"], interface="asgi")
@fault("FRAME-087", also=["FRAME-033", "FRAME-090"])
@fault("FRAME-090", also=["FRAME-033", "FRAME-087"])
class AnyName(Grammar):
    """Takes every visible word for a name."""

    def name_ok(self, name: bytes) -> bool:
        """The fault."""
        return not re.search(rb"[\x00-\x20\x7f]", name)

    def trailer(self, line: bytes) -> None:
        """Trailers are read as they should be."""
        name, colon, _ = line.partition(b":")
        if not colon or not super().name_ok(name):
            raise BadRequest
        super().trailer(line)


@fault("FRAME-119", also=["FRAME-086"])
@fault("FRAME-119", also=["FRAME-086"], interface="asgi")
class NoColonEndsFields(Grammar):
    """Drops every field from a line without a colon on, as the parser of mail does."""

    def header(self, read_line: Callable[[int], bytes]) -> Fields:
        """The fault."""
        ended = False

        def until(limit: int) -> bytes:
            nonlocal ended
            octets = read_line(limit)
            ended = ended or (b":" not in octets and octets not in (b"", b"\r\n") and octets[:1] not in (b" ", b"\t"))
            while ended and octets not in (b"", b"\r\n"):
                octets = read_line(limit)
            return octets

        return super().header(until)


@fault("FRAME-034", also=["FRAME-112"])
@fault("FRAME-034", also=["FRAME-112"], interface="asgi")
@fault("FRAME-112", also=["FRAME-034"])
class FoldsDropped(Grammar):
    """Ignores lines that begin with a blank."""

    def header(self, read_line: Callable[[int], bytes]) -> Fields:
        """The fault."""

        def without(limit: int) -> bytes:
            octets = read_line(limit)
            while octets[:1] in (b" ", b"\t"):
                octets = read_line(limit)
            return octets

        return super().header(without)


@fault("FRAME-035")
class FirstLineStripped(Grammar):
    """Strips the first line before it splits it."""

    def header(self, read_line: Callable[[int], bytes]) -> Fields:
        """The fault."""
        lines = [read_line(self.line_limit).lstrip(b" \t")]
        return super().header(lambda limit: lines.pop() if lines else read_line(limit))


@fault("FRAME-036")
@fault("FRAME-036", interface="asgi")
class CrInValues(Grammar):
    """Keeps CR inside values."""

    def value_bad(self, value: bytes) -> bool:
        """The fault."""
        return super().value_bad(value.replace(b"\r", b""))

    def trailer(self, line: bytes) -> None:
        """Trailers are read as they should be."""
        if b"\r" in line:
            raise BadRequest
        super().trailer(line)


@fault("FRAME-038", also=["FRAME-040"])
class SplitLines(Grammar):
    """Decodes the header and calls splitlines()."""

    def header(self, read_line: Callable[[int], bytes]) -> Fields:
        """The fault."""
        found: Fields = []
        for name, value in super().header(read_line):
            first, *more = value.decode("latin-1").splitlines() or [""]
            found.append((name, first.encode("latin-1")))
            found += [self.field(line.encode("latin-1")) for line in more if ":" in line]
        return found


@fault("FRAME-039")
class OneSpaceStripped(Grammar):
    """Strips one leading space only."""

    def trim(self, value: bytes) -> bytes:
        """The fault."""
        return value.removeprefix(b" ")


@fault("FRAME-040")
class ValueStrippedAsText(Grammar):
    """Calls str.strip() on the decoded value."""

    def field(self, line: bytes) -> tuple[bytes, bytes]:
        """The fault."""
        name, value = super().field(line)
        if name.lower() in (b"content-length", b"transfer-encoding", b"host"):
            return name, value
        return name, value.decode("latin-1").strip().encode("latin-1")


@fault("FRAME-041")
class EndIsEnough(Grammar):
    """Calls the application when nothing more comes."""

    def header(self, read_line: Callable[[int], bytes]) -> Fields:
        """The fault."""

        def line(limit: int) -> bytes:
            return read_line(limit) or b"\r\n"

        return super().header(line)


@fault("FRAME-055")
class OwnNameForHost(Grammar):
    """Fills in its own name where there is no Host."""

    def check_host(self, request: Request) -> None:
        """The fault."""
        if request.all(b"host"):
            super().check_host(request)


@fault("FRAME-056", also=["FRAME-103"])
@fault("FRAME-056", also=["FRAME-103"], interface="asgi")
@fault("FRAME-103", also=["FRAME-056"])
class HostsJoined(Grammar):
    """Takes several Host fields for a list."""

    def check_host(self, request: Request) -> None:
        """The fault."""
        hosts = request.all(b"host")
        if len(hosts) < 2:
            super().check_host(request)


@fault("FRAME-057", also=["FRAME-098", "FRAME-099", "FRAME-100"])
@fault("FRAME-098", also=["FRAME-057", "FRAME-099", "FRAME-100"])
@fault("FRAME-099", also=["FRAME-057", "FRAME-098", "FRAME-100"])
@fault("FRAME-100", also=["FRAME-057", "FRAME-098", "FRAME-099"])
class AnyHost(Grammar):
    """Never looks at the value."""

    def check_host(self, request: Request) -> None:
        """The fault."""
        hosts = request.all(b"host")
        if len(hosts) != 1:
            super().check_host(request)


@fault("FRAME-071")
class HundredFields(Grammar):
    """Ignores fields after the hundredth."""

    def header(self, read_line: Callable[[int], bytes]) -> Fields:
        """The fault."""
        return super().header(read_line)[:100]


@fault("FRAME-071")
class TwoLinesOfALongOne(Grammar):
    """Reads at most 64 KiB of a line, and the rest of it as the next."""

    line_limit = 65_536

    def line(self, octets: bytes, too_long: bytes) -> bytes:
        """The fault."""
        return octets if len(octets) == self.line_limit else super().line(octets, too_long)

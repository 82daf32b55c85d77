"""A document with parts, versions and a coding, and its faults: what applications of both interfaces give.

It is beside the references, which have little to select from. Each method is a seam.
"""

from __future__ import annotations

import gzip
from email.utils import parsedate_to_datetime
from typing import TypeVar

T = TypeVar("T")
Field = tuple[bytes, bytes]
Asked = dict[bytes, bytes]
Answer = tuple[int, list[Field], bytes]

TEXT = b"".join(b"line %d of the document\n" % number for number in range(200))
TAG = b'"document"'
MODIFIED = b"Sat, 01 Jan 2022 00:00:00 GMT"
TYPE = (b"content-type", b"text/plain")
MANY = b"gateproof"
ALLOWED, ORIGIN = b"access-control-allow-origin", b"https://example.org"


class Document:
    """The document as HTTP wants it."""

    def answer(self, method: str, asked: Asked) -> Answer:
        """Answer a request by its method and its fields, whose names are in lower case."""
        if method not in ("GET", "HEAD"):
            return 405, self.allowed(), b""
        versions = [(b"etag", TAG), (b"last-modified", MODIFIED), *self.varies(asked), *self.allows(asked)]
        if self.is_known(asked):
            return 304, self.kept(versions), b""
        if method == "GET" and asked.get(b"range", b"") == b"bytes=%d-" % len(TEXT):
            return 416, [(b"content-range", self.missed())], b""
        spans = self.spans(asked.get(b"range", b"")) if method == "GET" and self.joins(asked) else []
        if len(spans) == 1:
            return 206, [TYPE, *versions, (b"content-range", self.told(*spans[0]))], self.part(*spans[0])
        if spans:
            kind = b"multipart/byteranges; boundary=" + MANY
            return 206, [(b"content-type", kind), *versions], self.many(spans)
        if self.takes_gzip(asked):
            versions[0] = (b"etag", b'"document.gz"')
            return 200, [TYPE, *versions, (b"content-encoding", b"gzip")], gzip.compress(TEXT, mtime=0)
        return 200, [TYPE, *versions], TEXT

    def allowed(self) -> list[Field]:
        """Return the fields of a refusal."""
        return [(b"allow", b"GET, HEAD")]

    def varies(self, asked: Asked) -> list[Field]:
        """Return what the choice hangs on."""
        return [(b"vary", b"Accept-Encoding")]

    def allows(self, asked: Asked) -> list[Field]:
        """Return what other origins are told."""
        return []

    def kept(self, versions: list[Field]) -> list[Field]:
        """Return what a 304 says of the version."""
        return versions

    def missed(self) -> bytes:
        """Return the Content-Range of 416."""
        return b"bytes */%d" % len(TEXT)

    def is_known(self, asked: Asked) -> bool:
        """Tell whether the client has this version."""
        tags, date = asked.get(b"if-none-match"), asked.get(b"if-modified-since")
        if tags is not None:
            return tags == b"*" or TAG in tags
        return date is not None and self.is_since(date)

    def is_since(self, date: bytes) -> bool:
        """Tell whether nothing was modified since a date; what is none is not looked at."""
        try:
            return parsedate_to_datetime(date.decode("latin-1")) >= parsedate_to_datetime(MODIFIED.decode())
        except (ValueError, TypeError):
            return False

    def joins(self, asked: Asked) -> bool:
        """Tell whether a part may be given."""
        return asked.get(b"if-range", TAG) in (TAG, MODIFIED)

    def spans(self, ranges: bytes) -> list[tuple[int, int]]:
        """Return the first and last octet of every range that is one of this document."""
        unit, _, words = ranges.partition(b"=")
        found = [self.span(*word.strip().partition(b"-")[::2]) for word in words.split(b",") if unit == b"bytes"]
        return [span for span in found if span is not None]

    def span(self, first: bytes, last: bytes) -> tuple[int, int] | None:
        """Return one range, None for what is none."""
        if not (first or last) or not (first + last).isdigit():
            return None
        end = min(int(last or len(TEXT)), len(TEXT) - 1)
        found = (int(first), end) if first else (max(0, len(TEXT) - int(last)), len(TEXT) - 1)
        return found if found[0] <= found[1] else None

    def told(self, first: int, last: int) -> bytes:
        """Return a Content-Range."""
        return b"bytes %d-%d/%d" % (first, last, len(TEXT))

    def part(self, first: int, last: int) -> bytes:
        """Return a part."""
        return TEXT[first : last + 1]

    def many(self, spans: list[tuple[int, int]]) -> bytes:
        """Return several parts as one body."""
        line, pieces = b"--" + MANY, []
        for span in spans:
            head = b"Content-Type: text/plain\r\nContent-Range: " + self.told(*span)
            pieces.append(b"\r\n".join([line, head, b"", self.part(*span)]))
        return b"\r\n".join([*pieces, line + b"--\r\n"])

    def takes_gzip(self, asked: Asked) -> bool:
        """Tell whether the client takes gzip."""
        words = [word.replace(b" ", b"") for word in asked.get(b"accept-encoding", b"").split(b",")]
        return b"gzip" in words


class OneTooFar(Document):
    """Says of every part that it has one octet more."""

    def told(self, first: int, last: int) -> bytes:
        """The fault."""
        return super().told(first, last + 1)


class AnotherPart(Document):
    """Gives the beginning, as long as the part that was asked for."""

    def part(self, first: int, last: int) -> bytes:
        """The fault."""
        return TEXT[: last + 1 - first]


class LinesOfParts(Document):
    """Sets the parts of a body apart by LF alone."""

    def many(self, spans: list[tuple[int, int]]) -> bytes:
        """The fault."""
        return super().many(spans).replace(b"\r\n", b"\n")


class RefusesParts(Document):
    """Finds no part in its document."""

    def answer(self, method: str, asked: Asked) -> Answer:
        """The fault."""
        if b"range" in asked and method == "GET":
            return 416, [(b"content-range", b"bytes */%d" % len(TEXT))], b""
        return super().answer(method, asked)


class RefusesWithoutUnit(Document):
    """Says with 416 how many octets there are, and not that they are."""

    def missed(self) -> bytes:
        """The fault."""
        return b"*/%d" % len(TEXT)


class WholeSuffix(Document):
    """Finds no part in a document that is shorter than the end that is asked for."""

    def span(self, first: bytes, last: bytes) -> tuple[int, int] | None:
        """The fault."""
        found = (len(TEXT) - int(last), len(TEXT) - 1) if last and not first else super().span(first, last)
        return found

    def part(self, first: int, last: int) -> bytes:
        """Give what such a slice is."""
        return TEXT[first : last + 1] if first >= 0 else b""


class AnyDate(Document):
    """Takes any date for one behind its own."""

    def is_since(self, date: bytes) -> bool:
        """The fault."""
        return b"GMT" in date


class OneTagAlone(Document):
    """Compares the field as a whole."""

    def is_known(self, asked: Asked) -> bool:
        """The fault."""
        tags = asked.get(b"if-none-match")
        return tags == TAG if tags is not None else super().is_known(asked)


class StrongTagsAlone(Document):
    """Compares every tag of the list, as it stands."""

    def is_known(self, asked: Asked) -> bool:
        """The fault."""
        tags = asked.get(b"if-none-match")
        return TAG in map(bytes.strip, tags.split(b",")) if tags is not None else super().is_known(asked)


class TagWithoutQuotes(Document):
    """Gives its tag without quotes."""

    def answer(self, method: str, asked: Asked) -> Answer:
        """The fault."""
        status, fields, body = super().answer(method, asked)
        return status, [(name, value.strip(b'"') if name == b"etag" else value) for name, value in fields], body


class DateOfItsOwn(Document):
    """Says when it was modified in another form."""

    def answer(self, method: str, asked: Asked) -> Answer:
        """The fault."""
        status, fields, body = super().answer(method, asked)
        return status, [(name, b"2022-01-01" if value == MODIFIED else value) for name, value in fields], body


class HalfAType(Document):
    """Gives half a type."""

    def answer(self, method: str, asked: Asked) -> Answer:
        """The fault."""
        status, fields, body = super().answer(method, asked)
        return status, [(name, b"text" if value == b"text/plain" else value) for name, value in fields], body


class AllowsAList(Document):
    """Allows several origins at once, which are none."""

    def allows(self, asked: Asked) -> list[Field]:
        """The fault."""
        return [(ALLOWED, b"https://example.com, " + ORIGIN)]


class KeepsNothing(Document):
    """Says of a version that is known only which it is."""

    def kept(self, versions: list[Field]) -> list[Field]:
        """The fault."""
        return versions[:1]


class AllowsWithoutVary(Document):
    """Allows an origin, and does not say that it hangs on it."""

    def allows(self, asked: Asked) -> list[Field]:
        """The fault."""
        return [(ALLOWED, ORIGIN)] if asked.get(b"origin") == ORIGIN else []


class AsksTheDateToo(Document):
    """Looks at the date where the tag is another."""

    def is_known(self, asked: Asked) -> bool:
        """The fault."""
        return super().is_known(asked) or self.is_since(asked.get(b"if-modified-since", b""))


class AnyTag(Document):
    """Takes any tag for its own."""

    def is_known(self, asked: Asked) -> bool:
        """The fault."""
        return b"if-none-match" in asked


class AlwaysJoins(Document):
    """Does not look at If-Range."""

    def joins(self, asked: Asked) -> bool:
        """The fault."""
        return True


class NeverJoins(Document):
    """Gives no part under If-Range."""

    def joins(self, asked: Asked) -> bool:
        """The fault."""
        return b"if-range" not in asked


class VariesWithACoding(Document):
    """Names what its choice hangs on only where it encodes."""

    def varies(self, asked: Asked) -> list[Field]:
        """The fault."""
        return super().varies(asked) if self.takes_gzip(asked) else []


class FindsTheWord(Document):
    """Looks for the word, whatever stands behind it."""

    def takes_gzip(self, asked: Asked) -> bool:
        """The fault."""
        return b"gzip" in asked.get(b"accept-encoding", b"")


class NamesNoMethods(Document):
    """Refuses methods without a word."""

    def allowed(self) -> list[Field]:
        """The fault."""
        return []


class TooSmallForGzip(Document):
    """Never encodes, and names nothing."""

    def varies(self, asked: Asked) -> list[Field]:
        """The choice."""
        return []

    def takes_gzip(self, asked: Asked) -> bool:
        """The choice."""
        return False


class OneRangeOnly(Document):
    """Gives the whole to who asks for several parts."""

    def spans(self, ranges: bytes) -> list[tuple[int, int]]:
        """The choice."""
        return [] if b"," in ranges else super().spans(ranges)


class KnowsNoConditions(Document):
    """Evaluates nothing, and has no parts."""

    def is_known(self, asked: Asked) -> bool:
        """The choice."""
        return False

    def spans(self, ranges: bytes) -> list[tuple[int, int]]:
        """The choice."""
        return []


class AllowsOne(Document):
    """Allows an origin, and says that it hangs on it."""

    def allows(self, asked: Asked) -> list[Field]:
        """The choice."""
        return [(b"vary", b"Origin"), *([(ALLOWED, ORIGIN)] if asked.get(b"origin") == ORIGIN else [])]


class AllowsAlwaysOne(Document):
    """Names the one origin that it allows to everybody."""

    def allows(self, asked: Asked) -> list[Field]:
        """The choice."""
        return [(ALLOWED, ORIGIN)]


def giving(application: type[T], kind: type[Document]) -> type[T]:
    """Return an application of that kind, named like its document, which it has as `document`."""
    return type(kind.__name__, (application,), {"document": kind(), "__module__": application.__module__})


# The row that each fault breaks, of ASGI and of WSGI.
FAULTS: tuple[tuple[type[Document], str, str], ...] = (
    (OneTooFar, "ASGI-HTTP-RESP-065", "WSGI-HTTP-048"),
    (AnotherPart, "ASGI-HTTP-RESP-065", "WSGI-HTTP-048"),
    (LinesOfParts, "ASGI-HTTP-RESP-065", "WSGI-HTTP-048"),
    (RefusesParts, "ASGI-HTTP-RESP-082", "WSGI-HTTP-070"),
    (RefusesWithoutUnit, "ASGI-HTTP-RESP-083", "WSGI-HTTP-071"),
    (WholeSuffix, "ASGI-HTTP-RESP-065", "WSGI-HTTP-048"),
    (AnyDate, "ASGI-HTTP-RESP-066", "WSGI-HTTP-049"),
    (OneTagAlone, "ASGI-HTTP-RESP-074", "WSGI-HTTP-059"),
    (StrongTagsAlone, "ASGI-HTTP-RESP-074", "WSGI-HTTP-059"),
    (TagWithoutQuotes, "ASGI-HTTP-RESP-077", "WSGI-HTTP-063"),
    (DateOfItsOwn, "ASGI-HTTP-RESP-084", "WSGI-HTTP-072"),
    (HalfAType, "ASGI-HTTP-RESP-078", "WSGI-HTTP-064"),
    (AllowsAList, "ASGI-HTTP-RESP-078", "WSGI-HTTP-064"),
    (KeepsNothing, "ASGI-HTTP-RESP-075", "WSGI-HTTP-060"),
    (AllowsWithoutVary, "ASGI-HTTP-RESP-076", "WSGI-HTTP-061"),
    (AsksTheDateToo, "ASGI-HTTP-RESP-066", "WSGI-HTTP-049"),
    (AnyTag, "ASGI-HTTP-RESP-066", "WSGI-HTTP-049"),
    (AlwaysJoins, "ASGI-HTTP-RESP-067", "WSGI-HTTP-050"),
    (NeverJoins, "ASGI-HTTP-RESP-067", "WSGI-HTTP-050"),
    (VariesWithACoding, "ASGI-HTTP-RESP-068", "WSGI-HTTP-051"),
    (FindsTheWord, "ASGI-HTTP-RESP-069", "WSGI-HTTP-052"),
    (NamesNoMethods, "ASGI-HTTP-RESP-070", "WSGI-HTTP-053"),
)
CHOICES: tuple[type[Document], ...] = (
    Document,
    TooSmallForGzip,
    OneRangeOnly,
    KnowsNoConditions,
    AllowsOne,
    AllowsAlwaysOne,
)

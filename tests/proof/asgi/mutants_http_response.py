"""Mutants of http.response.start: status, header fields, framing by the header."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateproof.reference.asgi_http import Http

from .faults import fault

Event = dict[str, Any]
Pair = tuple[bytes, bytes]


def taken(given: Iterable[Any]) -> list[Pair]:
    """Return header fields as they are given, whatever is in them."""
    return [(name, value) for name, value in given]


@fault("ASGI-HTTP-RESP-011")
class UnknownIs500(Http):
    """A status that no table has is sent as 500."""

    def status_line(self) -> bytes:
        """The fault."""
        return b"HTTP/1.1 500 \r\n" if self.status in range(505, 511) or self.status == 599 else super().status_line()


@fault("ASGI-HTTP-RESP-011")
class SuccessIs200(Http):
    """What is a success is 200."""

    def status_line(self) -> bytes:
        """The fault."""
        return b"HTTP/1.1 200 \r\n" if self.status in (202, 208, 226) else super().status_line()


@fault("ASGI-HTTP-RESP-012")
class AsciiFields(Http):
    """Octets above 0x7f of a value become question marks."""

    def line(self, name: bytes, value: bytes) -> bytes:
        """The fault."""
        return super().line(name, bytes(o if o < 128 else 63 for o in value))


@fault("ASGI-HTTP-RESP-012")
class CutsLongValues(Http):
    """A value ends after 1024 octets."""

    def line(self, name: bytes, value: bytes) -> bytes:
        """The fault."""
        return super().line(name, value[:1024])


@fault("ASGI-HTTP-RESP-012")
class DropsEmptyValues(Http):
    """A field without a value is left out."""

    def line(self, name: bytes, value: bytes) -> bytes:
        """The fault."""
        return super().line(name, value) if value else b""


class Reordering(Http):
    """The fields in another order: not a mutant, but where several begin."""

    def outgoing(self) -> list[Pair]:
        """Send them as `order` puts them."""
        return self.order(super().outgoing())

    def order(self, pairs: list[Pair]) -> list[Pair]:
        """The fault."""
        return pairs


@fault("ASGI-HTTP-RESP-013")
class ReversesValues(Reordering):
    """Of equal names the last comes first."""

    def order(self, pairs: list[Pair]) -> list[Pair]:
        """The fault."""
        values = {name: [value for key, value in pairs if key == name] for name, _ in pairs}
        return [(name, values[name].pop()) for name, _ in pairs]


@fault("ASGI-HTTP-RESP-043")
class GroupsNames(Reordering):
    """Fields of one name stand together."""

    def order(self, pairs: list[Pair]) -> list[Pair]:
        """The fault."""
        names = dict.fromkeys(name for name, _ in pairs)
        return [pair for name in names for pair in pairs if pair[0] == name]


@fault("ASGI-HTTP-RESP-043")
class CookiesLast(Reordering):
    """Set-Cookie comes after the others."""

    def order(self, pairs: list[Pair]) -> list[Pair]:
        """The fault."""
        return sorted(pairs, key=lambda pair: pair[0] == b"set-cookie")


@fault("ASGI-HTTP-RESP-014")
class JoinsCookies(Reordering):
    """Set-Cookie fields are joined."""

    def order(self, pairs: list[Pair]) -> list[Pair]:
        """The fault."""
        values = [value for name, value in pairs if name == b"set-cookie"]
        rest = [pair for pair in pairs if pair[0] != b"set-cookie"]
        return [*rest, (b"set-cookie", b", ".join(values))] if values else rest


@fault("ASGI-HTTP-RESP-014")
class LastOfARow(Reordering):
    """Of several fields of a name only the last is sent."""

    def order(self, pairs: list[Pair]) -> list[Pair]:
        """The fault."""
        return list(dict(pairs).items())


@fault("ASGI-HTTP-RESP-015")
class HeadersRequired(Http):
    """A start without headers is an error."""

    def given(self, event: Event) -> list[Pair]:
        """The fault."""
        if "headers" not in event:
            raise KeyError("headers")
        return super().given(event)


@fault("ASGI-HTTP-RESP-016")
class TuplesOnly(Http):
    """A field that is a list is an error."""

    def given(self, event: Event) -> list[Pair]:
        """The fault."""
        if isinstance(headers := event.get("headers", ()), (list, tuple)) and any(isinstance(i, list) for i in headers):
            raise TypeError("a field must be a tuple")
        return super().given(event)


@fault("ASGI-HTTP-RESP-016")
class ListsOnly(Http):
    """A tuple of fields is taken for none."""

    def given(self, event: Event) -> list[Pair]:
        """The fault."""
        return [] if isinstance(event.get("headers"), tuple) else super().given(event)


@fault("ASGI-HTTP-RESP-044")
class ReadsTwice(Http):
    """The fields are checked, then read."""

    def given(self, event: Event) -> list[Pair]:
        """The fault."""
        for pair in event.get("headers", ()):
            assert len(pair) == 2
        return super().given(event)


@fault("ASGI-HTTP-RESP-018")
class CopiesCoding(Http):
    """Transfer-Encoding is copied, and chunked added."""

    def outgoing(self) -> list[Pair]:
        """The fault."""
        return [*super().outgoing(), *self.coding]

    def start(self, event: Event) -> None:
        """Keep it."""
        pairs = self.given(event)
        super().start({**event, "headers": pairs})
        self.coding = [pair for pair in pairs if pair[0] == b"transfer-encoding"]


@fault("ASGI-HTTP-RESP-018")
class RefusesCoding(Http):
    """Transfer-Encoding is an error, not ignored."""

    def start(self, event: Event) -> None:
        """The fault."""
        pairs = self.given(event)
        if any(name == b"transfer-encoding" for name, _ in pairs):
            raise ValueError("transfer-encoding")
        super().start({**event, "headers": pairs})


@fault("ASGI-HTTP-RESP-021")
class AlwaysChunked(Http):
    """A body in parts is chunked even where its length is known."""

    def framing(self, total: int | None) -> list[Pair]:
        """The fault."""
        if self.length is not None and total is None and self.has_body() and self.may_chunk():
            self.chunked = True
            return [(b"transfer-encoding", b"chunked")]
        return super().framing(total)

    def outgoing(self) -> list[Pair]:
        """No length beside the coding."""
        dropped = self.length is not None and not self.body_done and self.has_body() and self.may_chunk()
        return [pair for pair in super().outgoing() if not dropped or pair[0] != b"content-length"]


@fault("ASGI-HTTP-RESP-022")
class Compresses(Http):
    """Long texts are compressed for whoever accepts gzip."""

    def start(self, event: Event) -> None:
        """Take note."""
        super().start(event)
        names = [name for name, _ in self.headers]
        self.zip = b"gzip" in self.request.words(b"accept-encoding") and b"content-encoding" not in names

    async def piece(self, octets: bytes, more: bool) -> None:
        """The fault."""
        import gzip

        if self.zip and len(octets) > 1000 and not more and not self.head_sent and self.length is None:
            self.headers.append((b"content-encoding", b"gzip"))
            octets = gzip.compress(octets)
        await super().piece(octets, more)


@fault("ASGI-HTTP-RESP-022")
class DropsContentEncoding(Reordering):
    """Content-Encoding is taken for a field of the connection."""

    def order(self, pairs: list[Pair]) -> list[Pair]:
        """The fault."""
        return [pair for pair in pairs if pair[0] != b"content-encoding"]


@fault("ASGI-HTTP-RESP-038")
class ChunksForEverybody(Http):
    """Chunked for HTTP/1.0 as well."""

    def may_chunk(self) -> bool:
        """The fault."""
        return True


class Trusting(Http):
    """Takes fields as they come: not a mutant, but where several begin."""

    def given(self, event: Event) -> list[Pair]:
        """Check nothing but what `passes` says."""
        pairs = taken(event.get("headers", ()))
        let = all(self.passes(name, value) for name, value in pairs)
        return pairs if let else super().given({**event, "headers": pairs})

    def passes(self, name: bytes, value: bytes) -> bool:
        """Tell whether a field is let through though it may be wrong."""
        return False


@fault("ASGI-HTTP-RESP-049")
class RefusesTabs(Http):
    """A tab is taken for a control character."""

    def start(self, event: Event) -> None:
        """The fault."""
        if any(b"\t" in value for _, value in event.get("headers") or () if isinstance(value, bytes)):
            raise RuntimeError("a control character")
        super().start(event)


@fault("ASGI-HTTP-RESP-039")
class SplitsByValue(Trusting):
    """Values are written as they are, line breaks included."""

    def passes(self, name: bytes, value: bytes) -> bool:
        """The fault."""
        return b"\r\n" in value or self.ok(name, value)

    def ok(self, name: bytes, value: bytes) -> bool:
        """What else may pass: everything without a control character."""
        return name.replace(b"-", b"a").isalnum() and not any(octet < 32 or octet == 127 for octet in value)


@fault("ASGI-HTTP-RESP-039")
class SplitsByName(Trusting):
    """Of a name only the octets beside line breaks are looked at."""

    def passes(self, name: bytes, value: bytes) -> bool:
        """The fault."""
        return b"\n" in name or name in (b"x-first", b"content-length")


@fault("ASGI-HTTP-RESP-039")
class LetsLoneBreaksPass(Trusting):
    """CR LF is looked for, a lone LF is not."""

    def passes(self, name: bytes, value: bytes) -> bool:
        """The fault."""
        return (b"\n" in value and b"\r" not in value) or name in (b"x-first", b"content-length")


@fault("ASGI-HTTP-RESP-039")
class LetsNulPass(Trusting):
    """NUL is written."""

    def passes(self, name: bytes, value: bytes) -> bool:
        """The fault."""
        return b"\x00" in value or name in (b"x-first", b"content-length")


@fault("ASGI-HTTP-RESP-039", also=["ASGI-ERR-007"])
class TextStatus(Http):
    """A status that is a text is written as it is."""

    def check(self, event: Event) -> str:
        """Let it pass."""
        return "http.response.start" if isinstance(event.get("status"), str) else super().check(event)

    def start(self, event: Event) -> None:
        """Keep it."""
        text = event["status"]
        super().start({**event, "status": 200} if isinstance(text, str) else event)
        self.text = text if isinstance(text, str) else None

    def status_line(self) -> bytes:
        """The fault."""
        return f"HTTP/1.1 {self.text}\r\n".encode() if self.text else super().status_line()


@fault("ASGI-HTTP-RESP-046")
class AnyName(Trusting):
    """A name may have a blank."""

    def passes(self, name: bytes, value: bytes) -> bool:
        """The fault."""
        return b" " in name or name == b"content-length"


@fault("ASGI-HTTP-RESP-058")
class BracketsPass(Trusting):
    """A name may have brackets."""

    def passes(self, name: bytes, value: bytes) -> bool:
        """The fault."""
        return b"[" in name or b"]" in name or name == b"content-length"


@fault("ASGI-HTTP-RESP-071")
class EscapesPass(Trusting):
    """ESC is written."""

    def passes(self, name: bytes, value: bytes) -> bool:
        """The fault."""
        return b"\x1b" in value or name == b"content-length"


@fault("ASGI-HTTP-RESP-072")
class FourDigits(Http):
    """A status of four digits is written."""

    def start(self, event: Event) -> None:
        """The fault."""
        status = event["status"]
        super().start({**event, "status": 200} if status == 2000 else event)
        self.status = status


@fault("ASGI-HTTP-RESP-040")
class PseudoNames(Trusting):
    """Names may begin with a colon; they are left out."""

    def given(self, event: Event) -> list[Pair]:
        """The fault."""
        pairs = taken(event.get("headers", ()))
        return super().given({**event, "headers": [pair for pair in pairs if not pair[0].startswith(b":")]})


@fault("ASGI-HTTP-RESP-047")
class CopiesLengths(Http):
    """What the application says of lengths is sent."""

    def start(self, event: Event) -> None:
        """The fault."""
        pairs = self.given(event)
        lengths = [value for name, value in pairs if name == b"content-length"]
        wrong = len(lengths) > 1 or any(not value.isdigit() for value in lengths)
        super().start({**event, "headers": [pair for pair in pairs if not wrong or pair[0] != b"content-length"]})
        if wrong:
            self.headers, self.length = pairs, 2


@fault("ASGI-HTTP-RESP-047")
class TakesPlus(Http):
    """A length is whatever int() takes."""

    def start(self, event: Event) -> None:
        """The fault."""
        pairs = self.given(event)
        plus = [pair for pair in pairs if pair[0] == b"content-length" and pair[1].startswith(b"+")]
        super().start({**event, "headers": [pair for pair in pairs if pair not in plus]})
        self.headers += plus
        self.length = int(plus[0][1]) if plus else self.length


@fault("ASGI-HTTP-RESP-048")
class ChunkedNothing(Http):
    """204 without a length is announced as chunked."""

    def framing(self, total: int | None) -> list[Pair]:
        """The fault."""
        nothing = self.status == 204 and self.length is None and not self.request.is_1_0
        return [(b"transfer-encoding", b"chunked")] if nothing else super().framing(total)


@fault("ASGI-HTTP-RESP-081")
class NeverDated(Http):
    """No response has a date."""

    def added(self) -> list[Pair]:
        """The fault."""
        return [pair for pair in super().added() if pair[0].lower() != b"date"]


@fault("ASGI-HTTP-RESP-081")
class DatedInItsOwnForm(Http):
    """The date has the form of ISO 8601."""

    def date(self) -> bytes:
        """The fault."""
        return b"2026-01-01T00:00:00Z"


@fault("ASGI-HTTP-RESP-056")
class AddsItsDate(Http):
    """The server's Date stands beside that of the application."""

    def added(self) -> list[Pair]:
        """The fault."""
        return [*(pair for pair in super().added() if pair[0].lower() != b"date"), (b"date", self.date())]


@fault("ASGI-HTTP-RESP-057")
class AddsItsName(Http):
    """The server's name stands beside that of the application."""

    def added(self) -> list[Pair]:
        """The fault."""
        return [*(pair for pair in super().added() if pair[0].lower() != b"server"), (b"server", b"mutant")]

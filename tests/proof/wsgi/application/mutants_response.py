"""Applications with one fault in what they answer: start_response, status, fields, write(), iterable, lengths."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

from gateproof.reference.wsgi_application import HTML, TEXT, Application, Environ, Response, StartResponse

from ...registry import mutant

# start_response


@mutant("WSGI-START-014")
class YieldsFirst(Application):
    """Yields before it begins."""

    def late(self, environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        """Yield."""
        yield b"first\n"
        start_response("200 OK", [TEXT])
        yield b"second\n"


@mutant("WSGI-START-014")
class YieldsNothingFirst(Application):
    """Yields an empty item before it begins, which servers take differently."""

    def late(self, environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        """Yield."""
        yield b""
        start_response("200 OK", [TEXT])


@mutant("WSGI-START-015")
class StartsTwice(Application):
    """Begins its error response without exc_info."""

    def exc_info(self) -> Any:
        """Give nothing."""
        return None


@mutant("WSGI-START-016", also=["WSGI-HTTP-048"])
class KeepsItsFields(Application):
    """Gives the same list in every call."""

    def __init__(self) -> None:
        """Make it once."""
        self.kept = [HTML, ("X-Kept", "1")]

    def fields(self, response: Response) -> Any:
        """Give it."""
        return self.kept


@mutant("WSGI-START-017")
class ForgetsToStart(Application):
    """Returns nothing for a path that leads nowhere."""

    def respond(self, environ: Environ, start_response: StartResponse, response: Response) -> Iterable[bytes]:
        """Return early."""
        return [] if response.status.startswith("404") else super().respond(environ, start_response, response)


@mutant("WSGI-EXC-013")
class GivesAnException(Application):
    """Gives the exception in place of the tuple."""

    def fail(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Give it."""
        start_response("503 Service Unavailable", [TEXT], LookupError("planned"))
        return [b"come again\n"]


@mutant("WSGI-EXC-014")
class GivesAnOldOne(Application):
    """Gives an exc_info that it kept, outside of its handler."""

    def fail(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Give it."""
        try:
            raise LookupError("planned")
        except LookupError:
            kept = self.exc_info()
        start_response("503 Service Unavailable", [TEXT], kept)
        return [b"come again\n"]


@mutant("WSGI-EXC-015")
class Swallows(Application):
    """Goes on although start_response raised."""

    def late(self, environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        """Go on."""
        start_response("200 OK", [TEXT])
        yield b"first\n"
        try:
            raise LookupError("planned, and too late")
        except LookupError:
            with contextlib.suppress(LookupError):
                start_response("500 Internal Server Error", [TEXT], self.exc_info())
        yield b"error\n"


# status


class Says(Application):
    """Answers 404 with another status."""

    said: Any = ""

    def status(self, response: Response) -> Any:
        """Say it."""
        return self.said if response.status.startswith("404") else response.status


@mutant("WSGI-STATUS-001")
class SaysANumber(Says):
    """Says an int."""

    said = 404


@mutant("WSGI-STATUS-002")
class SaysThePhraseFirst(Says):
    """Says the phrase first."""

    said = "Not Found 404"


@mutant("WSGI-STATUS-003")
class SaysTwoSpaces(Says):
    """Says two spaces."""

    said = "404  Not Found"


@mutant("WSGI-STATUS-003")
class SaysTheCodeAlone(Says):
    """Says a code alone."""

    said = "404"


@mutant("WSGI-STATUS-004")
class SaysNoPhrase(Says):
    """Says an empty phrase."""

    said = "404 "


@mutant("WSGI-STATUS-005")
class SaysSpaceAtTheEnd(Says):
    """Says a space at the end."""

    said = "404 Not Found "


@mutant("WSGI-STATUS-006")
class SaysWhatIsAsked(Application):
    """Builds the phrase from a parameter."""

    def page_greet(self, environ: Environ) -> Response:
        """Build it."""
        name = self.query(environ, "name", "OK").encode("ascii", "ignore").decode().strip(" ") or "OK"
        return Response("200 " + name, body=[b"hello\n"])


@mutant("WSGI-HTTP-047")
class ParsesDates(Application):
    """Takes a date of the client for a date."""

    def answer(self, environ: Environ) -> Response:
        """The fault."""
        since = environ.get("HTTP_IF_MODIFIED_SINCE", "")
        if since:
            assert parsedate_to_datetime(since)
        return super().answer(environ)


class Trusts(Application):
    """Reads a field of the request without a guard."""

    name = ""

    def answer(self, environ: Environ) -> Response:
        """Read it."""
        value = environ.get(self.name, "")
        if value.isascii():
            self.read(value)
        return super().answer(environ)

    def read(self, value: str) -> object:
        """Return something of it."""
        return value


@mutant("WSGI-HTTP-054")
class WeighsByNumber(Trusts):
    """Takes a quality for a number."""

    name = "HTTP_ACCEPT_LANGUAGE"

    def read(self, value: str) -> object:
        """The fault."""
        return [float(word.partition(";q=")[2] or 1) for word in value.split(",")]


@mutant("WSGI-HTTP-068")
class CountsTheRange(Trusts):
    """Takes the ends of a range for numbers."""

    name = "HTTP_RANGE"

    def read(self, value: str) -> object:
        """The fault."""
        return [int(end) for end in value.removeprefix("bytes=").replace(",", "-").split("-") if end]


@mutant("WSGI-HTTP-069")
class DecodesCredentials(Trusts):
    """Takes what stands behind Basic for base64 of text."""

    name = "HTTP_AUTHORIZATION"

    def read(self, value: str) -> object:
        """The fault."""
        return base64.b64decode(value.removeprefix("Basic ")).decode() if value.startswith("Basic ") else ""


@mutant("WSGI-HTTP-055")
class ReadsItsSession(Trusts):
    """Takes a cookie of its own for whole."""

    name = "HTTP_COOKIE"

    def answer(self, environ: Environ) -> Response:
        """Set it."""
        made = super().answer(environ)
        return Response(made.status, [*made.fields, ("Set-Cookie", "reference.seat=1.2")], made.body, made.length)

    def read(self, value: str) -> object:
        """The fault."""
        return value.partition("reference.seat=")[2].split(".")[1] if "reference.seat=" in value else ""


@mutant("WSGI-HTTP-056")
class DecodesByCharset(Trusts):
    """Decodes by the charset that is named."""

    name = "CONTENT_TYPE"

    def read(self, value: str) -> object:
        """The fault."""
        return b"x".decode(value.partition("charset=")[2] or "ascii")


@mutant("WSGI-HTTP-057")
class CountsTheForwardedPort(Trusts):
    """Takes the forwarded port for a number."""

    name = "HTTP_X_FORWARDED_PORT"

    def read(self, value: str) -> object:
        """The fault."""
        return int(value or 80)


@mutant("WSGI-HTTP-058")
class CountsThePort(Trusts):
    """Takes the port of the host for a number."""

    name = "HTTP_HOST"

    def read(self, value: str) -> object:
        """The fault."""
        return int(value.rpartition(":")[2]) if ":" in value else 80


@mutant("WSGI-STATUS-007")
class SaysAnOddCode(Says):
    """Says a code beyond 599."""

    said = "999 Request denied"


@mutant("WSGI-STATUS-008")
class SaysAnInterimOne(Says):
    """Says an interim status as the final one."""

    said = "103 Early Hints"


# fields


class Adds(Application):
    """Adds a field to every answer with a body of its own length."""

    added: Any = ("X-A", "b")

    def fields(self, response: Response) -> Any:
        """Add it."""
        return [*super().fields(response), self.added]


@mutant("WSGI-HEADERS-001")
class GivesATuple(Application):
    """Gives a tuple."""

    def fields(self, response: Response) -> Any:
        """Give it."""
        return tuple(super().fields(response))


@mutant("WSGI-HEADERS-002")
class GivesLists(Adds):
    """Gives pairs as lists."""

    added: Any = ["X-A", "b"]  # noqa: RUF012 nobody changes it


@mutant("WSGI-HEADERS-003")
class GivesANumber(Adds):
    """Gives a number as value."""

    added = ("X-Count", 3)


@mutant("WSGI-HEADERS-004")
class GivesANameWithSpace(Adds):
    """Gives a name with a space."""

    added = ("X Header", "b")


@mutant("WSGI-HEADERS-005")
class GivesANameWithColon(Adds):
    """Gives a name with a colon."""

    added = ("X-Header:", "b")


@mutant("WSGI-HEADERS-006")
class RedirectsAnywhere(Application):
    """Puts a parameter into Location unescaped, without other control characters."""

    def page_moved(self, environ: Environ) -> Response:
        """Redirect."""
        target = self.query(environ, "next", "/").encode("ascii", "ignore").decode()
        target = "".join(c for c in target if c in "\r\n" or c.isprintable())
        return Response("302 Found", [TEXT, ("Location", target)], [b"elsewhere\n"])


@mutant("WSGI-HEADERS-007")
class GivesAControl(Adds):
    """Gives a NUL."""

    added = ("X-A", "a\x00b")


@mutant("WSGI-HEADERS-007")
class GivesATab(Adds):
    """Gives a tab, which HTTP allows and the PEP does not."""

    added = ("X-A", "a\tb")


@mutant("WSGI-HEADERS-009")
class GivesAStatusField(Adds):
    """Gives the status as a field too."""

    added = ("Status", "200 OK")


@mutant("WSGI-HEADERS-010")
class GivesNoLength(Adds):
    """Gives a length that is none."""

    added = ("Content-Length", "-1")


@mutant("WSGI-HTTP-031")
class ClosesTheConnection(Adds):
    """Gives Connection."""

    added = ("Connection", "close")


@mutant("WSGI-HTTP-032")
class SaysChunked(Adds):
    """Gives Transfer-Encoding."""

    added = ("Transfer-Encoding", "chunked")


@mutant("WSGI-HTTP-032")
class Chunks(Application):
    """Cuts its stream into chunks of HTTP."""

    def pieces(self) -> Iterator[bytes]:
        """Cut."""
        yield b"4\r\none\n\r\n"
        yield b"4\r\ntwo\n\r\n0\r\n\r\n"


@mutant("WSGI-UNICODE-008")
class SaysEuro(Says):
    """Says a phrase beyond latin-1."""

    said = "404 \u20ac"


# write()


class Writes(Application):
    """Sends its pages by write()."""

    written: Any = b"written\n"

    def respond(self, environ: Environ, start_response: StartResponse, response: Response) -> Any:
        """Write one page."""
        if self.path(environ) != "/stream":
            return super().respond(environ, start_response, response)
        write = start_response("200 OK", [TEXT])
        write(self.written)
        return []


@mutant("WSGI-WRITE-007")
class WritesAtAll(Writes):
    """Uses write()."""


@mutant("WSGI-WRITE-008", also=["WSGI-WRITE-007"])
class WritesAndReturnsNone(Writes):
    """Returns None after it."""

    def respond(self, environ: Environ, start_response: StartResponse, response: Response) -> Any:
        """Return what comes of it, None for nothing."""
        result = super().respond(environ, start_response, response)
        return None if self.path(environ) == "/stream" else result


@mutant("WSGI-WRITE-009", also=["WSGI-WRITE-007"])
class WritesBetweenItems(Application):
    """Writes from within its generator."""

    def late(self, environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        """Write."""
        write = start_response("200 OK", [TEXT])
        yield b"one\n"
        write(b"two\n")


@mutant("WSGI-WRITE-010", also=["WSGI-WRITE-007"])
class WritesText(Writes):
    """Writes text."""

    written = "text"


@mutant("WSGI-CALL-013", also=["WSGI-WRITE-007"])
class WritesByKeyword(Application):
    """Gives write() its argument by name."""

    def late(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Write."""
        start_response("200 OK", [TEXT])(data=b"x")
        return []


# the iterable


@mutant("WSGI-ITER-018")
class ReturnsNone(Application):
    """Returns None for HEAD."""

    def body(self, environ: Environ, response: Response) -> Any:
        """Return nothing."""
        return super().body(environ, response) or None


@mutant("WSGI-ITER-019")
class YieldsText(Application):
    """Yields text."""

    def pieces(self) -> Iterator[Any]:
        """Yield it."""
        yield "one\n"


@mutant("WSGI-ITER-019")
class ReturnsBytes(Application):
    """Returns bytes, whose items are numbers."""

    def body(self, environ: Environ, response: Response) -> Any:
        """Return them for PUT."""
        return (
            b"octets" if environ["REQUEST_METHOD"] == "PUT" and not response.length else super().body(environ, response)
        )


class Counted(list[bytes]):
    """A list with the wrong length."""

    def __len__(self) -> int:
        """Count octets."""
        return sum(map(len, self))


@mutant("WSGI-ITER-020")
class CountsOctets(Application):
    """Returns a list whose len() is the number of its octets."""

    def body(self, environ: Environ, response: Response) -> Any:
        """Return it."""
        found = super().body(environ, response)
        return Counted(found) if isinstance(found, list) else found


class Fussy:
    """An iterator whose close() insists on its end."""

    def __init__(self, items: Iterable[bytes]) -> None:
        """Take the items."""
        self.items, self.over = iter(items), False

    def __iter__(self) -> Any:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Give an item."""
        try:
            return next(self.items)
        except StopIteration:
            self.over = True
            raise

    def close(self) -> None:
        """Insist."""
        if not self.over:
            raise RuntimeError("closed before the end")


@mutant("WSGI-ITER-021")
class InsistsOnTheEnd(Application):
    """Raises in close() where not all items were asked for."""

    def page_stream(self, environ: Environ) -> Response:
        """Insist."""
        return Response(body=Fussy(self.pieces()), length=False)

    def body(self, environ: Environ, response: Response) -> Any:
        """Return the same for HEAD, as the server need not ask for it."""
        return response.body


@mutant("WSGI-ITER-021")
class LocksUntilTheEnd(Application):
    """Holds a lock until its last item, and answers 503 to who comes next."""

    def __init__(self) -> None:
        """Have a lock that nobody holds."""
        self.holder: Held | None = None

    def page_stream(self, environ: Environ) -> Response:
        """Take the lock; it refuses once, so that no check finds what another left."""
        if self.holder is not None and self.holder.holds:
            self.holder.holds = False
            return Response("503 Service Unavailable", body=[b"busy\n"])
        self.holder = Held()
        return Response(body=self.holder, length=False)


class Held:
    """An iterable that lets go of a lock with its last item."""

    holds = True

    def __iter__(self) -> Iterator[bytes]:
        """Give the items."""
        yield b"one\n"
        yield b"two\n"
        self.holds = False


@mutant("WSGI-ITER-021")
class LeaksFiles(Application):
    """Opens a file for each call and closes it with the last item alone."""

    def page_stream(self, environ: Environ) -> Response:
        """Open it."""
        return Response(body=Opened(), length=False)


class Opened:
    """An iterable over an open file that it closes at its end."""

    def __init__(self) -> None:
        """Open it."""
        self.file = open(__file__, "rb", buffering=0)  # noqa: SIM115 that it stays open is the fault

    def __iter__(self) -> Iterator[bytes]:
        """Give the items."""
        yield self.file.read(4)
        self.file.close()

    def __del__(self) -> None:
        """Be silent about it."""
        self.file.close()


# lengths


@mutant("WSGI-HTTP-037")
class CountsCharacters(Application):
    """Counts characters and sends octets."""

    def page_greet(self, environ: Environ) -> Response:
        """Count."""
        text = "gr\u00fc\u00df dich\n"
        return Response(fields=[TEXT, ("Content-Length", str(len(text)))], body=[text.encode()], length=False)


@mutant("WSGI-HTTP-037")
class ForgetsTheRange(Application):
    """Gives the length of the whole for a range."""

    def page_document(self, environ: Environ) -> Response:
        """Give it."""
        response = super().page_document(environ)
        if response.status.startswith("206"):
            response.fields, response.length = [*response.fields, ("Content-Length", "4000")], False
        return response


@mutant("WSGI-HTTP-042")
class MeasuresHead(Application):
    """Gives the length of the empty body of HEAD."""

    def respond(self, environ: Environ, start_response: StartResponse, response: Response) -> Any:
        """Measure it."""
        if environ["REQUEST_METHOD"] == "HEAD" and response.length:
            response.body = []
        return super().respond(environ, start_response, response)


@mutant("WSGI-HTTP-038")
class SendsNull(Application):
    """Answers 204 with a body."""

    def page_empty(self, environ: Environ) -> Response:
        """Send it."""
        return Response("204 No Content", [], [b"null"], length=False)


@mutant("WSGI-HTTP-038")
class SendsTheUnchanged(Application):
    """Answers 304 with the document."""

    def page_document(self, environ: Environ) -> Response:
        """Send it."""
        response = super().page_document(environ)
        if response.status.startswith("304"):
            response.body = [b"document"]
        return response


@mutant("WSGI-HTTP-039")
class MeasuresNothing(Application):
    """Gives a Content-Length with 204."""

    def page_empty(self, environ: Environ) -> Response:
        """Give it."""
        return Response("204 No Content", [("Content-Length", "0")], [], length=False)

"""More conforming variants of a WSGI server: what is sent, what is given, and how the body is read."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import sys
from typing import Any

from gateproof.reference.answer import Answer, FileWrapper
from gateproof.reference.body import Input
from gateproof.reference.requests import BadRequest, Grammar, Request
from gateproof.reference.wsgi import Environ, Server

from ..registry import variant
from .mutants_start import answering
from .variants import Editing


def behind_an_interim(octets: bytes, request: Request) -> bytes:
    """Return the octets of an answer, with an interim one before the header of a final one."""
    final = octets.startswith(b"HTTP/1.1 ") and octets[9:10] != b"1" and not request.is_1_0
    return b"HTTP/1.1 102 Processing\r\n\r\n" * final + octets


class InterimFirst(Answer):
    """102 comes before each final response (RFC 9110, 15.2: a client copes with any number)."""

    def send(self, octets: bytes) -> None:
        """The choice."""
        super().send(behind_an_interim(octets, self.request))


variant()(answering(InterimFirst))


@variant()
class EmptyContentType(Editing):
    """CONTENT_TYPE is '' where none was sent."""

    def edit(self, environ: Environ, request: Request) -> Environ:
        """The choice."""
        environ.setdefault("CONTENT_TYPE", "")
        return environ


@variant()
class EmptyContentLength(Editing):
    """CONTENT_LENGTH is '' where none was sent."""

    def edit(self, environ: Environ, request: Request) -> Environ:
        """The choice."""
        environ.setdefault("CONTENT_LENGTH", "")
        return environ


@variant()
class NoScriptName(Editing):
    """SCRIPT_NAME is left out where it is ''."""

    def edit(self, environ: Environ, request: Request) -> Environ:
        """The choice."""
        if not environ["SCRIPT_NAME"]:
            del environ["SCRIPT_NAME"]
        return environ


@variant()
class NoQueryString(Editing):
    """QUERY_STRING is left out where it is ''."""

    def edit(self, environ: Environ, request: Request) -> Environ:
        """The choice."""
        if not environ["QUERY_STRING"]:
            del environ["QUERY_STRING"]
        return environ


@variant()
class NameOfTheHost(Server):
    """SERVER_NAME is a name, not an address."""

    def server_name(self) -> str:
        """The choice."""
        return "localhost"


@variant()
class RefusesUnderscores(Server):
    """A field whose name has an underscore is refused by the server itself."""

    class grammar_class(Grammar):  # noqa: N801 - a local grammar
        """The choice."""

        def field(self, line: bytes) -> tuple[bytes, bytes]:
            """No underscore."""
            if b"_" in line.partition(b":")[0]:
                raise BadRequest
            return super().field(line)

    grammar = grammar_class()


@variant()
class CookiesJoinedBySemicolon(Server):
    """Several Cookie fields are joined as one cookie string (RFC 9113, 8.2.3)."""

    def header_variables(self, environ: Environ, request: Request) -> None:
        """The choice."""
        super().header_variables(environ, request)
        if cookies := request.all(b"cookie"):
            environ["HTTP_COOKIE"] = "; ".join(self.text(value) for value in cookies)


@variant()
class SeveralProcesses(Server):
    """wsgi.multiprocess is true: others may run the same application."""

    multiprocess = True


@variant()
class TwoThirds(Server):
    """What wsgi.multithread says is a number."""

    multithread = 2


@variant()
class EndOfInputUntold(Editing):
    """wsgi.input_terminated is not there; the stream ends all the same."""

    def edit(self, environ: Environ, request: Request) -> Environ:
        """The choice."""
        del environ["wsgi.input_terminated"]
        return environ


class ShortReads(Input):
    """read(size) gives what has come, which may be less."""

    def read(self, size: int | None = -1) -> bytes:
        """The choice."""
        if size is None or size <= 0:
            return super().read(size)
        return self.take(size) if self.buffer else self.source.some(size)


@variant()
class ReadsWhatHasCome(Server):
    """Reads are short."""

    input_class = ShortReads


class NoHints(Input):
    """The hint of readlines is passed over, as the PEP allows."""

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """The choice."""
        return super().readlines()


@variant()
class HintPassedOver(Server):
    """readlines gives all lines."""

    input_class = NoHints


@variant()
class BufferedErrors(Server):
    """wsgi.errors is a text stream over octets, with a buffer."""

    def errors_stream(self) -> Any:
        """The choice."""
        outer = self.errors

        class Octets(io.RawIOBase):
            def writable(self) -> bool:
                return True

            def write(self, data: Any) -> int:
                octets = bytes(data)
                outer.write(octets.decode("ascii", "backslashreplace"))
                return len(octets)

        return io.TextIOWrapper(io.BufferedWriter(Octets()), "utf-8", "backslashreplace", write_through=True)


class Records:
    """A stream of text for a log of JSON records: one for each piece, whose line ends are quoted."""

    def __init__(self, log: Any) -> None:
        """The log that the records go to."""
        self.log = log

    def write(self, text: str) -> int:
        """The choice."""
        self.log.write(json.dumps({"system": "wsgi", "message": text}) + "\n")
        return len(text)

    def writelines(self, lines: Any) -> None:
        """One after another."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing is held back but by the log."""
        self.log.flush()


@variant()
class StructuredLog(Server):
    """The log has a JSON record for each entry; that of a failure has its type and its place, and no message."""

    def errors_stream(self) -> Any:
        """The choice."""
        return Records(self.errors)

    def report(self) -> None:
        """The choice."""
        kind, _, place = sys.exc_info()
        name = kind.__name__ if kind is not None else ""
        line = place.tb_lineno if place is not None else 0
        with contextlib.suppress(ValueError, OSError):
            self.errors.write(json.dumps({"failure": {"type": name, "line": line}}) + "\n")
            self.errors.flush()


class SmallBlocks(FileWrapper):
    """Reads a file in blocks of a size of its own."""

    def __init__(self, file: Any, block_size: int = 8192) -> None:
        """The choice."""
        super().__init__(file, 512)


@variant()
class WrapperOfSmallBlocks(Server):
    """wsgi.file_wrapper takes the size for a hint."""

    file_wrapper = SmallBlocks


class UpperHex(Answer):
    """Sizes of chunks are in upper case, with zeros in front."""

    def chunk(self, data: bytes) -> bytes:
        """The choice."""
        return b"%06X\r\n%s\r\n" % (len(data), data)


class ChunkExtensions(Answer):
    """Chunks have an extension, which clients ignore (RFC 9112, 7.1.1)."""

    def chunk(self, data: bytes) -> bytes:
        """The choice."""
        return b"%x;by=reference\r\n%s\r\n" % (len(data), data)

    def last_chunk(self) -> bytes:
        """Also on the last one."""
        return b"0;by=reference\r\n\r\n"


class BlanksAroundValues(Answer):
    """Field lines have more blanks than one."""

    def line(self, name: bytes, value: bytes) -> bytes:
        """The choice."""
        return name + b":  \t" + value + b" \r\n"


class UpperCaseFields(Answer):
    """Field names are sent in upper case."""

    def line(self, name: bytes, value: bytes) -> bytes:
        """The choice."""
        return super().line(name.upper(), value)


class KeepAliveTold(Answer):
    """A connection that stays is told so to clients of both versions."""

    def connection_field(self) -> list[tuple[bytes, bytes]]:
        """The choice."""
        if self.close:
            return [(b"Connection", b"close")]
        return [(b"Connection", b"keep-alive"), (b"Keep-Alive", b"timeout=5")]


class OwnFieldsFirst(Answer):
    """The server's own fields stand in front of the application's."""

    def send_head(self, total: int | None) -> None:
        """The choice."""
        kept, self.headers = self.headers, [*self.headers]
        framing = [(name.decode(), value.decode()) for name, value in self.framing(total)]
        added = [(name.decode(), value.decode()) for name, value in self.added()]
        self.headers = kept
        pairs = [*added, *framing, *self.outgoing()]
        lines = b"".join(self.line(self.latin1(name), self.latin1(value)) for name, value in pairs)
        self.head_sent = True
        self.send(self.status_line() + lines + b"\r\n")


class ViaField(Answer):
    """A Via field is added, as a gateway may."""

    def added(self) -> list[tuple[bytes, bytes]]:
        """The choice."""
        return [*super().added(), (b"Via", b"1.1 reference")]


class HeadCounted(Answer):
    """The length of a response to HEAD is told where the application's blocks are known."""

    def framing(self, total: int | None) -> list[tuple[bytes, bytes]]:
        """The choice."""
        if self.request.method == b"HEAD" and total and self.length is None and (self.status or "").startswith("200"):
            return [(b"Content-Length", b"%d" % total)]
        return super().framing(total)


class PageForErrors(Answer):
    """The page of a failure is HTML, in chunks."""

    def fail(self, status: bytes = b"500 Internal Server Error") -> None:
        """The choice."""
        self.complete, self.close = False, True
        if self.head_sent or self.broken:
            return
        self.head_sent = True
        page = b"" if self.request.method == b"HEAD" else b"<h1>" + status + b"</h1>"
        coded = page and not self.request.is_1_0
        framing = b"Transfer-Encoding: chunked\r\n" if coded else b""
        head = b"HTTP/1.1 " + status + b"\r\nContent-Type: text/html\r\nConnection: close\r\n" + framing
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(page), page) if coded else page
        self.send(head + b"Date: " + self.date() + b"\r\n\r\n" + body)


class Http10Server(Answer):
    """The server answers as HTTP/1.0 and closes, as small ones do."""

    def status_line(self) -> bytes:
        """The choice."""
        return super().status_line().replace(b"HTTP/1.1", b"HTTP/1.0", 1)

    def client_closes(self) -> bool:
        """It keeps no connection."""
        return True

    def may_chunk(self) -> bool:
        """It knows no coding."""
        return False


class ChunksEverything(Answer):
    """Every body goes out in chunks, whatever length it has: transfer codings are the server's (PEP 3333)."""

    def chunks(self) -> bool:
        """Whether the answer has a body, and its client knows chunks."""
        return self.has_body() and self.may_chunk()

    def outgoing(self) -> list[tuple[str, str]]:
        """Without a length."""
        return [field for field in super().outgoing() if not self.chunks() or field[0].lower() != "content-length"]

    def framing(self, total: int | None) -> list[tuple[bytes, bytes]]:
        """The choice."""
        if not self.chunks():
            return super().framing(total)
        self.chunked = True
        return [(b"Transfer-Encoding", b"chunked")]


class QuotesWhatItRefuses(Answer):
    """The page of a failure has the text of the exception, with what the application gave in it, as it was."""

    def check_value(self, value: str) -> None:
        """Refuse."""
        try:
            super().check_value(value)
        except ValueError as error:
            raise ValueError(f"no value of a header: {value}") from error

    def check_block(self, data: Any) -> None:
        """Refuse."""
        if not isinstance(data, bytes):
            raise TypeError(f"no block of a body: {data}")

    def fail(self, status: bytes = b"500 Internal Server Error") -> None:
        """The choice."""
        self.complete, self.close = False, True
        if self.head_sent or self.broken:
            return
        self.head_sent = True
        page = str(sys.exc_info()[1]).encode("latin-1", "replace")
        head = b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n" % len(page)
        page = b"" if self.request.method == b"HEAD" else page
        self.send(head + b"Date: " + self.date() + b"\r\nConnection: close\r\n\r\n" + page)


variant(about=["WSGI-HEADERS-020", "WSGI-HTTP-001", "WSGI-FILE-008"])(answering(ChunksEverything))
variant(about=["WSGI-HEADERS-015", "WSGI-ITER-016"])(answering(QuotesWhatItRefuses))
CHOICES: tuple[type[Answer], ...] = (
    UpperHex,
    ChunkExtensions,
    BlanksAroundValues,
    UpperCaseFields,
    KeepAliveTold,
    OwnFieldsFirst,
    ViaField,
    HeadCounted,
    PageForErrors,
    Http10Server,
)
for choice in CHOICES:
    variant()(answering(choice))


@variant()
class ExpectationFailed(Server):
    """Whoever expects anything gets 417."""

    class grammar_class(Grammar):  # noqa: N801
        """The choice."""

        def check_expect(self, request: Request) -> None:
            """The choice."""
            if request.words(b"expect") and not request.is_1_0:
                raise BadRequest(b"417 Expectation Failed")

    grammar = grammar_class()


@variant()
class ContinueAtOnce(Server):
    """100 Continue is sent before the application is called."""

    def environ(self, request: Request, connection: socket.socket, peer: Any) -> Environ:
        """The choice."""
        if b"100-continue" in request.words(b"expect") and not request.is_1_0:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.fields = [pair for pair in request.fields if pair[0].lower() != b"expect"]
        return super().environ(request, connection, peer)


@variant()
@answering
class TwoChunks(Answer):
    """A block comes in two chunks."""

    def chunk(self, data: bytes) -> bytes:
        """The choice."""
        half = len(data) // 2
        return super().chunk(data[:half]) + super().chunk(data[half:]) if half else super().chunk(data)


@variant()
@answering
class Hinted(Answer):
    """An interim response stands before the final one, where the client can read it."""

    def send_head(self, total: int | None) -> None:
        """The choice."""
        if not self.request.is_1_0:
            self.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        super().send_head(total)

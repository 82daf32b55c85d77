"""Mutants of the response: exc_info, write, headers, the iterable, framing, files."""

from __future__ import annotations

import contextlib
import io
import socket
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from gateproof.reference.answer import Answer, FileWrapper, Headers
from gateproof.reference.body import Source
from gateproof.reference.requests import BadRequest, Grammar, Request
from gateproof.reference.wsgi import Environ, Server

from ..registry import mutant
from .mutants_start import fault

# -- EXC


@fault("WSGI-EXC-024")
class KeepsTheFirstLength(Answer):
    """The Content-Length of the first call stays in force."""

    def keep(self, status: str, headers: Headers) -> None:
        """The fault."""
        before = self.length
        super().keep(status, headers)
        if before is not None:
            self.length = before
            self.headers = [*self.headers, ("Content-Length", str(before))]


@fault("WSGI-EXC-001", also=["WSGI-EXC-023"])
class KeepsTheFirstHeader(Answer):
    """A second call changes nothing."""

    def keep(self, status: str, headers: Headers) -> None:
        """The fault."""
        if self.status is None:
            super().keep(status, headers)


@fault("WSGI-EXC-002")
class IgnoresTheLateCall(Answer):
    """A call with exc_info after the header is ignored."""

    def start_response(self, *arguments: Any) -> Callable[[bytes], None]:  # type: ignore[override]
        """The fault."""
        return self.write if self.head_sent else super().start_response(*arguments)


@fault("WSGI-EXC-003")
class RaisesItsOwn(Answer):
    """A late call raises an exception of the server's."""

    def start_response(self, *arguments: Any) -> Callable[[bytes], None]:  # type: ignore[override]
        """The fault."""
        if self.head_sent:
            raise RuntimeError("the header is sent")
        return super().start_response(*arguments)


@fault("WSGI-EXC-004", also=["WSGI-EXC-001"])
class AlwaysReraises(Answer):
    """exc_info is always raised."""

    def start_response(self, *arguments: Any) -> Callable[[bytes], None]:  # type: ignore[override]
        """The fault."""
        if len(arguments) == 3 and arguments[2] is not None:
            raise arguments[2][1]
        return super().start_response(*arguments)


@fault("WSGI-EXC-005")
class KeepsExcInfo(Answer):
    """exc_info is kept."""

    def start_response(self, *arguments: Any) -> Callable[[bytes], None]:  # type: ignore[override]
        """The fault."""
        self.kept = arguments
        return super().start_response(*arguments)


@mutant("WSGI-EXC-006", also=["WSGI-EXC-007"])
@mutant("WSGI-EXC-007", also=["WSGI-EXC-006"])
class SilentServer(Server):
    """Failures are not logged."""

    def report(self) -> None:
        """The fault."""


@fault("WSGI-EXC-008")
class NothingBeforeStartResponse(Answer):
    """A failure before start_response closes the connection."""

    def fail(self, status: bytes = b"500 Internal Server Error") -> None:
        """The fault."""
        self.broken = self.broken or not self.called
        super().fail(status)


@fault("WSGI-EXC-025", also=["WSGI-EXC-026", "WSGI-EXC-027", "WSGI-ITER-017"])
@fault("WSGI-EXC-026", also=["WSGI-EXC-025", "WSGI-EXC-027", "WSGI-ITER-017"])
@fault("WSGI-EXC-027", also=["WSGI-EXC-025", "WSGI-EXC-026", "WSGI-ITER-017"])
class SendsTheStoredHeader(Answer):
    """A failure before the first block sends the stored header."""

    def fail(self, status: bytes = b"500 Internal Server Error") -> None:
        """The fault."""
        if self.status is not None and not self.head_sent and not self.broken:
            self.close = True
            self.send_head(0)
        super().fail(status)


@mutant("WSGI-EXC-028")
class LeavesTheClientWaiting(Server):
    """What does not derive from Exception is not trapped, and the connection stays open."""

    held: ClassVar[list[socket.socket]] = []

    def report(self) -> None:
        """The fault."""
        super().report()
        if not isinstance(sys.exc_info()[1], Exception):
            raise

    def serve(self, connection: socket.socket, peer: Any) -> None:
        """Its end: nobody closes the connection."""
        other = connection.dup()
        try:
            super().serve(connection, peer)
        except BaseException:
            self.held.append(other)
        else:
            other.close()


@mutant("WSGI-EXC-029")
class LosesAThread(Server):
    """What does not derive from Exception ends a thread, of which there are ten."""

    threads = 10

    def report(self) -> None:
        """The fault."""
        super().report()
        self.threads -= not isinstance(sys.exc_info()[1], Exception)

    def serve(self, connection: socket.socket, peer: Any) -> None:
        """Its end: nobody is left to serve."""
        if self.threads > 0:
            super().serve(connection, peer)


@mutant("WSGI-EXC-009")
class DiesOfABadStatus(Server):
    """After a status of four digits the next request finds nobody."""

    failed = False

    class answer_class(Answer):  # type: ignore[assignment]  # noqa: N801
        """Notes the status."""

        def check_status(self, status: Any) -> None:
            """The beginning of the fault."""
            if str(status).startswith("2000"):
                self.server.failed = True  # type: ignore[attr-defined]
            super().check_status(status)

    def call(self, environ: Environ, answer: Answer) -> Any:
        """Its end."""
        if self.failed:
            self.failed = False
            raise RuntimeError("nobody is there")
        return super().call(environ, answer)


@mutant("WSGI-EXC-030")
class DiesOfABadHeader(DiesOfABadStatus):
    """After a header without a name the next request finds nobody."""

    class answer_class(Answer):  # type: ignore[assignment]  # noqa: N801
        """Notes the name."""

        def check_headers(self, headers: Any) -> None:
            """The beginning of the fault."""
            if ("", "v") in headers:
                self.server.failed = True  # type: ignore[attr-defined]
            super().check_headers(headers)


@fault("WSGI-EXC-010")
class AlwaysTheLastChunk(Answer):
    """A failure ends a chunked body like any other."""

    def fail(self, status: bytes = b"500 Internal Server Error") -> None:
        """The fault."""
        if self.head_sent and self.chunked and not self.broken:
            self.send(self.last_chunk())
        super().fail(status)


@fault("WSGI-EXC-010")
class PageBehindThePart(Answer):
    """A failure is answered whatever was sent before."""

    def fail(self, status: bytes = b"500 Internal Server Error") -> None:
        """The fault."""
        if self.head_sent and not self.chunked and not self.broken:
            self.send(b"HTTP/1.1 " + status + b"\r\n\r\n")
        super().fail(status)


@fault("WSGI-EXC-023", also=["WSGI-EXC-024"])
class ExtendsTheHeaders(Answer):
    """A second call adds to the first one's headers."""

    def keep(self, status: str, headers: Headers) -> None:
        """The fault."""
        before = self.headers
        super().keep(status, headers)
        self.headers = [*before, *headers]


# -- WRITE


@fault("WSGI-WRITE-001", also=["WSGI-WRITE-002"])
class WritesOnce(Answer):
    """write() discards what comes after its first call."""

    def write(self, data: bytes, /) -> None:
        """The fault."""
        if not self.head_sent:
            super().write(data)


@fault("WSGI-WRITE-002", also=["WSGI-HTTP-006", "WSGI-WRITE-003"])
class WritesLast(Answer):
    """What was written is sent at the end."""

    def write(self, data: bytes, /) -> None:
        """The fault."""
        self.check_block(data)
        self.later = getattr(self, "later", b"") + data

    def finish(self) -> None:
        """Where it comes out."""
        late = getattr(self, "later", b"")
        if late:
            super().write(late)
        super().finish()


@fault("WSGI-WRITE-003")
class WritesLate(Answer):
    """What was written is sent when the application has returned."""

    def write(self, data: bytes, /) -> None:
        """The fault."""
        self.check_block(data)
        self.later = getattr(self, "later", b"") + data

    def consume(self, result: Any) -> None:
        """Where it comes out."""
        late = getattr(self, "later", b"")
        if late:
            super().write(late)
        super().consume(list(result) if late else result)


@fault("WSGI-WRITE-004")
class EncodesText(Answer):
    """write() takes text."""

    def write(self, data: Any, /) -> None:
        """The fault."""
        super().write(data.encode() if isinstance(data, str) else data)


@fault("WSGI-WRITE-005", also=["WSGI-HTTP-001", "WSGI-FILE-008", "WSGI-HTTP-016"])
@fault("WSGI-HTTP-001", also=["WSGI-WRITE-005", "WSGI-FILE-008", "WSGI-HTTP-016"])
class CountsNothing(Answer):
    """Blocks beyond the announced length are sent."""

    def bounded(self, data: bytes) -> bytes:
        """The fault."""
        return data

    def enough(self) -> bool:
        """Go on."""
        return not self.has_body()


# -- HEADERS


@fault("WSGI-HEADERS-012")
class DropsEmptyValues(Answer):
    """Headers with an empty value are lost."""

    def outgoing(self) -> Headers:
        """The fault."""
        return [pair for pair in super().outgoing() if pair[1]]


@fault("WSGI-HEADERS-013")
class HeadersInADict(Answer):
    """Of repeated headers the last is sent."""

    def outgoing(self) -> Headers:
        """The fault."""
        return list(dict(super().outgoing()).items())


@fault("WSGI-HEADERS-014")
class NoDate(Answer):
    """No Date is added."""

    def added(self) -> list[tuple[bytes, bytes]]:
        """The fault."""
        return [pair for pair in super().added() if pair[0] != b"Date"]


@fault("WSGI-HEADERS-015", also=["WSGI-HEADERS-016", "WSGI-HEADERS-030", "WSGI-START-010"])
@fault("WSGI-HEADERS-030", also=["WSGI-HEADERS-015", "WSGI-HEADERS-016", "WSGI-START-010"])
class ValuesUnchecked(Answer):
    """Values are written as they come."""

    def check_value(self, value: str) -> None:
        """The fault."""
        self.latin1(value)


@fault("WSGI-HEADERS-029")
class LineEndsInNames(Answer):
    """Names are checked for blanks alone."""

    def check_name(self, name: str) -> None:
        """The fault."""
        super().check_name("X-A" if "\n" in name or "\r" in name else name)


@fault("WSGI-HEADERS-016")
class SomeControlsPass(Answer):
    """Control characters other than CR, LF and NUL pass."""

    def check_value(self, value: str) -> None:
        """The fault."""
        if any(c in value for c in "\r\n\0"):
            raise ValueError("line end")
        self.latin1(value)


@fault("WSGI-HEADERS-017", also=["WSGI-START-010"])
class DropsBadNames(Answer):
    """Headers whose name is no token are dropped."""

    def check_name(self, name: str) -> None:
        """The fault."""
        if name.replace("-", "").isalnum() or any(c in name for c in "\r\n\0"):
            super().check_name(name)

    def outgoing(self) -> Headers:
        """Where they are lost."""
        return [pair for pair in super().outgoing() if pair[0].replace("-", "").isalnum() and pair[0].isascii()]


@fault("WSGI-HEADERS-019", also=["WSGI-START-010"])
class ValuesByStr(Answer):
    """Items that are no pairs of str are made such."""

    def start_response(self, status: str, headers: Any, *exc_info: Any) -> Callable[[bytes], None]:  # type: ignore[override]
        """The fault."""
        if type(headers) is list:
            headers = [self.pair(item) for item in headers]
        return super().start_response(status, headers, *exc_info)

    def pair(self, item: Any) -> tuple[str, str]:
        """Make a pair of anything."""
        name, value = (*item, "", "")[:2] if item else ("X-None", "")
        return tuple(p.decode() if isinstance(p, bytes) else str(p) for p in (name, value))  # type: ignore[return-value]


@fault("WSGI-HEADERS-020")
class ExactSpelling(Answer):
    """Headers are known in one spelling."""

    def values(self, name: str) -> list[str]:
        """The fault."""
        wanted = {name.title(), name.lower()}
        return [value for key, value in self.headers if key in wanted]


@fault("WSGI-HEADERS-021")
class AlwaysItsOwnDate(Answer):
    """Date and Server are always added."""

    def values(self, name: str) -> list[str]:
        """The fault."""
        return [] if name in ("date", "server") else super().values(name)


@fault("WSGI-HEADERS-022", also=["WSGI-HEADERS-023"])
@fault("WSGI-HEADERS-023", also=["WSGI-HEADERS-022"])
class HopByHopPasses(Answer):
    """Hop-by-hop headers are sent as they come."""

    def check_name(self, name: str) -> None:
        """The fault."""
        super().check_name("X-" + name if name else name)


@fault("WSGI-HEADERS-031", also=["WSGI-HEADERS-024"])
class LengthsUnchecked(Answer):
    """Content-Length is sent as it comes."""

    def check_lengths(self, values: list[str]) -> None:
        """The fault."""

    def keep(self, status: str, headers: Headers) -> None:
        """Understand what can be understood."""
        try:
            super().keep(status, headers)
        except ValueError:
            self.length = None

    def framing(self, total: int | None) -> list[tuple[bytes, bytes]]:
        """Add nothing to what was given."""
        return [] if self.values("content-length") else super().framing(total)


@fault("WSGI-HEADERS-024")
class WordsForLengths(LengthsUnchecked):
    """One Content-Length is sent as it comes."""

    def check_lengths(self, values: list[str]) -> None:
        """The fault."""
        if "," in ",".join(values):
            super(LengthsUnchecked, self).check_lengths(values)


@fault("WSGI-HEADERS-028", also=["WSGI-HEADERS-017", "WSGI-START-010"])
class NamesUnchecked(Answer):
    """Names are written as they come, but for line ends."""

    def check_name(self, name: str) -> None:
        """The fault."""
        if "\n" in name or "\r" in name or "\0" in name or name.lower() in ("connection", "te", "upgrade"):
            super().check_name(name)
        if name.lower() in ("keep-alive", "trailer", "transfer-encoding") or name.lower().startswith("proxy-a"):
            super().check_name(name)


# -- ITER


@mutant("WSGI-ITER-001", also=["WSGI-HTTP-006", "WSGI-START-005"])
class ListsAndGenerators(Server):
    """Tuples and objects with a separate iterator are refused."""

    class answer_class(Answer):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        def iterate(self, result: Any) -> Any:
            """Know some kinds."""
            if isinstance(result, tuple):
                raise TypeError("a tuple")
            return super().iterate(result)


@fault(
    "WSGI-ITER-002",
    also=["WSGI-ITER-001", "WSGI-ITER-010", "WSGI-ITER-014", "WSGI-START-005", "WSGI-START-008"],
)
class WantsLen(Answer):
    """len() of an iterator is wanted."""

    def known_length(self, result: Any) -> bool:
        """The fault."""
        if type(result).__name__ == "ProbeIterator":
            len(result)
        return super().known_length(result)


class NoClose(Server):
    """Decides when close() is called: the base of those that forget it."""

    def close_result(self, result: Any) -> None:
        """Close unless it is forgotten."""
        if not self.forgets(result):
            super().close_result(result)

    def forgets(self, result: Any) -> bool:
        """The fault."""
        return True


ALL_CLOSE = ["WSGI-ITER-004", "WSGI-ITER-005", "WSGI-ITER-006", "WSGI-ITER-007", "WSGI-ITER-009", "WSGI-FILE-004"]


@mutant("WSGI-ITER-003", also=ALL_CLOSE)
class NeverCloses(NoClose):
    """close() is never called."""


@mutant("WSGI-ITER-004")
class NoCloseAfterFailure(Server):
    """close() is not called when iterating raised."""

    def respond(self, environ: Environ, answer: Answer) -> None:
        """The fault."""
        result: Any = None
        try:
            result = self.call(environ, answer)
            answer.consume(result)
        except OSError:
            answer.complete = False
        except BaseException:
            self.report()
            answer.fail()
            return
        with contextlib.suppress(Exception):
            self.close_result(result)


@mutant("WSGI-ITER-005")
class NoCloseAfterDisconnect(Server):
    """close() is not called when the client left."""

    def respond(self, environ: Environ, answer: Answer) -> None:
        """The fault."""
        self.answer = answer
        super().respond(environ, answer)

    def call(self, environ: Environ, answer: Answer) -> Any:
        """Hand the answer on to the end."""
        self.current = answer
        return super().call(environ, answer)

    def close_result(self, result: Any) -> None:
        """Not for a broken connection."""
        if not self.current.broken:
            super().close_result(result)


@mutant("WSGI-ITER-006")
class ClosesTheIterator(NoClose):
    """close() of the iterator is called instead."""

    def forgets(self, result: Any) -> bool:
        """The fault."""
        return type(result).__name__ == "ProbeIterable"


@mutant("WSGI-ITER-007")
class ListsAreNotClosed(NoClose):
    """close() of a list is not looked for."""

    def forgets(self, result: Any) -> bool:
        """The fault."""
        return isinstance(result, list)


@mutant("WSGI-ITER-008")
class ClosesTwice(Server):
    """close() is called twice."""

    def close_result(self, result: Any) -> None:
        """The fault."""
        super().close_result(result)
        super().close_result(result)


@mutant("WSGI-ITER-009")
class NoCloseForHead(Server):
    """close() is not called for responses without a body."""

    def call(self, environ: Environ, answer: Answer) -> Any:
        """Hand the answer on to the end."""
        self.current = answer
        return super().call(environ, answer)

    def close_result(self, result: Any) -> None:
        """The fault."""
        if self.current.has_body():
            super().close_result(result)


@mutant(
    "WSGI-ITER-010",
    also=["WSGI-ITER-001", "WSGI-ITER-002", "WSGI-ITER-014", "WSGI-START-005", "WSGI-START-008"],
)
class WantsClose(Server):
    """close() must be there, but for lists and the like."""

    def call(self, environ: Environ, answer: Answer) -> Any:
        """The fault."""
        result = super().call(environ, answer)
        if type(result).__name__.startswith("Probe"):
            result.close  # noqa: B018
        return result


@fault("WSGI-ITER-011")
class BelievesAttributes(Answer):
    """An iterable with read() is taken for a file."""

    def iterate(self, result: Any) -> Any:
        """The fault."""
        return iter(lambda: result.read(8192), b"") if hasattr(result, "read") else super().iterate(result)


@fault("WSGI-ITER-012", also=["WSGI-STREAM-001", "WSGI-STREAM-002"])
class GathersEverything(Answer):
    """All blocks are gathered first."""

    def iterate(self, result: Any) -> Any:
        """The fault."""
        return iter(list(result))


@fault("WSGI-ITER-013")
class TranslatesLineEnds(Answer):
    """CRLF becomes LF."""

    def send_block(self, data: bytes) -> None:
        """The fault."""
        super().send_block(data.replace(b"\r\n", b"\n") if data.startswith(b"a\r\n") or data == b"\r\n" else data)


@fault("WSGI-ITER-014")
class EmptyBlockEnds(Answer):
    """An empty block ends the response."""

    def iterate(self, result: Any) -> Any:
        """The fault."""
        for block in super().iterate(result):
            if not block and self.sent:
                return
            yield block


@fault("WSGI-ITER-015")
class AsksAgain(Answer):
    """After the end the iterable is asked once more."""

    def iterate(self, result: Any) -> Any:
        """The fault."""
        iterator = super().iterate(result)
        yield from iterator
        if type(result).__name__ == "ProbeIterable":
            next(iterator, None)


@fault("WSGI-ITER-016", also=["WSGI-WRITE-004"])
class TextIsSent(Answer):
    """Blocks of text are encoded."""

    def check_block(self, data: Any) -> None:
        """The fault."""

    def ready(self, block: Any) -> bool:
        """Any block."""
        return bool(block)

    def send_block(self, data: Any) -> None:
        """Encode."""
        super().send_block(data.encode() if isinstance(data, str) else data)


@fault("WSGI-ITER-017")
class NoneIsEmpty(Answer):
    """None is taken for an empty iterable."""

    def iterate(self, result: Any) -> Any:
        """The fault."""
        return iter([]) if result is None else super().iterate(result)


# -- STREAM


@fault("WSGI-STREAM-001")
class OneBlockBehind(Answer):
    """A block is sent when the next one is there."""

    def iterate(self, result: Any) -> Any:
        """The fault."""
        held: Any = None
        for block in super().iterate(result):
            if held is not None and len(held) < 1_000_000:
                yield held
                held = block
            elif held is None:
                held = block
            else:
                yield held
                held = block
        if held is not None:
            yield held


@fault("WSGI-STREAM-002")
class LargeBlocksWait(Answer):
    """The end of a large block is sent with the next one."""

    rest = b""

    def send_block(self, data: bytes) -> None:
        """The fault."""
        data = self.rest + data
        self.sent -= len(self.rest)
        self.rest = b""
        if len(data) > 1_000_000 and self.chunked:
            data, self.rest = data[:1_000_000], data[1_000_000:]
            self.sent += len(self.rest)
        super().send_block(data)

    def finish(self) -> None:
        """The rest at the latest."""
        if self.rest:
            rest, self.rest = self.rest, b""
            self.sent -= len(rest)
            super().send_block(rest)
        super().finish()


# -- HTTP


@fault("WSGI-HTTP-003", also=["WSGI-HTTP-016"])
class ShortAndOpen(Answer):
    """After too little the connection stays open."""

    def short(self) -> None:
        """The fault."""


@fault("WSGI-HTTP-005")
class NoEndInSight(Answer):
    """A body of unknown length has no end where the client asks to keep the connection."""

    def framing(self, total: int | None) -> list[tuple[bytes, bytes]]:
        """The fault."""
        found = super().framing(total)
        if self.chunked and b"keep-alive" in self.request.words(b"connection"):
            self.chunked = False
            return []
        return found


@fault("WSGI-HTTP-006", also=["WSGI-ITER-001"])
class LengthOfTheFirstBlock(Answer):
    """The length of the first block is taken for all."""

    def known_length(self, result: Any) -> bool:
        """The fault."""
        return isinstance(result, (list, tuple)) and len(result) > 0


@fault("WSGI-HTTP-007")
class ChunksForAll(Answer):
    """HTTP/1.0 clients get chunks."""

    def may_chunk(self) -> bool:
        """The fault."""
        return True


@fault("WSGI-HTTP-008", also=["WSGI-FILE-002", "WSGI-FILE-005", "WSGI-FILE-006"])
class WrongChunks(Answer):
    """Chunk sizes are decimal."""

    def chunk(self, data: bytes) -> bytes:
        """The fault."""
        return b"%d\r\n%s\r\n" % (len(data), data)


@fault("WSGI-HTTP-009", also=["WSGI-FILE-010", "WSGI-HTTP-006"])
class BothFramings(Answer):
    """Chunked responses have a Content-Length too."""

    def framing(self, total: int | None) -> list[tuple[bytes, bytes]]:
        """The fault."""
        found = super().framing(total)
        return [*found, (b"Content-Length", b"1")] if self.chunked else found


@fault("WSGI-HTTP-010", also=["WSGI-HTTP-012", "WSGI-HTTP-016"])
class BodyForHead(Answer):
    """HEAD gets the body."""

    def has_body(self) -> bool:
        """The fault."""
        return (self.status or "")[:3] not in ("204", "304")


@fault("WSGI-HTTP-011")
class NoLengthForHead(Answer):
    """Responses to HEAD lose their length."""

    def outgoing(self) -> Headers:
        """The fault."""
        given = super().outgoing()
        return [p for p in given if p[0].lower() != "content-length"] if self.request.method == b"HEAD" else given


@fault("WSGI-HTTP-012")
class ZeroForHead(Answer):
    """Responses to HEAD get a length of 0."""

    def framing(self, total: int | None) -> list[tuple[bytes, bytes]]:
        """The fault."""
        if self.request.method == b"HEAD" and self.length is None:
            return [(b"Content-Length", b"0")]
        return super().framing(total)


@fault("WSGI-HTTP-065")
class ZeroFor304(Answer):
    """304 gets a length of 0."""

    def framing(self, total: int | None) -> list[tuple[bytes, bytes]]:
        """The fault."""
        if (self.status or "").startswith("304") and self.length is None:
            return [(b"Content-Length", b"0")]
        return super().framing(total)


@fault("WSGI-HTTP-009")
class ChunksOfWhatIsCounted(Answer):
    """Every body goes out in chunks, also one whose length the application gave."""

    def framing(self, total: int | None) -> list[tuple[bytes, bytes]]:
        """The fault."""
        if self.length is None or not self.has_body() or not self.may_chunk():
            return super().framing(total)
        self.chunked = True
        return [(b"Transfer-Encoding", b"chunked")]


@fault("WSGI-HTTP-013", also=["WSGI-HTTP-015", "WSGI-HTTP-016"])
class BodyFor204(Answer):
    """204 and 304 get a body."""

    def has_body(self) -> bool:
        """The fault."""
        return self.request.method != b"HEAD"


@fault("WSGI-HTTP-014")
class LengthFor204(Answer):
    """A 204 keeps the application's length."""

    def outgoing(self) -> Headers:
        """The fault."""
        return self.headers


@fault("WSGI-HTTP-015")
class CodedFor204(Answer):
    """A 204 says that it is chunked."""

    def framing(self, total: int | None) -> list[tuple[bytes, bytes]]:
        """The fault."""
        if (self.status or "").startswith("204") and self.length is None:
            return [(b"Transfer-Encoding", b"chunked")]
        return super().framing(total)


@mutant("WSGI-HTTP-016", also=["FRAME-028", "FRAME-061", "WSGI-HTTP-003", "WSGI-HTTP-017"])
@mutant("WSGI-HTTP-017", also=["FRAME-028", "FRAME-061", "WSGI-HTTP-003", "WSGI-HTTP-016"])
class NothingIsDrained(Server):
    """What the application left of the body becomes the next request; short bodies keep the connection."""

    def goes_on(self, request: Request, answer: Answer, source: Source) -> bool:
        """The fault."""
        return not answer.close


@fault("WSGI-HTTP-018")
class DropsEtag(Answer):
    """ETag is lost."""

    def outgoing(self) -> Headers:
        """The fault."""
        return [pair for pair in super().outgoing() if pair[0] != "ETag"]


class RawSource(Source):
    """Gives a chunked body as it stands on the wire."""

    def some(self, most: int) -> bytes:
        """The fault."""
        if not self.chunked or self.ended:
            return super().some(most)
        line = self.read_line(16384)
        if line == b"\r\n" and self.left:
            self.ended = True
        self.left = 1 if line.startswith(b"0") else 0
        return line


@mutant("WSGI-HTTP-020", also=["WSGI-HTTP-021", "WSGI-HTTP-023"])
class RawChunks(Server):
    """Chunked bodies are not decoded."""

    source_class = RawSource


class WaitingSource(Source):
    """Behind a chunked body it waits for more."""

    def some(self, most: int) -> bytes:
        """The fault."""
        got = super().some(most)
        if not got and self.chunked:
            self.read_some(1)
        return got

    def drained(self) -> None:
        """Never."""


@mutant(
    "WSGI-HTTP-021",
    also=[
        "FRAME-007",
        "FRAME-012",
        "FRAME-018",
        "FRAME-024",
        "FRAME-028",
        "FRAME-031",
        "FRAME-073",
        "FRAME-115",
    ],
)
class ChunkedWithoutEnd(Server):
    """wsgi.input has no end behind a chunked body."""

    source_class = WaitingSource


@mutant("WSGI-HTTP-023", also=["FRAME-027"])
class LengthBesideChunked(Server):
    """A chunked body has a CONTENT_LENGTH of its own."""

    def content_variables(self, environ: Environ, request: Request) -> None:
        """The fault."""
        super().content_variables(environ, request)
        if request.length is None:
            environ["CONTENT_LENGTH"] = "3"


@mutant("WSGI-HTTP-025", also=["WSGI-HTTP-026"])
class RefusesToWait(Server):
    """A client that waits for 100 Continue is forgotten."""

    def expect(self, request: Request, answer: Answer) -> None:
        """The fault."""
        if request.words(b"expect"):
            raise OSError("expectations are not met")


class Stumbles(Grammar):
    """Fails over every expectation."""

    def check_expect(self, request: Request) -> None:
        """The fault."""
        if request.words(b"expect"):
            raise BadRequest(b"500 Internal Server Error")


@mutant("WSGI-HTTP-025")
class FailsOverExpect(Server):
    """Answers 500 to who waits for 100 Continue."""

    grammar = Stumbles()


class ImpatientSource(Source):
    """Gives up where the body is not there at once after 100 Continue."""

    waiting = False

    def some(self, most: int) -> bytes:
        """The fault."""
        if not self.begun and not self.ended:
            self.begun = True
            self.waiting = self.before_first() is True
        return b"" if self.waiting else super().some(most)


@mutant("WSGI-HTTP-026", also=["WSGI-HTTP-025"])
class EndsEarly(Server):
    """After 100 Continue the body seems to be empty."""

    source_class = ImpatientSource

    def expect(self, request: Request, answer: Answer) -> Any:
        """Tell the source."""
        super().expect(request, answer)
        return bool(request.words(b"expect"))


@mutant("WSGI-HTTP-027")
class LateContinue(Server):
    """100 Continue is sent also after the final status."""

    def expect(self, request: Request, answer: Answer) -> None:
        """The fault."""
        if b"100-continue" in request.words(b"expect") and not request.is_1_0:
            answer.send(b"HTTP/1.1 100 Continue\r\n\r\n")


@mutant("WSGI-HTTP-028")
class ContinueForAll(Server):
    """HTTP/1.0 clients get 100 Continue."""

    def expect(self, request: Request, answer: Answer) -> None:
        """The fault."""
        if b"100-continue" in request.words(b"expect") and not answer.head_sent:
            answer.send(b"HTTP/1.1 100 Continue\r\n\r\n")


@fault("WSGI-HTTP-030", also=["FRAME-062", "FRAME-116"])
class StaysOpen(Answer):
    """Connection: close is not heeded."""

    def client_closes(self) -> bool:
        """The fault."""
        return self.request.is_1_0 and b"keep-alive" not in self.request.words(b"connection")


@mutant("WSGI-HTTP-046")
class WaitsForTheBody(Server):
    """No 100 Continue is sent: the client has to lose patience."""

    def expect(self, request: Request, answer: Answer) -> None:
        """The fault."""


# -- FILE


def wrapping(requirement: str, **options: Any) -> Callable[[type[FileWrapper]], type[FileWrapper]]:
    """Register a server with a faulty file wrapper."""

    def register(wrapper: type[FileWrapper]) -> type[FileWrapper]:
        members = {"file_wrapper": wrapper, "__module__": wrapper.__module__}
        mutant(requirement, **options)(type(wrapper.__name__, (Server,), members))
        return wrapper

    return register


@wrapping("WSGI-FILE-001")
class OneArgument(FileWrapper):
    """The block size is not taken."""

    def __init__(self, file: Any) -> None:
        """The fault."""
        super().__init__(file)


@wrapping("WSGI-FILE-002", also=["WSGI-FILE-004", "WSGI-FILE-017"])
class NeedsSeek(FileWrapper):
    """Wants tell() where there is close()."""

    def __init__(self, file: Any, block_size: int = 8192) -> None:
        """The fault."""
        super().__init__(file, block_size)
        if hasattr(file, "close"):
            file.tell()


@wrapping("WSGI-FILE-017")
class AsksForThePosition(FileWrapper):
    """Asks what io calls a stream where it stands."""

    def __init__(self, file: Any, block_size: int = 8192) -> None:
        """The fault."""
        super().__init__(file, block_size)
        if isinstance(file, io.RawIOBase):
            file.tell()


class SendingServer(Server):
    """Sends a wrapped file when the wrapper is made."""

    def call(self, environ: Environ, answer: Answer) -> Any:
        """The fault."""

        def wrap(file: Any, block_size: int = 8192) -> Any:
            if answer.called:
                answer.write(file.read(8))
            return FileWrapper(file, block_size)

        environ["wsgi.file_wrapper"] = wrap
        return super().call(environ, answer)


@mutant(
    "WSGI-FILE-003",
    also=["WSGI-FILE-006", "WSGI-FILE-007"],
)
class SendsWhenMade(SendingServer):
    """Making a wrapper sends its beginning."""


@wrapping("WSGI-FILE-004")
class LeavesOpen(FileWrapper):
    """The file is not closed."""

    def __init__(self, file: Any, block_size: int = 8192) -> None:
        """The fault."""
        super().__init__(file, block_size)
        self.close = lambda: None


@wrapping("WSGI-FILE-005")
class NeedsClose(FileWrapper):
    """The file must have close()."""

    def __init__(self, file: Any, block_size: int = 8192) -> None:
        """The fault."""
        super().__init__(file, block_size)
        self.close = file.close


@wrapping("WSGI-FILE-006")
class NotAnIterable(FileWrapper):
    """The wrapper gives its blocks to the server alone."""

    def __iter__(self) -> Any:
        """The fault."""
        import sys

        if sys._getframe(1).f_code.co_name == "through":
            return iter(())
        return super().__iter__()


@wrapping("WSGI-FILE-007")
class FromTheStart(FileWrapper):
    """The whole file is sent, wherever it stood."""

    def __iter__(self) -> Any:
        """The fault."""
        if hasattr(self.file, "seek"):
            self.file.seek(0)
        return super().__iter__()


@mutant("WSGI-FILE-008")
class WholeFiles(Server):
    """Files are sent whole, whatever was announced."""

    class answer_class(Answer):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        whole = False

        def iterate(self, result: Any) -> Any:
            """Note a file."""
            self.whole = isinstance(result, FileWrapper)
            return super().iterate(result)

        def bounded(self, data: bytes) -> bytes:
            """Files are not cut."""
            return data if self.whole else super().bounded(data)


@mutant("WSGI-FILE-009")
class FilesForHead(Server):
    """A wrapped file is lost for HTTP/1.0 clients."""

    class answer_class(Answer):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        def iterate(self, result: Any) -> Any:
            """Nothing for HTTP/1.0."""
            lost = isinstance(result, FileWrapper) and self.request.is_1_0
            return iter(()) if lost else super().iterate(result)


@mutant("WSGI-FILE-009")
class FileBehindAHead(Server):
    """A wrapped file goes to the socket by another way, which does not ask for the method."""

    class answer_class(Answer):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        def consume(self, result: Any) -> None:
            """Send it behind the header."""
            super().consume(result)
            if isinstance(result, FileWrapper) and self.request.method == b"HEAD":
                self.send(b"".join(result))


@mutant("WSGI-FILE-009")
class FileBehindWriteIsLost(Server):
    """A wrapped file is for responses that have not begun."""

    class answer_class(Answer):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        def iterate(self, result: Any) -> Any:
            """Nothing where something was written."""
            return iter(()) if isinstance(result, FileWrapper) and self.sent else super().iterate(result)


@mutant("WSGI-FILE-010", also=["WSGI-FILE-007"])
class LengthOfTheWholeFile(Server):
    """The length of the whole file is announced."""

    class answer_class(Answer):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        def consume(self, result: Any) -> None:
            """Take the size of the file."""
            if isinstance(result, FileWrapper) and not self.values("content-length") and hasattr(result.file, "seek"):
                place = result.file.tell()
                size = result.file.seek(0, 2)
                result.file.seek(place)
                self.headers.append(("Content-Length", str(size)))
                self.length = size
            super().consume(result)

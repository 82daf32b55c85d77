"""Mutants of wsgi.input, wsgi.errors and what is claimed of threads."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

from gateproof.reference.body import Input
from gateproof.reference.requests import Request
from gateproof.reference.wsgi import Environ, Server

from ..registry import mutant
from .mutants_environ import Edited


def fault(requirement: str, **options: Any) -> Callable[[type[Input]], type[Input]]:
    """Register a server with a faulty input class."""

    def register(stream: type[Input]) -> type[Input]:
        members = {"input_class": stream, "__module__": stream.__module__}
        mutant(requirement, **options)(type(stream.__name__, (Server,), members))
        return stream

    return register


class Wrapped:
    """Hands out what an input has: a base for inputs that lack something."""

    def __init__(self, source: Any) -> None:
        """Wrap the reference's input."""
        self._input = Input(source)


@mutant("WSGI-INPUT-001", also=["WSGI-INPUT-012", "WSGI-INPUT-014"])
class NoReadlines(Server):
    """wsgi.input lacks readlines."""

    class input_class(Input):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        readlines = None  # type: ignore[assignment]


@fault("WSGI-INPUT-002", also=["WSGI-INPUT-004", "WSGI-INPUT-005", "WSGI-INPUT-014"])
class ShortAndLong(Input):
    """read(size) ignores size."""

    def read(self, size: int | None = -1) -> bytes:
        """The fault."""
        return super().read(-1) if size else b""


@fault("WSGI-INPUT-003")
class TextMode(Input):
    """CRLF becomes LF on the way, and NUL a blank."""

    def take(self, size: int) -> bytes:
        """The fault."""
        return super().take(size).replace(b"\x00", b" ")


@fault("WSGI-INPUT-004")
class ReadNeedsASize(Input):
    """read() without argument raises."""

    def read(self, *size: Any) -> bytes:  # type: ignore[override]
        """The fault."""
        if not size:
            raise TypeError("read() takes a size")
        return super().read(*size)


@fault("WSGI-INPUT-005")
class NoNegativeSizes(Input):
    """read(-1) and read(None) raise."""

    def read(self, *size: Any) -> bytes:  # type: ignore[override]
        """The fault."""
        if size and (size[0] is None or size[0] < 0):
            raise ValueError("a size is positive")
        return super().read(*size)


@fault("WSGI-INPUT-005")
class NegativeIsTheConnection(Input):
    """read(-1) waits for the end of the connection."""

    def read(self, *size: Any) -> bytes:  # type: ignore[override]
        """The fault."""
        octets = super().read(*size)
        while size and size[0] == -1 and self.source.read_some(1):
            pass
        return octets


@fault("WSGI-INPUT-006")
class ZeroMeansAll(Input):
    """read(0) reads all."""

    def read(self, size: int | None = -1) -> bytes:
        """The fault."""
        return super().read(size or -1)


@mutant("WSGI-INPUT-007", also=["FRAME-047", "WSGI-HTTP-021", "WSGI-HTTP-024", "WSGI-INPUT-009"])
@mutant("WSGI-INPUT-009", also=["FRAME-047", "WSGI-HTTP-021", "WSGI-HTTP-024", "WSGI-INPUT-007"])
@mutant("WSGI-HTTP-024", also=["FRAME-047", "WSGI-HTTP-021", "WSGI-INPUT-007", "WSGI-INPUT-009"])
class WaitsAtTheEnd(Server):
    """At the end of the body a read waits for the client."""

    class input_class(Input):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        def read(self, size: int | None = -1) -> bytes:
            """Wait for more where less is there."""
            got = super().read(size)
            if size and len(got) < (size if size > 0 else 1):
                self.source.read_some(1)
            return got

        def readline(self, size: int | None = -1) -> bytes:
            """The same."""
            got = super().readline(size)
            if not got and size != 0:
                self.source.read_some(1)
            return got


@mutant("WSGI-INPUT-008")
class ReadsOn(Server):
    """What is asked for beyond the body is taken from the next request."""

    class input_class(Input):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        def read(self, size: int | None = -1) -> bytes:
            """Read on where a request waits already."""
            got = super().read(size)
            if size == 200 and not got:
                return self.source.read_some(size)
            return got


@mutant("WSGI-INPUT-008")
class ReadsOnToTheEnd(Server):
    """What is asked for beyond the body is taken from the connection, until there is as much or it ends."""

    class input_class(Input):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        def read(self, size: int | None = -1) -> bytes:
            """Read on."""
            got = super().read(size)
            while size == 200 and len(got) < size and (more := self.source.read_some(size - len(got))):
                got += more
            return got


@fault("WSGI-INPUT-010", also=["WSGI-INPUT-011", "WSGI-INPUT-012", "WSGI-INPUT-014"])
class StripsNewlines(Input):
    """readline() strips the newline."""

    def readline(self, size: int | None = -1) -> bytes:
        """The fault."""
        return super().readline(size).rstrip(b"\n")


@fault("WSGI-INPUT-010")
class LinesOf64KiB(Input):
    """A line is over where a buffer is."""

    def readline(self, size: int | None = -1) -> bytes:
        """The fault."""
        return super().readline(65_536 if size is None or size < 0 else min(size, 65_536))


@fault("WSGI-INPUT-011")
class IgnoresTheSize(Input):
    """readline(size) ignores size."""

    def readline(self, size: int | None = -1) -> bytes:
        """The fault."""
        return super().readline()


@fault("WSGI-INPUT-012", also=["WSGI-INPUT-014"])
class LinesWithoutEnds(Input):
    """readlines() drops the newlines."""

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """The fault."""
        return [line.rstrip(b"\n") for line in super().readlines(hint)]


@fault("WSGI-INPUT-012")
class EveryEndOfLine(Input):
    """readlines() takes CR for the end of a line, as bytes.splitlines() does."""

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """The fault."""
        return [part for line in super().readlines(hint) for part in line.splitlines(keepends=True)]


@fault("WSGI-INPUT-013", also=["WSGI-INPUT-014"])
class CutsAtTheHint(Input):
    """readlines(hint) cuts a line."""

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """The fault."""
        return [self.read(hint)] if hint is not None and hint > 0 else super().readlines()


@fault("WSGI-INPUT-014")
class TwoPositions(Input):
    """What readline() has fetched is lost for read()."""

    def read(self, size: int | None = -1) -> bytes:
        """The fault."""
        if self.source.begun:
            self.buffer = b""
        return super().read(size)


@fault("WSGI-INPUT-014")
class SwallowsWhatStandsAtAnEdge(Input):
    """A line that ends with a block of 64 KiB takes the next octet along, which is lost."""

    def readline(self, size: int | None = -1) -> bytes:
        """The fault."""
        line = super().readline(size)
        if len(line) == 65_536:
            self.read(1)
        return line


@fault("WSGI-INPUT-015")
class IteratesOverBlocks(Input):
    """Iteration gives blocks."""

    def __iter__(self) -> Iterator[bytes]:
        """The fault."""
        return iter(lambda: self.read(8192), b"")

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """Unharmed."""
        lines, total = [], 0
        while line := self.readline():
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines


@fault("WSGI-INPUT-016")
class GivesBytearray(Input):
    """read() gives a bytearray."""

    def read(self, size: int | None = -1) -> bytes:
        """The fault."""
        return bytearray(super().read(size))


@fault("WSGI-INPUT-016")
class EndsInText(Input):
    """read() at the end of the body gives ''."""

    def read(self, size: int | None = -1) -> bytes:
        """The fault."""
        octets = super().read(size)
        return octets if octets or self.source.chunked else ""  # type: ignore[return-value]


# -- input in chunks


@fault("WSGI-INPUT-027", also=["WSGI-INPUT-028", "WSGI-INPUT-032"])
class LineEndsWithTheChunk(Input):
    """readline() ends at the end of a chunk."""

    def readline(self, size: int | None = -1) -> bytes:
        """The fault."""
        if not self.source.chunked:
            return super().readline(size)
        self.buffer = self.buffer or self.source.some(65536)
        return self.take(min(self.buffer.find(b"\n") + 1 or 65536, 65536 if size is None or size < 0 else size))


@fault("WSGI-INPUT-028")
class ChunksAreLines(Input):
    """Iteration gives chunks."""

    def __iter__(self) -> Iterator[bytes]:
        """The fault."""
        if not self.source.chunked:
            return super().__iter__()
        return iter(lambda: self.take(len(self.buffer)) or self.source.some(65536), b"")


@fault("WSGI-INPUT-029", also=["WSGI-INPUT-032"])
class ReadsWholeChunks(Input):
    """read(size) gives a whole chunk."""

    def read(self, size: int | None = -1) -> bytes:
        """The fault."""
        if not self.source.chunked or size is None or size <= 0:
            return super().read(size)
        return self.take(len(self.buffer)) or self.source.some(65536)


@fault("WSGI-INPUT-033")
class RestOfTheChunk(Input):
    """read() gives what is left of a chunk."""

    def read(self, size: int | None = -1) -> bytes:
        """The fault."""
        if not self.source.chunked or (size is not None and size >= 0):
            return super().read(size)
        return self.take(len(self.buffer)) or self.source.some(65536)


@fault("WSGI-INPUT-030")
class ZeroIsAChunk(Input):
    """read(0) gives the next chunk."""

    def read(self, size: int | None = -1) -> bytes:
        """The fault."""
        return self.source.some(65536) if self.source.chunked and size == 0 else super().read(size)


@fault("WSGI-INPUT-031")
class NothingIsText(Input):
    """read(0) gives a str."""

    def read(self, size: int | None = -1) -> bytes:
        """The fault."""
        return "" if self.source.chunked and size == 0 else super().read(size)  # type: ignore[return-value]


@fault("WSGI-INPUT-032")
class TwoPlacesInChunks(Input):
    """What readline() has fetched of a chunk is lost for read()."""

    def read(self, size: int | None = -1) -> bytes:
        """The fault."""
        if self.source.chunked and self.source.begun:
            self.buffer = b""
        return super().read(size)


# -- ERRORS


class Stream:
    """An error stream in front of another: the base of the faulty ones."""

    def __init__(self, base: Any) -> None:
        """Write to it."""
        self.base = base

    def write(self, text: str) -> int:
        """Write text."""
        return int(self.base.write(text))

    def writelines(self, lines: Any) -> None:
        """Write several."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush."""
        self.base.flush()


class Erring(Server):
    """A server whose error stream is of a class."""

    stream: type[Stream] = Stream

    def errors_stream(self) -> Any:
        """The faulty stream."""
        return self.stream(self.errors)


@mutant("WSGI-ERRORS-001", also=["WSGI-ERRORS-002", "WSGI-ERRORS-003"])
class BinaryErrors(Server):
    """wsgi.errors takes bytes."""

    def errors_stream(self) -> Any:
        """The fault."""
        return io.BytesIO()


@mutant("WSGI-ERRORS-002")
class ListsOnly(Erring):
    """writelines takes a list and nothing else."""

    class stream(Stream):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        def writelines(self, lines: Any) -> None:
            """Lists only."""
            if type(lines) is not list:
                raise TypeError("a list")
            super().writelines(lines)


@mutant("WSGI-ERRORS-003")
class AsciiErrors(Erring):
    """wsgi.errors takes ASCII."""

    class stream(Stream):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        def write(self, text: str) -> int:
            """ASCII only."""
            return super().write(text.encode("ascii").decode("ascii"))


@mutant("WSGI-ERRORS-004")
class EscapedNewlines(Erring):
    """Newlines are escaped."""

    class stream(Stream):  # type: ignore[assignment]  # noqa: N801
        """The fault."""

        def write(self, text: str) -> int:
            """Two lines become one."""
            return super().write(text.replace("\n", "\\n"))


@mutant("WSGI-ERRORS-005")
class FlushDoesNothing(Edited):
    """What is written reaches the log when the call is over."""

    def spoil(self, environ: Environ, request: Request) -> Environ:
        """The fault."""
        environ["wsgi.errors"] = self.late = io.StringIO()
        return environ

    def close_result(self, result: Any) -> None:
        """Where it comes out."""
        super().close_result(result)
        self.errors.write(self.late.getvalue())


# -- THREAD


@mutant("WSGI-THREAD-001")
class SaysOneThread(Server):
    """Threads are not announced."""

    multithread = False


@mutant("WSGI-THREAD-002")
class SaysThreads(Server):
    """Serves one request after the other, and announces threads."""

    threaded = keep_alive = False


@mutant("WSGI-THREAD-005")
class SaysNone(Server):
    """The claims are no truth values."""

    multiprocess = "no"


@mutant("WSGI-THREAD-003", launch="processes")
class SeveralInSecret(Server):
    """Several processes serve, and nobody is told."""

    def be_many(self) -> None:
        """The fault."""


@mutant("WSGI-THREAD-004", launch="single")
class NeverSingle(Server):
    """The option for a single thread has no effect."""

    def be_single(self) -> None:
        """The fault."""

"""wsgi.input, wsgi.errors and wsgi.file_wrapper of the driver: no method that the PEP does not name, all use noted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateproof.drive.wsgi.requests import Manner, Request

INPUT_METHODS = frozenset(["read", "readline", "readlines"])
ERRORS_METHODS = frozenset(["write", "writelines", "flush"])


class WouldBlock(BaseException):
    """A read for which a real server would wait for ever: nobody sends any more. No `except Exception` hides it."""


class Stream:
    """Notes every name that is looked up and that the PEP does not list; `lenient` streams have some of them."""

    def __init__(self, lenient: bool = False) -> None:
        """Begin with nothing noted."""
        self.foreign: list[str] = []
        self.was_closed = False
        self._lenient = lenient

    def __getattr__(self, name: str) -> Any:
        """Note a look-up of what is not there; the standard library's own of dunder names do not count."""
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "close":
            return self._close
        if name not in self.foreign:
            self.foreign.append(name)
        if self._lenient and name in EVERYWHERE:
            return EVERYWHERE[name]
        raise AttributeError(f"{type(self).__name__} has no {name}: PEP 3333 does not list it")

    def _close(self) -> None:
        """Note a call of close()."""
        self.was_closed = True


# What the streams of most servers have beside the four methods: nobody may rely on it, many ask for it.
EVERYWHERE: dict[str, Any] = {
    "closed": False,
    "isatty": lambda: False,
    "readable": lambda: True,
    "writable": lambda: True,
    "seekable": lambda: False,
    "fileno": None,
    "encoding": "utf-8",
    "errors": "backslashreplace",
    "name": "<gateproof>",
    "mode": "rb",
}


class Input(Stream):
    """wsgi.input over the body of a request: bounded by it, with reads as short as the manner says."""

    def __init__(self, request: Request, manner: Manner) -> None:
        """Hold the body."""
        super().__init__(manner.lenient)
        self._body, self._manner = request.body, manner
        self._bounded = manner.terminated or request.chunked
        self._turn = 0
        self.position = 0
        self.overread = 0  # so many octets more than there are were asked for at most, where that may block

    def _next(self, size: int | None, line: bool = False) -> bytes:
        """Give up to `size` octets, or the rest of a line."""
        left = len(self._body) - self.position
        wanted = left if size is None or size < 0 else size
        if not self._bounded and (wanted > left or size is None or size < 0):
            self.overread = max(self.overread, wanted - left, 1)
        gone = self._manner.gone_at
        if gone is not None and self.position + min(wanted, left) > gone:
            raise ConnectionResetError(104, "the client is gone")
        if left == 0 and wanted and not self._bounded and self._manner.end != "eof":
            if self._manner.end == "gone":
                raise ConnectionResetError(104, "the client is gone")
            raise WouldBlock("a read beyond the body, where the socket has no more to give")
        amount = min(wanted, left)
        if amount and self._manner.reads and not line:
            amount = min(amount, self._manner.reads[self._turn % len(self._manner.reads)])
            self._turn += 1
        data = self._body[self.position : self.position + amount]
        if line:
            data = data[: data.find(b"\n") + 1] or data
        self.position += len(data)
        return data

    def read(self, size: int | None = -1, /) -> bytes:
        """Read octets; short reads are only given to reads of a size, which may have them."""
        if size is None or size < 0:
            pieces = []
            while self.position < len(self._body):
                pieces.append(self._next(len(self._body) - self.position))
            self._next(-1)
            return b"".join(pieces)
        return self._next(size)

    def readline(self, *size: int | None) -> bytes:
        """Read a line, or its beginning."""
        if size and not self._manner.sized_readline:
            raise TypeError("readline() takes no size here, as PEP 333 had it")
        return self._next(size[0] if size and size[0] is not None else -1, line=True)

    def readlines(self, hint: int | None = None, /) -> list[bytes]:
        """Read lines to the end of the body; the hint may be ignored."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the lines."""
        while line := self._next(-1, line=True):
            yield line


class Errors(Stream):
    """wsgi.errors: keeps what is written, as it was written."""

    def __init__(self, manner: Manner) -> None:
        """Begin with nothing written."""
        super().__init__(manner.lenient)
        self.written: list[object] = []
        self.flushed = True

    def write(self, text: str, /) -> None:
        """Keep a text."""
        if not isinstance(text, str):
            raise TypeError(f"wsgi.errors takes str, not {type(text).__name__}")
        self.written.append(text)
        self.flushed = False

    def writelines(self, lines: Iterable[str], /) -> None:
        """Keep texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Note that it was called."""
        self.flushed = True


class FileWrapper:
    """wsgi.file_wrapper of the driver: an iterable over a file-like object, with a close() if that has one."""

    def __init__(self, file: Any, block_size: int = 8192, /) -> None:
        """Wrap a file."""
        self.file, self.block_size = file, block_size
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self) -> Iterator[Any]:
        """Give its blocks."""
        while data := self.file.read(self.block_size):
            yield data

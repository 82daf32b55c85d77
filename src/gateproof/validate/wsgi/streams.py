"""wsgi.input and wsgi.errors: every call goes through to the stream of the server, and both sides are judged by it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar

if TYPE_CHECKING:
    from gateproof.validate.wsgi.call import Call

Wrapper = TypeVar("Wrapper", bound="Stream")

INPUT_METHODS = ("read", "readline", "readlines", "__iter__")
ERRORS_METHODS = ("write", "writelines", "flush")
# A working fallback is usual where these are asked for: the standard library itself looks for them in any text stream.
PROBED = frozenset(["buffer", "closed", "encoding", "errors", "fileno", "isatty", "mode", "name", "newlines"])
# Special methods are found on the type alone, so a stream that has them needs a wrapper that has them.
SPECIAL = ("__next__", "__enter__", "__exit__", "__len__", "__bool__")

WRAPPERS: dict[tuple[type, type], type] = {}


def wrapper(stream: object, plain: type[Wrapper], say: Callable[[str], None]) -> type[Wrapper]:
    """Return the class that wraps a stream of this type, after telling `say` which methods the stream lacks.

    The class is remembered (by the caller too) where the type has all of them.
    """
    kind = type(stream)
    made = WRAPPERS.get((plain, kind))
    if made is None:
        made = WRAPPERS[plain, kind] = _make(plain, kind)
    names = plain._names
    if all(callable(getattr(kind, name, None)) for name in names):
        plain._known[kind] = made
    else:
        for name in names:
            if not callable(getattr(stream, name, None)):
                say(name)
    return made


def _make(plain: type[Wrapper], stream: type) -> type[Wrapper]:
    special = {name: _forward(name) for name in SPECIAL if hasattr(stream, name)}
    return type(plain.__name__, (plain,), special) if special else plain


def _forward(name: str) -> Callable[..., Any]:
    def method(self: Stream, *args: Any) -> Any:
        if name in ("__next__", "__enter__", "__exit__"):
            self._used(name, "warn")
        result = getattr(self._stream, name)(*args)
        return self if result is self._stream else result

    return method


class Stream:
    """What both wrappers share: the look-up of whatever the PEP does not name."""

    _names: ClassVar[tuple[str, ...]]
    _known: ClassVar[dict[type, type]]
    _label: str
    _foreign: str
    _closed: str

    def __init__(self, call: Call, stream: Any) -> None:
        """Wrap the stream of the server."""
        self._call = call
        self._stream = stream

    def _used(self, name: str, weight: str) -> None:
        expected = ", ".join(self._names)
        self._call.say(self._foreign, f"{self._label}.{name} is used", f"only {expected}", name, weight)

    def __getattr__(self, name: str) -> Any:
        """Give what the stream of the server has under a name that the PEP does not list."""
        value = getattr(self._stream, name)
        if name == "close":
            return self._closing(value)
        if not name.startswith("__"):
            # An application that asks and has a fallback looks the same from here: never more than a warning.
            self._used(name, "inform" if name in PROBED else "warn")
        return value

    def _closing(self, close: Callable[..., Any]) -> Callable[..., Any]:
        def observed(*args: Any, **kwargs: Any) -> Any:
            # What the garbage collector closes is no attempt of the author; the caller does not say close there.
            written = "close" in sys._getframe(1).f_code.co_names
            weight = "fail" if written else "warn"
            self._call.say(self._closed, f"{self._label} is closed", "the server closes it", "close()", weight)
            return close(*args, **kwargs)

        return observed


class Input(Stream):
    """wsgi.input as the application sees it."""

    _names = INPUT_METHODS
    _known: ClassVar[dict[type, type]] = {}
    _label = "wsgi.input"
    _foreign = "WSGI-INPUT-020"
    _closed = "WSGI-INPUT-021"
    _ready = False
    _bounded = False
    _chunked = False
    _length = -1
    _total = 0
    _ended = False
    _partial = ""

    def _prepare(self) -> None:
        """Learn at the first read how long the body is; -1 where nothing says it."""
        environ = self._call.environ
        self._ready = True
        self._bounded = bool(environ.get("wsgi.input_terminated"))
        self._chunked = "chunked" in str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower()
        length = environ.get("CONTENT_LENGTH")
        if isinstance(length, str) and length.isascii() and length.isdigit():
            self._length = int(length)

    def read(self, *args: Any, **kwargs: Any) -> Any:
        """Read as the stream of the server does."""
        if not self._ready:
            self._prepare()
        size = args[0] if args else kwargs.get("size")
        self._check_amount(size, bool(args or kwargs))
        try:
            data = self._stream.read(*args, **kwargs)
        except (TypeError, ValueError, OverflowError) as error:
            self._refused(size, bool(args or kwargs), error)
            raise
        say = self._call.say
        if self._check_type(data):
            if isinstance(size, int) and 0 < size < len(data):
                say("WSGI-INPUT-002", f"read({size}) returned too much", f"at most {size} bytes", len(data))
            elif size == 0 and data:
                say("WSGI-INPUT-006", "read(0) returned data", "b''", data)
            self._count(data, ends=size != 0)
        return data

    def _check_amount(self, size: object, sized: bool) -> None:
        """Judge how much the application asks for, where the server does not promise an end of file."""
        if self._bounded or self._chunked or self._length < 0:
            return
        say, left = self._call.say, max(self._length - self._total, 0)
        if isinstance(size, int) and size >= 0:
            if size > left:
                say("WSGI-INPUT-019", "more is read than CONTENT_LENGTH says", f"at most {left} bytes", size)
        elif size is None or isinstance(size, int):
            call = f"read({size})" if sized else "read()"
            say("WSGI-INPUT-019", f"{call} relies on an end of file", f"read({left}) or wsgi.input_terminated", call)

    def _refused(self, size: object, sized: bool, error: Exception) -> None:
        if not sized:
            self._call.say("WSGI-INPUT-004", "read() without argument is refused", "all that remains", error)
        elif size is None or size == -1:
            self._call.say("WSGI-INPUT-005", f"read({size}) is refused", "all that remains", error)

    def _check_type(self, data: object) -> bool:
        if isinstance(data, bytes):
            return True
        self._call.say("WSGI-INPUT-016", "wsgi.input gave something other than bytes", "bytes", type(data))
        return False

    def _count(self, data: bytes, ends: bool) -> None:
        """Keep the position, and judge what only the whole sequence of reads shows."""
        say = self._call.say
        if data:
            if self._ended:
                say("WSGI-INPUT-009", "data came after the end of the body", "b''", data)
            if self._partial:
                say(self._partial, "a line was cut although more data followed", "a line with its newline", data)
            self._partial = ""
            self._total += len(data)
            if 0 <= self._length < self._total:
                excess = "WSGI-HTTP-023" if self._chunked else "WSGI-INPUT-007"
                say(excess, "more data than CONTENT_LENGTH says", f"{self._length} bytes", f"{self._total} bytes")
        elif ends:
            self._ended = True
            if self._chunked and 0 <= self._total < self._length:
                say(
                    "WSGI-HTTP-023",
                    "a decoded body is shorter than CONTENT_LENGTH",
                    f"{self._length} bytes",
                    f"{self._total} bytes",
                )

    def _line(self, line: bytes, requirement: str, limit: object = None) -> None:
        """Judge one line: nothing after its newline, and nothing after a line that has none."""
        self._count(line, ends=True)
        if b"\n" in line[:-1]:
            self._call.say(requirement, "more than one line was given as one", "one line", line)
        elif line and not line.endswith(b"\n") and not isinstance(limit, int):
            self._partial = requirement

    def readline(self, *args: Any, **kwargs: Any) -> Any:
        """Read a line as the stream of the server does."""
        if not self._ready:
            self._prepare()
        say, size = self._call.say, args[0] if args else kwargs.get("size")
        if args or kwargs:
            say("WSGI-INPUT-022", "readline() is given a size", "no argument: a server may not take one", size)
        try:
            line = self._stream.readline(*args, **kwargs)
        except TypeError as error:
            if args or kwargs:
                say("WSGI-INPUT-011", f"readline({size}) is refused", "at most that many bytes", error)
            raise
        if self._check_type(line):
            if isinstance(size, int) and 0 <= size < len(line):
                say("WSGI-INPUT-011", f"readline({size}) returned too much", f"at most {size} bytes", len(line))
            if size != 0:
                self._line(line, "WSGI-INPUT-010", size if isinstance(size, int) and size > 0 else None)
        return line

    def readlines(self, *args: Any, **kwargs: Any) -> Any:
        """Read lines as the stream of the server does."""
        if not self._ready:
            self._prepare()
        say, row = self._call.say, "WSGI-INPUT-013" if args or kwargs else "WSGI-INPUT-012"
        try:
            lines = self._stream.readlines(*args, **kwargs)
        except TypeError as error:
            if args or kwargs:
                say("WSGI-INPUT-013", "readlines(hint) is refused", "a list of lines", error, "warn")
            raise
        if not isinstance(lines, list):
            say(row, "readlines() did not return a list", "list", type(lines))
            return lines
        if lines == [b""]:
            say("WSGI-INPUT-009", "readlines() at the end gave a line", "[]", lines)
            return lines
        for line in lines:
            if self._check_type(line):
                self._line(line, row)
        if row == "WSGI-INPUT-012":
            self._ended = True
        return lines

    def __iter__(self) -> Iterator[Any]:
        """Iterate over lines as the stream of the server does."""
        if not self._ready:
            self._prepare()
        return Lines(self, iter(self._stream))


class Lines:
    """The iterator of wsgi.input."""

    def __init__(self, stream: Input, lines: Iterator[Any]) -> None:
        """Wrap the iterator of the server's stream."""
        self._input = stream
        self._lines = lines

    def __iter__(self) -> Lines:
        """Return itself."""
        return self

    def __next__(self) -> Any:
        """Give the next line."""
        stream = self._input
        try:
            line = next(self._lines)
        except StopIteration:
            stream._count(b"", ends=True)
            raise
        if stream._check_type(line):
            if not line:
                stream._call.say("WSGI-INPUT-015", "iteration gave an empty line", "the end of the iteration", line)
            else:
                stream._line(line, "WSGI-INPUT-015")
        return line


class Errors(Stream):
    """wsgi.errors as the application sees it."""

    _names = ERRORS_METHODS
    _known: ClassVar[dict[type, type]] = {}
    _label = "wsgi.errors"
    _foreign = "WSGI-ERRORS-007"
    _closed = "WSGI-ERRORS-008"

    def write(self, *args: Any, **kwargs: Any) -> Any:
        """Write as the stream of the server does."""
        text = args[0] if args else None
        good = self._check_text(text)
        self._call.unflushed = True
        try:
            return self._stream.write(*args, **kwargs)
        except Exception as error:
            self._failed(good, text, error, "WSGI-ERRORS-001")

    def writelines(self, *args: Any, **kwargs: Any) -> Any:
        """Write lines as the stream of the server does."""
        lines = args[0] if args else None
        listed = isinstance(lines, (list, tuple))  # a generator must not be consumed, and nobody promises to take one
        checked = [self._check_text(line) for line in lines or ()] if listed else []
        good = listed and all(checked)
        self._call.unflushed = True
        try:
            return self._stream.writelines(*args, **kwargs)
        except Exception as error:
            self._failed(good, "".join(lines or ()) if good else "", error, "WSGI-ERRORS-002")

    def flush(self, *args: Any, **kwargs: Any) -> Any:
        """Flush as the stream of the server does."""
        self._call.unflushed = False
        try:
            return self._stream.flush(*args, **kwargs)
        except Exception as error:
            self._failed(not args and not kwargs, "", error, "WSGI-ERRORS-001")

    def _check_text(self, text: object) -> bool:
        say = self._call.say
        if not isinstance(text, str):
            say("WSGI-ERRORS-009", "something other than str is written to wsgi.errors", "str", text)
            return False
        if "\r" in text:
            say("WSGI-ERRORS-010", "a line on wsgi.errors ends in CR", "'\\n' alone", text)
        return True

    def _failed(self, good: bool, text: object, error: Exception, requirement: str) -> NoReturn:
        """Judge the server by an exception for legal text, then let it go on."""
        if good and isinstance(text, str) and not isinstance(error, OSError):
            if not text.isascii():
                self._call.say("WSGI-ERRORS-003", "arbitrary text cannot be written", "substitution at most", error)
            else:
                self._call.say(requirement, "wsgi.errors refuses legal text", "no exception", error)
        raise error

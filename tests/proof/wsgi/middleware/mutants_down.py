"""Middleware with one fault in what it hands down: the call, environ, streams, start_response, write()."""

from __future__ import annotations

import collections
import contextlib
import io
import logging
from typing import Any

from gateproof.reference.wsgi_middleware import WSGI, Environ, Middleware, Passage

from ...registry import mutant

# The call


@mutant("WSGI-CALL-010")
class CallsByKeyword(Middleware):
    """Calls the application with names."""

    def call(self, environ: Any, start_response: WSGI) -> Any:
        """Call it."""
        return self.app(environ=environ, start_response=start_response)


@mutant("WSGI-CALL-011")
class CopiesAttributes(Middleware):
    """Copies the attributes of what it wraps."""

    def __init__(self, app: WSGI) -> None:
        """Copy."""
        super().__init__(app)
        self.__dict__.update(app.__dict__)


@mutant("WSGI-CALL-011")
class NamesTheServer(Middleware):
    """Asks for the name of start_response."""

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Ask."""
        if not start_response.__class__.__name__.startswith(("function", "method")):
            raise TypeError("what is that?")
        return super().__call__(environ, start_response)


class TakesTwo(Passage):
    """A start_response of two parameters."""

    def start_response(self, status: Any, headers: Any) -> Any:  # type: ignore[override]
        """Take two."""
        return super().start_response(status, headers)


@mutant("WSGI-CALL-012")
class TakesNoThird(Middleware):
    """Supplies a start_response without a third parameter."""

    passage = TakesTwo


class Named(Passage):
    """Gives exc_info by name."""

    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        """Give it."""
        try:
            return self.server(status, self.headers(headers), exc_info=exc_info)
        finally:
            exc_info = None


@mutant("WSGI-CALL-014")
class StartsByName(Middleware):
    """Calls the server's start_response with a name."""

    passage = Named


# environ


class Hands(Middleware):
    """Hands down a changed environ."""

    changes: Any = None

    def environ(self, environ: Environ) -> Any:
        """Change it."""
        return {**environ, **self.changes}


@mutant("WSGI-ENV-035")
class HandsAMap(Middleware):
    """Hands down a ChainMap."""

    def environ(self, environ: Environ) -> Any:
        """Make one."""
        return collections.UserDict(environ)


@mutant("WSGI-ENV-036")
class HandsANumber(Hands):
    """Hands down a number under a variable of CGI."""

    changes = {"SERVER_PORT": 80}  # noqa: RUF012


@mutant("WSGI-ENV-036")
class HandsNoName(Middleware):
    """Hands down an environ without SERVER_NAME."""

    def environ(self, environ: Environ) -> Any:
        """Leave it out."""
        return {key: value for key, value in environ.items() if key != "SERVER_NAME"}


@mutant("WSGI-ENV-037")
class NamesItUser(Hands):
    """Adds a key without a prefix."""

    changes = {"User": "somebody"}  # noqa: RUF012


@mutant("WSGI-ENV-038")
class HasAWhiteList(Middleware):
    """Hands down what it knows alone."""

    def environ(self, environ: Environ) -> Any:
        """Choose."""
        known = ("wsgi.input", "wsgi.errors", "wsgi.version", "wsgi.url_scheme", "wsgi.input_terminated")
        flags = ("wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")
        return {key: value for key, value in environ.items() if key.isupper() or key in known + flags}


@mutant("WSGI-ENV-038")
class CopiesTooDeep(Middleware):
    """Hands down texts in the place of objects."""

    def environ(self, environ: Environ) -> Any:
        """Make texts."""
        return {
            key: value if key.startswith("wsgi.") or value is None else str(value) for key, value in environ.items()
        }


@mutant("WSGI-URL-018")
class MovesHalfASegment(Middleware):
    """Dispatches /appx as if it were /app."""

    mount = "/app"

    def environ(self, environ: Environ) -> Any:
        """Move it."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(self.mount):
            script = environ.get("SCRIPT_NAME", "") + self.mount
            return {**environ, "SCRIPT_NAME": script, "PATH_INFO": path[len(self.mount) :]}
        return environ


@mutant("WSGI-URL-018")
class LosesOctets(Middleware):
    """Dispatches with a path that it decoded without care."""

    mount = "/app"

    def environ(self, environ: Environ) -> Any:
        """Move it."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(self.mount + "/"):
            rest = path[len(self.mount) :].encode("latin-1").decode("utf-8", "ignore").encode().decode("latin-1")
            return {**environ, "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + self.mount, "PATH_INFO": rest}
        return environ


@mutant("WSGI-UNICODE-010")
class DecodesThePath(Middleware):
    """Hands down a path of characters."""

    def environ(self, environ: Environ) -> Any:
        """Decode."""
        return {**environ, "PATH_INFO": environ.get("PATH_INFO", "") + "\u20ac"}


@mutant("WSGI-HTTP-036")
class RefusesToClose(Middleware):
    """Answers 400 to a connection that is to be closed."""

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Refuse."""
        if environ.get("HTTP_CONNECTION") == "close":
            start_response("400 Bad Request", [("Content-Type", "text/plain")])
            return [b"stay\n"]
        return super().__call__(environ, start_response)


@mutant("WSGI-MW-006")
class NeedsAServer(Middleware):
    """Indexes an extension of one server."""

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Look for it."""
        if environ["werkzeug.socket"] is None:
            raise LookupError("werkzeug.socket")
        return super().__call__(environ, start_response)


class Needs(Middleware):
    """Indexes variables that may be missing."""

    names: tuple[str, ...] = ()

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Index them."""
        assert [environ[name] for name in self.names]
        return super().__call__(environ, start_response)


@mutant("WSGI-MW-009", also=["WSGI-MW-006"])
class NeedsAQuery(Needs):
    """Indexes QUERY_STRING."""

    names = ("QUERY_STRING",)


@mutant("WSGI-MW-010")
class NeedsALength(Needs):
    """Indexes CONTENT_LENGTH."""

    names = ("CONTENT_LENGTH",)


@mutant("WSGI-MW-011")
class NeedsAPath(Needs):
    """Indexes PATH_INFO."""

    names = ("PATH_INFO",)


@mutant("WSGI-MW-011", also=["WSGI-MW-006"])
class NeedsAMountPoint(Needs):
    """Indexes SCRIPT_NAME."""

    names = ("SCRIPT_NAME",)


@mutant("WSGI-MW-012", also=["WSGI-MW-006"])
class NeedsAnAddress(Needs):
    """Indexes REMOTE_ADDR."""

    names = ("REMOTE_ADDR",)


@mutant("WSGI-MW-013", also=["WSGI-MW-006"])
class NeedsAHost(Needs):
    """Indexes HTTP_HOST."""

    names = ("HTTP_HOST",)


@mutant("WSGI-MW-014")
class ReadsTheTrace(Middleware):
    """Takes the parts of a trace for granted."""

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Read them."""
        if trace := environ.get("HTTP_TRACEPARENT", ""):
            int(trace.split("-")[3], 16)
        return super().__call__(environ, start_response)


# The streams


class ReadOnly:
    """A stream with read() alone."""

    def __init__(self, stream: Any) -> None:
        """Take the stream."""
        self.read = stream.read


@mutant("WSGI-INPUT-024")
class HandsReadAlone(Middleware):
    """Hands down an input that can be read in one way."""

    def environ(self, environ: Environ) -> Any:
        """Replace it."""
        return {**environ, "wsgi.input": ReadOnly(environ["wsgi.input"])}


@mutant("WSGI-INPUT-025")
class ForgetsTheLength(Middleware):
    """Hands down half of the body with the length of the whole."""

    def environ(self, environ: Environ) -> Any:
        """Cut it."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        data = b""
        while len(data) < length and (piece := environ["wsgi.input"].read(length - len(data))):
            data += piece
        return {**environ, "wsgi.input": io.BytesIO(data[: length // 2])}


@mutant("WSGI-INPUT-026")
class ClosesTheInput(Middleware):
    """Closes the input."""

    def iterable(self, passage: Passage, result: Any) -> Any:
        """Close it."""
        self.last["wsgi.input"].close()
        return super().iterable(passage, result)

    def environ(self, environ: Environ) -> Any:
        """Keep it."""
        self.last = environ
        return environ


@mutant("WSGI-INPUT-026")
class Seeks(Middleware):
    """Tries to seek, and can do without."""

    def environ(self, environ: Environ) -> Any:
        """Try."""
        with contextlib.suppress(AttributeError):
            environ["wsgi.input"].seek(0)
        return environ


@mutant("WSGI-ERRORS-012")
class HandsALogger(Middleware):
    """Hands down a logger as wsgi.errors."""

    def environ(self, environ: Environ) -> Any:
        """Replace it."""
        return {**environ, "wsgi.errors": logging.getLogger("gateproof")}


@mutant("WSGI-ERRORS-013")
class AsksForTheFile(Middleware):
    """Calls fileno() of wsgi.errors."""

    def environ(self, environ: Environ) -> Any:
        """Call it."""
        with contextlib.suppress(AttributeError, TypeError):
            environ["wsgi.errors"].fileno()
        return environ


class Bare:
    """A wrapper of files without close()."""

    def __init__(self, file: Any, block_size: int = 8192) -> None:
        """Take the file."""
        self.file, self.block_size = file, block_size

    def __iter__(self) -> Any:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Give a block."""
        data: bytes = self.file.read(self.block_size)
        if not data:
            raise StopIteration
        return data


@mutant("WSGI-FILE-016", also=["WSGI-FILE-015", "WSGI-ITER-024"])
class HandsAWrapperWithoutClose(Middleware):
    """Hands down a wsgi.file_wrapper whose objects have no close()."""

    def environ(self, environ: Environ) -> Any:
        """Put it in."""
        return {**environ, "wsgi.file_wrapper": Bare} if "wsgi.file_wrapper" in environ else environ


# start_response and write()


class NoWrite(Passage):
    """Returns nothing from start_response."""

    def supply(self, write: Any) -> Any:
        """Return nothing."""
        return None


@mutant("WSGI-START-018", also=["WSGI-WRITE-012"])
class SuppliesNoWrite(Middleware):
    """Supplies no write()."""

    passage = NoWrite


class Deaf(Passage):
    """Takes what is written to nowhere."""

    def supply(self, write: Any) -> Any:
        """Return a function that does nothing."""
        return lambda data: None


@mutant("WSGI-WRITE-012", also=["WSGI-HTTP-044"])
class DropsWhatIsWritten(Middleware):
    """Drops what is written."""

    passage = Deaf


class Once(Passage):
    """Begins again without exc_info."""

    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        """Leave it out."""
        return super().start_response(status, headers)


@mutant("WSGI-START-021")
class LosesExcInfo(Middleware):
    """Begins again without exc_info."""

    passage = Once


class Silent(Passage):
    """Ignores what begins too late."""

    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        """Ignore it."""
        try:
            if exc_info is not None and getattr(self, "started", False):
                return lambda data: None
            self.started = True
            return super().start_response(status, headers)
        finally:
            exc_info = None


@mutant("WSGI-EXC-017", also=["WSGI-EXC-021"])
class IgnoresWhatIsLate(Middleware):
    """Ignores every second beginning."""

    passage = Silent


class Keeper(Passage):
    """Keeps every exc_info."""

    kept: list[Any] = []  # noqa: RUF012 that it is shared is the fault

    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        """Keep it."""
        try:
            if exc_info is not None:
                self.kept.append(exc_info)
            return super().start_response(status, headers, exc_info)
        finally:
            exc_info = None


@mutant("WSGI-EXC-018")
class KeepsExcInfo(Middleware):
    """Keeps every exc_info."""

    passage = Keeper


class Trap(Passage):
    """Traps what the server raises."""

    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        """Trap it."""
        with contextlib.suppress(Exception):
            return super().start_response(status, headers, exc_info)
        return lambda data: None


@mutant("WSGI-EXC-020", also=["WSGI-EXC-017"])
class TrapsWhatTheServerRaises(Middleware):
    """Traps what the server's start_response raises."""

    passage = Trap


class FirstLength(Passage):
    """Keeps the fields of the first beginning."""

    def headers(self, headers: Any) -> Any:
        """Keep them."""
        if not hasattr(self, "first"):
            self.first = super().headers(headers)
        return list(self.first)


@mutant("WSGI-EXC-021")
class KeepsTheFirstFields(Middleware):
    """Keeps the fields of the first beginning for the second."""

    passage = FirstLength


@mutant("WSGI-EXC-022")
class HidesErrors(Middleware):
    """Makes an empty 200 of an exception."""

    def call(self, environ: Any, start_response: WSGI) -> Any:
        """Hide it."""
        try:
            return super().call(environ, start_response)
        except Exception:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return []


@mutant("WSGI-MW-005")
class HandsAMountWithoutSlash(Middleware):
    """Hands down a SCRIPT_NAME that does not begin with a slash."""

    def environ(self, environ: Environ) -> Any:
        """Change it."""
        return {**environ, "SCRIPT_NAME": "mnt"}

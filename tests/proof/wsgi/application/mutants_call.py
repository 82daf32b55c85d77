"""Applications with one fault in the call, in what they make of environ, or in how they use the two streams."""

from __future__ import annotations

import contextlib
import io
import os
import types
from collections.abc import Iterable
from typing import Any

from gateproof.reference.wsgi_application import TEXT, Application, Environ, Response, StartResponse

from ...registry import mutant


def keyword_only() -> Any:
    """Return an application that takes its second argument by name alone."""

    def app(environ: Environ, *, start_response: StartResponse) -> Iterable[bytes]:
        raise AssertionError("never called")

    return app


@mutant("WSGI-CALL-005")
class TakesOneByPosition:
    """Is declared with the second argument after a star."""

    def __new__(cls) -> Any:
        """Return the function."""
        return keyword_only()


@mutant("WSGI-CALL-006")
class KeepsItsGenerator(Application):
    """Returns the same exhausted iterator again."""

    def __init__(self) -> None:
        """Make it once."""
        self.once = iter([b"one\n", b"two\n"])

    def page_stream(self, environ: Environ) -> Response:
        """Return it."""
        return Response(body=self.once, length=False)


@mutant("WSGI-CALL-006")
class KeepsItsPlace(Application):
    """Keeps the position in the body on itself, which an interleaved call moves."""

    place = 0

    def pieces(self) -> Any:
        """Begin anew, for whoever else is in the middle as well."""
        self.place = 0
        while self.place < 3:
            self.place += 1
            yield b"%d\n" % self.place


@mutant("WSGI-CALL-007")
class StartsByKeyword(Application):
    """Calls start_response with names."""

    def start(self, start_response: StartResponse, status: Any, fields: Any) -> Any:
        """Call it so."""
        return start_response(status=status, response_headers=fields)


@mutant("WSGI-CALL-008")
class WantsAFunction(Application):
    """Asks of what type start_response is."""

    def start(self, start_response: StartResponse, status: Any, fields: Any) -> Any:
        """Ask."""
        name = getattr(start_response, "__name__", "")
        if not name:
            raise TypeError("start_response is no function")
        return super().start(start_response, status, fields)


@mutant("WSGI-CALL-009")
class BelievesRunOnce(Application):
    """Opens its database once where run_once is true, and closes it again."""

    closed = False

    def answer(self, environ: Environ) -> Response:
        """Close it."""
        if environ["wsgi.run_once"]:
            if self.closed:
                raise RuntimeError("the database is closed")
            self.closed = True
        return super().answer(environ)


@mutant("WSGI-CALL-013")
class WrapsByKeyword(Application):
    """Gives the wrapper's block size by name."""

    def file(self, environ: Environ) -> Iterable[bytes]:
        """Wrap."""
        if "wsgi.file_wrapper" in environ:
            made: Iterable[bytes] = environ["wsgi.file_wrapper"](self.open(), block_size=4096)
            return made
        return super().file(environ)


# environ


@mutant("WSGI-ENV-045", also=["WSGI-ENV-033"])
class NeedsAnAddress(Application):
    """Indexes REMOTE_ADDR."""

    def page_greet(self, environ: Environ) -> Response:
        """Greet an address."""
        return Response(body=[environ["REMOTE_ADDR"].encode()])


@mutant("WSGI-ENV-046", also=["WSGI-ENV-033"])
class NeedsAHost(Application):
    """Answers 500 where there is no Host field."""

    def answer(self, environ: Environ) -> Response:
        """Look for it."""
        if "HTTP_HOST" not in environ:
            return Response("500 Internal Server Error", [TEXT], [b"oops\n"])
        return super().answer(environ)


@mutant("WSGI-ENV-033")
class NeedsABrowser(Application):
    """Indexes the name of the client's software."""

    def page_greet(self, environ: Environ) -> Response:
        """Greet it."""
        return Response(body=[environ["HTTP_USER_AGENT"].encode("latin-1")])


@mutant("WSGI-ENV-041", also=["WSGI-ENV-034"])
class NeedsAQuery(Application):
    """Indexes QUERY_STRING."""

    def query(self, environ: Environ, name: str, otherwise: str = "") -> str:
        """Index it."""
        return super().query({"QUERY_STRING": environ["QUERY_STRING"]}, name, otherwise)


@mutant("WSGI-ENV-043", also=["WSGI-ENV-034"])
class CannotBeMounted(Application):
    """Indexes SCRIPT_NAME."""

    def path(self, environ: Environ) -> str:
        """Index it."""
        return super().path(environ) if environ["SCRIPT_NAME"] is not None else ""


@mutant("WSGI-ENV-044", also=["WSGI-ENV-034"])
class NeedsAPath(Application):
    """Indexes PATH_INFO."""

    def path(self, environ: Environ) -> str:
        """Index it."""
        return super().path({"PATH_INFO": environ["PATH_INFO"]})


@mutant("WSGI-ENV-042", also=["WSGI-ENV-034"])
class NeedsALength(Application):
    """Indexes CONTENT_LENGTH."""

    def answer(self, environ: Environ) -> Response:
        """Index it."""
        return super().answer({**environ, "CONTENT_LENGTH": environ["CONTENT_LENGTH"]})


@mutant("WSGI-ENV-034")
class NeedsOneOfTwo(Application):
    """Knows a place by its query or by its mount point, without a guard where there is neither."""

    def path(self, environ: Environ) -> str:
        """Look for one, then for the other."""
        assert "QUERY_STRING" in environ or environ["SCRIPT_NAME"] is not None
        return super().path(environ)


@mutant("WSGI-UNICODE-008")
class GivesNamesUnencoded(Application):
    """Puts a name into Content-Disposition as it is, without line breaks and controls."""

    def page_greet(self, environ: Environ) -> Response:
        """Greet."""
        name = "".join(c for c in self.query(environ, "name") if c.isprintable()).replace('"', "")
        return Response(fields=[TEXT, ("Content-Disposition", f'inline; filename="{name}"')], body=[b"hello\n"])


@mutant("WSGI-UNICODE-009")
class WantsUtf8(Application):
    """Decodes the path as UTF-8 without care."""

    def path(self, environ: Environ) -> str:
        """Decode."""
        return super().path(environ).encode("latin-1").decode("utf-8")


@mutant("WSGI-UNICODE-012")
class WantsQueriesOfAscii(Application):
    """Encodes the query as ASCII."""

    def answer(self, environ: Environ) -> Response:
        """Encode."""
        environ.get("QUERY_STRING", "").encode("ascii")
        return super().answer(environ)


@mutant("WSGI-UNICODE-013")
class WantsCookiesOfAscii(Application):
    """Encodes its cookie as ASCII, and answers 500 where that fails."""

    def answer(self, environ: Environ) -> Response:
        """Encode."""
        try:
            environ.get("HTTP_COOKIE", "").encode("ascii")
        except UnicodeError:
            return Response("500 Internal Server Error", [TEXT], [b"oops\n"])
        return super().answer(environ)


class SafeString(str):
    """A subclass of str."""

    __slots__ = ()


@mutant("WSGI-UNICODE-011")
class GivesSafeStrings(Application):
    """Gives the status as a subclass of str."""

    def status(self, response: Response) -> Any:
        """Wrap it."""
        return SafeString(response.status)


@mutant("WSGI-HTTP-033")
class WantsKeepAlive(Application):
    """Answers 400 to a connection that is to be closed."""

    def answer(self, environ: Environ) -> Response:
        """Refuse."""
        if environ.get("HTTP_CONNECTION") == "close":
            return Response("400 Bad Request", [TEXT], [b"stay\n"])
        return super().answer(environ)


# wsgi.input and wsgi.errors


@mutant("WSGI-INPUT-019")
class ReadsOneMore(Application):
    """Reads one octet more than there is."""

    def read(self, environ: Environ) -> bytes:
        """Read."""
        body = super().read(environ)
        environ["wsgi.input"].read(1)
        return body


@mutant("WSGI-INPUT-019")
class ReadsUnasked(Application):
    """Reads a body for GET."""

    def page_root(self, environ: Environ) -> Response:
        """Read."""
        environ["wsgi.input"].read()
        return super().page_root(environ)


@mutant("WSGI-INPUT-020")
class Rewinds(Application):
    """Seeks in the input."""

    def read(self, environ: Environ) -> bytes:
        """Seek."""
        environ["wsgi.input"].seek(0)
        return super().read(environ)


@mutant("WSGI-INPUT-020")
class AsksForReadinto(Application):
    """Looks for readinto, and has a fallback."""

    def read(self, environ: Environ) -> bytes:
        """Look for it."""
        getattr(environ["wsgi.input"], "readinto", None)
        return super().read(environ)


@mutant("WSGI-INPUT-021")
class ClosesTheInput(Application):
    """Closes the input."""

    def read(self, environ: Environ) -> bytes:
        """Close it."""
        body = super().read(environ)
        environ["wsgi.input"].close()
        return body


@mutant("WSGI-INPUT-023")
class ReadsOnce(Application):
    """Takes what one read gives for the whole."""

    def read(self, environ: Environ) -> bytes:
        """Read once."""
        data: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return data


class Logs(Application):
    """Does something with the log."""

    def log(self, errors: Any) -> None:
        """Do it."""
        raise NotImplementedError

    def page_log(self, environ: Environ) -> Response:
        """Do it before the rest."""
        response = super().page_log(environ)
        self.log(environ["wsgi.errors"])
        return response


@mutant("WSGI-ERRORS-007")
class AsksForTheEncoding(Logs):
    """Reads wsgi.errors.encoding."""

    def log(self, errors: Any) -> None:
        """Read it."""
        errors.encoding.lower()


@mutant("WSGI-ERRORS-008")
class ClosesTheLog(Logs):
    """Closes wsgi.errors."""

    def log(self, errors: Any) -> None:
        """Close it."""
        errors.close()


@mutant("WSGI-ERRORS-009")
class LogsBytes(Logs):
    """Writes bytes."""

    def log(self, errors: Any) -> None:
        """Write."""
        try:
            errors.write(b"octets")
        except TypeError:
            errors.write("no octets\n")


@mutant("WSGI-ERRORS-010")
class LogsAsOnWindows(Logs):
    """Ends lines in CR LF."""

    def log(self, errors: Any) -> None:
        """Write."""
        errors.write("line\r\n")


# wsgi.file_wrapper


@mutant("WSGI-FILE-012")
class NeedsTheWrapper(Application):
    """Indexes wsgi.file_wrapper, and answers 500 without."""

    def answer(self, environ: Environ) -> Response:
        """Index it."""
        if "document" in self.path(environ) and "wsgi.file_wrapper" not in environ:
            return Response("500 Internal Server Error", [TEXT], [b"oops\n"])
        return super().answer(environ)


@mutant("WSGI-FILE-013")
class WrapsText(Application):
    """Gives the wrapper a file of text."""

    def file(self, environ: Environ) -> Iterable[bytes]:
        """Wrap."""
        if "wsgi.file_wrapper" in environ:
            made: Iterable[bytes] = environ["wsgi.file_wrapper"](io.StringIO("text\n" * 900))
            return made
        return super().file(environ)


@mutant("WSGI-FILE-014")
class RemovesAtTheEnd(Application):
    """Closes what it opened at the last read only."""

    def open(self) -> Any:
        """Return a file that is closed by its last read."""
        file = super().open()

        def read(size: int = -1) -> bytes:
            data: bytes = file.read(size)
            if not data:
                file.close()
            return data

        return types.SimpleNamespace(read=read, close=lambda: None, closed=False)


@mutant("WSGI-HTTP-062")
class LeavesNoFolder(Application):
    """Takes a way up for an attack, and fails."""

    def answer(self, environ: Environ) -> Response:
        """Look."""
        if ".." in self.path(environ).split("/"):
            raise PermissionError("outside of the folder")
        return super().answer(environ)


@mutant("WSGI-HTTP-066")
class LooksForAFile(Application):
    """Looks for a file of that name, unless it is too long for one."""

    def answer(self, environ: Environ) -> Response:
        """Look."""
        with contextlib.suppress(OSError):
            os.stat("/nowhere" + self.path(environ))
        return super().answer(environ)


@mutant("WSGI-HTTP-067")
class LooksForAnyName(Application):
    """Looks for a file of that name, unless it has a NUL."""

    def answer(self, environ: Environ) -> Response:
        """Look."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, ValueError):
            os.stat(os.curdir + self.path(environ))
        return super().answer(environ)


@mutant("WSGI-HTTP-066")
class LooksForAFileBeside(Application):
    """Looks for a file of that name in the folder of its pages alone, which has another one."""

    pages = (*Application.pages, "files/one")

    def answer(self, environ: Environ) -> Response:
        """Look."""
        folder, _, name = self.path(environ)[1:].partition("/")
        if folder == "files":
            if name == "one":
                return self.page_root(environ)
            if "\0" in name:
                raise ValueError("no such name")
        return super().answer(environ)

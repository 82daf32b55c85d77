"""A WSGI application that conforms: small, standard library only, with a page for each thing that the PEP speaks of.

Every decision is one small method, a seam at which a mutant or a conforming variant differs. The root links to all
pages. `gateproof.reference.wsgi_middleware` is its sister for middleware.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote

Environ = dict[str, Any]
Fields = list[tuple[str, str]]
StartResponse = Callable[..., Callable[[bytes], object]]

TEXT = ("Content-Type", "text/plain; charset=utf-8")
HTML = ("Content-Type", "text/html; charset=utf-8")
ETAG = '"gateproof"'
DOCUMENT = b"".join(b"line %d of the document\n" % number for number in range(200))


@dataclass
class Response:
    """What a page answers: `length` says whether the body's length is given."""

    status: str = "200 OK"
    fields: Fields = field(default_factory=lambda: [TEXT])
    body: Iterable[bytes] = ()
    length: bool = True


class Application:
    """The application. A page is a method named `page_...`; each takes the environ and returns a response."""

    pages: ClassVar[tuple[str, ...]] = (
        "echo",
        "document",
        "stream",
        "lines",
        "empty",
        "moved",
        "greet",
        "fail",
        "late",
        "log",
    )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        return self.respond(environ, start_response, self.answer(environ))

    # From the request to a response

    def answer(self, environ: Environ) -> Response:
        """Choose the page; what goes wrong in it becomes an error response."""
        path = self.path(environ)
        name = path.strip("/") or "root"
        if name != "root" and name not in self.pages:
            return self.not_found(path)
        try:
            response: Response = getattr(self, f"page_{name}")(environ)
        except (OSError, ValueError) as error:
            return Response("400 Bad Request", [TEXT], [f"{type(error).__name__}\n".encode()])
        return response

    def path(self, environ: Environ) -> str:
        """Return the path, '/' for none."""
        return str(environ.get("PATH_INFO") or "/")

    def query(self, environ: Environ, name: str, otherwise: str = "") -> str:
        """Return a parameter of the query; octets that are no UTF-8 are replaced."""
        found = parse_qs(environ.get("QUERY_STRING") or "", errors="replace").get(name)
        return found[0] if found else otherwise

    def read(self, environ: Environ) -> bytes:
        """Return the request's body: as much as was announced, in as many reads as it takes."""
        stream = environ["wsgi.input"]
        length = environ.get("CONTENT_LENGTH") or ""
        if not length and environ.get("wsgi.input_terminated"):
            left = 1 << 30
        else:
            left = int(length or 0)
        pieces = []
        while left:
            piece = stream.read(min(left, 65536))
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    # The pages

    def not_found(self, path: str) -> Response:
        """Answer for a path that leads nowhere."""
        return Response("404 Not Found", [TEXT], [b"no such page\n"])

    def page_root(self, environ: Environ) -> Response:
        """Link to every page."""
        script = quote((environ.get("SCRIPT_NAME") or "").encode("latin-1"))
        links = "".join(f'<a href="{script}/{name}">{name}</a>\n' for name in self.pages)
        return Response(fields=[HTML, ("Vary", "Accept")], body=[b"<!doctype html>\n", links.encode()])

    def page_echo(self, environ: Environ) -> Response:
        """Tell how long the body is, and what a form in it says."""
        if environ["REQUEST_METHOD"] not in ("POST", "PUT", "PATCH"):
            return Response(body=[b"send something\n"])
        body = self.read(environ)
        if environ.get("CONTENT_TYPE", "").startswith("application/json"):
            json.loads(body or b"null")
        return Response(body=[b"%d octets\n" % len(body), body[:20].hex().encode()])

    def page_document(self, environ: Environ) -> Response:
        """Give a file, whole or a range of it, or say that it is the same as before."""
        tags = environ.get("HTTP_IF_NONE_MATCH", "")
        if tags and (tags == "*" or ETAG in tags):
            return Response("304 Not Modified", [("ETag", ETAG)], [], length=False)
        fields = [TEXT, ("ETag", ETAG), ("Accept-Ranges", "bytes")]
        if environ.get("HTTP_RANGE") == "bytes=0-0":
            ranged = ("Content-Range", f"bytes 0-0/{len(DOCUMENT)}")
            return Response("206 Partial Content", [*fields, ranged], [DOCUMENT[:1]])
        fields.append(("Content-Length", str(len(DOCUMENT))))
        return Response(fields=fields, body=self.file(environ), length=False)

    def open(self) -> Any:
        """Return the document as a file."""
        return io.BytesIO(DOCUMENT)

    def file(self, environ: Environ) -> Iterable[bytes]:
        """Return the document as an iterable, by the server's own means where it has some."""
        if "wsgi.file_wrapper" in environ:
            wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](self.open(), 4096)
            return wrapped
        return Blocks(self.open())

    def page_stream(self, environ: Environ) -> Response:
        """Give a body of unknown length, piece after piece."""
        return Response(body=self.pieces(), length=False)

    def pieces(self) -> Iterator[bytes]:
        """Give pieces, one of them empty."""
        yield b"one\n"
        yield b""
        yield b"two\n"

    def page_lines(self, environ: Environ) -> Response:
        """Count the lines of the body."""
        if not environ.get("CONTENT_LENGTH"):
            return Response(body=[b"0 lines\n"])
        return Response(body=[b"%d lines\n" % self.read(environ).count(b"\n")])

    def page_empty(self, environ: Environ) -> Response:
        """Answer without content."""
        return Response("204 No Content", [], [], length=False)

    def page_moved(self, environ: Environ) -> Response:
        """Redirect to where a parameter says, within this application."""
        script = environ.get("SCRIPT_NAME") or ""
        target = quote((script + "/" + self.query(environ, "next").lstrip("/")).encode("utf-8"))
        return Response("302 Found", [TEXT, ("Location", target)], [b"elsewhere\n"])

    def page_greet(self, environ: Environ) -> Response:
        """Greet whom a parameter names, also in a field."""
        name = self.query(environ, "name", "world")
        field = ("Content-Disposition", f"inline; filename*=utf-8''{quote(name, safe='')}")
        return Response(fields=[TEXT, field], body=[f"hello, {name}\n".encode("utf-8", "replace")])

    def page_fail(self, environ: Environ) -> Response:
        """Never reached: `respond` makes this page's error response."""
        return Response(body=[b"fine\n"])

    def page_late(self, environ: Environ) -> Response:
        """Never reached: `respond` lets this page fail after its first piece."""
        return Response(body=[b"fine\n"], length=False)

    def page_log(self, environ: Environ) -> Response:
        """Write to the log."""
        errors = environ["wsgi.errors"]
        errors.write("a line of the log\n")
        errors.writelines(["one more\n"])
        errors.flush()
        return Response(body=[b"logged\n"])

    # From the response to the server

    def respond(self, environ: Environ, start_response: StartResponse, response: Response) -> Iterable[bytes]:
        """Begin the response and return its body."""
        page = self.path(environ)
        if page == "/fail":
            return self.fail(environ, start_response)
        if page == "/late":
            return self.late(environ, start_response)
        self.start(start_response, self.status(response), self.fields(response))
        body: Iterable[bytes] = self.body(environ, response)
        return body

    def start(self, start_response: StartResponse, status: Any, fields: Any) -> Callable[[bytes], object]:
        """Call start_response."""
        write: Callable[[bytes], object] = start_response(status, fields)
        return write

    def status(self, response: Response) -> Any:
        """Return the status."""
        return response.status

    def fields(self, response: Response) -> Any:
        """Return the header list: a new one for each call."""
        fields = list(response.fields)
        if response.length:
            response.body = list(response.body)
            fields.append(("Content-Length", str(sum(map(len, response.body)))))
        return fields

    def body(self, environ: Environ, response: Response) -> Any:
        """Return the iterable; for HEAD there is nothing in it."""
        if environ["REQUEST_METHOD"] == "HEAD":
            close = getattr(response.body, "close", None)
            if close is not None:
                close()
            return []
        return response.body

    def fail(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Begin an ordinary response, and another one in its place when something goes wrong."""
        start_response("200 OK", [TEXT])
        try:
            raise LookupError("planned")
        except LookupError:
            start_response("503 Service Unavailable", [TEXT, ("Retry-After", "60")], self.exc_info())
        return [b"come again\n"]

    def late(self, environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        """Fail after the first piece: the error response is refused, and the exception goes on."""
        start_response("200 OK", [TEXT])
        yield b"first\n"
        try:
            raise LookupError("planned, and too late")
        except LookupError:
            start_response("500 Internal Server Error", [TEXT], self.exc_info())
        yield b"error\n"

    def exc_info(self) -> Any:
        """Return what is handled now."""
        return sys.exc_info()


class Blocks:
    """A file as an iterable of blocks."""

    def __init__(self, file: Any) -> None:
        """Take the file."""
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        """Give block after block."""
        while block := self.file.read(1024):
            yield block

    def close(self) -> None:
        """Close the file."""
        self.file.close()

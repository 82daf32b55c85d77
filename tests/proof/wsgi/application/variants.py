"""Conforming applications that make other choices than the reference."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from gateproof.reference.wsgi_application import TEXT, Application, Environ, Response, StartResponse

from ...registry import variant


@variant()
class Reference(Application):
    """Changes nothing."""


@variant()
class FromFunction:
    """Is a plain function."""

    def __new__(cls) -> Any:
        """Return the function."""

        def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            start_response("200 OK", [TEXT])
            return (b"hello",)

        return app


@variant()
class FromClass:
    """Is a class whose instances are the iterables."""

    def __new__(cls) -> Any:
        """Return the class."""

        class App:
            def __init__(self, environ: Environ, start_response: StartResponse) -> None:
                self.start = start_response

            def __iter__(self) -> Iterator[bytes]:
                self.start("200 OK", [TEXT])
                yield b"hello"

        return App


@variant()
class BeginsLate(Application):
    """Is a generator throughout: start_response is called at the first item."""

    def respond(self, environ: Environ, start_response: StartResponse, response: Response) -> Iterator[bytes]:
        """Begin when asked for an item."""
        yield from super().respond(environ, start_response, response)


@variant()
class GivesTuples(Application):
    """Returns tuples of many items, some of them empty."""

    def body(self, environ: Environ, response: Response) -> Any:
        """Cut the body."""
        items = super().body(environ, response)
        return tuple(piece for item in items for piece in (b"", item)) if isinstance(items, list) else items


@variant()
class RefusesMuch(Application):
    """Answers 400 to whatever is not ASCII, 405 to other methods than GET and HEAD."""

    def answer(self, environ: Environ) -> Response:
        """Refuse."""
        if not all(str(environ.get(key, "")).isascii() for key in ("PATH_INFO", "QUERY_STRING", "HTTP_COOKIE")):
            return Response("400 Bad Request", [TEXT], [b"ASCII only\n"])
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return Response("405 Method Not Allowed", [TEXT, ("Allow", "GET, HEAD")], [b"no\n"])
        return super().answer(environ)


@variant()
class SendsBodyForHead(Application):
    """Answers HEAD as GET and leaves the stripping to the server."""

    def body(self, environ: Environ, response: Response) -> Any:
        """Return the body of GET."""
        return response.body


@variant()
class CountsItsCalls(Application):
    """Gives another body every time."""

    calls = 0

    def page_root(self, environ: Environ) -> Response:
        """Tell the number of the call."""
        self.calls += 1
        return Response(body=[b"call %d\n" % self.calls])


@variant()
class CountsSlowly(CountsItsCalls):
    """Gives a body that stays the same for a few calls, and grows."""

    def page_root(self, environ: Environ) -> Response:
        """Tell how many."""
        self.calls += 1
        return Response(body=[b"calls " + b"." * (self.calls // 5)])


@variant()
class HasNoContentType(Application):
    """Leaves the Content-Type out."""

    def fields(self, response: Response) -> Any:
        """Leave it out."""
        return [item for item in super().fields(response) if item[0] != "Content-Type"]


@variant()
class UsesOddNames(Application):
    """Uses every character of a token in a name, latin-1 and empty values, an odd reason phrase; names its server."""

    def fields(self, response: Response) -> Any:
        """Add odd fields."""
        odd = [("x!#$%&'*+.^_`|~3D", "caf\xe9"), ("X-Empty", ""), ("3D", "a  b"), ("X-Server", "web01")]
        return [*super().fields(response), *odd]

    def status(self, response: Response) -> Any:
        """Say it otherwise."""
        return response.status[:4] + "Caf\xe9 (really)"


@variant()
class LinksAbsolutely(Application):
    """Redirects to absolute URLs made as the PEP says."""

    def page_moved(self, environ: Environ) -> Response:
        """Redirect."""
        host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        url = (
            f"{environ['wsgi.url_scheme']}://{host}{environ.get('SCRIPT_NAME', '').encode('ascii', 'ignore').decode()}/"
        )
        return Response("307 Temporary Redirect", [TEXT, ("Location", url)], [b"there\n"])


@variant()
class EchoesItsFields(Application):
    """Shows the request's fields, hop-by-hop ones included."""

    def page_root(self, environ: Environ) -> Response:
        """Show them."""
        shown = "".join(f"{key}: {value}\n" for key, value in sorted(environ.items()) if key.startswith("HTTP_"))
        return Response(body=[shown.encode("latin-1", "replace")])


@variant()
class KeepsAThread(Application):
    """Starts one thread for all of its calls, at the first."""

    def __init__(self) -> None:
        """Have none yet."""
        self.worker: threading.Thread | None = None
        self.over = threading.Event()

    def answer(self, environ: Environ) -> Response:
        """Start it once."""
        if self.worker is None:
            self.worker = threading.Thread(target=self.over.wait, args=(30,), daemon=True)
            self.worker.start()
        return super().answer(environ)


@variant()
class ReadsByLines(Application):
    """Reads bodies by iteration, which a server ends at the body's end."""

    def read(self, environ: Environ) -> bytes:
        """Iterate."""
        stream, left, lines = environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0), []
        while left > 0 and (line := stream.readline(left)):
            lines.append(line)
            left -= len(line)
        return b"".join(lines)


@variant()
class PassesNone(Application):
    """Gives start_response None as its third argument, which is as good as none."""

    def start(self, start_response: StartResponse, status: Any, fields: Any) -> Any:
        """Give it."""
        return start_response(status, fields, None)


@variant()
class AnswersEverythingAlike:
    """Answers 401 to everything."""

    def __new__(cls) -> Any:
        """Return the function."""

        def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            start_response("401 Unauthorized", [TEXT, ("WWW-Authenticate", "Basic"), ("Content-Length", "3")])
            return [b"no\n"]

        return app


@variant()
class StreamsWithoutEnd(Application):
    """Has a page that never ends; a client leaves it."""

    def pieces(self) -> Iterator[bytes]:
        """Go on."""
        while True:
            yield b"tick\n"


@variant()
class ShedsLoad(Application):
    """Says of every fifth request that it comes too early, and of every seventh that there were too many."""

    calls = 0

    def answer(self, environ: Environ) -> Response:
        """Count."""
        self.calls += 1
        for number, status in ((5, "503 Service Unavailable"), (7, "429 Too Many Requests")):
            if self.calls % number == 0:
                return Response(status, [TEXT, ("Retry-After", "1")], [b"later\n"])
        return super().answer(environ)


@variant()
class FallsSilentForever(Application):
    """Has maintenance after some requests, of which it says when it is over."""

    calls = 0

    def answer(self, environ: Environ) -> Response:
        """Count."""
        self.calls += 1
        if self.calls > 60:
            return Response("503 Service Unavailable", [TEXT, ("Retry-After", "3600")], [b"maintenance\n"])
        return super().answer(environ)


@variant()
class TossesACoin(Application):
    """Shows one of two pages, with a field more in some answers, and says what it does not do by 501."""

    def __init__(self) -> None:
        """Have a coin."""
        self.coin = random.Random(7)

    def answer(self, environ: Environ) -> Response:
        """Toss it."""
        if not str(environ.get("QUERY_STRING", "")).isascii():
            return Response("501 Not Implemented", [TEXT], [b"ASCII only\n"])
        response = super().answer(environ)
        if self.path(environ) in ("/", "/lines"):
            response.body = [*response.body, self.coin.choice([b"heads", b"tails!"])]
            response.fields = [*response.fields, *([("X-Cache", "hit")] if self.coin.random() < 0.5 else [])]
        return response


@variant()
class GivesNoticesOnce(Application):
    """Has one notice, which the first who asks gets; a thread works on behind some answers."""

    def __init__(self) -> None:
        """Have it."""
        self.notices = [b"welcome\n"]

    def page_log(self, environ: Environ) -> Response:
        """Give it."""
        return Response(body=[self.notices.pop()] if self.notices else [])

    def page_greet(self, environ: Environ) -> Response:
        """Begin something that takes its time."""
        threading.Timer(1.5, str).start()
        return Response(body=[b"sent by mail\n"])

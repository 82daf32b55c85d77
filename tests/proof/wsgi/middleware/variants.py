"""Conforming middleware of all trades: what each may do, no check accuses."""

from __future__ import annotations

import hashlib
import io
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gateproof.reference.wsgi_middleware import WSGI, Body, Environ, Middleware, Passage

from ...registry import variant


@variant()
class ReferenceMiddleware(Middleware):
    """Changes nothing."""


@variant()
def nothing_at_all(app: WSGI) -> WSGI:
    """Is the application itself."""
    return app


@variant()
def plain_function(app: WSGI) -> WSGI:
    """Is a function that passes the call on."""

    def middleware(environ: Environ, start_response: WSGI) -> Any:
        return app(environ, start_response)

    return middleware


@variant()
class AnswersByItself(Middleware):
    """Never calls the application within."""

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Answer."""
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"no\n"]


@variant()
class CopiesTheEnviron(Middleware):
    """Hands down a copy."""

    def environ(self, environ: Environ) -> Any:
        """Copy."""
        return {**environ, "copy.of": environ}


class Upper(Body):
    """A body in capitals."""

    def item(self, item: Any) -> Any:
        """Capitals."""
        return item.upper()


@variant()
class Shouts(Middleware):
    """Transforms every item, as long as it was."""

    body = Upper


class Lengthless(Passage):
    """Leaves the length out, as the body changes."""

    def headers(self, headers: Any) -> Any:
        """Leave it out."""
        return [pair for pair in headers if pair[0].lower() != "content-length"]


class Held(Body):
    """A body whose items come together at the end: b'' stands for each until then."""

    def __init__(self, passage: Passage, result: Any) -> None:
        """Hold nothing yet."""
        super().__init__(passage, result)
        self.held: list[bytes] = []
        self.over = False

    def __next__(self) -> Any:
        """Hold, or give what is held."""
        if self.over:
            raise StopIteration
        try:
            self.held.append(super().__next__())
        except StopIteration:
            self.over = True
            return b"".join(self.held)
        return b""


class Footed(Body):
    """A body with a line more, where there is a body at all."""

    def __init__(self, passage: Passage, result: Any) -> None:
        """Have nothing given yet."""
        super().__init__(passage, result)
        self.given = self.over = False

    def __next__(self) -> Any:
        """Give the items, then the line."""
        if self.over:
            raise StopIteration
        try:
            item = super().__next__()
        except StopIteration:
            self.over = True
            if self.given:
                return b"<!-- footer -->"
            raise
        self.given = self.given or bool(item)
        return item


@variant()
class AddsAFooter(Middleware):
    """Adds to every body, and takes the length out; write() goes to the server as it is."""

    passage = Lengthless
    body = Footed


@variant()
def is_a_generator(app: WSGI) -> WSGI:
    """Is a generator function: the application within is called at the first item, and writes into a list."""

    def middleware(environ: Environ, start_response: WSGI) -> Iterator[bytes]:
        written: list[bytes] = []

        def start(*args: Any) -> Any:
            start_response(*args)
            return written.append

        result = app(environ, start)
        try:
            yield from written
            yield from iter(result)
        finally:
            if hasattr(result, "close"):
                result.close()

    return middleware


@variant()
class MovesAPrefix(Middleware):
    """Dispatches by a prefix."""

    mount = "/app"

    def environ(self, environ: Environ) -> Any:
        """Move the prefix."""
        path = environ.get("PATH_INFO", "")
        if path == self.mount or path.startswith(self.mount + "/"):
            script = environ.get("SCRIPT_NAME", "") + self.mount
            return {**environ, "SCRIPT_NAME": script, "PATH_INFO": path[len(self.mount) :]}
        return environ


@variant()
class RewritesPaths(Middleware):
    """Sends every request elsewhere, which is the trade of some."""

    def environ(self, environ: Environ) -> Any:
        """Rewrite."""
        return {**environ, "PATH_INFO": "/rewritten", "SCRIPT_NAME": ""}


@variant()
class HandlesErrors(Middleware):
    """Makes an error page of an exception before anything was sent."""

    def call(self, environ: Any, start_response: WSGI) -> Any:
        """Call, and stand in for it."""
        try:
            return super().call(environ, start_response)
        except Exception:
            import sys

            start_response("500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info())
            return [b"oops\n"]


@variant()
class Deletes(Middleware):
    """Replaces the page of every 404, and closes what it replaces."""

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Replace."""
        kept: list[Any] = []

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            try:
                kept[:] = [status]
                if status.startswith("404"):
                    headers = [("Content-Type", "text/plain")]
                return start_response(status, headers, *((exc_info,) if exc_info else ()))
            finally:
                exc_info = None

        return Replacing(self.app(environ, start), kept)


class Replacing:
    """An iterable that gives its own page where the status says so."""

    def __init__(self, result: Any, kept: list[Any]) -> None:
        """Take the iterable within."""
        self.result, self.kept = result, kept
        self.iterator: Any = None
        self.own = False

    def __iter__(self) -> Any:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Give an item."""
        if self.own:
            raise StopIteration
        self.iterator = self.iterator or iter(self.result)
        item = next(self.iterator)
        if self.kept and self.kept[0].startswith("404"):
            self.own = True
            return b"not here\n"
        return item

    def close(self) -> None:
        """Close the iterable within."""
        if hasattr(self.result, "close"):
            self.result.close()


@variant()
class BuffersTheRequest(Middleware):
    """Reads the request's body and hands it down anew."""

    def environ(self, environ: Environ) -> Any:
        """Read it."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        data = b""
        while len(data) < length and (piece := environ["wsgi.input"].read(length - len(data))):
            data += piece
        if "wsgi.input_terminated" in environ and not length:
            return environ
        return {**environ, "wsgi.input": io.BytesIO(data)}


@variant()
class ReplacesErrors(Middleware):
    """Puts a stream of its own in the place of wsgi.errors."""

    def environ(self, environ: Environ) -> Any:
        """Replace it."""
        return {**environ, "wsgi.errors": io.StringIO()}


@variant()
class RequiresMore(Middleware):
    """Adds CGI variables in capitals."""

    def environ(self, environ: Environ) -> Any:
        """Add them."""
        return {**environ, "REMOTE_USER": "somebody", "AUTH_TYPE": "Basic", "REMOTE_PORT": "1"}


class Tagged(Passage):
    """Notes nothing but the answer's head."""

    def headers(self, headers: Any) -> Any:
        """Add a cookie and a tag."""
        tag = hashlib.sha256(repr(headers).encode()).hexdigest()[:8]
        return [*headers, ("Set-Cookie", f"session={tag}; HttpOnly")]


@variant()
class SetsCookies(Middleware):
    """Adds a cookie."""

    passage = Tagged


@variant()
class KeepsAPool(Middleware):
    """Does something beside each call in a few threads that last, and keeps a file open for all of them."""

    def __init__(self, app: WSGI) -> None:
        """Have them."""
        super().__init__(app)
        self.pool = ThreadPoolExecutor(2)
        self.log = Path(__file__).open("rb")  # noqa: SIM115 - the matter itself

    def environ(self, environ: Environ) -> Any:
        """Use them."""
        self.pool.submit(self.log.tell)
        return super().environ(environ)


@variant()
class EndsSoonAfter(Middleware):
    """Starts a thread for each call that ends by itself, a little later."""

    def environ(self, environ: Environ) -> Any:
        """Start one."""
        threading.Timer(0.05, str).start()
        return super().environ(environ)


@variant()
class LeavesItToTheCollector(Middleware):
    """Opens a file for each call and holds it in a cycle that nobody else holds."""

    def environ(self, environ: Environ) -> Any:
        """Open one."""
        held: list[Any] = [Path(__file__).open("rb")]  # noqa: SIM115 - the matter itself
        held.append(held)
        return super().environ(environ)


def too_many(start_response: WSGI, status: str) -> list[bytes]:
    """Answer that there is too much to do."""
    start_response(status, [("Content-Type", "text/plain"), ("Retry-After", "1")])
    return [b"later\n"]


@variant()
class ShedsLoad(Middleware):
    """Says of every seventh call that it comes too early, and of every ninth that there were too many."""

    calls = 0

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Count."""
        self.calls += 1
        for number, status in ((7, "503 Service Unavailable"), (9, "429 Too Many Requests")):
            if self.calls % number == 0:
                return too_many(start_response, status)
        return super().__call__(environ, start_response)


@variant()
def one_at_a_time(app: WSGI) -> WSGI:
    """Serves one call until its body is closed, and sends the others away."""
    lock = threading.Lock()

    def middleware(environ: Environ, start_response: WSGI) -> Any:
        if not lock.acquire(blocking=False):
            return too_many(start_response, "503 Service Unavailable")
        try:
            result = app(environ, start_response)
        except BaseException:
            lock.release()
            raise
        return Locked(result, lock)

    return middleware


class Locked:
    """An iterable that releases a lock when it is closed."""

    def __init__(self, result: Any, lock: threading.Lock) -> None:
        """Wrap one."""
        self.result, self.lock = result, lock

    def __iter__(self) -> Iterator[bytes]:
        """Give its items."""
        return iter(self.result)

    def close(self) -> None:
        """Release it."""
        self.lock.release()
        if hasattr(self.result, "close"):
            self.result.close()


class OfAPage(Passage):
    """Sees whether the answer is HTML, whose length will be another one."""

    html = False

    def headers(self, headers: Any) -> Any:
        """Look."""
        self.html = any(name.lower() == "content-type" and "html" in value for name, value in headers)
        kept = [field for field in headers if not self.html or field[0].lower() != "content-length"]
        return super().headers(kept)


class Page(Body):
    """A body with a number in front, if it is HTML."""

    def item(self, item: Any) -> Any:
        """Put it in front of the first item that is something."""
        passage: Any = self.passage
        if not item or not passage.html:
            return item
        passage.html = False
        return b"<!-- %d -->" % random.getrandbits(60) + item


@variant()
class PutsInAToken(Middleware):
    """Puts a number of its own in front of every page of HTML, another one every time."""

    passage = OfAPage
    body = Page

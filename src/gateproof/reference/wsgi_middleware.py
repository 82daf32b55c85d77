"""WSGI middleware that conforms: passes everything on, adds one key to environ and one field to the response.

Every decision is one small method, a seam at which a mutant or a conforming variant differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

Environ = dict[str, Any]
WSGI = Callable[..., Any]


class Passage:
    """One call on its way through: what the application within is given, and what it gives."""

    def __init__(self, start_response: WSGI) -> None:
        """Take the server's start_response."""
        self.server = start_response

    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        """Add a field and pass the call on; what the server raises goes on."""
        try:
            more = (exc_info,) if exc_info is not None else ()
            return self.supply(self.server(self.status(status), self.headers(headers), *more))
        finally:
            exc_info = None  # no cycle through this frame

    def status(self, status: Any) -> Any:
        """Return the status for the server."""
        return status

    def headers(self, headers: Any) -> Any:
        """Return the header list for the server: a new one."""
        return [*headers, ("X-Through", "gateproof")]

    def supply(self, write: Any) -> Any:
        """Return the write() for the application within."""
        return write


class Body:
    """The iterable: one item for one item, and close() for what was returned within."""

    def __init__(self, passage: Passage, result: Any) -> None:
        """Take the iterable of the application within."""
        self.passage, self.result = passage, result
        self.iterator: Iterator[Any] | None = None

    def __iter__(self) -> Any:
        """Return itself."""
        return self

    def __next__(self) -> Any:
        """Give the next item."""
        if self.iterator is None:
            self.iterator = iter(self.result)
        return self.item(next(self.iterator))

    def item(self, item: Any) -> Any:
        """Return an item for the server."""
        return item

    def close(self) -> None:
        """Close the iterable within."""
        close = getattr(self.result, "close", None)
        if close is not None:
            close()


class Middleware:
    """The middleware."""

    passage: ClassVar[type[Passage]] = Passage
    body: ClassVar[type[Body]] = Body

    def __init__(self, app: WSGI) -> None:
        """Wrap an application."""
        self.app = app

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Serve one request."""
        passage = self.passage(start_response)
        return self.iterable(passage, self.call(self.environ(environ), passage.start_response))

    def environ(self, environ: Environ) -> Any:
        """Return the environ for the application within: the same object, with a key of our own."""
        environ["gateproof.through"] = "yes"
        return environ

    def call(self, environ: Any, start_response: WSGI) -> Any:
        """Call the application within."""
        return self.app(environ, start_response)

    def iterable(self, passage: Passage, result: Any) -> Any:
        """Return the iterable for the server."""
        return self.body(passage, result)

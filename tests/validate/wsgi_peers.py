"""A small conforming WSGI server whose parts can be replaced one by one, and applications beside it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

from gateproof.validate import Finding
from gateproof.validate.wsgi import observe

DROP = object()
TEXT = [("Content-Type", "text/plain"), ("Content-Length", "2")]


def make_environ(**changes: Any) -> dict[str, Any]:
    """Return the environ of a GET, changed; dots in names are written as two underscores."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost:8000",
        "HTTP_USER_AGENT": "test",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in changes.items():
        key = name.replace("__", ".")
        if value is DROP:
            del environ[key]
        else:
            environ[key] = value
    return environ


def post(body: bytes = b"line1\nline2\n\nlast", stream: Any = None, **changes: Any) -> dict[str, Any]:
    """Return the environ of a POST."""
    changes.setdefault("CONTENT_LENGTH", str(len(body)))
    return make_environ(REQUEST_METHOD="POST", wsgi__input=io.BytesIO(body) if stream is None else stream, **changes)


class Server:
    """Serves one call and conforms. Mutants replace one method."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.started = False
        self.failed = False
        self.body: list[bytes] = []
        self.sent = False
        self.raised: BaseException | None = None

    def serve(self, app: Callable[..., Any], environ: Any) -> None:
        try:
            result = self.call(app, environ)
        except Exception as error:
            self.raised = error
            return
        try:
            self.iterate(result)
        except Exception as error:
            self.raised = error
        try:
            self.close(result)
        except Exception as error:
            self.raised = error

    def call(self, app: Callable[..., Any], environ: Any) -> Any:
        return app(environ, self.start_response)

    def iterate(self, result: Any) -> None:
        for item in result:
            self.transmit(item)

    def close(self, result: Any) -> None:
        if hasattr(result, "close"):
            result.close()

    def transmit(self, item: bytes) -> None:
        if item:
            self.sent = True
        self.body.append(item)

    def start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        if exc_info is not None:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.started:
            raise AssertionError("start_response is called again")
        self.started = True
        self.check(status, headers)
        self.status, self.headers = status, headers
        return self.write

    def check(self, status: Any, headers: Any) -> None:
        """A conforming server should refuse much; this one refuses what the tests of refusals need it to."""

    def write(self, data: bytes) -> None:
        if not isinstance(data, bytes):
            raise TypeError("bytes only")
        self.transmit(data)


class Strict(Server):
    """Refuses what a server should."""

    def check(self, status: Any, headers: Any) -> None:
        if type(status) is not str or type(headers) is not list:
            raise TypeError("status must be str and headers a list")
        if not status[:3].isdigit() or status[3:4] != " " or any(ord(letter) < 32 for letter in status):
            raise ValueError(status)
        for name, value in headers:
            if any(ord(letter) < 32 for letter in value) or not name.replace("-", "").isalnum():
                raise ValueError(name)


def exchange(
    app: Callable[..., Any], environ: Any = None, server: Server | None = None, *, inform: bool = True
) -> tuple[list[Finding], Server]:
    """Serve one observed call; returns the findings and the server."""
    found: list[Finding] = []
    server = server or Server()
    server.serve(observe(app, found.append, inform=inform), make_environ() if environ is None else environ)
    return found, server


# Applications


def hello(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", list(TEXT))
    return [b"ok"]


def answer(status: Any = "200 OK", headers: Any = None, body: Any = (b"ok",)) -> Callable[..., Any]:
    """Return an application that answers this; a callable body is called."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response(status, list(TEXT) if headers is None else headers)
        return body() if callable(body) else list(body)

    return app


def reads(*calls: Callable[[Any], Any], status: str = "200 OK") -> Callable[..., Any]:
    """Return an application that makes these calls on wsgi.input and ignores what they raise."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        for call in calls:
            try:
                call(environ["wsgi.input"])
            except Exception as error:
                environ["test.error"] = error
        return hello(environ, start_response)

    return app


def logs(*calls: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return an application that makes these calls on wsgi.errors and ignores what they raise."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        for call in calls:
            try:
                call(environ["wsgi.errors"])
            except Exception as error:
                environ["test.error"] = error
        return hello(environ, start_response)

    return app


def fails_after(*items: bytes, status: str = "500 Error") -> Callable[..., Any]:
    """Return an application that yields items, fails, and begins an error response with exc_info."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield from items
        try:
            raise ValueError("oops")
        except ValueError:
            start_response(status, [("Content-Type", "text/plain")], sys.exc_info())
        yield b"error"

    return app

"""What the linter costs per request on a trivial in-process application, as a multiple of the bare call.

    python benchmarks/lint.py

The same driver plays the server for the bare application, the linted one and what others offer, in one run; the fastest
of several rounds counts, in time of this thread alone: whatever else the machine does would only add.
"""

from __future__ import annotations

import gc
import io
import sys
import time
from collections.abc import Callable
from typing import Any
from wsgiref.validate import validator

import gateproof

ROUNDS, CALLS = 15, 4000
TEXT = [("Content-Type", "text/plain"), ("Content-Length", "2")]
ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "8000",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
    "HTTP_HOST": "localhost:8000",
    "HTTP_USER_AGENT": "benchmark",
    "HTTP_ACCEPT": "*/*",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.input": io.BytesIO(),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}
SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.5"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"localhost:8000"), (b"user-agent", b"benchmark"), (b"accept", b"*/*")],
    "client": ("127.0.0.1", 5000),
    "server": ("127.0.0.1", 8000),
    "state": {},
    "extensions": {},
}


def wsgi_list(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    start_response("200 OK", list(TEXT))
    return [b"ok"]


def wsgi_generator(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    start_response("200 OK", list(TEXT))
    yield b"ok"


async def asgi(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    await receive()
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def write(data: bytes) -> None:
    pass


def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
    return write


async def receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(event: dict[str, Any]) -> None:
    pass


def serve_wsgi(app: Callable[..., Any]) -> None:
    """Play the server for one call."""
    result = app(dict(ENVIRON), start_response)
    for _ in result:
        pass
    if hasattr(result, "close"):
        result.close()


def serve_asgi(app: Callable[..., Any]) -> None:
    """Play the server for one call, without an event loop: nothing in it waits."""
    try:
        app(dict(SCOPE), receive, send).send(None)
    except StopIteration:
        return
    raise AssertionError("the application waits")


def seconds(serve: Callable[[Any], None], app: Callable[..., Any]) -> float:
    """Return the time of a round of calls."""
    started = time.thread_time()
    for _ in range(CALLS):
        serve(app)
    return time.thread_time() - started


def measure(serve: Callable[[Any], None], apps: dict[str, Callable[..., Any]]) -> dict[str, float]:
    """Return seconds per call by name; the rounds of all take turns."""
    best = dict.fromkeys(apps, float("inf"))
    for _ in range(ROUNDS):
        for name, app in apps.items():
            best[name] = min(best[name], seconds(serve, app))
    return {name: value / CALLS for name, value in best.items()}


def measure_all() -> dict[str, dict[str, float]]:
    """Return the seconds per call of each application, bare and linted."""
    results = {}
    for name, app, serve in (
        ("WSGI, a list", wsgi_list, serve_wsgi),
        ("WSGI, a generator", wsgi_generator, serve_wsgi),
        ("ASGI", asgi, serve_asgi),
    ):
        apps: dict[str, Callable[..., Any]] = {"bare": app}
        apps["lint"] = gateproof.lint(app)
        apps["lint, everything"] = gateproof.lint(app, inform=True)
        if serve is serve_wsgi:
            apps["wsgiref.validate"] = validator(app)
        results[name] = measure(serve, apps)
    return results


def main() -> None:
    """Print the ratios."""
    gc.collect()
    for name, times in measure_all().items():
        bare = times["bare"]
        print(f"{name}: bare {bare * 1e6:.2f} us")
        for kind, value in times.items():
            if kind != "bare":
                print(f"  {kind:18} {value * 1e6:7.2f} us  {value / bare:5.1f} times")


if __name__ == "__main__":
    main()

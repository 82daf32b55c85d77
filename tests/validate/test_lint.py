"""`gateproof.lint`: modes, blame, detection, what is swallowed, real servers."""

from __future__ import annotations

import contextlib
import functools
import http.client
import inspect
import io
import threading
import time
import urllib.request
import warnings
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

import gateproof
from gateproof.lint import KEPT, LintedASGI, LintedWSGI, LintError, LintWarning, detect, lint
from tests.validate import asgi_peers
from tests.validate.asgi_peers import BODY, HTTP, REQUEST, START, Server, run, scope
from tests.validate.wsgi_peers import TEXT, answer, hello, make_environ
from tests.validate.wsgi_peers import Server as WSGIServer

bad = answer("200")
doubtful = answer("200 ")
HELLO = asgi_peers.http(START, BODY)


def test_the_public_name_is_the_module_and_the_function() -> None:
    assert gateproof.lint(hello).__wrapped__ is hello
    assert gateproof.lint.lint is lint  # type: ignore[attr-defined]
    assert gateproof.LintError is LintError


def call(app: Any) -> list[bytes]:
    return list(app(make_environ(), WSGIServer().start_response))


def test_raise_stops_where_the_fault_is() -> None:
    linted = lint(bad)
    with pytest.raises(LintError, match="WSGI-STATUS-003") as caught:
        call(linted)
    assert caught.value.findings == tuple(linted.findings)
    assert "app" in [entry.name for entry in caught.traceback]


def test_raise_warns_of_what_only_warns() -> None:
    with pytest.warns(LintWarning, match="WSGI-STATUS-004"):
        assert call(lint(doubtful)) == [b"ok"]


def test_warn_warns_of_both() -> None:
    with pytest.warns(LintWarning, match="WSGI-STATUS-003"):
        assert call(lint(bad, mode="warn")) == [b"ok"]


def test_collect_does_nothing_else() -> None:
    linted = lint(bad, mode="collect")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call(linted)
    assert [finding.requirement_id for finding in linted.findings] == ["WSGI-STATUS-003", "WSGI-STATUS-013"]


def test_findings_are_bounded() -> None:
    linted = lint(bad, mode="collect")
    for _ in range(KEPT):
        call(linted)
    assert len(linted.findings) == KEPT
    assert linted._report.dropped == KEPT


def test_the_server_is_blamed_on_demand() -> None:
    environ = make_environ(SERVER_PORT=80)
    assert list(lint(hello)(dict(environ), WSGIServer().start_response)) == [b"ok"]
    for blame in ("server", "both"):
        with pytest.raises(LintError, match="WSGI-ENV-007"):
            lint(hello, blame=blame)(dict(environ), WSGIServer().start_response)


def test_what_informs_is_asked_for() -> None:
    app = answer(headers=[("Content-Length", "2")])
    assert lint(app).findings == []
    linted = lint(app, inform=True)
    assert call(linted) == [b"ok"]
    assert [finding.requirement_id for finding in linted.findings] == ["WSGI-HEADERS-011"]


@pytest.mark.parametrize("option", [{"mode": "log"}, {"blame": "me"}, {"interface": "cgi"}])
def test_wrong_options_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="which is n"):
        lint(hello, **option)


# What an application swallows


def swallowing(environ: Any, start_response: Any) -> list[bytes]:
    try:
        start_response("200", list(TEXT))
    except Exception:
        start_response("500 Error", list(TEXT))
    return [b"ok"]


def swallowing_generator(environ: Any, start_response: Any) -> Any:
    yield from swallowing(environ, start_response)


async def swallowing_async(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    try:
        await send({**START, "status": "200"})
    except Exception:
        await send(START)
    await send(BODY)


@pytest.mark.parametrize("app", [swallowing, swallowing_generator])
def test_a_swallowed_finding_is_raised_at_the_end(app: Any) -> None:
    with pytest.raises(LintError, match="WSGI-STATUS-003"):
        call(lint(app, interface="wsgi"))


def test_a_swallowed_finding_is_raised_at_the_end_of_a_coroutine() -> None:
    server = Server([REQUEST])
    server.serve(lint(swallowing_async), scope(HTTP))
    assert isinstance(server.raised, LintError)
    assert server.sent == [START, BODY]


# Detection


class WSGIClass:
    def __init__(self, environ: Any, start_response: Any) -> None:
        start_response("200 OK", list(TEXT))

    def __iter__(self) -> Any:
        return iter([b"ok"])


class WSGIObject:
    def __call__(self, environ: Any, start_response: Any) -> Any:
        return hello(environ, start_response)


class ASGIObject:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await HELLO(scope, receive, send)

    def method(self, environ: Any, start_response: Any) -> Any:
        return hello(environ, start_response)


def returns_awaitable(scope: Any, receive: Any, send: Any) -> Any:
    return HELLO(scope, receive, send)


@pytest.mark.parametrize(
    ("app", "interface"),
    [
        (hello, "wsgi"),
        (WSGIClass, "wsgi"),
        (WSGIObject(), "wsgi"),
        (ASGIObject().method, "wsgi"),
        (functools.partial(lambda a, environ, start_response: hello(environ, start_response), 1), "wsgi"),
        (lint(hello), "wsgi"),
        (HELLO, "asgi"),
        (ASGIObject(), "asgi"),
        (functools.partial(HELLO), "asgi"),
        (returns_awaitable, "asgi"),
        (lint(HELLO), "asgi"),
    ],
)
def test_the_interface_is_detected(app: Any, interface: str) -> None:
    assert detect(app) == interface
    assert isinstance(lint(app), LintedASGI if interface == "asgi" else LintedWSGI)


def test_what_cannot_be_told_has_to_be_said() -> None:
    def anything(*args: Any) -> Any:
        return hello(*args)

    with pytest.raises(ValueError, match="pass interface="):
        lint(anything)
    assert call(lint(anything, interface="wsgi")) == [b"ok"]


def test_the_signature_is_that_of_an_asgi_application() -> None:
    """Servers call without arguments to find factories, and look at the signature."""
    linted = lint(HELLO)
    with pytest.raises(TypeError):
        linted()
    assert inspect.iscoroutinefunction(linted.__call__)


def test_attributes_are_those_of_the_application() -> None:
    app = WSGIObject()
    app.config = {"x": 1}  # type: ignore[attr-defined]
    assert lint(app).config == {"x": 1}
    with pytest.raises(AttributeError):
        lint(app).missing  # noqa: B018


def test_an_asgi_application_is_served() -> None:
    linted = lint(HELLO, inform=True)
    server = Server([REQUEST])
    assert run(linted(scope(HTTP), server.receive, server.send)) is None
    assert server.sent == [START, BODY]
    assert linted.findings == []


# Real servers


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


def test_under_wsgiref() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0))
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield body

    linted = lint(app)
    with make_server("127.0.0.1", 0, linted, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with urllib.request.urlopen(url, data=b"hello", timeout=10) as response:
            assert response.read() == b"hello"
        thread.join(10)
    assert [finding for finding in linted.findings if finding.party == "application"] == []


def test_under_waitress_with_its_file_wrapper() -> None:
    """The server sends its own wrapper in a quick way, which it finds by the class of the result."""
    waitress = pytest.importorskip("waitress.server")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"hello"))

    linted = lint(app)
    server = waitress.create_server(linted, host="127.0.0.1", port=0, threads=1)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.effective_port}/", timeout=10) as response:
            assert response.read() == b"hello"
    finally:
        server.trigger.pull_trigger(server.close)  # by its own thread, which waits on its sockets
        thread.join(10)
    assert linted.findings == []


async def greets(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    event = await receive()
    broken = [(b"x-a", b"1\r\nx-b: 2")] if scope["path"] == "/broken" else []
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain"), *broken]})
    await send({"type": "http.response.body", "body": event["body"]})


def test_under_uvicorn() -> None:
    uvicorn = pytest.importorskip("uvicorn")
    linted = lint(greets, mode="collect", blame="both")
    server = uvicorn.Server(uvicorn.Config(linted, port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
        with urllib.request.urlopen(url, data=b"hello", timeout=10) as response:
            assert response.read() == b"hello"
        assert linted.findings == []
        with contextlib.suppress(OSError, http.client.HTTPException):
            urllib.request.urlopen(f"{url}broken", timeout=10).close()
    finally:
        server.should_exit = True
        thread.join(20)
    blamed = [finding.requirement_id for finding in linted.findings if finding.party == "application"]
    assert blamed == ["ASGI-HTTP-RESP-062"]

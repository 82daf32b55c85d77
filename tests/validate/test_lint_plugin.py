"""The linter in somebody's test suite: the fixture, and applications that are named on the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateproof import lint_plugin
from gateproof.lint import Findings, LintError, LintWarning
from tests.validate.asgi_peers import BODY, HTTP, REQUEST, START, Server, scope
from tests.validate.wsgi_peers import Server as WSGIServer
from tests.validate.wsgi_peers import answer, hello, make_environ

pytest_plugins = ["pytester"]

PROJECT = """
class App:
    def __init__(self, status="200 OK"):
        self.status = status
    def __call__(self, environ, start_response):
        start_response(self.status, [("Content-Type", "text/plain")])
        return [b"ok"]
    def client(self):
        return lambda **extra: list(self({**ENVIRON, **extra}, lambda *args: lambda data: None))

def plain(environ, start_response):
    start_response("200", [("Content-Type", "text/plain")])
    return [b"ok"]

def create(status="200"):
    return App(status)

ENVIRON = {"REQUEST_METHOD": "GET"}
app = App()
broken = App("200")
doubtful = App("200 ")
"""
TESTS = """
from myproject import App, app, broken, create, doubtful, plain

def test_good():
    assert isinstance(app, App) and app.client()() == [b"ok"]

def test_broken():
    assert broken.client()() == [b"ok"]

def test_function():
    assert list(plain({}, lambda *args: None)) == [b"ok"]

def test_factory():
    assert create().client()() == [b"ok"]

def test_fails_anyway():
    assert broken.client()() == []

def test_doubtful():
    assert doubtful.client()() == [b"ok"]
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of its own, which has the plugin installed and nothing else of ours."""
    pytester.makepyfile(myproject=PROJECT, test_it=TESTS)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:randomly", *arguments, timeout=60)


def test_named_applications_are_linted(project: pytest.Pytester) -> None:
    names = "myproject:app,myproject:broken,myproject:plain,myproject:create(),myproject:doubtful"
    result = run(project, f"--lint-apps={names}")
    result.assert_outcomes(passed=2, failed=4, warnings=1)
    result.stdout.fnmatch_lines(
        [
            "gateproof: linting myproject:app, *",
            "*WSGI-STATUS-003 (application)*",
            "* gateproof *",
            "*LintWarning: WSGI-STATUS-004*",
        ]
    )
    result.stdout.no_fnmatch_line("*(server)*")


def test_without_the_option_nothing_happens(project: pytest.Pytester) -> None:
    run(project).assert_outcomes(passed=5, failed=1)


@pytest.mark.parametrize("name", ["myproject", "myproject:missing", "missing:app"])
def test_a_wrong_name_ends_the_run(project: pytest.Pytester, name: str) -> None:
    result = run(project, f"--gateproof-lint-apps={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--lint-apps: {name}: *"])


def test_the_fixture_fails_the_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        from myproject import ENVIRON, app, broken
        def call(app):
            list(app(dict(ENVIRON), lambda *args: lambda data: None))
        def test_good(gateproof_lint):
            call(gateproof_lint(app))
        def test_broken(gateproof_lint):
            call(gateproof_lint(broken))
        """
    )
    run(project).assert_outcomes(passed=2, errors=1)


def use(generator: Any) -> Any:
    next(generator, None)


def test_the_fixture_warns_of_what_warns() -> None:
    fixture = lint_plugin.gateproof_lint()
    put = next(fixture)
    list(put(answer("200 "))(make_environ(), WSGIServer().start_response))
    with pytest.warns(LintWarning, match="WSGI-STATUS-004"):
        use(fixture)


def test_the_fixture_raises_for_what_fails() -> None:
    fixture = lint_plugin.gateproof_lint()
    put = next(fixture)
    list(put(answer("200"))(make_environ(), WSGIServer().start_response))
    with pytest.raises(LintError, match="WSGI-STATUS-003"):
        use(fixture)


class ASGI:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({**START, "status": "200"})
        await send(BODY)


def test_an_asgi_instance_stays_itself() -> None:
    app, found = ASGI(), Findings("collect", "application")
    assert lint_plugin.observe_in_place(app, found) is app
    assert isinstance(app, ASGI)
    Server([REQUEST]).serve(app, scope(HTTP))
    assert [finding.requirement_id for finding in found.since(0)] == ["ASGI-HTTP-RESP-006"]


class Slots:
    __slots__ = ("x",)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return hello(environ, start_response)


@pytest.mark.parametrize("app", [Slots(), hello, lambda environ, start_response: hello(environ, start_response)])
def test_any_application_can_be_observed(app: Any) -> None:
    found = Findings("collect", "application")
    observed = lint_plugin.observe_in_place(app, found)
    assert list(observed(make_environ(), WSGIServer().start_response)) == [b"ok"]


DJANGO = """
import django
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", DEBUG=False)
django.setup()
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

def home(request):
    response = HttpResponse("hello")
    response.set_cookie("a", "b")
    return response

def echo(request):
    return HttpResponse(request.body)

def stream(request):
    return StreamingHttpResponse(iter([b"a", b"b"]))

def broken(request):
    return HttpResponse("hello", headers={"Connection": "close"})

urlpatterns = [path("", home), path("echo", echo), path("stream", stream), path("broken", broken)]
application = get_wsgi_application()
"""


def test_djangos_client_is_linted_too(project: pytest.Pytester) -> None:
    pytest.importorskip("django")
    project.makepyfile(
        site_of_mine=DJANGO,
        test_it="""
        import site_of_mine
        from django.test import Client
        client = Client()
        def test_good():
            assert client.get("/").content == b"hello"
            assert client.post("/echo", b"x", content_type="text/plain").content == b"x"
            assert client.get("/stream").getvalue() == b"ab"
            assert client.get("/missing").status_code == 404
            assert client.head("/").status_code == 200
        def test_broken():
            assert client.get("/broken").content == b"hello"
        """,
    )
    result = run(project, "--lint-apps=site_of_mine:application", "-W", "error::gateproof.lint.LintWarning")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*WSGI-HTTP-031 (application)*"])


DJANGO_ASYNC = """
import asyncio
import site_of_mine
from django.test import AsyncClient
client = AsyncClient()
def ask(how, path, *args, **kwargs):
    return asyncio.run(getattr(client, how)(path, *args, **kwargs))
def test_good():
    assert ask("get", "/").content == b"hello"
    assert ask("post", "/echo", b"x", content_type="text/plain").content == b"x"
    assert ask("get", "/missing").status_code == 404
    assert ask("head", "/").status_code == 200
    assert ask("get", "/").cookies["a"].value == "b"
def test_stream():
    assert asyncio.run(streamed()) == b"ab"
async def streamed():
    response = await client.get("/stream")
    return b"".join([part async for part in response])
def test_broken():
    assert ask("get", "/broken").content == b"hello"
"""


def test_djangos_asynchronous_client_is_linted_too(project: pytest.Pytester) -> None:
    pytest.importorskip("django")
    made = DJANGO.replace("wsgi", "asgi").replace('"Connection": "close"', '"Content-Length": "99"')
    project.makepyfile(site_of_mine=made, test_it=DJANGO_ASYNC)
    result = run(project, "--lint-apps=site_of_mine:application", "-W", "error:ASGI-HTTP-RESP-036")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*LintWarning: ASGI-HTTP-RESP-036 (application)*"])


def test_flasks_client_is_linted_too(project: pytest.Pytester) -> None:
    pytest.importorskip("flask")
    project.makepyfile(
        flask_project="""
        from flask import Flask
        app = Flask("flask_project")
        app.add_url_rule("/", "home", lambda: "hello")
        app.add_url_rule("/broken", "broken", lambda: ("x", {"Connection": "close"}))
        """,
        test_it="""
        from flask import Flask
        from flask_project import app
        def test_good():
            assert isinstance(app, Flask) and app.test_client().get("/").text == "hello"
        def test_broken():
            assert app.test_client().get("/broken").text == "x"
        """,
    )
    result = run(project, "--gateproof-lint-apps=flask_project:app")
    result.assert_outcomes(passed=1, failed=1)
    assert "gateproof.lint" in sys.modules


CLIENTS = {
    "starlette.testclient": (
        "pages:asgi",
        """
        from starlette.testclient import TestClient
        def get(path):
            return TestClient(pages.asgi).get(path).content
        """,
    ),
    "httpx, asgi": (
        "pages:asgi",
        """
        import asyncio, httpx
        def get(path):
            async def talk():
                transport = httpx.ASGITransport(pages.asgi)
                async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
                    return (await client.get(path)).content
            return asyncio.run(talk())
        """,
    ),
    "httpx, wsgi": (
        "pages:wsgi",
        """
        import httpx
        def get(path):
            with httpx.Client(transport=httpx.WSGITransport(pages.wsgi), base_url="http://a") as client:
                return client.get(path).content
        """,
    ),
    "werkzeug.test": (
        "pages:wsgi",
        """
        from werkzeug.test import Client
        def get(path):
            return Client(pages.wsgi).get(path).data
        """,
    ),
}
PAGES = """
async def asgi(scope, receive, send):
    await receive()
    headers = [(b"content-type", b"text/plain"), *([(b"x-a", b"1\\r\\nx-b: 2")] if scope["path"] == "/broken" else [])]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})

def wsgi(environ, start_response):
    headers = [("Content-Type", "text/plain")]
    if environ["PATH_INFO"] == "/broken":
        headers.append(("Connection", "keep-alive"))
    start_response("200 OK", headers)
    return [b"hello"]
"""


@pytest.mark.parametrize("client", CLIENTS)
def test_a_fault_shows_through_every_client(project: pytest.Pytester, client: str) -> None:
    """Whichever client a project has: what conforms passes, what does not fails by the row that it breaks."""
    name, code = CLIENTS[client]
    pytest.importorskip(client.partition(",")[0])
    tests = """
        def test_good():
            assert get("/") == b"hello"
        def test_broken():
            assert get("/broken") == b"hello"
        """
    project.makepyfile(pages=PAGES, test_it="        import pages" + code + tests)
    result = run(project, f"--lint-apps={name}", "-W", "ignore::DeprecationWarning")
    result.assert_outcomes(passed=1, failed=1)
    row = "ASGI-HTTP-RESP-062" if name.endswith("asgi") else "WSGI-HTTP-031"
    result.stdout.fnmatch_lines([f"*{row} (application)*"])


def test_the_script_finds_a_flat_project(project: pytest.Pytester) -> None:
    """`pytest` has neither the folder that it is started in nor the root of the project on its path."""
    script = Path(sys.executable).with_name("pytest")
    command = [str(script), "-p", "no:randomly", "--lint-apps=myproject:broken", "-k", "good or broken"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=project.path, capture_output=True, text=True, timeout=60, env=environment, check=False
    )
    assert "1 failed, 1 passed, 4 deselected" in done.stdout, done.stdout + done.stderr
    assert "WSGI-STATUS-003 (application)" in done.stdout

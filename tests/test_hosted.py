"""What is judged in process in its less usual forms: a Django project, a fixture with middleware, trio throughout."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import clean, report_of, run

QUICK = ("--effort=quick", "--report=out")
TRIO = """
import trio

async def app(scope, receive, send):
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await trio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"hello"})
        return
    if scope["type"] != "websocket":
        raise NotImplementedError(scope["type"])
    await receive()
    await trio.sleep(0)
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        said = {key: event[key] for key in ("text", "bytes") if event.get(key) is not None}
        await send({"type": "websocket.send", **said})

def middleware(inner):
    async def wrapped(scope, receive, send):
        await trio.sleep(0)
        await inner(scope, receive, send)
    return wrapped
"""


def verdicts(folder: Path, *rows: str) -> set[str]:
    """Return the verdicts of rows in the report of a run."""
    requirements = report_of(folder)["requirements"]
    return {requirements[row]["verdict"] for row in rows}


def test_a_django_project(tmp_path: Path) -> None:
    """`module.wsgi:application` finds its settings as `django-admin startproject` lays them out."""
    pytest.importorskip("django")
    site = tmp_path / "mysite"
    site.mkdir()
    (site / "__init__.py").touch()
    (site / "settings.py").write_text(
        'SECRET_KEY = "x"\nALLOWED_HOSTS = ["*"]\nROOT_URLCONF = "mysite.urls"\nMIDDLEWARE = []\n'
    )
    (site / "urls.py").write_text(
        "from django.http import HttpResponse\nfrom django.urls import path\n"
        'urlpatterns = [path("", lambda request: HttpResponse("hello"))]\n'
    )
    for kind in ("wsgi", "asgi"):
        (site / f"{kind}.py").write_text(
            'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")\n'
            f"from django.core.{kind} import get_{kind}_application\napplication = get_{kind}_application()\n"
        )
    for kind, rows in (("wsgi", ("WSGI-STATUS-001", "WSGI-STATUS-003")), ("asgi", ("ASGI-HTTP-RESP-006",))):
        done = run(tmp_path, f"--app=mysite.{kind}:application", "-k", "status", *QUICK)
        assert clean(done)
        assert verdicts(tmp_path, *rows) == {"pass"}, done.stdout


def test_a_fixture_gives_middleware(tmp_path: Path) -> None:
    """What the conftest at the root gives is judged as middleware, whatever the command line names."""
    (tmp_path / "conftest.py").write_text(
        "import pytest\n@pytest.fixture(scope='session')\ndef gateproof_middleware():\n"
        "    def middleware(app):\n        def made(environ, start_response):\n"
        "            return app(environ, start_response=start_response)\n        return made\n    return middleware\n"
    )
    done = run(tmp_path, "--middleware=ours", "--interface=wsgi", "-k", "position", *QUICK)
    assert clean(done)
    assert report_of(tmp_path)["target"]["name"] == "ours"
    assert verdicts(tmp_path, "WSGI-CALL-010") == {"fail"}, done.stdout


def test_websockets_and_middleware_in_trio(tmp_path: Path) -> None:
    """Handshakes, and middleware with our application inside, are played in the loop that was asked for."""
    (tmp_path / "main.py").write_text(TRIO)
    done = run(tmp_path, "--app=main:app", "--app-loop=trio", "-k", "handshake", *QUICK)
    assert clean(done)
    assert verdicts(tmp_path, "ASGI-WS-005", "ASGI-WS-017") == {"pass"}, done.stdout
    done = run(
        tmp_path, "--middleware=main:middleware", "--app-loop=trio", "-k", "the_outer_scope or one_call_within", *QUICK
    )
    assert clean(done)
    assert done.returncode == 0, done.stdout

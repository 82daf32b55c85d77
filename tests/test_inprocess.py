"""Applications and middleware as targets: how they are named, found out and refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import clean, report_of, run

MODULE = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello"})

class Sync:
    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

def factory():
    return Sync()

def through(app, word="x"):
    async def middleware(scope, receive, send):
        assert word != "wrong"
        await app(scope, receive, send)
    return middleware

def adapter(app):
    async def adapted(scope, receive, send):
        app({"REQUEST_METHOD": "GET"}, lambda status, headers, exc_info=None: None)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})
    return adapted

def anything(*args):
    return None

number = 3
wsgi = Sync()
"""
TABLE = """
[tool.gateproof.middleware.mine]
callable = "main:through"
arguments = { word = "yes" }
[tool.gateproof.middleware.other]
callable = "main:through"
arguments = { world = "no" }
[tool.gateproof.middleware.strange]
kallable = "main:through"
"""
NOTHING = ["-k", "no_such_check"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a module."""
    (tmp_path / "main.py").write_text(MODULE)
    (tmp_path / "raising.py").write_text("raise RuntimeError('no database')\n")
    (tmp_path / "lacking.py").write_text("import nowhere_to_be_found\n")
    (tmp_path / "pyproject.toml").write_text(TABLE)
    return tmp_path


@pytest.mark.parametrize(
    ("named", "header"),
    [
        ("--app=main:app", "gateproof: application main:app, ASGI, Python"),
        ("--app=main", "gateproof: application main, ASGI, Python"),
        ("--app=main:wsgi", "gateproof: application main:wsgi, WSGI, Python"),
        ("--app=main:factory()", "gateproof: application main:factory(), WSGI, Python"),
        ("--middleware=main:through", "gateproof: middleware main:through, ASGI, Python"),
        ("--middleware=mine", "gateproof: middleware mine, ASGI, Python"),
        ("--middleware=main:adapter", "gateproof: application main:adapter, ASGI, Python"),
    ],
)
def test_what_a_name_means(project: Path, named: str, header: str) -> None:
    """The interface and the party are found out, and shown in the header."""
    done = run(project, named, *NOTHING)
    assert header in done.stdout, done.stdout + done.stderr
    assert clean(done)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("--app=nowhere:app", "there is no module nowhere, from"),
        ("--app=main:ap", "main has no attribute 'ap'; did you mean app?"),
        ("--app=main:number", "main:number is not callable: it is a int"),
        ("--app=main:anything", "say --interface=wsgi or asgi"),
        ("--app=raising:app", "importing raising raised RuntimeError: no database ("),
        ("--app=lacking:app", "importing lacking failed: No module named 'nowhere_to_be_found'"),
        ("--app=main:number()", "which cannot be called"),
        ("--app=:app", "name a module and an attribute"),
        ("--middleware=my", "neither module:callable nor a table"),
        ("--middleware=other", "unexpected keyword argument 'world'"),
        ("--middleware=strange", "unknown key 'kallable'"),
        ("--middleware=main:number", "main:number is not callable"),
    ],
)
def test_wrong_names(project: Path, named: str, words: str) -> None:
    """Status 4, and a message that says what is wrong and how to mend it."""
    done = run(project, named)
    assert done.returncode == 4, done.stdout
    assert words in done.stderr
    assert clean(done)


def test_a_report(project: Path) -> None:
    """The report has the shape of every report; exchanges hold the events of both sides."""
    done = run(project, "--app=main:app", "-k", "called_by_name", "--report=out")
    assert done.returncode == 0, done.stdout
    report = report_of(project)
    assert report["target"]["kind"] == "application"
    assert report["requirements"]["ASGI-APP-003"]["verdict"] == "pass"


def test_fixtures_stand_in_for_a_name(project: Path) -> None:
    """What the conftest at the root gives is judged, whatever the command line names."""
    (project / "conftest.py").write_text(
        "import pytest, main\n@pytest.fixture(scope='session')\ndef gateproof_app():\n    return main.app\n"
    )
    done = run(project, "--app=ours", "-k", "called_by_name", "--report=out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert report_of(project)["target"]["name"] == "ours"
    (project / "conftest.py").unlink()
    assert run(project, "--app=ours").returncode == 4


def test_an_event_loop_is_for_asgi(project: Path) -> None:
    """What a fixture gives is refused where it is called in none, as what is named is."""
    (project / "conftest.py").write_text(
        "import pytest\n@pytest.fixture(scope='session')\ndef gateproof_app():\n"
        "    def app(environ, start_response):\n        return []\n    return app\n"
    )
    done = run(project, "--app=ours", "--interface=wsgi", "--app-loop=asyncio", "-k", "any_status")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "--app-loop=asyncio: WSGI knows of no event loop" in done.stdout + done.stderr


def test_workers(project: Path) -> None:
    """Under pytest-xdist each worker has an application of its own, and one report comes of it."""
    done = run(project, "--app=main:app", "-k", "called_by_name", "--report=out", "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert report_of(project)["requirements"]["ASGI-APP-003"]["verdict"] == "pass"

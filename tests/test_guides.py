"""Every command that README and guides tell to type is run, in a project as the guides describe it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.running import run
from tests.test_docs import ROOT, blocks

# What is run elsewhere, or may not be run in a test: its beginning, and where or why.
ELSEWHERE = {
    "python3 -m venv": ".ci/run takes it from the README word by word",
    ".venv/bin/": ".ci/run, and the tests of the benchmarks",
    "pip install": "the tests of the wheel install into empty environments",
    "gateproof run": "the tests of launches; it installs from the network",
    "python -m gateproof.requirements": "writes into the checkout; tests compare what it would write",
}
FEW = "builtin_dict or version_and_scheme or two_positional or arguments_by_position"
APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]


def make():
    async def asgi(scope, receive, send):
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    return asgi
"""
TABLE = """
[tool.gateproof.servers.mine]
command = "{python} -m gateproof.reference.wsgi {app} --host {host} --port {port}"
interface = "wsgi"
"""


def commands() -> list[tuple[str, str]]:
    """Return document and line of every command in a console block, in their order."""
    return [(name, line.strip()) for name, text in blocks("console") for line in text.splitlines() if line.strip()]


def here(line: str) -> bool:
    """Tell whether a command is run here."""
    return not line.startswith(tuple(ELSEWHERE))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a server, an application and middleware of its own, and reports of some runs."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "mypkg").mkdir()
    (folder / "mypkg" / "__init__.py").touch()
    (folder / "mypkg" / "main.py").write_text(APP)
    (folder / "mypkg" / "mw.py").write_text("def middleware(app):\n    return app\n")
    (folder / "openapi.json").write_text(json.dumps({"paths": {"/items/{id}": {"get": {}}}}))
    (folder / "tests").mkdir()
    (folder / "tests" / "gateproof.toml").touch()
    (folder / "pyproject.toml").write_text(TABLE)
    assert run(folder, "--server=mine", "-k", FEW, "--report=out").returncode == 0
    report = json.loads((folder / "out" / "report.json").read_text())
    for name in ("before", "after", "thorough", "reports/mine", "shards/must", "shards/rest", *_repeats()):
        (folder / name).mkdir(parents=True)
        report["suite"]["id"] = (
            uuid.uuid4().hex
        )  # as if it had been a run of its own: one that is there twice is refused
        (folder / name / "report.json").write_text(json.dumps(report))
    return folder


def _repeats() -> list[str]:
    return [f"out-{number}" for number in range(1, 6)]


@pytest.mark.servers
@pytest.mark.parametrize(("document", "line"), [pair for pair in commands() if here(pair[1])])
def test_a_command_does_what_it_says(document: str, line: str, project: Path) -> None:
    """It is understood and ends as a run ends: what pytest would judge is cut to a few checks."""
    words = shlex.split(line.replace("/path/to/other/venv/bin/python", sys.executable))
    if words[:2] == ["gateproof", "replay"]:
        key = next(iter(json.loads((project / "out" / "report.json").read_text())["exchanges"]))
        words[2] = f"out#{key[:12]}"
    options = "-p no:randomly -p no:cacheprovider" + ("" if "-k" in words or "-m" in words else f" -k '{FEW}'")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTEST_ADDOPTS": options, "PATH": path, "PYTHONPATH": str(project)}
    done = subprocess.run(words, cwd=project, capture_output=True, text=True, env=environment, timeout=200, check=False)
    said = done.stdout + done.stderr
    assert done.returncode in (0, 1, 5), f"{document}: {line}\n{said}"
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said


def test_what_is_not_run_here_has_its_reason() -> None:
    """No exception is left over."""
    lines = [line for _, line in commands()]
    assert all(any(line.startswith(start) for line in lines) for start in ELSEWHERE)


def test_the_guides_are_a_site(tmp_path: Path) -> None:
    """mkdocs builds it, and a warning (a link that leads nowhere, a page that nobody reaches) is an error."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for page in ("index", "server-author/index", "app-author/index", "ci/index", "contributor/index", "verdicts/index"):
        assert (tmp_path / "site" / f"{page}.html").is_file()

"""`--app-paths`: files, documents that are served, and words that name nothing, for applications of both interfaces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .running import clean, report_of, run

MODULE = """
import json

DOCUMENT = {"openapi": "3.1.0", "paths": {"/items/{id}": {"get": {}}, "/form": {"post": {}}}}

def wsgi(environ, start_response):
    path, status = environ["PATH_INFO"], "200 OK"
    if path == "/items/1":
        status = 200
    elif path == "/openapi.json" and SERVED:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(DOCUMENT).encode()]
    start_response(status, [("Content-Type", "text/plain")])
    return [b"hello"]

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    while (await receive()).get("more_body"):
        pass
    status, body = 200, b"hello"
    if scope["path"] == "/items/1":
        status = "200"
    elif scope["path"] == "/openapi.json" and SERVED:
        body = json.dumps(DOCUMENT).encode()
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})
"""
KINDS = [("wsgi", "WSGI-STATUS-001"), ("asgi", "ASGI-HTTP-RESP-006")]
QUICK = ("-k", "status", "--effort=quick", "--report=out")


@pytest.mark.parametrize("served", [False, True], ids=["file", "served"])
@pytest.mark.parametrize(("app", "row"), KINDS)
def test_an_openapi_document(tmp_path: Path, app: str, row: str, *, served: bool) -> None:
    """A fault at a path that only the document names is found, be it a file or served by the application."""
    (tmp_path / "main.py").write_text(f"{MODULE}\nSERVED = {served}\n")
    (tmp_path / "api.json").write_text(json.dumps({"paths": {"/items/{id}": {"get": {}}, "/form": {"post": {}}}}))
    words = () if served else ("--app-paths=/,api.json",)
    done = run(tmp_path, f"--app=main:{app}", *words, *QUICK)
    assert clean(done)
    assert report_of(tmp_path)["requirements"][row]["verdict"] == "fail", done.stdout


@pytest.mark.parametrize("app", ["wsgi", "asgi"])
def test_a_file_that_is_missing_ends_the_run(tmp_path: Path, app: str) -> None:
    """It is said once what is wrong, and nothing is judged."""
    (tmp_path / "main.py").write_text(f"{MODULE}\nSERVED = False\n")
    done = run(tmp_path, f"--app=main:{app}", "--app-paths=/,openapi.yaml", *QUICK)
    assert clean(done)
    assert done.returncode == 4
    said = done.stdout + done.stderr
    assert said.count("--app-paths=/,openapi.yaml: 'openapi.yaml' is none of: ") == 1

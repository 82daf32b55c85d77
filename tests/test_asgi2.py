"""Applications and middleware of ASGI 2 are found out, told and judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateproof import asgi2

from .running import run

MODULE = """
class Application:
    def __init__(self, scope):
        self.scope = scope

    async def __call__(self, receive, send):
        if self.scope["type"] != "http":
            raise NotImplementedError(self.scope["type"])
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"hello"})

class Through:
    def __init__(self, inner, word):
        self.inner, self.word = inner, word

    def __call__(self, scope):
        if self.word == "write":
            scope["user"] = "nobody"
        return self.inner(scope)

def writing(inner):
    return Through(inner, "write")

def plain(inner):
    return Through(inner, "")
"""


class Instance:
    """An application of ASGI 2 whose scope is given to an object that is called."""

    def __call__(self, scope: Any) -> Any:
        """Return what is called with receive and send."""


class Class:
    """An application of ASGI 2 that is a class."""

    def __init__(self, scope: Any) -> None:
        """Take the scope."""

    async def __call__(self, receive: Any, send: Any) -> None:
        """Serve."""


async def three(scope: Any, receive: Any, send: Any) -> None:
    """Serve as ASGI 3 has it."""


def both(scope: Any, receive: Any = None, send: Any = None) -> Any:
    """Serve as either has it."""


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    """Serve as WSGI has it."""
    return []


def test_what_is_asgi_2() -> None:
    """A callable that takes the scope alone; whatever can be called as ASGI 3 or WSGI is none."""
    assert asgi2.is_legacy(Instance())
    assert asgi2.is_legacy(Class)
    assert not any(map(asgi2.is_legacy, (three, both, wsgi, lambda *arguments: None, dict, 3)))


@pytest.mark.parametrize(
    ("target", "some", "status", "told"),
    [
        ("--app=main:Application", "test_http_response", 0, " pass,"),
        ("--middleware=main:plain", "test_scope", 0, " pass,"),
        ("--middleware=main:writing", "test_scope", 1, "changed: ['user']"),
    ],
)
def test_a_run(tmp_path: Path, target: str, some: str, status: int, told: str) -> None:
    """It is judged as what it is in one call, and the header says so."""
    (tmp_path / "main.py").write_text(MODULE)
    done = run(tmp_path, target, "--fail-on=warn", "-k", some)
    assert done.returncode == status, done.stdout
    assert asgi2.TOLD in done.stdout
    assert told in done.stdout

"""The handle of an adapter from WSGI: the application that it makes, with a WSGI application of ours inside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateproof.drive.asgi.application import App
from gateproof.drive.asgi.scopes import Request
from gateproof.inprocess import Subject
from gateproof.validate import Finding
from gateproof.validate import wsgi as observers

Environ = dict[str, Any]
Behaviour = Callable[["Inside", Environ, Callable[..., Any]], Iterable[bytes]]
TEXT = ("Content-Type", "text/plain")


@dataclass(eq=False)
class Inside:
    """One call of the WSGI application, and what it met."""

    environ: Environ
    thread: int = 0
    body: bytes = b""
    closed: int = 0
    over: bool = False
    findings: list[Finding] = field(default_factory=list)


class Closing:
    """The body of a response: parts that are given one after another, and a close() that is counted."""

    def __init__(self, inside: Inside, parts: Iterator[bytes]) -> None:
        """Take the parts."""
        self.inside, self.parts = inside, parts

    def __iter__(self) -> Closing:
        """Give itself."""
        return self

    def __next__(self) -> bytes:
        """Give the next part."""
        try:
            return next(self.parts)
        except StopIteration:
            self.inside.over = True
            raise

    def close(self) -> None:
        """Note that the adapter is done with it."""
        self.inside.closed += 1


def responding(
    status: str = "200 OK", headers: Sequence[tuple[str, str]] = (TEXT,), parts: Sequence[bytes] = (b"inner",)
) -> Behaviour:
    """Return an application that reads the whole body and answers like this."""

    def behave(inside: Inside, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        inside.body = read(environ)
        start_response(status, list(headers))
        return Closing(inside, iter(parts))

    return behave


def read(environ: Environ) -> bytes:
    """Return the body of the request, as far as its length goes; all of it where no length is given."""
    length = environ.get("CONTENT_LENGTH") or ""
    stream = environ["wsgi.input"]
    pieces = []
    left = int(length) if length.isdigit() else -1
    while left and (piece := stream.read(min(left, 4096) if left > 0 else 4096)):
        pieces.append(piece)
        left -= len(piece) if left > 0 else 0
    return b"".join(pieces)


class Adapter(App):
    """What checks get as `app` where it is an adapter."""

    def __init__(self, subject: Subject) -> None:
        """Wrap a WSGI application whose behaviour each call chooses."""
        super().__init__(subject)
        self.behaviour: Behaviour = responding()
        self.calls: list[Inside] = []

        def app(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            inside = Inside(environ, threading.get_ident())
            self.calls.append(inside)

            def plain(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
                return self.behaviour(inside, environ, start_response)

            return observers.observe(plain, inside.findings.append)(environ, start_response)  # type: ignore[no-any-return]

        self.app = subject.wrap(app)

    def inside(self, behaviour: Behaviour) -> None:
        """Let the WSGI application behave like that from now on, and forget its calls."""
        self.behaviour, self.calls = behaviour, []

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Forget the check before."""
        super().begin_check(name, patient=patient)
        self.inside(responding())

    def _find(self) -> list[Request]:
        return [Request(), Request("POST", body=(b"a=1", b"&b=2"), headers=((b"content-length", b"7"),))]

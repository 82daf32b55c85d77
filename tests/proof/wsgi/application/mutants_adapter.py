"""Faults of an adapter from ASGI, each in the reference."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from gateproof.reference.asgi_adapter import Adapter, Environ, Event

from ...registry import mutant, variant

ASGI: dict[str, Any] = {"inner": "asgi"}


@mutant("WSGI-ASGI-001", **ASGI)
class KnowsTheRegistry(Adapter):
    """Takes the phrase from an enumeration."""

    def status(self, status: int) -> str:
        """The fault."""
        return f"{status} {HTTPStatus(status).phrase}"


@mutant("WSGI-ASGI-002", **ASGI)
class OneOfEach(Adapter):
    """Keeps one of fields that are repeated."""

    def headers(self, fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
        """The fault."""
        return super().headers(dict(fields).items())


@mutant("WSGI-ASGI-002", **ASGI)
class WantsHeaders(Adapter):
    """Looks headers up without a guard."""

    def take(self, event: Event, sent: list[Event]) -> None:
        """The fault."""
        super().take({**event, "headers": event["headers"]} if not sent else event, sent)


@mutant("WSGI-ASGI-003", **ASGI)
class WantsABody(Adapter):
    """Looks the body up without a guard."""

    def part(self, event: Event) -> bytes:
        """The fault."""
        return bytes(event["body"])


@mutant("WSGI-ASGI-004", **ASGI)
class ReadsOnce(Adapter):
    """Takes the first read for the whole body."""

    def body(self, environ: Environ) -> bytes:
        """The fault."""
        return bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


@mutant("WSGI-ASGI-004", **ASGI)
class EndsByADisconnect(Adapter):
    """Tells the end of a body by a disconnect."""

    def events(self, body: bytes) -> list[Event]:
        """The fault."""
        if not body:
            return super().events(body)
        return [{"type": "http.request", "body": body, "more_body": True}, {"type": "http.disconnect"}]


@mutant("WSGI-ASGI-005", **ASGI)
class PortsAreText(Adapter):
    """Gives the port as the environ has it."""

    def scope(self, environ: Environ) -> Environ:
        """The fault."""
        return {**super().scope(environ), "server": (environ["SERVER_NAME"], environ["SERVER_PORT"])}


@mutant("WSGI-ASGI-006", **ASGI)
class BelowTheMount(Adapter):
    """Leaves the mount point out of path."""

    def scope(self, environ: Environ) -> Environ:
        """The fault."""
        return {**super().scope(environ), "path": self.text(environ.get("PATH_INFO", "")) or "/"}


@mutant("WSGI-ASGI-006", **ASGI)
class PathsAsTheyAre(Adapter):
    """Takes the characters of a native string for those of the path."""

    def text(self, native: str) -> str:
        """The fault."""
        return native


@mutant("WSGI-ASGI-007", **ASGI)
class OneVersion(Adapter):
    """Says HTTP/1.1 whatever the server says."""

    def scope(self, environ: Environ) -> Environ:
        """The fault."""
        return {**super().scope(environ), "http_version": "1.1"}


@mutant("WSGI-ASGI-007", **ASGI)
class NoContentType(Adapter):
    """Leaves out the field that CGI does not begin with HTTP_."""

    def fields(self, environ: Environ) -> list[tuple[bytes, bytes]]:
        """The fault."""
        return [field for field in super().fields(environ) if field[0] != b"content-type"]


@mutant("WSGI-ASGI-008", **ASGI)
class AnswersForIt(Adapter):
    """Answers 200 where the application failed."""

    async def play(self, scope: Environ, body: bytes) -> tuple[Event, list[bytes]]:
        """The fault."""
        try:
            return await super().play(scope, body)
        except (LookupError, RuntimeError):
            return {"status": 200, "headers": [(b"content-type", b"text/plain")]}, [b""]


@variant(**ASGI)
class TellsFailuresByItself(Adapter):
    """Answers 500 where the application failed, whatever the failure is."""

    async def play(self, scope: Environ, body: bytes) -> tuple[Event, list[bytes]]:
        """Answer for it."""
        try:
            return await super().play(scope, body)
        except Exception:
            return {"status": 500, "headers": [(b"content-type", b"text/plain")]}, [b"sorry"]


@variant(**ASGI)
class GivesMuchInLittle(Adapter):
    """Gives the body in small parts with an empty last one, and fields in no order."""

    def events(self, body: bytes) -> list[Event]:
        """Cut the body."""
        parts = [body[at : at + 9999] for at in range(0, len(body), 9999)]
        return [{"type": "http.request", "body": part, "more_body": True} for part in parts] + [
            {"type": "http.request", "body": b"", "more_body": False}
        ]

    def fields(self, environ: Environ) -> list[tuple[bytes, bytes]]:
        """Sort them."""
        return sorted(super().fields(environ))


@variant(**ASGI)
class Plain(Adapter):
    """The reference as it is."""

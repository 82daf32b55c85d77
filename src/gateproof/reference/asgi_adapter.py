"""An adapter from ASGI that conforms: an ASGI application as a WSGI one, small enough to read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any

Environ = dict[str, Any]
Event = dict[str, Any]
PHRASES = {int(status): status.phrase for status in HTTPStatus}


class Adapter:
    """Plays a whole ASGI call in a loop of its own, and answers with what came of it."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        """Wrap an ASGI application."""
        self.application = application

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one call."""
        start, parts = asyncio.run(self.play(self.scope(environ), self.body(environ)))
        start_response(self.status(start["status"]), self.headers(start.get("headers", ())))
        return parts

    async def play(self, scope: Environ, body: bytes) -> tuple[Event, list[bytes]]:
        """Return the start of the response, and its parts."""
        sent: list[Event] = []
        over = asyncio.Event()
        given = iter(self.events(body))

        async def receive() -> Event:
            event = next(given, None)
            if event is None:
                await over.wait()
                return {"type": "http.disconnect"}
            return event

        async def send(event: Event) -> None:
            self.take(event, sent)
            if event["type"] == "http.response.body" and not event.get("more_body", False):
                over.set()

        await self.application(scope, receive, send)
        if not over.is_set():
            raise RuntimeError("the response has no end")
        return sent[0], [self.part(event) for event in sent[1:]]

    def take(self, event: Event, sent: list[Event]) -> None:
        """Take an event of the response; raises for one that does not belong there."""
        wanted = "http.response.body" if sent else "http.response.start"
        if event["type"] != wanted:
            raise RuntimeError(f"{event['type']} where {wanted} is due")
        sent.append(dict(event))

    # What the application is given

    def events(self, body: bytes) -> list[Event]:
        """Return the events of a request."""
        return [{"type": "http.request", "body": body, "more_body": False}]

    def body(self, environ: Environ) -> bytes:
        """Return the body of the request."""
        left, body = int(environ.get("CONTENT_LENGTH") or 0), b""
        while left and (part := environ["wsgi.input"].read(left)):
            body, left = body + part, left - len(part)
        return body

    def text(self, native: str) -> str:
        """Return what a native string of a path stands for."""
        return native.encode("latin-1").decode("utf-8", "replace")

    def scope(self, environ: Environ) -> Environ:
        """Return the scope for an environ."""
        root = self.text(environ.get("SCRIPT_NAME", ""))
        scope: Environ = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": environ["SERVER_PROTOCOL"].removeprefix("HTTP/"),
            "method": environ["REQUEST_METHOD"].upper(),
            "scheme": environ["wsgi.url_scheme"],
            "path": root + self.text(environ.get("PATH_INFO", "")),
            "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
            "root_path": root,
            "headers": self.fields(environ),
            "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
        }
        if environ.get("REMOTE_ADDR"):
            scope["client"] = (environ["REMOTE_ADDR"], int(environ.get("REMOTE_PORT") or 0))
        return scope

    def fields(self, environ: Environ) -> list[tuple[bytes, bytes]]:
        """Return the fields of the request."""
        names = {key: key.removeprefix("HTTP_") for key in environ if key.startswith("HTTP_")}
        names |= {key: key for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(key)}
        spelt = {key: name.lower().replace("_", "-").encode("latin-1") for key, name in names.items()}
        return [(name, environ[key].encode("latin-1")) for key, name in spelt.items()]

    # What comes of it

    def status(self, status: int) -> str:
        """Return a status with its reason phrase."""
        return f"{int(status)} {PHRASES.get(status, 'Unregistered')}"

    def headers(self, fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
        """Return the fields of the response."""
        return [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in fields]

    def part(self, event: Event) -> bytes:
        """Return a part of the body."""
        return bytes(event.get("body", b""))

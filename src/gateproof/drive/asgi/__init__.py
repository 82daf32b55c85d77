"""Plays the ASGI server in process: any server that the text allows, for one call or for a whole lifetime."""

from __future__ import annotations

import warnings
from typing import Any

from gateproof.drive.asgi.adapter import Adapter
from gateproof.drive.asgi.application import App
from gateproof.drive.asgi.call import Call
from gateproof.drive.asgi.loops import AsyncioLoop, make
from gateproof.drive.asgi.middleware import Middleware
from gateproof.drive.asgi.replay import replay, replayable
from gateproof.drive.asgi.scopes import Request, body_events, http_scope
from gateproof.inprocess import Handle, Hung, Played, Subject

TRIAL_S = 3.0

__all__ = [
    "Adapter",
    "App",
    "AsyncioLoop",
    "Call",
    "Middleware",
    "Request",
    "calls_within",
    "handle",
    "replay",
    "replayable",
]


def handle(subject: Subject) -> Handle:
    """Return the handle that checks get."""
    if subject.adapter:
        return Adapter(subject)
    return Middleware(subject) if subject.judged_as == "middleware" else App(subject)


def calls_within(subject: Subject, inner: str) -> bool:
    """Tell, by one request, whether middleware calls an application of the interface `inner` within."""
    called: list[str] = []

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        called.append("asgi")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        called.append("wsgi")
        start_response("200 OK", [])
        return []

    loop = make(subject.loop)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call = Call(loop, http_scope(Request()), Played(""))
        call.give(*body_events(Request()))

        async def main() -> None:
            call.begin(subject.again(asgi if inner == "asgi" else wsgi), observed=False)
            await call.end(TRIAL_S)

        try:
            loop.run(main)
        except (Exception, Hung):  # what it does with an application that is none of its own may be anything
            loop.close()
            return False
    if call.error is None and inner in called and subject.first is not None:
        subject.first.loop = loop  # where a second one does not work, this one is judged, in its loop
    else:
        loop.close()
    return inner in called

"""Plays the WSGI server in process: any server that PEP 3333 allows, for one call of an application or middleware.

served = serve(app, Request("POST", "/", body=b"x"), Manner(reads=(1,), take=0))
served.status, served.body, served.error, served.findings
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from gateproof.drive.wsgi.replay import replay, replayable
from gateproof.drive.wsgi.requests import Manner, Request, make_environ
from gateproof.drive.wsgi.serving import Served, serve

if TYPE_CHECKING:
    from gateproof.inprocess import Handle, Subject

TRIAL_S = 3.0

__all__ = ["Manner", "Request", "Served", "calls_within", "handle", "make_environ", "replay", "replayable", "serve"]


def handle(subject: Subject) -> Handle:
    """Return the handle that checks get."""
    from gateproof.drive.wsgi.adapter import Adapter
    from gateproof.drive.wsgi.application import Application
    from gateproof.drive.wsgi.middleware import Middleware

    if subject.adapter:
        return Adapter(subject)
    return Middleware(subject) if subject.judged_as == "middleware" else Application(subject)


def calls_within(subject: Subject, inner: str) -> bool:
    """Tell, by one request, whether middleware calls an application of the interface `inner` within."""
    called: list[str] = []

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        called.append("wsgi")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return []

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        called.append("asgi")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        serve(subject.again(asgi if inner == "asgi" else wsgi), deadline=TRIAL_S)
    return inner in called

"""Laws over servers: an application answers the same whichever legal server asks."""

from __future__ import annotations

from gateproof.drive.asgi import App
from gateproof.drive.asgi.application import Answer, Usual, answer
from gateproof.drive.asgi.scopes import Request, Server
from gateproof.judge import Blocked, Judge
from gateproof.wire.selecting import Selected

MOST = 4


def working(app: App) -> list[Usual]:
    """Return the ways that answer, a few of them; without any the check has nothing to compare with."""
    found = app.working[:MOST]
    if not found:
        raise Blocked("no request is answered even by a server that gives everything")
    return found


def survives(app: App, judge: Judge, row: str, usual: Usual, server: Server, request: Request | None = None) -> Answer:
    """Judge that a way that works goes on working with a server: no exception, no hanging, no answer of the 500s."""
    seen = answer(app.http(request or usual.request, server))
    judge(row, not seen.broken, f"{usual.request} goes on working: {usual.answer}", seen)
    return seen


def unchanged(app: App, judge: Judge, row: str, usual: Usual, server: Server, request: Request | None = None) -> None:
    """Judge that a way answers with another server what it answers with an ordinary one."""

    def ask() -> Answer:
        return answer(app.http(request or usual.request, server))

    seen = ask()
    judge(row, app.same(usual, seen, ask), f"{usual.request} as usual: {usual.answer}", seen)


def selected(seen: Answer) -> Selected:
    """Return an answer as its client would look at it; one that failed is no answer."""
    fields = tuple((name.lower(), value) for name, value in seen.fields)
    return Selected(0 if seen.broken else seen.status or 0, fields, seen.body)

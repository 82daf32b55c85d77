"""A survey of an application: it is played by servers of many kinds, and the observers say what it broke.

One survey serves all checks that judge what the application sends; each row keeps its own verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gateproof.drive.asgi import App, Call
from gateproof.drive.asgi.scopes import PLAIN, Request, Server
from gateproof.judge import Judge
from gateproof.validate import Finding

from .talking import CHAT, conversation

HTTP_EXTENSIONS = (
    "http.response.push",
    "http.response.zerocopysend",
    "http.response.pathsend",
    "http.response.early_hint",
    "http.response.trailers",
    "http.response.debug",
)
DENIAL = "websocket.http.response"
ALL: dict[str, Any] = {name: {} for name in (*HTTP_EXTENSIONS, DENIAL)}
CONDITIONS = (
    *(
        (b"range", b"bytes=" + ranges)
        for ranges in (b"0-1", b"1-2", b"1-", b"-1", b"0-0", b"0-0,2-2", b"2-1", b"999999999-")
    ),
    (b"if-none-match", b"*"),
    (b"if-modified-since", b"Sat, 01 Jan 2050 00:00:00 GMT"),
    (b"accept-encoding", b"gzip, br, deflate"),
    (b"accept", b"application/json"),
    (b"origin", b"http://elsewhere.example"),
)
FORM = ((b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"7"))
SERVERS = (
    PLAIN,
    PLAIN.but(asgi={"version": "3.0"}, offers=None),
    PLAIN.but(asgi={"version": "3.0", "spec_version": "2.5"}, offers=ALL, http_version="2", scheme="https"),
    *(PLAIN.but(offers={name: {}}) for name in HTTP_EXTENSIONS),
)
METHODS = ("HEAD", "OPTIONS", "POST", "DELETE", "BREW")
# A parameter that ends up in a field must not take its line end, nor what latin-1 lacks, with it.
REFLECTED = (b"next", b"url", b"redirect", b"return_to", b"name", b"filename", b"lang", b"callback", b"q", b"value")
HOSTILE = (b"%0D%0Ax-injected:%201", b"%E2%82%AC", b"%00")


@dataclass
class Survey:
    """What was played, and what the observers found: for each row the first finding, with its call."""

    calls: list[Call] = field(default_factory=list)
    findings: dict[str, tuple[Finding, Call]] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    accepted: list[Request] = field(default_factory=list)
    answered: list[Request] = field(default_factory=list)

    def take(self, call: Call) -> Call:
        """Add a call."""
        self.calls.append(call)
        self.sent.update(call.types)
        for finding in call.findings:
            if finding.party == "application":
                known = self.findings.get(finding.requirement_id)
                if known is None or _weight(finding) < _weight(known[0]):
                    self.findings[finding.requirement_id] = (finding, call)
        return call


def _weight(finding: Finding) -> int:
    return ("fail", "warn", "inform").index(finding.weight)


def survey(app: App) -> Survey:
    """Return the survey of an application, made when it is first asked for."""
    return app.once("survey", lambda: _made(app))


def _made(app: App) -> Survey:
    made = Survey()
    for request, server in _requests(app):
        made.take(app.http(request, server))
    for place in app.handshakes:
        for server in (PLAIN, PLAIN.but(offers=ALL), PLAIN.but(asgi={"version": "3.0"}, offers=None)):
            offered = CHAT if server is not PLAIN else ()
            call = made.take(app.websocket(place.but(subprotocols=offered), conversation(app), server))
            if server is PLAIN and "websocket.accept" in call.types:
                made.accepted.append(place)
            if any(kind.startswith("websocket.") for kind in call.types) and place not in made.answered:
                made.answered.append(place)
    made.take(app.wake())
    made.take(app.http(Request(path="/gateproof-no-such-place")))
    return made


def _requests(app: App) -> Iterator[tuple[Request, Server]]:
    ways = [request for request in app.ways if app.usual(request).answer.end != "endless"]
    for number, request in enumerate(ways):
        for server in SERVERS:
            yield request, server
        for condition in (*CONDITIONS, *_validators(app, request)):
            yield request.but(headers=(condition,)), PLAIN
        for value in HOSTILE if number < 3 else ():
            yield request.but(query=b"&".join(b"%s=%s" % (name, value) for name in REFLECTED)), PLAIN
        if number < 3:
            yield from _methods(request)
    if any(request.path != "/" for request in ways) and ways[0].path != "/":
        yield Request(), PLAIN


def _validators(app: App, request: Request) -> list[tuple[bytes, bytes]]:
    """Return the conditions that a response invites its client to make."""
    found = dict(reversed(app.usual(request).answer.fields))
    asked = {b"etag": b"if-none-match", b"last-modified": b"if-modified-since"}
    return [(condition, found[name]) for name, condition in asked.items() if name in found]


def _methods(request: Request) -> Iterator[tuple[Request, Server]]:
    """Vary the method of a request that changes nothing; others are left as they were named."""
    for method in METHODS:
        changed = request.but(method=method, headers=FORM if method == "POST" else ())
        yield changed.but(body=(b"a=1", b"&b=2") if method == "POST" else (b"",)), PLAIN


def overseen(app: App, judge: Judge, *rows: str, where: Callable[[Survey], object] = bool, lacking: str = "") -> None:
    """Judge rows by what the observers found; where the survey shows nothing of the kind they are unsupported."""
    made = survey(app)
    for row in rows:
        if row in made.findings:
            finding, call = made.findings[row]
            app.point_at(call.played)
            judge(row, False, finding.expected, f"{finding.message}: {finding.seen}", weight=finding.weight)
        elif lacking and not where(made):
            judge.unsupported(row, lacking)
        else:
            judge(row, True)
    app.point_at()


def sends(*kinds: str) -> Callable[[Survey], object]:
    """Return whether events of one of these types were sent."""
    return lambda made: made.sent & set(kinds)


def accepting(app: App) -> Iterable[Request]:
    """Return the places at which the application accepts a WebSocket."""
    return survey(app).accepted

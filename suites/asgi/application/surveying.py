"""A survey of an application: it is played by servers of many kinds, and the observers say what it broke.

One survey serves all checks that judge what the application sends; each row keeps its own verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateproof.draw import Draw
from gateproof.drive.asgi import App, Call
from gateproof.drive.asgi.scopes import PLAIN, Request, Server
from gateproof.judge import Judge
from gateproof.validate import Finding

from . import drawing
from .drawing import Asked, Step
from .talking import CHAT, conversation, spoken

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

HTTP_EXTENSIONS = (
    "http.response.push",
    "http.response.zerocopysend",
    "http.response.pathsend",
    "http.response.early_hint",
    "http.response.trailers",
    "http.response.debug",
)
DENIAL = "websocket.http.response"
SILENCES = 3
ROUNDS = 3  # Hypothesis varies what it drew: to begin anew gives more that is new than to go on
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
METHODS = ("HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "BREW")
WRITING = ("POST", "PUT", "PATCH")
# A parameter that ends up in a field must not take its line end, nor what latin-1 lacks, with it.
REFLECTED = (b"next", b"url", b"redirect", b"return_to", b"name", b"filename", b"lang", b"callback", b"q", b"value")
HOSTILE = (b"%0D%0Ax-injected:%201", b"%E2%82%AC", b"%00")
# Numbers that are out of range, or none, and what is no query of pairs.
STRANGE = (b"page=-1", b"page=0&limit=-1&id=99999999999999999999", b"page=&id=x", b"a=%zz&=&&a[]=1", b"%FF")
# Fields that an application looks at, each with a value that it may not be ready for.
ODD = (
    (b"accept", b"a/b;q=\xb2, ,*"),
    (b"accept-language", b"*;q=\xb2"),
    (b"cookie", b"a=\xff; b=1; =; c"),
    (b"user-agent", b"caf\xe9"),
    (b"range", b"bytes=x-"),
    (b"authorization", b"Basic \xe9\xe9"),
    (b"x-forwarded-for", b"\xff, unknown"),
)
BAD_JSON = ((b"content-type", b"application/json"), (b"content-length", b"2"))


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

    def evidence(self, lacks: str) -> Call:
        """Return a call in which the application could have used what it lacks."""
        extension = lacks.removeprefix("extension:")
        kind = "websocket" if "websocket" in lacks else "http"
        calls = [call for call in self.calls if call.scope["type"] == kind]
        return next((call for call in calls if extension in (call.scope.get("extensions") or ())), calls[0])


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
            for query in STRANGE:
                yield request.but(query=query), PLAIN
            yield request.but(headers=ODD), PLAIN
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
        changed = request.but(method=method, headers=FORM if method in WRITING else ())
        yield changed.but(body=(b"a=1", b"&b=2") if method in WRITING else (b"",)), PLAIN
    yield request.but(method="POST", headers=BAD_JSON, body=(b"{\xff",)), PLAIN


def overseen(
    app: App,
    judge: Judge,
    draw: Draw,
    *rows: str,
    where: Callable[[Survey], object] = bool,
    lacking: str = "",
    lacks: str = "",
) -> None:
    """Judge rows by what the observers found, in the survey and in drawn sessions.

    Where the survey shows nothing of the kind they are unsupported: `lacking` says so, `lacks` names the feature.
    """
    made = survey(app)
    shown = made.evidence(lacks)
    for row in rows:
        if row in made.findings:
            finding, call = made.findings[row]
            app.point_at(call.played)
            judge(row, False, finding.expected, f"{finding.message}: {finding.seen}", weight=finding.weight)
        elif lacking and not where(made):
            app.point_at(shown.played)
            judge.unsupported(row, lacking, lacks=lacks)
        else:
            judge(row, True)
    app.point_at()
    left = set(rows) - made.findings.keys()
    if draw.effort == "quick" or draw.frozen is not None or not left:
        return

    def law(session: list[Step]) -> None:
        for step in session:
            call = played(app, step)
            for finding in _own(call):
                if finding.requirement_id in left:
                    app.point_at(call.played)
                    seen = f"{finding.message}: {finding.seen}"
                    judge(finding.requirement_id, False, finding.expected, seen, weight=finding.weight)
        app.point_at()

    # The draws of one run are the same for every check: they are played once, and again where one has to be shrunk.
    if draw.effort == "thorough" or app.once("drawn", lambda: _found(app, draw)) & left:
        draw(law, sessions(app), rounds=ROUNDS)


def sessions(app: App) -> SearchStrategy[list[Step]]:
    """Return drawn sessions: requests and conversations, one after the other, at the places that there are."""
    ways = [request for request in app.ways if app.usual(request).answer.end not in ("endless", "hung")]
    return drawing.sessions(ways or [Request()], survey(app).accepted, SERVERS)


def _found(app: App, draw: Draw) -> set[str]:
    """Return the rows that are broken in a session that is drawn. Where it falls silent again and again that is all."""
    found: set[str] = set()

    def look(session: list[Step]) -> None:
        for step in session if app.silences < SILENCES else ():
            found.update(finding.requirement_id for finding in _own(played(app, step)))

    draw(look, sessions(app), rounds=ROUNDS)
    return found


def _own(call: Call) -> list[Finding]:
    return [each for each in call.findings if each.party == "application" and each.weight != "inform"]


def played(app: App, step: Step) -> Call:
    """Play a step of a session."""
    if isinstance(step, Asked):
        return app.http(step.request, step.server, leave=step.leave)
    return app.websocket(step.place, spoken(app, step), step.server)


def sends(*kinds: str) -> Callable[[Survey], object]:
    """Return whether events of one of these types were sent."""
    return lambda made: made.sent & set(kinds)


def accepting(app: App) -> Iterable[Request]:
    """Return the places at which the application accepts a WebSocket."""
    return survey(app).accepted

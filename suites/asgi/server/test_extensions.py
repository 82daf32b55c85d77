"""ASGI specification, Extensions: what a scope advertises, and that it is all of what the server can do."""

from __future__ import annotations

from typing import Any

from gateproof.asgi_scripts import (
    Script,
    Step,
    asgi,
    attempt,
    attempts,
    body,
    file,
    note,
    path,
    receive,
    respond,
    send,
    start,
)
from gateproof.check import launch, requirement
from gateproof.exchange import Exchange
from gateproof.judge import Judge
from gateproof.target import Server

from .looking import extensions, websocket_scope
from .offering import TRAILERS_WANTED, accepted, entries, refusals, ways
from .talking import speaks

CONTENT = b"gateproof-file-content"
HINT = {"type": "http.response.early_hint", "links": [b"</gateproof.css>; rel=preload"]}
PUSH = {"type": "http.response.push", "path": "/pushed", "headers": []}
DEBUG = {"type": "http.response.debug", "info": {"gateproof": "x"}}
TRAILERS = {"type": "http.response.trailers", "headers": [(b"x-gateproof-sum", b"abc")], "more_trailers": False}
PATHSEND = {"type": "http.response.pathsend", "path": path(CONTENT)}
ZEROCOPY = {"type": "http.response.zerocopysend", "file": file(CONTENT)}
NUMBERED = {"type": "http.response.zerocopysend", "file": file(CONTENT, number=True)}  # the text can be read so
DENIAL: dict[str, Any] = {"type": "websocket.http.response.start", "status": 403, "headers": []}


@launch("http2")
@requirement("ASGI-EXT-001", "ASGI-EXT-078", "ASGI-EXT-060")
def test_extensions_of_a_scope(server: Server, judge: Judge) -> None:
    """Extensions are a dict of names, each with a dict; that of test clients is not among them."""
    scopes = [way.scope() for way in ways(server)]
    if server.has("websocket"):
        scopes.append(websocket_scope(server))
    scopes += [call.scope for call in server.lifespan.calls[-1:]]
    for scope in scopes:
        seen = entries(scope)
        if seen in ("(absent)", None):
            judge("ASGI-EXT-001", True)
            judge("ASGI-EXT-078", True)
            judge("ASGI-EXT-060", True)
            continue
        named = isinstance(seen, dict) and all(isinstance(name, str) for name in seen)
        if not judge("ASGI-EXT-001", named, "a dict whose keys are str, or no key", seen):
            judge.rest_blocked("extensions is no dict with names")
            return
        bare = [
            name for name, about in extensions(scope).items() if not isinstance(getattr(about, "base", about), dict)
        ]
        judge("ASGI-EXT-078", not bare, "a dict for each name", {name: extensions(scope)[name] for name in bare})
        judge("ASGI-EXT-060", "http.response.debug" not in seen, "no http.response.debug", sorted(seen))


# Of each extension of http scopes: a script that uses it in its place, and goes on to a whole response where it is
# refused or ignored. What follows the event is tried, as the event may have been the last of the response.
def _before(event: dict[str, Any]) -> Script:
    return asgi(attempt([send(event)]), respond(octets=b"plain"))


def _instead(event: dict[str, Any]) -> Script:
    return asgi(send(start()), *attempts(send(event), send(body(b"plain"))))


def _middle(event: dict[str, Any]) -> Script:
    return asgi(send(start()), attempt([send(event)]), send(body(b"plain")))


def _trailing(event: dict[str, Any]) -> Script:
    announce = start(headers=((b"trailer", b"x-gateproof-sum"),), trailers=True)
    return asgi(send(announce), send(body(b"plain")), attempt([send(event)]))


def _untimely(event: dict[str, Any]) -> Script:
    return asgi(send(start()), send(body(b"pl", more=True)), attempt([send(event)]), send(body(b"ain")))


OFFERED: dict[str, tuple[Script, ...]] = {
    "http.response.early_hint": (_before(HINT), _middle(HINT)),
    "http.response.push": (_middle(PUSH),),
    "http.response.trailers": (_trailing(TRAILERS),),
    "http.response.pathsend": (_instead(PATHSEND),),
    "http.response.zerocopysend": (_instead(ZEROCOPY), _instead(NUMBERED)),
    "http.response.debug": (_before(DEBUG), _middle(DEBUG)),
}
NOT_OFFERED: dict[str, Script] = {
    "http.response.early_hint": _before(HINT),
    "http.response.push": _middle(PUSH),
    "http.response.trailers": _untimely(TRAILERS),
    "http.response.pathsend": _instead(PATHSEND),
    "http.response.zerocopysend": _instead(ZEROCOPY),
    "http.response.debug": _before(DEBUG),
}


@launch("http2")
@requirement("ASGI-EXT-002", revision=2)
def test_what_is_advertised_works(server: Server, judge: Judge) -> None:
    """The events of an extension that a scope advertises are taken, in one of the places that it allows."""
    judge("ASGI-EXT-002", True)
    for way in ways(server):
        for name in extensions(way.scope()):
            if name in OFFERED:
                seen = [way.ask(script, TRAILERS_WANTED[way.version]) for script in OFFERED[name]]
                taken = any(all(accepted(x, name)) for x in seen)
                about = [refusals(x) for x in seen]
                judge("ASGI-EXT-002", taken, f"{name} over {way.version} is taken", about)
            elif str(name).startswith("websocket."):
                judge.reading("ASGI-EXT-002", f"an http scope advertises {name}")
    if server.has("websocket"):
        _judge_denial(server, judge)


def _judge_denial(server: Server, judge: Judge) -> None:
    """A denial response that a websocket scope advertises is taken."""
    offered = extensions(websocket_scope(server))
    for name in offered:
        if str(name).startswith("http."):
            judge.reading("ASGI-EXT-002", f"a websocket scope advertises {name}")
    if "websocket.http.response" not in offered:
        return
    last: Step = send({"type": "websocket.http.response.body", "body": b"denied"})
    speaks(server)
    with server.websocket(asgi(receive(), send(DENIAL), last, note("said"), live=True)) as talk:
        server.wait(talk.exchange, "note", server.patience)
        seen = refusals(talk.exchange)
    judge("ASGI-EXT-002", not seen, "websocket.http.response is taken", seen)


@launch("http2")
@requirement("ASGI-EXT-003", "ASGI-EXT-006")
def test_what_is_not_advertised_is_refused(server: Server, judge: Judge) -> None:
    """An event of an extension that a scope does not advertise is refused, and not acted upon in silence."""
    for way in ways(server):
        if not isinstance(entries(way.scope()), (dict, str, type(None))):
            judge.rest_blocked("extensions is no dict: what it advertises is not known")
            return
        judge("ASGI-EXT-003", True)
        judge("ASGI-EXT-006", True)
        for name, script in NOT_OFFERED.items():
            if way.offers(name):
                continue
            x = way.ask(script, TRAILERS_WANTED[way.version])
            taken = accepted(x, name)
            if not taken:
                continue
            judge("ASGI-EXT-003", not all(taken), f"{name} over {way.version} is refused", "send returns")
            acted = _acted(x)
            judge("ASGI-EXT-006", not acted, f"nothing of {name} over {way.version} on the wire", acted)
        if way.offers("websocket.http.response"):
            continue  # said where what is advertised is judged
        x = way.ask(asgi(attempt([send(DENIAL)]), respond()))
        judge("ASGI-EXT-003", not all(accepted(x, DENIAL["type"])), f"{DENIAL['type']} is refused", "send returns")


def _acted(x: Exchange) -> str:
    """Say what of an extension's event shows on the wire."""
    if any(answer.status == 103 for answer in x.interim):
        return "an interim response 103"
    if x.response is None:
        return ""
    if x.response.trailers:
        return f"trailers {x.response.trailers!r}"
    return "the content of the file" if CONTENT in x.response.body else ""

"""Extensions, Early Hints and Server Push, where a scope advertises them."""

from __future__ import annotations

from typing import Any

from gateproof.asgi_scripts import Script, asgi, attempt, body, ok, send, start
from gateproof.check import launch, requirement
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire.request import get

from .looking import values_of
from .multiplexing import AUTHORITY, marks, multiplexed
from .offering import Way, accepted, comparable, entity, offering

HINT = "http.response.early_hint"
PUSH = "http.response.push"
LINKS = [b"</a.css>; rel=preload; as=style", b"</b.js>; rel=preload; as=script"]
FIRST = {"type": HINT, "links": LINKS}
SECOND = {"type": HINT, "links": [b"</c.css>; rel=preload"]}
FINAL = ((b"content-type", b"text/plain"), (b"x-final", b"yes"))


def _before() -> Script:
    events = [attempt([send(FIRST)]), attempt([send(SECOND)])]
    return asgi(*events, send(start(203, FINAL)), send(body(b"ok")))


def _after() -> Script:
    events = [attempt([send(FIRST)]), attempt([send(SECOND)])]
    return asgi(send(start(203, FINAL)), *events, send(body(b"ok")))


def hinted(way: Way) -> Exchange | None:
    """Return an exchange in which both hints were taken, in whichever position the server wants them."""
    for script in (_before(), _after()):
        x = way.ask(script)
        if accepted(x, HINT) == [True, True]:
            return x
    return None


@launch("http2")
@requirement("ASGI-EXT-042", "ASGI-EXT-043", "ASGI-EXT-044")
def test_early_hints(server: Server, judge: Judge) -> None:
    """Hints are taken more than once; each link is a field of a 103, or nothing; the response is what it would be."""
    for way in offering(server, HINT):
        x = hinted(way)
        if not judge("ASGI-EXT-042", x, f"two hints are taken over {way.version}", "one of them is refused"):
            continue
        assert x is not None
        hints = [answer for answer in x.interim if answer.status == 103]
        links = [value for answer in hints for value in answer.all(b"link")]
        wanted = [*LINKS, *SECOND["links"]]
        judge("ASGI-EXT-043", not hints or links == wanted, "one Link field for each link", links)
        merged = x.response.all(b"link") if x.response is not None else []
        judge("ASGI-EXT-043", not merged, "no Link field in the final response", merged)
        plain = way.ask(asgi(send(start(203, FINAL)), send(body(b"ok"))))
        if plain.response is None or x.response is None:
            judge("ASGI-EXT-044", x.response, "a final response", x.outcome)
            continue
        seen = comparable(x.response)
        if merged:  # said above
            seen = (seen[0], [pair for pair in seen[1] if pair[0] != b"link"], seen[2])
        judge("ASGI-EXT-044", seen == comparable(plain.response), comparable(plain.response), seen)


@launch("tls")
@requirement("ASGI-EXT-002", "ASGI-EXT-012", "ASGI-EXT-013", "ASGI-EXT-014", revision=2)
def test_push(server: Server, judge: Judge) -> None:
    """What the application pushes is promised to the client, and asked of the application as if the client had."""
    with multiplexed(server, push=True) as talk:
        plain = talk.ask()
        if PUSH not in (plain.call.scope.get("extensions") or {}):
            server.unsupported(f"extensions has no key {PUSH}", lacks=f"extension:{PUSH}")
        if entity(plain) != b"ok":
            raise Blocked(f"a response that pushes nothing is not whole either: {entity(plain)}")
        pushed, marked = server.prepare(get(b"/pushed"), ok(b"pushed"))
        event: dict[str, Any] = {"type": PUSH, "path": "/pushed", "headers": [*marks(marked), (b"x-pushed", b"yes")]}
        x = talk.ask(script=asgi(send(start()), send(event), send(body(b"ok"))))
        if not judge("ASGI-EXT-002", entity(x) == b"ok", "the response that pushes, whole", entity(x)):
            judge.rest_blocked("the response that pushes is not whole")
            return
        promised = [stream for stream in talk.http2.streams.values() if stream.promise]
        paths = [dict(stream.promise).get(b":path") for stream in promised]
        judge.reading("ASGI-EXT-012", f"promised: {paths!r}")
        if not promised:
            judge.rest_blocked("nothing was promised")
            return
        server.wait(pushed, "scope", server.patience)
        calls = [(call.scope.get("method"), call.scope.get("path")) for call in pushed.calls]
        judge("ASGI-EXT-013", calls == [("GET", "/pushed")], "one call: GET /pushed", calls)
        if not pushed.calls:
            judge.rest_blocked("the application was not called for what it pushed")
            return
        hosts = values_of(pushed.calls[0].scope, b"host")
        judge("ASGI-EXT-014", hosts[:1] == [AUTHORITY], f"host {AUTHORITY!r}", hosts)

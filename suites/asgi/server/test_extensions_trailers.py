"""Extensions, HTTP Trailers, where a scope advertises them: over HTTP/1.1 and HTTP/2."""

from __future__ import annotations

from collections.abc import Sequence

from gateproof.asgi_scripts import Script, asgi, body, send, start
from gateproof.check import launch, requirement
from gateproof.exchange import Exchange
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.wire.request import Field

from .offering import TRAILERS_WANTED, entity, offering, refusals

NAME = "http.response.trailers"
SUM: Field = (b"x-sum", b"abc")
SIZE: Field = (b"x-size", b"2")
LAST: Field = (b"x-last", b'a b; c="d"')
OURS = {name for name, _ in (SUM, SIZE, LAST)}
SPLITS: list[list[list[Field]]] = [[[SUM]], [[SUM, SIZE]], [[SUM], [SIZE, LAST]], [[SUM], [], [SIZE], [LAST]]]


def trailing(parts: Sequence[Sequence[Field]], *, announced: bool = True, said: bool = True) -> Script:
    """Return a script that sends trailers in so many events; `said` False leaves more_trailers out of the last."""
    names = b", ".join(name for part in parts for name, _ in part)
    headers = ((b"content-type", b"text/plain"), *([(b"trailer", names)] if announced else []))
    steps = [send(start(headers=headers, trailers=True)), send(body(b"ok"))]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        more = {} if last and not said else {"more_trailers": not last}
        steps.append(send({"type": NAME, "headers": [tuple(pair) for pair in part], **more}))
    return asgi(*steps)


def arrived(x: Exchange) -> list[Field]:
    """Return the trailers of the application that came; a server may have some of its own."""
    found = x.response.trailers if x.response is not None else []
    return [(name.lower(), value) for name, value in found if name.lower() in OURS]


@launch("http2")
@requirement("ASGI-EXT-056", "ASGI-EXT-082", revision=2)
def test_trailers_arrive(server: Server, judge: Judge) -> None:
    """Trailers, of one event or several, come after the body as the application gave them."""
    for way in offering(server, NAME):
        for parts in SPLITS:
            x = way.ask(trailing(parts), TRAILERS_WANTED[way.version])
            wanted = [pair for part in parts for pair in part]
            seen = arrived(x)
            whole = entity(x) == b"ok"
            about = f"{wanted!r} after the body, over {way.version}"
            row = "ASGI-EXT-056" if len(parts) == 1 else "ASGI-EXT-082"
            judge(row, whole and seen == wanted, about, (entity(x), seen, refusals(x)))


@launch("http2")
@requirement("ASGI-EXT-054", "ASGI-EXT-055")
def test_client_that_wants_no_trailers(server: Server, judge: Judge) -> None:
    """A client that did not ask for trailers gets none, but a whole response; the application need not know."""
    for way in offering(server, NAME):
        x = way.ask(trailing([[SUM], [SIZE]]))
        found = arrived(x)
        judge("ASGI-EXT-054", not found, f"no trailers over {way.version}", found)
        judge("ASGI-EXT-055", entity(x) == b"ok", f"a whole response over {way.version}", entity(x))
        judge("ASGI-EXT-055", not refusals(x), "events that are taken", refusals(x))


@launch("http2")
@requirement("ASGI-EXT-057", "ASGI-EXT-058")
def test_defaults_of_trailers(server: Server, judge: Judge) -> None:
    """A trailers event is the last unless it says otherwise, and need not be announced."""
    for way in offering(server, NAME):
        x = way.ask(trailing([[SUM]], said=False), TRAILERS_WANTED[way.version])
        judge("ASGI-EXT-057", entity(x) == b"ok" and not refusals(x), "a whole response", (entity(x), refusals(x)))
        x = way.ask(trailing([[SUM]], announced=False), TRAILERS_WANTED[way.version])
        judge("ASGI-EXT-058", not refusals(x), "trailers without a Trailer field are taken", refusals(x))

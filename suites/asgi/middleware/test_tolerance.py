"""Middleware copes with every legal server, keeps calls apart, and leaves nothing behind."""

from __future__ import annotations

from typing import Any

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import Call, Middleware, Request
from gateproof.drive.asgi.application import answer
from gateproof.drive.asgi.middleware import Inner, InnerFailed, responding, whole
from gateproof.drive.asgi.scopes import CONTAINERS, MAY_BE_NONE, PLAIN, Server, websocket_scope
from gateproof.drive.paths import ODD_PATHS
from gateproof.judge import Judge
from gateproof.wire.selecting import UNPARSED

from ...counting import TIMES
from ..application import drawing
from ..application.leaving import grown
from ..application.test_scope import LEFT_OUT, MOUNTS, ODD_FIELDS, ODD_HOSTS, ODD_QUERIES, TLS, UNIX
from .around import CONNECT, reached, talk

CRASHES = (LookupError, TypeError, AttributeError, AssertionError)
SERVERS: tuple[Server, ...] = (
    *(PLAIN.but(without=frozenset({key})) for key in (*LEFT_OUT, "extensions")),
    PLAIN.but(without=frozenset(LEFT_OUT), offers=None, asgi={"version": "3.0"}),
    *(PLAIN.but(none=frozenset({key})) for key in MAY_BE_NONE),
    PLAIN.but(asgi=None),
    PLAIN.but(server=("/run/server.sock", None), client=("", 0)),
    PLAIN.but(client=["::1", 50000], server=["::1", 80]),
    *(PLAIN.but(container=name) for name in CONTAINERS),
    PLAIN.but(root_path="/mnt"),
    PLAIN.but(http_version="2", scheme="https", offers={"tls": TLS, "http.response.trailers": {}}),
    PLAIN.but(http_version="1.0", keeps_state=False),
    PLAIN.but(omits=frozenset({"body", "more_body"})),
    PLAIN.but(case=bytes.upper),
    PLAIN.but(asgi={"version": "3.0", "spec_version": "2.5"}, more={"vendor.x": object}),
)
# What a server before this one says of the client: middleware may believe it, of whom it trusts, where it is well said.
LOCAL = PLAIN.but(client=("127.0.0.1", 50112))
FORWARDED = tuple(
    ((b"x-forwarded-for", address), (b"x-forwarded-proto", scheme), (b"x-forwarded-host", host), (b"forwarded", all_))
    for address, scheme, host, all_ in (
        (b"10.0.0.1", b"https", b"else.example", b"for=10.0.0.1;proto=https"),
        (b"10.0.0.1, unknown, [::1]:99", b"https, http", b"else.example:99, x", b'for="[::1]:99";host=a, for=_b'),
        (b"", b"wss", b"", b"for"),
        (b"\xff,, ", b"\xff", b"caf\xe9:port", b'for="\xff";;='),
    )
)
MORE_SERVERS = (
    *(PLAIN.but(host=host) for host in (None, *ODD_HOSTS)),
    PLAIN.but(host=None, http_version="1.0", server=None),
    PLAIN.but(root_path=MOUNTS[-1]),
)
# One kind of thing after the other, lest a fault with one hide a fault with another.
UNKNOWN = (
    *(PLAIN.but(without=frozenset({key})) for key in MAY_BE_NONE),
    *(PLAIN.but(none=frozenset({key})) for key in MAY_BE_NONE),
    PLAIN.but(client=None, server=UNIX),
)
UNVERSIONED = (PLAIN.but(asgi=None), PLAIN.but(asgi={}), PLAIN.but(asgi={"version": "3.0"}))
HOSTS = (PLAIN.but(host=None, http_version="1.0"), *(PLAIN.but(host=host) for host in ODD_HOSTS))
KINDS: dict[str, tuple[tuple[Server, Request], ...]] = {
    "ASGI-MW-039": tuple((server, Request()) for server in UNKNOWN),
    "ASGI-MW-040": tuple((server, Request()) for server in UNVERSIONED),
    "ASGI-MW-041": tuple((PLAIN, Request(headers=(field,))) for field in ODD_FIELDS),
    "ASGI-MW-042": tuple((PLAIN, Request(query=query)) for query in ODD_QUERIES),
    "ASGI-MW-043": tuple((server, Request()) for server in HOSTS),
    "ASGI-MW-044": tuple((PLAIN, Request(path=path)) for path in ODD_PATHS),
    "ASGI-MW-045": tuple((server, Request(headers=fields)) for fields in FORWARDED for server in (LOCAL, PLAIN)),
}


def own(middleware: Middleware, call: Call) -> str:
    """Return what the middleware did wrong by itself, in words; '' where it did not."""
    if call.hung:
        return call.outcome
    if call.error is not None and not any(inner.error is not None for inner in middleware.inner):
        return call.outcome
    failed = call.status is not None and answer(call).broken
    if not middleware.inner and (failed or not call.sent):
        return f"the application inside was not called; {call.outcome}"
    return ""


@requirement("ASGI-MW-017", "ASGI-MW-046", revision=4)
def test_every_legal_server_is_accepted(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Whatever a server may leave out or add, no exception of the middleware's own comes out."""
    requests = reached(middleware)
    middleware.inside(responding())

    def law(case: tuple[Server, tuple[tuple[bytes, bytes], ...], bytes]) -> None:
        server, fields, query = case
        for request in requests:
            middleware.inside(middleware.behaviour)
            call = middleware.http(request.but(headers=fields, query=query), server)
            judge("ASGI-MW-017", not own(middleware, call), "the application inside is called", own(middleware, call))

    corpus: list[Any] = [(server, (), b"") for server in SERVERS]
    corpus += [(PLAIN, (field,), b"") for field in ODD_FIELDS] + [(PLAIN, (), query) for query in ODD_QUERIES]
    corpus += [(server, (), b"") for server in MORE_SERVERS]
    corpus += [(server, fields, b"") for fields in FORWARDED for server in (LOCAL, PLAIN.but(client=None))]
    draw(law, drawing.odd_requests(SERVERS, ODD_FIELDS, ODD_QUERIES), corpus)
    for path in ODD_PATHS:
        middleware.inside(middleware.behaviour)
        call = middleware.http(requests[0].but(path=path))
        judge("ASGI-MW-017", not own(middleware, call), f"an answer for {path!r:.80}", own(middleware, call))
    for server in (PLAIN, PLAIN.but(asgi=None), PLAIN.but(asgi={"version": "3.0"})):
        for state in (dict[str, Any](), None):
            call = middleware.lifetime(server, state)
            # Who raises to say that it has no lifespan may do so; who trips over what is not in the scope may not.
            raised = isinstance(call.error, CRASHES) and not any(inner.error for inner in middleware.lifetimes)
            for row in ("ASGI-MW-017", "ASGI-MW-046"):
                judge(row, not raised and not call.hung, "a lifetime is passed on", call.outcome)


@requirement(
    "ASGI-MW-039", "ASGI-MW-040", "ASGI-MW-041", "ASGI-MW-042", "ASGI-MW-043", "ASGI-MW-044", "ASGI-MW-045", revision=2
)
def test_each_kind_of_request_is_accepted(middleware: Middleware, judge: Judge) -> None:
    """Whatever is odd in a request, or not known of it: no exception of the middleware's own comes out."""
    plain = reached(middleware)[0]
    middleware.inside(responding())
    for row, cases in KINDS.items():
        for server, request in cases:
            middleware.inside(middleware.behaviour)
            call = middleware.http(request if request.path != "/" else request.but(path=plain.path), server)
            wrong = own(middleware, call)
            judge(row, not wrong, "the application inside is called", wrong)


@requirement("ASGI-MW-025", "ASGI-MW-032", "ASGI-MW-047", revision=2)
def test_every_legal_handshake_is_accepted(middleware: Middleware, judge: Judge) -> None:
    """Whatever a handshake's scope lacks or has, no exception of the middleware's own comes out, and it stays one."""
    plain = [(server, Request()) for server in (*SERVERS, *MORE_SERVERS, UNKNOWN[-1])]
    told = [(LOCAL, Request(headers=fields)) for fields in FORWARDED]
    for server, request in (*plain, *told):
        call = talk(middleware, server, request)
        wrong = own(middleware, call)
        well = not wrong or (not call.types and call.error is None)
        judge("ASGI-MW-025", well, "a handshake is passed on", wrong)
        if server in UNKNOWN:
            judge("ASGI-MW-047", well, "a handshake is passed on", wrong)
        schemes = [inner.scope.get("scheme", "ws") for inner in middleware.inner]
        changed = [scheme for scheme in schemes if scheme not in ("ws", "wss")]
        judge("ASGI-MW-032", not changed, "'ws' or 'wss' inside", f"{changed} for {dict(request.headers)}")


@requirement("ASGI-MW-048")
def test_what_cannot_be_parsed(middleware: Middleware, judge: Judge) -> None:
    """Fields that promise a date, a cookie, a type, an address and hold none are ignored or refused."""
    request = reached(middleware)[0]
    for kind, fields in UNPARSED.items():
        for field in fields if kind not in ("hosts", "proxies") else ():  # those are kinds of request above
            middleware.inside(middleware.behaviour)
            wrong = own(middleware, middleware.http(request.but(headers=(field,))))
            judge("ASGI-MW-048", not wrong, f"{field} is ignored or refused", wrong)


@requirement("ASGI-MW-018", revision=2)
def test_calls_that_overlap_are_kept_apart(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Each outer call gets the response to its own request."""
    request = reached(middleware)[0]

    async def telling(inner: Inner, receive: Any, send: Any) -> None:
        await whole(receive)
        await middleware.loop.turn()
        query = inner.scope["query_string"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": query})

    def law(numbers: list[int]) -> None:
        middleware.inside(telling)
        asked = [request.but(query=b"n=%d" % (place * 10 + n)) for place, n in enumerate(numbers)]
        for own, call in zip(asked, middleware.together(*asked), strict=True):
            once = call.types.count("http.response.start") == 1
            # Of what it makes by itself of every body, that of a call alone tells.
            same = answer(call).busy or call.body == own.query or call.body == middleware.http(own).body
            seen = f"{call.body!r}; {call.outcome}"
            judge("ASGI-MW-018", once and same, f"once, and {own.query!r}", seen)

    draw(law, drawing.groups(), [[0, 1], [3, 2, 1, 0]], examples=10)


@requirement("ASGI-MW-037")
def test_conversations_that_overlap_are_kept_apart(middleware: Middleware, judge: Judge) -> None:
    """Each outer handshake gets the answer to its own, and the messages of its own."""

    async def telling(inner: Inner, receive: Any, send: Any) -> None:
        await receive()
        await middleware.loop.turn()
        query = inner.scope["query_string"]
        await send({"type": "websocket.accept", "headers": [(b"x-gateproof", query)]})
        await send({"type": "websocket.send", "bytes": query})
        await receive()
        await send({"type": "websocket.close", "code": 4001})

    async def script(calls: list[Call]) -> None:
        for call in reversed(calls):
            call.give(CONNECT)
        for call in calls:
            await call.until(lambda: "websocket.send" in call.types or call.ended, middleware.patience)  # noqa: B023
        for call in calls:
            call.give({"type": "websocket.receive", "text": "end"})
            await call.end(middleware.patience)

    for count in (2, 4):
        middleware.inside(telling)
        requests = [Request(query=b"n=%d" % number) for number in range(count)]
        calls = middleware.at_once(websocket_scope, requests, script)
        middleware.point_at(*(call.played for call in calls))
        for call in calls if len(middleware.inner) == count else ():  # else it has answers of its own
            sent = [event.get("bytes") for event in call.sent if event["type"] == "websocket.send"]
            wanted = ["websocket.accept", "websocket.send", "websocket.close"]
            own = sent == [call.scope["query_string"]] and call.types == wanted
            judge("ASGI-MW-037", own, f"{wanted} with {call.scope['query_string']!r}", f"{sent}; {call.outcome}")
    judge("ASGI-MW-037", True)
    middleware.point_at()


@requirement("ASGI-MW-019", revision=4)
def test_nothing_is_left_for_a_call_that_is_over(middleware: Middleware, judge: Judge) -> None:
    """Tasks, generators, threads and open files do not grow with every call, however it ended."""
    request = reached(middleware)[0]

    async def failing(inner: Inner, receive: Any, send: Any) -> None:
        await whole(receive)
        raise InnerFailed("no database")

    for behaviour, leave in ((responding(), None), (failing, None), (responding(body=[b"x"] * 20), 3)):
        middleware.inside(behaviour)
        more = grown(middleware, lambda leave=leave: middleware.http(request, leave=leave))  # type: ignore[misc]
        if not judge("ASGI-MW-019", not more, f"as much after {TIMES} requests as before", more):
            return

"""Middleware and the events of both sides: it is transparent for whatever it does not mean to change."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import Call, Middleware, Request
from gateproof.drive.asgi.application import answer
from gateproof.drive.asgi.call import ClientGone
from gateproof.drive.asgi.middleware import Inner, InnerFailed, responding, served, whole
from gateproof.drive.asgi.scopes import PLAIN, body_events, http_scope
from gateproof.drive.paths import origins_of
from gateproof.judge import Judge
from gateproof.wire import selecting
from gateproof.wire.selecting import Field, Selected, Way

from ..application import drawing
from ..application.varying import selected
from .around import CONNECT, GONE, reached, talk

Fields = list[tuple[bytes, bytes]]
DEBUG: dict[str, Any] = {"http.response.debug": {}}
DENIAL: dict[str, Any] = {"websocket.http.response": {}}
RESPONSE_CONTAINERS: dict[str, Any] = {
    "tuple of tuples": tuple,
    "list of lists": lambda pairs: [list(pair) for pair in pairs],
    "tuple of lists": lambda pairs: tuple(list(pair) for pair in pairs),
    "generator": iter,
}
BODY = b"a=1&b=\xc3\xa9&c=" + b"x" * 40
STREAM_S = 0.5  # how long a part is waited for that may be held back
WORK_S = 0.05  # how long the application inside is at work behind its response
OCTETS = bytes(range(256))  # no text in any encoding that is worth guessing
STATUSES = (200, 201, 204, 301, 304, 404, 418, 500, 503)
NAMES = (b"x-gateproof", b"x-odd", b"x-gateproof-2", b"x-repeated")


def encoded(call: Call, headers: Any) -> bool:
    """Tell whether the middleware gave the body another form, by purpose."""
    return call.header(b"content-encoding") is not None and b"content-encoding" not in dict(headers)


@requirement("ASGI-MW-006", revision=2)
def test_unknown_keys_are_passed_on(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Keys that belong to nobody arrive on the other side, both ways."""
    request = reached(middleware)[0]

    def law(more: dict[str, Any]) -> None:
        more = {f"vendor.{key}": value for key, value in more.items()}
        middleware.inside(responding(more=more))
        call = middleware.http(request, PLAIN.but(more_in_events=more))
        inner = middleware.only
        got = inner.received[0] if inner and inner.received else {}
        start = call.first("http.response.start") or {}
        judge("ASGI-MW-006", more.items() <= got.items(), f"{sorted(more)} in what is received inside", sorted(got))
        judge("ASGI-MW-006", more.items() <= start.items(), f"{sorted(more)} in what is sent outside", sorted(start))

    corpus: list[dict[str, Any]] = [{"extra": {"a": [1, None]}}, {"x": b"\xff"}]
    draw(law, drawing.strangers(), corpus, examples=10)


@requirement("ASGI-MW-024")
def test_a_file_comes_out(middleware: Middleware, judge: Judge) -> None:
    """A body that the application inside sends by an extension arrives: as that event, or as what it stands for."""
    request = reached(middleware)[0]
    pathsend = {"type": "http.response.pathsend", "path": __file__}

    async def sending(inner: Inner, receive: Any, send: Any) -> None:
        if pathsend["type"] not in (inner.scope.get("extensions") or {}):
            await responding()(inner, receive, send)  # the middleware took the extension back, which it may
            return
        await whole(receive)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send(dict(pathsend))

    for fields in ((), ((b"accept-encoding", b"gzip, br, deflate"),)):
        middleware.inside(sending)
        call = middleware.http(request.but(headers=fields), PLAIN.but(offers={pathsend["type"]: {}}))
        whole_one = call.complete and "http.response.start" in call.types
        judge("ASGI-MW-024", whole_one, "a response that is complete, with the file", call.outcome)


@requirement("ASGI-MW-027", "ASGI-MW-028")
def test_what_the_application_leaves_out(middleware: Middleware, judge: Judge) -> None:
    """An event of the application inside without its optional keys is taken for what it stands for."""
    request = reached(middleware)[0]
    fields = [(b"content-type", b"text/plain")]
    bare = {"type": "http.response.body"}
    for row, start, ends in (
        ("ASGI-MW-027", {"headers": fields}, ({**bare, "body": b"one", "more_body": True}, bare)),
        ("ASGI-MW-027", {"headers": fields}, ({**bare, "body": b"one"},)),
        ("ASGI-MW-028", {}, ({**bare, "body": b"one", "more_body": False},)),
    ):

        async def leaving_out(inner: Inner, receive: Any, send: Any, start: Any = start, ends: Any = ends) -> None:
            await whole(receive)
            await send({"type": "http.response.start", "status": 200, **start})
            for event in ends:
                await send(dict(event))

        for accepted in ((), ((b"accept-encoding", b"gzip, br, deflate"), (b"origin", b"http://elsewhere.example"))):
            middleware.inside(leaving_out)
            call = middleware.http(request.but(headers=accepted))
            judge(row, call.error is None and call.complete, "the response, whole", call.outcome)


@requirement("ASGI-MW-029")
def test_fields_in_any_container(middleware: Middleware, judge: Judge) -> None:
    """The fields of the inner response are pairs in any iterable: a tuple, lists of lists, a generator."""
    request = reached(middleware)[0]
    pairs = ((b"content-type", b"text/plain"), (NAMES[0], b"1"))
    for fields in (
        (),
        ((b"accept-encoding", b"gzip, br"), (b"origin", b"http://elsewhere.example"), (b"cookie", b"a=1")),
    ):
        for name, make in RESPONSE_CONTAINERS.items():

            async def sending(inner: Inner, receive: Any, send: Any, make: Any = make) -> None:
                await whole(receive)
                await send({"type": "http.response.start", "status": 200, "headers": make(pairs)})
                await send({"type": "http.response.body", "body": b"inner"})

            middleware.inside(sending)
            call = middleware.http(request.but(headers=fields))
            if middleware.inner:
                kept = call.error is None and call.complete and pairs[1] in call.headers
                judge("ASGI-MW-029", kept, f"the response with its fields, which are a {name}", call.outcome)


@requirement("ASGI-MW-030")
def test_a_coding_stays(middleware: Middleware, judge: Judge) -> None:
    """A body that the application inside has encoded comes out so that its fields still say how it is decoded."""
    request = reached(middleware)[0].but(headers=((b"accept-encoding", b"gzip, deflate, br"),))
    body = bytes(range(256)) * 10
    for coding in (b"br", b"gzip", b"x-gateproof"):
        for parts in ((body,), (body[:1000], body[1000:])):
            middleware.inside(
                responding(headers=[(b"content-type", b"text/html"), (b"content-encoding", coding)], body=parts)
            )
            call = middleware.http(request)
            if middleware.only is None:
                continue
            values = b",".join(value for name, value in call.headers if name == b"content-encoding")
            codings = [word.strip() for word in values.split(b",")]
            same = call.body == body
            seen = f"content-encoding {values!r}, {'the inner' if same else 'another'} body of {len(call.body)} octets"
            fine = codings == [coding] if same else len(codings) > 1 and codings[0] == coding
            judge("ASGI-MW-030", fine or not call.complete, f"{coding!r} once for the inner body, and first", seen)
    judge("ASGI-MW-030", True)


@requirement("ASGI-MW-033", "ASGI-MW-034")
def test_a_coding_is_one_that_was_asked_for(middleware: Middleware, judge: Judge) -> None:
    """Middleware that encodes says in Vary that it hangs on the request, and encodes for those alone who take it."""
    request = reached(middleware)[0]

    def ask(*fields: Field) -> Selected:
        middleware.inside(responding(headers=[(b"content-type", b"text/html")], body=(b"<p>hello</p>" * 500,)))
        return selected(answer(middleware.http(request.but(headers=fields))))

    way = Way(str(request), ask, ask())
    selecting.judged(judge, way, {"ASGI-MW-033": selecting.named, "ASGI-MW-034": selecting.refused})


@requirement("ASGI-MW-058")
def test_an_origin_that_is_allowed(middleware: Middleware, judge: Judge) -> None:
    """Middleware that allows the origin that asks says in Vary that it hangs on the request."""
    request = reached(middleware)[0]

    def ask(*fields: Field) -> Selected:
        middleware.inside(responding())
        return selected(answer(middleware.http(request.but(headers=fields))))

    way = Way(str(request), ask, ask())
    origins = (*origins_of([middleware.app]), *selecting.ORIGINS)
    selecting.judged(judge, way, {"ASGI-MW-058": partial(selecting.allowed, origins=origins)})


@requirement("ASGI-MW-031")
def test_a_conversation_comes_out(middleware: Middleware, judge: Judge) -> None:
    """What the application inside answers to a handshake comes out: acceptance, messages, an end, a denial."""
    accept = {"type": "websocket.accept", "subprotocol": "chat", "headers": [(NAMES[0], b"1")]}
    sent = {"type": "websocket.send", "text": "\u20ac"}, {"type": "websocket.send", "bytes": b"\x00\xff"}
    close = {"type": "websocket.close", "code": 4001, "reason": "\u20ac"}
    denial = (
        {
            "type": "websocket.http.response.start",
            "status": 403,
            "headers": [(b"content-type", b"text/plain"), (NAMES[0], b"1")],
        },
        {"type": "websocket.http.response.body", "body": b"members ", "more_body": True},
        {"type": "websocket.http.response.body", "body": b"only"},
    )
    request = Request(subprotocols=("v1", "chat"))
    for events in ((accept, *sent, close), (close,), denial):

        async def saying(inner: Inner, receive: Any, send: Any, events: Any = events) -> None:
            await receive()
            offered = events is not denial or "websocket.http.response" in (inner.scope.get("extensions") or {})
            for event in events if offered else (close,):
                await send(dict(event))

        middleware.inside(saying)
        call = talk(middleware, PLAIN.but(offers=DENIAL), request)
        if middleware.only is None or middleware.only.sent == [close] != [*events]:
            continue  # it has an answer of its own, or took the extension back
        lost = [event["type"] for event in events if not any(_like(event, each) for each in call.sent)]
        judge(
            "ASGI-MW-031",
            not lost and call.error is None,
            "what was sent inside, outside",
            f"without {lost}; {call.outcome}",
        )
    judge("ASGI-MW-031", True)


def _like(event: dict[str, Any], seen: Any) -> bool:
    """Tell whether an event is there, fields that were added aside."""
    if not isinstance(seen, dict):
        return False
    fields = {tuple(pair) for pair in seen.get("headers") or ()}
    rest = {key: value for key, value in event.items() if key != "headers"}
    return rest.items() <= seen.items() and set(event.get("headers", ())) <= fields


@requirement("ASGI-MW-007", "ASGI-MW-021", revision=4)
def test_events_and_bodies_arrive_in_order(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """Parts come out in their order; joined they are the body that was sent, in both directions."""
    request = reached(middleware)[0].but(method="POST", headers=((b"content-length", b"%d" % len(BODY)),))
    middleware.inside(responding())
    rewrites = middleware.http(request.but(headers=())).body != b"inner"  # it makes something of every text by purpose

    def law(places: tuple[int, ...]) -> None:
        parts = drawing.cut(BODY, places)
        middleware.inside(responding(body=parts))
        call = middleware.http(request.but(body=parts))
        inner = middleware.only
        if inner is None:
            return  # it does not pass this method on
        judge("ASGI-MW-021", inner.body == BODY, "the body of the request inside", inner.body)
        if rewrites or encoded(call, ()):
            return
        row = "ASGI-MW-007" if sorted(call.body) == sorted(BODY) else "ASGI-MW-021"  # the same octets in another order
        judge(row, call.body == BODY, "the body of the response outside, in order", call.outcome)
        pieces = [event for event in call.sent if event.get("body")]
        if len(pieces) != len([part for part in parts if part]):
            judge.reading("ASGI-MW-007", f"{len(parts)} parts come out as {len(pieces)}")
        judge("ASGI-MW-007", not call.sent or call.types[0] == "http.response.start", "the start first", call.outcome)

    draw(law, drawing.cuts(len(BODY)), [(), (3,), (0, 5, 5), (1, 2, 3, 4)], examples=15)
    for typed in ((), ((b"content-type", b"application/octet-stream"),), ((b"content-type", b"multipart/form-data"),)):
        middleware.inside(responding(body=(OCTETS,)))
        length = (b"content-length", b"%d" % len(OCTETS))
        call = middleware.http(request.but(headers=(*typed, length), body=(OCTETS[:100], OCTETS[100:])))
        inner = middleware.only
        if inner is not None:
            judge("ASGI-MW-021", inner.body == OCTETS, f"all octets inside, with {typed}", inner.body)
            same = rewrites or call.body == OCTETS or encoded(call, ())
            judge("ASGI-MW-021", same, "all octets outside", call.outcome)
        else:
            judge("ASGI-MW-021", call.error is None, "an answer to octets that are no text", call.outcome)
    judge("ASGI-MW-007", True)
    judge("ASGI-MW-021", True)


@requirement("ASGI-MW-020")
def test_status_and_fields_come_out(middleware: Middleware, judge: Judge, draw: Draw) -> None:
    """The status and the fields of the inner response are there outside, those that are repeated too."""
    request = reached(middleware)[0].but(headers=((b"cookie", b"secret=1"), (b"x-request", b"no answer")))

    def law(case: tuple[int, Fields]) -> None:
        status, fields = case
        given = [(b"content-type", b"text/x-gateproof"), *fields]
        middleware.inside(responding(status, given, (b"" if status in (204, 304) else b"inner",)))
        call = middleware.http(request)
        if middleware.only is None:
            return
        judge("ASGI-MW-020", call.status == status, f"status {status}", call.outcome)
        kept = [field for field in call.headers if field in given]
        judge("ASGI-MW-020", [each for each in given if each in kept] == given, f"fields {given}", call.headers)
        echoed = [field for field in call.headers if field[0] in (b"x-request", b"cookie")]
        judge("ASGI-MW-020", not echoed, "no field of the request", echoed)

    corpus: list[tuple[int, Fields]] = [
        (200, [(NAMES[0], b"1")]),
        (404, [(b"x-repeated", b"1"), (b"x-repeated", b"2")]),
    ]
    draw(law, drawing.responses(STATUSES, NAMES), corpus, examples=15)


@requirement("ASGI-MW-008", "ASGI-MW-009", "ASGI-MW-015", "ASGI-MW-026", "ASGI-MW-036", revision=4)
def test_both_roles_are_played_well(middleware: Middleware, judge: Judge) -> None:
    """What comes out keeps to the rules of applications, what goes in to those of servers."""
    within = False
    for call in itertools.chain(_answers(middleware), _talks(middleware)):
        within = within or bool(middleware.inner)
        app_failed = any(each.error is not None for each in middleware.inner)
        for finding in middleware.blamed(call):
            if finding.requirement_id in judge.rows and not (app_failed and finding.requirement_id == "ASGI-MW-008"):
                judge(finding.requirement_id, False, finding.expected, f"{finding.message}: {finding.seen}")
    if not within:  # it may answer everything by itself, and well
        judge.blocked("ASGI-MW-009", "nothing reaches the application inside")
    for row in judge.rows:
        if within or row != "ASGI-MW-009":
            judge(row, True)


def _answers(middleware: Middleware) -> Iterator[Call]:
    for request, server, behaviour in _scenes(middleware):
        middleware.inside(behaviour)
        yield middleware.http(request, server)


def _talks(middleware: Middleware) -> Iterator[Call]:
    """Make handshakes by servers that can do little, and by those that can do much."""
    for path in middleware.places:
        for server in (PLAIN, PLAIN.but(offers=DENIAL), PLAIN.but(asgi={"version": "3.0"}, offers=None)):
            for fields in ((), ((b"origin", b"http://elsewhere.example"), (b"cookie", b"a=1; sessionid=x"))):
                middleware.inside(served)
                yield talk(middleware, server, Request(path=path, headers=fields))


def _scenes(middleware: Middleware) -> list[tuple[Request, Any, Any]]:
    many = (b"one", b"", b"two")
    long = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"2000")]
    gzip = ((b"accept-encoding", b"gzip, br"), (b"origin", b"http://elsewhere.example"), (b"cookie", b"a=1"))
    found = []
    for path in middleware.places:
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            for behaviour in (served, responding(body=many), responding(200, long, (b"<p>" * 500, b"q" * 500))):
                found.append((Request(method, path, headers=gzip), PLAIN, behaviour))
        found.append((Request("GET", path), PLAIN.but(http_version="2", scheme="https", offers=DEBUG), responding(404)))
        found.append((Request("GET", path), PLAIN, responding(204, (), (b"",))))
    return found


@requirement("ASGI-MW-010", revision=2)
def test_exceptions_come_out(middleware: Middleware, judge: Judge) -> None:
    """An exception of the application inside comes out, before the response and in the middle of it."""
    for request in reached(middleware):
        for sent in (0, 1, 2):

            async def failing(inner: Inner, receive: Any, send: Any, sent: int = sent) -> None:
                await whole(receive)
                if sent:
                    await send({"type": "http.response.start", "status": 200, "headers": []})
                if sent > 1:
                    await send({"type": "http.response.body", "body": b"one", "more_body": True})
                raise InnerFailed("the application failed")

            middleware.inside(failing)
            call = middleware.http(request)
            if call.error is None and call.complete and not sent and (call.status or 0) >= 500:
                judge.reading("ASGI-MW-010", "it answers the exception itself, which may be its purpose")
                continue
            judge("ASGI-MW-010", call.error is not None, f"the exception, after {sent} events", call.outcome)
    for accepted in (False, True):

        async def breaking(inner: Inner, receive: Any, send: Any, accepted: bool = accepted) -> None:
            await receive()
            if accepted:
                await send({"type": "websocket.accept"})
            raise InnerFailed("the application failed")

        middleware.inside(breaking)
        call = talk(middleware)
        told = call.error is not None or "websocket.close" in call.types or not middleware.inner
        judge("ASGI-MW-010", told, "the exception out of a conversation, or an end of it", call.outcome)


@requirement("ASGI-MW-049")
def test_exceptions_behind_the_response_come_out(middleware: Middleware, judge: Judge) -> None:
    """An exception of the application inside comes out behind its response too, at once or after some work."""
    request = reached(middleware)[0]
    for answers, turns in ((False, 0), (True, 0), (True, 5)):

        async def failing(inner: Inner, receive: Any, send: Any, answers: bool = answers, turns: int = turns) -> None:
            if answers:
                await responding()(inner, receive, send)
            for _ in range(turns):
                await middleware.loop.turn()
            raise InnerFailed("the work behind the response failed")

        middleware.inside(failing)
        call = middleware.http(request)
        if not answers and call.error is None:
            judge.reading("ASGI-MW-049", "it answers exceptions itself, which may be its purpose")
            return
        judge("ASGI-MW-049", call.error is not None, "the exception", call.outcome)


@requirement("ASGI-MW-011")
def test_what_send_raises_reaches_the_application(middleware: Middleware, judge: Judge) -> None:
    """An OSError out of the server's send comes out of the send of the application inside."""
    request = reached(middleware)[0]

    async def streaming(inner: Inner, receive: Any, send: Any) -> None:
        await whole(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(50):
            await send({"type": "http.response.body", "body": b"x" * 100, "more_body": True})

    middleware.inside(streaming)
    scope = http_scope(request, PLAIN.but(asgi={"version": "3.0", "spec_version": "2.4"}))

    async def script(call: Call) -> None:
        call.refuse = lambda _: ClientGone("gone") if len(call.sent) >= 2 else None
        call.give(*body_events(request))
        await call.end(middleware.patience)

    call = middleware.play(scope, script)
    if not call.raised:
        judge.reading("ASGI-MW-011", "nothing was sent that the server could have refused: the response is held back")
        return
    raised = [error for inner in middleware.inner for error in inner.raised]
    told = any(isinstance(error, OSError) for error in raised)
    judge("ASGI-MW-011", told, "an OSError out of the inner send", raised or call.outcome)


@requirement("ASGI-MW-012")
def test_cancellation_passes_through(middleware: Middleware, judge: Judge) -> None:
    """Cancelling the outer call cancels the inner one, and ends the outer one."""
    request = reached(middleware)[0]

    async def waiting(inner: Inner, receive: Any, send: Any) -> None:
        await whole(receive)
        await middleware.loop.flag().wait()

    middleware.inside(waiting)

    async def script(call: Call) -> None:
        call.give(*body_events(request))
        await call.until(lambda: any(inner.received for inner in middleware.inner), middleware.patience)
        for _ in range(10):
            await middleware.loop.turn()
        await call.cancel(middleware.patience)

    call = middleware.play(http_scope(request), script)
    inner = middleware.only
    judge("ASGI-MW-012", inner is not None and inner.cancelled, "the inner call is cancelled", call.outcome)
    judge("ASGI-MW-012", not call.stuck, "the outer call ends", call.outcome)


@requirement("ASGI-MW-038")
def test_work_after_the_response_goes_on(middleware: Middleware, judge: Judge) -> None:
    """A client that leaves with its response in hand does not end what the application inside still does."""
    request = reached(middleware)[0]
    for parts in ((b"inner",), (b"in", b"ner")):

        async def working(inner: Inner, receive: Any, send: Any, parts: Any = parts) -> None:
            await responding(body=parts)(inner, receive, send)
            await middleware.loop.within(WORK_S, middleware.loop.flag().wait)

        async def leaving(call: Call) -> None:
            call.give(*body_events(request))
            await call.until(lambda: call.complete, middleware.patience)
            call.leave({"type": "http.disconnect"})
            await call.end(middleware.patience)

        middleware.inside(working)
        call = middleware.play(http_scope(request), leaving)
        if middleware.only is not None and call.complete:
            cut = middleware.only.cancelled
            judge("ASGI-MW-038", not cut, "the inner call goes on after its response", f"cancelled; {call.outcome}")
    judge("ASGI-MW-038", True)


@requirement("ASGI-MW-013", revision=3)
def test_disconnects_reach_the_application(middleware: Middleware, judge: Judge) -> None:
    """http.disconnect and websocket.disconnect come out of the receive of the application inside."""
    request = reached(middleware)[0]

    async def listening(inner: Inner, receive: Any, send: Any) -> None:
        if inner.scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
        for _ in range(4):
            if str((await receive())["type"]).endswith(".disconnect"):
                return

    middleware.inside(listening)

    async def leaving(call: Call) -> None:
        call.give({"type": "http.request", "body": b"a", "more_body": True})
        await call.until(lambda: call.awaiting and not call.inbox, middleware.patience)
        call.leave({"type": "http.disconnect"})
        await call.end(middleware.patience)

    call = middleware.play(http_scope(request), leaving)
    kinds = [event.get("type") for inner in middleware.inner for event in inner.received]
    told = "http.disconnect" in kinds or not middleware.inner  # who gathers the body first calls nobody for a half one
    judge("ASGI-MW-013", told, "http.disconnect inside", f"{kinds}; {call.outcome}")

    _judge_beside_a_stream(middleware, judge, request)

    async def talking(call: Call) -> None:
        call.give(CONNECT)
        await call.until(lambda: "websocket.accept" in call.types, middleware.patience)
        call.leave(GONE, repeated=False)
        await call.end(middleware.patience)

    middleware.inside(listening)
    call = middleware.websocket(request, talking)
    if middleware.only is not None and "websocket.accept" in call.types:
        kinds = [event.get("type") for event in middleware.only.received]
        judge("ASGI-MW-013", GONE["type"] in kinds, "websocket.disconnect inside", f"{kinds}; {call.outcome}")


def _judge_beside_a_stream(middleware: Middleware, judge: Judge, request: Request) -> None:
    """Judge what the application inside hears while it streams: nothing as long as the client stays, then its end."""
    heard: list[str] = []
    before: list[str] = []

    async def streaming(inner: Inner, receive: Any, send: Any) -> None:
        await whole(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        for _ in range(4):
            heard.append(str((await receive())["type"]))
            if heard[-1] == "http.disconnect":
                return

    async def leaving(call: Call) -> None:
        call.give(*body_events(request))
        await call.until(lambda: call.awaiting and not call.inbox and call.first("http.response.body"), STREAM_S)
        for _ in range(10):
            await middleware.loop.turn()
        before.extend(heard)
        call.leave({"type": "http.disconnect"})
        await call.end(middleware.patience)

    middleware.inside(streaming)
    call = middleware.play(http_scope(request), leaving)
    if call.first("http.response.body") is None:
        return  # it holds the response back
    judge("ASGI-MW-013", "http.disconnect" not in before, "no http.disconnect before the client left", call.outcome)
    judge(
        "ASGI-MW-013", "http.disconnect" in heard, "http.disconnect inside, beside a stream", f"{heard}; {call.outcome}"
    )


@requirement("ASGI-MW-035")
def test_the_end_comes_at_once(middleware: Middleware, judge: Judge) -> None:
    """Who passes a response on part by part passes its end on too, while the application inside still works."""
    request = reached(middleware)[0]
    first, rest = middleware.loop.flag(), middleware.loop.flag()
    seen: list[bool] = []

    async def working(inner: Inner, receive: Any, send: Any) -> None:
        await whole(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        await first.wait()
        await send({"type": "http.response.body", "body": b"end"})
        await rest.wait()

    async def script(call: Call) -> None:
        call.give(*body_events(request))
        seen.append(await call.until(lambda: b"part" in call.body, STREAM_S))
        first.set()
        seen.append(seen[0] and await call.until(lambda: call.complete, middleware.patience))
        rest.set()
        await call.end(middleware.patience)

    middleware.inside(working)
    call = middleware.play(http_scope(request), script)
    if not seen[0]:
        judge.unsupported("ASGI-MW-035", "the middleware gathers the response", lacks="passing-on")
        return
    judge("ASGI-MW-035", seen[1], "the end outside before the application inside returns", call.outcome)


@requirement("ASGI-MW-014")
def test_streaming_survives(middleware: Middleware, judge: Judge) -> None:
    """A part of the response is visible outside before the application inside sends the next: a reading."""
    request = reached(middleware)[0]
    visible: list[int] = []
    outside: list[Call] = []

    async def streaming(inner: Inner, receive: Any, send: Any) -> None:
        await whole(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"part", "more_body": number < 2})
            for _ in range(5):
                await middleware.loop.turn()
            visible.append(len(outside[0].sent))

    middleware.inside(streaming)

    async def script(call: Call) -> None:
        outside.append(call)
        call.give(*body_events(request))
        await middleware.answered(call)

    call = middleware.play(http_scope(request), script)
    judge(
        "ASGI-MW-014", visible[:1] == [2], "the first part outside before the second is sent", (visible, call.outcome)
    )

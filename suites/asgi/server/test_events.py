"""ASGI specification, Events, Strings and Unicode, Protocol Specifications: what events and scopes are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateproof.asgi_scripts import accept, asgi, attempt, body, read_body, receive, receive_until, respond, send, start
from gateproof.check import in_band, in_band_but, requirement
from gateproof.exchange import Call
from gateproof.judge import Judge
from gateproof.target import Server
from gateproof.values import Long, Opaque
from gateproof.wire.request import chunked, get, post

from .calling import every_call, has_websocket, over
from .looking import plain

PLAIN = (bytes, str, int, float, bool, type(None), Long)
OTHERS = ("bytearray", "memoryview", "tuple")
BYTES = {"body", "bytes", "raw_path", "query_string"}
TEXTS = {"type", "text", "reason", "path", "root_path", "scheme", "method", "http_version"}
MAY_BE_NONE = {"bytes", "text", "reason", "raw_path", "query_string"}
Told = tuple[str, Any]


@in_band_but("ASGI-EVENT-017")
@requirement(
    "ASGI-EVENT-001",
    "ASGI-EVENT-003",
    "ASGI-EVENT-005",
    "ASGI-EVENT-007",
    "ASGI-EVENT-009",
    "ASGI-EVENT-011",
    "ASGI-EVENT-013",
    "ASGI-EVENT-015",
    "ASGI-EVENT-017",
)
def test_what_is_received(server: Server, judge: Judge) -> None:
    """Every event is a dict with a type, and holds nothing but what events may hold."""
    for kind, event in received(server):
        inner = plain(event)
        if not judge("ASGI-EVENT-001", isinstance(inner, dict), f"{kind}: a dict", event):
            continue
        seen = plain(inner.get("type"))
        if judge("ASGI-EVENT-001", isinstance(seen, str), f"{kind}: a text under 'type'", inner):
            judge("ASGI-EVENT-013", seen.partition(".")[0] == kind, f"{kind}.something", seen)
        for value in walk(inner):
            _value(judge, value, seen)
        _strings(judge, inner, str(seen))
        if "more_body" in inner:
            judge("ASGI-EVENT-017", type(inner["more_body"]) is bool, "more_body: a bool", inner["more_body"])


@in_band
@requirement("ASGI-EVENT-009", "ASGI-EVENT-015")
def test_strings_of_scopes(server: Server, judge: Judge) -> None:
    """The keys of a scope are texts, and what the specification calls byte strings and Unicode strings is that."""
    for kind, call in every_call(server).items():
        scope = call.scope
        for name, place in (("scope", scope), ("asgi", scope.get("asgi")), ("extensions", scope.get("extensions"))):
            inner = plain(place)
            keys = list(inner) if isinstance(inner, dict) else []
            judge("ASGI-EVENT-009", all(isinstance(plain(key), str) for key in keys), f"{kind} {name}: texts", keys)
        _strings(judge, scope, f"{kind} scope")
        for item in _items(scope.get("headers")):
            parts = _items(item)
            right = len(parts) == 2 and all(isinstance(plain(part), (bytes, Long)) for part in parts)
            judge("ASGI-EVENT-015", right, f"{kind} headers: pairs of bytes", item)
        for word in _items(scope.get("subprotocols")):
            judge("ASGI-EVENT-015", isinstance(plain(word), str), f"{kind} subprotocols: texts", word)


def received(server: Server) -> Iterator[Told]:
    """Yield what `receive` gave in requests, WebSockets and the lifespan, each with the type of its scope."""
    whole = asgi(read_body(), respond(), receive(0.2))
    for request in (get(), post(b"abc"), chunked([b"one", b"two"])):
        yield from _told("http", server.exchange(request, whole).calls)
    with server.connect() as connection:
        x = connection.begin(
            get(), asgi(send(start()), send(body(b"a", more=True)), receive(), receive(2.0), live=True)
        )
        connection.wait("receive")
        connection.reset()
        over(server, x, server.patience)
        yield from _told("http", x.calls)
    if has_websocket(server):
        for polite in (True, False):
            yield from _told("websocket", _websocket(server, polite))
    yield from _told("lifespan", server.lifespan.calls)


def _websocket(server: Server, polite: bool) -> list[Call]:
    """Send a text and octets, then close, or leave without a word."""
    steps = (receive(), attempt([send(accept())]), receive_until("websocket.disconnect"))
    with server.websocket(asgi(*steps, live=True), protocols=[b"a", b"b"]) as talk:
        if talk.accepted:
            talk.text("text")
            talk.binary(b"\x00\xff")
            if polite:
                talk.part(3001, b"reason")
                talk.hang_up()
            else:
                talk.reset()
            talk.over()
        return talk.exchange.calls


def _told(kind: str, calls: list[Call]) -> Iterator[Told]:
    for call in calls:
        yield from ((kind, said["event"]) for said in call.named("receive") if "event" in said)


def walk(value: Any) -> Iterator[Any]:
    """Yield every value inside an event, keys of dicts as pairs ('key', KEY)."""
    inner = plain(value) if not _foreign(value) else value
    if isinstance(inner, dict):
        for key, item in inner.items():
            yield ("key", key)
            yield from walk(item)
    elif isinstance(inner, (list, tuple)):
        if isinstance(inner, tuple):
            yield inner
        for item in inner:
            yield from walk(item)
    else:
        yield value


def _foreign(value: Any) -> bool:
    """Tell whether a value is neither of an allowed type nor of a subclass of one."""
    return isinstance(value, Opaque) and (value.base is None or value.type in OTHERS)


def _value(judge: Judge, value: Any, event: Any) -> None:
    if isinstance(value, tuple) and value[:1] == ("key",):
        judge("ASGI-EVENT-009", isinstance(plain(value[1]), str), f"{event}: keys are texts", value[1])
        return
    if isinstance(value, tuple):
        judge("ASGI-EVENT-011", False, f"{event}: lists", value)
        return
    judge("ASGI-EVENT-011", True)
    if isinstance(value, Opaque) and value.type in ("int", "float"):
        row = "ASGI-EVENT-005" if value.type == "int" else "ASGI-EVENT-007"
        judge(row, False, f"{event}: a signed number of 64 bits, or a finite one", value)
        return
    judge("ASGI-EVENT-005", True)
    judge("ASGI-EVENT-007", True)
    allowed = not _foreign(value) and isinstance(plain(value), PLAIN)
    judge("ASGI-EVENT-003", allowed, f"{event}: bytes, str, int, float, list, dict, bool or None", value)
    if allowed and isinstance(value, Opaque):
        judge.reading("ASGI-EVENT-003", f"{event}: an instance of {value.type}")


def _strings(judge: Judge, place: dict[Any, Any], where: str) -> None:
    for names, kind in ((BYTES, bytes), (TEXTS, str)):
        for name in sorted(names & set(place)):
            value = place[name]
            if value is None and name in MAY_BE_NONE:
                continue
            inner = value.head if isinstance(value, Long) else plain(value)
            right = isinstance(inner, kind) and not _foreign(value)
            judge("ASGI-EVENT-015", right, f"{where}: {name} is {kind.__name__}", value)
            if right and isinstance(value, Opaque):
                judge.reading("ASGI-EVENT-015", f"{where}: {name} is an instance of {value.type}")


def _items(value: Any) -> list[Any]:
    inner = plain(value)
    return list(inner) if isinstance(inner, (list, tuple)) else []

"""HTTP & WebSocket specification, WebSocket, Websocket Connection Scope."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import unquote_to_bytes

from hypothesis import strategies as st

from gateproof.check import in_band, launch, requirement, unproxied
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire.http2 import ENABLE_CONNECT_PROTOCOL
from gateproof.wire.websocket import KEY

from ... import pools
from .looking import ABSENT, REFUSING, Scope, due, pairs, pairs_of_bytes, plain, values_of, websocket_call
from .multiplexing import AUTHORITY, multiplexed
from .talking import speaks
from .test_http_scope import is_address, same_address

Fields = list[tuple[bytes, bytes]]
OWN = (b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-protocol", b"connection", b"upgrade")


def opened(server: Server, target: bytes = b"/", headers: Any = (), protocols: Any = ()) -> Exchange:
    """Ask for a WebSocket, which the application refuses, and return what both witnesses saw of it."""
    speaks(server)
    with server.websocket(REFUSING, target, headers, protocols, unless="scope") as talk:
        x = talk.exchange
        if not x.calls:
            server.settle(x)
        if x.response is not None and x.response.status in (403, 101):
            server.wait(x, "scope", server.patience)  # the application has said so: its journal is on the way
        elif x.response is not None and not x.refused:
            server.answers_others(1, time.monotonic() + server.patience)  # an error, before or behind the call:
            server.channel.fence()  # what the application wrote before it has come
        return x


def scope_for(server: Server, target: bytes = b"/", headers: Any = (), protocols: Any = ()) -> Scope:
    """Return the scope that the application got."""
    return opened(server, target, headers, protocols).call.scope


@unproxied
@requirement("ASGI-WS-SCOPE-001", "ASGI-WS-SCOPE-002", "ASGI-WS-SCOPE-003", "ASGI-WS-SCOPE-004", "ASGI-WS-SCOPE-017")
def test_type_version_and_scheme(server: Server, judge: Judge) -> None:
    """A handshake makes a scope of type websocket: HTTP/1.1, scheme ws, and no subprotocol that nobody offered."""
    x = opened(server)
    if not judge("ASGI-WS-SCOPE-001", x.calls, "a call of the application", x.outcome):
        return
    scope = x.call.scope
    judge("ASGI-WS-SCOPE-001", plain(scope.get("type")) == "websocket", "'websocket'", scope.get("type", ABSENT))
    seen = plain(scope.get("http_version", ABSENT))
    judge("ASGI-WS-SCOPE-002", seen in (ABSENT, "1.1"), "'1.1', or no key", seen)
    _scheme(scope, judge, "ws")
    seen = scope.get("subprotocols", ABSENT)
    nothing = seen is ABSENT or (isinstance(plain(seen), (list, tuple)) and not plain(seen))
    judge("ASGI-WS-SCOPE-017", nothing, "nothing, or no key", seen)


@launch("tls")
@requirement("ASGI-WS-SCOPE-003", "ASGI-WS-SCOPE-004")
def test_scheme_with_tls(server: Server, judge: Judge) -> None:
    """Over TLS the scheme is wss; a missing one would mean ws."""
    _scheme(scope_for(server), judge, "wss")


def _scheme(scope: Scope, judge: Judge, wanted: str) -> None:
    seen = plain(scope.get("scheme", ABSENT))
    if judge("ASGI-WS-SCOPE-003", seen == ABSENT or (isinstance(seen, str) and seen), "a text, or no key", seen):
        judge("ASGI-WS-SCOPE-004", (seen if seen != ABSENT else "ws") == wanted, repr(wanted), seen)


@unproxied
@requirement("ASGI-WS-SCOPE-022")
def test_scheme_behind_a_proxy(server: Server, judge: Judge) -> None:
    """A server that believes a proxy's word of the scheme still gives one of WebSocket: ws or wss."""
    speaks(server)
    for said in (b"https", b"http", b"wss"):
        x = opened(server, headers=[(b"X-Forwarded-Proto", said)])
        if x.calls:
            seen = plain(x.call.scope.get("scheme", ABSENT))
            judge("ASGI-WS-SCOPE-022", seen in ("ws", "wss", ABSENT), f"ws or wss, for {said.decode()}", seen)
            judge.reading("ASGI-WS-SCOPE-022", f"X-Forwarded-Proto: {said.decode()}: {seen}")
    judge.rest_blocked("no handshake with X-Forwarded-Proto reached the application")


@unproxied
@requirement("ASGI-WS-SCOPE-005", "ASGI-WS-SCOPE-006", "ASGI-WS-SCOPE-007")
def test_path_and_query(server: Server, judge: Judge, draw: Draw) -> None:
    """path is the decoded path, raw_path and query_string are what came, octet for octet."""
    raw_path_due = due(judge, scope_for(server), "ASGI-WS-SCOPE-006")

    def law(case: tuple[bytes, bytes]) -> None:
        raw, query = case
        x = opened(server, raw + query)
        if x.refused:
            return
        scope = x.call.scope
        wanted = unquote_to_bytes(raw).decode("utf-8")
        seen = plain(scope.get("path", ABSENT))
        judge("ASGI-WS-SCOPE-005", isinstance(seen, str) and seen == wanted, repr(wanted), seen)
        if raw_path_due:
            seen = plain(scope.get("raw_path"))
            judge("ASGI-WS-SCOPE-006", seen is None or (isinstance(seen, bytes) and seen == raw), raw, seen)
        seen = plain(scope.get("query_string"))
        right = (seen is None and not query[1:]) or (isinstance(seen, bytes) and seen == query[1:])
        judge("ASGI-WS-SCOPE-007", right, query[1:], seen)

    corpus = [
        (b"/plain", b""),
        (b"/a%20b/%2541/x", b""),
        (b"/caf%C3%A9/%e2%82%ac/%F0%9F%98%80", b""),
        (b"/a+b;c=d/@:", b""),
        (b"/a%3Fb/%23x", b""),
        (b"/a%00b/", b""),
        (b"/q", b"?"),
        (b"/q", b"?x=%20y&z=%C3%A9?&=+"),
    ]
    queries = st.one_of(st.just(b""), pools.queries.map(lambda query: b"?" + query))
    draw(law, st.tuples(pools.paths, queries), corpus, examples=40)


@unproxied
@requirement("ASGI-WS-SCOPE-008")
def test_root_path(server: Server, judge: Judge) -> None:
    """root_path, where given, is a text: '' where the application is not mounted."""
    _root_path(server, judge, "/")


@launch("mount")
@requirement("ASGI-WS-SCOPE-008")
def test_mounted(server: Server, judge: Judge) -> None:
    """Where the application is mounted root_path says so."""
    _root_path(server, judge, server.mount + "/x")


def _root_path(server: Server, judge: Judge, target: str) -> None:
    seen = plain(scope_for(server, target.encode("ascii")).get("root_path", ABSENT))
    right = seen == ABSENT if not isinstance(seen, str) else seen.rstrip("/") in (server.mount, ABSENT)
    judge("ASGI-WS-SCOPE-008", right and (seen != ABSENT or not server.mount), repr(server.mount), seen)


@in_band
@requirement("ASGI-WS-SCOPE-011", "ASGI-WS-SCOPE-012", "ASGI-WS-SCOPE-019")
def test_headers(server: Server, judge: Judge) -> None:
    """headers is an iterable of pairs of bytes, the handshake's own fields among them, names in lower case."""
    protocols = (b"one", b"two")
    scope = scope_for(server, b"/", [(b"X-MiXeD", b"1"), (b"Origin", b"http://a.test"), (b"Cookie", b"a=b")], protocols)
    found = scope.get("headers", ABSENT)
    if not judge("ASGI-WS-SCOPE-011", pairs_of_bytes(found), "pairs of bytes", found):
        return
    names = [plain(name) for name, _ in pairs(scope)]
    if due(judge, scope, "ASGI-WS-SCOPE-012"):
        judge("ASGI-WS-SCOPE-012", names == [name.lower() for name in names], "names in lower case", names)
    missing = [name for name in OWN if not values_of(scope, name)]
    judge("ASGI-WS-SCOPE-019", not missing, list(OWN), f"without {missing}")
    if b"sec-websocket-key" not in missing:
        judge("ASGI-WS-SCOPE-019", values_of(scope, b"sec-websocket-key") == [KEY], KEY, found)


@unproxied
@requirement("ASGI-WS-SCOPE-009", "ASGI-WS-SCOPE-010", "ASGI-WS-SCOPE-011")
def test_fields_arrive(server: Server, judge: Judge, draw: Draw) -> None:
    """Every field arrives, repeated ones apart, in the order of the request."""

    def law(fields: Fields) -> None:
        x = opened(server, headers=fields)
        if x.refused or (not x.calls and obs_text(fields)):
            return  # what a server owes to octets above 0x7f is judged by a check of its own
        judge("ASGI-WS-SCOPE-011", x.calls, f"a call for {fields}", x.outcome)
        scope = x.call.scope
        if not all(isinstance(part, bytes) for pair in pairs(scope) for part in pair):
            raise Blocked("headers is no iterable of pairs of bytes")
        names = {name.lower() for name, _ in fields}
        sent = [(name.lower(), value.strip(b" \t")) for name, value in fields]
        seen = [(name.lower(), value) for name, value in pairs(scope) if name.lower() in names]
        for name in sorted(names):
            wanted = [value for key, value in sent if key == name]
            values = [value for key, value in seen if key == name]
            if len(wanted) > 1:
                judge("ASGI-WS-SCOPE-010", sorted(values) == sorted(wanted), f"{name!r} apart: {wanted}", values)
            else:
                judge("ASGI-WS-SCOPE-011", values == wanted, f"{name!r}: {wanted}", values)
        judge("ASGI-WS-SCOPE-009", seen == sent, sent, seen)

    fields = st.tuples(pools.field_names, pools.field_values)
    corpus: list[Fields] = [
        [(b"X-D", b"1"), (b"X-D", b"2")],
        [(b"X-B", b"1"), (b"X-A", b"2"), (b"X-C", b"3")],
        [(b"X-D", b"1"), (b"X-B", b"o"), (b"X-D", b"2"), (b"Cookie", b"a=b"), (b"Cookie", b"c=d")],
        [(b"X-A", b"caf\xe9 \xff")],
        [(b"X-B", b"a\tb  c"), (b"x-c", b"")],
        [(b"Authorization", b"Basic YTpi"), (b"Origin", b"http://a.test"), (b"User-Agent", b"x")],
        [(b"X-" + b"n" * 60, b"v" * 3000)],
    ]
    draw(law, st.lists(fields, min_size=1, max_size=6), corpus, examples=40)


def obs_text(fields: Fields) -> bool:
    """Tell whether a field holds octets that are not ASCII (RFC 9110, 5.5: obs-text)."""
    return any(octet > 127 for _, value in fields for octet in value)


@unproxied
@requirement("ASGI-WS-SCOPE-020", "ASGI-WS-SCOPE-011", revision=2)
def test_octets_above_ascii(server: Server, judge: Judge) -> None:
    """Octets above 0x7f in a field reach the application, or the handshake is refused as the client's mistake."""
    for value in (b"caf\xe9", b"caf\xc3\xa9", b"caf\xe9 \xff"):
        x = opened(server, headers=[(b"X-A", value)])
        if x.refused and x.response is not None:
            judge("ASGI-WS-SCOPE-020", True)
            judge.reading("ASGI-WS-SCOPE-020", f"refused: {x.outcome}")
            judge("ASGI-WS-SCOPE-011", True)  # no scope, none that lacks the field
        elif not judge("ASGI-WS-SCOPE-020", x.calls, f"a call for X-A: {value!r}, or 4xx", x.outcome):
            break
        else:
            judge("ASGI-WS-SCOPE-011", values_of(x.call.scope, b"x-a") == [value], value, x.call.scope.get("headers"))
    judge.rest_blocked("no handshake with such octets reached the application")


@requirement("ASGI-WS-SCOPE-014")
def test_addresses(server: Server, judge: Judge) -> None:
    """client and server, where given, are a host and a port: those of the connection."""
    speaks(server)
    with server.websocket(REFUSING, unless="scope") as talk:
        ours = talk.dialogue.wire.local_address
        scope = websocket_call(server, talk.dialogue).scope
    for key, wanted in (("client", ours), ("server", (server.host, server.port))):
        seen = plain(scope.get(key))
        portless = key == "server" and isinstance(seen, (list, tuple)) and len(seen) == 2 and seen[1] is None
        if judge("ASGI-WS-SCOPE-014", seen is None or portless or is_address(seen), f"{key}: [str, int]", seen):
            right = seen is None or portless or same_address(seen, wanted)
            judge("ASGI-WS-SCOPE-014", right, f"{key}: {list(wanted)}", seen)


@launch("unix")
@requirement("ASGI-WS-SCOPE-014")
def test_unix_socket(server: Server, judge: Judge) -> None:
    """On a unix socket a server that is given is [path, None], from version 2.2 on."""
    scope = scope_for(server)
    for key in ("client", "server"):
        seen = plain(scope.get(key))
        parts = list(seen) if isinstance(seen, (list, tuple)) else []
        shaped = len(parts) == 2 and isinstance(plain(parts[0]), str)
        good = seen is None or (shaped and (parts[1] is None or type(plain(parts[1])) is int))
        judge("ASGI-WS-SCOPE-014", good, f"{key}: [text, number or None], or None", seen)


@in_band
@requirement("ASGI-WS-SCOPE-015")
def test_subprotocols(server: Server, judge: Judge, draw: Draw) -> None:
    """subprotocols, where given, are the tokens that the client offered."""
    speaks(server)

    def law(case: tuple[list[str], bytes]) -> None:
        offered, comma = case
        x = opened(server, headers=[(b"Sec-WebSocket-Protocol", comma.join(word.encode() for word in offered))])
        if x.refused:
            return
        found = plain(x.call.scope.get("subprotocols", ABSENT))
        if found == ABSENT:
            raise Blocked("the scope has no subprotocols")
        words = [plain(word) for word in found] if isinstance(found, (list, tuple)) else found
        listed = isinstance(words, list) and all(isinstance(word, str) for word in words)
        judge("ASGI-WS-SCOPE-015", listed and sorted(words) == sorted(offered), offered, found)
        if words != offered:
            judge.reading("ASGI-WS-SCOPE-015", f"in another order than offered: {offered} as {words}")

    tokens = st.sampled_from(["chat", "v1.2", "graphql-ws", "a!#$%&'*+-.^_`|~9", "X", "soap", "mqtt", "12"])
    corpus = [
        (["p1"], b","),
        (["graphql-transport-ws", "graphql-ws"], b", "),
        (["b", "a", "c"], b","),
        (["one", "Two", "a!#$%&'*+-.^_`|~9"], b" ,\t"),
    ]
    commas = st.sampled_from([b",", b", ", b" , ", b",\t"])
    draw(law, st.tuples(st.lists(tokens, min_size=1, max_size=5, unique=True), commas), corpus, examples=15)


@unproxied
@requirement("ASGI-WS-SCOPE-016")
def test_offers_in_several_fields(server: Server, judge: Judge) -> None:
    """Offers in several fields are one list."""
    for offers, wanted in (((b"a, b", b"c"), ["a", "b", "c"]), ((b"a", b"b", b"c,d"), ["a", "b", "c", "d"])):
        x = opened(server, headers=[(b"Sec-WebSocket-Protocol", offer) for offer in offers])
        found = plain(x.call.scope.get("subprotocols", ABSENT))
        if found == ABSENT:
            server.unsupported("the scope has no subprotocols")
        words = [plain(word) for word in found] if isinstance(found, (list, tuple)) else []
        judge("ASGI-WS-SCOPE-016", sorted(map(str, words)) == wanted, wanted, found)


@launch("http2")
@requirement("ASGI-WS-SCOPE-013")
def test_over_http2(server: Server, judge: Judge) -> None:
    """A WebSocket over a stream of HTTP/2 (RFC 8441) has the authority as its host, and no pseudo field in headers."""
    with multiplexed(server) as talk:
        talk.ask()
        if talk.http2.their.get(ENABLE_CONNECT_PROTOCOL) != 1:
            server.unsupported("SETTINGS_ENABLE_CONNECT_PROTOCOL is not among its settings (RFC 8441, 3)")
        version = [(b"sec-websocket-version", b"13"), (b"x-a", b"b")]
        asked = talk.begin(b"/a?b=c", version, REFUSING, method=b"CONNECT", protocol=b"websocket", end=False)
        x = talk.read(*asked)
    server.wait(x, "scope", server.patience)  # the application has refused it: its journal is on the way
    if not x.calls or plain(x.call.scope.get("type")) != "websocket":
        raise Blocked(f"an extended CONNECT made no call of type websocket: {x.outcome}")
    scope = x.call.scope
    pseudo = [name for name, _ in pairs(scope) if isinstance(name, bytes) and name.startswith(b":")]
    judge("ASGI-WS-SCOPE-013", not pseudo, "no name that begins with a colon", pseudo)
    hosts = values_of(scope, b"host")
    judge("ASGI-WS-SCOPE-013", hosts == [AUTHORITY], f"one host field, {AUTHORITY!r}", hosts)


# What str.splitlines takes for the end of a line, and no parser of HTTP may.
NO_LINE_ENDS = (b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\x85", b"\xe2\x80\xa8")


@unproxied
@requirement("ASGI-WS-SCOPE-021")
def test_values_make_no_fields(server: Server, judge: Judge) -> None:
    """Whatever stands in a field's value, it makes no further field."""
    for octet in NO_LINE_ENDS:
        x = opened(server, headers=[(b"X-A", b"a" + octet + b"x-injected: 1")])
        for call in x.calls:
            seen = values_of(call.scope, b"x-injected")
            judge(
                "ASGI-WS-SCOPE-021", not seen, f"one field X-A, with {octet!r} in its value, or 4xx", pairs(call.scope)
            )
    judge("ASGI-WS-SCOPE-021", True)

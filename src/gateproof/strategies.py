"""Hypothesis strategies for your own properties: whatever they draw is legal, so an application must cope with it.

    from hypothesis import given
    from gateproof import strategies as gst

    @given(gst.environs())
    def test_answers(environ): ...

Words come from pools (few draws an example, quick to shrink) with free octets beside them. All strategies are functions
without required arguments. This is the one module of the package that imports Hypothesis at its top.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from gateproof.drive.wsgi.requests import Manner, Request, make_environ

Scope = dict[str, Any]
Event = dict[str, Any]
Conversation = tuple[Scope, list[Event]]
Field = tuple[str, str]

METHODS = ("GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "M-SEARCH")
SEGMENTS = (
    "a",
    "index.html",
    "items",
    "1",
    "a b",
    "caf\xc3\xa9",
    "\xff\xfe",
    "a;b=c",
    "..",
    "%2F",
    "a+b",
    "~u",
    "x" * 200,
)
QUERIES = (
    "",
    "",
    "a=1",
    "a=1&a=2",
    "q=%C3%A9",
    "=",
    "&&",
    "a=%zz",
    "x=%00",
    "next=%0D%0ASet-Cookie:%20a=b",
    "%FF",
    "page=-1",
)
NAMES = (
    "Accept",
    "Accept-Language",
    "User-Agent",
    "X-Forwarded-For",
    "Referer",
    "X-Odd",
    "If-None-Match",
    "Cookie",
    "DNT",
)
VALUES = ("*/*", "text/html, */*;q=0.1", "gateproof", "", '"a", W/"b"', "a=b; c=d", "caf\xe9", "x" * 500, "0", ",;=")
TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain; charset=utf-8",
    "multipart/form-data",
    "x",
)
BODIES = (
    b"",
    b"x",
    b"a=1&b=2",
    b'{"a": 1}',
    b"line\nline\r\n\nlast",
    b"\x00\xff",
    b"caf\xc3\xa9",
    b"y" * 5000,
    b"z" * 70_000,
)
SCRIPTS = ("", "", "/mnt", "/a/b", "/caf\xc3\xa9")
KINDS: tuple[Literal["function", "method", "object", "partial", "lambda"], ...] = (
    "function",
    "method",
    "object",
    "partial",
    "lambda",
)
ABSENT = (
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "REMOTE_ADDR",
)

SCHEMES, WEBSOCKET_SCHEMES = ("http", "https"), ("ws", "wss")
HTTP_VERSIONS = ("1.0", "1.1", "2", "3")
ASGI_VERSIONS: tuple[dict[str, str], ...] = (
    {"version": "3.0"},
    *({"version": "3.0", "spec_version": f"2.{minor}"} for minor in range(6)),
)
UNIX = ("/run/server.sock", None)
CLIENTS = (None, ("127.0.0.1", 50_000), ["::1", 50_000])
SERVERS = (None, ("127.0.0.1", 80), ["::1", 8000], UNIX)
TLS: dict[str, Any] = {"server_cert": None, "client_cert_chain": [], "tls_version": 0x0304, "cipher_suite": 0x1301}
EXTENSIONS: dict[str, dict[str, dict[str, Any]]] = {
    "http": {
        **{f"http.response.{name}": {} for name in ("push", "pathsend", "early_hint", "trailers", "debug")},
        "tls": TLS,
        "vendor.extension": {"version": 1},
    },
    "websocket": {"websocket.http.response": {}, "tls": TLS, "vendor.extension": {}},
}
CONTAINER = "container"
CONTAINERS: dict[str, Callable[[list[tuple[bytes, bytes]]], Any]] = {
    "list of tuples": list,
    "list of lists": lambda fields: [list(field) for field in fields],
    "tuple of tuples": tuple,
    "tuple of lists": lambda fields: tuple(list(field) for field in fields),
}
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
KEYS_LEFT_OUT = [frozenset[str](), frozenset({"body"}), frozenset({"more_body"}), frozenset({"body", "more_body"})]


def bodies(max_size: int = 70_000) -> SearchStrategy[bytes]:
    """Return bodies: nothing, forms, JSON, line ends of every kind, octets that are no text, and long ones."""
    return st.one_of(st.sampled_from([body for body in BODIES if len(body) <= max_size]), st.binary(max_size=64))


def chunkings(body: bytes | None = None) -> SearchStrategy[list[bytes]]:
    """Return a body (one of `bodies()` where none is given) cut into pieces, some of them empty."""

    def cut(drawn: tuple[bytes, list[int], list[int]]) -> list[bytes]:
        whole, places, empty = drawn
        ends = sorted({place % (len(whole) + 1) for place in places} | {0, len(whole)})
        pieces = [whole[a:b] for a, b in itertools.pairwise(ends)]
        for place in empty:
            pieces.insert(place % (len(pieces) + 1), b"")
        return pieces

    whole = bodies(5000) if body is None else st.just(body)
    places = st.lists(st.integers(0, 5000), max_size=4)
    return st.tuples(whole, places, st.lists(st.integers(0, 9), max_size=3)).map(cut)


def header_fields(max_size: int = 6) -> SearchStrategy[list[Field]]:
    """Return request fields as native strings: names in any letter case, some repeated, values of latin-1."""
    name = st.sampled_from([spelt for name in NAMES for spelt in (name, name.lower(), name.upper())])
    value = st.one_of(
        st.sampled_from(VALUES),
        st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), max_size=8),
    )
    return st.lists(st.tuples(name, value), max_size=max_size)


def paths() -> SearchStrategy[str]:
    """Return decoded paths as PEP 3333 has them: one latin-1 character an octet."""
    octets = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=6)
    segment = st.one_of(st.sampled_from(SEGMENTS), octets)
    return st.lists(segment, max_size=4).map(lambda parts: "/" + "/".join(parts))


def requests(path: str | None = None, methods: Sequence[str] = METHODS) -> SearchStrategy[Request]:
    """Return requests (`gateproof.drive.wsgi.requests.Request`), of one path where it is given."""

    def build(
        method: str, where: str, query: str, fields: list[Field], body: bytes, kind: str, chunked: bool
    ) -> Request:
        if method in ("GET", "HEAD", "OPTIONS"):
            body, chunked = b"", False
        typed = (("Content-Type", kind),) if body else ()
        return Request(method, where, query, (*fields, *typed), body, chunked)

    return st.builds(
        build,
        st.sampled_from(list(methods)),
        paths() if path is None else st.just(path),
        st.sampled_from(QUERIES),
        header_fields(),
        bodies(),
        st.sampled_from(TYPES),
        st.booleans(),
    )


def manners() -> SearchStrategy[Manner]:
    """Return ways in which a server may behave (`gateproof.drive.wsgi.Manner`) while it takes all it is given."""
    flag = st.booleans()
    absent = st.lists(st.sampled_from(ABSENT), max_size=4).map(frozenset)
    extra = st.sampled_from(
        [(), (("vendor.thing", object()),), (("SERVER_SOFTWARE", "gateproof"), ("REMOTE_PORT", "1"))]
    )
    return st.builds(
        Manner,
        script_name=st.sampled_from(SCRIPTS),
        absent=absent,
        empty=st.lists(st.sampled_from(ABSENT[1:5]), max_size=2).map(frozenset),
        extra=extra,
        protocol=st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/2"]),
        scheme=st.sampled_from(["http", "https"]),
        server=st.sampled_from([("localhost", "80"), ("127.0.0.1", "8443"), ("::1", "8000")]),
        host=st.sampled_from(["localhost", "localhost:8000", None]),
        multithread=flag,
        multiprocess=flag,
        run_once=flag,
        file_wrapper=flag,
        terminated=flag,
        reads=st.sampled_from([(), (1,), (3, 1, 1000), (4096,)]),
        start=st.sampled_from(KINDS),
        write=st.sampled_from(KINDS),
        lenient=flag,
    )


def environs() -> SearchStrategy[dict[str, Any]]:
    """Return environs that conform to PEP 3333, optional variables left out or empty; streams are of module io."""

    def build(request: Request, manner: Manner) -> dict[str, Any]:
        return make_environ(request, manner, stream=io.BytesIO(request.body), errors=io.StringIO())

    return st.builds(build, requests(), manners())


def _scopes(kind: str) -> SearchStrategy[Scope]:
    """Return what scopes of both kinds share. A key is left out only where its default says the same."""
    schemes = {"http": SCHEMES, "websocket": WEBSOCKET_SCHEMES}[kind]
    versions = HTTP_VERSIONS if kind == "http" else HTTP_VERSIONS[1:]
    defaults: dict[str, Any] = {"scheme": schemes[0], "root_path": "", "client": None, "server": None, "raw_path": None}
    if kind == "websocket":
        defaults |= {"http_version": "1.1", "query_string": b"", "subprotocols": []}

    def build(
        where: str,
        query: str,
        fields: list[Field],
        root: str,
        asgi: dict[str, str],
        http_version: str,
        scheme: str,
        peers: tuple[Any, Any],
        raw: bool,
        extensions: list[str] | None,
        state: dict[str, Any] | None,
        container: str,
        left_out: set[str],
    ) -> Scope:
        path = root + where.encode("latin-1").decode("utf-8", "replace")
        host = [] if http_version == "1.0" and "host" in left_out else [(b"host", b"localhost")]
        client, server = peers
        version = asgi.get("spec_version", "2.0")
        scope: Scope = {
            "type": kind,
            "asgi": dict(asgi),
            "http_version": http_version,
            "scheme": scheme,
            "path": path,
            "raw_path": _quoted(path.encode("utf-8")) if raw else None,
            "query_string": query.encode("latin-1"),
            "root_path": root,
            "headers": [*host, *((n.lower().encode(), v.encode("latin-1")) for n, v in fields)],
            "client": client,
            "server": ("localhost", 80) if server == UNIX and version < "2.2" else server,
            CONTAINER: CONTAINERS[container],
        }
        if extensions is not None:
            scope["extensions"] = {name: dict(EXTENSIONS[kind][name]) for name in extensions}
        if state is not None and version >= "2.3":
            scope["state"] = dict(state)
        for key in left_out:
            if key in defaults and scope.get(key) == defaults[key]:
                scope.pop(key, None)
        return scope

    return st.builds(
        build,
        paths(),
        st.sampled_from(QUERIES),
        header_fields(),
        st.sampled_from(["", "", "/mnt"]),
        st.sampled_from(ASGI_VERSIONS),
        st.sampled_from(versions),
        st.sampled_from(schemes),
        st.tuples(st.sampled_from(CLIENTS), st.sampled_from(SERVERS)),
        st.booleans(),
        st.one_of(st.none(), st.lists(st.sampled_from(list(EXTENSIONS[kind])), unique=True, max_size=3)),
        st.sampled_from([None, {}, {"database": "sqlite://"}]),
        st.sampled_from(list(CONTAINERS)),
        st.sets(st.sampled_from([*defaults, "host"])),
    )


def _finished(scope: Scope) -> Scope:
    """Put the header fields into their container."""
    scope["headers"] = scope.pop(CONTAINER)(scope["headers"])
    return scope


def _quoted(octets: bytes) -> bytes:
    return b"".join(bytes([o]) if 0x20 < o < 0x7F and o not in b'%?#"<>' else b"%%%02X" % o for o in octets)


def http_scopes() -> SearchStrategy[Scope]:
    """Return scopes of type http, optional keys left out or None as the specification allows."""
    return st.builds(
        lambda scope, method: _finished({**scope, "method": method}), _scopes("http"), st.sampled_from(METHODS)
    )


def websocket_scopes() -> SearchStrategy[Scope]:
    """Return scopes of type websocket, with the fields of a handshake and sometimes subprotocols."""

    def build(scope: Scope, subprotocols: list[str], left_out: bool) -> Scope:
        handshake = [(b"sec-websocket-version", b"13")]
        if scope.get("http_version", "1.1") == "1.1":
            handshake += [(b"connection", b"Upgrade"), (b"upgrade", b"websocket"), (b"sec-websocket-key", KEY)]
        if subprotocols:
            handshake.append((b"sec-websocket-protocol", ", ".join(subprotocols).encode()))
        given = {} if left_out and not subprotocols else {"subprotocols": subprotocols}
        return _finished({**scope, "headers": [*scope["headers"], *handshake], **given})

    chosen = st.lists(st.sampled_from(["chat", "v1.json", "graphql-ws"]), max_size=2, unique=True)
    return st.builds(build, _scopes("websocket"), chosen, st.booleans())


def conversations(kind: Literal["http", "websocket"] = "http") -> SearchStrategy[Conversation]:
    """Return a scope with all that `receive()` gives, in order; the last is a disconnect, which may be early."""
    if kind == "http":
        left = st.one_of(st.none(), st.none(), st.integers(0, 4))
        return st.builds(_http_conversation, http_scopes(), chunkings(), left, st.sampled_from(KEYS_LEFT_OUT))
    texts = st.sampled_from(["", "a", "caf\xe9 \u20ac", "x" * 5000])
    messages = st.one_of(texts.map(lambda text: ("text", text)), bodies(5000).map(lambda data: ("bytes", data)))
    return st.builds(
        _websocket_conversation,
        websocket_scopes(),
        st.lists(st.tuples(messages, st.booleans()), max_size=4),
        st.sampled_from([1000, 1001, 1005, 1006, 1011, 3000, 4999]),
        st.sampled_from([{}, {"reason": "going away"}, {"reason": ""}, {"reason": None}]),
    )


def _http_conversation(scope: Scope, pieces: list[bytes], left: int | None, left_out: frozenset[str]) -> Conversation:
    pieces = pieces or [b""]
    events: list[Event] = []
    for number, piece in enumerate(pieces, 1):
        event: Event = {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        events.append({key: value for key, value in event.items() if value or key not in left_out})
    return scope, [*events[:left], {"type": "http.disconnect"}]


def _websocket_conversation(
    scope: Scope, messages: list[tuple[tuple[str, Any], bool]], code: int, reason: dict[str, Any]
) -> Conversation:
    events: list[Event] = [{"type": "websocket.connect"}]
    for (key, value), both in messages:
        other = {"text": "bytes", "bytes": "text"}[key]
        events.append({"type": "websocket.receive", key: value, **({other: None} if both else {})})
    said = reason if scope["asgi"].get("spec_version", "2.0") >= "2.5" else {}
    return scope, [*events, {"type": "websocket.disconnect", "code": code, **said}]

"""HTTP & WebSocket specification, HTTP, HTTP Connection Scope."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import unquote_to_bytes

from hypothesis import strategies as st

from gateproof.asgi_scripts import asgi, keep, ok, read_body, respond, same
from gateproof.check import in_band, in_band_but, launch, requirement, unproxied
from gateproof.draw import Draw
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire.request import build, get

from ... import pools
from .looking import ABSENT, due, kept, pairs, pairs_of_bytes, plain, scope_of, values_of

METHODS = [b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"HEAD"]


@unproxied
@requirement("ASGI-HTTP-SCOPE-001", "ASGI-HTTP-SCOPE-002", "ASGI-HTTP-SCOPE-003")
def test_type_and_http_version(server: Server, judge: Judge) -> None:
    """type is 'http', and http_version is that of the request."""
    for version in (b"HTTP/1.1", b"HTTP/1.0"):
        x = server.exchange(get(version=version), ok())
        if x.refused:
            continue
        scope, wanted = x.call.scope, version[5:].decode()
        judge("ASGI-HTTP-SCOPE-001", scope.get("type") == "http", "'http'", scope.get("type", ABSENT))
        seen = plain(scope.get("http_version", ABSENT))
        judge("ASGI-HTTP-SCOPE-002", seen in ("1.0", "1.1", "2", "3"), "'1.0', '1.1' or '2'", seen)
        told = seen == wanted or seen not in ("1.0", "1.1", "2", "3")
        judge("ASGI-HTTP-SCOPE-003", told, wanted, seen)


@in_band
@requirement("ASGI-HTTP-SCOPE-004", "ASGI-HTTP-SCOPE-005", "ASGI-HTTP-SCOPE-041")
def test_method(server: Server, judge: Judge, draw: Draw) -> None:
    """method is the request's, extension methods included."""
    for method in filter(server.shows, METHODS):
        x = server.exchange(build(method, body=b"" if method in (b"POST", b"PUT", b"PATCH") else None), ok())
        if not x.refused:
            seen = plain(x.call.scope.get("method", ABSENT))
            judge("ASGI-HTTP-SCOPE-004", seen == method.decode(), repr(method.decode()), seen)

    def law(method: bytes) -> None:
        x = server.exchange(get(method=method), ok())
        if x.refused or (x.response is not None and x.response.status >= 400 and not x.calls):
            judge("ASGI-HTTP-SCOPE-005", True)
            return
        seen = plain(x.call.scope.get("method", ABSENT))
        judge("ASGI-HTTP-SCOPE-005", seen == method.decode(), method.decode(), seen)

    draw(law, None, [b"PROPFIND", b"QUERY", b"X-FOO", b"PURGE", b"M-SEARCH"])
    for method in (b"get", b"PaTcH"):
        x = server.exchange(get(method=method), ok())
        seen = x.outcome if not x.calls else repr(x.calls[0].scope.get("method"))
        judge.reading("ASGI-HTTP-SCOPE-041", f"{method.decode()}: {seen}")


@unproxied
@requirement("ASGI-HTTP-SCOPE-006", "ASGI-HTTP-SCOPE-007")
def test_scheme_without_tls(server: Server, judge: Judge) -> None:
    """scheme, where present, is a text that is not empty; here it is 'http'."""
    _scheme(server, judge, "http")


@launch("tls")
@requirement("ASGI-HTTP-SCOPE-007")
def test_scheme_with_tls(server: Server, judge: Judge) -> None:
    """Over TLS the scheme is 'https'."""
    scope = scope_of(server, get())
    seen = plain(scope.get("scheme", "http"))
    judge("ASGI-HTTP-SCOPE-007", seen == "https", "'https'", seen)


def _scheme(server: Server, judge: Judge, wanted: str) -> None:
    scope = scope_of(server, get())
    seen = plain(scope.get("scheme", ABSENT))
    judge("ASGI-HTTP-SCOPE-006", seen == ABSENT or (isinstance(seen, str) and seen), "a text, or no key", seen)
    if isinstance(seen, str) and seen:
        judge("ASGI-HTTP-SCOPE-007", seen in (ABSENT, wanted), wanted, seen)


@unproxied
@requirement("ASGI-HTTP-SCOPE-008", "ASGI-HTTP-SCOPE-009", "ASGI-HTTP-SCOPE-010", revision=6)
def test_path(server: Server, judge: Judge, draw: Draw) -> None:
    """path is the target without its query, percent-decoded once and read as UTF-8."""
    scope = scope_of(server, get(b"/a?b=c?d"))
    judge("ASGI-HTTP-SCOPE-008", plain(scope.get("path")) == "/a", "'/a'", scope.get("path", ABSENT))
    with kept(server) as connection:
        for raw in (b"//env/rest", b"/of/http://env/rest"):  # neither has a scheme or a host; empty segments are open
            x = connection.exchange(get(raw + b"?q=1"), ok())
            if not x.refused:
                seen = plain(x.call.scope.get("path", ABSENT))
                whole = str(seen).replace("//", "/") == raw.decode().replace("//", "/")
                judge("ASGI-HTTP-SCOPE-008", whole, raw.decode(), seen)

        def law(case: tuple[str, bytes]) -> None:
            row, raw = case
            x = connection.exchange(get(raw + b"?q=%20"), ok())
            wanted = unquote_to_bytes(raw).decode("utf-8")
            if row == "ASGI-HTTP-SCOPE-010" and not x.calls and not (x.response is not None and x.refused):
                judge(row, False, f"a call for {wanted}, as for other paths", x.outcome)
            if x.refused or (not x.calls and not wanted.isascii()):
                return
            seen = plain(x.call.scope.get("path", ABSENT))
            # Octets that are decoded once and read by another charset than UTF-8 break the third sentence alone.
            otherwise = row == "ASGI-HTTP-SCOPE-009" and seen == unquote_to_bytes(raw).decode("latin-1")
            judge(row, seen == wanted or otherwise, wanted, seen)

        decoded = [b"/a%20b/%2541/x%2Fy", b"/%41", b"/a+b", b"/%25", b"/a;b=c/@:", b"/caf%C3%A9", b"/a%3Fb", b"/%23"]
        decoded += [b"/a/b/", b"/a%00b"]
        draw(
            law,
            pools.paths.map(lambda raw: ("ASGI-HTTP-SCOPE-009", raw)),
            [("ASGI-HTTP-SCOPE-009", raw) for raw in decoded],
        )
        texts = ["€", "é", "日本", "😀", "a\u0301", "ÿ"]
        words = st.lists(st.sampled_from(texts), min_size=1, max_size=3).map("".join)
        draw(
            law,
            words.map(lambda text: ("ASGI-HTTP-SCOPE-010", b"/" + pools.quote(text.encode()))),
            [("ASGI-HTTP-SCOPE-010", b"/" + pools.quote(text.encode())) for text in texts],
        )


@unproxied
@requirement("ASGI-HTTP-SCOPE-011", revision=2)
def test_a_path_that_is_no_utf_8(server: Server, judge: Judge) -> None:
    """Whatever becomes of it, the application is called or the request refused: it is a valid one."""
    x = server.exchange(get(b"/%FF"), ok())
    judge.reading("ASGI-HTTP-SCOPE-011", f"/%FF: {x.calls[0].scope.get('path')!r}" if x.calls else x.outcome)
    refused = x.response is not None and 400 <= x.response.status < 500
    judge("ASGI-HTTP-SCOPE-011", bool(x.calls) or refused, "a call, or 4xx", x.outcome)


@unproxied
@requirement("ASGI-HTTP-SCOPE-012")
def test_a_target_in_absolute_form(server: Server, judge: Judge) -> None:
    """Whether the application gets its path alone is told."""
    x = server.exchange(get(b"http://other.test/x?q=1"), ok())
    seen = x.outcome if not x.calls else f"{x.calls[0].scope.get('path')!r}, {x.calls[0].scope.get('raw_path')!r}"
    judge.reading("ASGI-HTTP-SCOPE-012", seen)


@unproxied
@requirement("ASGI-HTTP-SCOPE-013", "ASGI-HTTP-SCOPE-014", revision=2)
def test_raw_path(server: Server, judge: Judge, draw: Draw) -> None:
    """raw_path, where given, is the path as it came, octet for octet."""
    scope = scope_of(server, get(b"/a%20b?q"))
    both = [due(judge, scope, row) for row in ("ASGI-HTTP-SCOPE-013", "ASGI-HTTP-SCOPE-014")]
    if not all(both):
        return
    seen = plain(scope.get("raw_path"))
    if not judge("ASGI-HTTP-SCOPE-013", seen is None or isinstance(seen, bytes), "bytes or None", seen):
        return
    with kept(server) as connection:

        def law(raw: bytes) -> None:
            x = connection.exchange(get(raw + b"?q=1"), ok())
            if x.refused:
                return
            seen = plain(x.call.scope.get("raw_path"))
            judge("ASGI-HTTP-SCOPE-014", seen in (None, raw), raw, seen)

        corpus = [b"/", b"/a%20b/%2541/x%2Fy", b"/%e2%82%ac", b"/a+b;c=d", b"/%7E~", b"/a%3Fb", b"/%23x"]
        draw(law, pools.paths, [*corpus, b"/a/b/", b"/a//b/./c/../d", b"/a%00b"])


@in_band
@requirement("ASGI-HTTP-SCOPE-015", "ASGI-HTTP-SCOPE-016", "ASGI-HTTP-SCOPE-017")
def test_query_string(server: Server, judge: Judge, draw: Draw) -> None:
    """query_string is always there: what follows the first '?', as it came."""
    with kept(server) as connection:
        for target in (b"/x", b"/x?", b"/x?a"):
            x = connection.exchange(get(target), ok())
            seen = plain(x.call.scope.get("query_string", ABSENT))
            if judge("ASGI-HTTP-SCOPE-015", isinstance(seen, bytes), "bytes", seen) and target != b"/x?a":
                judge("ASGI-HTTP-SCOPE-017", seen == b"", "b''", seen)

        def law(query: bytes) -> None:
            x = connection.exchange(get(b"/x?" + query), ok())
            if x.refused:
                return
            seen = plain(x.call.scope.get("query_string", ABSENT))
            if isinstance(seen, bytes) and query:
                judge("ASGI-HTTP-SCOPE-016", seen == query, query, seen)

        draw(law, pools.queries, [b"x=%20y&z=%C3%A9?&=", *pools.RAW_QUERIES[1:]])


@unproxied
@requirement("ASGI-HTTP-SCOPE-018", "ASGI-HTTP-SCOPE-019")
def test_root_path(server: Server, judge: Judge) -> None:
    """root_path, where given, is a text: '' where the application is not mounted."""
    seen = plain(scope_of(server, get()).get("root_path", ""))
    if judge("ASGI-HTTP-SCOPE-018", isinstance(seen, str), "a str, or no key", seen):
        judge("ASGI-HTTP-SCOPE-019", seen == "", "''", seen)


@launch("mount")
@requirement("ASGI-HTTP-SCOPE-018", "ASGI-HTTP-SCOPE-019", "ASGI-HTTP-SCOPE-020", "ASGI-HTTP-SCOPE-042")
def test_mounted(server: Server, judge: Judge) -> None:
    """Where the application is mounted root_path says so; how path and root_path go together is a reading."""
    target = server.mount.encode() + b"/x"
    scope = scope_of(server, get(target))
    seen = plain(scope.get("root_path", ""))
    if judge("ASGI-HTTP-SCOPE-018", isinstance(seen, str), "a str, or no key", seen):
        judge("ASGI-HTTP-SCOPE-019", seen.rstrip("/") == server.mount, server.mount, seen)
    judge.reading("ASGI-HTTP-SCOPE-020", f"for {target.decode()}: path {scope.get('path')!r}, root_path {seen!r}")
    if due(judge, scope, "ASGI-HTTP-SCOPE-042"):
        raw = plain(scope.get("raw_path"))
        judge("ASGI-HTTP-SCOPE-042", not isinstance(raw, bytes) or raw == target, target, raw)


@in_band
@requirement("ASGI-HTTP-SCOPE-021", "ASGI-HTTP-SCOPE-025")
def test_headers(server: Server, judge: Judge) -> None:
    """headers is an iterable of pairs of bytes, names in lower case."""
    x = server.exchange(get(b"/", (b"X-MiXeD", b"1"), (b"Accept", b"*/*")), ok())
    scope = x.call.scope
    found = scope.get("headers", ABSENT)
    if not judge("ASGI-HTTP-SCOPE-021", pairs_of_bytes(found), "pairs of bytes", found):
        return
    names = [name for name, _ in pairs(scope)]
    judge(
        "ASGI-HTTP-SCOPE-025",
        b"x-mixed" in names or b"X-MiXeD".lower() not in map(bytes.lower, names),
        "b'x-mixed'",
        names,
    )


@unproxied
@requirement("ASGI-HTTP-SCOPE-044")
def test_no_field_is_added(server: Server, judge: Judge) -> None:
    """headers has nothing that the client did not send."""
    scope = scope_of(server, get(b"/", (b"X-MiXeD", b"1"), (b"Accept", b"*/*")))
    sent = {b"host", b"x-mixed", b"accept", b"gateproof-id", b"gateproof-script", b"gateproof-proof"}
    added = [name for name, _ in pairs(scope) if name.lower() not in sent]
    x = server.exchange(build(b"GET", b"/", [], version=b"HTTP/1.0"), ok())
    if x.calls:
        sent -= {b"host", b"x-mixed", b"accept"}
        added += [name for name, _ in pairs(x.calls[0].scope) if name.lower() not in sent]
    judge("ASGI-HTTP-SCOPE-044", not added, "only fields that were sent", added)


@unproxied
@requirement("ASGI-HTTP-SCOPE-022", "ASGI-HTTP-SCOPE-023", "ASGI-HTTP-SCOPE-024", "ASGI-HTTP-SCOPE-026")
def test_fields_arrive(server: Server, judge: Judge, draw: Draw) -> None:
    """Every field arrives, repeated ones apart and in order, their values octet for octet."""
    with kept(server) as connection:

        def law(fields: list[tuple[bytes, bytes]]) -> None:
            x = connection.exchange(get(b"/", *fields), ok())
            if x.refused:
                return
            scope = x.call.scope
            if not all(isinstance(part, bytes) for pair in pairs(scope) for part in pair):
                raise Blocked("headers is no iterable of pairs of bytes")
            for name in dict.fromkeys(name.lower() for name, _ in fields):
                sent = [value.strip(b" \t") for key, value in fields if key.lower() == name]
                seen = values_of(scope, name)
                if len(sent) > 1 and len(seen) != len(sent):
                    judge("ASGI-HTTP-SCOPE-023", False, f"{name!r} as separate fields {sent}", seen)
                    continue
                if not seen:
                    judge("ASGI-HTTP-SCOPE-024", False, f"{name!r}: {sent}", scope.get("headers"))
                    continue
                judge("ASGI-HTTP-SCOPE-026", sorted(seen) == sorted(sent), f"{name!r}: {sent}", seen)
                judge("ASGI-HTTP-SCOPE-022", seen == sent, f"{name!r}: {sent} in order", seen)
            judge("ASGI-HTTP-SCOPE-023", True)
            judge("ASGI-HTTP-SCOPE-024", True)

        fields = st.tuples(pools.field_names, pools.field_values)
        corpus = [
            [(b"X-D", b"1"), (b"X-O", b"o"), (b"X-D", b"2")],
            [(b"X-A", b"caf\xe9 \xff"), (b"X-B", b"a\tb  c"), (b"x-c", b"")],
            [(b"Accept", b"text/html"), (b"Accept", b"text/plain;q=0.5"), (b"Authorization", b"Basic YTpi")],
            [(b"X-" + b"n" * 60, b"v" * 3000)],
            [(name, b"v") for name in pools.TOKENS],
            [(b"Content-Type", b"text/plain"), (b"Forwarded", b"for=192.0.2.1"), (b"Range", b"bytes=0-1")],
        ]
        draw(law, st.lists(fields, min_size=1, max_size=6), corpus)


@unproxied
@requirement("ASGI-HTTP-SCOPE-043", "ASGI-HTTP-SCOPE-076")
def test_names_with_an_underscore(server: Server, judge: Judge) -> None:
    """Whether a name with an underscore reaches the application is open; it does not as another name."""
    x = server.exchange(get(b"/", (b"x_y", b"1")), ok())
    seen = x.outcome if not x.calls else values_of(x.calls[0].scope, b"x_y")
    judge.reading("ASGI-HTTP-SCOPE-043", f"x_y: {seen}")
    other = [value for call in x.calls for value in values_of(call.scope, b"x-y")]
    judge("ASGI-HTTP-SCOPE-076", not other, "no x-y", other)


@in_band_but("ASGI-HTTP-SCOPE-032")
@requirement("ASGI-HTTP-SCOPE-031", "ASGI-HTTP-SCOPE-032")
def test_client(server: Server, judge: Judge) -> None:
    """client, where given, is the address and port from which the request came."""
    if server.running.uds:
        server.unsupported("the launch listens on a unix socket")
    with server.connect() as connection:
        connection.begin(get(), ok())
        ours = connection.wire.local_address
        scope = connection.read().call.scope
    seen = scope.get("client")
    if seen is None:
        judge("ASGI-HTTP-SCOPE-031", True)
        judge.unsupported("ASGI-HTTP-SCOPE-032", "client is None or absent")
        return
    if judge("ASGI-HTTP-SCOPE-031", is_address(seen), "[host: str, port: int]", seen):
        judge("ASGI-HTTP-SCOPE-032", same_address(seen, ours), list(ours), seen)


@in_band_but("ASGI-HTTP-SCOPE-035")
@requirement("ASGI-HTTP-SCOPE-034", "ASGI-HTTP-SCOPE-035")
def test_server(server: Server, judge: Judge) -> None:
    """server, where given, is the address on which the server listens; on TCP, host and port."""
    if server.running.uds:
        server.unsupported("the launch listens on a unix socket")
    scope = scope_of(server, build(b"GET", b"/", [(b"Host", b"elsewhere.test:81")]))
    seen = scope.get("server")
    if seen is None:
        judge("ASGI-HTTP-SCOPE-034", True)
        judge.unsupported("ASGI-HTTP-SCOPE-035", "server is None or absent")
        return
    if judge("ASGI-HTTP-SCOPE-034", is_address(seen), "[host: str, port: int]", seen):
        judge("ASGI-HTTP-SCOPE-035", same_address(seen, (server.host, server.port)), [server.host, server.port], seen)


@launch("ipv6")
@requirement("ASGI-HTTP-SCOPE-031", "ASGI-HTTP-SCOPE-034")
def test_addresses_of_ipv6(server: Server, judge: Judge) -> None:
    """Where sockets name themselves by four items, client and server are still host and port."""
    scope = scope_of(server, get())
    for key, row in (("client", "ASGI-HTTP-SCOPE-031"), ("server", "ASGI-HTTP-SCOPE-034")):
        seen = scope.get(key)
        judge(row, seen is None or is_address(seen), f"{key}: [host: str, port: int]", seen)


@launch("unix")
@requirement("ASGI-HTTP-SCOPE-033", "ASGI-HTTP-SCOPE-036")
def test_unix_socket(server: Server, judge: Judge) -> None:
    """On a unix socket a server value that is given is [path, None]."""
    scope = scope_of(server, get())
    judge.reading("ASGI-HTTP-SCOPE-033", f"client on a unix socket: {scope.get('client', ABSENT)!r}")
    if due(judge, scope, "ASGI-HTTP-SCOPE-036"):
        seen = plain(scope.get("server"))
        parts = list(seen) if isinstance(seen, (list, tuple)) else seen
        good = seen is None or (isinstance(parts, list) and len(parts) == 2 and parts[1] is None)
        right = good and (not isinstance(parts, list) or str(plain(parts[0])) == server.running.uds)
        judge("ASGI-HTTP-SCOPE-036", right, [server.running.uds, None], seen)


@unproxied
@requirement("ASGI-HTTP-SCOPE-037")
def test_each_request_has_its_own_scope(server: Server, judge: Judge) -> None:
    """Two requests on one connection get two scopes."""
    with kept(server) as connection:
        connection.exchange(get(b"/one"), asgi(keep("scope"), respond()))
        x = connection.exchange(get(b"/two"), asgi(same("scope"), respond()))
    said = x.call.first("same") or {}
    judge("ASGI-HTTP-SCOPE-037", not said.get("same"), "another dict than that of the request before", said)
    judge("ASGI-HTTP-SCOPE-037", plain(x.call.scope.get("path")) == "/two", "/two", x.call.scope.get("path"))


@requirement("ASGI-HTTP-SCOPE-039")
def test_called_before_the_body_is_there(server: Server, judge: Judge) -> None:
    """The application is called when the header is there."""
    with server.connect() as connection:
        head = get(b"/", (b"Content-Length", b"8"), method=b"POST")
        connection.begin(head + b"half", asgi(read_body(), respond(), live=True))
        early = connection.comes("scope") is not None
        connection.send(b"half")
        connection.read()
    judge("ASGI-HTTP-SCOPE-039", early, "a call while half of the body is outstanding", "no call")


def is_address(value: Any) -> bool:
    """Tell whether a value is a host and a port."""
    value = plain(value)
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return False
    return isinstance(plain(value[0]), str) and isinstance(plain(value[1]), int) and not isinstance(value[1], bool)


def same_address(seen: Any, wanted: tuple[str, int]) -> bool:
    """Compare two addresses; an IPv4 address mapped into IPv6 is the same."""
    seen = plain(seen)
    try:
        one, other = ipaddress.ip_address(plain(seen[0])), ipaddress.ip_address(wanted[0])
    except ValueError:
        return bool(plain(seen[0]) == "localhost" and plain(seen[1]) == wanted[1])
    mapped = getattr(one, "ipv4_mapped", None) or one
    return (mapped == other or mapped.is_unspecified) and plain(seen[1]) == wanted[1]

"""RFC 3875 section 4.1, to which PEP 3333 defers: variables made from the connection and the fields."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from gateproof.check import in_band, launch, requirement, unproxied
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.scripts import ok, read_request, start, wsgi
from gateproof.target import Server
from gateproof.validate.wsgi.environ import CGI
from gateproof.wire.request import get, post

from .looking import ABSENT, environ_of, latin1, text, value


@requirement("WSGI-CGI-001")
def test_remote_addr_is_the_peer(server: Server, judge: Judge) -> None:
    """REMOTE_ADDR is the address of our end of the connection."""
    if server.running.uds:
        server.unsupported("a unix socket has no addresses")
    with server.connect() as connection:
        connection.begin(get(), ok())
        x = connection.read()
        own = connection.wire.local_address[0]
        seen = value(x.call.environ, "REMOTE_ADDR")
        judge("WSGI-CGI-001", seen == own, own, seen)


@launch("ipv6")
@requirement("WSGI-CGI-001", "WSGI-ENV-008")
def test_addresses_of_ipv6(server: Server, judge: Judge) -> None:
    """Where sockets name themselves by four items, REMOTE_ADDR is still the address, and SERVER_PORT the port."""
    environ = environ_of(server, get())
    seen = value(environ, "REMOTE_ADDR")
    judge("WSGI-CGI-001", seen == server.running.host, server.running.host, seen)
    port = value(environ, "SERVER_PORT")
    judge("WSGI-ENV-008", str(port) == str(server.port), str(server.port), port)


@launch("unix")
@requirement("WSGI-CGI-008", "WSGI-CGI-009", "WSGI-CGI-011")
def test_a_client_without_an_address(server: Server, judge: Judge) -> None:
    """Over a unix socket requests are served, what CGI names is str, and the server has a name and a port."""
    for request, body in ((get(), b""), (post(b"hello"), b"hello")):
        x = server.exchange(request, wsgi(read_request(), start("200 OK", [("Content-Length", "2")]), items=[b"ok"]))
        served = x.response is not None and x.response.body == b"ok" and [call.body for call in x.calls] == [body]
        judge("WSGI-CGI-008", served, "one call, and its response", x.outcome)
        for call in x.calls:
            wrong = {key: seen for key, seen in call.environ.items() if key in CGI and not text(seen)}
            if not judge("WSGI-CGI-009", not wrong, "a str", wrong):
                judge.blocked("WSGI-CGI-011", "what CGI names is no str")
                continue
            name, port = value(call.environ, "SERVER_NAME"), value(call.environ, "SERVER_PORT")
            whole = name != "" and re.fullmatch("[0-9]+", port)
            judge("WSGI-CGI-011", whole, "a name, and a number for the port", (name, port))
    judge.rest_blocked("the application was not called")


KNOWN = [
    b"Connection", b"User-Agent", b"Accept-Encoding", b"Cookie", b"If-Modified-Since", b"Referer", b"Origin",
    b"Content-Encoding", b"Content-Language", b"Content-Disposition", b"Content-Location", b"Cache-Control",
    b"Pragma", b"Date", b"Range", b"From",
]  # fmt: skip
HOP_BY_HOP = (b"Connection",)
PROTOCOL = re.compile(r"INCLUDED|[A-Za-z]+(/[0-9]+\.[0-9]+)?")


@unproxied
@requirement("WSGI-CGI-002", "WSGI-ENV-017", revision=2)
def test_fields_that_servers_know_keep_their_names(server: Server, judge: Judge) -> None:
    """What a server itself acts on, and what resembles Content-Type, has a variable like every other field."""
    sent = {
        name: b"close, gp-%d" % place if name == b"Connection" else b"gp-%d" % place for place, name in enumerate(KNOWN)
    }
    environ = environ_of(server, get(b"/", *sent.items()))
    for name, given in sent.items():
        key = "HTTP_" + latin1(name).upper().replace("-", "_")
        if key in environ:
            judge("WSGI-CGI-002", environ[key] == latin1(given), given, environ[key])
            judge("WSGI-ENV-017", True)
            continue
        moved = [k for k, v in environ.items() if v == latin1(given)]
        judge("WSGI-CGI-002", not moved, f"{latin1(given)!r} as {key}", moved)
        if name not in HOP_BY_HOP and not moved:
            judge("WSGI-ENV-017", False, key, ABSENT)
    host = value(environ, "HTTP_HOST")  # which every request has; what comes before a server may name another
    judge("WSGI-ENV-017", host != ABSENT, "HTTP_HOST", host)


NAMESAKES = [
    b"Remote-Addr", b"Remote-Port", b"Server-Name", b"Server-Port", b"Server-Protocol", b"Request-Method",
    b"Script-Name", b"Path-Info", b"Query-String", b"Gateway-Interface",
]  # fmt: skip


@unproxied
@requirement("WSGI-CGI-010")
def test_fields_named_as_variables_of_the_server(server: Server, judge: Judge) -> None:
    """They have a variable of their own."""
    for name in NAMESAKES:
        x = server.exchange(get(b"/", (name, b"gp")), ok())
        if not x.refused:
            key = "HTTP_" + latin1(name).upper().replace("-", "_")
            judge("WSGI-CGI-010", value(x.call.environ, key) == "gp", f"'gp' as {key}", value(x.call.environ, key))
    judge.rest_blocked("every request with such a field was refused")


@unproxied
@requirement("WSGI-CGI-003", revision=2)
def test_repeated_fields_are_joined(server: Server, judge: Judge, draw: Draw) -> None:
    """Fields of one name become one variable with all values in order, joined with a comma."""

    def law(case: tuple[bytes, list[bytes]]) -> None:
        name, sent = case
        x = server.exchange(get(b"/", *((name, text) for text in sent)), ok())
        if x.refused:
            return
        seen = x.call.environ.get("HTTP_" + latin1(name).upper().replace("-", "_"))
        if seen is None:
            return  # a missing variable counts under WSGI-ENV-017
        parts = [part.strip(" \t") for part in str(seen).split(",")]
        judge("WSGI-CGI-003", parts == [latin1(text) for text in sent], b", ".join(sent), seen)

    names = [b"X-Foo", b"Accept", b"X-Forwarded-For", b"Via", b"If-Match", b"X-Other", b"Accept-Language"]
    texts = st.lists(st.sampled_from([b"1", b"2", b"b c", b"x=y", b"1"]), min_size=2, max_size=4)
    draw(law, st.tuples(st.sampled_from(names), texts), [(name, [b"1", b"2"]) for name in names])
    mixed = server.exchange(get(b"/", (b"X-Foo", b"1"), (b"x-foo", b"2"), (b"X-FOO", b"3")), ok())
    if not mixed.refused and (seen := mixed.call.environ.get("HTTP_X_FOO")) is not None:
        parts = [part.strip(" \t") for part in str(seen).split(",")]
        judge("WSGI-CGI-003", parts == ["1", "2", "3"], b"1, 2, 3", seen)
    judge.rest_blocked("no request with repeated fields was passed on with a variable")


@unproxied
@requirement("WSGI-CGI-004", revision=2)
def test_underscore_does_not_reach_another_field(server: Server, judge: Judge) -> None:
    """X_A never merges into, or overwrites, the variable of X-A."""
    good, evil = (b"X-A", b"good"), (b"X_A", b"evil")
    for fields in ((good, evil), (evil, good)):
        x = server.exchange(get(b"/", *fields), ok())
        if not x.refused:
            seen = value(x.call.environ, "HTTP_X_A")
            judge("WSGI-CGI-004", seen in ("good", ABSENT), "good", seen)
    for name, variable in ((b"Content_Type", "CONTENT_TYPE"), (b"Content_Length", "CONTENT_LENGTH")):
        x = server.exchange(get(b"/", (name, b"7")), ok())
        if not x.refused:
            seen = value(x.call.environ, variable)
            judge("WSGI-CGI-004", seen != "7", f"no {variable} of {latin1(name)}", seen)
    judge("WSGI-CGI-004", True)


@requirement("WSGI-CGI-007")
def test_server_protocol_is_always_a_protocol(server: Server, judge: Judge) -> None:
    """Also where a request line has an unusual version or none: a name, and after a slash two numbers."""
    lines = (b"GET / HTTP/1.1", b"GET /", b"GET / HTTP/1.9", b"GET / HTTP/0.9", b"GET / HTTP/2.0")
    for line in lines:
        end = b"\r\n\r\n" if line == b"GET /" else b"\r\nHost: localhost\r\n\r\n"
        x = server.exchange(line + end, ok(), arm=True, timeout=2.0)
        for call in x.calls:
            seen = value(call.environ, "SERVER_PROTOCOL")
            fine = isinstance(seen, str) and PROTOCOL.fullmatch(seen)
            judge("WSGI-CGI-007", fine, f"HTTP/ and a version for {latin1(line)}", seen)
    judge.rest_blocked("no request was passed on")


@unproxied
@requirement("WSGI-CGI-005")
def test_proxy_field(server: Server, judge: Judge) -> None:
    """What becomes of a Proxy field."""
    seen = value(environ_of(server, get(b"/", (b"Proxy", b"evil"))), "HTTP_PROXY")
    judge.reading("WSGI-CGI-005", f"a Proxy field gives HTTP_PROXY {seen!r}")


@in_band
@requirement("WSGI-CGI-006")
def test_run_once_is_false_in_a_long_running_server(server: Server, judge: Judge) -> None:
    """A process that has served several requests does not run the application once."""
    calls = [server.exchange(get(), ok()).call for _ in range(3)]
    processes = {call.events[0].pid for call in calls}
    if len(processes) == len(calls):
        judge.blocked("WSGI-CGI-006", "each request was served by another process")
        return
    seen = value(calls[-1].environ, "wsgi.run_once")
    judge("WSGI-CGI-006", not seen or seen == ABSENT, "false: one process served several requests", seen)

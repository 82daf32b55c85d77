"""PEP 3333, environ Variables: what the application is given."""

from __future__ import annotations

import re
from ipaddress import IPv6Address

from hypothesis import strategies as st

from gateproof.check import in_band, in_band_but, launch, requirement, unproxied
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.scripts import Step, environ_clear, environ_delete, environ_set, ok, read, read_request, start, wsgi
from gateproof.target import Server
from gateproof.validate.wsgi.environ import CGI
from gateproof.values import Opaque
from gateproof.wire.request import HOST, build, get, post

from ... import pools
from .looking import ABSENT, answered, environ_of, latin1, text, value

METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH"]
REG_NAME = re.compile(r"[A-Za-z0-9._-]+")
PEP_KEYS = ("wsgi.input", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")
OWN = ("HTTP_GATEPROOF_ID", "HTTP_GATEPROOF_SCRIPT")


@in_band
@requirement("WSGI-ENV-001")
def test_environ_is_a_builtin_dict(server: Server, judge: Judge) -> None:
    """Neither a subclass of dict nor another mapping."""
    kind = server.exchange(get(), ok()).call.opening["environ_type"]
    judge("WSGI-ENV-001", kind == "dict", "dict", kind)


@requirement("WSGI-ENV-002")
def test_the_application_may_modify_environ(server: Server, judge: Judge, draw: Draw) -> None:
    """Whatever the application does to environ, its response arrives."""

    def law(change: list[Step]) -> None:
        script = wsgi(*change, start("200 OK", [("Content-Length", "2")]), items=[b"ok"])
        x = server.exchange(get(), script)
        judge("WSGI-ENV-002", answered(x), f"200 and 'ok' after {change}", x.outcome)
        after = server.exchange(get(), ok())
        judge("WSGI-ENV-002", answered(after), f"the server goes on after {change}", after.outcome)

    keys = [
        "REQUEST_METHOD",
        "SERVER_PROTOCOL",
        "PATH_INFO",
        "HTTP_HOST",
        "wsgi.errors",
        "wsgi.version",
        "QUERY_STRING",
    ]
    key = st.sampled_from([*keys, "SERVER_NAME", "wsgi.url_scheme", "REMOTE_ADDR", "wsgi.file_wrapper"])
    other = st.sampled_from(["", "x", 0, b"", "HEAD"])
    change = st.one_of(st.builds(environ_delete, key), st.builds(environ_set, key, other))
    corpus = [[environ_clear()], [environ_set("REQUEST_METHOD", "HEAD")], [environ_set("SERVER_PROTOCOL", "x")]]
    corpus += [[environ_delete(name) for name in keys], [environ_set(name, 0) for name in keys]]
    draw(law, st.lists(change, min_size=1, max_size=4), corpus)


@requirement("WSGI-ENV-003")
def test_each_request_has_an_environ_of_its_own(server: Server, judge: Judge) -> None:
    """What one request leaves in environ no later one sees."""
    stale = "gateproof.stale"
    marking = wsgi(environ_set(stale, "left"), start("200 OK", [("Content-Length", "2")]), items=[b"ok"])
    with server.connect() as connection:
        connection.begin(get(), marking)
        if connection.read().response is not None:
            connection.begin(get(), ok())
            again = connection.read()
            if again.calls:
                judge("WSGI-ENV-003", stale not in again.call.environ, "no trace on the same connection", "left")
    fresh = environ_of(server, get())
    judge("WSGI-ENV-003", stale not in fresh, "no trace on another connection", "left")


@requirement("WSGI-ENV-048")
def test_environ_tells_of_this_request_alone(server: Server, judge: Judge) -> None:
    """What the request before it on the connection had, and this one has not, is not there."""
    before = post(b"hello", (b"X-Left", b"left"), (b"Content-Type", b"gateproof/left"), target=b"/left?left")
    reading = wsgi(read_request(), start("200 OK", [("Content-Length", "2")]), items=[b"ok"])
    with server.connect() as connection:
        connection.begin(before, reading)
        first = connection.read()
        environ = {}
        if first.response is not None:
            connection.begin(get(), ok())
            for call in connection.read().calls:
                environ = call.environ
    if not environ:
        judge.unsupported("WSGI-ENV-048", "a connection ends behind its first answer", lacks="keep-alive")
        return
    left = {"HTTP_X_LEFT": "left", "CONTENT_TYPE": "gateproof/left", "CONTENT_LENGTH": "5", "QUERY_STRING": "left"}
    seen = {key: environ[key] for key, text in left.items() if environ.get(key) == text}
    judge("WSGI-ENV-048", not seen, "nothing of the request before it", seen)


@in_band
@requirement("WSGI-ENV-004")
def test_request_method_is_never_empty(server: Server, judge: Judge) -> None:
    """Present and not '' for every method that the server passes on."""
    for method in filter(server.shows, METHODS):
        x = server.exchange(get(method=method), ok())
        if not x.refused:
            seen = value(x.call.environ, "REQUEST_METHOD")
            judge("WSGI-ENV-004", text(seen) and seen not in ("", ABSENT), f"a method for {method!r}", seen)


@in_band
@requirement("WSGI-ENV-005")
def test_request_method_is_the_token_that_was_sent(server: Server, judge: Judge, draw: Draw) -> None:
    """Methods are case-sensitive; a server may refuse one, not change it."""

    def law(method: bytes) -> None:
        if not server.shows(method):
            return
        x = server.exchange(get(method=method), ok())
        if x.calls:
            seen = value(x.call.environ, "REQUEST_METHOD")
            judge("WSGI-ENV-005", seen == latin1(method), latin1(method), seen)

    corpus = [b"GET", b"HEAD", b"M-SEARCH", b"FOO", b"get", b"Post", b"PATCH"]
    words = st.sampled_from([*METHODS, b"get", b"PROPFIND", b"m-search", b"X"])
    draw(law, st.builds(lambda a, b: a + b, words, st.sampled_from([b"", b"x", b"-Y", b"1"])), corpus)
    judge("WSGI-ENV-005", True)


def host_or_address(name: str) -> bool:
    """Tell whether a name alone can stand for a host in a URL; an IPv6 address may lack its brackets."""
    if ":" not in name:
        return REG_NAME.fullmatch(name) is not None
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    try:
        return bool(IPv6Address(bare))
    except ValueError:
        return False


@in_band_but("WSGI-ENV-008")
@requirement("WSGI-ENV-006", "WSGI-ENV-007", "WSGI-ENV-008", "WSGI-ENV-009", revision=2)
def test_server_name_and_port(server: Server, judge: Judge) -> None:
    """Strings, never empty, fit for a URL; the port is the one that was asked."""
    if server.running.uds:
        server.unsupported("the listener is a unix socket, which has neither name nor port")
    requests = [get(), get(version=b"HTTP/1.0"), build(headers=(), version=b"HTTP/1.0")]
    for request in requests:
        x = server.exchange(request, ok())
        if x.refused:
            continue
        name, port = (value(x.call.environ, key) for key in ("SERVER_NAME", "SERVER_PORT"))
        judge("WSGI-ENV-006", text(name) and name not in ("", ABSENT), "a str that is not empty", name)
        judge("WSGI-ENV-007", text(port) and port not in ("", ABSENT), "a str that is not empty", port)
        judge("WSGI-ENV-008", str(port) == str(server.port), str(server.port), port)
        if text(name) and name != "":
            judge("WSGI-ENV-009", host_or_address(str(name)), "a host name or an IP address", name)
    judge.rest_blocked("no request was passed on, or there was no name to look at")


@unproxied
@requirement("WSGI-ENV-010")
def test_server_protocol_is_the_version_that_was_sent(server: Server, judge: Judge) -> None:
    """HTTP/1.0 and HTTP/1.1 arrive as such."""
    for version in (b"HTTP/1.0", b"HTTP/1.1"):
        seen = value(environ_of(server, get(version=version)), "SERVER_PROTOCOL")
        judge("WSGI-ENV-010", seen == latin1(version), latin1(version), seen)


@in_band
@requirement("WSGI-ENV-011")
def test_content_type_is_the_field_value(server: Server, judge: Judge, draw: Draw) -> None:
    """CONTENT_TYPE carries what the client sent, parameters and all."""

    def law(sent: bytes) -> None:
        x = server.exchange(post(b"abc", (b"Content-Type", sent)), ok())
        if not x.refused:
            seen = value(x.call.environ, "CONTENT_TYPE")
            judge("WSGI-ENV-011", seen == latin1(sent), latin1(sent), seen)

    corpus = [
        b"text/x; a=b",
        b"application/json",
        b'multipart/form-data; boundary="a, b"',
        b"X",
        b"text/html;charset=utf-8",
    ]
    words = st.sampled_from([b"text/plain", b"a/b", b"TEXT/HTML", b"x/y;q=1"])
    tails = st.sampled_from([b"", b"; charset=utf-8", b';a="b c"', b"; x=1; y=2", b"; \xe9=1"])
    draw(law, st.builds(lambda a, b: a + b, words, tails), corpus)


@in_band
@requirement("WSGI-ENV-012", "WSGI-ENV-014")
def test_no_content_variables_without_the_fields(server: Server, judge: Judge) -> None:
    """Absent or empty; '0' for a length is told, nothing else is invented."""
    for request in (get(), post(b"abc")):
        seen = value(environ_of(server, request), "CONTENT_TYPE")
        judge("WSGI-ENV-012", seen in ("", ABSENT), "absent or ''", seen)
    length = value(environ_of(server, get()), "CONTENT_LENGTH")
    judge("WSGI-ENV-014", length in ("", "0", ABSENT), "absent, '' or '0'", length)


@in_band
@requirement("WSGI-ENV-013")
def test_content_length_is_the_field_value(server: Server, judge: Judge, draw: Draw) -> None:
    """CONTENT_LENGTH is the number of octets that the client announced."""

    def law(body: bytes) -> None:
        script = {"call": [read("read", len(body)), *ok()["call"]], "result": ok()["result"]}
        seen = value(server.exchange(post(body), script).call.environ, "CONTENT_LENGTH")
        good = (str(len(body)),) if body else ("0", "", ABSENT)
        judge("WSGI-ENV-013", seen in good, str(len(body)), seen)

    draw(law, pools.bodies, [b"a", b"x" * 10, b"y" * 70_000])


@unproxied
@requirement("WSGI-ENV-015")
def test_content_length_is_digits_or_refused(server: Server, judge: Judge, draw: Draw) -> None:
    """A length that int() would take but HTTP does not never reaches the application."""

    def law(sent: bytes) -> None:
        request = build(b"POST", b"/", (HOST, (b"Content-Length", sent), (b"Connection", b"close")), b"hello")
        x = server.exchange(request, ok(), timeout=2.0)
        for call in x.calls:
            seen = value(call.environ, "CONTENT_LENGTH")
            fine = seen in ("", ABSENT) or (isinstance(seen, str) and re.fullmatch(r"[0-9]+", seen.strip(" \t")))
            judge("WSGI-ENV-015", fine, f"digits only, or a refusal of {sent!r}", seen)
        judge("WSGI-ENV-015", True)

    corpus = [b"+5", b"5, 5", b" 5 ", b"-5", b"0x5", b"5_0", b"5a", b"\xd9\xa5", b"5 5", b"05"]
    words = st.sampled_from([b"5", b"0", b"1_0", b"+1", b"-0", b"5.0", b"5e0", b"0b1", b"five"])
    draw(
        law,
        st.builds(lambda a, b: a + b, words, st.sampled_from([b"", b" ", b"_", b"+", b"\xb2"])),
        corpus,
        examples=10,
    )


@in_band
@requirement("WSGI-ENV-016")
def test_content_fields_do_not_appear_twice(server: Server, judge: Judge) -> None:
    """Content-Type and Content-Length have variables of their own."""
    environ = environ_of(server, post(b"abc", (b"Content-Type", b"text/plain")))
    seen = [key for key in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH") if key in environ]
    judge("WSGI-ENV-016", not seen, "neither HTTP_CONTENT_TYPE nor HTTP_CONTENT_LENGTH", seen)


@unproxied
@requirement("WSGI-ENV-017", "WSGI-CGI-002", "WSGI-UNICODE-003", revision=2)
def test_header_fields_become_variables(server: Server, judge: Judge, draw: Draw) -> None:
    """HTTP_ and the name in upper case, with the value as latin-1, one character an octet."""

    def law(case: tuple[bytes, bytes]) -> None:
        name, sent = case
        x = server.exchange(get(b"/", (name, sent)), ok())
        if x.refused:
            return
        key = "HTTP_" + latin1(name).upper().replace("-", "_")
        environ = x.call.environ
        seen = value(environ, key)
        same = [k for k, v in environ.items() if v == latin1(sent) and k not in OWN and str(k).startswith("HTTP_")]
        if seen == ABSENT and not name.replace(b"-", b"").isalnum():
            return  # a variable's name could not be told from another's, or not be one: left out for safety
        if seen == ABSENT:
            spelled = [k for k in same if str(k).upper().replace("-", "_") == key]
            judge("WSGI-CGI-002", not spelled, key, spelled)
            judge("WSGI-ENV-017", bool(spelled), f"a variable for {latin1(name)}", ABSENT)
            return
        judge("WSGI-ENV-017", True)
        judge("WSGI-CGI-002", True)
        judge("WSGI-UNICODE-003", seen == latin1(sent), latin1(sent), seen)

    corpus = [
        (b"X-Foo-bar", b"unique"),
        (b"x-lower", b"v1"),
        (b"X-LATIN", b"caf\xe9"),
        (b"X-Utf8", b"\xc3\xa9"),
        (b"X.Y", b"dot"),
    ]
    corpus += [(b"X-List", b"a, b"), (b"X-Tab", b"a\tb"), (b"X-Long", b"z" * 3000), (b"X-Q", b'"a,b"')]
    draw(law, st.tuples(pools.field_names, pools.field_values), corpus)
    judge.rest_blocked("every request with such a field was refused")


@requirement("WSGI-ENV-018")
def test_no_variable_for_a_field_that_was_not_sent(server: Server, judge: Judge) -> None:
    """An HTTP/1.0 request without fields makes no HTTP_ variable."""
    x = server.exchange(build(headers=(), version=b"HTTP/1.0"), ok(), arm=True)
    if x.refused:
        judge.blocked("WSGI-ENV-018", "a request of HTTP/1.0 without fields is refused")
        return
    seen = {k: v for k, v in x.call.environ.items() if isinstance(k, str) and k.startswith("HTTP_")}
    judge("WSGI-ENV-018", not seen, "no HTTP_ variable", seen)


@unproxied
@requirement("WSGI-ENV-019")
def test_an_empty_field_may_be_left_out(server: Server, judge: Judge) -> None:
    """Missing and '' are both right."""
    seen = value(environ_of(server, get(b"/", (b"X-Empty", b""))), "HTTP_X_EMPTY")
    judge.reading("WSGI-ENV-019", f"an empty field gives {seen!r}")


@unproxied
@requirement("WSGI-ENV-020")
def test_no_placeholder_for_what_has_no_value(server: Server, judge: Judge) -> None:
    """Nobody authenticated: no REMOTE_USER, no AUTH_TYPE."""
    environ = environ_of(server, get())
    seen = {key: environ[key] for key in ("REMOTE_USER", "AUTH_TYPE") if key in environ}
    judge("WSGI-ENV-020", not seen, "neither REMOTE_USER nor AUTH_TYPE", seen)


@in_band
@requirement("WSGI-ENV-021", "WSGI-ENV-039", "WSGI-ENV-022")
def test_cgi_variables_are_str(server: Server, judge: Judge, draw: Draw) -> None:
    """Keys are str, and so are the values of everything that CGI names or that is made in its manner."""

    def law(request: bytes) -> None:
        x = server.exchange(request, ok())
        if x.refused:
            return
        environ = x.call.environ
        wrong_keys = [key for key in environ if not isinstance(key, str)]
        judge("WSGI-ENV-022", not wrong_keys, "every key is a str", wrong_keys)
        named = {k: v for k, v in environ.items() if isinstance(k, str)}
        cgi = {k: v for k, v in named.items() if (k in CGI or k.startswith("HTTP_")) and not text(v)}
        judge("WSGI-ENV-021", not cgi, "a str", cgi)
        manner = {k: v for k, v in named.items() if "." not in k and k not in CGI and k.isupper() and not text(v)}
        manner = {k: v for k, v in manner.items() if not k.startswith("HTTP_")}
        judge("WSGI-ENV-039", not manner, "a str", manner)

    corpus = [get(), post(b"abc", (b"Content-Type", b"a/b")), get(b"/p?q", (b"X.Y", b"1")), get(version=b"HTTP/1.0")]
    draw(
        law,
        st.builds(lambda t, n, v: get(t, (n, v)), pools.paths, pools.field_names, pools.field_values),
        corpus,
        examples=10,
    )


@unproxied
@requirement("WSGI-ENV-023", "WSGI-ENV-024")
def test_version_and_scheme(server: Server, judge: Judge) -> None:
    """(1, 0), and http over plain TCP."""
    environ = environ_of(server, get())
    version = value(environ, "wsgi.version")
    plain = version.base if isinstance(version, Opaque) else version
    judge("WSGI-ENV-023", plain == (1, 0) and isinstance(plain, tuple), (1, 0), version)
    judge("WSGI-ENV-024", value(environ, "wsgi.url_scheme") == "http", "http", value(environ, "wsgi.url_scheme"))


@launch("tls")
@requirement("WSGI-ENV-025", "WSGI-ENV-031")
def test_scheme_over_tls(server: Server, judge: Judge) -> None:
    """https where the request came over TLS."""
    environ = environ_of(server, get())
    judge("WSGI-ENV-025", value(environ, "wsgi.url_scheme") == "https", "https", value(environ, "wsgi.url_scheme"))
    seen = {k: v for k, v in environ.items() if isinstance(k, str) and (k == "HTTPS" or k.startswith("SSL_"))}
    judge.reading("WSGI-ENV-031", f"variables of TLS: {seen or 'none'}")


@in_band
@requirement("WSGI-ENV-026")
def test_the_keys_of_the_pep_are_present(server: Server, judge: Judge) -> None:
    """Input, errors and the three statements on concurrency."""
    environ = environ_of(server, get())
    for key in PEP_KEYS:
        judge("WSGI-ENV-026", key in environ, f"{key} is present", "absent")


@in_band
@requirement("WSGI-ENV-027", "WSGI-ENV-028", "WSGI-ENV-032")
def test_names_of_the_servers_own_variables(server: Server, judge: Judge) -> None:
    """Which variables beside the required ones there are, and how they are spelled."""
    environ = environ_of(server, get())
    names = [key for key in environ if isinstance(key, str)]
    own = [k for k in names if k not in CGI and not k.startswith(("HTTP_", "SSL_", "wsgi.")) and k != "HTTPS"]
    odd = sorted(k for k in own if not re.fullmatch(r"[a-z0-9._]+", k))
    judge.reading("WSGI-ENV-027", f"not lower-case: {', '.join(odd[:20]) or 'none'}")
    standard = {"wsgi.version", "wsgi.url_scheme", "wsgi.file_wrapper", "wsgi.input_terminated", *PEP_KEYS}
    reserved = sorted(k for k in names if k.startswith("wsgi.") and k not in standard)
    judge.reading("WSGI-ENV-028", f"in the PEP's own name space: {', '.join(reserved) or 'none'}")
    useful = ("REMOTE_ADDR", "REMOTE_HOST", "REMOTE_PORT", "SERVER_SOFTWARE", "GATEWAY_INTERFACE")
    judge.reading("WSGI-ENV-032", f"supplied: {', '.join(k for k in useful if k in environ) or 'none'}")


@launch("os_environ")
@requirement("WSGI-ENV-030", "WSGI-ENV-047", "WSGI-UNICODE-007")
def test_variables_of_the_operating_system(server: Server, judge: Judge) -> None:
    """They may be copied, in place of nothing that the request says; their text then follows the rule on latin-1."""
    environ = environ_of(server, get(b"/?mine=1", (b"X-Os", b"mine")))
    said = {key: value(environ, key) for key in ("QUERY_STRING", "HTTP_X_OS")}
    mine = {"QUERY_STRING": "mine=1", "HTTP_X_OS": "mine"}
    judge("WSGI-ENV-047", said == mine, mine, said)
    seen = value(environ, "GATEPROOF_FOO")
    judge.reading("WSGI-ENV-030", f"variables of the operating system are {'absent' if seen == ABSENT else 'copied'}")
    if seen == ABSENT:
        judge.unsupported(
            "WSGI-UNICODE-007", "the server does not copy variables of the operating system", lacks="os_environ"
        )
    else:
        judge("WSGI-UNICODE-007", all(ord(c) < 256 for c in str(seen)), "code points up to U+00FF", seen)


@unproxied
@requirement("WSGI-ENV-040")
def test_forwarded_fields(server: Server, judge: Judge) -> None:
    """What fields of a proxy change when nobody said that there is one."""
    fields = [
        (b"X-Forwarded-Proto", b"https"),
        (b"X-Forwarded-For", b"203.0.113.9"),
        (b"X-Forwarded-Host", b"evil.example"),
    ]
    plain, changed = environ_of(server, get()), environ_of(server, get(b"/", *fields))
    keys = ("wsgi.url_scheme", "REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT")
    seen = {key: value(changed, key) for key in keys if value(changed, key) != value(plain, key)}
    judge.reading("WSGI-ENV-040", f"changed by forwarded fields from loopback: {seen or 'nothing'}")

"""The scope: an application works with whatever the text allows a server to leave out, to add, or to spell."""

from __future__ import annotations

from typing import Any

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.asgi import App, Request
from gateproof.drive.asgi.application import Answer, Usual, answer
from gateproof.drive.asgi.scopes import CONTAINERS, MAY_BE_NONE, PLAIN, Server
from gateproof.drive.paths import LONG_PATHS, NAMES_OF_NONE, NULS, bases
from gateproof.judge import Judge
from gateproof.wire import selecting
from gateproof.wire.selecting import UNPARSED

from . import drawing
from .surveying import FORM, overseen
from .varying import survives, unchanged, working

LEFT_OUT = ("scheme", "raw_path", "root_path", "client", "server")
ROWS = {
    "scheme": "ASGI-HTTP-SCOPE-062",
    "raw_path": "ASGI-HTTP-SCOPE-063",
    "root_path": "ASGI-HTTP-SCOPE-064",
    "client": "ASGI-HTTP-SCOPE-065",
    "server": "ASGI-HTTP-SCOPE-066",
}
# What is not known stands there as None; raw_path is bytes or not there at all.
SPELT_OUT = PLAIN.but(client=None, server=None, without=frozenset({"raw_path"}))
FIELDS = ((b"content-type", b"text/plain"), (b"accept", b"*/*"), (b"cookie", b"a=1"), (b"x-odd", b"1"))
ODD_FIELDS = (
    (b"x-odd", b"caf\xe9"),
    (b"user-agent", b"caf\xe9/1.0 \xff\xfe"),
    (b"cookie", b"a=\xff; b=1; =; c"),
    (b"accept", b"\xc3\x28"),
    (b"accept-language", b"*;q=\xb2"),
    (b"accept-encoding", b"gzip;q=x, \xe9"),
    (b"referer", b"http://[::1\xe9"),
    (b"content-type", b"text/plain; charset=\xff"),
    (b"authorization", b"Basic \xe9\xe9"),
    (b"origin", b"null\xff"),
    (b"x-forwarded-for", b"\xff, unknown"),
    (b"if-modified-since", b"yesterday\xe9"),
    (b"range", b"bytes=\xb2-"),
    (b"!#$%&'*+-.^_`|~0a", b""),
    (b"x-long", b"x" * 9000),
    (b"x_under", b"1"),
    (b"traceparent", b"00-\xff-01"),
    (b"accept", b"a/b;q=\xb2"),
)
ODD_QUERIES = (b"a=%zz", b"%", b"a=%FF", b"=&&==", b"a[]=1&a[b]=2", b"x" * 4000)
MOUNTS = ("/mnt", "/mnt/deep", "/m+n(t)")
UNIX = ("/run/server.sock", None)
ODD_HOSTS = tuple(value for _, value in UNPARSED["hosts"])
PARTS = b"multipart/form-data; boundary=b"
NO_FORMS = (
    ("ASGI-HTTP-SCOPE-074", b"multipart/form-data", b"--b\r\n\r\n--b--\r\n"),
    ("ASGI-HTTP-SCOPE-071", PARTS, b"--c\r\nContent-Disposition: x\r\n\r\n1\r\n--c--\r\n"),
    ("ASGI-HTTP-SCOPE-071", PARTS, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'),
    ("ASGI-HTTP-SCOPE-071", PARTS, b"--b\r\nContent-Disposition\r\n\r\n1\r\n--b--\r\n"),
    ("ASGI-HTTP-SCOPE-071", b"application/x-www-form-urlencoded", b"%zz&=&\xff=%ff"),
)
COPES = {
    "conditions": "ASGI-HTTP-SCOPE-070",
    "ranges": "ASGI-HTTP-SCOPE-079",
    "wishes": "ASGI-HTTP-SCOPE-072",
    "credentials": "ASGI-HTTP-SCOPE-080",
    "cookies": "ASGI-HTTP-SCOPE-073",
    "types": "ASGI-HTTP-SCOPE-074",
    "proxies": "ASGI-HTTP-SCOPE-075",
}
PATHS = [
    *(("ASGI-HTTP-SCOPE-068", path) for path in NAMES_OF_NONE),
    *(("ASGI-HTTP-SCOPE-077", path) for path in NULS),
    *(("ASGI-HTTP-SCOPE-078", path) for path in LONG_PATHS),
]
TLS: dict[str, Any] = {
    "server_cert": None,
    "client_cert_chain": [],
    "client_cert_name": None,
    "client_cert_error": None,
    "tls_version": None,
    "cipher_suite": None,
}
TLS_OPTIONAL = ("client_cert_chain", "client_cert_name", "client_cert_error")


@requirement("ASGI-APP-011", "ASGI-APP-013")
def test_versions_that_are_left_out(app: App, judge: Judge) -> None:
    """Without the versions, or without spec_version, the application assumes the oldest and works."""
    for usual in working(app):
        survives(app, judge, "ASGI-APP-011", usual, PLAIN.but(asgi=None))
        survives(app, judge, "ASGI-APP-011", usual, PLAIN.but(asgi={}))
        survives(app, judge, "ASGI-APP-013", usual, PLAIN.but(asgi={"version": "3.0"}))


@requirement("ASGI-APP-015")
def test_nothing_newer_than_the_version(app: App, judge: Judge, draw: Draw) -> None:
    """No event uses what the declared version does not have."""
    overseen(app, judge, draw, "ASGI-APP-015")


@requirement("ASGI-SCOPE-004", revision=3)
def test_optional_keys(app: App, judge: Judge, draw: Draw) -> None:
    """The application works with the mandatory keys alone, and takes each missing one for its default."""
    ways = working(app)
    defaults = [app.usual(usual.request, SPELT_OUT) for usual in ways]

    def law(left_out: frozenset[str]) -> None:
        for usual, default in zip(ways, defaults, strict=True):
            absent = SPELT_OUT.but(without=left_out | SPELT_OUT.without)
            seen = survives(app, judge, "ASGI-SCOPE-004", usual, absent)

            def ask(usual: Usual = usual, absent: Server = absent) -> Answer:
                return answer(app.http(usual.request, absent))

            same = app.same(default, seen, ask)
            judge("ASGI-SCOPE-004", same, f"{usual.request} as with defaults: {default.answer}", seen)
            survives(app, judge, "ASGI-SCOPE-004", usual, PLAIN.but(without=left_out))

    def nothing(none: frozenset[str]) -> None:
        for usual in ways:
            survives(app, judge, "ASGI-SCOPE-004", usual, PLAIN.but(none=none))

    corpus = [frozenset({key}) for key in LEFT_OUT] + [frozenset(LEFT_OUT)]
    draw(nothing, None, [frozenset({key}) for key in MAY_BE_NONE] + [frozenset(MAY_BE_NONE)])
    draw(law, drawing.subsets(LEFT_OUT), corpus, examples=15)


@requirement(
    "ASGI-HTTP-SCOPE-062",
    "ASGI-HTTP-SCOPE-063",
    "ASGI-HTTP-SCOPE-064",
    "ASGI-HTTP-SCOPE-065",
    "ASGI-HTTP-SCOPE-066",
)
def test_each_optional_key(app: App, judge: Judge) -> None:
    """The application works without one of the optional keys, and with None where that is what it stands for."""
    for usual in working(app):
        for key, row in ROWS.items():
            survives(app, judge, row, usual, PLAIN.but(without=frozenset({key})))
            if key in MAY_BE_NONE:
                survives(app, judge, row, usual, PLAIN.but(none=frozenset({key})))


@requirement("ASGI-HTTP-SCOPE-067")
def test_the_path_of_a_socket(app: App, judge: Judge) -> None:
    """server may be the path of a unix socket, with None for a port; there the client has no address."""
    for usual in working(app):
        for server in (PLAIN, PLAIN.but(client=None)):
            if not answer(app.http(usual.request, server)).broken:  # without the path of a socket it works
                survives(app, judge, "ASGI-HTTP-SCOPE-067", usual, server.but(server=UNIX))
        bare = answer(app.http(usual.request, PLAIN.but(server=UNIX, host=None, http_version="1.0")))
        before, now = (answered.body + repr(answered.fields).encode() for answered in (usual.answer, bare))
        judge("ASGI-HTTP-SCOPE-067", b":None" in before or b":None" not in now, "a URL without None for a port", bare)


@requirement("ASGI-HTTP-SCOPE-068", "ASGI-HTTP-SCOPE-077", "ASGI-HTTP-SCOPE-078", revision=4)
def test_any_path(app: App, judge: Judge) -> None:
    """Whatever a path holds, and wherever it leads: no exception and no failure of the application."""
    for base in bases(usual.request.path for usual in working(app)):
        usual = answer(app.http(Request(path=f"{base}/gateproof-no-such-place")))
        for row, path in PATHS if usual.end != "hung" else ():
            seen = answer(app.http(Request(path=base + path)))
            # Who says 502 of every place that is not there, or raises the same of each, says it of these.
            same = (seen.status, seen.end) == (usual.status, usual.end)
            told = same and (bool(usual.end) or (usual.status or 500) > 500)
            fine = not seen.broken or told
            judge(row, fine, f"an answer for {base + path!r:.80}", seen)


@requirement("ASGI-HTTP-SCOPE-069", revision=2)
def test_any_host(app: App, judge: Judge) -> None:
    """Without a host, as HTTP/1.0 has it, and with one that is none: an answer, if only that it is a bad request."""
    for usual in working(app):
        for server in (PLAIN, PLAIN.but(server=None), PLAIN.but(server=UNIX)):
            if not answer(app.http(usual.request, server)).broken:  # with a host it works
                bare = server.but(host=None, http_version="1.0")
                survives(app, judge, "ASGI-HTTP-SCOPE-069", usual, bare)
        for host in ODD_HOSTS:
            survives(app, judge, "ASGI-HTTP-SCOPE-069", usual, PLAIN.but(host=host))


@requirement("ASGI-SCOPE-003")
def test_unknown_keys(app: App, judge: Judge, draw: Draw) -> None:
    """Keys that belong to nobody, and extensions that nobody knows, change nothing."""
    ways = working(app)

    def law(more: dict[str, Any]) -> None:
        for usual in ways:
            unchanged(app, judge, "ASGI-SCOPE-003", usual, PLAIN.but(more=more, offers={"vendor.x": more}))

    corpus: list[dict[str, Any]] = [{"gateproof.extra": {"a": [1, None]}}, {"x": b"\xff", "vendor": 2**63 - 1}]
    draw(law, drawing.strangers(), corpus)


@requirement("ASGI-SCOPE-005")
def test_containers(app: App, judge: Judge, draw: Draw) -> None:
    """Lists, tuples and lists of lists are the same to it, in headers, client and server."""
    ways = working(app)

    def law(case: tuple[str, str]) -> None:
        container, pair = case
        make = tuple if pair == "tuple" else list
        server = PLAIN.but(container=container, client=make(PLAIN.client), server=make(PLAIN.server))
        for usual in ways:
            unchanged(app, judge, "ASGI-SCOPE-005", usual, server)

    draw(law, drawing.containers(), [(name, "list") for name in CONTAINERS])


@requirement("ASGI-SCOPE-006")
def test_names_of_fields_in_any_case(app: App, judge: Judge, draw: Draw) -> None:
    """Request field names are compared without regard to their letter case."""
    ways = [app.usual(usual.request.but(headers=(*usual.request.headers, *FIELDS))) for usual in working(app)]

    def law(mask: int) -> None:
        def spelt(name: bytes) -> bytes:
            upper = name.upper()
            return bytes(upper[i] if mask >> i % 24 & 1 else name[i] for i in range(len(name)))

        for usual in ways:
            unchanged(app, judge, "ASGI-SCOPE-006", usual, PLAIN.but(case=spelt))

    draw(law, drawing.masks(), [2**24 - 1, 1, 0b10101])


@requirement("ASGI-HTTP-SCOPE-030", revision=2)
def test_several_cookie_fields(app: App, judge: Judge) -> None:
    """Several cookie fields are one string, joined by a semicolon and a space."""
    two = ((b"cookie", b"a=1"), (b"cookie", b"b=2"))
    for usual in working(app):
        joined = app.usual(usual.request.but(headers=((b"cookie", b"a=1; b=2"),)))

        def ask(usual: Usual = usual) -> Answer:
            return answer(app.http(usual.request.but(headers=two), PLAIN.but(http_version="2")))

        seen = ask()
        same = app.same(joined, seen, ask)
        judge("ASGI-HTTP-SCOPE-030", same, f"{usual.request} as with one field: {joined.answer}", seen)


@requirement("ASGI-HTTP-SCOPE-060")
def test_below_a_mount_point(app: App, judge: Judge) -> None:
    """What is found without a mount point is found below one, where path includes root_path."""
    for usual in working(app):
        if usual.answer.status is None or not 200 <= usual.answer.status < 300:
            continue
        for root in MOUNTS:
            seen = answer(app.http(usual.request, PLAIN.but(root_path=root)))
            found = seen.status != 404 and not seen.broken
            judge("ASGI-HTTP-SCOPE-060", found, f"{root}{usual.request.path} with root_path {root} is found", seen)
    if not judge.judgements:
        judge.blocked("ASGI-HTTP-SCOPE-060", "nothing is found even without a mount point")


@requirement("ASGI-HTTP-SCOPE-061")
def test_octets_of_no_encoding(app: App, judge: Judge, draw: Draw) -> None:
    """Field values and queries are octets: those that are no text make no exception."""
    ways = working(app)

    def law(case: tuple[tuple[bytes, bytes], bytes]) -> None:
        field, query = case
        for usual in ways:
            changed = usual.request.but(headers=(*usual.request.headers, field), query=query or usual.request.query)
            survives(app, judge, "ASGI-HTTP-SCOPE-061", usual, PLAIN, changed)

    corpus = [(field, b"") for field in ODD_FIELDS] + [(ODD_FIELDS[0], query) for query in ODD_QUERIES]
    draw(law, drawing.odd_fields(ODD_FIELDS, ODD_QUERIES), corpus)


@requirement(
    "ASGI-HTTP-SCOPE-070",
    "ASGI-HTTP-SCOPE-071",
    "ASGI-HTTP-SCOPE-072",
    "ASGI-HTTP-SCOPE-073",
    "ASGI-HTTP-SCOPE-074",
    "ASGI-HTTP-SCOPE-075",
    "ASGI-HTTP-SCOPE-079",
    "ASGI-HTTP-SCOPE-080",
    revision=3,
)
def test_what_cannot_be_parsed(app: App, judge: Judge) -> None:
    """Fields that promise a date, a range, a type and hold none, and a body that is no form: no failure."""
    for usual in working(app):
        for kind, row in COPES.items():
            torn = selecting.torn(usual.answer.fields) if kind == "cookies" else ()
            for field in (*UNPARSED[kind], *torn):
                changed = usual.request.but(headers=(*usual.request.headers, field))
                survives(app, judge, row, usual, PLAIN, changed)
        form = usual.request.but(method="POST", headers=FORM, body=(b"a=1&b=2",))
        if answer(app.http(form)).broken:
            continue
        for row, named, body in NO_FORMS:
            fields = ((b"content-type", named), (b"content-length", b"%d" % len(body)))
            survives(app, judge, row, app.usual(form), PLAIN, form.but(headers=fields, body=(body,)))
    judge.unsupported_rest("no form is taken")


@requirement("ASGI-LIFE-038")
def test_without_state(app: App, judge: Judge) -> None:
    """The application works with a server whose scopes carry no state."""
    usual = working(app)
    over = app.lifetime(PLAIN.but(keeps_state=False), state=None)
    if "lifespan.startup.failed" in over.types:
        judge.reading("ASGI-LIFE-038", "the application refuses to start without state")
    else:
        for each in usual:
            survives(app, judge, "ASGI-LIFE-038", each, PLAIN.but(keeps_state=False))


@requirement("ASGI-TLS-014")
def test_what_tls_leaves_out(app: App, judge: Judge, draw: Draw) -> None:
    """Entries of the tls extension that are missing mean nothing more than those that are None or empty."""
    secure = PLAIN.but(scheme="https", server=("testserver.example", 443))
    ways = [app.usual(usual.request, secure.but(offers={"tls": TLS})) for usual in working(app)]

    def law(left_out: frozenset[str]) -> None:
        given = {key: value for key, value in TLS.items() if key not in left_out}
        for usual in ways:
            if usual.works:
                unchanged(app, judge, "ASGI-TLS-014", usual, secure.but(offers={"tls": given}))

    plain = [app.usual(usual.request, secure) for usual in working(app)]
    for with_tls, without in zip(ways, plain, strict=True):
        judge("ASGI-TLS-014", with_tls.works or not without.works, str(without.answer), str(with_tls.answer))
    draw(law, drawing.subsets(TLS_OPTIONAL), [frozenset({key}) for key in TLS_OPTIONAL] + [frozenset(TLS_OPTIONAL)])


@requirement("ASGI-TLS-015")
def test_no_tls_extension_is_not_plain_http(app: App, judge: Judge) -> None:
    """Where the scheme is https and there is no tls extension, the application follows the scheme."""
    for usual in working(app):
        call = app.http(usual.request, PLAIN.but(scheme="https"))
        location = call.header(b"location") or b""
        if call.status in (301, 302, 307, 308) and location.startswith(b"https:"):
            judge("ASGI-TLS-015", False, "an answer: the request came by https", f"{call.status} to {location!r}")
    judge("ASGI-TLS-015", True)


@requirement("ASGI-EXT-005")
def test_without_extensions(app: App, judge: Judge, draw: Draw) -> None:
    """The application works where extensions is missing, empty, or names what it does not know."""
    ways = working(app)
    corpus: list[dict[str, Any] | None] = [
        None,
        {},
        {"vendor.x": {}},
        {"vendor.x": {}, "http.response.later": {"a": 1}},
    ]

    def law(offers: dict[str, Any] | None) -> None:
        for usual in ways:
            survives(app, judge, "ASGI-EXT-005", usual, PLAIN.but(offers=offers))

    draw(law, drawing.offered(), corpus)
    for request in app.ways:  # one that works only with extensions would not be among the ways that work
        bare = app.http(request, PLAIN.but(offers=None))
        full = app.usual(request)
        if full.answer.end not in ("endless", "hung"):
            judge("ASGI-EXT-005", full.answer.broken or not answer(bare).broken, full.answer, answer(bare))

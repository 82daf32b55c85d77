"""What the checks of WSGI middleware share: the scripts of the application within, and what its observers say."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

from hypothesis import strategies as st

from gateproof import strategies as gst
from gateproof.draw import Draw
from gateproof.drive.moods import BUSY
from gateproof.drive.wsgi import Manner, Request
from gateproof.drive.wsgi.inner import CONTAINERS, HTML, TEXT, Script
from gateproof.drive.wsgi.middleware import Middleware, Passage
from gateproof.judge import Blocked, Judge
from gateproof.validate import Finding

from ..application.looking import failed

JSON = ("Content-Type", "application/json")
LONG = tuple(b"0123456789abcdef" * 64 for _ in range(4))
PAGE = (b"<html><head><title>x</title></head>", b"<body>caf\xc3\xa9</body></html>")

# Every conforming application in a few lines: what is returned, what is written, when it begins, and what has no body.
SCRIPTS = (
    *(Script(container=kind) for kind in CONTAINERS),
    *(Script(container=kind, late=True) for kind in ("generator", "iterator", "iterable", "getitem")),
    *(Script(container=kind, length=True) for kind in ("list", "generator")),
    Script(headers=(HTML,), items=PAGE, container="list", length=True),
    Script(headers=(HTML,), items=PAGE),
    Script(headers=(JSON,), items=(b'{"a": 1}',), container="list"),
    Script(items=LONG, length=True),
    Script(items=()),
    Script(items=(), container="list"),
    Script(items=(b"", b"x", b"", b"y")),
    Script(writes=(b"written, ",), items=(b"yielded",)),
    Script(writes=(b"all",), items=(), container="list", length=True),
    Script(third=True, container="list"),
    Script(container="wrapper"),
    Script("204 No Content", (), (), "list"),
    Script("304 Not Modified", (("ETag", '"x"'),), (), "list"),
    Script("304 Not Modified", (("ETag", '"x"'),), (), "generator"),
    Script("302 Found", (("Location", "/elsewhere"), TEXT), (b"",), "list"),
    Script("404 Not Found"),
    Script("404 Not Found", (HTML,), PAGE, "list", length=True),
    Script("500 Internal Server Error", (HTML,), PAGE),
    Script(headers=(TEXT, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Odd", "1"), ("x-odd", "2"))),
    Script(headers=(("CONTENT-type", "text/html"), ("content-LENGTH", "5")), items=(b"hello",), container="list"),
    Script(again_at=-1),
    Script(again_at=0),
    Script(again_at=1),
    Script(raises_at=-1),
    Script(raises_at=0),
    Script(raises_at=1),
    Script(reads="all", logs="a line\n"),
    Script(reads="lines"),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "TRACE")
MANNERS = (
    Manner(),
    Manner(script_name="/mnt", scheme="https", server=("localhost", "443"), multithread=True),
    Manner(absent=frozenset(["REMOTE_ADDR", "QUERY_STRING", "SCRIPT_NAME", "CONTENT_TYPE"]), host=None),
    Manner(file_wrapper=True, terminated=True, protocol="HTTP/1.0", start="object", write="partial"),
    Manner(take=0),
    Manner(take=1),
)
FIELDS = (
    (("Accept-Encoding", "gzip, deflate, br"),),
    (("If-None-Match", "*"),),
    (("If-None-Match", '"x"'),),
    (("Range", "bytes=0-0"),),
    (("Range", "bytes=1-"), ("If-Range", '"x"')),
    (("Cookie", "session=gateproof; caf\xe9=\xff"),),
    (("X-Forwarded-For", "10.0.0.1, 10.0.0.2"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Prefix", "/p")),
    (("X-Forwarded-Host", "else.example:99"), ("X-Forwarded-Port", "99")),
    (("X-HTTP-Method-Override", "DELETE"),),
    (("Origin", "http://else.example"), ("Access-Control-Request-Method", "PUT")),
    (("Authorization", "Basic !!!"),),
    (("X-Forwarded-Host", "[::1]:8443"),),
)
BODY = b"a=1&b=caf%C3%A9"


def tour(middleware: Middleware) -> Iterator[tuple[Script, Request, Manner]]:
    """Return what is asked through a middleware: every script, every method, fields that middleware looks at."""
    asked = middleware.request
    for script in SCRIPTS:
        yield script, asked, Manner()
    for manner in MANNERS[1:]:
        for script in (Script(), Script(container="list", length=True), Script(container="generator", late=True)):
            yield script, asked, manner
    yield Script(container="wrapper"), asked, Manner(file_wrapper=True)
    for fields in FIELDS:
        for script in (Script(items=LONG, length=True), Script(headers=(HTML,), items=PAGE, container="list")):
            yield script, asked.having(*fields), Manner()
    for place in middleware.places:
        for method in METHODS:
            body = BODY if method in ("POST", "PUT", "PATCH") else b""
            typed = (("Content-Type", "application/x-www-form-urlencoded"),) if body else ()
            yield Script(reads="all"), Request(method, place.path, place.query, typed, body), Manner()
    for path in ("/gateproof/no-such-path", "/caf\xc3\xa9/\xff", "//else.example/x", "/a;b=c"):
        yield Script(), Request("GET", path, "q=%FF&next=%0D%0AX-Injected:%201"), Manner()


def survey(middleware: Middleware) -> list[Passage]:
    """Return every call of the tour, made once in a run."""
    if not middleware.seen:
        middleware.seen = [middleware.through(*case) for case in tour(middleware)]
    return middleware.seen


def scripts() -> st.SearchStrategy[Script]:
    """Return conforming applications that end normally."""
    status = st.sampled_from(["200 OK", "200 OK", "404 Not Found", "302 Found", "201 Created", "500 Oops"])
    items = st.lists(st.sampled_from([b"", b"a", b"<p>caf\xc3\xa9</p>", b"x" * 2000]), max_size=5).map(tuple)
    fields = st.lists(st.sampled_from([("Set-Cookie", "a=1"), ("X-Odd", "1"), ("Vary", "*")]), max_size=2)
    headers = st.tuples(st.sampled_from([TEXT, HTML, JSON]), fields).map(lambda pair: (pair[0], *pair[1]))
    return st.builds(
        lambda status, headers, items, kind, late, length: Script(
            status, headers, items, kind, late=late and kind not in ("list", "tuple"), length=length
        ),
        status,
        headers,
        items,
        st.sampled_from(CONTAINERS),
        st.booleans(),
        st.booleans(),
    )


Case = tuple[Script, Request, Manner]


def cases(middleware: Middleware) -> st.SearchStrategy[Case]:
    """Return drawn scripts, requests and manners."""
    place = st.sampled_from(middleware.places)
    asked = place.flatmap(lambda each: gst.requests(path=each.path))
    return st.tuples(scripts(), asked, gst.manners())


def judge_conduct(middleware: Middleware, judge: Judge, draw: Draw | None, *rows: str) -> None:
    """Judge rows that the observers on both sides judge in every call: in the tour, then in drawn calls."""
    for row in rows:
        found = gravest(survey(middleware), row)
        if found is None:
            judge(row, True)
            continue
        passage, finding = found
        middleware.look(passage)
        judge(row, False, finding.expected, told(passage, finding), weight=finding.weight)

    def law(case: Case) -> None:
        passage = middleware.through(*case)
        for finding in passage.findings:
            if finding.requirement_id in rows and finding.weight != "inform":
                middleware.look(passage)
                judge(finding.requirement_id, False, finding.expected, told(passage, finding), weight=finding.weight)

    if draw is not None:
        draw(law, cases(middleware))


def told(passage: Passage, finding: Finding) -> str:
    """Return what was found, and in which call."""
    return f"{finding.message}: {finding.seen} ({passage.outer.request.method} {passage.outer.request.path})"


WEIGHTS = {"fail": 0, "warn": 1, "inform": 2}


def gravest(passages: list[Passage], row: str) -> tuple[Passage, Finding] | None:
    """Return the gravest finding about a row, by the first call that shows it."""
    found = [(each, finding) for each in passages for finding in each.findings if finding.requirement_id == row]
    return min(found, key=lambda pair: WEIGHTS[pair[1].weight], default=None)


def passing(middleware: Middleware, script: Script | None = None, manner: Manner | None = None) -> Passage:
    """Return a call that reaches the application within; `Blocked` where none does."""
    passage = middleware.through(script or Script(), None, manner or Manner())
    if not passage.calls:
        raise Blocked(f"the middleware does not call the application within: {passage.outer.outcome}")
    return passage


def busy(passage: Passage) -> bool:
    """Tell whether the middleware has too much to do for a call, and says so itself."""
    return not passage.calls and passage.outer.code in BUSY and not failed(passage.outer)


def decoded(passage: Passage) -> bytes:
    """Return the body that comes out, without a content coding that the middleware put on."""
    body = passage.outer.body
    coding = ",".join(passage.outer.field("Content-Encoding")).lower()
    try:
        if coding == "gzip":
            return gzip.decompress(body)
        if coding == "deflate":
            return zlib.decompress(body)
    except (OSError, zlib.error, EOFError):
        return body
    return body


def is_transparent(middleware: Middleware) -> bool:
    """Tell whether what the application within says comes out as it is, judged by an ordinary answer of it."""
    passage = passing(middleware)
    return decoded(passage) == passage.script.body and passage.outer.status == passage.script.status

"""The round trip: what an application is asked at each of its places, by a server of many manners."""

from __future__ import annotations

from collections.abc import Iterator

from gateproof.drive.paths import Place
from gateproof.drive.wsgi.requests import MAY_BE_EMPTY, PLAIN, Manner, Request

Case = tuple[Request, Manner]

FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")
PARTS = ("Content-Type", "multipart/form-data; boundary=b")
OCTETS = ("Content-Type", "application/octet-stream")
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nx\r\n--b--\r\n"
)
UPLOADS = (
    ((FORM,), b"a=1&b=caf%C3%A9&next=/"),
    ((JSON,), b'{"a": 1, "b": ["x"]}'),
    ((PARTS,), MULTIPART),
    ((OCTETS,), bytes(range(256)) * 40),
    ((JSON,), b'{"a": '),
    ((), b""),
)
# A parameter that ends up in a field or in the status must not take its line end, nor what latin-1 lacks, with it.
REFLECTED = (
    "next",
    "url",
    "redirect",
    "return_to",
    "name",
    "filename",
    "lang",
    "callback",
    "q",
    "page",
    "status",
    "value",
)
HOSTILE = ("%0D%0AX-Injected:%201", "%E2%82%AC%20%E4%B8%AD", "%FF%FE", "%00%01", "-1", "0", "x" * 300)
ODD_PATHS = (
    "/gateproof/no-such-path",
    "/\xff\xfe",
    "/a\r\nX-Injected: 1",
    "/caf\xc3\xa9",
    "//else.example/",
    "/..",
    "/%2e",
)
RANGES = (
    *("bytes=0-0", "bytes=0-", "bytes=-1", "bytes=0-0,2-2", "bytes=5-2", "bytes=999999999-", "octets=0-1"),
    *("bytes=0-1", "bytes=1-2", "bytes=1-"),  # some take one octet for none
)
CONDITIONS = (
    ("If-None-Match", "*"),
    ("If-None-Match", '"gateproof"'),
    ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
    ("If-Match", '"gateproof"'),
    ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:01 GMT"),
)
VARIED = (
    ("Accept", "application/json"),
    ("Accept", "image/png;q=0"),
    ("Accept-Encoding", "gzip, br, identity;q=0"),
    ("Accept-Language", "xx, de;q=0.5"),
    ("Cookie", "a=1; =; sessionid=gateproof; caf\xe9=\xff"),
    ("Authorization", "Basic !!!"),
    ("Origin", "http://else.example"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("X-Requested-With", "XMLHttpRequest"),
    ("Expect", "100-continue"),
)
MANNERS = (
    Manner(absent=frozenset([*MAY_BE_EMPTY, "REMOTE_ADDR"]), host=None),
    Manner(empty=frozenset(MAY_BE_EMPTY), server=("127.0.0.1", "8000")),
    Manner(script_name="/mnt/a", scheme="https", server=("localhost", "443"), multithread=True, multiprocess=True),
    Manner(protocol="HTTP/1.0", run_once=True, start="object", write="partial", lenient=True),
    Manner(protocol="HTTP/2", start="partial", write="lambda", extra=(("vendor.thing", ()), ("SERVER_SOFTWARE", "x"))),
    Manner(file_wrapper=True, terminated=True, start="method", write="object"),
    Manner(file_wrapper=True, transmit=False),
    Manner(take=0),
    Manner(take=1),
    Manner(meddles=True),
)


def tour(place: Place, validators: tuple[tuple[str, str], ...] = ()) -> Iterator[Case]:
    """Return what one place is asked; `validators` are fields for conditional requests that suit it."""
    plain = Request("GET", place.path, place.query)
    for method in ("GET", "HEAD", "OPTIONS", "DELETE", "PUT", "PATCH", "POST", "PROPFIND", "TRACE"):
        yield Request(method, place.path, place.query), PLAIN
    yield Request("HEAD", place.path, place.query), Manner(head="skip")
    for manner in MANNERS:
        yield plain, manner
    for name, value in (*CONDITIONS, *validators, *VARIED, *(("Range", value) for value in RANGES)):
        yield plain.having((name, value)), PLAIN
    yield plain.having(("Range", "bytes=0-0"), ("If-Range", '"gateproof"')), Manner(file_wrapper=True)
    for fields, body in UPLOADS:
        yield Request("POST", place.path, place.query, fields, body), PLAIN
    yield Request("POST", place.path, place.query, (JSON,), b'{"a": 1}', chunked=True), PLAIN
    yield Request("PUT", place.path, place.query, (OCTETS,), b"x" * 70_000), Manner(reads=(1000,), lenient=True)
    yield Request("POST", place.path, place.query, (FORM,), b"a=1&b=2"), Manner(gone_at=3)
    for more in ("/", "\r\nX-Injected: 1", "/\xff", "?x"):
        path = place.path.rstrip("/") + more
        yield Request("GET", path if path.startswith("/") else f"/{path}", place.query), PLAIN
    for host in ("caf\xe9.example:99", "a b", ""):
        yield plain.having(("Host", host), ("X-Forwarded-Host", host)), PLAIN
    for value in HOSTILE:
        yield Request("GET", place.path, "&".join(f"{name}={value}" for name in REFLECTED)), PLAIN
        yield Request("POST", place.path, "", (FORM,), "&".join(f"{n}={value}" for n in REFLECTED).encode()), PLAIN


def odd_paths() -> Iterator[Case]:
    """Return requests for places that hardly exist."""
    for path in ODD_PATHS:
        yield Request("GET", path), PLAIN
        yield Request("POST", path, "", (FORM,), b"a=1"), PLAIN

"""PEP 3333, environ Variables, Unicode Issues and URL Reconstruction: what an application may rely on."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from gateproof import strategies as gst
from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.paths import Place
from gateproof.drive.wsgi import Manner, Request
from gateproof.drive.wsgi.application import Application
from gateproof.drive.wsgi.requests import MAY_BE_EMPTY
from gateproof.judge import Judge

from .looking import alike, constant, differ, failed, judge_conduct, steady, worse

OPTIONAL = ("REMOTE_ADDR", "SERVER_SOFTWARE", "GATEWAY_INTERFACE", "HTTP_HOST", "HTTP_USER_AGENT", "HTTP_ACCEPT")
BROWSER = (("User-Agent", "gateproof"), ("Accept", "*/*"), ("Referer", "http://localhost/"), ("Cookie", "a=1"))
FULL = Manner(extra=(("SERVER_SOFTWARE", "gateproof"), ("GATEWAY_INTERFACE", "CGI/1.1"), ("REMOTE_PORT", "50000")))
# What may be missing, one after the other, lest a fault with one hide a fault with another.
MISSING = {
    "WSGI-ENV-041": ("QUERY_STRING",),
    "WSGI-ENV-042": ("CONTENT_TYPE", "CONTENT_LENGTH"),
    "WSGI-ENV-043": ("SCRIPT_NAME",),
    "WSGI-ENV-045": ("REMOTE_ADDR",),
    "WSGI-ENV-046": ("HTTP_HOST",),
}
OCTETS = {"WSGI-UNICODE-009": "path", "WSGI-UNICODE-012": "query", "WSGI-UNICODE-013": "fields"}
HOP_BY_HOP = (
    (("Connection", "keep-alive"), ("Keep-Alive", "timeout=5")),
    (("Connection", "close"),),
    (("Connection", "TE"), ("TE", "trailers")),
    (("Connection", "Upgrade"), ("Upgrade", "h2c")),
    (("Proxy-Connection", "keep-alive"), ("Trailer", "X-Sum")),
)


@requirement("WSGI-ENV-033", "WSGI-FILE-012", revision=2)
def test_has_a_fallback_for_what_is_optional(app: Application, judge: Judge, draw: Draw) -> None:
    """Without REMOTE_ADDR, fields or wsgi.file_wrapper it answers, if only by a refusal."""

    def law(case: tuple[Place, list[str]]) -> None:
        place, absent = case
        rich = Request(path=place.path, query=place.query, fields=BROWSER)
        without = {name: name.removeprefix("HTTP_").replace("_", "-") for name in absent}
        fields = tuple(field for field in BROWSER if field[0].upper() not in without.values())
        full = app.serve(rich, FULL)
        bare = app.serve(Request(path=place.path, query=place.query, fields=fields), FULL.lacking(*absent))
        app.look_at(full, bare)
        judge("WSGI-ENV-033", not worse(bare, full), full.outcome, f"without {', '.join(absent)}: {bare.outcome}")

    names = [*OPTIONAL, "HTTP_REFERER", "HTTP_COOKIE"]
    where = st.sampled_from(app.places)
    corpus = [(place, absent) for place in app.places for absent in ([*names], ["REMOTE_ADDR"], ["HTTP_HOST"])]
    draw(law, st.tuples(where, st.lists(st.sampled_from(names), min_size=1, unique=True)), corpus)
    for place in app.places:
        wrapped, plain = app.get(place, Manner(file_wrapper=True)), app.get(place)
        app.look_at(wrapped, plain)
        judge("WSGI-FILE-012", not worse(plain, wrapped), wrapped.outcome, f"without it, {plain.outcome}")


@requirement("WSGI-ENV-034", revision=2)
def test_absent_and_empty_are_the_same(app: Application, judge: Judge, draw: Draw) -> None:
    """Of the five variables that may be either: neither is refused where the other is not."""

    def law(case: tuple[Request, list[str]]) -> None:
        request, absent = case
        blank = Manner(script_name="" if request.path else "/mnt", empty=frozenset(MAY_BE_EMPTY))
        one, other = app.serve(request, blank), app.serve(request, blank.lacking(*absent))
        app.look_at(one, other)
        refused = differ(app, one, other, lambda one, two: (one.code < 400) != (two.code < 400))
        ok = not refused and not worse(other, one) and not worse(one, other)
        judge("WSGI-ENV-034", ok, f"with empty variables, {one.outcome}", f"without {absent}, {other.outcome}")

    methods = st.sampled_from(["GET", "HEAD", "POST", "DELETE"])
    paths = [*(place.path for place in app.places), ""]
    asked = st.builds(Request, method=methods, path=st.sampled_from(paths))
    corpus = [
        (Request(method, path, body=b"x" if method == "PUT" else b""), [*names])
        for method in ("GET", "POST", "PUT")
        for path in paths
        for names in (MAY_BE_EMPTY, ("QUERY_STRING",), ("CONTENT_TYPE", "CONTENT_LENGTH"))
    ]
    draw(law, st.tuples(asked, st.lists(st.sampled_from(MAY_BE_EMPTY), min_size=1, unique=True)), corpus)


@requirement("WSGI-ENV-041", "WSGI-ENV-042", "WSGI-ENV-043", "WSGI-ENV-044", "WSGI-ENV-045", "WSGI-ENV-046", revision=2)
def test_each_variable_that_may_be_missing(app: Application, judge: Judge) -> None:
    """What is answered with a variable, empty where it may be, is answered without it."""
    empty = Manner(empty=frozenset(MAY_BE_EMPTY))
    for place in app.places:
        full = app.get(place, empty)
        for row, names in MISSING.items():
            bare = app.get(place, empty.lacking(*names))
            app.look_at(full, bare)
            judge(row, not worse(bare, full), full.outcome, f"without it, {bare.outcome}")
    mounted = empty.but(script_name="/mnt")
    full = app.serve(Request(path=""), mounted)
    bare = app.serve(Request(path=""), mounted.lacking("PATH_INFO"))
    app.look_at(full, bare)
    judge("WSGI-ENV-044", not worse(bare, full), full.outcome, f"without it, {bare.outcome}")


@requirement("WSGI-UNICODE-008", "WSGI-UNICODE-011")
def test_gives_native_strings(app: Application, judge: Judge, draw: Draw) -> None:
    """Code points up to U+00FF in exactly str, bodies in exactly bytes."""
    judge_conduct(app, judge, draw, "WSGI-UNICODE-008", "WSGI-UNICODE-011")


def plain_twin(request: Request) -> Request:
    """Return the request with letters in place of the characters beyond ASCII and of control characters."""

    def tame(text: str) -> str:
        return "".join(c if c.isascii() and c.isprintable() else "z" for c in text)

    fields = tuple((name, tame(value)) for name, value in request.fields)
    return Request(request.method, tame(request.path), tame(request.query), fields)


@requirement("WSGI-UNICODE-009", "WSGI-UNICODE-012", "WSGI-UNICODE-013", revision=3)
def test_copes_with_any_octets(app: Application, judge: Judge, draw: Draw) -> None:
    """No octets in path, query or fields make it fail where letters in their place do not."""

    def law(request: Request) -> None:
        odd = app.serve(request)
        if not failed(odd):
            for row in OCTETS:
                judge(row, True)
            return
        twin = plain_twin(request)
        plain = app.serve(twin)
        # One part alone tells whose fault it is; where it takes several, the path is one of them.
        parts = [(row, app.serve(replace(twin, **{part: getattr(request, part)}))) for row, part in OCTETS.items()]
        alone = [(row, one) for row, one in parts if worse(one, plain)] or [("WSGI-UNICODE-009", odd)]
        for row, one in alone:
            app.look_at(plain, one)
            judge(row, not worse(one, plain), plain.outcome, one.outcome)

    octets = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=8)
    where = st.one_of(*[st.just(place.path) for place in app.places], st.just("/"))
    fields = st.lists(st.tuples(st.sampled_from(gst.NAMES), octets), max_size=2).map(tuple)
    asked = st.builds(
        lambda path, more, query, fields: Request("GET", path.rstrip("/") + more, query, fields),
        where,
        st.one_of(st.just(""), octets.map(lambda text: "/" + text)),
        octets,
        fields,
    )
    corpus = [
        Request("GET", path + more, query, (("Cookie", f"a={more}"), ("User-Agent", more), ("X-Name", more)))
        for path in [place.path for place in app.places]
        for more in ("", "\xff\xfe", "\xc3", "/\xe9")
        for query in ("", "q=\xff", "a=%FF", "%C3")
    ]
    corpus += [Request("GET", place.path, "", (("Accept", "a/b;q=\xb2"),)) for place in app.places]
    draw(law, asked, corpus)


@requirement("WSGI-HTTP-033", revision=3)
def test_does_not_rely_on_hop_by_hop_fields(app: Application, judge: Judge) -> None:
    """The answer is the same with and without Connection, Keep-Alive, TE, Trailer and Upgrade."""
    for place in app.places:
        request = Request(path=place.path, query=place.query)
        plain = steady(app, request)
        if plain is None:
            continue
        body = constant(app, request, plain)
        for fields in HOP_BY_HOP:
            other = app.serve(request.having(*fields))
            echoed = any(value.encode() in other.body for _, value in fields)
            app.look_at(plain, other)
            ok = alike(app, other, plain, body=body and not echoed)
            judge("WSGI-HTTP-033", ok, plain.outcome, f"with {dict(fields)}, {other.outcome}")
    judge.rest_blocked("no path answers a plain GET twice in the same way")


@requirement("WSGI-URL-016", "WSGI-URL-017")
def test_where_its_links_lead(app: Application, judge: Judge) -> None:
    """Absolute URLs of another host, port and scheme, and redirects under another mount point: told, not scored."""
    elsewhere = Manner(scheme="https", server=("gateproof.example", "8443"), host=None)
    for place in app.places:
        for location in app.get(place, elsewhere).field("Location"):
            follows = "gateproof.example" in location or "://" not in location
            judge.reading("WSGI-URL-016", f"{place.path}: {'follows' if follows else 'does not follow'} the request")
        location = next(iter(app.get(place).field("Location")), "")
        mounted = next(iter(app.get(place, Manner(script_name="/mnt")).field("Location")), "")
        if location:
            judge.reading("WSGI-URL-017", f"{place.path}: {location} becomes {mounted or 'no redirect'} under /mnt")
    judge.unsupported_rest("no path redirects")

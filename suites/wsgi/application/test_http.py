"""PEP 3333, Handling the Content-Length Header and Other HTTP Features: lengths, HEAD, 204 and 304."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.draw import Draw
from gateproof.drive.paths import LONG_PATHS, NAMES_OF_NONE, NULS, bases
from gateproof.drive.wsgi import Manner, Request, Served
from gateproof.drive.wsgi.application import Application
from gateproof.judge import Judge
from gateproof.wire import selecting
from gateproof.wire.grammar import DATES, OTHERS, TAGS, malformed
from gateproof.wire.selecting import UNPARSED

from .looking import as_text, differ, failed, judge_conduct, selected

COPES = {
    "conditions": "WSGI-HTTP-047",
    "ranges": "WSGI-HTTP-068",
    "wishes": "WSGI-HTTP-054",
    "credentials": "WSGI-HTTP-069",
    "cookies": "WSGI-HTTP-055",
    "types": "WSGI-HTTP-056",
    "proxies": "WSGI-HTTP-057",
    "hosts": "WSGI-HTTP-058",
}
PATHS = [
    *(("WSGI-HTTP-062", path) for path in NAMES_OF_NONE),
    *(("WSGI-HTTP-066", path) for path in NULS),
    *(("WSGI-HTTP-067", path) for path in LONG_PATHS),
]
VOLATILE = frozenset(["content-length", "date", "set-cookie", "etag", "last-modified", "age", "expires"])


@requirement("WSGI-HTTP-037")
def test_content_length_is_the_length(app: Application, judge: Judge, draw: Draw) -> None:
    """The octets that come out are as many as Content-Length says."""
    judge_conduct(app, judge, draw, "WSGI-HTTP-037")


@requirement("WSGI-HTTP-038", "WSGI-HTTP-039", "WSGI-HTTP-040")
def test_what_has_no_content_has_no_body(app: Application, judge: Judge, draw: Draw) -> None:
    """204 and 304: no octets of a body, no fields that describe one."""
    judge_conduct(app, judge, draw, "WSGI-HTTP-038", "WSGI-HTTP-039", "WSGI-HTTP-040")


@requirement("WSGI-HTTP-041", "WSGI-HTTP-042", revision=2)
def test_head_is_like_get(app: Application, judge: Judge) -> None:
    """A Content-Length is that of GET; the other fields and the status should be: told, not scored."""
    for place in app.places:
        get, head = app.get(place), app.serve(Request("HEAD", place.path, place.query))
        length, announced = get.field("Content-Length"), head.field("Content-Length")
        if length and announced and get.status == head.status:
            app.look_at(get, head)
            ok = not differ(app, get, head, _other_length)
            judge("WSGI-HTTP-042", ok, f"Content-Length {length[0]}", f"Content-Length {announced[0]}")
        judge.reading("WSGI-HTTP-041", f"{'a' if head.body else 'no'} body for HEAD")
        missing = {name.lower() for name, _ in get.headers} - {name.lower() for name, _ in head.headers} - VOLATILE
        if get.status != head.status:
            judge.reading("WSGI-HTTP-042", f"{place.path}: {head.status!r}, GET {get.status!r}")
        elif missing:
            judge.reading("WSGI-HTTP-042", f"{place.path}: HEAD lacks {', '.join(sorted(missing))}")
    judge("WSGI-HTTP-042", True)  # unless it was judged otherwise


def _other_length(one: Served, other: Served) -> bool:
    return one.field("Content-Length") != other.field("Content-Length")


@requirement(
    "WSGI-HTTP-047",
    "WSGI-HTTP-054",
    "WSGI-HTTP-055",
    "WSGI-HTTP-056",
    "WSGI-HTTP-057",
    "WSGI-HTTP-058",
    "WSGI-HTTP-068",
    "WSGI-HTTP-069",
    revision=4,
)
def test_copes_with_values_that_are_none(app: Application, judge: Judge) -> None:
    """What cannot be parsed is ignored or refused: it makes no call fail that comes to something without it."""
    for place in app.places:
        plain = app.serve(Request("GET", place.path, place.query))
        if failed(plain):
            continue
        for kind, row in COPES.items():
            torn = selecting.torn(selected(plain).fields) if kind == "cookies" else ()
            for field in (*UNPARSED[kind], *torn):
                ((name, value),) = as_text([field])
                host, fields = (value, ()) if kind == "hosts" else ("localhost", ((name, value),))
                odd = app.serve(Request("GET", place.path, place.query, fields), Manner(host=host))
                app.look_at(plain, odd)
                judge(row, not failed(odd), plain.outcome, f"with {field}, {odd.outcome}")
    judge.rest_blocked("no path answers a plain GET")


@requirement("WSGI-HTTP-062", "WSGI-HTTP-066", "WSGI-HTTP-067", revision=2)
def test_copes_with_any_path(app: Application, judge: Judge) -> None:
    """Whatever a path holds, and wherever it leads: no exception and no failure, where a name that is none has none."""
    for base in bases(place.path for place in app.places):
        plain = app.serve(Request("GET", f"{base}/gateproof-no-such-place"))
        for row, path in () if failed(plain) else PATHS:
            odd = app.serve(Request("GET", base + path.encode("utf-8").decode("latin-1")))
            app.look_at(plain, odd)
            judge(row, not failed(odd), plain.outcome, f"for {base + path!r:.80}, {odd.outcome}")
    judge.rest_blocked("no place answers what is not there")


@requirement("WSGI-HTTP-063", "WSGI-HTTP-064", "WSGI-HTTP-072", revision=2)
def test_values_keep_to_their_grammar(app: Application, judge: Judge) -> None:
    """A tag has its quotes, a date its one form, a range its unit, a URI no spaces."""
    for served in app.survey():
        if served.error is None and served.starts:
            app.look_at(served)
            for row, names in (("WSGI-HTTP-063", TAGS), ("WSGI-HTTP-064", OTHERS), ("WSGI-HTTP-072", DATES)):
                told = malformed(selected(served).fields, names)
                judge(row, not told, "values that their fields have", f"{served.request.path}: {told}")
    for row in judge.rows:
        judge(row, True)

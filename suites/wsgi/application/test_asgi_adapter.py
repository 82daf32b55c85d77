"""Adapters from ASGI: a WSGI application outside, a server of ASGI within. What is no adapter has no such duties."""

from __future__ import annotations

from collections.abc import Iterable

from gateproof.check import requirement
from gateproof.drive.wsgi import Manner, Request, Served
from gateproof.drive.wsgi.adapter import TEXT, Adapter, Event, Inside, Receive, Send, responding, sending, whole
from gateproof.drive.wsgi.application import Application
from gateproof.judge import Blocked, Judge, Unsupported

STATUSES = (200, 201, 204, 299, 304, 404, 418, 430, 499, 500, 520, 599)
FIELDS = ((b"x-a", b"1"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"x-odd", b"caf\xe9"), (b"x-empty", b""))
BODY = b"a=1&b=\xc3\xa9&c=" + bytes(range(256)) * 300
START: Event = {"type": "http.response.start", "status": 200, "headers": [TEXT]}
PART: Event = {"type": "http.response.body"}
MOUNTS = (("", "/"), ("", "/caf\xc3\xa9"), ("/mnt", "/item"), ("/mnt", "/mnt"), ("/m\xc3\xa9", "/\xe2\x82\xac"))


def adapter(app: Application) -> Adapter:
    """Return the adapter; a check of adapters stops here where there is none."""
    if not isinstance(app, Adapter):
        app.look_at(app.first(app.places[0]))  # nothing of ours stood inside, and it was called all the same
        raise Unsupported("it is an application of its own, no adapter from ASGI", lacks="asgi-adapter")
    return app


def within(app: Adapter, request: Request, manner: Manner | None = None) -> tuple[Served, Inside]:
    """Make a request, and return what the ASGI application met."""
    app.calls = []
    served = app.serve(request, manner or Manner())
    app.look_at(served)
    if not app.calls:
        raise Blocked(f"the ASGI application was not called for {request}: {served.outcome}")
    return served, app.calls[0]


@requirement("WSGI-ASGI-001")
def test_any_status(app: Application, judge: Judge) -> None:
    """The code of the inner response is that of the outer one, also where no registry has it."""
    wrapped = adapter(app)
    for status in STATUSES:
        wrapped.inside(responding(status, parts=()))
        served, _ = within(wrapped, Request())
        judge("WSGI-ASGI-001", served.code == status and not served.error, f"status {status}", served.outcome)


@requirement("WSGI-ASGI-002")
def test_fields_of_the_response(app: Application, judge: Judge) -> None:
    """Every field comes out with its value, repeated ones in their order; without headers there are none."""
    wrapped = adapter(app)
    wrapped.inside(responding(headers=(TEXT, *FIELDS)))
    served, _ = within(wrapped, Request())
    for wanted in dict.fromkeys(name for name, _ in FIELDS):
        values = [value.decode("latin-1") for name, value in FIELDS if name == wanted]
        seen = served.field(wanted.decode("latin-1"))
        judge("WSGI-ASGI-002", seen == values, f"{wanted!r}: {values}", f"{seen}; {served.outcome}")
    wrapped.inside(sending({"type": "http.response.start", "status": 204}, {**PART, "body": b""}))
    served, _ = within(wrapped, Request())
    judge("WSGI-ASGI-002", served.code == 204 and not served.error, "status 204 without headers", served.outcome)


@requirement("WSGI-ASGI-003")
def test_body_of_the_response(app: Application, judge: Judge) -> None:
    """The parts come out in their order, whatever of the event is left out."""
    wrapped = adapter(app)
    bodies: Iterable[tuple[Event, ...]] = (
        ({**PART, "body": b"one"},),
        ({**PART, "body": b"on", "more_body": True}, {**PART, "body": b"e"}),
        ({**PART, "body": b"one", "more_body": True}, PART),
        ({**PART, "more_body": True}, {**PART, "body": b"", "more_body": True}, {**PART, "body": b"one"}),
    )
    for events in bodies:
        wrapped.inside(sending(START, *events))
        served, _ = within(wrapped, Request())
        whole_one = served.code == 200 and served.body == b"one" and not served.error
        judge("WSGI-ASGI-003", whole_one, b"one", f"{served.body!r}; {served.outcome}")


@requirement("WSGI-ASGI-004")
def test_body_of_the_request(app: Application, judge: Judge) -> None:
    """The parts of http.request are what wsgi.input has, and what follows them is no second body."""
    wrapped = adapter(app)
    for body in (b"", b"a=1", BODY):
        for manner in (Manner(), Manner(reads=(1, 9000))):
            wrapped.inside(responding())
            served, inside = within(wrapped, Request("POST", body=body), manner)
            seen = f"{len(inside.body)} octets in {len(inside.received)} events; {served.outcome}"
            judge("WSGI-ASGI-004", inside.body == body and not served.error, f"{len(body)} octets", seen)
            kinds = {event.get("type") for event in inside.received}
            judge(
                "WSGI-ASGI-004",
                kinds == {"http.request"},
                "http.request while the client waits",
                sorted(map(str, kinds)),
            )


@requirement("WSGI-ASGI-005")
def test_an_asgi_server_for_the_application(app: Application, judge: Judge) -> None:
    """What the application is given keeps to the rules for ASGI servers."""
    wrapped = adapter(app)
    manners = (Manner(), Manner(script_name="/mnt", scheme="https", server=("localhost", "443")))
    for manner in (*manners, Manner(protocol="HTTP/1.0", host=None), Manner(absent=frozenset({"REMOTE_ADDR"}))):
        for request in (Request(), Request("POST", "/a", "q=1", (("X-Odd", "caf\xe9"),), b"x")):
            wrapped.inside(responding())
            _, inside = within(wrapped, request, manner)
            for finding in inside.findings:
                if finding.party == "server" and finding.weight == "fail":
                    words = f"{finding.message} ({finding.requirement_id}): {finding.seen}"
                    judge("WSGI-ASGI-005", False, finding.expected, words)
    judge("WSGI-ASGI-005", True)


@requirement("WSGI-ASGI-006")
def test_paths(app: Application, judge: Judge) -> None:
    """path is the mount point and what follows it, root_path the mount point, both as text of UTF-8."""
    wrapped = adapter(app)
    for root, below in MOUNTS:
        _, inside = within(wrapped, Request(path=below), Manner(script_name=root))
        wanted = [text.encode("latin-1").decode("utf-8") for text in (root + below, root)]
        seen = [inside.scope.get("path"), inside.scope.get("root_path", "")]
        judge("WSGI-ASGI-006", seen == wanted, wanted, seen)


@requirement("WSGI-ASGI-007")
def test_what_comes_from_the_environ(app: Application, judge: Judge) -> None:
    """Method, query, version, scheme and fields of the scope are those of the request."""
    wrapped = adapter(app)
    typed = (("Content-Type", "text/plain; charset=utf-8"), ("X-Odd", "caf\xe9"), ("Accept", "a, b"))
    for method, query, version, scheme in (("GET", "", "1.1", "http"), ("PUT", "a=%20b&c", "1.0", "https")):
        manner = Manner(protocol=f"HTTP/{version}", scheme=scheme)
        _, inside = within(wrapped, Request(method, query=query, fields=typed, body=b"body"), manner)
        wanted = [method, query.encode(), version, scheme]
        seen = [inside.scope.get(key) for key in ("method", "query_string", "http_version", "scheme")]
        judge("WSGI-ASGI-007", seen == wanted, wanted, seen)
        fields = [tuple(field) for field in inside.scope.get("headers", ())]
        given = [(name.lower().encode(), value.encode("latin-1")) for name, value in typed]
        missing = [field for field in (*given, (b"content-length", b"4")) if fields.count(field) != 1]
        judge("WSGI-ASGI-007", not missing, "each field once", f"not so {missing} in {fields}")


@requirement("WSGI-ASGI-008")
def test_a_failure_is_no_success(app: Application, judge: Judge) -> None:
    """An application that raises, or returns without a response, is not answered for."""
    wrapped = adapter(app)

    async def failing(inside: Inside, receive: Receive, send: Send) -> None:
        await whole(receive)
        raise LookupError("no database")

    for behaviour, words in ((failing, "raised"), (sending(), "sent nothing")):
        wrapped.inside(behaviour)
        served, _ = within(wrapped, Request())
        told = (served.error is not None or served.code >= 500) and not served.hung
        judge("WSGI-ASGI-008", told, f"a failure: the application {words}", served.outcome)

"""HTTP & WebSocket specification, HTTP, Disconnect - receive event; Disconnected Client - send exception."""

from __future__ import annotations

import time

from gateproof.asgi_scripts import (
    TEXT,
    Step,
    asgi,
    attempt,
    body,
    join,
    loop,
    note,
    ok,
    read_body,
    receive,
    receive_until,
    send,
    spawn,
    start,
    wait,
)
from gateproof.check import launch, requirement
from gateproof.exchange import Call
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire.request import chunked, get, post

from .looking import LINES, blamed, due
from .responding import shown, whole
from .talking import limit
from .watching import comes, kinds, leave, over

GONE = "http.disconnect"
AGAIN_S = 0.3  # what is repeated is there at once
CLOSE = (b"Connection", b"close")
BEGUN = [send(start(200, [TEXT])), send(body(b"part", more=True))]
PIECES, PIECE = 300, b"y" * 60_000  # 18 MB: no buffer takes all of it
NEXT = b"GET /next HTTP/1.1\r\nHost: "  # who begins another request is still there
REQUESTS = [get(), post(b"a body"), chunked([b"a ", b"body"]), get(b"/", CLOSE), get(version=b"HTTP/1.0")]


def after_the_body(call: Call) -> list[str]:
    """Return what each receive came to, without the events of the request."""
    return [kind for kind in kinds(call) if kind != "http.request"]


@requirement("ASGI-HTTP-DISC-001", "ASGI-HTTP-DISC-005", "ASGI-HTTP-DISC-006")
def test_receive_after_the_response(server: Server, judge: Judge) -> None:
    """A receive after the response gives http.disconnect, though the client is connected; so does every further one."""
    again = [receive(AGAIN_S), receive(AGAIN_S)]
    parts = [*BEGUN, send(body(b"", more=False))]
    for request, steps, more in (
        (get(), [send(start(200, [TEXT])), send(body(b"ok", more=False))], again),
        (post(b"a body"), parts, []),
        (chunked([b"a ", b"body"]), parts, []),
        (get(method=b"HEAD"), parts, []),
    ):
        with server.connect() as connection:
            script = asgi(read_body(), *steps, receive(min(limit(server), 5.0)), *more, live=True)
            x = connection.begin(request, script)
            connection.read_answer()
            call = over(server, x, limit(server) + 2.0)
        told = after_the_body(call)
        if not judge("ASGI-HTTP-DISC-001", told[:1] == [GONE], "http.disconnect after the response", told):
            judge.blocked("ASGI-HTTP-DISC-005", "no http.disconnect at all")
            break  # the others would wait as long
        if more and due(judge, call.scope, "ASGI-HTTP-DISC-005"):
            judge("ASGI-HTTP-DISC-005", told == [GONE] * 3, "http.disconnect each time", told)
        event = next((event for event in call.received if event.get("type") == GONE), {})
        judge.reading("ASGI-HTTP-DISC-006", f"keys of http.disconnect: {sorted(map(str, event))}")


@requirement("ASGI-HTTP-DISC-002", "ASGI-HTTP-DISC-005")
def test_receive_after_the_client_left(server: Server, judge: Judge) -> None:
    """A receive after the client has gone gives http.disconnect: before a response, within it, within the body."""
    most = limit(server)
    half = post(b"", (b"Content-Length", b"10")) + b"abc"
    again = [receive(AGAIN_S), receive(AGAIN_S)]
    cases: list[tuple[bytes, list[Step], list[Step]]] = [
        (get(), [read_body()], again),
        (post(b"a body"), [read_body(), *BEGUN], []),
        (get(), [read_body(), send(start(200, [TEXT]))], []),
        (half, [receive()], []),
    ]
    for request, steps, more in cases:
        with server.connect() as connection:
            script = asgi(*steps, wait("go", 8.0), receive_until(GONE, deadline=most), *more, live=True)
            x = connection.begin(request, script)
            if comes(server, x, "waiting") is None:
                continue  # not called before the body is whole, or not answered: other rows speak of it
            leave(connection)
            server.answers_others(2, time.monotonic() + server.patience)
            connection.release("go")
            call = over(server, x, most + 3.0)
        told = after_the_body(call)
        if not told and call.has("raised"):
            judge.blocked("ASGI-HTTP-DISC-002", "the call was ended before it could receive")
            continue
        good = judge("ASGI-HTTP-DISC-002", told[:1] == [GONE], "http.disconnect after the client left", told)
        if good and more and due(judge, call.scope, "ASGI-HTTP-DISC-005"):
            judge("ASGI-HTTP-DISC-005", told == [GONE] * 3, "http.disconnect each time", told)


@requirement("ASGI-HTTP-DISC-003")
def test_pending_receive_is_woken(server: Server, judge: Judge) -> None:
    """A receive that waits when the client leaves is woken by http.disconnect."""
    most = limit(server)
    cases: list[tuple[bytes, list[Step]]] = [
        (get(), []),
        (post(b"a body"), []),
        (chunked([b"a ", b"body"]), []),
        (get(b"/", CLOSE), []),
        (get(), BEGUN),
        (post(b"a body"), BEGUN),
        (get(), [send(start(200, [TEXT, (b"content-length", b"100")])), send(body(b"part", more=True))]),
    ]
    for request, steps in cases:
        with server.connect() as connection:
            script = asgi(read_body(), *steps, note("pending"), receive(most), live=True)
            x = connection.begin(request, script)
            if comes(server, x, "note") is None:
                judge.blocked("ASGI-HTTP-DISC-003", f"the call did not come so far: {x.outcome}")
                continue
            server.answers_others(1, time.monotonic() + server.patience)
            leave(connection)
            call = over(server, x, most + 2.0)
        told = after_the_body(call)
        begun = "within the response" if steps else "before the response"
        if not judge("ASGI-HTTP-DISC-003", told == [GONE], f"http.disconnect for a client that left {begun}", told):
            break  # the others would wait as long


@launch("beside")
@requirement("ASGI-HTTP-DISC-004", "ASGI-HTTP-DISC-007", revision=2)
def test_no_disconnect_while_the_client_is_there(server: Server, judge: Judge) -> None:
    """Between the end of the request and that of the response no receive says that the client left."""
    expecting = post(b"a body", (b"Expect", b"100-continue"))
    woken = True
    for request in [*REQUESTS, expecting, get(method=b"HEAD")]:
        for steps in ([], BEGUN)[: 1 if request.startswith(b"HEAD") else 2]:  # with its header HEAD is answered whole
            rest = [send(body(b"", more=False))] if steps else [send(start(200, [TEXT])), send(body(b"ok", more=False))]
            wakes = [join("pending", min(limit(server), 3.0))] * woken
            with server.connect() as connection:
                pending = [spawn("pending", receive()), wait("go", 8.0), *rest, *wakes]
                x = connection.begin(request, asgi(read_body(), *steps, *pending, live=True))
                if comes(server, x, "waiting") is None:
                    continue
                if request == REQUESTS[0]:
                    connection.send(NEXT)
                server.answers_others(4, time.monotonic() + server.patience)
                server.channel.fence()
                early = after_the_body(x.call)
                connection.release("go")
                connection.read_answer()
                call = over(server, x, 5.0)
            judge("ASGI-HTTP-DISC-004", not early, "nothing to receive while the client waits", early)
            octets = b"" if request.startswith(b"HEAD") else b"part" if steps else b"ok"
            judge("ASGI-HTTP-DISC-004", early or whole(x, octets), f"200 with {octets!r}", shown(x))
            told = after_the_body(call)
            if woken and not early:
                expected = "http.disconnect for the receive that waits when the response is complete"
                woken = judge("ASGI-HTTP-DISC-007", told == [GONE], expected, told)


@requirement("ASGI-HTTP-DISC-009", "ASGI-HTTP-DISC-010", "ASGI-HTTP-DISC-011")
def test_send_to_a_client_that_left(server: Server, judge: Judge) -> None:
    """A send after the disconnect raises an OSError of the server's own, or nothing at all."""
    raised: list[str] = []
    sends = [attempt([send(event)]) for event in (body(b"x", more=True), body(b"x", more=True), body(b"x", more=False))]
    for begun in ([], BEGUN):
        first = [] if begun else [attempt([send(start(200, [TEXT]))])]
        call = _left(server, *begun, until=[*first, *sends])
        if GONE not in kinds(call):
            raise Blocked(f"no http.disconnect: {kinds(call)}")
        raised += _raised(judge, call, skip=len(begun))
    if raised or due(judge, call.scope, "ASGI-HTTP-DISC-009"):
        judge("ASGI-HTTP-DISC-009", raised, "send raises a subclass of OSError", "it raised none")
    judge.reading("ASGI-HTTP-DISC-011", f"send raises {sorted(set(raised))}" if raised else "send raises no OSError")


def _left(server: Server, *begun: Step, until: list[Step]) -> Call:
    """Return a call whose client left before the last steps, which follow the http.disconnect."""
    told = receive_until(GONE, deadline=limit(server))
    with server.connect() as connection:
        x = connection.begin(get(), asgi(read_body(), *begun, wait("go", 8.0), told, *until, live=True))
        comes(server, x, "waiting")
        leave(connection)
        server.answers_others(2, time.monotonic() + server.patience)
        connection.release("go")
        return over(server, x, limit(server) + 2.0)


def _raised(judge: Judge, call: Call, skip: int = 0) -> list[str]:
    """Judge what sends of a call raised; return the names of OSErrors."""
    judge("ASGI-HTTP-DISC-010", True)
    found = []
    for said in call.sent[skip:]:
        if said.get("raised") and not str(said["raised"]).endswith(
            "CancelledError"
        ):  # that is the call's end, no send's
            name = f"{said['raised']}: {said.get('message')}"
            judge("ASGI-HTTP-DISC-010", said.get("os_error"), "an OSError, or nothing", name)
            found += [str(said["raised"])] if said.get("os_error") else []
    return found


@launch("beside")
@requirement("ASGI-HTTP-DISC-002", "ASGI-HTTP-DISC-010")
def test_client_leaves_while_the_application_sends(server: Server, judge: Judge) -> None:
    """Who sends when the client leaves is not kept waiting, and is told when it receives."""
    for fields in ([], [(b"content-length", b"%d" % (PIECES * len(PIECE)))]):
        sending = attempt([loop(PIECES, send(body(PIECE, more=True)))])
        script = asgi(
            read_body(), send(start(200, [TEXT, *fields])), sending, receive_until(GONE, deadline=limit(server))
        )
        with server.connect() as connection:
            x = connection.begin(get(), {**script, "live": True})
            comes(server, x, lambda event: event.name == "send" and event.value.get("type") == "http.response.body")
            leave(connection)
            call = over(server, x, limit(server) + 1.0)
        _raised(judge, call, skip=1)
        told = after_the_body(call)
        if told or call.has("returned"):
            judge("ASGI-HTTP-DISC-002", told[:1] == [GONE], "http.disconnect after the client left", told)
        else:
            judge.blocked("ASGI-HTTP-DISC-002", "the call did not come to its receive")


@requirement("ASGI-HTTP-DISC-012", "ASGI-HTTP-DISC-013", revision=2)
def test_an_exception_of_send_that_escapes(server: Server, judge: Judge) -> None:
    """The server takes back what it raised for a client that left: it logs no error and serves on."""
    before = server.running.log_tail(LINES)
    call = _left(server, *BEGUN, until=[send(body(b"x", more=True))] * 4)
    said = call.first("raised") or {}
    if not any(event.get("os_error") for event in call.sent):
        for row in ("ASGI-HTTP-DISC-012", "ASGI-HTTP-DISC-013"):
            if due(judge, call.scope, row):
                judge.unsupported(row, "send raises no OSError")
        return
    healthy = server.exchange(get(), ok())
    judge("ASGI-HTTP-DISC-013", whole(healthy, b"ok"), "200 for the next request", shown(healthy))
    name = str(said.get("raised", "")).rpartition(".")[2]
    logged = blamed(server, before, name)
    judge("ASGI-HTTP-DISC-012", not logged, f"no error logged for {name}", logged)


@requirement("ASGI-HTTP-DISC-017")
def test_half_closed_client(server: Server, judge: Judge) -> None:
    """What a client gets that only says that it sends no more."""
    for name, steps in (
        ("at once", [send(start(200, [TEXT])), send(body(b"ok", more=False))]),
        ("in parts", [*BEGUN, wait("go", 3.0), send(body(b"ok", more=False))]),
    ):
        with server.connect() as connection:
            x = connection.begin(get(), asgi(read_body(), *steps, live=True))
            connection.half_close()
            comes(server, x, "waiting") if name != "at once" else None
            connection.release("go")
            connection.read()
        judge.reading("ASGI-HTTP-DISC-017", f"a response sent {name}: {shown(x)}")

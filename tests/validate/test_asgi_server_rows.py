"""Every row that binds an ASGI server: one fault of the server, one finding."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from gateproof.validate import asgi
from tests.validate.asgi_peers import (
    ACCEPT,
    BODY,
    CONNECT,
    DROP,
    GONE,
    HTTP,
    LEFT,
    LIFESPAN,
    REQUEST,
    SHUTDOWN,
    START,
    STARTUP,
    TEXT,
    UP,
    WEBSOCKET,
    Server,
    echo,
    exchange,
    hello,
    http,
    lifespan,
    lives,
    offering,
    run,
    scope,
    websocket,
)
from tests.validate.mutants import Mutant, judge, label

MUTANTS: list[Mutant] = []


def gives(requirement: str, base: dict[str, Any], weight: str = "", **changes: Any) -> None:
    """A fault in the scope."""
    app = {"http": hello, "websocket": echo, "lifespan": lives}[base["type"]]
    note = f"{base['type']} " + ",".join(f"{k}={'' if v is DROP else v!r}"[:40] for k, v in changes.items())
    MUTANTS.append(Mutant(requirement, lambda: exchange(app, scope(base, **changes))[0], weight, note))


def peer(
    requirement: str,
    app: Any = hello,
    server: Callable[[], Server] | None = None,
    make: Callable[[], Any] | None = None,
    weight: str = "",
    note: str = "",
) -> None:
    MUTANTS.append(Mutant(requirement, lambda: exchange(app, make and make(), server and server())[0], weight, note))


# The call


def called(*names: str) -> Any:
    """Call an application by keyword, or with fewer arguments; `observe` has a signature that hides how."""
    found: list[Any] = []
    server = Server([REQUEST])
    given = {"scope": scope(HTTP), "receive": server.receive, "send": server.send}
    try:
        run(asgi.run(hello, (), {name: given[name] for name in names}, found.append))
    except TypeError:
        assert len(names) < 3
    return found


class NoAwaitable(Server):
    def receive(self) -> Any:  # type: ignore[override]
        return dict(REQUEST)


class NoAwaitableSend(Server):
    def send(self, event: Any) -> Any:  # type: ignore[override]
        return None


class Dict(dict[str, Any]):
    pass


MUTANTS.append(Mutant("ASGI-APP-001", lambda: called("scope", "receive", "send"), "warn"))
MUTANTS.append(Mutant("ASGI-APP-001", lambda: called("scope", "receive"), "fail", "two"))
MUTANTS.append(Mutant("ASGI-APP-007", lambda: exchange(hello, [], Server())[0]))
peer("ASGI-APP-007", make=lambda: Dict(scope(HTTP)), weight="inform", note="subclass")
MUTANTS.append(Mutant("ASGI-APP-008", lambda: exchange(hello, scope(HTTP, type=DROP), Server())[0]))
MUTANTS.append(Mutant("ASGI-APP-008", lambda: exchange(hello, scope(HTTP, type=b"http"), Server())[0], note="bytes"))
gives("ASGI-APP-009", HTTP, asgi=DROP)
gives("ASGI-APP-009", WEBSOCKET, asgi={"spec_version": "2.5"})
gives("ASGI-APP-010", HTTP, asgi={"version": 3.0, "spec_version": "2.5"})
gives("ASGI-APP-010", HTTP, asgi={"version": "4.0", "spec_version": "2.5"})
gives("ASGI-APP-010", HTTP, "inform", asgi={"version": "2.0", "spec_version": "2.5"})
gives("ASGI-APP-012", HTTP, asgi={"version": "3.0", "spec_version": 2.5})
peer("ASGI-APP-018", server=lambda: NoAwaitable())
peer("ASGI-APP-021", server=lambda: NoAwaitableSend([REQUEST]))
gives("ASGI-APP-028", HTTP, asgi={"version": "3.0", "spec_version": "1.9"})
gives("ASGI-APP-028", HTTP, "inform", asgi={"version": "3.0", "spec_version": "2.9"})


# Scopes

gives("ASGI-HTTP-SCOPE-002", HTTP, http_version="1")
gives("ASGI-HTTP-SCOPE-002", HTTP, http_version=DROP)
gives("ASGI-HTTP-SCOPE-004", HTTP, method=DROP)
gives("ASGI-HTTP-SCOPE-004", HTTP, method="")
gives("ASGI-HTTP-SCOPE-006", HTTP, scheme="")
gives("ASGI-HTTP-SCOPE-006", HTTP, scheme=None)
gives("ASGI-HTTP-SCOPE-008", HTTP, path=b"/")
gives("ASGI-HTTP-SCOPE-012", HTTP, path="http://other.example/")
gives("ASGI-HTTP-SCOPE-013", HTTP, raw_path="/")
gives("ASGI-HTTP-SCOPE-014", HTTP, raw_path=b"/?q")
gives("ASGI-HTTP-SCOPE-015", HTTP, query_string="")
gives("ASGI-HTTP-SCOPE-015", HTTP, query_string=DROP)
gives("ASGI-HTTP-SCOPE-018", HTTP, root_path=None)
gives("ASGI-HTTP-SCOPE-021", HTTP, headers=DROP)
gives("ASGI-HTTP-SCOPE-021", HTTP, headers=[("host", "x")])
gives("ASGI-HTTP-SCOPE-021", HTTP, headers=[(b"host", b"x", b"y")])
gives("ASGI-HTTP-SCOPE-021", HTTP, headers={b"host": b"x"})
gives("ASGI-HTTP-SCOPE-025", HTTP, headers=[(b"Host", b"x")])
gives("ASGI-HTTP-SCOPE-027", HTTP, headers=[(b":path", b"/")])
gives("ASGI-HTTP-SCOPE-031", HTTP, client=("127.0.0.1", "5000"))
gives("ASGI-HTTP-SCOPE-031", HTTP, client="127.0.0.1")
gives("ASGI-HTTP-SCOPE-031", HTTP, client=("127.0.0.1", None))
gives("ASGI-HTTP-SCOPE-034", HTTP, server=("127.0.0.1", "80"))
gives("ASGI-HTTP-SCOPE-034", HTTP, server=("127.0.0.1",))
gives("ASGI-HTTP-SCOPE-036", HTTP, server=("/tmp/s", 0))
gives("ASGI-HTTP-SCOPE-036", HTTP, server=("/", "t"))
gives("ASGI-HTTP-SCOPE-041", HTTP, method="get")
gives("ASGI-WS-SCOPE-002", WEBSOCKET, http_version="1.0")
gives("ASGI-WS-SCOPE-003", WEBSOCKET, scheme="")
gives("ASGI-WS-SCOPE-005", WEBSOCKET, path=None)
gives("ASGI-WS-SCOPE-006", WEBSOCKET, raw_path="/")
gives("ASGI-WS-SCOPE-006", WEBSOCKET, raw_path=b"/?q")
gives("ASGI-WS-SCOPE-007", WEBSOCKET, query_string="")
gives("ASGI-WS-SCOPE-008", WEBSOCKET, root_path=None)
gives("ASGI-WS-SCOPE-011", WEBSOCKET, headers=[b"host: x"])
gives("ASGI-WS-SCOPE-012", WEBSOCKET, headers=[(b"Host", b"x")])
gives("ASGI-WS-SCOPE-013", WEBSOCKET, headers=[(b":authority", b"x")])
gives("ASGI-WS-SCOPE-014", WEBSOCKET, client=("127.0.0.1", "5000"))
gives("ASGI-WS-SCOPE-014", WEBSOCKET, server=("/tmp/s", 1))
gives("ASGI-WS-SCOPE-015", WEBSOCKET, subprotocols="chat")
gives("ASGI-WS-SCOPE-015", WEBSOCKET, subprotocols=[b"chat"])
gives("ASGI-LIFE-003", LIFESPAN, asgi=DROP)
gives("ASGI-LIFE-004", LIFESPAN, asgi={"version": "3.0", "spec_version": "2.4"})
gives("ASGI-LIFE-030", LIFESPAN, state={"x": 1})
gives("ASGI-LIFE-030", LIFESPAN, state=None)
gives("ASGI-LIFE-042", HTTP, state=None)
gives("ASGI-LIFE-042", WEBSOCKET, state=[])
gives("ASGI-EXT-001", HTTP, extensions=["http.response.push"])
gives("ASGI-EXT-078", HTTP, extensions={"http.response.push": None})
gives("ASGI-TLS-002", HTTP, extensions={"tls": True})
gives("ASGI-TLS-003", LIFESPAN, extensions={"tls": {}})
MUTANTS.append(Mutant("ASGI-EVENT-009", lambda: exchange(hello, {**scope(HTTP), 1: 1})[0], note="scope"))
gives("ASGI-EVENT-009", HTTP, extensions={1: {}})
gives("ASGI-EVENT-009", HTTP, asgi={"version": "3.0", "spec_version": "2.5", 1: 1})

PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
TLS: dict[str, Any] = {
    "server_cert": PEM,
    "client_cert_chain": [PEM],
    "client_cert_name": "CN=x",
    "client_cert_error": None,
    "tls_version": 0x0304,
    "cipher_suite": 0x1301,
}


def tls(requirement: str, **changes: Any) -> None:
    entry = {key: value for key, value in {**TLS, **changes}.items() if value is not DROP}
    gives(requirement, scope(HTTP, scheme="https"), extensions={"tls": entry})


tls("ASGI-TLS-004", server_cert=b"x")
tls("ASGI-TLS-004", server_cert=DROP)
tls("ASGI-TLS-006", client_cert_chain=[b"x"])
tls("ASGI-TLS-006", client_cert_chain=PEM)
tls("ASGI-TLS-008", client_cert_name="/C=x/CN=y")
tls("ASGI-TLS-009", client_cert_name=DROP)
tls("ASGI-TLS-011", client_cert_error="")
tls("ASGI-TLS-012", tls_version="TLSv1.3")
tls("ASGI-TLS-013", cipher_suite=DROP)


# Events that the server gives


def event(requirement: str, *events: Any, base: Any = HTTP, app: Any = None, weight: str = "", note: str = "") -> None:
    """A fault in what receive gives; the application receives it all, and no application errs."""
    listener = app or listens
    make = functools.partial(scope, base)
    peer(requirement, listener, lambda: Server(events), make, weight, note or str(len(MUTANTS)))


async def listens(scope: Any, receive: Any, send: Any) -> None:
    while True:
        await receive()


accepts = websocket(ACCEPT, listen=1, after=9)

event("ASGI-EVENT-001", None)
event("ASGI-EVENT-001", {"body": b""})
event("ASGI-EVENT-001", {"type": b"http.request"})
event("ASGI-EVENT-003", {**REQUEST, "x": object()})
event("ASGI-EVENT-003", {**CONNECT, "x": [{"y": {1, 2}}]}, base=WEBSOCKET)
event("ASGI-EVENT-005", {**REQUEST, "x": 2**63})
event("ASGI-EVENT-005", CONNECT, {**LEFT, "code": 2**70}, base=WEBSOCKET)
event("ASGI-EVENT-007", {**STARTUP, "x": float("nan")}, base=LIFESPAN)
event("ASGI-EVENT-009", {**REQUEST, 1: "x"}, note="event")
event("ASGI-EVENT-011", {**REQUEST, "x": (1, 2)})
event("ASGI-EVENT-013", CONNECT, GONE, base=WEBSOCKET)
event("ASGI-EVENT-015", CONNECT, {"type": "websocket.receive", "text": b"x"}, base=WEBSOCKET, app=accepts)
event("ASGI-EVENT-015", CONNECT, {"type": "websocket.receive", "bytes": "x"}, base=WEBSOCKET, app=accepts)
event("ASGI-EVENT-017", {**REQUEST, "more_body": 0})
event("ASGI-EVENT-017", {**REQUEST, "more_body": None})
event("ASGI-HTTP-REQ-002", {"type": "http.trailers"})
event("ASGI-HTTP-REQ-003", {**REQUEST, "body": "x"})
event("ASGI-HTTP-REQ-003", {**REQUEST, "body": None})
event("ASGI-HTTP-REQ-006", REQUEST, REQUEST)
event("ASGI-HTTP-DISC-005", REQUEST, GONE, REQUEST)
event("ASGI-HTTP-DISC-006", REQUEST, {**GONE, "code": 1})
event("ASGI-APP-020", REQUEST, GONE, GONE)
event("ASGI-APP-020", CONNECT, LEFT, LEFT, base=WEBSOCKET)
event("ASGI-WS-001", LEFT, base=WEBSOCKET)
event("ASGI-WS-002", CONNECT, CONNECT, base=WEBSOCKET)
event("ASGI-WS-004", CONNECT, TEXT, base=WEBSOCKET)
event("ASGI-WS-022", CONNECT, {"type": "websocket.receive"}, base=WEBSOCKET, app=accepts)
event("ASGI-WS-022", CONNECT, {**TEXT, "bytes": b""}, base=WEBSOCKET, app=accepts)
event("ASGI-WS-053", CONNECT, {"type": "websocket.disconnect"}, base=WEBSOCKET)
event("ASGI-WS-053", CONNECT, {**LEFT, "code": None}, base=WEBSOCKET)
event("ASGI-WS-056", CONNECT, {**LEFT, "reason": b""}, base=WEBSOCKET)
event("ASGI-WS-063", CONNECT, LEFT, TEXT, base=WEBSOCKET)
event("ASGI-LIFE-007", SHUTDOWN, base=LIFESPAN)
event("ASGI-LIFE-007", STARTUP, STARTUP, base=LIFESPAN)
event("ASGI-LIFE-019", STARTUP, SHUTDOWN, SHUTDOWN, base=LIFESPAN, app=lifespan(UP, None, None))
event("ASGI-LIFE-020", STARTUP, SHUTDOWN, base=LIFESPAN)
FAILED = {"type": "lifespan.startup.failed"}
event("ASGI-LIFE-020", STARTUP, SHUTDOWN, base=LIFESPAN, app=lifespan(FAILED, None))


# What the server does with events: it takes what it should refuse, or refuses what it should take


def takes(requirement: str, app: Any, base: Any = HTTP) -> None:
    peer(requirement, app, None, functools.partial(scope, base), note=str(len(MUTANTS)))


class Refuses(Server):
    error: Exception = RuntimeError("no")
    kind = ""

    def check(self, event: Any) -> None:
        if event["type"] == self.kind:
            raise self.error


def refuses(
    requirement: str, app: Any, kind: str, error: Exception, *events: Any, make: Any = None, weight: str = ""
) -> None:
    cls = type("Refusing", (Refuses,), {"error": error, "kind": kind})
    make = make or functools.partial(scope, HTTP)
    peer(requirement, app, lambda: cls(events or [REQUEST]), make, weight, str(len(MUTANTS)))


DENY = {"type": "websocket.http.response.start", "status": 401, "headers": []}
DENY_BODY = {"type": "websocket.http.response.body", "body": b""}
denying = functools.partial(offering, WEBSOCKET, "websocket.http.response")

takes("ASGI-ERR-001", http(START, {"type": "http.bogus"}, BODY))
takes("ASGI-ERR-002", websocket(ACCEPT, {"type": "websocket.bogus"}), WEBSOCKET)
takes("ASGI-ERR-003", websocket({"type": "lifespan.bogus"}, UP, after=9), LIFESPAN)
takes("ASGI-ERR-004", http([], START, BODY))
takes("ASGI-ERR-005", http({"type": "http.response.start", "headers": []}, BODY))
takes("ASGI-ERR-006", http({**START, "headers": [("a", "b")]}, BODY))
takes("ASGI-ERR-007", http({**START, "status": "200"}, BODY))
takes("ASGI-ERR-008", http(START, {**BODY, "body": "ok"}))
takes("ASGI-ERR-033", http(START, {**BODY, "body": None}))
takes("ASGI-ERR-033", http(START, {**BODY, "body": ""}))
takes("ASGI-ERR-009", websocket(ACCEPT, {"type": "websocket.send", "text": b"a"}), WEBSOCKET)
takes("ASGI-ERR-034", websocket(ACCEPT, {"type": "websocket.send", "text": "a", "bytes": b"a"}), WEBSOCKET)
takes("ASGI-ERR-035", websocket(ACCEPT, {"type": "websocket.send"}), WEBSOCKET)
takes("ASGI-ERR-010", websocket({**ACCEPT, "subprotocol": b"chat"}), WEBSOCKET)
takes("ASGI-ERR-010", websocket({**ACCEPT, "headers": [("a", "b")]}), WEBSOCKET)
takes("ASGI-ERR-036", websocket(ACCEPT, {"type": "websocket.close", "code": "1000"}), WEBSOCKET)
takes("ASGI-ERR-036", websocket(ACCEPT, {"type": "websocket.close", "reason": b"x"}), WEBSOCKET)
takes("ASGI-ERR-026", http(START, START, BODY))
takes("ASGI-ERR-026", http(BODY, START, BODY))
takes("ASGI-ERR-026", websocket({"type": "websocket.send", "text": "x"}, ACCEPT), WEBSOCKET)
takes("ASGI-EXT-003", http({"type": "http.response.debug", "info": {}}, START, BODY))
takes("ASGI-EXT-003", websocket(DENY, ACCEPT), WEBSOCKET)
peer("ASGI-EXT-074", websocket(DENY, {"type": "websocket.send", "text": "x"}, DENY_BODY), make=denying)
takes("ASGI-HTTP-RESP-040", http({**START, "headers": [(b":status", b"201")]}, BODY))
takes("ASGI-WS-012", websocket({**ACCEPT, "subprotocol": "nope"}), WEBSOCKET)
takes("ASGI-WS-016", websocket({**ACCEPT, "headers": [(b"sec-websocket-protocol", b"chat")]}), WEBSOCKET)

push = {"type": "http.response.push", "path": "/x", "headers": []}
refuses(
    "ASGI-EXT-002",
    http(START, push, BODY),
    push["type"],  # type: ignore[arg-type]
    RuntimeError("no"),
    make=functools.partial(offering, HTTP, "http.response.push"),
)
refuses("ASGI-HTTP-RESP-015", http({"type": START["type"], "status": 200}), "http.response.start", KeyError("headers"))
refuses(
    "ASGI-HTTP-RESP-023",
    http(START, {"type": BODY["type"], "more_body": True}),
    "http.response.body",
    KeyError("body"),
)
refuses("ASGI-HTTP-RESP-024", http(START, BODY), "http.response.body", KeyError("more_body"))
refuses("ASGI-WS-089", websocket(ACCEPT), "websocket.accept", KeyError("x"), CONNECT, make=lambda: scope(WEBSOCKET))
refuses("ASGI-EXT-072", websocket(DENY), "websocket.http.response.start", KeyError("x"), CONNECT, make=denying)
refuses("ASGI-LIFE-014", lifespan(FAILED), FAILED["type"], KeyError("message"), STARTUP, make=lambda: scope(LIFESPAN))
refuses("ASGI-HTTP-DISC-010", http(START, BODY, listen=2), "http.response.start", RuntimeError("x"), REQUEST, GONE)
refuses("ASGI-HTTP-DISC-011", http(START, BODY), "http.response.start", ConnectionResetError("x"), weight="inform")
refuses(
    "ASGI-WS-071",
    websocket(ACCEPT, listen=2),
    "websocket.accept",
    RuntimeError("x"),
    CONNECT,
    LEFT,
    make=lambda: scope(WEBSOCKET),
)


class RefusesTheSecond(Server):
    def check(self, event: Any) -> None:
        if event in self.sent:
            raise RuntimeError("again")


peer("ASGI-HTTP-RESP-030", http(START, BODY, BODY), lambda: RefusesTheSecond([REQUEST]))
CLOSE = {"type": "websocket.close", "code": 1000}
peer(
    "ASGI-WS-047",
    websocket(ACCEPT, CLOSE, CLOSE),
    lambda: RefusesTheSecond([CONNECT]),
    make=functools.partial(scope, WEBSOCKET),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=label)
def test_the_fault_makes_exactly_this_finding(mutant: Mutant) -> None:
    judge(mutant)

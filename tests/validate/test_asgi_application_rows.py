"""Every row that binds an ASGI application: one fault of the application, one finding."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.validate.asgi_peers import (
    ACCEPT,
    BODY,
    CONNECT,
    DOWN,
    FIELDS,
    GONE,
    HTTP,
    LEFT,
    LIFESPAN,
    REQUEST,
    SHUTDOWN,
    START,
    STARTUP,
    UP,
    WEBSOCKET,
    Server,
    exchange,
    http,
    lifespan,
    offering,
    scope,
    websocket,
)
from tests.validate.mutants import Mutant, judge, label

MUTANTS: list[Mutant] = []
MORE = {**BODY, "more_body": True}
STREAM = {**START, "headers": [(b"content-type", b"text/plain")]}
MESSAGE = {"type": "websocket.send", "text": "x"}
CLOSE = {"type": "websocket.close", "code": 1000}
DENY = {"type": "websocket.http.response.start", "status": 401, "headers": []}
DENY_BODY = {"type": "websocket.http.response.body", "body": b""}


def faulty(requirement: str, app: Any, make: Any = None, events: Any = None, weight: str = "", note: str = "") -> None:
    make = make or functools.partial(scope, HTTP)

    def run() -> Any:
        return exchange(app, make(), None if events is None else Server(events))[0]

    MUTANTS.append(Mutant(requirement, run, weight, note or str(len(MUTANTS))))


def sends(requirement: str, *events: Any, weight: str = "", **changes: Any) -> None:
    """A fault in what is sent on an http scope."""
    faulty(requirement, http(*events), functools.partial(scope, HTTP, **changes), weight=weight)


def extended(requirement: str, name: str, *events: Any, weight: str = "") -> None:
    """A fault in the use of an extension that is advertised."""
    offers = functools.partial(offering, HTTP, f"http.response.{name}")
    faulty(requirement, http(*events), offers, weight=weight)


def socket(requirement: str, *events: Any, weight: str = "", listen: int = 1, **changes: Any) -> None:
    """A fault in what is sent on a websocket scope."""
    make = functools.partial(scope, WEBSOCKET, **changes)
    faulty(requirement, websocket(*events, listen=listen), make, weight=weight)


def denial(requirement: str, *events: Any, listen: int = 1, weight: str = "") -> None:
    """A fault in a denial response, which is advertised."""
    offers = functools.partial(offering, WEBSOCKET, "websocket.http.response")
    faulty(requirement, websocket(*events, listen=listen), offers, weight=weight)


def life(requirement: str, app: Any, *events: Any) -> None:
    """A fault in a lifespan call."""
    faulty(requirement, app, functools.partial(scope, LIFESPAN), events or None)


# The call


def plain(scope: Any, receive: Any, send: Any) -> Any:
    return None


async def returns(scope: Any, receive: Any, send: Any) -> Any:
    await http(START, BODY)(scope, receive, send)
    return 1


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    return None


faulty("ASGI-APP-002", plain)
faulty("ASGI-APP-026", returns)
socket("ASGI-APP-015", {**ACCEPT, "headers": [(b"x-a", b"b")]}, asgi={"version": "3.0"})
faulty("ASGI-ERR-016", nothing, lambda: scope(HTTP, type="other"), events=[])
faulty("ASGI-ERR-016", nothing, lambda: scope(WEBSOCKET))
faulty("ASGI-ERR-013", http(START, BODY), events=[{"type": "http.bogus"}])


# Events in general

sends("ASGI-EVENT-002", [], START, BODY)
sends("ASGI-EVENT-002", {"status": 200}, START, BODY)
sends("ASGI-EVENT-002", {"type": 1}, START, BODY)
sends("ASGI-EVENT-004", {**START, "x": Decimal(1)}, BODY)
sends("ASGI-EVENT-004", START, {**BODY, "x": [{"y": Path()}]})
sends("ASGI-EVENT-006", {**START, "x": -(2**64)}, BODY)
sends("ASGI-EVENT-008", {**START, "x": float("inf")}, BODY)
sends("ASGI-EVENT-010", {**START, 1: 2}, BODY)
sends("ASGI-EVENT-012", {**START, "x": (1,)}, BODY)
sends("ASGI-EVENT-014", START, BODY, {"type": "websocket.send", "text": "x"})
sends("ASGI-EVENT-014", {"type": "http.response.bogus"}, START, BODY)
socket("ASGI-EVENT-014", ACCEPT, START)
life("ASGI-EVENT-014", websocket({"type": "lifespan.bogus"}, UP, after=9), STARTUP)
sends("ASGI-EVENT-016", START, {**BODY, "body": "ok"})
sends("ASGI-EVENT-016", START, {**BODY, "body": None})
socket("ASGI-EVENT-016", {**ACCEPT, "subprotocol": b"chat"})
sends("ASGI-EVENT-018", START, {**BODY, "more_body": 0})
sends("ASGI-EVENT-018", START, {**BODY, "more_body": None})
sends("ASGI-EVENT-018", {**START, "trailers": 1}, BODY)
sends("ASGI-EVENT-020", START, {**BODY, "body": bytearray(b"ok")})
sends("ASGI-EVENT-020", {**START, "headers": [(b"x-a", bytearray(b"b"))]}, BODY)
socket("ASGI-EVENT-020", ACCEPT, {"type": "websocket.send", "bytes": memoryview(b"x")})


# http

sends("ASGI-HTTP-RESP-001", BODY, STREAM, BODY)
sends("ASGI-HTTP-RESP-002", START, START, BODY)
sends("ASGI-HTTP-RESP-002")
sends("ASGI-HTTP-RESP-003", START)
sends("ASGI-HTTP-RESP-004", STREAM, MORE)
sends("ASGI-HTTP-RESP-005", START, BODY, BODY)
sends("ASGI-HTTP-RESP-005", START, BODY, START)
sends("ASGI-HTTP-RESP-006", {**START, "status": "200"}, BODY)
sends("ASGI-HTTP-RESP-006", {"type": START["type"], "headers": FIELDS}, BODY)
sends("ASGI-HTTP-RESP-007", {**START, "status": 101}, BODY)
sends("ASGI-HTTP-RESP-007", {**START, "status": 600}, BODY)
sends("ASGI-HTTP-RESP-008", {**START, "headers": {b"a": b"b"}}, BODY)
sends("ASGI-HTTP-RESP-008", {**START, "headers": None}, BODY)
sends("ASGI-HTTP-RESP-008", {**START, "headers": [("a", "b")]}, BODY)
sends("ASGI-HTTP-RESP-008", {**START, "headers": [(b"a", b"b", b"c")]}, BODY)
sends("ASGI-HTTP-RESP-008", {**START, "headers": [b"ab"]}, BODY)
sends("ASGI-HTTP-RESP-009", {**START, "headers": [(b"X-Upper", b"b")]}, BODY)
sends("ASGI-HTTP-RESP-009", {**START, "headers": [(b"X-Upper", b"b")]}, BODY, weight="fail", http_version="2")
sends("ASGI-HTTP-RESP-010", {**START, "headers": [(b":status", b"200")]}, BODY)
sends("ASGI-HTTP-RESP-036", START, {**BODY, "body": b"too long"})
sends("ASGI-HTTP-RESP-036", START, {**BODY, "body": b"o"})
sends("ASGI-HTTP-RESP-036", START, MORE, {**BODY, "body": b"x"})
sends("ASGI-HTTP-RESP-037", {**STREAM, "status": 204, "headers": []}, BODY)
sends("ASGI-HTTP-RESP-037", START, BODY, method="HEAD")
faulty("ASGI-HTTP-REQ-013", http(START, BODY, listen=0))
faulty("ASGI-HTTP-DISC-015", http(STREAM, MORE, listen=2))


# Extensions

PUSH = {"type": "http.response.push", "path": "/x", "headers": []}
PATH = {"type": "http.response.pathsend", "path": "/tmp/x"}
HINT = {"type": "http.response.early_hint", "links": [b"</x>; rel=preload"]}
TRAILERS = {"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]}
DEBUG = {"type": "http.response.debug", "info": {}}
ANNOUNCED = {**STREAM, "headers": [*STREAM["headers"], (b"trailer", b"x-sum")], "trailers": True}  # type: ignore[misc]

sends("ASGI-EXT-004", DEBUG, START, BODY)
sends("ASGI-EXT-004", START, PUSH, BODY)
socket("ASGI-EXT-004", DENY, ACCEPT)
extended("ASGI-EXT-010", "push", START, {**PUSH, "path": b"/x"}, BODY)
extended("ASGI-EXT-010", "push", START, {"type": PUSH["type"], "path": "/x"}, BODY)
extended("ASGI-EXT-010", "push", START, {**PUSH, "headers": [(b"X-A", b"b")]}, BODY)
extended("ASGI-EXT-011", "push", PUSH, START, BODY)
extended("ASGI-EXT-011", "push", START, BODY, PUSH)
extended("ASGI-EXT-030", "pathsend", START, {**PATH, "path": "x"})
extended("ASGI-EXT-030", "pathsend", START, {**PATH, "path": b"/x"})
extended("ASGI-EXT-031", "pathsend", PATH, START, BODY)
extended("ASGI-EXT-031", "pathsend", START, PATH, BODY)
extended("ASGI-EXT-031", "pathsend", START, PATH, PATH)
extended("ASGI-EXT-031", "pathsend", START, {**MORE, "body": b""}, PATH, BODY)
extended("ASGI-EXT-034", "pathsend", STREAM, PATH)
extended("ASGI-EXT-040", "early_hint", {**HINT, "links": ["</x>"]}, START, BODY)
extended("ASGI-EXT-040", "early_hint", {"type": HINT["type"], "headers": []}, START, BODY)
extended("ASGI-EXT-041", "early_hint", START, HINT, BODY)
extended("ASGI-EXT-050", "trailers", {**ANNOUNCED, "trailers": False}, BODY, TRAILERS)
extended("ASGI-EXT-051", "trailers", ANNOUNCED, BODY)
extended("ASGI-EXT-051", "trailers", ANNOUNCED, TRAILERS, BODY, TRAILERS)
extended("ASGI-EXT-051", "trailers", ANNOUNCED, BODY, {**TRAILERS, "more_trailers": True})
extended("ASGI-EXT-052", "trailers", ANNOUNCED, BODY, {**TRAILERS, "headers": [(b"x-sum", 1)]})
extended("ASGI-EXT-053", "trailers", {**STREAM, "trailers": True}, BODY, TRAILERS)
extended("ASGI-EXT-061", "debug", {**DEBUG, "info": []}, START, BODY)
extended("ASGI-EXT-061", "debug", DEBUG, DEBUG, START, BODY)
extended("ASGI-EXT-061", "debug", START, DEBUG, BODY)
extended("ASGI-EVENT-010", "debug", {**DEBUG, "info": {1: 1}}, START, BODY)
extended("ASGI-EVENT-012", "debug", {**DEBUG, "info": {"x": (1,)}}, START, BODY)
extended("ASGI-EXT-080", "trailers", ANNOUNCED, BODY, {**TRAILERS, "headers": [(b"X-Sum", b"1")]})


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Any]:
    path = tmp_path / "file"
    path.write_bytes(b"ok")
    with path.open("rb") as opened:
        yield opened


def test_zerocopysend_needs_a_descriptor(file: Any) -> None:
    copy = {"type": "http.response.zerocopysend", "file": file}
    offers = functools.partial(offering, HTTP, "http.response.zerocopysend")

    def judged(requirement: str, *events: Any, weight: str = "") -> None:
        judge(Mutant(requirement, lambda: exchange(http(*events), offers())[0], weight))

    def closes(*events: Any) -> Any:
        return exchange(http(*events), offers())[0]

    judged("ASGI-EXT-026", START, copy)
    assert [finding.requirement_id for finding in closes(copy, START, copy)] == ["ASGI-EXT-021", "ASGI-EXT-026"]
    file.close()
    judged("ASGI-EXT-020", START, {**copy, "file": io.BytesIO(b"x")})
    judged("ASGI-EXT-020", START, {**copy, "file": None})
    judged("ASGI-EXT-020", START, {**copy, "file": 3}, weight="inform")


def test_zerocopysend_has_its_place_and_its_numbers() -> None:
    class Closed:
        closed = True

        def fileno(self) -> int:
            return 3

    copy = {"type": "http.response.zerocopysend", "file": Closed()}
    offers = functools.partial(offering, HTTP, "http.response.zerocopysend")
    for requirement, events in (
        ("ASGI-EXT-021", (copy, START, copy)),
        ("ASGI-EXT-021", (START, copy, copy)),
        ("ASGI-EVENT-006", (START, {**copy, "offset": 2**63})),
        ("ASGI-EXT-020", (START, {**copy, "count": 1.0})),
    ):
        judge(Mutant(requirement, lambda events=events: exchange(http(*events), offers())[0]))
    assert exchange(http(START, {**copy, "more_body": True}, BODY), offers())[0] == []


# websocket

socket("ASGI-WS-005")
socket("ASGI-WS-014", {**ACCEPT, "headers": [("a", "b")]})
socket("ASGI-WS-014", {**ACCEPT, "headers": [(b":status", b"101")]})
socket("ASGI-WS-015", {**ACCEPT, "headers": [(b"sec-websocket-protocol", b"chat")]})
socket("ASGI-WS-017", ACCEPT, ACCEPT)
socket("ASGI-WS-018", {**ACCEPT, "subprotocol": "nope"})
socket("ASGI-WS-035", ACCEPT, {"type": "websocket.send"})
socket("ASGI-WS-035", ACCEPT, {**MESSAGE, "bytes": b""})
socket("ASGI-WS-035", ACCEPT, {"type": "websocket.send", "text": b"x"})
socket("ASGI-WS-035", ACCEPT, {"type": "websocket.send", "bytes": "x"})
socket("ASGI-WS-036", MESSAGE, ACCEPT)
socket("ASGI-WS-045", ACCEPT, {**CLOSE, "code": "1000"})
socket("ASGI-WS-045", {**CLOSE, "code": None})
socket("ASGI-WS-046", ACCEPT, {**CLOSE, "reason": b"x"})
socket("ASGI-WS-084", {**ACCEPT, "headers": [(b"X-A", b"b")]})
socket("ASGI-WS-085", ACCEPT, CLOSE, MESSAGE)
socket("ASGI-WS-085", CLOSE, ACCEPT)
socket("ASGI-WS-086", ACCEPT, {**CLOSE, "code": 1005})
socket("ASGI-WS-086", ACCEPT, {**CLOSE, "code": 0})
faulty("ASGI-WS-091", websocket(ACCEPT, listen=2), lambda: scope(WEBSOCKET), events=[CONNECT, LEFT])
denial("ASGI-EXT-075", ACCEPT, DENY)
denial("ASGI-EXT-075", DENY, DENY_BODY, CLOSE)
denial("ASGI-EXT-075", DENY, DENY_BODY, listen=0)
denial("ASGI-EXT-075", DENY_BODY, ACCEPT)
denial("ASGI-EXT-076", {**DENY, "status": "401"}, DENY_BODY)
denial("ASGI-EXT-076", {**DENY, "headers": [("a", "b")]}, DENY_BODY)
denial("ASGI-EXT-076", DENY, {**DENY_BODY, "body": "x"})
denial("ASGI-EXT-077", {**DENY, "trailers": True}, DENY_BODY)
denial("ASGI-EXT-077", DENY, {"type": "http.response.trailers", "headers": []}, DENY_BODY)


# lifespan

COMPLETE, FAILED = UP, {"type": "lifespan.startup.failed"}
life("ASGI-ERR-017", nothing)
life("ASGI-ERR-017", lifespan(None), STARTUP)
life("ASGI-LIFE-023", websocket(UP, UP, after=9), STARTUP)
life("ASGI-LIFE-024", lifespan(UP, None))
life("ASGI-LIFE-024", lifespan(UP, DOWN, DOWN), STARTUP, SHUTDOWN, SHUTDOWN)
life("ASGI-LIFE-025", websocket(UP, listen=0, after=9), STARTUP)
life("ASGI-LIFE-025", websocket(DOWN, FAILED), STARTUP)
life("ASGI-LIFE-027", lifespan({**FAILED, "message": b"x"}), STARTUP)
life("ASGI-LIFE-028", lifespan(UP), STARTUP)


async def raises(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    raise ValueError("no database")


async def odd_state(scope: Any, receive: Any, send: Any) -> None:
    scope["state"][1] = "x"
    await lifespan(UP, DOWN)(scope, receive, send)


life("ASGI-LIFE-026", raises)
life("ASGI-LIFE-039", odd_state)


@pytest.mark.parametrize("mutant", MUTANTS, ids=label)
def test_the_fault_makes_exactly_this_finding(mutant: Mutant) -> None:
    judge(mutant)


def test_the_peers_are_clean() -> None:
    """The faults above are made by faults alone."""
    assert exchange(http(START, BODY))[0] == []
    assert exchange(http(START, BODY, listen=2), scope(HTTP), Server([REQUEST, GONE]), inform=False)[0] == []

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
sends("ASGI-HTTP-RESP-037", START, BODY, method="HEAD")


def always(requirement: str, *events: Any, **changes: Any) -> None:
    """A fault of which another row that only informs would tell as well."""
    run = functools.partial(exchange, http(*events), inform=False)
    MUTANTS.append(Mutant(requirement, lambda: run(scope(HTTP, **changes))[0], note=str(len(MUTANTS))))


def of_status(status: int, *fields: tuple[bytes, bytes]) -> dict[str, Any]:
    return {**START, "status": status, "headers": [(b"content-type", b"text/plain"), *fields]}


EMPTY = {**BODY, "body": b""}
CHUNKS = [{**BODY, "body": piece, "more_body": True} for piece in (b"2\r\n", b"ok", b"\r\n", b"0\r\n\r\n")]
always("ASGI-HTTP-RESP-060", {**START, "status": 204, "headers": [(b"content-length", b"0")]}, EMPTY)
always("ASGI-HTTP-RESP-060", {**START, "status": 204, "headers": [(b"content-length", b"x")]}, EMPTY)
always("ASGI-HTTP-RESP-061", {**START, "status": 204, "headers": []}, BODY)
always("ASGI-HTTP-RESP-061", of_status(304), MORE, EMPTY)
sends("ASGI-HTTP-RESP-062", of_status(200, (b"x-a", b"1\r\nx-b: 2")), BODY)
sends("ASGI-HTTP-RESP-062", of_status(302, (b"location", b"/\0")), BODY)
sends("ASGI-HTTP-RESP-062", of_status(200, (b"x-a", b"1\r")), BODY)
sends("ASGI-HTTP-RESP-062", of_status(200, (b"x-a: 1\nx-b", b"2")), BODY)
sends("ASGI-HTTP-RESP-063", STREAM, {**BODY, "body": b"2\r\nok\r\n0\r\n\r\n"})
sends("ASGI-HTTP-RESP-063", STREAM, *CHUNKS, EMPTY)
sends("ASGI-HTTP-RESP-063", of_status(206), *CHUNKS[:3], {**CHUNKS[3], "more_body": False})
sends("ASGI-HTTP-RESP-065", of_status(206, (b"content-range", b"bytes 0-2/9")), BODY)
sends("ASGI-HTTP-RESP-065", of_status(206, (b"content-range", b"bytes 5-5/*")), MORE, EMPTY)
sends("ASGI-HTTP-RESP-070", of_status(405), BODY)
sends("ASGI-HTTP-RESP-070", {**STREAM, "status": 405, "headers": []}, BODY)
for single in (b"content-type", b"content-range", b"location", b"etag", b"last-modified"):
    sends("ASGI-HTTP-RESP-073", {**START, "headers": [(single, b"a"), (b"x-a", b"1"), (single, b"a")]}, BODY)
sends("ASGI-HTTP-RESP-073", {**START, "headers": [*FIELDS, FIELDS[1]]}, BODY)
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


async def fails_in_the_handshake(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    raise ValueError("no such room")


faulty("ASGI-WS-100", fails_in_the_handshake, lambda: scope(WEBSOCKET))
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


@pytest.mark.parametrize(
    "events",
    [
        ({**START, "status": 204, "headers": []}, EMPTY),
        ({**START, "status": 304}, EMPTY),
        (of_status(200, (b"x-a", b"\t\xff \x7f")), BODY),
        (of_status(206, (b"content-range", b"bytes 3-4/9")), BODY),
        (of_status(206, (b"content-range", b"bytes 3-4/*")), {**MORE, "body": b"o"}, {**BODY, "body": b"k"}),
        (of_status(206, (b"content-range", b"lines 1-5/9")), BODY),
        (of_status(206, (b"content-type", b"multipart/byteranges")), BODY),
        (of_status(405, (b"allow", b"")), BODY),
        (of_status(405, (b"allow", b"GET"), (b"allow", b"HEAD")), BODY),
        ({**START, "status": 405, "headers": iter([])}, BODY),
        (of_status(200, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")), BODY),
        (STREAM, {**BODY, "body": b"2\r\nok\r\n"}),
        (STREAM, {**BODY, "body": b"1;2\r\n3;4\r\n"}),
        (STREAM, {**MORE, "body": b"2\r\n"}, {**BODY, "body": b"3\r\n"}),
    ],
)
def test_what_conforms_is_left_alone(events: tuple[Any, ...]) -> None:
    assert [f for f in exchange(http(*events), inform=False)[0] if f.requirement_id != "ASGI-HTTP-RESP-073"] == []


def test_only_the_application_leaves_a_handshake_unanswered() -> None:
    """What the server raises goes through the application, also as another exception."""

    class Breaks(Server):
        async def receive(self) -> Any:
            if not self.events:
                raise OSError("the connection is lost")
            return self.events.pop(0)

    async def waits(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()

    async def translates(scope: Any, receive: Any, send: Any) -> None:
        try:
            await waits(scope, receive, send)
        except OSError as error:
            raise ValueError("gone") from error

    async def groups(scope: Any, receive: Any, send: Any) -> None:
        try:
            await waits(scope, receive, send)
        except OSError as error:
            raise ExceptionGroup("unhandled errors in a TaskGroup", [ValueError("beside it"), error]) from None

    async def early(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("not served")

    for app in (waits, translates, groups, early):
        assert exchange(app, scope(WEBSOCKET), Breaks([CONNECT]))[0] == []


def test_a_body_may_end_where_its_client_left() -> None:
    """Who was told that nobody listens ends the response as it is, whatever length was announced."""
    long = of_status(200, (b"content-length", b"9"))
    part = of_status(206, (b"content-range", b"bytes 0-8/9"))

    async def stops(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(scope["start"])
        await send({**MORE, "body": b"some"})
        await receive()
        await send({**BODY, "body": b""})

    for start in (long, part):
        assert exchange(stops, scope(HTTP, start=start), Server([REQUEST, GONE]), inform=False)[0] == []


def test_the_peers_are_clean() -> None:
    """The faults above are made by faults alone."""
    assert exchange(http(START, BODY))[0] == []
    assert exchange(http(START, BODY, listen=2), scope(HTTP), Server([REQUEST, GONE]), inform=False)[0] == []

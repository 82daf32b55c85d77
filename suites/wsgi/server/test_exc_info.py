"""PEP 3333, Error Handling: exc_info, failing applications, and what the client can tell."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from gateproof.check import launch, requirement
from gateproof.exchange import Exchange
from gateproof.judge import Judge
from gateproof.scripts import Script, Step, attempt, errors, fail, ok, start, wait, wsgi
from gateproof.target import Server
from gateproof.wire.client import WireError
from gateproof.wire.request import get

from .looking import answered

BINARY = ("Content-Type", "application/octet-stream")
MORE_THAN_THREADS = 12  # pools of servers have ten at most, unless they are told otherwise


@requirement("WSGI-EXC-001", "WSGI-EXC-023", "WSGI-EXC-024", revision=2)
def test_exc_info_replaces_the_header(server: Server, judge: Judge) -> None:
    """Before the header went out the second status and headers are transmitted, and the new body arrives whole.

    An announced length of the first call is gone with the other headers: it does not cut the new body.
    """
    first = start("200 OK", [("X-Old", "1"), ("Content-Length", "3")])
    second = start("503 Sorry", [("X-New", "1")], "new")
    x = server.exchange(get(), wsgi(first, second, items=[b"ten octets"]))
    if x.response is None:
        judge("WSGI-EXC-001", False, "503 with X-New and ten octets", x.outcome)
        return
    judge("WSGI-EXC-023", x.response.get(b"X-Old") is None, "X-Old is gone", x.response.head)
    seen = (x.response.status, x.response.get(b"X-New"))
    if not judge("WSGI-EXC-001", seen == (503, b"1"), (503, b"1"), seen):
        judge.blocked("WSGI-EXC-024", "the second status and headers did not arrive")
        return
    whole = x.response.complete and x.response.body == b"ten octets"
    cut = "" if x.response.complete else ", then the connection ended"
    judge("WSGI-EXC-024", whole, "all of b'ten octets'", f"{x.response.body!r}{cut}")


@requirement("WSGI-EXC-002", "WSGI-EXC-003", revision=2)
def test_exc_info_after_the_header_raises(server: Server, judge: Judge) -> None:
    """When the header is on its way start_response raises, and what it raises is the exception in exc_info."""
    script = wsgi(start("200 OK", [BINARY]), items=[b"first", wait("go"), ["start_again"]], kind="generator", live=True)
    with server.connect() as connection:
        x = connection.begin(get(), script)
        sent = connection.wait("waiting", 3.0) is not None and first_octets(server, connection, x)
        connection.release("go")
        connection.read()
    if not sent:  # who holds the block back holds the header back too, and may still exchange it
        judge.rest_blocked("the first block did not arrive while the application went on")
        return
    said: dict[str, Any] | None = x.calls[0].first("start_again") if x.calls else None
    if said is None:
        judge.rest_blocked("the script did not get as far as the second call")
        return
    judge("WSGI-EXC-002", said["raised_at_all"], "start_response raises", said)
    if said["raised_at_all"]:
        judge("WSGI-EXC-003", said["same"] and said["own_frame"], "the exception in exc_info, with its traceback", said)
    else:
        judge.blocked("WSGI-EXC-003", "start_response does not raise")


def first_octets(server: Server, connection: Any, x: Exchange) -> bytes:
    """Return the first octets of a response whose application waits."""
    import time

    try:
        got: bytes = connection.wire.read_some(time.monotonic() + 2.0)
    except WireError:
        return b""
    connection.wire.reader.feed(got)
    return got


@requirement("WSGI-EXC-004")
def test_exc_info_on_the_first_call(server: Server, judge: Judge) -> None:
    """It is accepted, and behaves like an ordinary first call."""
    x = server.exchange(get(), wsgi(start("500 Mine", [("Content-Length", "4")], "new"), items=[b"body"]))
    judge("WSGI-EXC-004", answered(x, 500, b"body"), "500 with 'body'", (x.outcome, x.response and x.response.body))


@requirement("WSGI-EXC-005")
def test_exc_info_is_not_kept(server: Server, judge: Judge) -> None:
    """No reference to it survives the call."""
    x = server.exchange(get(), wsgi(["start_weak", "200 OK"], items=[b"ok"]))
    said = x.call.first("start_weak") or {}
    if said.get("raised_at_all") or said.get("implementation") != "cpython":
        judge.blocked("WSGI-EXC-005", f"no look at the reference: {said}")
        return
    judge("WSGI-EXC-005", said.get("dead"), "the exception is dead when start_response has returned", said)


def _logs(server: Server, kind: str, message: str) -> bool:
    """Tell whether the log names an exception: what it says or, in records that leave that out, its type."""
    return server.log_has(message, 1.0) or server.log_has(kind, 0.0)


@requirement("WSGI-EXC-006", "WSGI-EXC-007", revision=2)
def test_failures_are_logged(server: Server, judge: Judge) -> None:
    """An exception of the call, and one while iterating, stand in the log."""
    seen_at_all = f"gateproof-{token_hex(8)}"
    note = wsgi(errors("write", seen_at_all + "\n"), errors("flush"), start("200 OK", []), items=[b"ok"])
    server.exchange(get(), note)
    if not server.log_has(seen_at_all, 1.0):
        server.unsupported("the server's log is not what it prints, so it cannot be seen")
    call, iterating = f"gateproof-{token_hex(8)}", f"gateproof-{token_hex(8)}"
    # Their types are those of no other check: what names them is about these.
    server.exchange(get(), wsgi(fail("BufferError", call)), timeout=2.0)
    judge("WSGI-EXC-006", _logs(server, "BufferError", call), "the exception in the log", "not in the log")
    items: list[Any] = [b"part", fail("ReferenceError", iterating)]
    server.exchange(get(), wsgi(start("200 OK", [BINARY]), items=items, kind="generator"), timeout=2.0)
    judge("WSGI-EXC-007", _logs(server, "ReferenceError", iterating), "the exception in the log", "not in the log")


FAILURES: dict[str, tuple[str, Script]] = {
    "WSGI-EXC-008": ("before start_response", wsgi(fail("ValueError"))),
    "WSGI-EXC-025": (
        "after start_response",
        wsgi(start("200 OK", [("Content-Length", "2")]), fail("ValueError")),
    ),
    "WSGI-EXC-026": (
        "on the first iteration",
        wsgi(start("200 OK", []), items=[fail("ValueError")], kind="generator"),
    ),
    "WSGI-EXC-027": (
        "after an empty block",
        wsgi(start("200 OK", []), items=[b"", fail("ValueError")], kind="generator"),
    ),
}


@requirement("WSGI-EXC-008", "WSGI-EXC-025", "WSGI-EXC-026", "WSGI-EXC-027", "WSGI-EXC-009", revision=3)
def test_an_application_that_fails(server: Server, judge: Judge) -> None:
    """The client gets a 5xx where nothing was sent, and the server goes on."""
    for row, (when, script) in FAILURES.items():
        x = server.exchange(get(), script, timeout=2.0)
        judge(row, x.response and x.response.status >= 500, f"a 5xx for a failure {when}", x.outcome)
        _goes_on(server, judge, "WSGI-EXC-009", x, f"a failure {when}")
    faulty = {
        "a bad status": wsgi(attempt([start("2000 OK", [])]), items=[b"x"]),
        "a second call of start_response": wsgi(start("200 OK", []), attempt([start("200 OK", [])]), items=[b"x"]),
    }
    for what, script in faulty.items():
        _goes_on(server, judge, "WSGI-EXC-009", server.exchange(get(), script, timeout=2.0), what)


UNFIT = {"a line end in a header": ("X-A", "v\r\nX-B: 1"), "a header without a name": ("", "v")}


@requirement("WSGI-EXC-030")
def test_headers_that_cannot_be_sent(server: Server, judge: Judge) -> None:
    """The server goes on after an application gave it such headers."""
    for what, header in UNFIT.items():
        odd = server.exchange(get(), wsgi(attempt([start("200 OK", [header])]), items=[b"x"]), timeout=2.0)
        _goes_on(server, judge, "WSGI-EXC-030", odd, what)


def _goes_on(server: Server, judge: Judge, row: str, x: Exchange, what: str) -> None:
    """Judge that the server lives and answers after an exchange with a faulty application."""
    after = server.exchange(get(), ok())
    judge(row, answered(after) and not x.died, f"the server goes on after {what}", (x if x.died else after).outcome)


@launch("beside")
@requirement("WSGI-EXC-028", "WSGI-EXC-029")
def test_failures_that_are_no_exception(server: Server, judge: Judge) -> None:
    """What is raised need not derive from Exception: the client is told all the same, and no thread is lost by it."""
    failing = wsgi(fail("BaseException"))
    x = server.exchange(get(), failing)
    judge("WSGI-EXC-028", not x.silent, "an answer, or the end of the connection", x.outcome)
    failed = [x]
    while len(failed) < MORE_THAN_THREADS and not failed[-1].died:
        failed.append(_unanswered(server, failing) if x.silent else server.exchange(get(), failing))
    _goes_on(server, judge, "WSGI-EXC-029", failed[-1], f"{len(failed)} failures")


def _unanswered(server: Server, script: Script) -> Exchange:
    """Make a call that fails, and leave: that nobody is told is known by now."""
    with server.connect() as connection:
        x = connection.begin(get(), script)
        connection.comes("raised", x)
    return x


def cut(step: Step, *headers: tuple[str, str]) -> Script:
    """Return a script that fails after its first block."""
    return wsgi(start("200 OK", [*headers]), items=[b"part1", step], kind="generator")


@requirement("WSGI-EXC-010", "WSGI-EXC-011", revision=2)
def test_a_response_cut_short_can_be_told(server: Server, judge: Judge) -> None:
    """A chunked body that an exception ended lacks its last chunk, a counted one what was announced."""
    x = server.exchange(get(), cut(fail("ValueError"), BINARY, ("Content-Length", "20")), timeout=2.0)
    filled = x.response is not None and x.response.status == 200 and x.response.complete
    judge("WSGI-EXC-010", not filled, "5 of 20 octets", x.response.body if x.response is not None else "")
    x = server.exchange(get(), cut(fail("ValueError"), BINARY), timeout=2.0)
    if x.response is not None and x.response.status == 200 and x.response.framing == "chunked":
        judge("WSGI-EXC-010", not x.response.complete, "no last chunk", x.response.body)
    elif x.response is not None and x.response.framing == "close":
        judge.unsupported("WSGI-EXC-010", "the body ends with the connection: nothing can tell")
    else:
        judge("WSGI-EXC-010", True)
    text = server.exchange(get(), cut(fail("ValueError"), ("Content-Type", "text/plain")), timeout=2.0)
    judge.reading("WSGI-EXC-011", f"after a part of a text, an exception: {text.received[-60:]!r}")


@requirement("WSGI-EXC-012")
def test_a_close_that_raises(server: Server, judge: Judge) -> None:
    """What becomes of a complete response when close() raises."""
    x = server.exchange(
        get(), wsgi(start("200 OK", []), items=[b"whole"], kind="iterator", close="raises"), timeout=2.0
    )
    whole = x.response is not None and x.response.complete and x.response.body == b"whole"
    judge.reading("WSGI-EXC-012", f"the response is {'complete' if whole else 'cut'} when close() raises")

"""What the checks of responses share: scripts that send them, and what came of them on the wire."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any

from gateproof.asgi_scripts import TEXT, Script, asgi, attempt, body, respond, send, start
from gateproof.dialogue import Dialogue
from gateproof.exchange import Exchange
from gateproof.target import Server
from gateproof.wire.http1 import Response, final, parse_head
from gateproof.wire.request import get

from .watching import ends

NEXT = b"the next one"
EVIL = re.compile(rb"(?:^|[\r\n])x-evil", re.IGNORECASE)
EVIL_VALUES = [
    b"a\r\nx-evil: 1",
    b"a\nx-evil: 1",
    b"a\rx-evil: 1",
    b"a\x00b",
    b"\r\n\r\nx-evil",
    b"a\r\n x-evil",
    b"\nx-evil: 1",
]
EVIL_NAMES = [
    b"x-a: b\r\nx-evil",
    b"x-a\r\nx-evil: 1\r\nx-b",
    b"x-a\nx-evil",
    b"x\x00a",
    b"x-a\r",
    b"x\rx-evil",
]


def injected(octets: bytes) -> bool:
    """Tell whether one of these, or a CR, LF or NUL of theirs, stands in a response as if it were the server's own.

    The page of an error may quote what was wrong: of that only the header counts.
    """
    octets = final(octets)
    head = octets.partition(b"\r\n\r\n")[0]
    looked_at = head if octets[9:10] in (b"4", b"5") else octets
    return bool(EVIL.search(looked_at)) or any(set(line) & {0, 10, 13} for line in head.split(b"\r\n"))


def start_with(headers: Any, status: Any = 200) -> dict[str, Any]:
    """Return http.response.start with headers exactly as they are given."""
    return {"type": "http.response.start", "status": status, "headers": headers}


def answer(headers: Any, octets: bytes = b"ok", status: Any = 200) -> Script:
    """Answer in one piece, with headers exactly as they are given."""
    return asgi(send(start_with(headers, status)), send(body(octets)))


def trying(*events: Any) -> Script:
    """Send events one by one, whatever `send` raises."""
    return asgi(attempt([send(event) for event in events]))


def parted(parts: Iterable[bytes], *fields: tuple[bytes, bytes], status: int = 200) -> Script:
    """Answer in parts, the last of which ends the response."""
    pieces = list(parts) or [b""]
    events = [send(body(piece, more=place < len(pieces) - 1)) for place, piece in enumerate(pieces)]
    return asgi(send(start(status, [TEXT, *fields])), *events)


def sent(server: Server, script: Script) -> tuple[Exchange, bytes]:
    """Return an exchange with every octet that came of it by the time at which the server had answered others.

    Where a length may be wrong nothing can be read that rests on it.
    """
    with server.connect() as connection:
        x = connection.begin(get(), script)
        ends(server, x)
        behind(server, connection)
        return x, x.received


def head_of(octets: bytes) -> Response | None:
    """Return the header section of what came; None where there is none."""
    head, end, _ = final(octets).partition(b"\r\n\r\n")
    return parse_head(head, head + end) if end else None


def behind(server: Server, connection: Dialogue) -> bytes:
    """Return what came behind the last response by the time at which the server had answered others."""
    server.answers_others(2, time.monotonic() + server.patience)
    connection.wire.readable()
    return bytes(connection.wire.reader.buffer)


def out_of_step(connection: Dialogue) -> str:
    """Make a further request on a connection; say what is wrong with what comes, '' where nothing is or it ended."""
    x = connection.begin(get(b"/next"), asgi(respond(octets=NEXT)))
    connection.read()
    if x.response is None:
        return f"then {x.partial[:80]!r}" if x.partial else ""
    right = x.response.body == NEXT if x.calls else x.response.status >= 400
    if right and not x.response.problems:
        return ""
    return f"to the next request {x.response.status} {x.response.body[:60]!r} {x.response.problems[:2]}"


def whole(x: Exchange, octets: bytes, status: int = 200) -> bool:
    """Tell whether a response came as it was sent: status, body and a framing without a fault."""
    response = x.response
    return (
        response is not None
        and response.complete
        and (response.status, response.body) == (status, octets)
        and not framing_problems(response)
    )


def without_additions(response: Response, name: bytes, given: list[bytes]) -> list[bytes]:
    """Return the values of a field, less what a server adds to those of the application: a Vary or a cookie, say."""
    came = response.all(name)
    return came if len(came) <= len(given) else [value for value in came if value in given]


def framing_problems(response: Response) -> list[str]:
    """Return what is wrong with the framing of a response."""
    return [problem for problem in response.problems if "chunk" in problem or "Transfer" in problem]


def shown(x: Exchange) -> str:
    """Say in few words what came."""
    response = x.response
    if response is None:
        return x.outcome
    kind = f"{response.status} {response.framing}, {response.length} octets {response.body[:60]!r}"
    return f"{kind} {response.problems[:2]}" if response.problems else kind


def lengths(response: Response) -> list[bytes]:
    """Return the values of Content-Length."""
    return response.all(b"Content-Length")

"""What checks share that watch a call from outside: its events, its end, and a client that leaves, or pours."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gateproof.dialogue import Dialogue
from gateproof.target import Server

if TYPE_CHECKING:
    from gateproof.channel import Event
    from gateproof.exchange import Call, Exchange

ENDS = frozenset(("returned", "raised"))
STALLS = 3


def comes(
    server: Server, x: Exchange, wanted: str | Callable[[Event], bool], most: float | None = None
) -> Event | None:
    """Wait for an event of an exchange; None where the server has answered others meanwhile, and it still has not come.

    With `most` the wait is that long (seconds), whomever else the server answers.
    """
    begun, (quiet_s, others) = time.monotonic(), server.quiet
    deadline = begun + (server.patience if most is None else most)
    found = server.channel.wait(x.id, wanted, quiet_s if most is None else most)
    if found is None and most is None:
        left = 0.0 if server.answers_others(others, deadline) else max(deadline - time.monotonic(), 0.0)
        server.channel.fence()
        found = server.channel.wait(x.id, wanted, left)
    server.waited_s += time.monotonic() - begun
    return found


def over(server: Server, x: Exchange, most: float) -> Call:
    """Wait until the one call of an exchange has ended; return it, ended or not."""
    comes(server, x, lambda event: event.name in ENDS, most)
    server.channel.fence()
    return x.call


def ends(server: Server, x: Exchange) -> bool:
    """Wait until a call of an exchange has ended; False where it has not while the server answered others."""
    return comes(server, x, lambda event: event.name in ENDS) is not None


def received(kind: str) -> Callable[[Event], bool]:
    """Return what tells whether a line of the journal says that an event of a type was received."""

    def told(event: Event) -> bool:
        value = event.value if isinstance(event.value, dict) else {}
        seen = value.get("event") if event.name == "receive" else None
        plain = getattr(seen, "base", seen)
        return isinstance(plain, dict) and plain.get("type") == kind

    return told


def kinds(call: Call) -> list[str]:
    """Return what each receive of a call came to: an event's type, a time-out, or what it raised."""
    found = []
    for said in call.named("receive"):
        event = said.get("event") if isinstance(said, dict) else None
        plain = getattr(event, "base", event)
        if isinstance(plain, dict):
            found.append(str(plain.get("type")))
        elif isinstance(said, dict):
            found.append(f"raised {said['raised']}" if "raised" in said else "nothing in time")
    return found


def leave(connection: Dialogue, *, rst: bool = True) -> None:
    """Leave as a client does that is gone: with RST, or by closing the socket."""
    if rst:
        connection.reset()
    else:
        connection.wire.close()


def pour(server: Server, connection: Dialogue, pieces: Iterable[bytes]) -> int:
    """Send octets until the server takes no more, though it answers others; return how many it took."""
    taken, stalls = 0, 0
    connection.wire.socket.setblocking(False)
    for piece in pieces:
        left = memoryview(piece)
        while left and stalls < STALLS:
            try:
                sent = connection.wire.socket.send(left)
            except BlockingIOError:
                stalls += 1
                server.answers_others(2, time.monotonic() + server.patience)
            except OSError:
                return taken
            else:
                left, taken, stalls = left[sent:], taken + sent, 0
    return taken


def memory(pid: int) -> int:
    """Return how much memory a process has resident, in MiB; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096 >> 20
    except (OSError, ValueError, IndexError):
        return 0

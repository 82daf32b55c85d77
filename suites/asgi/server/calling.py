"""What the checks of calls share: one call of each kind, pauses without a clock, what `send` came to."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from gateproof.asgi_scripts import Script, Step, asgi, attempt, close, note, ok, receive, respond, send, wait
from gateproof.dialogue import Dialogue
from gateproof.exchange import Call, Exchange
from gateproof.judge import Judge, Unsupported
from gateproof.target import Server
from gateproof.wire.request import get

from .looking import REFUSING, websocket_call
from .talking import limit, speaks

ENDS = ("returned", "raised")
PART, PARTS = 65_536, 192  # 12 MiB: more than any kernel buffers of one connection
FEW = 2
GET = get()


def has_websocket(server: Server) -> bool:
    """Tell whether the target speaks WebSocket."""
    try:
        speaks(server)
    except Unsupported:
        return False
    return True


def every_call(server: Server) -> dict[str, Call]:
    """Return a call of each kind that the target makes: http, websocket, lifespan."""
    calls = {"http": server.exchange(get(), ok()).call}
    if has_websocket(server):
        with server.websocket(REFUSING, unless="scope") as talk:
            calls["websocket"] = websocket_call(server, talk.dialogue)
    if server.lifespan.calls:
        calls["lifespan"] = server.lifespan.call
    return calls


@contextmanager
def patiently(server: Server) -> Iterator[None]:
    """Give every answer of a check all the time that it may take; a server that fell silent meanwhile is renewed.

    Some servers look for failed calls every second; one that a failed call has harmed is not to be judged any further.
    """
    server.patience = limit(server)
    server.quiet = (server.patience, FEW)
    met = server.silences
    yield
    if server.silences > met:
        server.renew()


def pause(server: Server) -> None:
    """Let the server answer others, so that what a call does by itself is done, and journalled."""
    server.answers_others(FEW, time.monotonic() + server.patience)
    server.channel.fence()


def played(server: Server, script: Script, request: bytes = GET) -> Exchange:
    """Make an exchange and wait for the end of its call, whatever was answered; a call there must be."""
    x = server.exchange(request, script)
    over(server, x, server.patience)
    return x


def played_websocket(server: Server, *steps: Step, protocols: Sequence[bytes] = ()) -> Exchange:
    """Play steps in a WebSocket before the client takes its leave, then close; the steps accept, or do not."""
    script = asgi(receive(), *steps, note("played"), attempt([send(close())]), live=True)
    with server.websocket(script, protocols=protocols) as talk:
        talk.wait("note")
        if talk.accepted:
            talk.part()
        talk.hang_up()
        talk.over()
        return talk.exchange


def over(server: Server, x: Exchange, timeout: float) -> bool:
    """Wait until the call of an exchange has ended; tell whether it did in time."""
    started = time.monotonic()
    found = server.channel.wait(x.id, lambda event: event.name in ENDS, timeout)
    server.waited_s += time.monotonic() - started
    return found is not None


def standing_still(server: Server, x: Exchange, name: str) -> bool:
    """Wait until an event of the journal comes no more while the server answers others; False where it never began."""
    if server.wait(x, name, server.patience) is None:
        return False
    count = -1
    while (now := len([event for event in x.events if event.name == name])) != count:
        count = now
        if not server.answers_others(FEW, time.monotonic() + server.patience):
            break
        server.channel.fence()
    return True


def flooded(call: Call) -> int:
    """Return how many sends of a `flood` were done when it ended, well or not; 0 where it goes on."""
    return int((call.first("flood_ended") or {"done": 0})["done"])


def judge_late_reading(judge: Judge, row: str, call: Call, right: bool, wanted: str, seen: str) -> None:
    """Judge what was read at last; nobody has to wait for a client for ever, if who sends is told that it is over."""
    if right or not call.has("raised"):
        judge(row, right, wanted, seen)
    else:
        judge.blocked(row, "the server ended the connection of a client that did not read, and told the application")


def held_up(server: Server, stack: ExitStack, request: bytes, script: Script) -> dict[str, Dialogue]:
    """Ask for what waits: on a new connection, behind an answer, and in a pipeline; return those that are called."""
    alone, behind, piped = (stack.enter_context(server.connect()) for _ in range(3))
    alone.begin(request, script)
    behind.begin(get(), ok())
    behind.read()
    behind.begin(request, script)
    earlier = piped.begin(get(), asgi(wait("go"), respond(), live=True))
    piped.begin(request, script)
    piped.wait("waiting", exchange=earlier)
    piped.release("go", earlier)
    piped.read_answer(earlier)
    named = {"on a new connection": alone, "behind an answer": behind, "in a pipeline": piped}
    return {where: connection for where, connection in named.items() if connection.comes("waiting")}

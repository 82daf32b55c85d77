"""What the checks of WebSockets share: conversations with their premise, and what was said in them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gateproof.asgi_scripts import Step, accepting
from gateproof.conversation import Conversation, Message
from gateproof.exchange import Call
from gateproof.judge import Blocked
from gateproof.patience import ANSWER_S
from gateproof.target import Server
from gateproof.values import Long
from gateproof.wire import websocket as ws
from gateproof.wire.client import Connection

from .looking import plain

LIMIT_S = 10.0
RESERVED = frozenset((1004, 1005, 1006, 1015))  # RFC 6455, 7.4.1: never in a close frame
_found: dict[str, str] = {}


def speaks(server: Server) -> None:
    """End the check where the target has no WebSocket: a handshake is an ordinary request, or is refused."""
    key = server.running.id
    if key not in _found:
        _found[key] = _ask(server)
    if _found[key] == "http" or (_found[key] == "refused" and not server.has("websocket")):
        server.unsupported(f"a handshake is not answered with 101: it is {_found[key]}", lacks="websocket")


def _ask(server: Server) -> str:
    """Say what a handshake is to the target: websocket, http (an ordinary request), or refused."""
    with server.websocket() as talk:
        if talk.accepted:
            return "websocket"
        server.settle(talk.exchange)
        kinds = {_kind(call) for call in talk.exchange.calls}
    return "http" if kinds == {"http"} else "websocket" if kinds else "refused"


def _kind(call: Call) -> object:
    """Return the type of a call's scope; None where that is no dict, which other checks judge."""
    scope = plain(call.opening.get("scope"))
    return plain(scope.get("type")) if isinstance(scope, dict) else None


@contextmanager
def talking(
    server: Server,
    *steps: Step,
    target: bytes = b"/",
    headers: Any = (),
    protocols: Any = (),
    live: bool = True,
    **accept: Any,
) -> Iterator[Conversation]:
    """Open a WebSocket that the application accepts before it plays the steps; without a 101 the check stops."""
    speaks(server)
    with server.websocket(accepting(*steps, live=live, **accept), target, headers, protocols) as talk:
        if not talk.accepted:
            raise Blocked(f"the handshake was not completed: {talk.exchange.outcome}")
        yield talk


def limit(server: Server) -> float:
    """Return how long an event may take that the catalogue gives 10 s: all of it before anybody is accused."""
    return LIMIT_S if server.patience > ANSWER_S else server.patience


def events(call: Call, kind: str) -> list[dict[Any, Any]]:
    """Return the events of a type that the application received."""
    return [event for event in call.received if event.get("type") == kind]


def content(event: dict[Any, Any]) -> Any:
    """Return the content of a websocket.receive, whichever key it is in."""
    text = event.get("text")
    return plain(text if text is not None else event.get("bytes"))


def octets(value: Any) -> Any:
    """Return text as its octets, so that only what was said is compared."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def same(seen: Any, wanted: str | bytes) -> bool:
    """Compare a journalled value with what it should be, type included; long ones by length and digest."""
    if not isinstance(seen, Long):
        return type(seen) is type(wanted) and bool(seen == wanted)
    digest = hashlib.sha256(wanted.encode("utf-8") if isinstance(wanted, str) else wanted).hexdigest()
    return type(seen.head) is type(wanted) and (seen.length, seen.sha256) == (len(wanted), digest)


def short(value: Any) -> str:
    """Return a value in few words."""
    if isinstance(value, Long):
        return f"{type(value.head).__name__} of {value.length}, begins {value.head[:20]!r}"
    if isinstance(value, Message):
        return f"{ {ws.TEXT: 'text', ws.BINARY: 'binary'}.get(value.opcode, value.opcode) } {short(value.payload)}"
    if isinstance(value, (str, bytes)) and len(value) > 60:
        return f"{type(value).__name__} of {len(value)}, begins {value[:20]!r}"
    return repr(value)


def depart(talk: Conversation, code: int | None = 1000, reason: bytes = b"") -> ws.Frame | None:
    """Leave as a client does: close frame, the server's close frame, the end of TCP; return the server's frame."""
    answer = talk.part(code, reason)
    if answer is not None:
        talk.ends()
    talk.hang_up()
    return answer


def ended(talk: Conversation) -> str:
    """Say how a conversation ended on the wire."""
    close = next((frame for frame in talk.frames if frame.opcode == ws.CLOSE), None)
    if close is not None:
        return f"close frame, code {close.code}"
    return "TCP reset" if talk.was_reset else "TCP closed" if talk.ended else "still open"


def ends_soon(talk: Conversation) -> bool:
    """Tell whether TCP ends, at the latest while the server answers others: for what is due at once."""
    quiet_s, others = talk.dialogue.server.quiet
    wire = talk.dialogue.wire
    if wire.closed_by_peer(time.monotonic() + quiet_s):
        return True
    talk.dialogue.server.answers_others(others, time.monotonic() + talk.dialogue.server.patience)
    return wire.closed_by_peer(time.monotonic() + 0.01)


def answers_soon(server: Server) -> None:
    """Let the server come round once: what it was sent before this it has read by then, as far as anybody can tell."""
    server.answers_others(1, time.monotonic() + server.patience)


def followed(server: Server, wire: Connection) -> bool:
    """Tell whether anything came, where nothing should, after the server has answered somebody else."""
    server.answers_others(2, time.monotonic() + server.patience)
    return wire.readable()

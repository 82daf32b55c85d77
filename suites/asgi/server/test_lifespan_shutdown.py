"""Lifespan specification, Shutdown: when the application is told, and what the server waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from gateproof import lifespans
from gateproof.asgi_scripts import accepting, asgi, ok, read_body, receive_until, respond, wait
from gateproof.channel import Event
from gateproof.check import launch, requirement
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge
from gateproof.patience import SETTLE_S
from gateproof.target import Server
from gateproof.wire.request import get

from .calling import has_websocket
from .living import begun, heard, limit, received, refuses, serves, stopped, told
from .looking import plain
from .responding import whole
from .talking import ended, events
from .test_state import KEYS, OWN, SPOIL

MESSAGE = "gateproof-shutdown-message"
HOLD_S = 1.0  # so long is all of it open when the server is to stop; who waits for it may wait for ever
HALF = get(b"/", (b"Content-Length", b"8"), method=b"POST")


@launch("lifespan:slow_shutdown")
@requirement(
    "ASGI-LIFE-015",
    "ASGI-LIFE-016",
    "ASGI-LIFE-017",
    "ASGI-LIFE-019",
    "ASGI-LIFE-033",
    "ASGI-LIFE-035",
)
def test_stop_with_a_request_in_flight(server: Server, judge: Judge) -> None:
    """The application is told of the shutdown when the last request has ended and no new one comes, and waited for."""
    begun(server)
    if not serves(server):
        raise Blocked("the server did not come to serve")
    script = asgi(*(SPOIL if _has_state(server) else ()), wait("end", 20.0), respond(), live=True)
    with server.connect() as dialogue:
        x = dialogue.begin(get(), script)
        if server.wait(x, "waiting", limit(server)) is None:
            raise Blocked(f"the application was not called: {x.outcome}")
        server.running.terminate(0)
        refuses(server, 1.0)
        dialogue.release("end")
        dialogue.read_answer(x)
    shutdown = told(server, "lifespan.shutdown", limit(server, 8.0))
    if not judge("ASGI-LIFE-019", shutdown, "lifespan.shutdown", received(server)):
        raise Blocked("the application was not told of the shutdown")
    assert shutdown is not None
    _judge_order(server, judge, x, shutdown.t)
    judge("ASGI-LIFE-015", refuses(server, 0), "no answer to a new request", "an answer of the application")
    ended = server.running.ended(limit(server, 8.0))
    waited = heard(server, "note", SETTLE_S)
    judge("ASGI-LIFE-017", waited, "the application comes to the end of its shutdown", received(server))
    if not ended:
        raise Blocked("the server did not end")
    events = received(server)
    judge("ASGI-LIFE-019", events.count("lifespan.shutdown") == 1, "lifespan.shutdown, once", events)
    _judge_state(server, judge)


def _judge_order(server: Server, judge: Judge, x: Exchange, shutdown: float) -> None:
    """The last thing that a request's call did comes before lifespan.shutdown."""
    server.settle(x)
    last = [event.t for event in x.call.events if event.name in ("send", "raised")]
    late = max(last, default=shutdown + 1) - shutdown
    seen = "never" if not last else f"{late * 1000:.1f} ms after it"
    judge("ASGI-LIFE-016", late <= 0, "the request ends before lifespan.shutdown", seen)


def _has_state(server: Server) -> bool:
    return "state" in server.lifespan.call.scope


def _judge_state(server: Server, judge: Judge) -> None:
    """At shutdown the state is what the application left there; what a request did to its copy is not in it."""
    if not _has_state(server):
        for row in ("ASGI-LIFE-033", "ASGI-LIFE-035"):
            judge.unsupported(row, "the lifespan scope has no state", lacks="lifespan.state")
        return
    looked = server.lifespan.call.first("look")
    seen = plain(looked.get("value")) if isinstance(looked, dict) else None
    if not isinstance(seen, dict):
        raise Blocked(f"the state could not be read at the shutdown: {looked!r}")
    shared = OWN in seen
    judge("ASGI-LIFE-033", not shared, "a state that no request has changed", seen)
    if shared:
        judge.blocked("ASGI-LIFE-035", "the state at the shutdown is what a request has made of it")
        return
    untouched = set(seen) == KEYS and (seen["gateproof.kept"], seen[lifespans.SHARED]) == ("kept", ["stored"])
    judge("ASGI-LIFE-035", untouched, "what the application stored", seen)


@launch("lifespan:much_open")
@requirement("ASGI-LIFE-016", "ASGI-LIFE-019", "ASGI-WS-064")
def test_stop_with_much_open(server: Server, judge: Judge) -> None:
    """Whatever is open when the server stops, lifespan.shutdown comes, and when nothing of it is open any more.

    Open are a WebSocket, a poll that waits, an upload of which half has come, and a connection on which nothing is
    under way. Who closes or ends them does so before; who waits for them is told of the shutdown when they have ended.
    """
    server.fresh()
    if not serves(server):
        raise Blocked("the server did not come to serve")
    with ExitStack() as stack:
        held = Held(server, stack)
        server.running.terminate(0)
        shutdown = _told_while_open(server, judge, held)
        judge.reading("ASGI-WS-064", held.socket_told())
        if shutdown is None:
            list(held.end_requests())
            shutdown = _told_while_open(server, judge, held)
        held.end_socket()
    if not server.lifespan.calls:
        judge.unsupported_rest(lifespans.NONE, lacks="lifespan")
        return
    shutdown = shutdown or told(server, "lifespan.shutdown", limit(server, 8.0))
    if judge("ASGI-LIFE-019", shutdown, f"lifespan.shutdown, when {held.open} have ended", received(server)):
        assert shutdown is not None
        if whole(held.poll, b"ok"):  # a call may be ended behind its connection
            _judge_order(server, judge, held.poll, shutdown.t)
        judge("ASGI-LIFE-016", True)


def _told_while_open(server: Server, judge: Judge, held: Held) -> Event | None:
    """Wait for lifespan.shutdown while something is open, or was when the server was stopped."""
    if not server.lifespan.calls or not held.anything():
        return None
    shutdown = told(server, "lifespan.shutdown", limit(server, HOLD_S))
    if shutdown is not None:
        for what, goes_on in held.going_on():
            judge("ASGI-LIFE-016", not goes_on, f"{what}: ended before lifespan.shutdown", goes_on)
    return shutdown


class Held:
    """What is open when a server is stopped; `open` says what that is."""

    def __init__(self, server: Server, stack: ExitStack) -> None:
        """Open all of it; what the application is not called for does not count."""
        idle, self.polled, self.uploaded = (stack.enter_context(server.connect()) for _ in range(3))
        idle.begin(get(), ok())
        idle.read()
        self.poll = self.polled.begin(get(), asgi(wait("end", 20.0), respond(), live=True))
        self.upload = self.uploaded.begin(HALF, asgi(read_body(20.0), respond(), live=True))
        self.uploaded.send(b"half")
        if server.wait(self.poll, "waiting", limit(server)) is None:
            raise Blocked(f"the application was not called: {self.poll.outcome}")
        uploads = server.wait(self.upload, "receive", limit(server, HOLD_S)) is not None
        waits = accepting(receive_until("websocket.disconnect"))
        self.socket = stack.enter_context(server.websocket(waits)) if has_websocket(server) else None
        if self.socket is not None and not self.socket.accepted:
            self.socket = None
        there = {"a poll": True, "an upload": uploads, "a WebSocket": self.socket is not None}
        self.open = ", ".join(what for what, is_there in there.items() if is_there)

    def socket_told(self) -> str:
        """Answer a close frame of the server's; say what both sides of the WebSocket have seen by now."""
        if self.socket is None:
            return "no WebSocket was accepted"
        frame = self.socket.closing(HOLD_S)
        if frame is not None:
            self.socket.close(frame.code)
            self.socket.ends(HOLD_S)
        event = next(iter(events(self.socket.call, "websocket.disconnect")), None)
        seen = f"websocket.disconnect {event.get('code')!r}" if event is not None else "no event"
        return f"client: {ended(self.socket)}; application: {seen}"

    def anything(self) -> bool:
        """Tell whether anything of it may still be open."""
        return self.poll.response is None or (self.socket is not None and not self.socket.ended)

    def going_on(self) -> Iterator[tuple[str, str]]:
        """Try what is open once more; yield each with what shows that it goes on, '' where nothing does."""
        if self.poll.response is None:
            for what, x in self.end_requests():
                yield what, x.outcome if whole(x, b"ok") else ""
        if self.socket is not None and not self.socket.ended:
            self.socket.text("late")
            event = self.socket.told("websocket.receive", lifespans.SLOW_S)
            yield "a WebSocket", f"received: {event}" if event is not None else ""

    def end_requests(self) -> Iterator[tuple[str, Exchange]]:
        """Give the poll and the upload what they wait for, and read their answers."""
        self.polled.release("end")
        self.uploaded.send(b"rest")
        for what, connection in (("a poll", self.polled), ("an upload", self.uploaded)):
            yield what, connection.read_answer(timeout=lifespans.SLOW_S)

    def end_socket(self) -> None:
        """Leave the WebSocket."""
        if self.socket is not None and not self.socket.ended:
            self.socket.close(1001)
            self.socket.hang_up()


@launch("lifespan:shutdown_failed")
@requirement("ASGI-LIFE-018")
def test_failed_shutdown(server: Server, judge: Judge) -> None:
    """Where the application says that its shutdown failed, the server says why, and ends."""
    begun(server)
    if not serves(server):
        raise Blocked("the server did not come to serve")
    ended = stopped(server, 8.0)
    if told(server, "lifespan.shutdown", SETTLE_S) is None:
        raise Blocked("the application was not told of the shutdown")
    judge("ASGI-LIFE-018", ended, "the server ends", "it lives on")
    judge("ASGI-LIFE-018", server.log_has(MESSAGE, 1.0), f"{MESSAGE!r} in the log", server.running.log_tail(5))

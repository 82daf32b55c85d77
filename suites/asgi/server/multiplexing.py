"""What the checks over HTTP/2 share: a connection with any number of streams, each an exchange of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gateproof.asgi_scripts import Script, ok
from gateproof.exchange import Exchange
from gateproof.judge import Unsupported
from gateproof.patience import ANSWER_S, PATIENT_S
from gateproof.runner import HarnessError
from gateproof.target import Server
from gateproof.wire.client import Connection, Refused, Reset, Silent, WireError
from gateproof.wire.hpack import BadBlock, Field
from gateproof.wire.http2 import PREFACE, Http2, Stream
from gateproof.wire.request import get
from gateproof.wire.tls import offering

AUTHORITY = b"gateproof.test"
LACKING = "neither prior knowledge nor ALPN gives HTTP/2"
# By launch, once it was greeted: what a server said that lacks HTTP/2; None where it speaks it.
_lacking: dict[str, list[tuple[float, str, bytes]] | None] = {}


@dataclass
class Talk:
    """One HTTP/2 connection to the server."""

    server: Server
    http2: Http2

    def begin(
        self,
        target: bytes = b"/",
        headers: Sequence[Field] = (),
        script: Script | None = None,
        *,
        method: bytes = b"GET",
        authority: bytes | None = AUTHORITY,
        body: bytes | None = None,
        end: bool = True,
        protocol: bytes | None = None,
    ) -> tuple[Exchange, Stream]:
        """Send a request on a stream of its own and return at once; `protocol` is that of an extended CONNECT."""
        exchange, marked = self.server.prepare(get(target, method=method), script)
        exchange.trace = self.http2.wire.trace
        scheme = b"https" if self.server.running.tls else b"http"
        pseudo = [(b":method", method), (b":scheme", scheme), (b":path", target)]
        if authority is not None:
            pseudo.insert(2, (b":authority", authority))
        if protocol is not None:
            pseudo.append((b":protocol", protocol))
        return exchange, self.http2.request([*pseudo, *marks(marked), *headers], body, end=end)

    def read(self, exchange: Exchange, stream: Stream, timeout: float | None = None) -> Exchange:
        """Read one response into the exchange, and wait for its calls to end."""
        self.read_answer(exchange, stream, timeout)
        self.server.settle(exchange)
        return exchange

    def read_answer(self, exchange: Exchange, stream: Stream, timeout: float | None = None) -> Exchange:
        """Read one response into the exchange, and do not wait for its calls to end."""
        try:
            self.http2.finish(stream, time.monotonic() + (timeout or self.server.patience))
        except Silent:
            exchange.silent = True
            if timeout is None:  # who names a time may be waiting for silence
                self.server.met_silence()
        except Reset:
            exchange.reset = True
        except (WireError, BadBlock):
            exchange.closed = True
        exchange.reset = exchange.reset or stream.reset is not None
        exchange.response = stream.response()
        exchange.interim = list(exchange.response.interim) if exchange.response else []
        return exchange

    def ask(self, target: bytes = b"/", headers: Sequence[Field] = (), script: Any = None, **more: Any) -> Exchange:
        """Make one exchange; what is plainly answered is journalled at once, though the answer may never end."""
        return self.read(*self.begin(target, headers, script or ok(live=True), **more))


def marks(request: bytes) -> list[Field]:
    """Return the fields by which a request of ours is marked, in lower case."""
    lines = request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    pairs = [line.split(b": ", 1) for line in lines]
    return [(name.lower(), value) for name, value in pairs if name.lower().startswith(b"gateproof-")]


@contextmanager
def multiplexed(server: Server, *, push: bool = False, window: int | None = None) -> Iterator[Talk]:
    """Open an HTTP/2 connection: by ALPN where the launch has TLS, else by prior knowledge; without one the check ends.

    `push` says whether we take pushes, `window` how many octets of data may come on a stream until we make room.
    """
    _give_up_where_lacking(server)
    try:
        wire = _open(server)
    except Refused:
        with server.connect():  # where it has died, it is started anew
            pass
        wire = _open_again(server)
    try:
        talk = _greeted(server, wire, push, window)
        _give_up_where_lacking(server)
        assert talk is not None
        yield talk
    finally:
        wire.close()


def _give_up_where_lacking(server: Server) -> None:
    """End the check of a server without HTTP/2; what it said when it was greeted is the evidence."""
    said = _lacking.get(server.running.id)
    if said is not None:
        shown, _ = server.prepare(PREFACE, None)
        shown.trace = said
        raise Unsupported(LACKING, lacks="http/2")


def _open(server: Server) -> Connection:
    running = server.running
    tls = offering(running.tls, "h2") if running.tls is not None else None
    return Connection(running.host, running.port, uds=running.uds, timeout=PATIENT_S, tls=tls)


def _open_again(server: Server) -> Connection:
    """Open the connection of a server that accepts others; one that refuses TLS where HTTP/2 is offered lacks it."""
    try:
        return _open(server)
    except Refused:
        if server.running.tls is not None:
            _lacking.setdefault(server.running.id, [])
            _give_up_where_lacking(server)
        raise


def _greeted(server: Server, wire: Connection, push: bool, window: int | None) -> Talk | None:
    """Greet a server, unless TLS chose another protocol, and note whether it speaks HTTP/2."""
    known = server.running.id in _lacking
    selected = getattr(wire.socket, "selected_alpn_protocol", lambda: "h2")()
    talk = Talk(server, Http2(wire, push=push, window=window)) if selected == "h2" else None
    within = PATIENT_S if known else ANSWER_S
    spoken = talk is not None and talk.http2.greet(time.monotonic() + within)
    if known and not spoken:
        raise HarnessError("the server did not answer the preface of HTTP/2, as it did before")
    _lacking[server.running.id] = None if spoken else wire.trace
    return talk


def speaks_http2(server: Server) -> bool:
    """Tell whether the launch answers the preface of HTTP/2."""
    if server.running.id not in _lacking:
        try:
            with multiplexed(server):
                return True
        except Unsupported:
            return False
    return _lacking[server.running.id] is None

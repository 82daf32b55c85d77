"""One connection to the server under test."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateproof.patience import PATIENTLY_QUIET, SETTLE_S
from gateproof.wire.client import Closed, Connection, Reset, Silent

if TYPE_CHECKING:
    from gateproof.channel import Event
    from gateproof.exchange import Exchange
    from gateproof.target import Server
    from gateproof.wire.http1 import Response

DRIPS_S = 5.0  # so much longer may an answer take of which more and more comes, before anybody is accused of it
LOOK_S = 0.005  # where one of two things may come first, each is looked for so long in turn


@dataclass
class Dialogue:
    """One connection to the server, with any number of exchanges on it.

    `eager` is for requests that may never be whole: silence is an answer, even while the application waits for more.
    """

    server: Server
    wire: Connection
    current: Exchange | None = None
    eager: bool = False

    def begin(self, request: bytes, script: Mapping[str, Any] | None = None, *, arm: bool = False) -> Exchange:
        """Send a request and return at once; `arm` leaves the octets as they are and marks nothing."""
        exchange, octets = self.server.prepare(request, script, arm=arm)
        exchange.trace = self.wire.trace
        self.current = exchange
        self.send(octets)
        return exchange

    def send(self, octets: bytes) -> None:
        """Send more octets; a server that closed early is noted, not raised."""
        try:
            self.wire.send(octets)
        except (Reset, Closed):
            if self.current is not None:
                self.current.reset = True

    def read(self, exchange: Exchange | None = None, timeout: float | None = None) -> Exchange:
        """Read one final response (and what came before it) into the exchange, and wait for its calls to end."""
        exchange = exchange or self.current
        assert exchange is not None, "begin() comes before read()"
        self._read(exchange, timeout)
        self.server.settle(exchange)
        return exchange

    def _read(self, exchange: Exchange, timeout: float | None) -> None:
        deadline = time.monotonic() + min(timeout or self.server.patience, self.server.patience)
        try:
            response = self._response(exchange, deadline)
            exchange.response, self.server.suspect = response, None
            exchange.interim = list(response.interim) if response is not None else []
        except Silent as silence:
            exchange.silent, exchange.partial = True, silence.partial
            self.server.met_silence()
        except Reset as end:
            exchange.reset, exchange.partial = True, end.partial
            self.server.look_for_death(exchange)
        except Closed as end:
            exchange.closed, exchange.partial = True, end.partial
            self.server.look_for_death(exchange)

    def read_answer(self, exchange: Exchange | None = None, timeout: float | None = None) -> Exchange:
        """Read one final response into the exchange, and do not wait for its calls to end."""
        exchange = exchange or self.current
        assert exchange is not None, "begin() comes before read_answer()"
        self._read(exchange, timeout)
        return exchange

    def read_answer_unless(self, event: str) -> None:
        """Read the answer to what was sent, but be content where the journal has that event before it comes."""
        deadline = time.monotonic() + self.server.patience
        while self.wait(event, LOOK_S) is None:
            if self.wire.readable() or time.monotonic() >= deadline:
                self.read_answer()
                return

    def _response(self, exchange: Exchange, deadline: float) -> Response:
        """Read a response until the deadline; raises `Silent` earlier where it is plain that none will come."""
        method, begun = exchange.method.encode("latin-1"), time.monotonic()
        last = deadline + (DRIPS_S if self.server.quiet == PATIENTLY_QUIET else 0.0)
        while True:
            quiet_s, others = self.server.quiet
            try:
                return self.wire.read_response(method, min(deadline, max(begun, self.wire.heard) + quiet_s))
            except Silent as silence:
                now, before = time.monotonic(), self.wire.heard
                # One that is slow with everybody has said nothing wrong as long as more of the answer comes.
                more_by = min(before + quiet_s, last)
                if self.wire.reader.hopeless or now >= max(deadline, more_by):
                    raise
                if now >= deadline:
                    deadline = more_by
                elif (self.server.at_work() and not self.eager) or not self.server.answers_others(others, deadline):
                    begun = deadline  # nothing is plain before
                elif not self.wire.readable() and self.wire.heard == before:
                    raise silence from None

    def wait(self, event: str, timeout: float = SETTLE_S, exchange: Exchange | None = None) -> Event | None:
        """Wait until the journal of the exchange holds that event; None when it never came."""
        exchange = exchange or self.current
        assert exchange is not None, "begin() comes before wait()"
        return self.server.wait(exchange, event, timeout)

    def comes(self, event: str, exchange: Exchange | None = None) -> Event | None:
        """Wait until the journal of the exchange holds that event; None when it plainly never comes (see `QUIET`)."""
        self.server.quietly(lambda seconds: self.wait(event, seconds, exchange) is not None)
        return self.wait(event, 0.0, exchange)

    def release(self, name: str, exchange: Exchange | None = None) -> None:
        """Let a script that waits for `name` go on."""
        exchange = exchange or self.current
        assert exchange is not None, "begin() comes before release()"
        self.server.channel.release(exchange.id, name)

    def half_close(self) -> None:
        """Say that no more octets follow, and go on reading."""
        self.wire.half_close()

    def reset(self) -> None:
        """Abort the connection with RST."""
        self.wire.reset()

    def ends(self, timeout: float = SETTLE_S) -> bool:
        """Tell whether the server closes the connection within the time; octets before the end are drained."""
        return self.wire.closed_by_peer(time.monotonic() + timeout)

    def stays(self) -> bool:
        """Tell whether the connection is still open after the server has answered others (see `QUIET`)."""
        quiet_s, others = self.server.quiet
        deadline = time.monotonic() + self.server.patience
        if self.ends(quiet_s):
            return False
        if self.server.answers_others(others, deadline):
            return not self.ends(0.01)
        return not self.ends(max(0.0, deadline - time.monotonic()))

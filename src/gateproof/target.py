"""The server under test, as a check sees it: exchanges, connections, capabilities."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NoReturn

from gateproof import lifespans, scripts
from gateproof.dialogue import Dialogue
from gateproof.exchange import Exchange
from gateproof.judge import Unsupported
from gateproof.patience import AFTER_SILENCE_S, ANSWER_S, IDLE_S, PATIENT_S, PATIENTLY_QUIET, QUIET, SETTLE_S
from gateproof.runner import HarnessError
from gateproof.running import Running, Untouched
from gateproof.wire.client import Closed, Connection, Refused, Reset, Silent, WireError
from gateproof.wire.request import get, mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateproof.channel import Channel, Event
    from gateproof.conversation import Conversation
    from gateproof.wire.request import Field

DYING_S = 2.0  # how long a process whose listener is gone may take to end
LOOKS = 3  # a server that ended a connection without a word, and then ends others, is asked so often,
LIVES_S = 0.5  # and for so long: what it has not answered by then proves nothing, and another answer will do
LAST_WORDS = 15  # lines of the log that are told with a death
STOPS_S = 15.0
SPINS = 10  # one whose calls compute without end is started anew so often
HANGS = 5  # a server that stops answering is started anew in so many checks,
RENEWALS = 2  # and so often in each


@dataclass
class Server:
    """The handle that checks get as `server`. All octets go to one launch of the server under test."""

    running: Running
    channel: Channel
    interface: str = "wsgi"
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    deaths: list[Exchange] = field(default_factory=list)
    last: Exchange | None = None
    suspect: Exchange | None = None
    mourned: bool = False
    waited_s: float = 0.0
    patience: float = ANSWER_S
    idle_s: float = IDLE_S
    watched: bool = False
    used: bool = False
    quiet: tuple[float, int] = QUIET
    silences: int = 0
    hangs: int = 0
    spun: int = 0
    renewed: int = 0
    lost: str = ""

    @property
    def host(self) -> str:
        """Address on which the server listens."""
        return self.running.host

    @property
    def port(self) -> int:
        """Port on which the server listens."""
        return self.running.port

    @property
    def mount(self) -> str:
        """Path under which the application is mounted; '' for the root."""
        return self.running.mount

    def has(self, capability: str) -> bool:
        """Tell whether the profile declares a capability."""
        return capability in self.running.capabilities

    def stands_in(self, variant: str) -> bool:
        """Tell whether this launch stands in for another, which the profile lacks."""
        return not self.running.id.startswith(f"{variant.replace(':', '-')}-")

    def shows(self, method: bytes) -> bool:
        """Tell whether a request of this method shows its call."""
        return True

    def unsupported(self, reason: str, *, lacks: str = "") -> NoReturn:
        """End the check: the target lacks what it needs; `lacks` as in `Unsupported`."""
        raise Unsupported(reason, lacks=lacks)

    def exchange(
        self,
        request: bytes,
        script: Mapping[str, Any] | None = None,
        *,
        arm: bool = False,
        timeout: float | None = None,
    ) -> Exchange:
        """Make one request on a connection of its own and return what both witnesses saw."""
        with self.connect() as dialogue:
            dialogue.begin(request, script, arm=arm)
            return dialogue.read(timeout=timeout)

    def again(self, kept: Mapping[str, Any]) -> Exchange:
        """Play an exchange of a report again: the same octets, and the same script."""
        return self.exchange(base64.b64decode(kept["request"]["octets"]), kept["script"], arm=kept["armed"])

    @contextmanager
    def connect(self) -> Iterator[Dialogue]:
        """Open a connection; it is closed, and its armed script disarmed, at the end of the block."""
        self._revive()
        try:
            wire = self._open()
        except Refused as error:
            if self.watched:
                raise HarnessError(f"the server does not accept connections: {error}") from error
            if not self.running.ended_within(DYING_S):
                self._start_again("the server lives on, but nobody listens")  # its worker has died, but not its parent
            self._revive()
            try:
                wire = self._open()
            except Refused as still:
                raise HarnessError(f"the server does not accept connections: {still}") from still
        try:
            yield Dialogue(self, wire)
        finally:
            wire.close()
            self.channel.disarm(self.running.id)
            self._note_death()

    @contextmanager
    def websocket(
        self,
        script: Mapping[str, Any] | None = None,
        target: bytes = b"/",
        headers: Sequence[Field] = (),
        protocols: Sequence[bytes] = (),
        *,
        request: bytes | None = None,
        read: bool = True,
        unless: str = "",
    ) -> Iterator[Conversation]:
        """Open a WebSocket and hold the conversation; `read` False leaves even the answer to the check.

        With `unless` no answer is waited for where the journal has that event before it. `request` replaces the opening
        request that is made of target, headers and protocols.
        """
        from gateproof.conversation import Conversation
        from gateproof.wire.websocket import handshake

        with self.connect() as dialogue:
            dialogue.begin(request if request is not None else handshake(target, headers, protocols), script)
            if unless:
                dialogue.read_answer_unless(unless)
            elif read:
                dialogue.read_answer()
            yield Conversation(dialogue)

    def _open(self) -> Connection:
        running = self.running
        return Connection(running.host, running.port, uds=running.uds, timeout=PATIENT_S, tls=running.tls)

    def prepare(self, request: bytes, script: Mapping[str, Any] | None, *, arm: bool = False) -> tuple[Exchange, bytes]:
        """Register a script and return the exchange with the octets that carry its id."""
        method = request.split(b" ", 1)[0].decode("latin-1")
        chosen = dict(script) if script is not None else None
        exchange = Exchange(token_hex(16), request, chosen, arm, self.running.id, method, self.channel.events)
        self.exchanges[exchange.id] = exchange
        self.channel.register(exchange.id, chosen)
        if arm:
            self.channel.arm(self.running.id, exchange.id, chosen)
            return exchange, request
        return exchange, mark(request, scripts.fields(exchange.id, chosen))

    def settle(self, exchange: Exchange) -> None:
        """Wait until every call that was made for the exchange has ended, or will not."""
        self.channel.fence()
        if not exchange.events and exchange.response is not None and exchange.response.status < 300:
            # Answered 2xx: a call there must be, its line is on the way.
            self.quietly(lambda seconds: bool(self.wait(exchange, "", seconds)))
        if exchange.events:
            started = time.monotonic()
            self.quietly(lambda seconds: self.channel.settled(exchange.id, seconds))
            self.waited_s += time.monotonic() - started

    def quietly(self, come: Callable[[float], bool]) -> bool:
        """Wait for something in the journal, but not for what plainly never comes (see `QUIET`)."""
        quiet_s, others = self.quiet
        deadline = time.monotonic() + SETTLE_S
        if come(quiet_s):
            return True
        if not self.at_work() and self.answers_others(others, deadline):
            self.channel.fence()
            return come(0)
        return come(max(0.0, deadline - time.monotonic()))

    def wait(self, exchange: Exchange, event: str, timeout: float) -> Event | None:
        """Wait for an event of an exchange ('' for any); None when it does not come in time."""
        started = time.monotonic()
        found = self.channel.wait(exchange.id, event or (lambda _: True), timeout)
        self.waited_s += time.monotonic() - started
        return found

    # -- launches whose life a check watches (`lifespan:NAME`)

    @property
    def lifespan(self) -> Exchange:
        """The journal of the lifespan of this launch, as an exchange without a request."""
        key = lifespans.exchange_id(self.running.id)
        return self.exchanges.setdefault(key, Exchange(key, b"", None, False, self.running.id, "", self.channel.events))

    def fresh(self, stops_s: float = STOPS_S, *, lifespan: Mapping[str, Any] | None = None) -> None:
        """Begin with a process that no check has touched; an old one may take `stops_s` to end by itself.

        With a `lifespan` script its application plays that one, which is not the one that came with the launch.
        """
        if lifespan is not None:
            self.running.plan(lifespan)
        if self.used or lifespan is not None:
            self.running.terminate(stops_s)  # what the old process says at its end is not the new one's
            self.channel.fence()
            key = lifespans.exchange_id(self.running.id)
            self.channel.forget(key)
            self.channel.register(key, None)
            self.running.restart()
        self.used = True

    def attempt(
        self, request: bytes, script: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> Exchange | None:
        """Make a request of a server that may not accept connections; None where it does not."""
        try:
            return self.exchange(request, script, timeout=timeout)
        except HarnessError:
            return None

    def at_work(self) -> bool:
        """Tell whether the application itself may be what takes time: a script waits, and its call has not ended."""
        self.channel.fence()
        waiting = [x for x in list(self.exchanges.values()) if scripts.waits(x.script)]
        return any(not x.events or not self.channel.settled(x.id, 0) for x in waiting)

    def answers_others(self, count: int, deadline: float) -> bool:
        """Tell whether the server answers so many requests on other connections before the deadline."""
        try:
            for _ in range(count):
                self._greet(deadline)
        except WireError:
            return False
        return True

    def _greet(self, deadline: float) -> None:
        """Have a request answered on a connection of its own; raises `WireError` where it is not."""
        target = (self.mount or "").encode("ascii") + b"/"
        wire = self._open()
        try:
            wire.send(get(target, (b"Gateproof-Hello", b"1"), (b"Connection", b"close")))
            wire.read_response(b"GET", deadline)
        finally:
            wire.close()

    def met_silence(self) -> None:
        """Remember that an answer did not come in time: a check does not wait as long for each case that follows."""
        self.silences += 1
        self.patience = min(self.patience, AFTER_SILENCE_S)

    def still_answers(self) -> bool:
        """Start a server anew that met a check with silence and now answers nobody; False where that was needed.

        One whose calls never end, and compute on and on, answers slower after each check: it is started anew as well.
        """
        met, self.silences = self.silences, 0
        if not met or self.lost or self.watched or not self.running.alive():
            return True
        if self.answers_others(1, time.monotonic() + PATIENT_S):
            if self.spun < SPINS and self.running.spins():
                self.spun += 1
                self.renew()
            return True
        self._start_again("the server stopped answering")
        return False

    def _start_again(self, why: str) -> None:
        """Start a server anew that lives on, and is of no use; not for every check that follows."""
        self.hangs += not self.renewed
        self.renewed += 1
        if self.hangs > HANGS:
            self.lost = f"{why}, in {self.hangs} checks; it is not started again"
            self.running.stop()
        elif self.renewed > RENEWALS:
            raise HarnessError(f"{why}, again and again")
        else:
            self.renew()

    def log_has(self, text: str, timeout: float) -> bool:
        """Tell whether a text appears in what the server prints, within the time."""
        end = time.monotonic() + timeout
        while text not in self.running.log_tail(400):
            if time.monotonic() > end:
                return False
            time.sleep(0.005)  # the log is a foreign pipe: nobody tells us when it grows
        return True

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Forget the exchanges of the check before; `patient` gives a slow server more time."""
        self.patience = PATIENT_S if patient else ANSWER_S
        self.quiet = PATIENTLY_QUIET if patient else QUIET
        self.channel.forget_barriers()
        if patient:
            return  # what the first run found is still to be reported
        self.renewed = 0
        for key, exchange in self.exchanges.items():
            if exchange.request:  # a lifespan is nobody's request, and lasts
                self.channel.forget(key)
                self.last = exchange
        self.exchanges = {}

    def recent_exchanges(self) -> list[str]:
        """Return the key of the last exchange: that on which a judgement rests."""
        return list(self.exchanges)[-1:]

    def fell_silent(self) -> bool:
        """Tell whether the last exchange of the check met silence."""
        return bool(self.exchanges) and next(reversed(self.exchanges.values())).silent

    def look_for_death(self, exchange: Exchange) -> None:
        """Find out whether a server lives that ended the connection of an exchange.

        The connections of a process that dies are closed a moment before anybody can know that it is dead, and some of
        them before its listener is. One that ended a connection without a word is therefore asked for an answer, which
        the living give at once; where it gives none, the exchange stays suspect until something is answered.
        """
        if self.watched or isinstance(self.running, Untouched):
            return
        try:
            if exchange.answered:
                self._open().close()
                return
            self.suspect = self.suspect or exchange
            self._ask_for_life()
        except Refused:
            if self.running.ended_within(DYING_S):
                self._note_death()

    def _ask_for_life(self) -> None:
        """Clear the suspect where the server answers somebody; raises `Refused` where nobody listens any more."""
        for _ in range(LOOKS):
            try:
                self._greet(time.monotonic() + LIVES_S)
            except Silent:
                return
            except (Reset, Closed):
                continue  # of the listener of one that dies; the next connection is refused
            self.suspect = None
            return

    def take_deaths(self) -> list[Exchange]:
        """Return, once, the exchanges at which the server died; one of an earlier check is not among `exchanges`."""
        self._note_death()
        taken, self.deaths = self.deaths, []
        return taken

    def _note_death(self) -> None:
        """Give the death of the server, once, to the exchange that it was first seen at, or else to the last one."""
        if self.mourned or self.watched or self.lost or self.running.alive():
            return
        asked = [exchange for exchange in self.exchanges.values() if exchange.request]
        blamed = self.suspect or (asked[-1] if asked else self.last)
        if blamed is not None:
            self.mourned = True
            blamed.died, blamed.last_words = self.running.death(), self.running.log_tail(LAST_WORDS)
            self.deaths.append(blamed)

    def _revive(self) -> None:
        if self.lost:
            raise HarnessError(self.lost)
        if not self.watched and not self.running.alive():
            self._note_death()
            self.renew()

    def renew(self) -> None:
        """Start the server anew, at once; where that fails once, it is not tried for every check that follows."""
        from gateproof.servers import LaunchError

        self.suspect, self.mourned = None, False
        try:
            self.running.restart()
        except LaunchError as error:
            self.lost = f"it ended, and could not be started again: {error}"
            raise HarnessError(self.lost) from error

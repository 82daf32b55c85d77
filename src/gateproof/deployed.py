"""A target that is already running somewhere: a URL behind which our probe is deployed, without a side channel.

The journal comes as the response. What a check may then ask is less: a script that reads and looks, on a request that
carries its own proof. Everything else is said to be untested, with the reason, and nothing is guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gateproof import asgi_scripts, scripts, values
from gateproof.channel import Event
from gateproof.exchange import Exchange
from gateproof.judge import Untestable
from gateproof.patience import PATIENT_S
from gateproof.running import Untouched
from gateproof.target import Server
from gateproof.wire.client import Connection
from gateproof.wire.http1 import Response
from gateproof.wire.request import HOST, get, mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gateproof.conversation import Conversation

TOKEN = "GATEPROOF_TOKEN"  # noqa: S105 - the name of a variable
JOURNAL = b"application/vnd.gateproof.journal+json"
NO_CHANNEL = "a deployed probe has no side channel"
ALLOWED = {
    "wsgi": frozenset(("start", "read", "read_until", "read_exactly", "errors", "look", "note")),
    "asgi": frozenset(
        ("respond", "send", "receive", "receive_until", "read_body", "digest_body", "look", "keep", "same", "note")
    ),
}


class AddressError(Exception):
    """The URL, or what answers behind it, cannot be judged: a message that says what to do."""


@dataclass
class Deployed(Untouched):
    """Where the probe is deployed. Satisfies `gateproof.running.Running`; we neither start nor stop anything."""

    url: str
    host: str
    port: int
    authority: str
    mount: str
    tls: ssl.SSLContext | None
    token: str
    id: str = "deployed"
    uds: str | None = None
    capabilities: frozenset[str] = frozenset()


def at(url: str) -> Deployed:
    """Return the place that a URL names; the token is taken from the environment. Raises `AddressError`."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise AddressError(f"{url} has no usable port: {error}") from error
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise AddressError(f"{url} is not a plain URL of a deployed probe, such as https://example.org/probe")
    token = os.environ.get(TOKEN, "")
    if len(token) < 16:
        raise AddressError(
            f"{url} is a deployed probe: set {TOKEN}, here and where it is deployed, to the same secret of 16 "
            "characters or more (python -c 'import secrets; print(secrets.token_hex(16))')"
        )
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    return Deployed(url, parts.hostname, port, parts.netloc, parts.path.rstrip("/"), tls, token)


def proof(token: str, exchange: str, script: str) -> str:
    """Return the proof that a probe asks for: time.nonce.hmac, good once and for some minutes."""
    stamp = f"{int(time.time())}.{token_hex(16)}"
    said = f"{stamp}.{exchange}.{script}".encode("ascii")
    return f"{stamp}.{hmac.new(token.encode('utf-8'), said, hashlib.sha256).hexdigest()}"


@dataclass
class Journals:
    """Stands where a side channel would: holds what came in responses."""

    kept: dict[str, list[Event]] = field(default_factory=dict)

    def register(self, exchange: str, script: Mapping[str, Any] | None) -> None:
        """Make room for an exchange."""
        self.kept.setdefault(exchange, [])

    def events(self, exchange: str) -> list[Event]:
        """Return what came for an exchange."""
        return list(self.kept.get(exchange, ()))

    def forget(self, exchange: str) -> None:
        """Drop an exchange."""
        self.kept.pop(exchange, None)

    def wait(self, exchange: str, wanted: str | Callable[[Event], bool], timeout: float) -> Event | None:
        """Return an event that came; what did not come with its response never will."""
        matches = (lambda event: event.name == wanted) if isinstance(wanted, str) else wanted
        return next((event for event in self.kept.get(exchange, ()) if matches(event)), None)

    def settled(self, exchange: str, timeout: float) -> bool:
        """A call whose journal came has ended."""
        return True

    def fence(self, timeout: float = 5.0) -> None:
        """Nothing is on its way."""

    def forget_barriers(self) -> None:
        """There are none."""

    def disarm(self, launch: str) -> None:
        """Nothing was armed."""

    def arm(self, launch: str, exchange: str, script: Mapping[str, Any] | None) -> None:
        """Say that this needs a side channel."""
        raise Untestable(f"{NO_CHANNEL}: a request that carries nothing of ours cannot be told from a stranger's")

    def release(self, exchange: str, name: str) -> None:
        """Say that this needs a side channel."""
        raise Untestable(f"{NO_CHANNEL}: a call that waits cannot be let go on")

    def take_errors(self, launch: str = "") -> list[str]:
        """Nothing can be lost."""
        return []

    def close(self) -> None:
        """Nothing is open."""


class JournalResponse(Response):
    """A response whose body is the journal: what the application would have sent was not sent."""

    @property
    def body(self) -> bytes:
        """Say that the body cannot be judged."""
        raise Untestable(f"{NO_CHANNEL}: the journal takes the place of the response's body")

    @body.setter
    def body(self, value: bytes) -> None:
        """Forget the body."""


class DeployedServer(Server):
    """The handle that checks get of a deployed probe."""

    running: Deployed

    def prepare(self, request: bytes, script: Mapping[str, Any] | None, *, arm: bool = False) -> tuple[Exchange, bytes]:
        """Sign a request that a deployed probe can answer; raises `Untestable` for every other."""
        if arm:
            self.channel.arm("", "", None)
        chosen = dict(script) if script is not None else self._plain()
        self._allow(request, chosen)
        exchange, _ = super().prepare(request, chosen)
        lines = scripts.fields(exchange.id, chosen)
        carried = next((line[18:] for line in lines.split(b"\r\n") if line.startswith(b"Gateproof-Script: ")), None)
        if carried is None:
            raise Untestable(f"{NO_CHANNEL}: the script does not fit into the request")
        said = proof(self.running.token, exchange.id, carried.decode("ascii"))
        return exchange, mark(self._moved(request), lines + b"Gateproof-Proof: " + said.encode("ascii") + b"\r\n")

    def _plain(self) -> dict[str, Any]:
        return scripts.ok() if self.interface == "wsgi" else asgi_scripts.ok()

    def _allow(self, request: bytes, script: Mapping[str, Any]) -> None:
        steps = script.get("call", script.get("steps", ()))
        verbs = list(_verbs(steps))
        ordinary = script.get("result", {}).get("kind", "list") == "list" and verbs.count("start") <= 1
        if not ordinary or not set(verbs) <= ALLOWED[self.interface]:
            raise Untestable(f"{NO_CHANNEL}: what the application does here cannot be told in its response")
        if request.startswith(b"HEAD "):
            raise Untestable(f"{NO_CHANNEL}: the response to HEAD has no room for the journal")

    def _moved(self, request: bytes) -> bytes:
        """Send the request to where the probe is deployed."""
        method, blank, rest = request.partition(b" ")
        moved = self.mount.encode("utf-8") + rest if rest.startswith(b"/") else rest
        host = b"%s: %s\r\n" % (HOST[0], self.running.authority.encode("idna"))
        return method + blank + moved.replace(b"%s: %s\r\n" % HOST, host, 1)

    def settle(self, exchange: Exchange) -> None:
        """Take the journal out of the response."""
        response = exchange.response
        if response is None or response.get(b"Content-Type") != JOURNAL:
            return
        self._keep(exchange, response.body)
        exchange.response = JournalResponse(**{**vars(response), "body": b""})

    def _keep(self, exchange: Exchange, text: bytes) -> None:
        try:
            said = json.loads(text)
            pid, tid, call = int(said["pid"]), int(said["tid"]), int(said["call"])
            events = [(float(t), str(name), values.decode(value)) for t, name, value in said["events"]]
        except (ValueError, KeyError, TypeError) as error:
            problem = f"the response is no journal ({type(error).__name__}); something on the way changed it"
            raise Untestable(problem) from None
        made = [Event(t, call, name, value, pid, tid) for t, name, value in events]
        self.journals.kept[exchange.id] = made

    @property
    def journals(self) -> Journals:
        """What came in responses."""
        assert isinstance(self.channel, Journals)
        return self.channel

    @contextmanager
    def websocket(self, *args: Any, **kwargs: Any) -> Iterator[Conversation]:
        """Open a WebSocket; the journal comes as its only message."""
        with super().websocket(*args, **kwargs) as talk:
            message = talk.next_message() if talk.accepted else None
            if message is not None:
                self._keep(talk.exchange, message.payload)
            yield talk

    @property
    def lifespan(self) -> Exchange:
        """An exchange without a call: no response could bring the journal of a lifespan."""
        return Exchange("", b"", None, False, self.running.id, "", self.channel.events)

    def shows(self, method: bytes) -> bool:
        """Tell whether a request of this method shows its call: there is no room in the response to HEAD."""
        return method != b"HEAD"

    def sees_us(self) -> bool:
        """Tell whether the application is told the very connection that we made: nobody in between took it over."""
        with self.connect() as connection:
            host, port = connection.wire.local_address
            connection.begin(get())
            call = connection.read().call
        if self.interface == "wsgi":
            told = [call.environ.get(key) for key in ("REMOTE_ADDR", "REMOTE_PORT")]
        else:
            told = list(call.scope.get("client") or ())
        return [str(part).removeprefix("::ffff:") for part in told] == [host, str(port)]

    def _open(self) -> Connection:
        place = self.running
        return Connection(place.host, place.port, timeout=PATIENT_S, tls=place.tls, server_name=place.host)

    def still_answers(self) -> bool:
        """Never start anything anew."""
        self.silences = 0
        return True

    def at_work(self) -> bool:
        """No script waits."""
        return False

    def fresh(self, stops_s: float = 0.0, *, lifespan: Mapping[str, Any] | None = None) -> None:
        """Say that this needs a process of our own."""
        raise Untestable("a deployed server is not started and stopped by us")


def _verbs(steps: Iterable[Any]) -> Iterator[str]:
    """Return the verbs of steps, and of those within them."""
    for step in steps:
        if step[0] == "try":
            for inner in step[1:]:
                yield from _verbs(inner)
        else:
            yield step[0]


def serve(place: Deployed, interface: str) -> DeployedServer:
    """Return the handle of a deployed probe."""
    return DeployedServer(place, Journals(), interface)  # type: ignore[arg-type]

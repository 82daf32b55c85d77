"""What the checks of request bodies share: uploads cut into pieces, and what the application got of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from gateproof.asgi_scripts import Script, asgi, digest_body, read_body, receive, respond
from gateproof.exchange import Call, Exchange
from gateproof.wire.request import HOST, Field, build

from .looking import KeptConnection, plain
from .watching import comes

JOURNALLED = 32 * 1024  # longer bodies are journalled as length and digest
TOLD_OFF = frozenset((401, 403, 408, 411, 413, 414, 429, 431, 501, 503))  # a well-formed request may be refused so
AT_ONCE_S = 0.01
SIZES = (0, 1, 2, 100, 1023, 4095, 4096, 4097, 8191, 8192, 8193, 16384, 65535, 65536, 65537, 100_003, 262_144)


def filled(size: int, salt: int = 0) -> bytes:
    """Return octets in which no two stretches are alike for long, so that what is lost, doubled or swapped shows."""
    block = b"".join(b"%06x%02x\r\n" % (number, salt & 255) for number in range(size // 10 + 1))
    return block[:size]


@dataclass(frozen=True)
class Upload:
    """A request with a body: `pieces` are its chunks where it is coded; the octets are sent in parts cut at `cuts`.

    `late` parts are sent when the application has been called, `unread` ones are not asked for.
    """

    pieces: tuple[bytes, ...]
    cuts: tuple[int, ...] = ()
    fields: tuple[Field, ...] = ()
    coded: bool = False
    extension: bytes = b""
    trailers: bytes = b""
    unread: bool = False
    late: bool = False

    @property
    def body(self) -> bytes:
        """What the client means to send."""
        return b"".join(self.pieces)

    @property
    def head(self) -> bytes:
        """Request line and header."""
        length = str(len(self.body)).encode("ascii")
        framing = (b"Transfer-Encoding", b"chunked") if self.coded else (b"Content-Length", length)
        return build(b"POST", b"/", (HOST, framing, *self.fields))

    @property
    def octets(self) -> bytes:
        """The body as it stands on the wire."""
        if not self.coded:
            return self.body
        lines = [b"%x%s\r\n%s\r\n" % (len(piece), self.extension, piece) for piece in self.pieces if piece]
        return b"".join(lines) + b"0\r\n" + self.trailers + b"\r\n"

    @property
    def parts(self) -> list[bytes]:
        """The body in the parts in which it is sent."""
        octets = self.octets
        places = sorted({cut % (len(octets) + 1) for cut in self.cuts})
        return [octets[start:end] for start, end in zip([0, *places], [*places, len(octets)], strict=True)]

    @property
    def script(self) -> Script:
        """Read the body, look whether more comes at once, then answer."""
        if self.unread:
            return asgi(respond())
        reading = read_body() if len(self.body) <= JOURNALLED else digest_body()
        return asgi(reading, receive(AT_ONCE_S), respond(), live=self.late)


class Uploads(KeptConnection):
    """Uploads on as few connections as the server allows, each sent in its parts."""

    def send(self, upload: Upload) -> Exchange:
        """Make one exchange; one that meets the end of a used connection is made again on a new one."""
        self.parts, self.late = upload.parts, upload.late
        return self.exchange(upload.head, upload.script)

    def _once(self, request: bytes, script: Script | None) -> Exchange:
        if self._dialogue is None:
            self._open = self.server.connect()
            self._dialogue = self._open.__enter__()
        exchange = self._dialogue.begin(request, script)
        if self.late:
            comes(self.server, exchange, "scope")  # or does not: some servers call when they have all of it
        for part in self.parts:
            self._dialogue.send(part)
        return self._dialogue.read()


def told_off(x: Exchange) -> bool:
    """Tell whether the server refused a request by policy, before the application was called."""
    return x.refused and x.response is not None and x.response.status in TOLD_OFF


def given_up(x: Exchange) -> bool:
    """Tell whether the server refused a request, before or after it had called the application."""
    if not x.calls:
        return x.refused
    said = x.call.first("digest")
    return said.get("last") != "http.request" if isinstance(said, dict) else not finals(x.call)


def arrived(call: Call, body: bytes) -> bool:
    """Tell whether the application got this body, whole and nothing else."""
    said = call.first("digest")
    if isinstance(said, dict):
        return (said.get("count"), said.get("sha256")) == (len(body), hashlib.sha256(body).hexdigest())
    return call.request_body == body


def got(call: Call) -> str:
    """Say in few words what the application got."""
    said = call.first("digest")
    if isinstance(said, dict):
        return f"{said.get('count')} octets in {said.get('events')} events, the last one {said.get('last')}"
    body, kinds = call.request_body, [event.get("type") for event in call.received]
    raised = [value["raised"] for value in call.named("receive") if isinstance(value, dict) and "raised" in value]
    return f"{len(body)} octets {body[:40]!r}, events {kinds[:6]}{f', raised {raised}' if raised else ''}"


def finals(call: Call) -> list[int]:
    """Return the places among the received events of those that say that the request is complete."""
    events = call.received
    return [
        place
        for place, event in enumerate(events)
        if event.get("type") == "http.request" and not plain(event.get("more_body", False))
    ]


def requests_in(events: Iterable[dict[Any, Any]]) -> list[dict[Any, Any]]:
    """Return the events of type http.request."""
    return [event for event in events if event.get("type") == "http.request"]


OPTIONS: Sequence[tuple[Field, ...]] = (
    (),
    (),
    ((b"Connection", b"close"),),
    ((b"Content-Type", b"application/x-www-form-urlencoded"),),
)
cuts = st.lists(st.integers(0, 300_000), max_size=5).map(tuple)
plain_uploads = st.builds(
    lambda size, salt, where, fields, unread: Upload((filled(size, salt),), where, fields, unread=unread),
    st.sampled_from(SIZES),
    st.integers(0, 255),
    cuts,
    st.sampled_from(OPTIONS),
    st.integers(0, 5).map(lambda number: number == 0),
)
EXTENSIONS = (b"", b"", b";a", b";a=b", b';q="x;y"', b";a=1;b=2")
TRAILERS = (b"", b"", b"X-Sum: 1\r\n", b"X-A: b\r\nX-B: c, d\r\n")
coded_uploads = st.builds(
    lambda sizes, where, extension, trailers, fields: Upload(
        tuple(filled(size, place) for place, size in enumerate(sizes)), where, fields, True, extension, trailers
    ),
    st.lists(st.sampled_from((1, 1, 2, 9, 10, 15, 16, 17, 255, 4096, 5000, 16384, 65536, 70_000)), max_size=6),
    cuts,
    st.sampled_from(EXTENSIONS),
    st.sampled_from(TRAILERS),
    st.sampled_from(OPTIONS),
)


def without_options(upload: Upload) -> Upload:
    """Return the same upload without what a server may decline: extensions and trailers."""
    return replace(upload, extension=b"", trailers=b"")

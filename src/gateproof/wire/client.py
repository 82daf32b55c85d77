"""One blocking connection. Deadlines are absolute (`time.monotonic()` seconds); everything is kept in `trace`."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import time

from gateproof.wire.http1 import Response, ResponseReader

TRACE_LIMIT = 256 * 1024
PIECE = 64 * 1024
LOOK_S = 0.005  # what came before a deadline is there, however late we are to look
Trace = list[tuple[float, str, bytes]]  # when, "in" or "out" (or how it ended), and the octets


class WireError(Exception):
    """Something other than a whole response came; `partial` holds the octets of what did."""

    def __init__(self, partial: bytes = b"") -> None:
        """Keep what came."""
        super().__init__(partial[:200])
        self.partial = partial


class Silent(WireError):
    """Not enough came before the deadline."""


class Closed(WireError):
    """The server closed the connection before a whole response."""


class Reset(WireError):
    """The server reset the connection before a whole response."""


class Refused(WireError):
    """Nobody accepts connections there."""


def family(host: str) -> socket.AddressFamily:
    """Return the family of an address to listen on or to connect to."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Connection:
    """A connection to the server under test: octets out, responses in."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        uds: str | None = None,
        timeout: float = 5.0,
        tls: ssl.SSLContext | None = None,
        receive_buffer: int | None = None,
        server_name: str = "localhost",
    ) -> None:
        """Connect; raises `Refused` where nobody listens."""
        self.trace: Trace = []
        self.reader = ResponseReader()
        self.broken = False
        self.heard = 0.0  # when octets came last
        self._kept = 0
        try:
            self.socket = self._open(host, port, uds, timeout, receive_buffer)
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket, server_hostname=server_name)
        except OSError as error:
            raise Refused(str(error).encode()) from error

    def _open(self, host: str, port: int, uds: str | None, timeout: float, receive_buffer: int | None) -> socket.socket:
        made = socket.socket(socket.AF_UNIX if uds else family(host), socket.SOCK_STREAM)
        try:
            made.settimeout(timeout)
            if receive_buffer is not None:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            made.connect(uds or (host, port))
            if not uds:
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            made.close()
            raise
        return made

    @property
    def local_address(self) -> tuple[str, int]:
        """Our own end of the connection, as the server sees it."""
        host, port = self.socket.getsockname()[:2]
        return host, port

    def send(self, octets: bytes, timeout: float = 5.0) -> None:
        """Send octets; raises `Closed` where the server no longer takes them (what it sent can still be read)."""
        self._note("out", octets)
        self.socket.settimeout(timeout)
        try:
            self.socket.sendall(octets)
        except TimeoutError as error:
            raise Silent from error
        except OSError as error:
            self.broken = True
            raise Closed from error

    def read_response(self, method: bytes, deadline: float) -> Response:
        """Read one final response; the interim ones before it are in its `interim`."""
        deadline = _with_a_look(deadline)
        while True:
            response = self.reader.next_response(method)
            if response is not None:
                return response
            if self.reader.ended or self.reader.hopeless:
                raise (Silent if self.reader.hopeless else Closed)(self.reader.partial)
            self._fill(deadline)

    def read_some(self, deadline: float) -> bytes:
        """Return the next octets that come; b'' at the end."""
        deadline = _with_a_look(deadline)
        before = bytes(self.reader.buffer)
        if before:
            self.reader.buffer.clear()
            return before
        if not self.reader.ended:
            self._fill(deadline)
        got = bytes(self.reader.buffer)
        self.reader.buffer.clear()
        return got

    def closed_by_peer(self, deadline: float) -> bool:
        """Tell whether the server ends the connection before the deadline; octets before the end are drained."""
        deadline = _with_a_look(deadline)
        while not self.reader.ended:
            try:
                self._fill(deadline)
            except Silent:
                return False
            except Reset:
                return True
        return True

    def readable(self) -> bool:
        """Tell, without waiting, whether octets or an end have come that were not read yet."""
        try:
            # What has come is there, however late a loaded machine lets us look: only then is there a deadline.
            pending = isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()
            if not pending and not select.select([self.socket], [], [], 0.001)[0]:
                return False
            self._fill(time.monotonic() + 0.05)
        except Silent:
            return False
        except (WireError, ValueError, OSError):
            return True
        return True

    def half_close(self) -> None:
        """Send FIN and go on reading."""
        self._note("fin", b"")
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Send RST."""
        self._note("reset", b"")
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def _fill(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Silent(self.reader.partial)
        self.socket.settimeout(left)
        try:
            octets = self.socket.recv(PIECE)
        except TimeoutError as error:
            raise Silent(self.reader.partial) from error
        except ConnectionResetError as error:
            self._note("rst", b"")
            self.reader.eof()
            raise Reset(self.reader.partial) from error
        except OSError as error:
            self.reader.eof()
            raise Closed(self.reader.partial) from error
        self._note("in" if octets else "eof", octets)
        if octets:
            self.heard = time.monotonic()
            self.reader.feed(octets)
        else:
            self.reader.eof()

    @property
    def received(self) -> bytes:
        """Every octet that came so far."""
        return incoming(self.trace)

    def _note(self, direction: str, octets: bytes) -> None:
        room = TRACE_LIMIT - self._kept
        kept = octets[: max(room, 0)]
        if kept or not octets:
            self._kept += len(kept)
            self.trace.append((time.monotonic(), direction, kept))


def incoming(trace: Trace) -> bytes:
    """Return the octets of a trace that came from the server."""
    return b"".join(octets for _, direction, octets in trace if direction == "in")


def _with_a_look(deadline: float) -> float:
    """Return a deadline that leaves time for one look: who waited for something else may come when it has passed."""
    return max(deadline, time.monotonic() + LOOK_S)

"""What shows on the wire that a server lacks a feature for which no launch was made."""

from __future__ import annotations

import ssl
import time
from contextlib import suppress
from secrets import token_hex
from typing import TYPE_CHECKING

from gateproof.exchange import Exchange
from gateproof.patience import ANSWER_S
from gateproof.wire.client import Connection, Silent, WireError

if TYPE_CHECKING:
    from gateproof.running import Running

OF_TLS = (b"\x15\x03", b"\x16\x03")  # an alert or a handshake message, in a record of any version


def no_tls(running: Running) -> Exchange | None:
    """Return an exchange in which a server answers what begins a TLS connection in plain text, or by an end.

    None where it answers as TLS does, or says nothing at all.
    """
    octets = _hello() + b"\r\n\r\n"  # the end of a head, for which who reads it as one would wait
    x = Exchange(token_hex(16), octets, None, True, running.id, "", lambda _: [])
    wire = Connection(running.host, running.port, uds=running.uds, timeout=ANSWER_S)
    try:
        x.trace = wire.trace
        wire.send(octets)
        said = wire.read_some(time.monotonic() + ANSWER_S)
    except Silent:
        return None
    except WireError:
        said = b""
    finally:
        wire.close()
    x.closed, x.partial = not said, said
    return None if said.startswith(OF_TLS) else x


def _hello() -> bytes:
    """Return what a client of TLS says first."""
    said = ssl.MemoryBIO()
    context = ssl.create_default_context()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost").do_handshake()
    return said.read()

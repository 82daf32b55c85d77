"""What the checks of WSGI servers share: ordinary exchanges."""

from __future__ import annotations

from typing import Any

from gateproof.exchange import Exchange
from gateproof.scripts import Script, ok
from gateproof.target import Server
from gateproof.values import Opaque
from gateproof.wire.http1 import final

ABSENT = "(absent)"


def environ_of(server: Server, request: bytes, script: Script | None = None) -> dict[Any, Any]:
    """Return the environ that the application got for a request."""
    return server.exchange(request, script or ok()).call.environ


def value(environ: dict[Any, Any], key: str) -> Any:
    """Return a variable, or a text that says that it is not there."""
    return environ.get(key, ABSENT)


def text(value: Any) -> bool:
    """Tell whether a value is exactly a str or of a subclass of it."""
    return isinstance(value, str) or (isinstance(value, Opaque) and isinstance(value.base, str))


def answered(exchange: Exchange, status: int = 200, body: bytes = b"ok") -> bool:
    """Tell whether the script's answer arrived whole."""
    response = exchange.response
    return response is not None and (response.status, response.body, response.complete) == (status, body, True)


def latin1(octets: bytes) -> str:
    """Return the native string that stands for octets (PEP 3333, Unicode Issues)."""
    return octets.decode("latin-1")


def body_of(x: Exchange, octets: bytes) -> bytes:
    """Return the body that came with all these octets: a server may put any body into chunks (PEP 3333)."""
    response = x.response
    return response.body if response is not None and response.framing == "chunked" else after_the_head(octets)


def after_the_head(octets: bytes) -> bytes:
    """Return what came after the header of the final response."""
    return final(octets).partition(b"\r\n\r\n")[2]

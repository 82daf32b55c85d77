"""The tls extension of the reference ASGI server (specs/tls, version 0.2)."""

from __future__ import annotations

import ssl
from typing import Any

VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


def tls_extension(connection: ssl.SSLObject | None, certificate: str | None) -> dict[str, Any]:
    """Return the entry of `extensions`; what cannot be known is None."""
    cipher = connection.cipher() if connection is not None else None
    numbers = {one["name"]: one["id"] & 0xFFFF for one in connection.context.get_ciphers()} if connection else {}
    return {
        "server_cert": certificate,
        "client_cert_chain": [],
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": VERSIONS.get((connection.version() or "") if connection else ""),
        "cipher_suite": numbers.get(cipher[0]) if cipher else None,
    }

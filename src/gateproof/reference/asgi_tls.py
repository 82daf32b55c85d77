"""The tls extension of the reference ASGI server (specs/tls, version 0.2)."""

from __future__ import annotations

import re
import ssl
from typing import Any

VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
# RFC 4514, 3: the attribute types that have a short name.
SHORT = {
    "commonName": "CN",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "streetAddress": "STREET",
    "domainComponent": "DC",
    "userId": "UID",
}


def tls_extension(connection: ssl.SSLObject | None, certificate: str | None) -> dict[str, Any]:
    """Return the entry of `extensions`; what cannot be known is None."""
    cipher = connection.cipher() if connection is not None else None
    numbers = {one["name"]: one["id"] & 0xFFFF for one in connection.context.get_ciphers()} if connection else {}
    shown = connection.getpeercert() if connection is not None else None
    return {
        "server_cert": certificate,
        "client_cert_chain": chain(connection) if connection is not None and shown else [],
        "client_cert_name": distinguished_name(shown["subject"]) if shown else None,
        "client_cert_error": None,
        "tls_version": VERSIONS.get((connection.version() or "") if connection else ""),
        "cipher_suite": numbers.get(cipher[0]) if cipher else None,
    }


def chain(connection: ssl.SSLObject) -> list[str]:
    """Return the certificates that the client has sent, its own first, in PEM."""
    # Public from 3.13 on, and of DER then; before that of objects of the module _ssl.
    holder: Any = connection if hasattr(connection, "get_unverified_chain") else connection._sslobj  # type: ignore[attr-defined]
    found = holder.get_unverified_chain() or []
    return [ssl.DER_cert_to_PEM_cert(one if isinstance(one, bytes) else one.public_bytes(2)) for one in found]


def distinguished_name(subject: Any) -> str:
    """Return a name, as `getpeercert` has it, as RFC 4514 writes it: the last part first."""
    return ",".join(
        "+".join(f"{SHORT.get(kind, kind)}={escaped(value)}" for kind, value in part) for part in subject[::-1]
    )


def escaped(value: str) -> str:
    """Escape a value (RFC 4514, 2.4)."""
    text = re.sub(r'([\\",+;<>])', r"\\\1", value).replace("\0", "\\00")
    text = f"\\{text}" if text.startswith((" ", "#")) else text
    return f"{text[:-1]}\\ " if text.endswith(" ") and len(text) > 1 and not text.endswith("\\ ") else text

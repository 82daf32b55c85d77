"""The tls extension of a scope: shapes only; its truth needs the other end of the connection."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

PEM = "-----BEGIN CERTIFICATE-----"
name_4514 = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)*)\s*=").match


def check(tls: dict[Any, Any], say: Callable[..., None]) -> None:
    """Judge the entry; keys that may be left out are judged where they are present."""
    certificate = tls.get("server_cert", "")
    if certificate is not None and not _is_pem(certificate):
        say("ASGI-TLS-004", "server_cert is no PEM text", "a PEM str or None", certificate)
    chain = tls.get("client_cert_chain", ())
    if isinstance(chain, (str, bytes, dict)) or not hasattr(chain, "__iter__"):
        say("ASGI-TLS-006", "client_cert_chain is no iterable of PEM texts", "PEM str", chain)
    elif isinstance(chain, (list, tuple)):
        for item in chain:
            if not _is_pem(item):
                say("ASGI-TLS-006", "an item of client_cert_chain is no PEM text", "PEM str", item)
        if chain and "client_cert_name" not in tls:
            say("ASGI-TLS-009", "client_cert_name is missing beside a chain", "the key to be present", "no such key")
    name = tls.get("client_cert_name")
    if name is not None and not (isinstance(name, str) and (not name or name_4514(name))):
        say("ASGI-TLS-008", "client_cert_name is no name of RFC 4514", "'CN=...' or None", name)
    error = tls.get("client_cert_error")
    if error is not None and not (isinstance(error, str) and error):
        say("ASGI-TLS-011", "client_cert_error is no text", "a str that is not empty, or None", error)
    for key, row in (("tls_version", "ASGI-TLS-012"), ("cipher_suite", "ASGI-TLS-013")):
        number = tls.get(key, "missing")
        if number is not None and not (isinstance(number, int) and 0 <= number <= 0xFFFF):
            say(row, f"{key} is no number on the wire", "int or None", number)


def _is_pem(value: object) -> bool:
    return isinstance(value, str) and value.lstrip().startswith(PEM)

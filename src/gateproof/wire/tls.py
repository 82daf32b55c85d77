"""Throw-away certificates for launches over TLS; needs the extra `gateproof[tls]` (trustme)."""

from __future__ import annotations

import ssl
from pathlib import Path

from gateproof.judge import Unsupported


def make_certificate(folder: Path) -> ssl.SSLContext:
    """Write `server.pem` and `server.key` for localhost into a folder; return a client context that trusts it."""
    try:
        import trustme
    except ImportError:
        raise Unsupported("launches over TLS need trustme: pip install gateproof[tls]") from None
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    (folder / "server.key").write_bytes(certificate.private_key_pem.bytes())
    (folder / "server.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def offering(context: ssl.SSLContext, *protocols: str) -> ssl.SSLContext:
    """Return a client context that trusts the same authorities and offers these protocols (ALPN, RFC 7301)."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(cadata=b"".join(context.get_ca_certs(binary_form=True)))
    made.set_alpn_protocols(list(protocols))
    return made

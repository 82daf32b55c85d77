"""Throw-away certificates for launches over TLS; needs the extra `gateproof[tls]` (trustme)."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gateproof.judge import Unsupported

if TYPE_CHECKING:
    import trustme


CLIENT, EXPIRED = "client", "expired"  # the certificates that a client of ours can show
ORGANIZATION, UNIT = 'Gate, "proof" + <Sons>; \\ Co', "#1 unit "  # every character that RFC 4514 escapes


def make_certificate(folder: Path) -> ssl.SSLContext:
    """Write `server.pem` and `server.key` for localhost into a folder; return a client context that trusts it.

    Beside them stand `ca.pem`, the authority, and what clients can show (see `showing`).
    """
    try:
        import trustme
    except ImportError:
        raise Unsupported("launches over TLS need trustme: pip install gateproof[tls]") from None
    authority = trustme.CA()
    between = authority.create_child_ca()
    own = between.issue_cert(common_name="caf\u00e9", organization_name=ORGANIZATION, organization_unit_name=UNIT)
    begin, end = (datetime.now(UTC) - timedelta(days=days) for days in (9, 2))
    _write(folder, "server", authority.issue_cert("localhost", "127.0.0.1"))
    _write(folder, CLIENT, own)
    _write(folder, EXPIRED, between.issue_cert(common_name="expired", not_before=begin, not_after=end))
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def _write(folder: Path, name: str, certificate: trustme.LeafCert) -> None:
    (folder / f"{name}.key").write_bytes(certificate.private_key_pem.bytes())
    (folder / f"{name}.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))


def trusting(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return another client context that trusts the same authorities."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(cadata=b"".join(context.get_ca_certs(binary_form=True)))
    return made


def showing(context: ssl.SSLContext, folder: Path, name: str) -> ssl.SSLContext:
    """Return a client context that trusts the same authorities and shows a certificate of its own where asked."""
    made = trusting(context)
    made.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return made


def offering(context: ssl.SSLContext, *protocols: str) -> ssl.SSLContext:
    """Return a client context that trusts the same authorities and offers these protocols (ALPN, RFC 7301)."""
    made = trusting(context)
    made.set_alpn_protocols(list(protocols))
    return made

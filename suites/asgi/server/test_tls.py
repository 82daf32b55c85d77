"""TLS extension, TLS Connection Scope: nothing of it without TLS, and the truth about a connection that has TLS."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Iterator
from typing import Any

from gateproof.asgi_scripts import ok
from gateproof.check import in_band_but, launch, requirement, unproxied
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge, Unsupported
from gateproof.patience import PATIENT_S
from gateproof.target import Server
from gateproof.wire.client import Connection, Refused, WireError
from gateproof.wire.request import get
from gateproof.wire.tls import CLIENT, EXPIRED, showing, trusting

from .living import lifespan_of
from .looking import ABSENT, Scope, extensions, plain, websocket_scope
from .offering import Way, entries

VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
SUITE = 0xFFFF  # the last two of the four octets by which OpenSSL numbers a cipher suite


@unproxied
@in_band_but("ASGI-TLS-003")
@requirement("ASGI-TLS-001", "ASGI-TLS-003")
def test_no_tls_without_tls(server: Server, judge: Judge) -> None:
    """A connection without TLS has no such extension, and neither has a lifespan."""
    scopes = [Way(server, "HTTP/1.1").scope(), *([websocket_scope(server)] if server.has("websocket") else [])]
    seen = [scope["extensions"] for scope in scopes if "tls" in extensions(scope)]
    judge("ASGI-TLS-001", not seen, "no tls among the extensions", seen)
    _judge_lifespan(server, judge)


@launch("tls")
@requirement("ASGI-TLS-003")
def test_no_tls_in_a_lifespan(server: Server, judge: Judge) -> None:
    """A lifespan has no such extension where the server serves TLS, either: it is no connection."""
    server.exchange(get(), ok())
    _judge_lifespan(server, judge)


def _judge_lifespan(server: Server, judge: Judge) -> None:
    if not server.lifespan.calls:
        judge("ASGI-TLS-003", True)  # no lifespan, no scope of one
        return
    seen = entries(lifespan_of(server).scope)
    judge("ASGI-TLS-003", "tls" not in (seen or ()), "no tls among the extensions of a lifespan", seen)


def about(scope: Scope) -> Any:
    """Return what a scope says of its TLS connection; without that the check ends."""
    if "tls" not in extensions(scope):
        raise Unsupported("extensions has no key tls", lacks="extension:tls")
    return plain(extensions(scope)["tls"])


@launch("tls")
@requirement("ASGI-TLS-002", "ASGI-TLS-004", "ASGI-TLS-005")
def test_certificate_of_the_server(server: Server, judge: Judge) -> None:
    """The extension is a dict; server_cert in it is the certificate that the server has shown, in PEM, or None."""
    with server.connect() as dialogue:
        scope = dialogue.read(dialogue.begin(get(), ok())).call.scope
        shown = dialogue.wire.socket.getpeercert(binary_form=True)  # type: ignore[attr-defined]
    tls = about(scope)
    if not judge("ASGI-TLS-002", isinstance(tls, dict), "a dict", tls):
        judge.rest_blocked("the extension is no dict")
        return
    seen = plain(tls.get("server_cert", ABSENT))
    if not judge("ASGI-TLS-004", seen is None or _is_pem(seen), "a PEM str or None", seen):
        judge.rest_blocked("server_cert is no PEM")
        return
    same = seen is None or ssl.PEM_cert_to_DER_cert(_first(seen)) == shown
    judge("ASGI-TLS-005", same, "the certificate that the client was shown", seen)


def _is_pem(value: Any) -> bool:
    return isinstance(value, str) and "-----BEGIN CERTIFICATE-----" in value


def _first(pem: str) -> str:
    """Return the first certificate of several."""
    end = "-----END CERTIFICATE-----"
    return pem[pem.index("-----BEGIN") : pem.index(end) + len(end)]


@launch("tls")
@requirement("ASGI-TLS-007", "ASGI-TLS-010", "ASGI-TLS-016")
def test_client_without_a_certificate(server: Server, judge: Judge) -> None:
    """Of a client that has shown no certificate there is no chain, no name and no error."""
    tls = about(server.exchange(get(), ok()).call.scope)
    if not isinstance(tls, dict):
        judge.rest_blocked("the extension is no dict")
        return
    chain = plain(tls.get("client_cert_chain", ABSENT))
    empty = chain == ABSENT or (isinstance(chain, (list, tuple)) and not chain) or getattr(chain, "repr", None)
    judge("ASGI-TLS-007", empty and chain is not None, "an empty iterable, or no key", chain)
    name = tls.get("client_cert_name")
    judge("ASGI-TLS-016", name is None, "None, or no key", name)
    error = tls.get("client_cert_error")
    judge("ASGI-TLS-010", error is None, "None, or no key", error)


@launch("tls")
@requirement("ASGI-TLS-012", "ASGI-TLS-013")
def test_version_and_cipher_suite(server: Server, judge: Judge) -> None:
    """Version and cipher suite are the numbers of those in use, or None."""
    for pinned in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        spoken = _asked_over(server, pinned)
        if spoken is None:
            continue
        tls, version, suite = spoken
        seen = tls.get("tls_version", ABSENT)
        wanted = f"the int {version:#06x} or None"
        judge("ASGI-TLS-012", seen is None or (type(seen) is int and seen == version), wanted, seen)
        seen = tls.get("cipher_suite", ABSENT)
        wanted = f"the int {suite:#06x} or None"
        judge("ASGI-TLS-013", seen is None or (type(seen) is int and seen == suite), wanted, seen)
    judge.rest_blocked("neither TLS 1.2 nor 1.3 is spoken, or the extension is no dict")


def _asked_over(server: Server, pinned: ssl.TLSVersion) -> tuple[dict[Any, Any], int, int] | None:
    """Ask over one version of TLS; return what the scope says, the version and the cipher suite, None without both."""
    trusted = server.running.tls
    assert trusted is not None
    context = trusting(trusted)
    context.minimum_version = context.maximum_version = pinned
    exchange, octets = server.prepare(get(), ok())
    try:
        with _sent(server, exchange, octets, context) as wire:
            server.wait(exchange, "returned", server.patience)
            cipher, version = wire.socket.cipher(), wire.socket.version()  # type: ignore[attr-defined]
    except Refused:
        return None
    numbers = {one["name"]: one["id"] & SUITE for one in context.get_ciphers()}
    tls = about(exchange.call.scope)
    if not isinstance(tls, dict) or cipher is None or version not in VERSIONS:
        return None
    return tls, VERSIONS[version], numbers[cipher[0]]


@contextlib.contextmanager
def _sent(server: Server, exchange: Exchange, octets: bytes, tls: ssl.SSLContext) -> Iterator[Connection]:
    """Send a request over a TLS connection of the check's own; raises `Refused` where there is none."""
    wire = Connection(server.host, server.port, timeout=PATIENT_S, tls=tls)
    try:
        exchange.trace = wire.trace
        wire.send(octets)
        yield wire
    finally:
        wire.close()


@launch("client-certificates")
@requirement("ASGI-TLS-006", "ASGI-TLS-008", "ASGI-TLS-009")
def test_client_with_a_certificate(server: Server, judge: Judge) -> None:
    """The chain begins with the client's own certificate and each signs the one before; its subject is the name."""
    from cryptography import x509

    shown, tls = _shown_to(server, CLIENT)
    if not isinstance(tls, dict):
        raise Blocked("a client with a certificate that the authority has signed was not served, or tls is no dict")
    sent = plain(tls.get("client_cert_chain", ()))
    if isinstance(sent, (list, tuple)) and not sent:
        server.unsupported("no client is asked for a certificate")
    pems = [plain(pem) for pem in sent] if isinstance(sent, (list, tuple)) else []
    if not judge("ASGI-TLS-006", pems and all(map(_is_pem, pems)), "an iterable of PEM str", sent):
        return
    found = [x509.load_pem_x509_certificate(pem.encode("ascii", "replace")) for pem in pems]
    judge("ASGI-TLS-006", found[0] == shown, "the client's own certificate first", pems[0])
    broken = [n for n in range(1, len(found)) if not _signed(found[n - 1], found[n])]
    judge("ASGI-TLS-006", not broken, "each certificate signs the one before", f"number {broken} of {len(found)}")
    name = tls.get("client_cert_name", ABSENT)
    wanted = found[0].subject
    if judge("ASGI-TLS-009", name not in (None, ABSENT), wanted.rfc4514_string(), name):
        spelled = isinstance(name, str) and _name(name)
        judge("ASGI-TLS-008", spelled, f"a str as RFC 4514 has it: {wanted.rfc4514_string()!r}", name)
        judge("ASGI-TLS-009", spelled == wanted, f"the subject: {wanted.rfc4514_string()!r}", name)


@launch("client-certificates")
@requirement("ASGI-TLS-011")
def test_client_with_an_expired_certificate(server: Server, judge: Judge) -> None:
    """A client whose certificate was not accepted is refused, or served, and the application told of the error."""
    _, tls = _shown_to(server, EXPIRED)
    if tls is None:
        server.unsupported("a client whose certificate has expired is refused")
    if not isinstance(tls, dict):
        raise Blocked("the extension is no dict")
    if not tls.get("client_cert_chain"):
        server.unsupported("no client is asked for a certificate")
    error = tls.get("client_cert_error", ABSENT)
    judge("ASGI-TLS-011", isinstance(plain(error), str) and plain(error) not in ("", ABSENT), "what is wrong", error)


def _shown_to(server: Server, name: str) -> tuple[Any, Any]:
    """Ask as a client that shows a certificate; return that, and the extension, None where there was no call."""
    from cryptography import x509

    folder, trusted = server.running.certificates, server.running.tls
    assert folder is not None
    assert trusted is not None
    about(server.exchange(get(), ok()).call.scope)  # unsupported without it, whatever clients show
    exchange, octets = server.prepare(get(), ok())
    with (
        contextlib.suppress(Refused, WireError),
        _sent(server, exchange, octets, showing(trusted, folder, name)) as wire,
    ):
        exchange.response = wire.read_response(b"GET", time.monotonic() + server.patience)
    server.settle(exchange)
    shown = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
    return shown, about(exchange.call.scope) if exchange.calls else None


def _signed(certificate: Any, issuer: Any) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # a wrong name, a wrong key, or no signature at all: each has an exception of its own
        return False
    return True


def _name(text: str) -> Any:
    """Return what a name in the form of RFC 4514 says; None where it is none."""
    from cryptography import x509

    try:
        return x509.Name.from_rfc4514_string(text)
    except ValueError:
        return None

"""Mutants of the TLS extension."""

from __future__ import annotations

import ssl
from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_lifespan import Lifespan
from gateproof.reference.asgi_tls import tls_extension
from gateproof.reference.connection import Connection

from .faults import choice, fault

NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME, which the module ssl has no name for


class Tls(Server):
    """A server whose extension is spoiled: not a mutant, but where several begin."""

    def extensions(self, connection: Connection, kind: str) -> Any:
        """Make it, then spoil it."""
        offered = super().extensions(connection, kind)
        if "tls" in offered:
            self.spoil(offered["tls"])
        return offered

    def spoil(self, tls: dict[str, Any]) -> None:
        """The fault."""


@fault("ASGI-TLS-001")
class TlsWithoutTls(Server):
    """The extension is there without TLS."""

    def extensions(self, connection: Connection, kind: str) -> Any:
        """The fault."""
        return {"tls": tls_extension(None, None), **super().extensions(connection, kind)}


@fault("ASGI-TLS-002")
class TlsIsTrue(Server):
    """The extension is True."""

    def extensions(self, connection: Connection, kind: str) -> Any:
        """The fault."""
        offered = super().extensions(connection, kind)
        return {**offered, "tls": True} if "tls" in offered else offered


@fault("ASGI-TLS-003")
class TlsInLifespan(Lifespan):
    """The lifespan has the extension."""

    def scope(self) -> dict[str, Any]:
        """The fault."""
        return {**super().scope(), "extensions": {"tls": tls_extension(None, None)}}


@fault("ASGI-TLS-004")
class DerCertificate(Tls):
    """server_cert is bytes."""

    def spoil(self, tls: dict[str, Any]) -> None:
        """The fault."""
        tls["server_cert"] = b"0\x82"


@fault("ASGI-TLS-005")
class AnotherCertificate(Tls):
    """server_cert is another one's."""

    def spoil(self, tls: dict[str, Any]) -> None:
        """The fault."""
        lines = tls["server_cert"].splitlines()
        lines[5] = lines[5][::-1]
        tls["server_cert"] = "\n".join(lines)


@fault("ASGI-TLS-007")
class NoChain(Tls):
    """client_cert_chain is None."""

    def spoil(self, tls: dict[str, Any]) -> None:
        """The fault."""
        tls["client_cert_chain"] = None


@fault("ASGI-TLS-010")
class EmptyError(Tls):
    """client_cert_error is empty, not None."""

    def spoil(self, tls: dict[str, Any]) -> None:
        """The fault."""
        tls["client_cert_error"] = ""


@fault("ASGI-TLS-012")
class NameOfTheVersion(Tls):
    """tls_version is a name."""

    def spoil(self, tls: dict[str, Any]) -> None:
        """The fault."""
        tls["tls_version"] = "TLSv1.3"


@fault("ASGI-TLS-013")
class NameOfTheSuite(Tls):
    """cipher_suite is a name."""

    def spoil(self, tls: dict[str, Any]) -> None:
        """The fault."""
        tls["cipher_suite"] = "TLS_AES_256_GCM_SHA384"


@fault("ASGI-TLS-016")
class EmptyName(Tls):
    """client_cert_name is empty, not None."""

    def spoil(self, tls: dict[str, Any]) -> None:
        """The fault."""
        tls["client_cert_name"] = ""


class SpoilsNames(Tls):
    """A server whose client's name is spoiled where there is one."""

    def spoil(self, tls: dict[str, Any]) -> None:
        """Only that of a client that has shown a certificate."""
        if tls["client_cert_chain"]:
            self.rename(tls)

    def rename(self, tls: dict[str, Any]) -> None:
        """The fault."""


@fault("ASGI-TLS-006", also=["ASGI-TLS-009"])
class ReversedChain(Tls):
    """client_cert_chain ends with the client's own certificate."""

    def spoil(self, tls: dict[str, Any]) -> None:
        """The fault."""
        tls["client_cert_chain"] = tls["client_cert_chain"][::-1]


@fault("ASGI-TLS-006")
class ChainOfOctets(Tls):
    """client_cert_chain holds bytes."""

    def spoil(self, tls: dict[str, Any]) -> None:
        """The fault."""
        tls["client_cert_chain"] = [pem.encode() for pem in tls["client_cert_chain"]]


@fault("ASGI-TLS-008", also=["ASGI-TLS-009"])
class OneLineName(SpoilsNames):
    """client_cert_name is in the form that OpenSSL once printed."""

    def rename(self, tls: dict[str, Any]) -> None:
        """The fault."""
        tls["client_cert_name"] = "/O=Gate/OU=1 unit/CN=caf"


@fault("ASGI-TLS-009")
class AnotherName(SpoilsNames):
    """client_cert_name is another one's."""

    def rename(self, tls: dict[str, Any]) -> None:
        """The fault."""
        tls["client_cert_name"] = "CN=somebody,O=else"


@fault("ASGI-TLS-009")
class NamelessChain(SpoilsNames):
    """client_cert_name is None beside a chain."""

    def rename(self, tls: dict[str, Any]) -> None:
        """The fault."""
        tls["client_cert_name"] = None


class TakesExpired(Tls):
    """A server that serves clients whose certificate has expired: legal, where it tells."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Let OpenSSL look at no clock."""
        super().__init__(*args, **options)
        if self.tls is not None:
            self.tls.verify_flags = self.tls.verify_flags | NO_CHECK_TIME


@fault("ASGI-TLS-011")
class SilentOfErrors(TakesExpired):
    """client_cert_error is None all the same."""


@choice()
class TellsErrors(TakesExpired):
    """client_cert_error says what is wrong."""

    def spoil(self, tls: dict[str, Any]) -> None:
        """The choice."""
        if "CN=expired" in (tls["client_cert_name"] or ""):
            tls["client_cert_error"] = "certificate has expired"


@choice()
class AsksNoClient(Tls):
    """No client is asked for a certificate."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Do not ask."""
        super().__init__(*args, **options)
        if self.tls is not None:
            self.tls.verify_mode = ssl.CERT_NONE

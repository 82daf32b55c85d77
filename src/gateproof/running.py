"""What stands behind a handle: a server process of ours, one in our own process, or one that somebody else runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ssl import SSLContext


class Running(Protocol):
    """A running server process, or one in our own process."""

    id: str
    host: str
    port: int
    uds: str | None
    tls: SSLContext | None

    @property
    def mount(self) -> str:
        """Path under which the application is mounted; '' for the root."""

    @property
    def certificates(self) -> Path | None:
        """Folder of the certificates of a launch over TLS (see `gateproof.wire.tls`)."""

    @property
    def capabilities(self) -> frozenset[str]:
        """What the launch declares."""

    def log_tail(self, lines: int = 40) -> str:
        """Return the end of what the server printed."""

    def alive(self) -> bool:
        """Tell whether the server still runs."""

    def ended_within(self, seconds: float) -> bool:
        """Tell whether the server ends within the time, or has."""

    def restart(self) -> None:
        """Start it anew, at once, whether it died or runs."""

    def plan(self, lifespan: Mapping[str, Any]) -> None:
        """Give the application another lifespan script, from the next start on."""

    def stop(self) -> None:
        """Stop it and everything that it started."""

    def death(self) -> str:
        """Say how it ended, in a few words."""

    def greets(self, timeout: float) -> bool:
        """Tell whether the server proves in time that it is ours and serves."""

    def terminate(self, timeout: float) -> int | None:
        """Ask it to stop and wait for that; its exit status, None where it lives on."""

    def ended(self, timeout: float) -> bool:
        """Tell whether it ends by itself within the time."""

    def spins(self) -> bool:
        """Tell whether it computes while nobody asks it for anything."""


class Untouched:
    """What a `Running` says that we neither start nor stop: whether it lives is for its answers to say."""

    certificates: Path | None = None

    def log_tail(self, lines: int = 40) -> str:
        """Return nothing: its log is not ours."""
        return ""

    def alive(self) -> bool:
        """It lives, as far as we know."""
        return True

    def ended_within(self, seconds: float) -> bool:
        """Never known."""
        return False

    def restart(self) -> None:
        """Never done."""

    def plan(self, lifespan: Mapping[str, Any]) -> None:
        """Never done."""

    def stop(self) -> None:
        """Never done."""

    def death(self) -> str:
        """Never known."""
        return ""

    def greets(self, timeout: float) -> bool:
        """Never asked: whoever reached it once will get an answer."""
        return True

    def terminate(self, timeout: float) -> int | None:
        """Never done."""
        return None

    def ended(self, timeout: float) -> bool:
        """Never known."""
        return False

    def spins(self) -> bool:
        """Never known."""
        return False

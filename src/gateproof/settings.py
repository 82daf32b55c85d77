"""What was asked for, and the one error that says that it cannot be had."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

NOWHERE = "REPORT"


class TargetError(Exception):
    """The target cannot be judged: a message for the user, and the exit status that goes with it."""

    def __init__(self, message: str, status: int) -> None:
        """Keep the message and the exit status (`verdicts.Exit`: 3 harness, 4 usage)."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Settings:
    """What was asked for, from whichever option it came."""

    server: str | None = None
    server_python: str | None = None
    app: str | None = None
    middleware: str | None = None
    app_paths: str | None = None
    app_loop: str | None = None
    interface: str | None = None
    baseline: str | None = None
    baseline_update: bool = False
    report: str | None = None
    compare: str | None = None
    fail_on: str = "fail"
    certify: bool = False
    certify_set: str | None = None
    effort: str = "default"
    rootdir: Path = field(default_factory=Path.cwd)
    place: str = NOWHERE  # where the report will lie, from the working folder: replay lines name it

    @property
    def party(self) -> str:
        """The party that the target is."""
        if self.middleware:
            return "middleware"
        return "application" if self.app else "server"

    @property
    def loop(self) -> str:
        """The event loop in which an ASGI application is called."""
        return self.app_loop or "asyncio"

    @property
    def cached(self) -> bool:
        """Whether the report goes where pytest keeps what lasts from one run to the next."""
        return self.report is None and self.place != NOWHERE

    @property
    def spec(self) -> list[str]:
        """The options that say what is judged, as they were spelled: the same for every repeat of a run."""
        keys = ("server", "app", "middleware", "app_paths", "app_loop", "interface")
        given = ((key, getattr(self, key)) for key in keys)
        return [f"--{key.replace('_', '-')}={value}" for key, value in given if value]

    @property
    def named(self) -> str:
        """What was named as target, as it was spelled."""
        return self.server or self.app or self.middleware or ""

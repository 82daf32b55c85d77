"""What can be judged: a server that we start, a probe that is deployed already, an application or middleware.

Each kind knows how it is found, made ready, asked and ended; a `Session` knows none of that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from gateproof.settings import Settings

if TYPE_CHECKING:
    from gateproof.check import CheckInfo
    from gateproof.exchange import Exchange
    from gateproof.inprocess import Played
    from gateproof.runner import Target as Asked
    from gateproof.target import Server

    class Handle(Asked, Protocol):
        """What a check asks: it keeps the exchanges that it made."""

        @property
        def exchanges(self) -> Mapping[str, Exchange] | Mapping[str, Played]:
            """The exchanges of the check, by key."""


JsonDict = dict[str, Any]


class Target(ABC):
    """The target of one run."""

    def __init__(self, settings: Settings) -> None:
        """Look at nothing yet: `resolve` and `start` do, as collection must not start anything."""
        self.settings = settings
        self.interface = settings.interface or "wsgi"
        self.version = self.python = ""
        self.baseline = ""  # path of the baseline that belongs to it
        self.waited_s = 0.0
        self.has_twin = False  # whether there may be a second one, to share the checks
        self.launches: list[JsonDict] = []
        self.specimens: dict[str, tuple[str, JsonDict]] = {}
        self.warnings: list[str] = []

    @property
    def party(self) -> str:
        """The party whose requirements bind it."""
        return self.settings.party

    @property
    def name(self) -> str:
        """What it is called in reports."""
        return self.settings.named

    @property
    def capabilities(self) -> Iterable[str]:
        """What its profile declares."""
        return ()

    @abstractmethod
    def resolve(self, overridden: bool = False) -> None:
        """Find out what it is, without starting it; `overridden`: a fixture says what an unknown name means."""

    @abstractmethod
    def about(self) -> tuple[str, str]:
        """Return its name with its version, and the interpreter in which it lives, before anything runs."""

    def begin(self) -> None:
        """Begin what `start` would wait for; `stop` ends it, also where nothing was started after all."""
        return None

    @abstractmethod
    def start(self, variants: Iterable[str] = (), override: object = None) -> None:
        """Make it ready for checks of these launches; raises `TargetError` where nothing could be judged."""

    @abstractmethod
    def ready(self, check: CheckInfo) -> tuple[dict[str, object], Handle]:
        """Return the fixtures of a check and what it asks.

        Raises `Unsupported`, `Blocked` or `Untestable` where the check cannot be had, with the reason.
        """

    def around(self) -> AbstractContextManager[object]:
        """Return what a check of it runs within."""
        return nullcontext()

    def aftermath(self, said: JsonDict, handle: Handle) -> list[str]:
        """Look at what a check left behind; take back what it could not have seen, and return what is to be told."""
        return []

    def replay(self, key: str, kept: JsonDict) -> str:
        """Return the line that plays an exchange again; '' where there is none."""
        return ""

    @abstractmethod
    def again(self, kept: JsonDict) -> Exchange | Played:
        """Play an exchange of a report again, of a target that was started; raises `TargetError` where none can be."""

    def digest(self) -> JsonDict:
        """Return what tells the installed distribution from every other, where there is one."""
        return {}

    def collect_specimens(self) -> None:
        """Learn for the report what the target makes of a few requests that nobody judges."""
        self.specimens = {}

    def launch(self, check: CheckInfo) -> str:
        """Return the name of the launch that a check is given; there is one for all, where not said otherwise."""
        return "default"

    def aside(self) -> list[Server]:
        """Return the handles of all launches but the default one."""
        return []

    @abstractmethod
    def stop(self) -> None:
        """End whatever was started."""


def of(settings: Settings) -> Target:
    """Return the target that was asked for."""
    if settings.party != "server":
        from gateproof.targets.hosted import Hosted

        return Hosted(settings)
    if settings.named.startswith(("http://", "https://")):
        from gateproof.targets.reached import Reached

        return Reached(settings)
    from gateproof.targets.launched import Launched

    return Launched(settings)

"""A probe that is deployed already, behind whatever stands before it: nothing is started, answers are all we see."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateproof.judge import Untestable
from gateproof.runner import HarnessError
from gateproof.settings import TargetError
from gateproof.targets import JsonDict, Target
from gateproof.verdicts import Exit

if TYPE_CHECKING:
    from gateproof.check import CheckInfo
    from gateproof.exchange import Exchange
    from gateproof.targets import Handle

NOT_IN_BAND = (
    "a deployed probe has no side channel and is not started by us; what this check looks at is not seen there"
)


class Reached(Target):
    """A deployed probe, named by its URL."""

    def resolve(self, overridden: bool = False) -> None:
        """Read the URL; nothing is asked yet, so that its interface must be said."""
        from gateproof import deployed

        if self.settings.interface is None:
            raise TargetError("a deployed probe does not say what it is: add --interface=wsgi or asgi", Exit.USAGE)
        try:
            self.place = deployed.at(self.settings.named)
        except deployed.AddressError as error:
            raise TargetError(str(error), Exit.USAGE) from error
        self.warnings.append("gateproof: whatever stands before the deployed probe is judged with its server")

    def about(self) -> tuple[str, str]:
        """Return its URL; of its interpreter nothing is known."""
        return self.settings.named, "deployed"

    def start(self, variants: Iterable[str] = (), override: object = None) -> None:
        """Make one exchange; where that fails, nothing after it could be believed."""
        from gateproof import deployed
        from gateproof.wire.request import get

        self._server = deployed.serve(self.place, self.interface)
        try:
            x = self._server.exchange(get(b"/"))
        except (HarnessError, Untestable) as error:
            raise TargetError(f"{self.place.url} cannot be judged: {error}", Exit.HARNESS) from error
        if len(x.calls) != 1:
            raise TargetError(
                f"{self.place.url} cannot be judged: {x.outcome}, without a journal.\nIs {self.interface}_probe:app "
                f"deployed there, with the same {deployed.TOKEN} as here, and do both clocks agree?",
                Exit.HARNESS,
            )

    def ready(self, check: CheckInfo) -> tuple[dict[str, object], Handle]:
        """Return what checks ask for that look at nothing but the exchange itself."""
        if not check.in_band:
            raise Untestable(NOT_IN_BAND)
        return {"server": self._server}, self._server

    def replay(self, key: str, kept: JsonDict) -> str:
        """Return the line that plays an exchange again."""
        place = f"{self.settings.place}#{key[:12]}"
        return shlex.join(
            ["gateproof", "replay", place, f"--server={self.settings.server}", f"--interface={self.interface}"]
        )

    def again(self, kept: JsonDict) -> Exchange:
        """Play an exchange again: there is one launch, whatever it was called when it was first made."""
        return self._server.again(kept)

    def stop(self) -> None:
        """Say how long was waited; the deployed probe lives on."""
        if hasattr(self, "_server"):
            self.waited_s = self._server.waited_s

"""A probe that is deployed already, behind whatever stands before it: nothing is started, answers are all we see."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateproof import bounds
from gateproof.judge import Untestable
from gateproof.runner import HarnessError
from gateproof.settings import TargetError
from gateproof.targets import JsonDict, Target
from gateproof.verdicts import Exit

if TYPE_CHECKING:
    from gateproof.check import CheckInfo
    from gateproof.exchange import Exchange
    from gateproof.targets import Handle

NOT_OURS = "a deployed server is not started by us: the launch {!r}, which this needs, is not to be had"
BETWEEN = (
    "what stands between may change this: it is judged at a plain http URL without a path, behind which the server "
    "sees the connection that we made"
)
RESPONSES = "the journal takes the place of the response: what becomes of the application's own is not seen"
CALLS = "the journal comes with the response: a call that waits for others, or goes on behind it, is not seen"
UPLOADS = "the journal comes behind the request: one that is held back or broken off tells nothing"
UNMARKED = "such a request, or such a call, cannot carry or answer what opens a deployed probe"
# What of a deployed probe is not seen, by the beginning of a requirement's id; the longest one decides.
UNSEEN = {
    "FRAME-": "octets that a server may refuse are between it and us alone, and a proxy may be either of the two",
    "ASGI-": RESPONSES,
    "ASGI-APP-": CALLS,
    "ASGI-ERR-": "the journal takes the place of what is sent: a send that should fail is never made",
    "ASGI-HTTP-DISC-": "the journal comes with the response: a client that has left gets neither",
    "ASGI-HTTP-REQ-": UPLOADS,
    "ASGI-HTTP-SCOPE-": UNMARKED,
    "ASGI-LIFE-": "the journal comes in responses, and a lifespan has none",
    "ASGI-SCOPE-": CALLS,
    "ASGI-WS-": "the journal is the only message of a WebSocket: what the application would answer or send is not seen",
    "ASGI-WS-SCOPE-": UNMARKED,
    "WSGI-": RESPONSES,
    "WSGI-CALL-": CALLS,
    "WSGI-CGI-": UNMARKED,
    "WSGI-ENV-": UNMARKED,
    "WSGI-ERRORS-": "the log of a deployed server is not ours to read",
    "WSGI-INPUT-": UPLOADS,
    "WSGI-THREAD-": CALLS,
    "WSGI-UNICODE-": RESPONSES,
    "WSGI-URL-": UNMARKED,
}


def unseen(row: str) -> str:
    """Return why a deployed probe does not show what a requirement is about."""
    return UNSEEN[max((start for start in UNSEEN if row.startswith(start)), key=len)]


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
        self._server.begin_check("", patient=True)  # it is not repeated, as what a check finds is
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
        self.direct = not self.place.mount and self.place.tls is None and self._server.sees_us()

    def ready(self, check: CheckInfo) -> tuple[dict[str, object], Handle]:
        """Return what checks ask for that look at nothing but the exchange itself."""
        if check.launch != "default":
            raise Untestable(NOT_OURS.format(check.launch))
        if not check.in_band:
            raise Untestable("; ".join(dict.fromkeys(map(unseen, check.requirements))))
        if check.unproxied and not self.direct:
            raise Untestable(BETWEEN)
        self._hidden = check.hidden
        return {"server": self._server}, self._server

    def aftermath(self, said: JsonDict, handle: Handle) -> list[str]:
        """Take back what a check said of requirements that do not show here."""
        for judgement in said["judgements"]:
            if judgement["requirement"] in self._hidden:
                judgement.update(verdict="untested", reason=unseen(judgement["requirement"]))
        return []

    def replay(self, key: str, kept: JsonDict) -> str:
        """Return the line that plays an exchange again; '' where the report holds only a part of it."""
        if not bounds.playable(kept):
            return ""
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

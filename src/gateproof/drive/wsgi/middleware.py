"""The handle of WSGI middleware: our server outside, our application within, and both journals in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateproof.channel import Event
from gateproof.drive.paths import ROOT, Place, named, parse
from gateproof.drive.wsgi.application import Stage
from gateproof.drive.wsgi.inner import Inside, Script, Within
from gateproof.drive.wsgi.requests import PLAIN, Manner, Request
from gateproof.drive.wsgi.serving import Served
from gateproof.inprocess import Subject
from gateproof.judge import Blocked
from gateproof.validate import Finding
from gateproof.validate import middleware as twins
from gateproof.validate.wsgi import observe


@dataclass(eq=False)
class Passage:
    """One call through the middleware: what our server saw outside, what our application met within."""

    outer: Served
    script: Script
    calls: list[Inside]

    @property
    def inside(self) -> Inside:
        """The one call within; a check whose premise is that there is one stops here."""
        if len(self.calls) != 1:
            raise Blocked(f"the application within was called {len(self.calls)} times; {self.outer.outcome}")
        return self.calls[0]

    @property
    def findings(self) -> list[Finding]:
        """What the observers on both sides say of the middleware."""
        return self.outer.findings


class Middleware(Stage):
    """What checks get as `middleware`."""

    def __init__(self, subject: Subject) -> None:
        """Wrap our application."""
        super().__init__(subject)
        self.within = Within()
        self._said: list[Finding] = []
        self._wrapped: Callable[..., Any] | None = None
        self.seen: list[Passage] = []  # what the tour of the checks saw

    @property
    def wrapped(self) -> Callable[..., Any]:
        """The middleware around our application: one object for all calls, as in a server."""
        if self._wrapped is None:
            observed = observe(self.within, twins.inside(self._say), inform=True)
            self._wrapped = self.wrap(observed)
        return self._wrapped

    def _say(self, finding: Finding) -> None:
        self._said.append(finding)

    def wrap(self, app: Callable[..., Any]) -> Callable[..., Any]:
        """Return the middleware around another application."""
        made: Callable[..., Any] = self.subject.wrap(app)
        return made

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Begin a check; one that is repeated makes every call anew."""
        super().begin_check(name, patient=patient)
        if patient:
            self.seen = []

    def through(
        self,
        script: Script | None = None,
        request: Request | None = None,
        manner: Manner = PLAIN,
        *,
        around: Callable[..., Any] | None = None,
        **how: Any,
    ) -> Passage:
        """Make one call through the middleware, or through `around`, with a script within."""
        script = script or Script()
        said: list[Finding] = []
        self._said = said
        calls: list[Inside] = []
        self.within.script, self.within.calls = script, calls
        journal: list[Event] = []
        self.within.journal = journal
        outer = self.call(
            around or self.wrapped,
            request or self.request,
            manner,
            report=twins.outside(said.append),
            journal=journal,
            **how,
        )
        outer.findings = said
        outer.within = vars(script)
        outer.interrupted = outer.interrupted or around is not None
        return Passage(outer, script, calls)

    def again(self, request: Request, manner: Manner, within: Mapping[str, Any]) -> Served:
        """Make a call of a report anew, with the same script within."""
        return self.through(Script(**within), request, manner).outer

    def look(self, *passages: Passage) -> None:
        """Say on which passages the next judgements rest."""
        self.look_at(*(passage.outer for passage in passages))

    # Where the application within is reached

    @property
    def places(self) -> list[Place]:
        """The root, and the places that were named or that the middleware itself names."""
        found = [*parse(self.subject.paths), ROOT, *named(self.wrapped)]
        return list(dict.fromkeys(found))

    @property
    def request(self) -> Request:
        """A GET that is passed on to the application within."""
        return Request("GET", self.passing.path, self.passing.query)

    @property
    def passing(self) -> Place:
        """The first place at which the application within is called; the root where there is none."""
        return getattr(self, "_passing", None) or ROOT

    def start(self) -> None:
        """Find out where the application within is reached."""
        for place in self.places:
            if self.through(request=Request("GET", place.path, place.query)).calls:
                self._passing = place
                return

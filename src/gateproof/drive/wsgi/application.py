"""The handle of a WSGI application: its places, single calls, and the round trip that most checks look at."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateproof.channel import Event
from gateproof.drive.paths import ROOT, Place, discover, documented, parse
from gateproof.drive.wsgi import tour
from gateproof.drive.wsgi.replay import as_data
from gateproof.drive.wsgi.requests import PLAIN, Manner, Request
from gateproof.drive.wsgi.serving import DEADLINE_S, Served, serve
from gateproof.inprocess import Handle, Played, Subject
from gateproof.judge import Blocked
from gateproof.validate import Finding

PATIENT_S = 15.0
AFTER_HANG_S = 0.5
MOST_HANGS = 3


class Stage(Handle):
    """What the handles of applications and middleware share: a call, its deadline, and its part of the report."""

    def __init__(self, subject: Subject) -> None:
        """Begin with nothing called."""
        super().__init__(subject)
        self.app: Callable[..., Any] = subject.target
        self.hangs = 0

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Forget what the check before met; a check that is repeated looks at nothing that was seen before."""
        super().begin_check(name, patient=patient)
        self.hangs = 0

    @property
    def deadline(self) -> float:
        """Seconds that a call may take."""
        return AFTER_HANG_S if self.hangs else PATIENT_S if self.patient else DEADLINE_S

    def call(self, app: Callable[..., Any], request: Request, manner: Manner = PLAIN, **how: Any) -> Served:
        """Make one call; what warnings a host project makes of it is its own affair."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            served = serve(app, request, manner, deadline=self.deadline, **how)
        if served.hung:
            self.hangs += 1
            self.waited_s += self.deadline
        return served

    def again(self, request: Request, manner: Manner, within: Mapping[str, Any]) -> Served:
        """Make a call of a report anew; `within` is the script of the application within a middleware."""
        return self.call(self.app, request, manner)

    def look_at(self, *served: Served) -> None:
        """Say on which calls the next judgements rest."""
        self.point_at(*map(self.played, served))

    def played(self, served: Served) -> Played:
        """Return a call as the report has it: both messages as octets, the journal of what the application did."""
        first = served.journal[0].t if served.journal else 0.0
        last = served.journal[-1].t if served.journal else 0.0
        events = [Event(each.t, each.call, each.name, each.value, 0, 0) for each in served.journal]
        request = served.request.octets()
        answer = [(last, "in", served.octets())] if served.starts else []
        return Played(
            self.subject.name,
            as_data(served),
            events,
            served.outcome,
            served.hung,
            request=request,
            trace=[(first, "out", request), *answer],
        )


class Application(Stage):
    """What checks get as `app`."""

    def __init__(self, subject: Subject) -> None:
        """Take the application."""
        super().__init__(subject)
        self._places: list[Place] = []
        self._first: dict[Place, Served] = {}
        self._survey: list[Served] = []

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Begin a check; one that is repeated makes every call anew."""
        super().begin_check(name, patient=patient)
        if patient:
            self._survey = []

    def serve(self, request: Request, manner: Manner = PLAIN, **how: Any) -> Served:
        """Make one call of the application."""
        return self.call(self.app, request, manner, **how)

    def get(self, place: Place, manner: Manner = PLAIN) -> Served:
        """Ask for a place."""
        return self.serve(Request("GET", place.path, place.query), manner)

    # Where, and what was seen there

    @property
    def places(self) -> list[Place]:
        """The places that were named, or that can be found from the root."""
        if not self._places:
            words = self.subject.paths
            self._places = parse(words) if words else self._found()
        return self._places

    def first(self, place: Place) -> Served:
        """Return the very first answer of a place in this run, whatever was asked since."""
        if place not in self._first:
            self._first[place] = self.get(place)
        return self._first[place]

    def start(self) -> None:
        """Ask once for every place, before anything is asked that could do harm."""
        for place in self.places:
            self.first(place)

    def _found(self) -> list[Place]:
        def served(place: Place) -> bytes:
            answer = self.first(place)
            return answer.body if answer.code == 200 else b""

        self.first(ROOT)  # the very first request of a run is an ordinary one
        return discover(self._page, [self.subject.target], documented(served))

    def _page(self, place: Place) -> tuple[bytes, str]:
        served = self.first(place)
        location = next(iter(served.field("Location")), "")
        page = served.body if any("html" in value for value in served.field("Content-Type")) else b""
        return page, location

    def good(self) -> list[Place]:
        """Return the places where a plain GET is answered below 400; `Blocked` where there is none at all."""
        found = [each for each in self.places if 0 < self.get(each).code < 400]
        if not found:
            raise Blocked(f"no path answers a plain GET below 400 (asked: {', '.join(p.path for p in self.places)})")
        return found

    def survey(self) -> list[Served]:
        """Make the round trip through all places, once in a run, and return every call of it."""
        if not self._survey:
            self._survey = list(self._tour())
        return self._survey

    def _tour(self) -> Iterable[Served]:
        for place in self.places:
            first = self.get(place)
            yield first
            for request, manner in tour.tour(place, validators(first)):
                if self.hangs > MOST_HANGS:
                    return
                yield self.serve(request, manner)
            if place.method != "GET":
                for fields, body in tour.UPLOADS:
                    yield self.serve(Request(place.method, place.path, place.query, fields, body))
        for request, manner in tour.odd_paths():
            yield self.serve(request, manner)

    def worst(self, requirement: str) -> tuple[Served, Finding] | None:
        """Return the gravest finding of the round trip about a requirement, by the smallest request that shows it."""
        return gravest(self.survey(), requirement)


WEIGHTS = {"fail": 0, "warn": 1, "inform": 2}


def gravest(calls: Iterable[Served], requirement: str) -> tuple[Served, Finding] | None:
    """Return the gravest finding about a requirement, by the smallest request that shows it."""
    found = [(served, each) for served in calls for each in served.findings if each.requirement_id == requirement]
    return min(found, key=lambda pair: (WEIGHTS[pair[1].weight], len(pair[0].request.octets())), default=None)


def validators(served: Served) -> tuple[tuple[str, str], ...]:
    """Return the conditions that a response invites its client to make."""
    found = [("If-None-Match", value) for value in served.field("ETag")[:1]]
    found += [("If-Modified-Since", value) for value in served.field("Last-Modified")[:1]]
    return tuple(found)

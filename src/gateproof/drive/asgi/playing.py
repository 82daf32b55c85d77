"""What the handles of applications and of middleware share: one loop, one lifespan, and the ways to play a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from gateproof.drive.asgi import loops
from gateproof.drive.asgi.call import Application, Call
from gateproof.drive.asgi.scopes import PLAIN, Request, Server, body_events, http_scope, lifespan_scope, websocket_scope
from gateproof.inprocess import Handle, Hung, Played, Subject

ANSWER_S = 2.0
PATIENT_S = 5.0
AFTER_SILENCE_S = 0.5  # a check that met silence once does not wait as long for every further case
STARTUP_S = 8.0
SLOW_S = 60.0  # so much longer a startup or shutdown may take that waits for nothing from us: no text says when
STREAM_S = 0.5
ENDLESS = 300  # a response of more events than that may have no end
GONE = {"type": "http.disconnect"}
Script = Callable[[Call], Coroutine[Any, Any, None]]


class Stage(Handle):
    """Plays calls of one ASGI application in one loop, beside its lifespan."""

    def __init__(self, subject: Subject) -> None:
        """Begin with a loop, and with nothing started."""
        super().__init__(subject)
        met = subject.first.loop if subject.first is not None else None
        # A thread has one run of trio: where middleware was called in one, that one goes on.
        self.loop = met if met is not None and subject.loop == "trio" else loops.make(subject.loop)
        self.app: Application = subject.target
        self.state: dict[str, Any] = {}
        self.lifespan: Call | None = None
        self.silences = 0
        self.unanswered = False

    # As the runner and the session see it

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Forget what the check before met."""
        super().begin_check(name, patient=patient)
        self.silences = 0

    def start(self) -> None:
        """Start the lifespan; an application without one is started by its first request."""
        self.wake()

    def stop(self) -> None:
        """Shut the lifespan down and close the loop."""
        self.rest()
        self.loop.close()

    @property
    def patience(self) -> float:
        """Seconds that an application has for an answer."""
        if self.silences:
            return AFTER_SILENCE_S
        return PATIENT_S if self.patient else ANSWER_S

    # The lifespan that lasts as long as the checks

    def wake(self) -> Call:
        """Start the lifespan, unless it runs; requests come after it as with a server."""
        if self.lifespan is None:
            self.state = {}
            self.lifespan = self._call(lifespan_scope(state=self.state))
            self._play(self.lifespan, self._startup, keep=False)
        return self.lifespan

    def rest(self) -> Call | None:
        """Shut the lifespan down; what was played is returned."""
        over, self.lifespan = self.lifespan, None
        if over is not None and not over.ended:
            self._run(lambda: self._shutdown(over))
        return over

    @property
    def has_lifespan(self) -> bool:
        """Whether the application started, and waits for its shutdown."""
        return "lifespan.startup.complete" in self.wake().types

    # Ways to play

    def settle(self, rested: Callable[[], bool], seconds: float) -> bool:
        """Let what still runs come to rest."""

        async def main() -> None:
            deadline = time.monotonic() + seconds
            while not rested() and time.monotonic() < deadline:
                await self.loop.within(0.01, self.loop.flag().wait)

        self._run(main)
        return rested()

    def turns(self, request: Request) -> float:
        """Return how long the longest turn of the loop took while a request was served, in seconds."""
        self.loop.longest_s = 0.0
        self.loop.measuring = True
        try:
            self.http(request)
        finally:
            self.loop.measuring = False
        return self.loop.longest_s

    def _call(self, scope: Any, number: int = 1) -> Call:
        return Call(self.loop, scope, Played(self.subject.name), number=number)

    def _run(self, main: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Run something in the loop; tells whether it came to its end."""
        started = time.monotonic()
        try:
            self.loop.run(main)
        except Hung:
            return False
        finally:
            self.waited_s += time.monotonic() - started
        return True

    def _play(self, call: Call, script: Script, *, keep: bool = True, **how: bool) -> Call:
        """Begin a call, play a script for it, and write down what came of it."""

        async def main() -> None:
            call.begin(self.app, **how)
            await script(call)

        if not self._run(main):
            call.late = True
        self.silences += call.hung
        call.close()
        if keep:
            self.keep(call.played)
        return call

    def play(self, scope: Any, script: Script, **how: bool) -> Call:
        """Play a call of any scope by a script of one's own."""
        self.wake()
        return self.again(scope, script, **how)

    def again(self, scope: Any, script: Script, **how: bool) -> Call:
        """The same beside whatever lifespan runs by now, or none."""
        return self._play(self._call(scope), script, **how)

    def http(self, request: Request, server: Server = PLAIN, *, leave: int | None = None, **how: bool) -> Call:
        """Play a request. `leave`: the client goes after so many sent events; -1: before anything was delivered."""
        self.wake()
        scope = http_scope(request, server, self.state if self.has_lifespan else None)

        async def script(call: Call) -> None:
            if leave != -1:
                call.give(*body_events(request, server))
            if leave is not None:
                await call.until(lambda: len(call.sent) >= leave, self.patience)
                call.leave({**GONE, **server.more_in_events}, repeated=server.repeats, raising=server.raising)
            await self.answered(call)

        return self._play(self._call(scope), script, **how)

    async def answered(self, call: Call) -> None:
        """Wait for the end of an http call. The client of a stream that does not end leaves it."""
        await call.until(lambda: call.complete or call.first("http.response.body"), self.patience)
        await call.until(lambda: call.complete or len(call.sent) >= ENDLESS, STREAM_S)
        if not (call.ended or call.complete or call.left) and call.first("http.response.body"):
            call.endless = True
            call.leave(GONE)
        await call.end(self.patience)

    def together(self, *requests: Request, server: Server = PLAIN) -> list[Call]:
        """Play requests at the same time: each has begun before any of them gets its body."""

        async def script(calls: list[Call]) -> None:
            for call, request in reversed(list(zip(calls, requests, strict=True))):
                call.give(*body_events(request, server))
            for call in calls:
                await self.answered(call)

        return self.at_once(http_scope, requests, script, server)

    def at_once(
        self,
        make: Callable[..., dict[str, Any]],
        requests: Sequence[Request],
        script: Callable[[list[Call]], Coroutine[Any, Any, None]],
        server: Server = PLAIN,
    ) -> list[Call]:
        """Play calls of the scopes that `make` gives; all have begun before the script gives any of them an event."""
        self.wake()
        state = self.state if self.has_lifespan else None
        calls = [self._call(make(request, server, state), number) for number, request in enumerate(requests, 1)]

        async def main() -> None:
            for call in calls:
                call.begin(self.app)
            for _ in range(3):
                await self.loop.turn()
            await script(calls)

        if not self._run(main):
            calls[0].late = True
        for call in calls:
            call.close()
            self.silences += call.hung
            self.keep(call.played)
        return calls

    def websocket(self, request: Request, script: Script, server: Server = PLAIN, **how: bool) -> Call:
        """Play a handshake and what a script makes of it."""
        self.wake()
        scope = websocket_scope(request, server, self.state if self.has_lifespan else None)
        return self._play(self._call(scope), script, **how)

    def lifetime(self, server: Server = PLAIN, state: Mapping[str, Any] | None = None, **how: bool) -> Call:
        """Play a whole lifetime of its own; the one that lasts is shut down before, and begins anew when needed."""
        self.rest()
        call = self._call(lifespan_scope(server, dict(state) if state is not None else None))

        async def script(call: Call) -> None:
            await self._startup(call)
            await self._shutdown(call)

        return self._play(call, script, **how)

    async def _startup(self, call: Call) -> None:
        call.give({"type": "lifespan.startup"})
        await self._said(call, lambda: call.sent, AFTER_SILENCE_S if self.unanswered else STARTUP_S)
        call.unanswered = not (call.sent or call.ended)
        self.unanswered = self.unanswered or call.unanswered

    async def _said(self, call: Call, condition: Callable[[], object], seconds: float) -> None:
        """Wait for an answer; for longer where the application is at work, and such work was over in time so far."""
        if not await call.until(condition, seconds) and not self.unanswered:
            await call.until(lambda: condition() or call.awaiting, SLOW_S)

    async def _shutdown(self, call: Call) -> None:
        if "lifespan.startup.complete" in call.types and not call.ended:
            call.give({"type": "lifespan.shutdown"})
            await self._said(call, lambda: any("shutdown" in kind for kind in call.types), STARTUP_S)
            await call.end(self.patience)
        elif not call.ended:
            await call.cancel(1.0)
        call.close()

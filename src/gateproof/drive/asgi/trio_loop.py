"""The event loop of trio, for applications that live there: what `loops.AsyncioLoop` is for asyncio.

Trio runs from the beginning of a program to its end, and ours only while something is played. So it is a guest (see
`trio.lowlevel.start_guest_run`): each of its turns is a callback in a queue, and between two calls nobody takes one.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import trio

from gateproof.drive.asgi.loops import BEAT_S, Flag, Generators, Task, watched
from gateproof.inprocess import Hung

T = TypeVar("T")
CLOSING_S = 2.0


class TrioTask:
    """A call in a task of trio, with a scope of its own in which it is cancelled."""

    def __init__(self) -> None:
        """Begin before it runs."""
        self.scope = trio.CancelScope()
        self.ended = False
        self.error: BaseException | None = None

    async def run(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Do the work; what it raises is kept, and ends nothing but itself."""
        try:
            with self.scope:
                try:
                    await work()
                except BaseException as error:
                    self.error = _alone(error)
                    raise
        except BaseException as error:
            self.error = error  # what is left of a group when our own cancellation is taken out
        finally:
            self.ended = True

    def cancel(self) -> None:
        """Cancel it."""
        self.scope.cancel()


def _alone(error: BaseException) -> BaseException:
    """Return the cancellation that a group holds alone, as that of a nursery may, and everything else as it is."""
    found = error
    while isinstance(found, BaseExceptionGroup) and len(found.exceptions) == 1:
        found = found.exceptions[0]
    return found if isinstance(found, trio.Cancelled) else error


class TrioLoop:
    """One run of trio, in the thread of the checks."""

    name = "trio"

    def __init__(self) -> None:
        """Begin the run, as far as its first rest."""
        self.turns: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self.nursery: trio.Nursery | None = None
        self.over = False
        self.ours: set[trio.lowlevel.Task] = set()
        self.beats = 0
        self.longest_s = 0.0
        self.measuring = False
        self.generators = Generators()
        trio.lowlevel.start_guest_run(
            self._main, run_sync_soon_threadsafe=self.turns.put, done_callback=self._done, strict_exception_groups=True
        )
        self._pump(lambda: self.nursery is not None)
        self.ours |= self._tasks()

    async def _main(self) -> None:
        self.generators.watch()
        self.token = trio.lowlevel.current_trio_token()
        root = trio.lowlevel.current_root_task()
        assert root is not None
        self.root = root
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._beat)
            await trio.lowlevel.checkpoint()
            self.nursery = nursery
            await trio.sleep_forever()

    async def _beat(self) -> None:
        while True:
            self.beats += 1
            await trio.sleep(BEAT_S)

    def _done(self, outcome: object) -> None:
        self.over = True

    def _pump(self, until: Callable[[], bool], deadline: float | None = None) -> None:
        """Take turns until something is so, or trio has ended, or the deadline is past (`time.monotonic()`)."""
        while not until() and not self.over:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            with contextlib.suppress(queue.Empty):
                self.turns.get(timeout=left)()

    def _soon(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Start something of our own from without."""
        assert self.nursery is not None
        self.token.run_sync_soon(self.nursery.start_soon, self._owned, work)

    async def _owned(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        task = trio.lowlevel.current_task()
        self.ours.add(task)
        try:
            await work()
        finally:
            self.ours.discard(task)

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine; see `Loop`."""
        results: list[T] = []
        errors: list[BaseException] = []

        async def whole() -> None:
            try:
                results.append(await main())
            except BaseException as error:
                errors.append(error)

        self._soon(whole)
        if self.measuring:
            self._soon(self._measure)
        with watched(lambda: self.beats):
            self._pump(lambda: bool(results or errors))
        if errors:
            raise errors[0]
        if not results:
            raise Hung("the run of trio has ended")
        return results[0]

    async def _measure(self) -> None:
        """Measure how long the others took since our last turn."""
        before = time.monotonic()
        while self.measuring:
            await trio.lowlevel.checkpoint()
            now = time.monotonic()
            self.longest_s, before = max(self.longest_s, now - before), now

    def flag(self) -> Flag:
        """Return a new flag."""
        return trio.Event()

    async def within(self, seconds: float, wait: Callable[[], Awaitable[Any]]) -> bool:
        """Wait for something; see `Loop`."""
        with trio.move_on_after(seconds) as scope:
            await wait()
        return not scope.cancelled_caught

    async def turn(self) -> None:
        """Let the others run."""
        await trio.lowlevel.checkpoint()

    def spawn(self, work: Callable[[], Coroutine[Any, Any, Any]], ended: Callable[[], None]) -> Task:
        """Start a call."""
        assert self.nursery is not None
        task = TrioTask()

        async def run() -> None:
            await task.run(work)
            ended()

        self.nursery.start_soon(self._owned, run)
        return task

    def _tasks(self) -> set[trio.lowlevel.Task]:
        """Return every task below the root, that one left out."""
        found: set[trio.lowlevel.Task] = set()
        left = [self.root]
        while left:
            below = [task for nursery in left.pop().child_nurseries for task in nursery.child_tasks]
            found.update(below)
            left += below
        return found

    def left_behind(self) -> set[Any]:
        """Return the tasks that run and are not ours."""
        return self._tasks() - self.ours

    def suspended(self) -> set[Any]:
        """Return the asynchronous generators that have not ended."""
        return self.generators.suspended()

    def close(self) -> None:
        """Cancel what runs, and end; what does not let itself be cancelled is left alone."""
        assert self.nursery is not None
        self.token.run_sync_soon(self.nursery.cancel_scope.cancel)
        self._pump(lambda: False, time.monotonic() + CLOSING_S)

"""The event loop in which calls are played: one for a whole run, in the thread of the checks.

A fresh loop for each call would cost many times what a call costs. Whatever blocks the loop is interrupted. That of
asyncio is here; that of trio is in `trio_loop`, which is imported only where it is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from gateproof.inprocess import Hung, alarmed

T = TypeVar("T")
BLOCKED_S = 4.0  # a call that keeps the loop to itself for so long is interrupted
BEAT_S = 0.5


class Flag(Protocol):
    """Something that happens once: `trio.Event` and `asyncio.Event`."""

    def set(self) -> Any:
        """It happened."""

    async def wait(self) -> Any:
        """Wait until it has happened."""


class Task(Protocol):
    """A running call of the application."""

    @property
    def ended(self) -> bool:
        """Whether it returned, raised or was cancelled."""

    @property
    def error(self) -> BaseException | None:
        """What it raised."""

    def cancel(self) -> None:
        """Cancel it, without waiting for the end."""


class Loop(Protocol):
    """What the driver needs of an event loop.

    While `measuring` is true, `longest_s` is the longest time in seconds for which the others kept it from its turn.
    """

    name: str
    measuring: bool
    longest_s: float

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine to its end; raises `Hung` where something blocks the loop for `BLOCKED_S`."""

    def flag(self) -> Flag:
        """Return a new flag."""

    async def within(self, seconds: float, wait: Callable[[], Awaitable[Any]]) -> bool:
        """Wait for something at most so long; tells whether it came."""

    async def turn(self) -> None:
        """Let the others run."""

    def spawn(self, work: Callable[[], Coroutine[Any, Any, Any]], ended: Callable[[], None]) -> Task:
        """Start a call; `ended` is called when it is over."""

    def left_behind(self) -> set[Any]:
        """Return the tasks that run, ours left out."""

    def suspended(self) -> set[Any]:
        """Return the asynchronous generators that were begun, have not ended, and are still held by somebody."""

    def close(self) -> None:
        """Cancel what runs, and end."""


class Generators:
    """The asynchronous generators of a loop, as far as somebody holds them."""

    def __init__(self) -> None:
        """Begin with none."""
        self.begun: weakref.WeakSet[AsyncGenerator[Any, Any]] = weakref.WeakSet()

    def watch(self) -> None:
        """Note what begins from now on, beside the loop that runs."""
        loops = sys.get_asyncgen_hooks().firstiter

        def begins(generator: AsyncGenerator[Any, Any]) -> None:
            self.begun.add(generator)
            if loops is not None:
                loops(generator)

        sys.set_asyncgen_hooks(firstiter=begins)

    def suspended(self) -> set[Any]:
        """Return those that have not ended."""
        return {generator for generator in list(self.begun) if getattr(generator, "ag_frame", None) is not None}


class AsyncioTask:
    """A call in a task of asyncio."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        """Wrap a task."""
        self.task = task

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.task.done()

    @property
    def error(self) -> BaseException | None:
        """What it raised; a `CancelledError` where it was cancelled."""
        if not self.task.done():
            return None
        return asyncio.CancelledError() if self.task.cancelled() else self.task.exception()

    def cancel(self) -> None:
        """Cancel it."""
        self.task.cancel()


class AsyncioLoop:
    """One loop of asyncio."""

    name = "asyncio"

    def __init__(self) -> None:
        """Make the loop; it runs only while something is played."""
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._noted)
        self.complaints: list[str] = []
        self.ours: set[asyncio.Task[Any]] = set()
        self.beats = 0
        self.longest_s = 0.0
        self.measuring = False
        self.generators = Generators()

    def _noted(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.complaints.append(str(context.get("message", "")))

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine; see `Loop`."""

        async def watched_main() -> T:
            self.generators.watch()  # the loop takes its hooks back when it rests
            return await main()

        asyncio.set_event_loop(self.loop)
        task = self.loop.create_task(watched_main())
        self.ours.add(task)
        self.beating = self.loop.call_later(BEAT_S, self._beat)
        if self.measuring:
            self.loop.call_soon(self._turn, time.monotonic())
        with watched(lambda: self.beats):
            try:
                return self.loop.run_until_complete(task)
            finally:
                self.beating.cancel()
                self.ours.discard(task)

    def _beat(self) -> None:
        self.beats += 1
        self.beating = self.loop.call_later(BEAT_S, self._beat)

    def _turn(self, before: float) -> None:
        """Measure how long the others took since our last turn."""
        now = time.monotonic()
        self.longest_s = max(self.longest_s, now - before)
        if self.measuring:
            self.loop.call_soon(self._turn, now)

    def flag(self) -> Flag:
        """Return a new flag."""
        return asyncio.Event()

    async def within(self, seconds: float, wait: Callable[[], Awaitable[Any]]) -> bool:
        """Wait for something; see `Loop`."""
        try:
            async with asyncio.timeout(seconds):
                await wait()
        except TimeoutError:
            return False
        return True

    async def turn(self) -> None:
        """Let the others run."""
        await asyncio.sleep(0)

    def spawn(self, work: Callable[[], Coroutine[Any, Any, Any]], ended: Callable[[], None]) -> Task:
        """Start a call."""
        task = self.loop.create_task(work())
        self.ours.add(task)

        def over(_: object) -> None:
            self.ours.discard(task)
            ended()

        task.add_done_callback(over)
        return AsyncioTask(task)

    def left_behind(self) -> set[Any]:
        """Return the tasks that run and are not ours."""
        return {task for task in asyncio.all_tasks(self.loop) if task not in self.ours}

    def suspended(self) -> set[Any]:
        """Return the asynchronous generators that have not ended."""
        return self.generators.suspended()

    def close(self) -> None:
        """Cancel what runs, and close the loop."""
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        if left:
            with contextlib.suppress(Hung):
                self.run(lambda: _gone(left))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        self.loop.close()


async def _gone(tasks: set[asyncio.Task[Any]]) -> None:
    await asyncio.wait(tasks, timeout=1.0)


def watched(beats: Callable[[], int]) -> contextlib.AbstractContextManager[None]:
    """Raise `Hung` where a loop, whose beats are counted, has none for `BLOCKED_S`: in the main thread alone."""
    seen = beats() - 1

    def watch() -> None:
        nonlocal seen
        if beats() == seen:
            raise Hung(f"the event loop was blocked for {BLOCKED_S:g} s")
        seen = beats()

    return alarmed(watch, BLOCKED_S, BLOCKED_S)


def make(name: str) -> Loop:
    """Return a new loop of asyncio or of trio."""
    if name == "asyncio":
        return AsyncioLoop()
    from gateproof.drive.asgi.trio_loop import TrioLoop

    return TrioLoop()

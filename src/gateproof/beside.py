"""Checks of launches of their own, which run beside the others: most of what they do is waiting.

A check that asks for another launch (`@launch`, see `gateproof.check`) meets a process that no other check meets at
the same time. Such checks are begun when the run begins, in threads, those of one launch one after another; the run
takes what they said when it comes to them. Checks that draw stay where they are: Hypothesis has one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

from gateproof.check import needs

Check = Callable[..., object]
T = TypeVar("T")
THREADS = 2  # whatever they wait for, two cores have a server and ourselves to serve already


def apart(check: Check, launch: str) -> bool:
    """Tell whether a check may be begun before the run comes to it, over the launch that it is given."""
    return launch != "default" and "draw" not in needs(check)


class Beside(Generic[T]):
    """Checks that were begun, and what came of them."""

    def __init__(self, judge: Callable[[Check], T], launches: Mapping[Check, str]) -> None:
        """Begin to judge those of the checks that may run beside others; `launches` names the launch of each."""
        self._begun: dict[Check, Future[T]] = {}
        self._judge = judge
        self._launches = launches
        self._asked = {launch: Lock() for launch in ("default", *launches.values())}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="gateproof-beside")
        by_launch: dict[str, list[Check]] = {}
        for check, launch in launches.items():
            if apart(check, launch):
                by_launch.setdefault(launch, []).append(check)
                self._begun[check] = Future()
        for mine in by_launch.values():
            self._pool.submit(self._run, [(check, self._begun[check]) for check in mine])

    def _run(self, checks: list[tuple[Check, Future[T]]]) -> None:
        for check, future in checks:
            if not future.set_running_or_notify_cancel():
                continue
            try:
                said = self._now(check)
            except BaseException as error:  # whatever it is, it belongs to whoever takes it
                future.set_exception(error)
            else:
                future.set_result(said)

    def _now(self, check: Check) -> T:
        with self._asked[self._launches.get(check, "default")]:
            return self._judge(check)

    def take(self, check: Check) -> T:
        """Return what a check said: here and now where it was not begun, or was taken once before."""
        future = self._begun.pop(check, None)
        return self._now(check) if future is None else future.result()

    def stop(self) -> None:
        """Begin no more of them; those that were begun are waited for."""
        for future in self._begun.values():
            future.cancel()
        self._pool.shutdown(wait=True)

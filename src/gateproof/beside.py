"""Checks that run beside the others: those of launches of their own, and a part of the rest over a twin.

A check that asks for another launch (`@launch`, see `gateproof.check`) meets a process that no other check meets at
the same time. Such checks are begun when the run begins, in threads, those of one launch one after another; the run
takes what they said when it comes to them. Checks that draw stay where they are: Hypothesis has one thread.

Of all other checks a second server like the default one, the twin, takes the last, and the one before it, until it
meets the run, which takes the first: client and server wait for each other, and one pair of them leaves a core idle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

from gateproof.check import needs

Check = Callable[..., object]
T = TypeVar("T")
THREADS = 2  # whatever they wait for, two cores have a server and ourselves to serve already
TWIN = "twin"  # the launch that is like the default one


def apart(check: Check, launch: str) -> bool:
    """Tell whether a check may be begun before the run comes to it, over the launch that it is given."""
    return launch != "default" and "draw" not in needs(check)


class Beside(Generic[T]):
    """Checks that were begun, and what came of them."""

    def __init__(
        self, judge: Callable[[Check, str], T], launches: Mapping[Check, str], twins: Iterable[Check] = ()
    ) -> None:
        """Begin to judge those of the checks that may run beside others; `launches` names the launch of each.

        `twins` are those that the twin may take, in its order; it is iterated by the thread that asks the twin.
        """
        self._begun: dict[Check, Future[T]] = {}
        self._taken: set[Check] = set()
        self._choosing = Lock()
        self._ending = False
        self._judge = judge
        self._launches = launches
        self._asked = {launch: Lock() for launch in ("default", TWIN, *launches.values())}
        self._pool = ThreadPoolExecutor(1 + THREADS, thread_name_prefix="gateproof-beside")
        self._pool.submit(self._help, twins)
        by_launch: dict[str, list[Check]] = {}
        for check, launch in launches.items():
            if apart(check, launch):
                by_launch.setdefault(launch, []).append(check)
                self._begun[check] = Future()
        for mine in by_launch.values():
            self._pool.submit(self._run, [(check, self._begun[check]) for check in mine])

    def _run(self, checks: list[tuple[Check, Future[T]]]) -> None:
        for check, future in checks:
            self._fulfil(future, check, self._launches[check])

    def _help(self, twins: Iterable[Check]) -> None:
        for check in twins:
            future: Future[T] = Future()
            with self._choosing:
                if self._ending:
                    return
                if check in self._taken:
                    continue
                self._begun[check] = future
            self._fulfil(future, check, TWIN)

    def _fulfil(self, future: Future[T], check: Check, launch: str) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            said = self._now(check, launch)
        except BaseException as error:  # whatever it is, it belongs to whoever takes it
            future.set_exception(error)
        else:
            future.set_result(said)

    def _now(self, check: Check, launch: str) -> T:
        with self._asked[launch]:
            return self._judge(check, launch)

    def take(self, check: Check) -> T:
        """Return what a check said: here and now where it was not begun, or was taken once before."""
        with self._choosing:
            self._taken.add(check)
            future = self._begun.pop(check, None)
        return self._now(check, self._launches.get(check, "default")) if future is None else future.result()

    def stop(self) -> None:
        """Begin no more of them; those that were begun are waited for."""
        with self._choosing:
            self._ending = True
            for future in self._begun.values():
                future.cancel()
        self._pool.shutdown(wait=True)

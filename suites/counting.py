"""What calls may leave behind in this process, counted for applications and middleware of both interfaces."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

TIMES = 5
REST_S = 0.5  # what is about to end may take so long,
PAUSE_S = 0.01
LATER_S = 10.0  # and what works on behind a call so long, before anybody is accused: what ends is not left for ever


def open_files() -> int:
    """Return the number of open files of this process, 0 where it cannot be told."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def growth(
    count: Callable[[], Mapping[str, int]], play: Callable[[], object], times: int = TIMES
) -> Callable[[], dict[str, int]]:
    """Play several times, after one time more; return what tells what has grown with every one of them."""
    before = count()
    for _ in range(times):
        play()
    return lambda: {name: more for name, now in count().items() if (more := now - before[name]) >= times}


def settled(more: Callable[[], dict[str, int]], seconds: float) -> dict[str, int]:
    """Return what has grown, when what is about to end has had its time."""
    deadline = time.monotonic() + seconds
    while (found := more()) and time.monotonic() < deadline:
        time.sleep(PAUSE_S)  # no event tells that a thread of somebody else has ended
    return found


def in_words(grown: Mapping[str, int]) -> str:
    """Say what has grown, '' where nothing has."""
    return f"{', '.join(f'{count} {name}' for name, count in grown.items())} more" if grown else ""

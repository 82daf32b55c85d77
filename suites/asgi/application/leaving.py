"""What calls leave behind: tasks, asynchronous generators, threads and open files that grow with every call."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

from gateproof.drive.asgi.playing import Stage

from ...counting import open_files

TIMES = 5
REST_S = 0.5
GENERATORS = "suspended generators"
NAMES = ("tasks", GENERATORS, "threads", "open files")


def grown(stage: Stage, play: Callable[[], object]) -> str:
    """Return what grew with every one of several equal calls, in words; '' where nothing did."""
    play()
    # What is collected as garbage while we count would hide what grows.
    held = stage.loop.left_behind(), stage.loop.suspended()
    before = counted(stage)
    for _ in range(TIMES):
        play()

    def more() -> dict[str, int]:
        growth = (now - then for now, then in zip(counted(stage), before, strict=True))
        return {name: count for name, count in zip(NAMES, growth, strict=True) if count >= TIMES}

    if more():
        stage.settle(lambda: not more(), REST_S)
    if GENERATORS in more():
        tasks = stage.loop.left_behind()  # what nobody holds is left behind if it is a task, else not
        gc.collect()
        stage.settle(lambda: GENERATORS not in more(), REST_S)
        del tasks
    found = more()
    del held
    return f"{', '.join(f'{count} {name}' for name, count in found.items())} more" if found else ""


def counted(stage: Stage) -> tuple[int, ...]:
    """Return how much there is of everything that may be left behind."""
    return len(stage.loop.left_behind()), len(stage.loop.suspended()), threading.active_count(), open_files()

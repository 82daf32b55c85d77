"""What calls leave behind: tasks, asynchronous generators, threads and open files that grow with every call."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

from gateproof.drive.asgi.playing import Stage

from ...counting import LATER_S, REST_S, growth, in_words, open_files

GENERATORS = "suspended generators"


def grown(stage: Stage, play: Callable[[], object]) -> str:
    """Return what grew with every one of several equal calls, in words; '' where nothing did."""
    play()
    # What is collected as garbage while we count would hide what grows.
    held = stage.loop.left_behind(), stage.loop.suspended()
    more = growth(lambda: counted(stage), play)
    if more():
        stage.settle(lambda: not more(), LATER_S if stage.patient else REST_S)
    if GENERATORS in more():
        tasks = stage.loop.left_behind()  # what nobody holds is left behind if it is a task, else not
        gc.collect()
        stage.settle(lambda: GENERATORS not in more(), REST_S)
        del tasks
    found = more()
    del held
    return in_words(found)


def counted(stage: Stage) -> dict[str, int]:
    """Return how much there is of everything that may be left behind."""
    return {
        "tasks": len(stage.loop.left_behind()),
        GENERATORS: len(stage.loop.suspended()),
        "threads": threading.active_count(),
        "open files": open_files(),
    }

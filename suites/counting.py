"""What calls may leave behind in this process, counted for applications and middleware of both interfaces."""

from __future__ import annotations

import os


def open_files() -> int:
    """Return the number of open files of this process, 0 where it cannot be told."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0

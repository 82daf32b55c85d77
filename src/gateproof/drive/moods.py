"""What an application of either interface may answer for a reason of its own: by chance, by the time, or being busy."""

from __future__ import annotations

AGAIN = 6  # so often what differs is asked for again: one of two answers at random comes out the same by chance
BUSY = (429, 503)  # who serves so many at a time says so to the others


def failing(status: int, *, later: bool) -> bool:
    """Tell whether a status says that the application failed; `later` tells that Retry-After names a time.

    That something is not done at all, or not before a time that is named (RFC 9110, 15.6.2 and 15.6.4), is an answer.
    """
    return status >= 500 and status != 501 and not (status == 503 and later)

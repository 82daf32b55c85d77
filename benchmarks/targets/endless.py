"""A stream that never ends, for the pages of these applications."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncIterator
from typing import TypeVar

PAUSE_S = 0.01
T = TypeVar("T")


async def again(item: T) -> AsyncIterator[T]:
    """Give the same again and again."""
    while True:
        yield item
        await sleep(PAUSE_S)

"""The side channel wakes up for everybody who waits, whatever it was busy with when they came."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from gateproof.channel import Channel


class Interrupted(Channel):
    """A channel at which a second fence arrives while the first one is answered."""

    second: threading.Thread | None = None

    def _round(self, timeout: float | None) -> bool:
        if timeout == 0 and self.second is None:
            self.second = threading.Thread(target=self.fence)
            self.second.start()
            while self._fences[0] < 2:
                time.sleep(0.001)
            time.sleep(0.01)  # its wake-up has been sent, and is read below with the first one's
        return super()._round(timeout)


@pytest.fixture
def channel() -> Iterator[Interrupted]:
    """A channel that is closed at the end."""
    made = Interrupted()
    yield made
    made.close()


def test_a_fence_that_meets_another_is_answered(channel: Interrupted) -> None:
    """Nothing else happens on the channel: both are answered all the same, and at once."""
    begun = time.monotonic()
    channel.fence()
    assert channel.second is not None
    channel.second.join()
    assert channel.take_errors() == []
    assert time.monotonic() - begun < 2

"""The side channel wakes up for everybody who waits, and tells of what it lost to whom it concerns."""

from __future__ import annotations

import json
import socket
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


def said(channel: Channel, launch: str, *lines: dict[str, object]) -> None:
    """Greet as a probe of a launch, and send lines."""
    with socket.create_connection(channel.address) as sock:
        for line in ({"hello": channel.token, "launch": launch, "n": 0, "pid": 1, "tid": 1}, *lines):
            sock.sendall(json.dumps(line).encode() + b"\n")


def test_what_is_lost_belongs_to_its_launch() -> None:
    """Checks of several launches run at the same time: a gap in the journal of one is no trouble of another."""
    channel = Channel()
    gap = {"x": None, "c": 1, "n": 3, "e": [], "end": True}
    said(channel, "one", gap)
    said(channel, "two")
    assert channel.wait_hello("two", 5)
    channel.fence()
    assert channel.take_errors("two") == []
    assert channel.take_errors("one") == ["journal gap: line 3 came where 0 was due"]
    assert channel.take_errors("one") == []
    channel.close()

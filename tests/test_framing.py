"""What the checks of framing share: which calls belong to the request under test."""

from __future__ import annotations

from typing import Any, cast

import pytest
from gateproof.suites.frame import sending

from gateproof.channel import Event
from gateproof.exchange import Exchange


def called(number: int, *fields: tuple[bytes, bytes]) -> Event:
    """Return the opening of a call for /first."""
    scope = {"type": "http", "method": "POST", "path": "/first", "raw_path": b"/first", "headers": list(fields)}
    return Event(float(number), number, "scope", {"scope": scope}, 1, 1)


@pytest.mark.parametrize("mine", ["7", ""])
def test_a_late_call_for_a_request_before_it_is_not_of_the_next(mine: str) -> None:
    """A server may begin the call of a request whose client has left when the next request is under test."""
    played = (b"gateproof-play", mine.encode())
    events = [called(1, (b"gateproof-play", b"6")), called(2, *([played] if mine else []))]
    line = f"Gateproof-Play: {mine}\r\n" if mine else ""
    request = f"POST /first HTTP/1.1\r\n{line}Host: localhost\r\n\r\n".encode()
    exchange = Exchange("x", request, None, True, "launch", "POST", lambda _: events)

    class Asgi:
        interface = "asgi"

    found = sending.own(cast("Any", Asgi()), exchange)
    assert [call.value(b"gateproof-play") for call in found] == [mine.encode() or None]

"""A connection reads what has come, however late it is asked for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from gateproof.dialogue import Dialogue
from gateproof.exchange import Exchange
from gateproof.patience import PATIENTLY_QUIET
from gateproof.wire.client import LOOK_S, Connection, Silent

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    """A connection, and the other end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Connection(*listener.getsockname()[:2])
        other = listener.accept()[0]
        with other:
            yield made, other
        made.close()


def test_what_has_come_is_read_when_the_deadline_has_passed(pair: tuple[Connection, socket.socket]) -> None:
    """Who asked others meanwhile is late; a server that is slow to all of them has answered all the same."""
    connection, other = pair
    other.sendall(ANSWER)
    assert connection.read_response(b"GET", time.monotonic() - 1.0).body == b"ok"
    with pytest.raises(Silent):
        connection.read_response(b"GET", time.monotonic() - 1.0)
    other.close()
    assert connection.closed_by_peer(time.monotonic() - 1.0)


def test_a_look_is_a_short_one(pair: tuple[Connection, socket.socket]) -> None:
    """Octets that never end do not keep anybody beyond it."""
    connection, other = pair
    stop = threading.Event()

    def flood() -> None:
        while not stop.is_set():
            try:
                other.sendall(b"X-A: 1\r\n")
            except OSError:
                return

    other.sendall(b"HTTP/1.1 200 OK\r\n")
    thread = threading.Thread(target=flood)
    thread.start()
    begun = time.monotonic()
    with pytest.raises(Silent):
        connection.read_response(b"GET", begun - 1.0)
    assert time.monotonic() - begun < LOOK_S + 1.0
    stop.set()
    connection.close()
    thread.join()


class Busy:
    """A server that answers nobody else before a deadline: the machine is slow, or it hangs."""

    quiet = PATIENTLY_QUIET

    def at_work(self) -> bool:
        """No script waits."""
        return False

    def answers_others(self, count: int, deadline: float) -> bool:
        """Not in time."""
        time.sleep(max(deadline - time.monotonic(), 0.0))
        return False


def answer_of(made: Connection, patience: float) -> bytes:
    """Return the body that a dialogue with a busy server reads."""
    exchange = Exchange("x", b"GET / HTTP/1.1\r\n\r\n", None, False, "", "GET", None)  # type: ignore[arg-type]
    return Dialogue(Busy(), made)._response(exchange, time.monotonic() + patience).body  # type: ignore[arg-type]


def test_an_answer_that_is_still_coming_is_not_given_up(pair: tuple[Connection, socket.socket]) -> None:
    """One that is slow with everybody has said nothing wrong; one that stops has."""
    connection, other = pair

    def drip() -> None:
        for octet in ANSWER:
            other.sendall(bytes([octet]))
            time.sleep(0.02)
        other.sendall(ANSWER[:9])

    thread = threading.Thread(target=drip)
    thread.start()
    assert answer_of(connection, 0.3) == b"ok"
    thread.join()
    begun = time.monotonic()
    with pytest.raises(Silent):
        answer_of(connection, 0.3)
    assert time.monotonic() - begun < 3.0

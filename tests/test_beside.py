"""Checks that run beside the others: taken when the run comes to them, in order within a launch, ended when it ends."""

from __future__ import annotations

import threading

import pytest

from gateproof.beside import Beside, Check, apart
from gateproof.judge import Judge
from gateproof.target import Server


def made(name: str) -> Check:
    """Return a check of that name."""

    def check(server: Server, judge: Judge) -> None:
        """Judge nothing."""

    check.__name__ = name
    return check


def named(check: Check) -> str:
    """Return the name of a check and whether it ran in a thread of its own."""
    return f"{check.__name__} {threading.current_thread() is not threading.main_thread()}"


def drawing(draw: object) -> None:
    """Ask for draws."""


def test_what_may_be_begun() -> None:
    """Checks of other launches, but those that draw."""
    assert apart(made("one"), "tls")
    assert not apart(made("one"), "default")
    assert not apart(drawing, "tls")


def test_each_is_taken_once() -> None:
    """One that was not begun, or was taken, runs where it is asked for."""
    one, two = made("one"), made("two")
    beside = Beside(named, {one: "tls", two: "default"})
    assert [beside.take(check) for check in (one, two, one)] == ["one True", "two False", "one False"]
    beside.stop()


def test_a_launch_is_asked_by_one_at_a_time() -> None:
    """Checks of one launch run one after another, in their order, and so does one that was not begun."""
    under_way, seen = threading.Lock(), []

    def judge(check: Check) -> str:
        assert under_way.acquire(blocking=False)
        seen.append(check.__name__)
        threading.Event().wait(0.001)
        under_way.release()
        return check.__name__

    checks = [made(str(number)) for number in range(20)]
    beside = Beside(judge, dict.fromkeys([*checks, drawing], "tls"))
    assert beside.take(drawing) == "drawing"  # it is not begun, and waits for the one that is under way
    assert [beside.take(check) for check in checks] == [str(number) for number in range(20)]
    assert [name for name in seen if name != "drawing"] == [str(number) for number in range(20)]
    beside.stop()


def test_an_error_belongs_to_whoever_takes_it() -> None:
    """What a check raises is raised where it is taken, and stops no other one."""

    def judge(check: Check) -> str:
        if check.__name__ == "bad":
            raise ValueError("bad")
        return check.__name__

    bad, good = made("bad"), made("good")
    beside = Beside(judge, {bad: "tls", good: "tls"})
    with pytest.raises(ValueError, match="bad"):
        beside.take(bad)
    assert beside.take(good) == "good"
    beside.stop()


def test_the_end_begins_no_more() -> None:
    """A run that ends early waits for the check that is under way, and for no other."""
    begun, go_on, seen = threading.Event(), threading.Event(), []

    def judge(check: Check) -> None:
        seen.append(check.__name__)
        begun.set()
        go_on.wait(5)

    beside = Beside(judge, {made(str(number)): "tls" for number in range(3)})
    assert begun.wait(5)
    threading.Timer(0.05, go_on.set).start()
    beside.stop()
    assert seen == ["0"]

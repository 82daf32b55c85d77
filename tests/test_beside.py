"""Checks that run beside the others: taken when the run comes to them, in order within a launch, ended when it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from gateproof.beside import Beside, Check, apart
from gateproof.check import CheckInfo
from gateproof.judge import Blocked, Judge
from gateproof.session import Session
from gateproof.settings import Settings
from gateproof.target import Server


def made(name: str) -> Check:
    """Return a check of that name."""

    def check(server: Server, judge: Judge) -> None:
        """Judge nothing."""

    check.__name__ = name
    return check


def named(check: Check, launch: str) -> str:
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

    def judge(check: Check, launch: str) -> str:
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


def test_a_twin_takes_the_last_and_the_run_the_first() -> None:
    """Each check is judged once, over the default launch or its twin; what the run has taken, the twin leaves."""
    seen, near, far = [], threading.Event(), threading.Event()

    def judge(check: Check, launch: str) -> str:
        seen.append(check.__name__)
        if launch == "twin" and check.__name__ == "2":
            far.set()
        elif launch == "default" and check.__name__ == "1":
            near.set()
            assert far.wait(5)  # until the twin has come as far as that
        return launch

    def twins() -> Iterator[Check]:
        assert near.wait(5)
        yield from reversed(checks)

    checks = [made(str(number)) for number in range(6)]
    beside = Beside(judge, dict.fromkeys(checks, "default"), twins())
    said = [beside.take(check) for check in checks]
    assert said == ["default", "default", "twin", "twin", "twin", "twin"]
    assert sorted(seen) == [str(number) for number in range(6)]
    beside.stop()


def test_an_error_belongs_to_whoever_takes_it() -> None:
    """What a check raises is raised where it is taken, and stops no other one."""

    def judge(check: Check, launch: str) -> str:
        if check.__name__ == "bad":
            raise ValueError("bad")
        return check.__name__

    bad, good = made("bad"), made("good")
    beside = Beside(judge, {bad: "tls", good: "tls"})
    with pytest.raises(ValueError, match="bad"):
        beside.take(bad)
    assert beside.take(good) == "good"
    beside.stop()


@pytest.mark.parametrize("over", ["tls", "the twin"])
def test_the_end_begins_no_more(over: str) -> None:
    """A run that ends early waits for the check that is under way, and for no other; so does its twin."""
    begun, go_on, seen = threading.Event(), threading.Event(), []

    def judge(check: Check, launch: str) -> None:
        seen.append(check.__name__)
        begun.set()
        go_on.wait(5)

    checks = [made(str(number)) for number in range(3)]
    beside = Beside(judge, {}, checks) if over == "the twin" else Beside(judge, dict.fromkeys(checks, over))
    assert begun.wait(5)
    threading.Timer(0.05, go_on.set).start()
    beside.stop()
    assert seen == ["0"]


def test_what_a_twin_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """All in quick, where nothing is drawn, and else what does not draw; nothing where it does not start."""
    sessions = {effort: Session(Settings(server="waitress", effort=effort)) for effort in ("quick", "default")}
    one, asked = made("one"), []
    for run in sessions.values():
        run.resolve()
    allowed = {effort: [run._may_have_a_twin(check) for check in (one, drawing)] for effort, run in sessions.items()}
    assert allowed == {"quick": [True, True], "default": [True, False]}

    def ready(check: CheckInfo) -> tuple[dict[str, object], object]:
        asked.append(check.launch)
        if len(asked) > 1:
            raise Blocked("the server does not start as `twin`")
        return {}, None

    assert [[run.turn(check) for check in (one, drawing)] for run in sessions.values()] == [[1, 1], [1, 0]]
    run = sessions["quick"]
    monkeypatch.setattr(run.target, "ready", ready)
    assert list(run._over_the_twin([one, drawing])) == [drawing, one]
    assert list(run._over_the_twin([one])) == []
    assert asked == ["twin", "twin"]

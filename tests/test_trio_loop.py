"""The loop of trio does for an application what that of asyncio does: start, wait, cancel, count and interrupt."""

from __future__ import annotations

import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trio

from gateproof.drive.asgi import loops, trio_loop
from gateproof.drive.asgi.loops import Loop
from gateproof.inprocess import Hung

from .running import clean, report_of, run

APP = """
import trio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            while True:
                kind = (await receive())["type"]
                await send({"type": kind + ".complete"})
                if kind == "lifespan.shutdown":
                    nursery.cancel_scope.cancel()
                    return
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    with trio.move_on_after(5):
        while (await receive()).get("more_body"):
            pass
    if scope["path"] == "/leak":
        trio.lowlevel.spawn_system_task(trio.sleep_forever)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello"})
"""


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop of trio that is closed at the end."""
    made = loops.make("trio")
    yield made
    made.close()


def test_it_rests_between_two_runs(loop: Loop) -> None:
    """What was spawned goes on when the loop runs again, and only then."""
    seen = []

    async def work() -> None:
        for number in range(3):
            seen.append(number)
            await trio.sleep(0.01)

    async def begin() -> str:
        loop.spawn(work, lambda: seen.append(-1))
        await loop.turn()
        await loop.turn()
        return "begun"

    assert loop.run(begin) == "begun"
    time.sleep(0.05)
    assert seen == [0]
    assert loop.run(lambda: loop.within(1.0, loop.flag().wait)) is False
    assert seen == [0, 1, 2, -1]


def test_a_task_that_raises_ends_no_other(loop: Loop) -> None:
    """Its error is kept; a cancelled one has that of its cancellation, also out of a group."""

    async def bad() -> None:
        raise ValueError("bad")

    async def group() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)

    async def main() -> list[str]:
        first, second = loop.spawn(bad, lambda: None), loop.spawn(group, lambda: None)
        await loop.turn()
        second.cancel()
        await loop.within(0.1, loop.flag().wait)
        assert first.ended
        assert second.ended
        return [type(task.error).__name__ for task in (first, second)]

    assert loop.run(main) == ["ValueError", "Cancelled"]


def test_what_the_main_raises_is_raised(loop: Loop) -> None:
    """And the loop can be used again."""

    async def bad() -> None:
        raise ValueError("bad")

    async def good() -> int:
        return 1

    with pytest.raises(ValueError, match="bad"):
        loop.run(bad)
    assert loop.run(good) == 1


def test_tasks_left_behind_are_counted(loop: Loop) -> None:
    """Ours are not among them, those of the application are."""

    async def main() -> None:
        trio.lowlevel.spawn_system_task(trio.sleep_forever)

    before = loop.left_behind()
    loop.run(main)
    assert len(loop.left_behind() - before) == 1


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # trio warns of one that nobody ended
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["asyncio", "trio"])
def test_generators_that_are_held_are_counted(name: str) -> None:
    """One that has ended, and one that nobody holds, is not among them."""
    loop = loops.make(name)
    held = []

    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def main() -> None:
        for _ in range(3):
            held.append(numbers())
            await anext(held[-1])
        await held.pop().aclose()
        await anext(numbers())

    loop.run(main)
    loop.run(loop.turn)
    assert loop.suspended() == set(held)
    assert len(held) == 2
    held.clear()
    loop.close()


def test_a_blocked_loop_is_interrupted(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What blocks gets `Hung`; the loop goes on."""
    monkeypatch.setattr(loops, "BLOCKED_S", 0.2)
    loop.beats = -1  # type: ignore[attr-defined]

    async def blocking() -> None:
        time.sleep(20)

    async def main() -> BaseException | None:
        task = loop.spawn(blocking, lambda: None)
        await loop.turn()
        await loop.turn()
        return task.error

    begun = time.monotonic()
    assert isinstance(loop.run(main), Hung)
    assert time.monotonic() - begun < 5
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_turns_are_measured(loop: Loop) -> None:
    """The longest time that others took."""

    async def main() -> None:
        await loop.turn()
        time.sleep(0.05)
        await loop.turn()

    loop.measuring = True
    loop.run(main)
    loop.measuring = False
    assert loop.longest_s >= 0.05


def test_what_cannot_be_cancelled_does_not_keep_us() -> None:
    """A call that shields itself is left alone at the end."""
    loop = trio_loop.TrioLoop()
    enough = trio.Event()

    async def stubborn() -> None:
        with trio.CancelScope(shield=True):
            await enough.wait()

    async def main() -> None:
        loop.spawn(stubborn, lambda: None)
        await loop.turn()

    loop.run(main)
    begun = time.monotonic()
    loop.close()
    assert time.monotonic() - begun < 5
    assert not loop.over
    loop.token.run_sync_soon(enough.set)  # a thread has one run of trio, and other tests need theirs
    loop.close()
    assert loop.over


def test_an_application_of_trio(tmp_path: Path) -> None:
    """It is judged as any other; what it leaves behind is found."""
    (tmp_path / "main.py").write_text(APP, encoding="utf-8")
    options = ("--app=main:app", "--app-loop=trio", "--effort=quick", "--report=out")
    assert run(tmp_path, *options).returncode == 0
    assert report_of(tmp_path)["requirements"]["ASGI-LIFE-024"]["verdict"] == "pass"
    done = run(tmp_path, *options, "--app-paths=/leak", "-k", "nothing_is_left")
    assert clean(done)
    assert "5 tasks more" in done.stdout
    assert "--app-loop=trio" in done.stdout

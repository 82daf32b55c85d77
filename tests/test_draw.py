"""Draws: the same ones each time at default effort, fresh and remembered ones at thorough, none at quick."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from gateproof.draw import DEARER, EXAMPLES, Draw
from gateproof.judge import Judge
from gateproof.verdicts import Verdict


class Row:
    """A requirement that fails when broken."""

    id, verdict = "X-001", "fail"


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hypothesis keeps its database in a folder of the test."""
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path / "kept"))
    return tmp_path / "kept"


def drawn(
    effort: str, law: Any = None, silent: Any = bool, name: str = "a", examples: int | None = None
) -> tuple[list[int], Judge]:
    """Play a law over integers; return the cases and the judge."""
    cases: list[int] = []
    judge = Judge({"X-001": Row()})

    def play(case: int) -> None:
        cases.append(case)
        judge("X-001", law is None or law(case), "a good case", case)

    Draw(judge, effort, silent, name)(play, st.integers(0, 1_000_000), [7], examples=examples)
    return cases, judge


def test_quick_is_the_corpus_alone() -> None:
    """Nothing is drawn."""
    assert drawn("quick")[0] == [7]


def test_default_draws_the_same_each_time() -> None:
    """Whichever check, whatever line of ours changed."""
    first = drawn("default")[0]
    assert first == drawn("default", name="b")[0]
    assert len(first) == 1 + EXAMPLES["default"]


def test_dear_cases_are_drawn_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    """`thorough` draws more of them than `default`, until they have taken their time; never fewer."""
    assert [len(drawn(effort, examples=4)[0]) for effort in EXAMPLES] == [1, 5, 1 + 4 * DEARER]
    monkeypatch.setattr("gateproof.draw.DEAR_S", 0.0)
    assert len(drawn("thorough", examples=4)[0]) == 5
    assert len(drawn("thorough")[0]) == 1 + EXAMPLES["thorough"]


def test_rounds_begin_anew() -> None:
    """A further round draws other cases, and the same ones each time."""

    def cases(rounds: int) -> list[int]:
        seen: list[int] = []
        Draw(Judge({}))(seen.append, st.integers(0, 1_000_000), rounds=rounds)
        return seen

    one, two = cases(1), cases(2)
    assert two == cases(2)
    assert two[: len(one)] == one
    assert two[len(one) :] not in ([], one)


def test_thorough_draws_afresh(storage: Path) -> None:
    """Many more, and others each time."""
    first, again = drawn("thorough")[0], drawn("thorough")[0]
    assert len(first) == 1 + EXAMPLES["thorough"]
    assert first != again


def test_default_keeps_nothing(storage: Path) -> None:
    """No folder appears."""
    drawn("default", lambda case: case < 1000)
    assert not storage.exists()


def test_thorough_remembers_what_it_found(storage: Path) -> None:
    """The next run begins with the smallest case of the run before; another check does not."""
    _, judge = drawn("thorough", lambda case: case < 1000)
    assert judge.judgements[-1].seen == "1000"
    assert storage.is_dir()
    assert drawn("thorough", lambda case: case < 1000)[0][1] == 1000
    assert drawn("thorough", name="b")[0][1] != 1000


def test_the_smallest_case_is_told() -> None:
    """Hypothesis shrinks it."""
    judge = drawn("default", lambda case: case < 1000)[1]
    assert [(j.verdict, j.seen) for j in judge.judgements if j.verdict is Verdict.FAIL] == [(Verdict.FAIL, "1000")]


def test_silence_is_not_shrunk() -> None:
    """A failure that consists of waiting is met once."""
    failed: list[int] = []

    def law(case: int) -> bool:
        if case >= 1000:
            failed.append(case)
        return case < 1000

    judge = drawn("default", law, lambda: bool(failed))[1]
    assert len(failed) == 1
    assert judge.judgements[-1].seen == str(failed[0])


def test_a_failure_that_does_not_come_again_is_told_as_it_was() -> None:
    """That it does not repeat is found out by the runner."""
    failed: list[int] = []

    def law(case: int) -> bool:
        once = case >= 1000 and not failed
        if once:
            failed.append(case)
        return not once

    judge = drawn("default", law)[1]
    assert [j.seen for j in judge.judgements if j.verdict is Verdict.FAIL] == [str(failed[0])]


def test_a_corpus_tells_each_kind_of_failure_once() -> None:
    """And nothing is drawn after it."""
    cases, judge = [], Judge({"X-001": Row()})

    def play(case: int) -> None:
        cases.append(case)
        judge("X-001", case != 2, "", case)

    Draw(judge, "default")(play, st.integers(), [1, 2, 3, 2])
    assert cases == [1, 2, 3, 2]
    assert [j.seen for j in judge.judgements if j.verdict is Verdict.FAIL] == ["2"]

"""Draws: the same ones each time at default effort, fresh and remembered ones at thorough, none at quick."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Case:
    """A script with steps, and something before it."""

    steps: tuple[str, ...]
    before: tuple[str, ...] = ()
    end: str = ""


def told(law: Any, case: Any, *, silent: Any = bool, shrinks: bool = True, drawn: bool = True) -> tuple[str, int]:
    """Play a corpus of one case that fails by the law; return the case that is told, and how many were played."""
    count = 0
    judge = Judge({"X-001": Row()})

    def play(one: Any) -> None:
        nonlocal count
        count += 1
        judge("X-001", law(one), "", one)

    Draw(judge, "quick", silent, shrinks=shrinks)(play, st.none() if drawn else None, [case])
    (said,) = judge.judgements
    assert said.verdict is Verdict.FAIL
    return said.seen, count


@pytest.mark.parametrize(
    ("case", "smallest"),
    [
        (["a", "b", "bad", "c"], "['bad']"),
        (("GET", ["a", "bad", "c"]), "('GET', ['bad'])"),
        (Case(("a", "b", "bad", "c"), ("d", "e"), "late"), "Case(steps=('bad',), before=(), end='')"),
        (Case(("a",), ("bad", "e")), "Case(steps=('a',), before=('bad',), end='')"),
        (("a", "bad"), "('a', 'bad')"),
        (["bad"], "['bad']"),
        ("bad", "bad"),
    ],
)
def test_a_smaller_case_of_a_corpus_is_told(case: Any, smallest: str) -> None:
    """Eight are tried at most: a list and a field of any length lose items, a record keeps its shape."""
    seen, count = told(lambda one: "bad" not in repr(one), case)
    assert (seen, count <= 1 + 8) == (smallest, True)


def test_eight_smaller_cases_are_tried() -> None:
    """Not more, however long the case is."""
    assert told(lambda one: len(one) < 40, list(range(40)))[1] == 1 + 8


@pytest.mark.parametrize("why", [{"silent": lambda: True}, {"shrinks": False}, {"drawn": False}])
def test_no_smaller_case_is_tried(why: dict[str, Any]) -> None:
    """Where a failure consists of waiting, in repeats, and where no strategy says what may be left out."""
    assert told(lambda _: False, ["a", "b"], **why) == ("['a', 'b']", 1)


def test_what_a_smaller_case_says_is_not_told() -> None:
    """One that breaks something else, or that the check cannot play, is no smaller one; nor are its readings told."""
    judge = Judge({"X-001": Row(), "X-002": Row()})

    def play(case: list[int]) -> None:
        judge.reading("X-002", len(case))
        if case[:1] == [2]:
            raise ZeroDivisionError
        judge("X-002", len(case) > 1, "", case)
        judge("X-001", False, "", case)

    Draw(judge, "quick", shrinks=True)(play, st.none(), [[1, 2]])
    said = [(j.requirement, j.reading or j.seen) for j in judge.judgements]
    assert said == [("X-002", "2"), ("X-002", ""), ("X-001", "[1, 2]")]

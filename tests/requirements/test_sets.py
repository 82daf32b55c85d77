"""The frozen set is what it was frozen as; a suite that grows changes no claim."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from gateproof import requirements
from gateproof.baseline import Entry
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.requirements import coverage, sets
from gateproof.requirements.sets import FrozenCheck, __main__, corpora
from gateproof.requirements.sets.levels import LEVELS, level
from gateproof.runner import HarnessError


def test_the_set_is_that_of_the_suites() -> None:
    """Until it is published: run `python -m gateproof.requirements.sets` after a change of rows or checks."""
    path = __main__.FOLDER / f"{requirements.SET}.toml"
    assert path.read_text(encoding="utf-8") == __main__.frozen()


@pytest.mark.parametrize("name", sets.published())
def test_every_set_that_ships_is_whole(name: str) -> None:
    """Its digest fits, each row's checks are in it, and no id is unknown to the catalogue."""
    found = sets.load(name)
    assert found.name == name
    for row in found.rows.values():
        assert set(row.checks) <= set(found.checks)
        assert requirements.find(row.id) is not None
    assert {row.level for row in found.rows.values()} == {"", *LEVELS}


def test_a_set_that_was_touched_is_refused() -> None:
    """Its digest no longer fits."""
    text = __main__.frozen()
    assert sets.read(text).name == requirements.SET
    with pytest.raises(sets.SetError, match="its digest does not fit"):
        sets.read(text.replace('weight = "fail"', 'weight = "warn"', 1))


def test_the_levels_are_the_rows() -> None:
    """Core rests on the text's own MUSTs, Full adds WebSocket, extensions and SHOULDs, Robust the other texts."""
    for row in requirements.load():
        found = level(row)
        if found == "Core":
            assert row.verdict == "fail"
            assert row.basis in ("pep", "pep-derived", "text", "derived")
            assert row.gate != "websocket"
        if found and row.basis in ("rfc", "cgi", "convention"):
            assert found == "Robust"
        assert (found == "") is (row.verdict == "inform" or bool(row.excluded))


def test_a_corpus_depends_on_its_values_alone() -> None:
    """Functions have no address in it, sets no order; another value, order or type is another corpus."""
    same = sets.freeze([{"b", "a"}, (1, b"x"), len])
    assert same == sets.freeze([{"a", "b"}, (1, b"x"), len])
    assert same.startswith("3:")
    assert len({sets.freeze(cases) for cases in ([1, 2], [2, 1], [(1,), 2], [[1], 2], ["1", 2], [b"1", 2])}) == 6
    one, other = (Entry("A", "", effort=frozenset(text)) for text in ("xyz", "zyx"))  # type: ignore[arg-type]
    assert sets.freeze([one]) == sets.freeze([other])
    first, second = _function(), _function()
    assert first is not second
    assert sets.freeze([first]) == sets.freeze([second])


def _function() -> Callable[[], int]:
    """Return a new function of the same name each time."""
    return lambda: 0


def test_a_corpus_that_grew_is_replayed_as_it_was() -> None:
    """The frozen cases alone are played; where they are no longer there, nothing is."""
    check = FrozenCheck("wsgi/server/x/y", 1, (sets.freeze([1, 2]), sets.freeze(["a"])))
    assert check.cases([1, 2, 3]) == [1, 2]
    assert check.cases(["a"]) == ["a"]
    assert check.cases([]) == []
    with pytest.raises(HarnessError, match="not the one that was frozen"):
        check.cases([2, 1])
    played: list[int] = []
    draw = Draw(Judge({}), "quick", frozen=check.cases)
    draw(played.append, None, [1, 2, 3])
    assert played == [1, 2]


def test_a_corpus_that_cannot_be_told_is_frozen_by_its_source() -> None:
    """The digest of the check and of what it names in the suites stands for it; it changes with any of them."""
    name = "wsgi/server/status/status_code_arrives"
    check = FrozenCheck(name, 1, source=corpora.source(name))
    assert check.cases([1, 2]) == [1, 2]
    assert corpora.source(name) != corpora.source("wsgi/server/status/no_control_character_of_a_status_is_sent")
    with pytest.raises(HarnessError):
        FrozenCheck(name, 1, source="0" * 16).cases([1])


def test_the_corpora_are_read_from_the_sources() -> None:
    """As many cases as the check plays, without a server."""
    told, source = corpora.of("wsgi/server/status/no_control_character_of_a_status_is_sent")
    assert [corpus.partition(":")[0] for corpus in told] == ["7"]
    assert source == ""


def test_a_corpus_that_is_built_in_a_loop_cannot_be_told() -> None:
    """What is appended to, or bound by a loop or a `with`, stands for itself by its source."""
    for text in (
        "corpus = []\n    for x in (1, 2):\n        corpus.append(x)\n    draw(law, None, corpus)",
        "corpus = [1]\n    corpus += [2]\n    draw(law, None, corpus)",
        "for corpus in ([1], [2]):\n        draw(law, None, corpus)",
        "with open(law) as corpus:\n        draw(law, None, corpus)",
        "corpus = {}\n    corpus[1] = 2\n    draw(law, None, corpus)",
        "draw(law, None, law)",
        "corpus = [1]\n    corpus = [2]\n    draw(law, None, corpus)",
    ):
        function = ast.parse(f"def test_x(law, draw):\n    {text}\n").body[0]
        assert isinstance(function, ast.FunctionDef)
        assert corpora.evaluated(function, {}) == [None], text
    function = ast.parse("def test_x(law, draw):\n    a = [1]\n    draw(law, None, [*a, 2])\n    draw(law)\n").body[0]
    assert isinstance(function, ast.FunctionDef)
    assert corpora.evaluated(function, {}) == [[1, 2]]


def test_revisions_are_read() -> None:
    """Every check has one, as its decorator says it."""
    assert {note.revision for note in coverage.checks().values()} >= {1}

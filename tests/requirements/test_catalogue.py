"""Rows are validated: what is wrong is named with its file and row."""

from __future__ import annotations

import ast
import importlib
import itertools
import pkgutil
from pathlib import Path
from typing import TypeGuard

import pytest

from gateproof import requirements, suites
from gateproof.check import check_id, info
from gateproof.collecting import suites_folder
from gateproof.requirements import REQUIRED, CatalogueError, coverage
from gateproof.requirements.gates import GATES

GOOD = (
    dict.fromkeys(REQUIRED, "x")
    | {"id": "X-001", "party": "server", "level": "must", "verdict": "fail"}
    | {"check": ""}
)


def test_a_good_row() -> None:
    """It is taken, with every gate."""
    for gate in ("", *GATES):
        assert requirements._row("x.toml", 1, "wsgi", {**GOOD, "gate": gate}).gate == gate


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gate": "teleport"}, r"x\.toml, row 1 \(X-001\): the gate 'teleport' is none of chunked-requests"),
        ({"level": "shall"}, "level is 'shall', which is none of must, should, may"),
        ({"verdict": "skip"}, "verdict is 'skip'"),
        ({"colour": "red"}, "unknown key colour"),
    ],
)
def test_a_row_that_is_wrong(change: dict[str, str], message: str) -> None:
    """The file, the row, the key and what it may be."""
    with pytest.raises(CatalogueError, match=message):
        requirements._row("x.toml", 1, "wsgi", {**GOOD, **change})


def test_a_row_that_lacks_a_key() -> None:
    """The first missing key is named."""
    with pytest.raises(CatalogueError, match="missing observe"):
        requirements._row("x.toml", 1, "wsgi", {key: value for key, value in GOOD.items() if key != "observe"})


def lacks_in(path: Path) -> set[str]:
    """Return the features that a file names as `lacks=`; of one that is put together its first part."""
    given = [node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if _says_lacks(node)]
    first = [value.values[0] if isinstance(value, ast.JoinedStr) else value for value in given]
    return {str(value.value) for value in first if isinstance(value, ast.Constant)}


def _says_lacks(node: ast.AST) -> TypeGuard[ast.keyword]:
    return isinstance(node, ast.keyword) and node.arg == "lacks"


def test_each_gate_is_shown_to_be_lacking_by_a_check() -> None:
    """What checks name is a gate; those without a check that does are never shown to be lacking."""
    said = {name for path in suites_folder().rglob("*.py") for name in lacks_in(path)}
    assert {name for name in said if name not in GATES} == {"extension:"}
    named = {gate for gate in GATES if gate.startswith("extension:")}
    assert set(GATES) - said - named == {"mount", "tls", "unix", "raw_path", "message-limit"}


def test_every_gate_is_used() -> None:
    """And every row's group has an address."""
    assert {row.gate for row in requirements.load() if row.gate} == set(GATES)
    assert all(row.url.startswith("https://") for row in requirements.load())


def test_every_check_judges_rows_that_exist() -> None:
    """A mistyped id in a decorator would judge nothing."""
    rows = {row.id for row in requirements.load()}
    assert {name: note.requirements for name, note in coverage.checks().items() if set(note.requirements) - rows} == {}


def test_what_is_read_of_the_suites_is_what_they_say() -> None:
    """Sets, counts and `--uncovered` rest on a reading of the sources, which sees only what stands there as text."""
    said = {}
    for module in pkgutil.walk_packages(suites.__path__, "gateproof.suites."):
        if module.name.rpartition(".")[2].startswith("test_"):
            checks = vars(importlib.import_module(module.name)).values()
            said |= {check_id(check): info(check) for check in checks if info(check).requirements}
    read = coverage.checks()
    assert said == read
    for interface, party in itertools.product(requirements.INTERFACES[:2], requirements.PARTIES):
        folders = (f"{interface}/{party}/", *(["frame/"] if party == "server" else []))
        mine = {name: note for name, note in read.items() if name.startswith(folders)}
        assert coverage.binding(interface, party) == mine
        assert coverage.count(interface, party) == len(mine)


def test_every_row_has_a_check_or_a_reason() -> None:
    """What nothing judges says why, and what is judged does not say that it cannot be."""
    judged = {name for note in coverage.checks().values() for name in note.requirements}
    rows = requirements.load()
    assert [row.id for row in rows if row.id not in judged and not row.excluded] == []
    assert [row.id for row in rows if row.id in judged and row.excluded] == []

"""Which checks judge which rows, read from the sources of the suites without importing them."""

from __future__ import annotations

import ast
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from gateproof.check import CheckInfo, check_id, info


def folder(package: str) -> Path | None:
    """Return the folder of an installed package, or None."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def checks(under: str = "") -> dict[str, CheckInfo]:
    """Return every check of the packaged suites, or of a folder of them: durable name -> what it declares."""
    return {name: note for path in _paths(under) for name, note in _read(path).items()}


@cache
def _root() -> Path | None:
    found = folder("gateproof.suites")
    return found.resolve() if found else None


def _paths(under: str) -> list[Path]:
    root = _root()
    return sorted((root / under).rglob("test_*.py")) if root else []


@cache
def _read(path: Path) -> dict[str, CheckInfo]:
    """Return the checks of a file of the suites, from its source."""
    root = _root()
    assert root is not None
    parts = path.relative_to(root).parts
    section = path.stem.removeprefix("test_")
    found: dict[str, CheckInfo] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and (ids := _ids(node, "requirement")):
            name = "/".join([*parts[:-1], section, node.name.removeprefix("test_")])
            launches = _ids(node, "launch")
            named = {item.id for item in node.decorator_list if isinstance(item, ast.Name)}
            hidden = _ids(node, "in_band_but")
            launched = launches[0] if launches else "default"
            marked = bool(hidden or named & {"in_band", "unproxied"})
            found[name] = CheckInfo(ids, launched, _revision(node), marked, "unproxied" in named, hidden)
    return found


def _ids(node: ast.FunctionDef | ast.ClassDef, decorator: str) -> tuple[str, ...]:
    """Return the texts that a decorator of that name is given."""
    texts: list[str] = []
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == decorator:
            texts += [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return tuple(texts)


def _revision(node: ast.FunctionDef) -> int:
    """Return the revision that the decorator is given; 1 where it is given none."""
    for call in node.decorator_list:
        if isinstance(call, ast.Call):
            for word in call.keywords:
                if (
                    word.arg == "revision"
                    and isinstance(word.value, ast.Constant)
                    and isinstance(word.value.value, int)
                ):
                    return word.value.value
    return 1


def judged_by(requirement: str) -> list[str]:
    """Return the names of the checks that judge a row."""
    return [name for name, note in checks().items() if requirement in note.requirements]


def binding(interface: str, party: str) -> dict[str, CheckInfo]:
    """Return the checks that bind a party of an interface; modules that are imported say themselves what they have."""
    imported = {getattr(module, "__file__", None): module for module in list(sys.modules.values())}
    found: dict[str, CheckInfo] = {}
    for path in _binding(interface, party):
        module = imported.get(str(path))
        if module is None:
            found |= _read(path)
        else:
            ours = [one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__]
            found |= {check_id(one): note for one in ours if (note := info(one)).requirements}
    return found


def count(interface: str, party: str) -> int:
    """Return how many they are, before anything is imported: to parse all sources would hold up every run."""
    paths = _binding(interface, party)
    return sum(path.read_text(encoding="utf-8").count("\n@requirement(") for path in paths)


def _binding(interface: str, party: str) -> list[Path]:
    return [*_paths(f"{interface}/{party}"), *(_paths("frame") if party == "server" else [])]


@cache
def mutants() -> dict[str, list[str]]:
    """Return the mutants of each row (`file:Class`); empty where there is no checkout beside the suites."""
    root = folder("gateproof.suites")
    proof = root.parent / "tests" / "proof" if root else None
    found: dict[str, list[str]] = {}
    if proof is None or not proof.is_dir():
        return found
    for path in sorted(proof.rglob("mutants_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                for requirement in (*_ids(node, "mutant"), *_ids(node, "fault")):
                    found.setdefault(requirement, []).append(f"{path.relative_to(proof.parent.parent)}:{node.name}")
    return found

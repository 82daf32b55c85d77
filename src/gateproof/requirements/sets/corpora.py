"""The corpora of a check, read from the sources of the suites: values where they can be told, else the source.

A corpus is what `draw(law, strategy, corpus)` is given. Most are literals, or words of `pools`, and can be evaluated
without a server; where one cannot, the digest of everything that the check is made of stands for it.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from gateproof.requirements.coverage import folder
from gateproof.requirements.sets import freeze

SUITES = "gateproof.suites"


def of(check: str) -> tuple[tuple[str, ...], str]:
    """Return the corpora of a check as `cases:digest`, and the digest of its source if one of them cannot be told."""
    module, function = _found(check)
    found = evaluated(function, vars(module))
    told = dict.fromkeys(freeze(cases) for cases in found if cases is not None)
    return tuple(told), source(check) if None in found or _hands_on(function) else ""


def evaluated(function: ast.FunctionDef, known: dict[str, Any]) -> list[list[Any] | None]:
    """Return the corpus of each draw of a function that has one; None where it cannot be told without a server."""
    found: list[list[Any] | None] = []
    for call in _draws(function):
        given = call.args[2] if len(call.args) > 2 else _keyword(call, "corpus")
        if given is not None:
            try:
                found.append(list(_evaluate(given, function, known)))
            except Exception:
                found.append(None)
    return found


def source(check: str) -> str:
    """Return the digest of a check and of everything in the suites that it names, in any depth."""
    module, function = _found(check)
    seen: dict[tuple[str, str], str] = {}
    _gather(module.__name__, function.name, seen)
    text = "\n".join(f"{where}.{name}\n{code}" for (where, name), code in sorted(seen.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _found(check: str) -> tuple[ModuleType, ast.FunctionDef]:
    *parts, section, name = check.split("/")
    module = import_module(".".join([SUITES, *parts, f"test_{section}"]))
    node = _tree(module.__name__)[f"test_{name}"]
    assert isinstance(node, ast.FunctionDef)
    return module, node


@cache
def _tree(module: str) -> dict[str, ast.stmt]:
    """Return what a module of the suites defines at its top: name -> statement."""
    found: dict[str, ast.stmt] = {}
    for node in ast.parse(_text(module)).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        for target in _targets(node):
            found[target] = node
    return found


@cache
def _text(module: str) -> str:
    root = folder(SUITES)
    assert root is not None
    parts = module.removeprefix(SUITES).strip(".").split(".")
    path = root.joinpath(*[part for part in parts if part])
    return (path / "__init__.py" if path.is_dir() else Path(f"{path}.py")).read_text(encoding="utf-8")


def _targets(node: ast.stmt) -> Iterator[str]:
    given = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    for target in given:
        yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))


def _draws(function: ast.FunctionDef) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "draw":
            yield node


def _hands_on(function: ast.FunctionDef) -> bool:
    """Tell whether the check gives `draw` to somebody else, who then knows the corpus."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == "draw"]
    return len(names) > len(list(_draws(function)))


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == name), None)


def _evaluate(given: ast.expr, function: ast.FunctionDef, known: dict[str, Any]) -> Any:
    """Return the value of an expression in a function, from the assignments that lead to it; raises if it cannot."""
    names = dict(known)
    _settle(given, function, names, set())
    return eval(compile(ast.Expression(given), "corpus", "eval"), names)  # noqa: S307 - a source of ours


def _settle(given: ast.AST, function: ast.FunctionDef, names: dict[str, Any], under_way: set[str]) -> None:
    local = _locals(function)
    parameters = {argument.arg for argument in function.args.args}
    for name in sorted({node.id for node in ast.walk(given) if isinstance(node, ast.Name)}):
        if name in parameters or len(local.get(name, ())) > 1:
            raise LookupError(name)
        if name in local and name not in under_way:
            under_way.add(name)
            [statement] = local[name]
            _settle(statement, function, names, under_way)
            exec(compile(ast.Module([statement], []), "corpus", "exec"), names)  # noqa: S102 - a source of ours


def _locals(function: ast.FunctionDef) -> dict[str, list[ast.stmt]]:
    """Return the statements that bind or change each local name of a function, but for those of inner functions.

    What a loop or a `with` binds, and what is changed after it was bound, counts twice: its value cannot be told.
    """
    found: dict[str, list[ast.stmt]] = {}
    blocks: list[ast.AST] = list(function.body)
    while blocks:
        node = blocks.pop(0)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.setdefault(node.name, []).append(node)
            continue
        if isinstance(node, ast.stmt):
            for name in _targets(node):
                found.setdefault(name, []).append(node)
            for name in _changed(node):
                found.setdefault(name, []).extend((node, node))
        blocks += ast.iter_child_nodes(node)
    return found


def _changed(node: ast.stmt) -> set[str]:
    """Return the names that a statement changes in place, or binds anew for each turn."""
    parts: list[ast.AST] = []
    if isinstance(node, ast.AugAssign | ast.For):
        parts.append(node.target)
    elif isinstance(node, ast.With):
        parts += [item.optional_vars for item in node.items if item.optional_vars is not None]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        parts.append(node.value.func.value)
    elif isinstance(node, ast.Assign):
        parts += [target.value for target in node.targets if isinstance(target, ast.Subscript | ast.Attribute)]
    return {name.id for part in parts for name in ast.walk(part) if isinstance(name, ast.Name)}


def _gather(module: str, name: str, seen: dict[tuple[str, str], str]) -> None:
    tree = _tree(module)
    if (module, name) in seen or name not in tree:
        return
    node = tree[name]
    seen[(module, name)] = ast.get_source_segment(_text(module), node) or ""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            _gather(*_origin(module, part.id), seen)
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            holder = vars(import_module(module)).get(part.value.id)
            if isinstance(holder, ModuleType) and holder.__name__.startswith(SUITES):
                _gather(holder.__name__, part.attr, seen)


def _origin(module: str, name: str) -> tuple[str, str]:
    """Return where a name of a module is defined, following imports within the suites."""
    if name in _tree(module):
        return module, name
    where = getattr(vars(import_module(module)).get(name), "__module__", "")
    return (where, name) if isinstance(where, str) and where.startswith(SUITES) else (module, name)

"""The tables of a project's pyproject.toml: read, and each key compared with what it may hold."""

from __future__ import annotations

import math
import re
import shlex
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class UsageError(Exception):
    """The target was named or described wrongly; the message says how to do it."""


# What a command may have in braces; `more` is a word of its own.
PLACES = frozenset(("python", "own_python", "bin", "app", "module", "attribute", "host", "port", "uds", "launchers"))
PLACES |= {"folder", "mount", "certfile", "keyfile", "cafile"}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def _are_texts(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(_is_text(word) for word in value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_env(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_text(one) or _is_number(one) for one in value.values())


@dataclass(frozen=True)
class Kind:
    """What a key holds: in words, with an example, and how it is known."""

    wanted: str
    fits: Callable[[Any], bool]


TEXT = Kind("a text", _is_text)
WORDS = Kind('a list of texts such as ["--threads=1"]', _are_texts)
ENV = Kind('a table of texts such as { MINE_WORKERS = "1" }', _is_env)
CAPABILITIES = Kind('a list of capabilities such as ["keep-alive", "chunked"]', _are_texts)
SERVER = {
    "command": Kind(
        'a text such as "python -m mine {app} --port {port}", or a list of words',
        lambda value: bool(value) and (_is_text(value) or _are_texts(value)),
    ),
    "interface": Kind('"wsgi" or "asgi"', lambda value: value in ("wsgi", "asgi")),
    "env": ENV,
    "python": Kind("the path of an interpreter", lambda value: _is_text(value) and bool(value)),
    "ready": Kind("a number of seconds above 0", lambda value: _is_number(value) and 0 < value < math.inf),
    "capabilities": CAPABILITIES,
    "baseline": Kind("the path of a file", _is_text),
    "distribution": Kind("the name of a distribution", _is_text),
    "variants": Kind("a table of tables", lambda value: isinstance(value, Mapping)),
}
VARIANT = {
    "argv": WORDS,
    "without": WORDS,
    "env": ENV,
    "capabilities": CAPABILITIES,
    "host": Kind("the address to listen on", _is_text),
    "mount": Kind(
        'a path such as "/app"', lambda value: _is_text(value) and bool(re.fullmatch(r"(/[^/\s?#]+)*", value))
    ),
}


def project(rootdir: Path, name: str) -> dict[str, Any]:
    """Return the tables `[tool.gateproof.NAME.*]` of the project; empty where there are none."""
    path = rootdir / "pyproject.toml"
    try:
        found: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    where = ""
    for key in ("tool", "gateproof", name):
        found = found.get(key, {})
        where = f"{where}.{key}".lstrip(".")
        if not isinstance(found, dict):
            raise UsageError(f"{path}: [{where}] is not a table but {found!r:.60}")
    tables: dict[str, Any] = found
    return tables


def server(where: str, table: object, known: Iterable[str], launches: Iterable[str]) -> tuple[str, ...]:
    """Return the words of the command of a server's table.

    `known` are the capabilities, `launches` the names of variants that there are. Raises `UsageError`.
    """
    _keys(where, table, SERVER, known)
    assert isinstance(table, Mapping)
    argv = _words(where, table)
    if not any("{app}" in word for word in argv) or not any("{port}" in word for word in argv):
        raise UsageError(f"{where}: the command must hold {{app}} and {{port}}, as the test run chooses both")
    _places(f"{where}: the command", argv)
    names = sorted(launches)
    for name, variant in table.get("variants", {}).items():
        if name not in names:
            raise UsageError(f"{where}: no check asks for a variant {name!r}; known are {', '.join(names)}")
        _keys(f"{where}, variants.{name}", variant, VARIANT, known)
        _places(f"{where}, variants.{name}: argv", variant.get("argv", ()))
    return tuple(argv)


def _keys(where: str, table: object, kinds: Mapping[str, Kind], known: Iterable[str]) -> None:
    if not isinstance(table, Mapping):
        raise UsageError(f"{where} is not a table but {table!r:.60}")
    for key, value in table.items():
        if key not in kinds:
            raise UsageError(f"{where}: unknown key {key!r}; known are {', '.join(sorted(kinds))}")
        if not kinds[key].fits(value):
            raise UsageError(f"{where}: `{key}` is {kinds[key].wanted}, not {value!r:.60}")
    strange = sorted(set(table.get("capabilities", ())) - set(known))
    if strange:
        raise UsageError(f"{where}: unknown capability {strange[0]!r}; known are {', '.join(sorted(known))}")


def _words(where: str, table: Mapping[str, Any]) -> list[str]:
    if "command" not in table:
        raise UsageError(f"{where}: `command` is missing; it is {SERVER['command'].wanted}")
    command = table["command"]
    try:
        return shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError as error:
        raise UsageError(f"{where}: the command cannot be split into words ({error}): {command}") from error


def _places(where: str, words: Iterable[str]) -> None:
    for word in words:
        for name in re.findall(r"\{(\w+)\}", word):
            if name not in PLACES and word != "{more}":
                known = ", ".join(sorted(PLACES))
                raise UsageError(f"{where} has an unknown place {{{name}}}; known are {known}, and {{more}} as a word")

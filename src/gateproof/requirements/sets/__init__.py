"""Frozen sets: what a certificate is scored against, whatever the suite grows to.

A set holds, for each requirement, what its row said, the level of certificate that it belongs to and the checks that
judge it; and for each check its revision and its corpora. `python -m gateproof.requirements.sets` writes the set of the
version in the making; one that was published is never written again.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from gateproof.requirements import Requirement
from gateproof.requirements.sets.levels import LEVELS
from gateproof.runner import HarnessError

RUNS = 5  # repeats that the highest level wants
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class SetError(Exception):
    """A set is not there, or is not what it was when it was frozen."""


@dataclass(frozen=True)
class FrozenRow:
    """One requirement as it was frozen; `level` is the level of certificate that first wants it, or ''."""

    id: str
    party: str
    level: str
    weight: str
    word: str
    basis: str
    gates: tuple[str, ...]
    text: str
    checks: tuple[str, ...]

    def differs(self, entry: Mapping[str, Any]) -> str:
        """Return how the entry of a report differs from what was frozen; '' where it does not."""
        pairs = [
            ("weight", self.weight, entry["weight"]),
            ("level", self.word, entry["level"]),
            ("basis", self.basis, entry["basis"]),
            ("sentence", self.text, text_digest(entry["statement"])),
        ]
        return next((f"its {name} is not the frozen one" for name, ours, theirs in pairs if ours != theirs), "")


@dataclass(frozen=True)
class FrozenCheck:
    """One check as it was frozen: its revision, its corpora as `cases:digest`, or the digest of its source."""

    name: str
    revision: int
    corpora: tuple[str, ...] = ()
    source: str = ""

    def cases(self, given: Sequence[Any]) -> list[Any]:
        """Return the cases of a corpus that were frozen, and not those that were added since.

        Raises `HarnessError` where the corpus begins with other cases: what was frozen can no longer be played.
        """
        for corpus in self.corpora:
            count = int(corpus.partition(":")[0])
            if len(given) >= count and corpus == freeze(given[:count]):
                return list(given[:count])
        if given and not (self.source and self.source == _source(self.name)):
            raise HarnessError(f"a corpus of {self.name} is not the one that was frozen")
        return list(given)


@dataclass(frozen=True)
class FrozenSet:
    """A set: its name, the digest of its text, and what was frozen."""

    name: str
    digest: str
    rows: Mapping[str, FrozenRow] = field(default_factory=dict)
    checks: Mapping[str, FrozenCheck] = field(default_factory=dict)
    runs: int = RUNS

    def binding(self, interface: str, party: str) -> list[FrozenRow]:
        """Return the rows that bind a party of an interface; those on framing bind servers of both."""
        heads = (f"{interface.upper()}-", "FRAME-")
        return [row for row in self.rows.values() if row.party == party and row.id.startswith(heads)]


def text_digest(text: str) -> str:
    """Return the digest of a sentence: 16 hexadecimal digits of SHA-256."""
    return hashlib.sha256(" ".join(text.split()).encode(errors="backslashreplace")).hexdigest()[:16]


def freeze(cases: Iterable[Any]) -> str:
    """Return a corpus as `cases:digest`: it depends on the values and their order alone."""
    written = [_written(case) for case in cases]
    return f"{len(written)}:{hashlib.sha256(chr(10).join(written).encode(errors='backslashreplace')).hexdigest()[:16]}"


def _written(value: Any) -> str:
    """Return a text for a value that is the same in every process."""
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({','.join(map(_written, value))})"
    if isinstance(value, (set, frozenset)):
        return f"set({','.join(sorted(map(_written, value)))})"
    if isinstance(value, Mapping):
        return f"dict({','.join(f'{_written(key)}:{_written(item)}' for key, item in value.items())})"
    if is_dataclass(value) and not isinstance(value, type):
        held = ((each.name, getattr(value, each.name)) for each in fields(value))
        return f"{type(value).__name__}({','.join(f'{name}={_written(item)}' for name, item in held)})"
    return ADDRESS.sub("", repr(value))


@cache
def _source(check: str) -> str:
    from gateproof.requirements.sets import corpora

    return corpora.source(check)


def published() -> list[str]:
    """Return the names of the sets that ship, oldest first."""
    names = [entry.name.removesuffix(".toml") for entry in files(__package__).iterdir() if entry.name.endswith(".toml")]
    return sorted(names)


@cache
def load(name: str) -> FrozenSet:
    """Return a set that ships; raises `SetError` where there is none of that name or its text was changed."""
    try:
        text = (files(__package__) / f"{name}.toml").read_text(encoding="utf-8")
    except OSError as error:
        raise SetError(f"there is no set {name}; known are {', '.join(published()) or 'none'}") from error
    return read(text)


def read(text: str) -> FrozenSet:
    """Return the set of a TOML text, whose `digest` must be that of all that follows it."""
    data = tomllib.loads(text)
    if data["digest"] != body_digest(text):
        raise SetError(f"the set {data['set']} is not what was frozen: its digest does not fit")
    rows = {key: _row(key, raw) for key, raw in data["requirements"].items()}
    checks = {
        key: FrozenCheck(key, raw["revision"], tuple(raw.get("corpora", ())), raw.get("source", ""))
        for key, raw in data["checks"].items()
    }
    return FrozenSet(data["set"], data["digest"], rows, checks, data["runs"])


def _row(key: str, raw: Mapping[str, Any]) -> FrozenRow:
    level = raw.get("certificate", "")
    if level not in ("", *LEVELS):
        raise SetError(f"{key}: {level!r} is no level of a certificate")
    texts = {name: raw[name] for name in ("party", "weight", "word", "basis", "text")}
    return FrozenRow(key, level=level, gates=tuple(raw.get("gates", ())), checks=tuple(raw.get("checks", ())), **texts)


def body_digest(text: str) -> str:
    """Return the digest of a set's text from the line after `digest` on."""
    body = text.partition("\ndigest = ")[2].partition("\n")[2]
    return "sha256:" + hashlib.sha256(body.encode()).hexdigest()


def gates(row: Requirement) -> tuple[str, ...]:
    """Return the gates through which a row may leave: its own, and the version of the spec from which on it binds."""
    major, _, minor = row.spec_version.partition(".")
    versioned = major.isdigit() and minor.isdigit() and (int(major), int(minor)) > (2, 0)
    return (*([row.gate] if row.gate else []), *([f"spec_version {row.spec_version}"] if versioned else []))

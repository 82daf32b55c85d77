"""The truth: every requirement is a row of one of three TOML files, and everything else is read from the row."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files

from gateproof.requirements.gates import GATES
from gateproof.requirements.links import link

SET = "2026.1"
INTERFACES = ("wsgi", "asgi", "frame")
PARTIES = ("server", "application", "middleware")
LEVELS = ("must", "should", "may")
VERDICTS = ("fail", "warn", "inform")
CHOICES = {
    "party": PARTIES,
    "level": LEVELS,
    "verdict": VERDICTS,
    "check": ("scripted", "property", "both", ""),
}


class CatalogueError(Exception):
    """A row is malformed; the message names the file and the row."""


@dataclass(frozen=True)
class Requirement:
    """One normative sentence in our own words. The keys are those of the TOML files; see their heads."""

    id: str
    interface: str
    party: str
    level: str
    section: str
    statement: str
    observe: str
    check: str
    mutant: str
    verdict: str
    basis: str
    strategy: str = ""
    carrier: str = ""
    note: str = ""
    spec_version: str = ""
    gate: str = ""
    excluded: str = ""
    covered_by: tuple[str, ...] = ()
    seen_broken: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The middle part of the id: `INPUT` of WSGI-INPUT-014, `HTTP-RESP` of ASGI-HTTP-RESP-018."""
        return "-".join(self.id.split("-")[1:-1]) or "FRAME"

    @property
    def url(self) -> str:
        """Link to the section of the text that carries the row."""
        return link(self.interface, self.section)


@dataclass(frozen=True)
class Catalogue:
    """All rows, in the order of the files."""

    rows: dict[str, Requirement] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Requirement]:
        """Iterate over the rows."""
        return iter(self.rows.values())

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    def get(self, requirement: str) -> Requirement | None:
        """Return a row by id, or None."""
        return self.rows.get(requirement)

    def binding(self, interface: str, party: str) -> list[Requirement]:
        """Return the rows that bind a party of an interface; those on framing bind servers of both."""
        wanted = (interface, "frame")
        return [row for row in self if row.party == party and row.interface in wanted]


KNOWN = {item.name for item in fields(Requirement)} - {"interface"}
REQUIRED = {"id", "party", "level", "section", "statement", "observe", "check", "mutant", "verdict", "basis"}


@cache
def load() -> Catalogue:
    """Read and validate every row; raises `CatalogueError` at the first that is malformed."""
    rows: dict[str, Requirement] = {}
    for interface in INTERFACES:
        name = f"{interface}.toml"
        data = tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))
        for number, raw in enumerate(data.get("requirement", []), 1):
            row = _row(name, number, interface, raw)
            if row.id in rows:
                raise CatalogueError(f"{name}, row {number}: the id {row.id} is used twice")
            rows[row.id] = row
    return Catalogue(rows)


def _row(name: str, number: int, interface: str, raw: dict[str, object]) -> Requirement:
    where = f"{name}, row {number} ({raw.get('id', 'without id')})"
    missing, unknown = REQUIRED - raw.keys(), raw.keys() - KNOWN
    if missing or unknown:
        problem = f"missing {sorted(missing)[0]}" if missing else f"unknown key {sorted(unknown)[0]}"
        raise CatalogueError(f"{where}: {problem}")
    if raw.get("gate", "") not in ("", *GATES):
        raise CatalogueError(f"{where}: the gate {raw['gate']!r} is none of {', '.join(GATES)}")
    for key, choices in CHOICES.items():
        if raw[key] not in choices:
            raise CatalogueError(f"{where}: {key} is {raw[key]!r}, which is none of {', '.join(filter(None, choices))}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
    return Requirement(interface=interface, **values)  # type: ignore[arg-type]

"""The truth: every requirement is a row of one of three TOML files, and everything else is read from the row."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from gateproof import kept
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


KNOWN = {item.name for item in fields(Requirement)} - {"interface"}
REQUIRED = {"id", "party", "level", "section", "statement", "observe", "check", "mutant", "verdict", "basis"}


@cache
def load() -> tuple[Requirement, ...]:
    """Read and validate every row, in the order of the files; raises `CatalogueError` at the first malformed one."""
    return tuple(row for interface in INTERFACES for row in _file(interface).values())


def binding(interface: str, party: str) -> list[Requirement]:
    """Return the rows that bind a party of an interface; those on framing bind servers of both."""
    return [row for name in (interface, "frame") for row in _file(name).values() if row.party == party]


def find(requirement: str) -> Requirement | None:
    """Return a row by id, or None; the first part of an id names its file."""
    interface = requirement.partition("-")[0].lower()
    return _file(interface).get(requirement) if interface in INTERFACES else None


@cache
def _file(interface: str) -> dict[str, Requirement]:
    """Return the rows of one file: a run needs two of the three, and reading them is a good part of its start."""
    name = f"{interface}.toml"
    rows: dict[str, Requirement] = {}
    data = kept.toml(Path(__file__).with_name(name))
    for number, raw in enumerate(data.get("requirement", []), 1):
        row = _row(name, number, interface, raw)
        if row.id in rows:
            raise CatalogueError(f"{name}, row {number}: the id {row.id} is used twice")
        rows[row.id] = row
    return rows


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

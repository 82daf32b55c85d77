"""The baseline: a file of known deviations of one target, each with its reason, that can go stale."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

KEYS = ("requirement", "check", "reason", "url", "versions", "when", "variant", "effort", "expires")
EFFORTS = ("quick", "default", "thorough")


class BaselineError(Exception):
    """The file cannot be used; the message says where and what to do."""


@dataclass(frozen=True)
class Entry:
    """One known deviation."""

    requirement: str
    reason: str
    check: str = ""
    url: str = ""
    versions: str = ""
    when: str = ""
    variant: str = ""
    effort: str = "quick"
    expires: date | None = None


@dataclass(frozen=True)
class Circumstances:
    """What an entry's conditions are compared with."""

    version: str = ""
    marker_environment: Mapping[str, str] = field(default_factory=dict)
    variant: str = ""
    effort: str = "default"
    today: date = field(default_factory=date.today)


def load(path: Path, given_to: str = "--baseline") -> list[Entry]:
    """Read a baseline: TOML with `[[known]]` tables (keys: see `KEYS`; requirement and reason are required)."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"baseline {path}: cannot be read ({error}); check the path given to {given_to}") from error
    except tomllib.TOMLDecodeError as error:
        raise BaselineError(f"baseline {path}: not valid TOML: {error}") from error
    extra = sorted(set(data) - {"known"})
    if extra:
        raise BaselineError(f"baseline {path}: unknown table {extra[0]!r}; entries are [[known]] tables")
    tables = data.get("known", [])
    if not isinstance(tables, list):
        raise BaselineError(f"baseline {path}: `known` is not an array of tables; write [[known]]")
    return [_entry(path, number, table) for number, table in enumerate(tables, 1)]


def _entry(path: Path, number: int, table: Any) -> Entry:
    where = f"baseline {path}, entry {number}"
    if not isinstance(table, dict):
        raise BaselineError(f"{where}: not a table")
    unknown = sorted(set(table) - set(KEYS))
    if unknown:
        raise BaselineError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(KEYS)}")
    for key in ("requirement", "reason"):
        if not isinstance(table.get(key), str) or not table[key].strip():
            raise BaselineError(f"{where}: `{key}` is missing; an entry without it cannot be judged")
    if table.get("effort", "quick") not in EFFORTS:
        raise BaselineError(f"{where}: effort is one of {', '.join(EFFORTS)}")
    try:
        SpecifierSet(table.get("versions", ""))
        if table.get("when"):
            Marker(table["when"])
        expires = table.get("expires")
        if isinstance(expires, str):
            expires = date.fromisoformat(expires)
    except (InvalidSpecifier, InvalidMarker, ValueError) as error:
        raise BaselineError(f"{where}: {error}") from error
    return Entry(**{**table, "expires": expires})


def active(entry: Entry, now: Circumstances) -> bool:
    """Tell whether an entry's conditions admit this run; an entry that they exclude is never wrong."""
    if entry.variant and entry.variant != now.variant:
        return False
    if EFFORTS.index(entry.effort) > EFFORTS.index(now.effort):
        return False
    if entry.versions and now.version:
        try:
            if not SpecifierSet(entry.versions).contains(Version(now.version), prereleases=True):
                return False
        except InvalidVersion:
            return False
    return not entry.when or Marker(entry.when).evaluate(dict(now.marker_environment))


def expired(entry: Entry, now: Circumstances) -> bool:
    """Tell whether the entry's date has passed."""
    return entry.expires is not None and entry.expires < now.today


def covers(entry: Entry, requirement: str, check: str) -> bool:
    """Tell whether an entry is about this requirement as judged by this check."""
    return entry.requirement == requirement and entry.check in ("", check)


def excuse(entries: Sequence[Entry], requirement: str, check: str, now: Circumstances) -> Entry | None:
    """Return the entry by which a deviation is known, the last one where several are about it; None where none is."""
    about = (entry for entry in reversed(entries) if covers(entry, requirement, check))
    return next((entry for entry in about if active(entry, now) and not expired(entry, now)), None)


@dataclass
class Review:
    """What became of the entries in a run."""

    used: list[Entry] = field(default_factory=list)
    inactive: list[Entry] = field(default_factory=list)
    stale: list[Entry] = field(default_factory=list)
    unmatched: list[Entry] = field(default_factory=list)
    expired: list[Entry] = field(default_factory=list)

    @property
    def wrong(self) -> bool:
        """Tell whether the baseline itself makes the run differ from what was declared."""
        return bool(self.stale or self.unmatched or self.expired)


def review(
    entries: Iterable[Entry], known_ids: Iterable[str], checks: Sequence[Mapping[str, Any]], now: Circumstances
) -> Review:
    """Sort the entries after a run: used, inactive, stale, unmatched, expired."""
    result = Review()
    ids = set(known_ids)
    for entry in entries:
        if entry.requirement not in ids:
            result.unmatched.append(entry)
        elif not active(entry, now):
            result.inactive.append(entry)
        elif expired(entry, now):
            result.expired.append(entry)
        else:
            _place(entry, checks, result)
    return result


def _place(entry: Entry, checks: Sequence[Mapping[str, Any]], result: Review) -> None:
    verdicts = [
        judgement["verdict"]
        for check in checks
        for judgement in check["judgements"]
        if covers(entry, judgement["requirement"], check["id"])
    ]
    if "known" in verdicts:
        result.used.append(entry)
    elif verdicts and all(verdict == "pass" for verdict in verdicts):
        result.stale.append(entry)
    else:
        result.inactive.append(entry)

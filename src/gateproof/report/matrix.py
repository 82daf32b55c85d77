"""Many reports side by side: requirements by servers and versions, as plain data fit to be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from packaging.version import InvalidVersion, Version

from gateproof import requirements
from gateproof.report import hostile
from gateproof.report.badge import color, label, message
from gateproof.report.certificate import certificate
from gateproof.report.compare import Comparison, compare
from gateproof.report.reading import replayed
from gateproof.requirements import sets
from gateproof.verdicts import Verdict

JsonDict = dict[str, Any]
JUDGED = ("fail", "warn", "known", "pass")
DEVIATES = ("fail", "warn", "known")
SHOWN = 320  # characters of what was seen


@dataclass
class Target:
    """One column: a server in one version, with the name of its page.

    `python` is named where that version was judged on several, '' elsewhere.
    """

    report: JsonDict
    slug: str
    name: str
    version: str
    badge: tuple[str, str, str]
    level: str
    python: str = ""
    before: Target | None = None
    since: Comparison | None = None

    @property
    def title(self) -> str:
        """Name and version, and the Python where that tells it from another column."""
        return f"{self.name} {self.edition}".strip()

    @property
    def edition(self) -> str:
        """The title without the name."""
        return ", ".join(filter(None, (self.version, self.python)))

    @property
    def totals(self) -> list[tuple[str, int]]:
        """Verdicts with their numbers, worst first."""
        return [(str(verdict), self.report["totals"].get(str(verdict), 0)) for verdict in Verdict]

    def verdict(self, requirement: str) -> str:
        """Return what it got for a requirement; '' where its report has no such row."""
        entry = self.report["requirements"].get(requirement)
        return str(entry["verdict"]) if entry else ""

    def count(self, *verdicts: str) -> int:
        """Count requirements by verdict."""
        return sum(self.report["totals"].get(verdict, 0) for verdict in verdicts)


@dataclass
class Said:
    """What one or several targets did about a requirement, where they did the same."""

    verdict: str
    text: str
    expected: str
    targets: list[Target] = field(default_factory=list)


@dataclass
class Row:
    """One requirement with its cells in the order of the columns."""

    id: str
    entry: JsonDict
    cells: list[str]
    note: str = ""

    def count(self, *verdicts: str) -> int:
        """Count cells by verdict."""
        return sum(cell in verdicts for cell in self.cells)

    @property
    def rate(self) -> tuple[int, int]:
        """How many keep it, of how many that were judged."""
        return self.count("pass"), self.count(*JUDGED)


@dataclass
class Section:
    """One section of a text with its rows."""

    number: int
    name: str
    url: str
    rows: list[Row] = field(default_factory=list)

    @property
    def rate(self) -> tuple[int, int]:
        """The sums of its rows."""
        return sum(row.rate[0] for row in self.rows), sum(row.rate[1] for row in self.rows)


@dataclass
class Matrix:
    """One interface and party: columns by name and version, rows by section."""

    interface: str
    party: str
    targets: list[Target]
    sections: list[Section]

    @property
    def slug(self) -> str:
        """Name of its page."""
        return f"{self.interface}-{self.party}"

    @property
    def title(self) -> str:
        """What it is about."""
        return (
            f"{self.interface.upper()} {self.party}s"
            if self.party != "middleware"
            else f"{self.interface.upper()} middleware"
        )

    @property
    def rows(self) -> list[Row]:
        """All rows."""
        return [row for section in self.sections for row in section.rows]

    @property
    def groups(self) -> list[tuple[str, list[Target]]]:
        """Columns that are versions of one server."""
        found: dict[str, list[Target]] = {}
        for target in self.targets:
            found.setdefault(target.name, []).append(target)
        return list(found.items())

    def said(self, row: Row) -> list[Said]:
        """Return what the targets did about a row, gravest first, those that did the same together."""
        found: dict[tuple[str, str], Said] = {}
        for target, cell in zip(self.targets, row.cells, strict=True):
            if cell:
                text, expected = what(target.report["requirements"][row.id], cell)
                found.setdefault((cell, text), Said(cell, text, expected)).targets.append(target)
        order = {str(verdict): rank for rank, verdict in enumerate(Verdict)}
        return sorted(found.values(), key=lambda said: (order[said.verdict], -len(said.targets)))


def what(entry: JsonDict, verdict: str) -> tuple[str, str]:
    """Return what was seen (or the reason, or the reading) behind a verdict, and what was expected."""
    check = next((each for each in entry["checks"] if each["verdict"] == verdict and each["seen"]), None)
    if check is not None and verdict not in ("pass", "inform"):
        return hostile.visible(steady(check["seen"]), SHOWN), hostile.visible(check["expected"], SHOWN)
    said = entry["reading"] or (entry["reason"] if verdict != "pass" else "")
    return hostile.visible(steady(said), SHOWN), ""


def steady(text: str) -> str:
    """Return a text without what differs from run to run, so that the same behaviour reads the same."""
    text = re.sub(r"0x[0-9a-f]{6,}", "0x…", text)
    text = re.sub(r"(?i)(date: )[^\\\r\n]+", r"\1…", text)
    return re.sub(r"(127\.0\.0\.1(?:'?[:,] ?'?))\d{4,5}", r"\1PORT", text)


def build(reports: Sequence[JsonDict]) -> list[Matrix]:
    """Return a matrix for each interface and party of the reports, servers of WSGI first."""
    places: dict[tuple[str, str], list[JsonDict]] = {}
    for report in reports:
        places.setdefault((report["target"]["interface"], report["target"]["kind"]), []).append(report)
    order = sorted(places, key=lambda key: (requirements.PARTIES.index(key[1]), key[0] != "wsgi"))
    slugs: set[str] = set()
    return [_matrix(*key, places[key], slugs) for key in order]


def _matrix(interface: str, party: str, reports: list[JsonDict], slugs: set[str]) -> Matrix:
    targets = sorted((_target(report, slugs) for report in reports), key=_order)
    for (_, _), alike in groupby(targets, key=lambda each: (each.name, each.version)):
        _tell_apart(list(alike))
    for at, after in enumerate(targets):
        before = _before(targets[:at], after)
        if before is not None:
            after.before, after.since = before, compare(before.report, after.report)
    return Matrix(interface, party, targets, _sections(targets))


def _order(target: Target) -> tuple[str, tuple[int, Version, str], tuple[int, Version, str]]:
    return target.name, _version(target.version), _version(_python(target).rpartition(" ")[2])


def _python(target: Target) -> str:
    return hostile.visible(target.report["target"]["python"], 40)


def _tell_apart(alike: Sequence[Target]) -> None:
    """Name the Python of columns that are one version of one server."""
    if len({_python(target) for target in alike}) > 1:
        for target in alike:
            target.python = _python(target)


def _before(earlier: Sequence[Target], after: Target) -> Target | None:
    """Return the version of a server that came before one, on the same Python if there is one."""
    older = [each for each in earlier if each.name == after.name and each.version != after.version]
    same = [each for each in older if each.version == older[-1].version and _python(each) == _python(after)]
    found = same or older
    return found[-1] if found else None


def _target(report: JsonDict, slugs: set[str]) -> Target:
    about = report["target"]
    name, version = hostile.visible(about["name"], 60), hostile.visible(about["version"], 40)
    found = certificate(report, sets.load(replayed(report)))
    base = re.sub(r"[^a-z0-9.]+", "-", f"{name}-{version}".lower()).strip("-.")[:60] or "server"
    slug = next(each for each in _numbered(base) if each not in slugs)
    slugs.add(slug)
    return Target(report, slug, name, version, (label(found), message(found), color(found)), found["level"] or "")


def _numbered(base: str) -> Iterable[str]:
    yield base
    for number in range(2, 10_000):
        yield f"{base}-{number}"


def _version(text: str) -> tuple[int, Version, str]:
    try:
        return 1, Version(text), text
    except InvalidVersion:
        return 0, Version("0"), text


def _sections(targets: Sequence[Target]) -> list[Section]:
    entries: dict[str, JsonDict] = {}
    for target in targets:
        for name, entry in target.report["requirements"].items():
            entries.setdefault(name, entry)
    known = {row.id: number for number, row in enumerate(requirements.load())}
    found: dict[str, Section] = {}
    for name in sorted(entries, key=lambda each: (known.get(each, len(known)), each)):
        entry = entries[name]
        title = hostile.visible(entry["section"], 160)
        section = found.setdefault(title, Section(len(found) + 1, title, hostile.link(entry["url"])))
        catalogued = requirements.find(name)
        section.rows.append(Row(name, entry, [t.verdict(name) for t in targets], catalogued.note if catalogued else ""))
    return list(found.values())

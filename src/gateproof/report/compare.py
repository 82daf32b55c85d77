"""What is different between two reports: new, fixed, changed, stale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateproof.report.hostile import visible
from gateproof.verdicts import BROKEN, Verdict

JsonDict = dict[str, Any]
JUDGED = frozenset({*BROKEN, Verdict.KNOWN, Verdict.PASS, Verdict.INFORM, Verdict.UNSUPPORTED})
DEVIATING = frozenset({*BROKEN, Verdict.KNOWN})
NOT_THERE = "not in the report"


@dataclass(frozen=True)
class Difference:
    """One requirement on which two reports differ; verdicts are '' where the report does not have it."""

    requirement: str
    before: str
    after: str
    statement: str
    detail: str = ""


@dataclass
class Comparison:
    """The differences, sorted by what they mean."""

    new: list[Difference] = field(default_factory=list)
    fixed: list[Difference] = field(default_factory=list)
    changed: list[Difference] = field(default_factory=list)
    stale: list[Difference] = field(default_factory=list)

    def regressed(self, fail_on: str = "fail") -> bool:
        """Tell whether something fails now that did not: with `warn`, warnings count as well."""
        counted = ("fail", "warn") if fail_on == "warn" else ("fail",)
        return any(each.after in counted for each in self.new)

    def to_json(self) -> JsonDict:
        """Return the comparison as data: `schema` and a list of differences for each kind."""
        kinds = {kind: [vars(each) for each in found] for kind, found in self.kinds()}
        return {"schema": "gateproof.comparison/1", **kinds}

    def kinds(self) -> Iterable[tuple[str, list[Difference]]]:
        """Return each kind with its differences."""
        return [("new", self.new), ("fixed", self.fixed), ("changed", self.changed), ("stale", self.stale)]


def compare(before: JsonDict, after: JsonDict) -> Comparison:
    """Compare two reports.

    new: broken now (fail, warn) and not, or less, before. fixed: it deviated and is kept now. stale: it deviated, and
    the later run cannot tell (not run, blocked, error, or no longer a requirement). changed: any other difference of
    verdict or reading.
    """
    found = Comparison()
    old, new = before["requirements"], after["requirements"]
    for name in dict.fromkeys([*old, *new]):
        _place(found, name, old.get(name), new.get(name))
    return found


def _place(found: Comparison, name: str, old: JsonDict | None, new: JsonDict | None) -> None:
    was, now = (old or {}).get("verdict", ""), (new or {}).get("verdict", "")
    either = new or old or {}
    difference = Difference(name, was, now, either.get("statement", ""), _detail(old, new))
    if was == now:
        if old and new and old["reading"] != new["reading"] and old["reading"] and new["reading"]:
            found.changed.append(difference)
    elif now == "fail" or (now == "warn" and was != "fail"):
        found.new.append(difference)
    elif was in DEVIATING and now not in JUDGED:
        found.stale.append(difference)
    elif was in DEVIATING and now not in DEVIATING:
        found.fixed.append(difference)
    elif old is not None or now in DEVIATING:
        found.changed.append(difference)


def _detail(old: JsonDict | None, new: JsonDict | None) -> str:
    if old and new and old["verdict"] == new["verdict"]:
        return f"{old['reading']} -> {new['reading']}"
    seen = [check["seen"] or check["message"] for check in (new or {}).get("checks", []) if check["verdict"] != "pass"]
    return str(next((text for text in seen if text), (new or {}).get("reason", "")))


def lines(comparison: Comparison) -> list[str]:
    """Return the comparison as text, a line for each difference."""
    said = []
    for kind, found in comparison.kinds():
        for each in found:
            change = f"{each.before or NOT_THERE} -> {each.after or NOT_THERE}"
            said.append(f"{kind:<8} {each.requirement:<22} {change:<24} {visible(each.statement, 160)}")
            if each.detail:
                said.append(f"{'':<32}{visible(each.detail, 200)}")
    counts = ", ".join(f"{len(found)} {kind}" for kind, found in comparison.kinds())
    return [*said, counts]

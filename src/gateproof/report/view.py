"""What a page shows of a report, in the order in which it shows it: plain data, all of it fit to be shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateproof import bounds
from gateproof.report import hostile
from gateproof.report.program import program
from gateproof.report.reading import unstable
from gateproof.report.timeline import Timeline, timeline
from gateproof.requirements.sets.levels import within
from gateproof.verdicts import Verdict

JsonDict = dict[str, Any]
OPENED = frozenset({"fail", "warn", "known", "error", "blocked"})
EXCHANGES = 3  # of one requirement
PIECES = 24  # of one exchange
OCTETS = 1_200  # of one piece
EVENTS = 24  # of one journal
EVENT = 1_200  # characters of one event
BUDGET = 900_000  # characters of all exchanges of a page: beyond, report.json holds them


@dataclass
class Shown:
    """One exchange as it is shown."""

    key: str
    outcome: str
    client: list[tuple[str, str, list[str]]]
    app: list[tuple[str, str, str]]
    timeline: Timeline
    title: str
    script: str
    more: str

    @property
    def size(self) -> int:
        """Characters that it takes, about."""
        octets = sum(len(line) for _, _, lines in self.client for line in lines)
        return octets + sum(len(value) for _, _, value in self.app) + 250 * len(self.timeline.marks) + len(self.script)


@dataclass
class Row:
    """One requirement as it is shown."""

    id: str
    entry: JsonDict
    checks: list[JsonDict]
    exchanges: list[Shown] = field(default_factory=list)
    elsewhere: list[tuple[str, str]] = field(default_factory=list)
    left_out: int = 0

    @property
    def verdict(self) -> str:
        """The verdict that stands."""
        return str(self.entry["verdict"])

    @property
    def replay(self) -> str:
        """The line that plays the failing exchange again; ''."""
        return next((check["replay"] for check in self.checks if check["replay"]), "")


@dataclass
class Section:
    """One section of the text, with its requirements."""

    number: int
    name: str
    rows: list[Row] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        """Count the rows of one verdict."""
        return sum(row.verdict == verdict for row in self.rows)


@dataclass
class Level:
    """One level of the certificate: how many rows are kept of how many, and what it would need."""

    name: str
    granted: bool
    kept: int
    of: int
    why: str


@dataclass
class Page:
    """Everything that the page of a report shows."""

    report: JsonDict
    title: str
    sentence: str
    mood: str
    totals: list[tuple[str, int]]
    columns: list[str]
    sections: list[Section]
    broken: list[Row]
    facts: list[tuple[str, str]]
    levels: list[Level]
    unmet: list[str]
    problems: list[str]
    logs: list[tuple[str, str]]


def page(report: JsonDict, earned: JsonDict | None = None) -> Page:
    """Return what the page of a report shows; `earned` is its certificate."""
    rows = _rows(report)
    totals = [(str(verdict), report["totals"].get(str(verdict), 0)) for verdict in Verdict]
    target = report["target"]
    return Page(
        report=report,
        title=hostile.visible(f"{target['name']} {target['version']}".strip(), 120),
        sentence=sentence(report),
        mood=mood(report),
        totals=totals,
        columns=[verdict for verdict, count in totals if count],
        sections=_sections(rows),
        broken=[row for verdict in ("fail", "error", "warn") for row in rows if row.verdict == verdict],
        facts=_facts(report),
        levels=_levels(earned or {}),
        unmet=_unmet(earned or {}),
        problems=[hostile.visible(problem, 1_000, keep="\n") for problem in report["suite"].get("problems", [])],
        logs=[
            (hostile.visible(launch["id"], 80), hostile.visible(launch["log_tail"][-4_000:], 4_000, keep="\n"))
            for launch in report["launches"]
            if launch["log_tail"]
        ][:12],
    )


def judged(report: JsonDict) -> int:
    """Count the requirements that the target was found to keep or to break: a reading judges nothing."""
    totals = report["totals"]
    return sum(totals.get(name, 0) for name in ("pass", "fail", "warn", "known"))


def sentence(report: JsonDict) -> str:
    """Return the verdict of a run in one sentence that claims no more than was executed."""
    totals, suite = report["totals"], report["suite"]
    count = judged(report)
    if not count:
        return "Nothing was judged."
    said = f"{count} of {len(report['requirements'])} requirements judged: "
    if totals["fail"] or totals["warn"]:
        parts = [f"{totals['fail']} broken"] if totals["fail"] else []
        parts += [f"{totals['warn']} with a warning"] if totals["warn"] else []
        said += ", ".join(parts)
    else:
        said += "none is broken"
    if totals["known"]:
        said += f", {totals['known']} known deviations"
    doubtful = sum(map(unstable, report["requirements"].values()))
    if doubtful:
        said += f", {doubtful} unstable"
    return said + ("." if suite["complete"] else "; the run is not complete.")


def mood(report: JsonDict) -> str:
    """Return the verdict whose colour the page takes."""
    totals = report["totals"]
    if totals["error"] or not judged(report) or not report["suite"]["complete"]:
        return "fail" if totals["fail"] else "error"
    return next((name for name in ("fail", "warn", "known") if totals[name]), "pass")


def _unmet(earned: JsonDict) -> list[str]:
    """Return what denies every level: that is said once."""
    levels = list(earned.get("levels", {}).values())
    return [text for text in levels[0]["unmet"] if all(text in each["unmet"] for each in levels)] if levels else []


def _levels(earned: JsonDict) -> list[Level]:
    found = []
    for name, each in earned.get("levels", {}).items():
        denied = each["denied"]
        first = ", ".join(one["requirement"] for one in denied[:3])
        why = [text for text in each["unmet"] if text not in _unmet(earned)]
        if denied:
            why.append(f"{len(denied)} deny it: {first}{', …' if len(denied) > 3 else ''}")
        if each["waived"]:
            why.append(f"{each['waived']} waived in public")
        if each["gated"]:
            why.append(f"{each['gated']} left through their gates: {_gates(earned, name)}")
        text = "; ".join(why)
        kept = each["kept"] + each["waived"]
        found.append(Level(name, each["granted"], kept, each["of"], hostile.visible(text, 300)))
    return found


def _gates(earned: JsonDict, level: str) -> str:
    """Name the features for whose lack rows have left a level, the first of them where they are many."""
    found = [one["gate"] for one in earned["gated"] if one["level"] in within(level)]
    names = list(dict.fromkeys(found))
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "")


def _facts(report: JsonDict) -> list[tuple[str, str]]:
    suite, target = report["suite"], report["target"]
    facts = {
        "interpreter": target["python"],
        "command": " ".join(target["argv"]),
        "started": suite["started"],
        "took": f"{suite['seconds']:.1f} s, {suite['waits_s']:.1f} s of it waiting",
        "effort": suite["effort"],
        "suite": f"gateproof {suite['version']}, set {suite['set']}, Python {suite['python']}",
        "platform": suite["platform"],
        "chosen": "; ".join(suite["selection"]),
        "complete": "yes" if suite["complete"] else "no: a verdict is missing for what was not run",
    }
    return [(label, hostile.visible(text, 400)) for label, text in facts.items() if text]


def _rows(report: JsonDict) -> list[Row]:
    rows = [
        Row(key, entry, [_check(check) for check in entry["checks"]]) for key, entry in report["requirements"].items()
    ]
    left = BUDGET
    owner: dict[str, str] = {}
    for verdict in ("fail", "error", "warn", "known", "blocked", "unsupported"):
        for row in rows:
            if row.verdict == verdict:
                left -= _attach(row, report["exchanges"], owner, left)
    return rows


def _check(check: JsonDict) -> JsonDict:
    shown = {key: hostile.visible(check[key]) for key in ("id", "message", "expected", "seen", "replay")}
    return {**check, **shown, "baseline": hostile.visible(check["baseline"] or ""), "lacks": check.get("lacks", "")}


def _attach(row: Row, exchanges: Mapping[str, JsonDict], owner: dict[str, str], left: int) -> int:
    """Give a row the exchanges its verdict rests on; one that another row shows is only named. Return their size."""
    keys = dict.fromkeys(
        key for check in row.checks if check["verdict"] == row.verdict for key in check["exchanges"] if key in exchanges
    )
    used = 0
    for key in list(keys)[-EXCHANGES:]:  # the last are nearest to the verdict
        if key in owner:
            row.elsewhere.append((short(key), owner[key]))
            continue
        shown = exchange(key, exchanges[key])
        if used + shown.size > left:
            row.left_out += 1
            continue
        used += shown.size
        owner[key] = row.id
        row.exchanges.append(shown)
    row.left_out += max(0, len(keys) - EXCHANGES)
    return used


def short(key: str) -> str:
    """Return what tells an exchange from the others of a page: its head, or the whole name of a lifespan."""
    return key if key.startswith("lifespan-") else key[:12]


def exchange(key: str, x: JsonDict) -> Shown:
    """Return one exchange as it is shown: bounded, whatever the server sent."""
    moments = [each["t"] for each in (*x["client"], *x["app"])]
    start = min(moments, default=0.0)
    client = [
        (_ms(piece["t"], start), str(piece["dir"]), hostile.octet_lines(hostile.octets(piece), OCTETS))
        for piece in x["client"][:PIECES]
    ]
    app = [
        (_ms(event["t"], start), hostile.visible(event["event"], 80), hostile.compact(event["value"], EVENT))
        for event in x["app"][:EVENTS]
    ]
    more = [f"{len(x['client']) - PIECES} more pieces"] if len(x["client"]) > PIECES else []
    more += [f"{len(x['app']) - EVENTS} more events"] if len(x["app"]) > EVENTS else []
    more += [f"the report itself holds only a part {hostile.visible(bounds.cut_of(x), 200)}"] if x["truncated"] else []
    title, lines = program(x["script"])
    outcome = hostile.visible(x["outcome"], 300)
    return Shown(short(key), outcome, client, app, timeline(x), title, "\n".join(lines), "; ".join(more))


def _ms(moment: float, start: float) -> str:
    return f"{(moment - start) * 1000:.1f}"


def _sections(rows: Iterable[Row]) -> list[Section]:
    found: dict[str, Section] = {}
    for row in rows:
        name = hostile.visible(row.entry["section"], 200)
        found.setdefault(name, Section(len(found) + 1, name)).rows.append(row)
    return list(found.values())

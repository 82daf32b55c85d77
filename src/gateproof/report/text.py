"""What a terminal shows: a failure as a bug report that a maintainer can act on, and the summary by section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gateproof import bounds
from gateproof.report.hostile import brief, compact, harmless, visible
from gateproof.report.program import program
from gateproof.verdicts import Verdict

if TYPE_CHECKING:
    from gateproof.requirements import Requirement

LINE = 120
LINES = 40
WORDS = 10_000


def failure(check: Mapping[str, Any], rows: Mapping[str, Requirement], wanted: Iterable[str]) -> str:
    """Return the report of one check: each judgement of a wanted verdict, then the exchanges they rest on."""
    chosen = [j for j in check["judgements"] if j["verdict"] in set(wanted)]
    parts = [judgement(j, rows.get(j["requirement"])) for j in chosen]
    shown: set[str] = set()
    for j in chosen:
        for key in j["exchanges"]:
            if key in check["exchanges"] and key not in shown:
                shown.add(key)
                parts.append(exchange(key, check["exchanges"][key]))
    return "\n\n".join(parts)


def headline(check: Mapping[str, Any], rows: Mapping[str, Requirement], wanted: Iterable[str]) -> str:
    """Return the first judgement of a wanted verdict in one line, and how many more there are."""
    chosen = [j for j in check["judgements"] if j["verdict"] in set(wanted)]
    row = rows.get(chosen[0]["requirement"])
    more = f" (and {len(chosen) - 1} more)" if len(chosen) > 1 else ""
    said = row.statement if row else visible(chosen[0]["reason"])
    return f"{chosen[0]['requirement']} {chosen[0]['verdict']}: {said}{more}"


def judgement(j: Mapping[str, Any], row: Requirement | None) -> str:
    """Return one judgement: id, level, sentence, link, expected and seen."""
    lines = [f"{j['requirement']}  {j['verdict']}" + (f"  ({row.level}, {row.basis})" if row else "")]
    if row:
        lines += [f"  {row.statement}", f"  {row.section}: {row.url}"]
    for label in ("expected", "seen", "reason"):
        if j[label]:
            value = visible(j[label], WORDS, keep="\n").replace("\n", "\n" + " " * 12)
            lines.append(f"  {label + ':':<10}{value}")
    if j["n"] > 1:
        lines.append(f"  repeated: {j['k']} of {j['n']} runs")
    if j.get("replay"):
        lines.append(f"  replay:   {j['replay']}")
    return harmless("\n".join(lines))


def exchange(key: str, x: Mapping[str, Any]) -> str:
    """Return one exchange: what the application does, then what the two witnesses saw, in one order of time."""
    head = [f"  exchange {key}: {visible(x['outcome'])}"]
    title, does = program(x["script"])
    if does:
        head += [f"    {title}:", *(f"        {line}" for line in does), "    the exchange:"]
    seen = [(piece["t"], line) for piece in x["client"] for line in _octets(piece)]
    seen += [(event["t"], f"app {event['event']} {compact(event['value'], LINE)}") for event in x["app"]]
    start = min((moment for moment, _ in seen), default=0.0)
    lines = [f"    {_ms(moment, start)} {line}" for moment, line in sorted(seen, key=lambda each: each[0])]
    if not x["app"]:
        lines.append("    (the application was not called)")
    if len(lines) > LINES:
        lines[LINES:] = [f"    ... {len(lines) - LINES} more lines in the report"]
    if cut := bounds.cut_of(x):
        lines.append(f"    (the report holds a part only: {cut})")
    return "\n".join(head + lines)


def _octets(piece: Mapping[str, Any]) -> list[str]:
    mark = {"out": ">", "in": "<"}.get(piece["dir"], piece["dir"])
    parts = piece["text"].replace("\\r\\n", "\\r\\n\n").splitlines() or [""]
    return [f"{mark} {_cut(brief(part))}" for part in parts]


def _ms(moment: float, start: float) -> str:
    return f"{(moment - start) * 1000:8.1f} ms"


def _cut(text: str) -> str:
    return text if len(text) <= LINE else f"{text[:LINE]}... ({len(text)})"


def sections(entries: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a table of sections by verdict, one line each, sections in the order of the catalogue."""
    columns = [v for v in Verdict if any(e["verdict"] == v for e in entries.values())]
    names = list(dict.fromkeys(e["section"] for e in entries.values() if e["verdict"] != "untested"))
    width = min(max([len(name) for name in names] or [0]), 48)
    lines = [" " * width + "".join(f"{v!s:>13}" for v in columns)]
    for name in names:
        mine = [e["verdict"] for e in entries.values() if e["section"] == name]
        lines.append(f"{name[:width]:<{width}}" + "".join(f"{mine.count(v) or '.':>13}" for v in columns))
    return lines

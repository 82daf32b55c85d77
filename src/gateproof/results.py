"""From what the checks said to what is reported: one entry per requirement of the target's party and interface.

Everything here is plain data, so that a worker process can hand its part to the controller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gateproof import values
from gateproof.bounds import EXCHANGE_BYTES, FRAME_BYTES, JOURNAL_BYTES, SEEN_BYTES, Room, octets_to_json
from gateproof.exchange import Exchange
from gateproof.judge import Judgement
from gateproof.runner import Outcome
from gateproof.verdicts import BROKEN, RANK, UNSTABLE, Verdict, doubtful, tallied, worst

if TYPE_CHECKING:
    from gateproof.inprocess import Played
    from gateproof.requirements import Requirement

SCHEMA = "gateproof.report/1"
EARLIER = 3  # exchanges of a connection whose journals stand before that of one
JsonDict = dict[str, Any]


def outcome_to_json(
    outcome: Outcome, exchanges: Mapping[str, Exchange] | Mapping[str, Played], replay: str = ""
) -> JsonDict:
    """Return a check's outcome as data, with the exchanges on which its judgements rest."""
    judgements = []
    used: set[str] = set()
    for judgement in outcome.judgements:
        used.update(judgement.exchanges)
        judgements.append({**asdict(judgement), "verdict": str(judgement.verdict)})
    kept = {key: exchange_to_json(exchanges[key], before(exchanges, key)) for key in sorted(used) if key in exchanges}
    return {
        "id": outcome.check,
        "revision": outcome.info.revision,
        "seconds": round(outcome.seconds, 4),
        "verdict": str(outcome.verdict),
        "judgements": judgements,
        "exchanges": kept,
    }


def before(exchanges: Mapping[str, Exchange] | Mapping[str, Played], key: str) -> list[Exchange | Played]:
    """Return the exchanges right before one on its connection: whose octets it shows, their journals belong to it."""
    mine = exchanges[key]
    found: list[Exchange | Played] = []
    for other in exchanges.values():
        if other is mine:
            break
        if other.trace is mine.trace and other.trace:
            found.append(other)
    return found[-EARLIER:]


def exchange_to_json(exchange: Exchange | Played, earlier: Iterable[Exchange | Played] = ()) -> JsonDict:
    """Return one exchange as data: octets both ways, the journal, and what is needed to play it again.

    The journal begins with that of `earlier` exchanges on the same connection.
    """
    room = Room(EXCHANGE_BYTES - FRAME_BYTES)
    script = exchange.script if room.take(exchange.script, SEEN_BYTES) else None
    if script is None and exchange.script is not None:
        room.cut["script"] = "left out"
    request = room.octets(exchange.request, SEEN_BYTES) or octets_to_json(b"")
    room.compare("request", [request], [exchange.request])
    client = room.pieces(list(exchange.trace), JOURNAL_BYTES)
    events = [*(event for each in earlier for event in each.events), *exchange.events]
    app: list[JsonDict] = []
    for event in events:
        form = {"t": round(event.t, 6), "call": event.call, "event": event.name, "value": values.encode(event.value)}
        if not room.take(form):
            room.cut["app"] = f"{len(app)} of {len(events)} events"
            break
        app.append(form)
    return {
        "launch": exchange.launch,
        "connection": id(exchange.trace) & 0xFFFFFF,
        "request": request,
        "script": script,
        "armed": exchange.armed,
        "outcome": exchange.outcome,
        "client": client,
        "app": app,
        "truncated": bool(room.cut),
        **({"cut": room.cut} if room.cut else {}),
    }


def requirement_entries(
    rows: Iterable[Requirement], checks: Sequence[JsonDict], missing: Mapping[str, str]
) -> dict[str, JsonDict]:
    """Return the report's entry for each row; `missing` gives the reason why a row was not tested."""
    said: dict[str, list[tuple[JsonDict, JsonDict]]] = {}
    for check in checks:
        for judgement in check["judgements"]:
            said.setdefault(judgement["requirement"], []).append((check, judgement))
    return {row.id: _entry(row, said.get(row.id, []), missing.get(row.id, "")) for row in rows}


def _entry(row: Requirement, said: list[tuple[JsonDict, JsonDict]], missing: str) -> JsonDict:
    verdict = worst(Verdict(judgement["verdict"]) for _, judgement in said)
    reason = "; ".join(dict.fromkeys(j["reason"] for _, j in said if j["reason"] and j["verdict"] == verdict))
    if missing and verdict not in (*BROKEN, Verdict.KNOWN):
        verdict, reason = Verdict.UNTESTED, missing
    return {
        "party": row.party,
        "level": row.level,
        "weight": row.verdict,
        "basis": row.basis,
        "gate": row.gate,
        "section": row.section,
        "url": row.url,
        "statement": row.statement,
        "verdict": str(verdict),
        "reason": reason,
        "reading": "; ".join(dict.fromkeys(j["reading"] for _, j in said if j["reading"])),
        "checks": [_check(check, judgement) for check, judgement in said],
    }


def _check(check: JsonDict, judgement: JsonDict) -> JsonDict:
    return {
        "id": check["id"],
        "revision": check["revision"],
        "verdict": judgement["verdict"],
        "k": judgement["k"],
        "n": judgement["n"],
        "seconds": check["seconds"],
        "message": judgement["reason"],
        **({"lacks": judgement["lacks"]} if judgement["verdict"] == "unsupported" and judgement["lacks"] else {}),
        "expected": judgement["expected"],
        "seen": judgement["seen"],
        "baseline": judgement.get("baseline"),
        **({"baseline_url": judgement["baseline_url"]} if judgement.get("baseline_url") else {}),
        "exchanges": list(judgement["exchanges"]),
        "replay": judgement.get("replay", ""),
    }


def repeated(outcomes: Sequence[JsonDict]) -> JsonDict:
    """Return what a check said together that was run several times: each requirement gets k of n.

    What the worst of the runs said of a requirement is kept, with a verdict that no single run can give.
    """
    last = outcomes[-1]
    judgements: list[JsonDict] = []
    names = dict.fromkeys(each["requirement"] for outcome in outcomes for each in outcome["judgements"])
    for name in names:
        each_run = [[j for j in outcome["judgements"] if j["requirement"] == name] for outcome in outcomes]
        worsts = [min(said, key=_rank) for said in each_run if said]
        counted: dict[str, int] = {}
        for one in worsts:
            kind = UNSTABLE if doubtful(one) else one["verdict"]
            counted[kind] = counted.get(kind, 0) + 1
        found = tallied(counted)
        shown = min(worsts, key=_rank)
        about = {"verdict": str(found.verdict), "k": found.k, "n": found.n}
        judgements.append({**shown, **about, "reason": found.message or shown["reason"]})
        judgements += [j for j in each_run[-1] if j["reading"] and j is not shown]
    return {
        **last,
        "seconds": round(sum(outcome["seconds"] for outcome in outcomes), 4),
        "verdict": str(worst(Verdict(j["verdict"]) for j in judgements)),
        "judgements": judgements,
        "exchanges": {key: x for outcome in outcomes for key, x in outcome["exchanges"].items()},
    }


def _rank(judgement: JsonDict) -> int:
    return RANK[Verdict(judgement["verdict"])]


def totals(entries: Mapping[str, JsonDict]) -> dict[str, int]:
    """Count requirements by verdict; every verdict is there, also with 0."""
    counted = {str(verdict): 0 for verdict in Verdict}
    for entry in entries.values():
        counted[entry["verdict"]] += 1
    return counted


def judgement_from_json(data: JsonDict) -> Judgement:
    """Return a judgement from its data form."""
    known = {key: data[key] for key in Judgement.__dataclass_fields__ if key in data}
    return Judgement(**{**known, "verdict": Verdict(data["verdict"]), "exchanges": tuple(data["exchanges"])})

"""How much a report keeps: one exchange, and all of it, as JSON. What is cut is said, and not played again."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateproof.verdicts import RANK, Verdict

EXCHANGE_BYTES = 256 * 1024
REPORT_BYTES = 50 * 1024 * 1024
SEEN_BYTES = 64 * 1024  # of an exchange, for what both witnesses saw: request and script have the rest of it,
JOURNAL_BYTES = 32 * 1024  # and of what is left then, for the journal alone
FRAME_BYTES = 4 * 1024  # names, outcome, what was cut
TEXT = 4096  # octets of which there is a printable copy as well
LINE_BYTES = 80  # of an entry, beside what it holds
JsonDict = dict[str, Any]
PLAYED = ("request", "script")  # what is needed to play an exchange again


class Room:
    """What is left of a size; remembers what did not fit."""

    def __init__(self, left: int) -> None:
        """Begin with so many bytes of JSON."""
        self.left = left
        self.cut: dict[str, str] = {}

    def take(self, form: object, leaving: int = 0) -> bool:
        """Tell whether something fits and leaves so much for others; if so, the room gets smaller by it."""
        size = len(json.dumps(form)) + 2
        if size > self.left - leaving:
            return False
        self.left -= size
        return True

    def octets(self, octets: bytes, leaving: int = 0, **more: object) -> JsonDict | None:
        """Return as many of the octets as fit, as data; None where not even their absence does."""
        kept = min(len(octets), max(self.left - leaving, 0))
        while not self.take(form := {**more, **octets_to_json(octets[:kept])}, leaving):
            if not kept:
                return None
            kept //= 2
        return form

    def pieces(self, trace: Sequence[tuple[float, str, bytes]], leaving: int = 0) -> list[JsonDict]:
        """Return what the client sent and got, up to the piece that does not fit."""
        found: list[JsonDict] = []
        for moment, direction, octets in trace:
            piece = self.octets(octets, leaving, t=round(moment, 6), dir=direction)
            if piece is not None:
                found.append(piece)
            if piece is None or _length(piece) < len(octets):
                break
        if len(found) < len(trace):
            self.cut["client"] = f"{len(found)} of {len(trace)} pieces"
        self.compare("client", found, [octets for _, _, octets in trace])
        return found

    def compare(self, name: str, kept: Sequence[Mapping[str, Any]], whole: Sequence[bytes]) -> None:
        """Remember it where pieces do not hold all octets that there were."""
        held = sum(map(_length, kept))
        if held < (all_of_them := sum(map(len, whole))):
            self.cut[name] = f"{held} of {all_of_them} octets"


def _length(piece: Mapping[str, Any]) -> int:
    """Return how many octets a piece holds, without its base64 being decoded."""
    octets: str = piece["octets"]
    return len(octets) // 4 * 3 - octets.count("=")


def octets_to_json(octets: bytes) -> JsonDict:
    """Return octets as base64 beside a printable copy, of their beginning where they are many."""
    text = printable(octets[:TEXT]) + (f"... ({len(octets)} octets)" if len(octets) > TEXT else "")
    return {"octets": base64.b64encode(octets).decode("ascii"), "text": text}


def printable(octets: bytes) -> str:
    """Return octets as ASCII text in which everything else is escaped; line ends stay visible."""
    return octets.decode("latin-1").encode("unicode_escape").decode("ascii")


def cut_of(kept: Mapping[str, Any]) -> str:
    """Say what of an exchange its report does not hold; '' where that is nothing."""
    return "; ".join(f"{name}: {much}" for name, much in kept.get("cut", {}).items())


def playable(kept: Mapping[str, Any]) -> bool:
    """Tell whether an exchange holds all that is needed to play it again."""
    return not any(name in kept.get("cut", {}) for name in PLAYED)


def bounded(report: JsonDict, limit: int = REPORT_BYTES) -> JsonDict:
    """Return a report that is not larger than the limit: exchanges are emptied, those of the worst verdicts last."""
    left = limit - len(json.dumps({**report, "exchanges": {}}))
    sizes = {key: len(json.dumps(x)) + LINE_BYTES for key, x in report["exchanges"].items()}
    if sum(sizes.values()) <= left:
        return report
    empty = {key: _emptied(x) for key, x in report["exchanges"].items()}
    least = {key: len(json.dumps(x)) + LINE_BYTES for key, x in empty.items()}
    left -= sum(least.values())
    for key in sorted(sizes, key=_ranks(report).__getitem__):
        more = sizes[key] - least[key]
        if more <= left:
            left -= more
            del empty[key]
    for check in _checks(report):
        if any(key in empty for key in check["exchanges"]):
            check["replay"] = ""
    return {**report, "exchanges": report["exchanges"] | empty}


def _checks(report: Mapping[str, Any]) -> Iterable[JsonDict]:
    return (check for entry in report["requirements"].values() for check in entry["checks"])


def _ranks(report: Mapping[str, Any]) -> dict[str, int]:
    """Return how much each exchange is needed, 0 the most: the place of the worst verdict that rests on it."""
    ranks = dict.fromkeys(report["exchanges"], len(RANK))
    for check in _checks(report):
        for key in check["exchanges"]:
            if key in ranks:
                ranks[key] = min(ranks[key], RANK[Verdict(check["verdict"])])
    return ranks


def _emptied(x: Mapping[str, Any]) -> JsonDict:
    nothing: JsonDict = {"request": octets_to_json(b""), "script": None, "client": [], "app": [], "truncated": True}
    full = "left out, as the report was full"
    return {**x, **nothing, "cut": dict.fromkeys((*PLAYED, "client", "app"), full)}

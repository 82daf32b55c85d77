"""The two witnesses of one exchange on one axis of time: what the client sent and got, and what the application did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateproof.report import hostile

ROWS = 36
LABEL = 38
ROW = 22
PAUSE_S = 0.05


@dataclass(frozen=True)
class Mark:
    """One thing that happened: `y` in units of the drawing, `side` client or app, milliseconds since the first."""

    y: int
    side: str
    direction: str
    ms: str
    label: str


@dataclass(frozen=True)
class Pause:
    """A stretch in which nothing happened."""

    y: int
    text: str


@dataclass(frozen=True)
class Timeline:
    """What is drawn; `height` in units of the drawing, whose width is 720."""

    marks: list[Mark]
    pauses: list[Pause]
    height: int
    more: int


def timeline(exchange: dict[str, Any]) -> Timeline:
    """Return the timeline of an exchange as report.json holds it."""
    happened = sorted([*_client(exchange), *_app(exchange)], key=lambda each: each[0])
    marks: list[Mark] = []
    pauses: list[Pause] = []
    y, before = 52, happened[0][0] if happened else 0.0
    start = before
    for moment, side, direction, label in happened[:ROWS]:
        if moment - before > PAUSE_S:
            pauses.append(Pause(y, f"{_span(moment - before)} of silence"))
            y += ROW
        marks.append(Mark(y, side, direction, f"{(moment - start) * 1000:.1f}", hostile.visible(label, LABEL)))
        y, before = y + ROW, moment
    return Timeline(marks, pauses, y + 4, max(0, len(happened) - ROWS))


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _client(exchange: dict[str, Any]) -> list[tuple[float, str, str, str]]:
    found = []
    for piece in exchange.get("client", []):
        raw = hostile.octets(piece)
        first = raw[:200].split(b"\n", 1)[0].strip().decode("latin-1")
        count = f" ({len(raw)})" if raw else ""
        direction = str(piece.get("dir", ""))
        label = (
            first[: LABEL - len(count)] + count
            if raw
            else {"eof": "the server closed", "fin": "closed"}.get(direction, direction)
        )
        found.append((float(piece.get("t", 0)), "client", "in" if direction in ("in", "eof", "rst") else "out", label))
    return found


def _app(exchange: dict[str, Any]) -> list[tuple[float, str, str, str]]:
    calls = {event.get("call") for event in exchange.get("app", [])}
    found = []
    for event in exchange.get("app", []):
        name = str(event.get("event", ""))
        call = f"#{event.get('call')} " if len(calls) > 1 else ""
        direction = "in" if name in ("call", "scope", "read", "receive") else "out"
        found.append((float(event.get("t", 0)), "app", direction, f"{call}{name} {_brief(event.get('value'))}".strip()))
    return found


def _brief(value: object) -> str:
    """Return the part of a journalled value that tells most in a few characters."""
    form = dict(value["dict"]) if isinstance(value, dict) and _plain(value) else value
    if isinstance(form, dict):
        event = form.get("event")
        if isinstance(event, dict) and _plain(event):
            return str(dict(event["dict"]).get("type", ""))
        for key in ("result", "raised", "status", "item", "type"):
            if form.get(key) is not None:
                return hostile.compact(form[key], LABEL)
        return ""
    return hostile.compact(form, LABEL) if form is not None else ""


def _plain(form: dict[str, Any]) -> bool:
    """Tell whether a form is a dict whose keys are texts."""
    pairs = form.get("dict")
    return isinstance(pairs, list) and all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs
    )

"""A failure in a terminal: what the target sent is told, and does nothing there."""

from __future__ import annotations

from gateproof.report import text

SENT = "caf\udce9\x1b[2J\u202e"
TOLD = r"caf\udce9\x1b[2J\u202e"
JUDGED = {
    "requirement": "WSGI-UNICODE-003",
    "verdict": "fail",
    "expected": "two\nlines",
    "seen": SENT,
    "reason": SENT,
    "k": 1,
    "n": 1,
    "exchanges": [],
}


def test_what_was_seen_can_be_printed_and_moves_no_cursor() -> None:
    """Surrogates, escapes and marks of direction are written out; lines stay lines."""
    shown = text.judgement(JUDGED, None)
    assert shown.splitlines()[1:4] == ["  expected: two", "            lines", f"  seen:     {TOLD}"]
    assert shown.encode("utf-8").decode() == shown


def test_neither_does_what_a_headline_or_an_exchange_says() -> None:
    """The reason stands in the line of a summary, the outcome above an exchange."""
    headline = text.headline({"judgements": [JUDGED]}, {}, ["fail"])
    exchange = text.exchange("x", {"outcome": SENT, "script": None, "client": [], "app": []})
    assert headline.endswith(TOLD)
    assert exchange.splitlines()[0].endswith(TOLD)

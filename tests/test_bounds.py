"""The sizes of a report: nothing that a server or a check did makes it larger, and what is within is played again."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from gateproof import bounds, cli
from gateproof.channel import Event
from gateproof.exchange import Exchange
from gateproof.report import dump, text
from gateproof.results import exchange_to_json
from gateproof.settings import Settings
from gateproof.targets.launched import Launched
from tests.report import made
from tests.running import SCHEMA


def exchange(
    request: bytes = b"GET / HTTP/1.1\r\n\r\n",
    script: Any = None,
    journal: Any = (),
    answer: bytes = b"",
    pieces: int = 1,
) -> Exchange:
    """Return an exchange that both witnesses saw."""
    events = [Event(1.0 + number, 1, "read", value, 0, 0) for number, value in enumerate(journal)]
    found = Exchange("0" * 32, request, script, False, "default-1", "GET", lambda _: events)
    found.trace = [(1.0, "out", request), *[(2.0, "in", answer)] * pieces, (3.0, "eof", b"")]
    return found


LARGE = {
    "request": exchange(b"POST / HTTP/1.1\r\n\r\n" + bytes(10_000_000)),
    "request of almost everything": exchange(b"\xff" * 139_000),
    "script": exchange(script={"call": ["x" * 1_000_000]}),
    "answer": exchange(answer=b"\xff" * 1_000_000),
    "pieces": exchange(answer=b"x", pieces=100_000),
    "ends": exchange(answer=b"", pieces=100_000),
    "journal": exchange(journal=[b"\xff" * 1_000_000]),
    "events": exchange(journal=["x"] * 100_000),
    "all": exchange(bytes(1_000_000), {"call": ["x" * 100_000]}, [b"x" * 1000] * 1000, b"y" * 1_000_000, 5),
}


@pytest.mark.parametrize("name", LARGE)
def test_an_exchange_is_never_larger(name: str) -> None:
    """Whatever it is that is large; and what is cut is said, to a reader too."""
    form = exchange_to_json(LARGE[name])
    assert len(json.dumps(form)) <= bounds.EXCHANGE_BYTES
    assert form["truncated"]
    assert form["cut"]
    assert "the report holds a part only: " in text.exchange("key", form)


def test_what_is_cut_is_counted() -> None:
    """By octets and by events; the end of the journal is not left out for the sake of a large answer."""
    form = exchange_to_json(exchange(answer=b"y" * 1_000_000, journal=["x"] * 10))
    held = sum(len(base64.b64decode(piece["octets"])) for piece in form["client"])
    assert form["cut"] == {"client": f"{held} of 1000018 octets"}
    assert held > 100_000
    assert len(form["app"]) == 10
    form = exchange_to_json(exchange(journal=[b"z" * 100_000] * 4))
    assert form["cut"] == {"app": "2 of 4 events"}
    assert (len(form["app"]), bounds.playable(form)) == (2, True)


def test_what_is_within_the_limits_is_whole() -> None:
    """All octets, the script and the journal; of many octets there is a printable copy of the first."""
    request = b"POST / HTTP/1.1\r\n\r\n" + bytes(60_000)
    form = exchange_to_json(exchange(request, {"call": []}, ["x"], b"y" * 1000))
    assert base64.b64decode(form["request"]["octets"]) == request
    assert form["request"]["text"].endswith(f"... ({len(request)} octets)")
    assert (form["script"], form["truncated"], "cut" in form) == ({"call": []}, False, False)
    assert form["client"][1]["text"] == "y" * 1000


def test_what_is_cut_is_not_played_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no line for it, and who asks for it is told why; what was seen of it may be cut."""
    target = Launched(Settings(server="mine", rootdir=tmp_path))
    for name in ("request", "script"):
        assert target.replay("k", exchange_to_json(LARGE[name])) == ""
    assert "gateproof replay" in target.replay("k", exchange_to_json(LARGE["answer"]))
    report = {"exchanges": {"ab": exchange_to_json(LARGE["request"])}}
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert cli.main(["replay", f"{tmp_path}#ab", "--server=wsgiref"]) == 4
    assert "holds only a part of this exchange, which cannot be played: request: " in capsys.readouterr().err


def test_a_report_is_never_larger() -> None:
    """The exchanges of the worst verdicts stay; the others stay there, but empty."""
    fine, wrong = made.rows(2)
    whole = exchange_to_json(exchange(bytes(100_000)))
    keys = [made.key(number) for number in range(12)]
    entries = {fine.id: made.entry(fine, "pass", tuple(keys[:8])), wrong.id: made.entry(wrong, "fail", (keys[11],))}
    report = made.report(entries, dict.fromkeys(keys, whole))
    limit = len(dump({**report, "exchanges": {}})) + 500_000
    found = bounds.bounded(report, limit)
    assert len(dump(found)) <= limit
    assert [error.message for error in SCHEMA.iter_errors(found)] == []
    assert list(found["exchanges"]) == keys
    emptied = [key for key, x in found["exchanges"].items() if x != whole]
    assert 6 <= len(emptied) <= 11
    assert keys[11] not in emptied
    assert all(bounds.cut_of(found["exchanges"][key]).startswith("request: left out") for key in emptied)
    replays = [entry["checks"][0]["replay"] for entry in found["requirements"].values()]
    assert [bool(replay) for replay in replays] == [False, True]
    assert bounds.bounded(report) is report

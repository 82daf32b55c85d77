"""A certificate claims nothing that was not executed: what earns a level, and what denies it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from gateproof.cli import main
from gateproof.report import badge, companions, schema
from gateproof.report.certificate import certificate, lines
from gateproof.report.merge import merge
from gateproof.report.reading import ReportError
from gateproof.requirements import Requirement
from gateproof.requirements.gates import closed, known
from gateproof.requirements.sets import FrozenCheck, FrozenRow, FrozenSet, gates, text_digest
from gateproof.requirements.sets.levels import level
from tests.report import made

VALID = Draft202012Validator(schema("certificate"), format_checker=FormatChecker())
REPLAY = {"certify": "2026.1", "certify_digest": "sha256:" + "0" * 64}
NOW = datetime(2026, 11, 25, tzinfo=UTC)
ROWS = {row.id: row for row in made.rows(10_000, "asgi")}


def pick(name: str, gate: str = "") -> Requirement:
    """Return a row that first belongs to this level, with this gate."""
    return next(row for row in ROWS.values() if level(row) == name and row.gate == gate)


CORE, FULL, ROBUST = pick("Core"), pick("Full"), pick("Robust")
GATED, WEBSOCKET = pick("Core", "lifespan"), pick("Full", "websocket")
NO_LIFESPAN = "no lifespan: the application was not called for one before the server served"
SHOULD = next(row for row in ROWS.values() if level(row) == "Full" and row.verdict == "warn" and not row.gate)


def frozen(*rows: Requirement, second: Requirement | None = None) -> FrozenSet:
    """Return a set of these rows, each with the one check that a made report has; `second` has two."""
    held, checks = {}, {}
    for row in rows:
        name = made.entry(row)["checks"][0]["id"]
        names = (name, f"{name}_2") if row is second else (name,)
        checks |= {name: FrozenCheck(name, 1) for name in names}
        text = text_digest(row.statement)
        held[row.id] = FrozenRow(
            row.id, row.party, level(row), row.verdict, row.level, row.basis, gates(row), text, names
        )
    return FrozenSet("2026.1", REPLAY["certify_digest"], held, checks)


def scored(
    *entries: tuple[Requirement, dict[str, Any]],
    exchanges: Any = None,
    second: Requirement | None = None,
    **suite: Any,
) -> dict[str, Any]:
    """Return the certificate of a replay in which these rows have these entries; it keeps to its schema."""
    report = made.report({row.id: entry for row, entry in entries}, exchanges, interface="asgi")
    report["suite"] |= {**REPLAY, "runs": 5, "exit_status": 0, **suite}
    found = certificate(report, frozen(*(row for row, _ in entries), second=second), NOW)
    assert [error.message for error in VALID.iter_errors(found)] == []
    return found


def whole() -> list[tuple[Requirement, dict[str, Any]]]:
    """Return a row of each level, all of them passed."""
    return [(row, made.entry(row)) for row in (CORE, SHOULD, ROBUST)]


def test_each_level_holds_those_below() -> None:
    """All passed: Robust. A MUST of HTTP broken: Full. A SHOULD broken: Core. A MUST broken: none."""
    assert scored(*whole())["level"] == "Robust"
    for row, left in ((ROBUST, "Full"), (SHOULD, "Core"), (CORE, None)):
        entries = [(each, made.entry(each, each.verdict) if each is row else entry) for each, entry in whole()]
        found = scored(*entries)
        assert found["level"] == left
        assert [denied["requirement"] for denied in found["levels"]["Robust"]["denied"]] == [row.id]
    assert found["levels"]["Core"] | {"denied": [], "meaning": ""} == {
        "meaning": "",
        "granted": False,
        "kept": 0,
        "waived": 0,
        "gated": 0,
        "of": 1,
        "unmet": [],
        "denied": [],
    }


@pytest.mark.parametrize("verdict", ["fail", "warn", "known", "error", "blocked", "untested", "inform", "unsupported"])
def test_whatever_is_no_pass_denies(verdict: str) -> None:
    """A MUST without a gate is passed or denies the level; the certificate says why."""
    found = scored((CORE, made.entry(CORE, verdict)))
    assert found["level"] is None
    [denied] = found["levels"]["Core"]["denied"]
    assert denied["requirement"] == CORE.id
    assert denied["verdict"] == verdict
    assert denied["why"]


def test_what_was_not_stable_denies() -> None:
    """Whatever its verdict is: a finding that did not repeat, and a pass in some of the runs."""
    for verdict, k, n in (("inform", 3, 6), ("pass", 4, 5)):
        found = scored((CORE, made.entry(CORE, verdict, k=k, n=n, message="")))
        assert found["levels"]["Core"]["denied"][0]["verdict"] == "unstable"
        assert f"{k} of {n}" in found["levels"]["Core"]["denied"][0]["why"]


def test_a_row_leaves_through_its_own_gate_alone() -> None:
    """Where an exchange shows the lack; not where it was only declared, nor where the row has no gate."""
    key = made.key("shown")
    shown = {key: made.exchange()}
    left = made.entry(GATED, "unsupported", (key,), message=NO_LIFESPAN, lacks="lifespan")
    found = scored((CORE, made.entry(CORE)), (GATED, left), exchanges=shown)
    assert (found["levels"]["Core"]["of"], found["level"]) == (1, "Robust")
    assert [(each["requirement"], each["gate"], each["evidence"]) for each in found["gated"]] == [
        (GATED.id, "lifespan", key)
    ]
    other = made.entry(GATED, "unsupported", (key,), message=NO_LIFESPAN)
    made_up = made.entry(GATED, "unsupported", (key,), message=NO_LIFESPAN, lacks="life")
    declared = made.entry(GATED, "unsupported", message="the profile made has no launch `lifespan`")
    for entries, exchanges in (
        ([(CORE, made.entry(CORE)), (GATED, declared)], {}),
        ([(CORE, made.entry(CORE)), (GATED, other)], shown),  # it names no gate
        ([(CORE, made.entry(CORE)), (GATED, made_up)], shown),  # nor this
        ([(CORE, made.entry(CORE)), (GATED, left)], {}),  # the exchange is not in the report
        ([(CORE, made.entry(CORE)), (GATED, left)], {key: made.exchange() | {"client": [], "app": []}}),  # nor this
        ([(CORE, made.entry(CORE, "unsupported", (key,)))], shown),
    ):
        found = scored(*entries, exchanges=exchanges)
        assert found["level"] is None
        assert found["gated"] == []


def both(row: Requirement, verdict: str, *keys: str, first: str = "pass", **about: Any) -> dict[str, Any]:
    """Return an entry of two checks, the first of which passed."""
    entry = made.entry(row, first)
    [other] = made.entry(row, "error" if verdict == "untested" else verdict, keys, **about)["checks"]
    entry["checks"].append(other | {"id": f"{other['id']}_2", "verdict": verdict})
    return entry


@pytest.mark.parametrize("verdict", ["fail", "warn", "known", "error", "blocked", "untested", "inform", "unsupported"])
def test_every_check_of_a_row_counts(verdict: str) -> None:
    """One that passed makes no row kept of which another was not carried out."""
    message = "the profile made has no launch `mount`" if verdict == "unsupported" else None
    about = {} if message is None else {"message": message}
    found = scored((CORE, both(CORE, verdict, **about)), second=CORE)
    assert found["level"] is None
    assert found["levels"]["Core"]["denied"][0]["verdict"] == verdict
    assert scored((CORE, both(CORE, "pass")), second=CORE)["level"] == "Robust"


def test_one_check_may_be_away_for_a_feature_that_is_shown_to_be_lacking() -> None:
    """Beside one that passed: the row counts, and the certificate lists the check. A mere reason shows nothing."""
    key = made.key("shown")
    found = scored(
        (CORE, both(CORE, "unsupported", key, lacks="http/2")), second=CORE, exchanges={key: made.exchange()}
    )
    assert (found["level"], found["levels"]["Core"]["kept"]) == ("Robust", 1)
    assert [(each["requirement"], each["gate"], each["evidence"]) for each in found["partly"]] == [
        (CORE.id, "http/2", key)
    ]
    assert any("partly: " in line for line in lines(found))
    assert scored((CORE, both(CORE, "unsupported", lacks="http/2")), second=CORE)["level"] is None
    for feature, first in (("", "pass"), ("http/2", "unsupported"), ("http/2", "blocked")):
        entry = both(CORE, "unsupported", key, lacks=feature, first=first)
        assert scored((CORE, entry), second=CORE, exchanges={key: made.exchange()})["level"] is None


def test_a_reading_beside_a_pass_is_a_pass() -> None:
    """What one check says of a requirement twice is one saying; a pass beside its lack is none."""
    entry = made.entry(CORE)
    entry["checks"].append(dict(entry["checks"][0], verdict="inform"))
    assert scored((CORE, entry))["level"] == "Robust"
    entry["checks"].append(dict(entry["checks"][0], verdict="unsupported", message="the client is None"))
    assert scored((CORE, entry))["level"] is None


def test_what_closes_a_gate() -> None:
    """The feature itself, one within which it has its place, a version; nothing where a check names nothing."""
    assert closed("extension:tls", "extension:tls")
    assert not closed("extension:tls", "extension:http.response.push")
    assert closed("extension:http.response.push", "http/2")
    assert not closed("http/2", "extension:http.response.push")
    assert closed("spec_version 2.4", "spec_version 2.4")
    assert not closed("spec_version 2.3", "spec_version 2.4")
    assert not any(closed(gate, "") for gate in ("lifespan", "chunked-requests"))
    assert known("spec_version 2.4")
    assert not known("")


def test_a_launch_is_asked_once() -> None:
    """What an exchange of one check showed counts for the others that say the same of it."""
    key = made.key("shown")
    other = next(row for row in ROWS.values() if row.gate == "lifespan" and level(row) == "Core" and row is not GATED)
    entries = [
        (GATED, made.entry(GATED, "unsupported", (key,), lacks="lifespan")),
        (other, made.entry(other, "unsupported", lacks="lifespan")),
    ]
    found = scored((CORE, made.entry(CORE)), *entries, exchanges={key: made.exchange()})
    assert found["level"] == "Robust"
    assert {each["evidence"] for each in found["gated"]} == {key}


def test_a_should_is_waived_in_public() -> None:
    """With a reason and an address; a MUST never, nor what is only known."""
    waived = made.entry(SHOULD, "known", baseline_url="https://example.org/1")
    found = scored((CORE, made.entry(CORE)), (SHOULD, waived))
    assert found["level"] == "Robust"
    assert found["waived"][0]["url"] == "https://example.org/1"
    assert badge.message(found) == "Robust 2026.1, 2/2 (1 waived)"
    assert scored((CORE, made.entry(CORE)), (SHOULD, made.entry(SHOULD, "known")))["level"] == "Core"
    bare = both(SHOULD, "known", first="known")
    bare["checks"][0]["baseline_url"] = "https://example.org/1"
    assert scored((CORE, made.entry(CORE)), (SHOULD, bare), second=SHOULD)["level"] == "Core"
    script = made.entry(SHOULD, "known", baseline_url="javascript:alert(1)")
    assert scored((CORE, made.entry(CORE)), (SHOULD, script))["level"] == "Core"
    assert scored((CORE, made.entry(CORE, "known", baseline_url="https://example.org/1")))["level"] is None


def test_the_run_must_have_been_a_replay() -> None:
    """Of this set, complete, and without trouble of ours; Robust wants repeats."""
    assert scored(*whole(), certify="")["level"] is None
    assert scored(*whole(), certify="2025.1")["level"] is None
    assert scored(*whole(), certify_digest="sha256:" + "1" * 64)["level"] is None
    assert scored(*whole(), complete=False)["level"] is None
    assert scored(*whole(), exit_status=2)["level"] is None
    assert scored(*whole(), runs=4)["level"] == "Full"


def test_what_was_frozen_is_what_counts() -> None:
    """Another revision's check, another sentence or a missing check deny; a check that came later changes nothing."""
    entry = made.entry(CORE)
    report = made.report({CORE.id: entry}, interface="asgi")
    report["suite"] |= REPLAY
    held = frozen(CORE)
    later = dict(entry["checks"][0], id="asgi/server/made/later", verdict="fail")
    entry["checks"].append(later)
    assert certificate(report, held, NOW)["level"] == "Full"
    held.checks[entry["checks"][0]["id"]].__dict__["revision"] = 2
    found = certificate(report, held, NOW)
    assert found["levels"]["Core"]["denied"][0]["why"] == f"not as it was frozen: {entry['checks'][0]['id']}"
    entry["checks"][0]["revision"] = 2
    entry["statement"] += " And more."
    found = certificate(report, held, NOW)
    assert found["levels"]["Core"]["denied"][0]["why"] == "its sentence is not the frozen one"
    entry["statement"], entry["checks"] = CORE.statement, [later]
    assert certificate(report, held, NOW)["levels"]["Core"]["denied"][0]["why"].startswith("not run: ")


def test_rows_that_no_check_judges_deny() -> None:
    """A set that holds a row without a check grants nothing that would need it."""
    held = frozen(CORE, GATED)
    held.rows[GATED.id].__dict__["checks"] = ()  # type: ignore[index]
    report = made.report({CORE.id: made.entry(CORE), GATED.id: made.entry(GATED, "untested")}, interface="asgi")
    report["suite"] |= REPLAY
    found = certificate(report, held, NOW)
    assert found["levels"]["Core"]["denied"][0]["why"] == "no check of the set judges it"


def test_repeats_that_differ_deny() -> None:
    """Five runs, in one of which something broke: not stable, so no level that wants it."""
    runs = []
    for number in range(5):
        report = made.report({CORE.id: made.entry(CORE, "fail" if number == 3 else "pass")}, interface="asgi")
        report["suite"] |= REPLAY
        runs.append(report)
    merged = merge(runs)
    assert merged["suite"]["certify"] == "2026.1"
    found = certificate(merged, frozen(CORE), NOW)
    assert found["suite"]["runs"] == 5
    assert found["levels"]["Core"]["denied"][0] | {"statement": ""} == {
        "requirement": CORE.id,
        "verdict": "unstable",
        "why": "unstable: fail in 1 of 5 runs",
        "statement": "",
    }


def test_what_draws_find_stands_beside() -> None:
    """It is listed with its effort, and changes no level."""
    report = made.report({CORE.id: made.entry(CORE)}, interface="asgi")
    report["suite"] |= REPLAY
    thorough = made.report({CORE.id: made.entry(CORE, "fail")}, interface="asgi")
    thorough["suite"]["effort"] = "thorough"
    found = certificate(report, frozen(CORE), NOW, [thorough])
    assert found["level"] == "Full"
    assert [(each["requirement"], each["effort"]) for each in found["beside"]] == [(CORE.id, "thorough")]
    assert any("beside, not scored" in line for line in lines(found))


def test_another_target_stands_not_beside() -> None:
    """What a run of another server, version or interface found says nothing of this one."""
    report = made.report({CORE.id: made.entry(CORE)}, interface="asgi")
    for about in ({"name": "other"}, {"version": "2"}, {"interface": "wsgi"}):
        other = made.report({}, **{"interface": "asgi", **about})
        with pytest.raises(ReportError, match=r"cannot stand beside made 1\.0: another target"):
            certificate(report, frozen(CORE), NOW, [other])


def test_lines_are_fit_to_be_shown() -> None:
    """A terminal gets no control characters, whatever a server calls itself or answers."""
    key, evil = made.key("shown"), "\x1b[2J\x1b]0;x\x07\u202e"
    gated = made.entry(GATED, "unsupported", (key,), message=f"{NO_LIFESPAN} {evil}", lacks="lifespan")
    report = made.report({GATED.id: gated}, {key: made.exchange()}, interface="asgi", name=evil, version=evil)
    report["suite"] |= REPLAY
    known = made.entry(SHOULD, "known", baseline_url="https://example.org/1")
    known["checks"][0]["baseline"] = evil
    report["requirements"][SHOULD.id] = known
    said = lines(certificate(report, frozen(GATED, SHOULD), NOW))
    assert sum("gated: " in line or "waived: " in line for line in said) == 2
    assert all(line.isprintable() for line in said)
    report["target"]["name"] = "::stop-commands::x"
    assert lines(certificate(report, frozen(GATED, SHOULD), NOW))[0].startswith("| ::stop-commands::")


def kept(folder: Path, report: dict[str, Any]) -> Path:
    """Write a report.json and return its folder."""
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps(report))
    return folder


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both write their files and say what they claim; a certificate without a level is status 1."""
    folder = kept(tmp_path / "a", made.big(20, 3))
    assert main(["certificate", str(folder), "--beside", str(folder)]) == 1
    said = capsys.readouterr().out
    assert "no level" in said
    assert "no replay of the set 2026.1" in said
    found = json.loads((folder / "certificate.json").read_text())
    assert [error.message for error in VALID.iter_errors(found)] == []
    assert main(["badge", str(folder), "--url", "https://example.org/r/"]) == 0
    said = capsys.readouterr().out
    assert "[![Conformance](https://example.org/r/badge.svg)](https://example.org/r/report.html)" in said
    assert ".. image:: https://example.org/r/badge.svg" in said
    assert '<a href="https://example.org/r/report.html"><img src="https://example.org/r/badge.svg"' in said
    assert "https://img.shields.io/endpoint?url=https%3A%2F%2Fexample.org%2Fr%2Fbadge.json" in said
    assert (folder / "badge.svg").is_file()
    assert main(["certificate", str(folder), "--set", "1999.1"]) == 4
    assert "there is no set 1999.1; known are 2026.1" in capsys.readouterr().err


def test_only_a_replay_leaves_a_certificate() -> None:
    """An ordinary run leaves a badge with counts, and no certificate.json."""
    report = made.big(20, 3)
    assert "certificate.json" not in companions(report)
    assert "badge.json" in companions(report)
    report["suite"]["certify"] = "2026.1"
    assert "certificate.json" in companions(report)

"""The formats of others: each output keeps to its published schema, whatever a server sent."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from jsonschema import Draft202012Validator
from rdflib import Graph, Namespace
from rdflib.namespace import RDF

from gateproof.report import badge, companions, dump, summary
from gateproof.report.attestation import attestation
from gateproof.report.certificate import certificate
from gateproof.report.ctrf import ctrf
from gateproof.report.earl import OUTCOMES, earl
from gateproof.requirements import SET, sets
from gateproof.verdicts import Verdict
from tests.report import made
from tests.report.test_html import NASTY

SCHEMAS = Path(__file__).parent / "schemas"
EARL = Namespace("http://www.w3.org/ns/earl#")
DCT = Namespace("http://purl.org/dc/terms/")


def schema(name: str) -> Draft202012Validator:
    """Return the validator of a schema beside this file."""
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text()))


def every_verdict(hostile: str = "") -> dict[str, Any]:
    """Return a report with a requirement of each verdict; `hostile` stands wherever a server's words may."""
    rows = made.rows(len(Verdict), "wsgi")
    entries = {row.id: made.entry(row, str(verdict)) for row, verdict in zip(rows, Verdict, strict=True)}
    report = made.report(entries)
    if hostile:
        for entry in entries.values():
            entry |= {"reason": hostile, "reading": hostile}
            for check in entry["checks"]:
                check |= {"message": hostile, "seen": hostile, "expected": hostile, "baseline": hostile}
        report["target"] |= {"name": hostile, "version": hostile, "argv": [hostile]}
        report["suite"]["problems"] = [hostile]
    return report


def badge_of(report: dict[str, Any], level: str | None = None, **more: Any) -> dict[str, Any]:
    """Return the certificate of a report, as if it had earned a level."""
    return certificate(report, sets.load(SET)) | {"level": level} | more


def test_ctrf_keeps_to_its_schema() -> None:
    """A test for each requirement, counted by the format's own words, with the verdict beside it."""
    found = ctrf(every_verdict())
    assert [error.message for error in schema("ctrf").iter_errors(found)] == []
    summary_ = found["results"]["summary"]
    assert summary_["tests"] == len(Verdict) == sum(summary_[key] for key in ("passed", "failed", "skipped", "other"))
    assert (summary_["failed"], summary_["passed"], summary_["other"], summary_["skipped"]) == (1, 3, 2, 3)
    assert {test["rawStatus"] for test in found["results"]["tests"]} == {str(verdict) for verdict in Verdict}
    assert not schema("ctrf").is_valid({**found, "results": {}})


def unstable() -> dict[str, Any]:
    """Return a report of a requirement that passed, and one that did not say the same each time."""
    one, two = made.rows(2, "wsgi")
    message = "unstable: fail in 3 of 5 runs"
    doubtful = made.entry(two, "inform", k=3, n=5, message=message, seen="another")
    doubtful["checks"].append(dict(doubtful["checks"][0], id="wsgi/server/made/b", verdict="pass", k=5, message=""))
    return made.report({one.id: made.entry(one), two.id: doubtful | {"verdict": "pass"}})


def test_what_is_unstable_is_not_shown_as_passed() -> None:
    """Flaky for CTRF, in no list of an attestation, listed in the summary, and told where the verdict is."""
    report = unstable()
    first, second = ctrf(report)["results"]["tests"]
    assert (first["status"], "flaky" in first) == ("passed", False)
    assert (second["status"], second["flaky"], second["message"]) == ("other", True, "unstable: fail in 3 of 5 runs")
    assert [error.message for error in schema("ctrf").iter_errors(ctrf(report))] == []
    found = attestation(with_digest(report), sets.load(SET))
    assert found is not None
    assert (found["predicate"]["result"], len(found["predicate"]["passedTests"])) == ("WARNED", 1)
    text = summary.summary(report, badge_of(report))
    assert "none is broken, 1 unstable." in text
    assert "### unstable (1)" in text
    assert "unstable: fail in 3 of 5 runs" in text


def test_the_configuration_is_the_same_in_each_run() -> None:
    """The command of a server has another port each time; what was asked for has not."""
    one, two = unstable(), unstable()
    two["target"]["argv"] = [*two["target"]["argv"], "--port=41234"]
    first, second = (attestation(with_digest(each), sets.load(SET)) for each in (one, two))
    assert first is not None
    assert first == second
    two["target"]["spec"] = ["--server=made --threads=2"]
    assert attestation(two, sets.load(SET)) != first


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")  # its own parser uses what it gives up
def test_earl_says_what_the_vocabulary_has() -> None:
    """As RDF: each assertion has one of everything that EARL 1.0 demands, and outcomes that it defines."""
    graph = Graph().parse(data=json.dumps(earl(every_verdict())), format="json-ld")
    assertions = list(graph.subjects(RDF.type, EARL.Assertion))
    assert len(assertions) == len(Verdict)
    classes = {"assertedBy": EARL.Assertor, "subject": EARL.TestSubject, "test": EARL.TestRequirement}
    for assertion in assertions:
        for name, kind in {**classes, "result": EARL.TestResult}.items():
            [value] = graph.objects(assertion, EARL[name])
            assert (value, RDF.type, kind) in graph
        [result] = graph.objects(assertion, EARL.result)
        [outcome] = graph.objects(result, EARL.outcome)
        assert outcome in {EARL[word] for word in ("passed", "failed", "cantTell", "inapplicable", "untested")}
        assert list(graph.objects(assertion, EARL.mode)) == [EARL.automatic]
    assert set(OUTCOMES) == {str(verdict) for verdict in Verdict}
    assert len(list(graph.subject_objects(DCT.identifier))) == len(Verdict)


def with_digest(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report of an installed distribution."""
    report["target"] |= {"distribution": "made", "digest": "a" * 64}
    return report


def test_the_attestation_is_a_statement() -> None:
    """in-toto's own messages read it, every field of it, and find nothing missing."""
    found = attestation(with_digest(every_verdict()), sets.load(SET))
    assert found is not None
    message = json_format.ParseDict(found, StatementMessage())
    Statement.copy_from_pb(message).validate()
    predicate = json_format.ParseDict(found["predicate"], test_result_pb2.TestResult())
    assert predicate.result == "FAILED"
    assert len(predicate.configuration) == 2
    assert json_format.MessageToDict(message)["subject"] == [
        {"name": "pkg:pypi/made@1.0", "digest": {"dirHash": "a" * 64}}
    ]
    judged = {*predicate.passed_tests, *predicate.warned_tests, *predicate.failed_tests}
    assert len(judged) == 4  # pass, warn, fail, known; what was not judged is in no list


@pytest.mark.parametrize(
    ("verdicts", "result"),
    [
        (("pass", "inform", "unsupported"), "PASSED"),
        (("pass", "warn"), "WARNED"),
        (("pass", "blocked"), "WARNED"),
        (("pass", "fail"), "FAILED"),
        (("pass", "error"), "FAILED"),
        (("inform",), "FAILED"),
    ],
)
def test_the_result_claims_no_more_than_was_judged(verdicts: tuple[str, ...], result: str) -> None:
    """Nothing passed is no pass; an incomplete run neither; without a digest there is nothing to attest."""
    rows = made.rows(len(verdicts), "wsgi")
    report = made.report({row.id: made.entry(row, verdict) for row, verdict in zip(rows, verdicts, strict=True)})
    assert attestation(report, sets.load(SET)) is None
    found = attestation(with_digest(report), sets.load(SET))
    assert found is not None
    assert found["predicate"]["result"] == result
    report["suite"]["complete"] = False
    found = attestation(report, sets.load(SET))
    assert found is not None
    assert found["predicate"]["result"] == "FAILED"


def test_badges() -> None:
    """The endpoint's schema; orange with counts, the level's colour with it, grey where incomplete or old."""
    report = every_verdict()
    plain = badge_of(report)
    for found in (plain, badge_of(report, "Core"), badge_of(report, "Full"), badge_of(report, "Robust")):
        assert [error.message for error in schema("shields-endpoint").iter_errors(badge.endpoint(found))] == []
        ElementTree.fromstring(badge.svg(found))
    counts = plain["levels"]["Core"]
    assert badge.message(plain) == f"{counts['kept']} of {counts['of']}, set {SET}"
    assert badge.color(plain) == badge.COUNTED
    assert badge.message(badge_of(report, "Full")).startswith(f"Full {SET}, ")
    report["suite"]["complete"] = False
    assert badge.color(badge_of(report, "Full")) == badge.GREY


def test_a_badge_is_grey_after_180_days() -> None:
    """Counted from the start of the run to the time of making."""
    report = every_verdict()
    started = datetime(2026, 1, 1, tzinfo=UTC)
    report["suite"]["started"] = started.isoformat()
    for days, outdated in ((179, False), (180, True)):
        found = certificate(report, sets.load(SET), started + timedelta(days=days, hours=1))
        assert found["outdated"] is outdated
        assert (badge.color(found) == badge.GREY) is outdated


def test_hostile_content_stays_data() -> None:
    """In every companion: JSON is ASCII, XML parses and holds one text for each side, Markdown has no markup."""
    report = with_digest(every_verdict(NASTY))
    texts = {name: make() for name, make in companions(report).items()} | {"report.json": dump(report)}
    for name in ("badge.json", "ctrf.json", "earl.jsonld", "attestation.json", "report.json"):
        assert texts[name].isascii()
        json.loads(texts[name])
    svg = ElementTree.fromstring(texts["badge.svg"])
    assert {element.tag.rpartition("}")[2] for element in svg.iter()} <= {
        "svg",
        "title",
        "clipPath",
        "rect",
        "g",
        "text",
    }
    markdown = texts["summary.md"]
    assert "<script" not in markdown
    assert not any(mark in markdown for mark in ("\x00", "\x1b", "\u202e", "\u200b"))
    markdown.encode("utf-8")


def test_the_summary_goes_to_the_page_of_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is appended, and nothing happens where there is no such page."""
    page = tmp_path / "page.md"
    page.write_text("before\n")
    monkeypatch.delenv(summary.STEP_SUMMARY, raising=False)
    summary.append("lost")
    monkeypatch.setenv(summary.STEP_SUMMARY, str(page))
    report = every_verdict()
    summary.append(summary.summary(report, badge_of(report)))
    text = page.read_text()
    assert text.startswith("before\n## gateproof: made 1.0 (WSGI server)")
    assert "### fail (1)" in text
    assert "Core is not earned" in text


def test_all_companions_cost_little() -> None:
    """A report of 400 requirements with 50 failures and everything beside it: under 0.8 s of processor time."""
    report = with_digest(made.big(400, 50))

    def every() -> None:
        for make in companions(report).values():
            make()

    every()
    started = time.process_time()
    every()
    assert time.process_time() - started < 0.8

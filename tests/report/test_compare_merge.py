"""Two reports side by side, and one out of several."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gateproof.cli import main
from gateproof.report import schema
from gateproof.report.compare import compare, lines
from gateproof.report.merge import merge
from gateproof.report.reading import ReportError
from tests.report import made
from tests.running import SCHEMA

COMPARISON = Draft202012Validator(schema("comparison"))


def saying(*verdicts: str, **about: Any) -> dict[str, Any]:
    """Return a report in which the rows of WSGI servers get these verdicts, in this order."""
    rows = made.rows(len(verdicts), "wsgi")
    return made.report({row.id: made.entry(row, verdict) for row, verdict in zip(rows, verdicts, strict=True)}, **about)


def kept(tmp_path: Path, name: str, report: dict[str, Any]) -> str:
    """Write a report.json and return its folder."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps(report))
    return str(folder)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("pass", "fail", "new"),
        ("known", "fail", "new"),
        ("untested", "fail", "new"),
        ("warn", "fail", "new"),
        ("pass", "warn", "new"),
        ("fail", "pass", "fixed"),
        ("known", "pass", "fixed"),
        ("warn", "inform", "fixed"),
        ("fail", "unsupported", "fixed"),
        ("fail", "blocked", "stale"),
        ("known", "untested", "stale"),
        ("warn", "error", "stale"),
        ("fail", "warn", "changed"),
        ("fail", "known", "changed"),
        ("pass", "untested", "changed"),
        ("blocked", "pass", "changed"),
        ("pass", "pass", ""),
        ("fail", "fail", ""),
    ],
)
def test_each_difference_has_its_kind(before: str, after: str, kind: str) -> None:
    """What a pair of verdicts means."""
    found = compare(saying(before), saying(after))
    assert {name for name, each in found.kinds() if each} == ({kind} if kind else set())
    assert found.regressed() is (kind == "new" and after == "fail")
    assert found.regressed("warn") is (kind == "new")
    assert lines(found)[-1].endswith(" stale")


def test_rows_that_come_and_go_and_readings() -> None:
    """A row that only one report has is told if it deviates; another reading is a change."""
    assert [each.after for each in compare(saying("pass"), saying("pass", "fail")).new] == ["fail"]
    assert [each.before for each in compare(saying("pass", "fail"), saying("pass")).stale] == ["fail"]
    assert not any(found for _, found in compare(saying("pass"), saying("pass", "pass")).kinds())
    one, two = saying("inform"), saying("inform")
    name = next(iter(one["requirements"]))
    one["requirements"][name]["reading"], two["requirements"][name]["reading"] = "a", "b"
    assert compare(one, two).changed[0].detail == "a -> b"


def test_the_command_that_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1 on what is new alone; JSON on demand; status 4 and a message for what is no report."""
    good, bad = kept(tmp_path, "a", saying("pass", "fail")), kept(tmp_path, "b", saying("fail", "pass"))
    assert main(["compare", good, bad]) == 1
    assert "1 new, 1 fixed, 0 changed, 0 stale" in capsys.readouterr().out
    assert main(["compare", good, f"{good}/report.json"]) == 0
    assert main(["compare", bad, good, "--json"]) == 1
    found = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert found["new"][0]["after"] == "fail"
    assert [error.message for error in COMPARISON.iter_errors(found)] == []
    assert not COMPARISON.is_valid({**found, "new": [{}]})
    assert main(["report", kept(tmp_path, "newer", saying("pass", set_name="2999.1"))]) == 4
    assert "of the set '2999.1', which this gateproof does not have" in capsys.readouterr().err
    (tmp_path / "c").write_text("[]")
    assert main(["compare", good, str(tmp_path / "c")]) == 4
    assert main(["compare", good, str(tmp_path / "none")]) == 4
    assert "is not a report of gateproof" in capsys.readouterr().err


def not_run(report: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a report in which the checks of these requirements were left out."""
    for name in names:
        entry = report["requirements"][name]
        report["suite"]["missing"].append(entry["checks"][0]["id"])
        entry |= {"verdict": "untested", "reason": f"not run: {entry['checks'][0]['id']}", "checks": []}
    report["suite"]["complete"] = False
    report["totals"] = made.totals(report["requirements"])
    return report


def test_shards_make_a_whole() -> None:
    """What one shard left out another ran: complete, and in any order the same verdicts."""
    a, b, c = (row.id for row in made.rows(3, "wsgi"))
    first, second = not_run(saying("pass", "fail", "pass"), c), not_run(saying("pass", "fail", "warn"), a, b)
    whole = merge([first, second])
    assert [entry["verdict"] for entry in whole["requirements"].values()] == ["pass", "fail", "warn"]
    assert whole["suite"]["complete"] is True
    assert (whole["suite"]["runs"], whole["suite"]["exit_status"]) == (1, 1)
    assert [error.message for error in SCHEMA.iter_errors(whole)] == []
    assert merge([second, first])["totals"] == whole["totals"]
    part = merge([first, not_run(saying("pass", "fail", "pass"), a, b, c)])
    assert part["requirements"][c]["verdict"] == "untested"
    assert part["suite"]["complete"] is False


def test_repeats_say_k_of_n() -> None:
    """Broken in every run: fail; in some: inform and unstable; a pass that flickers is unstable as well."""
    runs = [saying("fail", "pass", "pass"), saying("fail", "fail", "unsupported"), saying("fail", "pass", "pass")]
    whole = merge(runs)
    checks = [entry["checks"][0] for entry in whole["requirements"].values()]
    assert [(check["verdict"], check["k"], check["n"]) for check in checks] == [
        ("fail", 3, 3),
        ("inform", 1, 3),
        ("pass", 2, 3),
    ]
    assert checks[1]["message"] == "unstable: fail in 1 of 3 runs"
    assert whole["suite"]["runs"] == 3
    assert merge([saying("pass"), saying("fail")])["suite"]["exit_status"] == 0


@pytest.mark.parametrize(
    ("verdicts", "stands", "k", "status"),
    [
        (("fail", "fail", "fail", "warn", "warn"), "fail", 5, 1),
        (("fail", "fail", "fail", "fail", "known"), "fail", 5, 1),
        (("fail", "fail", "fail", "fail", "blocked"), "fail", 4, 1),
        (("warn", "warn", "known", "known", "error"), "warn", 4, 0),
        (("known",) * 5, "known", 5, 0),
        (("fail", "warn", "pass", "pass", "pass"), "inform", 2, 0),
        (("known", "known", "pass", "pass", "pass"), "inform", 2, 0),
        (("pass", "pass", "pass", "pass", "error"), "error", 1, 0),
    ],
)
def test_what_is_broken_in_every_run_stays_broken(verdicts: tuple[str, ...], stands: str, k: int, status: int) -> None:
    """Whether each run calls it fail, warn or known; what a run could not judge takes nothing back."""
    row = made.rows(1, "wsgi")[0]
    runs = [made.report({row.id: made.entry(row, verdict)}) for verdict in verdicts]
    whole = merge(runs)
    [check] = whole["requirements"][row.id]["checks"]
    assert (check["verdict"], check["k"], check["n"]) == (stands, k, 5)
    assert whole["requirements"][row.id]["verdict"] == stands
    assert whole["suite"]["exit_status"] == status
    assert sum(check["tally"].values()) == 5
    assert [error.message for error in SCHEMA.iter_errors(whole)] == []
    nested = merge([merge(runs[:2]), merge(runs[2:])])
    [again] = nested["requirements"][row.id]["checks"]
    assert again["tally"] == check["tally"]
    assert (again["verdict"], again["k"], again["n"]) == (stands, k, 5)


def test_a_run_counts_once() -> None:
    """A report that is given again is refused, also one that lies within a merged one; other runs add up."""
    runs = [saying("pass") for _ in range(10)]
    five = merge(runs[:5])
    assert five["suite"]["runs"] == 5
    assert [part["id"] for part in five["suite"]["parts"]] == [run["suite"]["id"] for run in runs[:5]]
    for twice in ([runs[0]] * 5, [five, runs[2]], [five, five]):
        with pytest.raises(ReportError, match=r"the run [0-9a-f]{32} of made 1.0 is there twice"):
            merge(twice)
    ten = merge([five, merge(runs[5:])])
    assert (ten["suite"]["runs"], len(ten["suite"]["parts"])) == (10, 10)
    assert merge([ten])["suite"]["runs"] == 10
    assert [error.message for error in SCHEMA.iter_errors(ten)] == []
    unnamed = saying("pass")
    del unnamed["suite"]["id"]
    with pytest.raises(ReportError, match=r"sha256:[0-9a-f]+ of made 1\.0 is there twice"):
        merge([unnamed, json.loads(json.dumps(unnamed))])


def test_what_did_not_run_stays_missing_beside_what_is_broken() -> None:
    """A broken row hides no check that was left out, and what says nothing of it is not complete either."""
    warned = saying("warn", "pass", complete=False)
    warned["suite"]["missing"] = ["wsgi/server/made/left_out"]
    assert merge([warned])["suite"]["complete"] is False
    second = saying("warn", "pass", complete=False)
    assert merge([warned, second])["suite"]["missing"] == ["wsgi/server/made/left_out"]
    whole = saying("warn", "pass")
    entry = whole["requirements"][made.rows(1, "wsgi")[0].id]
    entry["checks"].append(dict(entry["checks"][0], id="wsgi/server/made/left_out", verdict="pass"))
    assert merge([warned, whole])["suite"]["complete"] is True
    assert merge([second, whole])["suite"]["complete"] is False  # nobody knows what it left out


def test_what_is_not_merged() -> None:
    """Reports of two targets, two versions or two suites are no shards of one run."""
    with pytest.raises(ReportError, match="different target name are not merged: 'made', 'other'"):
        merge([saying("pass"), saying("pass", name="other")])
    with pytest.raises(ReportError, match="different target version"):
        merge([saying("pass"), saying("pass", version="2")])
    for part, key, value in (
        ("target", "digest", "b" * 64),
        ("target", "distribution", "other"),
        ("target", "spec", ["--server=made --threads 2"]),
        ("suite", "effort", "thorough"),
        ("suite", "baseline", "sha256:" + "0" * 64),
        ("suite", "certify_digest", "sha256:" + "0" * 64),
    ):
        other = saying("pass")
        other[part][key] = value
        with pytest.raises(ReportError, match=f"reports of different {part} {key} are not merged"):
            merge([saying("pass"), other])
    with pytest.raises(ReportError, match="nothing to merge"):
        merge([])


def test_the_command_that_merges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The replay line names the merged report; the companions are written as well; the status is that of the whole."""
    row = made.rows(1, "wsgi")[0]
    one, two = (
        made.report({row.id: made.entry(row, "fail", ("a" * 32,))}, {"a" * 32: made.exchange()}) for _ in range(2)
    )
    out = tmp_path / "out"
    assert main(["merge", kept(tmp_path, "a", one), kept(tmp_path, "b", two), "-o", str(out)]) == 1
    merged = json.loads((out / "report.json").read_text())
    assert (
        merged["requirements"][row.id]["checks"][0]["replay"] == f"gateproof replay '{out}#aaaaaaaaaaaa' --server=made"
    )
    assert (out / "report.html").is_file()
    assert main(["report", str(out), "-o", str(tmp_path / "again")]) == 0
    assert (tmp_path / "again" / "report.html").read_text() == (out / "report.html").read_text()
    assert main(["merge", str(out), kept(tmp_path, "c", saying("pass", version="2")), "-o", str(out)]) == 4
    assert "are not merged" in capsys.readouterr().err

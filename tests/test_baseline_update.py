"""`--baseline-update`: what fails is added, what is stale goes, comments stay."""

from __future__ import annotations

import tomllib
from pathlib import Path

from gateproof.baseline import Entry, Review, load
from gateproof.baseline_update import updated

from .running import SERVER, run

TEXT = """\
# Known deviations of our server.

# Issue 12, open since May.
[[known]]
requirement = "WSGI-ENV-001"
reason = "a subclass" # until 2.0

# Fixed in 1.9.
[[known]]
requirement = "WSGI-ENV-002"
reason = "gone"
"""


def check(requirement: str, verdict: str, seen: str = "x") -> dict[str, object]:
    """What one check said."""
    said = {"requirement": requirement, "verdict": verdict, "seen": seen, "reason": ""}
    return {"id": "wsgi/server/some/check", "judgements": [said]}


def entries() -> list[Entry]:
    """The entries of TEXT."""
    return [Entry("WSGI-ENV-001", "a subclass"), Entry("WSGI-ENV-002", "gone")]


def test_a_stale_entry_goes_with_its_comment_and_all_else_stays() -> None:
    """Octet for octet."""
    now = updated(TEXT, entries(), Review(stale=entries()[1:]), [], {"fail"}, "default")
    assert now == TEXT[: TEXT.index("\n# Fixed")]


def test_what_fails_is_added_once_for_each_check() -> None:
    """With what was seen as its reason, whatever that holds; a warning only where it counts as failure."""
    checks = [check("WSGI-ENV-005", "fail", 'a "quoted"\n\x00\x7f\u2028 value'), check("WSGI-ENV-006", "warn")]
    now = updated(TEXT, entries(), Review(), checks, {"fail"}, "quick")
    assert now.startswith(TEXT)
    added = tomllib.loads(now)["known"][2:]
    assert [entry["requirement"] for entry in added] == ["WSGI-ENV-005"]
    assert added[0]["check"] == "wsgi/server/some/check"
    assert "effort" not in added[0]
    both = updated("", [], Review(), checks, {"fail", "warn"}, "thorough")
    assert [entry["effort"] for entry in tomllib.loads(both)["known"]] == ["thorough", "thorough"]


def test_an_empty_baseline_stays_empty() -> None:
    """Nothing is invented."""
    assert updated("", [], Review(), [check("WSGI-ENV-001", "pass")], {"fail"}, "default") == "\n"


def test_a_run_writes_it_and_the_next_one_is_as_declared(tmp_path: Path) -> None:
    """The reference server has nothing that fails: a stale entry goes, and the next run ends with 0."""
    (tmp_path / "b.toml").write_text('# ours\n\n[[known]]\nrequirement = "WSGI-ENV-001"\nreason = "none"\n')
    chosen = ["-k", "builtin_dict", "--baseline=b.toml"]
    assert run(tmp_path, SERVER, *chosen).returncode == 1
    done = run(tmp_path, SERVER, *chosen, "--baseline-update")
    assert "baseline: b.toml is up to date: 0 added, 1 removed" in done.stdout
    assert (tmp_path / "b.toml").read_text() == "# ours\n"
    assert run(tmp_path, SERVER, *chosen).returncode == 0
    assert load(tmp_path / "b.toml") == []


def test_a_new_file_can_be_begun(tmp_path: Path) -> None:
    """A baseline that does not exist yet is empty where it is to be written."""
    done = run(tmp_path, SERVER, "-k", "builtin_dict", "--baseline=new.toml", "--baseline-update")
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "new.toml").exists()


def test_an_update_needs_a_file(tmp_path: Path) -> None:
    """One message, status 4."""
    done = run(tmp_path, SERVER, "--baseline-update")
    assert done.returncode == 4
    assert "--baseline-update needs --baseline=FILE" in done.stderr + done.stdout

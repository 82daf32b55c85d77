"""The pages say what the rows say."""

from __future__ import annotations

from pathlib import Path

from gateproof import requirements
from gateproof.requirements import pages


def test_the_pages_are_what_the_rows_say() -> None:
    """Run `python -m gateproof.requirements.pages` after a change of rows, checks or mutants."""
    assert pages.stale() == []


def test_every_row_has_its_place() -> None:
    """Its page holds a heading with its id, once."""
    made = pages.pages()
    for row in requirements.load():
        assert made[pages.file_name(row)].split("\n").count(f"## {row.id}") == 1


def test_drift_is_seen(tmp_path: Path) -> None:
    """A page that is missing, changed or left over is named."""
    pages.write(tmp_path)
    assert pages.stale(tmp_path) == []
    (tmp_path / "frame.md").unlink()
    (tmp_path / "wsgi-env.md").write_text("# something else\n")
    (tmp_path / "old.md").write_text("# old\n")
    assert pages.stale(tmp_path) == ["frame.md", "old.md", "wsgi-env.md"]


def test_links_to_checks_lead_to_files() -> None:
    """A check's link is relative to the pages' folder."""
    text = pages.pages()["wsgi-env.md"]
    assert "](../../suites/wsgi/server/test_environ.py)" in text
    assert (pages.FOLDER / "../../suites/wsgi/server/test_environ.py").resolve().is_file()

"""What is kept of a TOML file that was read stands for it as long as it is the same, and never for another one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gateproof import kept


def test_what_is_kept_is_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time nothing is parsed; a file that changed, and what cannot be kept, cost time alone."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    file, parsed = tmp_path / "rows.toml", []
    original = kept.tomllib.loads
    monkeypatch.setattr(kept.tomllib, "loads", lambda text: parsed.append(text) or original(text))
    for text, times in (("a = 1", 1), ("a = 1", 1), ("a = 2", 2)):
        file.write_text(text)
        assert kept.toml(file) == {"a": int(text[-1])}
        assert len(parsed) == times
    (place,) = (tmp_path / "__pycache__").iterdir()
    place.write_bytes(b"no JSON")
    assert kept.toml(file) == {"a": 2}
    place.unlink()
    place.mkdir()
    assert kept.toml(file) == {"a": 2}
    assert [path.name for path in place.parent.iterdir() if path != place] == []

"""The two probes are one file each, so what they share stands in both: it must be the same."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent.parent / "reference_apps"


def shared(name: str) -> str:
    """Return the part on values and the side channel of a probe."""
    text = (HERE / name).read_text(encoding="utf-8")
    return text[text.index("# -- values as data") : text.index('        """Send one journal line."""')]


def test_what_both_probes_share_is_the_same() -> None:
    """Values and links are encoded and sent by the same code."""
    assert shared("asgi_probe.py") == shared("wsgi_probe.py")

"""The two probes are one file each, so what they share stands in both: it must be the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gateproof.reference_apps import asgi_probe, wsgi_probe

HERE = Path(__file__).parent.parent / "reference_apps"


def shared(name: str) -> str:
    """Return the part on values and the side channel of a probe."""
    text = (HERE / name).read_text(encoding="utf-8")
    return text[text.index("# -- values as data") : text.index("    def ask(self, data, deadline):")]


def test_what_both_probes_share_is_the_same() -> None:
    """Values and links are encoded and sent by the same code."""
    assert shared("asgi_probe.py") == shared("wsgi_probe.py")


@pytest.mark.parametrize("probe", [asgi_probe, wsgi_probe])
def test_a_line_that_begins_within_another_comes_behind_it(probe: Any) -> None:
    """A finalizer may write into the journal while a line is on its way."""
    link = object.__new__(probe.Link)
    link.seq, link.lost, link.waiting, link.writing, sent = 3, False, [], False, []

    def put(data: dict[str, Any]) -> None:
        if not sent:
            link.journal("x", 1, ["inner"], False)
        sent.append((data["n"], data["e"]))

    link.put, link.sock = put, None
    link.journal("x", 1, ["outer"], False)
    assert sent == [(3, ["outer"]), (4, ["inner"])]

"""The two probes are one file each, so what they share stands in both: it must be the same."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from gateproof.reference_apps import asgi_probe, wsgi_probe

HERE = Path(__file__).parent.parent / "reference_apps"
LAUNCHERS = Path(__file__).parent.parent / "src" / "gateproof" / "servers" / "launchers"
PLAIN = [*sorted(HERE.glob("*_probe.py")), *sorted(LAUNCHERS.glob("s*.py"))]


def shared(name: str) -> str:
    """Return the part on values and the side channel of a probe."""
    text = (HERE / name).read_text(encoding="utf-8")
    return text[text.index("# -- values as data") : text.index("    def ask(self, data, deadline):")]


def test_what_both_probes_share_is_the_same() -> None:
    """Values and links are encoded and sent by the same code."""
    assert shared("asgi_probe.py") == shared("wsgi_probe.py")


@pytest.mark.parametrize("path", PLAIN, ids=lambda path: path.name)
def test_what_runs_beside_a_server_parses_as_python_3_6(path: Path) -> None:
    """Probes and launchers live in whatever interpreter the server does."""
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))


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


def test_a_question_beside_another_has_a_link_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Greenlets share a thread: an answer must not reach the call that did not ask for it."""
    probe, asked = wsgi_probe.Probe({}), []

    class Link:
        pid, lost = wsgi_probe.os.getpid(), False

        def __init__(self, _: object) -> None:
            self.asking = False

        def ask(self, data: str, _: float) -> str:
            asked.append((data, self.asking))
            self.asking = True
            if data == "outer":
                assert probe.ask("inner", 1) == "inner"
            self.asking = False
            return data

    monkeypatch.setattr(wsgi_probe, "Link", Link)
    assert (probe.ask("outer", 1), probe.ask("later", 1)) == ("outer", "later")
    assert asked == [("outer", False), ("inner", False), ("later", False)]

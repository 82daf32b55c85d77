"""The matrix as a static site: no network, no script needed to read it, and nothing that a server sent can run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from gateproof.report import html
from gateproof.report.differential import specimens
from gateproof.report.matrix import DEVIATES, Matrix, build

JsonDict = dict[str, Any]
# `file:` lets the pages be read from the disk, where they have no origin of their own.
SOURCES = "'self' file:"
POLICY = f"default-src 'none'; style-src {SOURCES}; script-src {SOURCES}; base-uri 'none'; form-action 'none'"
MARKS = {
    "pass": "✓",
    "fail": "✕",
    "warn": "!",
    "known": "k",
    "inform": "i",
    "unsupported": "-",
    "blocked": "b",
    "error": "e",
    "untested": "",
    "": "",
}
MEANINGS = {
    "pass": "kept",
    "fail": "a MUST is broken",
    "warn": "a SHOULD is not followed",
    "known": "deviates, and says so",
    "inform": "the text leaves it open",
    "unsupported": "lacks the optional feature",
    "blocked": "a premise broke",
    "error": "trouble of the test run",
    "untested": "not run",
}


def pages(reports: Sequence[JsonDict], now: datetime | None = None) -> Iterator[tuple[str, str]]:
    """Yield every file of the site: path below its folder, and text."""
    matrices = build(reports)
    when = (now or datetime.now(UTC)).date().isoformat()
    shared = {"matrices": matrices, "policy": POLICY, "marks": MARKS, "meanings": MEANINGS, "made": when}
    yield "style.css", html.asset("common.css") + html.asset("site.css")
    yield "script.js", html.asset("site.js")
    yield "index.html", _render("site_index", root="", **shared)
    for matrix in matrices:
        found = specimens(matrix)
        about = {"matrix": matrix, "specimens": found, **shared}
        yield f"{matrix.slug}.html", _render("site_matrix", root="", **about)
        yield f"{matrix.slug}-text.html", _render("site_text", root="", **about)
        if found:
            yield f"{matrix.slug}-exchanges.html", _render("site_exchanges", root="", **about)
        for row in matrix.rows:
            yield (
                f"{matrix.slug}/{row.id}.html",
                _render("site_row", root="../", row=row, said=matrix.said(row), **about),
            )
        for target in matrix.targets:
            told = [row for row in matrix.rows if target.verdict(row.id) in (*DEVIATES, "error", "blocked")]
            yield f"servers/{target.slug}.html", _render("site_target", root="../", target=target, told=told, **about)


def _render(name: str, **given: Any) -> str:
    return html.environment().get_template(f"{name}.html.j2").render(**given)


__all__ = ["Matrix", "pages"]

"""report.html: whole, small, quick, and harmless whatever the target sent."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import reduce
from html.parser import HTMLParser
from operator import getitem
from pathlib import Path
from typing import Any

import pytest

from gateproof import report as reports
from gateproof.bounds import octets_to_json
from gateproof.report import hostile, html, reading, site
from gateproof.report.merge import merge
from gateproof.report.timeline import timeline
from tests.report import made
from tests.running import SCHEMA

SCRIPT = "</script></style></pre><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
NASTY = SCRIPT + "\x00\x07\x1b[31m\u202egnp.exe\u2066\u200b\u2028\udcff\ud800\ufffe" + "'\"&<"


class Outline(HTMLParser):
    """The elements and attributes of a page, and what its scripts hold."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__(convert_charrefs=True)
        self.tags: dict[str, int] = {}
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count an element."""
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        """Keep what is read."""
        self.text.append(data)


def nasty() -> dict[str, Any]:
    """Return a report in which everything that a target or a stranger can fill in is hostile."""
    row = made.rows(1)[0]
    raw = NASTY.encode("utf-8", "surrogatepass") + bytes(range(256)) + b"\xc3\x28\xff\xfe" + b"A" * 10_000_000
    x = made.exchange(SCRIPT.encode(), raw, {NASTY: NASTY, "huge": "A" * 10_000_000, "nul": "\x00"})
    x |= {"outcome": NASTY, "script": {"call": [NASTY], "deep": [[[[[[NASTY]]]]]]}}
    x["app"][1] |= {"event": NASTY, "value": {"type": NASTY, "repr": NASTY}}
    entry = made.entry(row, "fail", ("a" * 32,), expected=NASTY, seen=NASTY * 10_000, message=NASTY, replay=NASTY)
    entry |= {"reason": NASTY, "reading": NASTY, "statement": NASTY, "section": NASTY, "url": "javascript:alert(1)"}
    report = made.report({row.id: entry}, {"a" * 32: x}, name=NASTY, version=NASTY)
    report["suite"]["problems"] = [NASTY * 100]
    report["launches"][0]["log_tail"] = NASTY * 1_000
    return report


def test_made_reports_are_like_real_ones() -> None:
    """What the tests render keeps to the schema of the report."""
    assert [error.message for error in SCHEMA.iter_errors(made.big(60, 10))] == []


def test_400_requirements_with_50_failures() -> None:
    """Written in less than a second of processor time, smaller than 1.5 MB."""
    report = made.big()
    html.environment.cache_clear()
    started = time.process_time()
    page = html.render(report)
    assert time.process_time() - started < 1.0
    assert len(page.encode()) < 1_500_000
    assert page.count('<details class="r fail"') == 50
    assert page.count('<svg class="time"') == 100


def mistyped(form: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of everything in a report."""
    if at:
        yield at
    inner = form.items() if isinstance(form, dict) else enumerate(form[:2]) if isinstance(form, list) else ()
    for key, value in inner:
        yield from mistyped(value, (*at, key))


def test_a_report_that_is_none_is_refused(tmp_path: Path) -> None:
    """Whatever is missing or of another type in it: a message, or pages made of it, and never a traceback."""
    row = made.rows(1, "wsgi")[0]
    entry = made.entry(row, "unsupported", ("a" * 32,), lacks="tls")
    whole = made.report({row.id: entry}, {"a" * 32: made.exchange()})
    whole["exchanges"]["a" * 32]["app"][0]["value"] = {"dict": [["environ", {"dict": [["A", {"tuple": ["b", 1]}]]}]]}
    whole["specimens"] = {"x": "a" * 32}
    path, refused = tmp_path / "report.json", 0
    for place in mistyped(whole):
        for value in (None, [], "x", -1, ...):
            report = json.loads(json.dumps(whole))
            *above, last = place
            inner = reduce(getitem, above, report)
            if value is not ...:
                inner[last] = value
            elif isinstance(inner, dict):
                del inner[last]
            path.write_text(json.dumps(report))
            try:
                loaded = reading.load(path)
            except reading.ReportError as error:
                assert str(path) in str(error)  # noqa: PT017 - most are refused, and those that are not are used
                refused += 1
            else:
                assert reports.companions(loaded)["report.html"]()
                assert dict(site.pages([loaded]))
                assert merge([loaded])
    assert refused > 300
    for name, value in (("WSGI-../../x", {}), ("WSGI-ENV-001", {"verdict": "'><script>"})):
        report = json.loads(json.dumps(whole))
        report["requirements"][name] = report["requirements"].get(name, {}) | value
        path.write_text(json.dumps(report))
        with pytest.raises(reading.ReportError, match="is not a report of gateproof: requirements"):
            reading.load(path)


def test_a_hostile_target(tmp_path: Path) -> None:
    """No element, attribute or address comes from the target; 10 MB fields stay small; the file is valid UTF-8."""
    harmless = Outline(
        reports.companions(
            made.report(
                {k: made.entry(r, "fail", ("a" * 32,)) for r in made.rows(1) for k in (r.id,)},
                {"a" * 32: made.exchange()},
            )
        )["report.html"]()
    )
    paths = reports.write(tmp_path, nasty())
    page = next(path for path in paths if path.name == "report.html").read_bytes().decode("utf-8")
    found = Outline(page)
    assert set(found.tags) <= set(harmless.tags) | {"li", "dd", "dt", "bdi"}
    assert found.tags["script"] == found.tags["style"] == 1
    assert found.attributes <= harmless.attributes
    assert all(link.startswith("#") for link in found.links)
    assert len(page) < 200_000
    assert not {c for c in page if ord(c) < 32 and c != "\n"}
    assert not set("\u202e\u2066\u200b\u2028\ufffe") & set(page)
    assert "\\u202egnp.exe" in "".join(found.text)


def test_nothing_is_fetched() -> None:
    """The page names no address but links to follow, and forbids everything but its own style and script."""
    page = html.render(made.big(20, 5))
    found = Outline(page)
    assert set(found.tags).isdisjoint({"link", "img", "iframe", "object", "embed", "form", "base"})
    assert "style" not in found.attributes
    assert not [name for name in found.attributes if name.startswith("on")]
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in page
    assert all(link.startswith(("#", "https://")) for link in found.links)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢", "plain é 漢"),
        ("a\r\n\tb", "a\\r\\n\\tb"),
        ("\x1b[0m\x85", "\\x1b[0m\\x85"),
        ("\u202eabc\u2069", "\\u202eabc\\u2069"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_is_not_seen_is_written_out(text: str, shown: str) -> None:
    """Controls, bidi marks, lone surrogates and invisible characters are escaped, everything else stays."""
    assert hostile.visible(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("it ends with:\n::error::x\nand", "it ends with:\n| ::error::x\nand"),
        ("::add-mask::a\n  ::b::c", "| ::add-mask::a\n|   ::b::c"),
        ("a ##[command]x", "a ##| [command]x"),
        ("listens on :::8000, a::b", "listens on :::8000, a::b"),
    ],
)
def test_no_line_is_a_command_to_a_ci(text: str, shown: str) -> None:
    """GitHub's runner reads `::name::` at the start of a line, also behind spaces, and `##[name]` anywhere."""
    assert hostile.harmless(text) == shown


def test_long_text_is_cut() -> None:
    """A text of 10 MB shows its head and its length."""
    assert hostile.visible("\x00" * 10_000_000, 100).endswith("… (10000000 characters)")
    assert len(hostile.visible("\x00" * 10_000_000, 100)) < 200
    assert len(hostile.compact({"dict": [[["k"] * 1000, {"b": "v" * 10_000}]] * 1000}, 100)) < 2000


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//host/x", "http://[", "https://x/\u202e", 3]
)
def test_addresses_that_are_no_links(url: object) -> None:
    """Only http and https addresses without unseen characters are followed."""
    assert hostile.link(url) == ""
    assert hostile.link("https://peps.python.org/pep-3333/#a") == "https://peps.python.org/pep-3333/#a"


def test_the_timeline_tells_both_sides_in_order() -> None:
    """Client and application interleave by time; a silence is drawn as such; what is left out is counted."""
    drawn = timeline(made.exchange())
    assert [mark.side for mark in drawn.marks] == ["client", "app", "app", "client", "app"]
    assert [pause.text for pause in drawn.pauses] == ["148 ms of silence"]
    many = made.exchange()
    many["client"] += [{"t": 11.0, "dir": "in", **octets_to_json(b"x")}] * 100
    assert timeline(many).more == 105 - 36


def test_the_page_claims_no_more_than_was_found() -> None:
    """A reading judges nothing; what a row weighs is not its verdict; what left a level, and by what lack, is there."""
    kept, told, left = made.rows(3, "asgi")
    shown = {"a" * 32: made.exchange()}
    entries = {
        kept.id: made.entry(kept),
        told.id: made.entry(told, "inform"),
        left.id: made.entry(left, "unsupported", ("a" * 32,), lacks="websocket"),
    }
    report = made.report(entries, shown, interface="asgi")
    level = {"kept": 1, "waived": 1, "gated": 1, "of": 2, "denied": [], "unmet": [], "granted": True}
    gated = [{"gate": "websocket", "level": "Full"}, {"gate": "lifespan", "level": "Core"}]
    page = html.render(report, {"levels": {"Core": level, "Full": level}, "gated": gated})
    assert "1 of 3 requirements judged: none is broken" in page
    assert "judged as" not in page
    assert f"a break is a {kept.verdict}" in page
    assert "1 waived in public; 1 left through their gates: lifespan<" in page
    assert "1 left through their gates: websocket, lifespan<" in page
    assert "<dt>lacks</dt><dd><code>websocket</code></dd>" in page
    assert page.count('<svg class="time"') == 1

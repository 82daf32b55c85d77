"""The site of many reports: small, fast, and harmless whatever servers sent."""

from __future__ import annotations

import copy
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from gateproof.cli import main
from gateproof.report import companions, html
from gateproof.report.differential import specimens
from gateproof.report.matrix import build, steady
from gateproof.report.site import pages
from tests.report import made
from tests.report.browser import browser, complaints, needs_browser
from tests.report.test_html import NASTY, Outline, nasty

VERDICTS = ("pass", "pass", "pass", "fail", "warn", "inform", "unsupported", "known", "blocked", "untested")


def server(name: str, version: str = "1.0", shift: int = 0, count: int = 300, **environ: object) -> dict[str, Any]:
    """Return the report of a server with all sorts of verdicts, and one specimen."""
    rows = made.rows(count, "wsgi")
    entries = {}
    for number, row in enumerate(rows):
        verdict = VERDICTS[(number * 7 + shift) % len(VERDICTS)]
        entries[row.id] = made.entry(row, verdict)
    key = made.key(name, version)
    report = made.report(entries, {key: made.exchange(environ=environ)}, name=name, version=version)
    report["specimens"] = {"a plain GET": key}
    return report


def test_columns_are_servers_and_versions() -> None:
    """Sorted by name, then by version as versions go; the later one is compared with the one before it."""
    reports = [server("b", "1.10", 1), server("a"), server("b", "1.9"), server("b", "1.9")]
    [matrix] = build(reports)
    assert [target.title for target in matrix.targets] == ["a 1.0", "b 1.9", "b 1.9", "b 1.10"]
    assert len({target.slug for target in matrix.targets}) == 4
    assert [name for name, _ in matrix.groups] == ["a", "b"]
    last = matrix.targets[-1]
    assert last.before is matrix.targets[-2]
    assert last.since is not None
    assert last.since.new


def test_two_pythons_of_one_version_are_told_apart() -> None:
    """Each column names its Python, also on the pages; neither came after the other, and 3.10 is later than 3.9."""
    reports = [server("a", "1.0"), server("a", "1.0", 1), server("a", "2.0"), server("a", "2.0", 2), server("b")]
    for report, python in zip(reports, ("3.10.4", "3.9.1", "3.10.4", "3.9.1", "3.9.1"), strict=True):
        report["target"]["python"] = f"CPython {python}"
    [matrix] = build(reports)
    assert [target.title for target in matrix.targets] == [
        "a 1.0, CPython 3.9.1",
        "a 1.0, CPython 3.10.4",
        "a 2.0, CPython 3.9.1",
        "a 2.0, CPython 3.10.4",
        "b 1.0",
    ]
    first, second, third, fourth, _ = matrix.targets
    assert [each.before for each in matrix.targets] == [None, None, first, second, None]
    assert third.since is not None
    assert fourth.since is not None
    site = dict(pages(reports))
    assert all("1.0, CPython 3.10.4" in site[name] for name in ("index.html", "wsgi-server.html"))


def test_pass_rates_count_what_was_judged() -> None:
    """What is unsupported, blocked, open or untested is in neither number."""
    rows = made.rows(1, "wsgi")
    reports = [
        made.report({rows[0].id: made.entry(rows[0], verdict)}, name=verdict)
        for verdict in ("pass", "pass", "fail", "known", "unsupported", "blocked", "inform", "untested", "error")
    ]
    [matrix] = build(reports)
    assert matrix.rows[0].rate == (2, 4)
    assert matrix.sections[0].rate == (2, 4)


def test_those_that_do_the_same_stand_together() -> None:
    """Gravest first; what differs from run to run does not part them."""
    row = made.rows(1, "wsgi")[0]
    seen = {"a": "<x at 0x7f0011223344>", "b": "<x at 0x7f5566778899>", "c": "other"}
    reports = [made.report({row.id: made.entry(row, "fail", seen=text)}, name=name) for name, text in seen.items()]
    [matrix] = build([*reports, made.report({row.id: made.entry(row)}, name="d")])
    said = matrix.said(matrix.rows[0])
    assert [(each.verdict, [target.name for target in each.targets]) for each in said] == [
        ("fail", ["a", "b"]),
        ("fail", ["c"]),
        ("pass", ["d"]),
    ]
    assert steady("Date: Wed, 25 Nov\\r\\nX") == "Date: …\\r\\nX"


def test_what_servers_make_of_the_same_octets() -> None:
    """Keys on which they differ, the most common value first; what only the operating system says stays out."""
    reports = [server("a", PATH_INFO="/"), server("b", PATH_INFO="/"), server("c", PATH_INFO=""), server("d")]
    reports[3]["exchanges"] = {reports[3]["specimens"]["a plain GET"]: made.exchange(environ={"HOME": "/root/secret"})}
    [found] = specimens(build(reports)[0])
    [key] = [key for key in found.differing if key.name == "PATH_INFO"]
    assert [(value, len(targets)) for value, targets in key.values] == [("'/'", 2), ("''", 1), ("absent", 1)]
    assert not any("secret" in value or key.name == "HOME" for key in found.keys for value, _ in key.values)
    assert any(key.name == "variables of another kind" for key in found.differing)


def test_fifty_servers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under 10 s and 15 MB, with every link of every page leading somewhere."""
    for number in range(50):
        folder = tmp_path / "reports" / f"{number}"
        folder.mkdir(parents=True)
        (folder / "report.json").write_text(json.dumps(server(f"server{number // 2}", f"1.{number % 2}", number)))
    started = time.process_time()  # of our own process: what others do on the machine does not count
    assert main(["matrix", str(tmp_path / "reports"), "-o", str(tmp_path / "site")]) == 0
    assert time.process_time() - started < 10
    files = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 15_000_000
    assert "50 reports" in capsys.readouterr().out
    for path in (tmp_path / "site").glob("*.html"):
        for target in re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', path.read_text()):
            assert (path.parent / target).is_file(), f"{path.name}: {target}"


def test_a_folder_without_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 4 and what writes one; a file that is no report is named."""
    assert main(["matrix", str(tmp_path), "-o", str(tmp_path / "site")]) == 4
    (tmp_path / "report.json").write_text("{}")
    assert main(["matrix", str(tmp_path), "-o", str(tmp_path / "site")]) == 4
    assert "is not a report of gateproof" in capsys.readouterr().err


@pytest.mark.parametrize("part", ["id", "interface", "kind", "verdict", "entry"])
def test_a_report_names_no_file(tmp_path: Path, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Words of a report become names of files: one that is no id, interface, party or verdict is refused."""
    report = server("a", count=3)
    entries = report["requirements"]
    name = next(iter(entries))
    if part == "id":
        entries["../../../pwned"] = entries.pop(name)
    elif part == "entry":
        entries[name] = []
    elif part == "verdict":
        entries[name]["verdict"] = "x onload=y"
    else:
        report["target"][part] = "../pwned"
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert main(["matrix", str(tmp_path), "-o", str(tmp_path / "site")]) == 4
    assert "is not a report of gateproof: " in capsys.readouterr().err
    assert not (tmp_path / "site" / "index.html").exists()


def hostile() -> dict[str, Any]:
    """Return a report in which a script stands wherever a server's words may."""
    report = server(NASTY, NASTY, count=40, PATH_INFO=NASTY, **{f"HTTP_{NASTY}": NASTY})
    for entry in report["requirements"].values():
        entry |= {"reason": NASTY, "reading": NASTY, "statement": NASTY, "section": NASTY, "url": "javascript:alert(1)"}
        for check in entry["checks"]:
            check |= {"message": NASTY, "seen": NASTY, "expected": NASTY, "baseline": NASTY}
    report["specimens"] = {NASTY: next(iter(report["exchanges"]))}
    report["target"]["python"] = NASTY
    return report


def test_nothing_of_a_server_becomes_an_element() -> None:
    """On every page the same elements as without it, no address but ours, and text that can be shown."""
    plain = copy.deepcopy(hostile())
    tidy = json.loads(json.dumps(plain).replace(json.dumps(NASTY)[1:-1], "tame").replace("javascript:", "ftp:"))
    wild, calm = dict(pages([hostile()])), dict(pages([tidy]))
    names = [name for name in wild if name.endswith(".html")]
    assert len(names) > 40
    for name in names:
        outline = Outline(wild[name])
        other = Outline(calm.get(name) or calm[next(each for each in calm if each.startswith("servers/"))])
        assert outline.tags == other.tags, name
        assert not any(link.startswith(("javascript", "data", "//")) for link in outline.links)
        text = "".join(outline.text)
        assert not any(mark in text for mark in ("\x00", "\x1b", "\u202e", "\u200b", "\ud800"))
    assert all(re.fullmatch(r"[a-zA-Z0-9./_-]+", name) for name in wild)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of three servers, one of them hostile."""
    folder = tmp_path_factory.mktemp("site")
    reports = [server("alpha", PATH_INFO="/"), server("beta", "2.0", 3, PATH_INFO=""), hostile()]
    for name, text in pages(reports):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@needs_browser
def test_a_reader_clicks_through_the_site(site: Path) -> None:
    """Overview, matrix, filters, a requirement, a server, the exchanges; nothing runs, and nothing is missed."""
    with browser() as driver:
        driver.get(f"file://{site}/index.html")
        assert len(driver.find_elements(By.CSS_SELECTOR, ".card")) == 3
        driver.find_element(By.LINK_TEXT, "WSGI servers").click()
        rows = [row for row in driver.find_elements(By.CSS_SELECTOR, "tbody tr:not(.sec)") if row.is_displayed()]
        assert len(rows) > 100
        Select(driver.find_element(By.CSS_SELECTOR, "select[data-key=v]")).select_by_value("fail")
        failing = [row for row in driver.find_elements(By.CSS_SELECTOR, "tbody tr:not(.sec)") if row.is_displayed()]
        assert 0 < len(failing) < len(rows)
        assert all(row.find_elements(By.CSS_SELECTOR, "td.fail") for row in failing[:5])
        driver.find_element(By.CSS_SELECTOR, "input[type=search]").send_keys("WSGI-ENV-00")
        driver.find_element(By.CSS_SELECTOR, "tbody tr:not([hidden]):not(.sec) th a").click()
        assert driver.find_element(By.TAG_NAME, "h1").text.startswith("WSGI-")
        driver.find_element(By.LINK_TEXT, "beta 2.0").click()
        assert driver.find_element(By.TAG_NAME, "h1").text == "beta 2.0"
        driver.find_element(By.LINK_TEXT, "exchanges").click()
        assert "PATH_INFO" in [each.text for each in driver.find_elements(By.CSS_SELECTOR, "article h3")]
        driver.find_element(By.LINK_TEXT, "by text").click()
        assert driver.find_elements(By.CSS_SELECTOR, ".text .rate")
        for page in [*site.glob("*.html"), *site.glob("servers/*.html"), *sorted(site.glob("*/WSGI-*.html"))[:3]]:
            driver.get(f"file://{page}")
            assert "gateproof" in driver.title
            assert driver.title != "run"
        assert complaints(driver) == []


@needs_browser
def test_it_is_read_on_a_phone(site: Path) -> None:
    """No page is wider than the screen; what is wide scrolls in its place."""
    with browser(phone=True) as driver:
        for page in [*site.glob("*.html"), *site.glob("servers/*.html")]:
            driver.get(f"file://{page}")
            assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth"), page.name


@needs_browser
def test_a_report_is_read_on_a_phone(tmp_path: Path) -> None:
    """With everything unfolded nothing is wider than the screen, whatever a server sent; nothing of that runs."""
    long = made.big(40, 5)
    for entry in long["requirements"].values():
        for check in entry["checks"]:
            check["id"] = "asgi/server/receive_and_send/a_cancelled_receive_loses_no_event_of_the_client"
    with browser(phone=True) as driver:
        for name, report in (("long", long), ("nasty", nasty())):
            page = tmp_path / f"{name}.html"
            page.write_text(
                companions(report | {"suite": report["suite"] | {"certify": "2026.1"}})["report.html"](),
                encoding="utf-8",
            )
            driver.get(f"file://{page}")
            driver.execute_script("document.querySelectorAll('details').forEach(each => { each.open = true })")
            widths = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
            assert widths == [390, 390], name
            assert driver.title != "run"
            assert driver.find_element(By.CSS_SELECTOR, "svg.time").is_displayed()
        assert complaints(driver) == []


@needs_browser
def test_a_reader_clicks_through_a_report(tmp_path: Path) -> None:
    """Filter, unfold, timeline, copy; the page of a hostile server runs nothing, and opens in under a second."""
    report = made.big(400, 50)
    first = next(name for name, entry in report["requirements"].items() if entry["verdict"] == "fail")
    report["requirements"][first]["checks"][0] |= {"seen": NASTY, "expected": NASTY}
    report["target"]["name"] = NASTY
    page = tmp_path / "report.html"
    page.write_text(html.render(report), encoding="utf-8")
    with browser() as driver:
        driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})  # as above: not what others do
        driver.get(f"file://{page}")
        found = {
            each["name"]: each["value"] for each in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        }
        assert found["TaskDuration"] < 1
        assert driver.title != "run"
        driver.find_element(By.LINK_TEXT, first).click()
        row = driver.find_element(By.ID, first)
        assert row.get_attribute("open") is not None
        row.find_element(By.CSS_SELECTOR, "details.x summary").click()
        assert row.find_element(By.CSS_SELECTOR, "svg.time").is_displayed()
        row.find_element(By.CSS_SELECTOR, ".replay button").click()
        driver.find_element(By.CSS_SELECTOR, ".tools input[type=search]").send_keys(first)
        assert driver.find_element(By.CSS_SELECTOR, ".tools output").text == "1 shown"
        assert complaints(driver) == []

"""What a server said becomes what pytest shows and what the run ends with: known, expired, warned of, or not judged."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateproof.check import requirement
from gateproof.judge import Blocked, Judge
from gateproof.options import OPTIONS
from gateproof.runner import CONFIRMATIONS, run_check
from gateproof.verdicts import Verdict
from tests.running import SERVER, clean, project_server, report_of, run
from tests.test_bad_input import HOST

WSGIREF = "--server=wsgiref"
BROKEN = "no_content_variables"  # what wsgiref fails,
MOUNTED = "test_mount_point"  # asks for a launch of its own
WARNED = "fields_named_as_variables_of_the_server"  # and what it is warned of
KNOWN = "[[known]]\nrequirement = 'WSGI-ENV-012'\nreason = 'as in CGI'\n"


@pytest.mark.servers
@pytest.mark.parametrize(
    ("baseline", "options", "status", "words"),
    [
        (KNOWN, ["-k", BROKEN], 0, ["1 xfailed", "1 known"]),
        (KNOWN + "expires = 2020-01-01\n", ["-k", BROKEN], 1, ["expired entry WSGI-ENV-012 (as in CGI)"]),
        ("", ["-k", WARNED], 0, ["1 conformance warning", "1 warn"]),
        ("", ["-k", WARNED, "--fail-on=warn"], 1, ["1 failed", "1 warn"]),
    ],
    ids=["known", "expired", "warned", "warned-of-enough"],
)
def test_a_deviation(tmp_path: Path, baseline: str, options: list[str], status: int, words: list[str]) -> None:
    """Declared it is expected to fail; a warning fails where the run says so; an entry has its date."""
    (tmp_path / "known.toml").write_text(baseline)
    done = run(tmp_path, WSGIREF, "--baseline=known.toml", "--effort=quick", *options)
    assert done.returncode == status, done.stdout
    assert clean(done)
    for word in words:
        assert word in done.stdout


@pytest.mark.servers
def test_a_server_that_starts_and_does_nothing_else(tmp_path: Path) -> None:
    """It proves who it is, but an ordinary exchange does not work: nothing is judged, and its log is shown."""
    code = """
def broken(environ, start_response):
    if "HTTP_GATEPROOF_HELLO" in environ:
        return app(environ, start_response)
    print("this is my trouble", flush=True)
    start_response("500 Oops", [])
    return [b""]
serve(broken)
"""
    server = project_server(tmp_path, HOST + code)
    done = run(tmp_path, server, "-k", "version_and_scheme", "--report=out")
    assert done.returncode == 3, done.stdout
    assert clean(done)
    assert "an ordinary GET / did not work, so nothing is judged: the server answered 500" in done.stdout
    assert "this is my trouble" in done.stdout
    totals = report_of(tmp_path)["totals"]
    assert totals["untested"] + totals["error"] == sum(totals.values())


@pytest.mark.servers
@pytest.mark.parametrize(("chosen", "starts"), [("version_and_scheme", 1), ("version_and_scheme or MOUNT", 2)])
def test_a_variant_is_started_where_a_chosen_check_needs_it(tmp_path: Path, chosen: str, starts: int) -> None:
    """A launch costs as much as a thousand exchanges."""
    code = "open(__file__ + '.started', 'a').write('x')\nserve(app)\n"
    server = project_server(tmp_path, HOST + code)
    with (tmp_path / "pyproject.toml").open("a") as table:
        table.write("[tool.gateproof.servers.mine.variants.mount]\n[tool.gateproof.servers.mine.variants.single]\n")
    done = run(tmp_path, server, "-k", chosen.replace("MOUNT", MOUNTED))
    assert done.returncode in (0, 1), done.stdout
    assert len((tmp_path / "server.py.started").read_text()) == starts


@pytest.mark.servers
def test_help_has_a_group_of_its_own(tmp_path: Path) -> None:
    """Every option under its long name; nothing is started, and without a target there are no short forms."""
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    group = done.stdout.partition("\ngateproof: conformance of WSGI and ASGI:\n")[2].partition("\n\n")[0]
    for option in OPTIONS:
        assert f"  --gateproof-{option.name}" in group
        assert f"  --{option.name}" not in group
    assert "  --server=NAME" in run(tmp_path, SERVER, "--help").stdout


# -- k of n


@requirement("X-1", "X-2")
def check(judge: Judge, seen: Iterator[bool]) -> None:
    """Judge by what is seen next."""
    ok = next(seen)
    if ok is None:
        raise Blocked("nothing was seen")
    judge("X-1", ok, "yes", "no")
    judge("X-2", True)


class Nobody:
    """A target of which nothing is asked."""

    def __init__(self) -> None:
        """Count how often, and how patiently, a check begins."""
        self.begun: list[bool] = []

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Count."""
        self.begun.append(patient)

    def fell_silent(self) -> bool:
        """Nothing is waited for."""
        return False

    def recent_exchanges(self) -> list[str]:
        """Nothing is exchanged."""
        return []


@pytest.mark.parametrize(
    ("seen", "verdict", "k", "n", "confirm"),
    [
        ([True], Verdict.PASS, 1, 1, True),
        ([False], Verdict.FAIL, 1, 1, False),
        ([False, False], Verdict.FAIL, 2, 2, True),
        ([False, True, False, False, False, False], Verdict.INFORM, 5, 6, True),
        ([False, True, True, True, True, True], Verdict.INFORM, 1, 6, True),
        ([False, None, None, None, False, None], Verdict.INFORM, 2, 6, True),
    ],
)
def test_what_is_found_is_repeated(seen: list[bool | None], verdict: Verdict, k: int, n: int, confirm: bool) -> None:
    """Once where it comes again; five times where it does not, and then it accuses nobody."""
    target = Nobody()
    rows = {name: types.SimpleNamespace(id=name, verdict="fail") for name in ("X-1", "X-2")}
    left = iter(seen)
    outcome = run_check(check, {"seen": left}, target, rows, confirm=confirm)
    first, second = outcome.judgements
    assert (first.requirement, first.verdict, first.k, first.n) == ("X-1", verdict, k, n)
    assert (second.verdict, second.k, second.n) == (Verdict.PASS, 1, 1)
    assert ("unstable" in first.reason) is (verdict is Verdict.INFORM)
    assert list(left) == []
    assert target.begun == [False] + [True] * (len(seen) - 1)
    assert len(seen) <= 1 + CONFIRMATIONS


@requirement("X-1")
def in_several_ways(judge: Judge, broken: Iterator[str]) -> None:
    """Is broken in the ways that are told, each run by its own."""
    for way in next(broken).split():
        judge("X-1", False, f"no {way}", way)
        judge("X-1", False, f"no {way}", f"{way} once more")


@pytest.mark.parametrize(
    ("ways", "seen"),
    [
        (["a", "a"], "a"),
        (["a b", "a"], "a\nfurther: b, in place of no b"),
        (["a b c d e f g", "a"], "a" + "".join(f"\nfurther: {way}, in place of no {way}" for way in "bcde")),
        (["a", "b"], "a\nwhen it was repeated: b, in place of no b"),
    ],
)
def test_a_requirement_is_broken_in_several_ways(ways: list[str], seen: str) -> None:
    """The first is what was expected; the others are told with it, also where only the repeat met them."""
    rows = {"X-1": types.SimpleNamespace(id="X-1", verdict="fail")}
    [said] = run_check(in_several_ways, {"broken": iter(ways)}, Nobody(), rows).judgements
    assert (said.verdict, said.k, said.n) == (Verdict.FAIL, 2, 2)
    assert (said.expected, said.seen) == ("no a", seen)

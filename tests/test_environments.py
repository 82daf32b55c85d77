"""`gateproof run`: an interpreter is found or refused, and an environment is made once and whole, or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateproof import cli
from gateproof.commands import run
from gateproof.servers import environments, launching
from gateproof.servers.environments import DONE, environment, interpreter, lasting, spelt
from gateproof.settings import Settings, TargetError
from gateproof.targets.launched import Launched
from gateproof.verdicts import Exit


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of environments, and a pyenv, of this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return environments.cache_folder()


def installed(root: Path, *names: str) -> None:
    """Put interpreters where pyenv has them."""
    for name in names:
        (root / "pyenv" / "versions" / name / "bin").mkdir(parents=True)
        (root / "pyenv" / "versions" / name / "bin" / "python").symlink_to(sys.executable)


def test_an_interpreter_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By path; by version in pyenv, of several the newest; else on the PATH."""
    installed(tmp_path, "3.8.9", "3.8.18", "3.80.1", "pypy3.8-7.3")
    found = str(tmp_path / "pyenv" / "versions" / "{}" / "bin" / "python")
    assert interpreter(sys.executable) == sys.executable
    assert interpreter("3.8") == found.format("3.8.18")
    assert interpreter("3.8.9") == found.format("3.8.9")
    assert interpreter("pypy3.8-7.3") == found.format("pypy3.8-7.3")
    (tmp_path / "python3.99").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter("3.99") == str(tmp_path / "python3.99")


@pytest.mark.parametrize("name", ["9.9", "/nowhere/python", "/bin/true", "/etc/passwd"])
def test_no_interpreter(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage, as it is for pytest --server-python."""
    assert cli.main(["run", "waitress", "--python", name]) == Exit.USAGE
    said = capsys.readouterr().err
    assert name in said
    assert "Python" in said or "--python" in said
    assert "Traceback" not in said


class Maker:
    """Stands for venv and pip: slow, and counted."""

    def __init__(self, fails: bool = False) -> None:
        """Fail where told to."""
        self.made: list[Path] = []
        self.fails, self.lock = fails, threading.Lock()
        self.failure: BaseException = KeyboardInterrupt()

    def __call__(self, folder: Path, base: str, pins: Sequence[str]) -> None:
        """Make an environment as `_make` does."""
        assert not folder.exists()
        folder.mkdir()
        (folder / "half").touch()
        self.made.append(folder)
        assert self.lock.acquire(blocking=False), "two make it at the same time"
        time.sleep(0.1)
        self.lock.release()
        if self.fails:
            raise self.failure
        (folder / DONE).write_text("{}")


def test_an_environment_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four runs at the same time wait for the first of them; the order of pins is nothing, another pin is another."""
    maker = Maker()
    monkeypatch.setattr(environments, "_make", maker)
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda pins: environment(pins, sys.executable), [["a==1", "b==2"], ["b==2", "a==1"]] * 2))
    assert found == {maker.made[0] / "bin" / "python"}
    assert len(maker.made) == 1
    assert environment(["a==2", "b==2"], sys.executable) not in found
    assert len(maker.made) == 2


SAME = (
    ("waitress==3.0.2", "waitress == 3.0.2", "Waitress==3.0.2", "waitress==3.0.2.0"),
    ("uvicorn[standard,a-b]==0.30", "uvicorn[A_B, standard]==0.30.0"),
    ("x>=1,<2", "x <2.0, >=1"),
    ("x==1.*", "X == 1.*"),
)


@pytest.mark.parametrize("pins", SAME)
def test_pins_that_mean_the_same_are_one(pins: tuple[str, ...], tmp_path: Path) -> None:
    """Spaces, case, extras, trailing zeros; another version, another extra, a file that has changed are others."""
    assert len({spelt(pin) for pin in pins}) == 1
    assert len({spelt(pin) for pin in ("x", "x[a]", "x~=1.0", "x~=1.1", "x==1", "x==1.*", "x===1.0", "x==2")}) == 8
    wheel = tmp_path / "x-1-py3-none-any.whl"
    wheel.touch()
    before = spelt(str(wheel))
    os.utime(wheel, (1, 1))
    assert spelt(str(wheel)) != before


def test_what_names_no_version_is_looked_up_anew(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each day; where that fails the last one serves, and its day is told; none is removed that a run may use."""
    maker = Maker()
    monkeypatch.setattr(environments, "_make", maker)
    assert all(map(lasting, ("a==1", "a[b] == 1.0", "a===x", "a>=1,==2")))
    assert not any(map(lasting, ("a", "a>=1", "a~=1.0", "a==1.*", "a @ file:///a", "./a.whl")))
    today = environment(["a"], sys.executable, lasts=False)
    assert environment(["A"], sys.executable, lasts=False) == today
    folder = today.parent.parent
    days = [folder.rename(folder.with_name(f"{folder.name[:16]}-2026-01-0{day}")) for day in (1,)]
    days += [shutil.copytree(days[0], days[0].with_name(f"{folder.name[:16]}-2026-01-0{day}")) for day in (2, 3)]
    os.utime(days[0] / DONE, (1, 1))
    maker.fails = True
    monkeypatch.setattr(maker, "failure", environments.EnvironmentProblem("no network"))
    assert environment(["a"], sys.executable, lasts=False) == days[-1] / "bin" / "python"
    said = capsys.readouterr().err
    assert "no network" in said
    assert "installed on 2026-01-03 is judged" in said
    assert [day.is_dir() for day in days] == [False, True, True]
    with pytest.raises(environments.EnvironmentProblem):
        environment(["b"], sys.executable, lasts=False)
    maker.fails = False
    assert environment(["a"], sys.executable, lasts=False) == today
    assert all(day.is_dir() for day in days[1:])


def test_sources_are_installed_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell whether a folder has changed."""
    maker = Maker()
    monkeypatch.setattr(environments, "_make", maker)
    for _ in range(2):
        environment([str(tmp_path)], sys.executable, lasts=False)
    assert len(maker.made) == 2


@pytest.mark.parametrize(
    ("pins", "lasts"),
    [
        (["waitress==3.0.2"], True),
        (["waitress"], False),
        (["uvicorn==0.30"], True),
        (["uvicorn==0.30", "h11"], False),
        (["gunicorn-gevent", "gevent==24.2.1"], False),
        (["gunicorn-gevent", "gevent==24.2.1", "gunicorn==23.0.0"], True),
    ],
)
def test_whose_version_counts(pins: list[str], lasts: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own, also where a profile names it, and that of whatever else was named."""
    asked: list[bool] = []

    def found(pins: Sequence[str], python: str, *, lasts: bool) -> Path:
        asked.append(lasts)
        raise environments.EnvironmentProblem

    monkeypatch.setattr(run, "environment", found)
    assert cli.main(["run", *pins]) == Exit.HARNESS
    assert asked == [lasts]


def test_an_environment_is_never_half_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one whose making was interrupted is left, nor one used whose maker was killed."""
    maker = Maker(fails=True)
    monkeypatch.setattr(environments, "_make", maker)
    with pytest.raises(KeyboardInterrupt):
        environment(["a==1"], sys.executable)
    (folder,) = maker.made
    assert not folder.exists()
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    maker.fails = False
    assert environment(["a==1"], sys.executable) == folder / "bin" / "python"
    assert maker.made == [folder, folder]
    assert (folder / DONE).is_file()


def test_pip_that_fails(cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own words, status 3, and nothing that a later run could take for an environment."""
    status = cli.main(["run", f"{tmp_path}/nowhere-1.0-py3-none-any.whl", "--profile", "wsgiref"])
    said = capsys.readouterr().err
    assert status == Exit.HARNESS, said
    assert "pip could not install" in said
    assert "nowhere-1.0" in said
    assert [path.suffix for path in cache.iterdir()] == [".lock"]


def test_elsewhere_than_on_posix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One clear message, before anything is made or started."""
    monkeypatch.setattr(launching, "POSIX", False)
    with pytest.raises(TargetError, match="servers are started on POSIX systems") as caught:
        Launched(Settings(server="waitress", rootdir=tmp_path)).resolve()
    assert caught.value.status == Exit.USAGE
    assert cli.main(["run", "waitress"]) == Exit.USAGE
    assert capsys.readouterr().err.startswith("gateproof: servers are started on POSIX systems")

"""What is built is what runs: the wheel, installed into empty projects, judges from there."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_the_list_of_packages_is_what_lies_on_the_disk() -> None:
    """setuptools leaves out what is not listed, without a word; a folder without __init__.py is no package."""
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = set()
    for base, prefix in ((ROOT / "src", ""), (ROOT, "gateproof.")):
        tops = ["gateproof"] if not prefix else ["suites", "fixtures", "reference_apps"]
        for top in tops:
            for folder in [base / top, *(path for path in (base / top).rglob("*") if path.is_dir())]:
                if folder.name == "__pycache__" or not list(folder.glob("*.py")):
                    continue
                assert (folder / "__init__.py").is_file(), f"{folder} has no __init__.py"
                found.add(prefix + ".".join(folder.relative_to(base).parts))
    assert found == listed


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel, built from a copy of the sources, and its interpreter."""
    folder = tmp_path_factory.mktemp("wheel")
    run(folder, sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    wheel = next(folder.glob("gateproof-*.whl"))
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    run(folder, str(python), "-m", "pip", "install", "--quiet", str(wheel), "pytest-profiling", "pytest-xdist")
    return python


def run(folder: Path, *command: str, status: int = 0) -> str:
    """Run a command in a folder and return what it printed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


@pytest.mark.wheel
def test_the_wheel_judges_from_an_empty_project(installed: Path, tmp_path: Path) -> None:
    """Suites, fixtures and probes come with it; the run is complete and clean."""
    out = run(tmp_path, str(installed), "-m", "pytest", "--server=reference-wsgi", "--effort=quick", "--report=out")
    assert "site-packages" in out.split("suites in ")[1].splitlines()[0]
    assert "0 fail" not in out
    assert (tmp_path / "out" / "report.json").is_file()


@pytest.mark.wheel
def test_the_wheel_beside_a_project_with_its_own_server_option(installed: Path, tmp_path: Path) -> None:
    """The project's option stays its own; pytest-profiling's --profile does not end the run."""
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--server', default='mine')\n"
    )
    (tmp_path / "test_own.py").write_text(
        "def test_own(request):\n    assert request.config.option.server == 'theirs'\n"
    )
    run(tmp_path, str(installed), "-m", "pytest", "--server=theirs")
    command = [str(installed), "-m", "pytest", "--gateproof-server=reference-wsgi", "-k", "version_and_scheme"]
    assert "1 passed" in run(tmp_path, *command)
    assert "1 passed" in run(tmp_path, *command, "--profile")
    assert "1 passed" in run(tmp_path, *command, "-n", "1")


@pytest.mark.wheel
def test_the_wheel_brings_the_command(installed: Path, tmp_path: Path) -> None:
    """gateproof explains from an installation."""
    out = run(tmp_path, str(installed.parent / "gateproof"), "explain", "WSGI-ENV-001")
    assert "wsgi/server/environ/environ_is_a_builtin_dict" in out

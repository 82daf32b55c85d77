"""The action for GitHub and the examples for CI: the shell steps run as they stand, and what they name exists."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateproof import cli
from gateproof.options import OPTIONS, PREFIX
from gateproof.servers import shipped
from tests.running import report_of

ROOT = Path(__file__).parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.yml"))
SPELLED = re.compile(r"\$\{\{ *(inputs|steps)\.([\w.-]+) *\}\}")
PYTEST = {"-m", "-n", "-k", "--junitxml"}


class Job:
    """Runs the shell steps of the action one after another, as a runner does."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        """Take the inputs; what is not given has its default."""
        assert set(inputs) <= set(ACTION["inputs"])
        self.folder, self.said = folder, ""
        self.values = {f"inputs.{name}": about["default"] for name, about in ACTION["inputs"].items()}
        self.values |= {f"inputs.{name}": value for name, value in inputs.items()}
        (folder / "summary.md").touch()

    def run(self) -> int:
        """Run every step with a script; the first status that is not 0 ends the job."""
        for step in ACTION["runs"]["steps"]:
            if "run" in step and (status := self._step(step)):
                return status
        return 0

    def _step(self, step: dict[str, Any]) -> int:
        out = self.folder / "output"
        out.write_text("")
        given = {name: SPELLED.sub(self._value, text) for name, text in step["env"].items()}
        # The gateproof that is installed here is the one that is wanted.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, **given, "PATH": path, "GITHUB_OUTPUT": str(out)}
        environment["GITHUB_STEP_SUMMARY"] = str(self.folder / "summary.md")
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(shell, cwd=self.folder, capture_output=True, text=True, env=environment, timeout=300)
        self.said += done.stdout + done.stderr
        for line in out.read_text().splitlines():
            name, _, value = line.partition("=")
            self.values[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode

    def _value(self, found: re.Match[str]) -> str:
        return self.values.get(f"{found[1]}.{found[2]}", "")

    def output(self, name: str) -> str:
        """Return an output of the action."""
        return SPELLED.sub(self._value, ACTION["outputs"][name]["value"])


def test_inputs_never_become_part_of_a_script() -> None:
    """They come as variables: a script holds no expression."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert step.get("shell", "bash") == "bash"
        for text in step.get("env", {}).values():
            assert SPELLED.fullmatch(text)


@pytest.mark.servers
def test_it_judges_a_server(tmp_path: Path) -> None:
    """A failing server fails the job, after report, badge and summary are there."""
    job = Job(tmp_path, server="wsgiref", effort="quick", options="-k\nno_content_variables", report="out")
    assert job.run() == 1, job.said
    assert report_of(tmp_path)["requirements"]["WSGI-ENV-012"]["verdict"] == "fail"
    assert job.output("report") == "out"
    assert job.output("badge").startswith("WSGI | ")
    assert job.output("level") == ""
    assert "WSGI-ENV-012" in (tmp_path / "summary.md").read_text()
    assert (tmp_path / "out" / "badge.svg").is_file()


@pytest.mark.servers
def test_it_asks_for_a_level(tmp_path: Path) -> None:
    """Several runs are merged; a level that is not earned fails the job and says which one is."""
    job = Job(tmp_path, server="reference-wsgi", level="Robust", runs="2", report="out", options="-k\nbuiltin_dict")
    assert job.run() == 1
    assert "::error::the level Robust is not earned, but none" in job.said
    report = report_of(tmp_path)
    assert (report["suite"]["runs"], report["suite"]["certify"]) == (2, "2026.1")
    assert json.loads((tmp_path / "out" / "certificate.json").read_text())["level"] is None
    assert (tmp_path / "summary.md").read_text().count("## gateproof") == 1


@pytest.mark.servers
def test_what_cannot_start_is_told(tmp_path: Path) -> None:
    """A wrong name ends with the status of wrong usage; words of an input are never run."""
    job = Job(tmp_path, server="$(touch pwned); `touch pwned`", report="out")
    assert job.run() == 4, job.said
    assert not (tmp_path / "pwned").exists()


def steps(example: Path) -> list[dict[str, Any]]:
    """Return every step of the jobs of a workflow."""
    data = yaml.safe_load(example.read_text(encoding="utf-8"))
    return [step for job in data.get("jobs", {}).values() for step in job["steps"]]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_name_what_exists(example: Path) -> None:
    """Inputs of the action, options of pytest, commands of gateproof, profiles of servers."""
    text = example.read_text(encoding="utf-8")
    for step in steps(example):
        if step.get("uses", "").startswith("gateproof/"):
            assert set(step["with"]) <= set(ACTION["inputs"])
            for line in step["with"].get("options", "").splitlines():
                assert line.removeprefix(PREFIX).partition("=")[0] in {option.name for option in OPTIONS}
    for line in re.findall(r"^ *-? *(?:run: )?(gateproof .*|pytest .*)$", text, re.MULTILINE):
        words = shlex.split(re.sub(r"\$\{\{.*?\}\}", "x", line).partition(" ||")[0])
        if words[0] == "gateproof":
            cli.build().parse_args(words[1:])
        else:
            ours = {f"--{option.name}" for option in OPTIONS}
            assert {word.partition("=")[0] for word in words[1:] if word.startswith("-")} <= ours | PYTEST
    for server in (
        yaml.safe_load(text).get("jobs", {}).get("judge", {}).get("strategy", {}).get("matrix", {}).get("server", ())
    ):
        assert server in shipped()

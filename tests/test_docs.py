"""What the documents tell to type is there, does what they say, and is what CI runs."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from gateproof import cli
from gateproof.options import OPTIONS
from gateproof.servers.tables import SERVER
from tests.running import run

ROOT = Path(__file__).parent.parent
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`((?:gateproof|pytest|python -m) [^`]+)`")
PYTEST = {"-k", "-m", "-n", "--dist", "-x", "--lf", "--junitxml", "-p", "-q"}


def blocks(kind: str) -> Iterator[tuple[str, str]]:
    """Return the name of each document and the text of each of its blocks of a kind."""
    for path in GUIDES:
        for indent, found, text in BLOCK.findall(path.read_text(encoding="utf-8")):
            if found == kind:
                yield path.name, re.sub(f"^{indent}", "", text, flags=re.MULTILINE)


def commands() -> list[list[str]]:
    """Return every command of the guides as words; what stands behind two blanks says what it does."""
    lines = [line for _, text in blocks("console") for line in text.splitlines()]
    lines += [re.split(r" {2,}", line)[0] for _, text in blocks("") for line in text.splitlines()]
    words = [shlex.split(part) for line in lines for part in line.split(" && ") if part.strip()]
    return [[word.removeprefix(".venv/bin/") for word in command] for command in words]


def test_commands_of_gateproof_exist() -> None:
    """Each parses, with its options."""
    found = [command[1:] for command in commands() if command[0] == "gateproof"]
    assert len(found) > 2
    for arguments in found:
        cli.build().parse_args(arguments)


def test_options_of_pytest_exist() -> None:
    """Each is one of ours or one of pytest's that are tested."""
    ours = {f"--{option.name}" for option in OPTIONS}
    found = [command for command in commands() if command[0] == "pytest"]
    assert len(found) > 5
    for command in found:
        spelled = {word.split("=", 1)[0] for word in command[1:] if word.startswith("-")}
        assert spelled <= ours | PYTEST, command


def prose() -> list[list[str]]:
    """Return every command that a sentence of the guides names, as words."""
    found = [span for path in GUIDES for span in SPAN.findall(BLOCK.sub("", path.read_text(encoding="utf-8")))]
    return [shlex.split(span) for span in found]


def test_commands_in_sentences_exist() -> None:
    """One that stands alone is there, one with arguments parses, and options are ours or pytest's."""
    found = prose()
    assert len(found) > 10
    known = cli.build().format_help()
    ours = {f"--{option.name}" for option in OPTIONS}
    for program, *arguments in found:
        if program == "pytest":
            spelled = {word.split("=", 1)[0] for word in arguments if word.startswith("-")}
            assert spelled <= ours | PYTEST, arguments
        elif program == "python":
            assert find_spec(arguments[1]), arguments
        elif len(arguments) == 1:
            assert re.search(rf"\b{arguments[0]}\b", known), arguments
        else:
            cli.build().parse_args(arguments)


def test_scripts_that_are_named_exist() -> None:
    """Benchmarks and other files of the checkout."""
    named = {word for command in commands() for word in command if word.endswith(".py")}
    assert {"benchmarks/floor.py", "benchmarks/stability.py", "benchmarks/overhead.py"} <= named
    assert all((ROOT / word).is_file() for word in named)


def test_links_lead_somewhere() -> None:
    """Relative links of every document."""
    for path in GUIDES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_tables_are_read_as_they_stand(tmp_path: Path) -> None:
    """The examples of pyproject.toml and of a baseline are valid."""
    found = [tomllib.loads(text) for _, text in blocks("toml")]
    servers = [
        table for data in found for table in data.get("tool", {}).get("gateproof", {}).get("servers", {}).values()
    ]
    assert servers
    assert all(set(table) <= set(SERVER) for table in servers)
    assert any("known" in data for data in found)


def test_ci_runs_what_the_readme_says() -> None:
    """Two commands stand in its first lines: one judges a server, and CI takes the other from there, word by word."""
    judge, test = ([text for name, text in blocks("console") if name == "README.md"][place].strip() for place in (0, 1))
    assert judge.split(" && ")[:2] == test.split(" && ")[:2]
    assert judge.split(" && ")[2] == ".venv/bin/pytest --server=waitress"
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    pattern = re.search(r"grep -m1 '(.+)' README\.md", script)
    assert pattern is not None
    assert re.findall(pattern[1], (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE) == [test]
    assert 'eval "${command% && *}"' in script
    assert script.rstrip().endswith('eval "${command##* && }"')


def without_chance(line: str) -> str:
    """Return a line of a failure without what differs from run to run."""
    line = re.sub(r"(?<= Date: ).*|0x[0-9a-f]+|[0-9a-f]{12,}", "#", line)
    return re.sub(r" +\d+\.\d ms|(?<='REMOTE_PORT': )'\d+'", "#", line)


@pytest.mark.servers
def test_the_failure_of_the_readme_is_a_real_one(tmp_path: Path) -> None:
    """Line by line, but for keys, times, ports and addresses."""
    sample = next(text for name, text in blocks("") if name == "README.md" and "replay:" in text)
    done = run(tmp_path, "--server=waitress", "-k", "exc_info_replaces_the_header")
    assert done.returncode == 1
    assert set(map(without_chance, sample.splitlines())) <= set(map(without_chance, done.stdout.splitlines()))


def test_the_oldest_versions_are_known() -> None:
    """Every dependency has one lower bound, which tox's environment `oldest` installs."""
    namespace: dict[str, object] = {"__file__": str(ROOT / ".ci" / "oldest.py"), "__name__": "oldest"}
    exec((ROOT / ".ci" / "oldest.py").read_text(encoding="utf-8"), namespace)
    oldest = namespace["oldest"]
    assert callable(oldest)
    assert {"pytest", "hypothesis", "h11", "pytest-xdist"} <= set(oldest())

"""The options of a run. Each exists as `--gateproof-...`; a short form only in a run that spells it.

A plugin that always registered `--server` would end every run of a project whose conftest defines one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

TAKEN: pytest.StashKey[list[str]] = pytest.StashKey()
PREFIX = "--gateproof-"
GROUP = "gateproof"


@dataclass(frozen=True)
class Option:
    """One option: its name without dashes, the help text and what argparse takes beside."""

    name: str
    help: str
    choices: tuple[str, ...] | None = None
    flag: bool = False
    metavar: str | None = None

    @property
    def dest(self) -> str:
        """Name under which the value is kept."""
        return "gateproof_" + self.name.replace("-", "_")

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of `addoption`."""
        if self.flag:
            return {"action": "store_true", "default": False, "dest": self.dest, "help": self.help}
        return {
            "action": "store",
            "default": None,
            "dest": self.dest,
            "help": self.help,
            "choices": self.choices,
            "metavar": self.metavar,
        }


OPTIONS = (
    Option("server", "server to judge: profile, profile with arguments, module:callable or URL", metavar="NAME"),
    Option("server-python", "interpreter (of a virtual environment) in which the server lives", metavar="PATH"),
    Option("app", "application to judge, module:attribute or module:factory()", metavar="MODULE:ATTR"),
    Option("middleware", "middleware to judge, module:callable", metavar="MODULE:CALLABLE"),
    Option("app-paths", "where to look in an application: /,/items/1,POST:/items or an OpenAPI file", metavar="PATHS"),
    Option("app-loop", "event loop in which an ASGI application is called", choices=("asyncio", "trio")),
    Option("interface", "interface of the target, where it cannot be told", choices=("wsgi", "asgi")),
    Option("baseline", "file of known deviations, each with its reason", metavar="FILE"),
    Option("baseline-update", "write what fails into the baseline, and take out what is stale", flag=True),
    Option("report", "folder for report.json and its companions", metavar="DIR"),
    Option("fail-on", "lightest verdict that fails a test", choices=("fail", "warn")),
    Option("compare", "an earlier report: say what is new, fixed, changed or stale since", metavar="REPORT"),
    Option("certify", "replay the frozen set alone, without draws, and write certificate.json", flag=True),
    Option("certify-set", "an older frozen set to replay, such as 2026.1; the newest if not given", metavar="NAME"),
    Option("lint-apps", "applications to observe in your own tests: module:attr,module:factory()", metavar="APPS"),
    Option("effort", "how many cases a check draws", choices=("quick", "default", "thorough")),
)


def add_long_forms(group: Any) -> None:
    """Register every option under its long name; `group` is pytest's option group."""
    for option in OPTIONS:
        group.addoption(PREFIX + option.name, **option.arguments())


def spelled(arguments: Sequence[str]) -> set[str]:
    """Return the names of the options whose short form the arguments spell."""
    heads = {argument.split("=", 1)[0] for argument in arguments if argument.startswith("--")}
    return {option.name for option in OPTIONS if f"--{option.name}" in heads}


def add_short_forms(config: pytest.Config, parser: pytest.Parser, arguments: Sequence[str]) -> None:
    """Register the short forms that are spelled and free, and remember those that somebody else has."""
    names = spelled(arguments)
    if not names:
        return
    anonymous = getattr(parser, "_anonymous", None)
    groups = [*getattr(parser, "_groups", []), *([anonymous] if anonymous else [])]
    used = {name for group in groups for option in group.options for name in option.names()}
    group = parser.getgroup(GROUP)
    for option in OPTIONS:
        if option.name in names and f"--{option.name}" not in used:
            group.addoption(f"--{option.name}", **option.arguments())
    config.stash[TAKEN] = [f"--{name}" for name in sorted(names) if f"--{name}" in used]

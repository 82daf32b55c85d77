"""Lets a run import our own modules as they were compiled when gateproof was installed.

pytest compiles the modules of every plugin once more, for better messages of a failed `assert`. Ours say in judgements
what they have seen; on a fresh machine, so in every CI job, that compilation takes as long as a third of a run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class AsInstalled:
    """A finder that is asked before pytest's own, and answers for our modules alone."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return what Python itself would load; None leaves a module to the finders behind this one."""
        return PathFinder.find_spec(name, path, target) if name.startswith("gateproof.") else None


def prefer() -> None:
    """Ask this finder first from now on."""
    if AsInstalled not in sys.meta_path:
        sys.meta_path.insert(0, AsInstalled)

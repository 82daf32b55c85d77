"""Makes a plain checkout work as if it were installed: `pytest --server=...` needs no installation."""

import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent

if str(ROOT / "src") not in sys.path:
    sys.path.insert(0, str(ROOT / "src"))

import gateproof  # noqa: E402 - the line above makes it importable

if find_spec("gateproof.suites") is None:
    # suites/, fixtures/ and reference_apps/ are sub-packages only in an installation; a checkout finds them here.
    gateproof.__path__.append(str(ROOT))

if "gateproof.plugin" not in sys.modules:
    # Not installed: no entry point has loaded the plugin, and its wrapper for the short forms would come too late.
    pytest_plugins = ["gateproof.plugin"]

    def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
        """Register the short forms that this run spells, where nobody else has them."""
        from gateproof import options

        config = pluginmanager.get_plugin("pytestconfig")
        assert isinstance(config, pytest.Config)
        added = [*config.getini("addopts"), *shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))]
        options.add_short_forms(config, parser, [*added, *map(str, config.invocation_params.args)])

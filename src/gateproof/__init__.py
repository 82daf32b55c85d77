"""Conformance tests for WSGI (PEP 3333) and ASGI, as a pytest plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateproof.lint import LintError, LintWarning, lint

__version__ = "2026.1.0"
__all__ = ["LintError", "LintWarning", "__version__", "lint"]


def __getattr__(name: str) -> Any:
    """Import the linter when it is first asked for: the plugin loads this package in every pytest run."""
    if name not in ("LintError", "LintWarning", "lint"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    module = importlib.import_module("gateproof.lint")
    return module if name == "lint" else getattr(module, name)  # the module can be called

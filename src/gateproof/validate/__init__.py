"""Pure observers of one call: they change nothing that passes through and say which requirement either side broke.

`gateproof.validate.wsgi` and `gateproof.validate.asgi` need the standard library only; `gateproof.lint` is for users.
"""

from gateproof.validate.findings import Finding, Report

__all__ = ["Finding", "Report"]

"""The handle of an ASGI application: the ways that lead somewhere in it, and the calls that a check plays."""

from __future__ import annotations

from gateproof.drive.asgi.playing import Stage


class App(Stage):
    """What checks get as `app`."""

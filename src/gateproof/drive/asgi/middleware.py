"""The handle of ASGI middleware: our server outside, our application inside, and both journals."""

from __future__ import annotations

from gateproof.drive.asgi.playing import Stage


class Middleware(Stage):
    """What checks get as `middleware`."""

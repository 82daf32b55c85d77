"""Serves the probe by a class of a reference server in several processes: what no process of tests can do in itself."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from gateproof.reference_apps import asgi_probe, wsgi_probe


def serve_wsgi(kind: Any, config: dict[str, Any]) -> None:
    """Serve by a WSGI server in three processes."""
    server = kind(wsgi_probe.make_app(config))
    print(server.port, flush=True)
    server.serve_in_processes(3)


def serve_asgi(kind: Any, config: dict[str, Any]) -> None:
    """Serve by an ASGI server in two processes, each with its own event loop; `index` says which."""
    from .asgi.faults import serving

    server = serving(kind)(asgi_probe.make_app(config))
    print(server.port, flush=True)
    server.serve_in_processes(2)


if __name__ == "__main__":
    module, name, text = sys.argv[1:4]
    found = json.loads(text)
    (serve_asgi if "lifespan" in found else serve_wsgi)(getattr(importlib.import_module(module), name), found)

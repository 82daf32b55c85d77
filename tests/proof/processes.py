"""Serves the probe by a class of a reference server in several processes: what no process of tests can do in itself."""

from __future__ import annotations

import importlib
import json
import sys

from gateproof.reference_apps import wsgi_probe

module, name, config = sys.argv[1:4]
server = getattr(importlib.import_module(module), name)(wsgi_probe.make_app(json.loads(config)))
print(server.port, flush=True)
server.serve_in_processes(3)

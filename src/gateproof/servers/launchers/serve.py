"""Starts servers that have no command of their own. Runs in the server's interpreter: standard library, 3.6 and later.

Arguments: kind, module:attribute of the application, host, port, then options of the kind: `--name=VALUE` or `--name`.
A value is JSON where it can be read as such, else text; a dash in a name stands for an underscore. Every option goes to
the server as it is, but for those that are the same everywhere: --uds=PATH, --certfile=PATH, --keyfile=PATH,
--mount=/PREFIX and --threads=N.
"""

import importlib
import json
import os
import sys

sys.path.insert(0, os.getcwd())


def load(name):
    """Return the object that `module:attribute` names."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def options(words):
    """Return {name: value} of the words after the fixed ones."""
    found = {}
    for word in words:
        name, given, text = word.partition("=")
        try:
            value = json.loads(text) if given else True
        except ValueError:
            value = text
        found[name.lstrip("-").replace("-", "_")] = value
    return found


def serve_callable(app, host, port, given):
    """A callable serve(app, host, port) that the user names."""
    target = given.pop("target")
    load(target)(app, host, port, **given)


def main(kind, name, host, port, *words):
    """Find the kind in one of the files beside this one, and serve."""
    given = options(words)
    if kind == "callable":
        return serve_callable(load(name), host, int(port), given)
    for module in ("serve_wsgi", "serve_asgi"):
        function = getattr(importlib.import_module(module), "serve_" + kind, None)
        if function is not None:
            return function(load(name), host, int(port), given)
    raise SystemExit("serve.py knows no server called " + kind)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Starts servers that have no command of their own. Runs in the server's interpreter: standard library, 3.6 and later.

Arguments: kind, module:attribute of the application, host, port, then what the kind takes.
"""

import importlib
import os
import sys

sys.path.insert(0, os.getcwd())


def load(name):
    """Return the object that `module:attribute` names."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def serve_wsgiref(app, host, port, *rest):
    """The server of the standard library."""
    from wsgiref.simple_server import make_server

    make_server(host, port, app).serve_forever()


def serve_werkzeug(app, host, port, *rest):
    """Werkzeug's development server, threaded unless told otherwise."""
    from werkzeug.serving import WSGIRequestHandler, run_simple

    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    files = [word for word in rest if os.path.isabs(word)]
    run_simple(host, port, app, threaded="single" not in rest, ssl_context=tuple(files) or None)


def serve_callable(app, host, port, target):
    """A callable serve(app, host, port) that the user names."""
    load(target)(app, host, port)


if __name__ == "__main__":
    kind, name, host, port = sys.argv[1:5]
    globals()["serve_" + kind](load(name), host, int(port), *sys.argv[5:])

"""Real WSGI middleware, each with ordinary arguments: a function here takes an application and wraps it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HERE = str(Path(__file__).parent)


def whitenoise(app: Any) -> Any:
    """WhiteNoise, with a folder of files."""
    from whitenoise import WhiteNoise

    return WhiteNoise(app, root=HERE, prefix="/static")


def proxy_fix(app: Any) -> Any:
    """Werkzeug's ProxyFix, with every field trusted once."""
    from werkzeug.middleware.proxy_fix import ProxyFix

    return ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_port=1, x_prefix=1)


def dispatcher(app: Any) -> Any:
    """Werkzeug's DispatcherMiddleware."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    return DispatcherMiddleware(app, {"/app": app, "/app/deep": app})


def shared_data(app: Any) -> Any:
    """Werkzeug's SharedDataMiddleware, with a folder of files."""
    from werkzeug.middleware.shared_data import SharedDataMiddleware

    return SharedDataMiddleware(app, {"/static": HERE, "/one.py": __file__})


def linter(app: Any) -> Any:
    """Werkzeug's LintMiddleware."""
    from werkzeug.middleware.lint import LintMiddleware

    return LintMiddleware(app)


def profiler(app: Any) -> Any:
    """Werkzeug's ProfilerMiddleware."""
    from werkzeug.middleware.profiler import ProfilerMiddleware

    return ProfilerMiddleware(app, stream=None)


def debugger(app: Any) -> Any:
    """Werkzeug's DebuggedApplication."""
    from werkzeug.debug import DebuggedApplication

    return DebuggedApplication(app)


def validator(app: Any) -> Any:
    """The standard library's validator."""
    from wsgiref.validate import validator as validate

    return validate(app)


def beaker(app: Any) -> Any:
    """Beaker's sessions."""
    from beaker.middleware import SessionMiddleware

    return SessionMiddleware(app, {"session.type": "memory"})


def paste_errors(app: Any) -> Any:
    """Paste's error pages."""
    from paste.exceptions.errormiddleware import ErrorMiddleware

    return ErrorMiddleware(app, debug=True)


def paste_cascade(app: Any) -> Any:
    """Paste's cascade of applications."""
    from paste.cascade import Cascade

    return Cascade([app, app])


def paste_map(app: Any) -> Any:
    """Paste's map of mount points."""
    from paste.urlmap import URLMap

    made = URLMap()
    made["/app"], made["/"] = app, app
    return made


def paste_gzip(app: Any) -> Any:
    """Paste's gzip."""
    from paste.gzipper import middleware

    return middleware(app, compress_level=6)


def sentry_wsgi(app: Any) -> Any:
    """Sentry's SentryWsgiMiddleware, which sends nothing anywhere."""
    import sentry_sdk
    from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware

    sentry_sdk.init(traces_sample_rate=1.0, default_integrations=False)
    return SentryWsgiMiddleware(app)


def opentelemetry_wsgi(app: Any) -> Any:
    """OpenTelemetry's OpenTelemetryMiddleware."""
    from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware

    return OpenTelemetryMiddleware(app)

"""Real ASGI middleware, each with ordinary arguments: a function here takes an application and wraps it."""

from __future__ import annotations

from typing import Any


def gzip(app: Any) -> Any:
    """Starlette's GZipMiddleware."""
    from starlette.middleware.gzip import GZipMiddleware

    return GZipMiddleware(app, minimum_size=10)


def cors(app: Any) -> Any:
    """Starlette's CORSMiddleware, with credentials."""
    from starlette.middleware.cors import CORSMiddleware

    return CORSMiddleware(app, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"], allow_credentials=True)


def base_http(app: Any) -> Any:
    """Starlette's BaseHTTPMiddleware, which passes on what it is given."""
    from starlette.middleware.base import BaseHTTPMiddleware

    async def dispatch(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    return BaseHTTPMiddleware(app, dispatch=dispatch)


def sessions(app: Any) -> Any:
    """Starlette's SessionMiddleware."""
    from starlette.middleware.sessions import SessionMiddleware

    return SessionMiddleware(app, secret_key="not a secret")


def server_errors(app: Any) -> Any:
    """Starlette's ServerErrorMiddleware, with its page for developers."""
    from starlette.middleware.errors import ServerErrorMiddleware

    return ServerErrorMiddleware(app, debug=True)


def trusted_host(app: Any) -> Any:
    """Starlette's TrustedHostMiddleware, for every host."""
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    return TrustedHostMiddleware(app, allowed_hosts=["*"])


def proxy_headers(app: Any) -> Any:
    """uvicorn's ProxyHeadersMiddleware, with every proxy trusted."""
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    return ProxyHeadersMiddleware(app, trusted_hosts="*")


def proxy_fix_asgi(app: Any) -> Any:
    """Hypercorn's ProxyFixMiddleware."""
    from hypercorn.middleware import ProxyFixMiddleware

    return ProxyFixMiddleware(app, mode="legacy", trusted_hops=1)


def dispatcher_asgi(app: Any) -> Any:
    """Hypercorn's AsyncioDispatcherMiddleware."""
    from hypercorn.middleware.dispatcher import AsyncioDispatcherMiddleware

    return AsyncioDispatcherMiddleware({"/app": app, "": app})


def brotli(app: Any) -> Any:
    """The middleware of brotli-asgi."""
    from brotli_asgi import BrotliMiddleware

    return BrotliMiddleware(app, minimum_size=10)


def sentry(app: Any) -> Any:
    """Sentry's SentryAsgiMiddleware, which sends nothing anywhere."""
    import sentry_sdk
    from sentry_sdk.integrations.asgi import SentryAsgiMiddleware

    sentry_sdk.init(traces_sample_rate=1.0, default_integrations=False)
    return SentryAsgiMiddleware(app)


def opentelemetry(app: Any) -> Any:
    """OpenTelemetry's OpenTelemetryMiddleware."""
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

    return OpenTelemetryMiddleware(app)


def channels_cookies(app: Any) -> Any:
    """Channels' CookieMiddleware."""
    from channels.sessions import CookieMiddleware

    return CookieMiddleware(app)

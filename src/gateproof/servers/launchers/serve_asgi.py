"""Adapters from WSGI to ASGI, on uvicorn or Hypercorn. Runs in the server's interpreter: 3.6 and later.

An adapter is mounted as ASGI mounts: `root_path` in the scope, the whole path in `path`. What else an ASGI server may
put into a scope comes as `--scope={...}` and is laid over the one that the server made.
"""

import asyncio


def scoped(app, given):
    """Wrap an ASGI application where the options ask for another scope."""
    changes = dict(given.pop("scope", {}))
    changes.update(dict.fromkeys(given.pop("scope_null", ())))
    if "mount" in given:
        changes["root_path"] = given.pop("mount")
    if not changes:
        return app

    async def changed(scope, receive, send):
        await app(dict(scope, **changes) if scope["type"] == "http" else scope, receive, send)

    return changed


def run_uvicorn(app, host, port, given):
    """Run an ASGI application on uvicorn."""
    import uvicorn

    app = scoped(app, given)
    names = {"certfile": "ssl_certfile", "keyfile": "ssl_keyfile"}
    given = {names.get(name, name): value for name, value in given.items()}
    if not given.get("uds"):
        given.update(host=host, port=port)
    uvicorn.run(app, **given)


def serve_asgiref(app, host, port, given):
    """asgiref's WsgiToAsgi; `--adapter={...}` are its own arguments."""
    from asgiref.wsgi import WsgiToAsgi

    run_uvicorn(WsgiToAsgi(app, **given.pop("adapter", {})), host, port, given)


def serve_a2wsgi(app, host, port, given):
    """a2wsgi's WSGIMiddleware; `--adapter={...}` and `--threads=N` are its own arguments."""
    from a2wsgi import WSGIMiddleware

    arguments = given.pop("adapter", {})
    if "threads" in given:
        arguments["workers"] = given.pop("threads")
    run_uvicorn(WSGIMiddleware(app, **arguments), host, port, given)


def serve_uvicorn_wsgi(app, host, port, given):
    """uvicorn's own WSGI adapter, in a scope that its command cannot give it."""
    if "mount" not in given and "scope" not in given and "scope_null" not in given:
        return run_uvicorn(app, host, port, dict(given, interface="wsgi"))
    from uvicorn.middleware.wsgi import WSGIMiddleware

    run_uvicorn(WSGIMiddleware(app), host, port, given)


def serve_hypercorn_middleware(app, host, port, given):
    """Hypercorn's WSGI middleware, as an application would use it."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    try:
        from hypercorn.middleware import AsyncioWSGIMiddleware as Middleware
    except ImportError:
        from hypercorn.middleware import WSGIMiddleware as Middleware
    config = Config()
    uds = given.pop("uds", None)
    config.bind = ["unix:" + uds if uds else "%s:%d" % (host, port)]
    arguments = given.pop("adapter", {})
    app = scoped(Middleware(app, **arguments), given)
    for name, value in given.items():
        setattr(config, name, value)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(serve(app, config))

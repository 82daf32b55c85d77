"""WSGI servers that are started by a call. Runs in the server's interpreter: standard library, 3.6 and later.

Every function takes the application, host, port and the options that are left, which go to the server by name.
"""

import socket
import sys


def files(given):
    """Take certificate and key out of the options; None where there are none."""
    pair = given.pop("certfile", None), given.pop("keyfile", None)
    return pair if pair[0] else None


def listener(given):
    """Take the path of a unix socket out of the options and listen there; None where there is none."""
    path = given.pop("uds", None)
    if path is None:
        return None
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(path)
    made.listen(128)
    return made


def serve_wsgiref(app, host, port, given):
    """The server of the standard library."""
    from wsgiref.simple_server import make_server

    make_server(host, port, app).serve_forever()


def serve_werkzeug(app, host, port, given):
    """Werkzeug's development server, threaded unless told otherwise, HTTP/1.1 unless told otherwise."""
    from werkzeug.serving import WSGIRequestHandler, run_simple

    WSGIRequestHandler.protocol_version = given.pop("protocol", "HTTP/1.1")
    if "uds" in given:
        host = "unix://" + given.pop("uds")
    given.setdefault("threaded", "processes" not in given)
    run_simple(host, port, app, ssl_context=files(given), **given)


def serve_django(app, host, port, given):
    """Django's development server, with the application in the place of a project's."""
    from django.conf import settings

    settings.configure(ALLOWED_HOSTS=["*"], DEBUG=False)
    import django

    django.setup()
    from django.core.servers.basehttp import run

    given.setdefault("threading", True)
    run(host, port, app, **given)


def serve_waitress(app, host, port, given):
    """Waitress by its function, for releases without a command."""
    import logging

    logging.basicConfig()
    from waitress import serve

    if "uds" in given:
        return serve(app, unix_socket=given.pop("uds"), **given)
    serve(app, host=host, port=port, **given)


def serve_cheroot(app, host, port, given):
    """Cheroot by its class: mounts, TLS and settings that its command does not have."""
    try:
        from cheroot.wsgi import PathInfoDispatcher, Server
    except ImportError:
        from cheroot.wsgi import WSGIPathInfoDispatcher as PathInfoDispatcher
        from cheroot.wsgi import WSGIServer as Server
    run_cheroot(Server, PathInfoDispatcher, app, host, port, given)


def serve_cherrypy_wsgiserver(app, host, port, given):
    """The server that CherryPy had before it became Cheroot."""
    try:
        from cherrypy.wsgiserver import CherryPyWSGIServer, WSGIPathInfoDispatcher
    except ImportError:
        from cherrypy.wsgiserver.wsgiserver3 import CherryPyWSGIServer, WSGIPathInfoDispatcher
    run_cheroot(CherryPyWSGIServer, WSGIPathInfoDispatcher, app, host, port, given)


def run_cheroot(server_class, dispatcher, app, host, port, given):
    """Cheroot's server class, of whichever package."""
    mount, pair, uds = given.pop("mount", None), files(given), given.pop("uds", None)
    threads = {"numthreads": given.pop("threads")} if "threads" in given else {}
    server = server_class(uds or (host, port), dispatcher({mount: app}) if mount else app, **threads)
    if pair:
        from cheroot.ssl.builtin import BuiltinSSLAdapter

        server.ssl_adapter = BuiltinSSLAdapter(*pair)
    for name, value in given.items():
        setattr(server, name, value)
    server.start()


def serve_cherrypy(app, host, port, given):
    """CherryPy's engine, with the application grafted into its tree."""
    import cherrypy

    config = {"server.socket_host": host, "server.socket_port": port, "engine.autoreload.on": False}
    mount = given.pop("mount", "/")
    config.update(given)
    cherrypy.config.update(config)
    cherrypy.tree.graft(app, mount)
    cherrypy.engine.signals.subscribe()
    cherrypy.engine.start()
    cherrypy.engine.block()


def serve_gevent(app, host, port, given):
    """gevent.pywsgi, patched as its own documentation says."""
    from gevent import monkey

    if given.pop("monkey", True):
        monkey.patch_all()
    from gevent.pywsgi import WSGIServer

    address, pair = listener(given) or (host, port), files(given)
    if pair:
        given.update(certfile=pair[0], keyfile=pair[1])
    WSGIServer(address, app, **given).serve_forever()


def serve_eventlet(app, host, port, given):
    """eventlet.wsgi, patched."""
    import eventlet

    if given.pop("monkey", True):
        eventlet.monkey_patch()
    from eventlet import wsgi

    uds, pair = given.pop("uds", None), files(given)
    made = eventlet.listen(uds, socket.AF_UNIX) if uds else eventlet.listen((host, port))
    if pair:
        made = eventlet.wrap_ssl(made, certfile=pair[0], keyfile=pair[1], server_side=True)
    wsgi.server(made, app, **given)


def serve_bjoern(app, host, port, given):
    """Bjoern: libev, one thread."""
    import bjoern

    if "uds" in given:
        return bjoern.run(app, "unix:" + given.pop("uds"), **given)
    bjoern.run(app, host, port, **given)


def serve_twisted(app, host, port, given):
    """twisted.web's WSGIResource on the reactor's own threads."""
    from twisted.internet import endpoints, reactor
    from twisted.python import log
    from twisted.web.resource import Resource
    from twisted.web.server import Site
    from twisted.web.wsgi import WSGIResource

    log.startLogging(sys.stderr)
    pool = reactor.getThreadPool()
    if "threads" in given:
        pool.adjustPoolsize(0, given.pop("threads"))
    resource, mount, pair = WSGIResource(reactor, pool, app), given.pop("mount", ""), files(given)
    if mount:
        root = Resource()
        root.putChild(mount.strip("/").encode("ascii"), resource)
        resource = root
    if "uds" in given:
        reactor.listenUNIX(given.pop("uds"), Site(resource, **given))
    elif pair:
        where = "ssl:%d:interface=%s:certKey=%s:privateKey=%s" % (port, host, pair[0], pair[1])
        endpoints.serverFromString(reactor, where).listen(Site(resource, **given))
    else:
        reactor.listenTCP(port, Site(resource, **given), interface=host)
    reactor.run()


def serve_tornado(app, host, port, given):
    """tornado.wsgi.WSGIContainer; `--executor=N` gives it threads, where the release knows that."""
    import tornado.httpserver
    import tornado.ioloop
    import tornado.wsgi

    workers, pair, uds = given.pop("executor", 0), files(given), given.pop("uds", None)
    if pair:
        given["ssl_options"] = {"certfile": pair[0], "keyfile": pair[1]}

    def start():
        container = tornado.wsgi.WSGIContainer(app)
        if workers:
            from concurrent.futures import ThreadPoolExecutor

            container = tornado.wsgi.WSGIContainer(app, ThreadPoolExecutor(workers))
        server = tornado.httpserver.HTTPServer(container, **given)
        if uds:
            from tornado.netutil import bind_unix_socket

            return server.add_socket(bind_unix_socket(uds))
        server.listen(port, host)

    if tornado.version_info < (6, 1):  # has no loop of asyncio's that runs yet
        start()
        return tornado.ioloop.IOLoop.current().start()
    import asyncio

    async def forever():
        start()
        await asyncio.Event().wait()

    asyncio.run(forever()) if hasattr(asyncio, "run") else asyncio.get_event_loop().run_until_complete(forever())


def serve_paste(app, host, port, given):
    """Paste's httpserver: HTTP/1.0 unless --protocol_version says otherwise."""
    from paste import httpserver

    httpserver.serve(app, host=host, port=str(port), **given)


def serve_fastpysgi(app, host, port, given):
    """FastPySGI, for WSGI and for ASGI."""
    import fastpysgi

    for name, value in given.items():
        setattr(fastpysgi.server, name, value)
    fastpysgi.run(app, host, port)


def serve_fastwsgi(app, host, port, given):
    """FastWSGI by its function."""
    import fastwsgi

    for name, value in given.items():
        setattr(fastwsgi.server, name, value)
    fastwsgi.run(app, host, port)


def serve_pyruvate(app, host, port, given):
    """Pyruvate: Rust, worker threads."""
    import logging

    logging.basicConfig(level=logging.INFO)
    import pyruvate

    uds = given.pop("uds", None)
    where = "unix:" + uds if uds else "%s:%d" % (host, port)
    pyruvate.serve(app, where, given.pop("threads", 2), **given)


def serve_wsgiserver(app, host, port, given):
    """WSGIserver: CherryPy's server as one file."""
    import wsgiserver

    pair = files(given)
    if pair:
        given.update(certfile=pair[0], keyfile=pair[1])
    if "threads" in given:
        given["numthreads"] = given.pop("threads")
    wsgiserver.WSGIServer(app, host=host, port=port, **given).start()


def serve_netius(app, host, port, given):
    """Netius: an event loop, one thread."""
    import netius.servers

    pair = files(given)
    if pair:
        given.update(ssl=True, cer_file=pair[0], key_file=pair[1])
    netius.servers.WSGIServer(app=app).serve(host=host, port=port, env=False, **given)


def serve_rocket3(app, host, port, given):
    """Rocket3: threads. What it logs goes to nobody until somebody asks for it."""
    import logging

    logging.basicConfig()
    from rocket3 import Rocket3

    pair = files(given)
    address = (host, port, *pair) if pair else (host, port)
    if "threads" in given:
        given["max_threads"] = given["min_threads"] = given.pop("threads")
    Rocket3(address, "wsgi", {"wsgi_app": app}, **given).start()

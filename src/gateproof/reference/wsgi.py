"""A WSGI server that conforms: threaded, HTTP/1.1 with keep-alive, standard library only.

Every decision is one small method or attribute, a seam at which a mutant or a conforming variant differs:

- `grammar` (see `requests.Grammar`) and `input_class`, `source_class` (see `body`): what comes in;
- `Server.environ` and the methods it calls: what the application is given;
- `Server.call` and `Server.lacking`: how the application is called;
- `Answer`: start_response, write, the header, the framing, the end (class attribute `answer_class`);
- `FileWrapper`: wsgi.file_wrapper.

`python -m gateproof.reference.wsgi module:attribute --port 8000` serves; `Server(app).serve_in_thread()` is for tests.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import signal
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, TextIO
from urllib.parse import unquote_to_bytes

from gateproof.reference.answer import Answer, FileWrapper
from gateproof.reference.body import Input, Source
from gateproof.reference.listening import listen
from gateproof.reference.requests import BadRequest, Gone, Grammar, Request

Environ = dict[str, Any]
Application = Callable[..., Any]
DRAIN = 256 * 1024
THREADS = 512  # at most; as many are made as there are connections at a time


class Server:
    """Accepts connections on one socket and serves each in a thread that it has to itself."""

    grammar: Grammar = Grammar()
    input_class: type[Input] = Input
    source_class: type[Source] = Source
    answer_class: type[Answer] = Answer
    file_wrapper: type[FileWrapper] | None = FileWrapper
    multithread: Any = True
    multiprocess: Any = False
    run_once: ClassVar[Any] = False
    keep_alive = True
    threaded = True
    errors_class: type[io.StringIO] | None = None

    def __init__(
        self,
        application: Application,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        mount: str = "",
        tls: ssl.SSLContext | None = None,
        errors: TextIO | None = None,
        uds: str | None = None,
    ) -> None:
        """Listen on a port, 0 for a free one, or on a unix socket."""
        self.application, self.mount, self.tls, self.uds = application, mount, tls, uds
        self.errors = errors if errors is not None else sys.stderr
        self.listener, self.host, self.port = listen(host, port, uds, backlog=256)
        self.connections: set[socket.socket] = set()
        self.closing = False
        self.lock = threading.Lock()

    def be_single(self) -> None:
        """Serve one request after the other, and say so."""
        self.threaded = self.keep_alive = self.multithread = False

    def be_many(self) -> None:
        """Be one of several processes, and say so."""
        self.multiprocess = True

    # -- connections

    def serve_in_processes(self, count: int) -> None:
        """Serve in so many processes of our own until one ends; to be called before any thread is started."""
        self.be_many()
        workers = []
        for _ in range(count):
            pid = os.fork()
            if pid == 0:
                self.serve_forever()
                os._exit(0)
            workers.append(pid)
        try:
            os.wait()
        finally:
            for pid in workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def serve_forever(self) -> None:
        """Accept until `close`; a thread that has served a connection takes the next one."""
        threads = ThreadPoolExecutor(THREADS) if self.threaded else None
        try:
            self._accept(threads)
        finally:
            if threads is not None:
                self.close()  # or the end of the process would wait for connections that say nothing
                threads.shutdown(wait=False, cancel_futures=True)

    def _accept(self, threads: ThreadPoolExecutor | None) -> None:
        while not self.closing:
            try:
                connection, peer = self.listener.accept()
            except OSError:
                break
            if self.closing:
                connection.close()
                break
            with self.lock:
                self.connections.add(connection)
            if threads is not None:
                threads.submit(self.serve, connection, peer)
            else:
                self.serve(connection, peer)

    @contextlib.contextmanager
    def serve_in_thread(self) -> Iterator[Server]:
        """Serve while the block runs."""
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.close()
            thread.join(5)

    def close(self) -> None:
        """Stop accepting and end every connection."""
        self.closing = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def serve(self, connection: socket.socket, peer: Any) -> None:
        """Serve one connection until it ends."""
        try:
            connection.settimeout(30)
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection.makefile("rb", 65536) as stream:
                while self.serve_one(connection, stream, peer):
                    pass
            self.linger(connection)
        except (OSError, Gone):
            pass
        finally:
            connection.close()
            with self.lock:
                self.connections.discard(connection)

    def linger(self, connection: socket.socket) -> None:
        """Send FIN and read on for a moment, so that a reset does not take our answer away (RFC 9112, 9.6)."""
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(0.5)
        total = 0
        while total < DRAIN and (octets := connection.recv(65536)):
            total += len(octets)

    def serve_one(self, connection: socket.socket, stream: Any, peer: Any) -> bool:
        """Serve one request; tell whether the connection goes on."""
        try:
            request = self.grammar.head(stream.readline)
            if request is None:
                return False
        except BadRequest as refusal:
            self.refuse(connection, refusal)
            return self.goes_on_after_refusal()
        answer = self.answer_class(self, request, connection.sendall)
        source = self.source_class(
            self.grammar, request.length, stream.read1, stream.readline, lambda: self.expect(request, answer)
        )
        environ = self.environ(request, connection, peer)
        environ["wsgi.input"] = self.input_class(source)
        self.respond(environ, answer)
        return self.goes_on(request, answer, source)

    def goes_on_after_refusal(self) -> bool:
        """After a request that was refused nothing on the connection can be trusted."""
        return False

    def refuse(self, connection: socket.socket, refusal: BadRequest) -> None:
        """Answer for a request that the application never sees."""
        connection.sendall(b"HTTP/1.1 " + refusal.status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def expect(self, request: Request, answer: Answer) -> None:
        """Send 100 Continue before we wait for a body that the client holds back."""
        if b"100-continue" in request.words(b"expect") and not request.is_1_0 and not answer.head_sent:
            answer.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def goes_on(self, request: Request, answer: Answer, source: Source) -> bool:
        """Keep the connection if both sides want it and it is in step."""
        if answer.close or not answer.complete:
            return False
        try:
            return self.drain(request, source)
        except (BadRequest, Gone):
            return False

    def drain(self, request: Request, source: Source) -> bool:
        """Read what the application left of the body; a client that waits for 100 Continue may never send it."""
        if not source.ended and not source.begun and request.words(b"expect"):
            return False
        total = 0
        while octets := source.some(65536):
            total += len(octets)
            if total > DRAIN:
                return False
        return True

    # -- environ

    def environ(self, request: Request, connection: socket.socket, peer: Any) -> Environ:
        """Return a fresh environ for a request."""
        path, query = self.split_target(request.target)
        script_name, path_info = self.mounted(self.decode_path(path))
        environ: Environ = {
            "REQUEST_METHOD": self.method(request),
            "SCRIPT_NAME": script_name,
            "PATH_INFO": path_info,
            "QUERY_STRING": self.query_string(query),
            "SERVER_NAME": self.server_name(),
            "SERVER_PORT": self.server_port(),
            "SERVER_PROTOCOL": self.server_protocol(request),
            "REMOTE_ADDR": self.remote_addr(peer),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.url_scheme(request),
            "wsgi.errors": self.errors_stream(),
            "wsgi.multithread": self.multithread,
            "wsgi.multiprocess": self.multiprocess,
            "wsgi.run_once": self.run_once,
            "wsgi.input_terminated": True,
        }
        if isinstance(peer, tuple):
            environ["REMOTE_PORT"] = str(peer[1])
        if self.file_wrapper is not None:
            environ["wsgi.file_wrapper"] = self.file_wrapper
        self.content_variables(environ, request)
        self.header_variables(environ, request)
        return environ

    def method(self, request: Request) -> str:
        """The method as it was sent."""
        return self.text(request.method)

    def text(self, octets: bytes) -> str:
        """The native string that stands for octets."""
        return octets.decode("latin-1")

    def split_target(self, target: bytes) -> tuple[bytes, bytes]:
        """Return path and query of a target, before anything is decoded."""
        if not target.startswith(b"/") and b"://" in target:
            rest = target.partition(b"://")[2]
            cut = min((rest.index(mark) for mark in (b"/", b"?") if mark in rest), default=len(rest))
            target = rest[cut:] if rest[cut:].startswith(b"/") else b"/" + rest[cut:]
        path, _, query = target.partition(b"?")
        return path, query

    def decode_path(self, path: bytes) -> str:
        """Percent-decode a path once."""
        return self.text(unquote_to_bytes(path))

    def mounted(self, path: str) -> tuple[str, str]:
        """Return SCRIPT_NAME and PATH_INFO: the mount point counts by whole segments."""
        if self.mount and (path == self.mount or path.startswith(self.mount + "/")):
            return self.mount, path[len(self.mount) :]
        return "", path

    def query_string(self, query: bytes) -> str:
        """The query as it was sent."""
        return self.text(query)

    def server_name(self) -> str:
        """The address on which we listen."""
        return str(self.host)

    def server_port(self) -> Any:
        """The port on which we listen."""
        return str(self.port)

    def server_protocol(self, request: Request) -> str:
        """The version that the client sent."""
        return self.text(request.version)

    def remote_addr(self, peer: Any) -> str:
        """The address of the peer."""
        return str(peer[0]) if isinstance(peer, tuple) else ""

    def url_scheme(self, request: Request) -> str:
        """The scheme under which we were reached."""
        return "https" if self.tls is not None else "http"

    def errors_stream(self) -> Any:
        """The stream for the application's messages."""
        return self.errors

    def content_variables(self, environ: Environ, request: Request) -> None:
        """CONTENT_TYPE and CONTENT_LENGTH, where the fields were sent."""
        for value in request.all(b"content-type"):
            environ["CONTENT_TYPE"] = self.text(value)
        if request.all(b"content-length"):
            environ["CONTENT_LENGTH"] = self.content_length(request)

    def content_length(self, request: Request) -> str:
        """The length of the body in decimal digits."""
        return str(request.length)

    def header_variables(self, environ: Environ, request: Request) -> None:
        """One HTTP_ variable for each field name; names with an underscore are left out."""
        for name, value in request.fields:
            if not self.wanted(name):
                continue
            key, text = self.header_key(name), self.header_text(value)
            environ[key] = self.joined(environ[key], text) if key in environ else text

    def wanted(self, name: bytes) -> bool:
        """Content fields have variables of their own; an underscore could pass for a hyphen."""
        return name.lower() not in (b"content-type", b"content-length") and b"_" not in name

    def header_key(self, name: bytes) -> str:
        """The variable of a field name."""
        return "HTTP_" + self.text(name).upper().replace("-", "_")

    def header_text(self, value: bytes) -> Any:
        """The text of a field value."""
        return self.text(value)

    def joined(self, before: str, value: str) -> str:
        """Several fields of one name have the meaning of their list."""
        return f"{before}, {value}"

    # -- the call

    def respond(self, environ: Environ, answer: Answer) -> None:
        """Call the application and send what it gives."""
        result = None
        try:
            try:
                result = self.call(environ, answer)
                answer.consume(result)
            finally:
                self.close_result(result)
        except (OSError, Gone, BadRequest) as error:
            if isinstance(error, OSError) and not answer.broken:
                self.report()
                answer.fail()
            else:
                answer.complete = False
                if isinstance(error, BadRequest):
                    answer.fail(error.status)
        except BaseException as error:
            self.report()
            answer.fail()
            if not isinstance(error, Exception):
                answer.close = True

    def call(self, environ: Environ, answer: Answer) -> Any:
        """Call the application with two positional arguments."""
        return self.application(environ, answer.start_response)

    def close_result(self, result: Any) -> None:
        """Call close() of what the application returned, where it has one."""
        close = getattr(result, "close", None)
        if close is not None:
            close()

    def report(self) -> None:
        """Log the exception at hand."""
        text = traceback.format_exc()
        with contextlib.suppress(ValueError, OSError):
            self.errors.write(text.encode("ascii", "backslashreplace").decode("ascii"))
            self.errors.flush()


def main(arguments: list[str] | None = None) -> None:
    """Serve an application until SIGTERM."""
    parser = argparse.ArgumentParser(prog="gateproof.reference.wsgi", description="A WSGI server that conforms.")
    parser.add_argument("application", metavar="MODULE:ATTRIBUTE")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--mount", default="")
    parser.add_argument("--uds")
    parser.add_argument("--single-thread", action="store_true")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--certfile")
    parser.add_argument("--keyfile")
    given = parser.parse_args(arguments)
    module, _, attribute = given.application.partition(":")
    application = getattr(importlib.import_module(module), attribute or "app")
    tls = None
    if given.certfile:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(given.certfile, given.keyfile)
    if sys.stderr.encoding.lower() != "utf-8" or sys.stderr.errors == "strict":
        sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    server = Server(application, given.host, given.port, mount=given.mount, tls=tls, uds=given.uds)
    if given.single_thread:
        server.be_single()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(KeyboardInterrupt):
        if given.processes > 1:
            server.serve_in_processes(given.processes)
        else:
            server.serve_forever()


if __name__ == "__main__":
    main()

"""The WSGI probe: the application that the server under test hosts.

It plays the script that comes with a request and journals what it saw and did over a side channel. One file, standard
library only, CPython 3.6 and later and PyPy: it lives in whatever interpreter the server lives in. A script is data
with a closed set of verbs (the STEPS table below); nothing in it is ever evaluated or imported.

Deployed by hand behind any server (`wsgi_probe:app`, with a secret in GATEPROOF_TOKEN), it has no side channel: it
answers requests that prove to know the secret, each with its own journal, and nobody else. It never opens a connection.
"""

import base64
import collections
import functools
import gc
import hashlib
import hmac
import io
import itertools
import json
import os
import socket
import sys
import tempfile
import threading
import time
import weakref

PLAIN = 65536
HEAD = 4096
JOURNAL = "application/vnd.gateproof.journal+json"
IN_BAND = frozenset(("read", "read_until", "read_exactly", "errors", "look", "note", "try"))
INPUT_METHODS = ("read", "readline", "readlines", "__iter__")
ERROR_METHODS = ("write", "writelines", "flush")
RAISABLE = {
    kind.__name__: kind
    for kind in (
        Exception, ValueError, TypeError, RuntimeError, OSError, KeyError, AssertionError, UnicodeError, MemoryError,
        BufferError, ReferenceError, BaseException, SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration,
    )
}


class ProbeError(Exception):
    """What a script raises on purpose."""


# -- values as data; the forms are those of gateproof.values


def type_name(value):
    """Return the full name of a value's type, without the module for built-in ones."""
    kind = type(value)
    name = getattr(kind, "__qualname__", kind.__name__)
    return name if kind.__module__ == "builtins" else "%s.%s" % (kind.__module__, name)


def cut(key, value, octets):
    """Return the form of a value that is too long."""
    head = value[:HEAD] if key == "s" else value[:HEAD].decode("latin-1")
    return {key: head, "len": len(value), "sha256": hashlib.sha256(octets).hexdigest(), "cut": True}


def encode(value, depth=0):
    """Return the data form of any value; exact types survive."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if abs(value) < 1 << 63 else {"type": "int", "repr": repr(value)[:200]}
    if kind is str:
        return value if len(value) <= PLAIN else cut("s", value, value.encode("utf-8", "surrogatepass"))
    if kind is bytes:
        return {"b": value.decode("latin-1")} if len(value) <= PLAIN else cut("b", value, value)
    if kind is float:
        return value if value - value == 0 else {"type": "float", "repr": repr(value)}
    if depth > 6:
        return {"type": type_name(value), "repr": "too deep"}
    if kind is list:
        return [encode(item, depth + 1) for item in value[:2000]]
    if kind is tuple:
        return {"tuple": [encode(item, depth + 1) for item in value[:2000]]}
    if kind is dict:
        return {"dict": [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in list(value.items())[:2000]]}
    for base in (bool, int, str, bytes, bytearray, list, tuple, dict):
        if isinstance(value, base):
            plain = bytes(value) if base is bytearray else base(value)
            return {"type": type_name(value), "of": encode(plain, depth + 1)}
    return {"type": type_name(value), "repr": safe_repr(value)}


def safe_repr(value):
    """Return a bounded repr of a value that may not have one."""
    try:
        return repr(value)[:200]
    except Exception as error:
        return "repr raised %s" % type(error).__name__


def decode(form):
    """Return the value of a data form that a script carries."""
    if isinstance(form, list):
        return [decode(item) for item in form]
    if not isinstance(form, dict):
        return form
    if "b" in form:
        return form["b"].encode("latin-1")
    if "tuple" in form:
        return tuple(decode(item) for item in form["tuple"])
    if "dict" in form:
        return {decode(key): decode(value) for key, value in form["dict"]}
    if form.get("type") in ("bytearray", "memoryview"):
        return (bytearray if form["type"] == "bytearray" else memoryview)(decode(form["of"]))
    if form.get("type") == "object":
        return object()
    if form.get("type") == "list_subclass":
        return ListSubclass(decode(form["of"]))
    if form.get("type") == "str_subclass":
        return StrSubclass(decode(form["of"]))
    return form.get("repr", "")


class ListSubclass(list):
    """A list that is not exactly one."""


class StrSubclass(str):
    """A str that is not exactly one."""


# -- the side channel


class Link:
    """One connection to the test run: one per process and thread. When it is lost, the next line tries another."""

    def __init__(self, config, seq=0):
        """Connect and greet; `seq` is the number of the first line, above 0 where a link before this one was lost."""
        self.pid, self.seq, self.lost, self.buffer = os.getpid(), seq, False, b""
        self.waiting, self.writing = [], False
        self.sock = None
        try:
            self.sock = socket.create_connection((config["host"], config["port"]), 5)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.put(
                {
                    "hello": config["token"],
                    "launch": config["launch"],
                    "n": seq,
                    "pid": self.pid,
                    "tid": threading.get_ident(),
                    "python": "%d.%d.%d" % sys.version_info[:3],
                    "impl": sys.implementation.name,
                }
            )
        except OSError:
            self.lost = True

    def __del__(self):
        """A thread that ended, or a fork, leaves its socket to us."""
        if self.sock is not None:
            self.sock.close()

    def put(self, data):
        """Send one line."""
        if self.lost:
            return
        try:
            self.sock.sendall(json.dumps(data, separators=(",", ":")).encode("ascii") + b"\n")
        except OSError:
            self.lost = True

    def journal(self, exchange, call, events, end):
        """Send one journal line; what a finalizer journals meanwhile, wherever garbage is met, comes behind it."""
        self.waiting.append((exchange, call, events, end))
        if self.writing:
            return
        self.writing = True
        try:
            while self.waiting:
                exchange, call, events, end = self.waiting.pop(0)
                self.put({"x": exchange, "c": call, "n": self.seq, "e": events, "end": end})
                self.seq += 1
        finally:
            self.writing = False

    def ask(self, data, deadline):
        """Send a question and return the answer, or {} when none came."""
        self.put(data)
        if self.lost:
            return {}
        try:
            self.sock.settimeout(deadline + 5)
            while b"\n" not in self.buffer:
                got = self.sock.recv(65536)
                if not got:
                    raise OSError("the side channel was closed")
                self.buffer += got
            line, _, self.buffer = self.buffer.partition(b"\n")
            return json.loads(line.decode("ascii"))
        except (OSError, ValueError):
            self.lost = True
            return {}


def in_band(steps):
    """Tell whether a deployed probe may play these steps, and those within them."""
    return all(step[0] in IN_BAND and all(in_band(inner) for inner in step[1:] if step[0] == "try") for step in steps)


class Seal:
    """Tells whether a request comes from whoever knows the token: an HMAC of time, nonce, id and script, good once."""

    WINDOW_S = 300

    def __init__(self, token):
        """Take the token."""
        self.key, self.used, self.lock = token.encode("utf-8"), collections.OrderedDict(), threading.Lock()

    def holds(self, exchange, script, proof):
        """Tell whether a proof (time.nonce.hmac) is right, recent and new."""
        try:
            moment, nonce, mac = proof.split(".")
            said = ".".join((moment, nonce, exchange, script)).encode("ascii")
            age = abs(time.time() - int(moment))
        except (ValueError, AttributeError, TypeError):
            return False
        right = hmac.new(self.key, said, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode("ascii"), mac.encode("ascii", "replace")) or age > self.WINDOW_S:
            return False
        with self.lock:
            while self.used and next(iter(self.used.values())) < time.time() - 2 * self.WINDOW_S:
                self.used.popitem(last=False)
            if nonce in self.used:
                return False
            self.used[nonce] = time.time()
        return True


class Probe:
    """What all calls of one launch share."""

    def __init__(self, config):
        """Take the launch's settings (address of the side channel, token, launch id)."""
        self.config = config
        self.local = threading.local()
        self.calls = itertools.count(1)
        self.seal = Seal(config["deployed"]) if config.get("deployed") else None

    def link(self):
        """Return the link of this process and thread; a fork or another thread gets its own."""
        if self.seal is not None:
            raise ProbeError("a deployed probe opens no connection")
        link = getattr(self.local, "link", None)
        if link is None or link.pid != os.getpid():
            link = self.local.link = Link(self.config)
        elif link.lost:
            link = self.local.link = Link(self.config, link.seq)
        return link

    def ask(self, data, deadline):
        """Ask over the link of this thread, or over one more where another call waits on it, as greenlets do."""
        link = self.link()
        if getattr(self.local, "asking", None) is link:
            return Link(self.config).ask(data, deadline)
        self.local.asking = link
        try:
            return link.ask(data, deadline)
        finally:
            self.local.asking = None

    def __call__(self, *args, **kwargs):
        """Be the application."""
        environ = args[0] if args else kwargs.get("environ")
        if self.seal is not None:
            return self.answer_in_band(args, kwargs)
        marked = environ.get("HTTP_GATEPROOF_HELLO") if isinstance(environ, dict) else None
        if marked:
            return self.greet(args, kwargs)
        return Call(self, args, kwargs).play()

    def greet(self, args, kwargs):
        """Answer who we are: the identity by which a launch knows its own server. The link is made on the way."""
        self.link()
        start_response = args[1] if len(args) > 1 else kwargs["start_response"]
        body = self.config["launch"].encode("ascii")
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    def answer_in_band(self, args, kwargs):
        """Deployed: answer with the journal whoever knows the token, and nobody else."""
        call = Call(self, args, kwargs)
        environ = call.environ if isinstance(call.environ, dict) else {}
        given = [environ.get("HTTP_GATEPROOF_" + name) for name in ("ID", "SCRIPT", "PROOF")]
        if all(isinstance(value, str) for value in given) and self.seal.holds(*given):
            status, fields, body = call.play_in_band()
        else:
            status, fields, body = "404 Not Found", [("Content-Type", "text/plain")], b"not found"
        call.start_response(status, fields + [("Content-Length", str(len(body)))])
        return [body]


# -- one call


class Call:
    """One call: its script, its journal, and what the steps need."""

    def __init__(self, probe, args, kwargs):
        """Note what we were called with."""
        self.probe, self.args, self.kwargs = probe, args, kwargs
        self.environ = args[0] if args else kwargs.get("environ")
        self.start_response = args[1] if len(args) > 1 else kwargs.get("start_response")
        self.number = next(probe.calls)
        self.events, self.writer, self.ended, self.live = [], None, False, False
        self.exchange, self.script = None, None

    def play(self):
        """Do what the script says, and return what it says."""
        self.find_script()
        self.log("call", self.opening())
        try:
            for step in self.script.get("call", ()):
                self.step(step)
            result = self.result(self.script.get("result") or {"kind": "list", "items": []})
        except BaseException as error:
            self.log("raised", {"raised": type_name(error), "message": str(error)[:200]})
            self.flush(True)
            raise
        self.log("returned", {"kind": type_name(result)})
        self.flush(self.ended_by_return)
        return result

    def play_in_band(self):
        """Play the script of a deployed probe; return status, fields and the journal as body."""
        self.find_script()
        self.log("call", self.opening())
        status, fields = "200 OK", []
        try:
            for step in self.script.get("call", ()):
                if step[0] == "start":
                    status, fields = decode(step[1]), decode(step[2])
                elif in_band([step]):
                    self.step(step)
                else:
                    raise ProbeError("not for a deployed probe: %s" % step[0])
            self.log("returned", {"kind": "list"})
        except Exception as error:
            self.log("raised", {"raised": type_name(error), "message": str(error)[:200]})
        kept = [field for field in fields if field[0].lower() not in ("content-length", "content-type")]
        about = {"call": self.number, "pid": os.getpid(), "tid": threading.get_ident(), "events": self.events}
        body = json.dumps(about, separators=(",", ":")).encode("ascii")
        return status, kept + [("Content-Type", JOURNAL)], body

    def find_script(self):
        """Take the script from the request, or ask for it by id; an unmarked call asks for the armed one."""
        environ = self.environ if isinstance(self.environ, dict) else {}
        self.exchange = environ.get("HTTP_GATEPROOF_ID")
        carried = environ.get("HTTP_GATEPROOF_SCRIPT")
        if self.exchange and carried:
            try:
                padded = carried + "=" * (-len(carried) % 4)
                self.script = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")).decode("ascii"))
            except (ValueError, UnicodeError):
                self.script = None
        if self.script is None:
            answer = self.probe.ask({"get": self.exchange, "c": self.number}, 5)
            self.exchange, self.script = answer.get("x") or self.exchange, answer.get("script")
        if self.script is None:
            field = [["Content-Type", "text/plain"], ["Content-Length", "2"]]
            header = [{"tuple": pair} for pair in field]
            self.script = {
                "call": [["start", "200 OK", header, ""]],
                "result": {"kind": "list", "items": [["yield", {"b": "ok"}]]},
            }
        self.live = bool(self.script.get("live"))

    def opening(self):
        """Return what we were called with, as data."""
        environ = self.environ
        objects = {}
        if isinstance(environ, dict):
            for key, names in (("wsgi.input", INPUT_METHODS), ("wsgi.errors", ERROR_METHODS)):
                if key in environ:
                    objects[key] = [name for name in names if callable(getattr(environ[key], name, None))]
            if "wsgi.file_wrapper" in environ:
                objects["wsgi.file_wrapper"] = ["__call__"] if callable(environ["wsgi.file_wrapper"]) else []
        return {
            "args": len(self.args),
            "kwargs": sorted(self.kwargs),
            "environ": encode(environ),
            "environ_type": type_name(environ),
            "objects": objects,
        }

    def log(self, name, value):
        """Journal one event; it leaves at once where a check waits for it."""
        self.events.append([time.monotonic(), name, value])
        if self.live:
            self.flush(False)

    def flush(self, end):
        """Send what was journalled; `end` says that nothing more is expected of this call."""
        if self.ended and not self.events:
            return
        events, self.events = self.events, []
        self.ended = self.ended or end
        link = self.probe.link()
        link.journal(self.exchange, self.number, events, self.ended)
        if link.lost:
            self.probe.link()  # the new one's greeting tells at once that a line was lost

    def step(self, step):
        """Play one step."""
        STEPS[step[0]](self, *step[1:])

    def doing(self, name, about, action):
        """Do something, journal its result or exception, and return or raise that."""
        try:
            result = action()
        except BaseException as error:
            about.update({"raised": type_name(error), "message": str(error)[:200]})
            self.log(name, about)
            raise
        about["result"] = encode(result)
        if callable(result):
            about["callable"] = True
        self.log(name, about)
        return result

    # -- verbs

    def start(self, status, headers, exc_info=""):
        """Call start_response by position."""
        arguments = [decode(status), decode(headers)]
        if exc_info == "new":
            try:
                raise ProbeError("scripted")
            except ProbeError:
                arguments.append(sys.exc_info())
                self.writer = self.doing("start", {"exc_info": exc_info}, lambda: self.start_response(*arguments))
            return
        if exc_info:
            arguments.append(None if exc_info == "none" else exc_info)
        self.writer = self.doing("start", {"exc_info": exc_info}, lambda: self.start_response(*arguments))

    def start_raw(self, arguments):
        """Call start_response with exactly these values."""
        values = [decode(value) for value in arguments]
        self.writer = self.doing("start", {"raw": len(values)}, lambda: self.start_response(*values))

    def keep_headers(self, status, headers, exc_info=""):
        """Call start_response and look whether it changed the list."""
        given = decode(headers)
        copy = list(given)
        self.writer = self.doing("start", {}, lambda: self.start_response(decode(status), given))
        self.log("kept_headers", {"changed": given != copy})

    def write(self, data):
        """Call write()."""
        value = decode(data)
        self.doing("write", {"size": len(value) if hasattr(value, "__len__") else None}, lambda: self.writer(value))

    def read(self, method, arguments):
        """Call a method of wsgi.input."""
        stream, values = self.environ["wsgi.input"], [decode(value) for value in arguments]
        if method == "iter":
            action = lambda: list(stream)  # noqa: E731
        elif method == "next":
            action = lambda: next(iter(stream), None)  # noqa: E731
        else:
            action = lambda: getattr(stream, method)(*values)  # noqa: E731
        self.doing("read", {"method": method, "args": encode(values)}, action)

    def read_until(self, method, size, most):
        """Read in pieces until nothing comes; one event for all."""
        pieces, failure = [], None
        stream = self.environ["wsgi.input"]
        while len(pieces) < most:
            try:
                piece = getattr(stream, method)(size)
            except BaseException as error:
                failure = error
                break
            if not piece:
                break
            pieces.append(piece)
        whole = b"".join(bytes(piece) for piece in pieces if isinstance(piece, (bytes, bytearray, memoryview)))
        about = {
            "method": method,
            "args": encode([size]),
            "result": encode(whole),
            "sizes": [len(piece) for piece in pieces[:200]],
            "types": sorted({type_name(piece) for piece in pieces}),
        }
        if failure is not None:
            about.update({"raised": type_name(failure), "message": str(failure)[:200]})
        self.log("read", about)
        if failure is not None:
            raise failure

    def read_request(self, most=1 << 24):
        """Read the body as applications do: to its end where that is told, else what CONTENT_LENGTH says."""
        environ, pieces, failure = self.environ, [], None
        length = environ.get("CONTENT_LENGTH") or ""
        told = environ.get("wsgi.input_terminated") or "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        try:
            left = most if told else int(length or 0)
        except ValueError:
            left = 0
        while left > 0:
            try:
                piece = environ["wsgi.input"].read(min(left, 65536))
            except BaseException as error:
                failure = error
                break
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
        about = {"method": "read_request", "result": encode(b"".join(pieces))}
        if failure is not None:
            about.update({"raised": type_name(failure), "message": str(failure)[:200]})
        self.log("read", about)
        if failure is not None:
            raise failure

    def read_exactly(self, total, size):
        """Read so many octets in pieces, and journal their digest."""
        digest, count = hashlib.sha256(), 0
        while count < total:
            piece = self.environ["wsgi.input"].read(min(size, total - count))
            if not piece:
                break
            digest.update(piece)
            count += len(piece)
        self.log("read", {"method": "read_exactly", "count": count, "sha256": digest.hexdigest()})

    def start_again(self):
        """Call start_response with exc_info, and look at what it raises."""
        own = ProbeError("scripted")
        about = {"raised_at_all": False, "same": False, "own_frame": False}
        try:
            try:
                raise own
            except ProbeError:
                self.start_response("500 Again", [("Content-Type", "text/plain")], sys.exc_info())
        except BaseException as error:
            trace, frames = error.__traceback__, []
            while trace is not None:
                frames.append(trace.tb_frame.f_code.co_name)
                trace = trace.tb_next
            about = {"raised_at_all": True, "same": error is own, "own_frame": "start_again" in frames}
            self.log("start_again", about)
            raise
        self.log("start_again", about)

    def start_weak(self, status):
        """Call start_response with exc_info, and look whether the exception is still alive afterwards."""
        def raiser():
            error = ProbeError("weak")
            reference = weakref.ref(error)
            raised = False
            try:
                try:
                    raise error
                except ProbeError:
                    del error
                    self.start_response(status, [("Content-Length", "2")], sys.exc_info())
            except BaseException:
                raised = True
            return reference, raised
        on = gc.isenabled()
        gc.disable()
        try:
            reference, raised = raiser()
            about = {"dead": reference() is None, "raised_at_all": raised}
        finally:
            if on:
                gc.enable()
        about["implementation"] = sys.implementation.name
        self.log("start_weak", about)

    def errors(self, method, arguments):
        """Use wsgi.errors."""
        stream, values = self.environ["wsgi.errors"], [decode(value) for value in arguments]
        if method == "print":
            action = lambda: print(*values, file=stream)  # noqa: E731
        else:
            action = lambda: getattr(stream, method)(*values)  # noqa: E731
        self.doing("errors", {"method": method}, action)

    def change_environ(self, how, key=None, value=None):
        """Change environ in place."""
        if how == "clear":
            self.environ.clear()
        elif how == "set":
            self.environ[decode(key)] = decode(value)
        elif how == "del":
            self.environ.pop(decode(key), None)
        self.log("environ", {"how": how, "key": key})

    def look(self, key):
        """Journal one value of environ as it is now."""
        self.log("look", {"key": key, "there": key in self.environ, "value": encode(self.environ.get(key))})

    def sleep(self, seconds):
        """Sleep."""
        time.sleep(min(float(seconds), 30))

    def wait(self, name, deadline):
        """Wait until the check lets us go on."""
        self.log("waiting", {"name": name})
        self.flush(False)
        answer = self.probe.ask({"wait": name, "x": self.exchange, "s": deadline}, deadline)
        self.log("waited", {"name": name, "released": "go" in answer})

    def barrier(self, name, count, deadline):
        """Wait until so many calls are here."""
        self.log("arrived", {"name": name})
        self.flush(False)
        answer = self.probe.ask({"barrier": name, "count": count, "x": self.exchange, "s": deadline}, deadline)
        self.log("together", {"name": name, "all": "go" in answer})

    def fail(self, kind, message):
        """Raise."""
        raise RAISABLE.get(kind, ProbeError)(message)

    def attempt(self, steps, on_error):
        """Play steps; on an exception play the others instead."""
        try:
            for step in steps:
                self.step(step)
        except Exception as error:
            self.log("caught", {"raised": type_name(error), "message": str(error)[:200]})
            for step in on_error:
                self.step(step)

    def loop(self, count, steps):
        """Play steps so many times."""
        for _ in range(min(int(count), 100000)):
            for step in steps:
                self.step(step)

    def note(self, value):
        """Journal a value."""
        self.log("note", {"value": value})

    def file_wrapper(self, *arguments):
        """Call wsgi.file_wrapper with a small file and journal what it is, without returning it."""
        wrapper = self.environ["wsgi.file_wrapper"]
        self.doing("file_wrapper", {}, lambda: wrapper(io.BytesIO(b"wrapped"), *arguments))

    # -- results

    def result(self, spec):
        """Return the value that the script asks for."""
        kind, items = spec.get("kind", "list"), spec.get("items", [])
        self.ended_by_return = True
        if kind == "none":
            return None
        if kind == "value":
            return decode(spec.get("value"))
        if kind in ("list", "tuple", "bytes", "list_subclass"):
            blocks = [decode(step[1]) for step in items]
            if kind == "bytes":
                return b"".join(blocks)
            if kind == "list_subclass" or spec.get("close"):
                self.ended_by_return = not spec.get("close")
                return closable(self, spec, list)(blocks)
            return tuple(blocks) if kind == "tuple" else blocks
        if kind == "file_wrapper":
            return self.file_result(spec)
        self.ended_by_return = False
        if kind == "generator":
            return self.generator(items)
        return iterable(self, spec, items)

    def generator(self, items):
        """A real generator; its end and its finalization are journalled."""
        try:
            for step in items:
                if step[0] == "yield":
                    block = decode(step[1])
                    self.log("item", {"size": size_of(block)})
                    yield block
                elif step[0] == "repeat":
                    block = b"x" * step[2]
                    for _ in range(step[1]):
                        self.log("item", {"size": step[2]})
                        yield block
                else:
                    self.step(step)
            self.log("exhausted", {})
            self.flush(True)
        except GeneratorExit:
            self.log("closed_generator", {})
            self.flush(True)
            raise
        except BaseException as error:
            self.log("raised", {"raised": type_name(error), "message": str(error)[:200], "while": "iterating"})
            self.flush(True)
            raise

    def file_result(self, spec):
        """Wrap a file as the script says; without a wrapper, iterate over it ourselves."""
        about = spec.get("file", {})
        content = decode(about.get("content", {"b": "wrapped"}))
        if "size" in about:
            content = (b"0123456789abcdef" * (about["size"] // 16 + 1))[: about["size"]]
        source = make_file(self, about.get("kind", "bytesio"), content)
        self.ended_by_return = about.get("kind") in ("no_close", "read_only")
        if "seek_before" in about:
            source.seek(about["seek_before"])
        wrapper = self.environ.get("wsgi.file_wrapper")
        self.log("wrapper", {"there": wrapper is not None})
        size = [about["block"]] if about.get("block") else []
        if wrapper is None or not about.get("wrapped", True):
            wrapped = iter(lambda: source.read(8192), b"")
            self.ended_by_return = True
        else:
            wrapped = wrapper(source, *size)
        if "seek_after" in about:
            source.seek(about["seek_after"])
        if about.get("instead"):
            self.ended_by_return = True
            return [decode(about["instead"])]
        if about.get("through"):
            self.ended_by_return = False
            return self.through(wrapped)
        return wrapped

    def through(self, wrapped):
        """Change what a wrapper gives, as middleware may."""
        try:
            for block in wrapped:
                yield block.upper()
        finally:
            close = getattr(wrapped, "close", None)
            if close is not None:
                close()
            self.log("exhausted", {})
            self.flush(True)


def size_of(block):
    """Return a block's length, or None."""
    try:
        return len(block)
    except TypeError:
        return None


def make_file(call, kind, content):
    """Return a file-like object: bytesio, real, read_only (read, close), no_close (read alone), stream, pipe (no seek)."""
    if kind == "real":
        base = tempfile.TemporaryFile()
        base.write(content)
        base.flush()
        base.seek(0)
        return RealFile(call, base)
    if kind == "pipe":
        end, begin = os.pipe()
        os.write(begin, content)  # as much as a pipe holds
        os.close(begin)
        return RealFile(call, os.fdopen(end, "rb"))
    if kind == "stream":
        return Stream(content)
    if kind in ("read_only", "no_close"):
        return make_reader(call, content, kind == "read_only")
    source = RecordingBytes(content)
    source.probe_call = call
    return source


class RecordingBytes(io.BytesIO):
    """A BytesIO that journals its close()."""

    probe_call = None

    def close(self):
        """Journal, then close."""
        if self.probe_call is not None and not self.closed:
            self.probe_call.log("file_close", {})
            self.probe_call.flush(True)
        io.BytesIO.close(self)


class Stream(io.RawIOBase):
    """A stream as io has them, without a position."""

    def __init__(self, content):
        """Keep what it gives."""
        self.content = content

    def readable(self):
        """It can be read."""
        return True

    def readinto(self, buffer):
        """Give the next octets."""
        size = min(len(buffer), len(self.content))
        buffer[:size], self.content = self.content[:size], self.content[size:]
        return size


class RealFile:
    """A real file behind a recording close(); everything else is the file's own."""

    def __init__(self, call, base):
        """Keep both."""
        self.call, self.base, self.shut = call, base, False

    def __getattr__(self, name):
        """Hand out what the file has."""
        return getattr(self.base, name)

    def read(self, *size):
        """Read."""
        return self.base.read(*size)

    def __iter__(self):
        """Iterate over lines, as files do."""
        return iter(self.base)

    def __del__(self):
        """Nobody closed it: that is journalled by its absence, and no reason to leave a file behind."""
        self.base.close()

    def close(self):
        """Journal, then close."""
        if not self.shut:
            self.shut = True
            self.call.log("file_close", {})
            self.call.flush(True)
        self.base.close()


def make_reader(call, content, with_close):
    """Return an object that has read(size), and close() where asked: nothing else."""
    stream = io.BytesIO(content)

    def read(self, size=-1):
        return stream.read(size)

    def close(self):
        call.log("file_close", {})
        call.flush(True)

    return type("Reader", (object,), {"read": read, "close": close} if with_close else {"read": read})()


def closing(call, spec):
    """Return a close method that journals, and raises where the script says so."""
    count = itertools.count(1)

    def close(self):
        call.log("close", {"n": next(count)})
        call.flush(True)
        if spec.get("close") == "raises":
            raise ProbeError("close")

    return close


def closable(call, spec, base):
    """Return a subclass of list, with close() where the script asks for one."""
    members = {"close": closing(call, spec)} if spec.get("close") else {}
    return type("ClosableList", (base,), members)


def blocks_of(call, items):
    """Yield the blocks of a script; what is no block is done on the way."""
    for step in items:
        if step[0] == "yield":
            yield decode(step[1])
        elif step[0] == "repeat":
            block = b"x" * step[2]
            for _ in range(step[1]):
                yield block
        else:
            call.step(step)


def advancing(call, spec, items):
    """Return a __next__ that journals each block, the end, what is raised, and being asked after the end."""
    blocks, ended = blocks_of(call, items), []

    def end(name, detail):
        ended[:] = [name]
        call.log(name, detail)
        call.flush(not spec.get("close"))

    def __next__(self):
        if ended:
            end("next_after_end", {})
            raise StopIteration
        try:
            block = next(blocks)
        except StopIteration:
            end("exhausted", {})
            raise
        except BaseException as error:
            end("raised", {"raised": type_name(error), "message": str(error)[:200], "while": "iterating"})
            raise
        call.log("item", {"size": size_of(block)})
        return block

    return __next__


def members(call, spec):
    """Return what the script gives an iterable beside iteration: attributes, close, a length, a spy on its names."""
    given = {key: decode(value) for key, value in spec.get("attrs", {}).items()}

    def length(self):
        call.log("len", {})
        if spec.get("len") == "raises":
            raise TypeError("no len")
        return spec["len"]

    def spy(self, name):
        if name not in ("__class__", "__iter__", "__next__", "__len__", "close", "__dict__"):
            call.log("attribute", {"name": name})
        return object.__getattribute__(self, name)

    if spec.get("close"):
        given["close"] = closing(call, spec)
    if spec.get("len") is not None:
        given["__len__"] = length
    if spec.get("spy"):
        given["__getattribute__"] = spy
    return given


def iterable(call, spec, items):
    """Return an iterator (kind iterator) or an object whose __iter__ returns a separate one (kind iterable)."""
    count = itertools.count(1)
    inner = {"__iter__": lambda self: self, "__next__": advancing(call, spec, items)}
    if spec.get("iter_close"):
        inner["close"] = lambda self: call.log("iterator_close", {})
    separate = type("SeparateIterator", (object,), inner)
    itself = spec.get("kind") != "iterable"

    def __iter__(self):
        call.log("iter", {"n": next(count)})
        return self if itself else separate()

    outer = dict(members(call, spec), __iter__=__iter__)
    if itself:
        outer["__next__"] = inner["__next__"]
    return type("ProbeIterator" if itself else "ProbeIterable", (object,), outer)()


STEPS = {
    "start": Call.start,
    "start_raw": Call.start_raw,
    "keep_headers": Call.keep_headers,
    "write": Call.write,
    "read": Call.read,
    "read_until": Call.read_until,
    "read_exactly": Call.read_exactly,
    "read_request": Call.read_request,
    "start_again": Call.start_again,
    "start_weak": Call.start_weak,
    "errors": Call.errors,
    "environ": Call.change_environ,
    "look": Call.look,
    "sleep": Call.sleep,
    "wait": Call.wait,
    "barrier": Call.barrier,
    "raise": Call.fail,
    "try": Call.attempt,
    "loop": Call.loop,
    "note": Call.note,
    "file_wrapper": Call.file_wrapper,
}


def make_app(config):
    """Return an application for a launch: {"host", "port", "token", "launch"} of the side channel."""
    return Probe(config)


def read_config():
    """Read the launch's settings, which lie beside this file."""
    path = os.environ.get("GATEPROOF_RUN") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "gateproof_run.json")
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        deployed = os.environ.get("GATEPROOF_TOKEN", "")
        return {"host": "127.0.0.1", "port": 9, "token": "", "launch": "none", "deployed": deployed}


_probe = make_app(read_config())


def app(*args, **kwargs):
    """The application that servers are given."""
    if len(args) == 3 and isinstance(args[0], dict) and "asgi" in args[0]:
        raise TypeError("the server speaks ASGI, and this is the probe for WSGI: say --interface=asgi")
    return _probe(*args, **kwargs)


# Other kinds of callable: a server must not care which one it is given.


def kinds(probe):
    """Return the probe as every kind of callable, by the name of the attribute that a server is given."""

    class Class:
        """A class is a callable whose call makes an instance; that instance is the iterable."""

        def __init__(self, *args, **kwargs):
            """Play the call."""
            self.result = probe(*args, **kwargs)

        def __iter__(self):
            """Iterate over what the call returned."""
            return iter(self.result)

    looked_up = set()

    class Opaque:
        """A callable that journals every attribute that is looked up on it."""

        def __call__(self, *args):
            """Be the application; what was looked up so far goes into the journal."""
            if args:  # without them it is no call of an application: a TypeError, as of any
                args[0]["gateproof.looked_up"] = sorted(looked_up)
            return probe(*args)

        def __getattribute__(self, name):
            """Note the look-up; only what a callable needs is there."""
            looked_up.add(name)
            if name in ("__class__", "__call__"):
                return object.__getattribute__(self, name)
            raise AttributeError(name)

    return {
        "app_lambda": lambda *args, **kwargs: probe(*args, **kwargs),
        "app_instance": probe,
        "app_method": probe.__call__,
        "app_partial": functools.partial(probe),
        "app_class": Class,
        "app_opaque": Opaque(),
    }


globals().update(kinds(_probe))

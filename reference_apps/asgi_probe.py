"""The ASGI probe: the application that the server under test hosts.

It plays the script that comes with a connection and journals what it saw and did over a side channel. One file,
standard library only, CPython 3.6 and later and PyPy. No event-loop library is imported: each call finds the one it
runs in (trio where trio is what runs the current task, else asyncio) and uses that one's sleep, event and child task.
A script is data with a closed set of verbs (the STEPS table below); nothing in it is ever evaluated or imported.

Deployed by hand behind any server (`asgi_probe:app`, with a secret in GATEPROOF_TOKEN), it has no side channel: it
answers requests that prove to know the secret, each with its own journal, and nobody else. It never opens a connection.
"""

import asyncio
import base64
import collections
import hashlib
import hmac
import itertools
import json
import os
import socket
import sys
import tempfile
import threading
import time

JOURNAL = b"application/vnd.gateproof.journal+json"
IN_BAND = frozenset(("receive", "receive_until", "read_body", "digest_body", "look", "keep", "same", "note", "try"))
PLAIN = 65536
HEAD = 4096
RAISABLE = {
    kind.__name__: kind
    for kind in (
        Exception, ValueError, TypeError, RuntimeError, OSError, KeyError, AssertionError, BaseException, SystemExit,
        KeyboardInterrupt, StopIteration,
    )
}


class ProbeError(Exception):
    """What a script raises on purpose."""


class Return(Exception):
    """The script ends here."""


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


# -- the event loop that a call runs in


class AsyncioHost:
    """What a call needs of asyncio."""

    kind = "asyncio"

    def __init__(self):
        """Take the loop that runs us."""
        self.token = asyncio.get_event_loop()
        self.tasks = []

    async def run(self, main):
        """Play a call; children that are left over are cancelled."""
        try:
            return await main()
        finally:
            for task in self.tasks:
                task.cancel()

    async def sleep(self, seconds):
        """Sleep."""
        await asyncio.sleep(seconds)

    def spawn(self, function, outlives=False):
        """Start a child task; one that `outlives` the call is not cancelled with it."""
        task = AsyncioTask(self.token.create_task(function()))
        if not outlives:
            self.tasks.append(task)
        return task

    def signal(self):
        """Return something that a thread can set and a task can wait for."""
        return AsyncioSignal(self.token)


class AsyncioTask:
    """A child task."""

    def __init__(self, task):
        """Keep it."""
        self.task = task

    async def wait(self, deadline):
        """Wait for its end; tell whether it came in time."""
        await asyncio.wait([self.task], timeout=deadline)
        return self.task.done()

    def cancelled(self):
        """Tell whether it ended by its cancellation."""
        return self.task.cancelled()

    def outcome(self):
        """Return its result or raise its exception."""
        if self.task.cancelled():
            raise ProbeError("the awaitable was cancelled")
        return self.task.result()

    def cancel(self):
        """Cancel it."""
        if self.task.done():
            if not self.task.cancelled():
                self.task.exception()  # looked at, so that asyncio does not complain of it
        else:
            self.task.cancel()


class AsyncioSignal:
    """Set by a thread, waited for by a task."""

    def __init__(self, loop):
        """Not set."""
        self.loop, self.future = loop, loop.create_future()

    def set(self, value):
        """Wake the task; called by any thread."""
        try:
            self.loop.call_soon_threadsafe(self._set, value)
        except RuntimeError:
            pass  # the loop is gone, and so is who waited

    def _set(self, value):
        if not self.future.done():
            self.future.set_result(value)

    async def wait(self):
        """Return what was set."""
        return await self.future


class TrioHost:
    """What a call needs of trio."""

    kind = "trio"

    def __init__(self, trio):
        """Take the library that runs us."""
        self.trio = trio
        self.token = trio.lowlevel.current_trio_token()
        self.nursery = None

    async def run(self, main):
        """Play a call; children that are left over are cancelled."""
        failure = result = None
        async with self.trio.open_nursery() as self.nursery:
            try:
                result = await main()
            except BaseException as error:
                failure = error
            self.nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return result

    async def sleep(self, seconds):
        """Sleep."""
        await self.trio.sleep(seconds)

    def spawn(self, function, outlives=False):
        """Start a child task; one that `outlives` the call is not cancelled with it."""
        task = TrioTask(self.trio)
        if outlives:
            self.trio.lowlevel.spawn_system_task(task.run, function)
        else:
            self.nursery.start_soon(task.run, function)
        return task

    def signal(self):
        """Return something that a thread can set and a task can wait for."""
        return TrioSignal(self.trio, self.token)


class TrioTask:
    """A child task."""

    def __init__(self, trio):
        """Not started."""
        self.trio, self.scope, self.done = trio, trio.CancelScope(), trio.Event()
        self.value = self.error = None

    async def run(self, function):
        """Be the task."""
        try:
            with self.scope:
                self.value = await function()
            if self.scope.cancelled_caught:
                self.error = ProbeError("the awaitable was cancelled")
        except self.trio.Cancelled:
            raise
        except BaseException as error:
            self.error = error
        finally:
            self.done.set()

    async def wait(self, deadline):
        """Wait for its end; tell whether it came in time."""
        if deadline is None:
            await self.done.wait()
        else:
            with self.trio.move_on_after(deadline):
                await self.done.wait()
        return self.done.is_set()

    def cancelled(self):
        """Tell whether it ended by its cancellation."""
        return self.scope.cancelled_caught

    def outcome(self):
        """Return its result or raise its exception."""
        if self.error is not None:
            raise self.error
        return self.value

    def cancel(self):
        """Cancel it."""
        self.scope.cancel()


class TrioSignal:
    """Set by a thread, waited for by a task."""

    def __init__(self, trio, token):
        """Not set."""
        self.trio, self.token, self.event, self.value = trio, token, trio.Event(), None

    def set(self, value):
        """Wake the task; called by any thread."""
        self.value = value
        try:
            self.token.run_sync_soon(self.event.set)
        except self.trio.RunFinishedError:
            pass

    async def wait(self):
        """Return what was set."""
        await self.event.wait()
        return self.value


def find_host():
    """Return the host of the loop that runs the current task."""
    trio = sys.modules.get("trio")
    if trio is not None and hasattr(trio, "lowlevel"):
        try:
            trio.lowlevel.current_task()
            return TrioHost(trio)
        except RuntimeError:
            pass
    return AsyncioHost()


class Waits:
    """Questions that take long: a link of their own in each process, read by a thread, so that no loop is blocked."""

    def __init__(self, config):
        """Connect, and start to read."""
        self.pid, self.link, self.pending, self.lock = os.getpid(), Link(config), {}, threading.Lock()
        thread = threading.Thread(target=self.read, name="gateproof-waits")
        thread.daemon = True
        thread.start()

    def ask(self, data, signal):
        """Send a question; its answer sets the signal."""
        with self.lock:
            self.pending[(data["x"], data["c"], data.get("wait") or data.get("barrier"))] = signal
            self.link.put(data)
            lost = self.link.lost
        if lost:
            signal.set({})

    def read(self):
        """Hand out answers until the link ends."""
        buffer = b""
        sock = self.link.sock
        while sock is not None:
            try:
                sock.settimeout(None)
                got = sock.recv(65536)
            except OSError:
                got = b""
            if not got:
                break
            buffer += got
            lines = buffer.split(b"\n")
            buffer = lines.pop()
            for line in lines:
                answer = json.loads(line.decode("ascii"))
                key = (answer.get("x"), answer.get("c"), answer.get("go") or answer.get("timeout"))
                with self.lock:
                    signal = self.pending.pop(key, None)
                if signal is not None:
                    signal.set(answer)
        with self.lock:
            self.link.lost = True
            left, self.pending = self.pending, {}
        for signal in left.values():
            signal.set({})


# -- the application


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
        """Take the launch's settings (address of the side channel, token, launch id, lifespan script)."""
        self.config = config
        self.local = threading.local()
        self.calls = itertools.count(1)
        self.loops = []
        self.kept = {}
        self.seen = collections.deque(maxlen=64)
        self.waits = None
        self.files = collections.deque()
        self.lock = threading.Lock()
        self.seal = Seal(config["deployed"]) if config.get("deployed") else None

    def __del__(self):
        """Files go when we do."""
        self.keep_files((), 0)

    def keep_files(self, files, most=64):
        """Keep files open for a while after their call: a server may come to send one when `send` has returned."""
        self.files.extend(files)
        while len(self.files) > most:
            self.files.popleft().close()

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

    def questions(self):
        """Return the link for questions that take long."""
        with self.lock:
            if self.waits is None or self.waits.pid != os.getpid():
                self.waits = Waits(self.config)
            return self.waits

    def loop_number(self, token):
        """Return which loop of this process a call runs in; the loops are kept, so that none is mistaken."""
        with self.lock:
            for number, known in enumerate(self.loops):
                if known is token:
                    return number
            self.loops.append(token)
            return len(self.loops) - 1

    async def __call__(self, *args, legacy=None, **kwargs):
        """Be the application; `legacy` says how the second call of ASGI 2 was made."""
        scope = args[0] if args else kwargs.get("scope")
        if self.seal is not None and kind_of(scope) in ("http", "websocket"):
            await self.answer_in_band(scope, args, kwargs)
            return
        if fields_of(scope).get(b"gateproof-hello"):
            await self.greet(args, kwargs)
            return
        await Call(self, args, kwargs, legacy).play()

    async def greet(self, args, kwargs):
        """Answer who we are: the identity by which a launch knows its own server. The link is made on the way."""
        self.link()
        send = args[2] if len(args) > 2 else kwargs["send"]
        body = self.config["launch"].encode("ascii")
        header = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode("ascii"))]
        await send({"type": "http.response.start", "status": 200, "headers": header})
        await send({"type": "http.response.body", "body": body})


    async def answer_in_band(self, scope, args, kwargs):
        """Deployed: answer with the journal whoever knows the token, and nobody else."""
        call, fields = Call(self, args, kwargs), fields_of(scope)
        given = [fields.get(b"gateproof-" + name, b"").decode("latin-1") for name in (b"id", b"script", b"proof")]
        if self.seal.holds(*given):
            await call.play_in_band()
        elif kind_of(scope) == "websocket":
            await call.receive()
            await call.send({"type": "websocket.close"})
        else:
            await call.reply(404, [(b"content-type", b"text/plain")], b"not found")


def octets_of(value):
    """Return the octets of a field's part, text included: what is wrong with it is for the checks to say."""
    return value.encode("latin-1") if isinstance(value, str) else bytes(value)


def fields_of(scope):
    """Return the header fields of a scope, whatever it is, lower-cased; the first of each name."""
    found = {}
    try:
        if scope["type"] == "lifespan":
            return found
        for name, value in scope["headers"]:
            found.setdefault(octets_of(name).lower(), octets_of(value))
    except (TypeError, KeyError, ValueError):
        pass
    return found


DEFAULT = {
    "http": [["respond", 200, [], {"b": "ok"}]],
    "websocket": [
        ["receive"],
        ["send", {"dict": [["type", "websocket.accept"]]}],
        ["receive_until", ["websocket.disconnect"]],
    ],
    "lifespan": [
        ["receive"],
        ["send", {"dict": [["type", "lifespan.startup.complete"]]}],
        ["receive"],
        ["send", {"dict": [["type", "lifespan.shutdown.complete"]]}],
    ],
}


class Call:
    """One call: its script, its journal, and what the steps need."""

    def __init__(self, probe, args, kwargs, legacy=None):
        """Note what we were called with."""
        self.probe, self.args, self.kwargs, self.legacy = probe, args, kwargs, legacy
        self.scope = args[0] if args else kwargs.get("scope")
        self.receive = args[1] if len(args) > 1 else kwargs.get("receive")
        self.send = args[2] if len(args) > 2 else kwargs.get("send")
        self.number = next(probe.calls)
        self.events, self.ended, self.live = [], False, False
        self.exchange = self.script = self.host = self.pending = None
        self.children, self.files, self.outliving = {}, [], 0

    async def play(self):
        """Do what the script says."""
        self.find_script()
        self.host = find_host()
        self.log("scope", self.opening())
        try:
            await self.host.run(self.main)
            self.log("returned", {})
        except BaseException as error:
            self.log("raised", {"raised": type_name(error), "message": str(error)[:200]})
            raise
        finally:
            self.probe.keep_files(self.files)
            self.flush(not self.outliving)

    async def play_in_band(self):
        """Play the script of a deployed probe, and answer with the journal."""
        self.find_script()
        self.live, self.host = False, find_host()
        self.log("scope", self.opening())
        status, fields = 200, []
        try:
            for step in self.script["steps"]:
                if in_band([step]):
                    await STEPS[step[0]](self, *step[1:])
                elif step[0] == "respond":
                    status, fields = step[1], [decode(pair) for pair in step[2]]
                elif step[0] != "send":
                    raise ProbeError("not for a deployed probe: %s" % step[0])
            self.log("returned", {})
        except Exception as error:
            self.log("raised", {"raised": type_name(error), "message": str(error)[:200]})
        if self.pending is not None:
            self.pending.cancel()
        about = {"call": self.number, "pid": os.getpid(), "tid": threading.get_ident(), "events": self.events}
        text = json.dumps(about, separators=(",", ":"))
        if kind_of(self.scope) == "websocket":
            await self.send({"type": "websocket.accept"})
            await self.send({"type": "websocket.send", "text": text})
            await self.send({"type": "websocket.close"})
        else:
            kept = [field for field in fields if field[0].lower() not in (b"content-length", b"content-type")]
            await self.reply(status, kept + [(b"content-type", JOURNAL)], text.encode("ascii"))

    async def reply(self, status, fields, body):
        """Send a whole response."""
        header = fields + [(b"content-length", str(len(body)).encode("ascii"))]
        await self.send({"type": "http.response.start", "status": status, "headers": header})
        await self.send({"type": "http.response.body", "body": body})

    async def main(self):
        """Play the steps in order."""
        try:
            await self.steps(self.script["steps"])
        except Return:
            pass
        if self.pending is not None:
            self.pending.cancel()

    async def steps(self, steps):
        """Play some steps."""
        for step in steps:
            await STEPS[step[0]](self, *step[1:])

    def find_script(self):
        """Take the script from the scope's fields, or ask for it; lifespan scripts come with the launch."""
        kind = self.scope.get("type") if isinstance(self.scope, dict) else None
        if kind == "lifespan":
            self.exchange = "lifespan-" + self.probe.config["launch"]
            self.script, self.live = self.probe.config.get("lifespan"), True
        else:
            fields = fields_of(self.scope)
            marked = fields.get(b"gateproof-id", b"").decode("latin-1")
            self.exchange = marked or None
            carried = fields.get(b"gateproof-script")
            if marked and carried:
                try:
                    self.script = json.loads(base64.urlsafe_b64decode(carried + b"=" * (-len(carried) % 4)).decode("ascii"))
                except ValueError:
                    self.script = None
            if self.script is None:
                answer = self.probe.link().ask({"get": self.exchange, "c": self.number}, 5)
                self.exchange, self.script = answer.get("x") or self.exchange, answer.get("script")
        if self.script is None:
            self.script = {"steps": DEFAULT.get(kind, [])}
        self.live = self.live or bool(self.script.get("live"))

    def opening(self):
        """Return what we were called with, as data."""
        return {
            "args": len(self.args),
            "kwargs": sorted(self.kwargs),
            "legacy": self.legacy,
            "scope": encode(self.scope),
            "scope_type": type_name(self.scope),
            "callable": [callable(self.receive), callable(self.send)],
            "host": self.host.kind,
            "loop": self.probe.loop_number(self.host.token),
        }

    def log(self, name, value):
        """Journal one event; it leaves at once where a check waits for it."""
        self.events.append([time.monotonic(), name, value])
        if self.live:
            self.flush(False)

    def flush(self, end):
        """Send what was journalled; `end` says that nothing more is expected of this call."""
        if (self.ended and not self.events) or self.probe.seal is not None:
            return  # a deployed probe answers with its journal, or keeps it to itself
        events, self.events = self.events, []
        self.ended = self.ended or end
        link = self.probe.link()
        link.journal(self.exchange, self.number, events, self.ended)
        if link.lost:
            self.probe.link()  # the new one's greeting tells at once that a line was lost

    # -- verbs: receive

    async def one_event(self):
        """Await one receive; a coroutine of ours, whatever kind of awaitable theirs is."""
        return await self.receive()

    async def next_event(self, deadline):
        """Return the next event, or None when it does not come in time; then it stays awaited, not cancelled."""
        if self.pending is None and deadline is None:
            return await self.receive()
        if self.pending is None:
            self.pending = self.host.spawn(self.one_event)
        if not await self.pending.wait(deadline):
            return None
        task, self.pending = self.pending, None
        return task.outcome()

    async def take(self, deadline=None):
        """Receive an event and journal it."""
        try:
            event = await self.next_event(deadline)
        except BaseException as error:
            self.log("receive", {"raised": type_name(error), "message": str(error)[:200]})
            raise
        if event is None and self.pending is not None:
            self.log("receive", {"timeout": deadline})
            return None
        about = {"event": encode(event)}
        if any(event is old for old in self.probe.seen):
            about["again"] = True
        self.probe.seen.append(event)
        self.log("receive", about)
        return event

    async def receive_until(self, types, deadline=None, most=100000):
        """Receive until an event of one of the types comes."""
        for _ in range(most):
            event = await self.take(deadline)
            if event is None or kind_of(event) in types:
                return

    async def read_body(self, deadline=None):
        """Receive until the request is whole or the client gone."""
        while True:
            event = await self.take(deadline)
            if event is None or kind_of(event) != "http.request" or not event.get("more_body", False):
                return

    async def digest_body(self, most=1 << 40):
        """Receive the body, and journal its length and digest alone; stop after so many octets."""
        digest, count, events, last = hashlib.sha256(), 0, 0, None
        while count < most:
            event = last = await self.next_event(None)
            events += 1
            if kind_of(event) != "http.request":
                break
            digest.update(event.get("body", b""))
            count += len(event.get("body", b""))
            if not event.get("more_body", False):
                break
        self.log("digest", {"count": count, "sha256": digest.hexdigest(), "events": events, "last": kind_of(last)})

    async def cancel_receive(self, seconds):
        """Start to receive, cancel that after a while, and journal how it ended."""
        task = self.host.spawn(self.one_event)
        early = await task.wait(seconds)
        task.cancel()
        ended = await task.wait(2.0)
        about = {"early": early, "ended": ended}
        if ended and not task.cancelled():
            try:
                about["event"] = encode(task.outcome())
            except Exception as error:
                about["raised"] = type_name(error)
        self.log("cancel_receive", about)

    async def change_received(self):
        """Receive an event, and change it."""
        event = await self.take(None)
        event["gateproof"] = "changed"
        event["type"] = "gateproof.changed"

    # -- verbs: send

    async def give(self, form):
        """Send an event."""
        event = self.decode(form)
        about = {"type": event.get("type") if isinstance(event, dict) else None}
        try:
            result = await self.send(event)
        except BaseException as error:
            about.update({"raised": type_name(error), "message": str(error)[:200], "os_error": isinstance(error, OSError)})
            self.log("send", about)
            raise
        about["result"] = encode(result)
        self.log("send", about)

    async def respond(self, status, headers, body):
        """Send a whole response with its length."""
        octets = decode(body)
        pairs = [decode(pair) for pair in headers]
        pairs.append((b"content-length", str(len(octets)).encode("ascii")))
        start = {"type": "http.response.start", "status": status, "headers": pairs}
        for event in (start, {"type": "http.response.body", "body": octets}):
            try:
                await self.send(event)
            except BaseException as error:
                about = {"type": event["type"], "raised": type_name(error), "message": str(error)[:200]}
                about["os_error"] = isinstance(error, OSError)
                self.log("send", about)
                raise
            self.log("send", {"type": event["type"], "result": None})

    async def flood(self, size, count, form):
        """Send an event so many times, with so many octets in it; each is journalled as it is done."""
        event = self.decode(form)
        key = "bytes" if event["type"] == "websocket.send" else "body"
        octets = b"x" * size
        done = 0
        try:
            for _ in range(count):
                one = dict(event)
                one[key] = octets
                await self.send(one)
                done += 1
                if done & (done - 1) == 0 or self.live:
                    self.log("flooded", {"done": done})
        finally:
            self.log("flood_ended", {"done": done})

    def decode(self, form):
        """Return a value; files that it needs live as long as the call."""
        if isinstance(form, list):
            return [self.decode(item) for item in form]
        if isinstance(form, dict):
            if "tuple" in form:
                return tuple(self.decode(item) for item in form["tuple"])
            if "dict" in form:
                return {decode(key): self.decode(value) for key, value in form["dict"]}
            kind = form.get("type")
            if kind == "iterator":
                return iter(self.decode(form["of"]))
            if kind == "float":
                return float(form["repr"])
            if kind == "pid":
                return os.getpid()
            if kind in ("file", "path"):
                file = tempfile.NamedTemporaryFile()
                file.write(decode(form["of"]))
                file.flush()
                self.files.append(file)
                if kind == "path":
                    return file.name
                self.files.append(open(file.name, "rb"))
                self.files[-1].seek(form.get("at", 0))
                return self.files[-1].fileno() if form.get("number") else self.files[-1]
        return decode(form)

    # -- verbs: the rest

    async def fail(self, kind="Exception", message="scripted"):
        """Raise."""
        if kind == "ProbeError":
            raise ProbeError(message)
        if kind == "CancelledError":
            raise asyncio.CancelledError(message)
        if kind == "ExceptionGroup":
            group = BUILTINS.get("ExceptionGroup")
            raise group(message, [ProbeError(message)]) if group else ProbeError(message)
        raise RAISABLE[kind](message)

    async def leave(self):
        """Return from the call."""
        raise Return

    async def sleep(self, seconds):
        """Sleep."""
        await self.host.sleep(seconds)

    async def hold_up(self, seconds):
        """Hold up the whole loop, as an application that computes does."""
        self.log("holding_up", {"seconds": seconds})
        self.flush(False)
        time.sleep(seconds)

    async def question(self, data):
        """Ask the test run, and wait for the answer without blocking the loop."""
        signal = self.host.signal()
        data.update({"x": self.exchange, "c": self.number})
        self.flush(False)
        self.probe.questions().ask(data, signal)
        return await signal.wait()

    async def wait(self, name, deadline):
        """Wait until the test run releases a name."""
        self.log("waiting", {"name": name})
        answer = await self.question({"wait": name, "s": deadline})
        self.log("waited", {"name": name, "go": "go" in answer})

    async def barrier(self, name, count, deadline):
        """Wait until so many calls have arrived here."""
        answer = await self.question({"barrier": name, "count": count, "s": deadline})
        self.log("barrier", {"name": name, "go": "go" in answer})

    async def attempt(self, steps, on_error):
        """Play steps; if one raises, play the others and go on."""
        try:
            await self.steps(steps)
        except Return:
            raise
        except Exception as error:
            self.log("caught", {"raised": type_name(error), "message": str(error)[:200]})
            await self.steps(on_error)

    async def loop(self, count, steps):
        """Play steps so many times."""
        for _ in range(count):
            await self.steps(steps)

    async def spawn(self, name, steps):
        """Play steps in a child task."""

        async def child():
            try:
                await self.steps(steps)
            except Return:
                pass
            except Exception as error:
                self.log("child", {"name": name, "raised": type_name(error), "message": str(error)[:200]})
            else:
                self.log("child", {"name": name})

        self.children[name] = self.host.spawn(child)

    async def join(self, name, deadline=5.0):
        """Wait for a child task."""
        done = await self.children[name].wait(deadline)
        self.log("joined", {"name": name, "done": done})

    async def cancel(self, name):
        """Cancel a child task."""
        self.children[name].cancel()

    async def background(self, steps):
        """Play steps in a task that goes on after the call has returned."""
        self.outliving += 1

        async def after():
            try:
                await self.steps(steps)
            except Return:
                pass
            except BaseException as error:
                self.log("background", {"raised": type_name(error), "message": str(error)[:200]})
                raise
            finally:
                self.outliving -= 1
                self.flush(self.outliving == 0)

        self.probe.kept[self.number] = self.host.spawn(after, outlives=True)

    async def mutate(self, path, action, value=None):
        """Change the scope: set, del or append at a path of keys."""
        place = self.scope
        try:
            for key in path[:-1]:
                place = place[key]
            if action == "set":
                place[path[-1]] = self.decode(value)
            elif action == "del":
                del place[path[-1]]
            elif action == "append":
                place[path[-1]].append(decode(value))
            elif action == "clear":
                place[path[-1]].clear()
            self.log("mutated", {"path": path, "action": action})
        except (TypeError, KeyError, AttributeError) as error:
            self.log("mutated", {"path": path, "action": action, "raised": type_name(error)})

    async def look(self, path):
        """Journal what stands at a path of the scope."""
        place = self.scope
        try:
            for key in path:
                place = place[key]
            self.log("look", {"path": path, "value": encode(place)})
        except (TypeError, KeyError, IndexError) as error:
            self.log("look", {"path": path, "raised": type_name(error)})

    async def keep(self, name, path):
        """Keep the object at a path of the scope, for `same`; nothing where there is none."""
        place = self.scope
        try:
            for key in path:
                place = place[key]
        except (TypeError, KeyError):
            return
        self.probe.kept[name] = place

    async def same(self, name, path):
        """Journal whether the object at a path of the scope is the one that was kept."""
        place = self.scope
        try:
            for key in path:
                place = place[key]
        except (TypeError, KeyError):
            place = None
        known = name in self.probe.kept
        self.log("same", {"name": name, "known": known, "same": known and self.probe.kept[name] is place})

    async def note(self, form):
        """Put a value into the journal."""
        self.log("note", form)

    async def primitives(self):
        """Use what an event loop offers."""
        try:
            await asyncio.sleep(0)
            future = asyncio.get_event_loop().create_future()
            asyncio.get_event_loop().call_soon(future.set_result, True)
            self.log("primitives", {"works": await future})
        except Exception as error:
            self.log("primitives", {"raised": type_name(error)})

    async def echo(self, most=100000):
        """Send every message of a WebSocket back until it ends."""
        for _ in range(most):
            event = await self.take()
            if kind_of(event) != "websocket.receive":
                return
            kinds = {key: event[key] for key in ("text", "bytes") if event.get(key) is not None}
            kinds["type"] = "websocket.send"
            await self.send(kinds)


BUILTINS = __builtins__ if isinstance(__builtins__, dict) else vars(__builtins__)


def kind_of(event):
    """Return the type of an event, whatever it is."""
    return event.get("type") if isinstance(event, dict) else None


STEPS = {
    "receive": Call.take,
    "receive_until": Call.receive_until,
    "read_body": Call.read_body,
    "digest_body": Call.digest_body,
    "cancel_receive": Call.cancel_receive,
    "change_received": Call.change_received,
    "send": Call.give,
    "respond": Call.respond,
    "flood": Call.flood,
    "raise": Call.fail,
    "return": Call.leave,
    "sleep": Call.sleep,
    "hold_up": Call.hold_up,
    "wait": Call.wait,
    "barrier": Call.barrier,
    "try": Call.attempt,
    "loop": Call.loop,
    "spawn": Call.spawn,
    "join": Call.join,
    "cancel": Call.cancel,
    "background": Call.background,
    "mutate": Call.mutate,
    "look": Call.look,
    "keep": Call.keep,
    "same": Call.same,
    "note": Call.note,
    "primitives": Call.primitives,
    "echo": Call.echo,
}


def make_app(config):
    """Return an application for a launch: {"host", "port", "token", "launch", "lifespan"}."""
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


async def app(scope, *args, **kwargs):
    """The application that servers are given; uvicorn would take what can be called without arguments for a factory."""
    await _probe(scope, *args, **kwargs)


class Second:
    """What the first call of an application of ASGI 2 returns, and the second goes to."""

    awaited = False

    def __init__(self, probe, scope):
        """Keep the scope."""
        self.probe, self.scope = probe, scope

    async def __call__(self, *args, **kwargs):
        """Be the application."""
        legacy = {"args": len(args), "kwargs": sorted(kwargs), "awaited": self.awaited}
        await self.probe(self.scope, *args, **kwargs, legacy=legacy)


class Patient(Second):
    """The same, where somebody awaits the first call, who must not: it tells."""

    def __await__(self):
        """Return what the call itself returned."""
        self.awaited = True
        return self
        yield


def kinds(probe):
    """Return the probe as other kinds of callable, by the name of the attribute that a server is given."""

    class Double(Second):
        """The application style of ASGI 2, made with the scope; whoever calls it as ASGI 3 is served as well."""

        def __new__(cls, scope, *args, **kwargs):
            """Return what the second call goes to."""
            return probe(scope, *args, **kwargs) if args or kwargs else Patient(probe, scope)

    async def positional(first, second, third):
        """An application whose parameters have names of its own."""
        await probe(first, second, third)

    return {"app_instance": probe, "app_double": Double, "app_positional": positional}


globals().update(kinds(_probe))

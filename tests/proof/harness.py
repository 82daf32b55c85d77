"""Judges in-process servers with the checks of the suites, without pytest around each check."""

from __future__ import annotations

import asyncio
import atexit
import importlib
import io
import itertools
import json
import os
import pkgutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from gateproof import drive, lifespans, requirements
from gateproof.channel import Channel
from gateproof.check import info
from gateproof.drive.asgi import playing
from gateproof.inprocess import Subject
from gateproof.judge import Judgement
from gateproof.patience import QUICK_IDLE_S
from gateproof.reference import asgi
from gateproof.reference.asgi_lifespan import StartupFailed
from gateproof.runner import run_check
from gateproof.running import Untouched
from gateproof.servers.launching import OS_ENVIRON, can_listen
from gateproof.target import Server
from gateproof.verdicts import BROKEN, Verdict, worst
from gateproof.wire.client import Connection, Refused, WireError
from gateproof.wire.request import get
from gateproof.wire.tls import make_certificate

from .registry import Mutant, Variant

playing.SLOW_S = 0.0  # no variant starts as slowly
Check = Callable[..., object]
MOUNT = "/app"


@cache
def checks(interface: str, party: str = "server") -> tuple[Check, ...]:
    """Return every check that binds a party of an interface, those on framing included."""
    packages = [f"gateproof.suites.{interface}.{party}"]
    if party == "server":
        packages.append("gateproof.suites.frame")
    found: dict[int, Check] = {}
    for package in packages:
        root = importlib.import_module(package)
        for module in pkgutil.iter_modules(root.__path__):
            if module.name.startswith("test_"):
                loaded = importlib.import_module(f"{package}.{module.name}")
                for value in vars(loaded).values():
                    if info(value).requirements and value.__module__ == loaded.__name__:
                        found[id(value)] = value
    return tuple(found.values())


@cache
def channel() -> Channel:
    """Return the side channel of all in-process servers."""
    return Channel()


class InProcess(Untouched):
    """A reference server in this process, as a check sees a launch."""

    def __init__(
        self, server: Any, launch: str, mount: str, capabilities: frozenset[str], tls: ssl.SSLContext | None = None
    ) -> None:
        """Wrap a server that listens."""
        self.tls, self.errors = tls, server.errors
        self.certificates = tls_folder() if tls is not None else None
        self.id, self.mount, self.capabilities = launch, mount, capabilities
        self.host, self.port, self.uds = server.host, server.port, getattr(server, "uds", None)

    def log_tail(self, lines: int = 40) -> str:
        """What the server wrote to its string stream."""
        return "\n".join(self.errors.getvalue().splitlines()[-lines:])


COUNTER = iter(range(1, 1_000_000))


@contextmanager
def serving(make: Callable[..., Any], variant: str, **options: Any) -> Iterator[Server]:
    """Serve the probe by a subclass of a reference server."""
    if variant == "ipv6" and IPV6:
        options["host"] = "::1"
    if issubclass(make, asgi.Server) if isinstance(make, type) else False:
        with serving_asgi(make, variant, **options) as server:
            yield server
        return
    from gateproof.reference_apps import wsgi_probe

    launch = f"{variant}-{next(COUNTER)}"
    host, port = channel().address
    probe = wsgi_probe.make_app({"host": host, "port": port, "token": channel().token, "launch": launch})
    application = wsgi_probe.kinds(probe)[variant.removeprefix("app:")] if variant.startswith("app:") else probe
    mount = MOUNT if variant == "mount" else ""
    own, theirs = certificates(variant)
    if variant == "processes":
        with in_processes(make, launch) as running:
            yield Server(running, channel())
        return
    if variant == "os_environ":
        os.environ |= OS_ENVIRON
    uds = f"{sockets()}/{launch}" if variant == "unix" else None
    server = make(application, mount=mount, tls=own, errors=io.StringIO(), uds=uds, **options)
    if variant == "single":
        server.be_single()
    with server.serve_in_thread():
        running = InProcess(server, launch, mount, frozenset({"chunked", "keep-alive"}), theirs)
        yield Server(running, channel())
    for name in OS_ENVIRON:
        os.environ.pop(name, None)


class Watched(InProcess):
    """A reference ASGI server whose whole life a check looks at: it runs in a thread, from its startup to its end."""

    def __init__(self, make: Callable[[], Any], launch: str, config: dict[str, Any]) -> None:
        """`make` makes a server that does not run yet; `config` is what its probe is told."""
        self.make, self.config, self.thread = make, config, threading.Thread()
        self.start()
        super().__init__(self.server, launch, "", frozenset({"lifespan"}))

    def start(self) -> None:
        """Run a new server."""
        self.server = self.make()
        self.host, self.port, self.errors = self.server.host, self.server.port, self.server.errors
        self.status: int | None = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        """Be the process: its exit status is that of the command."""
        try:
            asyncio.run(self.server.serve_forever())
            self.status = 0
        except StartupFailed:
            self.status = 3
        finally:
            self.server.listener.close()

    def alive(self) -> bool:
        """Whether it runs."""
        return self.thread.is_alive()

    def plan(self, lifespan: Mapping[str, Any]) -> None:
        """Give the application another script."""
        self.config["lifespan"] = lifespan

    def restart(self) -> None:
        """Run another one."""
        self.terminate(15.0)
        self.start()

    def greets(self, timeout: float) -> bool:
        """Ask it."""
        deadline = time.monotonic() + timeout
        while self.alive() and time.monotonic() < deadline:
            try:
                wire = Connection(self.host, self.port, timeout=1.0)
            except Refused:
                time.sleep(0.01)
                continue
            try:
                wire.send(get(b"/", (b"Gateproof-Hello", b"1"), (b"Connection", b"close")))
                response = wire.read_response(b"GET", min(deadline, time.monotonic() + 0.5))
                return response.body == self.id.encode("ascii")
            except WireError:
                continue
            finally:
                wire.close()
        return False

    def terminate(self, timeout: float) -> int | None:
        """Ask it to stop."""
        self.server.stop()
        self.thread.join(timeout)
        return self.status

    def ended(self, timeout: float) -> bool:
        """Wait for its end."""
        self.thread.join(timeout)
        return not self.alive()


@contextmanager
def serving_asgi(make: Callable[..., Any], variant: str, **options: Any) -> Iterator[Server]:
    """Serve the probe by a subclass of the reference ASGI server."""
    from gateproof.reference_apps import asgi_probe

    launch = f"{variant.replace(':', '-')}-{next(COUNTER)}"
    host, port = channel().address
    script = lifespans.script(variant)
    config = {"host": host, "port": port, "token": channel().token, "launch": launch, "lifespan": script}
    channel().register(lifespans.exchange_id(launch), None)
    if variant == "processes":
        with in_processes(make, launch, lifespan=script) as running:
            yield Server(running, channel(), "asgi")
        return
    own, theirs = certificates(variant)
    if own is not None:
        own.set_alpn_protocols(["h2", "http/1.1"])
    pem = (tls_folder() / "server.pem").read_text(encoding="ascii") if own else None
    mount = MOUNT if variant == "mount" else ""

    def made() -> Any:
        probe = asgi_probe.make_app(config)
        application = asgi_probe.kinds(probe)[variant.removeprefix("app:")] if variant.startswith("app:") else probe
        uds = f"{sockets()}/{launch}" if variant == "unix" else None
        if variant == "message-limit":
            options["message_limit"] = MESSAGE_LIMIT
        return make(application, mount=mount, tls=own, certificate=pem, errors=io.StringIO(), uds=uds, **options)

    if variant.startswith(lifespans.PREFIX):
        watched = Watched(made, launch, config)
        try:
            yield Server(watched, channel(), "asgi", watched=True)
        finally:
            watched.terminate(15.0)
        return
    server = made()
    if server.uds:
        server.listener.listen(512)
    with server.serve_in_thread():
        capabilities = frozenset({"chunked", "keep-alive", "websocket", "lifespan"})
        yield Server(InProcess(server, launch, mount, capabilities, theirs), channel(), "asgi", idle_s=QUICK_IDLE_S)


@contextmanager
def in_processes(make: Callable[..., Any], launch: str, **more: Any) -> Iterator[InProcess]:
    """Serve by several processes, children of one that is ours; `more` goes to the probe."""
    host, port = channel().address
    config = {"host": host, "port": port, "token": channel().token, "launch": launch, **more}
    argv = [sys.executable, "-m", "tests.proof.processes", make.__module__, make.__qualname__, json.dumps(config)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment, start_new_session=True, text=True)
    try:
        assert child.stdout is not None
        address = SimpleNamespace(host="127.0.0.1", port=int(child.stdout.readline()), errors=io.StringIO())
        yield InProcess(address, launch, "", frozenset({"processes"}))
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


@cache
def sockets() -> str:
    """Return the folder of unix sockets; it goes when the tests do."""
    folder = TemporaryDirectory(prefix="gateproof-proof-")
    atexit.register(folder.cleanup)
    return folder.name


def certificates(variant: str) -> tuple[ssl.SSLContext | None, ssl.SSLContext | None]:
    """Return the context of a server, and of a client that trusts it, where a launch is over TLS."""
    if variant not in ("tls", "client-certificates"):
        return None, None
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(tls_folder() / "server.pem", tls_folder() / "server.key")
    if variant == "client-certificates":
        own.load_verify_locations(tls_folder() / "ca.pem")
        own.verify_mode = ssl.CERT_OPTIONAL
    return own, trusting()


@cache
def tls_folder() -> Path:
    """Return the folder of all certificates."""
    folder = Path(sockets()) / "tls"
    folder.mkdir()
    return folder


@cache
def trusting() -> ssl.SSLContext:
    """Return the context of a client that trusts our servers."""
    return make_certificate(tls_folder())


SIDE_BY_SIDE = 6
IN_PROCESS = (
    "default",
    "beside",
    "mount",
    "tls",
    "client-certificates",
    "os_environ",
    "single",
    "unix",
    "ipv6",
    "http2",
    "message-limit",
)
MESSAGE_LIMIT = 65_536
IPV6 = can_listen("::1")  # where the machine has no such address, the launch is the default one


def judge(
    make: Callable[..., Any],
    chosen: Iterable[Check],
    effort: str,
    launch: str = "default",
    party: str = "server",
    interface: str = "",
    *,
    confirm: bool = False,
    **options: Any,
) -> list[Judgement]:
    """Return what the chosen checks say of a server; several processes are started only where `launch` says so.

    `confirm` repeats what is found, as every run does before it accuses anybody.

    An application (`party`) is what `make` gives, middleware is `make` itself; they are judged one check after another.
    """
    rows = {row.id: row for row in requirements.load()}
    if party != "server":
        return judge_in_process(make, chosen, effort, party, interface, rows, confirm=confirm, **options)
    by_launch: dict[str, list[Check]] = {}
    for check in chosen:
        variant = info(check).launch
        if variant in (*IN_PROCESS, launch) or variant.startswith(("app:", "lifespan:")):
            by_launch.setdefault(variant, []).append(check)
    shares: list[tuple[str, list[Check]]] = []
    for variant, mine in by_launch.items():
        count = SIDE_BY_SIDE if variant == "default" else 1
        shares += [(variant, mine[n::count]) for n in range(count) if mine[n::count]]

    def judge_share(share: tuple[str, list[Check]]) -> list[Judgement]:
        with serving(make, share[0], **options) as server:
            outcomes = [run_check(c, {"server": server}, server, rows, effort, confirm=confirm) for c in share[1]]
        return [judgement for outcome in outcomes for judgement in outcome.judgements]

    channel(), trusting(), sockets()  # made once, before threads ask for them
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:  # most of a check is waiting
        return list(itertools.chain.from_iterable(pool.map(judge_share, shares)))


def judge_in_process(
    make: Callable[..., Any],
    chosen: Iterable[Check],
    effort: str,
    party: str,
    interface: str,
    rows: Mapping[str, Any],
    *,
    confirm: bool = False,
    inner: str = "",
    paths: tuple[str, ...] = (),
    arguments: Mapping[str, Any] | None = None,
) -> list[Judgement]:
    """Return what the chosen checks say of an application or middleware; `inner` is what an adapter wraps."""
    chosen = list(chosen)
    if not chosen:
        return []
    wrapping = party == "middleware" or inner
    target = make if wrapping else make(**(arguments or {}))
    given = (arguments or {}) if wrapping else {}
    kind = "middleware" if wrapping else "application"
    subject = Subject(kind, make.__name__, target, interface, inner, given, paths)
    handle = drive.handle(subject)
    said: list[Judgement] = []
    handle.start()
    try:
        for check in chosen:
            outcome = run_check(check, {drive.fixture(subject): handle}, handle, rows, effort, confirm=confirm)
            said += outcome.judgements
    finally:
        handle.stop()
    return said


def broken(said: Iterable[Judgement]) -> set[str]:
    """Return the requirements that are broken."""
    return {j.requirement for j in said if j.verdict in BROKEN}


def beyond(said: Iterable[Judgement], wanted: set[str]) -> list[tuple[str, str, str]]:
    """Return what was expected and seen where a requirement is broken that should not be."""
    return [(j.requirement, j.expected, j.seen) for j in said if j.verdict in BROKEN and j.requirement not in wanted]


def verdicts(said: Iterable[Judgement]) -> dict[str, Verdict]:
    """Return the verdict of each requirement."""
    every: dict[str, list[Verdict]] = {}
    for j in said:
        every.setdefault(j.requirement, []).append(j.verdict)
    return {key: worst(values) for key, values in every.items()}


def proving(mutant: Mutant) -> list[Check]:
    """Return the checks that judge the requirement of a mutant."""
    every = checks(mutant.interface, mutant.party)
    return [check for check in every if mutant.requirement in info(check).requirements]


__all__ = ["InProcess", "Mutant", "Variant", "broken", "checks", "judge", "proving", "serving", "verdicts"]

"""Judges in-process servers with the checks of the suites, without pytest around each check."""

from __future__ import annotations

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
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from gateproof import requirements
from gateproof.channel import Channel
from gateproof.check import info
from gateproof.judge import Judgement
from gateproof.runner import run_check
from gateproof.target import Server
from gateproof.verdicts import BROKEN, Verdict, worst
from gateproof.wire.tls import make_certificate

from .registry import Mutant, Variant

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


class InProcess:
    """A reference server in this process, as a check sees a launch."""

    def __init__(
        self, server: Any, launch: str, mount: str, capabilities: frozenset[str], tls: ssl.SSLContext | None = None
    ) -> None:
        """Wrap a server that listens."""
        self.tls, self.errors = tls, server.errors
        self.id, self.mount, self.capabilities = launch, mount, capabilities
        self.host, self.port, self.uds = server.host, server.port, None

    def alive(self) -> bool:
        """It lives as long as the block that runs it."""
        return True

    def restart(self) -> None:
        """Never needed."""

    def death(self) -> str:
        """Never asked."""
        return ""

    def log_tail(self, lines: int = 40) -> str:
        """What the server wrote to its string stream."""
        return "\n".join(self.errors.getvalue().splitlines()[-lines:])


COUNTER = iter(range(1, 1_000_000))


@contextmanager
def serving(make: Callable[..., Any], variant: str, **options: Any) -> Iterator[Server]:
    """Serve the probe by a subclass of the reference WSGI server."""
    from gateproof.reference_apps import wsgi_probe

    launch = f"{variant}-{next(COUNTER)}"
    host, port = channel().address
    probe = wsgi_probe.make_app({"host": host, "port": port, "token": channel().token, "launch": launch})
    application = wsgi_probe.kinds(probe)[variant.removeprefix("app:")] if variant.startswith("app:") else probe
    mount = MOUNT if variant == "mount" else ""
    own, theirs = certificates() if variant == "tls" else (None, None)
    if variant == "processes":
        with in_processes(make, launch) as running:
            yield Server(running, channel())
        return
    if variant == "os_environ":
        os.environ["GATEPROOF_FOO"] = "\u20ac\u00e9"
    server = make(application, mount=mount, tls=own, errors=io.StringIO(), **options)
    if variant == "single":
        server.be_single()
    with server.serve_in_thread():
        running = InProcess(server, launch, mount, frozenset({"chunked", "keep-alive"}), theirs)
        yield Server(running, channel())
    os.environ.pop("GATEPROOF_FOO", None)


@contextmanager
def in_processes(make: Callable[..., Any], launch: str) -> Iterator[InProcess]:
    """Serve by several processes, children of one that is ours."""
    host, port = channel().address
    config = {"host": host, "port": port, "token": channel().token, "launch": launch}
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
def certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the context of a server and of a client that trusts it."""
    with TemporaryDirectory() as folder:
        client = make_certificate(Path(folder))
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(Path(folder) / "server.pem", Path(folder) / "server.key")
    return server, client


SIDE_BY_SIDE = 4
IN_PROCESS = ("default", "mount", "tls", "os_environ", "single")


def judge(
    make: Callable[..., Any], chosen: Iterable[Check], effort: str, launch: str = "default", **options: Any
) -> list[Judgement]:
    """Return what the chosen checks say of a server; several processes are started only where `launch` says so."""
    rows = {row.id: row for row in requirements.load()}
    said: list[Judgement] = []
    by_launch: dict[str, list[Check]] = {}
    for check in chosen:
        variant = info(check).launch
        if variant in (*IN_PROCESS, launch) or variant.startswith("app:"):
            by_launch.setdefault(variant, []).append(check)
    for variant, mine in by_launch.items():
        shares = [mine[n::SIDE_BY_SIDE] for n in range(SIDE_BY_SIDE)] if variant == "default" else [mine]

        def judge_share(share: list[Check], variant: str = variant) -> list[Judgement]:
            with serving(make, variant, **options) as server:
                outcomes = [run_check(c, {"server": server}, server, rows, effort, confirm=False) for c in share]
            return [judgement for outcome in outcomes for judgement in outcome.judgements]

        with ThreadPoolExecutor(len(shares)) as pool:  # most of a check is waiting
            said += itertools.chain.from_iterable(pool.map(judge_share, filter(None, shares)))
    return said


def broken(said: Iterable[Judgement]) -> set[str]:
    """Return the requirements that are broken."""
    return {j.requirement for j in said if j.verdict in BROKEN}


def verdicts(said: Iterable[Judgement]) -> dict[str, Verdict]:
    """Return the verdict of each requirement."""
    every: dict[str, list[Verdict]] = {}
    for j in said:
        every.setdefault(j.requirement, []).append(j.verdict)
    return {key: worst(values) for key, values in every.items()}


def proving(mutant: Mutant) -> list[Check]:
    """Return the checks that judge the requirement of a mutant."""
    return [check for check in checks(mutant.interface) if mutant.requirement in info(check).requirements]


__all__ = ["InProcess", "Mutant", "Variant", "broken", "checks", "judge", "proving", "serving", "verdicts"]

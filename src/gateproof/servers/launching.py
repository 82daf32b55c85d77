"""Starting one launch of a server: a private folder, a supervisor, a port, a bounded log, and proof of identity."""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import shutil
import signal
import socket
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER, find_spec
from pathlib import Path
from typing import Any

from gateproof.servers.profiles import Profile, VariantSpec, describe, fits
from gateproof.servers.supervising import SUPERVISORS, NotStarted, Supervised
from gateproof.wire.client import Connection, Refused, WireError, family
from gateproof.wire.request import get

HERE = Path(__file__).parent
POSIX = os.name == "posix"
ELSEWHERE = (
    "servers are started on POSIX systems (Linux, macOS, the BSDs, WSL), which this is not; "
    "applications, middleware and deployed probes can be judged here"
)
LOG_HEAD = 16 * 1024
LOG_TAIL = 48 * 1024
STOP_S = 5.0
DRAIN_S = 1.0  # what a process printed before it died is in the pipe when its death becomes known
EARLIER = 10  # processes of one launch whose end is reported
PORT_TRIES = 3
# What the launch `os_environ` finds in its process: text beyond latin-1, and names that a request has as well.
OS_ENVIRON = {"GATEPROOF_FOO": "\u20ac\u00e9", "QUERY_STRING": "os=1", "HTTP_X_OS": "os"}
# An idle server computes next to nothing; a loaded machine gives each its share.
GLANCE_S, SAMPLE_S, SPINNING = 0.05, 0.2, 0.1
ERRORS = 20  # so many in a row are no matter of a start that takes its time: about two seconds
TAKEN = ("address already in use", "errno 98", "errno 48", "eaddrinuse")


class LaunchError(Exception):
    """The server could not be started; the message has the command, what happened, and what to do."""


class Log:
    """Drains what the server prints; keeps its beginning and its end."""

    def __init__(self, fd: int) -> None:
        """Read from a descriptor until its end, in a thread."""
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.total = 0
        self._thread = threading.Thread(target=self._drain, args=(fd,), name="gateproof-log", daemon=True)
        self._thread.start()

    def _drain(self, fd: int) -> None:
        with contextlib.suppress(OSError):
            while octets := os.read(fd, 65536):
                self._keep(octets)
        os.close(fd)

    def _keep(self, octets: bytes) -> None:
        self.total += len(octets)
        room = LOG_HEAD - len(self._head)
        if room > 0:
            self._head += octets[:room]
            octets = octets[room:]
        if octets:
            self._tail.append(octets[-LOG_TAIL:])
            self._tail_size += len(self._tail[-1])
            while self._tail_size - len(self._tail[0]) >= LOG_TAIL:
                self._tail_size -= len(self._tail.popleft())

    def finish(self, timeout: float) -> None:
        """Wait for the end of what is printed; what another process holds open is not waited for longer."""
        self._thread.join(timeout)

    def text(self, lines: int = 40) -> str:
        """Return the last lines, printable."""
        octets = bytes(self._head) + b"".join(list(self._tail))
        text = octets.decode("utf-8", "backslashreplace")
        shown = [line[:500] for line in text.splitlines()[-lines:]]
        return "\n".join("".join(c if c.isprintable() or c == "\t" else "?" for c in line) for line in shown)


@dataclass
class Launch:
    """A running server: one supervised process tree. Satisfies `gateproof.running.Running`."""

    profile: Profile
    variant: str
    app: str
    folder: Path
    id: str
    spec: VariantSpec
    environment: Mapping[str, str]
    config: dict[str, Any]
    host: str = "127.0.0.1"
    port: int = 0
    uds: str | None = None
    tls: ssl.SSLContext | None = None
    argv: list[str] = field(default_factory=list)
    pid: int = 0
    start_s: float = 0.0
    exit_status: int | None = None
    watched: bool = False
    given_up: threading.Event = field(default_factory=threading.Event)
    earlier: list[dict[str, Any]] = field(default_factory=list)
    _process: Supervised | None = None
    _log: Log | None = None
    _exited: threading.Event = field(default_factory=threading.Event)
    _errors: int = 0

    @property
    def certificates(self) -> Path | None:
        """Folder of the certificates of a launch over TLS."""
        return self.folder if self.tls is not None else None

    @property
    def mount(self) -> str:
        """Path under which the application is mounted."""
        return self.spec.mount

    @property
    def capabilities(self) -> frozenset[str]:
        """What this launch declares."""
        return self.profile.capabilities | self.spec.capabilities

    def greets(self, timeout: float) -> bool:
        """Tell whether the server proves in time that it is ours and serves."""
        return not self._ready(time.monotonic() + timeout)

    def terminate(self, timeout: float) -> int | None:
        """Send SIGTERM to the main process and wait for its end; its exit status, None where it lives on."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            self._exited.wait(timeout)
        return self.exit_status

    def ended(self, timeout: float) -> bool:
        """Tell whether the main process ends by itself within the time."""
        return self._exited.wait(timeout)

    def spins(self) -> bool:
        """Tell whether its processes use more than a part of the time in which nobody asks them for anything."""
        return self._computes(GLANCE_S) and self._computes(SAMPLE_S)

    def _computes(self, seconds: float) -> bool:
        before = self._cpu_s()
        time.sleep(seconds)
        return self._cpu_s() - before > seconds * SPINNING

    def _cpu_s(self) -> float:
        """Return the seconds that its processes have computed."""
        import psutil

        total = 0.0
        with contextlib.suppress(psutil.Error):
            main = psutil.Process(self.pid)
            for process in [main, *main.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    times = process.cpu_times()
                    total += times.user + times.system
        return total

    def start(self) -> None:
        """Start the server and wait until it has proven who it is; a taken port is tried again."""
        for attempt in range(PORT_TRIES):
            started = time.monotonic()
            self._spawn()
            problem = self._ready(started + self.profile.ready_s)
            if not problem:
                self.start_s = time.monotonic() - started
                return
            self.stop()
            if not any(word in self.log_tail().lower() for word in TAKEN) or attempt == PORT_TRIES - 1:
                raise LaunchError(self._complaint(problem))

    def alive(self) -> bool:
        """Tell whether the main process of the server runs."""
        return self._process is not None and not self._exited.is_set()

    def ended_within(self, seconds: float) -> bool:
        """Tell whether the main process of the server ends within the time, or has."""
        return self._process is None or self._exited.wait(seconds)

    def restart(self) -> None:
        """Start it anew, whether it died or runs: nobody waits for what an old process has still to do."""
        ran, died = self._process is not None, self._exited.is_set()
        self.stop(at_once=True)
        if ran and not self.watched and len(self.earlier) < EARLIER:
            status = self.exit_status if died else None
            self.earlier.append({"pid": self.pid, "exit_status": status, "log_tail": self.log_tail()})
        if self.watched:
            self._spawn()
        else:
            self.start()

    def plan(self, lifespan: Mapping[str, Any]) -> None:
        """Give the application another lifespan script, from the next start on."""
        self.config["lifespan"] = dict(lifespan)
        self.write_config()

    def write_config(self) -> None:
        """Put where the probe looks for it what it is told of its launch."""
        (self.folder / "gateproof_run.json").write_text(json.dumps(self.config), encoding="ascii")

    def death(self) -> str:
        """Say how it ended."""
        status = self.exit_status
        if status is None:
            return "it ended"
        return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"

    def log_tail(self, lines: int = 40) -> str:
        """Return the end of what the server printed, to the last word where it has ended."""
        if self._log is None:
            return ""
        if self._exited.is_set() or self._process is None:
            self._log.finish(DRAIN_S)
        return self._log.text(lines)

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server and everything that it started, `at_once` with no time for it to end; may be called twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.stop(STOP_S * 2 + 2, at_once=at_once)

    def to_json(self) -> dict[str, Any]:
        """Return the entry of the report."""
        return {
            "id": self.id,
            "variant": self.variant,
            "argv": self.argv,
            "python": self.profile.python,
            "pid": self.pid,
            "start_s": round(self.start_s, 3),
            "exit_status": self.exit_status,
            "log_tail": self.log_tail(),
            "earlier": self.earlier,
        }

    # -- inside

    def _spawn(self) -> None:
        if self.uds:
            Path(self.uds).unlink(missing_ok=True)
        self.port = free_port(self.host)
        self.argv = self._command()
        self._exited = threading.Event()
        self.exit_status = None
        read_end, write_end = os.pipe()
        spec = {"argv": self.argv, "env": self._environment(), "cwd": str(self.folder), "stop_s": STOP_S}
        try:
            self._process = SUPERVISORS.start(spec, write_end)
        except NotStarted as error:
            os.close(read_end)
            raise LaunchError(self._complaint(str(error))) from error
        finally:
            os.close(write_end)
        self._log = Log(read_end)
        self.pid = self._process.pid
        exited = self._exited

        def told(said: dict[str, Any]) -> None:
            self.exit_status = said.get("exit")
            exited.set()

        self._process.listen(told, exited.set)

    def _command(self) -> list[str]:
        template = command_of(self.profile, self.spec)
        words = {
            "python": self.profile.python,
            "own_python": sys.executable,
            "bin": str(Path(self.profile.python).parent),
            "app": self.app,
            "module": self.app.partition(":")[0],
            "attribute": self.app.partition(":")[2],
            "host": self.host,
            "port": str(self.port),
            "uds": str(self.folder / "s.sock"),
            "launchers": str(HERE / "launchers"),
            "folder": str(self.folder),
            "mount": self.mount,
            "certfile": str(self.folder / "server.pem"),
            "keyfile": str(self.folder / "server.key"),
            "cafile": str(self.folder / "ca.pem"),
        }
        if ":" in self.host:  # an IPv6 address stands in brackets before a port
            template = [word.replace("{host}:", "[{host}]:") for word in template]
        return [_fill(word, words) for word in template]

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PYTHON", "COV_", "GATEPROOF"))}
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(self._path()),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.environment,
        }

    def _path(self) -> list[str]:
        """Return the folders of which the server is told: ours is the first, so that nothing hides the probe."""
        own = self.profile.name.startswith("reference-")
        return [str(self.folder), *self.profile.path, *([p for p in sys.path if p] if own else [])]

    def _ready(self, deadline: float) -> str:
        """Ask until the server proves that it is ours; return what went wrong, or ''."""
        pause = 0.005
        while time.monotonic() < deadline:
            if self._exited.is_set() or not self.alive():
                return f"it ended before it answered ({self.death()})"
            if self._greets(deadline) or self._errors >= ERRORS:
                return ""
            if self.given_up.is_set():
                return "nobody waits for it any more"
            time.sleep(pause)  # readiness of a foreign process can only be polled
            pause = min(pause * 1.5, 0.1)
        return f"it did not answer within {self.profile.ready_s:g} s"

    def _greets(self, deadline: float) -> bool:
        target = (self.mount or "").encode("ascii") + b"/"
        try:
            wire = Connection(self.host, self.port, uds=self.uds, timeout=1.0, tls=self.tls)
        except Refused:
            return False
        try:
            wire.send(get(target, (b"Gateproof-Hello", b"1"), (b"Connection", b"close")))
            response = wire.read_response(b"GET", min(deadline, time.monotonic() + 5.0))
        except WireError:
            return False
        finally:
            wire.close()
        # nobody but our server listens on a socket in our folder: one that has nothing but errors there is to be judged
        self._errors = self._errors + 1 if self.uds and response.status == 500 else 0
        return response.status == 200 and response.body == self.id.encode("ascii")

    def _complaint(self, problem: str) -> str:
        lines = [
            f"the server {self.profile.name} could not be started: {problem}",
            f"command: {' '.join(self.argv)}",
        ]
        if self.profile.distribution and not describe(self.profile).version and self.profile.install:
            wanted = " ".join(self.profile.install)
            lines.append(f"it is not installed in {self.profile.python}: {self.profile.python} -m pip install {wanted}")
        log = self.log_tail()
        if "No module named" in log:
            lines.append(
                f"it looks for modules in {' and '.join(self._path())}, then where {self.profile.python} has them"
            )
        lines.append(f"its log ends with:\n{log}" if log else "it printed nothing")
        return "\n".join(lines)


def command_of(profile: Profile, spec: VariantSpec) -> list[str]:
    """Return the command of a launch with its places still open, as the installed version wants it."""
    argv = next((argv for condition, argv in profile.older if _is_older(profile, condition)), profile.argv)
    skipped = {argument for condition, argument in profile.unless if not fits(profile, condition)} | set(spec.without)
    found: list[str] = []
    for word in argv:
        if word == "{more}":
            found += [*spec.argv, *profile.more]
        elif word not in skipped:
            found.append(word)
    return found


def _is_older(profile: Profile, condition: str) -> bool:
    return bool(describe(profile).version) and fits(profile, condition)


def _fill(word: str, words: Mapping[str, str]) -> str:
    for key, value in words.items():
        word = word.replace("{" + key + "}", value)
    return word


def free_port(host: str) -> int:
    """Return a port on which nobody listens now; who takes it first is decided at launch, and tried again."""
    with socket.socket(family(host)) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def can_listen(host: str) -> bool:
    """Tell whether this machine has the address."""
    try:
        free_port(host)
    except OSError:
        return False
    return True


def probe_file(interface: str) -> Path:
    """Return the path of the probe of an interface."""
    spec = find_spec("gateproof.reference_apps")
    if spec is None or not spec.submodule_search_locations:
        raise LaunchError("the probes are not installed; run from a checkout or reinstall gateproof")
    return Path(next(iter(spec.submodule_search_locations))) / f"{interface}_probe.py"


def _keep_compiled(probe: Path, folder: Path) -> None:
    """Put what our interpreter makes of a probe beside it: to compile it takes as long as half the start of a server.

    An interpreter of another kind looks for another name, and compiles for itself.
    """
    code = SourceFileLoader(probe.stem, str(probe)).get_code(probe.stem)
    unchecked = (1).to_bytes(4, "little") + bytes(8)  # PEP 552: the source is not looked at
    folder.mkdir(exist_ok=True)
    name = f"{probe.stem}.{sys.implementation.cache_tag}.pyc"
    (folder / name).write_bytes(MAGIC_NUMBER + unchecked + marshal.dumps(code))


def launch(
    profile: Profile,
    *,
    variant: str,
    channel_address: tuple[str, int],
    token: str,
    launch_id: str,
    folder: Path,
    lifespan: Mapping[str, Any] | None = None,
    watched: bool = False,
    given_up: threading.Event | None = None,
) -> Launch:
    """Start a launch of a server and return it when it is ready, or at once where its start is `watched`.

    Raises `LaunchError`; once `given_up` is set, nobody waits for it any more.

    `variant` is `default`, a variant of the profile, or `app:ATTRIBUTE` for another kind of callable of the probe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    probe = probe_file(profile.interface)
    shutil.copy(probe, folder / probe.name)
    _keep_compiled(probe, folder / "__pycache__")
    config = {
        "host": channel_address[0],
        "port": channel_address[1],
        "token": token,
        "launch": launch_id,
        "lifespan": dict(lifespan) if lifespan is not None else None,
    }
    attribute = variant.removeprefix("app:") if variant.startswith("app:") else "app"
    spec = profile.variants.get(variant, VariantSpec())
    environment = {**profile.env, **spec.env}
    if variant == "os_environ":
        environment |= OS_ENVIRON
    started = Launch(profile, variant, f"{probe.stem}:{attribute}", folder, launch_id, spec, environment, config)
    started.host = spec.host or started.host
    started.write_config()
    words = command_of(profile, spec)
    if any("{certfile}" in word for word in words):
        from gateproof.wire.tls import make_certificate

        started.tls = make_certificate(folder)
    if any("{uds}" in word for word in words):
        started.uds = str(folder / "s.sock")
    started.watched = watched
    started.given_up = given_up or started.given_up
    started.restart()
    return started

"""A server that we start: its profile, its launches, the side channel, and what is left behind when it dies."""

from __future__ import annotations

import platform
import shlex
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from gateproof import bounds, lifespans, results
from gateproof.beside import TWIN
from gateproof.judge import Blocked, Unsupported
from gateproof.settings import Settings, TargetError
from gateproof.targets import JsonDict, Target, missing
from gateproof.verdicts import Exit, Verdict

if TYPE_CHECKING:
    from gateproof.channel import Channel
    from gateproof.check import CheckInfo
    from gateproof.exchange import Exchange
    from gateproof.servers import Launch, Profile
    from gateproof.target import Server
    from gateproof.targets import Handle

WATCHED_S = 3.0
# What a launch is asked to be like where the profile has none of that name: it speaks HTTP/2 in clear text, or not at
# all; it asks no client for a certificate; it has one process; it has one thread, or no option for that; it listens on
# IPv4 alone, as this machine may.
FALLBACK = {
    "http2": "default",
    "client-certificates": "tls",
    "processes": "default",
    "single": "default",
    "ipv6": "default",
}
UNSEEN = ("pass", "inform", "blocked", "unsupported")  # what a check says that did not notice a death


class Launched(Target):
    """A server with its launches, started when checks need them."""

    profile: Profile | None = None
    channel: Channel
    _folder: TemporaryDirectory[str]

    def __init__(self, settings: Settings) -> None:
        """Begin with no launch."""
        super().__init__(settings)
        self.has_twin = True
        self._servers: dict[str, Server] = {}
        self._pending: dict[str, Future[Launch]] = {}
        self._running: list[Launch] = []
        self._pool: ThreadPoolExecutor | None = None
        self._given_up = threading.Event()

    # -- before anything runs

    def resolve(self, overridden: bool = False) -> None:
        """Find the profile."""
        from gateproof import servers
        from gateproof.servers import launching

        if not launching.POSIX:
            raise TargetError(launching.ELSEWHERE, Exit.USAGE)
        try:
            self.profile = servers.resolve(
                self.settings.server or "",
                rootdir=self.settings.rootdir,
                server_python=self.settings.server_python,
                interface=self.settings.interface,
            )
        except servers.UsageError:
            if not overridden:
                raise
        else:
            self.interface, self.baseline = self.profile.interface, self.profile.baseline

    @property
    def known(self) -> Profile:
        """The profile, of a target that was resolved."""
        assert self.profile is not None
        return self.profile

    @property
    def name(self) -> str:
        """The name of the profile."""
        return self.profile.name if self.profile else self.settings.named

    @property
    def capabilities(self) -> Iterable[str]:
        """What the profile declares."""
        return self.profile.capabilities if self.profile else ()

    def about(self) -> tuple[str, str]:
        """Return the server's name with its version, and the interpreter in which it lives."""
        if self.profile is None:
            return self.settings.named, f"Python {platform.python_version()}"
        version, python = self._describe()
        return f"{self.profile.name} {version or '(version unknown)'}", python or self.profile.python

    def _describe(self) -> tuple[str, str]:
        from gateproof import servers

        about = servers.describe(self.known)
        return about.version, f"{about.implementation} {about.python}".strip()

    # -- launches

    def begin(self) -> None:
        """Begin to start the default launch, which every run needs."""
        from gateproof.channel import Channel

        self.channel = Channel()
        self._folder = TemporaryDirectory(prefix="gateproof-")
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="gateproof-launch")
        self._submit(["default"])

    def start(self, variants: Iterable[str] = (), override: object = None) -> None:
        """Start what the chosen checks need, side by side, and make sure that an ordinary exchange works."""
        if override is not None:
            self._override(override)
        if self.profile is None:
            raise TargetError(f"the fixture gateproof_server gives nothing for {self.settings.named!r}", Exit.USAGE)
        if self._pool is None:
            self.begin()
        wanted = set(variants) - {"default"}
        watched = {variant for variant in wanted if variant.startswith(lifespans.PREFIX)}
        self._submit(sorted(wanted - watched, key=lambda variant: (variant != TWIN, variant)))
        self._smoke(self.server("default"))
        self._submit(sorted(watched))  # whether there is a lifespan to be watched, the default launch has shown
        self.version, self.python = self._describe()

    def _override(self, given: object) -> None:
        """Take the target that the project's fixture gives; what was collected was collected for one interface."""
        from gateproof import servers

        try:
            named = "the fixture gateproof_server"
            self.profile = servers.as_profile(named, given, named, self.settings.rootdir)
        except servers.UsageError as error:
            raise TargetError(str(error), Exit.USAGE) from error
        if self.profile.interface != self.interface:
            hint = f"say --interface={self.profile.interface}"
            raise TargetError(
                f"the fixture gateproof_server gives a server for {self.profile.interface}; {hint}", Exit.USAGE
            )

    def _submit(self, variants: Iterable[str]) -> None:
        """Begin to start launches, side by side."""
        assert self._pool is not None
        for variant in variants:
            if self._has(variant):
                self._pending[variant] = self._pool.submit(self._launch, variant)

    def _has(self, variant: str) -> bool:
        """Tell whether the target can be launched like that; every server can host another kind of callable."""
        if variant.startswith(lifespans.PREFIX):
            return self.interface == "asgi" and self._calls_lifespan()
        return variant in ("default", TWIN, "beside", "os_environ", *self.known.variants) or variant.startswith("app:")

    def _calls_lifespan(self) -> bool:
        """Tell whether the default launch, which serves by now, has called the application for its lifespan."""
        key = lifespans.exchange_id(self.server("default").running.id)
        self.channel.fence()
        patience = WATCHED_S if "lifespan" in self.known.capabilities else 0.0
        return self.channel.wait(key, lambda _: True, patience) is not None

    def launch(self, check: CheckInfo) -> str:
        """Return the launch that a check asks for, or what stands in for it."""
        from gateproof import servers

        spec = self.profile.variants.get(check.launch) if self.profile is not None else None
        lacks = spec is None or bool(spec.host and not servers.can_listen(spec.host))
        return FALLBACK.get(check.launch, check.launch) if lacks else check.launch

    def _lacking(self, variant: str) -> Unsupported:
        """Say why there is no launch like that, and what shows that the server lacks what it would be for."""
        if variant.startswith(lifespans.PREFIX) and self.interface == "asgi":
            return Unsupported(lifespans.NONE, lacks="lifespan")
        why = f"the profile {self.known.name} has no launch `{variant}`"
        if variant != "tls" or self._plain is None:
            return Unsupported(why)
        why += ", and a TLS connection is answered in plain text, or ended"
        return Unsupported(why, lacks="tls", shown=self._plain)

    @cached_property
    def _plain(self) -> Exchange | None:
        """The exchange that shows that the ordinary launch takes no TLS connection."""
        return missing.no_tls(self.server("default").running)

    def _launch(self, variant: str) -> Launch:
        from gateproof import servers

        name = variant.replace(":", "-")
        launch_id = f"{name}-{token_hex(4)}"
        watched = variant.startswith(lifespans.PREFIX)
        self.channel.register(lifespans.exchange_id(launch_id), None)
        launch = servers.launch(
            self.known,
            variant=variant,
            channel_address=self.channel.address,
            token=self.channel.token,
            launch_id=launch_id,
            folder=Path(self._folder.name) / name,
            lifespan=lifespans.script(variant) if self.interface == "asgi" else None,
            watched=watched,
            given_up=self._given_up,
        )
        if watched:  # holds one of the pool's threads, so that not all of them start at the same time
            self._await_lifespan(launch)
        return launch

    def _await_lifespan(self, launch: Launch) -> None:
        """Wait until the lifespan of a launch is under way, or will not be."""
        key, deadline = lifespans.exchange_id(launch.id), time.monotonic() + WATCHED_S
        while time.monotonic() < deadline and launch.alive():
            if self.channel.wait(key, lambda event: event.name != "scope", 0.2) or launch.greets(0.05):
                return

    def server(self, variant: str) -> Server:
        """Return the handle of a launch; raises `Unsupported` where the profile has no such launch.

        `Blocked` where it has one that does not start, although the default one does: TLS of an old release, say.
        """
        from gateproof.patience import IDLE_S, QUICK_IDLE_S
        from gateproof.servers import LaunchError
        from gateproof.target import Server

        assert self._pool is not None
        if variant not in self._servers:
            if not self._has(variant):
                raise self._lacking(variant)
            pending = self._pending.get(variant) or self._pool.submit(self._launch, variant)
            try:
                running = pending.result()
            except LaunchError as error:
                if variant == "default":
                    self._given_up.set()  # the others need not be waited for
                    raise TargetError(str(error), Exit.HARNESS) from error
                raise Blocked(f"the server does not start as `{variant}`: {error}") from error
            self._running.append(running)
            idle_s = QUICK_IDLE_S if self.settings.effort == "quick" else IDLE_S
            self._servers[variant] = Server(
                running, self.channel, self.interface, watched=running.watched, idle_s=idle_s
            )
        return self._servers[variant]

    def _smoke(self, server: Server) -> None:
        """Make one ordinary exchange; if that fails, nothing after it could be believed."""
        from gateproof.wire.request import get

        server.begin_check("", patient=True)  # it is not repeated, as what a check finds is
        x = server.exchange(get(b"/"))
        if x.response is None or x.response.status != 200 or len(x.calls) != 1:
            server.running.stop()  # its log is whole when it has ended
            raise TargetError(
                f"an ordinary GET / did not work, so nothing is judged: {x.outcome}, the probe was called "
                f"{len(x.calls)} times.\nThe server's log ends with:\n{server.running.log_tail()}",
                Exit.HARNESS,
            )

    # -- the checks

    def ready(self, check: CheckInfo) -> tuple[dict[str, object], Handle]:
        """Return the launch that a check needs."""
        server = self.server(self.launch(check))
        return {"server": server}, server

    def aftermath(self, said: JsonDict, handle: Handle) -> list[str]:
        """Tell of deaths, silence and lost lines; a check during which they happened has not seen what a pass says."""
        server: Server = handle  # type: ignore[assignment]  # what `ready` gave
        told = self._bury(said, server)
        if not server.still_answers():
            told.append(f"{said['id']}: after it the server answered nobody, and was started anew")
        return told + self._distrust(said, server.running.id)

    def _bury(self, said: JsonDict, server: Server) -> list[str]:
        """Tell where the server died; a check in the middle of which it did has not seen what a pass would say."""
        told = []
        for x in server.take_deaths():
            line = x.request.split(b"\r\n", 1)[0].decode("latin-1")
            ours = x.id in server.exchanges
            when = f"at {line!r}" if ours else f"before it, after {line!r} of an earlier check"
            words = f"; its log ends with:\n{x.last_words}" if x.last_words else "; it printed nothing"
            told.append(f"{said['id']}: the server died ({x.died}) {when}, exchange {x.id[:12]}{words}")
            if not ours:
                continue
            said["exchanges"][x.id] = results.exchange_to_json(x)
            for judgement in said["judgements"]:
                if judgement["verdict"] in UNSEEN:
                    judgement.update(verdict="blocked", reason=f"{x.outcome} {when}", exchanges=[x.id])
        return told

    def _distrust(self, said: JsonDict, launch: str) -> list[str]:
        """Take back what a check said while the side channel lost something: what it did not see is not known."""
        problems = self.channel.take_errors(launch)
        if problems:
            for judgement in said["judgements"]:
                judgement["verdict"], judgement["reason"] = str(Verdict.ERROR), "; ".join(problems)
        return [f"{said['id']}: {problem}" for problem in problems]

    def replay(self, key: str, kept: JsonDict) -> str:
        """Return the line that plays an exchange again; '' where the report holds only a part of it."""
        if not bounds.playable(kept):
            return ""
        words = ["gateproof", "replay", f"{self.settings.place}#{key[:12]}"]
        words.append(f"--server={self.settings.server}")
        if self.settings.server_python:
            words.append(f"--server-python={self.settings.server_python}")
        if self.settings.interface:
            words.append(f"--interface={self.settings.interface}")
        return shlex.join(words)

    def again(self, kept: JsonDict) -> Exchange:
        """Play an exchange again, over a launch like the one that it was made over."""
        return self.server(kept["launch"].rsplit("-", 1)[0]).again(kept)

    def digest(self) -> JsonDict:
        """Return the digest of the installed distribution, where a report is written."""
        from gateproof.servers import digest

        if self.profile is None or not self.settings.report:
            return {}
        found = digest.installed(self.profile.python, self.profile.distribution)
        return {"distribution": self.profile.distribution, "digest": found} if found else {}

    # -- the end

    def collect_specimens(self) -> None:
        """Learn what the server makes of a few requests that nobody judges; trouble with them is nobody's."""
        from gateproof import specimens

        if "default" in self._servers:
            self.specimens = specimens.collect(self._servers["default"], self.interface)
            self.channel.take_errors(self._servers["default"].running.id)

    def aside(self) -> list[Server]:
        """Return the handles of all launches but the default one."""
        return [server for variant, server in self._servers.items() if variant != "default"]

    def stop(self) -> None:
        """Stop every launch, side by side, and close the side channel."""
        self._given_up.set()
        for future in self._pending.values():
            # One that is still starting is waited for, as it could not be stopped otherwise.
            if not future.cancel() and future.exception() is None:
                launch = future.result()
                if launch not in self._running:
                    self._running.append(launch)
        if self._pool is None:
            return
        self._pool.shutdown(wait=True)
        with ThreadPoolExecutor(max(1, len(self._running))) as pool:  # they end by themselves, and are only waited for
            list(pool.map(lambda launch: launch.stop(), self._running))
        self.launches = [launch.to_json() for launch in self._running]
        self.waited_s = sum(server.waited_s for server in self._servers.values())
        self.channel.close()
        self._folder.cleanup()

"""One test run: its settings, the target it judges, the launches of that target, and what the checks said."""

from __future__ import annotations

import platform
import shlex
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import gateproof
from gateproof import baseline as baselines
from gateproof import lifespans, requirements, results
from gateproof.check import CheckInfo, check_id, info
from gateproof.draw import SEED
from gateproof.judge import Blocked, Unsupported, Untestable
from gateproof.requirements import coverage, sets
from gateproof.runner import HarnessError, Outcome, run_check
from gateproof.verdicts import Exit, Verdict

if TYPE_CHECKING:
    from gateproof.channel import Channel
    from gateproof.deployed import Deployed
    from gateproof.inprocess import Handle, Subject
    from gateproof.requirements.sets import FrozenSet
    from gateproof.servers import Launch, Profile
    from gateproof.target import Server

JsonDict = dict[str, Any]
WATCHED_S = 3.0
HTTP2 = "http2"
NOT_IN_BAND = (
    "a deployed probe has no side channel and is not started by us; what this check looks at is not seen there"
)


class TargetError(Exception):
    """The target cannot be judged: a message for the user, and the exit status that goes with it."""

    def __init__(self, message: str, status: int) -> None:
        """Keep the message and the exit status (design: 3 harness, 4 usage)."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Settings:
    """What was asked for, from whichever option it came."""

    server: str | None = None
    server_python: str | None = None
    app: str | None = None
    middleware: str | None = None
    app_paths: str | None = None
    interface: str | None = None
    baseline: str | None = None
    baseline_update: bool = False
    report: str | None = None
    compare: str | None = None
    fail_on: str = "fail"
    certify: bool = False
    effort: str = "default"
    rootdir: Path = field(default_factory=Path.cwd)

    @property
    def party(self) -> str:
        """The party that the target is."""
        if self.middleware:
            return "middleware"
        return "application" if self.app else "server"

    @property
    def named(self) -> str:
        """What was named as target, as it was spelled."""
        return self.server or self.app or self.middleware or ""


class Session:
    """Everything that lives as long as one run."""

    def __init__(self, settings: Settings) -> None:
        """Resolve nothing yet: `resolve` and `start` do, as collection must not start anything."""
        self.settings = settings
        self.interface = settings.interface or "wsgi"
        self.frozen: FrozenSet | None = sets.load(requirements.SET) if settings.certify else None
        self.profile: Profile | None = None
        self.deployed: Deployed | None = None
        self.subject: Subject | None = None
        self.handle: Handle | None = None
        self.version = self.server_python = ""
        self.entries: list[baselines.Entry] = []
        self.baseline_path: Path | None = None
        self.variants: set[str] = set()
        self.launches: list[JsonDict] = []
        self.channel: Channel | None = None
        self.started_at = datetime.now(UTC)
        self.started = time.monotonic()
        self.waited_s = 0.0
        self.fatal: TargetError | None = None
        self.problems: list[str] = []
        self.specimens: dict[str, tuple[str, JsonDict]] = {}
        self.warnings: list[str] = []
        self._catalogues: dict[str, dict[str, requirements.Requirement]] = {}
        self._servers: dict[str, Server] = {}
        self._pending: dict[str, Future[Launch]] = {}
        self._running: list[Launch] = []
        self._pool: ThreadPoolExecutor | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._fixtures: dict[str, Any] = {}
        self._given_up = threading.Event()

    # -- before anything runs

    def resolve(self, overridden: bool = False) -> None:
        """Find out what the target is, without starting it; `overridden`: a fixture says what an unknown name means."""
        if self.settings.named.startswith(("http://", "https://")) and self.settings.server:
            self._resolve_deployed()
        elif self.settings.party == "server":
            from gateproof import servers

            try:
                self.profile = servers.resolve(
                    self.settings.server or "",
                    rootdir=self.settings.rootdir,
                    server_python=self.settings.server_python,
                    interface=self.settings.interface,
                )
                self.interface = self.profile.interface
            except servers.UsageError:
                if not overridden:
                    raise
        else:
            self._resolve_in_process(overridden)
        path = self.settings.baseline or (self.profile.baseline if self.profile else "")
        if path:
            self.baseline_path = self.settings.rootdir / path
            if not self.settings.baseline_update or self.baseline_path.exists():
                self.entries = baselines.load(self.baseline_path)
        elif self.settings.baseline_update:
            raise TargetError("--baseline-update needs --baseline=FILE, or a baseline of the profile", Exit.USAGE)

    def _resolve_deployed(self) -> None:
        """Take the URL of a deployed probe; nothing is asked yet, so that its interface must be said."""
        from gateproof import deployed

        if self.settings.interface is None:
            raise TargetError("a deployed probe does not say what it is: add --interface=wsgi or asgi", Exit.USAGE)
        self.interface = self.settings.interface
        try:
            self.deployed = deployed.at(self.settings.named)
        except deployed.AddressError as error:
            raise TargetError(str(error), Exit.USAGE) from error
        self.warnings.append("gateproof: whatever stands before the deployed probe is judged with its server")

    def _resolve_in_process(self, overridden: bool) -> None:
        """Import what `--app` or `--middleware` names."""
        from gateproof import inprocess, servers

        given = self.settings
        try:
            if given.app is not None:
                self.subject = inprocess.application(
                    given.app, rootdir=given.rootdir, interface=given.interface, paths=given.app_paths
                )
            else:
                name = given.middleware or ""
                self.subject = inprocess.middleware(name, rootdir=given.rootdir, interface=given.interface)
                self.subject.paths = inprocess.words_of(given.app_paths)
            self.interface = self.subject.interface
        except servers.UsageError:
            if not overridden:
                raise
            self.interface = given.interface or "asgi"

    @property
    def party(self) -> str:
        """The party whose requirements bind the target."""
        return self.subject.judged_as if self.subject else self.settings.party

    def rows(self) -> list[requirements.Requirement]:
        """Return the requirements that bind this target."""
        return list(self.catalogue.values())

    @property
    def catalogue(self) -> dict[str, requirements.Requirement]:
        """The requirements that bind this target, by id."""
        if self.interface not in self._catalogues:
            rows = requirements.load().binding(self.interface, self.party)
            self._catalogues[self.interface] = {row.id: row for row in rows}
        return self._catalogues[self.interface]

    # -- the target

    def start(self, override: object = None) -> None:
        """Start the target and make sure that an ordinary exchange works; raises `TargetError`."""
        if self.settings.party != "server":
            self._start_in_process(override)
            return
        if self.deployed is not None:
            self._reach(self.deployed)
            return
        from gateproof.channel import Channel

        if override is not None:
            self._override(override)
        if self.profile is None:
            raise TargetError(f"the fixture gateproof_server gives nothing for {self.settings.named!r}", Exit.USAGE)
        self.channel = Channel()
        self._folder = TemporaryDirectory(prefix="gateproof-")
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="gateproof-launch")
        watched = {variant for variant in self.variants if variant.startswith(lifespans.PREFIX)}
        self._submit(["default", *sorted(self.variants - watched - {"default"})])
        self._smoke(self.server("default"))
        self._submit(sorted(watched))  # whether there is a lifespan to be watched, the default launch has shown
        self.version, self.server_python = self._describe()

    def _submit(self, variants: Iterable[str]) -> None:
        """Begin to start launches, side by side."""
        assert self._pool is not None
        for variant in variants:
            if self._has(variant):
                self._pending[variant] = self._pool.submit(self._launch, variant)

    def _reach(self, place: Deployed) -> None:
        """Make one exchange with a deployed probe; where that fails, nothing after it could be believed."""
        from gateproof import deployed
        from gateproof.wire.request import get

        server = self._servers["default"] = deployed.serve(place, self.interface)
        try:
            x = server.exchange(get(b"/"))
        except (HarnessError, Untestable) as error:
            raise TargetError(f"{place.url} cannot be judged: {error}", Exit.HARNESS) from error
        if len(x.calls) != 1:
            raise TargetError(
                f"{place.url} cannot be judged: {x.outcome}, without a journal.\nIs {self.interface}_probe:app "
                f"deployed there, with the same {deployed.TOKEN} as here, and do both clocks agree?",
                Exit.HARNESS,
            )

    def _start_in_process(self, override: object) -> None:
        """Make the application or middleware ready; what a fixture gives stands in for what was named."""
        from gateproof import drive, inprocess, servers

        given = self.settings
        fixture = "gateproof_app" if given.app is not None else "gateproof_middleware"
        try:
            if isinstance(override, str):
                load = inprocess.application if given.app is not None else inprocess.middleware
                self.subject = load(override, rootdir=given.rootdir, interface=given.interface)
            elif override is not None:
                make = inprocess.as_application if given.app is not None else inprocess.as_middleware
                self.subject = make(given.named or f"the fixture {fixture}", override, given.interface)
                self.subject.paths = inprocess.words_of(given.app_paths)
        except servers.UsageError as error:
            raise TargetError(str(error), Exit.USAGE) from error
        if self.subject is None:
            raise TargetError(f"the fixture {fixture} gives nothing for {given.named!r}", Exit.USAGE)
        if self.subject.interface != self.interface:
            hint = f"say --interface={self.subject.interface}"
            raise TargetError(f"the fixture {fixture} gives a target for {self.subject.interface}; {hint}", Exit.USAGE)
        self.version, self.server_python = self.subject.about()[1], f"CPython {platform.python_version()}"
        self.handle = drive.handle(self.subject)
        self.handle.start()

    def _override(self, given: object) -> None:
        """Take the target that the project's fixture gives; what was collected was collected for one interface."""
        from gateproof import servers

        try:
            self.profile = servers.as_profile("the fixture gateproof_server", given)
        except servers.UsageError as error:
            raise TargetError(str(error), Exit.USAGE) from error
        if self.profile.interface != self.interface:
            hint = f"say --interface={self.profile.interface}"
            raise TargetError(f"the fixture gateproof_server gives a server for {self.profile.interface}; {hint}", 4)

    def _has(self, variant: str) -> bool:
        """Tell whether the target can be launched like that; every server can host another kind of callable."""
        assert self.profile is not None
        if variant.startswith(lifespans.PREFIX):
            return self.interface == "asgi" and self._calls_lifespan()
        return variant in ("default", "os_environ", *self.profile.variants) or variant.startswith("app:")

    def _calls_lifespan(self) -> bool:
        """Tell whether the default launch, which serves by now, has called the application for its lifespan."""
        assert self.channel is not None
        assert self.profile is not None
        key = lifespans.exchange_id(self.server("default").running.id)
        self.channel.fence()
        patience = WATCHED_S if "lifespan" in self.profile.capabilities else 0.0
        return self.channel.wait(key, lambda _: True, patience) is not None

    def about(self) -> tuple[str, str]:
        """Return the target's name with its version, and the interpreter in which it lives, before anything runs."""
        if self.subject is not None:
            found = " ".join(self.subject.about())
            return f"{self.subject.name}{f' ({found})' if found.strip() else ''}", f"Python {platform.python_version()}"
        if self.profile is None:
            return self.settings.named, f"Python {platform.python_version()}"
        version, python = self._describe()
        return f"{self.profile.name} {version or '(version unknown)'}", python or self.profile.python

    def _describe(self) -> tuple[str, str]:
        from gateproof import servers

        assert self.profile is not None
        about = servers.describe(self.profile)
        return about.version, f"{about.implementation} {about.python}".strip()

    def _launch(self, variant: str) -> Launch:
        from gateproof import servers

        assert self.channel is not None
        assert self._folder is not None
        assert self.profile is not None
        name = variant.replace(":", "-")
        launch_id = f"{name}-{token_hex(4)}"
        watched = variant.startswith(lifespans.PREFIX)
        self.channel.register(lifespans.exchange_id(launch_id), None)
        launch = servers.launch(
            self.profile,
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
        assert self.channel is not None
        key, deadline = lifespans.exchange_id(launch.id), time.monotonic() + WATCHED_S
        while time.monotonic() < deadline and launch.alive():
            if self.channel.wait(key, lambda event: event.name != "scope", 0.2) or launch.greets(0.05):
                return

    def server(self, variant: str) -> Server:
        """Return the handle of a launch; raises `Unsupported` where the profile has no such launch.

        `Blocked` where it has one that does not start, although the default one does: TLS of an old release, say.
        """
        from gateproof.servers import LaunchError
        from gateproof.target import Server

        if self.deployed is not None and variant == "default":
            return self._servers[variant]
        assert self.profile is not None
        assert self.channel is not None
        assert self._pool is not None
        if variant == HTTP2 and self.profile is not None and HTTP2 not in self.profile.variants:
            variant = "default"  # speaks it in clear text, or not at all
        if variant not in self._servers:
            if not self._has(variant):
                raise Unsupported(self._lacking(variant))
            pending = self._pending.get(variant) or self._pool.submit(self._launch, variant)
            try:
                running = pending.result()
            except LaunchError as error:
                if variant == "default":
                    self._given_up.set()  # the others need not be waited for
                    raise TargetError(str(error), 3) from error
                raise Blocked(f"the server does not start as `{variant}`: {error}") from error
            self._running.append(running)
            self._servers[variant] = Server(running, self.channel, self.interface, watched=running.watched)
        return self._servers[variant]

    def _lacking(self, variant: str) -> str:
        """Say why there is no launch like that."""
        assert self.profile is not None
        if variant.startswith(lifespans.PREFIX) and self.interface == "asgi":
            return "no lifespan: the application was not called for one before the server served"
        return f"the profile {self.profile.name} has no launch `{variant}`"

    def _smoke(self, server: Server) -> None:
        """Make one ordinary exchange; if that fails, nothing after it could be believed."""
        from gateproof.wire.request import get

        x = server.exchange(get(b"/"))
        if x.response is None or x.response.status != 200 or len(x.calls) != 1:
            raise TargetError(
                f"an ordinary GET / did not work, so nothing is judged: {x.outcome}, the probe was called "
                f"{len(x.calls)} times.\nThe server's log ends with:\n{server.running.log_tail()}",
                3,
            )

    # -- the checks

    def run(self, function: Callable[..., object]) -> JsonDict:
        """Run one check and return what it said, as data; known deviations are marked."""
        if self.settings.party != "server":
            return self._run_in_process(function)
        if self.deployed is not None and not info(function).in_band:
            return self._all(function, Verdict.UNTESTED, NOT_IN_BAND)
        variant = info(function).launch
        rows = {name: row for name, row in self.catalogue.items() if name in info(function).requirements}
        try:
            server = self.server(variant)
        except Unsupported as reason:
            return self._all(function, Verdict.UNSUPPORTED, str(reason))
        except Blocked as premise:
            return self._all(function, Verdict.BLOCKED, str(premise))
        frozen = self._frozen_cases(function)
        outcome = run_check(function, {"server": server}, server, rows, self.settings.effort, frozen=frozen)
        said = results.outcome_to_json(outcome, server.exchanges)
        self._bury(said, server)
        if not server.still_answers():
            self.problems.append(f"{said['id']}: after it the server answered nobody, and was started anew")
        self._distrust(said)
        self._mark_known(said, variant)
        for judgement in said["judgements"]:
            if judgement["exchanges"] and judgement["verdict"] not in ("pass", "inform"):
                judgement["replay"] = self._replay(judgement["exchanges"][-1])
        return said

    def _frozen_cases(self, function: Callable[..., object]) -> Callable[[list[Any]], list[Any]] | None:
        """Return what chooses the frozen cases of a check's corpora, where a frozen set is replayed."""
        return self.frozen.checks[check_id(function)].cases if self.frozen else None

    def _run_in_process(self, function: Callable[..., object]) -> JsonDict:
        """Run one check of an application or middleware; what the host makes of warnings does not reach the target."""
        from gateproof import drive

        assert self.subject is not None
        assert self.handle is not None
        rows = {name: row for name, row in self.catalogue.items() if name in info(function).requirements}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fixtures = {drive.fixture(self.subject): self.handle}
            frozen = self._frozen_cases(function)
            outcome = run_check(function, fixtures, self.handle, rows, self.settings.effort, frozen=frozen)
        said = results.outcome_to_json(outcome, self.handle.exchanges)
        self._mark_known(said, info(function).launch)
        return said

    def _bury(self, said: JsonDict, server: Server) -> None:
        """Tell where the server died; a check in the middle of which it did has not seen what a pass would say."""
        for x in server.take_deaths():
            line = x.request.split(b"\r\n", 1)[0].decode("latin-1")
            self.problems.append(f"{said['id']}: the server died ({x.died}) at {line!r}, exchange {x.id[:12]}")
            said["exchanges"][x.id] = results.exchange_to_json(x)
            for judgement in said["judgements"]:
                if judgement["verdict"] in ("pass", "inform", "blocked", "unsupported"):
                    judgement.update(verdict="blocked", reason=x.outcome, exchanges=[x.id])

    def _distrust(self, said: JsonDict) -> None:
        """Take back what a check said while the side channel lost something: what it did not see is not known."""
        problems = self.channel.take_errors() if self.channel else []
        if not problems:
            return
        self.problems += [f"{said['id']}: {problem}" for problem in problems]
        for judgement in said["judgements"]:
            judgement["verdict"], judgement["reason"] = str(Verdict.ERROR), "; ".join(problems)

    def _replay(self, key: str) -> str:
        """Return the line that plays an exchange again; it needs the folder that --report names."""
        words = ["gateproof", "replay", f"{self.settings.report or 'REPORT'}#{key[:12]}"]
        words.append(f"--server={self.settings.server}")
        if self.deployed is not None:
            words.append(f"--interface={self.interface}")
        if self.settings.server_python:
            words.append(f"--server-python={self.settings.server_python}")
        return shlex.join(words)

    def _all(self, function: Callable[..., object], verdict: Verdict, reason: str) -> JsonDict:
        from gateproof.judge import Judgement

        judgements = [Judgement(name, verdict, reason=reason) for name in info(function).requirements]
        return results.outcome_to_json(Outcome(check_id(function), info(function), judgements), {})

    def update_baseline(self, review: baselines.Review, checks: list[JsonDict]) -> str:
        """Bring the baseline up to date with what the run showed; say what was done."""
        from gateproof.baseline_update import updated

        assert self.baseline_path is not None
        broken = {"fail", "warn"} if self.settings.fail_on == "warn" else {"fail"}
        text = self.baseline_path.read_text(encoding="utf-8") if self.baseline_path.exists() else ""
        now = updated(text, self.entries, review, checks, broken, self.settings.effort)
        self.baseline_path.write_text(now, encoding="utf-8")
        removed = len(review.stale)
        added = len(baselines.load(self.baseline_path)) - len(self.entries) + removed
        return f"{self.settings.baseline or self.baseline_path} is up to date: {added} added, {removed} removed"

    def circumstances(self, variant: str = "default") -> baselines.Circumstances:
        """Return what baseline entries are compared with."""
        python = self.server_python.split(" ")[-1] if self.server_python else platform.python_version()
        environment = {"python_version": ".".join(python.split(".")[:2]), "python_full_version": python}
        return baselines.Circumstances(self.version, environment, variant, self.settings.effort)

    def _mark_known(self, said: JsonDict, variant: str) -> None:
        now = self.circumstances(variant)
        for judgement in said["judgements"]:
            if judgement["verdict"] not in ("fail", "warn"):
                continue
            for entry in self.entries:
                if (
                    baselines.covers(entry, judgement["requirement"], said["id"])
                    and baselines.active(entry, now)
                    and not baselines.expired(entry, now)
                ):
                    judgement["verdict"], judgement["baseline"] = "known", entry.reason
                    judgement["baseline_url"] = entry.url
        order = list(Verdict)
        said["verdict"] = min((j["verdict"] for j in said["judgements"]), key=lambda v: order.index(Verdict(v)))

    # -- the end

    def stop(self) -> None:
        """Stop every launch, side by side, and close the side channel."""
        if self.handle is not None:
            self.handle.stop()
            self.waited_s = self.handle.waited_s
            return
        if self.settings.report and "default" in self._servers and self.fatal is None and self.deployed is None:
            self._collect_specimens(self._servers["default"])
        for future in self._pending.values():
            # One that is still starting is waited for, as it could not be stopped otherwise.
            if not future.cancel() and future.exception() is None:
                launch = future.result()
                if launch not in self._running:
                    self._running.append(launch)
        if self._pool is not None:
            list(self._pool.map(lambda launch: launch.stop(), self._running))
            self._pool.shutdown(wait=True)
        self.launches = [launch.to_json() for launch in self._running]
        self.waited_s = sum(server.waited_s for server in self._servers.values())
        if self.channel is not None:
            self.channel.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _collect_specimens(self, server: Server) -> None:
        """Learn what the server makes of a few requests that nobody judges; trouble with them is nobody's."""
        from gateproof import specimens

        self.specimens = specimens.collect(server, self.interface)
        if self.channel is not None:
            self.channel.take_errors()

    def worker_part(self) -> JsonDict:
        """Return what a worker of xdist hands to the controller beside the reports of its checks."""
        fatal = [str(self.fatal), self.fatal.status] if self.fatal else None
        about = {"version": self.version, "python": self.server_python, "waited_s": self.waited_s}
        about |= {"problems": self.problems, "specimens": self.specimens}
        return {"launches": self.launches, "fatal": fatal, **about}

    def merge_worker(self, part: JsonDict) -> None:
        """Take over what a worker handed in."""
        self.launches += part["launches"]
        self.waited_s += part["waited_s"]
        self.problems += part["problems"]
        self.specimens = self.specimens or part["specimens"]
        self.version = self.version or part["version"]
        self.server_python = self.server_python or part["python"]
        if part["fatal"] and self.fatal is None:
            self.fatal = TargetError(*part["fatal"])

    def missing(self, every: Mapping[str, CheckInfo], ran: Iterable[str]) -> Missing:
        """Say of each requirement that was not tested why, and whether the run was complete.

        `every` are the checks that were collected, before anything was deselected; `ran` those that reported.
        """
        done = set(ran)
        if self.frozen is not None:
            return self._missing_of(self.frozen, done)
        judged_by: dict[str, list[str]] = {}
        for name, note in {**coverage.binding(self.interface, self.party), **every}.items():
            for requirement in note.requirements:
                judged_by.setdefault(requirement, []).append(name)
        reasons: dict[str, str] = {}
        incomplete = False
        for row in self.rows():
            absent = [name for name in judged_by.get(row.id, []) if name not in done]
            if absent:
                reasons[row.id] = f"not run: {', '.join(absent)}"
                incomplete = True
            elif row.id not in judged_by:
                reasons[row.id] = row.excluded or "no check judges it yet"
        return Missing(reasons, incomplete)

    def _missing_of(self, frozen: FrozenSet, done: set[str]) -> Missing:
        """The same where a frozen set is replayed: what is not part of it is not missing."""
        reasons: dict[str, str] = {}
        for row in self.rows():
            held = frozen.rows.get(row.id)
            absent = [name for name in held.checks if name not in done] if held else []
            if absent:
                reasons[row.id] = f"not run: {', '.join(absent)}"
            elif held is None or not held.checks:
                reasons[row.id] = row.excluded or f"no check of the set {frozen.name} judges it"
        return Missing(reasons, any(reason.startswith("not run: ") for reason in reasons.values()))

    def report(
        self,
        checks: list[JsonDict],
        missing: dict[str, str],
        exit_status: int,
        selection: Iterable[str],
        complete: bool,
    ) -> JsonDict:
        """Return the report of the run (`report.json`)."""
        entries = results.requirement_entries(self.rows(), checks, missing)
        exchanges = {key: x for check in checks for key, x in check["exchanges"].items()}
        exchanges |= dict(self.specimens.values())
        profile = self.profile
        return {
            "schema": results.SCHEMA,
            "suite": {
                "version": gateproof.__version__,
                "set": requirements.SET,
                "python": platform.python_version(),
                "platform": platform.platform(),
                "hypothesis": _hypothesis_version(),
                "effort": self.settings.effort,
                "seed": SEED,
                "started": self.started_at.isoformat(timespec="seconds"),
                "seconds": round(time.monotonic() - self.started, 3),
                "waits_s": round(self.waited_s, 3),
                "complete": complete,
                "exit_status": exit_status,
                "selection": list(selection),
                **({"certify": self.frozen.name} if self.frozen else {}),
                "problems": [*([str(self.fatal)] if self.fatal else []), *self.problems],
            },
            "target": {
                "kind": self.party,
                "name": profile.name if profile else self.settings.named,
                "version": self.version,
                "interface": self.interface,
                "argv": self.launches[0]["argv"] if self.launches else [],
                "python": self.server_python,
                **self._digest(),
                "capabilities": sorted(profile.capabilities) if profile else [],
            },
            "launches": self.launches,
            "totals": results.totals(entries),
            "requirements": entries,
            "exchanges": exchanges,
            "specimens": {name: key for name, (key, _) in self.specimens.items()},
        }

    def _digest(self) -> JsonDict:
        """Return what tells the installed distribution from every other, where there is one."""
        from gateproof.servers import digest

        if self.profile is None or not self.settings.report:
            return {}
        found = digest.installed(self.profile.python, self.profile.distribution)
        return {"distribution": self.profile.distribution, "digest": found} if found else {}


@dataclass(frozen=True)
class Missing:
    """Why requirements were not tested."""

    reasons: dict[str, str]
    incomplete: bool


def _hypothesis_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("hypothesis")
    except PackageNotFoundError:
        return ""

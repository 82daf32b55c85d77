"""Applications and middleware under test: what a name means, which interface it speaks, and what all handles share.

The target lives in this process and this main thread: it is imported by the names that `--app` and `--middleware` take.
`gateproof.drive` plays the server for it.
"""

from __future__ import annotations

import difflib
import importlib
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from secrets import token_hex
from typing import Any

from gateproof import asgi2
from gateproof.channel import Event
from gateproof.lint import detect
from gateproof.servers import UsageError
from gateproof.servers import tables as projects

IMPORT_S = 30.0
SLICES = 10  # of a deadline
AGAIN_S = 0.5  # a block that swallowed the first interruption is interrupted again
USUAL = ("app", "application", "asgi", "wsgi")
TABLE_KEYS = {"callable", "interface", "arguments"}


class Hung(BaseException):
    """What runs in this thread did not come back in time. No `Exception`: those are caught by applications."""


def limited(seconds: float) -> AbstractContextManager[None]:
    """Interrupt what blocks this thread for longer, by `Hung`; other threads than the main one are not limited."""

    def interrupt() -> None:
        raise Hung(f"no end after {seconds:g} s")

    return alarmed(interrupt, seconds, AGAIN_S)


@contextmanager
def alarmed(call: Callable[[], None], seconds: float, again_s: float) -> Iterator[None]:
    """Call something in the middle of what runs, after so many seconds and then again and again; in the main thread.

    A process that the machine leaves standing must not take that for a call without end: the seconds are counted in
    slices, and one that ended late counts no more than the others.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    left = SLICES

    def tick(*_: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            left = max(1, round(SLICES * again_s / seconds))
            call()

    before = signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, seconds / SLICES, seconds / SLICES)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# -- what was named


@dataclass
class First:
    """The middleware as it was made first, around an application that can be put in the place of another.

    Some can be made or used once in a process alone: they register their counters under a name.
    """

    made: Any
    within: Callable[..., Any]
    loop: Any = None  # the event loop in which it was called, where it was

    @classmethod
    def of(cls, subject: Subject, inner: str) -> First:
        """Make it around an application of the interface `inner`."""
        first = cls(None, _asgi if inner == "asgi" else _wsgi)

        async def asgi(scope: Any, receive: Any, send: Any) -> None:
            await first.within(scope, receive, send)

        def wsgi(environ: Any, start_response: Any) -> Any:
            return first.within(environ, start_response)

        first.made = subject.target(asgi if inner == "asgi" else wsgi, **subject.arguments)
        if inner == "asgi" and subject.interface == "asgi" and asgi2.is_legacy(first.made):
            subject.target, subject.legacy = asgi2.modern(subject.target), True
            first.made = subject.target(asgi, **subject.arguments)
        return first


@dataclass
class Subject:
    """An application or a middleware as it was named, imported.

    `interface` is what the server sees; `inner` is what middleware calls within, which an adapter makes another one.
    """

    party: str
    name: str
    target: Callable[..., Any]
    interface: str
    inner: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    first: First | None = None
    legacy: bool = False  # it speaks ASGI 2, and is called through an adapter
    loop: str = "asyncio"  # or trio: the event loop in which an ASGI application is called

    def __post_init__(self) -> None:
        """An application wraps nothing; middleware wraps what it is, unless it is found to be an adapter."""
        self.inner = self.inner or self.interface

    @property
    def adapter(self) -> bool:
        """Whether it makes an application of one interface out of one of the other."""
        return self.inner != self.interface

    @property
    def judged_as(self) -> str:
        """The party whose requirements bind it: an adapter is judged as the application that it makes."""
        return "application" if self.adapter else self.party

    def wrap(self, inner: Callable[..., Any]) -> Any:
        """Return the middleware around an application; the first that was made, where it cannot be made again."""
        try:
            return self.target(inner, **self.arguments)
        except Exception:
            if self.first is None:
                raise
            return self.again(inner)

    def again(self, inner: Callable[..., Any]) -> Any:
        """Return the middleware that was made first, with another application within."""
        assert self.first is not None
        self.first.within = inner
        return self.first.made

    def about(self) -> tuple[str, str]:
        """Return the distribution that the target comes from and its version; '' where it comes from none."""
        kind = self.target if isinstance(self.target, type) else type(self.target)
        modules = [getattr(self.target, "__module__", None), kind.__module__, self.name.partition(":")[0]]
        for module in modules:
            found = distribution(str(module or ""))
            if found:
                return found, version(found)
        return "", ""


def distribution(module: str) -> str:
    """Return the distribution that a module belongs to, or ''."""
    top = module.partition(".")[0]
    if not top or top in sys.stdlib_module_names:
        return ""
    try:
        version(top)
    except PackageNotFoundError:
        return next(iter(packages_distributions().get(top, ())), "")
    return top


def application(
    name: str, *, rootdir: Path, interface: str | None = None, paths: str | None = None, loop: str = "asyncio"
) -> Subject:
    """Return the application that `module:attribute` or `module:factory()` names; raises `UsageError`."""
    return as_application(name, load(name, "--app", rootdir), interface, paths, loop)


def as_application(
    name: str, app: object, interface: str | None, paths: str | None = None, loop: str = "asyncio"
) -> Subject:
    """Return an application that is there; raises `UsageError` where it is none or its interface cannot be told."""
    if not callable(app):
        raise UsageError(f"{name} is not callable: it is a {type(app).__name__}, and an application is called")
    legacy = interface != "wsgi" and asgi2.is_legacy(app)
    found = interface or ("asgi" if legacy else _interface(app, name))
    target = asgi2.single(app) if legacy else app
    return Subject("application", name, target, found, paths=words_of(paths), legacy=legacy, loop=loop)


def words_of(paths: str | None) -> tuple[str, ...]:
    """Return the paths of `--app-paths`, each with its method where one is named."""
    return tuple(word for word in (part.strip() for part in (paths or "").split(",")) if word)


def middleware(name: str, *, rootdir: Path, interface: str | None = None, loop: str = "asyncio") -> Subject:
    """Return the middleware that `module:callable` or `[tool.gateproof.middleware.NAME]` names; raises `UsageError`."""
    table = tables(rootdir).get(name, {})
    where = f"[tool.gateproof.middleware.{name}]"
    unknown = sorted(set(table) - TABLE_KEYS)
    if unknown:
        raise UsageError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(TABLE_KEYS))}")
    if ":" not in name and "callable" not in table:
        near = difflib.get_close_matches(name, tables(rootdir), 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"--middleware={name}: neither module:callable nor a table {where} with `callable`{hint}")
    made = load(str(table.get("callable", name)), "--middleware", rootdir)
    arguments = table.get("arguments", {})
    return as_middleware(name, made, interface or table.get("interface"), arguments, loop)


def as_middleware(
    name: str,
    factory: object,
    interface: str | None,
    arguments: Mapping[str, Any] | None = None,
    loop: str = "asyncio",
) -> Subject:
    """Return middleware that is there: a callable that takes an application, and what else it is given by name."""
    if not callable(factory):
        raise UsageError(
            f"{name} is not callable: it is a {type(factory).__name__}, and middleware takes an application"
        )
    subject = Subject("middleware", name, factory, interface or "asgi", arguments=arguments or {}, loop=loop)
    for inner in ("asgi", "wsgi"):
        made = _made(subject, inner)
        if interface is None:
            subject.interface = _interface(made, name)
        from gateproof import drive

        if drive.calls_within(subject, inner):
            subject.inner = inner
            return subject
    subject.inner = subject.interface  # it answered by itself: whether it ever calls another interface is not known
    return subject


INNER = {
    "asgi": "async def app(scope, receive, send): ...",
    "wsgi": "def app(environ, start_response): ...",
}


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    """Stand for an application while it is found out what a middleware makes of one."""


def _wsgi(environ: Any, start_response: Any) -> list[bytes]:
    """Stand for an application while it is found out what a middleware makes of one."""
    return []


def _made(subject: Subject, inner: str) -> Any:
    try:
        with limited(IMPORT_S), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            subject.first = First.of(subject, inner)
            made = subject.first.made
    except (Exception, Hung) as error:
        arguments = "".join(f", {key}={value!r}" for key, value in subject.arguments.items())
        raise UsageError(
            f"{subject.name}(app{arguments}) raised {_told(error)}, where app is `{INNER[inner]}`; further arguments "
            f"stand in [tool.gateproof.middleware.NAME]: callable = {subject.name!r}, arguments = {{...}}"
        ) from error
    if not callable(made):
        raise UsageError(f"{subject.name}(app) gave a {type(made).__name__}, which is not callable")
    return made


def tables(rootdir: Path) -> dict[str, dict[str, Any]]:
    """Return the tables `[tool.gateproof.middleware.NAME]`."""
    found = projects.project(rootdir, "middleware")
    if not all(isinstance(table, dict) for table in found.values()):
        path = rootdir / "pyproject.toml"
        raise UsageError(f"{path}: [tool.gateproof.middleware] is not a table of tables")
    return found


# -- importing


def load(name: str, option: str, rootdir: Path) -> Any:
    """Import what `module:attribute` or `module:factory()` names; raises `UsageError` that says what went wrong."""
    module_name, _, rest = name.partition(":")
    if not module_name or module_name.startswith("-"):
        raise UsageError(f"{option}={name}: name a module and an attribute, for example {option}=mypkg.main:app")
    reach(rootdir)
    module = _import(module_name, name, option, rootdir)
    if not rest:
        rest = next((word for word in USUAL if hasattr(module, word)), "")
        if not rest:
            raise UsageError(f"{option}={name}: name the attribute too, for example {option}={name}:app")
    called = rest.endswith("()")
    found: Any = module
    for part in rest.removesuffix("()").split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            near = difflib.get_close_matches(part, dir(found), 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"{option}={name}: {module_name} has no attribute {part!r}{hint}") from None
    return _called(found, name, option) if called else found


def reach(rootdir: Path) -> None:
    """Let modules of the project be imported: the script `pytest`, unlike `python -m pytest`, looks in no folder."""
    for folder in (str(Path.cwd()), str(rootdir)):
        if folder not in sys.path:
            sys.path.insert(0, folder)


def _import(module: str, name: str, option: str, rootdir: Path) -> Any:
    try:
        with limited(IMPORT_S), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except Hung:
        raise UsageError(f"{option}={name}: importing {module} had not ended after {IMPORT_S:g} s") from None
    except ModuleNotFoundError as error:
        missing = error.name or module
        if module == missing or module.startswith(missing + "."):
            raise UsageError(f"{option}={name}: there is no module {missing}, from {_path(rootdir)}") from error
        raise UsageError(f"{option}={name}: importing {module} failed: {error}") from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"{option}={name}: importing {module} raised {_told(error)}") from error


def _called(factory: Any, name: str, option: str) -> Any:
    if not callable(factory):
        raise UsageError(f"{option}={name}: that is a {type(factory).__name__}, which cannot be called")
    try:
        with limited(IMPORT_S), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return factory()
    except Hung:
        raise UsageError(f"{option}={name}: the call had not ended after {IMPORT_S:g} s") from None
    except (Exception, SystemExit) as error:
        raise UsageError(f"{option}={name}: the call raised {_told(error)}") from error


def _told(error: BaseException) -> str:
    """Return an exception and the place in the code that raised it, in a line."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f" ({last.tb_frame.f_code.co_filename}:{last.tb_lineno})" if last is not None else ""
    return f"{type(error).__name__}: {error}{place}"


def _path(rootdir: Path) -> str:
    return " and ".join(dict.fromkeys([str(Path.cwd()), str(rootdir)])) + " or what is installed"


def _interface(app: Any, name: str) -> str:
    """Return the interface of an application; raises `UsageError` where nothing tells it."""
    for thing in (app, getattr(app, "__call__", app)):  # noqa: B004 - an instance may have one of its own
        try:
            return str(detect(thing))
        except ValueError:
            continue
    for interface in ("asgi", "wsgi"):  # as Django lays a project out
        if name.partition(":")[0].endswith(interface):
            return interface
    raise UsageError(f"{name}: neither its kind nor its parameters tell the interface; say --interface=wsgi or asgi")


# -- what a check gets


@dataclass
class Played:
    """One exchange in this process: the events of both parties, as a journal of the application.

    `script` is what the driver needs to play it again, as data.
    """

    launch: str
    script: dict[str, Any] | None = None
    events: list[Event] = field(default_factory=list)
    outcome: str = ""
    silent: bool = False
    id: str = field(default_factory=lambda: token_hex(16))
    request: bytes = b""
    armed: bool = False
    trace: Sequence[tuple[float, str, bytes]] = ()

    def note(self, name: str, value: Any, call: int = 1) -> None:
        """Add to the journal; the value is kept as it is now."""
        self.events.append(Event(time.monotonic(), call, name, value, 0, 0))


class Handle:
    """What the handles of applications and middleware share: the part that the runner and the report need."""

    waited_s = 0.0
    patient = False

    def __init__(self, subject: Subject) -> None:
        """Begin with no exchange."""
        self.subject = subject
        self.exchanges: dict[str, Played] = {}
        self.pointed: list[str] = []
        self.check = ""

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Forget the exchanges of the check before; `patient` gives a slow target more time."""
        self.check, self.patient, self.pointed = name, patient, []
        if not patient:
            self.exchanges = {}

    def keep(self, played: Played) -> Played:
        """Remember an exchange for the report."""
        self.exchanges[played.id] = played
        return played

    def point_at(self, *played: Played) -> None:
        """Say on which exchanges the next judgements rest; nothing: on the last one."""
        self.pointed = [self.keep(each).id for each in played]

    def recent_exchanges(self) -> list[str]:
        """Return the keys of the exchanges that the last judgement rests on."""
        return self.pointed or list(self.exchanges)[-1:]

    def fell_silent(self) -> bool:
        """Tell whether the last exchange of the check ended at a deadline."""
        return bool(self.exchanges) and next(reversed(self.exchanges.values())).silent

    def start(self) -> None:
        """Make the target ready; raises `settings.TargetError` where nothing could be judged."""

    def stop(self) -> None:
        """End whatever still runs."""

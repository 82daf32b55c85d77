"""`gateproof.lint(app)`: an application that behaves as `app`, in whose calls every broken requirement is noted.

Both sides of a call are judged: what the application does, and what the server or test client gives it.
"""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal

from gateproof.validate import Finding
from gateproof.validate import asgi as asgi_calls
from gateproof.validate import wsgi as wsgi_calls

Mode = Literal["raise", "warn", "collect"]
Interface = Literal["wsgi", "asgi"]
Blame = Literal["application", "server", "both"]

KEPT = 1000


class LintError(AssertionError):
    """Requirements were broken whose breach is a failure."""

    def __init__(self, *findings: Finding) -> None:
        """Take the findings, and make their lines the message."""
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


class LintWarning(UserWarning):
    """A requirement was broken: one whose breach is a warning, or any in mode `warn`."""


class Findings:
    """Keeps what is found, at most `KEPT` of it, and raises or warns as the mode says."""

    def __init__(self, mode: Mode, blame: Blame) -> None:
        """Begin with nothing found."""
        if mode not in ("raise", "warn", "collect"):
            raise ValueError(f"mode is {mode!r}, which is none of 'raise', 'warn' and 'collect'")
        if blame not in ("application", "server", "both"):
            raise ValueError(f"blame is {blame!r}, which is none of 'application', 'server' and 'both'")
        self.mode = mode
        self.blame = blame
        self.kept: list[Finding] = []
        self.dropped = 0

    def __call__(self, finding: Finding) -> None:
        """Note a finding; raises `LintError` or warns where the mode asks for it."""
        if len(self.kept) < KEPT:
            self.kept.append(finding)
        else:
            self.dropped += 1
        if self.mode == "collect" or not self.blames(finding):
            return
        if self.mode == "raise" and finding.weight == "fail":
            raise LintError(finding)
        warnings.warn(LintWarning(str(finding)), stacklevel=4)

    def blames(self, finding: Finding) -> bool:
        """Whether a finding is to be shown: its party is blamed, and it is more than information."""
        return finding.weight != "inform" and self.blame in ("both", finding.party)

    def since(self, mark: int) -> list[Finding]:
        """Return what was found after the first `mark` findings and is to be shown, each breach once."""
        return list(dict.fromkeys(filter(self.blames, self.kept[mark:])))


class Linted:
    """What `lint` returns. `findings` holds what was found so far; any other attribute is that of the application."""

    def __init__(self, app: Any, report: Findings, inform: bool) -> None:
        """Stand for `app`."""
        self.__wrapped__ = app
        self._report = report
        self._inform = inform

    @property
    def findings(self) -> list[Finding]:
        """What was found so far, at most `KEPT` of it."""
        return self._report.kept

    def __getattr__(self, name: str) -> Any:
        """Give what the application has."""
        if name in ("__wrapped__", "_report", "_inform"):
            raise AttributeError(name)  # not set yet: being copied or unpickled
        return getattr(self.__wrapped__, name)

    def __repr__(self) -> str:
        """Name the application."""
        return f"<linted {self.__wrapped__!r}>"


class LintedWSGI(Linted):
    """A WSGI application under observation."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Serve one request."""
        return wsgi_calls.run(self.__wrapped__, args, kwargs, self._report, self._inform)


class LintedASGI(Linted):
    """An ASGI application under observation."""

    # Three parameters by name: a server may try whether a call without arguments fails, or inspect the signature.
    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Serve one call."""
        return await asgi_calls.run(self.__wrapped__, (scope, receive, send), {}, self._report, self._inform)


def lint(
    app: Any,
    *,
    mode: Mode = "raise",
    interface: Interface | None = None,
    blame: Blame = "application",
    inform: bool = False,
) -> Any:
    """Put a WSGI or ASGI application under observation; the result is used in its place, also under a real server.

    Mode `raise` raises `LintError` where a `fail` requirement is broken (again at the end of the call if the
    application swallowed it) and warns for `warn` ones; `warn` warns for both; `collect` only fills `.findings`, as
    every mode does. `blame` says whose breaches raise or warn: test clients leave out much that a server owes.
    `inform` adds the rows that only inform. `interface` is detected; raises `ValueError` where it cannot be.
    """
    found = interface or detect(app)
    if found not in ("wsgi", "asgi"):
        raise ValueError(f"interface is {found!r}, which is neither 'wsgi' nor 'asgi'")
    made = LintedASGI if found == "asgi" else LintedWSGI
    return made(app, Findings(mode, blame), inform)


def detect(app: Any) -> Interface:
    """Return the interface of an application; raises `ValueError` where neither its kind nor its parameters tell it."""
    if isinstance(app, Linted):
        return "asgi" if isinstance(app, LintedASGI) else "wsgi"
    bare: Any = app
    while isinstance(bare, functools.partial):
        bare = bare.func
    call = None if inspect.isroutine(bare) else type(bare).__dict__.get("__call__") or type(bare).__call__
    if any(inspect.iscoroutinefunction(thing) for thing in (bare, call)):
        return "asgi"
    required = _required(app)
    if required == 3:
        return "asgi"
    if required == 2:
        return "wsgi"
    raise ValueError(f"cannot tell whether {app!r} is WSGI or ASGI: pass interface='wsgi' or 'asgi'")


def _required(app: Callable[..., Any]) -> int:
    """Return how many positional arguments an application needs, -1 where nothing says it."""
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return -1
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(item.kind in positional and item.default is item.empty for item in parameters)


class _Callable(ModuleType):
    """This module, called: `gateproof.lint` is the name of both the module and the function."""

    def __call__(self, app: Any, **options: Any) -> Any:
        """Call `lint`."""
        return lint(app, **options)


sys.modules[__name__].__class__ = _Callable

"""One call of an application: everything that it does is noted, and the observers judge it.

Nothing here sleeps; a call that hangs is ended at its deadline.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateproof.channel import Event
from gateproof.drive.wsgi.requests import PLAIN, Kind, Manner, Request, make_environ
from gateproof.drive.wsgi.streams import Errors, FileWrapper, Input, WouldBlock
from gateproof.inprocess import Hung, limited
from gateproof.validate import Finding
from gateproof.validate.wsgi import observe
from gateproof.validate.wsgi.body import Body

Application = Callable[..., Any]
DEADLINE_S = 5.0
MEDDLED = ("X-Gateproof-Server", "changed")  # what a server that changes the header list leaves in it
MOST_ITEMS = 2_000  # an endless response is left after so many items, as a client may at any time


@dataclass(frozen=True)
class Start:
    """One call of start_response; `items` is the number of items that the server had by then."""

    status: Any
    headers: Any
    exc_info: bool = False
    items: int = 0


@dataclass(eq=False)
class Served:
    """What came of one call. `stage` is where it ended: call, iterate, item, close, or '' at its natural end."""

    request: Request
    manner: Manner
    input: Input
    errors: Errors
    environ: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)  # the environ as it was at first
    starts: list[Start] = field(default_factory=list)
    written: list[Any] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    journal: list[Event] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    result: Any = None
    kind: str = ""  # the type of what the application returned
    length: int | None = None
    error: BaseException | None = None
    close_error: BaseException | None = None
    stage: str = ""
    closed: bool | None = None
    complete: bool = False
    hung: bool = False
    wrapped: bool = False
    raised: BaseException | None = None
    interrupted: bool = False  # a check took part: in the middle of it, or with an application of its own within
    within: Mapping[str, Any] | None = None  # the script of the application within, where this was middleware

    def note(self, name: str, value: Any = None) -> None:
        """Write a line into the journal."""
        self.journal.append(Event(time.monotonic(), 1, name, value, 0, 0))

    @property
    def sent(self) -> bool:
        """Whether the header has left: some of the body was written, or asked for after it was yielded."""
        return any(self.written) or any(self.items)

    @property
    def status(self) -> str:
        """The status in force; '' where start_response was never called, or not with text."""
        status = self.starts[-1].status if self.starts else ""
        return str(status) if isinstance(status, str) else ""

    @property
    def code(self) -> int:
        """The number of the status; 0 where it has none."""
        digits = self.status.strip()[:3]
        return int(digits) if digits.isascii() and digits.isdigit() else 0

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The header list in force; what is no pair of text is left out."""
        given = self.starts[-1].headers if self.starts else []
        pairs = [item for item in given if isinstance(item, (tuple, list)) and len(item) == 2]
        return [(name, value) for name, value in pairs if isinstance(name, str) and isinstance(value, str)]

    def field(self, name: str) -> list[str]:
        """Return the values of a response field, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def body(self) -> bytes:
        """What the client would have got, where every item went out."""
        return b"".join(piece for piece in (*self.written, *self.items) if isinstance(piece, bytes))

    def octets(self) -> bytes:
        """Return the response as a server would have sent it, for people to read."""
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in self.headers), "", ""]
        return "\r\n".join(lines).encode("latin-1", "backslashreplace") + self.body

    @property
    def outcome(self) -> str:
        """What came of the call, in a few words."""
        if self.hung:
            return f"the call hung (in {self.stage})"
        if self.error is not None:
            return f"{type(self.error).__name__} left the application (in {self.stage}): {self.error}"
        if not self.starts:
            return "the application did not call start_response"
        return f"the application answered {self.status!r} with {len(self.body)} octets"


class Play:
    """One call in progress: the callables that the application gets, and what the server does with its result."""

    def __init__(self, served: Served, between: Callable[[], object] | None = None) -> None:
        """Take the record to write into, and what is done after the first item."""
        self.served, self.manner, self.between = served, served.manner, between

    # What the application is given

    def start_response(self, *args: Any, **kwargs: Any) -> Any:
        """Take status and headers as the PEP has it; raises where a server must."""
        served = self.served
        served.keywords += sorted(kwargs)
        status, headers, exc_info = _arguments(args, kwargs)
        copy = list(headers) if isinstance(headers, (list, tuple)) else headers
        served.note("start_response", {"status": status, "headers": copy, "exc_info": exc_info is not None})
        if exc_info is not None:
            try:
                if served.sent:
                    served.raised = exc_info[1]
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # no cycle through this frame
        elif served.starts:
            raise AssertionError("start_response is called again without exc_info")
        served.starts.append(Start(status, copy, len(args) > 2 and args[2] is not None, len(served.items)))
        if self.manner.meddles and isinstance(headers, list):
            headers[:] = [MEDDLED]
        return callable_of_kind(self.write, self.manner.write)

    def write(self, *args: Any, **kwargs: Any) -> None:
        """Take data at once."""
        served = self.served
        served.keywords += sorted(kwargs)
        data = args[0] if args else next(iter(kwargs.values()), b"")
        served.note("write", data)
        if self.manner.write_fails_at == len(served.written):
            raise BrokenPipeError(32, "the client is gone")
        if not isinstance(data, bytes):
            raise TypeError(f"write() takes bytes, not {type(data).__name__}")
        served.written.append(data)

    def wrapper(self, *args: Any, **kwargs: Any) -> FileWrapper:
        """Wrap a file."""
        self.served.keywords += sorted(kwargs)
        self.served.wrapped = True
        self.served.note("file_wrapper", args)
        return FileWrapper(*(args or tuple(kwargs.values())[:1]))

    # What the server does

    def run(self, app: Application) -> None:
        """Call the application, ask for its items, close what it returned: always, and once."""
        served = self.served
        start = callable_of_kind(self.start_response, self.manner.start)
        served.stage = "call"
        try:
            served.result = result = app(served.environ, start)
        except BaseException as error:
            self.failed(error)
            return
        served.kind = type(result._result if isinstance(result, Body) else result).__qualname__
        served.note("returned", served.kind)
        try:
            self.iterate(result)
            served.stage = ""
        except BaseException as error:
            self.failed(error)
        finally:
            self.close(result)

    def iterate(self, result: Any) -> None:
        """Ask for items, as many as the manner says."""
        served, manner = self.served, self.manner
        served.stage = "iterate"
        limit = MOST_ITEMS if manner.take is None else manner.take
        if (served.request.method == "HEAD" and manner.head == "skip") or not limit:
            return
        if not manner.transmit and isinstance(result, FileWrapper):
            return
        try:
            served.length = len(result)
        except TypeError:
            served.length = None
        iterator = iter(result)
        served.stage = "item"
        while len(served.items) < limit:
            try:
                item = next(iterator)
            except StopIteration:
                served.note("exhausted")
                served.complete = True
                return
            served.note("item", item)
            served.items.append(item)
            if self.between is not None and len(served.items) == 1:
                self.between()

    def close(self, result: Any) -> None:
        """Call close() where there is one."""
        served = self.served
        close = getattr(result, "close", None)
        if close is None:
            return
        before, served.stage = served.stage, served.stage or "close"
        served.note("close")
        try:
            close()
            served.closed = True
        except BaseException as error:
            served.closed = True
            served.close_error = error
            served.note("raised", repr(error))
            if isinstance(error, Hung):
                served.hung = True
            elif not isinstance(error, Exception | WouldBlock | SystemExit):
                raise
        served.stage = before

    def failed(self, error: BaseException) -> None:
        """Note what came out of the application; an interrupt of the user goes on."""
        served = self.served
        served.error, served.hung = error, isinstance(error, Hung)
        served.note("raised", repr(error))
        if not isinstance(error, Exception | WouldBlock | Hung | SystemExit | GeneratorExit):
            raise error


def serve(
    app: Application,
    request: Request | None = None,
    manner: Manner = PLAIN,
    *,
    deadline: float = DEADLINE_S,
    observed: bool = True,
    between: Callable[[], object] | None = None,
    report: Callable[[Finding], None] | None = None,
    journal: list[Event] | None = None,
) -> Served:
    """Make one call of `app` and return all that came of it. Raises nothing that the application raised.

    An application that is not `observed` gets the callables of the manner themselves, and makes no findings.
    `between` is called after the first item, as a server of greenlets may serve others there; `report` gets the
    findings in place of the record; `journal` is the list to write into, where others write as well.
    """
    request = request or Request()
    served = Served(request, manner, Input(request, manner), Errors(manner))
    served.journal = journal if journal is not None else served.journal
    served.interrupted = between is not None
    play = Play(served, between)
    served.environ = make_environ(request, manner, stream=served.input, errors=served.errors)
    if manner.file_wrapper:
        served.environ["wsgi.file_wrapper"] = play.wrapper
    served.given = dict(served.environ)
    try:
        with limited(deadline):
            play.run(observe(app, report or served.findings.append, inform=True) if observed else app)
    except Hung:
        served.hung = True  # it was over, and the alarm came all the same
    return served


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
    named = list(kwargs.values())
    given = [*args, *named][:3]
    if len(args) + len(named) not in (2, 3):
        raise TypeError(f"start_response takes 2 or 3 arguments, not {len(args) + len(named)}")
    return given[0], given[1], given[2] if len(given) == 3 else None


class _Slotted:
    """A callable object that has nothing but its call."""

    __slots__ = ("_target",)

    def __init__(self, target: Callable[..., Any]) -> None:
        self._target = target

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._target(*args, **kwargs)


def callable_of_kind(target: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
    """Return a callable of another kind that does the same."""
    if kind == "method":
        return target
    if kind == "object":
        return _Slotted(target)
    if kind == "partial":
        return functools.partial(target)
    if kind == "lambda":
        return lambda *args, **kwargs: target(*args, **kwargs)

    def function(*args: Any, **kwargs: Any) -> Any:
        return target(*args, **kwargs)

    return function

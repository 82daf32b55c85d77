"""The iterable of an application. A list or tuple is judged at once and passed on as it is; others are followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from types import GeneratorType
from typing import Any, NoReturn

from gateproof.validate.findings import Observer, Report
from gateproof.validate.wsgi.call import BETWEEN, CLOSING, ITERATING, Call


def observe(app: Callable[..., Any], report: Report, *, inform: bool = False) -> Callable[..., Any]:
    """Return a WSGI application that behaves as `app` and tells `report` what server and application break.

    `inform` adds the rows that only inform. Whatever `report` raises stops the call there.
    """

    def observed(*args: Any, **kwargs: Any) -> Any:
        return run(app, args, kwargs, report, inform)

    return observed


def run(
    app: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], report: Report, inform: bool = False
) -> Any:
    """Make one observed call of `app`; returns what it returned, or an object that follows its iteration."""
    if kwargs or len(args) != 2:
        return _unusual(app, args, kwargs, report, inform)
    call = Call(report, inform, args[0], args[1])
    try:
        result = app(call.environ, call.start_response)
    except BaseException as error:
        call.leave_call()
        call.leave()
        call.raised(error, error.__traceback__ is not None and error.__traceback__.tb_next is None)
        raise
    if call.file_wrapper is not None:
        call.leave_call()
    if call.stopped is not None:
        _stop(call, result)
    if call.rejected is not None:
        call.returned_after_rejection()
    kind = type(result)
    if kind is GeneratorType:
        return Closing(call, result)
    if kind is list or kind is tuple:
        call.leave()
        _judge_sequence(call, result)
        return result
    return _follow(call, result)


def _stop(call: Call, result: Any) -> NoReturn:
    """Raise again what the application swallowed; its result goes nowhere, so it is closed here."""
    call.leave()
    error, call.stopped = call.stopped, None
    assert error is not None
    close = getattr(result, "close", None)
    if callable(close):
        close()
    raise error


def _unusual(
    app: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], report: Report, inform: bool
) -> Any:
    """Judge a call that is not made with two positional arguments, and make it as it was made."""
    seen = f"{len(args)} positional, {sorted(kwargs)}"
    Observer(report, inform).say(
        "WSGI-CALL-001", "the application is not called with two positional arguments", "two", seen
    )
    return app(*args, **kwargs)


def _judge_sequence(call: Call, items: Any) -> None:
    if items and not call.started:
        call.early_item(next(filter(None, items), b""))
    for item in items:
        if type(item) is bytes:
            call.total += len(item)
        else:
            call.bad_item(item)
            if isinstance(item, bytes):
                call.total += len(item)
    call.items = len(items)
    if call.total and call.limited:
        call.check_surplus()
    call.finish()


def _follow(call: Call, result: Any) -> Any:
    """Return the object that stands for `result`: with the same special methods, and no others."""
    if isinstance(result, (str, bytes)):
        call.say("WSGI-ITER-019", "the result is a string, whose items are no bytes", "an iterable of bytes", result)
        return result
    if not hasattr(result, "__iter__") and not hasattr(result, "__getitem__"):
        row = "WSGI-WRITE-008" if call.wrote else "WSGI-ITER-018"
        call.say(row, "the result is not an iterable", "an iterable", result)
        return result
    if result is call.wrapped:
        # The server compares classes to find its own file wrapper, so nothing may stand before it.
        call.leave()
        if not call.started:
            call.finish()
        return result
    return _make(hasattr(result, "__len__"), hasattr(result, "close"))(call, result)


class Body:
    """Stands for the iterable of the application: what the server does with it, and what it yields, is judged."""

    __slots__ = (
        "__weakref__",
        "_asked",
        "_call",
        "_closed",
        "_iterated",
        "_length",
        "_live",
        "_next",
        "_over",
        "_result",
    )

    _sized = False

    def __init__(self, call: Call, result: Any) -> None:
        """Follow `result`."""
        self._call = call
        self._result = result
        self._next: Any = None
        self._live = False
        self._over = ""
        self._closed = False
        self._iterated = False
        self._asked = False
        self._length = -1

    def __iter__(self) -> Iterator[Any]:
        """Begin the iteration."""
        result = self._result
        try:
            iterator = iter(result)
        except TypeError as error:
            self._call.say("WSGI-ITER-018", "the result is not an iterable", "an iterable", error)
            raise
        if iterator is not result and (self._iterated or self._closed):
            # An iterator, though, is its own iter() as often as that is asked for.
            self._call.say("WSGI-ITER-015", "the iterable is iterated again", "once, before close()", "iter()")
        self._iterated = True
        self._next = iterator.__next__
        self._live = not self._over and not self._closed
        if self._sized:
            self._measure()
        if iterator is result:
            return self
        return _separate(hasattr(iterator, "close"))(self, iterator)

    def _measure(self) -> None:
        try:
            self._length = len(self._result)
        except Exception:
            self._length = -1  # a length that does not work promises nothing

    def __next__(self) -> Any:
        """Give the next item and judge it."""
        call = self._call
        if not self._live:
            self._unusual_next()
        call.phase = ITERATING
        try:
            item = self._next()
        except BaseException as error:
            call.phase = BETWEEN
            self._end(error)
            raise
        call.phase = BETWEEN
        call.items += 1
        if not call.settled:
            self._unsettled(item)
        if type(item) is bytes:
            call.total += len(item)
            if call.limited and item:
                call.check_surplus()
        else:
            call.bad_item(item)
            if isinstance(item, bytes):
                call.count(item)
        return item

    def _unusual_next(self) -> None:
        """Judge next() before iter(), which a server may do, and after the end, which it should not."""
        if not self._iterated:
            self._next = self._result.__next__
            self._iterated = True
        if self._over or self._closed:
            self._call.say("WSGI-ITER-015", "an item is asked for after the end", "no next()", self._over or "close()")
        else:
            self._live = True

    def _unsettled(self, item: object) -> None:
        call = self._call
        if not call.started:
            call.early_item(item)
        if call.rejected is not None:
            call.returned_after_rejection()

    def _end(self, error: BaseException) -> None:
        """Judge the first end of the iteration, by exhaustion or by an exception."""
        self._live = False
        if self._over:
            return
        call = self._call
        call.leave()
        if not isinstance(error, StopIteration):
            self._over = "raised"
            call.raised(error, traceback_ends=False)
            return
        self._over = "exhausted"
        if call.stopped is not None:
            raise call.stopped from None
        if call.rejected is not None:
            call.returned_after_rejection()
        if self._length >= 0 and self._length != call.items:
            call.say("WSGI-ITER-020", "len() of the iterable is wrong", self._length, call.items)
        call.finish()

    def __getattr__(self, name: str) -> Any:
        """Give what the iterable has; the server has no business with it."""
        value = getattr(self._result, name)
        if not name.startswith("__"):
            # Whether anything depends on it cannot be seen from here: a warning at most.
            self._call.say("WSGI-ITER-011", f"{name} of the iterable is used", "iteration, len, close", name, "warn")
        return value


class Closing(Body):
    """Stands for an iterable that has close()."""

    __slots__ = ()

    def close(self) -> Any:
        """Close the iterable of the application."""
        call = self._call
        if self._closed:
            call.say("WSGI-ITER-008", "close() is called again", "once", "close()")
        self._closed = True
        self._live = False
        call.phase = CLOSING
        try:
            return self._result.close()
        except Exception as error:
            if call.stopped is None:
                call.say("WSGI-ITER-021", "close() raised", "no exception after any number of items", error)
            raise
        finally:
            call.phase = BETWEEN
            call.leave()

    def __del__(self) -> None:
        """Judge the server at the end of the object's life: it must have closed it."""
        call = self._call
        if self._closed or call.stopped is not None:
            return
        if self._asked:
            row, what = "WSGI-ITER-006", "close() of the iterator was called, not of the iterable"
        elif self._over == "exhausted":
            row, what = "WSGI-ITER-003", "close() was not called after the last item"
        elif self._over == "raised":
            row, what = "WSGI-ITER-004", "close() was not called after an exception"
        elif call.head or call.limited:
            row, what = "WSGI-ITER-009", "close() was not called where the server stopped early"
        else:
            row, what = "WSGI-ITER-005", "close() was not called where the iteration was given up"
        call.say(row, what, "close()", "no call")


def _get_length(self: Body) -> int:
    return len(self._result)


@cache
def _make(sized: bool, closing: bool) -> type[Body]:
    plain = Closing if closing else Body
    return type("Body", (plain,), {"__slots__": (), "_sized": True, "__len__": _get_length}) if sized else plain


class Separate:
    """The iterator of an iterable that is not its own iterator."""

    def __init__(self, body: Body, iterator: Any) -> None:
        """Follow `iterator` through `body`, which keeps the state."""
        self._body = body
        self._iterator = iterator

    def __iter__(self) -> Separate:
        """Return itself."""
        return self

    def __next__(self) -> Any:
        """Give the next item and judge it."""
        return self._body.__next__()


def _close_iterator(self: Separate) -> Any:
    self._body._asked = True
    return self._iterator.close()


@cache
def _separate(closing: bool) -> type[Separate]:
    return type("Separate", (Separate,), {"close": _close_iterator}) if closing else Separate

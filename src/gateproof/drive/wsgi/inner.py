"""The application within a middleware: plays a script that uses the whole contract, and notes what it is given."""

from __future__ import annotations

import gc
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from gateproof.channel import Event

Container = Literal["list", "tuple", "generator", "iterator", "iterable", "getitem", "wrapper", "odd"]
CONTAINERS: tuple[Container, ...] = ("list", "tuple", "generator", "iterator", "iterable", "getitem")
TEXT = ("Content-Type", "text/plain; charset=utf-8")
HTML = ("Content-Type", "text/html; charset=utf-8")


class Planned(Exception):
    """What the application within raises because its script says so."""


@dataclass(frozen=True)
class Script:
    """What the application within does; it conforms whatever is chosen. `late`: start_response at the first item."""

    status: str = "200 OK"
    headers: tuple[tuple[str, str], ...] = (TEXT,)
    items: tuple[bytes, ...] = (b"hello, ", b"world")
    container: Container = "iterator"
    writes: tuple[bytes, ...] = ()
    late: bool = False
    length: bool = False  # give a right Content-Length
    raises_at: int | None = None  # -1: in the call, before start_response; k: in place of item k
    again_at: int | None = None  # -1: in the call; k: before item k start_response is called anew, with exc_info
    again: tuple[str, tuple[tuple[str, str], ...], tuple[bytes, ...]] = ("500 Oops", (TEXT,), (b"sorry",))
    third: bool = False  # pass None as third argument
    reads: Literal["", "all", "sized", "lines", "iterate"] = ""
    logs: str = ""
    stands_still: int | None = None  # so many items are given; whoever asks for one more waits for ever

    def but(self, **changes: Any) -> Script:
        """Return this script with other values."""
        return replace(self, **changes)

    @property
    def body(self) -> bytes:
        """All that comes of it where nothing fails."""
        return b"".join((*self.writes, *self.items))


@dataclass(eq=False)
class Inside:
    """What the application within met in one call."""

    args: int = 0
    keywords: tuple[str, ...] = ()
    environ: Any = None
    copy: dict[Any, Any] = field(default_factory=dict)
    body: bytes = b""
    read_error: BaseException | None = None
    write: Any = None
    refused: BaseException | None = None  # what the first start_response raised
    rejected: BaseException | None = None  # what the second one raised
    began_again: bool = False
    returned: bool = False
    taken: int = 0
    closed: int = 0
    iterator_closed: int = 0
    ended: bool = False
    kept: weakref.ref[BaseException] | None = None
    looked_up: list[str] = field(default_factory=list)

    def keeps_exc_info(self) -> bool:
        """Tell whether anything still refers to the exception that was given as exc_info."""
        gc.collect()
        return self.kept is not None and self.kept() is not None


class Within:
    """The application within: called by the middleware, it plays whatever script is set."""

    def __init__(self) -> None:
        """Begin with the plainest script."""
        self.script = Script()
        self.calls: list[Inside] = []
        self.journal: list[Event] = []

    def note(self, name: str, value: Any = None) -> None:
        """Write into the journal, where the driver writes as well."""
        self.journal.append(Event(time.monotonic(), 2, name, value, 0, 0))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Play the script."""
        inside, script = Inside(len(args), tuple(sorted(kwargs))), self.script
        self.calls.append(inside)
        given = [*args, *(kwargs[name] for name in ("environ", "start_response") if name in kwargs)]
        environ, start_response = given[0], given[1]
        inside.environ, inside.copy = environ, dict(environ)
        self.note("called within", {"arguments": len(args), "keywords": sorted(kwargs)})
        return Part(self, inside, script, start_response).run()


class Part:
    """One call of the application within."""

    def __init__(self, within: Within, inside: Inside, script: Script, start_response: Callable[..., Any]) -> None:
        """Take what the middleware gave."""
        self.within, self.inside, self.script = within, inside, script
        self.start_response = start_response
        self.given = 0
        self.items = script.items

    def run(self) -> Any:
        """Do what comes before the return, and return the iterable."""
        script, inside = self.script, self.inside
        self.read()
        if script.logs:
            inside.environ["wsgi.errors"].write(script.logs)
            inside.environ["wsgi.errors"].flush()
        if script.raises_at == -1:
            raise Planned("within the call")
        if not script.late:
            self.start()
            for data in script.writes:
                inside.write(data)
            if script.again_at == -1:
                self.begin_again()
        result = self.result()
        inside.returned = True
        return result

    def read(self) -> None:
        """Read the request body."""
        how, inside = self.script.reads, self.inside
        if not how:
            return
        stream, left = inside.environ["wsgi.input"], int(inside.environ.get("CONTENT_LENGTH") or 0)
        try:
            if how == "all":
                inside.body = stream.read(left) if left else b""
            elif how == "lines":
                inside.body = b"".join(stream.readlines())
            elif how == "iterate":
                inside.body = b"".join(iter(stream))
            else:
                while left and (data := stream.read(min(left, 7))):
                    inside.body += data
                    left -= len(data)
        except Exception as error:
            inside.read_error = error

    def start(self) -> None:
        """Call start_response for the first time."""
        script = self.script
        headers = list(script.headers)
        if script.length:
            headers.append(("Content-Length", str(len(script.body))))
        self.within.note("start_response within", {"status": script.status, "headers": list(headers)})
        try:
            more = (None,) if script.third else ()
            self.inside.write = self.start_response(script.status, headers, *more)
        except Exception as error:
            self.inside.refused = error
            raise

    def begin_again(self) -> None:
        """Begin an error response in the place of the one that was begun; what that raises goes on."""
        status, headers, items = self.script.again
        self.inside.began_again = True
        try:
            raise Planned("before an error response")
        except Planned as error:
            self.inside.kept = weakref.ref(error)
            self.within.note("start_response within", {"status": status, "headers": list(headers), "exc_info": True})
            try:
                self.start_response(status, list(headers), sys.exc_info())
            except BaseException as rejected:
                self.inside.rejected = rejected
                self.within.note("rejected within", repr(rejected))
                raise
        self.items, self.given = items, 0

    def next_item(self) -> bytes:
        """Give the next item."""
        script, inside = self.script, self.inside
        if script.late and not inside.taken and inside.write is None:
            self.start()
        if script.raises_at is not None and inside.taken == script.raises_at:
            raise Planned(f"in place of item {inside.taken}")
        if script.again_at is not None and inside.taken == script.again_at and not inside.began_again:
            self.begin_again()
        if self.given >= len(self.items):
            inside.ended = True
            self.within.note("ended within")
            raise StopIteration
        item = self.items[self.given]
        self.given += 1
        inside.taken += 1
        self.within.note("item within", item)
        return item

    def close(self) -> None:
        """Note a close()."""
        self.inside.closed += 1
        self.within.note("closed within")

    def result(self) -> Any:
        """Return the iterable, in the container of the script."""
        kind = self.script.container
        if kind in ("list", "tuple"):
            self.inside.taken = len(self.items)
            return [*self.items] if kind == "list" else self.items
        if kind == "generator":
            return self.generator()
        if kind == "wrapper":
            wrapper = self.inside.environ.get("wsgi.file_wrapper")
            file = File(self)
            return wrapper(file) if wrapper is not None else ClosingIterator(self)
        made = {"iterator": ClosingIterator, "iterable": Separate, "getitem": Indexed, "odd": Odd}
        return made[kind](self)

    def generator(self) -> Iterator[bytes]:
        """Give the items from a generator, which notes its own end."""
        try:
            while True:
                try:
                    item = self.next_item()
                except StopIteration:
                    return
                yield item
        finally:
            self.close()


class ClosingIterator:
    """An iterator with close()."""

    def __init__(self, part: Part) -> None:
        self.__part = part

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> bytes:
        return self.__part.next_item()

    def close(self) -> None:
        self.__part.close()


class Separate:
    """An iterable whose iterator is another object, which has a close() of its own that nobody is to call."""

    def __init__(self, part: Part) -> None:
        self.__part = part

    def __iter__(self) -> Any:
        return Unasked(self.__part)

    def close(self) -> None:
        self.__part.close()


class Unasked(ClosingIterator):
    """An iterator whose close() nobody is to call: the iterable that gave it has one."""

    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self.__part = part

    def close(self) -> None:
        self.__part.inside.iterator_closed += 1


class Indexed:
    """An iterable of the old protocol: __getitem__ alone."""

    def __init__(self, part: Part) -> None:
        self.__part = part

    def __getitem__(self, number: int) -> bytes:
        try:
            return self.__part.next_item()
        except StopIteration:
            raise IndexError(number) from None

    def close(self) -> None:
        self.__part.close()


class Odd(ClosingIterator):
    """An iterator that has, under the names that responses of frameworks have, what misleads."""

    status = "404 Not Found"
    status_code = 404
    headers = (("X-Misleading", "1"),)
    response = (b"misleading",)
    app_iter = (b"misleading",)
    body = b"misleading"
    data = b"misleading"
    is_streamed = False
    direct_passthrough = True
    filelike = None
    mimetype = "text/html"

    def read(self, size: int = -1) -> bytes:
        return b"misleading"


class File:
    """A file-like object over the items of a script, for wsgi.file_wrapper."""

    def __init__(self, part: Part) -> None:
        self.__part = part
        self.__rest = b"".join(part.items)

    def read(self, size: int = -1) -> bytes:
        end = len(self.__rest) if size is None or size < 0 else size
        data, self.__rest = self.__rest[:end], self.__rest[end:]
        return data

    def close(self) -> None:
        self.__part.close()

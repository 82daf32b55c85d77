"""Middleware with one fault in what it gives the server: status, fields, and the iterable with its close()."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from gateproof.reference.wsgi_middleware import WSGI, Body, Environ, Middleware, Passage

from ...registry import mutant

# Status and fields


class Reads(Middleware):
    """Wants the status as soon as the application within returned."""

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Want it."""
        seen: list[Any] = []

        def start(*args: Any) -> Any:
            seen.append(args)
            return start_response(*args)

        result = self.call(environ, start)
        return self.iterable(self.passage(start_response), result) if seen[0] else None


@mutant("WSGI-START-019", also=["WSGI-EXC-018"])
class WantsTheStatusAtOnce(Reads):
    """Reads the status right after the call."""


class Banner(Body):
    """Gives a line before all."""

    given = False

    def __next__(self) -> Any:
        """Give it."""
        if not self.given:
            self.given = True
            return b"banner\n"
        return super().__next__()


@mutant("WSGI-START-020", also=["WSGI-HTTP-044", "WSGI-HTTP-045"])
class YieldsABanner(Middleware):
    """Yields before an application within that begins late."""

    body = Banner


class Lower(Passage):
    """Gives the reason phrase in capitals."""

    def status(self, status: Any) -> Any:
        """Change it."""
        return status[:4] + status[4:].upper()


@mutant("WSGI-START-022")
class ShoutsThePhrase(Middleware):
    """Changes the reason phrase."""

    passage = Lower


class Unique(Passage):
    """Keeps one field of a name."""

    def headers(self, headers: Any) -> Any:
        """Keep the last."""
        return list(dict(headers).items())


@mutant("WSGI-HEADERS-027")
class KeepsTheLastField(Middleware):
    """Keeps the last of equal fields."""

    passage = Unique


class Typed(Passage):
    """Adds a Content-Type where it finds none under one spelling."""

    def headers(self, headers: Any) -> Any:
        """Add it."""
        found = any(name == "Content-Type" for name, _ in headers)
        return [*headers, *([] if found else [("Content-Type", "text/html")])]


@mutant("WSGI-HEADERS-026")
class KnowsOneSpelling(Middleware):
    """Looks for Content-Type literally."""

    passage = Typed


class Number(Passage):
    """Makes a number of 404."""

    def status(self, status: Any) -> Any:
        """Make it."""
        return 404 if status.startswith("404") else status


@mutant("WSGI-STATUS-014", also=["WSGI-START-022"])
class GivesANumber(Middleware):
    """Gives a number as status."""

    passage = Number


class Tuples(Passage):
    """Gives a tuple."""

    def headers(self, headers: Any) -> Any:
        """Give it."""
        return tuple(super().headers(headers))


@mutant("WSGI-HEADERS-025")
class GivesATuple(Middleware):
    """Gives a tuple of fields."""

    passage = Tuples


def adding(*pair: Any) -> type[Passage]:
    """Return a passage that adds a field."""

    class Adds(Passage):
        """Adds it."""

        def headers(self, headers: Any) -> Any:
            """Add it."""
            return [*headers, pair]

    return Adds


@mutant("WSGI-HTTP-034")
class ClosesTheConnection(Middleware):
    """Adds Connection."""

    passage = adding("Connection", "close")


@mutant("WSGI-HTTP-035")
class SaysChunked(Middleware):
    """Adds Transfer-Encoding."""

    passage = adding("Transfer-Encoding", "chunked")


@mutant("WSGI-UNICODE-010")
class GivesEuros(Middleware):
    """Adds a value beyond latin-1."""

    passage = adding("X-Price", "1 \u20ac")


# What has no content, and lengths


class Footer(Body):
    """Gives a line after all, unless there was nothing."""

    over = given = False

    def __next__(self) -> Any:
        """Give it."""
        if self.over:
            raise StopIteration
        try:
            item = super().__next__()
            self.given = self.given or bool(item)
            return item
        except StopIteration:
            self.over = True
            if self.given:
                return b"footer\n"
            raise


@mutant("WSGI-HTTP-044")
class AddsAFooter(Middleware):
    """Adds to the body and leaves Content-Length."""

    body = Footer


class Always(Body):
    """Gives a line after all."""

    over = False

    def __next__(self) -> Any:
        """Give it."""
        if self.over:
            raise StopIteration
        try:
            return super().__next__()
        except StopIteration:
            self.over = True
            return b"footer\n"


class Lengthless(Passage):
    """Leaves the length out."""

    def headers(self, headers: Any) -> Any:
        """Leave it out."""
        return [pair for pair in headers if pair[0].lower() != "content-length"]


@mutant("WSGI-HTTP-045")
class AddsToNothing(Middleware):
    """Adds to 204 and 304 as well."""

    passage = Lengthless
    body = Always


# The iterable


@mutant("WSGI-ITER-024", also=["WSGI-ITER-025", "WSGI-ITER-027", "WSGI-FILE-015"])
class Maps(Middleware):
    """Returns map(), which has no close()."""

    def iterable(self, passage: Passage, result: Any) -> Any:
        """Map."""
        return map(bytes, result)


@mutant("WSGI-ITER-024")
class GeneratesAfterTheCall(Middleware):
    """Returns a generator, which closes nothing where it never began."""

    def iterable(self, passage: Passage, result: Any) -> Iterator[Any]:
        """Generate."""
        try:
            yield from iter(result)
        finally:
            if hasattr(result, "close"):
                result.close()


class ClosesAtTheEnd(Body):
    """Closes the iterable within after its last item, or where nothing was taken."""

    taken = False

    def __next__(self) -> Any:
        """Close it then."""
        self.taken = True
        try:
            return super().__next__()
        except StopIteration:
            super().close()
            self.taken = False
            raise

    def close(self) -> None:
        """Close it where nothing was taken."""
        if not self.taken:
            super().close()


@mutant("WSGI-ITER-025", also=["WSGI-ITER-024"])
class ClosesAfterTheLoop(Middleware):
    """Closes only what came to its end."""

    body = ClosesAtTheEnd


class ClosesTheIterator(Body):
    """Closes the iterator."""

    def close(self) -> None:
        """Close it."""
        iterator = self.iterator if self.iterator is not None else iter(self.result)
        close = getattr(iterator, "close", None)
        if close is not None:
            close()


@mutant("WSGI-ITER-026", also=["WSGI-ITER-024", "WSGI-ITER-025", "WSGI-FILE-015"])
class ClosesAnother(Middleware):
    """Closes the iterator in place of the iterable."""

    body = ClosesTheIterator


@mutant("WSGI-ITER-027", also=["WSGI-HTTP-044", "WSGI-FILE-015"])
class DropsThePageOfErrors(Middleware):
    """Throws the iterable of a 404 away."""

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Throw it away."""
        status: list[str] = []

        def start(*args: Any) -> Any:
            status[:] = [args[0]]
            return start_response(*args)

        result = self.call(environ, start)
        if status and status[0].startswith("404"):
            return [b"0123456789"[:0]]
        return self.iterable(self.passage(start_response), result)


@mutant("WSGI-ITER-027")
class HasNoBodyForHead(Middleware):
    """Answers HEAD with an iterable of its own."""

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Throw the one within away."""
        head = environ["REQUEST_METHOD"] == "HEAD"
        result = super().__call__(environ, start_response)
        return [] if head else result


@mutant("WSGI-FILE-015", also=["WSGI-ITER-024"])
class DropsWrappers(Middleware):
    """Passes on what it knows, and drops an object of wsgi.file_wrapper."""

    def iterable(self, passage: Passage, result: Any) -> Any:
        """Drop it."""
        return [] if type(result).__name__ == "FileWrapper" else super().iterable(passage, result)


@mutant("WSGI-ITER-028")
class LooksAtTheResult(Middleware):
    """Believes the attributes of the iterable."""

    def iterable(self, passage: Passage, result: Any) -> Any:
        """Look."""
        found = getattr(result, "app_iter", None) or getattr(result, "response", None)
        return self.body(passage, result) if found is None else Replaced(passage, result)


class Replaced(Body):
    """Gives another body."""

    def item(self, item: Any) -> Any:
        """Give it."""
        return self.result.body


class Sized(Always):
    """Says the length of the iterable within."""

    def __len__(self) -> int:
        """Say it."""
        return len(self.result)


@mutant("WSGI-ITER-029", also=["WSGI-HTTP-045"])
class ForwardsLen(Middleware):
    """Gives one item more than len() says."""

    passage = Lengthless
    body = Sized


class Texts(Body):
    """Gives text."""

    def item(self, item: Any) -> Any:
        """Decode."""
        return item.decode("latin-1") if item else item


@mutant("WSGI-ITER-030", also=["WSGI-HTTP-044"])
class GivesText(Middleware):
    """Gives text."""

    body = Texts


BREAKS = ["WSGI-ERRORS-012", "WSGI-FILE-015", "WSGI-ITER-024", "WSGI-ITER-027", "WSGI-ITER-028"]
BREAKS += ["WSGI-MW-006", "WSGI-START-019"]


@mutant("WSGI-ITER-031", also=BREAKS)
class WantsASequence(Middleware):
    """Asks for the first item by index."""

    def iterable(self, passage: Passage, result: Any) -> Any:
        """Ask."""
        if not isinstance(result, list | tuple | Body):
            _ = result[0]
        return super().iterable(passage, result)


# Block boundaries


class Gathers(Body):
    """Gives its items in twos."""

    def __next__(self) -> Any:
        """Take two."""
        one = super().__next__()
        try:
            return one + super().__next__()
        except StopIteration:
            return one


@mutant("WSGI-MW-001")
class WaitsForTwo(Middleware):
    """Takes two items before it gives one."""

    body = Gathers


@mutant("WSGI-MW-002")
class Joins(Middleware):
    """Joins the body within the call."""

    def iterable(self, passage: Passage, result: Any) -> Any:
        """Join."""
        try:
            return [b"".join(result)]
        finally:
            if hasattr(result, "close"):
                result.close()


class Forgets(Body):
    """Forgets every item after a long one."""

    before = 0

    def item(self, item: Any) -> Any:
        """Forget it."""
        kept = b"" if self.before > 5000 else item
        self.before = len(item)
        return kept


@mutant("WSGI-MW-003")
class LosesItsLastBuffer(Middleware):
    """Loses what follows a long item."""

    body = Forgets


class Late(Body):
    """Gives each item in place of the next one."""

    held = b""
    over = False

    def __next__(self) -> Any:
        """Give the one before."""
        if self.over:
            raise StopIteration
        before = self.held
        try:
            self.held = super().__next__()
        except StopIteration:
            self.over = True
            return before
        return before


@mutant("WSGI-STREAM-003")
class IsOneBehind(Middleware):
    """Holds each item back until the next one."""

    body = Late


# write() of the server, and the whole contract


class WritesAll(Middleware):
    """Writes what was yielded."""

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Write."""
        write: list[Any] = []

        def start(*args: Any) -> Any:
            write[:] = [start_response(*args)]
            return write[0]

        result = self.call(environ, start)
        try:
            for item in result:
                write[0](item)
        finally:
            if hasattr(result, "close"):
                result.close()
        return []


@mutant("WSGI-WRITE-011", also=["WSGI-MW-002"])
class WritesWhatIsYielded(WritesAll):
    """Uses the server's write() for everything."""


class WritesInBetween(Passage):
    """Keeps the server's write()."""

    def supply(self, write: Any) -> Any:
        """Keep it."""
        self.write = write
        return write


class Flushes(Body):
    """Writes its first item."""

    first = True

    def item(self, item: Any) -> Any:
        """Write it."""
        if self.first and hasattr(self.passage, "write"):
            self.first = False
            self.passage.write(item)
            return b""
        return item


@mutant("WSGI-WRITE-013", also=["WSGI-WRITE-011"])
class WritesFromItsIterable(Middleware):
    """Uses the server's write() from within its iterable."""

    passage = WritesInBetween
    body = Flushes


@mutant("WSGI-MW-004", also=["WSGI-ITER-031"])
class ReturnsNothing(Middleware):
    """Returns None where the body is empty."""

    def iterable(self, passage: Passage, result: Any) -> Any:
        """Return nothing."""
        return None if result == [] else super().iterable(passage, result)


@mutant("WSGI-MW-004")
class KeepsItsState(Middleware):
    """Keeps the passage and the iterable of the call on itself."""

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Keep them."""
        self.current = self.call(self.environ(environ), Passage(start_response).start_response)
        self.iterator = iter(self.current)
        return OfTheMiddleware(self)


class OfTheMiddleware:
    """An iterable that asks the middleware."""

    def __init__(self, middleware: Any) -> None:
        """Take it."""
        self.middleware = middleware

    def __iter__(self) -> Any:
        """Return itself."""
        return self

    def __next__(self) -> Any:
        """Ask for an item."""
        return next(self.middleware.iterator)

    def close(self) -> None:
        """Close what is current."""
        if hasattr(self.middleware.current, "close"):
            self.middleware.current.close()


@mutant("WSGI-CALL-014")
class WritesByName(Middleware):
    """Gives write() its argument by name."""

    class Named(Passage):
        """Supplies such a write()."""

        def supply(self, write: Any) -> Any:
            """Supply it."""
            return lambda data: write(data=data)

    passage = Named


# What it keeps


@mutant("WSGI-MW-015")
class LeavesAThread(Middleware):
    """Starts a thread for each call that waits until the process ends, which ours does for it."""

    ended: ClassVar[threading.Event] = threading.Event()

    def __init__(self, app: WSGI) -> None:
        """End those of the one before."""
        super().__init__(app)
        self.ended.set()
        type(self).ended = threading.Event()

    def environ(self, environ: Environ) -> Any:
        """Start one."""
        threading.Thread(target=self.ended.wait, args=(5.0,), daemon=True).start()
        return super().environ(environ)


@mutant("WSGI-MW-015")
class LeavesAFileOpen(Middleware):
    """Opens a file for each call, and keeps it."""

    def environ(self, environ: Environ) -> Any:
        """Open one."""
        self.files = [*getattr(self, "files", ()), Path(__file__).open("rb")]  # noqa: SIM115 - the matter itself
        return super().environ(environ)


class Unclosed(Body):
    """Forgets its file where it is not read to its end, and keeps itself alive."""

    every: ClassVar[list[Any]] = []

    def __init__(self, passage: Passage, result: Any) -> None:
        """Open it."""
        super().__init__(passage, result)
        self.file = Path(__file__).open("rb")  # noqa: SIM115 - the matter itself
        self.every.append(self)

    def __next__(self) -> Any:
        """Close it at the end."""
        try:
            return super().__next__()
        except StopIteration:
            self.file.close()
            raise


@mutant("WSGI-MW-015")
class ClosesAtTheEndAlone(Middleware):
    """Closes what it opened where the body is read to its end, not where it is given up."""

    body = Unclosed

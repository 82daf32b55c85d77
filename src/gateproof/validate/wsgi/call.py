"""One call of a WSGI application, seen from between the server and the application."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gateproof.validate.findings import Observer, Report
from gateproof.validate.wsgi import environ as environs
from gateproof.validate.wsgi import start
from gateproof.validate.wsgi.streams import ERRORS_METHODS, INPUT_METHODS, Errors, Input, wrapper

Application = Callable[..., Any]

# Where the call is: what may be written depends on it.
CALLED, ITERATING, BETWEEN, CLOSING = range(4)
MAY_BE_EMPTY = frozenset(["SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH"])
BODILESS = (204, 304)
OF_FIELDS = frozenset([204, 206, 405])  # statuses that ask something of the fields
optional_key = re.compile(
    r"HTTP_[A-Z0-9_]+|REMOTE_[A-Z]+|AUTH_TYPE|SERVER_SOFTWARE|GATEWAY_INTERFACE|wsgi\.file_wrapper"
)
beyond_ascii = re.compile(r"[\x80-\U0010ffff]").search


class Call(Observer):
    """State of one call."""

    __slots__ = (
        "_start",
        "_write",
        "code",
        "environ",
        "errors",
        "fields",
        "file_wrapper",
        "head",
        "input",
        "items",
        "limited",
        "phase",
        "refused_start",
        "rejected",
        "sent",
        "settled",
        "started",
        "total",
        "unflushed",
        "wrapped",
        "wrote",
    )

    def __init__(self, report: Report, inform: bool, environ: Any, start_response: Any) -> None:
        """Judge the environ of the server, and put the observers into it."""
        self.report = report
        self.inform = inform
        self.said = None
        self.stopped = None
        self.environ: Any = environ
        self._start: Callable[..., Any] = start_response
        self._write: Any = None
        self.phase = CALLED
        self.started = 0
        self.settled = False  # one ordinary start_response, and nothing odd since
        self.limited = False  # the length of the body is known
        self.refused_start = False
        self.rejected: BaseException | None = None
        self.code = 0
        self.fields = start.NONE
        self.total = 0
        self.items = 0
        self.sent = False
        self.wrote = False
        self.unflushed = False
        self.input: Input | None = None
        self.errors: Errors | None = None
        self.file_wrapper: Callable[..., Any] | None = None
        self.wrapped: object = None
        plan = environs.check(environ, self.say)
        self.head = False
        if plan is not environs.NOTHING:
            self._enter(plan)

    def _enter(self, plan: environs.Plan) -> None:
        """Put the observers into the environ, which stays the object that the server gave."""
        environ = self.environ
        self.head = environ.get("REQUEST_METHOD") == "HEAD"
        if plan.streams or "wsgi.input" in environ:
            stream = environ["wsgi.input"]
            reader = Input._known.get(type(stream)) or wrapper(stream, Input, self._no_input)
            environ["wsgi.input"] = self.input = reader(self, stream)
        if plan.streams or "wsgi.errors" in environ:
            stream = environ["wsgi.errors"]
            writer = Errors._known.get(type(stream)) or wrapper(stream, Errors, self._no_errors)
            environ["wsgi.errors"] = self.errors = writer(self, stream)
        if plan.wrapper:
            self.file_wrapper = environ["wsgi.file_wrapper"]
            environ["wsgi.file_wrapper"] = self._file_wrapper

    def _no_input(self, name: str) -> None:
        self.say("WSGI-INPUT-001", f"wsgi.input has no {name}", ", ".join(INPUT_METHODS), self.environ["wsgi.input"])

    def _no_errors(self, name: str) -> None:
        self.say(
            "WSGI-ERRORS-001", f"wsgi.errors has no {name}", ", ".join(ERRORS_METHODS), self.environ["wsgi.errors"]
        )

    def leave_call(self) -> None:
        """Give the server its file wrapper back: some compare the class of the result with it."""
        if self.file_wrapper is not None and self.environ.get("wsgi.file_wrapper") == self._file_wrapper:
            self.environ["wsgi.file_wrapper"] = self.file_wrapper

    def leave(self) -> None:
        """Give the server its streams back, where the application left ours in place; frees this object of cycles."""
        environ: Any = self.environ
        reader = self.input
        if reader is not None:
            if environ.get("wsgi.input") is reader:
                environ["wsgi.input"] = reader._stream
            self.input = None
        writer = self.errors
        if writer is not None:
            if environ.get("wsgi.errors") is writer:
                environ["wsgi.errors"] = writer._stream
            self.errors = None

    # start_response and write

    def start_response(self, *args: Any, **kwargs: Any) -> Any:
        """Judge what the application gives, call the server's start_response, judge what that does."""
        exc_info = args[2] if len(args) == 3 else kwargs.get("exc_info")
        if self.started or kwargs or exc_info is not None or not 2 <= len(args) <= 3:
            return self._unusual_start(args, kwargs, exc_info)
        status = args[0]
        code = start.STATUSES.get(status) if type(status) is str else None
        self.code = code = start.status_code(status, self.say) if code is None else code
        self.fields = fields = start.check_headers(args[1], self.say, self.inform)
        if self.said is not None:
            return self._doubtful_start(args, kwargs, exc_info)
        self.started = 1
        if fields[0] is not None or code in BODILESS:
            self.limited = True
        try:
            self._write = write = self._start(*args)
        except Exception as error:
            self._start_refused(args, exc_info, error, first=True)
            raise
        self.settled = True
        return self.write if callable(write) else self._no_write(write)

    def _unusual_start(self, args: tuple[Any, ...], kwargs: dict[str, Any], exc_info: Any) -> Any:
        if kwargs:
            self.say("WSGI-CALL-007", "start_response is called with keywords", "positional arguments", sorted(kwargs))
        before = frozenset(self.said or ())
        kept = self.code, self.fields
        if self.started and exc_info is None:
            self.say("WSGI-START-015", "start_response is called again without exc_info", "exc_info", args)
        if exc_info is not None:
            start.check_exc_info(exc_info, self.say)
        status = args[0] if args else kwargs.get("status")
        headers = args[1] if len(args) > 1 else kwargs.get("headers", kwargs.get("response_headers"))
        self.code = start.status_code(status, self.say)
        self.fields = start.check_headers(headers, self.say, self.inform)
        try:
            return self._doubtful_start(args, kwargs, exc_info, before)
        except BaseException:
            if self.started > 1:  # the response that was begun before goes on
                self.code, self.fields = kept
                self.limited = self.fields[0] is not None or self.code in BODILESS
            raise

    def _doubtful_start(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], exc_info: Any, before: frozenset[str] = frozenset()
    ) -> Any:
        """Make a call that is not the plain first one, and watch whether the server refuses what it should."""
        again = self.started
        faults = [fault for fault in self.said or () if fault in start.REFUSALS and fault not in before]
        self.started += 1
        self.settled = False
        self.limited = self.fields[0] is not None or self.code in BODILESS
        try:
            self._write = write = self._start(*args, **kwargs)
        except Exception as error:
            if not faults and not kwargs:
                self._start_refused(args, exc_info, error, first=not again)
            if not again:
                self.refused_start = True
            elif exc_info is not None:
                self.rejected = error
            raise
        for fault in faults:
            refusal = start.REFUSALS[fault]
            self.say(refusal, "start_response accepted what the application may not give", "an exception", fault)
        self.settled = True
        if again:
            self._accepted_again(exc_info)
        return self.write if callable(write) else self._no_write(write)

    def _accepted_again(self, exc_info: Any) -> None:
        if exc_info is None:
            row = "WSGI-START-009" if self.refused_start else "WSGI-START-007"
            self.say(row, "a second start_response without exc_info was accepted", "an exception", "no exception")
        elif self.is_sent():
            self.say("WSGI-EXC-002", "exc_info was accepted after the header went out", "an exception", "no exception")

    def is_sent(self) -> bool:
        """Whether the header must have gone out: data were written, or the server asked for more after an item."""
        return self.sent or (self.phase != CALLED and self.total > 0)

    def _start_refused(self, args: tuple[Any, ...], exc_info: Any, error: Exception, first: bool) -> None:
        """Judge an exception out of the server's start_response for a legal call."""
        if isinstance(error, OSError):
            return  # the connection is gone
        if not first:
            if exc_info is not None and self.is_sent() and error is not exc_info[1]:
                self.say(
                    "WSGI-EXC-003", "start_response raised another exception than the one given", "exc_info", error
                )
            return
        self.refused_start = True
        if exc_info is not None:
            self.say("WSGI-EXC-004", "exc_info on the first call is refused", "an ordinary first call", error)
        elif len(args) == 3 and isinstance(error, TypeError):
            self.say("WSGI-START-001", "exc_info given as None is refused", "the same as leaving it out", error)
        elif self.code >= 200 and self.code not in (204, 205, 304) and str(args).isascii():
            self.say("WSGI-START-011", "a legal status and header list are refused", "no exception", error)

    def _no_write(self, write: object) -> object:
        self.say("WSGI-START-002", "start_response did not return the write function", "a callable", write)
        return write

    def write(self, *args: Any, **kwargs: Any) -> Any:
        """Judge what the application writes and pass it on."""
        say = self.say
        self.wrote = True
        say("WSGI-WRITE-007", "write() is used", "an iterable", "write()")
        if kwargs:
            say("WSGI-CALL-013", "write() is called with keywords", "a positional argument", sorted(kwargs))
        if self.phase in (ITERATING, CLOSING):
            weight = "fail" if self.phase == ITERATING else "warn"
            say("WSGI-WRITE-009", "write() is called from within the iterable", "before it returns", "write()", weight)
        data = args[0] if args else next(iter(kwargs.values()), None)
        if isinstance(data, bytes):
            if type(data) is not bytes:
                say("WSGI-UNICODE-011", "a subclass of bytes is written", "exactly bytes", type(data))
            self.count(data)
        elif args:
            say("WSGI-WRITE-010", "something other than bytes is written", "bytes", data)
        result = self._write(*args, **kwargs)
        if isinstance(data, bytes):
            self.sent = self.sent or bool(data)
        elif args:
            say("WSGI-WRITE-004", "write() accepted something other than bytes", "an exception", data)
        return result

    def _file_wrapper(self, *args: Any, **kwargs: Any) -> Any:
        """Judge the use of wsgi.file_wrapper, and what it returns."""
        say = self.say
        if kwargs:
            say("WSGI-CALL-013", "wsgi.file_wrapper is called with keywords", "positional arguments", sorted(kwargs))
        file = args[0] if args else None
        readable = callable(getattr(file, "read", None))
        if args and not readable:
            say("WSGI-FILE-013", "what is given to wsgi.file_wrapper has no read()", "a file-like object", file)
        closes = callable(getattr(file, "close", None))
        try:
            result = self.file_wrapper(*args, **kwargs)  # type: ignore[misc]  # only put in place where there is one
        except Exception as error:
            if readable and not kwargs and not isinstance(error, OSError):
                row = "WSGI-FILE-001" if closes else "WSGI-FILE-005"
                say(row, "wsgi.file_wrapper refuses a legal call", "an iterable", error)
            raise
        if readable and not hasattr(result, "__iter__") and not hasattr(result, "__getitem__"):
            say("WSGI-FILE-002", "wsgi.file_wrapper did not return an iterable", "an iterable", type(result))
        elif closes and not callable(getattr(result, "close", None)):
            say("WSGI-FILE-004", "what wsgi.file_wrapper returned has no close()", "close()", type(result))
        self.wrapped = result
        return result

    # The body

    def count(self, data: bytes) -> None:
        """Add to the length of the body, and judge a surplus as soon as it shows."""
        self.total += len(data)
        if data and self.limited:
            self.check_surplus()

    def check_surplus(self) -> None:
        if self.head:
            return
        length = self.fields[0]
        if self.code in BODILESS:
            self.say("WSGI-HTTP-038", f"a {self.code} response has a body", "no body", f"{self.total} bytes")
        elif length is not None and self.total > int(length):
            self.say("WSGI-HTTP-037", "the body is longer than Content-Length", length, f"{self.total} octets")

    def early_item(self, data: object) -> None:
        """Judge an item that comes before start_response."""
        weight = "fail" if data else "warn"  # servers disagree whether b'' is a body bytestring
        self.say("WSGI-START-014", "the body begins before start_response", "start_response first", data, weight)

    def bad_item(self, item: object) -> None:
        """Judge an item whose type is not exactly bytes."""
        if isinstance(item, bytes):
            self.say("WSGI-UNICODE-011", "an item is a subclass of bytes", "exactly bytes", type(item))
        else:
            self.say("WSGI-ITER-019", "an item of the body is not bytes", "bytes", item)

    def finish(self) -> None:
        """Judge a body that ended by itself."""
        if self.stopped is not None:
            return
        if not self.started:
            if self.said is not None and "WSGI-START-014" in self.said:
                return
            self.say("WSGI-START-017", "the call ended without start_response", "start_response", "no call")
            return
        if self.limited and not self.head and self.code not in BODILESS and self.total < int(self.fields[0] or 0):
            self.say("WSGI-HTTP-037", "the body is shorter than Content-Length", self.fields[0], f"{self.total} octets")
        if self.code in OF_FIELDS:
            self._look_at_fields()
        if self.inform:
            self._finish_informed()

    def _look_at_fields(self) -> None:
        """Judge what the status asks of the fields."""
        length, _, noted = self.fields
        if self.code == 204 and length is not None:
            self.say("WSGI-HTTP-039", "a 204 response has a Content-Length", "none", length)
        elif self.code == 405 and noted is not None and "allow" not in noted:
            self.say("WSGI-HTTP-053", "a 405 response does not say what is allowed", "Allow", "none")
        elif self.code == 206 and noted and not self.head:
            from gateproof.wire.http1 import part_length

            span = part_length(noted.get("content-range", "").encode("latin-1", "replace"))
            if span not in (0, self.total):
                words = "the body has not the length that Content-Range says"
                self.say("WSGI-HTTP-048", words, span, f"{self.total} octets")

    def _finish_informed(self) -> None:
        """Judge what is only worth a remark."""
        say, bodiless = self.say, self.code in BODILESS
        _, typed, noted = self.fields
        entity = next((name for name in noted or () if name != "allow"), None)
        if self.head and self.total:
            say("WSGI-HTTP-041", "a body is returned for HEAD", "no body: many servers send it", f"{self.total} bytes")
        elif self.total and not typed and not bodiless:
            say("WSGI-HEADERS-011", "a response with content has no Content-Type", "Content-Type", "none")
        if bodiless and typed:
            say("WSGI-HTTP-039", f"a {self.code} response has a Content-Type", "none", "Content-Type", "inform")
        if self.code == 304 and entity is not None:
            say("WSGI-HTTP-040", "a 304 response has fields of content", "those of RFC 9110 15.4.5", entity)
        if self.items > 100 and self.total < 64 * self.items:
            say("WSGI-STREAM-004", "the body comes in small pieces", "64 bytes an item", f"{self.items} items")

    # The end of the application's call

    def raised(self, error: BaseException, traceback_ends: bool) -> None:
        """Judge an exception that comes out of the application or its iterable."""
        if self.stopped is not None:
            return
        if self.rejected is not None:
            if error is not self.rejected and type(error) is not type(self.rejected):
                self.say("WSGI-EXC-015", "another exception left the application", "the one raised", error, "warn")
            return
        if not isinstance(self.environ, dict):
            return
        if traceback_ends and isinstance(error, TypeError):
            self.say("WSGI-CALL-005", "the application does not take two arguments", "environ, start_response", error)
        elif isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
            self._missing_key(error.args[0], error)
        elif isinstance(error, UnicodeError) and (row := self._unusual_bytes()):
            self.say(row, "bytes of the request are not coped with", "a response", error)
        if isinstance(error, Exception) and self.inform:
            self.say("WSGI-EXC-016", "the application does not trap its own error", "an error response", error)
            if self.unflushed:
                self.say("WSGI-ERRORS-011", "what was written to wsgi.errors was not flushed", "flush()", error)

    def _missing_key(self, key: str, error: KeyError) -> None:
        if key in self.environ:
            return
        if key in MAY_BE_EMPTY:
            self.say("WSGI-ENV-034", f"{key} is relied on", "absent and empty to be the same", error)
        elif optional_key.fullmatch(key):
            self.say("WSGI-ENV-033", f"{key} is relied on", "a fallback", error)

    def _unusual_bytes(self) -> str:
        """Return the row of the first part of the request that has such octets, '' where none has."""
        texts = [(key, value) for key, value in self.environ.items() if isinstance(value, str)]
        odd = {key for key, value in texts if environs.is_request(key) and beyond_ascii(value)}
        if "QUERY_STRING" in odd and "PATH_INFO" not in odd:
            return "WSGI-UNICODE-012"
        fields = all(key.startswith("HTTP_") for key in odd)
        return ("WSGI-UNICODE-013" if fields else "WSGI-UNICODE-009") if odd else ""

    def returned_after_rejection(self) -> None:
        """Judge output after start_response raised for exc_info."""
        self.say(
            "WSGI-EXC-015",
            "output follows although start_response raised",
            "the exception to propagate",
            self.rejected,
        )

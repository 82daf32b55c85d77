"""Mutants of start_response, the status and the text of the response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateproof.reference.answer import Answer, Headers
from gateproof.reference.wsgi import Server

from ..registry import mutant


def answering(answer: type[Answer]) -> type[Server]:
    """Return a reference server whose answers are of another class."""
    return type(answer.__name__, (Server,), {"answer_class": answer, "__module__": answer.__module__})


def fault(requirement: str, **options: Any) -> Callable[[type[Answer]], type[Answer]]:
    """Register a server with a faulty answer class."""

    def register(answer: type[Answer]) -> type[Answer]:
        mutant(requirement, **options)(answering(answer))
        return answer

    return register


class Lenient(Answer):
    """An answer that checks nothing: not a mutant, but where several begin."""

    def check_status(self, status: Any) -> None:
        """No check."""

    def check_headers(self, headers: Any) -> None:
        """No check."""


@fault("WSGI-START-001", also=["WSGI-EXC-001", "WSGI-EXC-004"])
class ThirdArgumentMeansError(Answer):
    """A third argument is taken for an exception whatever it is."""

    def start_response(self, *arguments: Any) -> Callable[[bytes], None]:  # type: ignore[override]
        """The fault."""
        if len(arguments) == 3:
            raise arguments[2][1]
        return super().start_response(*arguments)


@fault("WSGI-START-002")
class NoWrite(Answer):
    """start_response returns nothing."""

    def start_response(self, *arguments: Any) -> Any:  # type: ignore[override]
        """The fault."""
        super().start_response(*arguments)


@fault("WSGI-START-003", also=["WSGI-EXC-001", "WSGI-EXC-025"])
class HeaderAtOnce(Answer):
    """start_response sends the header."""

    def start_response(self, *arguments: Any) -> Callable[[bytes], None]:  # type: ignore[override]
        """The fault."""
        write = super().start_response(*arguments)
        if not self.head_sent and self.length is not None:
            self.send_head(None)
        return write


@fault("WSGI-START-004", also=["WSGI-EXC-027"])
class EmptyBlockReleasesTheHeader(Answer):
    """Every block releases the header."""

    def ready(self, block: bytes) -> bool:
        """The fault."""
        return True


@fault("WSGI-START-005", also=["WSGI-HTTP-006", "WSGI-HTTP-018"])
class NothingForNothing(Answer):
    """Without a block no header is sent."""

    def finish(self) -> None:
        """The fault."""
        if not self.head_sent:
            raise AssertionError("no block came")
        super().finish()


@fault("WSGI-START-007", also=["WSGI-START-009"])
class SecondCallOverwrites(Answer):
    """A second call takes the place of the first."""

    def start_response(self, *arguments: Any) -> Callable[[bytes], None]:  # type: ignore[override]
        """The fault."""
        self.called = False
        return super().start_response(*arguments)


@mutant("WSGI-START-008", also=["WSGI-START-023"])
class HeaderBeforeIteration(Server):
    """Wants to know the header before the first block is asked for."""

    def call(self, environ: dict[str, Any], answer: Answer) -> Any:
        """The fault."""
        result = super().call(environ, answer)
        if not answer.called:
            answer.start_response("200 OK", [])
            answer.called = False
            answer.send_head(None)
        return result


@fault("WSGI-START-009")
class CalledOnlyWhenValid(Answer):
    """A call that raised does not count."""

    def start_response(self, *arguments: Any) -> Callable[[bytes], None]:  # type: ignore[override]
        """The fault."""
        try:
            return super().start_response(*arguments)
        except (TypeError, ValueError):
            self.called = False
            raise


@fault(
    "WSGI-START-010",
    also=[
        *("WSGI-STATUS-012", "WSGI-STATUS-013", "WSGI-EXC-002"),
        *("WSGI-HEADERS-016", "WSGI-HEADERS-017", "WSGI-HEADERS-019", "WSGI-HEADERS-022"),
    ],
)
class ChecksWhenItSends(Answer):
    """Errors come out when the header is sent."""

    def start_response(self, status: str, headers: Headers, exc_info: Any = None, /) -> Callable[[bytes], None]:
        """The fault."""
        if self.called and exc_info is None:
            raise AssertionError
        self.called, self.status, self.headers = True, status, headers
        self.length = None
        return self.write

    def send_head(self, total: int | None) -> None:
        """Where it comes out."""
        self.check_status(self.status)
        self.check_headers(self.headers)
        self.keep(str(self.status), self.headers)
        super().send_head(total)


@fault("WSGI-START-011", also=["WSGI-STATUS-009"])
class KnownCodesOnly(Answer):
    """Has a table of codes."""

    def check_status(self, status: Any) -> None:
        """The fault."""
        super().check_status(status)
        if status[:3] not in ("200", "201", "204", "301", "302", "304", "400", "404", "500", "503"):
            raise ValueError("unknown code")


@fault("WSGI-START-012")
class StatusNone(Answer):
    """A missing status is written as None."""

    def consume(self, result: Any) -> None:
        """The fault."""
        if self.status is None and isinstance(result, list) and result:
            self.head_sent = True
            self.send(b"HTTP/1.1 None\r\nConnection: close\r\n\r\n" + result[0])
            return
        super().consume(result)


@fault("WSGI-START-024")
class NothingWithoutStartResponse(Answer):
    """A missing status closes the connection."""

    def consume(self, result: Any) -> None:
        """The fault."""
        self.broken = self.status is None and isinstance(result, list)
        super().consume(result)


@fault("WSGI-START-023")
class InventedSuccess(Answer):
    """A missing status is 200 OK."""

    def consume(self, result: Any) -> None:
        """The fault."""
        if self.status is None and isinstance(result, list):
            self.keep("200 OK", [])
        super().consume(result)


# -- STATUS


@fault("WSGI-STATUS-009", also=["WSGI-START-011"])
class UnknownCodesAre500(Answer):
    """Codes beyond the usual become 500."""

    def status_line(self) -> bytes:
        """The fault."""
        code = int((self.status or "")[:3])
        return b"HTTP/1.1 500 Error\r\n" if code in (299, 499, 599) else super().status_line()


@fault("WSGI-STATUS-010", also=["WSGI-START-010", "WSGI-STATUS-013", "WSGI-STATUS-015"])
@fault("WSGI-STATUS-015", also=["WSGI-START-010", "WSGI-STATUS-010", "WSGI-STATUS-013"])
class StatusUnchecked(Answer):
    """A status is written as it comes."""

    def check_status(self, status: Any) -> None:
        """The fault."""
        if type(status) is not str:
            raise TypeError("the status must be a str")
        self.latin1(status)


@fault("WSGI-STATUS-012", also=["WSGI-START-010", "WSGI-STATUS-013"])
class StatusByStr(Answer):
    """A status that is no str is made one."""

    def start_response(self, status: Any, headers: Headers, exc_info: Any = None, /) -> Callable[[bytes], None]:
        """The fault."""
        text = status.decode() if isinstance(status, bytes) else str(status)
        return super().start_response(text if " " in text else text + " Fine", headers, exc_info)


@fault("WSGI-STATUS-013", also=["WSGI-START-010"])
class AnyStatus(Answer):
    """A status without code and space is taken."""

    def check_status(self, status: Any) -> None:
        """The fault."""
        if type(status) is str and not any(ord(c) < 32 or ord(c) in (127, 0x20AC) for c in status):
            return
        super().check_status(status)


# -- UNICODE


@fault("WSGI-UNICODE-005")
class Utf8Header(Answer):
    """The header is sent as UTF-8."""

    def line(self, name: bytes, value: bytes) -> bytes:
        """The fault."""
        return super().line(name, value.decode("latin-1").encode("utf-8"))


@fault("WSGI-UNICODE-006")
class Replaced(Answer):
    """What has no latin-1 form becomes a question mark."""

    def latin1(self, text: str) -> bytes:
        """The fault."""
        return text.encode("latin-1", "replace")

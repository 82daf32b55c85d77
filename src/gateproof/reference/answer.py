"""The response side of the reference WSGI server: start_response, write, the header, the framing, the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from gateproof.reference.requests import Request

if TYPE_CHECKING:
    from gateproof.reference.wsgi import Server

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
STATUS = re.compile(r"[1-9][0-9][0-9] [^\x00-\x08\x0a-\x1f\x7f]*")
BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "trailers"}
    | {"transfer-encoding", "upgrade"}
)
Headers = list[tuple[str, str]]


class FileWrapper:
    """wsgi.file_wrapper: an iterable over the blocks of a file, which closes it."""

    def __init__(self, file: Any, block_size: int = 8192) -> None:
        """Wrap; nothing is read yet."""
        self.file, self.block_size = file, block_size
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        """Read blocks from where the file stands."""
        while block := self.file.read(self.block_size):
            yield block


class Answer:
    """One response."""

    def __init__(self, server: Server, request: Request, send: Callable[[bytes], object]) -> None:
        """Nothing is sent yet."""
        self.server, self.request, self._send = server, request, send
        self.status: str | None = None
        self.headers: Headers = []
        self.called = self.head_sent = self.complete = self.broken = False
        self.length: int | None = None
        self.sent = 0
        self.chunked = False
        self.close = not server.keep_alive or self.client_closes()

    def client_closes(self) -> bool:
        """Whether the client said, by version or option, that this is its last request."""
        words = self.request.words(b"connection")
        return b"close" in words or (self.request.is_1_0 and b"keep-alive" not in words)

    def send(self, octets: bytes) -> None:
        """Put octets on the wire."""
        try:
            self._send(octets)
        except OSError:
            self.broken = True
            raise

    # -- start_response

    def start_response(self, status: str, headers: Headers, exc_info: Any = None, /) -> Callable[[bytes], None]:
        """Take status and headers; PEP 3333, The start_response() Callable."""
        if exc_info is not None:
            try:
                if self.head_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.called:
            raise AssertionError("start_response was called twice without exc_info")
        self.called = True
        self.check_status(status)
        self.check_headers(headers)
        self.keep(status, headers)
        return self.write

    def keep(self, status: str, headers: Headers) -> None:
        """Remember them; what an earlier call gave is gone."""
        self.status, self.headers = status, list(headers)
        lengths = self.values("content-length")
        self.length = int(lengths[0]) if lengths else None

    def check_status(self, status: Any) -> None:
        """A str of three digits, a space and a phrase."""
        if type(status) is not str:
            raise TypeError(f"the status must be a str, not {type(status).__name__}")
        if not STATUS.fullmatch(status):
            raise ValueError(f"the status {status!r} is not three digits, a space and a phrase")
        self.latin1(status)

    def latin1(self, text: str) -> bytes:
        """The octets that a native string stands for."""
        return text.encode("latin-1")

    def check_headers(self, headers: Any) -> None:
        """A list of pairs of str."""
        if type(headers) is not list:
            raise TypeError(f"the headers must be a list, not {type(headers).__name__}")
        for item in headers:
            self.check_pair(item)
        self.check_lengths([value for name, value in headers if name.lower() == "content-length"])

    def check_pair(self, item: Any) -> None:
        """A tuple of name and value, both str."""
        if type(item) is not tuple or len(item) != 2 or not all(isinstance(part, str) for part in item):
            raise TypeError(f"a header must be a tuple of two str, not {item!r}")
        self.check_name(item[0])
        self.check_value(item[1])

    def check_name(self, name: str) -> None:
        """A token, and not one of the hop-by-hop fields, which are the server's."""
        if not TOKEN.fullmatch(name):
            raise ValueError(f"the header name {name!r} is not a token")
        if name.lower() in HOP_BY_HOP:
            raise AssertionError(f"the hop-by-hop header {name!r} belongs to the server")

    def check_value(self, value: str) -> None:
        """No control characters, and nothing beyond latin-1."""
        if BAD_VALUE.search(value):
            raise ValueError(f"the header value {value!r} has a control character")
        self.latin1(value)

    def check_lengths(self, values: list[str]) -> None:
        """One Content-Length at the most, of digits."""
        if len(values) > 1 or any(not re.fullmatch(r"[0-9]+", value) for value in values):
            raise ValueError(f"Content-Length is {values!r}")

    def values(self, name: str) -> list[str]:
        """Return the values of all headers of a name, whatever its case."""
        return [value for key, value in self.headers if key.lower() == name]

    # -- the body

    def write(self, data: bytes, /) -> None:
        """Send a block at once; PEP 3333, The write() Callable."""
        self.check_block(data)
        if self.status is None:
            raise AssertionError("write() before start_response()")
        if not self.head_sent:
            self.send_head(None)
        self.send_block(self.bounded(data))

    def check_block(self, data: Any) -> None:
        """Blocks are bytes."""
        if type(data) is not bytes:
            raise TypeError(f"a block must be bytes, not {type(data).__name__}")

    def bounded(self, data: bytes) -> bytes:
        """Cut a block where the announced length ends."""
        return data if self.length is None else data[: max(self.length - self.sent, 0)]

    def consume(self, result: Any) -> None:
        """Send the blocks of an iterable, each before the next one is asked for."""
        only = self.known_length(result)
        for block in self.iterate(result):
            self.check_block(block)
            if not self.ready(block):
                continue
            if self.status is None:
                raise AssertionError("a block came before start_response was called")
            if not self.head_sent:
                self.send_head(len(block) if only else None)
            self.send_block(self.bounded(block))
            if self.enough():
                break
        self.finish()

    def iterate(self, result: Any) -> Any:
        """Return the iterator over a result."""
        return iter(result)

    def known_length(self, result: Any) -> bool:
        """Whether there is just one block, so that its length is the body's."""
        return isinstance(result, (list, tuple)) and len(result) == 1

    def ready(self, block: bytes) -> bool:
        """Empty blocks neither release the header nor appear on the wire."""
        return bool(block)

    def enough(self) -> bool:
        """Whether the announced length has been reached, or there is no body to send."""
        return (self.length is not None and self.sent >= self.length) or not self.has_body()

    def has_body(self) -> bool:
        """HEAD, 204 and 304 have none."""
        return self.request.method != b"HEAD" and (self.status or "")[:3] not in ("204", "304")

    def send_block(self, data: bytes) -> None:
        """Put one block on the wire, in the framing that the header announced."""
        self.sent += len(data)
        if data and self.has_body():
            self.send(self.chunk(data) if self.chunked else data)

    def chunk(self, data: bytes) -> bytes:
        """One chunk."""
        return b"%x\r\n%s\r\n" % (len(data), data)

    def finish(self) -> None:
        """Send what is missing at the end of a response that went well."""
        if self.status is None:
            raise AssertionError("start_response was never called")
        if not self.head_sent:
            self.send_head(0)
        if self.chunked:
            self.send(self.last_chunk())
        self.complete = True
        if self.length is not None and self.sent < self.length and self.has_body():
            self.short()

    def last_chunk(self) -> bytes:
        """The end of a chunked body."""
        return b"0\r\n\r\n"

    def short(self) -> None:
        """Less came than was announced: only the end of the connection can say so."""
        self.complete = False

    # -- the header

    def send_head(self, total: int | None) -> None:
        """Send status line and header; `total` is the length of the body where we know it."""
        assert self.status is not None
        headers = [(self.latin1(name), self.latin1(value)) for name, value in self.outgoing()]
        headers += self.framing(total)
        headers += self.added()
        lines = b"".join(self.line(name, value) for name, value in headers)
        self.head_sent = True
        self.send(self.status_line() + lines + b"\r\n")

    def outgoing(self) -> Headers:
        """The application's headers, as they leave; a 204 has no length."""
        if (self.status or "").startswith("204"):
            return [item for item in self.headers if item[0].lower() != "content-length"]
        return self.headers

    def status_line(self) -> bytes:
        """The status line."""
        assert self.status is not None
        return b"HTTP/1.1 " + self.latin1(self.status) + b"\r\n"

    def line(self, name: bytes, value: bytes) -> bytes:
        """One field line."""
        return name + b": " + value + b"\r\n"

    def framing(self, total: int | None) -> list[tuple[bytes, bytes]]:
        """Say where the body ends, unless the application did; HEAD and bodiless answers need no word."""
        if self.length is not None or not self.has_body():
            return []
        if total is not None and self.may_compute():
            self.length = total
            return [(b"Content-Length", b"%d" % total)]
        if self.may_chunk():
            self.chunked = True
            return [(b"Transfer-Encoding", b"chunked")]
        self.close = True
        return []

    def may_compute(self) -> bool:
        """A length may be computed only where nothing was written before."""
        return True

    def may_chunk(self) -> bool:
        """Chunked coding is for HTTP/1.1 clients."""
        return not self.request.is_1_0

    def added(self) -> list[tuple[bytes, bytes]]:
        """What HTTP requires and the application left out."""
        more: list[tuple[bytes, bytes]] = []
        if not self.values("date"):
            more.append((b"Date", self.date()))
        if not self.values("server") and self.server_field():
            more.append((b"Server", self.server_field()))
        return more + self.connection_field()

    def date(self) -> bytes:
        """The date in the form of RFC 9110 5.6.7."""
        return formatdate(usegmt=True).encode("ascii")

    def server_field(self) -> bytes:
        """What we call ourselves."""
        return b"gateproof-reference"

    def connection_field(self) -> list[tuple[bytes, bytes]]:
        """Say that we close, or that we keep an HTTP/1.0 connection."""
        if self.close:
            return [(b"Connection", b"close")]
        return [(b"Connection", b"keep-alive")] if self.request.is_1_0 else []

    # -- failure

    def fail(self, status: bytes = b"500 Internal Server Error") -> None:
        """The application failed: an error where nothing was sent yet, a visible cut where something was."""
        self.complete = False
        self.close = True
        if self.head_sent or self.broken:
            return
        self.head_sent = True
        body = b"" if self.request.method == b"HEAD" else status
        length = b"Content-Length: %d\r\n" % len(status)
        head = b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain\r\n" + length
        self.send(head + b"Date: " + self.date() + b"\r\nConnection: close\r\n\r\n" + body)

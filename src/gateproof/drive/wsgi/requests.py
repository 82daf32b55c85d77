"""What a client asks and how a server may put it: the request, and every freedom that PEP 3333 leaves to the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Kind = Literal["function", "method", "object", "partial", "lambda"]
End = Literal["eof", "block", "gone"]

# RFC 3875 lets these be absent or empty where they have no value; the PEP says the same.
MAY_BE_EMPTY = ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH")
OPTIONAL = ("REMOTE_ADDR", "REMOTE_HOST", "REMOTE_PORT", "SERVER_SOFTWARE", "GATEWAY_INTERFACE", "REQUEST_SCHEME")


@dataclass(frozen=True)
class Request:
    """One request. Texts are native strings as PEP 3333 has them: one latin-1 character an octet, path decoded."""

    method: str = "GET"
    path: str = "/"
    query: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunked: bool = False

    def having(self, *fields: tuple[str, str]) -> Request:
        """Return the same request with further fields."""
        return replace(self, fields=(*self.fields, *fields))

    def octets(self) -> bytes:
        """Return the request as a client would have sent it, for people to read."""
        target = "".join(
            c if c.isascii() and c.isprintable() and c not in ' %?#"' else f"%{ord(c):02X}" for c in self.path
        )
        lines = [f"{self.method} {target}{'?' + self.query if self.query else ''} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.fields]
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self.body


@dataclass(frozen=True)
class Manner:
    """How the server behaves. Every value is legal: an application that breaks by one of them does not conform."""

    script_name: str = ""
    absent: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()
    extra: tuple[tuple[str, Any], ...] = ()
    protocol: str = "HTTP/1.1"
    scheme: str = "http"
    server: tuple[str, str] = ("localhost", "80")
    host: str | None = "localhost"
    multithread: bool = False
    multiprocess: bool = False
    run_once: bool = False
    file_wrapper: bool = False
    terminated: bool = False  # wsgi.input_terminated: reading may go on to the end of file
    reads: tuple[int, ...] = ()  # the most that each read gives, in turns; () gives whole reads
    end: End = "eof"  # what a read past the body meets: an end of file, a socket that waits, a client that left
    gone_at: int | None = None  # the client leaves after so many octets of its body
    sized_readline: bool = True  # PEP 333 servers take no size there
    start: Kind = "function"
    write: Kind = "function"
    meddles: bool = False  # the server changes the header list that it was given
    take: int | None = None  # so many items are asked for, then the client is gone and close() is called
    head: Literal["drain", "skip"] = "drain"  # whether the items of a HEAD response are asked for
    transmit: bool = True  # whether a wrapped file is read at all
    write_fails_at: int | None = None  # this call of write() finds the client gone
    lenient: bool = False  # streams have further methods, as those of most servers do

    def but(self, **changes: Any) -> Manner:
        """Return this manner with other values."""
        return replace(self, **changes)

    def lacking(self, *names: str) -> Manner:
        """Return the manner of a server that leaves these variables out, also where it gave them empty."""
        host = None if "HTTP_HOST" in names else self.host
        return self.but(empty=self.empty - {*names}, absent=self.absent | {*names}, host=host)

    def changes(self) -> dict[str, Any]:
        """Return what differs from the plain manner, by name."""
        return {key: value for key, value in vars(self).items() if value != getattr(PLAIN, key)}


PLAIN = Manner()


def make_environ(request: Request, manner: Manner = PLAIN, *, stream: Any, errors: Any) -> dict[str, Any]:
    """Return the environ of a request, as a server of this manner makes it: built-in dict, native strings."""
    name, port = manner.server
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": manner.script_name,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": name,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": manner.protocol,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": manner.scheme,
        "wsgi.input": stream,
        "wsgi.errors": errors,
        "wsgi.multithread": manner.multithread,
        "wsgi.multiprocess": manner.multiprocess,
        "wsgi.run_once": manner.run_once,
    }
    environ.update(_body_variables(request))
    environ.update(_field_variables(request, manner))
    if manner.terminated or request.chunked:
        environ["wsgi.input_terminated"] = True
    environ.update(manner.extra)
    for key in manner.empty:
        if not environ.get(key):
            environ[key] = ""
    for key in manner.absent:
        if key not in MAY_BE_EMPTY or not environ.get(key):
            environ.pop(key, None)
    return environ


def _body_variables(request: Request) -> Mapping[str, str]:
    if request.chunked:
        return {"HTTP_TRANSFER_ENCODING": "chunked"}
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        return {"CONTENT_LENGTH": str(len(request.body))}
    return {}


def _field_variables(request: Request, manner: Manner) -> Mapping[str, str]:
    """Return the variables of the fields; a repeated field is joined with a comma, a cookie with a semicolon."""
    found: dict[str, str] = {}
    fields = request.fields
    if manner.host is not None and not any(name.lower() == "host" for name, _ in fields):
        fields = (("Host", manner.host), *fields)
    for name, value in fields:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        glue = "; " if key == "HTTP_COOKIE" else ", "
        found[key] = f"{found[key]}{glue}{value}" if key in found else value
    return found

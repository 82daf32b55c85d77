"""Requests as octets: nothing is normalised, so that a check can send what no client library would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Field = tuple[bytes, bytes]
HOST: Field = (b"Host", b"localhost")


def build(
    method: bytes = b"GET",
    target: bytes = b"/",
    headers: Iterable[Field] = (HOST,),
    body: bytes | None = None,
    version: bytes = b"HTTP/1.1",
) -> bytes:
    """Return a request; a body gets a Content-Length unless the fields already frame it."""
    fields = list(headers)
    framed = any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in fields)
    if body is not None and not framed:
        fields.append((b"Content-Length", str(len(body)).encode("ascii")))
    head = method + b" " + target + b" " + version + b"\r\n"
    return head + b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\n" + (body or b"")


def get(target: bytes = b"/", *headers: Field, method: bytes = b"GET", version: bytes = b"HTTP/1.1") -> bytes:
    """Return a request without a body, with `Host: localhost` and further fields."""
    return build(method, target, (HOST, *headers), None, version)


def post(body: bytes, *headers: Field, target: bytes = b"/", version: bytes = b"HTTP/1.1") -> bytes:
    """Return a POST whose body is framed by its Content-Length."""
    return build(b"POST", target, (HOST, *headers), body, version)


def chunks(pieces: Sequence[bytes], trailers: bytes = b"") -> bytes:
    """Return a body in chunked coding, one chunk a piece; empty pieces are left out, as they would end it."""
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    return coded + b"0\r\n" + trailers + b"\r\n"


def chunked(pieces: Sequence[bytes], *headers: Field, target: bytes = b"/") -> bytes:
    """Return a POST in chunked coding."""
    fields = (HOST, (b"Transfer-Encoding", b"chunked"), *headers)
    return build(b"POST", target, fields, chunks(pieces))


def mark(request: bytes, fields: bytes) -> bytes:
    """Insert field lines right after the request line."""
    line, end, rest = request.partition(b"\r\n")
    return line + end + fields + rest


def looks_chunked(body: bytes) -> bool:
    """Tell whether a body parses completely as chunks, more than the last of them."""
    rest, chunks = body, 0
    while rest:
        size, line_end, rest = rest.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            return False
        if not line_end or length < 0 or rest[length : length + 2] != b"\r\n":
            return False
        rest, chunks = rest[length + 2 :], chunks + 1
        if not length:
            return not rest and chunks > 1
    return False

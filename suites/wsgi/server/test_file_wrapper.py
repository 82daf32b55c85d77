"""PEP 3333, Optional Platform-Specific File Handling: wsgi.file_wrapper."""

from __future__ import annotations

from typing import Any

from gateproof.check import requirement
from gateproof.exchange import Exchange
from gateproof.judge import Judge
from gateproof.scripts import Script, attempt, ok, start, wsgi
from gateproof.target import Server
from gateproof.wire.request import get

from .looking import after_the_head, body_of

CONTENT = b"0123456789" * 1000
OCTETS = ("Content-Type", "application/octet-stream")
CLOSE = (b"Connection", b"close")


def offered(server: Server) -> None:
    """End the check where there is no wrapper."""
    if "wsgi.file_wrapper" not in server.exchange(get(), ok()).call.environ:
        server.unsupported("the server supplies no wsgi.file_wrapper", lacks="file_wrapper")


def wrapping(content: bytes = CONTENT, headers: tuple[tuple[str, str], ...] = (), **file: Any) -> Script:
    """Return a script that returns a wrapped file; `file` as in the probe."""
    about = {"content": {"b": content.decode("latin-1")}, **file}
    if len(content) > 1000:
        about = {"size": len(content), **file}
    return wsgi(start("200 OK", [OCTETS, *headers]), kind="file_wrapper", file=about)


def expected(size: int = len(CONTENT)) -> bytes:
    """Return the content that the probe makes for a size."""
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


@requirement("WSGI-FILE-001", "WSGI-FILE-011")
def test_the_wrapper_is_callable(server: Server, judge: Judge) -> None:
    """With one positional argument or two."""
    there = "wsgi.file_wrapper" in server.exchange(get(), ok()).call.environ
    judge.reading("WSGI-FILE-011", f"wsgi.file_wrapper is {'supplied' if there else 'not supplied'}")
    if not there:
        judge.unsupported("WSGI-FILE-001", "the server supplies no wsgi.file_wrapper", lacks="file_wrapper")
        return
    for arguments in ((), (8,)):
        script = wsgi(
            attempt([["file_wrapper", *arguments]]), start("200 OK", [("Content-Length", "2")]), items=[b"ok"]
        )
        said = server.exchange(get(), script).call.first("file_wrapper")
        judge("WSGI-FILE-001", "raised" not in said, f"the wrapper takes a file and {len(arguments)} more", said)


@requirement("WSGI-FILE-002", "WSGI-FILE-005")
def test_any_file_like_object(server: Server, judge: Judge) -> None:
    """Something with read() alone, a BytesIO, a real file: the content arrives."""
    offered(server)
    for row, kind in (
        ("WSGI-FILE-005", "no_close"),
        ("WSGI-FILE-002", "read_only"),
        ("WSGI-FILE-002", "bytesio"),
        ("WSGI-FILE-002", "real"),
    ):
        arrives(server, judge, row, kind)


@requirement("WSGI-FILE-017")
def test_a_file_without_a_position(server: Server, judge: Judge) -> None:
    """A stream that cannot tell where it stands, a pipe: the content arrives."""
    offered(server)
    for kind in ("stream", "pipe"):
        arrives(server, judge, "WSGI-FILE-017", kind)


def arrives(server: Server, judge: Judge, row: str, kind: str) -> None:
    """Judge that the content of a file of a kind is the body."""
    x = server.exchange(get(), wrapping(kind=kind))
    seen = x.response.body if x.response else x.outcome
    told = seen if len(seen) < 200 else f"{len(seen)} octets"
    judge(row, seen == expected(), f"{len(CONTENT)} octets of a file ({kind})", told)


@requirement("WSGI-FILE-003")
def test_making_a_wrapper_sends_nothing(server: Server, judge: Judge) -> None:
    """A wrapper that is not returned leaves no trace."""
    offered(server)
    for kind in ("bytesio", "real"):
        script = wrapping(kind=kind, instead={"b": "instead"})
        x = server.exchange(get(), script)
        judge(
            "WSGI-FILE-003",
            x.response and x.response.body == b"instead",
            b"instead",
            x.response and x.response.body[:60],
        )


@requirement("WSGI-FILE-004")
def test_the_file_is_closed(server: Server, judge: Judge) -> None:
    """close() of the file-like object is called by the end of the request."""
    offered(server)
    for kind in ("bytesio", "real", "read_only"):
        with server.connect() as connection:
            x = connection.begin(get(), wrapping(kind=kind))
            connection.read(x)
            closed = connection.wait("file_close", 3.0, x)
            judge("WSGI-FILE-004", closed is not None, f"close() of the file ({kind})", [e.name for e in x.events])


@requirement("WSGI-FILE-006")
def test_a_wrapper_inside_another_iterable(server: Server, judge: Judge) -> None:
    """What middleware makes of its blocks is sent."""
    offered(server)
    x = server.exchange(get(), wrapping(b"small text", through=True))
    judge(
        "WSGI-FILE-006", x.response and x.response.body == b"SMALL TEXT", b"SMALL TEXT", x.response and x.response.body
    )


@requirement("WSGI-FILE-007", "WSGI-FILE-010", revision=2)
def test_transmission_starts_at_the_position(server: Server, judge: Judge) -> None:
    """Where the file stands when it is sent, whether it was moved before or after it was wrapped."""
    offered(server)
    for kind in ("bytesio", "real"):
        if server.exchange(get(), wrapping(CONTENT, (), kind=kind)).response is None:
            continue  # a file from its beginning does not arrive either
        for when in ("seek_before", "seek_after"):
            x = server.exchange(get(), wrapping(CONTENT, (), kind=kind, **{when: 5}))
            seen = x.response.body[:20] if x.response else x.outcome
            judge("WSGI-FILE-007", x.response and x.response.body == expected()[5:], expected()[5:25], seen)
            lengths = x.head.all(b"Content-Length") if x.head else []
            judge("WSGI-FILE-010", not lengths or lengths == [b"9995"], "9995 or none", lengths)
    judge.rest_blocked("no file arrives from its beginning either")


@requirement("WSGI-FILE-008", revision=2)
def test_transmission_ends_at_the_length(server: Server, judge: Judge) -> None:
    """At the end of the file, or after Content-Length octets."""
    offered(server)
    for kind in ("bytesio", "real"):
        x = _to_the_end(server, get(b"/", CLOSE), wrapping(headers=(("Content-Length", "7"),), kind=kind))
        body = body_of(x, x.received)
        failed = x.response is None or x.response.status >= 500
        judge("WSGI-FILE-008", failed or len(body) <= 7, "seven octets", body[:60])


@requirement("WSGI-FILE-009", revision=2)
def test_a_wrapper_is_like_any_iterator(server: Server, judge: Judge) -> None:
    """With and without it the same octets are sent, also for HEAD and 204."""
    offered(server)
    cases: list[tuple[bytes, str, tuple[tuple[str, str], ...]]] = [
        (get(), "200 OK", ()),
        (get(method=b"HEAD"), "200 OK", ()),
        (get(), "204 No Content", ()),
    ]
    cases += [(get(), "200 OK", (("Content-Length", "10000"),)), (get(version=b"HTTP/1.0"), "200 OK", ())]
    for request, status, headers in cases:
        seen = []
        for wrapped in (True, False):
            script = wrapping(headers=headers, kind="real", wrapped=wrapped)
            script["call"] = [start(status, [OCTETS, *headers])]
            response = server.exchange(request, script, timeout=2.0).response
            seen.append((response.status, response.body, response.complete) if response else None)
        judge(
            "WSGI-FILE-009",
            seen[0] == seen[1],
            f"{status}: the same with and without",
            [s and (s[0], len(s[1]), s[2]) for s in seen],
        )
    for request, status in ((get(b"/", CLOSE, method=b"HEAD"), "200 OK"), (get(b"/", CLOSE), "204 No Content")):
        leaked = _behind_the_head(server, request, status, wrapped=True)
        if leaked and not _behind_the_head(server, request, status, wrapped=False):
            judge("WSGI-FILE-009", False, f"no octet of a file behind the header of {status}", leaked[:60])
    written = {**wrapping(kind="real"), "call": [start("200 OK", [OCTETS]), ["write", {"b": "W"}]]}
    response = server.exchange(get(), written, timeout=2.0).response
    if response is not None and response.status == 200:
        seen_size = f"{response.body[:1]!r} and {len(response.body) - 1} octets"
        judge("WSGI-FILE-009", response.body == b"W" + expected(), f"b'W' and {len(CONTENT)} octets", seen_size)


def _behind_the_head(server: Server, request: bytes, status: str, *, wrapped: bool) -> bytes:
    """Return what is sent of a file behind the header of a response that has no body."""
    script = {**wrapping(kind="real", wrapped=wrapped), "call": [start(status, [OCTETS])]}
    x = _to_the_end(server, request, script)
    return after_the_head(x.received) if x.response is not None and x.response.status < 500 else b""


def _to_the_end(server: Server, request: bytes, script: Script) -> Exchange:
    """Return an exchange with all that comes until its connection ends."""
    with server.connect() as connection:
        x = connection.begin(request, script)
        connection.read(x, timeout=2.0)
        connection.ends(1.0)
    return x

"""RFC 9110, 15.5.1 and RFC 9112, 3: whose error a malformed request is."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.judge import Judge
from gateproof.target import Server

from .sending import Shape, lines, play, report

LINES = (
    b"GET",
    b"GET /first",
    b"GET /first HTTP/1",
    b"GET /first HTTP/x.1",
    b"GET /first HTTP/1.1 more",
    b"GET /first FOO/1.1",
    b"G(T /first HTTP/1.1",
    b"G\xe9T /first HTTP/1.1",
    b"GET first HTTP/1.1",
    b"GET /\xff\xfe HTTP/1.1",
    b"GET /%zz%f HTTP/1.1",
    b"GET http://[::1/first HTTP/1.1",
    b"GET http://localhost:port/first HTTP/1.1",
    b"GET // HTTP/1.1",
)
FIELDS = (
    b"no colon",
    b": no name",
    b"X A: 1",
    b"X-\xe9: 1",
    b"X-Nul: a\0b",
    b"Connection: \xff",
    b"Expect: the-unexpected",
    b"Content-Length: ten",
    b"Content-Length: 1, 1, x",
    b"Transfer-Encoding: \xff",
    b"Cookie: \xff\xfe=;",
    b"Content-Type: \xff",
)
HOSTS = (b"Host: [::1", b"Host: a:b:c", b"Host: localhost:port", b"Host: \xff", b"Host:")


def shapes() -> list[Shape]:
    """Return requests with one thing wrong, or at least odd."""
    found = [(repr(text), lines(line=text)) for text in LINES]
    found += [(repr(text), lines(text)) for text in FIELDS]
    return found + [(repr(text), b"GET /first HTTP/1.1\r\n" + text + b"\r\n\r\n") for text in HOSTS]


@requirement("FRAME-123")
def test_a_malformed_request_is_the_clients_error(server: Server, judge: Judge) -> None:
    """What is refused for its form is not refused as a failure of the server."""
    wrong = []
    for name, octets in shapes():
        sent = play(server, octets)
        if not sent.calls and sent.status == 500:
            wrong.append(f"{name}: {sent.told}")
    report(judge, "FRAME-123", wrong, "400, another status that names the client's error, or a close")

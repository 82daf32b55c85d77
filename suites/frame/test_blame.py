"""RFC 9110, 15.5.1 and RFC 9112, 3: whose error a malformed request is."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.judge import Judge
from gateproof.target import Server

from .sending import lines, play, report, served

LINES = (
    b"GET",
    b"GET /first",
    b"GET /first HTTP/1",
    b"GET /first HTTP/x.1",
    b"GET /first HTTP/1.1 more",
    b"GET /first FOO/1.1",
    b"G(T /first HTTP/1.1",
    b"G\xe9T /first HTTP/1.1",
)
TARGETS = (b"first", b"/\xff\xfe", b"/%zz%f", b"//", b"/first#part", b"/first?\xff")
AUTHORITIES = (b"[::1", b"a:b:c", b"localhost:port", b"localhost:99999", b"")
FIELDS = (
    b"no colon",
    b": no name",
    b"X A: 1",
    b"X-\xe9: 1",
    b"X-Nul: a\0b",
    b"Connection: \xff",
    b"Expect: the-unexpected",
    b"Cookie: \xff\xfe=;",
    b"Content-Type: \xff",
)


def requests() -> dict[str, list[bytes]]:
    """Return requests with one thing wrong, or at least odd, by the row of the part that is."""
    hosts = [b"GET /first HTTP/1.1\r\nHost: " + text + b"\r\n\r\n" for text in (*AUTHORITIES, b"\xff")]
    absolute = [lines(line=b"GET http://" + text + b"/first HTTP/1.1") for text in AUTHORITIES]
    return {
        "FRAME-123": [lines(line=text) for text in LINES],
        "FRAME-131": [lines(line=b"GET " + text + b" HTTP/1.1") for text in TARGETS],
        "FRAME-132": hosts + absolute,
        "FRAME-133": [lines(text) for text in FIELDS],
    }


@requirement("FRAME-123", "FRAME-131", "FRAME-132", "FRAME-133", "FRAME-134", revision=3)
def test_a_malformed_request_is_the_clients_error(server: Server, judge: Judge) -> None:
    """What is refused for its form is not refused as a failure of the server, and ends nobody."""
    deadly = []
    for row, odd in requests().items():
        wrong = []
        for octets in odd:
            deaths = len(server.deaths)
            sent = play(server, octets)
            after = served(server) if not sent.status else ""
            if after or len(server.deaths) > deaths:
                deadly.append(f"{octets!r}: {after or server.deaths[-1].outcome}")
            elif not sent.calls and sent.status == 500:
                wrong.append(f"{octets!r}: {sent.told}")
        report(judge, row, wrong, "400, another status that names the client's error, or a close")
    report(judge, "FRAME-134", deadly, "a server that serves others afterwards")

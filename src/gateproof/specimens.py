"""Requests that every server is sent at the end of a run with a report, so that servers can be laid side by side.

Nothing is judged by them: they only show what each made of the same octets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateproof import asgi_scripts, scripts
from gateproof.results import exchange_to_json
from gateproof.runner import HarnessError
from gateproof.wire.request import chunked, get, post

if TYPE_CHECKING:
    from gateproof.target import Server

WAIT_S = 1.0
REQUESTS = {
    "a plain GET": get(b"/"),
    "escapes in path and query": get(b"/a%20b/%2F%25/%C3%A9?q=%20+&x"),
    "octets that are no UTF-8": get(b"/%FF%FE?%FF"),
    "empty and dot segments": get(b"//a/./b/../c//"),
    "an absolute target": get(b"http://example.org/x?y"),
    "repeated fields": get(b"/", (b"X-A", b"1"), (b"x-a", b"2"), (b"Cookie", b"a=1"), (b"Cookie", b"b=2")),
    "a name with an underscore": get(b"/", (b"X_A", b"1"), (b"X-A", b"2")),
    "a value in latin-1": get(b"/", (b"X-Name", b"caf\xe9")),
    "a HEAD": get(method=b"HEAD"),
    "a method in lower case": get(method=b"get"),
    "HTTP/1.0": get(version=b"HTTP/1.0"),
    "a body with its length": post(b"body", (b"Content-Type", b"text/plain")),
    "a body in chunks": chunked([b"bo", b"dy"]),
}


def collect(server: Server, interface: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return for each request the key and the data of its exchange; a server that falls silent is asked no more."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    server.begin_check("specimens")
    for name, request in REQUESTS.items():
        try:
            x = server.exchange(request, _script(interface, request), timeout=WAIT_S)
        except (HarnessError, OSError):
            break
        found[name] = (x.id, exchange_to_json(x))
        if x.silent:
            break
    server.take_deaths()
    return found


def _script(interface: str, request: bytes) -> dict[str, Any]:
    """Answer, after a look at the body where there is one: some servers wait for more where there is none."""
    if interface == "asgi":
        return asgi_scripts.reading()
    body = request.partition(b"\r\n\r\n")[2]
    return scripts.wsgi(*([scripts.read_all()] if body else []), *scripts.ok()["call"], items=[b"ok"])

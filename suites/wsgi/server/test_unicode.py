"""PEP 3333, Unicode Issues: native strings that stand for octets, one character each."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gateproof.check import in_band, requirement, unproxied
from gateproof.draw import Draw
from gateproof.judge import Judge
from gateproof.scripts import ok, start, wsgi
from gateproof.target import Server
from gateproof.validate.wsgi.environ import CGI
from gateproof.wire.request import get, post

from ... import pools
from .looking import latin1, value


def beyond(environ: dict[Any, Any]) -> dict[Any, Any]:
    """Return the variables of CGI and the PEP that hold more than latin-1."""
    texts = {k: v for k, v in environ.items() if isinstance(k, str) and isinstance(v, str)}
    ours = {k: v for k, v in texts.items() if k in CGI or k.startswith("HTTP_") or k == "wsgi.url_scheme"}
    return {k: v for k, v in ours.items() if any(ord(c) > 255 for c in k + v)}


@in_band
@requirement("WSGI-UNICODE-001")
def test_native_strings_hold_latin1_only(server: Server, judge: Judge, draw: Draw) -> None:
    """Whatever octets a request has, no variable holds a code point above U+00FF."""

    def law(octets: bytes) -> None:
        quoted = pools.quote(octets)
        request = post(
            b"x",
            (b"X-Any", octets.strip() or b"a"),
            (b"Content-Type", b"a/" + quoted),
            target=b"/" + quoted + b"?" + quoted,
        )
        x = server.exchange(request, ok())
        if not x.refused:
            seen = beyond(x.call.environ)
            judge("WSGI-UNICODE-001", not seen, "code points up to U+00FF", seen)

    corpus = [b"\xc3\xa9", b"\xff\xfe", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"plain"]
    strange = st.binary(min_size=1, max_size=6).map(lambda o: bytes(c for c in o if c >= 0x80) or b"\x80")
    draw(law, strange, corpus)
    judge("WSGI-UNICODE-001", True)


@unproxied
@requirement("WSGI-UNICODE-002")
def test_path_info_keeps_every_octet(server: Server, judge: Judge, draw: Draw) -> None:
    """PATH_INFO holds the octets of the path, one character each, whatever they are."""

    def law(octets: bytes) -> None:
        x = server.exchange(get(b"/x" + pools.quote(octets)), ok())
        if not x.refused:
            seen = str(x.call.environ.get("SCRIPT_NAME", "")) + str(x.call.environ.get("PATH_INFO", ""))
            judge("WSGI-UNICODE-002", seen == "/x" + latin1(octets), "/x" + latin1(octets), seen)

    blocks = [bytes(range(start, start + 32)).replace(b"/", b"").replace(b".", b"") for start in range(0x20, 0x100, 32)]
    draw(law, pools.path_octets, [b"\xc3\xa9", b"\xff", b"\xe9", b"\xc3", *blocks])
    judge.rest_blocked("every such path was refused")


@unproxied
@requirement("WSGI-UNICODE-004")
def test_raw_octets_in_the_target(server: Server, judge: Judge, draw: Draw) -> None:
    """Octets that a target must not have are refused or delivered as latin-1."""

    def law(octets: bytes) -> None:
        x = server.exchange(get(b"/" + octets + b"?q=" + octets), ok(), timeout=2.0)
        for call in x.calls:
            seen = (value(call.environ, "PATH_INFO"), value(call.environ, "QUERY_STRING"))
            wanted = (latin1(b"/" + octets), latin1(b"q=" + octets))
            judge("WSGI-UNICODE-004", seen == wanted, wanted, seen)

    draw(
        law, st.sampled_from([b"\xc3\xa9", b"\xe9", b"\xff\xff", b"a\xe2\x82\xac"]), [b"\xc3\xa9", b"\xe9"], examples=4
    )
    judge("WSGI-UNICODE-004", True)


@requirement("WSGI-UNICODE-005")
def test_response_fields_are_sent_as_latin1(server: Server, judge: Judge, draw: Draw) -> None:
    """A header value of the application leaves as its latin-1 octets."""

    def law(text: str) -> None:
        x = server.exchange(get(), ok(b"ok", ("X-Latin", text)))
        seen = x.answer.get(b"X-Latin")
        judge("WSGI-UNICODE-005", seen == text.encode("latin-1"), text.encode("latin-1"), seen)

    texts = st.lists(st.sampled_from("a\xa0\xe9\xff\xb5\xc3\xa9"), min_size=1, max_size=5).map(
        lambda c: "x" + "".join(c) + "y"
    )
    draw(law, texts, ["caf\xe9", "x\xc3\xa9y", "x\xffy"])


@requirement("WSGI-UNICODE-006")
def test_text_beyond_latin1_is_an_error(server: Server, judge: Judge) -> None:
    """A status or header that has no latin-1 form raises or gives an error, and is not sent."""
    euro = "\u20ac"
    cases: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("a header", "200 OK", [("X-A", f"a{euro}b")]),
        ("a status", f"200 O{euro}K", []),
    ]
    for name, status, headers in cases:
        script = wsgi(start(status, [*headers, ("Content-Length", "2")]), items=[b"ok"])
        x = server.exchange(get(), script)
        sent = x.response.head if x.response else x.partial
        raised = any("raised" in said for call in x.calls for said in call.named("start"))
        good = raised or x.response is None or x.response.status >= 500
        judge("WSGI-UNICODE-006", good, f"start_response raises, or a 5xx, for {name}", f"{x.outcome}: {sent!r}")
        leaked = b"\xe2\x82\xac" in sent or b"a?b" in sent or b"O?K" in sent
        judge("WSGI-UNICODE-006", not leaked, f"nothing on the wire that resembles {name}", sent)

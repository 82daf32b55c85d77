"""The grammar of response fields: what is a value, and what is none."""

from __future__ import annotations

import pytest

from gateproof.wire.grammar import malformed

GOOD = (
    *((b"ETag", value) for value in (b'"a"', b'W/"a"', b'""')),
    *((b"content-type", value) for value in (b"text/plain", b"text/html; charset=utf-8", b'a/b;q="x; y"', b"a/b;")),
    *((b"content-range", value) for value in (b"bytes 0-1/2", b"bytes 0-1/*", b"bytes */2")),
    *((b"vary", value) for value in (b"*", b"a", b"a, b", b"a,b", b", a", b"")),
    *(
        (b"location", value)
        for value in (b"", b"/", b"//a/b?c#d", b"http://a/%20", b"/caf%C3%A9|x", b"http://caf\xc3\xa9:99/x")
    ),
    *((b"access-control-allow-origin", value) for value in (b"*", b"null", b"http://localhost:80", b"capacitor://a")),
    (b"last-modified", b"Sat, 01 Jan 2022 00:00:00 GMT"),
    (b"retry-after", b"120"),
    (b"allow", b"GET, HEAD"),
    (b"expires", b"0"),
)
BAD = (
    *((b"etag", value) for value in (b"a", b"w/a", b'w/"a"', b'"a', b'"a"b"')),
    *((b"content-type", value) for value in (b"", b"text", b"/", b"text/")),
    *((b"content-range", value) for value in (b"*/2", b"bytes 0-1", b"bytes=0-1/2", b"bytes */*")),
    *((b"last-modified", value) for value in (b"2022-01-01", b"Sat, 01 Jan 2022 00:00:00 +0000")),
    *((b"location", value) for value in (b"/a b", b"/caf\xc3\xa9", b"http://a/\xc3\xa9")),
    (b"access-control-allow-origin", b"http://a, http://b"),
    (b"allow", b"GET HEAD"),
)


@pytest.mark.parametrize("field", GOOD)
def test_values(field: tuple[bytes, bytes]) -> None:
    """What the grammar admits is not malformed."""
    assert malformed([field]) == ""


@pytest.mark.parametrize("field", BAD)
def test_what_is_none(field: tuple[bytes, bytes]) -> None:
    """What it does not admit is, and its name is told."""
    assert malformed([field]).startswith(field[0].decode())

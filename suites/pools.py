"""Pools of interesting words from which requests are drawn: few draws a case, never a regular expression."""

from __future__ import annotations

from hypothesis import strategies as st

UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
HEX = b"0123456789ABCDEF"


def quote(octets: bytes, keep: bytes = UNRESERVED) -> bytes:
    """Percent-encode every octet that is not to be kept."""
    return b"".join(bytes([o]) if o in keep else b"%%%02X" % o for o in octets)


SEGMENTS = [b"a", b"index.html", b"a%20b", b"%41", b"a+b", b"a;b=c", b"@:", b"%25", b"%2541", b"~u", b"a,b", b"!$&'()*"]
RAW_QUERIES = [
    b"",
    b"a=b",
    b"x=%20y&q=%C3%A9+a?b;c",
    b"?",
    b"a=/../b",
    b"%zz",
    b"a&&b",
    b"=",
    b"%00",
    b"a%3Fb",
    b"+",
    b"a[]=1",
]
TOKENS = [
    b"X-Foo-bar",
    b"x-lower",
    b"X-UPPER",
    b"X-1",
    b"X.Y",
    b"X!#$%&'*+^`|~",
    b"Accept-Thing",
    b"If-None-Such",
    b"X--Y",
]
VALUES = [
    b"1",
    b"a, b",
    b"caf\xe9",
    b"\xc3\xa9",
    b'"quoted, text"',
    b"a\tb",
    b"a  b",
    b";=",
    b"\x80\xff",
    b"x" * 300,
    b"%41",
]

segments = st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=4)
paths = st.builds(lambda parts, slash: b"/" + b"/".join(parts) + slash, segments, st.sampled_from([b"", b"/"]))
queries = st.builds(
    lambda a, b: a + b, st.sampled_from(RAW_QUERIES), st.sampled_from([b"", b"&z=1", b"#".replace(b"#", b"%23")])
)
field_names = st.builds(lambda a, b: a + b, st.sampled_from(TOKENS), st.sampled_from([b"", b"-2", b"-Z"]))
field_values = st.builds(lambda a, b: a + b, st.sampled_from(VALUES), st.sampled_from([b"", b"y", b"\xe9z"]))
path_octets = st.binary(min_size=1, max_size=12).map(lambda octets: bytes(o for o in octets if o not in b"/.\x00"))
bodies = st.one_of(
    st.sampled_from([b"", b"a", b"\r\n", b"\x00\xff", b"x" * 4096, b"y" * 8193, b"z" * 65537]), st.binary(max_size=64)
)

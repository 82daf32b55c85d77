"""The grammar of response fields whose value is one thing: RFC 9110, and Fetch for the origin that is allowed."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

Field = tuple[bytes, bytes]
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TOKENS = rb"(?:[ \t]*,[ \t]*)*(?:%b(?:[ \t]*,[ \t]*(?:%b)?)*)?" % (_TOKEN, _TOKEN)
_DAY, _MONTH = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)", rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE = rb"%b, \d\d %b \d{4} \d\d:\d\d:\d\d GMT" % (_DAY, _MONTH)
# What none of these admits is no value of the field; what they admit may still be none, as they are lenient.
# Of dates a sender gives the one form (5.6.7); Expires may be anything that a cache takes for the past.
GRAMMARS = {
    name: re.compile(pattern)
    for name, pattern in {
        b"accept-ranges": _TOKENS,  # 14.3
        b"access-control-allow-origin": rb"\*|null|[A-Za-z][A-Za-z0-9+.-]*://[^\x00-\x20\x7f-\xff/,]+",
        b"allow": _TOKENS,  # 10.2.1
        b"content-encoding": _TOKENS,  # 8.4
        b"content-range": rb"%b (?:\d+-\d+/(?:\d+|\*)|\*/\d+)" % _TOKEN,  # 14.4
        b"content-type": rb"%b/%b[ \t]*(?:;.*)?" % (_TOKEN, _TOKEN),  # 8.3.1
        b"date": _DATE,  # 6.6.1
        b"etag": rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"',  # 8.8.3
        b"last-modified": _DATE,  # 8.8.2
        # 10.2.2: no URI has octets beyond ASCII or spaces; its authority may be the Host that was asked for
        b"location": rb"(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*)?[\x21-\x7e]*",
        b"retry-after": rb"\d+|%b" % _DATE,  # 10.2.3
        b"vary": _TOKENS,  # 12.5.5
    }.items()
}

TAGS, DATES = frozenset({b"etag"}), frozenset({b"date", b"last-modified"})
OTHERS = frozenset(GRAMMARS) - TAGS - DATES
BREAKS = frozenset(b"\r\n\0")


def malformed(fields: Iterable[Field], names: Container[bytes] = GRAMMARS) -> str:
    """Return those of the fields whose value is none, in words; '' where every value is one. Names are of any case."""
    found = []
    for name, value in fields:
        grammar = GRAMMARS.get(name.lower()) if name.lower() in names else None
        broken = bool(BREAKS & set(value))  # which is another matter, and a worse one
        if grammar is not None and not broken and not grammar.fullmatch(value.strip(b" \t")):
            found.append(f"{name.decode('latin-1')}: {value[:80]!r}")
    return ", ".join(found)

"""What HTTP says of conditions on an answer, and of 304, by which the client has it: RFC 9110 13 and 15.4.5.

The laws are like those of `selecting`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from .selecting import OTHER_TAG, Field, Selected, Way

FUTURE = b"Fri, 01 Jan 2100 00:00:00 GMT"
PAST = b"Fri, 02 Jan 1970 00:00:00 GMT"
CONDITIONS: tuple[tuple[tuple[Field, ...], str], ...] = (
    (((b"if-none-match", OTHER_TAG),), "the tag is another"),
    (
        ((b"if-none-match", OTHER_TAG), (b"if-modified-since", FUTURE)),
        "the tag is another, and counts for more than the date",
    ),
)
OLDER = (((b"if-modified-since", PAST),), "it was modified since")
TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
# What a 304 has of the fields that the answer has; Date may be the server's.
REPEATED = (b"etag", b"vary", b"cache-control", b"content-location", b"expires")


def held(way: Way) -> Iterator[tuple[str, str]]:
    """Who has another version than the answer's gets the answer (13.1.2, 13.1.3)."""
    for fields, reason in (*CONDITIONS, *([OLDER] if _modified_after(way.whole, PAST) else [])):
        status = way.ask(*fields).status
        yield f"{way.name} as usual: {reason}", f"status {status}" if status in (304, 412) else ""


def matched(way: Way) -> Iterator[tuple[str, str]]:
    """Who finds the answer's tag alone finds it in a list, and as a weak one (13.1.2, 8.8.3.2)."""
    tag = b"".join(way.whole.values(b"etag"))
    yield f"304 for every spelling of {tag!r}, where it is for one", ""
    alone = TAG.fullmatch(tag)
    if alone is None or not _known(way, tag):
        return
    lists = (OTHER_TAG + b", " + tag, tag + b", " + OTHER_TAG, OTHER_TAG + b"," + tag)
    for tags in dict.fromkeys((*lists, b"W/" + alone[1], alone[1])):
        status = way.ask((b"if-none-match", tags)).status
        wrong = status == 200 and _known(way, tag)
        yield (
            f"304 for If-None-Match: {tags!r} at {way.name}",
            "status 200; it is 304 for the tag alone" if wrong else "",
        )


def repeated(way: Way) -> Iterator[tuple[str, str]]:
    """A 304 says again what a cache keeps the answer by (15.4.5)."""
    yield f"a 304 of {way.name} like its answer, where there is one", ""
    for name, condition in ((b"etag", b"if-none-match"), (b"last-modified", b"if-modified-since")):
        for value in way.whole.values(name)[:1]:
            seen = way.ask((condition, value))
            if seen.status == 304:
                lost = [each.decode() for each in REPEATED if way.whole.values(each) and not seen.values(each)]
                wanted = f"the fields of the answer in the 304 of {way.name}, by {condition.decode()}"
                yield wanted, f"without {', '.join(lost)}" if lost else ""


def _known(way: Way, tag: bytes) -> bool:
    return way.ask((b"if-none-match", tag)).status == 304


def _modified_after(answer: Selected, date: bytes) -> bool:
    """Tell whether an answer says that it was modified after a date."""
    told = b"".join(answer.values(b"last-modified"))
    try:
        return parsedate_to_datetime(told.decode("latin-1")) > parsedate_to_datetime(date.decode())
    except (ValueError, TypeError):
        return False

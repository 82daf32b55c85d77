"""What HTTP says of the answer that an application selects: parts of it, conditions on it, and its coding.

RFC 9110 12 to 15. Each law asks one way for its answer again, with further fields, and says of each time what was
wanted, and what is wrong in words, or ''.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

Field = tuple[bytes, bytes]

OTHER_TAG = b'"gateproof-no-such-tag"'
RANGES = (b"0-0", b"0-1", b"1-2", b"1-", b"-1", b"0-0,2-2", b"0-999999999", b"-999999999")
# Origins that are often allowed, and one that is not.
ORIGINS = (
    *(b"http://elsewhere.example", b"https://example.org", b"https://example.com", b"http://localhost"),
    *(b"http://localhost:3000", b"http://localhost:8000"),
)
OTHER_ORIGIN = b"https://gateproof-no-such-origin.example"
ALLOWED = b"access-control-allow-origin"
CODINGS = b"gzip, deflate, br, zstd"
REFUSED = (b"identity", b"gzip;q=0, deflate;q=0, br;q=0, zstd;q=0")
SPAN = re.compile(rb"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
# Values that are no dates, ranges, lists, credentials, types, addresses or hosts, whatever their fields promise.
UNPARSED: dict[str, tuple[Field, ...]] = {
    "conditions": (
        *((b"if-modified-since", value) for value in (b"yesterday", b"", b"0", b"Fri, 32 Foo 2100 25:00:00 GMT")),
        *((b"if-none-match", b'x, "'), (b"if-range", b"yesterday"), (b"if-unmodified-since", b"-1")),
        (b"if-modified-since", b"Fri, 01 Jan 99999 00:00:00 GMT"),
    ),
    "ranges": (
        *((b"range", value) for value in (b"bytes=x-", b"bytes=--1", b"bytes=", b"=", b"bytes=1-0,-", b"lines=0-")),
        (b"range", b"bytes=0-,0-,0-"),
    ),
    "wishes": (
        *((b"accept", b";q=,/"), (b"accept-language", b"*;q=x"), (b"accept-encoding", b"gzip;q=x")),
        *((b"accept-charset", b"x-none;q=2"), (b"user-agent", b""), (b"traceparent", b"00-x")),
        *((b"accept", b"a/b;q=inf"), (b"accept", b'a/b;x="'), (b"cache-control", b"="), (b"max-forwards", b"x")),
        *((b"origin", b"http://[::1"), (b"referer", b"http://[::1")),
    ),
    "credentials": (
        *((b"authorization", value) for value in (b"Basic !!!", b"", b"Basic", b"Basic ab", b"Basic /zo=")),
        *((b"authorization", value) for value in (b"Digest", b'Digest a="', b"Bearer")),
    ),
    "cookies": (
        *((b"cookie", value) for value in (b"=; ;;a", b"a,b=c", b'a="', b'a="\\400"', b"$Version=1")),
        # Cookies that frameworks sign: what is not theirs has no signature.
        *((b"cookie", b"session=x; sessionid=x; csrftoken=x; messages=x"), (b"cookie", b"session=eyJhIjoxfQ.x.y")),
    ),
    "types": (
        *((b"content-type", value) for value in (b"multipart/form-data", b"text/plain; charset=x-none", b"/", b";")),
        *((b"content-type", b"multipart/form-data; boundary"), (b"content-type", b"a/b; q*=UTF-8''%ff")),
        *((b"content-type", b"text/plain; charset=hex"), (b"content-range", b"bytes */-1")),
    ),
    "proxies": (
        *((b"forwarded", b"=;"), (b"forwarded", b"")),
        *((b"x-forwarded-for", b", unknown"), (b"x-forwarded-port", b"port"), (b"x-forwarded-proto", b"")),
        *((b"x-forwarded-host", value) for value in (b"", b":", b"[::1", b"else.example:port")),
    ),
    "hosts": tuple(
        (b"host", value)
        for value in (
            *(b"", b"a b", b"[::1", b"[::1]:80", b"else.example:", b"else.example:port", b"@", b"/", b"a,b"),
            *(b"::1", b"else.example:-1", b"[]"),
        )
    ),
}
SOME = 4  # cookies of an answer that are looked at
BOUNDARY = re.compile(rb'multipart/byteranges.*;\s*boundary="?([^";\s]{1,70})', re.IGNORECASE | re.DOTALL)


def torn(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Return request fields with the cookies that these fields of an answer set, and nothing of what they held."""
    names = dict.fromkeys(value.partition(b"=")[0].strip() for name, value in fields if name.lower() == b"set-cookie")
    return tuple((b"cookie", name + b"=x") for name in names if name)[:SOME]


@dataclass(frozen=True)
class Selected:
    """An answer, whatever the interface: names of fields in lower case."""

    status: int
    fields: tuple[Field, ...]
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        """Return the values of a field."""
        return [value for each, value in self.fields if each == name]

    def words(self, name: bytes) -> list[bytes]:
        """Return the members of a list field, in lower case."""
        return [word.strip().lower() for value in self.values(name) for word in value.split(b",") if word.strip()]

    @property
    def codings(self) -> list[bytes]:
        """The content codings, without the one that is none."""
        return [word for word in self.words(b"content-encoding") if word != b"identity"]


@dataclass(frozen=True)
class Way:
    """A way to an answer: what it is called, how it is asked with further fields, and what comes without them."""

    name: str
    ask: Callable[..., Selected]
    whole: Selected


Law = Callable[[Way], Iterator[tuple[str, str]]]


def judged(judge: Callable[[str, bool, str, str], object], way: Way, laws: Mapping[str, Law]) -> None:
    """Judge each row by its law."""
    for row, law in laws.items():
        for wanted, wrong in law(way):
            judge(row, not wrong, wanted, wrong)


def parts(way: Way) -> Iterator[tuple[str, str]]:
    """A part is the part that it says (14.4, 15.3.7)."""
    return _by_ranges(way, _wrong_part)


def missed(way: Way) -> Iterator[tuple[str, str]]:
    """What is there is not refused (14.1.2, 15.5.16)."""
    return _by_ranges(way, _refused_part)


def told(way: Way) -> Iterator[tuple[str, str]]:
    """Who refuses a range says how many octets there are (15.5.17)."""
    return _by_ranges(way, _untold)


def _by_ranges(way: Way, judged: Callable[[bytes, Selected, Selected], str]) -> Iterator[tuple[str, str]]:
    length = len(way.whole.body)
    # The last octet, and what is behind it.
    edge = [b"%d-%d" % (length - 1, length - 1), b"%d-" % (length - 1), b"%d-" % length] if length else []
    for ranges in (*RANGES, *edge):
        seen = way.ask((b"range", b"bytes=" + ranges))
        yield f"{ranges!r} of {way.name}", judged(ranges, seen, way.whole)


def joined(way: Way) -> Iterator[tuple[str, str]]:
    """Where there are parts, If-Range with another tag gets none, and with its own gets one (13.1.5)."""
    part = (b"range", b"bytes=0-1")
    if way.ask(part).status != 206:
        return
    own = _strong(way.whole.values(b"etag"))
    for tag in (OTHER_TAG, *own):
        wrong = _wrong_if_range(tag, own, way.ask(part, (b"if-range", tag)))
        yield f"If-Range: {tag!r} at {way.name}", wrong


def named(way: Way) -> Iterator[tuple[str, str]]:
    """Who encodes says in Vary that it hangs on the request (12.5.5)."""
    yield f"Vary: Accept-Encoding at {way.name}", _unnamed(way.whole, way.ask((b"accept-encoding", CODINGS)))


def allowed(way: Way, origins: Iterable[bytes] = ORIGINS) -> Iterator[tuple[str, str]]:
    """Who allows the origin that asks, and not every one, says in Vary that it hangs on the request (12.5.5)."""
    yield f"Vary: Origin at {way.name}, where some are allowed", ""
    other = way.ask((b"origin", OTHER_ORIGIN))
    if way.whole.status != 200 or other.status != 200:
        return
    for origin in dict.fromkeys(origins):
        seen = way.ask((b"origin", origin))
        if seen.status != 200 or seen.values(ALLOWED) != [origin] or other.values(ALLOWED) == [origin]:
            continue
        told = {b"origin", b"*"} & set(seen.words(b"vary")) or b"no-store" in seen.words(b"cache-control")
        wrong = f"Vary {seen.values(b'vary')}; {OTHER_ORIGIN!r} gets {other.values(ALLOWED)}"
        yield f"Vary: Origin at {way.name}, where {origin!r} is allowed", "" if told else wrong


def refused(way: Way) -> Iterator[tuple[str, str]]:
    """Nothing is encoded for who takes no coding (12.5.3)."""
    for refusal in REFUSED:
        seen = way.ask((b"accept-encoding", refusal))
        yield f"no coding for Accept-Encoding: {refusal!r}", _unwanted(way.whole, seen)


def _wrong_part(ranges: bytes, seen: Selected, whole: Selected) -> str:
    """Judge the answer to a range of an answer that is known as a whole."""
    within = _within(ranges, whole)
    if seen.status != 206 or seen.codings != whole.codings:
        return ""
    kind = b"".join(seen.values(b"content-type"))
    several = BOUNDARY.match(kind)
    if several is None:
        return _wrong_span(seen.values(b"content-range"), seen.body, whole.body, within)
    if b"," not in ranges:
        return "several parts, and one was asked for"
    parts = list(_parts(seen.body, several[1]))
    if not parts:
        return f"no part between its boundaries: {seen.body[:80]!r}"
    return next((wrong for fields, body in parts if (wrong := _wrong_span(fields, body, whole.body, within))), "")


def _within(ranges: bytes, whole: Selected) -> list[tuple[int, int]]:
    return [span for each in ranges.split(b",") if (span := _span(each, len(whole.body)))]


def _refused_part(ranges: bytes, seen: Selected, whole: Selected) -> str:
    """Judge whether one range that names some octets is refused."""
    there = b"," not in ranges and _within(ranges, whole)
    return f"416, and there are {len(whole.body)} octets" if seen.status == 416 and there else ""


def _untold(ranges: bytes, seen: Selected, whole: Selected) -> str:
    """Judge what 416 says of the length (15.5.17, and the grammar of 14.4)."""
    told = seen.values(b"content-range")
    if seen.status != 416 or told == [b"bytes */%d" % len(whole.body)]:
        return ""
    return f"416 with Content-Range {told}, and there are {len(whole.body)} octets"


def _wrong_span(told: list[bytes], body: bytes, whole: bytes, asked: list[tuple[int, int]]) -> str:
    match = SPAN.fullmatch(told[0].strip()) if len(told) == 1 else None
    if match is None:
        return f"Content-Range {told}"
    first, last = int(match[1]), int(match[2])
    if match[3] != b"*" and int(match[3]) != len(whole):
        return f"Content-Range {told[0]!r} of {len(whole)} octets"
    if body != whole[first : last + 1] or first > last:
        return f"Content-Range {told[0]!r}, and {len(body)} octets that are not these: {body[:40]!r}"
    if len(asked) == 1 and (first, last) != asked[0]:
        return f"Content-Range {told[0]!r}, asked for was {asked[0][0]}-{asked[0][1]}"
    return ""


def _span(word: bytes, length: int) -> tuple[int, int] | None:
    """Return the first and last octet that a range names, None where it names none of so many."""
    first, _, last = word.strip().partition(b"-")
    if not first:
        return (max(0, length - int(last)), length - 1) if length and int(last) else None
    found = int(first), min(int(last), length - 1) if last else length - 1
    return found if found[0] <= found[1] else None


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[list[bytes], bytes]]:
    """Return the Content-Range and the octets of each part."""
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if part.startswith(b"--"):
            return
        head, empty, octets = part.partition(b"\r\n\r\n")
        lines = [line.partition(b":") for line in head.split(b"\r\n")]
        yield [value for name, _, value in lines if empty and name.strip().lower() == b"content-range"], octets


def _wrong_if_range(tag: bytes, own: list[bytes], seen: Selected) -> str:
    """Judge the answer to a range, where it was a part, under a condition: the answer's own tag or another one."""
    if tag not in own:
        return "a part, and the tag is another" if seen.status == 206 else ""
    return f"status {seen.status}, and the tag is that of the answer" if seen.status == 200 else ""


def _strong(tags: Iterable[bytes]) -> list[bytes]:
    """Return the tags that If-Range may name."""
    return [tag for tag in tags if tag.startswith(b'"') and tag.endswith(b'"') and len(tag) > 1]


def _unnamed(plain: Selected, coded: Selected) -> str:
    """Judge two answers, the first of them to a request without Accept-Encoding: who selects by it says so."""
    if plain.status != 200 or coded.status != 200 or plain.codings or not coded.codings:
        return ""
    for seen, asked in ((plain, "without Accept-Encoding"), (coded, "with it")):
        varies = {b"accept-encoding", b"*"} & set(seen.words(b"vary"))
        if not varies and b"no-store" not in seen.words(b"cache-control"):
            return f"{asked}: Vary {seen.values(b'vary')}; the other one is encoded differently"
    return ""


def _unwanted(plain: Selected, seen: Selected) -> str:
    """Judge an answer to who refuses every coding, where there is an answer without one."""
    if plain.status != 200 or seen.status != 200 or plain.codings:
        return ""
    return f"Content-Encoding {seen.values(b'content-encoding')}" if seen.codings else ""

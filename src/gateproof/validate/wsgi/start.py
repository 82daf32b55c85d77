"""What an application gives to start_response: status, header list, exc_info. What was found clean is remembered."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import TracebackType

Say = Callable[..., None]

KEPT = 1024
# Kinds of fields that the rest of the call needs to know about.
PLAIN, LENGTH, TYPE, NOTED = range(4)
KINDS = {
    "content-length": LENGTH,
    "content-type": TYPE,
    "content-encoding": NOTED,
    "content-language": NOTED,
    "content-md5": NOTED,
    "content-range": NOTED,
    "allow": NOTED,
}
# RFC 2616, to which the PEP refers, spells Trailers; RFC 9110 spells Trailer.
HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "upgrade",
    ]
)
TOKEN_CHARACTERS = "!#$%&'*+.^_`|~0-9A-Za-z-"  # noqa: S105 a token of RFC 9110
token = re.compile(f"[{TOKEN_CHARACTERS}]+").fullmatch
token_end = re.compile(f".*[{TOKEN_CHARACTERS}]", re.DOTALL).fullmatch
control = re.compile(r"[\x00-\x1f\x7f]").search
break_or_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
code = re.compile(r"[0-9]{3}(?![0-9A-Za-z])").match

STATUSES: dict[str, int] = {}
NAMES: dict[str, int] = {}

# What a server should have refused, by what the application broke.
REFUSALS = {
    "WSGI-STATUS-001": "WSGI-STATUS-012",
    "WSGI-STATUS-002": "WSGI-STATUS-013",
    "WSGI-STATUS-003": "WSGI-STATUS-013",
    "WSGI-STATUS-005": "WSGI-START-010",
    "WSGI-STATUS-006": "WSGI-START-010",
    "WSGI-HEADERS-001": "WSGI-HEADERS-018",
    "WSGI-HEADERS-002": "WSGI-HEADERS-019",
    "WSGI-HEADERS-003": "WSGI-HEADERS-019",
    "WSGI-HEADERS-004": "WSGI-HEADERS-017",
    "WSGI-HEADERS-005": "WSGI-HEADERS-017",
    "WSGI-HEADERS-006": "WSGI-START-010",
    "WSGI-HEADERS-007": "WSGI-HEADERS-016",
    "WSGI-HEADERS-010": "WSGI-START-010",
    "WSGI-HTTP-031": "WSGI-HEADERS-022",
    "WSGI-HTTP-032": "WSGI-HEADERS-022",
}


def status_code(status: object, say: Say) -> int:
    """Judge a status and return its code, 0 where it has none."""
    if type(status) is str:
        known = STATUSES.get(status)
        if known is not None:
            return known
    found: list[str] = []

    def tell(requirement: str, *words: object) -> None:
        found.append(requirement)
        say(requirement, *words)

    result = _judge_status(status, tell)
    if not found and type(status) is str and len(STATUSES) < KEPT:
        STATUSES[status] = result
    return result


def _judge_status(status: object, say: Say) -> int:
    if not isinstance(status, str):
        say("WSGI-STATUS-001", "status is not str", "str", status)
        return 0
    if type(status) is not str:
        say("WSGI-UNICODE-011", "status is a subclass of str", "exactly str", type(status))
    if not _latin1(status):
        say("WSGI-UNICODE-008", "status holds a character above U+00FF", "latin-1 characters", status)
    bare = status.strip()
    if control(status):
        say("WSGI-STATUS-006", "status holds a control character", "no control characters", status)
    elif status[:1].isspace() or (status != bare and len(bare) > 3):
        say("WSGI-STATUS-005", "status has surrounding whitespace", "'200 OK'", status)
    if not code(bare):
        say("WSGI-STATUS-002", "status does not begin with a three-digit code", "'200 OK'", status)
        return 0
    if len(bare) == 3 and status.endswith(" "):
        say("WSGI-STATUS-004", "status has no reason phrase", "'200 OK'", status)
    elif bare[3:4] != " " or bare[4:5] == " ":
        say("WSGI-STATUS-003", "code and reason phrase are not separated by one space", "'200 OK'", status)
    result = int(bare[:3])
    if not 100 <= result <= 599:
        say("WSGI-STATUS-007", "the status code is outside 100..599", "100..599", status)
    elif result < 200:
        say("WSGI-STATUS-008", "an interim status is given as the final one", "200..599", status)
    return result


def _latin1(text: str) -> bool:
    return text.isascii() or max(text) <= "\xff"


# What the rest of the call needs to know of a header list: Content-Length, whether there is a Content-Type, and other
# fields that some statuses ask for, by lower-cased names; None where that is not known.
Fields = tuple[str | None, bool, dict[str, str] | None]
NONE: Fields = (None, False, None)
NOTHING: dict[str, str] = {}


def check_headers(headers: object, say: Say, inform: bool) -> Fields:
    """Judge a header list and return what the rest of the call needs to know of it."""
    if type(headers) is not list:
        say("WSGI-HEADERS-001", "response_headers is not a list", "exactly list", type(headers))
        if not isinstance(headers, (list, tuple)):
            return NONE  # anything else might be an iterator, which must not be consumed
    length: str | None = None
    typed = False
    noted = NOTHING
    for item in headers:
        kind: int | None = None
        if type(item) is tuple and len(item) == 2:
            name, value = item
            if type(name) is str and type(value) is str and value.isascii() and value.isprintable():
                kind = NAMES.get(name)
        if kind is None:
            kind = _judge_field(item, say)
        if inform and kind is not None:
            _judge_blanks(item, say)
        if not kind:
            continue
        if kind == TYPE:
            typed = True
        elif kind == NOTED:
            noted = {**noted, item[0].lower(): item[1]}
        elif length is None and item[1].isascii() and item[1].isdigit():
            length = item[1]
        else:
            length = _judge_length(item[1], length, say)
    return length, typed, noted


def _judge_length(value: str, before: str | None, say: Say) -> str | None:
    if not (value.isascii() and value.isdigit()):
        say("WSGI-HEADERS-010", "Content-Length is not a decimal number", "decimal digits", value)
        return before
    if before is not None and int(before) != int(value):
        say("WSGI-HEADERS-010", "two values of Content-Length", "one", f"{before} and {value}")
    return value


def _judge_field(item: object, say: Say) -> int | None:
    """Judge one item without haste; returns its kind, or None where it is not a field."""
    if not isinstance(item, tuple) or len(item) != 2:
        say("WSGI-HEADERS-002", "an item of response_headers is not a pair", "a tuple of two str", item)
        return None
    name, value = item
    for part in (name, value):
        if not isinstance(part, str):
            say("WSGI-HEADERS-003", "a header name or value is not str", "str", part)
            return None
        if type(part) is not str:
            say("WSGI-UNICODE-011", "a header name or value is a subclass of str", "exactly str", type(part))
        if not _latin1(part):
            say("WSGI-UNICODE-008", "a header holds a character above U+00FF", "latin-1 characters", part)
    _judge_value(name, value, say)
    return _judge_name(name, say)


def _judge_value(name: str, value: str, say: Say) -> None:
    if "\r" in value or "\n" in value:
        say("WSGI-HEADERS-006", f"the value of {name} holds a line break", "no CR or LF", value)
    elif break_or_control(value):
        say("WSGI-HEADERS-007", f"the value of {name} holds a control character", "no control characters", value)
    elif "\t" in value:
        # A control character to the PEP, legal inside a field value to RFC 9110.
        say("WSGI-HEADERS-007", f"the value of {name} holds a tab", "no control characters", value, "warn")


def _judge_name(name: str, say: Say) -> int:
    lower = name.lower()
    if name and not token_end(name):
        say("WSGI-HEADERS-005", "a header name ends in punctuation", "a token", name)
    elif not token(name):
        say("WSGI-HEADERS-004", "a header name is not a token", "a token of RFC 9110", name)
    elif lower == "transfer-encoding":
        say("WSGI-HTTP-032", "the application applies a transfer coding", "no Transfer-Encoding", name)
    elif lower in HOP_BY_HOP:
        say("WSGI-HTTP-031", "a hop-by-hop field is given to start_response", "end-to-end fields only", name)
    elif lower == "status":
        say("WSGI-HEADERS-009", "a field is named Status", "the status argument alone", name)
    else:
        kind = KINDS.get(lower, PLAIN)
        if type(name) is str and name[-1].isalnum() and len(NAMES) < KEPT:
            NAMES[name] = kind
        elif not name[-1].isalnum():
            say("WSGI-HEADERS-005", "a header name ends in punctuation", "a letter or a digit", name, "inform")
        return kind
    return PLAIN


def _judge_blanks(item: object, say: Say) -> None:
    value = item[1]  # type: ignore[index]  # a pair of str, or it would have no kind
    if value != value.strip(" \t"):
        say("WSGI-HEADERS-008", "a header value has surrounding whitespace", "none", value)


def check_exc_info(exc_info: object, say: Say) -> bool:
    """Judge the third argument, which is not None; returns whether it is what sys.exc_info() returns."""
    if isinstance(exc_info, tuple) and exc_info == (None, None, None):
        say("WSGI-EXC-014", "exc_info is given outside of an error handler", "None", exc_info)
        return True
    if not _is_exc_info(exc_info):
        say("WSGI-EXC-013", "exc_info is not what sys.exc_info() returns", "(type, value, traceback)", exc_info)
        return False
    # Called from start_response, so what the caller handles is what is handled here.
    if sys.exc_info()[1] is not exc_info[1]:  # type: ignore[index]
        say("WSGI-EXC-014", "exc_info is not the exception now handled", "a call from its handler", exc_info)
    return True


def _is_exc_info(value: object) -> bool:
    if not isinstance(value, tuple) or len(value) != 3:
        return False
    kind, exception, traceback = value
    return (
        isinstance(kind, type)
        and issubclass(kind, BaseException)
        and isinstance(exception, kind)
        and (traceback is None or isinstance(traceback, TracebackType))
    )

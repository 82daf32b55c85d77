"""The events of the http extensions. None of them may be sent where the scope does not advertise it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from gateproof.validate.asgi import fields, tables

if TYPE_CHECKING:
    from gateproof.validate.asgi.http import HTTPCall

Event = Any
PUSH_ROWS = fields.Rows("ASGI-EXT-010", "ASGI-EXT-010", "ASGI-EXT-010", "ASGI-EXT-010")
TRAILER_ROWS = fields.Rows("ASGI-EXT-052", "ASGI-EXT-080", "ASGI-EXT-052", "ASGI-EVENT-020")
NAMES = frozenset(
    f"http.response.{name}" for name in ("push", "zerocopysend", "pathsend", "early_hint", "trailers", "debug")
)


def _offered(call: HTTPCall, event: Event) -> bool:
    kind = event["type"]
    if call.advertised(kind):
        return True
    call.wrong("ASGI-EXT-004", f"{kind} is sent although it is not advertised", "no such event", event, "ASGI-EXT-003")
    return False


def _push(call: HTTPCall, event: Event) -> None:
    if not _offered(call, event):
        return
    call.walk_sent(event, ("type", "path", "headers"))
    if not isinstance(event.get("path"), str):
        call.wrong("ASGI-EXT-010", "path of http.response.push is not str", "str", event.get("path"))
    if "headers" not in event:
        call.wrong("ASGI-EXT-010", "http.response.push has no headers", "pairs of bytes", "no such key")
    else:
        fields.check(event["headers"], PUSH_ROWS, call.wrong)
    call.step("push", event)


def _copy(call: HTTPCall, event: Event) -> None:
    if not _offered(call, event):
        return
    call.walk_sent(event, ("type", "file", "offset", "count", "more_body"))
    file = event.get("file")
    try:
        descriptor = file if isinstance(file, int) else file.fileno()
        real = isinstance(descriptor, int)
    except Exception:
        real = False
    if not real:
        call.wrong("ASGI-EXT-020", "file has no descriptor", "an open file", file)
    elif isinstance(file, int):
        call.say("ASGI-EXT-020", "file is a bare descriptor", "a file object", file, "inform")
    else:
        call.files = (*call.files, file)
    for key in ("offset", "count"):
        if key in event and not isinstance(event[key], int):
            call.wrong("ASGI-EXT-020", f"{key} is not int", "int", event[key])
        elif key in event and not -(2**63) <= event[key] < 2**63:
            call.wrong("ASGI-EVENT-006", f"{key} does not fit 64 bits", "-2**63 .. 2**63-1", event[key])
    call.unmeasured()
    call.step("copy+more" if call.check_flag(event, "more_body") else "copy", event)


def _path(call: HTTPCall, event: Event) -> None:
    if not _offered(call, event):
        return
    call.walk_sent(event, ("type", "path"))
    path = event.get("path")
    if not isinstance(path, str) or not os.path.isabs(path):
        call.wrong("ASGI-EXT-030", "path is no absolute path", "an absolute path as str", path)
    if call.inform and call.state in tables.BEGUN and (call.facts[0] is None or not call.facts[1]):
        call.say("ASGI-EXT-034", "content-type or content-length is left out", "both fields", event)
    call.unmeasured()
    call.step("path", event)


def _hint(call: HTTPCall, event: Event) -> None:
    if not _offered(call, event):
        return
    call.walk_sent(event, ("type", "links"))
    links = event.get("links")
    if isinstance(links, (str, bytes, dict)) or not hasattr(links, "__iter__"):
        call.wrong("ASGI-EXT-040", "links is no iterable of bytes", "Link values as bytes", links)
    elif isinstance(links, (list, tuple)):
        for link in links:
            if not isinstance(link, bytes):
                call.wrong("ASGI-EXT-040", "an item of links is not bytes", "bytes", link)
    call.step("hint", event)


def _trailers(call: HTTPCall, event: Event) -> None:
    if not _offered(call, event):
        return
    call.walk_sent(event, ("type", "headers", "more_trailers"))
    headers = event.get("headers", ())
    fields.check(headers, TRAILER_ROWS, call.wrong)
    if call.inform and isinstance(headers, (list, tuple)):
        announced = [name.strip().lower() for name in (call.facts[2] or b"").split(b",")]
        for item in headers:
            name = item[0] if isinstance(item, (list, tuple)) and item else None
            if isinstance(name, bytes) and name.lower() not in announced:
                call.say("ASGI-EXT-053", "a trailer is not named in the Trailer field", "its name", name)
    call.step("trailers+more" if call.check_flag(event, "more_trailers") else "trailers", event)


def _debug(call: HTTPCall, event: Event) -> None:
    if not _offered(call, event):
        return
    info = event.get("info")
    if not isinstance(info, dict):
        call.wrong("ASGI-EXT-061", "info is not a dict", "dict", info)
    elif not all(isinstance(key, str) for key in info):
        call.wrong("ASGI-EVENT-010", "a key of info is not str", "str", list(info))
    elif call.inform and any(isinstance(value, tuple) for value in info.values()):
        call.say("ASGI-EVENT-012", "a sequence is a tuple", "list", info)
    call.step("debug", event)


HTTP = {
    "http.response.push": _push,
    "http.response.zerocopysend": _copy,
    "http.response.pathsend": _path,
    "http.response.early_hint": _hint,
    "http.response.trailers": _trailers,
    "http.response.debug": _debug,
}

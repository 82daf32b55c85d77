"""What a server sent, made fit to be shown: nothing in it can run, hide, reorder its neighbours or fill the page."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

SHOWN = 2_000
# What GitHub takes for a command where a job prints it: at the start of a line, behind any space, or the older form.
COMMAND = re.compile(r"(?m)^(?=[^\S\n]*::)|(?<=##)(?=\[)")
CARRIED = re.compile(r"(?<=^Gateproof-Script: )[-\w]+", re.ASCII | re.IGNORECASE)
# Categories of characters that a reader does not see, or that change how others are read: controls, formats (the bidi
# marks and zero-width ones), surrogates, private use, unassigned, and the two separators that break lines.
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: object, limit: int = SHOWN, keep: str = "") -> str:
    r"""Return text in which everything unseen is written out (`\x1b`, `\u202e`), cut to `limit` characters.

    `keep` are characters left as they are (such as a line end). The result can always be encoded as UTF-8.
    """
    given = text if isinstance(text, str) else str(text)
    head = given[: limit + 1]
    if not head.isascii() or not head.isprintable():
        head = "".join(c if c in keep or unicodedata.category(c) not in UNSEEN else _escape(c) for c in head)
    if len(given) <= limit and len(head) <= 2 * limit:
        return head
    return f"{head[:limit]}… ({len(given)} characters)"


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return {9: "\\t", 10: "\\n", 13: "\\r"}.get(code, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def harmless(text: str) -> str:
    """Return text of which no line is a command to the CI that shows it: a bar stands before what would be one."""
    return COMMAND.sub("| ", text)


def octets(form: dict[str, Any]) -> bytes:
    """Return the octets of `{"octets": base64}`; b'' where it is none."""
    try:
        return base64.b64decode(form.get("octets", ""), validate=True)
    except (binascii.Error, ValueError, TypeError):
        return b""


def octet_lines(raw: bytes, limit: int = SHOWN) -> list[str]:
    r"""Return octets as lines of printable ASCII, each with its line end (`\r\n`) written out."""
    shown = raw[:limit].decode("latin-1").split("\n")
    lines = [brief(line).encode("unicode_escape").decode("ascii") + "\\n" for line in shown[:-1]]
    if shown[-1]:
        lines.append(shown[-1].encode("unicode_escape").decode("ascii"))
    if len(raw) > limit:
        lines.append(f"… ({len(raw)} octets in all)")
    return lines


def brief(line: str) -> str:
    """Leave out what our own field of a request carries: the application stands beside the octets, readable."""
    return CARRIED.sub(lambda carried: f"({len(carried[0])} octets: what the application does)", line)


def link(url: object) -> str:
    """Return an address if it is one that a reader may follow (http or https), else ''."""
    text = url if isinstance(url, str) else ""
    try:
        return text if urlsplit(text).scheme in ("http", "https") and visible(text) == text else ""
    except ValueError:
        return ""


def compact(form: object, limit: int = SHOWN) -> str:
    """Return the data form of a value (see `gateproof.values`) as one line of Python-like text, cut to `limit`."""
    pieces: list[str] = []
    left = _write(form, pieces, limit)
    text = "".join(pieces)
    return f"{text[:limit]}…" if left < 0 else text


def _write(form: object, pieces: list[str], left: int) -> int:
    """Append the text of a form; return how many characters are left (below 0: cut)."""
    if left < 0:
        return left
    if isinstance(form, dict):
        return _write_dict(form, pieces, left)
    if isinstance(form, list):
        return _write_items("[", form, "]", pieces, left)
    text = repr(form[: left + 1] if isinstance(form, str) else form)
    pieces.append(visible(text))
    return left - len(text)


def _write_dict(form: dict[Any, Any], pieces: list[str], left: int) -> int:
    if isinstance(form.get("b"), str) and set(form) <= {"b", "len", "sha256", "cut"}:
        text = repr(form["b"][: left + 1].encode("latin-1", "replace"))
        pieces.append(text[: max(left, 0)] + (f"… ({form['len']} octets)" if "len" in form else ""))
        return left - len(text)
    if set(form) == {"dict"} and isinstance(form["dict"], list):
        pairs = [pair for pair in form["dict"] if isinstance(pair, list) and len(pair) == 2]
        return _write_pairs("{", ((key, value) for key, value in pairs), ": ", "}", pieces, left)
    if set(form) == {"tuple"} and isinstance(form["tuple"], list):
        return _write_items("(", form["tuple"], ",)" if len(form["tuple"]) == 1 else ")", pieces, left)
    if isinstance(form.get("repr"), str):
        text = visible(form["repr"], max(left, 0))
        pieces.append(text)
        return left - len(text)
    return _write_pairs("", form.items(), "=", "", pieces, left)


def _write_items(start: str, items: list[Any], end: str, pieces: list[str], left: int) -> int:
    pieces.append(start)
    for number, item in enumerate(items):
        if left < 0:
            return left
        if number:
            pieces.append(", ")
        left = _write(item, pieces, left - 2)
    pieces.append(end)
    return left


def _write_pairs(
    start: str, pairs: Iterable[tuple[Any, Any]], between: str, end: str, pieces: list[str], left: int
) -> int:
    pieces.append(start)
    for number, (key, value) in enumerate(pairs):
        if left < 0:
            return left
        if number:
            pieces.append(", ")
        if between == "=":
            pieces.append(visible(key, 80))
            left -= 80 if len(str(key)) > 80 else len(str(key))
        else:
            left = _write(key, pieces, left - 2)
        pieces.append(between)
        left = _write(value, pieces, left - 2)
    pieces.append(end)
    return left

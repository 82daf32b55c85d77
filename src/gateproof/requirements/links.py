"""From the section that a row names to an address on which it can be read."""

from __future__ import annotations

import re
from functools import cache

PEP = "https://peps.python.org/pep-3333/"
ASGI = "https://asgi.readthedocs.io/en/latest/"
RFC = "https://www.rfc-editor.org/rfc/rfc{number}"
RFC_SECTION = re.compile(r"RFC (\d+)(?: (?:section )?([\d.]+\d|\d+))?")


@cache
def link(interface: str, section: str) -> str:
    """Return the address of a section; the page alone where the section has no anchor of its own."""
    found = RFC_SECTION.search(section)
    if found:
        anchor = f"#section-{found[2]}" if found[2] else ""
        return RFC.format(number=found[1]) + anchor
    if interface == "asgi":
        return _asgi(section)
    return PEP + "#" + _slug(section)


def _asgi(section: str) -> str:
    file, _, heading = section.partition(" > ")
    page = file.removeprefix("docs/").removesuffix(".rst") or "specs/main"
    page = {"specs/asgi": "specs/main"}.get(page, page)
    return f"{ASGI}{page}.html" + (f"#{_slug(heading)}" if heading else "")


def _slug(text: str) -> str:
    """Return the anchor that docutils makes of a heading."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")

"""The badge: what a certificate says in a few words, as data for shields.io and as a picture of our own."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import quote

from gateproof.report.hostile import visible

JsonDict = dict[str, Any]
COLORS = {"Core": "#3a7d44", "Full": "#2c7a3f", "Robust": "#1f6f8b"}
COUNTED, GREY = "#b8651b", "#6b7078"  # white text stands on each of them with a contrast of at least 4.5
LABEL = "#3c4148"
FONT = "Verdana,Geneva,DejaVu Sans,sans-serif"
# Widths of Verdana at 11 px in tenths of a pixel; a letter that is not here takes that of an `n`.
WIDTHS = {" ": 39, "|": 50, "/": 50, ".": 40, ",": 40, "1": 70, "i": 30, "l": 30, "f": 39, "t": 43, "r": 47, "m": 107}
WIDTHS |= dict.fromkeys("023456789", 70) | dict.fromkeys("ABCEKPRSVXYZ", 77) | dict.fromkeys("DGHNOQTU", 84)
WIDTHS |= {"W": 109, "M": 93, "I": 46, "F": 63, "L": 61, "w": 90}


def label(certificate: JsonDict) -> str:
    """Return the left side: the interface, with the version of its text where that has one."""
    return {"wsgi": "WSGI", "asgi": "ASGI 3.0"}[certificate["target"]["interface"]]


def message(certificate: JsonDict) -> str:
    """Return the right side: level, set and counts; without a level how many rows of the lowest are kept."""
    name = certificate["set"]["name"]
    level = certificate["level"]
    counts = certificate["levels"][level or "Core"]
    kept = counts["kept"] + counts["waived"]
    if level:
        waived = f" ({counts['waived']} waived)" if counts["waived"] else ""
        return f"{level} {name}, {kept}/{counts['of']}{waived}"
    return f"{kept} of {counts['of']}, set {name}"


def color(certificate: JsonDict) -> str:
    """Return the colour: grey where the run is not complete or too old, orange without a level."""
    if not certificate["suite"]["complete"] or certificate["outdated"]:
        return GREY
    return COLORS.get(certificate["level"] or "", COUNTED)


def endpoint(certificate: JsonDict) -> JsonDict:
    """Return `badge.json`, as https://shields.io/badges/endpoint-badge reads it."""
    return {
        "schemaVersion": 1,
        "label": label(certificate),
        "message": message(certificate),
        "color": color(certificate).removeprefix("#"),
        "labelColor": LABEL.removeprefix("#"),
        "cacheSeconds": 3600,
    }


def width(text: str) -> int:
    """Return the width of a text in pixels, about."""
    return round(sum(WIDTHS.get(letter, 69) for letter in text) / 10)


def svg(certificate: JsonDict) -> str:
    """Return `badge.svg`: 20 pixels high; no script, no network, readable by those who do not see it."""
    left, right = label(certificate), message(certificate)
    title = html.escape(visible(f"{certificate['target']['name']}: {left}, {right}", 120))
    a, b = width(left) + 12, width(right) + 12
    texts = []
    for text, middle, length in ((left, a / 2, a - 12), (right, a + b / 2, b - 12)):
        said = html.escape(text)
        texts.append(f'<text x="{middle:g}" y="14" textLength="{length}">{said}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{a + b}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<clipPath id="r"><rect width="{a + b}" height="20" rx="3"/></clipPath><g clip-path="url(#r)">'
        f'<rect width="{a}" height="20" fill="{LABEL}"/>'
        f'<rect x="{a}" width="{b}" height="20" fill="{color(certificate)}"/></g>'
        f'<g fill="#fff" text-anchor="middle" font-family="{FONT}" font-size="11">{"".join(texts)}</g></svg>\n'
    )


def embed(image: str, page: str, text: str = "Conformance") -> list[tuple[str, str]]:
    """Return the lines that show a badge and lead to a page, for Markdown, reStructuredText and HTML."""
    safe = html.escape(text)
    return [
        ("Markdown", f"[![{text}]({image})]({page})"),
        ("reST", f".. image:: {image}\n   :alt: {text}\n   :target: {page}"),
        ("HTML", f'<a href="{html.escape(page)}"><img src="{html.escape(image)}" alt="{safe}"></a>'),
    ]


def shields(address: str) -> str:
    """Return the address of the picture that shields.io draws of a published badge.json."""
    return f"https://img.shields.io/endpoint?url={quote(address, safe='')}"

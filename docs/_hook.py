"""Makes links of the pages that lead out of this folder, into the sources, plain names: a built site has no sources."""

from __future__ import annotations

import re
from typing import Any

OUT = re.compile(r"\[([^\]]*)\]\((?:\.\./)+(?:suites|src|tests|benchmarks)/[^)]*\)")
ABOVE = re.compile(r"\[([^\]]*)\]\(\.\./(?:CONTRIBUTING|README|CHANGELOG)\.md\)")


def on_page_markdown(markdown: str, **about: Any) -> str:
    """Return the text of a page without links to the sources."""
    return ABOVE.sub(r"\1", OUT.sub(r"`\1`", markdown))

"""The digest of what is installed: which files of a server's distribution a report was made of."""

from __future__ import annotations

import json
import subprocess
from functools import cache

# Runs in the interpreter in which the server lives, 3.8 and later. The algorithm is in-toto's dirHash: SHA-256 over one
# line for each file, sorted. What pip writes itself differs from machine to machine and is left out.
_SCRIPT = """
import hashlib, json, sys
from importlib.metadata import distribution
found = distribution(sys.argv[1])
written = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
lines = []
editable = '"editable": true' in (found.read_text("direct_url.json") or "")
for path in [] if editable else found.files or []:
    name = path.as_posix()
    if ".." in path.parts or name.endswith(".pyc") or (".dist-info/" in name and path.name in written):
        continue
    octets = found.locate_file(path).read_bytes()
    lines.append(hashlib.sha256(octets).hexdigest() + "  " + name + "\\n")
lines.sort(key=lambda line: line[66:].encode())
print(json.dumps(hashlib.sha256("".join(lines).encode()).hexdigest() if lines else ""))
"""


@cache
def installed(python: str, distribution: str) -> str:
    """Return the digest (64 hexadecimal digits) of a distribution's files; '' where there is nothing to digest.

    An editable installation has none: its files are not what was installed.
    """
    if not distribution:
        return ""
    command = [python, "-c", _SCRIPT, distribution]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ""
    return found if isinstance(found, str) else ""

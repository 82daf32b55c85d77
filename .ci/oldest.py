"""Writes a constraint for each dependency: the oldest versions that pyproject.toml admits.

python .ci/oldest.py oldest.txt && pip install --editable ".[dev]" --constraint oldest.txt
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BOUND = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)")


def oldest() -> dict[str, str]:
    """Return {distribution: oldest version} of what is needed to run, and of the extras that add to it."""
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(line for name in ("h2", "tls", "trio", "xdist") for line in extras[name])]
    found = {}
    for line in wanted:
        bound = BOUND.fullmatch(line)
        if bound is None:
            raise SystemExit(f"{line!r} has no lower bound, or more than one")
        found[bound[1]] = bound[2]
    return found


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(
        "".join(f"{name}=={version}\n" for name, version in oldest().items()), encoding="utf-8"
    )

"""An in-toto Statement with the predicate test-result: what a CI signs. https://in-toto.io/attestation/test-result/v0.1"""

from __future__ import annotations

import hashlib
from typing import Any

from gateproof.report.reading import unstable
from gateproof.requirements.sets import FrozenSet
from gateproof.verdicts import UNSTABLE

JsonDict = dict[str, Any]
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def attestation(report: JsonDict, frozen: FrozenSet) -> JsonDict | None:
    """Return the statement on a report; None where there is no digest of what was judged, so nothing to attest.

    A requirement is named as passed, warned or failed only where it was judged: what is blocked, untested, unsupported
    unstable or only informs is in no list. A run that did not come to its end is FAILED; one with a broken premise, or
    with what was not the same each time, WARNED.
    """
    target, suite = report["target"], report["suite"]
    if not target.get("digest"):
        return None
    named: dict[str, list[str]] = {"pass": [], "warn": [], "fail": []}
    said: set[str] = set()
    for name, entry in report["requirements"].items():
        kind = {"known": entry["weight"]}.get(entry["verdict"], entry["verdict"])
        kind = UNSTABLE if unstable(entry) and kind == "pass" else kind
        if kind in named:
            named[kind].append(name)
        said |= {entry["verdict"], *([UNSTABLE] if unstable(entry) else [])}
    if named["fail"] or "error" in said or not suite["complete"] or not named["pass"]:
        result = "FAILED"
    else:
        result = "WARNED" if named["warn"] or said & {"blocked", UNSTABLE} else "PASSED"
    # As they were spelled: the command that they lead to has a port that is another one in each run.
    options = target.get("spec", [])
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": f"pkg:pypi/{target['distribution']}@{target['version']}", "digest": {"dirHash": target["digest"]}}
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "result": result,
            "configuration": [
                {
                    "name": f"gateproof {suite['version']}, set {frozen.name}, effort {suite['effort']}",
                    "uri": f"pkg:pypi/gateproof@{suite['version']}",
                    "digest": {"sha256": frozen.digest.removeprefix("sha256:")},
                },
                {
                    "name": "options",
                    "digest": {
                        "sha256": hashlib.sha256("\0".join(options).encode(errors="backslashreplace")).hexdigest()
                    },
                },
            ],
            "passedTests": named["pass"],
            "warnedTests": named["warn"],
            "failedTests": named["fail"],
        },
    }

"""A report in the Common Test Report Format (https://ctrf.io): one test for each requirement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gateproof.report.hostile import visible
from gateproof.report.reading import unstable
from gateproof.verdicts import doubtful

JsonDict = dict[str, Any]
VERSION = "1.0.0"
STATUS = {"pass": "passed", "inform": "passed", "fail": "failed", "warn": "passed", "known": "other", "error": "other"}
SKIPPED = "skipped"  # unsupported, blocked and untested: nothing was found out
COUNTED = ("passed", "failed", "skipped", "pending", "other")


def ctrf(report: JsonDict) -> JsonDict:
    """Return `ctrf.json`. The raw verdict stands with each test, as the format knows fewer.

    What did not say the same each time has passed nothing: it is `other`, and flaky.
    """
    suite, target = report["suite"], report["target"]
    tests = [_test(name, entry) for name, entry in report["requirements"].items()]
    start = int(datetime.fromisoformat(suite["started"]).timestamp() * 1000)
    duration = int(suite["seconds"] * 1000)
    counts = {status: sum(test["status"] == status for test in tests) for status in COUNTED}
    about = {"name": target["name"], "version": target["version"], "interface": target["interface"]}
    return {
        "reportFormat": "CTRF",
        "specVersion": VERSION,
        "generatedBy": f"gateproof {suite['version']}",
        "results": {
            "tool": {"name": "gateproof", "version": suite["version"]},
            "summary": {"tests": len(tests), **counts, "start": start, "stop": start + duration, "duration": duration},
            "tests": tests,
            "environment": {
                "appName": target["name"],
                "appVersion": target["version"],
                "osPlatform": suite["platform"],
            },
            "extra": {"target": about, "set": suite["set"], "complete": suite["complete"]},
        },
    }


def _test(name: str, entry: JsonDict) -> JsonDict:
    verdict = entry["verdict"]
    test: JsonDict = {
        "name": f"{name}: {entry['statement']}",
        "status": STATUS.get(verdict, SKIPPED),
        "duration": int(sum(check["seconds"] for check in entry["checks"]) * 1000),
        "rawStatus": verdict,
        "suite": [entry["party"], entry["section"]],
        "tags": [entry["level"], entry["basis"], verdict],
        "extra": {"url": entry["url"], "weight": entry["weight"]},
    }
    if unstable(entry):
        test["flaky"] = True
        test["status"] = "other" if test["status"] == "passed" else test["status"]
    shown = next((check for check in entry["checks"] if check["verdict"] == verdict and check["seen"]), None)
    unsure = "; ".join(check["message"] for check in filter(doubtful, entry["checks"]))
    said = unsure or entry["reason"] or (f"expected {shown['expected']}, seen {shown['seen']}" if shown else "")
    if said and (unsure or verdict != "pass"):
        test["message"] = visible(said, 1_000)
    return test

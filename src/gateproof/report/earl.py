"""A report in EARL 1.0 (https://www.w3.org/TR/EARL10-Schema/) as JSON-LD: one assertion for each requirement."""

from __future__ import annotations

from typing import Any

from gateproof.report.hostile import link, visible

JsonDict = dict[str, Any]
CONTEXT = {
    "earl": "http://www.w3.org/ns/earl#",
    "dct": "http://purl.org/dc/terms/",
    "doap": "http://usefulinc.com/ns/doap#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
OUTCOMES = {
    "pass": "earl:passed",
    "fail": "earl:failed",
    "warn": "earl:failed",
    "known": "earl:failed",
    "unsupported": "earl:inapplicable",
    "untested": "earl:untested",
    "inform": "earl:cantTell",
    "blocked": "earl:cantTell",
    "error": "earl:cantTell",
}


def earl(report: JsonDict) -> JsonDict:
    """Return `earl.jsonld`; a broken SHOULD is `failed` as well, with the verdict in its description."""
    suite, target = report["suite"], report["target"]
    name = visible(f"{target['name']} {target['version']}".strip(), 200)
    return {
        "@context": CONTEXT,
        "@graph": [
            {
                "@id": "_:assertor",
                "@type": ["earl:Assertor", "earl:Software"],
                "dct:title": f"gateproof {suite['version']}",
                "dct:hasVersion": suite["version"],
            },
            {
                "@id": "_:subject",
                "@type": ["earl:TestSubject", "earl:Software"],
                "dct:title": name,
                "dct:hasVersion": visible(target["version"], 100),
            },
            *(_assertion(key, entry, suite["started"]) for key, entry in report["requirements"].items()),
        ],
    }


def _assertion(name: str, entry: JsonDict, started: str) -> JsonDict:
    result: JsonDict = {
        "@type": "earl:TestResult",
        "earl:outcome": {"@id": OUTCOMES[entry["verdict"]]},
        "dct:date": {"@value": started, "@type": "xsd:dateTime"},
        "dct:description": visible(
            f"{entry['verdict']}: {entry['reason']}" if entry["reason"] else entry["verdict"], 600
        ),
    }
    criterion: JsonDict = {
        "@id": f"urn:gateproof:{name}",
        "@type": "earl:TestRequirement",
        "dct:identifier": name,
        "dct:title": entry["statement"],
    }
    if link(entry["url"]):
        criterion["dct:isPartOf"] = {"@id": entry["url"]}
    return {
        "@type": "earl:Assertion",
        "earl:assertedBy": {"@id": "_:assertor"},
        "earl:subject": {"@id": "_:subject"},
        "earl:test": criterion,
        "earl:mode": {"@id": "earl:automatic"},
        "earl:result": result,
    }

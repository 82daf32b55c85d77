"""Reports made up for tests: as a run would write them, with as much in them as a test wants."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from gateproof import requirements
from gateproof.bounds import octets_to_json
from gateproof.requirements import Requirement
from gateproof.results import SCHEMA, totals

JsonDict = dict[str, Any]
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: made\r\nContent-Length: 2\r\n\r\nok"
REASONS = {
    "unsupported": "the environ shows that it lacks this",
    "blocked": "no response: the server closed the connection",
    "error": "HarnessError: the side channel was cut",
    "untested": "no check judges it yet",
}


def rows(count: int = 400, interface: str = "", party: str = "server") -> list[Requirement]:
    """Return rows of the catalogue, those that bind the party first where an interface is named."""
    if interface:
        return requirements.binding(interface, party)[:count]
    return list(requirements.load())[:count]


def key(*words: object) -> str:
    """Return a key of an exchange."""
    return hashlib.sha256(repr(words).encode()).hexdigest()[:32]


def exchange(path: bytes = b"/", response: bytes = RESPONSE, environ: Mapping[str, object] | None = None) -> JsonDict:
    """Return one exchange of a WSGI server, with an environ of ordinary size."""
    given = {f"HTTP_X_{number}": "some value that a client sent" for number in range(20)} | dict(environ or {})
    request = b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    pairs = [[name, value] for name, value in given.items()]
    app = [
        {"t": 10.001, "call": 1, "event": "call", "value": {"dict": [["args", 2], ["environ", {"dict": pairs}]]}},
        {"t": 10.002, "call": 1, "event": "start", "value": {"dict": [["exc_info", ""], ["result", None]]}},
        {"t": 10.19, "call": 1, "event": "close", "value": None},
    ]
    client = [
        {"t": 10.0, "dir": "out", **octets_to_json(request)},
        {"t": 10.15, "dir": "in", **octets_to_json(response)},
    ]
    return {
        "launch": "default-00000000",
        "connection": 1,
        "request": octets_to_json(request),
        "script": {"call": [["start", "200 OK", [], ""]], "result": {"kind": "list", "items": []}, "live": False},
        "armed": False,
        "outcome": "the server answered 200",
        "client": client,
        "app": app,
        "truncated": False,
    }


def entry(row: Requirement, verdict: str = "pass", exchanges: tuple[str, ...] = (), **more: Any) -> JsonDict:
    """Return the entry of one requirement; `more` goes into its one check."""
    reason = REASONS.get(verdict, "")
    check = {
        "id": f"{row.interface}/{row.party}/made/{row.id.lower().replace('-', '_')}",
        "revision": 1,
        "verdict": verdict,
        "k": 1,
        "n": 1,
        "seconds": 0.01,
        "message": reason,
        "expected": "what the text says" if verdict in ("fail", "warn") else "",
        "seen": "b'something else'" if verdict in ("fail", "warn") else "",
        "baseline": "reported upstream" if verdict == "known" else None,
        "exchanges": list(exchanges),
        "replay": f"gateproof replay out#{exchanges[0][:12]} --server=made" if exchanges else "",
    } | more
    return {
        "party": row.party,
        "level": row.level,
        "weight": row.verdict,
        "basis": row.basis,
        "gate": row.gate,
        "section": row.section,
        "url": row.url,
        "statement": row.statement,
        "verdict": verdict,
        "reason": reason,
        "reading": "",
        "checks": [] if verdict == "untested" else [check],
    }


def report(
    entries: Mapping[str, JsonDict],
    exchanges: Mapping[str, JsonDict] | None = None,
    *,
    name: str = "made",
    version: str = "1.0",
    interface: str = "wsgi",
    complete: bool = True,
    set_name: str = "2026.1",
    started: str = "2026-11-24T12:00:00+00:00",
) -> JsonDict:
    """Return a report of these entries."""
    return {
        "schema": SCHEMA,
        "suite": {
            "id": uuid.uuid4().hex,
            "version": "2026.1.0",
            "set": set_name,
            "python": "3.11.7",
            "platform": "Linux",
            "hypothesis": "6.100",
            "effort": "default",
            "seed": 0,
            "started": started,
            "seconds": 12.0,
            "waits_s": 1.0,
            "complete": complete,
            "missing": [],
            "exit_status": 1 if any(each["verdict"] == "fail" for each in entries.values()) else 0,
            "selection": [],
            "problems": [],
        },
        "target": {
            "kind": "server",
            "name": name,
            "version": version,
            "interface": interface,
            "spec": [f"--server={name}"],
            "argv": ["python", "-m", name],
            "python": "CPython 3.11.7",
            "capabilities": [],
        },
        "launches": [
            {
                "id": "default-00000000",
                "variant": "default",
                "argv": ["python", "-m", name],
                "python": "python",
                "pid": 1,
                "start_s": 0.5,
                "exit_status": 0,
                "log_tail": "started\n",
            }
        ],
        "totals": totals(entries),
        "requirements": dict(entries),
        "exchanges": dict(exchanges or {}),
    }


def big(count: int = 400, failures: int = 50, **about: Any) -> JsonDict:
    """Return a report of that many requirements, of which the last are broken and show two exchanges each."""
    chosen = rows(count)
    entries, exchanges = {}, {}
    for number, row in enumerate(chosen):
        if number < count - failures:
            entries[row.id] = entry(row)
            continue
        keys = (key(row.id, 1), key(row.id, 2))
        exchanges |= {k: exchange(b"/" + row.id.encode()) for k in keys}
        entries[row.id] = entry(row, "fail", keys)
    return report(entries, exchanges, **about)

"""Findings about middleware: seen from outside it is an application, seen from inside it is a server.

`outside(report)` and `inside(report)` take the place of a `report` and give findings the ids of the middleware's rows.
"""

from __future__ import annotations

from gateproof.validate.findings import Finding, Report
from gateproof.validate.rows import ROWS

# The application's row -> the row of middleware that says the same of it.
OUTSIDE = {
    "WSGI-CALL-007": "WSGI-CALL-014",
    "WSGI-CALL-013": "WSGI-CALL-014",
    "WSGI-UNICODE-008": "WSGI-UNICODE-010",
    "WSGI-INPUT-020": "WSGI-INPUT-026",
    "WSGI-INPUT-021": "WSGI-INPUT-026",
    "WSGI-ERRORS-007": "WSGI-ERRORS-013",
    "WSGI-ERRORS-008": "WSGI-ERRORS-013",
    "WSGI-START-014": "WSGI-START-020",
    "WSGI-START-015": "WSGI-START-021",
    "WSGI-EXC-015": "WSGI-EXC-020",
    "WSGI-WRITE-009": "WSGI-WRITE-013",
    **{f"WSGI-STATUS-00{number}": "WSGI-STATUS-014" for number in range(1, 9)},
    **{f"WSGI-HEADERS-00{number}": "WSGI-HEADERS-025" for number in range(1, 8)},
    "WSGI-HTTP-031": "WSGI-HTTP-034",
    "WSGI-HTTP-032": "WSGI-HTTP-035",
    "WSGI-HTTP-037": "WSGI-HTTP-044",
    "WSGI-HTTP-038": "WSGI-HTTP-045",
    "WSGI-ITER-019": "WSGI-ITER-030",
    "WSGI-ITER-020": "WSGI-ITER-029",
    "ASGI-HTTP-RESP-009": "ASGI-MW-026",
    "ASGI-HTTP-RESP-036": "ASGI-MW-015",
    **{f"ASGI-EXT-{number:03}": "ASGI-MW-036" for number in (4, 75, 76, 77)},
}
# The server's row -> the row of middleware that says the same of it.
INSIDE = {
    "WSGI-CALL-001": "WSGI-CALL-010",
    "WSGI-ENV-001": "WSGI-ENV-035",
    **{f"WSGI-ENV-{number:03}": "WSGI-ENV-036" for number in (4, 6, 7, 10, 21, 22, 23, 24, 26)},
    "WSGI-ENV-027": "WSGI-ENV-037",
    "WSGI-ENV-028": "WSGI-ENV-037",
    "WSGI-UNICODE-001": "WSGI-UNICODE-010",
    **{f"WSGI-INPUT-{number:03}": "WSGI-INPUT-024" for number in (1, 2, 10, 12, 13, 15, 16)},
    "WSGI-INPUT-007": "WSGI-INPUT-025",
    **{f"WSGI-ERRORS-00{number}": "WSGI-ERRORS-012" for number in (1, 2)},
    "WSGI-START-001": "WSGI-CALL-012",
    "WSGI-START-002": "WSGI-START-018",
    "WSGI-EXC-002": "WSGI-EXC-017",
    **{f"WSGI-ITER-{number:03}": "WSGI-ITER-024" for number in (3,)},
    **{f"WSGI-ITER-{number:03}": "WSGI-ITER-025" for number in (4, 5)},
    "WSGI-ITER-006": "WSGI-ITER-026",
    "WSGI-ITER-009": "WSGI-ITER-027",
    "WSGI-ITER-011": "WSGI-ITER-028",
    **{f"WSGI-FILE-00{number}": "WSGI-FILE-016" for number in (1, 2, 4, 5)},
    "ASGI-APP-001": "ASGI-MW-016",
}
# What has no twin of its own and is a failure counts under the frame rows.
FRAME = {
    ("WSGI", "application"): "WSGI-MW-004",
    ("WSGI", "server"): "WSGI-MW-005",
    ("ASGI", "application"): "ASGI-MW-008",
    ("ASGI", "server"): "ASGI-MW-009",
}


def outside(report: Report) -> Report:
    """Return a report for observers around middleware; findings on the server around it are dropped."""
    return _as_middleware(report, OUTSIDE, "application")


def inside(report: Report) -> Report:
    """Return a report for observers within middleware; findings on the application inside are dropped."""
    return _as_middleware(report, INSIDE, "server")


def _as_middleware(report: Report, twins: dict[str, str], party: str) -> Report:
    def translated(finding: Finding) -> None:
        if finding.party != party:
            return
        twin = twins.get(finding.requirement_id)
        if twin is None and finding.weight == "fail":
            twin = FRAME[finding.requirement_id[:4], party]
        if twin is not None:
            message = f"{finding.message} ({finding.requirement_id})"
            report(finding._replace(requirement_id=twin, message=message, party="middleware"))

    return translated


assert not (OUTSIDE.keys() | INSIDE.keys()) - ROWS.keys()

"""The generated table and the state tables: nothing is missing, nothing is said twice."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import pytest

from gateproof import requirements
from gateproof.validate import table
from gateproof.validate.asgi import tables
from gateproof.validate.rows import ROWS
from tests.validate import (
    test_asgi_application_rows,
    test_asgi_server_rows,
    test_wsgi_application_rows,
    test_wsgi_server_rows,
)

ELSEWHERE = {"WSGI-UNICODE-007", "ASGI-EXT-020", "ASGI-EXT-021", "ASGI-EXT-026"}  # need a fixture


def test_every_judged_row_has_a_mutant() -> None:
    modules = (
        test_wsgi_server_rows,
        test_wsgi_application_rows,
        test_asgi_server_rows,
        test_asgi_application_rows,
    )
    proven = {mutant.requirement for module in modules for mutant in module.MUTANTS} | ELSEWHERE
    assert sorted(table.judged().keys() - proven) == []


def test_rows_are_those_of_the_catalogue() -> None:
    assert {row.id: (row.party, row.verdict) for row in table.judged().values()} == ROWS


def test_generated_files_are_up_to_date() -> None:
    """Run `python -m gateproof.validate.table` where this fails."""
    assert (table.HERE / "rows.py").read_text(encoding="utf-8") == table.rows_module()
    assert table.DOCUMENT.read_text(encoding="utf-8") == table.document()


def test_a_reason_is_given_for_rows_that_are_not_judged_only() -> None:
    listed = [pattern for pattern, why in table.REASONS if why]
    both = [name for name in ROWS if any(re.fullmatch(pattern, name) for pattern in listed)]
    assert both == []


def test_no_row_of_applications_is_left_out_unconsidered() -> None:
    """What an application does is before the observer's eyes: why it cannot judge a row has to be said for each."""
    rows = [row for row in requirements.load() if row.interface in ("wsgi", "asgi") and row.party == "application"]
    assert all(table.reason(row) for row in rows if row.id not in ROWS)
    with pytest.raises(LookupError, match="WSGI-HTTP-999"):
        table.reason(dataclasses.replace(rows[0], id="WSGI-HTTP-999"))


def test_the_counts_that_were_promised() -> None:
    """At least twice the rows that werkzeug's LintMiddleware and asgion cover, in the terms of the catalogue."""
    rows = [row for row in requirements.load() if row.interface in ("wsgi", "asgi")]
    twins = {*table.OUTSIDE.values(), *table.INSIDE.values(), *table.FRAME.values()}
    judged = [row.id for row in rows if row.id in ROWS or row.id in twins]
    werkzeug = sum("werkzeug.lint" in row.covered_by for row in rows)
    asgion = sum("asgion" in row.covered_by for row in rows)
    assert sum(name.startswith("WSGI") for name in judged) >= 2 * werkzeug
    assert sum(name.startswith("ASGI") for name in judged) >= 2 * asgion


@pytest.mark.parametrize(
    ("legal", "wrong", "events"),
    [
        (tables.HTTP_SEND, tables.HTTP_WRONG, tables.HTTP_EVENTS),
        (tables.HTTP_RECEIVE, tables.HTTP_RECEIVE_WRONG, tables.HTTP_RECEIVE_EVENTS),
        (tables.WEBSOCKET_SEND, tables.WEBSOCKET_WRONG, tables.WEBSOCKET_EVENTS),
        (tables.WEBSOCKET_RECEIVE, tables.WEBSOCKET_RECEIVE_WRONG, tables.WEBSOCKET_RECEIVE_EVENTS),
        (tables.LIFESPAN, tables.LIFESPAN_WRONG, tables.LIFESPAN_EVENTS),
    ],
    ids=["http send", "http receive", "websocket send", "websocket receive", "lifespan"],
)
def test_every_state_answers_every_event(legal: tables.Legal, wrong: tables.Illegal, events: frozenset[str]) -> None:
    for state, steps in legal.items():
        for event in events:
            assert (event in steps) is not ((state, event) in wrong), (state, event)
    reached = {state for steps in legal.values() for state in steps.values()} | {step.state for step in wrong.values()}
    assert reached <= legal.keys()
    assert {step.requirement for step in wrong.values()} <= ROWS.keys()


def test_only_the_standard_library_is_needed() -> None:
    """Also not the catalogue: no request may pay for it."""
    code = (
        "import sys; before = set(sys.modules); import gateproof.lint, gateproof.validate.middleware;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before};"
        "assert new <= {'gateproof', *sys.stdlib_module_names}, new;"
        "assert 'gateproof.requirements' not in sys.modules and 'tomllib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_package_stays_cheap() -> None:
    code = "import sys, gateproof; assert 'gateproof.lint' not in sys.modules; assert callable(gateproof.lint)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

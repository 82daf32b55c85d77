"""A script reads like the application that it makes."""

from __future__ import annotations

from typing import Any

import pytest

from gateproof import asgi_scripts, scripts, values
from gateproof.asgi_scripts import asgi, respond, spawn
from gateproof.report.program import LINES, program
from gateproof.scripts import attempt, environ_delete, environ_set, errors, fail, loop, read, start, wait, write, wsgi

JSON = ("Content-Type", "text/json")


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        (
            wsgi(start("200 OK", [JSON]), start("500 Oh", [], "new"), items=[b"a", b"b"]),
            [
                "start_response('200 OK', [('Content-Type', 'text/json')])",
                "start_response('500 Oh', [], sys.exc_info())",
                "return [b'a', b'b']",
            ],
        ),
        (wsgi(start("200 OK", [], "none"), kind="tuple"), ["start_response('200 OK', [], None)", "return ()"]),
        (
            wsgi(read("readline", 3), errors("write", "x"), items=[b"a", fail("ValueError", "no")], kind="generator"),
            [
                'environ["wsgi.input"].readline(3)',
                "environ[\"wsgi.errors\"].write('x')",
                "return generator:",
                "    yield b'a'",
                "    raise ValueError('no')",
            ],
        ),
        (
            wsgi(environ_set("a", 1), environ_delete("b"), items=[b"a"], kind="iterator", close="counts"),
            ["environ['a'] = 1", "del environ['b']", "return iterator([b'a'], close='counts')"],
        ),
        (
            wsgi(attempt([write(b"a"), wait("go")], [fail()]), loop(2, write(b"b"))),
            [
                "try:",
                "    write(b'a')",
                "    wait('go', 5.0)",
                "except Exception:",
                "    raise Exception('scripted')",
                "for _ in range(2):",
                "    write(b'b')",
                "return []",
            ],
        ),
        (
            asgi(asgi_scripts.receive(0.5), *asgi_scripts.attempts(asgi_scripts.send(asgi_scripts.body(b"x", True)))),
            [
                "await receive()  # for 0.5 s",
                "await send({'type': 'http.response.body', 'body': b'x', 'more_body': True})  # whatever it raises",
            ],
        ),
        (
            asgi(spawn("late", asgi_scripts.read_body()), respond(204, (), b"")),
            [
                "in a task late:",
                "    await receive()  # until the request is whole",
                "await send({'type': 'http.response.start', 'status': 204, 'headers': [(b'content-length', b'0')]})",
                "await send({'type': 'http.response.body', 'body': b''})",
            ],
        ),
    ],
)
def test_a_script_reads_like_its_application(script: dict[str, Any], lines: list[str]) -> None:
    """Python, where the verb is one of an application; the verb itself, where it is one of ours."""
    assert program(script) == ("the application", lines)


def test_what_is_no_script_is_shown_as_it_is() -> None:
    """A report may come from anywhere: nothing in it is trusted, and nothing of it is lost."""
    assert program(None) == ("", [])
    assert program({"manner": {"x": 1}})[1] == ["manner=x=1"]
    odd = {"steps": ["\u202e", ["respond", 1, 2, {"b": 3}], []]}
    assert program(odd)[1] == ["'\\u202e'", "respond(1, 2, b=3)", "[]"]


def test_how_an_application_is_played() -> None:
    """What differs from the plainest server, and what the application within does; the octets have the request."""
    manner = values.encode({"absent": ("QUERY_STRING",), "reads": ""})
    within = values.encode({"status": "200 OK", "writes": ()})
    script = {"manner": manner, "within": within, "request": {}}
    assert program(script) == ("played with", ["server: absent=('QUERY_STRING',)", "within: status='200 OK'"])
    assert program({"manner": {"dict": []}}) == ("", [])


def test_a_long_script_is_cut() -> None:
    """A failure is read; the report has the rest."""
    _, lines = program(scripts.wsgi(*[write(b"x" * 1000)] * 100))
    assert len(lines) == LINES
    assert lines[-1] == f"... {102 - LINES} more lines"
    assert max(map(len, lines)) < 200

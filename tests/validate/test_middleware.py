"""Findings about middleware have the ids of its own rows, from outside and from inside."""

from __future__ import annotations

from typing import Any

from gateproof import requirements
from gateproof.validate import Finding, middleware
from gateproof.validate.rows import ROWS
from gateproof.validate.wsgi import observe
from tests.validate.wsgi_peers import Server, answer, hello, make_environ


def test_twins_bind_the_right_parties() -> None:
    for twins, party in ((middleware.OUTSIDE, "application"), (middleware.INSIDE, "server")):
        for name, twin in twins.items():
            row = requirements.find(twin)
            assert ROWS[name][0] == party
            assert row is not None
            assert row.party == "middleware"
            assert row.interface == name[:4].lower()
    for twin in middleware.FRAME.values():
        assert requirements.find(twin) is not None


def run(wrap: Any, app: Any = hello) -> list[str]:
    """Observe a middleware from both sides; returns the ids."""
    found: list[Finding] = []
    inner = observe(app, middleware.inside(found.append))
    outer = observe(wrap(inner), middleware.outside(found.append))
    Server().serve(outer, make_environ())
    assert {finding.party for finding in found} <= {"middleware"}
    return [finding.requirement_id for finding in found]


def test_transparent_middleware_is_clean() -> None:
    def wrap(app: Any) -> Any:
        return lambda environ, start_response: app(environ, start_response)

    assert run(wrap) == []


def test_what_the_application_inside_breaks_is_what_comes_out() -> None:
    """Only both sides at once tell whose it is; the middleware passes it on, so it is its finding outside."""

    def wrap(app: Any) -> Any:
        return lambda environ, start_response: app(environ, start_response)

    assert run(wrap, answer("200")) == ["WSGI-STATUS-014"]


def test_faults_of_the_middleware() -> None:
    def keywords(app: Any) -> Any:
        return lambda environ, start_response: app(environ=environ, start_response=start_response)

    def port(app: Any) -> Any:
        return lambda environ, start_response: app({**environ, "SERVER_PORT": 80}, start_response)

    def no_write(app: Any) -> Any:
        def middle(environ: Any, start_response: Any) -> Any:
            def start(*args: Any) -> None:
                start_response(*args)

            return app(environ, start)

        return middle

    def longer(app: Any) -> Any:
        return lambda environ, start_response: [*app(environ, start_response), b"more"]

    def method(app: Any) -> Any:
        return lambda environ, start_response: app({**environ, "REMOTE_USER": None}, start_response)

    assert run(keywords) == ["WSGI-CALL-010"]
    assert run(port) == ["WSGI-ENV-036"]
    assert run(no_write) == ["WSGI-START-018"]
    assert run(longer) == ["WSGI-HTTP-044"]
    assert run(method) == ["WSGI-ENV-036"]

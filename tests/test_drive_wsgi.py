"""The driver is a conforming server in every manner, notes all, and ends what hangs at its deadline."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateproof.drive.paths import Place, discover, documented, named, openapi, parse, place, spelt
from gateproof.drive.wsgi.requests import Manner, Request
from gateproof.drive.wsgi.serving import Hung, serve
from gateproof.drive.wsgi.streams import WouldBlock

TEXT = [("Content-Type", "text/plain")]


def echo(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", list(TEXT))
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left and (data := environ["wsgi.input"].read(left)):
        left -= len(data)
        yield data


@pytest.mark.parametrize("reads", [(), (1,), (2, 3)])
def test_reads_may_be_short(reads: tuple[int, ...]) -> None:
    served = serve(echo, Request("POST", body=b"hello"), Manner(reads=reads))
    assert (served.body, served.outcome) == (b"hello", "the application answered '200 OK' with 5 octets")
    assert len(served.items) == (1 if not reads else 5 if reads == (1,) else 2)
    assert served.findings == []


def test_a_hang_costs_its_deadline() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        with contextlib.suppress(Exception):
            time.sleep(60)

    started = time.monotonic()
    served = serve(app, deadline=0.1)
    assert (served.hung, type(served.error)) == (True, Hung)
    assert time.monotonic() - started < 5


def test_a_process_that_stood_still_is_no_hang() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        time.sleep(0.3)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
        start_response("200 OK", list(TEXT))
        return [b"x"]

    assert serve(app, deadline=0.2).body == b"x"


def test_an_endless_body_is_left() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", list(TEXT))
        while True:
            yield b"x"

    assert serve(app).closed
    assert serve(app, manner=Manner(take=3)).body == b"xxx"


@pytest.mark.parametrize(("end", "error"), [("block", WouldBlock), ("gone", ConnectionResetError), ("eof", None)])
def test_reading_beyond_the_body(end: Any, error: type[BaseException] | None) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        environ["wsgi.input"].read(2)
        environ["wsgi.input"].read(1)
        start_response("200 OK", list(TEXT))
        return []

    served = serve(app, Request("POST", body=b"ab"), Manner(end=end))
    assert type(served.error) is (error or type(None))
    assert served.input.overread == 1


def test_the_client_leaves_in_its_body_and_in_write() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", list(TEXT))
        write(environ["wsgi.input"].read(2))
        write(environ["wsgi.input"].read(3))
        return []

    body = Request("POST", body=b"abcde")
    assert isinstance(serve(app, body, Manner(gone_at=3)).error, ConnectionResetError)
    assert isinstance(serve(app, body, Manner(write_fails_at=1)).error, BrokenPipeError)
    assert serve(app, body).written == [b"ab", b"cde"]


def test_lines() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", list(TEXT))
        stream = environ["wsgi.input"]
        return [stream.readline(1), b"|", stream.readline(), b"|", *stream.readlines(), b"|", *stream]

    assert serve(app, Request("POST", body=b"ab\ncd\nef")).body == b"a|b\n|cd\nef|"
    assert isinstance(serve(app, Request("POST"), Manner(sized_readline=False)).error, TypeError)


def test_optional_variables_are_absent_or_empty() -> None:
    environ = serve(echo, Request(), Manner(absent=frozenset(["REMOTE_ADDR", "PATH_INFO", "QUERY_STRING"]))).environ
    assert "REMOTE_ADDR" not in environ
    assert "QUERY_STRING" not in environ
    assert environ["PATH_INFO"] == "/"  # it has a value, so it stays
    assert serve(echo, manner=Manner(empty=frozenset(["CONTENT_TYPE"]))).environ["CONTENT_TYPE"] == ""
    fields = serve(echo, Request(fields=(("Cookie", "a=1"), ("cookie", "b=2"), ("X-A", "1"), ("x-a", "2")))).environ
    assert (fields["HTTP_COOKIE"], fields["HTTP_X_A"]) == ("a=1; b=2", "1, 2")


def test_a_second_start_needs_exc_info_and_none_after_data() -> None:
    def twice(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", list(TEXT))
        start_response("200 OK", list(TEXT))

    assert isinstance(serve(twice).error, AssertionError)

    def late(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", list(TEXT))
        yield b"x"
        try:
            raise ValueError("late")
        except ValueError as error:
            start_response("500 Oops", list(TEXT), (ValueError, error, None))
        yield b"y"

    served = serve(late)
    assert served.error is served.raised is not None
    assert serve(late, manner=Manner(take=1)).error is None


@pytest.mark.parametrize("kind", ["function", "method", "object", "partial", "lambda"])
def test_kinds_of_callables(kind: Any) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", list(TEXT))(b"a")
        return [b"b"]

    assert serve(app, manner=Manner(start=kind, write=kind)).body == b"ab"


def test_head_may_be_skipped_and_close_is_called_all_the_same() -> None:
    served = serve(echo, Request("HEAD"), Manner(head="skip"))
    assert (served.items, served.closed) == ([], True)


def test_places() -> None:
    assert parse(["/a%20b?x=1", "POST:/items"]) == [Place("/a b", "x=1"), Place("/items", "", "POST")]
    assert openapi({"paths": {"/items/{id}": {"get": {}, "delete": {}, "summary": ""}}}) == [
        Place("/items/1"),
        Place("/items/1", "", "DELETE"),
    ]
    pages = {"/": b'<a href="/one">1</a><img src=two.png><a href="http://else/x">', "/one": b"<form action='?q=1'>"}
    found = discover(lambda here: (pages.get(here.path, b""), "/moved" if here.path == "/two.png" else ""), [])
    assert found == [Place(), place("/one"), place("/two.png"), place("/one?q=1"), place("/moved")]


def test_words_are_spelt_out(tmp_path: Path) -> None:
    """A file stands for the operations of its document, in the first folder that has it."""
    document = {"paths": {"/items/{id}": {"get": {}, "delete": {}, "parameters": []}, "x-other": {"get": {}}}}
    (tmp_path / "api.json").write_text(json.dumps(document))
    words = spelt(["/a?b=1", "POST:/form", "api.json"], [tmp_path / "none", tmp_path])
    assert words == ("/a?b=1", "POST:/form", "GET:/items/1", "DELETE:/items/1")
    assert parse(words)[2:] == [Place("/items/1"), Place("/items/1", "", "DELETE")]


@pytest.mark.parametrize(
    ("word", "text", "why"),
    [
        ("items", None, "is none of: a path"),
        ("post:/items", None, "is none of: a path"),
        ("missing.yaml", None, "looked in"),
        ("api.yaml", "openapi: 3.1.0", "is no JSON"),
        ("api.json", "[]", "is no OpenAPI document"),
        ("api.json", '{"paths": {}}', "is no OpenAPI document"),
        ("api.json", '{"paths": {"/": null}}', "is no OpenAPI document"),
    ],
)
def test_words_that_name_nothing(tmp_path: Path, word: str, text: str | None, why: str) -> None:
    if text is not None:
        (tmp_path / word).write_text(text)
    with pytest.raises(ValueError, match=why):
        spelt(["/", word], [tmp_path])


def test_a_document_that_is_served_names_places() -> None:
    """What it has for GET is known then; what is no document is not."""
    served = {"/openapi.json": b'{"paths": {"/a/{b}": {"get": {}}, "/c": {"post": {}}}}'}
    assert documented(lambda here: served.get(here.path, b"")) == [Place("/a/1")]
    assert documented(lambda here: b"<html>") == documented(lambda here: b"[]") == []


def test_static_files_are_places(tmp_path: Path) -> None:
    for name in ("a b.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_bytes(b"")
    files = SimpleNamespace(all_directories=[tmp_path])
    routes = SimpleNamespace(routes=[SimpleNamespace(path="/static", app=files)])
    assert {place("/a%20b.txt"), place("/b.txt")} <= set(named(files))
    assert {place("/static"), place("/static/a%20b.txt")} <= set(named(routes))

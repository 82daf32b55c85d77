"""PEP 3333, Input and Error Streams: wsgi.errors."""

from __future__ import annotations

import json
from secrets import token_hex

from gateproof.check import in_band, requirement
from gateproof.judge import Judge
from gateproof.scripts import Step, attempt, errors, start, wait, wsgi
from gateproof.target import Server
from gateproof.wire.request import get


def writing(*steps: Step, live: bool = False) -> dict[str, object]:
    """Return a script that writes to wsgi.errors and then answers."""
    return wsgi(*steps, start("200 OK", [("Content-Length", "2")]), items=[b"ok"], live=live)


@in_band
@requirement("WSGI-ERRORS-001", "WSGI-ERRORS-002")
def test_the_three_methods_work(server: Server, judge: Judge) -> None:
    """write, writelines and flush take str; writelines a list and a tuple."""
    steps = [
        ("WSGI-ERRORS-001", "write", errors("write", "gateproof: a line\n")),
        ("WSGI-ERRORS-001", "writelines", errors("writelines", ["gateproof: a line\n"])),
        ("WSGI-ERRORS-001", "flush", errors("flush")),
        ("WSGI-ERRORS-001", "print", errors("print", "gateproof: printed")),
        ("WSGI-ERRORS-002", "writelines of a list", errors("writelines", ["gateproof: 1\n", "gateproof: 2\n"])),
        ("WSGI-ERRORS-002", "writelines of a tuple", errors("writelines", ("gateproof: 1\n", "gateproof: 2\n"))),
    ]
    x = server.exchange(get(), writing(*(attempt([step]) for _, _, step in steps)))
    for (row, name, _), said in zip(steps, x.call.named("errors"), strict=True):
        judge(row, "raised" not in said, f"{name} does not raise", said)


@in_band
@requirement("WSGI-ERRORS-003")
def test_any_text_can_be_written(server: Server, judge: Judge) -> None:
    """Characters may be substituted; nothing raises."""
    for text in ("\u20ac", "\u65e5\u672c", "\U0001f600", "\ud800"):
        x = server.exchange(get(), writing(attempt([errors("write", f"gateproof: {text}\n"), errors("flush")])))
        raised = [said for said in x.call.named("errors") if "raised" in said]
        judge("WSGI-ERRORS-003", not raised, f"{text!a} is written, perhaps as a substitute", raised)


def _are_apart(line: str, first: str, second: str) -> bool:
    """Tell whether a line of the log keeps two lines apart: it has but one, or is a record, which quotes its text."""
    return not (first in line and second in line) or (
        line.lstrip().startswith("{") and json.dumps(f"{first}\n{second}")[1:-1] in line
    )


@requirement("WSGI-ERRORS-004", "WSGI-ERRORS-005", revision=2)
def test_what_is_flushed_is_in_the_log(server: Server, judge: Judge) -> None:
    """After flush() the log has it, as two lines, while the request is still open."""
    first, second = f"gateproof-{token_hex(8)}", f"gateproof-{token_hex(8)}"
    script = writing(errors("write", f"{first}\n{second}\n"), errors("flush"), wait("go"), live=True)
    with server.connect() as connection:
        connection.begin(get(), script)
        reached = connection.wait("waiting", 3.0) is not None
        early = server.log_has(second, 1.0)
        connection.release("go")
        x = connection.read()
    if not reached:
        judge.rest_blocked(f"the script did not get as far as flush(): {x.outcome}")
    elif not early and not server.log_has(second, 1.0):
        server.unsupported("the server's log is not what it prints, so it cannot be seen")
    else:
        judge("WSGI-ERRORS-005", early, "in the log when flush() has returned", "it came only later")
        lines = server.running.log_tail(400).splitlines()
        apart = all(_are_apart(line, first, second) for line in lines)
        judge("WSGI-ERRORS-004", apart, "two lines", [line for line in lines if first in line])

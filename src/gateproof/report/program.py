"""A script as the application that it makes, in the words that its author would use: the start of a bug report.

The verbs are those of the probes. What is no script of theirs is shown as the data that it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateproof.report.hostile import compact

VALUE = 110  # characters of one value
LINES = 24
MARGIN = "    "
EXC_INFO = {"": "", "none": ", None", "new": ", sys.exc_info()"}


def program(script: Any) -> tuple[str, list[str]]:
    """Return a title and the lines of the application, at most `LINES`; none where there is nothing to tell.

    Where the target is no server, they tell how it was played, and what the application within a middleware does.
    """
    match script:
        case {"manner": {"dict": list(manner)}, **rest}:
            within = rest.get("within")
            pairs = within["dict"] if isinstance(within, dict) and isinstance(within.get("dict"), list) else []
            lines = [*_pairs("server", manner), *_pairs("within", pairs)]
            return ("played with" if lines else ""), lines
        case dict():
            lines = list(_lines(script))
        case _:
            return "", []
    if len(lines) > LINES:
        lines[LINES - 1 :] = [f"... {len(lines) - LINES + 1} more lines"]
    return "the application", lines


def _pairs(who: str, pairs: list[Any]) -> Iterator[str]:
    """Tell of what is neither empty nor left as it is."""
    for pair in pairs:
        match pair:
            case [str(key), value] if value and value != {"tuple": []}:
                yield f"{who}: {compact(key, VALUE)[1:-1]}={compact(value, VALUE)}"


def _lines(script: dict[str, Any]) -> Iterator[str]:
    match script:
        case {"call": list(call), "result": {"kind": str(kind), "items": list(items)}}:
            yield from _steps(call)
            yield from _result(kind, items, {k: v for k, v in script["result"].items() if k not in ("kind", "items")})
        case {"steps": list(steps)}:
            yield from _steps(steps)
        case _:
            yield compact(script, 20 * VALUE)


def _result(kind: str, items: list[Any], more: dict[str, Any]) -> Iterator[str]:
    """Tell what a WSGI application returns."""
    given = [item[1] for item in items if isinstance(item, list) and len(item) == 2 and item[0] == "yield"]
    about = "".join(f", {key}={compact(value, VALUE)}" for key, value in more.items())
    if len(given) < len(items):
        yield f"return {kind}{about}:"
        yield from _within(items)
    elif kind in ("list", "tuple") and not about:
        yield f"return {compact(given if kind == 'list' else {'tuple': given}, VALUE)}"
    else:
        yield f"return {kind}({compact(given, VALUE)}{about})"


def _within(steps: Iterable[Any]) -> Iterator[str]:
    return (MARGIN + line for line in _steps(steps))


def _steps(steps: Iterable[Any]) -> Iterator[str]:
    for step in steps:
        yield from _step(step)


def _step(step: Any) -> Iterator[str]:
    match step:
        case ["try", [only], []] if len(lines := list(_step(only))) == 1:
            yield f"{lines[0]}  # whatever it raises"
        case ["try", list(steps), list(on_error)]:
            yield "try:"
            yield from _within(steps)
            yield "except Exception:" + ("" if on_error else " pass")
            yield from _within(on_error)
        case ["loop", count, list(steps)]:
            yield f"for _ in range({count}):"
            yield from _within(steps)
        case ["spawn", name, list(steps)]:
            yield f"in a task {name}:"
            yield from _within(steps)
        case ["background", list(steps)]:
            yield "in a task that outlives the call:"
            yield from _within(steps)
        case ["respond", status, list(headers), {"b": str(octets)}]:
            length = {"tuple": [{"b": "content-length"}, {"b": str(len(octets))}]}
            yield _sent(_event("http.response.start", status=status, headers=[*headers, length]))
            yield _sent(_event("http.response.body", body={"b": octets}))
        case [str(verb), *arguments]:
            yield _call(verb, arguments)
        case _:
            yield compact(step, VALUE)


def _call(verb: str, arguments: list[Any]) -> str:
    match verb, arguments:
        case "start" | "keep_headers", [status, headers, exc_info]:
            given = EXC_INFO.get(exc_info, f", {compact(exc_info, VALUE)}")
            return f"start_response({_values(status, headers)}{given})"
        case "start_raw", [list(given)]:
            return f"start_response({_values(*given)})"
        case "write" | "yield", [data]:
            return f"write({_values(data)})" if verb == "write" else f"yield {_values(data)}"
        case "read" | "errors", [str(method), list(given)]:
            stream = "input" if verb == "read" else verb
            return f'environ["wsgi.{stream}"].{method}({_values(*given)})'
        case "environ", ["set", key, value]:
            return f"environ[{_values(key)}] = {_values(value)}"
        case "environ", ["del", key, _]:
            return f"del environ[{_values(key)}]"
        case "raise", [kind, text]:
            return f"raise {kind}({_values(text)})"
        case "send", [event]:
            return _sent(event)
        case "receive", [deadline]:
            return "await receive()" + (f"  # for {deadline} s" if deadline else "")
        case "receive_until", [list(types), _]:
            return f"await receive()  # until {' or '.join(map(str, types))}"
        case "read_body" | "digest_body", _:
            return "await receive()  # until the request is whole"
        case "cancel_receive", [seconds]:
            return f"await receive()  # cancelled after {seconds} s"
        case "return", []:
            return "return"
        case _:
            return f"{verb}({_values(*arguments)})"


def _sent(event: Any) -> str:
    return f"await send({compact(event, 3 * VALUE)})"


def _event(name: str, **keys: Any) -> dict[str, Any]:
    return {"dict": [["type", name], *([key, value] for key, value in keys.items())]}


def _values(*forms: Any) -> str:
    return ", ".join(compact(form, VALUE) for form in forms)

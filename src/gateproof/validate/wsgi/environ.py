"""The environ that a server gives: names are judged once per set of keys, values by what C does fast.

Requests of one client have the same keys in the same order, so a plan (which of them are text, which are missing) is
made once per order of keys and kept; a request then costs a few tuple look-ups.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any

Say = Callable[..., None]
Keys = tuple[Any, ...]
Getter = Callable[[dict[str, Any]], tuple[Any, ...]]

KEPT = 256
CGI = frozenset(  # RFC 3875 section 4.1, without the HTTP_ family
    [
        "AUTH_TYPE",
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "GATEWAY_INTERFACE",
        "PATH_INFO",
        "PATH_TRANSLATED",
        "QUERY_STRING",
        "REMOTE_ADDR",
        "REMOTE_HOST",
        "REMOTE_IDENT",
        "REMOTE_USER",
        "REQUEST_METHOD",
        "SCRIPT_NAME",
        "SERVER_NAME",
        "SERVER_PORT",
        "SERVER_PROTOCOL",
        "SERVER_SOFTWARE",
    ]
)
REQUIRED = {
    "REQUEST_METHOD": "WSGI-ENV-004",
    "SERVER_NAME": "WSGI-ENV-006",
    "SERVER_PORT": "WSGI-ENV-007",
    "SERVER_PROTOCOL": "WSGI-ENV-010",
    "wsgi.version": "WSGI-ENV-023",
    "wsgi.url_scheme": "WSGI-ENV-024",
    "wsgi.input": "WSGI-ENV-026",
    "wsgi.errors": "WSGI-ENV-026",
    "wsgi.multithread": "WSGI-ENV-026",
    "wsgi.multiprocess": "WSGI-ENV-026",
    "wsgi.run_once": "WSGI-ENV-026",
}
# file_wrapper is the PEP's own; input_terminated is a convention that the rulings allow.
RESERVED = frozenset(key for key in REQUIRED if "." in key) | {"wsgi.file_wrapper", "wsgi.input_terminated"}
# Widespread names that break the letter of a should.
TOLERATED = frozenset(["RAW_URI", "REQUEST_URI", "REMOTE_PORT", "HTTPS"])
FACTS = ("REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "wsgi.version", "wsgi.url_scheme")
USERS = ("REMOTE_USER", "AUTH_TYPE")
FLAGS = ("wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")

server_name = re.compile(r"[A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+(%25?[\w.-]+)?\]?").fullmatch
protocol = re.compile(r"HTTP/(1\.[0-9]|0\.9|[23](\.0)?)").fullmatch
scheme = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*").fullmatch
server_key = re.compile(r"[a-z0-9._]+").fullmatch


class Plan:
    """What one order of keys implies: the breaches that names alone show, and getters for what must be looked at."""

    __slots__ = ("clean", "facts", "keys", "problems", "streams", "text", "wrapper")

    def __init__(self, keys: Keys) -> None:
        """Judge the names in `keys`."""
        self.keys = keys
        self.problems = list(_problems(keys))
        names = [key for key in keys if _is_text(key)]
        # Two names at least, so that itemgetter gives a tuple.
        self.text: Getter | None = itemgetter(*names) if len(names) > 1 else None
        complete = {*FACTS, *FLAGS}.issubset(keys)
        users = [key for key in USERS if key in keys]
        self.facts: Getter | None = itemgetter(*FACTS, *FLAGS, *users) if complete else None
        self.streams = {"wsgi.input", "wsgi.errors"}.issubset(keys)
        self.wrapper = "wsgi.file_wrapper" in keys
        self.clean: tuple[Any, ...] | None = None


PLANS: dict[Keys, Plan] = {}


def _problems(keys: Keys) -> list[tuple[str, str, str, object]]:
    found: list[tuple[str, str, str, object]] = [
        (REQUIRED[name], f"{name} is missing from environ", "the key to be present", "no such key")
        for name in REQUIRED
        if name not in keys
    ]
    for key in keys:
        if not isinstance(key, str):
            found.append(("WSGI-ENV-022", "a key of environ is not str", "str", key))
        elif key in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
            found.append(("WSGI-ENV-016", f"{key} repeats {key[5:]}", f"{key[5:]} alone", key))
        elif key.startswith("HTTP_") and not _latin1(key):
            found.append(("WSGI-UNICODE-001", "a name holds a character above U+00FF", "latin-1 characters", key))
        elif key.startswith("wsgi.") and key not in RESERVED:
            found.append(("WSGI-ENV-028", f"{key} uses the PEP's own prefix", "a prefix unique to the server", key))
        elif _own(key) and not server_key(key):
            found.append(("WSGI-ENV-027", f"{key} is not named as the PEP asks", "[a-z0-9._]+", key))
    return found


def _is_text(key: object) -> bool:
    """Whether the value must be str: CGI's own variables, fields, and others in the manner of CGI."""
    return isinstance(key, str) and (key in CGI or key.startswith("HTTP_") or _is_other(key))


def _is_other(key: str) -> bool:
    return "." not in key and key.isupper() and key not in CGI and not key.startswith("HTTP_")


def _own(key: str) -> bool:
    """Whether a server made this name up: neither CGI, a field, TLS, the PEP nor the operating system has it."""
    known = key in CGI or key in RESERVED or key in TOLERATED or key.startswith(("HTTP_", "SSL_", "wsgi."))
    return not known and key not in os.environ


def _latin1(text: str) -> bool:
    return text.isascii() or max(text) <= "\xff"


# Most requests have the keys of the one before.
NOTHING = _last = Plan(())


def check(environ: Any, say: Say) -> Plan:
    """Judge an environ and return the plan of its keys; `say` is `Observer.say`. Changes and reads nothing."""
    if type(environ) is not dict:
        say("WSGI-ENV-001", "environ is not a built-in dict", "dict", type(environ))
        if not isinstance(environ, dict):
            return NOTHING
    keys = tuple(environ)
    plan = _last
    if keys != plan.keys:
        plan = _plan(keys)
    if plan.problems:
        for problem in plan.problems:
            say(*problem)
    try:
        text = "".join(plan.text(environ)) if plan.text is not None else None
        clean = plan.facts is not None and plan.facts(environ) == plan.clean
    except Exception:  # text that is not str, or a flag that cannot be compared
        text, clean = None, False
    if text is None or not text.isascii():
        _check_text(environ, say)
    if not clean:
        _check_facts(environ, plan, say)
    get = environ.get
    script = get("SCRIPT_NAME", "")
    path = get("PATH_INFO", "")
    if script or type(path) is not str or path[:1] != "/":
        _check_path(environ, path, script, say)
    length = get("CONTENT_LENGTH")
    if length and isinstance(length, str) and not (length.isascii() and length.strip(" \t").isdigit()):
        say("WSGI-ENV-015", "CONTENT_LENGTH is not a decimal number", "decimal digits", length)
    return plan


def _plan(keys: Keys) -> Plan:
    """Return the plan of an order of keys, made if need be, and remember that it was the last one."""
    global _last
    plan = PLANS.get(keys)
    if plan is None:
        if len(PLANS) >= KEPT:
            PLANS.clear()
        plan = PLANS[keys] = Plan(keys)
    _last = plan
    return plan


def _check_text(environ: dict[Any, Any], say: Say) -> None:
    """Find which value is not text, or not latin-1."""
    for key, value in environ.items():
        if not _is_text(key):
            continue
        other = _is_other(key)
        if not isinstance(value, str):
            if other:
                say("WSGI-ENV-039", f"{key} is not str", "str", value)
            elif key not in ("SERVER_NAME", "SERVER_PORT"):  # those have rows of their own
                say("WSGI-ENV-021", f"{key} is not str", "str", value)
        elif not _latin1(value):
            if not other:
                say("WSGI-UNICODE-001", f"{key} holds a character above U+00FF", "latin-1 characters", value)
            elif key in os.environ:
                say("WSGI-UNICODE-007", f"{key} was not decoded again as latin-1", "latin-1 characters", value)


def _check_facts(environ: dict[Any, Any], plan: Plan, say: Say) -> None:
    """Judge the values that seldom change; what breaks nothing is remembered."""
    found: list[str] = []

    def tell(requirement: str, *words: object) -> None:
        found.append(requirement)
        say(requirement, *words)

    _check_server(environ, tell)
    _check_wsgi(environ, tell)
    for key in USERS:
        if environ.get(key) in ("", "-"):
            say("WSGI-ENV-020", f"{key} is a placeholder", "the key left out where it has no value", environ[key])
    if not found and plan.facts is not None:
        plan.clean = plan.facts(environ)


def _check_server(environ: dict[Any, Any], say: Say) -> None:
    if environ.get("REQUEST_METHOD", "GET") == "":
        say("WSGI-ENV-004", "REQUEST_METHOD is empty", "the method of the request", "")
    name = environ.get("SERVER_NAME", "localhost")
    if not isinstance(name, str) or not name:
        say("WSGI-ENV-006", "SERVER_NAME is empty or not str", "a str that is not empty", name)
    elif not server_name(name):
        say("WSGI-ENV-009", "SERVER_NAME cannot stand in a URL", "a host name or an IP address", name)
    port = environ.get("SERVER_PORT", "80")
    if not isinstance(port, str) or not port:
        say("WSGI-ENV-007", "SERVER_PORT is empty or not str", "a str that is not empty", port)
    elif not (port.isascii() and port.isdigit()):
        say("WSGI-ENV-008", "SERVER_PORT is not a decimal number", "decimal digits", port)
    version = environ.get("SERVER_PROTOCOL", "HTTP/1.1")
    if isinstance(version, str) and not protocol(version):
        say("WSGI-ENV-010", "SERVER_PROTOCOL is not a version of HTTP", "HTTP/x.y", version)


def _check_wsgi(environ: dict[Any, Any], say: Say) -> None:
    version = environ.get("wsgi.version", (1, 0))
    if not isinstance(version, tuple) or version != (1, 0):
        say("WSGI-ENV-023", "wsgi.version is not the tuple (1, 0)", "(1, 0)", version)
    url_scheme = environ.get("wsgi.url_scheme", "http")
    if not isinstance(url_scheme, str) or not scheme(url_scheme):
        say("WSGI-ENV-024", "wsgi.url_scheme is not the scheme of a URL", "'http' or 'https'", url_scheme)
    for key in FLAGS:
        value = environ.get(key, False)
        try:
            usable = bool(value) is value or not isinstance(value, (str, bytes))
        except Exception:
            usable = False
        if not usable:
            say("WSGI-THREAD-005", f"{key} has no usable truth value", "True or False", value)


def _check_path(environ: dict[Any, Any], path: object, script: object, say: Say) -> None:
    method = environ.get("REQUEST_METHOD")
    if script:
        _check_script(script, say)
    if not isinstance(path, str) or method == "CONNECT" or (method == "OPTIONS" and path in ("*", "")):
        return
    if "://" in path and path[0] != "/":
        say("WSGI-URL-013", "PATH_INFO holds a whole URL", "the path of the target", path)
    elif path and path[0] != "/":
        say("WSGI-URL-003", "PATH_INFO does not begin with '/'", "'/...' or an empty str", path)
    elif not path and not script:
        say("WSGI-URL-004", "SCRIPT_NAME and PATH_INFO are both empty", "PATH_INFO '/' for the root", path)


def _check_script(script: object, say: Say) -> None:
    if not isinstance(script, str):
        return
    if script == "/":
        say("WSGI-URL-002", "SCRIPT_NAME for the root is '/'", "an empty str", script)
    elif not script.startswith("/"):
        say("WSGI-URL-001", "SCRIPT_NAME does not begin with '/'", "'/...' or an empty str", script)


def is_request(key: object) -> bool:
    """Whether the bytes of the request's head decide the value of this variable."""
    return isinstance(key, str) and (key in ("PATH_INFO", "QUERY_STRING", "CONTENT_TYPE") or key.startswith("HTTP_"))

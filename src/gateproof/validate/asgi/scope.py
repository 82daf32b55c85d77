"""The scope that a server gives. Its shape (keys and types) is judged once and remembered; the values are small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gateproof.validate.asgi import fields, tls

Say = Callable[..., None]
KEPT = 512
PUBLISHED = ("2.0", "2.1", "2.2", "2.3", "2.4", "2.5")
LIFESPAN_VERSIONS = ("1.0", "2.0")
HTTP_VERSIONS = ("1.0", "1.1", "2", "3")
WEBSOCKET_VERSIONS = ("1.1", "2", "3")
NOTHING = type(None)
ANY = (object,)


class Key(NamedTuple):
    """What the text says of one key of a scope."""

    row: str
    types: tuple[type, ...]
    required: bool = False
    since: str = "2.0"


HTTP = {
    "http_version": Key("ASGI-HTTP-SCOPE-002", (str,), required=True),
    "method": Key("ASGI-HTTP-SCOPE-004", (str,), required=True),
    "scheme": Key("ASGI-HTTP-SCOPE-006", (str,)),
    "path": Key("ASGI-HTTP-SCOPE-008", (str,), required=True),
    "raw_path": Key("ASGI-HTTP-SCOPE-013", (bytes, NOTHING), since="2.1"),
    "query_string": Key("ASGI-HTTP-SCOPE-015", (bytes,), required=True),
    "root_path": Key("ASGI-HTTP-SCOPE-018", (str,)),
    "headers": Key("ASGI-HTTP-SCOPE-021", ANY, required=True),
    "extensions": Key("ASGI-EXT-001", (dict, NOTHING)),
    "state": Key("ASGI-LIFE-042", (dict,), since="2.3"),
}
WEBSOCKET = {
    "http_version": Key("ASGI-WS-SCOPE-002", (str,)),
    "scheme": Key("ASGI-WS-SCOPE-003", (str,)),
    "path": Key("ASGI-WS-SCOPE-005", (str,), required=True),
    "raw_path": Key("ASGI-WS-SCOPE-006", (bytes, NOTHING), since="2.1"),
    "query_string": Key("ASGI-WS-SCOPE-007", (bytes, NOTHING)),
    "root_path": Key("ASGI-WS-SCOPE-008", (str,)),
    "headers": Key("ASGI-WS-SCOPE-011", ANY, required=True),
    "extensions": Key("ASGI-EXT-001", (dict, NOTHING)),
    "state": Key("ASGI-LIFE-042", (dict,), since="2.3"),
}
LIFESPAN = {
    "extensions": Key("ASGI-EXT-001", (dict, NOTHING)),
    "state": Key("ASGI-LIFE-030", (dict,), since="2.3"),
}
HTTP_ROWS = fields.Rows("ASGI-HTTP-SCOPE-021", "ASGI-HTTP-SCOPE-025", "ASGI-HTTP-SCOPE-027")
WEBSOCKET_ROWS = fields.Rows("ASGI-WS-SCOPE-011", "ASGI-WS-SCOPE-012", "ASGI-WS-SCOPE-013")

SHAPES: set[tuple[Any, ...]] = set()
FACTS: set[tuple[Any, ...]] = set()


def check_http(scope: dict[Any, Any], say: Say, inform: bool) -> str:
    """Judge an http scope; returns the spec version that it declares."""
    version = _common(scope, HTTP, say, "ASGI-APP-009")
    get = scope.get
    facts = (get("http_version"), get("method"), get("scheme"))
    if facts not in FACTS:
        _http_facts(scope, facts, say, inform)
    raw = get("raw_path")
    if type(raw) is bytes and b"?" in raw and version != "2.0":
        say("ASGI-HTTP-SCOPE-014", "raw_path holds the query", "the path alone", raw)
    if inform and "://" in str(get("path"))[:32]:
        say("ASGI-HTTP-SCOPE-012", "path holds a whole URL", "the path of the target", get("path"))
    headers = get("headers")
    if headers:
        fields.check(headers, _rows(HTTP_ROWS, version), say)
    if get("client") is not None:
        _address(scope["client"], say, "ASGI-HTTP-SCOPE-031", "")
    if get("server") is not None:
        _address(scope["server"], say, "ASGI-HTTP-SCOPE-034", "ASGI-HTTP-SCOPE-036" if version >= "2.2" else "")
    return version


def check_websocket(scope: dict[Any, Any], say: Say) -> str:
    """Judge a websocket scope; returns the spec version that it declares."""
    version = _common(scope, WEBSOCKET, say, "ASGI-APP-009")
    get = scope.get
    if isinstance(get("http_version"), str) and get("http_version") not in WEBSOCKET_VERSIONS:
        say("ASGI-WS-SCOPE-002", "http_version is none of a handshake", "'1.1', '2' or '3'", get("http_version"))
    if get("scheme") == "":
        say("ASGI-WS-SCOPE-003", "scheme is empty", "'ws' or 'wss'", "")
    raw = get("raw_path")
    if type(raw) is bytes and b"?" in raw and version != "2.0":
        say("ASGI-WS-SCOPE-006", "raw_path holds the query", "the path alone", raw)
    headers = get("headers")
    if headers:
        fields.check(headers, _rows(WEBSOCKET_ROWS, version), say)
    for key in ("client", "server"):
        if get(key) is not None:
            _address(scope[key], say, "ASGI-WS-SCOPE-014", "ASGI-WS-SCOPE-014" if key == "server" else "")
    _subprotocols(get("subprotocols", ()), say)
    return version


def check_lifespan(scope: dict[Any, Any], say: Say) -> str:
    """Judge a lifespan scope; returns the spec version that it declares."""
    version = _common(scope, LIFESPAN, say, "ASGI-LIFE-003")
    if scope.get("state"):
        say("ASGI-LIFE-030", "state is not empty at startup", "{}", scope["state"])
    extensions = scope.get("extensions")
    if isinstance(extensions, dict) and "tls" in extensions:
        say("ASGI-TLS-003", "the tls extension is in a lifespan scope", "none there", "tls")
    return version


def check_other(scope: dict[Any, Any], say: Say) -> str:
    """Judge a scope of an unknown type."""
    return _common(scope, {}, say, "ASGI-APP-009")


def _rows(rows: fields.Rows, version: str) -> fields.Rows:
    """Leave out what the declared version did not say yet."""
    if version >= "2.3":
        return rows
    return rows._replace(case="", pseudo=rows.pseudo if version >= "2.1" else "")


def _common(scope: dict[Any, Any], keys: dict[str, Key], say: Say, asgi_row: str) -> str:
    shape = (tuple(scope), tuple(map(type, scope.values())))
    if shape not in SHAPES:
        _check_shape(scope, shape, keys, say)
    asgi = scope.get("asgi")
    version = "2.0"
    if type(asgi) is dict and asgi.get("version") == "3.0":
        version = asgi.get("spec_version", "2.0")
        if version not in PUBLISHED or len(asgi) > 2 or asgi_row == "ASGI-LIFE-003":
            version = _check_versions(asgi, say, asgi_row)
    else:
        version = _check_asgi(asgi, say, asgi_row)
    extensions = scope.get("extensions")
    if extensions:
        _check_extensions(extensions, say, asgi_row)
    return version


def _check_shape(scope: dict[Any, Any], shape: tuple[Any, ...], keys: dict[str, Key], say: Say) -> None:
    found: list[str] = []

    def tell(requirement: str, *words: object) -> None:
        found.append(requirement)
        say(requirement, *words)

    for name in scope:
        if not isinstance(name, str):
            tell("ASGI-EVENT-009", "a key of the scope is not str", "str", name)
    for name, key in keys.items():
        if name not in scope:
            if key.required:
                tell(key.row, f"{name} is missing from the scope", "the key to be present", "no such key")
        elif not isinstance(scope[name], key.types) and not _too_new(scope, key):
            words = " or ".join("None" if kind is NOTHING else kind.__name__ for kind in key.types)
            tell(key.row, f"{name} has the wrong type", words, type(scope[name]))
    if not found:
        if len(SHAPES) >= KEPT:
            SHAPES.clear()
        SHAPES.add(shape)


def _too_new(scope: dict[Any, Any], key: Key) -> bool:
    """Whether the version that the scope declares does not have the rule yet; lifespan has versions of its own."""
    if key.since == "2.0" or scope.get("type") == "lifespan":
        return False
    asgi = scope.get("asgi")
    declared = asgi.get("spec_version", "2.0") if isinstance(asgi, dict) else "2.0"
    return isinstance(declared, str) and declared < key.since


def _check_asgi(asgi: object, say: Say, row: str) -> str:
    if not isinstance(asgi, dict) or "version" not in asgi:
        say(row, "asgi is no dict with a version", "{'version': '3.0', ...}", asgi)
        return "2.0"
    version = asgi["version"]
    if not isinstance(version, str) or version not in ("2.0", "3.0"):
        say("ASGI-APP-010", "asgi['version'] is no version of ASGI", "'3.0'", version)
    elif version == "2.0":
        say("ASGI-APP-010", "asgi['version'] is that of two callables", "'3.0'", version, "inform")
    return _check_versions(asgi, say, row)


def _check_versions(asgi: dict[Any, Any], say: Say, row: str) -> str:
    for name in asgi:
        if not isinstance(name, str):
            say("ASGI-EVENT-009", "a key of asgi is not str", "str", name)
    version = asgi.get("spec_version", "2.0")
    if not isinstance(version, str):
        say("ASGI-APP-012", "spec_version is not str", "str", version)
        return "2.0"
    if row == "ASGI-LIFE-003":
        if version not in LIFESPAN_VERSIONS:
            say("ASGI-LIFE-004", "spec_version is no version of lifespan", "'1.0' or '2.0'", version)
    elif version not in PUBLISHED:
        newer = version[:2] == "2." and version[2:].isdigit()
        say("ASGI-APP-028", "spec_version is not published", "'2.0' to '2.5'", version, "inform" if newer else "")
        return "2.5" if newer else "2.0"
    return version


def _check_extensions(extensions: object, say: Say, row: str) -> None:
    if not isinstance(extensions, dict):
        return
    for name, value in extensions.items():
        if type(name) is not str and not isinstance(name, str):
            say("ASGI-EVENT-009", "a key of extensions is not str", "str", name)
        elif type(value) is not dict and not isinstance(value, dict):
            other = "ASGI-TLS-002" if name == "tls" else "ASGI-EXT-078"
            say(other, f"the entry {name!r} of extensions is not a dict", "dict", value)
        elif name == "tls" and row != "ASGI-LIFE-003":
            tls.check(value, say)


def _http_facts(scope: dict[Any, Any], facts: tuple[Any, ...], say: Say, inform: bool) -> None:
    version, method, scheme = facts
    clean = True
    if isinstance(version, str) and version not in HTTP_VERSIONS:
        clean = False
        say("ASGI-HTTP-SCOPE-002", "http_version is no version of HTTP", "'1.0', '1.1', '2' or '3'", version)
    if method == "":
        clean = False
        say("ASGI-HTTP-SCOPE-004", "method is empty", "the method of the request", "")
    elif isinstance(method, str) and method != method.upper():
        clean = False
        say("ASGI-HTTP-SCOPE-041", "method is not in upper case", method.upper(), method)
    if scheme == "":
        clean = False
        say("ASGI-HTTP-SCOPE-006", "scheme is empty", "'http' or 'https'", "")
    if clean and all(isinstance(fact, (str, NOTHING)) for fact in facts):
        if len(FACTS) >= KEPT:
            FACTS.clear()
        FACTS.add(facts)


def _address(value: Any, say: Say, row: str, unix_row: str) -> None:
    """Judge [host, port], or [path, None] where `unix_row` says that the text has it."""
    if type(value) in (list, tuple) and len(value) == 2 and type(value[0]) is str and type(value[1]) is int:
        if unix_row and value[0][:1] == "/":
            say(unix_row, "a unix socket is given with a port", "[path, None]", value)
        return
    if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
        say(row, "an address is no iterable of two items", "[host, port]", value)
        return
    if not isinstance(value, (list, tuple)):
        return  # might be an iterator, which must not be consumed
    host, port = value if len(value) == 2 else (None, None)
    if not isinstance(host, str):
        say(row, "an address is not [host, port]", "[str, int]", value)
    elif host[:1] == "/" and port is not None and unix_row:
        say(unix_row, "a unix socket is given with a port", "[path, None]", value)
    elif not isinstance(port, int) and not (port is None and row != "ASGI-HTTP-SCOPE-031"):
        say(row, "the port of an address is not int", "[str, int]", value)


def _subprotocols(value: Any, say: Say) -> None:
    if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
        say("ASGI-WS-SCOPE-015", "subprotocols is not an iterable of str", "a list of str", value)
    elif isinstance(value, (list, tuple)):
        for item in value:
            if not isinstance(item, str) or not item:
                say("ASGI-WS-SCOPE-015", "an item of subprotocols is no token", "str", item)

"""What each server made of the same octets: environ or scope, key by key, those that agree together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateproof.report import hostile
from gateproof.report.matrix import Matrix, Target, steady

JsonDict = dict[str, Any]
ABSENT = "absent"
# What differs from launch to launch, or belongs to our own way of asking.
VOLATILE = frozenset(
    {"REMOTE_PORT", "SERVER_PORT", "HTTP_GATEPROOF_ID", "HTTP_GATEPROOF_SCRIPT", "state", "wsgi.errors"}
)
FIRST = frozenset({"the answer", "the application"})
OF_ITSELF = frozenset({"SERVER_SOFTWARE", "wsgi.input", "wsgi.file_wrapper", "wsgi.multithread", "extensions"})
OF_A_REQUEST = re.compile(
    r"HTTP_|CONTENT_|REMOTE_|REQUEST_|SERVER_|SCRIPT_|PATH_INFO$|PATH_TRANSLATED$|QUERY_STRING$|AUTH_TYPE$|"
    r"GATEWAY_INTERFACE$|HTTPS$|RAW_URI$|UNIX_SERVER_ADDR$|X_|[a-z0-9_]+\."
)
OWN_FIELDS = ("gateproof-id", "gateproof-script")
MOST = 120  # keys of one exchange
FIELDS = 24


@dataclass
class Key:
    """One key, with the values that targets gave it; the most common first."""

    name: str
    values: list[tuple[str, list[Target]]]

    @property
    def agreed(self) -> bool:
        """Tell whether all of them gave the same."""
        return len(self.values) == 1

    @property
    def lonely(self) -> bool:
        """Tell whether only one of several targets has the key at all."""
        return sum(len(targets) for value, targets in self.values if value != ABSENT) == 1 and len(self.values) > 1


@dataclass
class Specimen:
    """One exchange: the octets that were sent, and what each target gave its application."""

    number: int
    name: str
    request: list[str]
    targets: list[Target]
    keys: list[Key]

    @property
    def differing(self) -> list[Key]:
        """Keys with more than one value: what is made of the request first, then what servers say of themselves."""
        found = [key for key in self.keys if not key.agreed and not key.lonely]
        return sorted(found, key=lambda key: (key.name in OF_ITSELF, key.name not in FIRST, -len(key.values)))

    @property
    def lonely(self) -> list[tuple[Target, list[str]]]:
        """Names of the keys that one target alone gives, such as variables of the operating system."""
        found: dict[str, tuple[Target, list[str]]] = {}
        for key in self.keys:
            if key.lonely:
                [target] = [each for value, targets in key.values if value != ABSENT for each in targets]
                found.setdefault(target.slug, (target, []))[1].append(key.name)
        return list(found.values())

    @property
    def agreed(self) -> list[Key]:
        """Keys on which all agree."""
        return [key for key in self.keys if key.agreed]


def specimens(matrix: Matrix) -> list[Specimen]:
    """Return every exchange that at least one target of the matrix was asked for."""
    names = dict.fromkeys(name for target in matrix.targets for name in target.report.get("specimens", {}))
    found = []
    for number, name in enumerate(names, 1):
        asked = [(target, exchange) for target in matrix.targets if (exchange := _exchange(target.report, name))]
        if asked:
            request = hostile.octet_lines(hostile.octets(asked[0][1]["request"]), 600)
            keys = _keys([(target, facts(exchange)) for target, exchange in asked])
            found.append(Specimen(number, hostile.visible(name, 80), request, [target for target, _ in asked], keys))
    return found


def _exchange(report: JsonDict, name: str) -> JsonDict | None:
    found: JsonDict | None = report["exchanges"].get(report.get("specimens", {}).get(name, ""))
    return found


def facts(exchange: JsonDict) -> dict[str, str]:
    """Return what an exchange came to, as texts: the answer, the number of calls, and each key of environ or scope."""
    answer = b"".join(hostile.octets(piece) for piece in exchange["client"] if piece["dir"] == "in")
    head = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    outcome = head[0].decode("latin-1") if answer else exchange["outcome"]
    found = {"the answer": hostile.visible(steady(outcome), 160)}
    opening = next((event for event in exchange["app"] if event["event"] in ("call", "scope")), None)
    found["the application"] = "was called" if opening else "was not called"
    others = "none"
    environ = opening is not None and opening["event"] == "call"
    for key, value in _opening(opening["value"] if opening else None):
        if environ and not OF_A_REQUEST.match(key):
            others = "some"  # of the operating system: their names and values are nobody's business
        elif key not in VOLATILE and len(found) < MOST:
            found[hostile.visible(key, 60)] = hostile.visible(steady(_text(key, value)), 240)
    return found | ({"variables of another kind": others} if environ else {})


def _opening(value: object) -> list[tuple[str, object]]:
    """Return the pairs of the environ or scope of a call."""
    for name, inner in _pairs(value):
        if name in ("environ", "scope"):
            return [(str(key), each) for key, each in _pairs(inner)]
    return []


def _pairs(form: object) -> list[tuple[object, object]]:
    pairs = form.get("dict") if isinstance(form, dict) else None
    return [
        (pair[0], pair[1])
        for pair in (pairs if isinstance(pairs, list) else [])
        if isinstance(pair, list) and len(pair) == 2
    ]


def _text(key: str, value: object) -> str:
    if key == "headers" and isinstance(value, list):
        value = [item for item in value if not _own(item)][:FIELDS]
    if key in ("client", "server") and isinstance(value, dict) and _several(value.get("tuple")):
        host, *port = value["tuple"]
        ports = ["a port" if type(each) is int else type(each).__name__ for each in port]
        return f"({', '.join([hostile.compact(host), *ports])})"
    return hostile.compact(value, 240)


def _several(value: object) -> bool:
    return isinstance(value, list) and bool(value)


def _own(item: object) -> bool:
    pair = item.get("tuple") if isinstance(item, dict) else item
    name = pair[0] if isinstance(pair, list) and pair else None
    text = name.get("b", "") if isinstance(name, dict) else name
    return isinstance(text, str) and text.lower() in OWN_FIELDS


def _keys(asked: Sequence[tuple[Target, dict[str, str]]]) -> list[Key]:
    names = dict.fromkeys(name for _, each in asked for name in each)
    keys = []
    for name in names:
        values: dict[str, list[Target]] = {}
        for target, each in asked:
            values.setdefault(each.get(name, ABSENT), []).append(target)
        keys.append(Key(name, sorted(values.items(), key=lambda pair: -len(pair[1]))))
    return keys

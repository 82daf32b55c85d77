"""Whether data has the shape of a published schema: enough of JSON Schema for ours, without a library at run time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

JsonDict = dict[str, Any]
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
FREE = "#/$defs/value"  # what an application was given: shown as whatever it turns out to be


def misfit(value: object, schema: JsonDict) -> str:
    """Return where data first departs from a schema, and how; '' where it does not.

    A key that the schema does not name is no departure, as keys are added with time, unless all keys have a pattern.
    """
    return next(_found(value, schema, schema["$defs"], ""), "")


def _found(value: Any, schema: JsonDict, known: JsonDict, where: str) -> Iterator[str]:
    if "$ref" in schema:
        if schema["$ref"] != FREE:
            yield from _found(value, known[schema["$ref"].rpartition("/")[2]], known, where)
        return
    wanted = schema.get("type", [])
    if wanted and not any(_is(value, name) for name in ([wanted] if isinstance(wanted, str) else wanted)):
        yield f"{where or 'it'} is no {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
        return
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        yield f"{where} is {str(value)[:60]!r}"
    if isinstance(value, str):
        if not re.search(schema.get("pattern", ""), value) or (
            schema.get("format") == "date-time" and not _date(value)
        ):
            yield f"{where} is {value[:60]!r}"
    elif isinstance(value, dict):
        yield from _of_object(value, schema, known, where)
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{where} is empty"
        for number, item in enumerate(value):
            yield from _found(item, schema.get("items", {}), known, f"{where}[{number}]")
    elif not isinstance(value, bool) and isinstance(value, (int, float)) and value < schema.get("minimum", value):
        yield f"{where} is {value}"


def _of_object(value: JsonDict, schema: JsonDict, known: JsonDict, where: str) -> Iterator[str]:
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{where or 'it'} has no {key}"
    rest = schema.get("additionalProperties", {})
    for key, item in value.items():
        place = f"{where}.{key[:60]}".removeprefix(".")
        inner = named.get(key) or next((each for form, each in patterns.items() if re.search(form, key)), None)
        if (inner is None and patterns) or key not in schema.get("propertyNames", {}).get("enum", [key]):
            yield f"{where} has {key[:60]!r}"
        elif inner is not None or isinstance(rest, dict):
            yield from _found(item, rest if inner is None else inner, known, place)


def _is(value: object, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _date(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False

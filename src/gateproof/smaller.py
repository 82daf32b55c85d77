"""Smaller scripts than one of a corpus that failed: Hypothesis makes those of what it drew.

A part that may have any number of items (a list, or a field that is a `tuple[X, ...]`) loses some of them, as in the
hands of Hypothesis, but never the last one; a field with a default goes back to it. Nothing else is known of a case,
so that nothing else is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import partial
from typing import Any, get_args, get_type_hints

TRIES = 8
Rebuild = Callable[[Any], Any]


def smaller(case: Any) -> Iterator[Any]:
    """Yield cases with less in them, those first that have least."""
    if type(case) is list:
        yield from _shorter(case, list)
    elif type(case) is tuple:
        for index, part in enumerate(case):
            if type(part) is list:
                yield from _shorter(part, partial(_with_item, case, index))
    elif is_dataclass(case) and not isinstance(case, type):
        yield from _simpler(case)


def _simpler(case: Any) -> Iterator[Any]:
    hints = get_type_hints(type(case))
    for field in fields(case):
        value = getattr(case, field.name)
        if field.default is not MISSING and value != field.default:
            yield replace(case, **{field.name: field.default})
        if isinstance(value, tuple) and get_args(hints[field.name])[1:] == (...,):
            yield from _shorter(value, partial(_with_field, case, field.name))


def _shorter(items: Sequence[Any], rebuild: Rebuild) -> Iterator[Any]:
    """Yield each half, then all but one; one is left at least."""
    half = len(items) // 2
    if half:
        yield rebuild(items[:half])
        yield rebuild(items[half:])
    if len(items) > 2:
        for index in reversed(range(len(items))):
            yield rebuild([*items[:index], *items[index + 1 :]])


def _with_item(case: tuple[Any, ...], index: int, items: Sequence[Any]) -> tuple[Any, ...]:
    return (*case[:index], list(items), *case[index + 1 :])


def _with_field(case: Any, name: str, items: Sequence[Any]) -> Any:
    return replace(case, **{name: tuple(items)})

"""How a check says what it judges and what it needs: two decorators that only leave a note on the function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])
ATTRIBUTE = "__gateproof_check__"


@dataclass(frozen=True)
class CheckInfo:
    """What is known of a check before it runs."""

    requirements: tuple[str, ...] = ()
    launch: str = "default"
    revision: int = 1
    in_band: bool = False
    unproxied: bool = False
    hidden: tuple[str, ...] = ()


def requirement(*ids: str, revision: int = 1) -> Callable[[F], F]:
    """Mark a check with the requirements that it judges; raise `revision` whenever its judgement changes."""

    def mark(function: F) -> F:
        setattr(function, ATTRIBUTE, replace(info(function), requirements=ids, revision=revision))
        return function

    return mark


def launch(variant: str) -> Callable[[F], F]:
    """Ask for another launch of the server (`mount`, `threads`, ...): the check's `server` is then that one."""

    def mark(function: F) -> F:
        setattr(function, ATTRIBUTE, replace(info(function), launch=variant))
        return function

    return mark


def in_band(function: F) -> F:
    """Mark a check that also judges a deployed probe: nothing between client and server spoils what it looks at."""
    setattr(function, ATTRIBUTE, replace(info(function), in_band=True))
    return function


def unproxied(function: F) -> F:
    """Mark a check that judges a deployed probe as well, where nothing between may change what it looks at."""
    setattr(function, ATTRIBUTE, replace(info(function), in_band=True, unproxied=True))
    return function


def in_band_but(*hidden: str) -> Callable[[F], F]:
    """Mark a check that judges a deployed probe as well, but for some of its requirements, which do not show there."""

    def mark(function: F) -> F:
        setattr(function, ATTRIBUTE, replace(info(function), in_band=True, hidden=hidden))
        return function

    return mark


def info(function: object) -> CheckInfo:
    """Return the note of a function; an empty one when it has none."""
    found = getattr(function, ATTRIBUTE, None)
    return found if isinstance(found, CheckInfo) else CheckInfo()


def check_id(function: Callable[..., object]) -> str:
    """Return the durable name of a check, such as `wsgi/server/environ/path_info_starts_with_a_slash`.

    Node ids differ between a checkout, a wheel and `--pyargs`; this does not.
    """
    parts = function.__module__.split(".")
    if "suites" in parts:
        parts = parts[parts.index("suites") + 1 :]
    name = getattr(function, "__name__", "check")
    return "/".join([*parts[:-1], parts[-1].removeprefix("test_"), name.removeprefix("test_")])


def needs(function: Callable[..., object]) -> tuple[str, ...]:
    """Return the names of the fixtures that a check asks for."""
    return tuple(inspect.signature(function).parameters)

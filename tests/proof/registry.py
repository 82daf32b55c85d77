"""Where mutants and conforming variants register themselves.

A mutant is the reference implementation with exactly one fault, made by overriding one seam. A variant is the reference
with another legal choice: every check must leave it green.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])


@dataclass(frozen=True)
class Mutant:
    """One fault: what it is proof of, what else it breaks, and how to make the broken implementation."""

    requirement: str
    name: str
    make: Callable[..., Any]
    interface: str
    also: frozenset[str] = frozenset()
    launch: str = "default"
    options: dict[str, Any] = field(default_factory=dict)
    party: str = "server"
    drawn: bool = False

    @property
    def id(self) -> str:
        """Name in the test run."""
        return f"{self.requirement}-{self.name}"


@dataclass(frozen=True)
class Variant:
    """One legal choice that differs from the reference's; `about` is which requirements it is asked of in any case."""

    name: str
    make: Callable[..., Any]
    interface: str
    options: dict[str, Any] = field(default_factory=dict)
    party: str = "server"
    about: frozenset[str] = frozenset()


MUTANTS: list[Mutant] = []
VARIANTS: list[Variant] = []


def _interface(function: Callable[..., Any], given: str | None) -> str:
    return given or ("asgi" if ".asgi" in function.__module__ else "wsgi")


def _party(function: Callable[..., Any], given: str | None) -> str:
    """Return the party that a fault is one of: that of the folder, `tests/proof/asgi/application` for example."""
    folders = function.__module__.split(".")
    return given or next((name for name in ("application", "middleware") if name in folders), "server")


def mutant(
    requirement: str,
    *,
    also: Sequence[str] = (),
    interface: str | None = None,
    launch: str = "default",
    party: str | None = None,
    drawn: bool = False,
    **options: Any,
) -> Callable[[T], T]:
    """Register a subclass of the reference server (or a factory of one) as a mutant of a requirement.

    `also` names every other requirement that the same fault breaks, exactly. `launch` is the variant that shows it;
    `drawn` says that no case of a corpus does, but drawn ones.
    A second decorator on the same class proves a second requirement by the same fault. A mutant of an application is
    a callable that makes one, of middleware one that takes an application; the folder says which `party` it is.
    """

    def register(make: T) -> T:
        where = _interface(make, interface)
        whose = _party(make, party)
        MUTANTS.append(Mutant(requirement, make.__name__, make, where, frozenset(also), launch, options, whose, drawn))
        return make

    return register


def variant(
    *, about: Sequence[str] = (), interface: str | None = None, party: str | None = None, **options: Any
) -> Callable[[T], T]:
    """Register a subclass of the reference server, a conforming application or middleware as a variant."""

    def register(make: T) -> T:
        where, whose = _interface(make, interface), _party(make, party)
        VARIANTS.append(Variant(make.__name__, make, where, options, whose, frozenset(about)))
        return make

    return register

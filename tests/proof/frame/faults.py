"""How mutants of framing are made: one decision of the grammar that both reference servers share, or one seam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateproof.reference import asgi, wsgi
from gateproof.reference.answer import Answer
from gateproof.reference.body import Source
from gateproof.reference.requests import Grammar

from ..asgi import faults as asgi_faults
from ..registry import mutant, variant


def serving(part: type, interface: str) -> type[Any]:
    """Return a reference server in which one class is replaced by a subclass of it."""
    if issubclass(part, (wsgi.Server, asgi.Server)):
        return part
    base: type[Any] = asgi.Server if interface == "asgi" else wsgi.Server
    if issubclass(part, Grammar):
        seam: dict[str, Any] = {"grammar": part()}
    elif issubclass(part, Answer):
        seam = {"answer_class": part}
    elif issubclass(part, Source):
        seam = {"source_class": part}
    else:
        return asgi_faults.serving(part)
    return type(part.__name__, (base,), {**seam, "__module__": part.__module__})


def interface_of(part: type) -> str:
    """Return the interface that a part belongs to; a grammar belongs to both."""
    if issubclass(part, asgi.Server) or part.__mro__[1].__module__.startswith("gateproof.reference.asgi"):
        return "asgi"
    return "asgi" if part.__mro__[1].__module__ == "gateproof.reference.connection" else "wsgi"


def fault(requirement: str, *, interface: str = "", **options: Any) -> Callable[[type], type]:
    """Register a server with a faulty part as a mutant; a grammar is a WSGI server's unless an interface is given."""

    def register(part: type) -> type:
        where = interface or interface_of(part)
        mutant(requirement, interface=where, **options)(serving(part, where))
        return part

    return register


def choice(*interfaces: str, **options: Any) -> Callable[[type], type]:
    """Register a server with another part as a conforming variant, of both interfaces where it is a grammar."""

    def register(part: type) -> type:
        both = ("wsgi", "asgi") if issubclass(part, Grammar) else (interface_of(part),)
        for where in interfaces or both:
            variant(interface=where, **options)(serving(part, where))
        return part

    return register

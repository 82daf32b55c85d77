"""Plays the server in process: `drive.asgi` and `drive.wsgi`, standard library only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateproof.inprocess import Handle, Subject


def driver(interface: str) -> Any:
    """Return the driver of an interface: a package with `handle(subject)` and `calls_within(subject, inner)`."""
    return import_module(f"gateproof.drive.{interface}")


def handle(subject: Subject) -> Handle:
    """Return the handle that checks get of a target: `app`, or `middleware`."""
    from gateproof.inprocess import Handle

    made: Handle = getattr(driver(subject.interface), "handle", Handle)(subject)
    return made


def calls_within(subject: Subject, inner: str) -> bool:
    """Tell, by one request, whether middleware calls an application of the interface `inner` within."""
    ask = getattr(driver(subject.interface), "calls_within", None)
    return bool(ask(subject, inner)) if ask else inner == subject.interface


def fixture(subject: Subject) -> str:
    """Return the name under which checks ask for the handle."""
    return "middleware" if subject.judged_as == "middleware" else "app"

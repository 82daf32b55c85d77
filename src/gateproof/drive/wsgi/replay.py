"""A call as data, and the same call again: request and manner, and the script of an application within."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gateproof import values
from gateproof.drive.wsgi.requests import Manner, Request
from gateproof.inprocess import Played

if TYPE_CHECKING:
    from gateproof.drive.wsgi.application import Stage
    from gateproof.drive.wsgi.serving import Served

SETS = ("absent", "empty")  # of names: as data they are tuples


def as_data(served: Served) -> dict[str, Any]:
    """Return a call as data; what a check did in the middle of it is not among that."""
    manner = {key: tuple(sorted(value)) if key in SETS else value for key, value in served.manner.changes().items()}
    form: dict[str, Any] = {"manner": values.encode(manner)}
    if served.within is not None:
        form["within"] = values.encode(served.within)
    if not served.interrupted:
        form["request"] = values.encode(vars(served.request))
    return form


def replayable(kept: Mapping[str, Any]) -> bool:
    """Tell whether a call is data as a whole: what a server adds to an environ may be any object."""
    form = kept["script"] or {}
    return "request" in form and values.exact(form)


def replay(stage: Stage, kept: Mapping[str, Any]) -> Played:
    """Make the call again, and return what came of it."""
    form = kept["script"]
    manner: dict[str, Any] = {k: frozenset(v) if k in SETS else v for k, v in values.decode(form["manner"]).items()}
    request = Request(**values.decode(form["request"]))
    return stage.played(stage.again(request, Manner(**manner), values.decode(form.get("within", {}))))

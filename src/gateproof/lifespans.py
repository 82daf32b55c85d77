"""The lifespan scripts of launches: what the application does at startup and shutdown. A script comes with its launch.

`ORDINARY` is that of every launch; `SCRIPTS` are those of the launches `lifespan:NAME`, which a check watches from the
first moment to the last (specs/lifespan).
"""

from __future__ import annotations

from typing import Any

from gateproof.asgi_scripts import Script, Step, asgi, fail, keep, look, mutate, note, receive, send, sleep, wait
from gateproof.values import Opaque

Event = dict[str, Any]
PREFIX = "lifespan:"
NONE = "no lifespan: the application was not called for one before the server served"
SHARED = "gateproof.list"
STARTS_S = 900.0  # these launches start with the run, and their checks may come late in it
SLOW_S = 0.5  # of a shutdown: long enough to try a connection meanwhile, or to be cut short


def done(what: str) -> Step:
    """Send lifespan.WHAT.complete."""
    return send({"type": f"lifespan.{what}.complete"})


def failed(what: str, **more: Any) -> Step:
    """Send lifespan.WHAT.failed."""
    return send({"type": f"lifespan.{what}.failed", **more})


STORE = [
    mutate("set", "state", "gateproof.kept", value="kept"),
    mutate("set", "state", SHARED, value=["stored"]),
    mutate("set", "state", "gateproof.pid", value=Opaque("pid")),
    keep("list", "state", SHARED),
]
DOWN = [receive(), look("state"), done("shutdown"), receive(0.2)]
ORDINARY = asgi(receive(), look("state"), *STORE, done("startup"), *DOWN, live=True)

SCRIPTS: dict[str, Script] = {
    "slow": asgi(receive(), wait("go", STARTS_S), done("startup"), *DOWN, live=True),
    "interrupted": asgi(receive(), wait("go", STARTS_S), done("startup"), *DOWN, live=True),
    "raises": asgi(fail(), live=True),
    "raises_at_startup": asgi(receive(), fail(), live=True),
    "raises_group": asgi(receive(), fail("ExceptionGroup"), live=True),
    "failed": asgi(receive(), failed("startup", message="gateproof-startup-message"), receive(1.0), live=True),
    "failed_silently": asgi(receive(), failed("startup"), live=True),
    "returns": asgi(live=True),
    "returns_later": asgi(receive(), done("startup"), live=True),
    "slow_shutdown": asgi(
        receive(),
        *STORE,
        done("startup"),
        receive(),
        look("state"),
        sleep(SLOW_S),
        note("slept"),
        done("shutdown"),
        receive(0.2),
        live=True,
    ),
    "much_open": asgi(
        receive(), done("startup"), receive(), sleep(SLOW_S), note("slept"), done("shutdown"), receive(0.2), live=True
    ),
    "shutdown_failed": asgi(
        receive(), done("startup"), receive(), failed("shutdown", message="gateproof-shutdown-message"), live=True
    ),
    "shutdown_failed_silently": asgi(receive(), done("startup"), receive(), failed("shutdown"), live=True),
    "unknown_event": asgi(
        receive(), done("startup"), ["try", [send({"type": "lifespan.gateproof"})], []], *DOWN, live=True
    ),
}


def exchange_id(launch: str) -> str:
    """Return the id under which the probe journals the lifespan of a launch."""
    return f"lifespan-{launch}"


def script(variant: str) -> Script:
    """Return the lifespan script of a launch."""
    return SCRIPTS[variant.removeprefix(PREFIX)] if variant.startswith(PREFIX) else ORDINARY

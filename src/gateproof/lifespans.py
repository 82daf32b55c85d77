"""The lifespan scripts of launches: what the application does at startup and shutdown. A script comes with its launch.

`ORDINARY` is that of every launch; `SCRIPTS` are those of the launches `lifespan:NAME`, which a check watches from the
first moment to the last (specs/lifespan). Those of `lifespan:drawn` are lives: the first comes with the launch, and the
server is started anew for each that follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateproof.asgi_scripts import Script, Step, asgi, fail, keep, leave, look, mutate, note, receive, send, sleep, wait
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


@dataclass(frozen=True)
class Life:
    """What an application does in its lifespan, and what is asked of it meanwhile; each part in words of its own.

    `startup` are steps before its answer `comes_to`; `requests` are made when the server serves; `shutdown` are steps
    before it `ends`. Where the startup fails, or the application raises, what follows is never come to.
    """

    startup: tuple[str, ...] = ()
    comes_to: str = "complete"
    requests: tuple[str, ...] = ()
    shutdown: tuple[str, ...] = ()
    ends: str = "complete"

    def __repr__(self) -> str:
        """One line a life."""
        if self.comes_to not in SERVED:
            return "; ".join(["startup", *self.startup, self.comes_to])
        last = ["shutdown", *self.shutdown, self.ends] if self.comes_to == "complete" else ["stop"]
        return "; ".join(["startup", *self.startup, self.comes_to, *self.requests, *last])

    def script(self) -> Script:
        """What the application plays."""
        before = [step for word in self.startup for step in STARTING[word]]
        after = [step for word in self.shutdown for step in STOPPING[word]]
        answered = [receive(), *before, note("ready"), *ANSWERS[self.comes_to]]
        return asgi(*answered, receive(), look("state"), *after, *ENDS[self.ends], live=True)


PAUSE_S = 0.1  # long enough that who does not wait is seen to go on
UNKNOWN: Step = ["try", [send({"type": "lifespan.gateproof"})], []]
STARTING = {"sleep": [sleep(PAUSE_S)], "store": STORE, "an unknown event": [UNKNOWN]}
STOPPING = {"sleep": [sleep(PAUSE_S), note("slept")], "an unknown event": [UNKNOWN]}
ANSWERS = {
    "complete": [done("startup")],
    "complete and return": [done("startup"), leave()],
    "failed": [failed("startup")],
    "raise": [fail()],
    "raise a group": [fail("ExceptionGroup")],
}
SERVED = ("complete", "complete and return")
ENDS = {
    "complete": [done("shutdown"), receive(0.2)],
    "complete and return": [done("shutdown")],
    "failed": [failed("shutdown")],
    "raise": [fail()],
    "return": [],
}
FIRST = Life(("store", "sleep"), "complete", ("a request", "a request that raises", "a request"), ("sleep",))

SCRIPTS: dict[str, Script] = {
    "slow": asgi(receive(), wait("go", STARTS_S), done("startup"), *DOWN, live=True),
    "interrupted": asgi(receive(), wait("go", STARTS_S), done("startup"), *DOWN, live=True),
    "raises": asgi(fail(), live=True),
    "raises_at_startup": asgi(receive(), fail(), live=True),
    "failed": asgi(receive(), failed("startup", message="gateproof-startup-message"), receive(1.0), live=True),
    "returns": asgi(live=True),
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
    "unknown_event": asgi(receive(), done("startup"), UNKNOWN, *DOWN, live=True),
    "drawn": FIRST.script(),
}


def exchange_id(launch: str) -> str:
    """Return the id under which the probe journals the lifespan of a launch."""
    return f"lifespan-{launch}"


def script(variant: str) -> Script:
    """Return the lifespan script of a launch."""
    return SCRIPTS[variant.removeprefix(PREFIX)] if variant.startswith(PREFIX) else ORDINARY

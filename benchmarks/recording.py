"""A pytest plugin of the benchmark of the floor: notes what a run sends, arms and draws, so that it can be played bare.

Loaded by `-p recording` with GATEPROOF_RECORDING naming the file to write (a pickle: this file and its reader only).
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from typing import Any

import gateproof.draw
from gateproof import scripts
from gateproof.channel import Channel
from gateproof.servers.launching import Launch
from gateproof.wire.client import Connection

# What happened, in order: ("script", exchange, script), ("arm", launch, exchange), ("open", connection, port),
# ("send", connection, octets), ("got", connection, count), ("close", connection).
EVENTS: list[tuple[Any, ...]] = []
LAUNCHES: list[tuple[str, str, int]] = []  # variant, launch id, port
DRAWS: list[tuple[Any, int]] = []  # strategy, number of examples
WAITING: set[str] = set()  # exchanges whose script waits for the check


def wrap(owner: Any, name: str, note: Callable[..., None]) -> None:
    """Let a method note what it was called with."""
    inner = getattr(owner, name)

    def noting(*args: Any, **kwargs: Any) -> Any:
        result = inner(*args, **kwargs)
        note(result, *args, **kwargs)
        return result

    setattr(owner, name, noting)


def registered(_: Any, channel: Channel, exchange: str, script: Any) -> None:
    """Note a script; one that waits for something cannot be played without its check."""
    if scripts.waits(script):
        WAITING.add(exchange)
    EVENTS.append(("script", exchange, script))


def opened(_: Any, connection: Connection, host: str, port: int, **kwargs: Any) -> None:
    """Note a connection; TLS is not played, as its cost is not ours."""
    EVENTS.append(("open", id(connection.trace), port, connection.trace))


def noted(_: Any, connection: Connection, direction: str, octets: bytes) -> None:
    """Note octets in either direction."""
    kind = {"out": "send", "in": "got"}.get(direction)
    if kind:
        EVENTS.append((kind, id(connection.trace), octets if kind == "send" else len(octets)))


def pytest_configure() -> None:
    """Listen in."""
    wrap(Channel, "register", registered)
    wrap(Channel, "arm", lambda _, channel, launch, exchange, script: EVENTS.append(("arm", launch, exchange)))
    wrap(Connection, "__init__", opened)
    wrap(Connection, "_note", noted)
    wrap(Connection, "close", lambda _, connection: EVENTS.append(("close", id(connection.trace))))
    wrap(Launch, "start", lambda _, launch: LAUNCHES.append((launch.variant, launch.id, launch.port)))
    wrap(gateproof.draw.Draw, "_drawn", lambda _, draw, law, strategy, count, *limits: DRAWS.append((strategy, count)))


def pytest_unconfigure() -> None:
    """Write it down; how long the draws alone take is measured here, where the strategies are."""
    from hypothesis import HealthCheck, Phase, given, settings

    started = time.process_time()
    for strategy, count in DRAWS:
        if count:
            chosen = settings(
                max_examples=count,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            chosen(given(strategy)(lambda case: None))()
    drawn = time.process_time() - started
    events = [event[:3] for event in EVENTS]
    with open(os.environ["GATEPROOF_RECORDING"], "wb") as file:
        pickle.dump({"events": events, "launches": LAUNCHES, "waiting": WAITING, "drawn_s": drawn}, file)

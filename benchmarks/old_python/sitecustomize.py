"""Gives releases of their time what Python 3.10 and 3.11 took away, so that they can be judged in this interpreter."""

import asyncio
import collections
import collections.abc
import inspect
import types

for _name in collections.abc.__all__:
    if not hasattr(collections, _name):
        setattr(collections, _name, getattr(collections.abc, _name))
if not hasattr(asyncio, "coroutine"):
    asyncio.coroutine = types.coroutine  # type: ignore[attr-defined]
if not hasattr(asyncio.coroutines, "CoroWrapper"):
    asyncio.coroutines.CoroWrapper = types.CoroutineType  # type: ignore[attr-defined]
if not hasattr(inspect, "getargspec"):
    inspect.getargspec = inspect.getfullargspec  # type: ignore[attr-defined]
if not hasattr(inspect, "formatargspec"):
    inspect.formatargspec = lambda *parts, **more: "(*args, **kwargs)"  # type: ignore[attr-defined]

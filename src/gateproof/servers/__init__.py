"""Servers: how they are named, started, supervised, known to be ready, and stopped."""

from gateproof.servers.launching import Launch, LaunchError, can_listen, launch
from gateproof.servers.profiles import (
    About,
    Profile,
    as_profile,
    by_name,
    describe,
    missing,
    resolve,
    shipped,
)
from gateproof.servers.tables import UsageError

__all__ = [
    "About",
    "Launch",
    "LaunchError",
    "Profile",
    "UsageError",
    "as_profile",
    "by_name",
    "can_listen",
    "describe",
    "launch",
    "missing",
    "resolve",
    "shipped",
]

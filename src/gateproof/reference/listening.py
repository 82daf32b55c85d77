"""The socket on which a reference server listens."""

from __future__ import annotations

import socket


def listen(host: str, port: int, uds: str | None, backlog: int) -> tuple[socket.socket, str, int]:
    """Return a socket that listens on a unix socket, or on a port (0 for a free one), with the host and the port."""
    if uds:
        made = socket.socket(socket.AF_UNIX)
        made.bind(uds)
        made.listen(backlog)
        return made, host, 0
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.create_server((host, port), family=family, backlog=backlog)
    return made, *made.getsockname()[:2]

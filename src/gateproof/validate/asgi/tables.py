"""The protocols as tables: state -> event -> next state. What a table leaves out is in the table of what is wrong.

An event has a name that says what matters to the protocol: `body+more` is http.response.body with more_body true.
"""

from __future__ import annotations

from typing import NamedTuple

Legal = dict[str, dict[str, str]]


class Wrong(NamedTuple):
    """What an illegal event breaks, and the state to go on from."""

    requirement: str
    message: str
    state: str


Illegal = dict[tuple[str, str], Wrong]

# http, from the application

FRESH = "fresh"
DEBUGGED = "debugged"
HEAD = "head"
HEAD_T = "head, trailers announced"
BODY = "body"
BODY_T = "body, trailers announced"
TRAILERS = "trailers"
FILE = "file"
DONE = "done"
DONE_T = "done with trailers"

HTTP_SEND: Legal = {
    FRESH: {"start": HEAD, "start+trailers": HEAD_T, "hint": FRESH, "debug": DEBUGGED},
    DEBUGGED: {"start": HEAD, "start+trailers": HEAD_T, "hint": DEBUGGED},
    HEAD: {"body+more": BODY, "body": DONE, "copy+more": BODY, "copy": DONE, "path": FILE, "push": HEAD},
    BODY: {"body+more": BODY, "body": DONE, "copy+more": BODY, "copy": DONE, "push": BODY},
    HEAD_T: {
        "body+more": BODY_T,
        "body": TRAILERS,
        "copy+more": BODY_T,
        "copy": TRAILERS,
        "path": TRAILERS,
        "push": HEAD_T,
    },
    BODY_T: {"body+more": BODY_T, "body": TRAILERS, "copy+more": BODY_T, "copy": TRAILERS, "push": BODY_T},
    TRAILERS: {"trailers+more": TRAILERS, "trailers": DONE_T},
    FILE: {},
    DONE: {},
    DONE_T: {},
}
HTTP_EVENTS = frozenset(
    [
        "start",
        "start+trailers",
        "body+more",
        "body",
        "copy+more",
        "copy",
        "path",
        "push",
        "hint",
        "debug",
        "trailers+more",
        "trailers",
    ]
)
BEGUN = (HEAD, HEAD_T, BODY, BODY_T)
ENDED = (TRAILERS, FILE, DONE, DONE_T)


def _http_wrong() -> Illegal:
    early, again = "is sent before http.response.start", "is sent again"
    table: Illegal = {}
    for state in (FRESH, DEBUGGED):
        for event, row in _rows("ASGI-HTTP-RESP-001", "ASGI-EXT-021", "ASGI-EXT-031", "ASGI-EXT-011").items():
            table[state, event] = Wrong(row, early, state)
        for event in ("trailers", "trailers+more"):
            table[state, event] = Wrong("ASGI-EXT-051", early, state)
    for state in BEGUN:
        for event in ("start", "start+trailers"):
            table[state, event] = Wrong("ASGI-HTTP-RESP-002", again, state)
        # Before the response start conforms; after it is what an earlier text said.
        table[state, "hint"] = Wrong("ASGI-EXT-041", "is sent after http.response.start", state)
        row = "ASGI-EXT-050" if state in (HEAD, BODY) else "ASGI-EXT-051"
        why = "is not announced" if state in (HEAD, BODY) else "is sent before the last body"
        for event in ("trailers", "trailers+more"):
            table[state, event] = Wrong(row, why, state)
    for state in (BODY, BODY_T):
        table[state, "path"] = Wrong("ASGI-EXT-031", "is mixed with other body events", state)
    for state in ENDED:
        over = "is sent after the response is complete"
        for event in HTTP_EVENTS - HTTP_SEND[state].keys():
            table[state, event] = Wrong("ASGI-HTTP-RESP-005", over, state)
        for event, row in _rows("ASGI-HTTP-RESP-005", "ASGI-EXT-021", "ASGI-EXT-031", "ASGI-EXT-011").items():
            table[state, event] = Wrong("ASGI-EXT-031" if state == FILE and event != "push" else row, over, state)
    for event in ("trailers", "trailers+more"):
        table[DONE, event] = Wrong("ASGI-EXT-050", "is not announced", DONE)
    for state in (DEBUGGED, *BEGUN, *ENDED):
        why = again if state == DEBUGGED else "is sent after http.response.start"
        table[state, "debug"] = Wrong("ASGI-EXT-061", why, state)
    return table


def _rows(body: str, copy: str, path: str, push: str) -> dict[str, str]:
    return {"body": body, "body+more": body, "copy": copy, "copy+more": copy, "path": path, "push": push}


HTTP_WRONG = _http_wrong()
HTTP_END = {
    FRESH: ("ASGI-HTTP-RESP-002", "the call returned without a response"),
    DEBUGGED: ("ASGI-HTTP-RESP-002", "the call returned without a response"),
    HEAD: ("ASGI-HTTP-RESP-003", "the call returned without a body event"),
    HEAD_T: ("ASGI-HTTP-RESP-003", "the call returned without a body event"),
    BODY: ("ASGI-HTTP-RESP-004", "the call returned with the body unfinished"),
    BODY_T: ("ASGI-HTTP-RESP-004", "the call returned with the body unfinished"),
    TRAILERS: ("ASGI-EXT-051", "the call returned without the announced trailers"),
}

# http, from the server

NEW = "new"
READING = "reading"
READ = "read"
GONE = "gone"

HTTP_RECEIVE: Legal = {
    NEW: {"request+more": READING, "request": READ, "disconnect": GONE},
    READING: {"request+more": READING, "request": READ, "disconnect": GONE},
    READ: {"disconnect": GONE},
    GONE: {"disconnect": GONE},
}
HTTP_RECEIVE_EVENTS = frozenset(["request+more", "request", "disconnect"])
HTTP_RECEIVE_WRONG: Illegal = {
    (state, event): Wrong(row, why, state)
    for state, row, why in (
        (READ, "ASGI-HTTP-REQ-006", "comes after the end of the body"),
        (GONE, "ASGI-HTTP-DISC-005", "comes after http.disconnect"),
    )
    for event in ("request", "request+more")
}

# websocket, from the application

CONNECTING = "connecting"
OPEN = "open"
DENYING = "denying"
DENIED = "denied"
CLOSED = "closed"
REFUSED = "refused"

WEBSOCKET_SEND: Legal = {
    CONNECTING: {"accept": OPEN, "close": REFUSED, "denial": DENYING},
    OPEN: {"send": OPEN, "close": CLOSED},
    DENYING: {"denial body+more": DENYING, "denial body": DENIED},
    DENIED: {},
    CLOSED: {"close": CLOSED},
    REFUSED: {"close": REFUSED},
}
WEBSOCKET_EVENTS = frozenset(["accept", "send", "close", "denial", "denial body", "denial body+more"])


def _websocket_wrong() -> Illegal:
    table: Illegal = {(CONNECTING, "send"): Wrong("ASGI-WS-036", "is sent before websocket.accept", CONNECTING)}
    for state in (DENYING, DENIED):
        for event in WEBSOCKET_EVENTS - WEBSOCKET_SEND[state].keys():
            table[state, event] = Wrong("ASGI-EXT-075", "is sent after a denial began", state)
    for state in (OPEN, CLOSED, REFUSED, CONNECTING):
        for event in ("denial", "denial body", "denial body+more"):
            if event not in WEBSOCKET_SEND[state]:
                table[state, event] = Wrong("ASGI-EXT-075", "is sent out of place", state)
    for state in (OPEN, CLOSED):
        table[state, "accept"] = Wrong("ASGI-WS-017", "is sent again", state)
    for state in (CLOSED, REFUSED):
        table[state, "send"] = Wrong("ASGI-WS-085", "is sent after websocket.close", state)
    table[REFUSED, "accept"] = Wrong("ASGI-WS-085", "is sent after websocket.close", REFUSED)
    return table


WEBSOCKET_WRONG = _websocket_wrong()
WEBSOCKET_END = {CONNECTING: ("ASGI-WS-005", "the call returned without an answer to websocket.connect")}

# websocket, from the server

CONNECTED = "connected"

WEBSOCKET_RECEIVE: Legal = {
    NEW: {"connect": CONNECTED},
    CONNECTED: {"disconnect": GONE},
    OPEN: {"receive": OPEN, "disconnect": GONE},
    GONE: {"disconnect": GONE},
}
WEBSOCKET_RECEIVE_EVENTS = frozenset(["connect", "receive", "disconnect"])
WEBSOCKET_RECEIVE_WRONG: Illegal = {
    (NEW, "receive"): Wrong("ASGI-WS-001", "comes before websocket.connect", NEW),
    (NEW, "disconnect"): Wrong("ASGI-WS-001", "comes before websocket.connect", GONE),
    (CONNECTED, "connect"): Wrong("ASGI-WS-002", "comes again", CONNECTED),
    (CONNECTED, "receive"): Wrong("ASGI-WS-004", "comes before websocket.accept", CONNECTED),
    (OPEN, "connect"): Wrong("ASGI-WS-002", "comes again", OPEN),
    (GONE, "connect"): Wrong("ASGI-WS-002", "comes again", GONE),
    (GONE, "receive"): Wrong("ASGI-WS-063", "comes after websocket.disconnect", GONE),
}

# lifespan, both sides

STARTING = "starting"
UP = "up"
EARLY = "answered early"
FAILED = "failed"
STOPPING = "stopping"
STOPPED = "stopped"

LIFESPAN: Legal = {
    NEW: {"startup": STARTING},
    STARTING: {"startup.complete": UP, "startup.failed": FAILED},
    EARLY: {"startup": UP},
    UP: {"shutdown": STOPPING},
    FAILED: {},
    STOPPING: {"shutdown.complete": STOPPED, "shutdown.failed": STOPPED},
    STOPPED: {},
}
LIFESPAN_EVENTS = frozenset(
    ["startup", "shutdown", "startup.complete", "startup.failed", "shutdown.complete", "shutdown.failed"]
)


def _lifespan_wrong() -> Illegal:
    table: Illegal = {}
    for state in (STARTING, UP, FAILED, STOPPING, STOPPED):
        table[state, "startup"] = Wrong("ASGI-LIFE-007", "comes again", state)
    for state in (NEW, EARLY):
        table[state, "shutdown"] = Wrong("ASGI-LIFE-007", "comes before lifespan.startup", STOPPING)
    table[STARTING, "shutdown"] = Wrong("ASGI-LIFE-020", "comes although startup never completed", STOPPING)
    table[FAILED, "shutdown"] = Wrong("ASGI-LIFE-020", "comes although startup failed", STOPPING)
    for state in (STOPPING, STOPPED):
        table[state, "shutdown"] = Wrong("ASGI-LIFE-019", "comes again", state)
    for event, after in (("startup.complete", EARLY), ("startup.failed", FAILED)):
        table[NEW, event] = Wrong("ASGI-LIFE-025", "is sent before lifespan.startup", after)
        for state in (EARLY, UP, FAILED, STOPPING, STOPPED):
            table[state, event] = Wrong("ASGI-LIFE-023", "is a second answer to lifespan.startup", state)
    for event in ("shutdown.complete", "shutdown.failed"):
        for state in (NEW, STARTING, EARLY, UP, FAILED):
            table[state, event] = Wrong("ASGI-LIFE-025", "is sent before lifespan.shutdown", state)
        table[STOPPED, event] = Wrong("ASGI-LIFE-024", "is a second answer to lifespan.shutdown", STOPPED)
    return table


LIFESPAN_WRONG = _lifespan_wrong()
LIFESPAN_END = {
    NEW: ("ASGI-ERR-017", "the lifespan call returned without an answer"),
    STARTING: ("ASGI-ERR-017", "the lifespan call returned without an answer"),
    EARLY: ("ASGI-LIFE-028", "the lifespan call returned before lifespan.shutdown"),
    UP: ("ASGI-LIFE-028", "the lifespan call returned before lifespan.shutdown"),
    STOPPING: ("ASGI-LIFE-024", "the lifespan call returned without an answer to lifespan.shutdown"),
}

"""The handle of an ASGI application: the ways that lead somewhere in it, and what it answers to an ordinary server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote_from_bytes

from gateproof.drive import paths
from gateproof.drive.asgi.call import Call
from gateproof.drive.asgi.playing import Stage
from gateproof.drive.asgi.scopes import PLAIN, Request, Server
from gateproof.drive.moods import AGAIN, BUSY, failing

T = TypeVar("T")
MOST = 8
# Where a handshake is tried unasked; Engine.IO, which is below Socket.IO, takes none without its query.
ENGINE_IO = b"EIO=4&transport=websocket"
SOCKETS = (Request(), Request(path="/ws"), *(Request(path=path, query=ENGINE_IO) for path in ("/", "/socket.io/")))
OF_THE_MOMENT = frozenset({b"date", b"expires", b"age", b"set-cookie", b"last-modified"})
OF_ANY_BODY = frozenset({b"content-type"})
SHALLOW = 4  # how deep an application is looked for within others


@dataclass(frozen=True, repr=False)
class Answer:
    """What a client would see of a response; `end` is how the call ended: '', the name of an exception,
    'endless' (the client left it) or 'hung'."""

    status: int | None
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    end: str

    @property
    def broken(self) -> bool:
        """Whether the application failed: an exception, no end, no answer, or a status that says so."""
        later = any(name == b"retry-after" for name, _ in self.fields)
        return bool(self.end) or self.status is None or failing(self.status, later=later)

    @property
    def busy(self) -> bool:
        """Whether the application says that it has too much to do."""
        return self.status in BUSY and not self.broken

    def __repr__(self) -> str:
        """Describe it for the reader of a failure."""
        body = self.body if len(self.body) <= 60 else self.body[:60] + b"..."
        said = "no response" if self.status is None else f"status {self.status}, body {body!r}"
        return f"{said}, {self.end}" if self.end else said


def answer(call: Call) -> Answer:
    """Return what came of a call."""
    if call.endless or call.hung:
        end = "endless" if call.endless else "hung"
    else:
        end = type(call.error).__name__ if call.error is not None else ""
    return Answer(call.status, tuple(call.headers), call.body, end)


@dataclass
class Usual:
    """What a way answers every time: what differs between two plain requests is left out."""

    request: Request
    answer: Answer
    fields: frozenset[tuple[bytes, bytes]]
    steady: bool
    server: Server = PLAIN
    moody: bool = False  # its status is another one from time to time

    @property
    def works(self) -> bool:
        """Whether the application answers there at all."""
        return not self.answer.broken

    def same(self, seen: Answer) -> bool:
        """Whether another answer is the same as far as this one is steady."""
        if self.moody:
            return not seen.broken
        if (seen.status, seen.end) != (self.answer.status, self.answer.end):
            return False
        return self.fields <= set(seen.fields) and (not self.steady or seen.body == self.answer.body)

    def met(self, again: Answer) -> None:
        """Leave out what is not the same in another answer to the same request."""
        self.moody = self.moody or (again.status != self.answer.status and not again.broken)
        self.fields &= frozenset(again.fields)
        if again.body != self.answer.body:
            self.steady = False
        if not self.steady:
            self.fields = frozenset(field for field in self.fields if field[0] in OF_ANY_BODY)


class App(Stage):
    """What checks get as `app`."""

    def __init__(self, subject: Any) -> None:
        """Begin with nothing known of the application."""
        super().__init__(subject)
        self._usual: dict[Request, Usual] = {}
        self._kept: dict[str, Any] = {}

    def begin_check(self, name: str, *, patient: bool = False) -> None:
        """Forget what the check before met; a check that is repeated looks anew."""
        super().begin_check(name, patient=patient)
        if patient:
            self._usual, self._kept = {}, {key: value for key, value in self._kept.items() if key == "ways"}

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return what several checks share, made when it is first asked for."""
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found

    @property
    def ways(self) -> list[Request]:
        """The requests that lead somewhere: those that were named, else the root and what is found from there."""
        return self.once("ways", self._find)

    @property
    def working(self) -> list[Usual]:
        """The ways that answer an ordinary server without failing."""
        return [usual for usual in map(self.usual, self.ways) if usual.works]

    def usual(self, request: Request, server: Server = PLAIN) -> Usual:
        """Return what a request is answered by a server that gives everything; asked twice, kept."""
        if server is not PLAIN:
            return self._asked(request, server)
        if request not in self._usual:
            self._usual[request] = self._asked(request, server)
        return self._usual[request]

    def _asked(self, request: Request, server: Server) -> Usual:
        one = answer(self.http(request, server))
        fields = frozenset(field for field in one.fields if field[0] not in OF_THE_MOMENT)
        usual = Usual(request, one, fields, True, server)
        if one.end not in ("endless", "hung"):
            usual.met(answer(self.http(request, server)))
        return usual

    def same(self, usual: Usual, seen: Answer, again: Callable[[], Answer]) -> bool:
        """Whether an answer is the usual one. What differs is asked for again, which `again` does for the other answer:
        it may be a matter of time, or of chance."""
        for _ in range(1 if seen.end in ("endless", "hung") else AGAIN):
            if usual.same(seen):
                return True
            self.lasts(usual)
            if usual.same(seen):
                return True
            seen = self.unseen(again)
        return usual.same(seen)

    def lasts(self, usual: Usual) -> bool:
        """Ask for an answer once more, and tell whether it is still what it was."""
        usual.met(self.unseen(lambda: answer(self.http(usual.request, usual.server))))
        return usual.steady

    def unseen(self, ask: Callable[[], Answer]) -> Answer:
        """Ask for something that no judgement rests on."""
        kept, self.exchanges = self.exchanges, {}
        try:
            return ask()
        finally:
            self.exchanges = kept

    def _find(self) -> list[Request]:
        if self.subject.paths:
            return [_request(place) for place in paths.parse(self.subject.paths)]

        def get(place: paths.Place) -> tuple[bytes, str]:
            call = self.http(_request(place))
            return call.body, (call.header(b"location") or b"").decode("latin-1")

        def served(place: paths.Place) -> bytes:
            call = self.http(_request(place))
            return call.body if call.status == 200 else b""

        found = paths.discover(get, _within(self.app), paths.documented(served), MOST)
        return [_request(place) for place in found]

    @property
    def origins(self) -> list[bytes]:
        """The origins that the application names, and those that it plainly wraps."""
        return paths.origins_of(_within(self.app))

    @property
    def handshakes(self) -> list[Request]:
        """Where a handshake is tried: a path with the query that belongs to it."""
        found = [Request(path=request.path, query=request.query) for request in self.ways]
        if not self.subject.paths:
            found += SOCKETS
            found += [_request(place).but(method="GET") for thing in _within(self.app) for place in paths.named(thing)]
        return list(dict.fromkeys(found))[: 2 * MOST]


def _within(app: Any) -> list[Any]:
    """Return the application and those that it plainly wraps."""
    found: list[Any] = []
    waiting = [app]
    while waiting and len(found) < SHALLOW:
        thing = waiting.pop(0)
        if any(thing is other for other in found):
            continue
        found.append(thing)
        for name in ("app", "application", "asgi_app", "wsgi_application", "__wrapped__", "router"):
            inner = getattr(thing, name, None)
            if inner is not None and not isinstance(inner, str | bytes):
                waiting.append(inner)
    return found


def _request(place: paths.Place) -> Request:
    path = place.path.encode("latin-1").decode("utf-8", "replace")
    method = place.method
    query = quote_from_bytes(place.query.encode("latin-1"), safe="=&%+/:,;@!$'()*?").encode("ascii")
    return Request(method, path, query)

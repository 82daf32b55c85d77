"""ASGI specification, Applications: how an application is called, and what it is called with."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gateproof.asgi_scripts import (
    accept,
    accepting,
    asgi,
    attempts,
    body,
    close,
    echo,
    ok,
    primitives,
    receive,
    respond,
    send,
    start,
)
from gateproof.check import in_band, in_band_but, launch, requirement
from gateproof.draw import Draw
from gateproof.exchange import Exchange
from gateproof.judge import Blocked, Judge
from gateproof.target import Server
from gateproof.wire.request import get

from .calling import every_call, has_websocket, over, pause, played
from .looking import ABSENT, plain, version, websocket_call
from .talking import speaks, talking

PUBLISHED = ("2.0", "2.1", "2.2", "2.3", "2.4", "2.5")
ASGI_VERSIONS = ("2.0", "3.0")


@in_band
@requirement("ASGI-APP-001")
def test_called_with_three_positional_arguments(server: Server, judge: Judge) -> None:
    """The application is called as application(scope, receive, send), whatever it names its parameters."""
    for kind, call in every_call(server).items():
        positional, keywords = call.opening.get("args"), call.opening.get("kwargs")
        seen = f"{kind}: {positional} positional, keywords {keywords}"
        judge("ASGI-APP-001", positional == 3 and not keywords, "three positional arguments", seen)
        callables = call.opening.get("callable")
        judge("ASGI-APP-001", callables == [True, True], "receive and send are callables", f"{kind}: {callables}")


@requirement("ASGI-APP-004")
def test_asyncio_works(server: Server, judge: Judge) -> None:
    """In a call that runs in asyncio, what asyncio offers can be awaited."""
    call = server.exchange(get(), asgi(primitives(), respond())).call
    if call.opening.get("host") != "asyncio":
        server.unsupported(f"the launch runs applications in {call.opening.get('host')}")
    said = call.first("primitives")
    judge("ASGI-APP-004", said == {"works": True}, "a sleep and a future that work", said)


@requirement("ASGI-APP-006")
def test_one_call_for_each_request(server: Server, judge: Judge, draw: Draw) -> None:
    """Every request that the application answers is one call of it: kept connections, pipelines and new ones alike."""

    def law(plan: list[tuple[int, bool]]) -> None:
        for count, pipelined in plan:
            for number, x in enumerate(_requests(server, count, pipelined)):
                answered = x.response is not None and x.response.body == _text(number)
                calls = len(x.calls)
                right = calls == 1 if answered else calls <= 1
                wanted = f"one call for request {number} of {count}" + (" in a pipeline" if pipelined else "")
                judge("ASGI-APP-006", right, wanted, f"{calls} calls, {x.outcome}")

    visits = st.tuples(st.integers(1, 4), st.booleans())
    corpus = [[(1, False)], [(3, False)], [(3, True)], [(2, False), (1, False)]]
    draw(law, st.lists(visits, min_size=1, max_size=3), corpus, examples=10)


def _requests(server: Server, count: int, pipelined: bool) -> list[Exchange]:
    """Make requests on one connection, each when the one before is answered or all of them at once."""
    made: list[Exchange] = []
    with server.connect() as connection:
        if pipelined:
            made = [connection.begin(get(), ok(_text(number))) for number in range(count)]
            for x in made:
                connection.read(x)
                if x.response is None:
                    break
            return made
        for number in range(count):
            made.append(connection.begin(get(), ok(_text(number))))
            if connection.read().response is None:
                break
    return made


def _text(number: int) -> bytes:
    return b"answer %d" % number


@requirement("ASGI-APP-006")
def test_one_call_for_each_websocket(server: Server, judge: Judge) -> None:
    """A WebSocket is one call, however many messages it carries."""
    with talking(server, echo()) as talk:
        for _ in range(2):
            talk.text("message")
            talk.next_message()
        talk.part()
        talk.hang_up()
        over(server, talk.exchange, server.patience)
        pause(server)
        calls = len(talk.exchange.calls)
    judge("ASGI-APP-006", calls == 1, "one call for a WebSocket with two messages", f"{calls} calls")


@in_band
@requirement("ASGI-APP-007", "ASGI-APP-008", "ASGI-APP-009", "ASGI-APP-010", "ASGI-APP-012", "ASGI-APP-028")
def test_scope_of_every_kind(server: Server, judge: Judge) -> None:
    """Every scope is a dict that says its type and which versions the server speaks."""
    for kind, call in every_call(server).items():
        given = call.opening.get("scope")
        told = f"{kind}: {call.opening.get('scope_type')}"
        if not judge("ASGI-APP-007", isinstance(plain(given), dict), "a dict", told):
            continue
        if not isinstance(given, dict):
            judge.reading("ASGI-APP-007", f"a subclass of dict, {told}")
        seen = call.scope.get("type", ABSENT)
        judge("ASGI-APP-008", isinstance(plain(seen), str) and plain(seen) == kind, repr(kind), seen)
        versions = call.scope.get("asgi", ABSENT)
        has_version = isinstance(plain(versions), dict) and "version" in plain(versions)
        if judge("ASGI-APP-009", has_version, f"{kind}: a dict with a version", versions):
            _versions(judge, kind, plain(versions), call.opening.get("legacy") is None)


def _versions(judge: Judge, kind: str, versions: dict[Any, Any], single: bool) -> None:
    """Judge the versions of ASGI and of the protocol."""
    seen = plain(versions["version"])
    known = isinstance(seen, str) and seen in ASGI_VERSIONS
    judge("ASGI-APP-010", known, f"{kind}: '3.0', or '2.0'", versions["version"])
    if known and single and seen != "3.0":
        judge.reading("ASGI-APP-010", f"{kind}: {seen}, though the application is called with three arguments")
    spec = plain(versions.get("spec_version", ABSENT))
    judge("ASGI-APP-012", spec == ABSENT or isinstance(spec, str), f"{kind}: a text, or no key", spec)
    if kind == "lifespan" or not isinstance(spec, str):
        judge("ASGI-APP-028", True)
        return
    later = _later(spec)
    if later:
        judge.reading("ASGI-APP-028", f"{kind}: version {spec}, later than those that are known here")
    judge("ASGI-APP-028", spec in (ABSENT, *PUBLISHED) or later, f"{kind}: one of {', '.join(PUBLISHED)}", spec)


def _later(version: str) -> bool:
    major, _, minor = version.partition(".")
    return major == "2" and minor.isdigit() and int(minor) > 5


@requirement("ASGI-APP-014", revision=2)
def test_declared_version_is_kept(server: Server, judge: Judge) -> None:
    """What the declared version makes mandatory works: headers of accept from 2.1 on, the reason of close from 2.3 on.

    This points to ASGI-WS-013 and ASGI-WS-042, which say what exactly is wrong.
    """
    speaks(server)
    script = accepting(send(close(code=3000, reason="because")), headers=[(b"x-gateproof", b"1")])
    with server.websocket(script) as talk:
        if not talk.accepted:
            raise Blocked(f"the handshake was not completed: {talk.exchange.outcome}")
        declared = version(talk.call.scope)
        if declared < (2, 1):
            judge("ASGI-APP-014", True)  # which makes neither mandatory
            return
        seen = talk.exchange.answer.get(b"X-Gateproof")
        judge("ASGI-APP-014", seen == b"1", f"{declared}: the header of accept", seen)
        frame = talk.closing()
        if declared >= (2, 3):
            judge("ASGI-APP-014", frame is not None and frame.reason == b"because", f"{declared}: the reason", frame)


@launch("app:app_double")
@requirement("ASGI-APP-016", "ASGI-APP-017")
def test_legacy_application(server: Server, judge: Judge) -> None:
    """An application of ASGI 2 is called with the scope, and what that returns with receive and send, then awaited."""
    call = server.exchange(get(), ok()).call
    legacy = call.opening.get("legacy")
    if not isinstance(legacy, dict):
        judge.reading("ASGI-APP-016", "applications of ASGI 2 are called with three arguments")
        server.unsupported("applications of ASGI 2 are called with three arguments", lacks="legacy")
    judge.reading("ASGI-APP-016", f"applications of ASGI 2 are served, version {call.scope.get('asgi')}")
    judge("ASGI-APP-017", not legacy.get("awaited"), "the first call returns at once", "it was awaited")
    second = (legacy.get("args"), legacy.get("kwargs"))
    judge("ASGI-APP-017", second == (2, []), "receive and send, in this order", f"arguments {second}")


@in_band_but("ASGI-APP-020", "ASGI-APP-021")
@requirement("ASGI-APP-018", "ASGI-APP-020", "ASGI-APP-021")
def test_receive_and_send(server: Server, judge: Judge) -> None:
    """receive() yields a dict when awaited, send(event) takes one; each event is a dict of its own."""
    steps = [receive(), send(start()), send(body(b"ok")), receive(0.2), receive(0.1)]
    x = played(server, asgi(*attempts(*steps)))
    _events(judge, x, "http")
    again = [said for said in x.call.named("receive") if said.get("again")]
    judge.reading("ASGI-APP-020", "an event is given again" if again else "every event is a dict of its own")
    if has_websocket(server):
        steps = attempts(receive(), send(accept()), send(close()), receive(0.2))
        with server.websocket(asgi(*steps, live=True)) as talk:
            websocket_call(server, talk.dialogue)
            talk.closing()  # a client that leaves before may fail the send
            talk.part()
            talk.hang_up()
            talk.over()
            _events(judge, talk.exchange, "websocket")
    for call in server.lifespan.calls:
        for said in call.named("receive"):
            _event(judge, said, "lifespan")


def _events(judge: Judge, x: Exchange, kind: str) -> None:
    """Judge what receive and send came to; a receive that takes its time is no fault here."""
    for said in x.call.named("receive"):
        _event(judge, said, kind)
    for said in x.call.sent:
        raised = said.get("raised", "")
        judge("ASGI-APP-021", not raised, f"send({said.get('type')}) returns", f"{raised}: {said.get('message')}")


def _event(judge: Judge, said: dict[str, Any], kind: str) -> None:
    if "timeout" in said or "Cancelled" in said.get("raised", ""):
        return  # a receive that is still waiting, or was cancelled with its call
    good = isinstance(plain(said.get("event")), dict)
    judge("ASGI-APP-018", good, f"{kind}: a dict out of await receive()", said.get("event", said))

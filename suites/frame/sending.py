"""How the checks of framing send: octets as they are, with a marked request behind them that tells what is in step.

The request under test is unmarked, so that every call that its octets lead to counts, whatever it asks for; the one
behind it is marked. What is refused is not called, whatever says so: a 4xx, a 5xx or a close; `test_refusal` judges
where the text wants an answer. What never comes whole is proven by silence while the server answers others; then the
sending side is closed.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from gateproof.dialogue import Dialogue
from gateproof.exchange import Call, Exchange
from gateproof.judge import Blocked, Judge
from gateproof.patience import PATIENT_S
from gateproof.scripts import Script
from gateproof.target import Server
from gateproof.wire.client import WireError
from gateproof.wire.request import HOST, Field, build, chunks, get

from .seeing import Got, answering, got, reading

FIRST = b"/first"
NEXT = get(b"/follow")
INNER = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
PLAY, PLAYED, PLAYS = b"Gateproof-Play: ", re.compile(rb"Gateproof-Play: (\d+)\r\n"), itertools.count(1)
CHUNKED: Field = (b"Transfer-Encoding", b"chunked")
Shape = tuple[str, bytes]


@dataclass
class Sent:
    """What became of octets that were sent on a connection of their own, and of the marked request behind them."""

    first: Exchange
    behind: Exchange | None
    calls: list[Got] = field(default_factory=list)
    followed: bool = False
    ended: bool = False

    @property
    def call(self) -> Got | None:
        """The call for the request under test, None where there was none."""
        return self.calls[0] if self.calls else None

    @property
    def status(self) -> int:
        """The status of the first answer, 0 where none came."""
        return self.first.response.status if self.first.response is not None else 0

    @property
    def silent(self) -> bool:
        """Whether the server neither answered nor closed: it takes the octets for the beginning of a request."""
        return self.first.silent

    @property
    def answered(self) -> bool:
        """Whether the next request was answered; one that is called may meet the end of the connection."""
        return self.behind is not None and self.behind.response is not None

    @property
    def declined(self) -> bool:
        """Whether a 4xx was the answer and nothing behind it was served, be it that a call came first."""
        return 400 <= self.status < 500 and len(self.calls) < 2 and not self.followed

    @property
    def failed_behind(self) -> bool:
        """Whether the server met the next request with a failure of its own."""
        return self.behind is not None and self.behind.response is not None and self.behind.response.status == 500

    @property
    def out_of_step(self) -> str:
        """What is wrong with the order of requests, '' where nothing is: one call, then the next request or an end."""
        if len(self.calls) > 1:
            return f"octets of it became another request: {self.calls[1]}"
        if self.followed or self.behind is None:
            return ""
        if self.failed_behind:
            return ""  # it failed over the next request, whose beginning it may well have found
        if self.behind.response is not None:
            return f"{self.behind.response.status} in place of an answer to the next request"
        return "" if self.ended else "the next request was swallowed"

    @property
    def told(self) -> str:
        """What happened, in a few words."""
        called = f"called: {'; '.join(map(str, self.calls[:3]))}" if self.calls else "no call"
        served = f", the next request was {'served' if self.answered else 'called'}" if self.followed else ""
        end = served + (", closed" if self.ended and not self.answered else "")
        return f"{called}, {self.first.outcome}{end}"


def play(server: Server, octets: bytes, script: Script | None = None, *, follow: bytes = NEXT) -> Sent:
    """Send octets and a marked request behind them in one segment, and read what comes; b'' for none behind.

    To a server that loses one of two such requests the second is sent when the first is answered.
    """
    return _play(server, octets, script or reading(server), follow, apart=loses(server))


def _play(server: Server, octets: bytes, script: Script, follow: bytes, *, apart: bool) -> Sent:
    with server.connect() as talk:
        behind, more = server.prepare(follow, answering(server, b"follow")) if follow else (None, b"")
        first, raw = prepare(server, octets, script)
        talk.current, talk.eager = first, True
        first.trace = talk.wire.trace
        talk.send(raw if apart else raw + more)
        return finish(talk, first, behind, more if apart else b"")


def send_before(talk: Dialogue, raw: bytes, more: bytes) -> bytes:
    """Send a request and the one behind it; return what is to be sent when the first is answered (see `play`).

    Ask `loses` before a request is armed.
    """
    apart = loses(talk.server)
    talk.send(raw if apart else raw + more)
    return more if apart else b""


def prepare(server: Server, octets: bytes, script: Script) -> tuple[Exchange, bytes]:
    """Arm a script for a request, in whose header a play of its own is told where its first lines are plain.

    A server may begin a call when it has refused the request already: by its play such a late call is told from those
    of the request that is armed by then.
    """
    line, end, rest = octets.partition(b"\r\n")
    plain = end and not rest.startswith((b" ", b"\t", b"\r")) and b"\n" not in line and line.count(b" ") == 2
    play = b"%d" % next(PLAYS)
    first, raw = server.prepare(line + end + PLAY + play + end + rest if plain else octets, script, arm=True)
    return first, raw


def finish(talk: Dialogue, first: Exchange, behind: Exchange | None, later: bytes = b"") -> Sent:
    """Read the answers to what was sent on a connection, and say what became of it; `later` is sent between them."""
    talk.read_answer(first)
    ended = over(first)
    if behind is not None:
        behind.trace = talk.wire.trace
        if first.silent:
            behind.silent = True
        elif ended:
            behind.closed = True
        else:
            if later:
                talk.send(later)
            talk.read_answer(behind)
            ended = over(behind)
    silent = first.silent or (behind is not None and behind.silent)
    if silent:
        talk.half_close()
        talk.ends(0.5)
        talk.wire.close()
    talk.server.settle(first)
    return settled(talk.server, first, behind, ended=ended)


def settled(server: Server, first: Exchange, behind: Exchange | None, *, ended: bool) -> Sent:
    """Return what the journal says of both requests."""
    followed = False
    if behind is not None:
        server.settle(behind)
        followed = any(got(call, server.interface).path.endswith(b"follow") for call in behind.calls)
    return Sent(first, behind, own(server, first), followed, ended)


def own(server: Server, exchange: Exchange) -> list[Got]:
    """Return the calls for an exchange, without late ones for a request before it, and those that were taken back."""
    calls = [got(call, server.interface) for call in exchange.calls if not taken_back(exchange, call)]
    found = PLAYED.search(exchange.request)
    return [call for call in calls if call.value(b"gateproof-play") in (found and found[1], None)]


def taken_back(exchange: Exchange, call: Call) -> bool:
    """Tell whether a server refused a request after it had called the application, and told it of no whole body.

    In ASGI a call begins with the header section; where the body then cannot be read, the client gets the 4xx and the
    application http.disconnect, as if the client had left. That is a refusal.
    """
    refused = exchange.response is not None and 400 <= exchange.response.status < 600
    told = any(event.get("type") == "http.disconnect" for event in call.received)
    return refused and told and not got(call, "asgi").whole


def over(exchange: Exchange) -> bool:
    """Tell whether the connection ended in place of an answer."""
    return exchange.closed or exchange.reset


def first(*fields: Field, method: bytes = b"POST", body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    """Return a request for /first with Host and these fields, and octets behind the header section."""
    return build(method, FIRST, (HOST, *fields), None, version) + body


def lines(*raw: bytes, body: bytes = b"", line: bytes = b"GET /first HTTP/1.1") -> bytes:
    """Return a request of raw field lines, with Host in front."""
    return b"\r\n".join((line, b"Host: localhost", *raw, b"", b"")) + body


def coded(body: bytes, *fields: Field) -> bytes:
    """Return a chunked POST whose coded body is given as it stands on the wire."""
    return first(CHUNKED, *fields, body=body)


def pause(server: Server) -> None:
    """Let the server come to what was sent: it answers somebody else meanwhile, where it can.

    A server of one connection after another cannot, and is not waited for. Ask `keeps` before a request is armed.
    """
    server.answers_others(1, time.monotonic() + (0.5 if keeps(server) else 0.05))


def served(server: Server) -> str:
    """Say what became of an ordinary request on a new connection, '' where it was served, at the second try at last."""
    told, patience = "", server.patience
    for _ in range(2):
        server.patience = PATIENT_S  # what was met with silence before says nothing of how long this may take
        after = server.exchange(get(b"/after"), answering(server))
        told = "" if after.response is not None and after.response.status == 200 else f"then {after.outcome}"
        if not told:
            break
    server.patience = patience
    return told


# -- verdicts of many shapes


def no_call(server: Server, judge: Judge, row: str, shapes: Iterable[Shape], expected: str = "a refusal") -> bool:
    """Judge that none of the shapes is called; report each that is."""
    wrong = []
    for name, octets in shapes:
        sent = play(server, octets)
        if sent.calls or hung(server, sent):
            wrong.append(f"{name}: {sent.told}")
    return report(judge, row, wrong, expected)


def hung(server: Server, sent: Sent) -> bool:
    """Tell whether the server answers nobody since it met a request with silence; then it was started anew."""
    return sent.silent and not server.still_answers()


def none_called(server: Server, judge: Judge, rows: Mapping[str, Iterable[Shape]], expected: str = "a refusal") -> bool:
    """Judge several requirements, each by shapes of its own; tell whether none of all the shapes was called."""
    refused = [no_call(server, judge, row, shapes, expected) for row, shapes in rows.items()]
    return all(refused)


def report(judge: Judge, row: str, wrong: Sequence[str], expected: str) -> bool:
    """Judge one requirement by the shapes that broke it."""
    return judge(row, not wrong, expected, "\n".join(wrong))


# -- what the server can do


_known: dict[tuple[str, str], str] = {}


def needs_chunked(server: Server) -> None:
    """End the check where the server takes no chunked requests, or does not decode a plain one."""
    needs_1_1(server)
    if why := _ask(server, "chunked", _lacks_chunked):
        _lacks_chunked(server)  # what was learned in another check is shown in this one
        server.unsupported(why, lacks="chunked-requests")
    if why := _ask(server, "decoded", _not_decoded):
        raise Blocked(why)


def _lacks_chunked(server: Server) -> str:
    sent = play(server, coded(chunks([b"hello"])))
    return f"chunked requests are refused with {sent.status}" if sent.status in (411, 501) else ""


def _not_decoded(server: Server) -> str:
    sent = play(server, coded(chunks([b"hello"])))
    fine = bool(sent.calls) and sent.calls[0].body == b"hello"
    return "" if fine else f"a plain chunked request is not decoded: {sent.told}"


def needs_1_1(server: Server) -> None:
    """End the check where the server answers as HTTP/1.0, which has no chunked coding and expects nothing."""
    if why := _ask(server, "version", _version_problem):
        play(server, get(FIRST))
        server.unsupported(why, lacks="http/1.1")


def is_1_1(server: Server) -> bool:
    """Tell whether the server answers an ordinary request as HTTP/1.1."""
    return not _ask(server, "version", _version_problem)


def decodes(server: Server) -> bool:
    """Tell whether the server decodes a plain chunked POST."""
    return is_1_1(server) and not _ask(server, "decoded", _not_decoded)


def _version_problem(server: Server) -> str:
    answer = server.exchange(get(), answering(server)).answer
    return "the server answers as HTTP/1.0" if answer.version == b"HTTP/1.0" else ""


def keeps(server: Server) -> bool:
    """Tell whether the server serves a request that follows an ordinary one on its connection (see `play`)."""
    return not _ask(server, "keeps", lambda s: "" if play(s, get(FIRST)).followed else "one request a connection")


def needs_kept(server: Server) -> None:
    """End the check where each connection has one request."""
    if not keeps(server):
        play(server, get(FIRST))
        server.unsupported("a connection ends behind its first answer", lacks="keep-alive")


def loses(server: Server) -> bool:
    """Tell whether the server drops one of two requests in one segment, or the body of the first of them."""
    return bool(_ask(server, "loses", _loss))


def _loss(server: Server) -> str:
    sent = _play(server, get(FIRST), reading(server), NEXT, apart=False)
    if sent.followed and not sent.calls:
        return "the first of two requests is lost"
    if sent.behind is not None and sent.behind.silent:
        return "the second of two requests is lost"
    sent = _play(server, first((b"Content-Length", b"5"), body=b"hello"), reading(server), NEXT, apart=False)
    whole = sent.call is not None and sent.call.body == b"hello"
    return "" if whole else "the body of the first of two requests is lost"


def _ask(server: Server, question: str, answer: Callable[[Server], str]) -> str:
    key = (server.running.id, question)
    if key not in _known:
        _known[key] = answer(server)
    return _known[key]


# -- several connections at once, for what may never end


def held_open(server: Server, requests: Sequence[bytes], script: Script) -> list[Sent]:
    """Send each marked request on a connection of its own, and look at all of them while they are open.

    A request whose end never comes is silent: it has no answer although others were answered.
    """
    loses(server)
    with ExitStack() as stack:
        talks = []
        for request in requests:
            talk = stack.enter_context(server.connect())
            behind, more = server.prepare(NEXT, answering(server, b"follow"))
            exchange, marked = server.prepare(request, script)
            exchange.trace = behind.trace = talk.wire.trace
            talk.current = exchange
            talks.append((talk, exchange, behind, send_before(talk, marked, more)))
        quiet = time.monotonic() + server.quiet[0]
        for talk, exchange, *_ in talks:
            _hear(talk, exchange, quiet)
        pause(server)
        quiet = time.monotonic() + server.quiet[0]
        for talk, exchange, behind, later in talks:
            if exchange.silent:
                _hear(talk, exchange, time.monotonic() + 0.005)
            if exchange.response is not None:
                if later:
                    talk.send(later)
                _hear(talk, behind, quiet)
        server.channel.fence()
        seen = [_look(server, exchange, behind) for _, exchange, behind, _ in talks]
        for talk, *_ in talks:
            talk.half_close()
    for _, exchange, behind, _ in talks:
        server.settle(exchange)
        server.settle(behind)
    return seen


def _look(server: Server, exchange: Exchange, behind: Exchange) -> Sent:
    return Sent(exchange, behind, own(server, exchange), bool(behind.calls), over(exchange) or over(behind))


def _hear(talk: Dialogue, exchange: Exchange, deadline: float) -> None:
    exchange.silent = False
    try:
        exchange.response = talk.wire.read_response(exchange.method.encode("latin-1"), deadline)
    except WireError as error:
        exchange.partial = error.partial
        exchange.closed = talk.wire.reader.ended
        exchange.silent = not exchange.closed

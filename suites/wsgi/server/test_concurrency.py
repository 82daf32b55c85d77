"""PEP 3333, Thread Support: what the server says of threads and processes, and what really happens."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from gateproof.check import launch, requirement
from gateproof.exchange import Exchange
from gateproof.judge import Judge
from gateproof.scripts import barrier, start, wsgi
from gateproof.target import Server
from gateproof.wire.request import get

ROUNDS = 5
WORDS = ("wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")


def together(server: Server, count: int, name: str, moment: float = 0.7) -> list[Exchange]:
    """Send requests side by side, each of which waits until all have arrived, or for a moment."""
    script = wsgi(
        barrier(f"{name}-{server.running.id}", count, moment), start("200 OK", [("Content-Length", "2")]), items=[b"ok"]
    )
    with ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in range(count)]
        begun = [(connection, connection.begin(get(), script)) for connection in connections]
        for connection, x in begun:
            connection.read(x, timeout=10.0)
            connection.wire.close()  # gunicorn waits for this before its worker takes the next one
    return [x for _, x in begun]


def overlapping(exchanges: list[Exchange]) -> set[tuple[int, int]]:
    """Return the pairs of (process, other thread?) of calls that were open at the same time: 1 for threads."""
    spans = [(c.events[0].t, c.events[-1].t, c.events[0].pid, c.events[0].tid) for x in exchanges for c in x.calls]
    found = set()
    for place, one in enumerate(spans):
        for other in spans[place + 1 :]:
            if one[0] < other[1] and other[0] < one[1]:
                found.add((int(one[2] != other[2]), int(one[3] != other[3])))
    return found


def claim(exchanges: list[Exchange], word: str) -> list[Any]:
    """Return what the calls were told."""
    return [call.environ.get(word) for x in exchanges for call in x.calls]


@requirement("WSGI-THREAD-001", "WSGI-THREAD-002", "WSGI-THREAD-003", "WSGI-THREAD-005", revision=3)
def test_the_claims_are_true(server: Server, judge: Judge) -> None:
    """Calls that overlap in threads of a process, or in several processes, were announced."""
    exchanges = together(server, 4, "claims")
    found = overlapping(exchanges)
    threads, processes = (0, 1) in found, any(pair[0] for pair in found)
    many = claim(exchanges, "wsgi.multithread")
    judge("WSGI-THREAD-001", not threads or all(many), "wsgi.multithread is true: calls overlap in threads", many)
    several = claim(exchanges, "wsgi.multiprocess")
    if not found and any(many):  # on a busy machine they may just have come late
        found = overlapping(together(server, 2, "claims again", 1.5))
    if processes:
        judge.blocked("WSGI-THREAD-002", "the calls went to several processes")
    else:
        judge("WSGI-THREAD-002", found or not any(many), "wsgi.multithread is false: no calls overlap", many)
    judge("WSGI-THREAD-003", not processes or all(several), "wsgi.multiprocess is true: processes overlap", several)
    for word in WORDS:
        kinds = [value for value in claim(exchanges, word) if not isinstance(value, (bool, int))]
        judge("WSGI-THREAD-005", not kinds, f"{word} is a truth value", kinds)


@launch("processes")
@requirement("WSGI-THREAD-003", revision=2)
def test_several_processes_are_announced(server: Server, judge: Judge) -> None:
    """With several workers wsgi.multiprocess is true."""
    if server.stands_in("processes"):
        only = server.exchange(get(), wsgi(start("200 OK", [("Content-Length", "2")]), items=[b"ok"]))
        if only.call.environ.get("wsgi.multiprocess"):
            server.unsupported("no launch has several processes")
        server.unsupported("no launch has several processes, and wsgi.multiprocess is false", lacks="processes")
    for number in range(ROUNDS):  # one process may be quick enough to take all of a round
        exchanges = together(server, 6, f"processes-{number}")
        pids = {call.events[0].pid for x in exchanges for call in x.calls}
        if len(pids) > 1:
            break
    if len(pids) < 2:
        judge.blocked("WSGI-THREAD-003", "one process served every request")
        return
    several = claim(exchanges, "wsgi.multiprocess")
    judge("WSGI-THREAD-003", all(several), f"true: {len(pids)} processes served", several)


@launch("single")
@requirement("WSGI-THREAD-004", revision=3)
def test_a_single_thread_can_be_had(server: Server, judge: Judge) -> None:
    """Under the option for it no calls overlap in a process; whether the server says so is told."""
    exchanges = together(server, 3, "single")
    found = overlapping(exchanges)
    if server.stands_in("single"):
        if found or any(claim(exchanges, "wsgi.multithread")):
            server.unsupported("no launch is asked for a single thread")
        server.unsupported("no calls overlap, and wsgi.multithread is false", lacks="multithread")
    judge("WSGI-THREAD-004", (0, 1) not in found and (0, 0) not in found, "no calls overlap", found)
    many = claim(exchanges, "wsgi.multithread")
    judge.reading("WSGI-THREAD-004", f"wsgi.multithread is {many[:1]} under the option for a single thread")

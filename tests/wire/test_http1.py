"""The reader keeps what came, however it was cut."""

import itertools
import time

from hypothesis import given
from hypothesis import strategies as st

from gateproof.wire.http1 import ResponseReader

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: v\r\n\r\n"
LENGTH = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabc"


def read(octets: bytes, cuts: list[int], method: bytes = b"GET") -> object:
    """Feed octets in pieces and return the last response."""
    reader = ResponseReader()
    places = [0, *sorted({cut % len(octets) for cut in cuts}), len(octets)]
    found = None
    for start, end in itertools.pairwise(places):
        reader.feed(octets[start:end])
        found = reader.next_response(method) or found
    return found


@given(st.lists(st.integers(0, 200), max_size=6))
def test_cutting_anywhere_gives_the_same_response(cuts: list[int]) -> None:
    """Chunked and counted bodies alike."""
    assert read(CHUNKED, cuts) == read(CHUNKED, [])
    assert read(LENGTH, cuts) == read(LENGTH, [])


def test_chunks_trailers_and_interim_responses_are_kept() -> None:
    """What a check wants to see is there."""
    chunked, counted = read(CHUNKED, []), read(LENGTH, [])
    assert (chunked.body, chunked.chunks, chunked.trailers) == (b"abc", [2, 1], [(b"T", b"v")])  # type: ignore[attr-defined]
    assert [response.status for response in counted.interim] == [100]  # type: ignore[attr-defined]


@given(st.binary(max_size=300), st.sampled_from([b"GET", b"HEAD"]))
def test_arbitrary_octets_never_raise(octets: bytes, method: bytes) -> None:
    """A hostile server gets no traceback out of us."""
    reader = ResponseReader()
    reader.feed(octets)
    reader.next_response(method)
    reader.feed(b"HTTP/1.1 200 \r\n\r\n" + octets)
    reader.eof()
    reader.next_response(method)


def test_a_large_body_is_read_in_linear_time() -> None:
    """Eight times as much in small pieces takes no sixty-four times as long."""

    def seconds(count: int) -> float:
        reader = ResponseReader()
        reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (count * 4000))
        started = time.thread_time()
        found = None
        for _ in range(count):
            reader.feed(b"x" * 4000)
            found = reader.next_response(b"GET")
        assert found is not None
        assert len(found.body) == count * 4000
        return time.thread_time() - started

    seconds(10)
    assert seconds(1600) < 30 * seconds(200)

"""Our HTTP/2 octets against h2, hpack: a second opinion on both directions."""

from __future__ import annotations

import time
from typing import Any, cast

import hpack
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived
from h2.settings import Settings
from hypothesis import given
from hypothesis import strategies as st

from gateproof.wire import http2
from gateproof.wire.hpack import BadBlock, Decoder, encode, from_huffman
from gateproof.wire.http1 import ResponseReader

FIELDS = st.lists(st.tuples(st.binary(min_size=1, max_size=20), st.binary(max_size=200)), max_size=8)


@given(st.lists(FIELDS, max_size=4))
def test_blocks_of_hpack_are_understood(blocks: list[list[tuple[bytes, bytes]]]) -> None:
    """Huffman codes, indexes and the table that grows and shrinks, over several blocks of one connection."""
    encoder, decoder = hpack.Encoder(), Decoder()
    for number, block in enumerate(blocks):
        if number == 2:
            encoder.header_table_size = 100
        assert decoder.decode(encoder.encode(block)) == block


@given(FIELDS)
def test_our_blocks_are_understood(block: list[tuple[bytes, bytes]]) -> None:
    """What we send, hpack reads."""
    assert [tuple(pair) for pair in hpack.Decoder().decode(encode(block), raw=True)] == block


@pytest.mark.parametrize("octets", [b"\x80", b"\xff", b"\x00\x05ab", b"\x3f\xe2\x1f\x00", b"\x00\x81\x00"])
def test_what_is_no_block_is_refused(octets: bytes) -> None:
    """Octets that break the grammar raise."""
    with pytest.raises(BadBlock):
        Decoder().decode(octets)


def test_huffman_padding_must_be_ones() -> None:
    """A code may end only in the first bits of the end mark."""
    assert from_huffman(b"\x1f") == b"a"
    with pytest.raises(BadBlock):
        from_huffman(b"\x18")


def test_a_request_is_one_for_h2() -> None:
    """Preface, settings and a request with a body are what h2 expects of a client."""
    server = H2Connection(H2Configuration(client_side=False, header_encoding=None))
    fields = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"a"), (b"x-a", b"b")]
    octets = (
        http2.PREFACE
        + http2.settings((http2.ENABLE_PUSH, 0), (http2.INITIAL_WINDOW_SIZE, http2.WIDEST))
        + http2.frame(http2.HEADERS, http2.END_HEADERS, 1, encode(fields))
        + http2.frame(http2.DATA, http2.END_STREAM, 1, b"body")
    )
    events = server.receive_data(octets)
    asked = next(event for event in events if isinstance(event, RequestReceived))
    assert [tuple(pair) for pair in asked.headers] == fields
    assert {type(event).__name__ for event in events} >= {"RequestReceived", "DataReceived", "StreamEnded"}


class Peer:
    """A wire whose other end is h2 with small windows."""

    def __init__(self) -> None:
        """Greet, with room for 500 octets on each stream."""
        self.machine = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self.machine.local_settings = Settings(client=False, initial_values={0x1: 0, 0x4: 500})
        self.machine.decoder.max_allowed_table_size = 0
        self.machine.initiate_connection()
        self.body, self.reader = b"", ResponseReader()

    def send(self, octets: bytes) -> None:
        """Take what the client sends, and make room for as much again."""
        for event in self.machine.receive_data(octets):
            if isinstance(event, DataReceived):
                self.body += event.data
                self.machine.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def read_some(self, deadline: float) -> bytes:
        """Say what is to be said."""
        return self.machine.data_to_send()


def test_their_windows_and_their_table_are_kept_to() -> None:
    """A long body waits for room; a table that is smaller than usual is confirmed before the first block."""
    peer = Peer()
    client = http2.Http2(cast("Any", peer))
    assert client.greet(time.monotonic() + 5)
    fields = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"a")]
    client.send_data(client.request(fields, end=False), b"x" * 100_000)
    assert peer.body == b"x" * 100_000

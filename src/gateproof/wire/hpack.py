"""HPACK (RFC 7541): header blocks as octets. We send only literals that enter no table, and understand all the rest."""

from __future__ import annotations

from itertools import pairwise

Field = tuple[bytes, bytes]

# Appendix A, in order; a name stands once for each of its values, fields without a value follow.
STATIC: tuple[Field, ...] = (
    (b":authority", b""),
    *((b":method", value) for value in (b"GET", b"POST")),
    *((b":path", value) for value in (b"/", b"/index.html")),
    *((b":scheme", value) for value in (b"http", b"https")),
    *((b":status", value) for value in (b"200", b"204", b"206", b"304", b"400", b"404", b"500")),
    (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"),
    *(
        (name, b"")
        for name in b"""
        accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control
        content-disposition content-encoding content-language content-length content-location content-range content-type
        cookie date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since
        last-modified link location max-forwards proxy-authenticate proxy-authorization range referer refresh
        retry-after server set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate
        """.split()
    ),
)

# Appendix B: how many bits the code of each octet has, and that of the end; codes of one length follow the octets.
LENGTHS = bytes.fromhex(
    "0d171c1c1c1c1c1c1c181e1c1c1e1c1c1c1c1c1c1c1c1e1c1c1c1c1c1c1c1c1c060a0a0c0d06080b0a0a080b0806060605050506"
    "06060606060607080f060c0a0d06070707070707070707070707070707070707070707070807080d130d0e060f05060506050606"
    "060507070606060506070605050607070707070f0b0e0d1c14161414161616171617171717171817181816171817171717151617"
    "1617171816151416161717151716161815161717151516151716171714161616171616171a1a1413161716191a1a1a1b1b1a1819"
    "13151a1b1b1a1b1815151a1a1c1b1b1b14181415161515171616191918181a171a1b1a1a1b1b1b1b1b1c1b1b1b1b1b1a1e"
)
END = 256


class BadBlock(Exception):
    """Octets that are no header block."""


def _codes() -> dict[tuple[int, int], int]:
    """Return the octet of each code, by its length in bits and its value."""
    order = sorted(range(len(LENGTHS)), key=lambda octet: (LENGTHS[octet], octet))
    code, codes = 0, {(LENGTHS[order[0]], 0): order[0]}
    for before, octet in pairwise(order):
        code = (code + 1) << (LENGTHS[octet] - LENGTHS[before])
        codes[LENGTHS[octet], code] = octet
    return codes


CODES = _codes()


def from_huffman(octets: bytes) -> bytes:
    """Return the text that a Huffman code stands for (5.2); raises `BadBlock`."""
    found = bytearray()
    bits = code = 0
    for octet in octets:
        for shift in range(7, -1, -1):
            code, bits = code << 1 | octet >> shift & 1, bits + 1
            known = CODES.get((bits, code))
            if known == END or bits > 30:
                raise BadBlock("a code that stands for nothing")
            if known is not None:
                found.append(known)
                bits = code = 0
    if bits > 7 or code != (1 << bits) - 1:
        raise BadBlock("a padding that is none")
    return bytes(found)


def integer(value: int, prefix: int, flags: int = 0) -> bytes:
    """Return a number whose first octet has so many bits for it (5.1)."""
    most = (1 << prefix) - 1
    if value < most:
        return bytes([flags | value])
    out = bytearray([flags | most])
    value -= most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def encode(fields: list[Field]) -> bytes:
    """Return a header block of literals without indexing (6.2.2), none of them in Huffman's code."""
    block = bytearray()
    for name, value in fields:
        block += b"\x00" + integer(len(name), 7) + name + integer(len(value), 7) + value
    return bytes(block)


class Decoder:
    """Reads the header blocks of one direction of a connection, in order."""

    def __init__(self, limit: int = 4096) -> None:
        """`limit` is what our SETTINGS_HEADER_TABLE_SIZE allows."""
        self.limit = self.size = limit
        self.table: list[Field] = []

    def decode(self, block: bytes) -> list[Field]:
        """Return the fields of a block; raises `BadBlock`."""
        self.block, self.at = block, 0
        fields: list[Field] = []
        while self.at < len(block):
            first = block[self.at]
            if first & 0x80:
                fields.append(self._indexed(self._integer(7)))
            elif first & 0x40:
                fields.append(self._literal(6))
                self.table.insert(0, fields[-1])
                self._evict()
            elif first & 0x20:
                self.size = self._integer(5)
                if self.size > self.limit:
                    raise BadBlock("a table that is larger than was allowed")
                self._evict()
            else:
                fields.append(self._literal(4))
        return fields

    def _indexed(self, index: int) -> Field:
        known = (*STATIC, *self.table)
        if not 0 < index <= len(known):
            raise BadBlock(f"index {index}")
        return known[index - 1]

    def _literal(self, prefix: int) -> Field:
        index = self._integer(prefix)
        name = self._indexed(index)[0] if index else self._string()
        return name, self._string()

    def _string(self) -> bytes:
        coded = self.at < len(self.block) and self.block[self.at] & 0x80
        length = self._integer(7)
        octets = self.block[self.at : self.at + length]
        if len(octets) < length:
            raise BadBlock("a text that ends too soon")
        self.at += length
        return from_huffman(octets) if coded else octets

    def _integer(self, prefix: int) -> int:
        if self.at >= len(self.block):
            raise BadBlock("a block that ends too soon")
        most = (1 << prefix) - 1
        value, shift = self.block[self.at] & most, 0
        self.at += 1
        if value < most:
            return value
        while True:
            if self.at >= len(self.block) or shift > 28:
                raise BadBlock("a number that does not end")
            octet = self.block[self.at]
            self.at += 1
            value += (octet & 127) << shift
            shift += 7
            if octet < 128:
                return value

    def _evict(self) -> None:
        while sum(len(name) + len(value) + 32 for name, value in self.table) > self.size:
            self.table.pop()

"""Mutants of Content-Length, Transfer-Encoding and of what follows a refusal."""

from __future__ import annotations

import re
import socket

from gateproof.reference.requests import TOKEN, BadRequest, Grammar, Request
from gateproof.reference.wsgi import Server

from .faults import fault


@fault("FRAME-074", also=["FRAME-075", "FRAME-076", "FRAME-117"])
@fault("FRAME-074", also=["FRAME-075", "FRAME-076", "FRAME-117"], interface="asgi")
@fault("FRAME-075", also=["FRAME-074", "FRAME-076", "FRAME-117"])
@fault("FRAME-076", also=["FRAME-074", "FRAME-075", "FRAME-117"])
@fault("FRAME-117", also=["FRAME-074", "FRAME-075", "FRAME-076"])
class LengthByNumber(Grammar):
    """Takes what a parser of numbers takes: signs and underscores."""

    def digits_ok(self, digits: bytes) -> bool:
        """The fault."""
        return bool(re.fullmatch(rb"[+-]?[0-9]+(_[0-9]+)*", digits)) and len(digits) <= 15

    def length(self, value: bytes) -> int:
        """Nothing is shorter than nothing."""
        return max(super().length(value), 0)


@fault("FRAME-002")
class BlankIsZero(Grammar):
    """Reads an empty value as 0."""

    def length(self, value: bytes) -> int:
        """The fault."""
        return super().length(value) if value else 0


@fault("FRAME-108")
class LengthStrippedAsText(Grammar):
    """Strips the value with str.strip()."""

    def length(self, value: bytes) -> int:
        """The fault."""
        return super().length(value.decode("latin-1").strip().encode("latin-1"))


@fault("FRAME-004")
class ListIsNoLength(Grammar):
    """Takes a list of one value for no length."""

    def length(self, value: bytes) -> int:
        """The fault."""
        return 0 if b"," in value and super().length(value) else super().length(value)


@fault("FRAME-005")
@fault("FRAME-005", interface="asgi")
class FirstLengthCounts(Grammar):
    """Keeps the first of two Content-Length fields."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        kept, seen = [], False
        for name, value in request.fields:
            if name.lower() != b"content-length" or not seen:
                kept.append((name, value))
            seen = seen or name.lower() == b"content-length"
        return super().framing(Request(request.method, request.target, request.version, kept))


@fault("FRAME-006")
class LengthOf32Bits(Grammar):
    """Keeps the length modulo 2**32."""

    def digits_ok(self, digits: bytes) -> bool:
        """Of any length, up to what int() takes."""
        return bool(re.fullmatch(rb"[0-9]+", digits)) and len(digits) < 4000

    def length(self, value: bytes) -> int:
        """The fault."""
        return super().length(value) % 2**32


@fault("FRAME-007")
class BodyForPostOnly(Grammar):
    """Reads a body by length for POST and PUT only."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        length = super().framing(request)
        return length if request.method in (b"POST", b"PUT") else 0


class Elsewhere(BadRequest):
    """A refusal for which a server goes on."""


class GoesOn(Server):
    """Keeps the connection after some refusals, and does not say that it closes."""

    def refuse(self, connection: socket.socket, refusal: BadRequest) -> None:
        """Answer without a word on the connection, where it goes on."""
        self.kept = isinstance(refusal, Elsewhere)
        if self.kept:
            connection.sendall(b"HTTP/1.1 " + refusal.status + b"\r\nContent-Length: 0\r\n\r\n")
        else:
            super().refuse(connection, refusal)

    def goes_on_after_refusal(self) -> bool:
        """The fault."""
        return self.kept


@fault("FRAME-008")
class ReadsOnInTheBody(GoesOn):
    """Goes on where the header section ended."""

    class grammar_class(Grammar):  # noqa: N801 - a local grammar
        """Refuses two Host fields and stays."""

        def check_host(self, request: Request) -> None:
            """The fault."""
            try:
                super().check_host(request)
            except BadRequest:
                raise Elsewhere from None

    grammar = grammar_class()


@fault("FRAME-009", also=["FRAME-005"])
class StaysAfterFaultyFraming(GoesOn):
    """Answers 400 to a length that is a word, and keeps the connection."""

    class grammar_class(Grammar):  # noqa: N801
        """Refuses and stays."""

        def length(self, value: bytes) -> int:
            """The fault."""
            try:
                return super().length(value)
            except BadRequest:
                raise (Elsewhere if value.isalpha() else BadRequest) from None

    grammar = grammar_class()


@fault("FRAME-072")
class LengthBreaksTheServer(Grammar):
    """A length that is no number is an error of the server's own."""

    def length(self, value: bytes) -> int:
        """The fault."""
        try:
            return super().length(value)
        except BadRequest:
            raise BadRequest(b"500 Internal Server Error") from None


class Unsaid(BadRequest):
    """A refusal without an answer."""


class SaysNothing(Server):
    """Closes the connection where its grammar leaves a refusal unsaid."""

    def refuse(self, connection: socket.socket, refusal: BadRequest) -> None:
        """The fault."""
        if not isinstance(refusal, Unsaid):
            super().refuse(connection, refusal)


@fault("FRAME-120")
class LengthEndsTheConnection(SaysNothing):
    """Closes the connection where a length cannot be read."""

    class grammar_class(Grammar):  # noqa: N801
        """Refuses and says nothing."""

        def length(self, value: bytes) -> int:
            """The fault."""
            try:
                return super().length(value)
            except BadRequest:
                raise Unsaid from None

    grammar = grammar_class()


@fault("FRAME-138")
class FoldEndsTheConnection(SaysNothing):
    """Closes the connection at a folded line."""

    class grammar_class(Grammar):  # noqa: N801
        """Refuses and says nothing."""

        def field(self, line: bytes) -> tuple[bytes, bytes]:
            """The fault."""
            if line[:1] in (b" ", b"\t"):
                raise Unsaid
            return super().field(line)

    grammar = grammar_class()


@fault("FRAME-139")
class HostEndsTheConnection(SaysNothing):
    """Closes the connection where there is not one Host."""

    class grammar_class(Grammar):  # noqa: N801
        """Refuses and says nothing."""

        def check_host(self, request: Request) -> None:
            """The fault."""
            try:
                super().check_host(request)
            except BadRequest:
                raise Unsaid from None

    grammar = grammar_class()


class Unheard(Unsaid):
    """A refusal of which nobody hears."""


class SaysNothingAndWaits(SaysNothing):
    """Keeps the connection as it is, until the client closes it."""

    def refuse(self, connection: socket.socket, refusal: BadRequest) -> None:
        """The fault."""
        while isinstance(refusal, Unheard) and connection.recv(1024):
            continue
        super().refuse(connection, refusal)


@fault("FRAME-139")
class HostIsMetWithSilence(SaysNothingAndWaits):
    """Neither answers nor closes where there is not one Host."""

    class grammar_class(Grammar):  # noqa: N801
        """Refuses, and nobody hears of it."""

        def check_host(self, request: Request) -> None:
            """The fault."""
            try:
                super().check_host(request)
            except BadRequest:
                raise Unheard from None

    grammar = grammar_class()


@fault("FRAME-010", also=["FRAME-011", "WSGI-HTTP-023"])
@fault("FRAME-010", also=["FRAME-011"], interface="asgi")
class PrefersLength(Grammar):
    """Content-Length counts where both are there."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        if request.all(b"content-length") and not request.is_1_0:
            kept = [pair for pair in request.fields if pair[0].lower() != b"transfer-encoding"]
            chunked = self.is_chunked(request.words(b"transfer-encoding"))
            fields = kept if chunked else request.fields
            return super().framing(Request(request.method, request.target, request.version, fields))
        return super().framing(request)


@fault("FRAME-011", also=["WSGI-HTTP-023"])
class DropsLength(Grammar):
    """Drops Content-Length beside the chunked coding, and keeps the connection."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        if request.all(b"transfer-encoding") and not request.is_1_0:
            kept = [pair for pair in request.fields if pair[0].lower() != b"content-length"]
            return super().framing(Request(request.method, request.target, request.version, kept))
        return super().framing(request)


@fault("FRAME-115")
class ChunkedWithoutCommas(Grammar):
    """Takes a list with an empty member for no coding."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        if self.is_chunked(request.words(b"transfer-encoding")) and not request.is_1_0:
            return 0 if b"," in request.all(b"transfer-encoding")[0] else super().framing(request)
        return super().framing(request)


@fault("FRAME-073")
class ChunkedInLowerCaseOnly(Grammar):
    """Takes a coding that is spelled in another letter case for none."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        if self.is_chunked(request.words(b"transfer-encoding")) and not request.is_1_0:
            plain = request.all(b"transfer-encoding")[0]
            return super().framing(request) if plain == plain.lower() else 0
        return super().framing(request)


@fault("FRAME-109")
@fault("FRAME-109", interface="asgi")
class CodingStrippedAsText(Grammar):
    """Strips a coding with str.strip()."""

    def is_chunked(self, codings: list[bytes]) -> bool:
        """The fault."""
        return super().is_chunked([coding.decode("latin-1").strip().encode("latin-1") for coding in codings])


@fault("FRAME-014")
class ChunkedSomewhere(Grammar):
    """Looks for the word in the coding's name."""

    def is_chunked(self, codings: list[bytes]) -> bool:
        """The fault."""
        return len(codings) == 1 and b"chunked" in codings[0] and bool(TOKEN.fullmatch(codings[0]))


@fault("FRAME-015")
class HandsOnWhatIsCoded(Grammar):
    """Removes chunked and hands on the rest."""

    def is_chunked(self, codings: list[bytes]) -> bool:
        """The fault."""
        return codings[-1:] == [b"chunked"] and codings.count(b"chunked") == 1


@fault("FRAME-016")
class ChunkedTwice(Grammar):
    """Takes chunked twice for once."""

    def is_chunked(self, codings: list[bytes]) -> bool:
        """The fault."""
        return set(codings) == {b"chunked"}


@fault("FRAME-017")
class CodingInHttp10(Grammar):
    """Looks for a coding in HTTP/1.0, and honours keep-alive."""

    def framing(self, request: Request) -> int | None:
        """The fault."""
        if not request.is_1_0:
            return super().framing(request)
        kept = [pair for pair in request.fields if pair[0].lower() != b"content-length"]
        return super().framing(Request(request.method, request.target, b"HTTP/1.1", kept))

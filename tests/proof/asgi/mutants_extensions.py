"""Mutants of the extensions: what is advertised, hints, trailers, files and pushes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateproof.reference.asgi import Server
from gateproof.reference.asgi_http import Event, Http, Pair
from gateproof.reference.asgi_http2 import Http2, Stream
from gateproof.reference.connection import Connection

from .faults import fault

KNOWN = ("push", "early_hint", "trailers", "pathsend", "zerocopysend", "debug")


@fault("ASGI-EXT-001")
class ListOfNames(Server):
    """extensions is a list of names."""

    def extensions(self, connection: Connection, kind: str) -> Any:
        """The fault."""
        return list(super().extensions(connection, kind))


@fault("ASGI-EXT-078")
class EntriesAreTrue(Server):
    """An extension that is there is True."""

    def extensions(self, connection: Connection, kind: str) -> Any:
        """The fault."""
        return {name: about or True for name, about in super().extensions(connection, kind).items()}


@fault("ASGI-EXT-060")
class AdvertisesDebug(Server):
    """It takes what is for test clients."""

    def extension_names(self, kind: str) -> list[str]:
        """The fault."""
        return [*super().extension_names(kind), *(["http.response.debug"] if kind == "http" else [])]

    class http_class(Http):  # noqa: N801
        """The seam."""

        async def send(self, event: Event) -> None:
            """Let debug events go."""
            if event.get("type") != "http.response.debug":
                await super().send(event)

    class http2_class(Http2):  # noqa: N801
        """The seam."""

        class stream_class(Stream):  # noqa: N801
            """The seam."""

            async def send(self, event: Event) -> None:
                """Let debug events go."""
                if event.get("type") != "http.response.debug":
                    await super().send(event)


@fault("ASGI-EXT-002")
class AdvertisesPush(Server):
    """It advertises push over HTTP/1.1 and refuses it."""

    def extension_names(self, kind: str) -> list[str]:
        """The fault."""
        return [*super().extension_names(kind), *(["http.response.push"] if kind == "http" else [])]


@fault("ASGI-EXT-003")
class IgnoresWhatItDoesNotOffer(Http):
    """Events of extensions that it does not offer are taken in silence."""

    async def send(self, event: Event) -> None:
        """The fault."""
        kind = event.get("type", "") if isinstance(event, dict) else ""
        if isinstance(kind, str) and kind.rpartition(".")[2] in KNOWN and not self.offered(kind):
            return
        await super().send(event)


@fault("ASGI-EXT-006", also=["ASGI-EXT-003"])
class SecretHints(Server):
    """It sends early hints without saying that it can."""

    def extension_names(self, kind: str) -> list[str]:
        """The fault."""
        return [name for name in super().extension_names(kind) if name != "http.response.early_hint"]

    class http_class(Http):  # noqa: N801
        """The seam."""

        def offered(self, kind: str) -> bool:
            """The fault."""
            return kind == "http.response.early_hint" or super().offered(kind)


# -- early hints


@fault("ASGI-EXT-042")
class OneHint(Http):
    """A second hint is refused."""

    hinted = False

    async def early_hint(self, event: Event) -> None:
        """The fault."""
        if self.hinted:
            raise RuntimeError("there was a hint already")
        self.hinted = True
        await super().early_hint(event)


@fault("ASGI-EXT-043")
class HintsInTheResponse(Http):
    """Links become fields of the final response."""

    def outgoing(self) -> list[Pair]:
        """The fault."""
        return [*super().outgoing(), *getattr(self, "links", [])]

    async def early_hint(self, event: Event) -> None:
        """The fault."""
        self.links = [*getattr(self, "links", []), *((b"link", link) for link in event["links"])]


@fault("ASGI-EXT-044")
class HintResetsStatus(Http):
    """After a hint the status is 200."""

    async def early_hint(self, event: Event) -> None:
        """Remember it."""
        await super().early_hint(event)
        self.hinted = True

    def status_line(self) -> bytes:
        """The fault."""
        return b"HTTP/1.1 200 OK\r\n" if getattr(self, "hinted", False) else super().status_line()


# -- trailers


@fault("ASGI-EXT-054")
class TrailersForAll(Http):
    """Everybody gets trailers."""

    def wants_trailers(self) -> bool:
        """The fault."""
        return True


@fault("ASGI-EXT-055")
class RefusesTrailers(Http):
    """Trailers that the client does not want are refused."""

    async def take_trailers(self, event: Event) -> None:
        """The fault."""
        if not self.wants_trailers():
            self.trailing = False
            raise RuntimeError("the client wants no trailers")
        await super().take_trailers(event)


@fault("ASGI-EXT-082")
class LastTrailers(Http):
    """The last event replaces the others."""

    async def take_trailers(self, event: Event) -> None:
        """The fault."""
        self.trailers = []
        await super().take_trailers(event)


@fault("ASGI-EXT-056", also=["ASGI-EXT-082"])
class TrailersEndWithTheBody(Stream):
    """The body ends the stream, and trailers are lost."""

    async def take_trailers(self, event: Event) -> None:
        """The fault."""
        await super().take_trailers({**event, "headers": []})


@fault("ASGI-EXT-057")
class NeedsMoreTrailers(Http):
    """more_trailers is taken for required."""

    async def take_trailers(self, event: Event) -> None:
        """The fault."""
        event["more_trailers"]
        await super().take_trailers(event)


@fault("ASGI-EXT-058", also=["ASGI-HTTP-RESP-041"])
class AnnouncedTrailersAlone(Http):
    """Trailers must have been announced."""

    async def take_trailers(self, event: Event) -> None:
        """The fault."""
        announced = b",".join(value for name, value in self.headers if name == b"trailer").split(b",")
        for name, _ in event["headers"]:
            if name not in [one.strip() for one in announced]:
                raise ValueError(f"{name!r} was not announced")
        await super().take_trailers(event)


# -- files


@fault("ASGI-EXT-022")
class IgnoresOffset(Http):
    """The file is sent from where it stands, whatever the offset."""

    async def zero_copy(self, event: Event) -> None:
        """The fault."""
        await super().zero_copy({**event, "offset": None})


@fault("ASGI-EXT-023")
class FilesAtTheEnd(Http):
    """Files are sent after all bodies."""

    async def take_body(self, kind: str, event: Event) -> None:
        """The fault."""
        waiting = self.__dict__.setdefault("files", [])
        if kind == "http.response.zerocopysend" and event.get("more_body"):
            waiting.append(event)
            return
        if event.get("more_body", False) or not waiting:
            await super().take_body(kind, event)
            return
        await super().take_body(kind, {**event, "more_body": True})
        self.files: list[Event] = []
        for number, late in enumerate(waiting, 1):
            await super().take_body("http.response.zerocopysend", {**late, "more_body": number < len(waiting)})


@fault("ASGI-EXT-024", also=["ASGI-EXT-023", "ASGI-EXT-025"])
class FileIsNeverTheLast(Http):
    """A file waits for a body event after it."""

    async def zero_copy(self, event: Event) -> None:
        """The fault."""
        await super().zero_copy({**event, "more_body": True})


class SendsFilesAlways(Http):
    """Where a response has no body, a file of a kind is sent all the same: not a mutant, but where two begin."""

    kind = ""

    async def take_body(self, kind: str, event: Event) -> None:
        """The fault."""
        if kind != self.kind or self.has_body():
            await super().take_body(kind, event)
            return
        content = event["file"].read() if "file" in event else Path(event["path"]).read_bytes()
        await super().take_body("http.response.body", {"body": b""})
        await self.write(content)


@fault("ASGI-EXT-025")
class FileWithoutABody(SendsFilesAlways):
    """An open file is sent on HEAD, 204 and 304."""

    kind = "http.response.zerocopysend"


@fault("ASGI-EXT-033")
class PathWithoutABody(SendsFilesAlways):
    """The content of a path is sent on HEAD."""

    kind = "http.response.pathsend"


@fault("ASGI-EXT-032", also=["ASGI-EXT-033"])
class PathIsNotTheEnd(Http):
    """The response goes on after the file."""

    async def pieces(self, number: int, start: int, count: int, *, last: bool) -> None:
        """The fault."""
        await super().pieces(number, start, count, last=last and not getattr(self, "by_path", False))

    async def take_body(self, kind: str, event: Event) -> None:
        """Remember the kind."""
        self.by_path = kind == "http.response.pathsend"
        await super().take_body(kind, event)


@fault("ASGI-EXT-035")
class NothingForNoFile(Http):
    """A path that leads nowhere is an empty body."""

    async def take_body(self, kind: str, event: Event) -> None:
        """The fault."""
        try:
            await super().take_body(kind, event)
        except FileNotFoundError:
            await super().take_body("http.response.body", {"body": b""})


# -- pushes


@fault("ASGI-EXT-002")
class BreaksWhereItPushes(Http2):
    """A promise cannot be made, and the connection is lost."""

    def push(self, stream: Stream, path: str, given: list[Pair]) -> None:
        """The fault."""
        self.connection.abort()


@fault("ASGI-EXT-013")
class PushesTheSame(Http2):
    """The application is called for the path that pushed, not for what it pushed."""

    def push(self, stream: Stream, path: str, given: list[Pair]) -> None:
        """The fault."""
        promised, self.opened = path, stream
        super().push(stream, promised, [pair for pair in given if not pair[0].startswith(b"gateproof")])


@fault("ASGI-EXT-014")
class PushesToTheSocket(Http2):
    """What is pushed belongs to the address on which the server listens."""

    def push(self, stream: Stream, path: str, given: list[Pair]) -> None:
        """The fault."""
        kept = stream.request.fields
        stream.request.fields = [(b"host", b"127.0.0.1:%d" % self.connection.local[1])]
        super().push(stream, path, given)
        stream.request.fields = kept

"""Middleware that encodes, in a coding of our own that keeps the length, and its faults in how it chooses."""

from __future__ import annotations

from typing import Any

from gateproof.reference.wsgi_middleware import WSGI, Body, Environ, Middleware, Passage

from ...registry import mutant, variant


class Named(Passage):
    """Says that another one would get it encoded."""

    def headers(self, headers: Any) -> Any:
        """Say it."""
        return [*headers, ("Vary", "Accept-Encoding")]


class Encoded(Named):
    """Encodes what is written, and says so."""

    def headers(self, headers: Any) -> Any:
        """Say it."""
        return [*super().headers(headers), ("Content-Encoding", "br")]

    def supply(self, write: Any) -> Any:
        """Encode."""
        return lambda data: write(data.swapcase())


class Items(Body):
    """Encodes what is yielded."""

    def item(self, item: Any) -> Any:
        """Encode."""
        return item.swapcase()


@variant()
class Encodes(Middleware):
    """Encodes for those who take it."""

    plain: type[Passage] = Named

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Choose."""
        taken = self.takes(environ.get("HTTP_ACCEPT_ENCODING", ""))
        passage = (Encoded if taken else self.plain)(start_response)
        result = self.call(self.environ(environ), passage.start_response)
        return (Items if taken else Body)(passage, result)

    def takes(self, accepted: str) -> bool:
        """Tell whether the client takes the coding."""
        return "br" in [word.strip().lower() for word in accepted.split(",")]


@mutant("WSGI-MW-007")
class NamesItWhereItEncodes(Encodes):
    """Says nothing of what it does not encode."""

    plain = Passage


@mutant("WSGI-MW-008")
class FindsTheWord(Encodes):
    """Looks for the word, whatever stands behind it."""

    def takes(self, accepted: str) -> bool:
        """The fault."""
        return "br" in accepted


class Allowed(Passage):
    """Tells an origin that it is allowed."""

    origin = "https://gateproof.example"

    def headers(self, headers: Any) -> Any:
        """Tell it."""
        return [*headers, ("Access-Control-Allow-Origin", self.origin)]


class Varied(Passage):
    """Says that another origin may get another answer."""

    def headers(self, headers: Any) -> Any:
        """Say it."""
        return [*super().headers(headers), ("Vary", "Origin")]


class AllowedAndVaried(Varied, Allowed):
    """Does both."""


@variant()
class AllowsOrigins(Middleware):
    """Allows an origin that it names, and says that it hangs on it."""

    allowed: type[Passage] = AllowedAndVaried
    other: type[Passage] = Varied

    def __init__(self, app: WSGI) -> None:
        """Have an origin."""
        super().__init__(app)
        self.origins = {Allowed.origin}

    def __call__(self, environ: Environ, start_response: WSGI) -> Any:
        """Choose."""
        passage = (self.allowed if environ.get("HTTP_ORIGIN") in self.origins else self.other)(start_response)
        return Body(passage, self.call(self.environ(environ), passage.start_response))


@mutant("WSGI-MW-016")
class AllowsWithoutVary(AllowsOrigins):
    """Does not say that it hangs on the origin."""

    allowed, other = Allowed, Passage

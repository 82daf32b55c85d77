"""ASGI applications that give `tests.proof.document`, with one of its faults or one of its choices."""

from __future__ import annotations

from gateproof.reference.asgi_application import TEXT, Application, Receive, Scope, Send

from ...document import CHOICES, FAULTS, Document
from ...registry import mutant, variant


class Gives(Application):
    """Gives the document at the root alone."""

    def __init__(self, document: Document) -> None:
        """Take it."""
        super().__init__()
        self.routes, self.document = [], document

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        await self.body(receive)
        if self.path(scope) not in ("", "/"):
            await self.respond(scope, send, 404, [TEXT], b"nothing here")
            return
        asked = {bytes(name).lower(): bytes(value) for name, value in scope["headers"]}
        status, fields, body = self.document.answer(scope["method"], asked)
        if status == 304:
            await self.start(send, status, fields)
            await self.finish(send)
        else:
            await self.respond(scope, send, status, fields, body)


def giving(kind: type[Document]) -> type[Gives]:
    """Return an application that gives such a document."""

    class Given(Gives):
        def __init__(self) -> None:
            super().__init__(kind())

    Given.__name__ = kind.__name__
    return Given


for _kind, _row, _ in FAULTS:
    mutant(_row)(giving(_kind))
for _kind in CHOICES:
    variant()(giving(_kind))

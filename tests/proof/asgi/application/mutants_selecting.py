"""ASGI applications that give `tests.proof.document`, with one of its faults or one of its choices."""

from __future__ import annotations

from gateproof.reference.asgi_application import TEXT, Application, Receive, Scope, Send

from ...document import CHOICES, FAULTS, Document, giving
from ...registry import mutant, variant


class Gives(Application):
    """Gives the document at the root alone."""

    document: Document

    def __init__(self) -> None:
        """Have nothing else."""
        super().__init__()
        self.routes = []

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


for _kind, _row, _ in FAULTS:
    mutant(_row)(giving(Gives, _kind))
for _kind in CHOICES:
    variant()(giving(Gives, _kind))

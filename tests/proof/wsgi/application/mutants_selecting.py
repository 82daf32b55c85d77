"""WSGI applications that give `tests.proof.document`, with one of its faults or one of its choices."""

from __future__ import annotations

from http import HTTPStatus

from gateproof.reference.wsgi_application import Application, Environ, Response

from ...document import CHOICES, FAULTS, Document, giving
from ...registry import mutant, variant


class Gives(Application):
    """Gives the document at the root alone."""

    document: Document
    pages = ()

    def page_root(self, environ: Environ) -> Response:
        """Give it."""
        named = {key[5:].replace("_", "-").lower(): str(value) for key, value in environ.items() if key[:5] == "HTTP_"}
        asked = {name.encode(): value.encode("latin-1") for name, value in named.items()}
        status, fields, body = self.document.answer(environ["REQUEST_METHOD"], asked)
        words = [(name.decode().title(), value.decode()) for name, value in fields]
        return Response(f"{status} {HTTPStatus(status).phrase}", words, [body], length=status != 304)


for _kind, _, _row in FAULTS:
    mutant(_row)(giving(Gives, _kind))
for _kind in CHOICES:
    variant()(giving(Gives, _kind))

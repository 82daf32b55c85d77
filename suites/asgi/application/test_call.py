"""The call itself: www.rst and asgi.rst > Applications."""

from __future__ import annotations

from gateproof.check import requirement
from gateproof.drive.asgi import App, Request
from gateproof.judge import Judge


@requirement("ASGI-APP-003")
def test_called_by_name(app: App, judge: Judge) -> None:
    """The application tolerates being called with the names scope, receive and send."""
    plain, named = app.http(Request()), app.http(Request(), named=True)
    judge("ASGI-APP-003", (named.status, named.types) == (plain.status, plain.types), plain.outcome, named.outcome)

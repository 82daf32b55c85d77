"""A Falcon application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import falcon


class Root:
    """Links to the other pages."""

    def on_get(self, request: Any, response: Any) -> None:
        """Link."""
        names = ("json", "go", "stream", "none", "static/wsgi_falcon.py")
        response.content_type = "text/html"
        response.text = "".join(f'<a href="/{name}">{name}</a>' for name in names)


class Json:
    """Tells what was sent."""

    def on_get(self, request: Any, response: Any) -> None:
        """Tell."""
        response.media = {"sent": None}

    def on_post(self, request: Any, response: Any) -> None:
        """Tell."""
        response.media = {"sent": str(request.get_media(default_when_empty=None))}


class Go:
    """Redirects."""

    def on_get(self, request: Any, response: Any) -> None:
        """Redirect."""
        raise falcon.HTTPFound("/json")


class Stream:
    """Gives a body piece by piece."""

    def on_get(self, request: Any, response: Any) -> None:
        """Give it."""
        response.stream = iter([b"one", b"two"])


class Nothing:
    """Gives nothing."""

    def on_get(self, request: Any, response: Any) -> None:
        """Give it."""
        response.status = falcon.HTTP_204


app = falcon.App()
for name, resource in (("", Root()), ("json", Json()), ("go", Go()), ("stream", Stream()), ("none", Nothing())):
    app.add_route(f"/{name}", resource)
app.add_static_route("/static", str(Path(__file__).parent))

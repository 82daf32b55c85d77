"""A Pyramid application."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound
from pyramid.response import FileResponse, Response


def root(request: Any) -> Any:
    """Link to the other pages."""
    names = ("form", "file", "go", "stream", "none")
    return Response("".join(f'<a href="/{name}">{name}</a>' for name in names))


def form(request: Any) -> Any:
    """Tell what was sent."""
    return {"fields": {key: str(value) for key, value in request.POST.items()}}


def file(request: Any) -> Any:
    """Give this file."""
    return FileResponse(__file__, request=request)


def go(request: Any) -> Any:
    """Redirect."""
    return HTTPFound(request.route_path("form"))


def stream(request: Any) -> Any:
    """Give a body piece by piece."""
    return Response(app_iter=iter([b"one", b"two"]), content_type="text/plain")


def none(request: Any) -> Any:
    """Give nothing."""
    return Response(status=204)


configurator = Configurator()
for view in (form, file, go, stream, none):
    configurator.add_route(view.__name__, f"/{view.__name__}")
    configurator.add_view(view, route_name=view.__name__, renderer="json" if view is form else None)
configurator.add_route("root", "/")
configurator.add_view(root, route_name="root")
app = configurator.make_wsgi_app()

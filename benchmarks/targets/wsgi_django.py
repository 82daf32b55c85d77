"""A Django project in one module."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings

MIDDLEWARE = (
    "security.SecurityMiddleware",
    "gzip.GZipMiddleware",
    "http.ConditionalGetMiddleware",
    "common.CommonMiddleware",
    "csrf.CsrfViewMiddleware",
    "clickjacking.XFrameOptionsMiddleware",
)
settings.configure(
    SECRET_KEY="not a secret",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=[f"django.middleware.{name}" for name in MIDDLEWARE],
    LOGGING_CONFIG=None,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 the settings come first
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402


def root(request: Any) -> Any:
    """Link to the other pages."""
    names = ("json", "file", "go?next=/json", "stream", "none")
    return HttpResponse("".join(f'<a href="/{name}">{name}</a>' for name in names))


@csrf_exempt
def json(request: Any) -> Any:
    """Tell what was sent."""
    return JsonResponse({"fields": len(request.POST), "files": len(request.FILES)})


@csrf_exempt
def raw(request: Any) -> Any:
    """Tell how much was sent."""
    return JsonResponse({"octets": len(request.body)})


def file(request: Any) -> Any:
    """Give this file under a name that is no ASCII."""
    return FileResponse(open(__file__, "rb"), filename="caf\xe9 \u20ac.py", as_attachment=True)


def go(request: Any) -> Any:
    """Redirect."""
    return HttpResponseRedirect(request.GET.get("next") or "/")


def stream(request: Any) -> Any:
    """Give a body piece by piece."""
    return StreamingHttpResponse(iter([b"one", b"two"]))


def none(request: Any) -> Any:
    """Give nothing."""
    return HttpResponse(status=204)


urlpatterns = [
    path("", root),
    path("json", json),
    path("raw", raw),
    path("file", file),
    path("go", go),
    path("stream", stream),
    path("none", none),
]
app = get_wsgi_application()

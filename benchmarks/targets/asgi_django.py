"""The Django project of `wsgi_django`, with handlers of its own for ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import wsgi_django
from django.core.asgi import get_asgi_application
from django.http import JsonResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from endless import again


@csrf_exempt
async def json(request: Any) -> Any:
    """Tell what was sent."""
    return JsonResponse({"fields": len(request.POST), "files": len(request.FILES)})


async def stream(request: Any) -> Any:
    """Give a body piece by piece."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    return StreamingHttpResponse(pieces())


async def events(request: Any) -> Any:
    """Give a body without end."""
    return StreamingHttpResponse(again(b"data: again\n\n"), content_type="text/event-stream")


wsgi_django.urlpatterns[:0] = [path("json", json), path("stream", stream), path("events", events)]
app = get_asgi_application()

"""Channels over the Django project of `asgi_django`."""

from __future__ import annotations

from typing import Any

import asgi_django
from channels.generic.http import AsyncHttpConsumer
from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path, re_path


class Echo(AsyncWebsocketConsumer):
    """Says what was said."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Say it again."""
        await self.send(text_data=text_data, bytes_data=bytes_data)


class Threaded(WebsocketConsumer):
    """The same in a thread."""

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Say it again."""
        self.send(text_data=text_data, bytes_data=bytes_data)


class Consumer(AsyncHttpConsumer):
    """Tells how much was sent."""

    async def handle(self, body: bytes) -> None:
        """Tell it."""
        await self.send_response(200, str(len(body)).encode(), headers=[(b"Content-Type", b"text/plain")])


websockets: Any = URLRouter([path("ws", Echo.as_asgi()), path("thread", Threaded.as_asgi())])
http: Any = URLRouter([path("consumer", Consumer.as_asgi()), re_path("", asgi_django.app)])
app = ProtocolTypeRouter({"http": http, "websocket": websockets})

"""WebSockets with other implementations at the other end: clients in a conversation, servers that are hostile."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import io
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, Ping, Pong
from wsproto.events import Request as Opening

from gateproof import requirements
from gateproof.asgi_scripts import accepting, echo
from gateproof.check import check_id, info
from gateproof.conversation import Conversation
from gateproof.judge import Judgement
from gateproof.reference.asgi import Server as Reference
from gateproof.runner import run_check
from gateproof.servers.launching import free_port
from gateproof.target import Server
from gateproof.verdicts import Verdict
from gateproof.wire import websocket as ws
from tests.proof import harness

SAID: list[str | bytes] = ["hello", b"\x00\xff", "", "caf\u00e9 \U0001f600", b"x" * 70_000, "y" * 126]


async def _echoes(scope: dict[str, object], receive: Callable[[], object], send: Callable[[object], object]) -> None:
    """Be an application that sends back what it gets."""
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan")
    await receive()  # type: ignore[misc]
    await send({"type": "websocket.accept", "subprotocol": "chat"})  # type: ignore[misc]
    while (event := await receive())["type"] == "websocket.receive":  # type: ignore[misc]
        await send({**event, "type": "websocket.send"})  # type: ignore[misc]


def our_octets() -> list[str | bytes]:
    """Hold the conversation by our own frames."""
    with harness.serving(Reference, "default") as server, server.websocket(accepting(echo())) as talk:
        return [_one(talk, said) for said in SAID]


def _one(talk: Conversation, said: str | bytes) -> str | bytes:
    talk.text(said) if isinstance(said, str) else talk.binary(said)
    message = talk.next_message()
    assert message is not None
    return message.payload.decode() if message.opcode == ws.TEXT else message.payload


def wsproto_s(port: int) -> list[str | bytes]:
    """Hold the conversation by wsproto, in fragments, with a ping before each message."""
    heard: list[str | bytes] = []
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        peer = WSConnection(ConnectionType.CLIENT)
        sock.sendall(peer.send(Opening(host="a.test", target="/", subprotocols=["chat", "other"])))
        parts: list[str | bytes] = []
        for said in [None, *SAID]:
            if said is not None:
                half = len(said) // 2
                sock.sendall(peer.send(Ping(b"p")))
                sock.sendall(peer.send(Message(said[:half], message_finished=False)) + peer.send(Message(said[half:])))
            done = False
            while not done:
                peer.receive_data(sock.recv(65536))
                for event in peer.events():
                    if isinstance(event, AcceptConnection):
                        assert event.subprotocol == "chat"
                        done = True
                    elif isinstance(event, Message):
                        parts.append(event.data if isinstance(event.data, str) else bytes(event.data))
                        if event.message_finished:
                            heard.append(type(parts[0])().join(parts))  # type: ignore[arg-type]
                            parts, done = [], True
                    else:
                        assert isinstance(event, Pong)
        sock.sendall(peer.send(CloseConnection(3001, "bye")))
        peer.receive_data(sock.recv(65536))
        assert [type(event) for event in peer.events()] == [CloseConnection]
    return heard


def websockets_s(port: int) -> list[str | bytes]:
    """Hold the conversation by the client of `websockets`, which offers permessage-deflate."""
    client = pytest.importorskip("websockets.sync.client")
    heard: list[str | bytes] = []
    with client.connect(f"ws://127.0.0.1:{port}/", subprotocols=["chat"]) as peer:
        assert peer.subprotocol == "chat"
        for said in SAID:
            peer.send(said)
            heard.append(peer.recv(timeout=5))
        peer.close(3001, "bye")
        assert peer.close_code == 3001
    return heard


@pytest.mark.parametrize("client", [wsproto_s, websockets_s])
def test_an_ordinary_client(client: Callable[[int], list[str | bytes]]) -> None:
    """Other clients and our own octets tell of the same conversation."""
    with Reference(_echoes).serve_in_thread() as server:  # type: ignore[arg-type]
        assert client(server.port) == our_octets() == SAID


@contextlib.contextmanager
def hosting(folder: Path, command: str) -> Iterator[int]:
    """Let a real server host the application that echoes; yield its port."""
    source = inspect.getsource(_echoes).replace("_echoes", "app")
    (folder / "echoing.py").write_text("from __future__ import annotations\nfrom typing import Callable\n" + source)
    port = free_port("127.0.0.1")
    server = subprocess.Popen([sys.executable, "-m", *command.format(port=port).split()], cwd=folder)
    try:
        deadline = time.monotonic() + 20
        while server.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
                break
            time.sleep(0.01)  # readiness of another process can only be polled
        yield port
    finally:
        server.terminate()
        server.wait(10)


@pytest.mark.servers
@pytest.mark.parametrize(
    "command",
    [
        "uvicorn echoing:app --port {port} --ws websockets --log-level error",
        "uvicorn echoing:app --port {port} --ws wsproto --log-level error",
        "hypercorn echoing:app --bind 127.0.0.1:{port} --log-level error",
    ],
)
def test_a_real_server(tmp_path: Path, command: str) -> None:
    """Whoever asks, the conversation is the same."""
    with hosting(tmp_path, command) as port:
        assert websockets_s(port) == wsproto_s(port) == SAID


# -- hostile servers: whatever they do, each check ends soon, and says one thing

ACCEPT = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: " + ws.accept_value() + b"\r\n\r\n"
)
HOSTILE = {
    "accepts, and falls silent": [ACCEPT],
    "hangs up": [None],
    "lies about a length": [ACCEPT, ws.encode(ws.TEXT, b"short", length=1 << 40, mask=None)],
    "sends pings for ever": [ACCEPT, ws.encode(ws.PING, b"x", mask=None) * 2000],
    "sends noise": [ACCEPT, bytes(range(256)) * 40],
    "answers with an endless header": [b"HTTP/1.1 101 X\r\n" + b"X-A: b\r\n" * 20_000],
}


@contextlib.contextmanager
def hostile(script: list[bytes | None]) -> Iterator[int]:
    """Serve every connection by a script: octets to send, None to hang up; then read, and never answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            head = await reader.readuntil(b"\r\n\r\n")
            if b"upgrade" not in head.lower():
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            else:
                for octets in script:
                    if octets is None:
                        break
                    writer.write(octets)
                else:
                    await reader.read()
        writer.close()

    listens: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def main() -> None:
        stop = asyncio.Event()
        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        listens.set_result((listening.sockets[0].getsockname()[1], asyncio.get_running_loop(), stop))
        await stop.wait()
        listening.close()

    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    port, loop, stop = listens.result(5)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)


PLAYED = ("connect_comes_first_and_once", "messages_are_sent", "the_client_closes", "code_and_reason_of_a_close")


def _judged(check: harness.Check, port: int) -> tuple[float, list[Judgement]]:
    """Run one check against a port; return how long it took, and what it said."""
    address = SimpleNamespace(host="127.0.0.1", port=port, errors=io.StringIO())
    running = harness.InProcess(address, f"hostile-{check_id(check)}", "", frozenset({"websocket"}))
    target, rows = Server(running, harness.channel(), "asgi"), {row.id: row for row in requirements.load()}
    begun = time.monotonic()
    outcome = run_check(check, {"server": target}, target, rows, "quick", confirm=False)
    return time.monotonic() - begun, outcome.judgements


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_server(name: str) -> None:
    """A check comes to one verdict for each of its rows in bounded time, and none of them is an error of our own."""
    script: list[bytes | None] = [*HOSTILE[name]]
    chosen = [check for check in harness.checks("asgi") if check_id(check).rpartition("/")[2] in PLAYED]
    assert len(chosen) == len(PLAYED)
    with hostile(script) as port, ThreadPoolExecutor(len(chosen)) as pool:
        for check, (seconds, said) in zip(chosen, pool.map(lambda one: _judged(one, port), chosen), strict=True):
            assert seconds < 40, f"{check_id(check)} does not end soon"
            assert sorted(judgement.requirement for judgement in said) == sorted(info(check).requirements)
            errors = [judgement.reason for judgement in said if judgement.verdict is Verdict.ERROR]
            assert not errors, f"{check_id(check)}: {errors}"

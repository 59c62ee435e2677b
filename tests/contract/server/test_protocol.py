"""Connections whose head does not come, or never ends."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from rempart.server import protocol
from rempart.server.protocol import PatientProtocol


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 1.0)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=PatientProtocol, ws="none", lifespan="off", log_config=None, loop="asyncio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()
    listening.close()


def rest(connection: socket.socket) -> bytes:
    data = b""
    while True:
        try:
            more = connection.recv(4096)
        except ConnectionResetError:
            return data
        if not more:
            return data
        data += more


def test_a_connection_that_says_nothing_is_closed(port: int):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        began = time.monotonic()
        assert rest(connection) == b""
        assert time.monotonic() - began > 0.5


def test_a_head_that_comes_too_slowly_is_answered_408(port: int):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert rest(connection).startswith(b"HTTP/1.1 408")


def test_the_second_request_of_a_connection_has_its_time_too(port: int):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for _ in range(3):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"ok"):
                answer += connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(0.4)
        connection.sendall(b"GET / HTTP/1.1\r\nHos")
        assert b" 408 " in rest(connection)


def test_a_head_without_end_is_answered_431(port: int):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"y" * (protocol.MOST_HEAD + 1000))
        except OSError:
            return
        assert rest(connection)[:12] in (b"HTTP/1.1 431", b"")

"""Somebody else's machine on the loopback: takes what comes, by TCP and UDP on one port, and remembers that it came."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_ANSWER = b"HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass
class Stranger:
    """`heard` is the beginning of whatever came in, in the order of arrival; UDP as b"udp"."""

    port: int
    heard: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def hears(self, what: bytes, *, seconds: float = 5.0) -> bool:
        """Whether something that contains `what` comes in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(what in one for one in self.heard):
                return True
            time.sleep(0.02)
        return False


@contextmanager
def stranger() -> Iterator[Stranger]:
    """A listener on a free port; answers every HTTP request with an empty page that anybody may read."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        found = Stranger(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", found.port))
        for one in (tcp, udp):
            one.settimeout(0.05)
        over = threading.Event()
        threads = [
            threading.Thread(target=work, args=(one, found, over)) for work, one in ((_http, tcp), (_packets, udp))
        ]
        for thread in threads:
            thread.start()
        try:
            yield found
        finally:
            over.set()
            for thread in threads:
                thread.join(10)


def _http(tcp: socket.socket, found: Stranger, over: threading.Event) -> None:
    while not over.is_set():
        try:
            connection, _ = tcp.accept()
        except TimeoutError:
            continue
        with connection:
            connection.settimeout(2)
            try:
                found.heard.append(connection.recv(4096) or b"connected")
                connection.sendall(_ANSWER)
            except OSError:
                found.heard.append(b"connected")


def _packets(udp: socket.socket, found: Stranger, over: threading.Event) -> None:
    while not over.is_set():
        try:
            udp.recv(4096)
        except TimeoutError:
            continue
        found.heard.append(b"udp")

"""The load generator of `rempart bench http`, a process of its own: `python -m rempart.cli.bench.http_load`.

Reads one JSON object from standard input (see `Load`), sends the requests, and writes one with what it saw.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_LONGEST = 30.0
_SEND_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What to send: `count` requests over `connections`; all as fast as possible, or `per_second` of them.

    With `keep_alive` a connection is used again, otherwise each request opens its own. `bodies` are base64, used in
    turn; a `{n}` in path or body (as bytes) becomes the request's number, 12 digits.
    """

    port: int
    key: str
    path: str
    media_type: str
    bodies: Sequence[str]
    count: int
    connections: int
    keep_alive: bool
    per_second: float | None
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of it: wall time of the run, each request's latency in ms, and how many were not 200."""

    seconds: float
    latencies: list[float]
    failed: int


class _Run:
    """One thread for all connections: what the generator itself takes of the machine is what the server lacks."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._bodies = [b64decode(body) for body in load.bodies]
        self._next = 0
        self._began = 0.0
        self._free: list[_Connection | None] = [None] * load.connections
        self._asked: dict[int, _Connection] = {}
        self.latencies: list[float] = []
        self.failed = 0

    def run(self) -> Seen:
        self._began = time.perf_counter()
        # What is sent next is made ready while nothing is due.
        request = self._request(0)
        while len(self.latencies) < self._load.count:
            due, now = self._due(), time.perf_counter()
            if self._free and self._next < self._load.count and due <= now:
                # From the moment when it was due: a server that stalls must not delay the clock that measures it.
                self._ask(self._free.pop(), request, began=due if self._load.per_second else now)
                request = self._request(self._next)
                continue
            wait = _LONGEST if not self._free or self._next >= self._load.count else due - now
            readable, _, _ = select.select(list(self._asked), [], [], wait)
            for number in readable:
                self._read(self._asked[number])
            if not readable and wait == _LONGEST:
                raise TimeoutError("the server does not answer")
        return Seen(seconds=time.perf_counter() - self._began, latencies=self.latencies, failed=self.failed)

    def _due(self) -> float:
        return self._began + self._next / self._load.per_second if self._load.per_second else 0.0

    def _ask(self, connection: _Connection | None, request: bytes, *, began: float) -> None:
        self._next += 1
        try:
            connection = connection or _Connection(self._load.port)
            connection.ask(request, began)
        except OSError:
            self._done(connection, began, well=False)
            return
        self._asked[connection.number] = connection

    def _read(self, connection: _Connection) -> None:
        try:
            status = connection.read()
        except OSError:
            status = 0
        if status is not None:
            del self._asked[connection.number]
            self._done(connection, connection.began, well=status == 200)

    def _done(self, connection: _Connection | None, began: float, *, well: bool) -> None:
        self.latencies.append(1e3 * (time.perf_counter() - began))
        self.failed += not well
        if connection is not None and not (well and self._load.keep_alive):
            connection.close()
            connection = None
        self._free.append(connection)

    def _request(self, number: int) -> bytes:
        load, mark = self._load, b"%012d" % (self._load.first + number)
        body = self._bodies[number % len(self._bodies)].replace(b"{n}", mark)
        head = (
            f"POST {load.path.replace('{n}', mark.decode())} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {load.key}\r\nContent-Type: {load.media_type}\r\n"
            f"Content-Length: {len(body)}\r\n" + ("" if load.keep_alive else "Connection: close\r\n") + "\r\n"
        )
        return head.encode() + body


class _Connection:
    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)  # a whole picture, without waiting
        self._socket.settimeout(_LONGEST)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = self._socket.fileno()
        self.began = 0.0
        self._answer = b""

    def ask(self, request: bytes, began: float) -> None:
        self.began, self._answer = began, b""
        self._socket.sendall(request)

    def read(self) -> int | None:
        """What came; the status once all of the answer has come."""
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end:
            return None
        told = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if len(body) < int(told[0].partition(b":")[2]):
            return None
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        self._socket.close()


def main(read: Callable[[], str] = sys.stdin.read, write: Callable[[str], Any] = sys.stdout.write) -> None:
    """One load, from standard input to standard output."""
    write(json.dumps(asdict(_Run(Load(**json.loads(read()))).run())))


if __name__ == "__main__":
    main()

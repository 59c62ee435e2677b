"""The load generator of `rempart bench http`, a process of its own: `python -m rempart.cli.bench.http_load`.

Reads one JSON object from standard input (see `Load`), sends the requests, and writes one with what it saw.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


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
    def __init__(self, load: Load) -> None:
        self._load = load
        self._bodies = [b64decode(body) for body in load.bodies]
        self._next = 0
        self._lock = threading.Lock()
        self.latencies: list[float] = []
        self.failed = 0
        self._began = 0.0

    def run(self) -> Seen:
        threads = [threading.Thread(target=self._one) for _ in range(self._load.connections)]
        self._began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Seen(seconds=time.perf_counter() - self._began, latencies=self.latencies, failed=self.failed)

    def _one(self) -> None:
        connection: _Connection | None = None
        latencies: list[float] = []
        failed = 0
        while (turn := self._turn()) is not None:
            number, due = turn
            request = self._request(number)
            if due > (now := time.perf_counter()):
                time.sleep(due - now)
            # From the moment when it was due: a server that stalls must not delay the clock that measures it.
            began = due if self._load.per_second else time.perf_counter()
            try:
                connection = connection or _Connection(self._load.port)
                status = connection.ask(request)
            except OSError:
                status, connection = 0, None
            latencies.append(1e3 * (time.perf_counter() - began))
            failed += status != 200
            if not self._load.keep_alive and connection is not None:
                connection.close()
                connection = None
        with self._lock:
            self.latencies += latencies
            self.failed += failed

    def _turn(self) -> tuple[int, float] | None:
        with self._lock:
            number = self._next
            self._next += 1
        if number >= self._load.count:
            return None
        due = self._began + number / self._load.per_second if self._load.per_second else 0.0
        return number, due

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
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> int:
        self._socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head, _, body = answer.partition(b"\r\n\r\n")
        told = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(told[0].partition(b":")[2])
        while len(body) < length:
            body += self._more()
        return int(head.split(b" ", 2)[1])

    def _more(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError
        return data

    def close(self) -> None:
        self._socket.close()


def main(read: Callable[[], str] = sys.stdin.read, write: Callable[[str], Any] = sys.stdout.write) -> None:
    """One load, from standard input to standard output."""
    sys.setswitchinterval(0.0002)  # its threads must not wait for each other where the server is to be measured
    write(json.dumps(asdict(_Run(Load(**json.loads(read()))).run())))


if __name__ == "__main__":
    main()

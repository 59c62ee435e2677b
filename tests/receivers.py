"""A small real web server that receives webhooks, and can be as bad at it as the internet is."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(ThreadingHTTPServer):
    """`behaviours` are used up one a request; afterwards every request is answered with 204.

    A number is a status; `hang` never answers, `drip` sends its header a byte a moment, `half` closes in the middle of
    the status line, `close` before it, `flood` answers 200 with a body that never ends.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviours: list[int | str] = []
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.lock = threading.Lock()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.requests]

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up on us is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length", 0))
        body = self.rfile.read(size)
        if len(body) < size:  # whoever sent it died in the middle; a web server drops that too
            self.close_connection = True
            return
        with self.server.lock:
            self.server.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            behaviour = self.server.behaviours.pop(0) if self.server.behaviours else 204
        self.close_connection = True
        if isinstance(behaviour, int):
            self.send_response(behaviour)
            for name, value in self.server.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()
        elif behaviour == "hang":
            self.server.over.wait(30)
        elif behaviour == "half":
            self.wfile.write(b"HTTP/1.1 2")
        elif behaviour == "drip":
            self._keep_sending(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 2_000, 0.02)
        elif behaviour == "flood":
            self._keep_sending(b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * 500, 0.001)

    def _keep_sending(self, data: bytes, pause: float) -> None:
        for byte in data:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.over.wait(pause):
                return

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the screen of the tests."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def wait_until(holds, seconds: float = 60.0) -> None:
    """Wait for something that another thread or process brings about."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)

"""A small real server that answers the gate's two questions as docs/howto/gate.md says, well or badly."""

import hashlib
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from PIL import Image

KEY = "rk_gate"


class Service(ThreadingHTTPServer):
    """Refuses the pictures in `refused` and what is no picture; `behaviours` are used up one a question.

    A number is a status; `hang` never answers, `close` hangs up, `garbage` is no JSON, `odd` a verdict that nobody
    knows, `bare` allows without a picture, `hold` holds. `asked` has each question: path, end user, parameters, bytes.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.refused: set[bytes] = set()
        self.behaviours: list[int | str] = []
        self.asked: list[tuple[str, str | None, dict[str, list[str]], bytes]] = []
        self.records: set[str] = set()
        self.slow = 0.0
        self.lock = threading.Lock()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def refuse(self, data: bytes) -> None:
        self.refused.add(hashlib.sha256(data).digest())

    def bodies(self, question: str) -> list[bytes]:
        return [data for path, _, _, data in self.asked if path == f"/v1/gate/{question}"]

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up on us is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("content-length", 0)))
        place = urlsplit(self.path)
        user = self.headers.get("rempart-end-user")
        params = parse_qs(place.query)
        with self.server.lock:
            self.server.asked.append((place.path, None if user is None else unquote(user), params, data))
            behaviour = self.server.behaviours.pop(0) if self.server.behaviours else "well"
        self.close_connection = True
        time.sleep(self.server.slow)
        if isinstance(behaviour, int):
            self._json({"detail": "no"}, behaviour)
        elif behaviour == "hang":
            self.server.over.wait(30)
        elif behaviour == "garbage":
            self._answer(b"<html>", "application/json")
        elif behaviour in ("odd", "hold"):
            self._json({"verdict": behaviour})
        elif behaviour == "bare":
            self._json({"verdict": "allow", "gate": "gate_x"})
        elif behaviour == "well":
            self._well(place.path, params, data)

    def _well(self, path: str, params: dict[str, list[str]], data: bytes) -> None:
        if self.headers.get("authorization") != f"Bearer {KEY}":
            self._json({"detail": "not signed in"}, 401)
        elif hashlib.sha256(data).digest() in self.server.refused or (stamped := stamp(data)) is None:
            self._json({"verdict": "block"})
        elif path.endswith("/reference"):
            record = f"gate_{len(self.server.records)}"
            self.server.records.add(record)
            self._json({"verdict": "allow", "gate": record})
        elif not self.server.records.issuperset(params.get("reference", [])):
            self._json({"detail": "an unknown reference"}, 422)
        elif params.get("stamp") == ["false"]:
            self._json({"verdict": "allow", "gate": "gate_out"})
        else:
            self._answer(stamped, "image/png", {"rempart-gate": "gate_out", "rempart-record": "7f3a00000001"})

    def _json(self, told: object, status: int = 200) -> None:
        self._answer(json.dumps(told).encode(), "application/json", status=status)

    def _answer(
        self, body: bytes, media_type: str, headers: dict[str, str] | None = None, *, status: int = 200
    ) -> None:  # fmt: skip
        self.send_response(status)
        for name, value in {"content-type": media_type, "content-length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the screen of the tests."""


def stamp(data: bytes) -> bytes | None:
    """The same picture with its corner turned black; None for what cannot be read to its end."""
    try:
        image = Image.open(io.BytesIO(data)).convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None
    image.putpixel((0, 0), (0, 0, 0))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


@contextmanager
def gateservice() -> Iterator[Service]:
    """A service on a free port."""
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join(5)

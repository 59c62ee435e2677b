"""A small real image generator: it speaks the two APIs as their makers document them, and can be as bad as any."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image
from python_multipart.multipart import parse_options_header

from pictures import encode, scene

STREAMED = {"/v1/images/generations": "image_generation", "/v1/images/edits": "image_edit"}


class Generator(ThreadingHTTPServer):
    """`behaviours` are used up one a request; afterwards it behaves well. `asked` holds what it was asked.

    `hang` never answers, `close` hangs up at once, `half` stops in the middle of its answer, `flood` never ends,
    `garbage` is no JSON, `empty` has no pictures, `cut` gives half a picture, `packed` is gzip, `partial` ends after
    its partial pictures, `elsewhere` and `redirect` name another address, `error` refuses in its own words.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviours: list[str] = []
        self.asked: list[Asked] = []
        self.pictures: dict[str, bytes] = {}
        self.elsewhere = "http://127.0.0.1:9/picture.png"
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up on us is what these tests are about."""


class Asked:
    """One request: its path and headers, its plain fields, and its pictures by field, in order."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path, self.headers, self.body = path, headers, body
        self.fields: dict[str, Any] = {}
        self.pictures: list[tuple[str, bytes]] = []
        if headers.get("content-type", "").startswith("multipart/"):
            self._read_form()
        elif body:
            self.fields = json.loads(body)

    def _read_form(self) -> None:
        boundary = parse_options_header(self.headers["content-type"])[1][b"boundary"]
        for part in self.body.split(b"--" + boundary)[1:-1]:
            head, _, data = part[2:-2].partition(b"\r\n\r\n")
            line = next(one for one in head.split(b"\r\n") if one.lower().startswith(b"content-disposition"))
            _, options = parse_options_header(line.partition(b":")[2])
            if b"filename" in options:
                self.pictures.append((options[b"name"].decode(), data))
            else:
                self.fields[options[b"name"].decode()] = data.decode()


@cache
def made_picture(number: int) -> bytes:
    """What it makes."""
    return encode(scene(7_000 + number, 400, 300), "PNG")


class _Handler(BaseHTTPRequestHandler):
    server: Generator
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, b""))
        if self.path in self.server.pictures:
            self._answer(self.server.pictures[self.path], "image/png")
        elif self.path == "/v1/models":
            self._json({"object": "list", "data": [{"id": "painter-1", "object": "model"}]})
        elif self.path.startswith("/sdapi/v1/progress"):
            self._json({"progress": 0.5, "current_image": base64.b64encode(made_picture(0)).decode()})
        else:
            self._json({"error": {"message": "not here"}}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        self.server.asked.append(asked)
        behaviour = self.server.behaviours.pop(0) if self.server.behaviours else "well"
        self.close_connection = True
        match behaviour:
            case "hang":
                self.server.over.wait(30)
            case "close":
                return
            case "half":
                self._head(200, "application/json", 5_000)
                self.wfile.write(b'{"created": 1, "data": [{"b64_json": "iVBO')
            case "flood":
                self._flood()
            case "garbage":
                self._answer(b"\x00<html>\xff", "application/json")
            case "packed":
                self._answer(b"\x1f\x8b\x08\x00", "application/json", encoding="gzip")
            case "redirect":
                self.send_response(307)
                self.send_header("location", self.server.elsewhere)
                self.send_header("content-length", "0")
                self.end_headers()
            case "error":
                told = {"error": {"message": "This size is not known.", "code": "invalid_size"}, "detail": "No."}
                self._json(told, 400)
            case _:
                self._make(asked, behaviour)

    def _make(self, asked: Asked, behaviour: str) -> None:
        count = int(asked.fields.get("n") or asked.fields.get("batch_size") or 1)
        made = [] if behaviour == "empty" else [made_picture(number) for number in range(count)]
        if behaviour == "cut":
            made = [one[: len(one) // 2] for one in made]
        if asked.path.startswith("/sdapi/"):
            info = json.dumps({"prompt": asked.fields.get("prompt"), "seed": 7})
            self._json({"images": [_text(one) for one in made], "parameters": asked.fields, "info": info})
        elif asked.fields.get("stream") in (True, "true"):
            self._stream(asked.path, made, behaviour)
        else:
            self._json({"created": 1_700_000_000, "data": [self._entry(one, asked, behaviour) for one in made]})

    def _entry(self, data: bytes, asked: Asked, behaviour: str) -> dict[str, str]:
        if asked.fields.get("response_format") != "url":
            return {"b64_json": _text(data), "revised_prompt": "a calm sea"}
        path = f"/files/{len(self.server.pictures)}.png"
        self.server.pictures[path] = data
        return {"url": self.server.elsewhere if behaviour == "elsewhere" else self.server.url + path}

    def _stream(self, path: str, made: list[bytes], behaviour: str) -> None:
        kind, about = STREAMED[path], {"created_at": 1, "size": "320x240", "quality": "low", "background": "auto"}
        events = [
            {"type": f"{kind}.partial_image", "partial_image_index": n, "b64_json": _text(_blurred(made[0]))}
            for n in range(2)
        ]
        if behaviour != "partial":
            usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3, "input_tokens_details": {}}
            events += [{"type": f"{kind}.completed", "b64_json": _text(one), "usage": usage} for one in made]
        self._head(200, "text/event-stream", None)
        for event in events:
            told = json.dumps(event | about | {"output_format": "png"})
            self.wfile.write(f"event: {event['type']}\ndata: {told}\n\n".encode())
            self.wfile.flush()

    def _flood(self) -> None:
        self._head(200, "application/json", None)
        while not self.server.over.is_set():
            self.wfile.write(b'{"data": "' + b"x" * 65_536)

    def _json(self, told: object, status: int = 200) -> None:
        self._answer(json.dumps(told).encode(), "application/json", status=status)

    def _answer(self, body: bytes, media_type: str, *, status: int = 200, encoding: str = "") -> None:
        self._head(status, media_type, len(body), encoding)
        self.wfile.write(body)

    def _head(self, status: int, media_type: str, length: int | None, encoding: str = "") -> None:
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("set-cookie", "generator=1")
        if encoding:
            self.send_header("content-encoding", encoding)
        if length is not None:
            self.send_header("content-length", str(length))
        self.send_header("connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the screen of the tests."""


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _blurred(data: bytes) -> bytes:
    stream = io.BytesIO()
    Image.open(io.BytesIO(data)).resize((40, 30)).save(stream, "PNG")
    return stream.getvalue()


@contextmanager
def generating() -> Iterator[Generator]:
    """A generator on a free port."""
    with Generator() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join(5)

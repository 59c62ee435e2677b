"""Fetching from listed origins: nothing from elsewhere, no redirects, bounded."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from rempart.errors import SettingsError
from rempart.server.bodies import BodyMemory
from rempart.server.fetching import Fetcher, read_origins
from rempart.server.problems import ProblemError


class Media(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/picture")
            self.end_headers()
        elif self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half")
        elif self.path.startswith("/picture"):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"bytes of a picture")
        elif self.path == "/large":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(bytes(5000))
        else:
            self.send_error(404)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def origin():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Media)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def fetching(origin, **limits):
    made = Fetcher(origins=read_origins([origin]), **({"most": 1000, "seconds": 2.0} | limits))
    with BodyMemory(2000).share() as share:
        yield lambda path: made.fetch(path if "://" in path else origin + path, share)


def test_bytes_are_fetched_from_a_listed_origin(origin):
    with fetching(origin) as fetch:
        assert fetch("/picture?size=full") == b"bytes of a picture"
    assert Media.asked[-1] == "/picture?size=full"


@pytest.mark.parametrize(
    ("path", "status"), [("/moved", 424), ("/missing", 424), ("/cut", 424), ("/slow", 424), ("/large", 413)]
)
def test_what_cannot_be_fetched_whole_is_told(origin, path, status):
    with fetching(origin, seconds=0.5) as fetch, pytest.raises(ProblemError) as caught:
        fetch(path)
    assert caught.value.status == status
    assert Media.asked[-1] == path, "no redirect was followed"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/picture", "https://example.org/", "ftp://127.0.0.1/", "file:///etc/passwd", "/picture",
        "http://127.0.0.1@evil.example/", "http://127.0.0.1 /", "http://127.0.0.1:99999/", "http://[::1/", "",
        "http://localhost/\r\nX: 1",
    ],
)  # fmt: skip
def test_nothing_is_fetched_from_elsewhere(origin, url):
    before = len(Media.asked)
    with fetching(origin) as fetch, pytest.raises(ProblemError) as caught:
        fetch(url) if "://" in url else fetch("x://" + url)
    assert caught.value.status == 422
    assert len(Media.asked) == before


def test_an_origin_that_does_not_answer_is_told(origin):
    with fetching("http://127.0.0.1:9") as fetch, pytest.raises(ProblemError) as caught:
        fetch("/picture")
    assert caught.value.status == 424


def test_a_port_that_is_left_out_is_the_usual_one():
    assert read_origins(["https://Media.example.org/"]) == {("https", "media.example.org", 443)}


@pytest.mark.parametrize(
    "text", ["example.org", "https://example.org/path", "https://u@example.org", "ftp://a", "https://"]
)
def test_a_setting_that_is_no_origin_is_refused(text):
    with pytest.raises(SettingsError):
        read_origins([text])

"""The operator's own checker: it lets pass or holds, and whatever goes wrong with it holds."""

import json
import os
import sys
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from pydantic import ValidationError

from rempart.server.outputcheck import ByAddress, ByCommand, checker_of
from rempart.settings import GateSettings


def program(text: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", text]


def test_a_program_that_ends_with_0_lets_pass_what_it_read_on_standard_input():
    text = "import sys; sys.exit(0 if sys.stdin.buffer.read() == b'picture' else 1)"
    checker = ByCommand(program(text), seconds=10)
    assert checker.passes(b"picture", "image/png") is True
    assert checker.passes(b"another", "image/png") is False


@pytest.mark.parametrize(
    "argv",
    [
        program("raise SystemExit(3)"), program("import os; os.kill(os.getpid(), 9)"), ["/no/such/program"],
        program("import time; time.sleep(60)"),
    ],
    ids=["another code", "killed", "missing", "too slow"],
)  # fmt: skip
def test_a_program_that_fails_holds(argv):
    assert ByCommand(argv, seconds=0.4).passes(b"picture", "image/png") is False


def test_a_program_sees_nothing_of_our_environment(monkeypatch):
    monkeypatch.setenv("REMPART_SERVICE_KEY", "secret")
    text = "import os, sys; sys.exit(1 if 'REMPART_SERVICE_KEY' in os.environ else 0)"
    assert os.environ["REMPART_SERVICE_KEY"]
    assert ByCommand(program(text), seconds=10).passes(b"", "image/png") is True


class Answers(BaseHTTPRequestHandler):
    """Answers with what the path says."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/drop":
            self._drop()
            return
        status, body = {
            "/allow": (200, json.dumps({"verdict": "allow"})),
            "/hold": (200, json.dumps({"verdict": "hold"})),
            "/list": (200, "[1]"),
            "/garbage": (200, "<html>"),
            "/long": (200, " " * 100_000 + '{"verdict":"allow"}'),
            "/nested": (200, "[" * 60_000),
            "/error": (500, json.dumps({"verdict": "allow"})),
            "/moved": (302, json.dumps({"verdict": "allow"})),
        }[self.path]
        self.send_response(status)
        self.send_header("location", "/allow")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def _drop(self):
        """Never long without a byte, and never done."""
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            for _ in range(60):
                self.wfile.write(b" ")
                time.sleep(0.05)
            self.wfile.write(b'{"verdict":"allow"}')

    def log_message(self, *arguments):
        """Nothing."""


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_that_says_allow_lets_pass(address):
    assert ByAddress(f"{address}/allow", seconds=5).passes(b"picture", "image/png") is True


@pytest.mark.parametrize("path", ["hold", "list", "garbage", "long", "nested", "error", "moved"])
def test_an_address_that_says_anything_else_holds(address, path):
    assert ByAddress(f"{address}/{path}", seconds=5).passes(b"picture", "image/png") is False


def test_an_address_that_answers_by_drops_holds_when_its_time_is_over(address):
    began = time.monotonic()
    assert ByAddress(f"{address}/drop", seconds=0.3).passes(b"picture", "image/png") is False
    assert time.monotonic() - began < 2


def test_an_address_where_nobody_answers_holds():
    assert ByAddress("http://127.0.0.1:9/", seconds=1).passes(b"picture", "image/png") is False


def test_none_is_there_unless_it_was_set_up():
    assert checker_of(GateSettings()) is None
    assert isinstance(checker_of(GateSettings(checker_command=("check",))), ByCommand)
    assert isinstance(checker_of(GateSettings(checker_url="http://127.0.0.1:9000/check")), ByAddress)


@pytest.mark.parametrize(
    "url", ["https://example.org/", "http://example.org/", "http://127.0.0.1.example.org/", "http://10.0.0.1/",
            "http://localhost:80/", "http://a@127.0.0.1/", "http://127.0.0.1:80@example.org/", "file:///etc/passwd"],
)  # fmt: skip
def test_a_checker_elsewhere_is_refused(url):
    with pytest.raises(ValidationError):
        GateSettings(checker_url=url)


def test_two_checkers_are_refused():
    with pytest.raises(ValidationError, match="one of them"):
        GateSettings(checker_url="http://127.0.0.1/", checker_command=("check",))

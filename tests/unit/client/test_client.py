"""The client against a small real server: typed answers, retries that are one check, and never allow by accident."""

import asyncio
import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rempart.client import AsyncClient, Client, Origin, Signals, Verdict
from rempart.errors import RefusedError, RequestRefusedError, ServerAnswerError, ServerUnreachableError

GOOD = {"item_id": "photo-1", "verdict": "allow", "outcome": "ok", "request_id": "check_1"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if answer == "close":
            self.close_connection = True
            return
        if answer == "hang":
            self.server.over.wait(5)
            self.close_connection = True
            return
        status, told = answer
        data = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", str(len(data)))
        self.end_headers()
        if status != 204:
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, *_):
        """Nothing."""


@contextmanager
def answering(*answers):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.answers, server.seen, server.over = list(answers), [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Both:
    """The sync and the async client behind one face, so that one test holds for both."""

    def __init__(self, kind):
        self.kind = kind

    def __call__(self, url, method, /, *arguments, attempts=3, timeout=0.5, **options):
        setup = {name: options.pop(name) for name in ("when_unreachable",) if name in options}
        if self.kind == "sync":
            with Client(url, "rk_key", attempts=attempts, timeout=timeout, **setup) as client:
                return getattr(client, method)(*arguments, **options)

        async def ask():
            async with AsyncClient(url, "rk_key", attempts=attempts, timeout=timeout, **setup) as client:
                return await getattr(client, method)(*arguments, **options)

        return asyncio.run(ask())


@pytest.fixture(params=["sync", "async"])
def call(request, monkeypatch):
    monkeypatch.setattr("rempart.client.calling.pause", lambda *_: 0.0)
    return Both(request.param)


def test_an_answer_tells_what_the_file_says_of_its_origin_and_none_of_an_earlier_server(call):
    told = {"declaration": "ai_made", "c2pa": {"present": True, "state": "valid"}, "generator": None}
    with answering((200, GOOD | {"origin": told}), (200, GOOD), (200, GOOD | {"origin": None})) as server:
        found = [call(server.url, "check", b"bytes", item_id="photo-1").origin for _ in range(3)]
    assert found == [Origin(declaration="ai_made", state="valid"), None, None]


def test_a_check_sends_the_bytes_and_all_that_is_known_and_gives_a_typed_answer(call):
    with answering((200, GOOD | {"verdict": "block", "case": "case_1", "matches": [
        {"list": "police", "entry": "e-1", "signal": "sha256", "distance": 0, "probe": "exact"},
    ]})) as server:  # fmt: skip
        answer = call(
            server.url, "check", b"bytes", item_id="photo-1", uploader="u 1", url="https://x.example/1",
            published=True, context={"place": "avatar"}, media_type="image/png",
        )  # fmt: skip
    assert (answer.verdict, answer.blocked, answer.allowed, answer.held) == (Verdict.BLOCK, True, False, False)
    assert (answer.outcome, answer.request_id, answer.case, answer.checked) == ("ok", "check_1", "case_1", True)
    assert answer.matches[0].facts["probe"] == "exact"
    ((method, path, headers, body),) = server.seen
    assert (method, body) == ("POST", b"bytes")
    assert path.startswith("/v1/check?item_id=photo-1&uploader=u")
    assert "published=true" in path
    assert "%22avatar%22" in path
    assert headers["Authorization"] == "Bearer rk_key"
    assert headers["Content-Type"] == "image/png"
    assert headers["Idempotency-Key"]


def test_a_check_by_signals(call):
    with answering((200, GOOD | {"outcome": "not_examined"})) as server:
        answer = call(server.url, "check_signals", Signals(pdq="0" * 64, pdq_quality=90), item_id="photo-1")
    assert answer.outcome == "not_examined"
    assert json.loads(server.seen[0][3]) == {"item_id": "photo-1", "signals": {"pdq": "0" * 64, "pdq_quality": 90}}
    with pytest.raises(RefusedError, match="no signal"):
        call("http://127.0.0.1:9", "check_signals", Signals(pdq_quality=3), item_id="x")


@pytest.mark.parametrize("first", ["close", (500, {}), (502, {}), (503, {}), (504, {}), (429, {})])
def test_a_retry_is_the_same_check(call, first):
    with answering(first, first, (200, GOOD)) as server:
        assert call(server.url, "check", b"bytes", item_id="photo-1").allowed
    assert len(server.seen) == 3
    assert len({headers["Idempotency-Key"] for _, _, headers, _ in server.seen}) == 1
    assert {body for *_, body in server.seen} == {b"bytes"}


def test_two_checks_have_two_keys_unless_one_is_given(call):
    with answering((200, GOOD)) as server:
        for _ in range(2):
            call(server.url, "check", b"bytes", item_id="photo-1")
        call(server.url, "check", b"bytes", item_id="photo-1", idempotency_key="mine")
    keys = [headers["Idempotency-Key"] for _, _, headers, _ in server.seen]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


UNREACHABLE = [
    "close",
    "hang",
    (500, {}),
    (503, {}),
    (200, b"<html>"),
    (200, {}),
    (200, []),
    (200, GOOD | {"item_id": "x"}),
]


@pytest.mark.parametrize("bad", UNREACHABLE, ids=str)
def test_whatever_goes_wrong_the_answer_is_hold(call, bad):
    with answering(bad) as server:
        answer = call(server.url, "check", b"bytes", item_id="photo-1", attempts=1, timeout=0.2)
    assert (answer.verdict, answer.checked, answer.allowed) == (Verdict.HOLD, False, False)
    assert answer.problem
    assert answer.item_id == "photo-1"


def test_a_server_that_is_not_there_is_held(call):
    answer = call("http://127.0.0.1:9", "check", b"bytes", item_id="photo-1")
    assert (answer.verdict, answer.outcome) == (Verdict.HOLD, "unreachable")


def test_a_verdict_of_a_later_version_is_held(call):
    with answering((200, GOOD | {"verdict": "defer"})) as server:
        assert call(server.url, "check", b"bytes", item_id="photo-1").verdict is Verdict.HOLD


@pytest.mark.parametrize(("when", "verdict"), [("block", "block"), ("hold", "hold"), ("allow_unchecked", "allow")])
def test_unchecked_uploads_get_through_only_in_as_many_words(call, when, verdict):
    answer = call("http://127.0.0.1:9", "check", b"x", item_id="photo-1", when_unreachable=when)
    assert (answer.verdict, answer.checked) == (verdict, False)


def test_an_unreachable_server_can_raise(call):
    with pytest.raises(ServerUnreachableError):
        call("http://127.0.0.1:9", "check", b"x", item_id="photo-1", when_unreachable="raise")


@pytest.mark.parametrize("when", ["allow", "ALLOW_UNCHECKED", "", None])
def test_other_words_are_refused(when):
    with pytest.raises(RefusedError):
        Client("http://127.0.0.1:9", "key", when_unreachable=when)


@pytest.mark.parametrize("options", [{"url": "localhost:8600"}, {"attempts": 0}, {"timeout": 0}])
def test_a_wrong_setup_is_refused_at_once(options):
    with pytest.raises(RefusedError):
        Client(**({"url": "http://127.0.0.1:9", "key": "key"} | options))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 415, 422])
def test_what_the_developer_has_to_mend_raises_with_what_to_do(call, status):
    told = {"type": "x", "title": "x", "status": status, "detail": "This key may not.", "hint": "Use another."}
    with answering((status, told)) as server, pytest.raises(RequestRefusedError) as caught:
        call(server.url, "check", b"x", item_id="photo-1")
    assert (caught.value.status, caught.value.hint) == (status, "Use another.")
    assert len(server.seen) == 1


def test_a_refusal_that_is_no_problem_document_is_told_by_its_status(call):
    with answering((403, b"<html>")) as server, pytest.raises(RequestRefusedError, match="403"):
        call(server.url, "check", b"x", item_id="photo-1")


def test_an_upload_that_is_too_large_for_the_server_is_held(call):
    with answering((413, {"detail": "too large", "hint": ""})) as server:
        answer = call(server.url, "check", b"x", item_id="photo-1")
    assert (answer.verdict, answer.outcome, answer.checked) == (Verdict.HOLD, "too_large", False)


def test_a_redirect_is_not_followed(call):
    with answering((302, {"detail": "moved"})) as server, pytest.raises(RequestRefusedError):
        call(server.url, "check", b"x", item_id="photo-1")
    assert len(server.seen) == 1


def test_items(call):
    told = {
        "item_id": "a/b c", "verdict": "hold", "request_id": "check_1", "checked": "2026-03-01T12:00:00.000Z",
        "decided": False, "content": False,
    }  # fmt: skip
    with answering((200, told), (204, b""), (404, {"detail": "no", "hint": ""})) as server:
        item = call(server.url, "item", "a/b c")
        call(server.url, "delete_item", "a/b c")
        call(server.url, "delete_item", "a/b c")
    assert (item.verdict, item.decided, item.checked.hour) == (Verdict.HOLD, False, 12)
    assert [path for _, path, _, _ in server.seen] == ["/v1/items/a%2Fb%20c"] * 3


def test_content_of_an_item(call):
    with answering((200, GOOD)) as server:
        assert call(server.url, "put_content", "photo-1", b"bytes", media_type="image/png").allowed
    assert server.seen[0][:2] == ("PUT", "/v1/items/photo-1/content")


DECISIONS = {
    "decisions": [
        {"seq": 3, "id": "decision_1", "item_id": None, "verdict": "block", "previous": "hold",
         "at": "2026-03-01T12:00:00.000Z", "reason": None, "case": None},
    ],
    "next": 3, "more": True,
}  # fmt: skip


def test_decisions(call):
    with answering((200, DECISIONS)) as server:
        page = call(server.url, "decisions", after=2, wait=0.1)
    assert (page.next, page.more, page.decisions[0].item_id) == (3, True, None)
    assert server.seen[0][1] == "/v1/decisions?after=2&limit=100&wait=0.1"


def test_the_feed_is_followed_from_number_to_number():
    empty = {"decisions": [], "next": 3, "more": False}
    with answering((200, DECISIONS), (200, empty), (200, DECISIONS | {"next": 9})) as server:
        with Client(server.url, "key") as client:
            pages = client.follow(after=2)
            assert [next(pages).next, next(pages).next] == [3, 9]
            pages.close()
    assert [path.partition("after=")[2].partition("&")[0] for _, path, _, _ in server.seen] == ["2", "3", "3"]


def test_a_feed_that_cannot_be_understood_raises(call):
    with answering((200, {"decisions": "x"})) as server, pytest.raises(ServerAnswerError):
        call(server.url, "decisions")


def test_the_client_needs_nothing_else_of_rempart():
    code = (
        "import sys, rempart.client\n"
        "print(sorted(name for name in sys.modules if name.startswith('rempart')))\n"
        "print([name for name in ('numpy', 'sqlalchemy', 'fastapi', 'PIL', 'cryptography') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours, others = done.stdout.splitlines()
    assert set(json.loads(ours.replace("'", '"'))) == {
        "rempart", "rempart.clock", "rempart.errors", "rempart.client", "rempart.client.answers",
        "rempart.client.calling", "rempart.client.requests", "rempart.client.stamping", "rempart.client.webhooks",
    }  # fmt: skip
    assert others == "[]"

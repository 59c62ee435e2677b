"""A real server is sent everything that is wrong: each refusal says what to do, and the ledger stays whole."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from faults import atrest
from pictures import jpeg
from rempart.clock import utc_now
from rempart.people.permissions import Scope
from rempart.store.engine import Store
from serving import ALL_SCOPES, Server, make_data, make_key, serving

BODY_BYTES = 300_000
IMAGE = {"Content-Type": "image/jpeg"}


class Site:
    def __init__(self, server: Server, keys: dict[str, str]) -> None:
        self.server, self.keys = server, keys

    def post(self, *, key: str = "all", path: str = "/v1/check", **asked) -> httpx.Response:
        with self.server.client(self.keys[key]) as client:
            return client.post(path, **asked)

    @contextmanager
    def connection(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as made:
            yield made

    def head(self, *more: str, item: str = "x") -> bytes:
        lines = [
            f"POST /v1/check?item_id={item} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {self.keys['all']}",
            "Content-Type: image/jpeg", *more, "", "",
        ]  # fmt: skip
        return "\r\n".join(lines).encode()

    def still_answers(self) -> None:
        assert self.post(params={"item_id": "fine"}, content=jpeg(1), headers=IMAGE).status_code == 200


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    more = (
        f"[server]\nbody_bytes = {BODY_BYTES}\nbody_seconds = 1.5\n"
        "[people]\nkey_per_minute = 100000\naddress_per_minute = 100000\n"
    )
    settings = make_data(tmp_path_factory.mktemp("bad") / "data", more=more)
    with Store.open(settings.database_url) as store:
        keys = {
            "all": make_key(store, *ALL_SCOPES),
            "check": make_key(store, Scope.CHECK),
            "signals": make_key(store, Scope.SIGNALS),
            "few": make_key(store, Scope.SIGNALS, signals_per_day=3),
            "expired": make_key(store, *ALL_SCOPES, at=utc_now() - timedelta(days=2), life=timedelta(days=1)),
            "unknown": "rk_" + "A" * 43,
        }
    with serving(settings) as server:
        yield Site(server, keys)
    assert not any("Traceback" in line for line in server.log), "".join(server.log[-60:])


@pytest.fixture(autouse=True)
def ledger_stays_whole(site: Site, tmp_path: Path) -> Iterator[None]:
    """Every test ends with a ledger that verifies and agrees with the rows."""
    yield
    settings = site.server.settings
    with Store.open(settings.database_url) as store:
        atrest.rows_have_their_leaves(store)
        atrest.ledger_verifies(settings, store, (), tmp_path)


def read_answer(connection: socket.socket) -> tuple[int, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            break
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def problem(answer: httpx.Response, status: int) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert {"type", "title", "status", "detail", "hint"} <= set(told)
    assert told["status"] == status
    assert told["hint"], "it says what to do"
    assert "verdict" not in told
    return told


@pytest.mark.parametrize("key", ["unknown", "expired"])
def test_a_key_that_is_unknown_or_expired_is_refused(site: Site, key):
    told = problem(site.post(key=key, json={}), 401)
    assert "key" in told["hint"]
    with httpx.Client(base_url=site.server.url) as client:
        problem(client.post("/v1/check", json={}), 401)


def test_a_key_without_the_scope_is_refused_and_told_which(site: Site):
    by_signals = {"json": {"item_id": "a", "signals": {"md5": "0" * 32}}}
    assert "`signals`" in problem(site.post(key="check", **by_signals), 403)["hint"]
    photo = site.post(key="signals", params={"item_id": "a"}, content=jpeg(1), headers=IMAGE)
    assert "`check`" in problem(photo, 403)["hint"]


def test_a_quota_of_signals_ends(site: Site):
    def ask(count: int) -> httpx.Response:
        checks = [{"item_id": f"q{n}", "signals": {"md5": f"{n:032x}"}} for n in range(count)]
        return site.post(key="few", path="/v1/check/batch", json={"checks": checks})

    assert ask(3).status_code == 200
    answer = ask(1)
    problem(answer, 429)
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/xml"}])
def test_a_content_type_that_is_no_upload_is_refused(site: Site, headers):
    problem(site.post(params={"item_id": "a"}, content=b"x", headers=headers), 415)


@pytest.mark.parametrize(
    ("signals", "where"),
    [
        ({"pdq": "zz" * 32}, "signals.pdq"),
        ({"sha256": "ab"}, "signals.sha256"),
        ({"md5": "0" * 33}, "signals.md5"),
        ({"pdq": 5}, "signals.pdq"),
        ({"pdq": "0" * 64, "pdq_quality": 101}, "signals.pdq_quality"),
        ({"pdq_quality": 50, "md5": "0" * 32}, "signals.pdq_quality"),
        ({}, "signals"),
        ({"photodna": "00"}, "signals"),
    ],
)
def test_signals_that_are_wrong_are_named_and_not_repeated(site: Site, signals, where):
    told = problem(site.post(json={"item_id": "a", "signals": signals}), 422)
    assert told["detail"].startswith(where)
    assert "zz" not in json.dumps(told)


@pytest.mark.parametrize("item_id", ["", "x" * 513, "x" * 10_000, "a\x00b", "line\nend"])
def test_an_item_id_that_is_too_long_or_unprintable_is_refused(site: Site, item_id):
    told = problem(site.post(json={"item_id": item_id, "signals": {"md5": "0" * 32}}), 422)
    assert "item_id" in told["detail"]
    problem(site.post(params={"item_id": item_id}, content=jpeg(1), headers=IMAGE), 422)
    assert len(json.dumps(told)) < 1000, "it is not sent back"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"item_id": 3, "signals": {}}',
        b'{"signals": {"md5": "00"}}',
        b'{"item_id": NaN}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
def test_json_that_is_none_or_another_form_is_refused(site: Site, body):
    answer = site.post(content=body, headers={"Content-Type": "application/json"})
    problem(answer, answer.status_code)
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "more",
    [
        {"unknown": 1},
        {"verdict": "allow"},
        {"context": {"a": [1]}},
        {"context": {"a": 2**70}},
        {"published": "yes"},
        {"url": "x" * 3000},
    ],
)
def test_facts_of_another_form_are_refused(site: Site, more):
    problem(site.post(json={"item_id": "a", "signals": {"md5": "0" * 32}} | more), 422)


def test_nothing_is_fetched_from_where_the_operator_did_not_say(site: Site):
    asked = {"item_id": "f", "url": f"{site.server.url}/healthz", "fetch": True}
    assert "fetch_origins" in problem(site.post(json=asked), 422)["hint"]
    problem(site.post(json=asked | {"signals": {"md5": "0" * 32}}), 422)
    problem(site.post(key="signals", json=asked), 403)
    problem(site.post(path="/v1/check/batch", json={"checks": []}), 422)


def test_facts_that_are_missing_or_twice_are_refused(site: Site):
    problem(site.post(content=jpeg(1), headers=IMAGE), 422)
    problem(site.post(params={"item_id": ["a", "b"]}, content=jpeg(1), headers=IMAGE), 422)
    problem(site.post(params={"item_id": "a"}, content=jpeg(1), headers=IMAGE | {"Rempart-Item-Id": "b"}), 422)
    problem(site.post(params={"item_id": "a", "published": "1"}, content=jpeg(1), headers=IMAGE), 422)
    problem(site.post(params={"item_id": "a", "context": "{"}, content=jpeg(1), headers=IMAGE), 422)
    problem(site.post(params={"item_id": "a"}, content=b"", headers=IMAGE), 422)


def test_facts_may_stand_in_headers_percent_encoded(site: Site):
    headers = IMAGE | {"Rempart-Item-Id": "caf%C3%A9", "Rempart-Published": "true", "Rempart-Context": '{"a":1}'}
    answer = site.post(content=jpeg(1), headers=headers)
    assert answer.json()["item_id"] == "café"


def test_a_form_that_is_wrong_is_refused(site: Site):
    problem(site.post(data={"item_id": "a"}, files={"other": b"x"}), 422)
    problem(site.post(data={"item_id": "a", "surprise": "1"}, files={"file": b"x"}), 422)
    problem(site.post(files=[("file", b"a"), ("file", b"b")]), 400)
    problem(site.post(files={"file": b"a"}), 422)
    cut = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc'
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data"):
        problem(site.post(content=cut, headers={"Content-Type": kind}), 400)


def test_a_form_is_a_check(site: Site):
    answer = site.post(data={"item_id": "form", "published": "false"}, files={"file": jpeg(4)})
    assert (answer.json()["item_id"], answer.json()["outcome"]) == ("form", "ok")


def test_a_key_that_was_used_with_another_body_is_refused(site: Site):
    headers = {"Idempotency-Key": "one-of-a-kind"}
    body = {"item_id": "i", "signals": {"md5": "1" * 32}}
    first = site.post(json=body, headers=headers)
    assert site.post(json=body, headers=headers).json() == first.json()
    told = problem(site.post(json=body | {"uploader": "u"}, headers=headers), 422)
    assert "key" in told["hint"]
    problem(site.post(json=body, headers={"Idempotency-Key": ""}), 422)
    problem(site.post(json=body, headers={"Idempotency-Key": "k" * 256}), 422)


def test_a_batch_answers_each_check_or_says_what_is_wrong_with_it(site: Site):
    good = {"item_id": "good", "signals": {"md5": "0" * 32}}
    wrong = [
        good | {"item_id": "x" * 10_000}, good | {"item_id": ""}, good | {"item_id": 7}, good | {"verdict": "allow"},
        good | {"signals": {"md5": "xy"}}, good | {"signals": {}}, good | {"signals": {"crc32": "00000000"}},
        {"signals": good["signals"]}, 7, [],
    ]  # fmt: skip
    answer = site.post(path="/v1/check/batch", json={"checks": [good, *wrong, good]})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one.get("verdict") for one in results] == ["allow", *[None] * len(wrong), "allow"]
    assert {one["problem"]["status"] for one in results[1:-1]} == {422}
    assert all(one["problem"]["hint"] for one in results[1:-1])


@pytest.mark.parametrize("checks", [[], [{}] * 1001, "all"])
def test_a_batch_of_none_or_too_many_is_refused(site: Site, checks):
    problem(site.post(path="/v1/check/batch", json={"checks": checks}), 422)


def test_a_body_that_is_told_to_be_too_long_is_refused_before_it_comes(site: Site):
    with site.connection() as connection:
        connection.sendall(site.head(f"Content-Length: {BODY_BYTES + 1}"))
        status, body = read_answer(connection)
    assert status == 413
    assert b"body_bytes" in body


def test_a_body_that_never_ends_is_cut_off_and_told_why(site: Site):
    with site.connection() as connection:
        connection.sendall(site.head("Transfer-Encoding: chunked"))
        piece = b"10000\r\n" + bytes(65536) + b"\r\n"
        for _ in range(BODY_BYTES // 65536 + 2):
            connection.sendall(piece)
        assert read_answer(connection)[0] == 413
    site.still_answers()


def test_a_body_that_stops_half_way_is_given_up_after_its_time(site: Site):
    with site.connection() as connection:
        connection.sendall(site.head("Content-Length: 5000") + b"half")
        assert read_answer(connection)[0] == 408


def test_clients_that_go_away_half_way_cost_nothing(site: Site):
    for n in range(50):
        with site.connection() as connection:
            connection.sendall(site.head("Content-Length: 5000", item=f"gone-{n}") + b"half")
            if n % 10 == 0:  # it has ended its sending, and waits
                connection.shutdown(socket.SHUT_WR)
                assert not connection.recv(4096).startswith(b"HTTP/1.1 200")
    site.still_answers()
    with site.server.client(site.keys["all"]) as client:
        problem(client.get("/v1/items/gone-1"), 404)


def test_what_is_no_http_is_refused(site: Site):
    with site.connection() as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00" * 10)
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
    site.still_answers()


def test_a_head_that_never_ends_is_cut_off(site: Site):
    with site.connection() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        sent = 0
        with suppress(OSError):
            while sent < 10 << 20:
                sent += connection.send(b"X-Long: " + b"y" * 4000 + b"\r\n")
                time.sleep(0.002)
    assert sent < 5 << 20, "it was cut off long before"
    site.still_answers()


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/items", "/v2/check"])
def test_paths_that_are_not_there_are_problems_too(site: Site, path):
    with site.server.client(site.keys["all"]) as client:
        problem(client.get(path), 404)
        problem(client.put("/v1/check"), 405)


def test_the_content_of_an_item_must_be_its_own(site: Site):
    with site.server.client(site.keys["all"]) as client:
        client.post("/v1/check", json={"item_id": "c/1", "signals": {"md5": "2" * 32}})
        problem(client.put("/v1/items/c%2F1/content", content=jpeg(1), headers=IMAGE), 422)
        problem(client.put("/v1/items/none/content", content=jpeg(1), headers=IMAGE), 404)
        problem(client.put("/v1/items/c%2F1/content", content=b"", headers=IMAGE), 422)
        problem(client.put("/v1/items/c%2F1/content", json={}), 415)
        assert client.get("/v1/items/c%2F1").json()["content"] is False


def test_an_entry_that_is_withdrawn_already_is_told_so(site: Site):
    entry = {"ref": "once", "signals": [{"type": "md5", "value": "5" * 32}]}
    with site.server.client(site.keys["all"]) as client:
        path = f"/v1/lists/{client.post('/v1/lists', json={'name': 'trial'}).json()['id']}/entries"
        assert client.post(path, json={"entries": [entry]}).status_code == 201
        assert client.delete(f"{path}/once", params={"reason": "wrong"}).status_code == 204
        problem(client.delete(f"{path}/once", params={"reason": "wrong"}), 409)
        problem(client.delete(f"{path}/never", params={"reason": "wrong"}), 404)


def test_items_of_another_service_are_not_there(site: Site):
    with Store.open(site.server.settings.database_url) as store:
        other = make_key(store, *ALL_SCOPES, service="other")
    site.post(json={"item_id": "mine", "signals": {"md5": "3" * 32}})
    with site.server.client(other) as client:
        problem(client.get("/v1/items/mine"), 404)
        problem(client.delete("/v1/items/mine"), 404)
    with site.server.client(site.keys["all"]) as client:
        assert client.delete("/v1/items/mine").status_code == 204
        problem(client.get("/v1/items/mine"), 404)


def test_no_answer_of_the_log_holds_an_item_or_a_signal(site: Site):
    site.post(json={"item_id": "loud-item", "signals": {"sha256": "e" * 64}})
    log = "".join(site.server.log)
    assert "loud-item" not in log
    assert "e" * 64 not in log


def test_a_port_that_is_taken_is_told_at_start(site: Site, tmp_path: Path):
    settings = make_data(tmp_path / "data")
    with pytest.raises(AssertionError, match="Address already in use"):
        Server(settings, "--port", str(site.server.port))

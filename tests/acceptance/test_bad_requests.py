"""Whatever is wrong with a request: the answer says what to do, nothing is allowed, and the ledger stays whole."""

import json
import secrets
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from faults import atrest
from faults.stand import TRIED, Group, Stand
from rempart.clock import utc_now
from rempart.people import keys
from rempart.people.permissions import Scope
from rempart.people.principal import CONSOLE
from serving import Server, make_key

KNOWN = {"sha256": "ab" * 32}
BODY_BYTES = 1 << 16


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    return Stand(tmp_path_factory.mktemp("bad") / "service")


@pytest.fixture(scope="module")
def server(stand: Stand) -> Iterator[Group]:
    started = stand.start(environ={"REMPART_SERVER__BODY_BYTES": str(BODY_BYTES), "REMPART_SERVER__BODY_SECONDS": "2"})
    yield started
    started.kill()
    assert not any("Traceback" in line for line in started.log), "".join(started.log[-60:])


@pytest.fixture(autouse=True)
def ledger_stays_whole(stand: Stand, server: Group, tmp_path: Path) -> Iterator[None]:
    """Every test ends with a ledger that verifies and agrees with the rows."""
    yield
    with stand.store() as store:
        atrest.rows_have_their_leaves(store)
        atrest.ledger_verifies(stand.settings, store, (), tmp_path)


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem that an answer is; it says what to do and gives no verdict."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["detail"]
    assert told["hint"]
    assert "verdict" not in told
    return told


def ask(server: Group, key: str, **question: Any) -> httpx.Response:
    with server.client(key) as client:
        return client.post("/v1/check", **question)


def test_wrong_key_is_told_where_keys_come_from(server: Group) -> None:
    for key in ("rk_" + "0" * 43, "nonsense", "rk_"):
        told = refused(ask(server, key, json={"item_id": "a", "signals": KNOWN}), 401)
        assert "administrator" in told["hint"]


def test_expired_key_is_refused(stand: Stand, server: Group) -> None:
    day = timedelta(days=1)
    with stand.store() as store, store.write() as conn:
        made = keys.create(
            conn, label="old", service="forum", scopes=[Scope.SIGNALS], by=CONSOLE, random=secrets.token_bytes,
            at=utc_now() - day + timedelta(seconds=3), life=day,
        )  # fmt: skip
    key = made.secret
    question = {"item_id": "expiring", "signals": KNOWN}
    assert ask(server, key, json=question).status_code == 200
    deadline = utc_now() + timedelta(seconds=20)
    while ask(server, key, json=question).status_code == 200:
        assert utc_now() < deadline, "an expired key goes on working"
    refused(ask(server, key, json=question), 401)


def test_missing_scope_is_named(stand: Stand, server: Group) -> None:
    with stand.store() as store:
        key = make_key(store, Scope.CHECK)
    told = refused(ask(server, key, json={"item_id": "a", "signals": KNOWN}), 403)
    assert "signals" in told["hint"]


def test_idempotency_key_with_another_body_is_refused(stand: Stand, server: Group) -> None:
    headers = {"Idempotency-Key": "one-and-the-same"}
    first = ask(server, stand.key, json={"item_id": "same", "signals": KNOWN}, headers=headers)
    again = ask(server, stand.key, json={"item_id": "same", "signals": KNOWN}, headers=headers)
    assert first.json() == again.json()
    refused(ask(server, stand.key, json={"item_id": "other", "signals": KNOWN}, headers=headers), 422)
    refused(
        ask(server, stand.key, json={"item_id": "a", "signals": KNOWN}, headers={"Idempotency-Key": "k" * 999}), 422
    )


@pytest.mark.parametrize(
    "question",
    [
        {"item_id": "x" * 10_000, "signals": KNOWN},
        {"item_id": "", "signals": KNOWN},
        {"item_id": "a\0b", "signals": KNOWN},
        {"item_id": "a", "signals": {"sha256": "g" * 64}},
        {"item_id": "a", "signals": {"md5": "ab"}},
        {"item_id": "a", "signals": {}},
        {"item_id": "a", "signals": {"crc32": "00000000"}},
        {"item_id": "a", "signals": {"pdq": "0" * 64, "pdq_quality": 101}},
        {"item_id": "a", "signals": KNOWN, "verdict": "allow"},
        {"item_id": "a", "signals": KNOWN, "context": {"deep": {"er": 1}}},
        {"signals": KNOWN},
        {"item_id": 7, "signals": KNOWN},
        [],
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_question_that_is_wrong_is_refused_by_the_field(question: Any, stand: Stand, server: Group) -> None:
    refused(ask(server, stand.key, json=question), 422)
    batch = {"checks": [{"item_id": "good", "signals": KNOWN}, question]}
    with server.client(stand.key) as client:
        answer = client.post("/v1/check/batch", json=batch)
    assert answer.status_code == 200
    good, bad = answer.json()["results"]
    assert good["verdict"] == "allow"
    assert bad["problem"]["status"] == 422
    assert bad["problem"]["hint"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"item_id": NaN}', b"[" * 5_000], ids=repr)
def test_body_that_is_no_json_is_refused(body: bytes, stand: Stand, server: Group) -> None:
    answer = ask(server, stand.key, content=body, headers={"Content-Type": "application/json"})
    refused(answer, answer.status_code if answer.status_code in (400, 422) else 400)


def test_other_kinds_of_body_are_named(stand: Stand, server: Group) -> None:
    for kind in ("text/html", "application/xml", ""):
        headers = {"Content-Type": kind} if kind else {}
        refused(ask(server, stand.key, content=b"x", params={"item_id": "a"}, headers=headers), 415)


def test_body_that_is_too_long_or_empty_is_refused(stand: Stand, server: Group) -> None:
    headers = {"Content-Type": "image/jpeg"}
    with server.client(stand.key) as client:
        long = client.post("/v1/check", params={"item_id": "a"}, content=b"x" * (BODY_BYTES + 1), headers=headers)
        refused(long, 413)
        refused(client.post("/v1/check", params={"item_id": "a"}, content=b"", headers=headers), 422)
        refused(client.post("/v1/check", content=b"x", headers=headers), 422)


def test_body_that_ends_before_its_length_is_no_check(stand: Stand, server: Group) -> None:
    head = (
        f"POST /v1/check?item_id=half HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {stand.key}\r\n"
        "content-type: image/jpeg\r\ncontent-length: 1000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + b"x" * 10)
        connection.shutdown(socket.SHUT_WR)
        assert not connection.recv(4096).startswith(b"HTTP/1.1 200")
    with server.client(stand.key) as client:
        refused(client.get("/v1/items/half"), 404)


def test_entry_that_is_withdrawn_already_is_told_so(stand: Stand, server: Group) -> None:
    with server.client(stand.key) as client:
        lists = client.get("/v1/lists").json()["lists"]
        trial = next(one["id"] for one in lists if one["name"] == TRIED)
        entry = {"ref": "once", "signals": [{"type": "md5", "value": "5" * 32}]}
        assert client.post(f"/v1/lists/{trial}/entries", json={"entries": [entry]}).status_code == 201
        path = f"/v1/lists/{trial}/entries/once"
        assert client.delete(path, params={"reason": "wrong"}).status_code == 204
        refused(client.delete(path, params={"reason": "wrong"}), 409)
        refused(client.delete(f"/v1/lists/{trial}/entries/never", params={"reason": "wrong"}), 404)


def test_item_that_is_gone_is_told_so(stand: Stand, server: Group) -> None:
    with server.client(stand.key) as client:
        for call in (client.get, client.delete):
            refused(call("/v1/items/nobody-sent-this"), 404)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ("[server]\nprot = 1\n", "prot"),
        ("[serve]\nport = 1\n", "serve"),
        ("[check]\nradius = 'far'\n", "radius"),
        ("no toml", "rempart.toml"),
    ],
)
def test_unknown_setting_is_an_error_at_start(settings: str, named: str, tmp_path: Path) -> None:
    stand = Stand(tmp_path / "service")
    (stand.data / "rempart.toml").write_text(settings)
    with pytest.raises(AssertionError, match=named):
        Server(stand.settings)

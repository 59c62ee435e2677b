"""Whoever is slow, or asks for what is slow, takes nothing from others: a real server with one such client."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from rempart.people.permissions import Scope
from rempart.store.engine import Store
from serving import Server, make_data, make_key, serving

MANY = 48
"""More than the threads that requests share."""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[tuple[Server, str, str]]:
    settings = make_data(tmp_path_factory.mktemp("slow") / "data")
    with Store.open(settings.database_url) as store:
        lists, other = make_key(store, Scope.LISTS), make_key(store, Scope.DECISIONS, service="blog")
    with serving(settings) as server:
        yield server, lists, other


@contextmanager
def slow_posts(server: Server, head: str) -> Iterator[list[socket.socket]]:
    """Many connections that begin a body and do not go on."""
    with ExitStack() as stack:
        made = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 10)) for _ in range(MANY)]
        for one in made:
            one.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n".encode())
        yield made


def test_imports_that_stand_still_stop_nobody_else(site: tuple[Server, str, str]):
    server, lists, other = site
    with server.client(lists) as client:
        made = client.post("/v1/lists", json={"name": "slow"}).json()["id"]
    head = (
        f"POST /v1/lists/{made}/entries:import?format=jsonl HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {lists}\r\nContent-Type: application/x-ndjson\r\n"
    )
    with slow_posts(server, head) as begun:
        answered: dict[socket.socket, bytes] = {}
        until = time.monotonic() + 60
        while len(answered) < MANY - 4 and time.monotonic() < until:
            for one in select.select([one for one in begun if one not in answered], [], [], 1)[0]:
                answered[one] = one.recv(4096).split(b"\r\n")[0]
        assert list(answered.values()) == [b"HTTP/1.1 503 Service Unavailable"] * (MANY - 4)
        with server.client(other) as client:
            assert client.get("/v1/decisions", timeout=30).status_code == 200


def test_strangers_learn_which_part_is_away_and_the_log_says_why(site: tuple[Server, str, str]):
    server, _, _ = site
    blobs = server.settings.data / "blobs"
    blobs.rename(blobs.with_name("gone"))
    try:
        answer = httpx.get(f"{server.url}/readyz", timeout=30)
        assert answer.status_code == 503
        assert "blobs" in answer.json()["detail"]
        assert {one["what"] for one in answer.json()["errors"]} == {"It cannot be used now."}
        assert any("not ready: blobs: The blob folder" in line for line in server.log)
    finally:
        blobs.with_name("gone").rename(blobs)
    assert httpx.get(f"{server.url}/readyz", timeout=30).status_code == 200


def test_forms_that_cannot_be_read_leave_nothing_in_the_log(site: tuple[Server, str, str]):
    server, _, _ = site
    before = len(server.log)
    for _ in range(5):
        answer = httpx.post(
            f"{server.url}/sign-in", content=b"--cut\xff", headers={"content-type": "multipart/form-data; boundary=cut"}
        )
        assert answer.status_code == 422
    assert server.log[before:] == []

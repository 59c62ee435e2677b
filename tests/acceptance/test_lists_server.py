"""Lists through real servers: what enters in one is found by another, and a killed server's work is finished."""

import threading
from contextlib import suppress

import httpx
import pytest

from curating import ndjson
from faults import atrest
from listfiles import draw
from receivers import wait_until
from rempart.people.permissions import Scope
from rempart.store.engine import Store
from serving import Server, make_data, make_key, serving


@pytest.fixture
def settings(tmp_path):
    return make_data(tmp_path / "data")


@pytest.fixture
def key(settings):
    with Store.open(settings.database_url) as store:
        return make_key(store, Scope.LISTS, Scope.SIGNALS, Scope.ANALYST)


def new_list(client):
    answer = client.post("/v1/lists", json={"name": "trial"})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def matches(client, number, seed=1):
    asked = {"item_id": f"i{number}", "signals": {"pdq": str(draw(seed).pdq()), "pdq_quality": 90}}
    answer = client.post("/v1/check", json=asked)
    assert answer.status_code == 200, answer.text
    return [one["entry"] for one in answer.json()["matches"]]


def test_what_enters_here_is_found_there(settings, key):
    with serving(settings) as one, serving(settings) as other:
        with one.client(key) as here, other.client(key) as there:
            made = new_list(here)
            assert matches(there, 0) == []
            answer = here.post(f"/v1/lists/{made}/entries:import", content=ndjson(50))
            assert (answer.status_code, answer.json()["outcomes"]["add"]) == (201, 50)
            assert matches(here, 1) == ["e0"]
            wait_until(lambda: matches(there, 2) == ["e0"])  # on a quiet machine within a second
            assert here.delete(f"/v1/lists/{made}/entries/e0").status_code == 204
            assert matches(there, 3) == []


def _entries(store):
    with store.read() as conn:
        return conn.exec_driver_sql("SELECT count(*) FROM list_entries WHERE withdrawn IS NULL").scalar_one()


def test_a_server_killed_while_entries_enter_is_followed_by_one_that_finishes(settings, key):
    """The import's client hears nothing, or hears that all is in; after the restart everything agreed to is in."""
    server = Server(settings)
    with server.client(key) as client:
        made = new_list(client)

    def feed():
        with server.client(key) as client, suppress(httpx.TransportError):
            client.post(f"/v1/lists/{made}/entries:import", content=ndjson(30_000))

    thread = threading.Thread(target=feed)
    thread.start()
    with Store.open(settings.database_url) as store:
        wait_until(lambda: _entries(store) > 0, 60)
    server.kill()
    thread.join(20)
    with Store.open(settings.database_url) as store:
        assert 0 < _entries(store) <= 30_000
    with Store.open(settings.database_url) as store:
        atrest.hasten(store)  # whoever comes next would look after it some twenty seconds later
    with serving(settings) as again, again.client(key) as client:
        wait_until(lambda: client.get(f"/v1/lists/{made}").json()["entries"] == 30_000, 90)
        shown = client.get(f"/v1/lists/{made}/changes").json()["changes"]
        assert [(one["state"], one["outcomes"]["add"]) for one in shown] == [("applied", 30_000)]
        assert client.get(f"/v1/lists/{made}").json()["entries"] == 30_000
        assert matches(client, 9) == ["e0"]

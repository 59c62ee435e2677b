"""The routes of lists over a real server: keys and sessions, both databases, a second process's view."""

import json
import threading
from datetime import timedelta
from os import urandom
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from httpx import Client

from curating import curation, ndjson
from inprocess import served
from listfiles import draw
from rempart.clock import utc_now
from rempart.lists import breaker
from rempart.lists.live import LiveLists
from rempart.lists.lookup import Asked
from rempart.people import keys, persons, sessions
from rempart.people.permissions import Role, Scope
from rempart.people.principal import CONSOLE, SYSTEM
from rempart.people.records.sessions import sessions as session_table
from rempart.people.sessions import Limits
from rempart.server import problems
from rempart.server.access import Access, assert_all_routes_declare
from rempart.server.access_keys import KeyCache
from rempart.server.access_limits import Buckets, Quotas
from rempart.server.api.lists import router

PEOPLE = {"anna": [Role.CURATOR], "bert": [Role.CURATOR], "lea": [Role.LEAD], "rita": [Role.REVIEWER],
          "adam": [Role.ADMINISTRATOR], "olga": [Role.AUDITOR]}  # fmt: skip


@pytest.fixture
def lists(store, tmp_path):
    opened = LiveLists(store, tmp_path / "index", utc_now)
    opened.open()
    return opened


@pytest.fixture
def address(store, lists):
    access = Access(
        store=store, clock=utc_now, random=urandom, limits=Limits(), keys=KeyCache(store, clock=utc_now),
        buckets=Buckets(), quotas=Quotas(store, clock=utc_now), trusted=(), secure=False,
    )  # fmt: skip
    curated = curation(store, clock=utc_now, entered=lists.catch_up)
    service = SimpleNamespace(store=store, clock=utc_now, curation=curated)
    access.keys.start()
    app = FastAPI(openapi_url=None)
    app.state.service, app.state.access = service, access
    problems.install(app)
    app.include_router(router)
    assert_all_routes_declare(app)
    with served(app) as where:
        yield where
    access.keys.stop()


@pytest.fixture
def as_(store, address):
    """A client for each person, by name, and for a key of the scope lists as `key`."""
    clients = {}
    with store.write() as conn:
        for name, roles in PEOPLE.items():
            made = persons.add(conn, name=name, roles=roles, by=SYSTEM, at=utc_now(), random=urandom)
            started = sessions.start(conn, made, method="password", at=utc_now(), limits=Limits(), random=urandom)
            clients[name] = Client(base_url=address, cookies={"rempart": started.token}, timeout=60)
        secret = keys.create(
            conn, label="t", service="forum", scopes=[Scope.LISTS], by=CONSOLE, at=utc_now(), random=urandom
        ).secret
    clients["key"] = Client(base_url=address, headers={"authorization": f"Bearer {secret}"}, timeout=60)
    yield SimpleNamespace(**clients)
    for client in clients.values():
        client.close()


def new_list(client, name="police", **more):
    answer = client.post("/v1/lists", json={"name": name} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def one(seed=1, **more):
    return {"signals": [{"type": "pdq", "value": str(draw(seed).pdq())}]} | more


def refused(answer, status):
    """The problem of an answer, which says what to do."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hint"]
    return answer.json()


def found(lists, seed=1):
    return [one.ref for one in lists.lookup([Asked(draw(seed).pdq(), "canonical")], radius=0).matches]


def test_an_entry_is_matchable_at_the_next_call(as_, lists):
    made = new_list(as_.key)
    answer = as_.key.post(f"/v1/lists/{made}/entries", json={"entries": [one(ref="a/b c")]})
    assert (answer.status_code, answer.json()["outcomes"]["add"]) == (201, 1)
    assert found(lists) == ["a/b c"]
    assert as_.key.delete(f"/v1/lists/{made}/entries/a/b c").status_code == 204
    assert found(lists) == []
    refused(as_.key.delete(f"/v1/lists/{made}/entries/a/b c"), 409)
    refused(as_.key.delete(f"/v1/lists/{made}/entries/none"), 404)
    refused(as_.key.delete(f"/v1/lists/{made}/entries/{'x' * 10_000}"), 404)
    refused(as_.key.delete(f"/v1/lists/{made}/entries/a%00b"), 404)


def test_a_second_person_decides_on_what_enters_a_blocking_list(as_, lists):
    made = new_list(as_.anna, mode="blocking")
    answer = as_.anna.post(f"/v1/lists/{made}/entries", json={"entries": [one(ref="a")]})
    assert answer.status_code == 202
    staged = answer.json()["id"]
    assert found(lists) == []
    shown = as_.lea.get(f"/v1/changes/{staged}").json()
    assert [row["ref"] for row in shown["rows"]] == ["a"]
    assert shown["rows"][0]["signals"] is None
    assert as_.bert.get(f"/v1/changes/{staged}").json()["rows"][0]["signals"][0]["value"] == str(draw(1).pdq())
    assert as_.olga.get(f"/v1/changes/{staged}").json()["rows"] == []
    decision = f"/v1/changes/{staged}/decision"
    refused(as_.anna.post(decision, json={"approve": True}), 422)
    refused(as_.key.post(decision, json={"approve": True}), 403)
    refused(as_.rita.post(decision, json={"approve": True}), 403)
    refused(as_.bert.post(decision, json={"approve": "yes"}), 422)
    done = as_.lea.post(decision, json={"approve": True, "reason": "seen\u0000"})
    assert (done.status_code, done.json()["state"]) == (200, "applied")
    assert found(lists) == ["a"]
    refused(as_.bert.post(decision, json={"approve": True}), 409)
    refused(as_.bert.post("/v1/changes/chg_none/decision", json={"approve": True}), 404)


def test_signals_are_shown_to_curators_only(as_):
    made = new_list(as_.anna)
    as_.anna.post(f"/v1/lists/{made}/entries", json={"entries": [one(ref="a")]})
    page = as_.bert.get(f"/v1/lists/{made}/entries").json()
    assert page["entries"][0]["signals"] == [{"type": "pdq", "value": str(draw(1).pdq())}]
    for client in (as_.lea, as_.rita, as_.adam, as_.olga, as_.key):
        refused(client.get(f"/v1/lists/{made}/entries"), 403)


def test_pages_follow_each_other(as_):
    ids = [new_list(as_.anna, name=f"l{n}") for n in range(5)]
    seen, after = [], None
    while True:
        page = as_.anna.get("/v1/lists", params={"limit": 2} | ({"after": after} if after else {})).json()
        seen += [one["id"] for one in page["lists"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ids
    made = ids[0]
    as_.anna.post(f"/v1/lists/{made}/entries", json={"entries": [one(n, ref=f"e{n}") for n in range(7)]})
    seen, after = [], 0
    while after is not None:
        page = as_.anna.get(f"/v1/lists/{made}/entries", params={"limit": 3, "after": after}).json()
        seen += [entry["ref"] for entry in page["entries"]]
        after = page["next"]
    assert seen == [f"e{n}" for n in range(7)]
    changes = as_.anna.get(f"/v1/lists/{made}/changes", params={"limit": 1}).json()
    assert changes["next"] == changes["changes"][0]["id"]
    rows, first = [], 0
    while first is not None:
        page = as_.anna.get(f"/v1/changes/{changes['next']}", params={"limit": 3, "first": first}).json()
        rows += [row["ref"] for row in page["rows"]]
        first = page["next"]
    assert rows == seen
    refused(as_.anna.get("/v1/lists", params={"after": "list_none"}), 404)
    refused(as_.anna.get("/v1/lists", params={"limit": 0}), 422)
    refused(as_.anna.get("/v1/lists/a%00b"), 404)
    refused(as_.anna.get("/v1/changes/a%00b"), 404)


def test_an_import_is_read_as_it_comes(as_, lists):
    made = new_list(as_.key)
    lines = ndjson(2500).splitlines(keepends=True)

    def body():
        yield "".join(lines[:1000]).encode()
        yield b"nonsense\n" + "".join(lines[1000:]).encode()

    answer = as_.key.post(f"/v1/lists/{made}/entries:import", content=body(), params={"source": "partner"})
    told = answer.json()
    assert (answer.status_code, told["outcomes"]["add"], told["source"]) == (201, 2500, "partner")
    assert told["first_refused"] == [{"line": 1001, "reason": "the line is not JSON"}]
    assert found(lists) == ["e0"]
    assert as_.key.get(f"/v1/lists/{made}").json()["entries"] == 2500


def test_a_body_that_breaks_off_leaves_nothing(as_, store, lists):
    made = new_list(as_.key)

    def body():
        yield ndjson(1500).encode()
        raise ConnectionError

    with pytest.raises(ConnectionError):
        as_.key.post(f"/v1/lists/{made}/entries:import", content=body())
    for _ in range(100):
        changes = as_.key.get(f"/v1/lists/{made}/changes").json()["changes"]
        if changes and changes[0]["state"] == "dropped":
            break
        threading.Event().wait(0.05)
    assert changes[0]["state"] == "dropped"
    assert found(lists) == []
    assert as_.key.get(f"/v1/lists/{made}").json()["entries"] == 0


def test_imports_that_cannot_be_are_refused(as_):
    made = new_list(as_.key)
    where = f"/v1/lists/{made}/entries:import"
    refused(as_.key.post(where, content=b"what is this"), 422)
    refused(as_.key.post(where, content=ndjson(1), params={"scheme": "nobodys"}), 422)
    refused(as_.key.post(where, content=ndjson(1), params={"feed": True}), 422)
    refused(as_.key.post(where, content=ndjson(1), params={"source": "a\nb"}), 422)
    refused(as_.key.post("/v1/lists/list_none/entries:import", content=ndjson(1)), 404)
    refused(as_.rita.post(where, content=ndjson(1)), 403)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"entries": []}, "entries"),
        ({"entries": [{"signals": []}]}, "signals"),
        ({"entries": [{"signals": [{"type": "pdq", "value": "zz"}]}]}, "Entry 1"),
        ({"entries": [{"signals": [{"type": "pdq", "value": "z" * 64}]}]}, "hexadecimal"),
        ({"entries": [{"signals": [{"type": "crc", "value": "00"}]}]}, "no kind of signal"),
        ({"entries": [one(), one(2, scheme="nobodys", code="1")]}, "Entry 2"),
        ({"entries": [one(scheme="vic-us", code="77")]}, "no code"),
        ({"entries": [one(ref="x" * 10_000)]}, "1 to 512"),
        ({"entries": [one(ref="a\u0000b")]}, "printable"),
        ({"entries": [one(opinion="sure")]}, "opinion"),
        ({"entries": [one(colour="red")]}, "colour"),
        ({"entries": [one()], "force": True}, "force"),
    ],
)
def test_entries_that_cannot_be_are_refused_and_told_why(as_, body, word):
    made = new_list(as_.key)
    told = refused(as_.key.post(f"/v1/lists/{made}/entries", json=body), 422)
    assert word in json.dumps(told)
    assert "zzzz" not in json.dumps(told)
    assert as_.key.get(f"/v1/lists/{made}").json()["entries"] == 0


def test_a_list_is_changed_at_once_or_staged(as_):
    made = new_list(as_.anna)
    as_.anna.post(f"/v1/lists/{made}/entries", json={"entries": [one(ref="a")]})
    renamed = as_.anna.patch(f"/v1/lists/{made}", json={"name": "renamed", "growth": {"percent": 5, "rows": 10}})
    assert (renamed.status_code, renamed.json()["list"]["name"], renamed.json()["changes"]) == (200, "renamed", None)
    asked = as_.anna.patch(f"/v1/lists/{made}", json={"mode": "blocking"})
    assert (asked.status_code, asked.json()["list"]["mode"]) == (202, "observing")
    staged = asked.json()["changes"]["id"]
    assert as_.anna.delete(f"/v1/changes/{staged}").json()["state"] == "dropped"
    refused(as_.bert.post(f"/v1/changes/{staged}/decision", json={"approve": True}), 409)
    staged = as_.anna.patch(f"/v1/lists/{made}", json={"mode": "blocking"}).json()["changes"]["id"]
    assert as_.bert.post(f"/v1/changes/{staged}/decision", json={"approve": True}).status_code == 200
    assert as_.anna.get(f"/v1/lists/{made}").json()["mode"] == "blocking"
    refused(as_.anna.patch(f"/v1/lists/{made}", json={"mode": "sleeping"}), 422)
    refused(as_.rita.patch(f"/v1/lists/{made}", json={"mode": "observing"}), 403)


def test_guards_and_breakers(as_, store, lists):
    assert as_.anna.get("/v1/guards").json() == {"canary": 0, "noisy": 0}
    signals = draw(5)
    value = str(signals.pdq())
    assert as_.anna.post("/v1/guards/canary", json={"signals": [{"type": "pdq", "value": value}]}).json()["canary"] == 1
    refused(as_.anna.post("/v1/guards/canary", json={"signals": [{"type": "pdq", "value": "zz"}]}), 422)
    assert as_.bert.delete(f"/v1/guards/canary/pdq/{value}").json()["canary"] == 0
    refused(as_.bert.delete(f"/v1/guards/canary/pdq/{value}"), 404)
    counting = breaker.Breaker(breaker.BreakerLimits(entry=5))
    matched = SimpleNamespace(entry_id=3, list_id="list_x", mode="blocking")
    with store.write() as conn:
        counting.note(conn, [([matched], None)] * 9, at=utc_now())
    (tripped,) = as_.lea.get("/v1/breakers").json()["breakers"]
    assert (tripped["subject"], tripped["open"], tripped["count"]) == ("entry:3", True, 9)
    wanted = {"subject": "entry:3", "reason": "looked"}
    refused(as_.rita.post("/v1/breakers:reset", json=wanted), 403)
    assert as_.lea.post("/v1/breakers:reset", json=wanted).json()["open"] is False
    refused(as_.lea.post("/v1/breakers:reset", json=wanted), 422)


def test_no_signal_is_logged(as_, caplog):
    with caplog.at_level("DEBUG", logger="rempart"):
        made = new_list(as_.anna, mode="blocking")
        staged = as_.anna.post(f"/v1/lists/{made}/entries", json={"entries": [one(ref="a")]}).json()["id"]
        as_.bert.post(f"/v1/changes/{staged}/decision", json={"approve": True})
        as_.anna.post(
            f"/v1/lists/{made}/entries", json={"entries": [{"signals": [{"type": "pdq", "value": "ab" * 31}]}]}
        )
    assert str(draw(1).pdq())[:16] not in caplog.text
    assert "abababab" not in caplog.text


def test_a_key_adds_no_canaries(as_):
    value = draw(4).pdq().hex()
    answer = as_.key.post("/v1/guards/canary", json={"signals": [{"type": "pdq", "value": value}]})
    refused(answer, 403)


def test_who_came_in_long_ago_proves_who_they_are_before_they_agree(as_, store):
    made = as_.anna.post("/v1/lists", json={"name": "l", "mode": "blocking"}).json()["id"]
    answer = as_.anna.post(
        f"/v1/lists/{made}/entries:import", content=ndjson(1), headers={"content-type": "application/x-ndjson"}
    )
    assert answer.status_code == 202
    with store.write() as conn:
        conn.execute(session_table.update().values(proved=utc_now() - timedelta(hours=1)))
    path = f"/v1/changes/{answer.json()['id']}/decision"
    refused(as_.bert.post(path, json={"approve": True, "reason": "seen"}), 403)
    with store.write() as conn:
        conn.execute(session_table.update().values(proved=utc_now()))
    assert as_.bert.post(path, json={"approve": True, "reason": "seen"}).status_code == 200

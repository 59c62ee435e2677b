"""`POST /v1/notices` over a real server: a service brings what it received by its own ways."""

from datetime import timedelta
from os import urandom
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from httpx import Client

from inprocess import served
from noticing import URL, hashes
from rempart.clock import iso, utc_now
from rempart.evidence.vault import HeldKeys
from rempart.intake.notices.reading import by_number
from rempart.intake.notices.records import locations, notices
from rempart.items.records import items
from rempart.people import keys
from rempart.people.permissions import Scope
from rempart.people.principal import CONSOLE
from rempart.people.sessions import Limits
from rempart.server import problems
from rempart.server.access import Access, assert_all_routes_declare
from rempart.server.access_keys import KeyCache
from rempart.server.access_limits import Buckets, Quotas
from rempart.server.api.notices import router
from rempart.server.bodies import BodyMemory
from rempart.settings import NoticesSettings, Settings
from vaults import key_text

WHOLE = {
    "good_faith": True, "accurate": True, "intimate": True, "signature": "Ada", "name": "Ada Byron",
    "contact": "ada@mail.example", "explanation": "It shows me.", "locations": [{"url": URL, "item_id": "photo-9"}],
}  # fmt: skip


@pytest.fixture
def forum(store, tmp_path):
    yield from asking(store, tmp_path, Scope.CASES)


def asking(store, folder, *scopes):
    settings = Settings(data=folder, notices=NoticesSettings(service="site", regimes=("us-tida", "eu-dsa", "fr-lcen")))
    access = Access(
        store=store, clock=utc_now, random=urandom, limits=Limits(), keys=KeyCache(store, clock=utc_now),
        buckets=Buckets(), quotas=Quotas(store, clock=utc_now), trusted=(), secure=False, address_per_minute=100_000,
    )  # fmt: skip
    app, vault = FastAPI(openapi_url=None), SimpleNamespace(keyring=HeldKeys(key_text()))
    app.state.service = SimpleNamespace(
        store=store, clock=utc_now, bodies=BodyMemory(64 << 20), settings=settings, vault=vault
    )
    app.state.access = access
    problems.install(app)
    app.include_router(router)
    assert_all_routes_declare(app)
    with store.write() as conn:
        made = keys.create(conn, label="t", service="forum", scopes=scopes, by=CONSOLE, at=utc_now(), random=urandom)
    access.keys.start()
    with served(app) as where:
        with Client(base_url=where, headers={"authorization": f"Bearer {made.secret}"}, timeout=60) as client:
            client.keyring = vault.keyring
            yield client
    access.keys.stop()


def test_what_a_service_brings_is_a_notice_like_any_other(store, forum):
    came = utc_now() - timedelta(hours=3)
    answer = forum.post("/v1/notices", json=WHOLE | {"received": iso(came), "signals": hashes()})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["received"], told["track"], told["guarded"]) == (iso(came), "adult", True)
    assert {one["id"] for one in told["laws"] if one["applies"]} == {"own", "us-tida", "eu-dsa"}
    seen = by_number(store, told["number"], told["secret"], keyring=forum.keyring, address="", at=utc_now())
    assert iso(seen.due) == told["due"]
    with store.read() as conn:
        row = notices.find(conn, seen.id)
        (place,) = locations.of(conn, [seen.id])
        item = items.hosted(conn, place.item)
    assert (row.service, row.via, item.service, item.item_id) == ("forum", "api", "forum", "photo-9")


def test_a_retry_is_the_same_notice_and_another_body_another(store, forum):
    def bring(key="k-1", **more):
        answer = forum.post("/v1/notices", json=WHOLE | more, headers={"Idempotency-Key": key})
        return answer.json()["number"], answer.json()["secret"]

    first = bring()
    assert bring() == first
    assert len({first, bring("k-2"), bring(name="Grace")}) == 3
    with store.read() as conn:
        assert len(notices.page(conn, state=None, after=None, most=10)) == 3


def test_of_a_childs_notice_nothing_is_kept_but_where(store, forum):
    told = forum.post("/v1/notices", json=WHOLE | {"minor": "unsure", "role": "authority"}).json()
    assert told["track"] == "child"
    assert {one["id"] for one in told["laws"] if one["applies"]} == {"own", "eu-dsa", "fr-lcen"}
    with store.read() as conn:
        assert notices.all_sealed(conn) == ()


@pytest.mark.parametrize("body", [
    {}, {"locations": []}, WHOLE | {"locations": [{"url": "forum.example"}]}, WHOLE | {"role": "nobody"},
    WHOLE | {"signals": "recipe x"}, WHOLE | {"received": "2026-01-01T00:00:00"}, WHOLE | {"more": 1},
    WHOLE | {"received": "2999-01-01T00:00:00Z"}, WHOLE | {"name": "\x00"},
])  # fmt: skip
def test_what_cannot_be_taken_is_refused_and_leaves_nothing(store, forum, body):
    answer = forum.post("/v1/notices", json=body)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["detail"]
    with store.read() as conn:
        assert notices.page(conn, state=None, after=None, most=10) == ()


def test_a_key_for_something_else_brings_none(store, tmp_path):
    for client in asking(store, tmp_path, Scope.CHECK, Scope.DECISIONS):
        assert client.post("/v1/notices", json=WHOLE).status_code == 403

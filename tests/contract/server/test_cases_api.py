"""`/v1/cases` over a real server: what services and people see of cases, and cases about accounts."""

from os import urandom
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from httpx import Client

from desks import opened
from inprocess import served
from rempart.cases.records import cases as records
from rempart.cases.records import work
from rempart.clock import utc_now
from rempart.people import keys, persons, sessions
from rempart.people.permissions import Role, Scope
from rempart.people.principal import CONSOLE, SYSTEM
from rempart.people.sessions import Limits
from rempart.server import problems
from rempart.server.access import Access, assert_all_routes_declare
from rempart.server.access_keys import KeyCache
from rempart.server.access_limits import Buckets, Quotas
from rempart.server.api.cases import router
from rempart.server.bodies import BodyMemory

SALE = {"kind": "listing", "text": "a set for sale"}


@pytest.fixture
def address(store, tmp_path):
    access = Access(
        store=store, clock=utc_now, random=urandom, limits=Limits(), keys=KeyCache(store, clock=utc_now),
        buckets=Buckets(), quotas=Quotas(store, clock=utc_now), trusted=(), secure=False, address_per_minute=100_000,
    )  # fmt: skip
    app = FastAPI(openapi_url=None)
    settings = SimpleNamespace(server=SimpleNamespace(body_seconds=20))
    app.state.service = SimpleNamespace(store=store, clock=utc_now, bodies=BodyMemory(64 << 20), settings=settings)
    app.state.access = access
    problems.install(app)
    app.include_router(router)
    assert_all_routes_declare(app)
    access.keys.start()
    with served(app) as where:
        yield where
    access.keys.stop()


@pytest.fixture
def rui(store, address):
    yield from signed_in(store, address, "rui", Role.REVIEWER)


@pytest.fixture
def lea(store, address):
    yield from signed_in(store, address, "lea", Role.LEAD)


def signed_in(store, address, name, role):
    with store.write() as conn:
        made = persons.add(conn, name=name, roles=[role], by=SYSTEM, at=utc_now(), random=urandom)
        started = sessions.start(conn, made, method="password", at=utc_now(), limits=Limits(), random=urandom)
    with Client(base_url=address, cookies={"rempart": started.token}, timeout=60) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        client.person = made.id
        yield client


@pytest.fixture
def key(store, address):
    clients = []

    def key(service, *scopes):
        with store.write() as conn:
            made = keys.create(
                conn, label="t", service=service, scopes=scopes, by=CONSOLE, at=utc_now(), random=urandom
            )  # fmt: skip
        clients.append(Client(base_url=address, headers={"authorization": f"Bearer {made.secret}"}, timeout=60))
        return clients[-1]

    yield key
    for client in clients:
        client.close()


def shown(client, **asked):
    answer = client.get("/v1/cases", params=asked)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["cases"]]


def test_what_is_kept_from_somebody_is_in_no_answer(store, rui, lea, key):
    with store.write() as conn:
        usual, barred, insider = (opened(conn, number) for number in (1, 2, 3))
        work.bar(conn, barred, [rui.person])
        records.change(conn, insider, insider=True)
    assert shown(rui) == [usual]
    assert shown(lea) == [usual, barred, insider]
    assert shown(key("forum", Scope.ANALYST)) == [usual, barred]
    there = rui.get("/v1/cases/case_00000000000000000000000000")
    for case_id in (barred, insider):
        answer = rui.get(f"/v1/cases/{case_id}")
        assert (answer.status_code, answer.content) == (there.status_code, there.content) == (404, there.content)
        assert lea.get(f"/v1/cases/{case_id}").status_code == 200


def test_a_service_opens_cases_about_its_own_accounts(store, rui, key):
    forum = key("forum", Scope.CASES)
    first = forum.post("/v1/cases", json={"uploader": "seller-1", "facts": [SALE]})
    assert first.status_code == 201
    assert first.json()["new"] is True
    again = rui.post(
        "/v1/cases",
        json={
            "service": "forum",
            "uploader": "seller-1",
            "facts": [{"kind": "linked_account", "uploader": "seller-2"}],
        },
    )
    assert again.json() == {"case": first.json()["case"], "new": False}
    answer = rui.get(f"/v1/cases/{first.json()['case']}").json()
    assert (answer["kind"], answer["queue"], answer["service"], answer["uploader"]) == (
        "account", "accounts", "forum", "seller-1",
    )  # fmt: skip
    assert (answer["stage"], answer["priority"], answer["look"], answer["round"]) == ("first", "normal", "look", 1)
    assert [(one["kind"], one["text"], one["uploader"]) for one in answer["facts"]] == [
        ("listing", "a set for sale", None),
        ("linked_account", None, "seller-2"),
    ]


def test_a_service_sees_its_own_account_cases_and_no_other(store, key):
    opened_ = key("forum", Scope.CASES).post("/v1/cases", json={"uploader": "s", "facts": [SALE]}).json()["case"]
    assert shown(key("forum", Scope.ANALYST)) == [opened_]
    wiki = key("wiki", Scope.ANALYST)
    assert shown(wiki) == []
    assert wiki.get(f"/v1/cases/{opened_}").status_code == 404


def test_what_makes_no_case_is_refused(key):
    forum = key("forum", Scope.CASES)
    for body in (
        {"uploader": "s", "facts": [SALE], "service": "wiki"},
        {"uploader": "s", "facts": []},
        {"uploader": "", "facts": [SALE]},
        {"uploader": "s", "facts": [{"kind": "rumour", "text": "x"}]},
        {"uploader": "s", "facts": [{"kind": "text"}]},
        {"uploader": "s", "facts": [{"kind": "text", "text": "a\u0000b"}]},
        {"uploader": "a\nb", "facts": [SALE]},
        {"uploader": "s", "facts": [SALE] * 51},
        {"uploader": "s", "facts": [SALE], "queue": "mine"},
    ):
        answer = forum.post("/v1/cases", json=body)
        assert answer.status_code == 422, (body, answer.text)
    assert shown(key("forum", Scope.ANALYST)) == []


def test_opening_a_case_needs_the_scope_and_a_person_names_the_service(rui, key):
    body = {"uploader": "s", "facts": [SALE]}
    assert key("forum", Scope.ANALYST, Scope.CHECK).post("/v1/cases", json=body).status_code == 403
    assert rui.post("/v1/cases", json=body).status_code == 422

"""`/v1/cases/{id}/assessments` over a real server: two people, undoing, and who may."""

from os import urandom
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from httpx import Client

from desks import opened
from inprocess import served
from judging import settled
from rempart.clock import utc_now
from rempart.items.records import items
from rempart.people import persons, sessions
from rempart.people.permissions import Role
from rempart.people.principal import SYSTEM
from rempart.people.sessions import Limits
from rempart.server import problems
from rempart.server.access import Access
from rempart.server.access_keys import KeyCache
from rempart.server.access_limits import Buckets, Quotas
from rempart.server.api import assessments, cases
from rempart.server.bodies import BodyMemory
from vaults import a_vault

SAME = b"s" * 32
REMOVE = {"decisions": ["remove", "report"], "scheme": "uk-abc", "code": "B", "rationale": "clear", "seconds": 40}


@pytest.fixture
def vault(store):
    made = a_vault(store)
    made.clock.now = utc_now()
    return made


@pytest.fixture
def address(store, vault, tmp_path):
    access = Access(
        store=store, clock=vault.clock, random=urandom, limits=Limits(), keys=KeyCache(store, clock=vault.clock),
        buckets=Buckets(), quotas=Quotas(store, clock=vault.clock), trusted=(), secure=False,
        address_per_minute=100_000,
    )  # fmt: skip
    app = FastAPI(openapi_url=None)
    settings = SimpleNamespace(
        server=SimpleNamespace(body_seconds=20), data=tmp_path, people=SimpleNamespace(alone_after=None)
    )
    app.state.service = SimpleNamespace(
        store=store, clock=vault.clock, bodies=BodyMemory(64 << 20), settings=settings
    )  # fmt: skip
    app.state.access = access
    problems.install(app)
    app.include_router(cases.router)
    app.include_router(assessments.router)
    access.keys.start()
    with served(app) as where:
        yield where
    access.keys.stop()


@pytest.fixture
def signed_in(store, address, vault):
    clients = []

    def enter(name, role=Role.REVIEWER):
        with store.write() as conn:
            made = persons.add(conn, name=name, roles=[role], by=SYSTEM, at=vault.clock(), random=urandom)
            started = sessions.start(
                conn, made, method="password", at=vault.clock(), limits=Limits(), random=urandom
            )  # fmt: skip
        client = Client(base_url=address, cookies={"rempart": started.token}, timeout=60)
        client.headers["sec-fetch-site"] = "same-origin"
        clients.append(client)
        return client

    yield enter
    for one in clients:
        one.close()


@pytest.fixture
def path(store, vault):
    with store.write() as conn:
        return f"/v1/cases/{opened(conn, 1, sha256=SAME, at=vault.clock(), assessors=1)}"


def test_two_people_report_and_the_second_is_shown_nothing_of_the_first(store, vault, signed_in, path):
    rui, ada = signed_in("rui"), signed_in("ada")
    untouched = ada.get(f"{path}/assessments").json(), ada.get(path).json()
    first = rui.post(f"{path}/assessments", json=REMOVE).json()
    assert (first["stage"], first["own"]["decisions"], first["outcomes"][0]["undoable"]) == (
        "settling", ["remove", "report"], True,
    )  # fmt: skip
    settled(store, vault)
    assert (ada.get(f"{path}/assessments").json(), ada.get(path).json()) == untouched
    assert rui.get(path).json()["items"][0]["verdict"] == "block"
    assert rui.get(f"{path}/assessments").json()["waiting"] == ["report"]
    assert ada.post(f"{path}/assessments", json=REMOVE).status_code == 200
    settled(store, vault)
    done = ada.get(f"{path}/assessments").json()
    assert (done["state"], done["ending"], len(done["answers"])) == ("decided", "remove", 1)
    assert done["outcomes"][-1]["by"] == [done["answers"][0]["by"], done["own"]["by"]]


def test_an_answer_is_taken_back_in_time_and_not_later(store, vault, signed_in, path):
    rui = signed_in("rui")
    outcome = rui.post(f"{path}/assessments", json=REMOVE).json()["outcomes"][0]["id"]
    assert signed_in("ada").post(f"{path}/undo", json={"outcome": outcome}).status_code == 403
    assert rui.post("/v1/cases/case_other/undo", json={"outcome": outcome}).status_code == 404
    back = rui.post(f"{path}/undo", json={"outcome": outcome}).json()
    assert (back["stage"], back["own"], back["may_answer"]) == ("first", None, True)
    outcome = rui.post(f"{path}/assessments", json=REMOVE).json()["outcomes"][0]["id"]
    vault.clock.go_on(seconds=31)
    late = rui.post(f"{path}/undo", json={"outcome": outcome})
    assert (late.status_code, "too late" in late.json()["detail"]) == (409, True)


def test_who_has_the_case_is_named_and_what_cannot_be_is_told(signed_in, path):
    rui, ada = signed_in("rui"), signed_in("ada")
    assert rui.post(f"{path}/assessments", json=REMOVE).status_code == 200
    assert ada.post(f"{path}/assessments", json=REMOVE).status_code == 409
    assert ada.post(f"{path}/assessments", json=REMOVE | {"code": None}).status_code == 422
    assert ada.post(f"{path}/confirm", json={}).status_code == 409
    for role in (Role.CURATOR, Role.AUDITOR, Role.ADMINISTRATOR):
        assert signed_in(role.value, role).get(f"{path}/assessments").status_code == 403
    odd = {"accounts": [{"service": "forum", "item_id": "none"}], "decisions": ["remove", "block_account"]}
    assert ada.post(f"{path}/assessments", json=odd).status_code in (409, 422)


def test_an_account_is_named_by_an_item(store, vault, signed_in, path):
    with store.write() as conn:
        items.change(conn, 1, uploader="bad-one")
    body = REMOVE | {
        "decisions": ["remove", "block_account"], "accounts": [{"service": "forum", "item_id": "photo-1"}],
        "origin": [{"basis": "c2pa", "note": "says so"}], "image_kind": "pseudo_photograph", "confidence": "probable",
    }  # fmt: skip
    own = signed_in("rui").post(f"{path}/assessments", json=body).json()["own"]
    assert (own["origin"], own["image_kind"], own["confidence"]) == (
        [{"basis": "c2pa", "note": "says so"}], "pseudo_photograph", "probable",
    )  # fmt: skip

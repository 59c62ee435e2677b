"""The ledger's routes over a real server: checkpoint and key for everyone, leaves and proofs for auditors."""

from base64 import b64decode
from os import urandom
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from httpx import Client

from inprocess import served
from ledgers import some_leaves
from rempart.clock import utc_now
from rempart.evidence.ledger import append_many
from rempart.evidence.ledger.canonical import canonical
from rempart.evidence.ledger.exportfile import opens_wrongly, read_opens
from rempart.evidence.ledger.notes import Signer, VerifierKey, parse_checkpoint
from rempart.evidence.ledger.sequencer import Sequencer
from rempart.evidence.ledger.tree import is_consistent, is_included, leaf_hash
from rempart.people import keys, persons, sessions
from rempart.people.permissions import Role, Scope
from rempart.people.principal import CONSOLE, SYSTEM
from rempart.people.sessions import Limits
from rempart.server import problems
from rempart.server.access import Access, assert_all_routes_declare
from rempart.server.access_keys import KeyCache
from rempart.server.access_limits import Buckets, Quotas
from rempart.server.api.ledger import router

SIGNER = Signer.generate("example.org/ledger")


@pytest.fixture
def address(store):
    access = Access(
        store=store, clock=utc_now, random=urandom, limits=Limits(), keys=KeyCache(store, clock=utc_now),
        buckets=Buckets(), quotas=Quotas(store, clock=utc_now), trusted=(), secure=False, address_per_minute=100_000,
    )  # fmt: skip
    app = FastAPI(openapi_url=None)
    app.state.service, app.state.access = SimpleNamespace(store=store, clock=utc_now), access
    problems.install(app)
    app.include_router(router)
    assert_all_routes_declare(app)
    access.keys.start()
    with served(app) as where:
        yield where
    access.keys.stop()


@pytest.fixture
def grow(store):
    """Write leaves down and sign; returns the checkpoint."""
    done = [0]

    def grow(count):
        with store.write() as conn:
            append_many(conn, some_leaves(count, done[0]), at=utc_now())
        done[0] += count
        return Sequencer(store, signer=SIGNER).checkpoint()

    return grow


@pytest.fixture
def auditor(store, address):
    yield from signed_in(store, address, Role.AUDITOR)


@pytest.fixture
def reviewer(store, address):
    yield from signed_in(store, address, Role.REVIEWER)


@pytest.fixture
def administrator(store, address):
    yield from signed_in(store, address, Role.ADMINISTRATOR)


def signed_in(store, address, role):
    with store.write() as conn:
        made = persons.add(conn, name=role.value, roles=[role], by=SYSTEM, at=utc_now(), random=urandom)
        started = sessions.start(conn, made, method="password", at=utc_now(), limits=Limits(), random=urandom)
    with Client(base_url=address, cookies={"rempart": started.token}, timeout=60) as client:
        yield client


def test_anyone_gets_the_newest_checkpoint_and_the_keys(address, grow):
    with Client(base_url=address) as anyone:
        for path in ("/ledger/checkpoint", "/ledger/key"):
            assert anyone.get(path).status_code == 404
        grow(3)
        made = grow(4)
        answer = anyone.get("/ledger/checkpoint")
        assert (answer.status_code, answer.text) == (200, made.note)
        assert answer.headers["content-type"].startswith("text/plain")
        keys_ = [VerifierKey.parse(line) for line in anyone.get("/ledger/key").text.splitlines()]
        assert parse_checkpoint(answer.text).check(keys_) == SIGNER.key


def test_leaves_and_proofs_are_for_those_who_may_read_the_ledger(store, address, grow, reviewer, administrator):
    grow(2)
    with store.write() as conn:
        made = keys.create(
            conn, label="test", service="forum", scopes=tuple(Scope), by=CONSOLE, at=utc_now(), random=urandom
        )
    bearer = Client(base_url=address, headers={"authorization": f"Bearer {made.secret}"})
    with bearer, Client(base_url=address) as anyone:
        for path in ("leaves", "proofs/inclusion?leaf=0", "proofs/consistency?old=1"):
            assert anyone.get(f"/v1/ledger/{path}").status_code == 401
            for client in (bearer, reviewer, administrator):
                assert client.get(f"/v1/ledger/{path}").status_code == 403


def test_an_auditor_checks_every_leaf_by_page_and_proof(auditor, grow):
    first = grow(300)
    made = grow(17)
    seen, start, more = [], 0, True
    while more:
        page = auditor.get("/v1/ledger/leaves", params={"start": start, "limit": 100}).json()
        seen, start, more = seen + page["leaves"], start + 100, page["more"]
    assert [one["leaf"] for one in seen] == list(range(made.size))
    for one in seen:
        assert leaf_hash(canonical(one["body"])) == b64decode(one["hash"])
        assert opens_wrongly(one["body"], read_opens(one["opens"])) is None
    for leaf in (0, 1, 255, 256, made.size - 1):
        told = auditor.get("/v1/ledger/proofs/inclusion", params={"leaf": leaf}).json()
        path, root = [b64decode(one) for one in told["path"]], b64decode(told["root"])
        assert is_included(b64decode(seen[leaf]["hash"]), leaf, told["size"], path, root)
        assert root == made.root
    told = auditor.get("/v1/ledger/proofs/consistency", params={"old": first.size}).json()
    assert b64decode(told["old_root"]) == first.root
    assert is_consistent(first.size, first.root, made.size, made.root, [b64decode(one) for one in told["path"]])


def test_what_no_checkpoint_covers_is_not_shown(store, auditor, grow):
    size = grow(5).size
    with store.write() as conn:
        append_many(conn, some_leaves(5, 5), at=utc_now())
    Sequencer(store, signer=SIGNER).sequence(lambda _: None)
    assert len(auditor.get("/v1/ledger/leaves").json()["leaves"]) == size
    for path in (f"leaf={size}", f"leaf=2&size={size + 1}", "leaf=4&size=3"):
        answer = auditor.get(f"/v1/ledger/proofs/inclusion?{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    for path in (f"old={size + 1}", f"old=1&new={size + 1}", "old=4&new=2"):
        assert auditor.get(f"/v1/ledger/proofs/consistency?{path}").status_code == 404
    for path in ("inclusion", "inclusion?leaf=-1", "inclusion?leaf=x", "consistency?old=99999999999999999999"):
        assert auditor.get(f"/v1/ledger/proofs/{path}").status_code == 422
    assert auditor.get("/v1/ledger/leaves?start=99").json() == {"leaves": [], "size": size, "more": False}
    assert auditor.get("/v1/ledger/leaves?limit=100000").status_code == 422

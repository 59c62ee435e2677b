"""Statements over the API and by both clients: each service reads its own, in order."""

import asyncio
from os import urandom
from types import SimpleNamespace

import pytest
from fastapi import FastAPI

from actors import NOON
from inprocess import served
from reasoning import checked, follow, match, seconds, told
from rempart.client import AsyncClient, Client
from rempart.clock import utc_now
from rempart.errors import RequestRefusedError
from rempart.people import keys
from rempart.people.permissions import Scope
from rempart.people.principal import CONSOLE
from rempart.people.sessions import Limits
from rempart.server import problems
from rempart.server.access import Access, assert_all_routes_declare
from rempart.server.access_keys import KeyCache
from rempart.server.access_limits import Buckets, Quotas
from rempart.server.api.reasons import router


@pytest.fixture
def address(store):
    access = Access(
        store=store, clock=utc_now, random=urandom, limits=Limits(), keys=KeyCache(store, clock=utc_now),
        buckets=Buckets(), quotas=Quotas(store, clock=utc_now), trusted=(), secure=False, address_per_minute=100_000,
    )  # fmt: skip
    app = FastAPI(openapi_url=None)
    app.state.service, app.state.access = SimpleNamespace(store=store), access
    problems.install(app)
    app.include_router(router)
    assert_all_routes_declare(app)
    access.keys.start()
    with served(app) as where:
        yield where
    access.keys.stop()


def key(store, *scopes, service="forum"):
    with store.write() as conn:
        return keys.create(
            conn, label="t", service=service, scopes=scopes, by=CONSOLE, at=utc_now(), random=urandom
        ).secret  # fmt: skip


@pytest.fixture
def restricted(store):
    with store.write() as conn:
        for number in range(1, 6):
            checked(
                conn, number, "block", at=NOON + seconds(number), matches=[match("own", "x")], uploader="mallory",
                context={"language": "fr"},
            )  # fmt: skip
        checked(conn, 9, "hold", at=NOON, service="wiki")
    follow(store)


def test_both_clients_read_the_statements_of_their_service_page_by_page(store, address, restricted):
    secret = key(store, Scope.DECISIONS)
    with Client(address, secret) as client:
        first = client.reasons(limit=2)
        assert (len(first.reasons), first.more) == (2, True)
        rest = client.reasons(after=first.next)
        assert (len(rest.reasons), rest.more) == (3, False)
        assert client.reasons(after=rest.next).reasons == ()
        one = first.reasons[0]
        assert one.text.startswith("Exposé des motifs")
        assert one.texts["en"].startswith("Statement of reasons")
        assert client.reason(one.id) == one
        with pytest.raises(RequestRefusedError) as caught:
            client.reason("reason_none")
        assert caught.value.status == 404

    async def other():
        async with AsyncClient(address, secret) as client:
            page = await client.reasons()
            return page, await client.reason(page.reasons[0].id)

    page, again = asyncio.run(other())
    assert page.reasons == (*first.reasons, *rest.reasons)
    assert again == one


def test_a_lifted_restriction_reads_as_one(store, address, restricted):
    with store.write() as conn:
        told(conn, 1, "allow", at=NOON + seconds(60))
    follow(store)
    with Client(address, key(store, Scope.DECISIONS)) as client:
        found = client.reasons().reasons
    assert found[-1].kind == "lifted"
    assert found[-1].about == next(one.id for one in found if one.item_id == "photo-1")


def test_a_statement_says_nothing_of_lists_entries_cases_or_what_is_filed(store, address, restricted):
    with Client(address, key(store, Scope.DECISIONS, Scope.ANALYST)) as client:
        documents = [str(one.document) for one in client.reasons().reasons]
    telling = ("nobody may know", "entry-secret", "list_1", "case_", "puid", "r-", "mallory", "distance", "check_")
    assert [word for word in telling for one in documents if word in one.replace("-r-", "")] == []


def test_another_service_and_another_scope_read_nothing(store, address, restricted):
    with Client(address, key(store, Scope.DECISIONS)) as forum:
        name = forum.reasons().reasons[0].id
    with Client(address, key(store, Scope.DECISIONS, service="wiki")) as wiki:
        assert [one.item_id for one in wiki.reasons().reasons] == ["photo-9"]
        with pytest.raises(RequestRefusedError) as caught:
            wiki.reason(name)
        assert caught.value.status == 404
    with Client(address, key(store, Scope.CHECK)) as client, pytest.raises(RequestRefusedError) as caught:
        client.reasons()
    assert caught.value.status == 403

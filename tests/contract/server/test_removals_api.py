"""`POST /v1/decisions/{id}/confirm` over a real server, by the client, and `rempart removal` on the same database."""

import asyncio
import json
from os import urandom
from types import SimpleNamespace

import pytest
from fastapi import FastAPI

from commands import command
from hosting import host
from inprocess import served
from rempart.cases.events import Reason, publish
from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import cases
from rempart.client import AsyncClient, Client
from rempart.clock import utc_now
from rempart.errors import RequestRefusedError
from rempart.intake.notices import removals
from rempart.intake.notices.records import removals as records
from rempart.items.records import items
from rempart.people.permissions import Scope
from rempart.people.principal import SYSTEM
from rempart.people.sessions import Limits
from rempart.policy.facts import Verdict
from rempart.server import problems
from rempart.server.access import Access, assert_all_routes_declare
from rempart.server.access_keys import KeyCache
from rempart.server.access_limits import Buckets, Quotas
from rempart.server.api.decisions import router
from rempart.store.engine import Store
from serving import make_data, make_key


@pytest.fixture
def address(store):
    access = Access(
        store=store, clock=utc_now, random=urandom, limits=Limits(), keys=KeyCache(store, clock=utc_now),
        buckets=Buckets(), quotas=Quotas(store, clock=utc_now), trusted=(), secure=False, address_per_minute=100_000,
    )  # fmt: skip
    app = FastAPI(openapi_url=None)
    app.state.service = SimpleNamespace(store=store, clock=utc_now)
    app.state.access = access
    problems.install(app)
    app.include_router(router)
    assert_all_routes_declare(app)
    access.keys.start()
    with served(app) as where:
        yield where
    access.keys.stop()


def decided(store, number, verdict=Verdict.BLOCK):
    """An item about which people decided, and its service was told; gives the decision's id."""
    at = utc_now()
    with store.write() as conn:
        host(conn, number, verdict="allow")
        case_id = open_case(
            conn, kind="notice", queue="notices", assessors=1, matches=[], reason="notice", policy_version=0,
            item=CaseItem(id=number, service="forum", sha256=None), by=SYSTEM, at=at,
        )  # fmt: skip
        items.set_verdict(conn, number, verdict)
        item = items.hosted(conn, number)
        told = publish(conn, item, verdict=verdict, reason=Reason.CASE, case_id=case_id, by=SYSTEM, at=at)
        removals.expect(conn, cases.find(conn, case_id), [at], at=at)
    return told.id


def test_both_clients_confirm_and_twice_is_harmless(store, address):
    decision = decided(store, 1)
    key = make_key(store, Scope.DECISIONS)

    async def asked():
        async with AsyncClient(address, key) as later:
            return await later.confirm(decision)

    with Client(address, key) as forum:
        (told,) = forum.decisions().decisions
        assert (told.id, told.url) == (decision, None)
        since = forum.confirm(told)
        assert forum.confirm(decision) == since == asyncio.run(asked())
    with store.read() as conn:
        assert records.find(conn, decision).confirmed.replace(microsecond=0) == since.replace(microsecond=0)


def test_of_a_decision_that_removes_nothing_there_is_nothing_to_confirm(store, address):
    decision = decided(store, 1, Verdict.ALLOW)
    with Client(address, make_key(store, Scope.DECISIONS)) as forum:
        assert forum.confirm(decision) is None
    with store.read() as conn:
        assert records.find(conn, decision) is None


@pytest.mark.parametrize("odd", ["decision_none", "x", "decision_0/../x", "%00", "é"])
def test_a_decision_that_is_not_ones_own_is_not_there(store, address, odd):
    decision = decided(store, 1)
    with Client(address, make_key(store, Scope.DECISIONS, service="wiki")) as wiki:
        answers = []
        for name in (decision, odd):
            with pytest.raises(RequestRefusedError) as refused:
                wiki.confirm(name)
            answers.append(refused.value.status)
    assert answers[0] == 404
    assert answers[1] in (404, 422)
    with store.read() as conn:
        assert records.find(conn, decision).confirmed is None


def test_another_scope_may_not_confirm(store, address):
    decision = decided(store, 1)
    with Client(address, make_key(store, Scope.CHECK, Scope.ANALYST)) as forum:
        with pytest.raises(RequestRefusedError) as refused:
            forum.confirm(decision)
    assert refused.value.status == 403


def test_the_command_lists_what_waits_and_confirms_in_a_services_place(tmp_path):
    data = make_data(tmp_path / "data").data
    with Store.open(f"sqlite:///{data / 'rempart.db'}", clock=utc_now) as store:
        decision = decided(store, 1)

    def run(*arguments):
        return command("removal", *arguments, environ={"REMPART_DATA": str(data)})

    listed = run("list", "--json")
    told = json.loads(listed.stdout)
    assert (listed.returncode, told["decision"], told["item_id"], told["overdue"]) == (1, decision, "photo-1", True)
    assert "overdue" in run("list", "--service", "forum").stdout
    assert run("list", "--service", "wiki").returncode == 0
    assert "Confirmed since" in run("confirm", decision).stdout
    assert "is confirmed" in run("list").stdout
    refused = run("confirm", "decision_none")
    assert (refused.returncode, "no such decision" in refused.stderr) == (2, True)

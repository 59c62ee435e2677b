"""Statements reach the transparency database, each once, however it behaves; nothing in them points at anybody."""

import json

import pytest
from sqlalchemy import select

from actors import NOON
from reasoning import checked, filing, match, seconds
from rempart.reports.reasons.dsa.connection import Database
from rempart.reports.reasons.dsa.rules import problems
from rempart.reports.reasons.dsa.testserver import running
from rempart.reports.reasons.records.statements import change, reasons


def restricted(store, count, **more):
    with store.write() as conn:
        for number in range(1, count + 1):
            values = {"matches": [match()], "uploader": f"uploader-{number}", "url": f"https://forum.example/{number}"}
            checked(conn, number, "block", at=NOON + seconds(number), **(values | more))


def stands(store):
    with store.read() as conn:
        return [(row.filing, row.puid, row.errors) for row in conn.execute(select(reasons).order_by(reasons.c.id))]


def assert_each_arrived_once(store, server):
    found = stands(store)
    assert [one[0] for one in found] == ["filed"] * len(found)
    assert {one[1] for one in found} == server.statements.keys()


def test_statements_are_filed_in_batches_of_a_hundred(store):
    restricted(store, 203)
    with running(token="t") as server, filing(store, server) as go:
        go()
        assert server.requests == ["statements 100", "statements 100", "statements 3"]
        assert_each_arrived_once(store, server)
        assert server.twice == []
        go()
        assert len(server.requests) == 3


@pytest.mark.parametrize("behaviour", ["500", "timeout_before", "timeout_after", "close_after"])
def test_after_a_failure_it_is_asked_what_arrived_before_anything_is_sent_again(store, behaviour):
    restricted(store, 5)
    with running(token="t", next_=[behaviour]) as server, filing(store, server) as go:
        go()
        arrived = behaviour in ("timeout_after", "close_after")
        assert {one[0] for one in stands(store)} == {"batched"}
        go(later=3_600)
        expected = [f"statements 5 {behaviour}", *["existing-puid"] * 5]
        assert server.requests == (expected if arrived else [*expected, "statements 5"])
        assert_each_arrived_once(store, server)
        assert server.twice == []


def test_what_is_refused_is_set_apart_and_the_rest_is_filed(store):
    restricted(store, 4)
    with running(token="t", next_=["422"]) as server, filing(store, server) as go:
        go()
    found = sorted(stands(store))
    assert [one[0] for one in found] == ["filed", "filed", "filed", "refused"]
    assert found[3][2] == {"decision_facts": ["is not liked"]}


def test_what_breaks_a_rule_is_not_sent(store):
    restricted(store, 2)
    with running(token="t") as server, filing(store, server) as go:
        go(only_follow=True)
        with store.write() as conn:
            row = conn.execute(select(reasons).order_by(reasons.c.id)).first()
            change(conn, row.id, payload=row.payload | {"category": "STATEMENT_CATEGORY_ELSE"})
        go()
        assert server.requests == ["statements 1"]
    assert sorted(one[0] for one in stands(store)) == ["filed", "refused"]


def test_a_statement_that_the_database_has_already_counts_as_filed(store):
    restricted(store, 3)
    with running(token="t") as server, filing(store, server) as go:
        go(only_follow=True)
        with store.read() as conn:
            payload = conn.execute(select(reasons.c.payload).order_by(reasons.c.id)).scalars().first()
        with Database(server.url, "t") as database:
            assert database.file([payload]).taken
        go()
        assert_each_arrived_once(store, server)


def test_a_wrong_token_sends_nothing_and_loses_nothing(store):
    restricted(store, 2)
    with running(token="t") as server:
        with filing(store, server, token="wrong") as go:
            go()
        assert server.statements == {}
        with filing(store, server) as go:
            go(later=7_200)
            assert_each_arrived_once(store, server)


def test_two_that_look_alike_have_a_puid_each_and_no_payload_says_whose_it_is(store):
    restricted(store, 3, context={"language": "fr", "name": "Somebody Here"})
    with running(token="t") as server, filing(store, server) as go:
        go()
        sent = json.dumps(list(server.statements.values()))
    for word in (
        "uploader",
        "photo-",
        "forum",
        "Somebody",
        "Here",
        "entry-secret",
        "nobody may know",
        "case_",
        "check_",
    ):
        assert word not in sent
    with store.read() as conn:
        rows = conn.execute(select(reasons.c.id, reasons.c.payload)).all()
    assert len({row.payload["puid"] for row in rows}) == 3
    assert not any(row.id in sent or row.id.removeprefix("reason_") in sent for row in rows)
    assert all(problems(row.payload) == {} for row in rows)
